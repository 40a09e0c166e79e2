//! What is told to a person whose functions get in each other's way.

use std::sync::{Arc, Mutex};

use joblib_memory::Memory;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Keeps the warnings' texts.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &Event<'_>) {
        struct Message<'a>(&'a Mutex<Vec<String>>);
        impl Visit for Message<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0.lock().unwrap().push(format!("{value:?}"));
                }
            }
        }
        event.record(&mut Message(&self.0));
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn warnings_of(act: impl FnOnce()) -> Vec<String> {
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), act);
    warnings.0.lock().unwrap().clone()
}

#[test]
fn a_name_of_two_functions_is_quoted() {
    let memory = Memory::with_backend("in_memory", "two of one name").unwrap();
    let warnings = warnings_of(|| {
        memory.eval("same", |x: i32| x + 1, (1,));
        memory.eval("same", |x: i32| x + 2, (1,));
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("two cached functions are called `same`, at "), "{warnings:?}");
}
