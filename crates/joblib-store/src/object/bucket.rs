//! What all operations go to.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use object_store::{Error as Failure, ObjectStore};

/// A bucket as a service has it.
pub(super) type Service = Arc<dyn ObjectStore>;

/// Why a bucket can't be opened; a message.
pub(super) type Refusal = String;

/// A bucket. Its operations run on the runtime of `runtime.rs`.
#[derive(Clone)]
pub(super) struct Bucket {
    service: Service,
    /// How long a request of few bytes may take.
    timeout: Duration,
}

impl Bucket {
    pub(super) fn new(service: Service, timeout: Duration) -> Self {
        Self { service, timeout }
    }

    /// A request of few bytes, which a server answers soon or not at all.
    pub(super) async fn soon<T>(
        &self,
        request: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let answer = tokio::time::timeout(self.timeout, request).await;
        answer.unwrap_or_else(|_| Err(timed_out(self.timeout)))
    }
}

impl Deref for Bucket {
    type Target = dyn ObjectStore;

    fn deref(&self) -> &Self::Target {
        &*self.service
    }
}

/// The failure of a request that was not answered in time.
fn timed_out(after: Duration) -> Failure {
    let source = io::Error::new(io::ErrorKind::TimedOut, format!("there was no answer within {after:?}"));
    Failure::Generic { store: "object store", source: source.into() }
}
