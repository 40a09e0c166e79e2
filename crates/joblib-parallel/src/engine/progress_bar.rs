//! The progress bar, on stderr.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::Progress;

/// A progress bar; dropped before its end, it stays where it is.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar with this title; `None` if stderr is not a terminal.
    pub(super) fn on_terminal(title: String, total: Option<usize>) -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(total.map(|n| n as u64), ProgressDrawTarget::stderr());
        bar.set_style(style(total.is_some()));
        bar.set_prefix(title);
        Some(Bar(bar))
    }

    /// Sets the number of all tasks, once that is known.
    pub(super) fn set_total(&self, total: usize) {
        self.0.set_length(total as u64);
        self.0.set_style(style(true));
    }

    pub(super) fn show(&self, progress: &Progress) {
        if progress.failed > 0 {
            self.0.set_message(format!("{} failed", progress.failed));
        }
        self.0.set_position(progress.completed as u64);
    }

    pub(super) fn end(&self, complete: bool) {
        if complete { self.0.finish() } else { self.0.abandon() }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if !self.0.is_finished() {
            self.0.abandon();
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
