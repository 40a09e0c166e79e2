//! A row of the benchmark: one figure, with the sides that are measured for it and the bar it is held to.

use crate::Result;
use crate::data::Data;

/// Takes one sample, in the row's unit.
pub(crate) type Sample<'d> = Box<dyn FnMut() -> Result<f64> + 'd>;

/// A figure's unit, which says as well whether more of it is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    GigabytesPerSecond,
    MegabytesPerSecond,
    Megabytes,
    Milliseconds,
    Microseconds,
    MicrosecondsPerTask,
}

impl Unit {
    /// The unit's name in tables and files, as the peer prints it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GigabytesPerSecond => "GB/s",
            Self::MegabytesPerSecond => "MB/s",
            Self::Megabytes => "MB",
            Self::Milliseconds => "ms",
            Self::Microseconds => "us",
            Self::MicrosecondsPerTask => "us/task",
        }
    }
}

/// Whether a larger figure is the better one, for a unit by name: rates are, times and sizes are not.
pub(crate) fn more_is_better(unit: &str) -> bool {
    unit.ends_with("/s")
}

/// What a row has to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bar {
    /// The ratio of ours to the peer's, at least.
    AtLeast(f64),
    /// The ratio of ours to the peer's, at most.
    AtMost(f64),
    /// Ours costs at most this multiple of the limit.
    OfLimit(f64),
    /// Ours itself, in the row's unit, at most.
    Under(f64),
}

/// Whom a row is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Python's joblib, by the row's own name.
    Joblib,
    /// A Rust crate, or another form of our own: [`Sides::peer`] measures it.
    Named(&'static str),
    /// Nobody: a figure of ours alone, judged by its limit.
    Nobody,
}

/// The sides of a row, ready to give samples.
pub(crate) struct Sides<'d> {
    pub(crate) ours: Sample<'d>,
    /// For [`Peer::Named`].
    pub(crate) peer: Option<Sample<'d>>,
    /// The plain system call, or whatever else nobody can beat.
    pub(crate) limit: Option<Sample<'d>>,
}

impl<'d> Sides<'d> {
    pub(crate) fn new(ours: impl FnMut() -> Result<f64> + 'd) -> Self {
        Self { ours: Box::new(ours), peer: None, limit: None }
    }

    pub(crate) fn peer(mut self, peer: impl FnMut() -> Result<f64> + 'd) -> Self {
        self.peer = Some(Box::new(peer));
        self
    }

    pub(crate) fn limit(mut self, limit: impl FnMut() -> Result<f64> + 'd) -> Self {
        self.limit = Some(Box::new(limit));
        self
    }
}

type Prepare = Box<dyn for<'d> FnOnce(&'d Data) -> Result<Sides<'d>>>;

/// A declared row; nothing is done before it is prepared.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) peer: Peer,
    pub(crate) bars: Vec<Bar>,
    pub(crate) prepare: Prepare,
}

impl Row {
    /// A row that joblib has by the same name.
    pub(crate) fn new(
        name: impl Into<String>,
        unit: Unit,
        prepare: impl for<'d> FnOnce(&'d Data) -> Result<Sides<'d>> + 'static,
    ) -> Self {
        Self { name: name.into(), unit, peer: Peer::Joblib, bars: Vec::new(), prepare: Box::new(prepare) }
    }

    pub(crate) fn against(mut self, peer: Peer) -> Self {
        self.peer = peer;
        self
    }

    pub(crate) fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }
}
