//! What all operations go to.

use std::sync::Arc;

use object_store::ObjectStore;

/// A bucket. Its operations run on the runtime of `runtime.rs`.
pub(super) type Bucket = Arc<dyn ObjectStore>;

/// Why a bucket can't be opened; a message.
pub(super) type Refusal = String;
