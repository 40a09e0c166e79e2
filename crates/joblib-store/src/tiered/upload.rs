//! Writing to the far store, in the background.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::exit;
use super::job::{Counted, Job, copy};
use super::queue::Queue;
use super::shared::Shared;
use crate::blob::Blob;
use crate::error::Error;
use crate::key::Key;
use crate::store::Claimed;

/// Results that wait at most.
const MAX_WAITING: usize = 1024;
/// Large results that wait at most, each as an open file: a process may often have a thousand of those.
const MAX_LARGE: usize = 128;
/// Uploads at a time.
const THREADS: usize = 4;
/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(10);

/// The uploads of one store in this process. The last handle waits for them.
#[derive(Clone)]
pub(super) struct Uploads {
    queue: Arc<Queue>,
    shared: Arc<Shared>,
}

/// Writes the result that the near store has to the far one.
pub(super) fn upload(shared: &Shared, key: &Key, claim: Option<Box<dyn Claimed>>) {
    // One that was dropped since is not uploaded: nobody waited for its upload.
    if let Ok(Some(blob)) = shared.near.peek(key, u64::MAX) {
        // The failure was reported; the result is in the near store.
        let _ = write(shared, key, claim, &blob);
    }
}

/// Uploads what waited. Returns the message of a failure, which was reported.
fn upload_job(shared: &Shared, mut job: Job) -> Result<(), String> {
    match job.blob(&*shared.near) {
        Some(blob) => write(shared, &job.key, job.claim, &blob),
        // It could not be read when it was stored either.
        None => Ok(()),
    }
}

fn write(shared: &Shared, key: &Key, claim: Option<Box<dyn Claimed>>, blob: &Blob) -> Result<(), String> {
    let mut write = |out: &mut dyn io::Write| copy(blob, out);
    let written = match claim {
        Some(claim) => claim.write(&mut write),
        None => shared.far.put(key, &mut write),
    };
    match written {
        Ok(bytes) => {
            shared.counters.uploaded(bytes);
            Ok(())
        }
        Err(error) => {
            shared.failed(&error);
            Err(error.to_string())
        }
    }
}

impl Uploads {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let queue = Arc::new(Queue::default());
        exit::wait_for(Arc::downgrade(&queue));
        Self { queue, shared: Arc::clone(shared) }
    }

    pub(super) fn len(&self) -> usize {
        let state = self.queue.lock();
        state.waiting.len() + state.uploading.len()
    }

    /// Uploads a result later. Waits while too many do.
    pub(super) fn push(&self, key: Key, claim: Option<Box<dyn Claimed>>) {
        let large = &self.queue.large;
        let is_full = |waiting| waiting >= MAX_WAITING || large.load(Ordering::Relaxed) >= MAX_LARGE;
        let mut state = self.queue.lock();
        while is_full(state.waiting.len()) && state.threads > 0 {
            state = self.queue.changed(state, IDLE);
        }
        let counted = Counted::new(large);
        drop(state);
        let job = Job::new(key, claim, &*self.shared.near, counted);
        let mut state = self.queue.lock();
        state.waiting.push_back(job);
        if state.idle < state.waiting.len() && state.threads < THREADS {
            let (queue, shared) = (Arc::clone(&self.queue), Arc::clone(&self.shared));
            let name = "joblib-upload".to_owned();
            if thread::Builder::new().name(name).spawn(move || work(&queue, &shared)).is_ok() {
                state.threads += 1;
            } else if state.threads == 0 {
                // Without a thread it is done here.
                let next = state.waiting.pop_back();
                drop(state);
                if let Some(job) = next {
                    // A failure was reported.
                    let _ = upload_job(&self.shared, job);
                }
                return;
            }
        }
        drop(state);
        self.queue.changed.notify_all();
    }

    /// Leaves these keys out, and waits for those that are being uploaded.
    pub(super) fn cancel(&self, mut which: impl FnMut(&Key) -> bool) {
        let mut state = self.queue.lock();
        let mut cancelled = Vec::new();
        for job in std::mem::take(&mut state.waiting) {
            if which(&job.key) { cancelled.push(job) } else { state.waiting.push_back(job) }
        }
        while state.uploading.iter().any(&mut which) {
            state = self.queue.changed(state, IDLE);
        }
        drop(state);
        // Claims are given back here, without the lock.
        drop(cancelled);
        self.queue.changed.notify_all();
    }

    /// Waits for the upload of a result, if it is to be uploaded.
    pub(super) fn wait_for(&self, key: &Key) {
        let mut state = self.queue.lock();
        while state.uploading.contains(key) || state.waiting.iter().any(|waiting| waiting.key == *key) {
            state = self.queue.changed(state, IDLE);
        }
    }

    pub(super) fn wait(&self, longest: Option<Duration>) -> Result<(), Error> {
        self.queue.wait(longest).map_err(|reason| {
            Error::backend(self.shared.far.location(), format!("results were not uploaded: {reason}"))
        })
    }
}

/// Uploads what waits, until nothing did for a while.
fn work(queue: &Queue, shared: &Shared) {
    let mut state = queue.lock();
    loop {
        let Some(job) = state.waiting.pop_front() else {
            state.idle += 1;
            let since = Instant::now();
            while state.waiting.is_empty() && since.elapsed() < IDLE {
                state = queue.changed(state, IDLE);
            }
            state.idle -= 1;
            if state.waiting.is_empty() {
                state.threads -= 1;
                return;
            }
            continue;
        };
        let key = job.key.clone();
        state.uploading.push(key.clone());
        drop(state);
        let uploaded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| upload_job(shared, job)));
        state = queue.lock();
        if let Some(at) = state.uploading.iter().position(|uploading| *uploading == key) {
            state.uploading.swap_remove(at);
        }
        let failed = uploaded.unwrap_or_else(|_| Err("the store panicked".to_owned()));
        if let Err(reason) = failed {
            state.failed.get_or_insert(reason);
        }
        queue.changed.notify_all();
    }
}
