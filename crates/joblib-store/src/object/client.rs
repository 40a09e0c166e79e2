//! Requests: on a connection of this process, through a circuit that opens when the network fails, with errors that tell
//! the store's from an object's.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use object_store::path::Path;
use object_store::{Error as Failure, ObjectStoreExt, PutMode};
use tokio::sync::OnceCell;

use super::bucket::Bucket;
use super::connect::connect;
use super::location::Location;
use super::redact::redacted;
use super::runtime;
use crate::error::Error;
use crate::process_lock::{AfterFork, ProcessLock};

/// How long nothing is asked of a network that failed.
const OPEN_FOR: Duration = Duration::from_mins(1);
/// The same of a server that says that it has too much to do.
const BUSY_FOR: Duration = Duration::from_secs(5);
const FORMAT: &[u8] = b"joblib-rs object store 1\n";

/// How long a request of few bytes may take, unless the option `timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The requests to one bucket.
#[derive(Debug)]
pub(super) struct Client {
    location: Location,
    format: Path,
    open_for: Duration,
    timeout: Duration,
    connection: ProcessLock<Option<Arc<Connection>>>,
    circuit: ProcessLock<Option<Open>>,
    /// The same for writing, which may be forbidden where reading is not.
    writing: ProcessLock<Option<Open>>,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Read,
    List,
    Claim,
    Write,
    Drop,
}

impl Action {
    fn writes(self) -> bool {
        matches!(self, Self::Claim | Self::Write | Self::Drop)
    }
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Read => "read a result",
            Self::List => "list results",
            Self::Claim => "claim a result",
            Self::Write => "write a result",
            Self::Drop => "drop a result",
        })
    }
}

/// A connection of this process.
#[derive(Debug)]
pub(super) struct Connection {
    bucket: BucketOf,
    format: Path,
    /// Whether the format could be read, once it was looked at.
    readable: OnceCell<bool>,
}

/// A bucket, whose own form for display holds its settings.
struct BucketOf(Bucket);

impl std::fmt::Debug for BucketOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bucket")
    }
}

/// A network that failed.
#[derive(Debug)]
struct Open {
    until: Instant,
    reason: String,
    kind: io::ErrorKind,
}

/// A condition on an object's state that did not hold. This is not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such object.
    Missing,
    /// There is one already.
    Exists,
    /// It is no longer the one that was expected.
    Changed,
    /// The server has no such requests.
    Unsupported,
}

/// The answer to a request.
pub(super) type Answer<T> = Result<Result<T, Refused>, Error>;

impl Client {
    pub(super) fn new(
        location: Location,
        format: Path,
        open_for: Option<Duration>,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            location,
            format,
            open_for: open_for.unwrap_or(OPEN_FOR),
            timeout: timeout.unwrap_or(TIMEOUT),
            connection: ProcessLock::new(AfterFork::Renew),
            circuit: ProcessLock::new(AfterFork::Inherit),
            writing: ProcessLock::new(AfterFork::Inherit),
        }
    }

    pub(super) fn location(&self) -> &str {
        &self.location.text
    }

    /// Makes a request and blocks until it is answered.
    pub(super) fn run<T, F>(&self, action: Action, request: impl FnOnce(Bucket) -> F) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let connection = self.connection(action)?;
        let request = request(connection.bucket());
        let checked = Arc::clone(&connection);
        let answer = runtime::wait(async move {
            checked.check().await?;
            request.await
        });
        match answer {
            Ok(answer) => self.judge(action, &connection, answer),
            Err(error) => Err(self.error(action, &error, Some(error.kind()))),
        }
    }

    /// Makes a request, for callers that await the answer on any executor.
    pub(super) fn run_async<T, F>(
        &self,
        action: Action,
        request: impl FnOnce(Bucket) -> F,
    ) -> BoxFuture<'_, Answer<T>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let begin = || {
            let connection = self.connection(action)?;
            let request = request(connection.bucket());
            let checked = Arc::clone(&connection);
            let handle = runtime::handle().map_err(|error| self.error(action, &error, Some(error.kind())))?;
            let task = handle.spawn(async move {
                checked.check().await?;
                request.await
            });
            Ok((connection, task))
        };
        let begun = begin();
        async move {
            let (connection, task) = begun?;
            match task.await {
                Ok(answer) => self.judge(action, &connection, answer),
                Err(error) => Err(self.error(action, &error, None)),
            }
        }
        .boxed()
    }

    /// This process's connection, unless the circuit is open.
    pub(super) fn connection(&self, action: Action) -> Result<Arc<Connection>, Error> {
        self.check_circuit(&self.circuit)?;
        if action.writes() {
            self.check_circuit(&self.writing)?;
        }
        let mut connection = self.connection.lock();
        if let Some(connection) = &*connection {
            return Ok(Arc::clone(connection));
        }
        let service = connect(&self.location).map_err(|reason| {
            Error::backend(self.location(), format!("could not {action}: {reason}"))
                .with_kind(io::ErrorKind::InvalidInput)
        })?;
        let new = Arc::new(Connection {
            bucket: BucketOf(Bucket::new(service, self.timeout)),
            format: self.format.clone(),
            readable: OnceCell::new(),
        });
        Ok(Arc::clone(connection.insert(new)))
    }

    /// Whether the server keeps conditions, as claims need: it is asked to create an object that is there. `None` if it
    /// does not say.
    pub(super) fn keeps_conditions(&self) -> Option<bool> {
        let format = self.format.clone();
        let again = self.run(Action::Claim, |bucket| async move { create_format(&bucket, &format).await });
        match again {
            Ok(Err(Refused::Exists | Refused::Changed)) => Some(true),
            Ok(Ok(()) | Err(Refused::Unsupported)) => Some(false),
            Ok(Err(Refused::Missing)) | Err(_) => None,
        }
    }

    /// The answer of a request that was made elsewhere.
    pub(super) fn settle<T>(&self, action: Action, answer: Result<T, Failure>) -> Answer<T> {
        let connection = self.connection(action)?;
        self.judge(action, &connection, answer)
    }

    /// An error for a refusal that the caller has no use for.
    pub(super) fn refused(&self, action: Action, refused: Refused) -> Error {
        let reason = match refused {
            Refused::Missing => "the bucket or the object is not there",
            Refused::Exists | Refused::Changed => "the object was changed again and again",
            Refused::Unsupported => "the server does not support that request",
        };
        self.error(action, &reason, None)
    }

    fn check_circuit(&self, circuit: &ProcessLock<Option<Open>>) -> Result<(), Error> {
        match &*circuit.lock() {
            Some(open) if Instant::now() < open.until => {
                let reason = format!("{}; it is not asked again for a while", open.reason);
                Err(Error::backend(self.location(), reason).with_kind(public_kind(open.kind)))
            }
            _ => Ok(()),
        }
    }

    fn judge<T>(&self, action: Action, connection: &Connection, answer: Result<T, Failure>) -> Answer<T> {
        let failure = match answer {
            Ok(value) => {
                self.close();
                return Ok(Ok(value));
            }
            Err(failure) => failure,
        };
        let refused = match failure {
            Failure::NotFound { .. } if connection.is_checked() => Refused::Missing,
            Failure::AlreadyExists { .. } => Refused::Exists,
            Failure::Precondition { .. } | Failure::NotModified { .. } => Refused::Changed,
            // Without the right to list, S3 says this of what is not there.
            Failure::PermissionDenied { .. }
                if action == Action::Read && connection.readable.get() == Some(&true) =>
            {
                Refused::Missing
            }
            failure if is_unsupported(&failure) => Refused::Unsupported,
            failure => {
                let kind = kind(&failure);
                self.open(action, &failure, kind);
                return Err(self.error(action, &failure, kind));
            }
        };
        self.close();
        Ok(Err(refused))
    }

    /// Opens the circuit after a failure that the next request would meet too.
    fn open(&self, action: Action, failure: &Failure, kind: Option<io::ErrorKind>) {
        use io::ErrorKind::{
            ConnectionAborted, ConnectionRefused, InvalidInput, NotFound, PermissionDenied, TimedOut,
        };
        let (circuit, time) = match kind {
            Some(PermissionDenied) if action.writes() => (&self.writing, self.open_for),
            Some(
                PermissionDenied | InvalidInput | NotFound | ConnectionAborted | ConnectionRefused | TimedOut,
            ) => (&self.circuit, self.open_for),
            Some(io::ErrorKind::ResourceBusy) => (&self.circuit, self.open_for.min(BUSY_FOR)),
            _ => return,
        };
        let reason = redacted(&failure.to_string());
        let kind = kind.unwrap_or(io::ErrorKind::NotConnected);
        *circuit.lock() = Some(Open { until: Instant::now() + time, reason, kind });
    }

    fn close(&self) {
        let mut circuit = self.circuit.lock();
        if circuit.is_some() {
            *circuit = None;
        }
    }

    fn error(&self, action: Action, source: &dyn std::fmt::Display, kind: Option<io::ErrorKind>) -> Error {
        // The source itself may hold what is secret.
        let reason = format!("could not {action}: {}", redacted(&source.to_string()));
        let error = Error::backend(self.location(), reason);
        let kind = kind.map(public_kind);
        if let Some(kind) = kind { error.with_kind(kind) } else { error }
    }
}

impl Connection {
    pub(super) fn bucket(&self) -> Bucket {
        self.bucket.0.clone()
    }

    fn is_checked(&self) -> bool {
        self.readable.initialized()
    }

    /// Before the first request: whether this is a store. Otherwise a proxy that knows no such host, and says that nothing
    /// is found, would be an empty cache for ever.
    async fn check(&self) -> Result<(), Failure> {
        self.readable.get_or_try_init(|| self.is_readable()).await.map(|_| ())
    }

    async fn is_readable(&self) -> Result<bool, Failure> {
        let bucket = &self.bucket.0;
        match bucket.soon(bucket.get(&self.format)).await {
            Ok(_) => return Ok(true),
            Err(Failure::NotFound { .. } | Failure::PermissionDenied { .. }) => {}
            Err(error) => return Err(error),
        }
        match create_format(bucket, &self.format).await {
            Ok(()) => Ok(bucket.get(&self.format).await.is_ok()),
            Err(Failure::AlreadyExists { .. } | Failure::Precondition { .. }) => Ok(true),
            // A cache that may only be read, and holds nothing yet.
            Err(Failure::PermissionDenied { .. }) => Ok(false),
            // Without conditions there are no claims, and results all the same.
            Err(error) if is_unsupported(&error) => Ok(bucket.put(&self.format, FORMAT.into()).await.is_ok()),
            Err(error) => Err(error),
        }
    }
}

/// A server that is busy can't be reached either; here it is asked again sooner.
fn public_kind(kind: io::ErrorKind) -> io::ErrorKind {
    if kind == io::ErrorKind::ResourceBusy { io::ErrorKind::TimedOut } else { kind }
}

/// Creates the object of the format, if there is none.
async fn create_format(bucket: &Bucket, format: &Path) -> Result<(), Failure> {
    let put = bucket.put_opts(format, FORMAT.into(), PutMode::Create.into());
    bucket.soon(put).await.map(|_| ())
}

/// Whether the server can't do what was asked, ever.
pub(super) fn is_unsupported(failure: &Failure) -> bool {
    kind(failure) == Some(io::ErrorKind::Unsupported)
}

/// The kind of a system's error that a failure corresponds to.
fn kind(failure: &Failure) -> Option<io::ErrorKind> {
    match failure {
        Failure::PermissionDenied { .. } | Failure::Unauthenticated { .. } => {
            Some(io::ErrorKind::PermissionDenied)
        }
        Failure::NotFound { .. } => Some(io::ErrorKind::NotFound),
        Failure::NotSupported { .. } | Failure::NotImplemented { .. } => Some(io::ErrorKind::Unsupported),
        Failure::Generic { source, .. } => generic_kind(&**source),
        _ => None,
    }
}

fn generic_kind(source: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    if let Some(error) = source.downcast_ref::<io::Error>() {
        return Some(error.kind());
    }
    // The status is in a type that the crate keeps for itself.
    let text = source.to_string();
    let status = text.split("status code: ").nth(1).and_then(|rest| rest.get(..3)?.parse::<u16>().ok());
    match status {
        Some(501) => return Some(io::ErrorKind::Unsupported),
        Some(507) => return Some(io::ErrorKind::StorageFull),
        Some(429 | 500..) => return Some(io::ErrorKind::ResourceBusy),
        Some(_) => return Some(io::ErrorKind::InvalidInput),
        None => {}
    }
    #[cfg(feature = "web")]
    {
        use object_store::client::{HttpError, HttpErrorKind};
        let mut cause = Some(source);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<HttpError>() {
                return Some(match error.kind() {
                    HttpErrorKind::Connect => io::ErrorKind::ConnectionRefused,
                    HttpErrorKind::Timeout => io::ErrorKind::TimedOut,
                    _ => io::ErrorKind::ConnectionAborted,
                });
            }
            cause = error.source();
        }
    }
    None
}
