//! Reading the metadata of many results, on several threads.

use std::thread;

use joblib_store::Item;

use crate::entry::metadata::Metadata;

/// Results for which another thread pays.
const PART: usize = 512;
/// Threads at most.
const THREADS: usize = 16;

/// Results that are asked for at once.
const AT_ONCE: usize = 256;

/// Each item with what `read` reads of it. The threads are made for this: a forked child has none of a pool's.
pub(super) fn with_metadata(
    items: Vec<Item>,
    read: impl Fn(&[Item]) -> Vec<Option<Metadata>> + Sync,
) -> Vec<(Item, Option<Metadata>)> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let part = items.len().div_ceil(threads).max(PART);
    let each = |items: &[Item]| items.chunks(AT_ONCE).flat_map(&read).collect::<Vec<_>>();
    let metadata: Vec<_> = thread::scope(|scope| {
        let (first, rest) = items.split_at(part.min(items.len()));
        let others: Vec<_> = rest
            .chunks(part)
            .map(|part| (part, thread::Builder::new().spawn_scoped(scope, || each(part)).ok()))
            .collect();
        let mut all = each(first);
        for (part, thread) in others {
            // Without a thread, or after a panic of it, it is read here.
            let read = thread.and_then(|thread| thread.join().ok());
            all.extend(read.unwrap_or_else(|| each(part)));
        }
        all
    });
    items.into_iter().zip(metadata).collect()
}
