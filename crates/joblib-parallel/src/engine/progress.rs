//! [`Progress`], and what a call is asked to show of it.

use std::sync::Arc;
use std::time::Duration;

/// The progress of a call, passed to [`Parallel::on_progress`](crate::Parallel::on_progress).
///
/// ```
/// use joblib_parallel::{Parallel, Progress, delayed};
/// use std::sync::{Arc, Mutex};
///
/// fn line(at: &Progress) -> String {
///     let total = at.total.map_or("?".to_owned(), |total| total.to_string());
///     format!("{} of {total} in {:.1?}, {} failed", at.completed, at.elapsed, at.failed)
/// }
///
/// let status = Arc::new(Mutex::new(String::new()));
/// let shown = Arc::clone(&status);
/// let parallel = Parallel::new().n_jobs(2).on_progress(move |at| *shown.lock().unwrap() = line(at));
/// parallel.run((0..100).map(|n| delayed(u64::pow, (n, 2))))?;
/// assert!(status.lock().unwrap().starts_with("100 of 100 in "));
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of tasks taken from the producer.
    pub dispatched: usize,
    /// The number of tasks that have an outcome, including failures.
    pub completed: usize,
    /// The number of tasks that failed.
    pub failed: usize,
    /// The total number of tasks, if it is known.
    pub total: Option<usize>,
    /// Time since the call began.
    pub elapsed: Duration,
}

/// A function that displays progress.
pub(crate) type Callback = Arc<dyn Fn(&Progress) + Send + Sync>;

/// What a call is asked to show.
#[derive(Clone, Default)]
pub(crate) struct DisplayOptions {
    /// joblib's `verbose`.
    pub(crate) verbose: u32,
    /// The title of a progress bar.
    #[cfg(feature = "progress")]
    pub(crate) bar: Option<String>,
    pub(crate) callback: Option<Callback>,
}

impl DisplayOptions {
    /// Whether a progress bar is asked for.
    #[cfg_attr(not(feature = "progress"), allow(clippy::unused_self, reason = "there is none"))]
    pub(crate) fn has_bar(&self) -> bool {
        #[cfg(feature = "progress")]
        return self.bar.is_some();
        #[cfg(not(feature = "progress"))]
        false
    }
}
