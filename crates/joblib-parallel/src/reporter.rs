//! All that the crate shows: joblib's messages by `verbose`, a progress bar, the user's callback. Nothing else of it
//! writes to the terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::settings::{Callback, Settings};
use crate::wire::message::LogFrame;

/// How far a call is: what [`Parallel::on_progress`](crate::Parallel::on_progress) shows.
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
    /// Tasks taken from the producer.
    pub dispatched: usize,
    /// Tasks that have an outcome, failures included.
    pub completed: usize,
    /// Tasks that failed.
    pub failed: usize,
    /// All tasks there will be, where that is known.
    pub total: Option<usize>,
    /// Time since the call began.
    pub elapsed: Duration,
}

/// The least time between two calls of the displays, so that tiny tasks do not pay for them.
const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) struct Reporter {
    verbose: u32,
    n_jobs: usize,
    pre_dispatch: usize,
    bar: Option<ProgressBar>,
    callback: Option<Callback>,
    started: Instant,
    shown: Option<Instant>,
    /// Batches that came back, for the spacing of messages.
    batches: usize,
    state: Progress,
}

impl Reporter {
    pub(crate) fn new(settings: &Settings, n_jobs: usize, pre_dispatch: usize, total: Option<usize>) -> Self {
        let bar = settings.progress.as_ref().filter(|_| std::io::stderr().is_terminal()).map(|title| {
            let bar = ProgressBar::with_draw_target(total.map(|n| n as u64), ProgressDrawTarget::stderr());
            bar.set_style(style(total.is_some()));
            bar.set_prefix(title.clone());
            bar
        });
        Reporter {
            verbose: settings.verbose,
            n_jobs,
            pre_dispatch,
            bar,
            callback: settings.on_progress.clone(),
            started: Instant::now(),
            shown: None,
            batches: 0,
            state: Progress { dispatched: 0, completed: 0, failed: 0, total, elapsed: Duration::ZERO },
        }
    }

    pub(crate) fn begin(&mut self, backend: &str) {
        tracing::debug!(backend, n_jobs = self.n_jobs, "parallel call begins");
        if self.verbose > 0 {
            let (name, n) = (backend, self.n_jobs);
            self.print(&format!("Using backend {name} with {n} concurrent workers."));
        }
        self.show(true);
    }

    /// So many tasks were taken from the producer, which now is at its end or not.
    pub(crate) fn dispatched(&mut self, dispatched: usize, exhausted: bool) {
        self.state.dispatched = dispatched;
        if exhausted && self.state.total != Some(dispatched) {
            self.state.total = Some(dispatched);
            if let Some(bar) = &self.bar {
                bar.set_length(dispatched as u64);
                bar.set_style(style(true));
            }
        }
    }

    /// A batch came back with so many outcomes, of which so many are failures.
    pub(crate) fn completed(&mut self, tasks: usize, failed: usize) {
        self.state.completed += tasks;
        self.state.failed += failed;
        self.batches += 1;
        if self.verbose > 0 {
            self.message();
        }
        self.show(false);
    }

    /// The call is over, successfully or not.
    pub(crate) fn finish(&mut self, complete: bool) {
        let state = self.state;
        tracing::debug!(completed = state.completed, failed = state.failed, "parallel call ends");
        if self.verbose > 0 && complete {
            let done = state.completed;
            let elapsed = short_time(self.started.elapsed());
            self.print(&format!("Done {done:3} out of {done:3} | elapsed: {elapsed} finished"));
        }
        self.show(true);
        if let Some(bar) = &self.bar {
            if complete { bar.finish() } else { bar.abandon() }
        }
    }

    fn show(&mut self, now: bool) {
        if self.bar.is_none() && self.callback.is_none() {
            return;
        }
        let time = Instant::now();
        let complete = self.state.total == Some(self.state.completed);
        if !now && !complete && self.shown.is_some_and(|shown| time.duration_since(shown) < INTERVAL) {
            return;
        }
        self.shown = Some(time);
        self.state.elapsed = self.started.elapsed();
        if let Some(bar) = &self.bar {
            if self.state.failed > 0 {
                bar.set_message(format!("{} failed", self.state.failed));
            }
            bar.set_position(self.state.completed as u64);
        }
        if let Some(callback) = &self.callback {
            callback(&self.state);
        }
    }

    /// joblib's message for the state after a batch, if `verbose` asks for one here.
    fn message(&self) {
        let state = &self.state;
        let elapsed = self.started.elapsed();
        let (done, time) = (state.completed, short_time(elapsed));
        match state.total.filter(|total| *total == state.dispatched) {
            None if spaced(self.batches, self.verbose) => {
                self.print(&format!("Done {done:3} tasks      | elapsed: {time}"));
            }
            Some(total) if done < total && due(done, total, self.pre_dispatch, self.verbose) => {
                let left = elapsed.as_secs_f64() / done.max(1) as f64 * (total - done) as f64;
                let left = short_time(Duration::from_secs_f64(left));
                self.print(&format!("Done {done:3} out of {total:3} | elapsed: {time} remaining: {left}"));
            }
            _ => {}
        }
    }

    fn print(&self, message: &str) {
        let line = format!("[Parallel(n_jobs={})]: {message}\n", self.n_jobs);
        // As in joblib: to stderr, and to stdout from level 50. A closed terminal is no reason to fail.
        let _ = if self.verbose < 50 {
            std::io::stderr().write_all(line.as_bytes())
        } else {
            std::io::stdout().write_all(line.as_bytes())
        };
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar
            && !bar.is_finished()
        {
            bar.abandon();
        }
    }
}

fn style(known: bool) -> ProgressStyle {
    let template = if known {
        "{prefix} {wide_bar} {pos}/{len} [{elapsed} < {eta}, {per_sec}] {msg}"
    } else {
        "{prefix} {spinner} {pos} [{elapsed}, {per_sec}] {msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Does the message after batch `index` belong to a series whose distances grow, the less so the larger `verbose`?
fn spaced(index: usize, verbose: u32) -> bool {
    if verbose > 10 || index == 0 {
        return true;
    }
    let spacing = 0.5 * f64::from(11 - verbose).powi(2);
    let scale = |index: usize| (index as f64 / spacing).sqrt() as u64;
    scale(index) != scale(index + 1)
}

/// Once all tasks are dispatched: about `verbose` messages, spread over those that are left.
fn due(done: usize, total: usize, pre_dispatch: usize, verbose: u32) -> bool {
    if done == 0 {
        return true;
    }
    let cursor = total as i64 - done as i64 + 1 - pre_dispatch as i64;
    let frequency = total as i64 / i64::from(verbose) + 1;
    done + 1 != total && cursor % frequency == 0
}

/// Repeats an event of a worker process here, inside the caller's spans.
pub(crate) fn repeat(record: &LogFrame, worker: &str) {
    let LogFrame { level, target, message, spans } = record;
    // An event's level is fixed where it is written.
    match level {
        1 => tracing::error!(worker, origin = %target, %spans, "{message}"),
        2 => tracing::warn!(worker, origin = %target, %spans, "{message}"),
        3 => tracing::info!(worker, origin = %target, %spans, "{message}"),
        4 => tracing::debug!(worker, origin = %target, %spans, "{message}"),
        _ => tracing::trace!(worker, origin = %target, %spans, "{message}"),
    }
}

/// A duration as joblib prints it.
fn short_time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds > 60.0 { format!("{:4.1}min", seconds / 60.0) } else { format!(" {seconds:5.1}s") }
}

#[cfg(test)]
mod tests {
    use super::{due, short_time, spaced};
    use std::time::Duration;

    #[test]
    fn messages_get_rarer_with_the_number_of_batches_and_more_frequent_with_verbose() {
        let count = |verbose| (1..1000).filter(|i| spaced(*i, verbose)).count();
        assert!(count(1) < count(5) && count(5) < count(10), "{} {} {}", count(1), count(5), count(10));
        assert_eq!(count(11), 999);
    }

    #[test]
    fn towards_the_end_there_are_about_verbose_messages() {
        let count = |verbose| (1..1000).filter(|done| due(*done, 1000, 4, verbose)).count();
        assert!((4..=6).contains(&count(5)), "{}", count(5));
    }

    #[test]
    fn times_read_as_joblib_prints_them() {
        assert_eq!(short_time(Duration::from_millis(1234)), "   1.2s");
        assert_eq!(short_time(Duration::from_secs(90)), " 1.5min");
    }
}
