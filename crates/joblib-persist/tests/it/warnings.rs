//! What is told to a person who maps a file that can't be mapped.

use std::sync::{Arc, Mutex};

use joblib_array::{Array, MmapMode};
use joblib_persist::{LoadOptions, dump};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Keeps the warnings' texts and fields.
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
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                self.0.extend([field.name(), ": ", &format!("{value:?}"), "; "]);
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        self.0.lock().unwrap().push(text.0);
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
fn mapping_a_compressed_file_gives_one_warning_that_names_file_and_compressor() {
    let folder = tempfile::tempdir().unwrap();
    let (plain, packed) = (folder.path().join("plain"), folder.path().join("packed.xz"));
    let arrays = vec![Array::<f64>::zeros(&[1000]); 3];
    dump(&arrays, &plain).unwrap();
    dump(&arrays, &packed).unwrap();
    let options = LoadOptions::new().mmap_mode(MmapMode::Read);

    let warnings = warnings_of(|| {
        let loaded: Vec<Array<f64>> = options.load(&packed).unwrap();
        assert!(loaded.iter().all(|array| !array.is_mapped()));
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("packed.xz") && warnings[0].contains("\"xz\""), "{warnings:?}");

    let none = warnings_of(|| {
        options.load::<Vec<Array<f64>>>(&plain).unwrap();
        LoadOptions::new().load::<Vec<Array<f64>>>(&packed).unwrap();
    });
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn mapping_a_stream_gives_one_warning() {
    let mut bytes = Vec::new();
    joblib_persist::dump_to(&Array::<f64>::zeros(&[1000]), &mut bytes).unwrap();
    let warnings = warnings_of(|| {
        LoadOptions::new().mmap_mode(MmapMode::Read).load_from::<Array<f64>, _>(&bytes[..]).unwrap();
    });
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}
