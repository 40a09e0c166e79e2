//! Opening a bucket.

use std::sync::Arc;

use super::bucket::{self, Refusal};
use super::location::{Location, Service};
#[cfg(feature = "web")]
use super::web;

pub(super) fn connect(location: &Location) -> Result<bucket::Service, Refusal> {
    match location.service {
        Service::Memory => Ok(memory(&location.bucket)),
        #[cfg(feature = "s3")]
        Service::S3 => web::s3(&location.bucket),
        #[cfg(not(feature = "s3"))]
        Service::S3 => Err(missing("s3")),
        #[cfg(feature = "gcs")]
        Service::Gcs => web::gcs(&location.bucket),
        #[cfg(not(feature = "gcs"))]
        Service::Gcs => Err(missing("gcs")),
        #[cfg(feature = "azure")]
        Service::Azure => web::azure(location),
        #[cfg(not(feature = "azure"))]
        Service::Azure => Err(missing("azure")),
    }
}

#[cfg(not(all(feature = "s3", feature = "gcs", feature = "azure")))]
fn missing(feature: &str) -> Refusal {
    format!("it needs the crate's feature {feature:?}: `features = [\"{feature}\"]` in Cargo.toml")
}

/// The bucket of this name in the memory of this process. A forked child begins with an empty one.
fn memory(name: &str) -> bucket::Service {
    use std::collections::HashMap;

    use object_store::memory::InMemory;

    use crate::process_lock::{AfterFork, ProcessLock};
    static BUCKETS: ProcessLock<HashMap<String, Arc<InMemory>>> = ProcessLock::new(AfterFork::Renew);
    Arc::clone(BUCKETS.lock().entry(name.to_owned()).or_default()) as bucket::Service
}
