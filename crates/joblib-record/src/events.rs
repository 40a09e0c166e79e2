//! The events of `tracing` that a program emits in its steps, at or above the level INFO.
//!
//! A step that listens has a dispatcher of its own on its thread, which hears every event and passes it on to the
//! dispatcher that was there before, with all spans. A subscriber that somebody looks for by its type is not found
//! behind it.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::dispatcher::{DefaultGuard, Dispatch, get_default, set_default};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};

use crate::position::current;
use crate::record::{Event, Level};

/// Events of one step that are kept, and bytes of their texts.
const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;

/// An event, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Its level.
    pub level: Level,
    /// Its target.
    pub target: String,
    /// Its message, with its fields.
    pub message: String,
}

/// The events of a step, in the order in which they were emitted. Clones collect together.
#[derive(Debug, Clone, Default)]
pub struct Events(Arc<Mutex<Collected>>);

#[derive(Debug, Default)]
struct Collected {
    events: Vec<Logged>,
    bytes: usize,
    left_out: usize,
}

impl Events {
    /// The events so far. Beyond 10,000 events or a megabyte of text, the last one says how many are left out.
    pub fn take(&self) -> Vec<Logged> {
        let Collected { mut events, left_out, .. } =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if left_out > 0 {
            let message = format!("{left_out} more events were not kept");
            events.push(Logged { level: Level::Warn, target: "joblib".to_owned(), message });
        }
        events
    }

    fn push(&self, event: Logged) {
        let mut collected = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = collected.bytes.saturating_add(event.message.len() + event.target.len());
        if collected.events.len() < MOST_EVENTS && bytes <= MOST_BYTES {
            collected.bytes = bytes;
            collected.events.push(event);
        } else {
            collected.left_out += 1;
        }
    }
}

/// Listens to the events of a step, wherever it is entered.
#[derive(Clone)]
pub struct Listener {
    dispatch: Dispatch,
    records: bool,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("records", &self.records).finish_non_exhaustive()
    }
}

thread_local! {
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// The listener that this thread is in.
pub fn listener() -> Option<Listener> {
    LISTENER.try_with(|listener| listener.borrow().clone()).ok().flatten()
}

/// Keeps a thread in a listener until dropped.
pub struct Listening {
    outer: Option<Listener>,
    _default: DefaultGuard,
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening").finish_non_exhaustive()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let _ = LISTENER.try_with(|listener| listener.replace(outer));
    }
}

impl Listener {
    /// Listens beside what listens on this thread now: collects events in `events`, and with `records` records them in
    /// the step that they happen in. `None` if there is nothing to listen for that is not listened for already.
    pub fn new(events: Option<Events>, records: bool) -> Option<Self> {
        let is_recorded = listener().is_some_and(|outer| outer.records);
        let adds_record = records && !is_recorded;
        if events.is_none() && !adds_record {
            return None;
        }
        let inner = get_default(Dispatch::clone);
        // A filter that nobody asked for would not let events pass.
        let most = LevelFilter::current().max(LevelFilter::INFO);
        let dispatch = Dispatch::new(Tee { inner, most, events, records: adds_record });
        Some(Self { dispatch, records: records || is_recorded })
    }

    /// Listens on this thread until what is returned is dropped.
    pub fn enter(&self) -> Listening {
        let outer = LISTENER.try_with(|listener| listener.replace(Some(self.clone())));
        Listening { outer: outer.ok().flatten(), _default: set_default(&self.dispatch) }
    }
}

/// Awaits a future that is listened to whenever it is polled.
pub async fn listen<F: Future>(listener: Option<Listener>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let _listening = listener.as_ref().map(Listener::enter);
        future.as_mut().poll(context)
    })
    .await
}

/// Hears events and passes everything on.
struct Tee {
    inner: Dispatch,
    most: LevelFilter,
    events: Option<Events>,
    records: bool,
}

fn is_heard(metadata: &Metadata<'_>) -> bool {
    metadata.is_event() && *metadata.level() <= tracing::Level::INFO
}

impl Subscriber for Tee {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let inner = self.inner.register_callsite(metadata);
        // The subscriber behind is asked each time.
        if is_heard(metadata) { Interest::sometimes() } else { inner }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_heard(metadata) || self.inner.enabled(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.inner.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.inner.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.inner.record_follows_from(span, follows);
    }

    fn event(&self, event: &tracing::Event<'_>) {
        if is_heard(event.metadata()) {
            self.hear(event);
        }
        if self.inner.enabled(event.metadata()) {
            self.inner.event(event);
        }
    }

    fn enter(&self, span: &Id) {
        self.inner.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.inner.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.inner.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.inner.try_close(span)
    }

    fn current_span(&self) -> tracing_core::span::Current {
        self.inner.current_span()
    }
}

impl Tee {
    fn hear(&self, event: &tracing::Event<'_>) {
        let is_repeated = event.metadata().fields().field("origin").is_some();
        let mut fields = Fields { is_repeated, ..Fields::default() };
        event.record(&mut fields);
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            _ => Level::Info,
        };
        // An event that a worker process sent, or that is replayed, says where it is from.
        let target = fields.origin.unwrap_or_else(|| event.metadata().target().to_owned());
        // A worker records its events itself.
        if self.records
            && !fields.is_of_worker
            && let Some(position) = current()
        {
            let (target, message) = (target.as_str().into(), fields.text.as_str().into());
            position.recorder().event(Event { level, target, message, ..Event::default() });
        }
        if let Some(events) = &self.events {
            events.push(Logged { level, target, message: fields.text });
        }
    }
}

/// Fields as text: the message as it is, others as ` name=value`.
#[derive(Default)]
struct Fields {
    text: String,
    /// Whether the event is one that was emitted before, elsewhere.
    is_repeated: bool,
    origin: Option<String>,
    is_of_worker: bool,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a `String` does not fail.
        let _ = match field.name() {
            "message" => {
                let rest = std::mem::take(&mut self.text);
                write!(self.text, "{value:?}{rest}")
            }
            "origin" => {
                self.origin = Some(format!("{value:?}"));
                Ok(())
            }
            "worker" if self.is_repeated => {
                self.is_of_worker = true;
                Ok(())
            }
            "spans" | "replayed" if self.is_repeated => Ok(()),
            name => {
                let space = if self.text.is_empty() { "" } else { " " };
                write!(self.text, "{space}{name}={value:?}")
            }
        };
    }
}
