//! Large memory filled by several threads at once: clearing pages and copying into them is bound by one core.

use std::io;
use std::thread;

/// Threads that fill; more of them than the memory bus needs gain nothing.
const MOST: usize = 4;

/// Calls `fill` with consecutive parts of `target` and where each begins, from several threads, and returns what the calls
/// returned, in the order of the parts. Each part but the last is as long as [`share`] says. Where no thread can be started,
/// all of `target` is one part.
///
/// # Errors
///
/// Returns the first error of `fill`.
pub fn fill<R: Send>(
    target: &mut [u8],
    multiple: usize,
    fill: impl Fn(usize, &mut [u8]) -> io::Result<R> + Sync,
) -> io::Result<Vec<R>> {
    match fill_on_threads(target, multiple, &fill)? {
        Some(results) => Ok(results),
        None => Ok(vec![fill(0, target)?]),
    }
}

/// `None` if a thread can't be started.
fn fill_on_threads<R: Send>(
    target: &mut [u8],
    multiple: usize,
    fill: &(impl Fn(usize, &mut [u8]) -> io::Result<R> + Sync),
) -> io::Result<Option<Vec<R>>> {
    let share = share(target.len(), multiple);
    thread::scope(|scope| {
        let mut parts = target.chunks_mut(share).enumerate().map(|(index, part)| (index * share, part));
        let first = parts.next();
        let mut others = Vec::new();
        for (start, part) in parts {
            match thread::Builder::new().spawn_scoped(scope, move || fill(start, part)) {
                Ok(other) => others.push(other),
                Err(_) => return Ok(None),
            }
        }
        let mut results = Vec::with_capacity(others.len() + 1);
        if let Some((start, part)) = first {
            results.push(fill(start, part)?);
        }
        for other in others {
            let result = other.join();
            results.push(result.map_err(|_| io::Error::other("a thread that fills memory panicked"))??);
        }
        Ok(Some(results))
    })
}

/// How long the part of each thread is.
pub fn share(len: usize, multiple: usize) -> usize {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST);
    len.div_ceil(threads).next_multiple_of(multiple).max(1)
}
