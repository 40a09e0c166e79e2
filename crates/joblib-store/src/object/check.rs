//! Whether a server does what claims need: many writers at once, on a condition that only one of them can meet.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use object_store::{Error as Failure, ObjectMeta, ObjectStoreExt, PutMode, UpdateVersion};

use super::client::Action;
use super::notes::now_us;
use super::shared::Shared;
use crate::error::Error;
use crate::holder::Holder;
use crate::key::fnv64;

/// Writers of a race.
const WRITERS: usize = 8;
/// Races that are run again at most: when the answer to the winner was lost, its second request finds that somebody
/// else won, and nobody knows of a win.
const TRIES: usize = 3;
/// Bytes of the objects that are written.
const BYTES: usize = 1024;

/// What [`ObjectStore::check`](crate::ObjectStore::check) found.
///
/// ```
/// use joblib_store::{ObjectStore, StoreCheck, StoreOptions};
///
/// let check: StoreCheck = ObjectStore::open(&StoreOptions::new("memory://checked"))?.check(8)?;
/// assert!(check.is_atomic());
/// assert_eq!(check.rounds, 8);
/// # Ok::<(), joblib_store::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCheck {
    /// The number of races of several writers to create an object, and of races to replace one.
    pub rounds: usize,
    /// The number of races to create an object that exactly one writer won.
    pub created_once: usize,
    /// The number of races to replace an object that exactly one writer won.
    pub replaced_once: usize,
    /// How long it took to write an object of 1 KB.
    pub put: Duration,
    /// How long it took to read it.
    pub get: Duration,
    /// Whether the server supports conditional requests.
    pub conditional: bool,
}

impl StoreCheck {
    /// Returns `true` if exactly one writer won each race, so that claims between machines are reliable.
    pub fn is_atomic(&self) -> bool {
        self.conditional && self.created_once == self.rounds && self.replaced_once == self.rounds
    }
}

/// To replace the object that is there now.
fn replacing(now: ObjectMeta) -> PutMode {
    PutMode::Update(UpdateVersion { e_tag: now.e_tag, version: now.version })
}

/// See [`ObjectStore::check`](super::ObjectStore::check).
pub(super) fn check(shared: &Shared, rounds: usize) -> Result<StoreCheck, Error> {
    let process = fnv64(format!("{} {}", Holder::this_process(), now_us()).as_bytes());
    let folder = shared.layout.checks().join(format!("{process:016x}"));
    let answer = shared.client.run(Action::Write, |bucket| async move {
        let body = || vec![b'c'; BYTES].into();
        let one = folder.clone().join("one");
        let since = Instant::now();
        bucket.put(&one, body()).await?;
        let put = since.elapsed();
        let since = Instant::now();
        let read = bucket.get(&one).await?.bytes().await?;
        let get = since.elapsed();
        let mut check = StoreCheck {
            rounds,
            created_once: 0,
            replaced_once: 0,
            put,
            get,
            conditional: read.len() == BYTES,
        };
        for round in 0..rounds {
            let path = folder.clone().join(format!("race-{round}"));
            // Connections are made before they are needed at once.
            let mut races = 0;
            let mut race = |mode: PutMode| {
                // Bodies differ between races, too: with many servers an object's tag is the digest of its bytes, and
                // a writer that puts there what is there would leave the condition true for another.
                races += 1;
                let writers = (0..WRITERS).map(|writer| {
                    let (bucket, path, mode) = (bucket.clone(), path.clone(), mode.clone());
                    let body = format!("{:0>BYTES$}", races * WRITERS + writer);
                    tokio::spawn(async move { bucket.put_opts(&path, body.into(), mode.into()).await })
                });
                join_all(writers)
            };
            let mut winners = [0, 0];
            let mut mode = PutMode::Create;
            for winners in &mut winners {
                for _ in 0..TRIES {
                    for outcome in race(mode.clone()).await {
                        match outcome? {
                            Ok(_) => *winners += 1,
                            Err(Failure::AlreadyExists { .. } | Failure::Precondition { .. }) => {}
                            Err(error) if super::client::is_unsupported(&error) => check.conditional = false,
                            Err(error) => return Err(error),
                        }
                    }
                    if *winners > 0 || !check.conditional {
                        break;
                    }
                    if mode == PutMode::Create {
                        bucket.delete(&path).await?;
                    } else {
                        mode = replacing(bucket.head(&path).await?);
                    }
                }
                if !check.conditional {
                    break;
                }
                mode = replacing(bucket.head(&path).await?);
            }
            check.created_once += usize::from(winners[0] == 1);
            check.replaced_once += usize::from(winners[1] == 1);
            bucket.delete(&path).await?;
        }
        bucket.delete(&one).await?;
        Ok(check)
    })?;
    answer.map_err(|refused| shared.client.refused(Action::Write, refused))
}
