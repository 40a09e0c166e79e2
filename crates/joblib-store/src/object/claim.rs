//! Claims: an object that names who computes a result, at the result's own place. Created if there is none, refreshed and
//! replaced if it is unchanged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use object_store::path::Path;
use object_store::{Error as Failure, ObjectStoreExt, PutMode, UpdateVersion};
use tokio::sync::Mutex;

use super::bucket::Bucket;
use super::client::{Action, Refused};
use super::held::{self, Reserved};
use super::layout::{ClaimText, claim_bytes, free_bytes, is_claim, parse_claim};
use super::shared::Shared;
use super::transfer::{self, Encoded, encode};
use crate::error::Error;
use crate::holder::Holder;
use crate::key::Key;
use crate::store::{Claim, Claimed, WriteBytes};

/// The longest that a network's delays and clocks take from a lease.
const BEATS_PER_LEASE: u32 = 3;

/// Claims what is missing under a key.
pub(super) fn claim(shared: &Arc<Shared>, key: &Key) -> Result<Claim, Error> {
    let places = [shared.layout.result(key), shared.layout.claim(key)];
    let location = shared.client.location();
    if places.iter().any(|place| held::holds(location, place)) {
        return Ok(Claim::Taken(Holder::this_process()));
    }
    let [result, beside] = places;
    shared.ask_for_conditions();
    if shared.has_no_claims() {
        let Some(reserved) = Reserved::new(location, &result) else {
            return Ok(Claim::Taken(Holder::this_process()));
        };
        let held = Held::new(shared, reserved, Holder::this_process(), 0, None, false);
        return Ok(Claim::Mine(Box::new(ObjectClaim { held, key: key.clone(), result, uploaded: false })));
    }
    let attempt = match attempt(shared, &result, true)? {
        // A result is there, which is to be computed again: it stays until then.
        Attempt::NoClaim => self::attempt(shared, &beside, false)?,
        attempt => attempt,
    };
    Ok(match attempt {
        Attempt::Mine(held) => {
            Claim::Mine(Box::new(ObjectClaim { held, key: key.clone(), result, uploaded: false }))
        }
        Attempt::Taken(holder) => Claim::Taken(holder),
        Attempt::NoClaim => Claim::Taken(Holder::unknown()),
    })
}

pub(super) enum Attempt {
    Mine(Held),
    Taken(Holder),
    /// Something else is there.
    NoClaim,
}

/// Tries to create or take over the claim at `path`.
pub(super) fn attempt(shared: &Arc<Shared>, path: &Path, fresh: bool) -> Result<Attempt, Error> {
    static TOKENS: AtomicU64 = AtomicU64::new(0);
    /// How often others change the claim between two requests, before that is as if one held it.
    const ATTEMPTS: usize = 8;
    let me = Holder::this_process();
    let token = TOKENS.fetch_add(1, Ordering::Relaxed);
    let Some(reserved) = Reserved::new(shared.client.location(), path) else {
        return Ok(Attempt::Taken(me));
    };
    let put = |mode: PutMode| {
        let (path, body) = (path.clone(), claim_bytes(&me, token, 0));
        shared.client.run(Action::Claim, |bucket| async move {
            bucket.soon(bucket.put_opts(&path, body.into(), mode.into())).await
        })
    };
    let mine = |reserved: Reserved, version: Option<UpdateVersion>, fresh| {
        shared.watch.forget(path.as_ref());
        Attempt::Mine(Held::new(shared, reserved, me.clone(), token, version, fresh))
    };
    // What was seen a moment ago need not be tried.
    let mut create = !shared.watch.is_watched(path.as_ref());
    for _ in 0..ATTEMPTS {
        if create {
            match put(PutMode::Create)? {
                Ok(put) => return Ok(mine(reserved, Some(put.into()), fresh)),
                Err(Refused::Unsupported) => return Ok(mine(reserved, None, false)),
                Err(_) => {}
            }
        }
        create = false;
        let found = path.clone();
        let found = shared.client.run(Action::Claim, |bucket| async move {
            transfer::range(&bucket, &found, 0..512, None).await
        })?;
        let (meta, bytes) = match found {
            Ok(found) => found,
            Err(Refused::Missing) => {
                create = true;
                continue;
            }
            Err(_) => continue,
        };
        if !is_claim(meta.size) {
            shared.watch.forget(path.as_ref());
            return Ok(Attempt::NoClaim);
        }
        let tag = meta.e_tag.clone().unwrap_or_default();
        let version = UpdateVersion { e_tag: meta.e_tag, version: meta.version };
        let unchanged = || shared.watch.unchanged_for(path.as_ref(), tag, Instant::now()) > shared.lease;
        let (stale, holder) = match parse_claim(&bytes) {
            ClaimText::Free => (true, None),
            // An attempt that seemed to fail arrived.
            ClaimText::Held { holder, token: found } if holder == me && found == token => {
                return Ok(mine(reserved, Some(version), fresh));
            }
            // This process reserved it, and so doesn't hold it.
            ClaimText::Held { holder, .. } if holder.is_this_process() => (true, Some(holder)),
            ClaimText::Held { holder, .. } => (
                match holder.is_alive() {
                    Some(alive) => !alive,
                    None => unchanged(),
                },
                Some(holder),
            ),
            ClaimText::Unknown => (unchanged(), None),
        };
        if !stale {
            return Ok(Attempt::Taken(holder.unwrap_or_else(Holder::unknown)));
        }
        if let Ok(put) = put(PutMode::Update(version))? {
            return Ok(mine(reserved, Some(put.into()), fresh));
        }
    }
    Ok(Attempt::Taken(Holder::unknown()))
}

/// A claim of this process, which is refreshed until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    shared: Arc<Shared>,
    reserved: Reserved,
    holder: Holder,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    /// The claim's version; `None` if it is not ours any more, or there was none.
    version: Option<UpdateVersion>,
    over: bool,
}

impl Held {
    fn new(
        shared: &Arc<Shared>,
        reserved: Reserved,
        holder: Holder,
        token: u64,
        version: Option<UpdateVersion>,
        fresh: bool,
    ) -> Self {
        if fresh {
            reserved.is_fresh();
        }
        let refreshed = version.is_some();
        let state = Arc::new(Mutex::new(State { version, over: false }));
        if refreshed
            && let Ok(connection) = shared.client.connection(Action::Claim)
            && let Ok(handle) = super::runtime::handle()
        {
            let (path, holder, state) = (reserved.path().clone(), holder.clone(), Arc::clone(&state));
            let every = shared.lease / BEATS_PER_LEASE;
            let bucket = connection.bucket();
            // A task that can't be started leaves a claim that others take over after the lease.
            handle.spawn(refresh(bucket, path, holder, token, every, state));
        }
        Self { shared: Arc::clone(shared), reserved, holder, state }
    }

    fn path(&self) -> &Path {
        self.reserved.path()
    }
}

/// Rewrites a claim again and again, as long as it is unchanged.
async fn refresh(
    bucket: Bucket,
    path: Path,
    holder: Holder,
    token: u64,
    every: Duration,
    state: Arc<Mutex<State>>,
) {
    for beat in 1.. {
        tokio::time::sleep(every).await;
        let mut state = state.lock().await;
        let Some(version) = state.version.clone().filter(|_| !state.over) else { return };
        let body = claim_bytes(&holder, token, beat);
        match bucket.put_opts(&path, body.into(), PutMode::Update(version).into()).await {
            Ok(put) => state.version = Some(put.into()),
            Err(Failure::Precondition { .. } | Failure::NotFound { .. }) => state.version = None,
            Err(_) => {}
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A forked child drops what it has of its parent's, too.
        if !self.holder.is_this_process() {
            return;
        }
        let (path, state) = (self.path().clone(), Arc::clone(&self.state));
        // A claim that can't be given back is taken over after the lease.
        let _ = self.shared.client.run(Action::Claim, |bucket| async move {
            let mut state = state.lock().await;
            state.over = true;
            match state.version.take() {
                Some(version) => {
                    let freed = bucket.put_opts(&path, free_bytes().into(), PutMode::Update(version).into());
                    bucket.soon(freed).await.map(|_| ())
                }
                None => Ok(()),
            }
        });
    }
}

#[derive(Debug)]
struct ObjectClaim {
    held: Held,
    key: Key,
    /// The result's object, which may be the claim's.
    result: Path,
    uploaded: bool,
}

impl Claimed for ObjectClaim {
    fn write(mut self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error> {
        let shared = Arc::clone(&self.held.shared);
        let (encoded, bytes) = encode(&shared.client, &self.result, write)?;
        shared.versions.note(&shared.client, &shared.layout, self.key.version())?;
        match encoded {
            Encoded::Whole(payload) if self.held.path() == &self.result => {
                let (path, state) = (self.result.clone(), Arc::clone(&self.held.state));
                let put = shared.client.run(Action::Write, |bucket| replace(bucket, path, payload, state))?;
                put.map_err(|refused| shared.client.refused(Action::Write, refused))?;
            }
            Encoded::Whole(payload) => transfer::put(&shared.client, &self.result, payload)?,
            Encoded::Uploaded => self.uploaded = true,
        }
        shared.stored(&self.result, bytes);
        Ok(bytes)
    }
}

/// Puts a result in the place of its claim. If that is not there any more, because another process took it over, a result
/// that is there stays.
async fn replace(
    bucket: Bucket,
    path: Path,
    payload: object_store::PutPayload,
    state: Arc<Mutex<State>>,
) -> Result<(), Failure> {
    let mut state = state.lock().await;
    if let Some(version) = state.version.clone() {
        match bucket.put_opts(&path, payload.clone(), PutMode::Update(version).into()).await {
            Ok(_) => {
                (state.over, state.version) = (true, None);
                return Ok(());
            }
            Err(Failure::Precondition { .. } | Failure::NotFound { .. }) => state.version = None,
            Err(error) => return Err(error),
        }
    }
    state.over = true;
    match bucket.head(&path).await {
        Ok(meta) if !is_claim(meta.size) => Ok(()),
        Ok(_) | Err(Failure::NotFound { .. }) => bucket.put(&path, payload).await.map(|_| ()),
        Err(error) => Err(error),
    }
}
