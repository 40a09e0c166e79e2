//! Events of `tracing` and `log` in a worker process, sent to the parent, where somebody may be listening.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::sync::lock;
use crate::wire::connection::{SharedSocket, send_all};
use crate::wire::log::{Facade, LogLevels, LogRecord, filter, level_number};

/// The most verbose level that the parent listens to, as [`level_number`] counts.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// Whether this process sends its events.
static INSTALLED: OnceLock<()> = OnceLock::new();

/// Sends events up to `levels` to `writer` from now on.
pub(crate) fn listen(levels: LogLevels, writer: &SharedSocket) {
    let level = levels.tracing;
    #[cfg(feature = "log")]
    logger::listen(levels.log, writer);
    if LEVEL.swap(level, Ordering::Relaxed) != level && INSTALLED.get().is_some() {
        tracing::callsite::rebuild_interest_cache();
    }
    if level > 0 {
        INSTALLED.get_or_init(|| {
            let sender = Sender {
                writer: SharedSocket::clone(writer),
                next: AtomicU64::new(1),
                names: Mutex::default(),
            };
            // A forked worker has its parent's subscriber already, and that one writes where the parent's does.
            let _ = tracing::subscriber::set_global_default(sender);
        });
    }
}

fn send(record: &LogRecord, writer: &SharedSocket) {
    if let Ok(frame) = record.frame() {
        // A parent that is gone does not listen.
        let socket = lock(writer);
        let _ = send_all(socket.as_fd(), frame);
    }
}

struct Sender {
    writer: SharedSocket,
    next: AtomicU64,
    /// Open spans: their text, and how many handles they have.
    names: Mutex<HashMap<u64, (String, usize)>>,
}

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

impl Sender {
    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<u64, (String, usize)>> {
        lock(&self.names)
    }
}

impl Subscriber for Sender {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        level_number(*metadata.level()) <= LEVEL.load(Ordering::Relaxed)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(filter(LEVEL.load(Ordering::Relaxed)))
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
        let record = LogRecord {
            facade: Facade::Tracing,
            level: level_number(*event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: text.0.trim_start().to_owned(),
            spans,
        };
        send(&record, &self.writer);
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

/// The messages of the crate `log`.
#[cfg(feature = "log")]
mod logger {
    use std::sync::OnceLock;

    use log::{Level, LevelFilter, Log, Metadata, Record};

    use crate::wire::connection::SharedSocket;
    use crate::wire::log::{Facade, LogRecord};

    struct Logger(SharedSocket);

    /// Sends messages up to `level` to `writer` from now on.
    pub(super) fn listen(level: u8, writer: &SharedSocket) {
        /// Whether the logger of this process is ours: a forked worker has its parent's, which writes where that does.
        static OURS: OnceLock<bool> = OnceLock::new();
        let install = || log::set_boxed_logger(Box::new(Logger(SharedSocket::clone(writer)))).is_ok();
        if OURS.get().is_none() && level == 0 {
            return;
        }
        if *OURS.get_or_init(install) {
            let levels = LevelFilter::iter().find(|filter| *filter as u8 == level);
            log::set_max_level(levels.unwrap_or(LevelFilter::Trace));
        }
    }

    impl Log for Logger {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.level() <= log::max_level()
        }

        fn log(&self, record: &Record<'_>) {
            if !self.enabled(record.metadata()) {
                return;
            }
            let level = match record.level() {
                Level::Error => 1,
                Level::Warn => 2,
                Level::Info => 3,
                Level::Debug => 4,
                Level::Trace => 5,
            };
            let record = LogRecord {
                facade: Facade::Log,
                level,
                target: record.target().to_owned(),
                message: record.args().to_string(),
                spans: String::new(),
            };
            super::send(&record, &self.0);
        }

        fn flush(&self) {}
    }
}
