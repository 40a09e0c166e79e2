//! Dates, times, spans, UUIDs, decimals and paths as the objects that Python has for them.

use serde::Serialize;

use super::parts::Parts;
use super::pickler::Pickler;
use crate::error::Result;
use crate::machine::opcode as op;
use crate::meaning::calendar::Date;
use crate::meaning::moment::{Moment, TimeOfDay};
use crate::meaning::span::Span;
use crate::meaning::zone::Zone;
use crate::rust_type::{Form, RustType};

/// An object of Python's library.
enum Object {
    Date(Date),
    DateTime(Date, TimeOfDay, Zone),
    Time(TimeOfDay),
    Span(Span),
    Uuid(u128),
    Decimal(String),
    Path(String),
}

/// Writes a value whose type is known as Python's object of it; false, and nothing is written, where Python's class can't hold
/// it, as a year after 9999 or nanoseconds.
pub(super) fn write<T: Serialize + ?Sized>(
    pickler: &mut Pickler<'_>,
    kind: RustType,
    value: &T,
) -> Result<bool> {
    let Some(object) = Parts::of(value).and_then(|parts| object(kind.form, parts)) else { return Ok(false) };
    match object {
        Object::Date(date) => {
            pickler.class("datetime", "date")?;
            pickler.bytes(&date_bytes(date))?;
            call(pickler, op::TUPLE1)?;
        }
        Object::DateTime(date, time, zone) => {
            pickler.class("datetime", "datetime")?;
            pickler.bytes(&[&date_bytes(date)[..], &time_bytes(time)].concat())?;
            match zone {
                Zone::Offset(offset) => self::zone(pickler, offset, None)?,
                Zone::Both(offset, name) => self::zone(pickler, offset, Some(&name))?,
                Zone::None | Zone::Name(_) | Zone::Second(_) => {
                    call(pickler, op::TUPLE1)?;
                    return Ok(true);
                }
            }
            call(pickler, op::TUPLE2)?;
        }
        Object::Time(time) => {
            pickler.class("datetime", "time")?;
            pickler.bytes(&time_bytes(time))?;
            call(pickler, op::TUPLE1)?;
        }
        Object::Span(span) => self::span(pickler, span)?,
        Object::Uuid(number) => {
            pickler.class("uuid", "UUID")?;
            pickler.opcode(op::EMPTY_TUPLE)?;
            pickler.opcode(op::NEWOBJ)?;
            pickler.opcode(op::EMPTY_DICT)?;
            pickler.repeated_text("int")?;
            pickler.wide(number)?;
            pickler.opcode(op::SETITEM)?;
            pickler.opcode(op::BUILD)?;
        }
        Object::Decimal(digits) => {
            pickler.class("decimal", "Decimal")?;
            pickler.text(&digits)?;
            call(pickler, op::TUPLE1)?;
        }
        Object::Path(path) => {
            pickler.class("pathlib", "Path")?;
            pickler.text(&path)?;
            call(pickler, op::TUPLE1)?;
        }
    }
    Ok(true)
}

/// A text that is the same for two values exactly where Python's objects of them are equal; `None` where the value is not
/// written as such an object.
pub(super) fn identity<T: Serialize + ?Sized>(kind: RustType, value: &T) -> Option<String> {
    Some(match object(kind.form, Parts::of(value)?)? {
        Object::Date(date) => Moment { date: Some(date), time: None, zone: Zone::None }.to_string(),
        Object::Time(time) => Moment { date: None, time: Some(time), zone: Zone::None }.to_string(),
        Object::DateTime(date, time, zone) => {
            let moment = Moment { date: Some(date), time: Some(time), zone };
            // One moment is equal to itself in every zone.
            match (&moment.zone, moment.nanoseconds().and_then(Moment::from_nanos)) {
                (Zone::Offset(_) | Zone::Both(..), Some(utc)) => {
                    Moment { zone: Zone::Offset(0), ..utc }.to_string()
                }
                _ => moment.to_string(),
            }
        }
        Object::Span(span) => format!("timedelta {span}"),
        Object::Uuid(number) => format!("uuid {number}"),
        Object::Decimal(digits) => decimal_identity(&digits),
        Object::Path(path) => format!("path {path}"),
    })
}

/// As [`identity`], of a float: whole ones are equal to integers.
pub(super) fn float_identity(value: f64) -> String {
    // `{:.0}` writes every digit; a negative zero is a zero.
    if value.fract() == 0.0 { format!("{:.0}", value + 0.0) } else { format!("float {:x}", value.to_bits()) }
}

/// As [`identity`], of a decimal number: it is equal to the integer or the float of exactly its value.
fn decimal_identity(digits: &str) -> String {
    let plain = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (digits, ""),
    };
    match (plain, digits.parse::<f64>()) {
        (("-0" | "0", ""), _) => "0".to_owned(),
        ((whole, ""), _) if !whole.contains(['e', 'E']) => whole.to_owned(),
        ((whole, fraction), Ok(value)) if exact(value) == format!("{whole}.{fraction}") => {
            float_identity(value)
        }
        ((whole, fraction), _) => format!("decimal {whole}.{fraction}"),
    }
}

/// All digits of a float that is not whole.
fn exact(value: f64) -> String {
    // No float has more digits behind the point.
    format!("{value:.1074}").trim_end_matches('0').to_owned()
}

/// Calls the class below the arguments, of which there are as many as `tuple` takes.
fn call(pickler: &mut Pickler<'_>, tuple: u8) -> Result<()> {
    pickler.opcode(tuple)?;
    pickler.opcode(op::REDUCE)
}

fn span(pickler: &mut Pickler<'_>, span: Span) -> Result<()> {
    let (days, seconds, micros) = span.parts();
    pickler.class("datetime", "timedelta")?;
    for part in [days, seconds, micros] {
        pickler.int(part.into())?;
    }
    call(pickler, op::TUPLE3)
}

/// `timezone(timedelta(…), name)`: the offset of the moment, so that it is the same one wherever it is loaded.
fn zone(pickler: &mut Pickler<'_>, micros: i64, name: Option<&str>) -> Result<()> {
    pickler.class("datetime", "timezone")?;
    span(pickler, Span { nanoseconds: i128::from(micros) * 1000 })?;
    match name {
        Some(name) => {
            pickler.repeated_text(name)?;
            call(pickler, op::TUPLE2)
        }
        None => call(pickler, op::TUPLE1),
    }
}

/// The object that parts of a value of that form say, if Python can hold it.
fn object(form: Form, parts: Parts) -> Option<Object> {
    match (form, parts) {
        (Form::Uuid, Parts::Text(text)) => {
            let hex: String = text.chars().filter(|&c| c != '-').collect();
            (hex.len() == 32).then(|| u128::from_str_radix(&hex, 16).ok().map(Object::Uuid))?
        }
        (Form::Decimal, Parts::Text(text)) => Some(Object::Decimal(text)),
        (Form::Path, Parts::Text(text)) => Some(Object::Path(text)),
        (Form::Span, parts) => {
            let span = match parts {
                Parts::Text(text) => Span::from_text(&text)?,
                Parts::Numbers(numbers) => match *numbers {
                    [seconds, nanos] => {
                        Span { nanoseconds: seconds.checked_mul(1_000_000_000)?.checked_add(nanos)? }
                    }
                    _ => return None,
                },
            };
            // A timedelta has a thousand million days and whole microseconds.
            let (days, ..) = span.parts();
            let fits = span.nanoseconds % 1000 == 0 && days.unsigned_abs() < 1_000_000_000;
            fits.then_some(Object::Span(span))
        }
        (form, parts) => {
            let moment = match parts {
                Parts::Text(text) => Moment::from_text(&text)?,
                Parts::Numbers(numbers) => moment(form, &numbers)?,
            };
            let zone = match form {
                Form::UtcDateTime => Zone::Offset(0),
                _ => moment.zone,
            };
            let date = moment.date.filter(|date| (1..=9999).contains(&date.year));
            let time = moment.time.filter(|time| time.nanosecond % 1000 == 0);
            match (form, date, time, zone) {
                (Form::Date, Some(date), None, Zone::None) if moment.time.is_none() => {
                    Some(Object::Date(date))
                }
                (Form::Time, None, Some(time), Zone::None) if moment.date.is_none() => {
                    Some(Object::Time(time))
                }
                // A timezone is less than a day.
                (_, _, _, Zone::Offset(offset) | Zone::Both(offset, _))
                    if offset.unsigned_abs() >= 86_400_000_000 =>
                {
                    None
                }
                (Form::PlainDateTime | Form::DateTime | Form::UtcDateTime, Some(date), Some(time), zone)
                    if !matches!(zone, Zone::Name(_) | Zone::Second(_)) =>
                {
                    Some(Object::DateTime(date, time, zone))
                }
                _ => None,
            }
        }
    }
}

/// The moment that numbers say: those of the crate `time` (year, day of the year, hour, minute, second, nanosecond, and
/// hours, minutes and seconds of the offset), or seconds and nanoseconds since 1970.
fn moment(form: Form, numbers: &[i128]) -> Option<Moment> {
    if let (Form::DateTime, &[seconds, nanos]) = (form, numbers) {
        let moment = Moment::from_nanos(seconds.checked_mul(1_000_000_000)?.checked_add(nanos)?)?;
        return Some(Moment { zone: Zone::Offset(0), ..moment });
    }
    let (date, rest) = match (form, numbers) {
        (
            Form::Date | Form::PlainDateTime | Form::DateTime | Form::UtcDateTime,
            &[year, day, ref rest @ ..],
        ) => {
            let date = Date::of_year(i64::try_from(year).ok()?, i64::try_from(day).ok()?)?;
            (Some(date), rest)
        }
        _ => (None, numbers),
    };
    let (time, offset) = match *rest {
        [] => (None, &[][..]),
        [hour, minute, second, nanosecond, ref offset @ ..] => {
            let time = TimeOfDay {
                hour: u8::try_from(hour).ok()?,
                minute: u8::try_from(minute).ok()?,
                second: u8::try_from(second).ok()?,
                nanosecond: u32::try_from(nanosecond).ok()?,
            };
            (Some(time), offset)
        }
        _ => return None,
    };
    let zone = match *offset {
        [] => Zone::None,
        [hours, minutes, seconds] => {
            Zone::Offset(i64::try_from((hours * 3600 + minutes * 60 + seconds) * 1_000_000).ok()?)
        }
        _ => return None,
    };
    Some(Moment { date, time, zone })
}

fn date_bytes(date: Date) -> [u8; 4] {
    // The year was found to be one of four digits.
    let [high, low] = (date.year as u16).to_be_bytes();
    [high, low, date.month, date.day]
}

fn time_bytes(time: TimeOfDay) -> [u8; 6] {
    let [_, a, b, c] = (time.nanosecond / 1000).to_be_bytes();
    [time.hour, time.minute, time.second, a, b, c]
}
