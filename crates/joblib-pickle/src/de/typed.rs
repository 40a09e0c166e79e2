//! Dates, times and spans for types that do not take the text of them.

use joblib_array::erased;
use serde::de::Visitor;
use serde::de::value::SeqDeserializer;

use super::problem::Problem;
use crate::meaning::moment::Moment;
use crate::meaning::span::Span;
use crate::meaning::zone::Zone;
use crate::rust_type::{Form, Reads, RustType};

/// The type that is called so, if it is one that is known.
fn kind(made: &str) -> Option<RustType> {
    match made {
        // What chrono's TimeDelta deserializes.
        "(i64, i32)" => Some(RustType { form: Form::Span, reads: Reads::Numbers }),
        _ => RustType::named(made),
    }
}

/// The name of the type that a visitor makes.
fn made_by<'de, V: Visitor<'de>>(visitor: &V) -> &'static str {
    erased::made_by::<Problem, V>(visitor)
}

/// Whether the visitor's type may take a date, time or span in a form of its own.
pub(crate) fn is_asked_for<'de, V: Visitor<'de>>(visitor: &V) -> bool {
    kind(made_by(visitor)).is_some()
}

/// The moment in the form that the visitor's type takes.
pub(crate) fn moment<'de, V: Visitor<'de>>(moment: &Moment, visitor: V) -> Result<V::Value, Problem> {
    match RustType::named(made_by(&visitor)) {
        // pandas has no dates: a day is its first moment.
        Some(RustType { form: Form::Date, reads }) if moment.date.is_some() && is_midnight(moment) => {
            let day = Moment { time: None, zone: Zone::None, ..moment.clone() };
            match reads {
                Reads::Numbers => visitor.visit_seq(SeqDeserializer::new(numbers(&day).into_iter())),
                _ => visitor.visit_string(day.to_string()),
            }
        }
        // A type without a zone would lose it.
        Some(RustType { form: Form::PlainDateTime, .. }) if moment.zone != Zone::None => {
            visitor.visit_string(moment.to_string())
        }
        Some(RustType { form: Form::UtcDateTime, .. }) => {
            match moment.nanoseconds().and_then(Moment::from_nanos) {
                Some(moment) => visitor.visit_seq(SeqDeserializer::new(numbers(&moment).into_iter())),
                None => visitor.visit_string(moment.to_string()),
            }
        }
        Some(RustType { reads: Reads::Numbers, .. }) => {
            visitor.visit_seq(SeqDeserializer::new(numbers(moment).into_iter()))
        }
        _ => visitor.visit_string(moment.to_string()),
    }
}

/// The span in the form that the visitor's type takes, or as `otherwise` says.
pub(crate) fn span<'de, V: Visitor<'de>>(
    span: Span,
    visitor: V,
    otherwise: impl FnOnce(V) -> Result<V::Value, Problem>,
) -> Result<V::Value, Problem> {
    let (seconds, nanos) =
        (span.nanoseconds.div_euclid(1_000_000_000), span.nanoseconds.rem_euclid(1_000_000_000));
    let name = made_by(&visitor);
    match kind(name) {
        Some(RustType { form: Form::Span, reads: Reads::Numbers }) => {
            // Both numbers have one sign, as std's and time's do.
            let parts = if span.nanoseconds < 0 && name.starts_with("time::") {
                [span.nanoseconds / 1_000_000_000, span.nanoseconds % 1_000_000_000]
            } else {
                [seconds, nanos]
            };
            let parts = parts.map(|part| i64::try_from(part).unwrap_or(i64::MAX));
            visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
        }
        Some(RustType { form: Form::Span, reads: Reads::Text }) => {
            let sign = if span.nanoseconds < 0 { "-" } else { "" };
            let all = span.nanoseconds.unsigned_abs();
            visitor.visit_string(format!("{sign}PT{}.{:09}S", all / 1_000_000_000, all % 1_000_000_000))
        }
        _ => otherwise(visitor),
    }
}

/// Whether the visitor's type takes numbers where others take text, and the text is of a moment.
pub(crate) fn moment_of_text<'de, V: Visitor<'de>>(text: &str, visitor: &V) -> Option<Moment> {
    match RustType::named(made_by(visitor)) {
        Some(RustType { form, reads: Reads::Numbers }) if form != Form::Span => Moment::from_text(text),
        _ => None,
    }
}

fn is_midnight(moment: &Moment) -> bool {
    moment.time.is_none_or(|time| (time.hour, time.minute, time.second, time.nanosecond) == (0, 0, 0, 0))
}

/// As the crate `time` serializes it: year, day of the year, hour, minute, second, nanosecond, and hours, minutes and seconds
/// of the offset.
fn numbers(moment: &Moment) -> Vec<i64> {
    let mut numbers = Vec::with_capacity(9);
    if let Some(date) = moment.date {
        numbers.extend([date.year, date.day_of_year()]);
    }
    if let Some(time) = moment.time {
        numbers.extend([time.hour, time.minute, time.second].map(i64::from));
        numbers.push(i64::from(time.nanosecond));
    }
    if let Zone::Offset(micros) | Zone::Both(micros, _) = moment.zone {
        let seconds = micros / 1_000_000;
        numbers.extend([seconds / 3600, seconds / 60 % 60, seconds % 60]);
    }
    numbers
}
