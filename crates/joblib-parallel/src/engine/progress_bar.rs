//! The progress bar, on stderr, and lines beside it.
//!
//! A bar is drawn on the line of the cursor. Whoever writes to the terminal meanwhile has it taken away first, with
//! [`suspend`]; the bars that are there are in a table for that. A worker process erases the bar of its parent, which draws it
//! again; each does so in its turn at the [`terminal`].

use std::cell::Cell;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::progress::Progress;
use crate::sync::ForkSafe;
use crate::sys::terminal;

/// The bars that are shown, with their numbers.
static BARS: ForkSafe<Vec<(u64, ProgressBar)>> = ForkSafe::new(Vec::new());

/// The number of the next bar.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The process that shows them; 0 if there are none. A fork has a copy of the table, and not of the terminal's line.
static SHOWN_BY: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Whether this thread writes while bars are suspended, and so can't draw any.
    static SUSPENDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` while no bar is on the terminal.
pub(super) fn suspend<R>(f: impl FnOnce() -> R) -> R {
    /// Lets this thread draw again, also when `f` panics.
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            SUSPENDED.set(false);
        }
    }

    let has_bars = SHOWN_BY.load(Ordering::Relaxed) == std::process::id();
    if !(has_bars || terminal::is_beside_bar()) || SUSPENDED.replace(true) {
        return f();
    }
    let _guard = Guard;
    if !has_bars {
        return terminal::write_over_bar(f);
    }
    // In the same order by all threads, so that none waits for a bar of another that waits for one of its own.
    let bars = BARS.with(|bars| bars.clone());
    terminal::take_turn(|| suspend_all(&bars, f))
}

fn suspend_all<R>(bars: &[(u64, ProgressBar)], f: impl FnOnce() -> R) -> R {
    let mut f = Some(f);
    let mut result = None;
    suspend_each(bars, &mut || result = f.take().map(|f| f()));
    match result {
        Some(result) => result,
        None => unreachable!("the innermost bar calls it once"),
    }
}

fn suspend_each(bars: &[(u64, ProgressBar)], f: &mut dyn FnMut()) {
    match bars {
        [] => f(),
        // It ended meanwhile: what it shows stays where it is.
        [(_, bar), bars @ ..] if bar.is_finished() => suspend_each(bars, f),
        [(_, bar), bars @ ..] => bar.suspend(|| suspend_each(bars, f)),
    }
}

/// A progress bar; dropped before its end, it stays where it is.
pub(super) struct Bar {
    number: u64,
    bar: ProgressBar,
}

impl Bar {
    /// A bar with this title; `None` if stderr is not a terminal.
    pub(super) fn on_terminal(title: String, total: Option<usize>) -> Option<Self> {
        if !std::io::stderr().is_terminal() || SUSPENDED.get() {
            return None;
        }
        let bar = ProgressBar::with_draw_target(total.map(|n| n as u64), ProgressDrawTarget::stderr());
        bar.set_style(style(total.is_some()));
        bar.set_prefix(title);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        BARS.with(|bars| {
            // Those of the process that this one was forked from.
            if SHOWN_BY.swap(std::process::id(), Ordering::Relaxed) != std::process::id() {
                std::mem::take(bars).into_iter().for_each(std::mem::forget);
            }
            bars.push((number, bar.clone()));
        });
        Some(Bar { number, bar })
    }

    /// Sets the number of all tasks, once that is known.
    pub(super) fn set_total(&self, total: usize) {
        terminal::take_turn(|| {
            self.bar.set_length(total as u64);
            self.bar.set_style(style(true));
        });
    }

    pub(super) fn show(&self, progress: &Progress) {
        terminal::take_turn(|| {
            if progress.failed > 0 {
                self.bar.set_message(format!("{} failed", progress.failed));
            }
            self.bar.set_position(progress.completed as u64);
        });
    }

    pub(super) fn end(&self, complete: bool) {
        terminal::take_turn(|| {
            if complete {
                self.bar.finish();
            } else {
                self.bar.abandon();
            }
        });
        self.forget();
    }

    /// Takes the bar off the table. What it shows stays on the terminal.
    fn forget(&self) {
        BARS.with(|bars| {
            bars.retain(|(number, _)| *number != self.number);
            if bars.is_empty() {
                SHOWN_BY.store(0, Ordering::Relaxed);
            }
        });
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if !self.bar.is_finished() {
            terminal::take_turn(|| self.bar.abandon());
        }
        self.forget();
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
