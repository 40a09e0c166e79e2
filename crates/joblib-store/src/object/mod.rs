#![doc = include_str!("README.md")]

#[cfg(feature = "s3")]
mod aws_profile;
mod bucket;
mod check;
mod claim;
mod client;
mod connect;
mod held;
mod layout;
mod location;
mod notes;
mod redact;
mod runtime;
mod shared;
mod sweep;
mod total;
mod transfer;
mod versions;
#[cfg(feature = "web")]
mod web;

use std::ops::{ControlFlow, RangeInclusive};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::path::Path;

pub use self::check::StoreCheck;
use self::client::{Action, Client, Refused};
use self::layout::{Layout, id, is_claim, parse_result, size_of_result};
use self::location::Location;
use self::notes::Notes;
use self::shared::Shared;
use self::total::Total;
use self::transfer::Encoded;
use self::versions::Versions;
use crate::blob::Blob;
use crate::error::{Error, Subject};
use crate::key::Key;
use crate::lease::{Watch, lease};
use crate::limits::Limits;
use crate::options::StoreOptions;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::store::{Claim, CostOf, GetFuture, Item, Scope, Store, WriteBytes};
use crate::usage::Reduced;

/// How often the total is looked at, unless the option `sweep_every` says otherwise.
const SWEEP_EVERY: Duration = Duration::from_mins(10);

/// A store in a bucket of an object store, for many machines. `object/README.md` beside the source describes how it works.
///
/// ```
/// use joblib_store::{FunctionVersion, Key, ObjectStore, Store, StoreOptions};
///
/// let store = ObjectStore::open(&StoreOptions::new("memory://team/cache"))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// assert_eq!(store.put(&key, &mut |out| out.write_all(b"result"))?, 6);
/// assert!(store.contains(&key)?);
/// # Ok::<(), joblib_store::Error>(())
/// ```
pub struct ObjectStore {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for ObjectStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectStore")
            .field("location", &self.shared.client.location())
            .finish_non_exhaustive()
    }
}

impl ObjectStore {
    /// Opens the store in the bucket and folder of the URL `options.location()`: `s3://bucket/prefix`, `gs://…`, `az://…`
    /// or, in the memory of this process, `memory://…`. No request is made until the store is used. Credentials come from
    /// the environment. Its options:
    ///
    /// - `lease`: the time after which a claim is taken over if its holder can't be seen and does not refresh it. 30
    ///   seconds by default.
    /// - `sweep_every`: how often the total size is checked, to enforce limits. Ten minutes by default; with 0 after each
    ///   stored result, which takes a listing.
    /// - `retry_after`: how long no requests are made after the network failed. A minute by default.
    /// - `timeout`: how long the server may take for a small request. Ten seconds by default.
    /// - `refresh`: the age at which a result of at most 8 MiB is written again, unchanged, when it is used. Then a
    ///   lifecycle rule of the bucket that deletes old objects deletes only unused results. Off by default.
    ///
    /// Each is a time: a number of seconds, such as `30`, or a number with a unit, such as `500ms`, `10min`, `2h` or `7d`.
    ///
    /// # Errors
    ///
    /// Returns an error if an option is unknown or has an invalid value, or if the location is not such a URL or contains
    /// keys.
    pub fn open(options: &StoreOptions) -> Result<Self, Error> {
        options.allow_only(&["lease", "refresh", "retry_after", "sweep_every", "timeout"])?;
        let lease = lease(options)?;
        let sweep_every = options.duration("sweep_every")?.unwrap_or(SWEEP_EVERY);
        let retry_after = options.duration("retry_after")?;
        let (refresh, timeout) = (options.duration("refresh")?, options.duration("timeout")?);
        let location = Location::parse(options.text()?)?;
        let layout = Layout::new(&location);
        let client = Client::new(location, layout.format(), retry_after, timeout);
        Ok(Self {
            shared: Arc::new(Shared {
                client,
                layout,
                lease,
                sweep_every,
                refresh,
                keeps_conditions: ProcessLock::new(AfterFork::Inherit),
                watch: Watch::default(),
                versions: Versions::default(),
                notes: Notes::default(),
                total: Total::default(),
                evicted: ProcessLock::new(AfterFork::Inherit),
            }),
        })
    }
}

impl ObjectStore {
    /// Tests the bucket: reads and writes an object, and makes eight writers compete for an object, `rounds` times. The
    /// objects are deleted afterwards.
    ///
    /// # Errors
    ///
    /// Returns an error if the bucket can't be reached, or a permission is missing.
    pub fn check(&self, rounds: usize) -> Result<StoreCheck, Error> {
        check::check(&self.shared, rounds)
    }
}

impl Store for ObjectStore {
    fn backend(&self) -> &'static str {
        "object"
    }

    fn location(&self) -> &str {
        self.shared.client.location()
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let path = self.shared.layout.result(key);
        if held::is_freshly_claimed(self.location(), &path) {
            return Ok(None);
        }
        let object = path.clone();
        let answer = self.shared.client.run(Action::Read, |bucket| transfer::download(bucket, object));
        self.shared.found(&path, answer, true)
    }

    fn get_async<'a>(&'a self, key: &'a Key) -> Option<GetFuture<'a>> {
        let path = self.shared.layout.result(key);
        if held::is_freshly_claimed(self.location(), &path) {
            return Some(async { Ok(None) }.boxed());
        }
        let object = path.clone();
        let answer = self.shared.client.run_async(Action::Read, |bucket| transfer::download(bucket, object));
        Some(async move { self.shared.found(&path, answer.await, true) }.boxed())
    }

    fn peek(&self, key: &Key, bytes: u64) -> Result<Option<Blob>, Error> {
        let path = self.shared.layout.result(key);
        let object = path.clone();
        let answer = self.shared.client.run(Action::Read, |bucket| transfer::head(bucket, object, bytes));
        self.shared.found(&path, answer, false)
    }

    fn peek_async<'a>(&'a self, key: &'a Key, bytes: u64) -> Option<GetFuture<'a>> {
        let path = self.shared.layout.result(key);
        let object = path.clone();
        let answer =
            self.shared.client.run_async(Action::Read, move |bucket| transfer::head(bucket, object, bytes));
        Some(async move { self.shared.found(&path, answer.await, false) }.boxed())
    }

    fn peek_all(&self, keys: &[Key], bytes: u64) -> Vec<Result<Option<Blob>, Error>> {
        /// Requests at a time.
        const AT_ONCE: usize = 32;
        let paths: Vec<Path> = keys.iter().map(|key| self.shared.layout.result(key)).collect();
        let objects = paths.clone();
        let answers = self.shared.client.run(Action::Read, move |bucket| async move {
            let each = |object| transfer::head(bucket.clone(), object, bytes);
            let answers = stream::iter(objects).map(each).buffered(AT_ONCE).collect::<Vec<_>>().await;
            Ok(answers)
        });
        // Each says why, which takes no time where no request is made any more.
        let Ok(Ok(answers)) = answers else { return keys.iter().map(|key| self.peek(key, bytes)).collect() };
        let found = |(path, answer): (&Path, Result<_, _>)| {
            let answer = self.shared.client.settle(Action::Read, answer);
            self.shared.found(path, answer, false)
        };
        paths.iter().zip(answers).map(found).collect()
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        let path = self.shared.layout.result(key);
        match self.shared.client.run(Action::Read, |bucket| async move { bucket.head(&path).await })? {
            Ok(meta) => Ok(!is_claim(meta.size)),
            Err(Refused::Missing) => Ok(false),
            Err(refused) => Err(self.shared.client.refused(Action::Read, refused)),
        }
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        claim::claim(&self.shared, key)
    }

    fn waits_for_network(&self) -> bool {
        true
    }

    fn shortcoming(&self) -> Option<String> {
        self.shared.has_no_claims().then(|| {
            "its server does not keep the conditions of requests, so that nobody can claim a result: machines may compute one \
             at the same time, and results stay right; `joblib cache check` tells more"
                .to_owned()
        })
    }

    fn poll_interval(&self) -> RangeInclusive<Duration> {
        let longest = (self.shared.lease / 6).min(Duration::from_secs(5));
        Duration::from_millis(250).min(longest)..=longest
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        let path = self.shared.layout.result(key);
        let (encoded, bytes) = transfer::encode(&self.shared.client, &path, write)?;
        self.shared.versions.note(&self.shared.client, &self.shared.layout, key.version())?;
        if let Encoded::Whole(payload) = encoded {
            transfer::put(&self.shared.client, &path, payload)?;
        }
        self.shared.stored(&path, bytes);
        Ok(bytes)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        let path = self.shared.layout.result(key);
        let removed = self.shared.client.run(Action::Drop, |bucket| async move {
            let meta = bucket.head(&path).await?;
            if is_claim(meta.size) {
                return Ok(None);
            }
            bucket.delete(&path).await.map(|()| Some(size_of_result(meta.size)))
        })?;
        match removed {
            Ok(Some(bytes)) => {
                self.shared.notes.dropped(1, bytes);
                Ok(true)
            }
            Ok(None) | Err(Refused::Missing) => Ok(false),
            Err(refused) => Err(self.shared.client.refused(Action::Drop, refused)),
        }
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        let folder = match scope {
            Scope::All => self.shared.layout.results(),
            Scope::Function(name) => self.shared.layout.results_of(name),
        };
        // Claims stay: those who hold them store what they compute.
        let listed = self.shared.client.run(Action::List, |bucket| async move {
            let mut results = (Vec::new(), 0);
            let mut listed = bucket.list(Some(&folder));
            while let Some(meta) = listed.try_next().await? {
                if !is_claim(meta.size) {
                    results.1 += size_of_result(meta.size);
                    results.0.push(meta.location);
                }
            }
            Ok(results)
        })?;
        let (results, bytes) = listed.map_err(|refused| self.shared.client.refused(Action::List, refused))?;
        let items = results.len() as u64;
        sweep::delete(&self.shared, results)?;
        self.shared.notes.dropped(items, bytes);
        Ok(items)
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        /// Results that are listed ahead of the visitor: a page of a server.
        const AHEAD: usize = 1000;
        let functions = self.shared.versions.all(&self.shared.client, &self.shared.layout)?;
        let folder = self.shared.layout.results();
        let bucket = self.shared.client.connection(Action::List)?.bucket();
        let handle = runtime::handle().map_err(|error| Error::backend(self.location(), error))?;
        let (sender, receiver) = mpsc::channel();
        let room = Arc::new(tokio::sync::Semaphore::new(AHEAD));
        let room_of_task = Arc::clone(&room);
        handle.spawn(async move {
            let mut listed = bucket.list(Some(&folder));
            loop {
                let next = listed.try_next().await;
                let Ok(permit) = room_of_task.acquire().await else { return };
                permit.forget();
                let end = !matches!(next, Ok(Some(_)));
                // The visitor may have seen enough.
                if sender.send(next).is_err() || end {
                    return;
                }
            }
        });
        let mut unnamed = 0_u64;
        for next in receiver {
            room.add_permits(1);
            // After an error the listing has ended.
            let meta = match self.shared.client.settle(Action::List, next)? {
                Ok(Some(meta)) => meta,
                Ok(None) => break,
                Err(refused) => return Err(self.shared.client.refused(Action::List, refused)),
            };
            let Some((function, code, call)) = parse_result(&meta.location).filter(|_| !is_claim(meta.size))
            else {
                continue;
            };
            // One whose function is not described can't be shown.
            let Some(version) = functions.versions.get(&format!("{function}/{code}")) else {
                unnamed += 1;
                continue;
            };
            let used = notes::modified_us(&meta).max(self.shared.notes.last_use(id(&meta.location)));
            let item = Item::new(
                Arc::clone(version),
                call,
                size_of_result(meta.size),
                SystemTime::UNIX_EPOCH + Duration::from_micros(used),
                functions.is_current(&function, &code),
            );
            if visit(item).is_break() {
                break;
            }
        }
        room.close();
        let lost = (unnamed > 0).then(|| {
            let reason = format!("{unnamed} of its results are of functions that it does not name");
            Error::backend(self.location(), reason).about(Subject::Entry)
        });
        Ok(lost.into_iter().collect())
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        sweep::reduce(&self.shared, limits, cost)
    }

    fn tidy(&self, _key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        sweep::tidy(&self.shared, limits, cost)
    }

    fn flush(&self) -> Result<(), Error> {
        self.shared.flush()
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        sweep::was_evicted(&self.shared, id(&self.shared.layout.result(key)))
    }
}
