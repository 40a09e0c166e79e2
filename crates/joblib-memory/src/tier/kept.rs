//! One result that is kept, and what it is found by.

use std::sync::Arc;

use super::keeper::Shared;
use crate::entry::metadata::{Metadata, Times};

/// A key without its names.
pub(super) type Id = (u128, [u8; 16]);

/// The form in which a result is kept.
#[derive(Clone)]
pub(crate) enum Form {
    /// The value itself.
    Value(Shared),
    /// What the store has of it.
    Bytes(Arc<[u8]>),
}

/// A result that is kept.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) times: Times,
    /// The metadata, if it was read or made when the result was kept.
    pub(crate) metadata: Option<Arc<Metadata>>,
    pub(crate) form: Form,
    /// The bytes of the stored result, which are taken for its size in memory.
    pub(crate) bytes: u64,
}

impl Kept {
    /// The result, with its metadata where they are wanted.
    pub(super) fn share(&self, with_metadata: bool) -> Self {
        let Self { times, metadata, form, bytes } = self;
        let metadata = if with_metadata { metadata.clone() } else { None };
        Self { times: *times, metadata, form: form.clone(), bytes: *bytes }
    }
}
