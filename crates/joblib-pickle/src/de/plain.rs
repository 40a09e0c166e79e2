//! Small values that stand in no pool, for types that want a date's or a span's fields.

use serde::de::value::MapDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::problem::Problem;
use crate::meaning::moment::Moment;
use crate::meaning::span::Span;
use crate::meaning::zone::Zone;
use joblib_array::forward;

/// A value of its own.
#[derive(Debug, Clone)]
pub(crate) enum Plain {
    None,
    Int(i64),
    Float(f64),
    Text(String),
}

impl<'de> Deserializer<'de> for Plain {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::None => visitor.visit_unit(),
            Self::Int(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            Self::None => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward! { <'de>(self, visitor) deserialize_newtype_struct => visitor.visit_newtype_struct(self); }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Problem> for Plain {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Gives named fields to a struct or map.
pub(crate) fn fields<'de, V: Visitor<'de>, const N: usize>(
    fields: [(&'static str, Plain); N],
    visitor: V,
) -> Result<V::Value, Problem> {
    visitor.visit_map(MapDeserializer::new(fields.into_iter()))
}

/// `std::time::Duration`.
pub(crate) fn duration<'de, V: Visitor<'de>>(span: Span, visitor: V) -> Result<V::Value, Problem> {
    let seconds =
        u64::try_from(span.nanoseconds.div_euclid(1_000_000_000)).ok().and_then(|s| i64::try_from(s).ok());
    let seconds = seconds
        .ok_or_else(|| Problem::wrong(format!("the timedelta {span} is no Duration: it is negative")))?;
    let nanos = span.nanoseconds.rem_euclid(1_000_000_000) as i64;
    fields([("secs", Plain::Int(seconds)), ("nanos", Plain::Int(nanos))], visitor)
}

/// The fields of a date or time; `std::time::SystemTime` for a struct of that name.
pub(crate) fn moment<'de, V: Visitor<'de>>(
    moment: &Moment,
    name: &str,
    visitor: V,
) -> Result<V::Value, Problem> {
    if name == "SystemTime" {
        let nanos = moment.nanoseconds().ok_or_else(|| {
            Problem::wrong(format!("{moment} is no SystemTime: its offset from UTC is not known"))
        })?;
        let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(i64::MIN);
        let rest = Plain::Int(nanos.rem_euclid(1_000_000_000) as i64);
        return fields([("secs_since_epoch", Plain::Int(seconds)), ("nanos_since_epoch", rest)], visitor);
    }
    let offset = match moment.zone {
        Zone::Offset(micros) | Zone::Both(micros, _) => Plain::Int(micros / 1_000_000),
        _ => Plain::None,
    };
    let zone = match &moment.zone {
        Zone::Name(name) | Zone::Second(name) | Zone::Both(_, name) => Plain::Text(name.clone()),
        _ => Plain::None,
    };
    let mut parts = Vec::new();
    if let Some(date) = moment.date {
        parts.push(("year", Plain::Int(date.year)));
        parts.push(("month", Plain::Int(i64::from(date.month))));
        parts.push(("day", Plain::Int(i64::from(date.day))));
    }
    if let Some(time) = moment.time {
        parts.push(("hour", Plain::Int(i64::from(time.hour))));
        parts.push(("minute", Plain::Int(i64::from(time.minute))));
        parts.push(("second", Plain::Int(i64::from(time.second))));
        parts.push(("microsecond", Plain::Int(i64::from(time.nanosecond / 1000))));
        parts.push(("nanosecond", Plain::Int(i64::from(time.nanosecond))));
        parts.push(("utc_offset", offset));
        parts.push(("zone", zone));
        parts.push(("fold", Plain::Int(i64::from(matches!(moment.zone, Zone::Second(_))))));
    }
    visitor.visit_map(MapDeserializer::new(parts.into_iter()))
}
