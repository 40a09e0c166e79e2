//! What a call leaves in the record of its run.

use std::borrow::Cow;
use std::time::Duration;

use joblib_record::{Argument, Begin, End, Hit, Outcome, Step};

use super::error_text::ErrorText;
use super::keep::Keep;
use super::read::Found;
use super::{Call, Describe, Description, KeyedCall, explain};
use crate::entry::metadata;

impl Call<'_> {
    /// Records a hit that took `reading`.
    pub(super) fn record_hit(
        &self,
        call: [u8; 16],
        reading: Duration,
        waited: Duration,
        found: &Found,
        describe: Describe<'_>,
    ) {
        let Some(recorder) = self.memory.recorder() else { return };
        let mut texts = Description::default();
        if !self.settings.redact {
            describe(&mut texts);
        }
        let mut texts = texts.0.into_iter();
        let argument = |name| Argument { name: Cow::Borrowed(name), text: texts.next().map(Cow::Owned) };
        recorder.hit(Hit {
            name: self.name().into(),
            call,
            code: folded(self.function.version.code()),
            took: nanos(reading),
            computing: nanos(found.times.duration()),
            waited: nanos(waited),
            arguments: self.content.names().map(argument).collect(),
            ..Hit::default()
        });
    }
}

impl KeyedCall<'_> {
    /// Records that the result is computed, and why.
    pub(super) fn record_begin(&self, arguments: &[metadata::Argument]) -> Option<Step> {
        let recorder = self.call.memory.recorder()?;
        let arguments = arguments.iter().map(|argument| Argument {
            name: argument.name().into(),
            text: argument.text().map(Cow::Borrowed),
        });
        let step = recorder.begin(&Begin {
            name: self.call.name().into(),
            call: *self.key.call(),
            code: folded(self.key.version().code()),
            arguments: arguments.collect(),
            cause: explain::of_recorded_miss(self).into(),
            waited: nanos(self.waited),
            ..Begin::call()
        });
        Some(if self.call.settings.redact { step.redacted() } else { step })
    }
}

/// What became of a result that was computed.
pub(super) enum Fate {
    /// So many bytes were stored.
    Stored(u64),
    /// It could not be stored.
    NotStored,
    /// It is not one to keep.
    NotKept,
    /// It is an error, which is not kept; what the record says of it.
    Failed(String),
}

impl Fate {
    /// What becomes of a result that is not stored, for the record of `step`. The text of an error is made only for one
    /// that may tell it.
    pub(super) fn unstored<R, K: Keep<R>>(step: Option<&Step>, result: &R, text: ErrorText<R>) -> Self {
        match (K::stored_part(result), K::error_type()) {
            (Some(_), _) => Self::NotStored,
            (None, None) => Self::NotKept,
            (None, Some(error_type)) => Self::Failed(failure(step, error_type, &|| text.of(result))),
        }
    }
}

fn failure(step: Option<&Step>, error_type: &str, text: &dyn Fn() -> Option<String>) -> String {
    match step {
        None => String::new(),
        Some(step) if step.is_redacted() => "it returned an error".to_owned(),
        Some(_) => text().map_or_else(
            || format!("it returned an error of the type {error_type}"),
            |text| format!("it returned an error: {text}"),
        ),
    }
}

/// Records what became of a result.
pub(super) fn end(step: Step, fate: Fate) {
    let computed = End::new(Outcome::Computed);
    step.end(&match fate {
        Fate::Stored(bytes) => End { bytes, ..computed },
        Fate::NotStored => End { message: "it could not be stored".into(), ..computed },
        Fate::NotKept => End { message: "it is not one to keep".into(), ..computed },
        Fate::Failed(message) => End { message: message.into(), ..End::new(Outcome::Failed) },
    });
}

/// The code as stores name it.
fn folded(code: u128) -> u64 {
    (code >> 64) as u64 ^ code as u64
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
