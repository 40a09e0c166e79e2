//! How much a run measures: all of it for figures that can be quoted, or a quick look that is done within a minute.

use std::time::Duration;

/// The sizes of the data and the patience for each row. The peer's script has the same sizes, for its `--quick`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Numbers of the large array.
    pub(crate) numbers: usize,
    /// Lines of the flight table, at most.
    pub(crate) flights: usize,
    /// Tasks of a call that does nothing but start them.
    pub(crate) tiny_tasks: u64,
    /// Tasks whose results are streamed.
    pub(crate) streamed_tasks: u64,
    /// Results of a function, where a hit is one among many.
    pub(crate) entries: u64,
    /// A row takes at least this many samples of each side,
    pub(crate) fewest: usize,
    /// at most this many,
    pub(crate) most: usize,
    /// and between the two no further one when this time is over.
    pub(crate) time: Duration,
}

impl Scale {
    /// What the documents quote.
    const WHOLE: Self = Self {
        numbers: 32_000_000,
        flights: usize::MAX,
        tiny_tasks: 20_000,
        streamed_tasks: 10_000_000,
        entries: 200_000,
        fewest: 3,
        most: 15,
        time: Duration::from_secs(6),
    };

    /// A look: most of a row's time is what its sides need to get ready.
    const QUICK: Self = Self {
        numbers: 10_000_000,
        flights: 25_000,
        tiny_tasks: 5_000,
        streamed_tasks: 1_000_000,
        entries: 10_000,
        fewest: 3,
        most: 7,
        time: Duration::from_millis(100),
    };

    pub(crate) fn of(quick: bool) -> Self {
        if quick { Self::QUICK } else { Self::WHOLE }
    }
}
