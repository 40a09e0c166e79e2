//! Events of `tracing` in a worker process, sent to the parent, where a subscriber may be listening.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::serve::Writer;
use crate::wire::connection::send_all;
use crate::wire::message::{self, LogFrame};

/// What the parent wants to hear, as in [`level_number`].
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// 1 for errors to 5 for traces.
pub(crate) fn level_number(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// The most verbose level that somebody in this process listens to.
pub(crate) fn level_wanted() -> u8 {
    LevelFilter::current().into_level().map_or(0, level_number)
}

/// Sends events up to `level` to `writer` from now on.
pub(crate) fn listen(level: u8, writer: &Writer) {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    if LEVEL.swap(level, Ordering::Relaxed) != level && INSTALLED.get().is_some() {
        tracing::callsite::rebuild_interest_cache();
    }
    if level > 0 {
        INSTALLED.get_or_init(|| {
            let sender =
                Sender { writer: Writer::clone(writer), next: AtomicU64::new(1), names: Mutex::default() };
            // A forked worker has its parent's subscriber already, and that one writes where the parent's does.
            let _ = tracing::subscriber::set_global_default(sender);
        });
    }
}

struct Sender {
    writer: Writer,
    next: AtomicU64,
    /// Open spans: their text, and how many handles they have.
    names: Mutex<HashMap<u64, (String, usize)>>,
}

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Sender {
    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<u64, (String, usize)>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Sender {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        level_number(*metadata.level()) <= LEVEL.load(Ordering::Relaxed)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match LEVEL.load(Ordering::Relaxed) {
            0 => LevelFilter::OFF,
            1 => LevelFilter::ERROR,
            2 => LevelFilter::WARN,
            3 => LevelFilter::INFO,
            4 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        })
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        self.names().insert(id, (text.0, 1));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some((name, _)) = self.names().get_mut(&span.into_u64()) {
            let mut text = Text(std::mem::take(name));
            values.record(&mut text);
            *name = text.0;
        }
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let spans = ENTERED.with_borrow(|entered| {
            let names = self.names();
            let open: Vec<&str> =
                entered.iter().filter_map(|id| names.get(id)).map(|(name, _)| name.as_str()).collect();
            open.join(":")
        });
        let record = LogFrame {
            level: level_number(*event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: text.0.trim_start().to_owned(),
            spans,
        };
        if let Ok(frame) = message::frame(message::LOG, &record) {
            // A parent that is gone does not listen.
            let socket = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = send_all(socket.as_fd(), frame);
        }
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(place) = entered.iter().rposition(|id| *id == span.into_u64()) {
                entered.remove(place);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some((_, handles)) = self.names().get_mut(&id.into_u64()) {
            *handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut names = self.names();
        let Some((_, handles)) = names.get_mut(&id.into_u64()) else { return false };
        *handles -= 1;
        let last = *handles == 0;
        if last {
            names.remove(&id.into_u64());
        }
        last
    }
}

/// Fields as text: the message as it is, others as ` name=value`.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String does not fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
