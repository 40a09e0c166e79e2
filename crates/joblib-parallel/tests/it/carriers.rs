//! The context that tasks get from their caller, and what their caller gets from them: spans, carriers, events.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};

use joblib_parallel::{Backend, Parallel, delayed, register_carrier};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;

/// An event: its fields as text, and the spans it was in.
type Heard = (String, Vec<&'static str>);

static HEARD: Mutex<Vec<Heard>> = Mutex::new(Vec::new());
static SPANS: Mutex<Option<HashMap<u64, &'static Metadata<'static>>>> = Mutex::new(None);

thread_local! {
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Remembers all events of the program.
pub(crate) struct Recorder(AtomicU64);

impl Recorder {
    pub(crate) fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| tracing::subscriber::set_global_default(Recorder(AtomicU64::new(1))).unwrap());
    }
}

fn metadata_of(id: u64) -> &'static Metadata<'static> {
    SPANS.lock().unwrap().get_or_insert_default()[&id]
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.0.fetch_add(1, Ordering::Relaxed);
        SPANS.lock().unwrap().get_or_insert_default().insert(id, span.metadata());
        Id::from_u64(id)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let spans = ENTERED.with_borrow(|entered| entered.iter().map(|id| metadata_of(*id).name()).collect());
        HEARD.lock().unwrap().push((text.0, spans));
    }

    fn enter(&self, span: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.into_u64()));
    }

    fn exit(&self, _span: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
    }

    fn current_span(&self) -> Current {
        match ENTERED.with_borrow(|entered| entered.last().copied()) {
            Some(id) => Current::new(Id::from_u64(id), metadata_of(id)),
            None => Current::none(),
        }
    }
}

/// The events that contain `text`.
pub(crate) fn heard(text: &str) -> Vec<Heard> {
    HEARD.lock().unwrap().iter().filter(|(event, _)| event.contains(text)).cloned().collect()
}

fn parallel(backend: &str) -> Parallel {
    Parallel::new().n_jobs(2).backend(Backend::from(backend))
}

#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn speak(n: u64, backend: String) {
    tracing::info!("task {n} on {backend} speaks");
}

#[test]
fn events_of_tasks_are_heard_in_the_callers_span_wherever_the_task_runs() {
    Recorder::install();
    let span = tracing::info_span!("outer");
    let _entered = span.enter();
    for backend in ["sequential", "threading", "loky"] {
        parallel(backend).run((0..4).map(|n| delayed(speak, (n, backend.to_owned())))).unwrap();
        for n in 0..4 {
            let events = heard(&format!("task {n} on {backend} speaks"));
            assert_eq!(events.len(), 1, "{events:?}");
            assert_eq!(events[0].1, ["outer"], "{events:?}");
        }
    }
}

/// Leaks this many megabytes.
fn leak(megabytes: usize) -> u32 {
    std::mem::forget(vec![1_u8; megabytes << 20]);
    std::process::id()
}

#[test]
fn a_worker_that_has_done_or_grown_too_much_is_replaced_and_the_log_says_why() {
    Recorder::install();
    let different = |pids: Vec<u32>| pids.into_iter().collect::<HashSet<u32>>().len();
    let tasks = || (0..12).map(|_| delayed(leak, (0,)));
    let pids = parallel("loky").recycle_after_tasks(3).batch_size(3).run(tasks()).unwrap();
    assert!(different(pids) >= 4);
    assert!(!heard("it has done 3 tasks, of at most 3").is_empty(), "{:?}", heard("replaced"));
    let tasks = || (0..6).map(|_| delayed(leak, (80,)));
    let pids = parallel("loky").recycle_above_bytes(60 << 20).batch_size(1).run(tasks()).unwrap();
    assert_eq!(different(pids), 6, "each grows too large with its first task");
    assert!(!heard("of at most 62914560").is_empty(), "{:?}", heard("replaced"));
}

static CARRIED: Mutex<Option<String>> = Mutex::new(None);

fn capture() -> Option<Vec<u8>> {
    CARRIED.lock().unwrap().clone().map(String::into_bytes)
}

/// Sets what was carried back when the batch is over.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        *CARRIED.lock().unwrap() = None;
    }
}

fn apply(state: &[u8]) -> Box<dyn Any> {
    *CARRIED.lock().unwrap() = Some(String::from_utf8(state.to_vec()).unwrap());
    Box::new(Reset)
}

#[test]
fn a_carrier_brings_what_the_caller_has_to_each_worker_for_the_time_of_the_call() {
    let look = || CARRIED.lock().unwrap().clone();
    let seen = || parallel("loky").run((0..4).map(|_| delayed(look, ()))).unwrap();
    register_carrier("test", capture, apply);
    assert_eq!(seen(), [const { None }; 4]);
    for state in ["first", "second"] {
        *CARRIED.lock().unwrap() = Some(state.to_owned());
        assert_eq!(seen(), [const { Some(()) }; 4].map(|_| Some(state.to_owned())));
    }
    *CARRIED.lock().unwrap() = None;
    assert_eq!(seen(), [const { None }; 4], "a worker that is kept keeps nothing of earlier calls");
}

/// Remembers the messages of the crate `log`.
struct Logger;

static LOGGED: Mutex<Vec<(log::Level, String, String)>> = Mutex::new(Vec::new());

impl log::Log for Logger {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let message = (record.level(), record.target().to_owned(), record.args().to_string());
        LOGGED.lock().unwrap().push(message);
    }

    fn flush(&self) {}
}

fn logs(n: u64) {
    log::warn!(target: "a study", "message {n}");
    log::debug!(target: "a study", "not asked for");
}

#[test]
fn messages_of_the_crate_log_reach_the_callers_logger_wherever_the_task_runs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| log::set_boxed_logger(Box::new(Logger)).unwrap());
    log::set_max_level(log::LevelFilter::Info);
    for (backend, n) in [("sequential", 1), ("threading", 2), ("loky", 3)] {
        parallel(backend).run([delayed(logs, (n,))]).unwrap();
        let logged = LOGGED.lock().unwrap();
        let messages: Vec<_> = logged.iter().filter(|(_, target, _)| target == "a study").collect();
        assert_eq!(messages.len(), n as usize, "{backend}: {messages:?}");
        let expected = (log::Level::Warn, "a study".to_owned(), format!("message {n}"));
        assert_eq!(*messages[n as usize - 1], expected, "{backend}");
    }
}
