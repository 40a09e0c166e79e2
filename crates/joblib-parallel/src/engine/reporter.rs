//! All that the crate shows: joblib's messages by `verbose`, a progress bar, the user's callback. Nothing else of it
//! writes to the terminal.

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use joblib_record::{End, Message, Outcome, Step};

use super::progress::{Callback, DisplayOptions, Progress};
#[cfg(feature = "progress")]
use super::progress_bar::Bar;
use super::progress_writer::suspend_progress;
use crate::error::TaskError;

/// The least time between two calls of the displays, so that tiny tasks do not pay for them.
const INTERVAL: Duration = Duration::from_millis(50);

pub(crate) struct Reporter {
    verbose: u32,
    n_jobs: usize,
    pre_dispatch: usize,
    #[cfg(feature = "progress")]
    bar: Option<Bar>,
    callback: Option<Callback>,
    started: Instant,
    shown: Option<Instant>,
    /// Batches that came back, for the spacing of messages.
    batches: usize,
    state: Progress,
    /// What the call is in the record of this run, if there is one, and why its first task failed.
    step: Option<Step>,
    failure: Option<String>,
}

impl Reporter {
    pub(crate) fn new(
        display: DisplayOptions,
        n_jobs: usize,
        pre_dispatch: usize,
        total: Option<usize>,
    ) -> Self {
        Reporter {
            verbose: display.verbose,
            n_jobs,
            pre_dispatch,
            #[cfg(feature = "progress")]
            bar: display.bar.and_then(|title| Bar::on_terminal(title, total)),
            callback: display.callback,
            started: Instant::now(),
            shown: None,
            batches: 0,
            state: Progress { dispatched: 0, completed: 0, failed: 0, total, elapsed: Duration::ZERO },
            step: None,
            failure: None,
        }
    }

    pub(crate) fn begin(&mut self, backend: &str, step: Option<Step>) {
        self.step = step;
        tracing::debug!(backend, n_jobs = self.n_jobs, "parallel call begins");
        if self.verbose > 0 {
            let (name, n) = (backend, self.n_jobs);
            self.print(&format!("Using backend {name} with {n} concurrent workers."));
        }
        self.show(true);
    }

    /// Records why a task failed.
    pub(crate) fn failed_with(&mut self, error: &TaskError) {
        // What was merely stopped is not the reason.
        if self.step.is_some() && self.failure.is_none() && !error.is_stopped() {
            let message = if error.is_redacted() {
                Message::of(&format_args!("task {}, {}: it failed", error.index(), error.function()))
            } else {
                Message::of(&error.summary()).with_sources(error.source())
            };
            self.failure = Some(message.into_text());
        }
    }

    /// Ends the step in the record of this run.
    fn end_step(&mut self, complete: bool) {
        let Some(step) = self.step.take() else { return };
        let outcome = match (complete, self.state.failed) {
            (_, 1..) => Outcome::Failed,
            (true, 0) => Outcome::Computed,
            (false, 0) => Outcome::Cancelled,
        };
        step.end(&End {
            tasks: self.state.completed as u64,
            failed: self.state.failed as u64,
            message: self.failure.take().unwrap_or_default().into(),
            ..End::new(outcome)
        });
    }

    /// Records how many tasks were taken from the producer, and whether there are no more.
    pub(crate) fn dispatched(&mut self, dispatched: usize, exhausted: bool) {
        self.state.dispatched = dispatched;
        if exhausted && self.state.total != Some(dispatched) {
            self.state.total = Some(dispatched);
            #[cfg(feature = "progress")]
            if let Some(bar) = &self.bar {
                bar.set_total(dispatched);
            }
        }
    }

    /// Records that a batch came back with `tasks` outcomes, of which `failed` are failures.
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
        self.end_step(complete);
        let state = self.state;
        tracing::debug!(completed = state.completed, failed = state.failed, "parallel call ends");
        if self.verbose > 0 && complete {
            let done = state.completed;
            let elapsed = short_time(self.started.elapsed());
            self.print(&format!("Done {done:3} out of {done:3} | elapsed: {elapsed} finished"));
        }
        self.show(true);
        #[cfg(feature = "progress")]
        if let Some(bar) = &self.bar {
            bar.end(complete);
        }
    }

    fn has_display(&self) -> bool {
        #[cfg(feature = "progress")]
        if self.bar.is_some() {
            return true;
        }
        self.callback.is_some()
    }

    fn show(&mut self, now: bool) {
        if !self.has_display() {
            return;
        }
        let time = Instant::now();
        let complete = self.state.total == Some(self.state.completed);
        if !now && !complete && self.shown.is_some_and(|shown| time.duration_since(shown) < INTERVAL) {
            return;
        }
        self.shown = Some(time);
        self.state.elapsed = self.started.elapsed();
        #[cfg(feature = "progress")]
        if let Some(bar) = &self.bar {
            bar.show(&self.state);
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
        // As in joblib: to stderr, and to stdout from level 50. A closed terminal is not a failure.
        let _ = suspend_progress(|| {
            if self.verbose < 50 {
                std::io::stderr().write_all(line.as_bytes())
            } else {
                let mut stdout = std::io::stdout();
                stdout.write_all(line.as_bytes())?;
                stdout.flush()
            }
        });
    }
}

/// Whether a message follows batch `index`: the distances between messages grow, the less so the larger `verbose`.
fn spaced(index: usize, verbose: u32) -> bool {
    if verbose > 10 || index == 0 {
        return true;
    }
    let spacing = 0.5 * f64::from(11 - verbose).powi(2);
    let scale = |index: usize| (index as f64 / spacing).sqrt() as u64;
    scale(index) != scale(index + 1)
}

/// Whether a message is due once all tasks are dispatched: about `verbose` of them, spread over the tasks left.
fn due(done: usize, total: usize, pre_dispatch: usize, verbose: u32) -> bool {
    if done == 0 {
        return true;
    }
    let cursor = total as i64 - done as i64 + 1 - pre_dispatch as i64;
    let frequency = total as i64 / i64::from(verbose) + 1;
    done + 1 != total && cursor % frequency == 0
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
