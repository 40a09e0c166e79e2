//! A subscriber of `tracing` that writes down all that it is told.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The spans and events of one target, one line each. Clones share their lines.
#[derive(Clone, Debug)]
pub struct Events {
    target: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

impl Events {
    /// Listens to one target only.
    pub fn of(target: &'static str) -> Self {
        Self { target, lines: Arc::default(), spans: Arc::default() }
    }

    /// Runs `code` with this as the thread's subscriber, and gives the lines that it wrote.
    pub fn during(target: &'static str, code: impl FnOnce()) -> Vec<String> {
        let events = Self::of(target);
        tracing::subscriber::with_default(events.clone(), code);
        events.take()
    }

    /// The lines since the last call of this.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string can't fail.
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == self.target
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = Line(format!("span {}", attributes.metadata().name()));
        attributes.record(&mut line);
        self.write(line.0);
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut line = Line("record".into());
        values.record(&mut line);
        self.write(line.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line("event".into());
        event.record(&mut line);
        // Durations differ from run to run.
        self.write(line.0.split(" seconds=").next().unwrap_or_default().to_owned());
    }

    fn enter(&self, _: &Id) {
        self.write("enter".into());
    }

    fn exit(&self, _: &Id) {
        self.write("exit".into());
    }
}

/// The events among the lines, each as its fields.
pub fn events(lines: &[String]) -> Vec<&str> {
    lines.iter().filter_map(|line| line.strip_prefix("event ")).collect()
}
