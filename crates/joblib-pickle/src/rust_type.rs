//! Types of Rust that Python has one of its own for, recognised by their names: to serde a date is a text like any other.

/// What a type is in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Date,
    /// A date and a time of day without a zone.
    PlainDateTime,
    DateTime,
    /// One in UTC that does not say so.
    UtcDateTime,
    Time,
    /// A span of time.
    Span,
    Uuid,
    Decimal,
    Path,
}

/// A type that has a form, and how it deserializes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RustType {
    pub(crate) form: Form,
    pub(crate) reads: Reads,
}

/// What a type's `Deserialize` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    Text,
    /// A tuple of numbers.
    Numbers,
    /// A struct.
    Fields,
}

impl RustType {
    /// The type `T` or a reference to it, if it is one that is known.
    #[inline]
    pub(crate) fn of<T: ?Sized>() -> Option<Self> {
        Self::named(std::any::type_name::<T>())
    }

    /// The type with that name or a reference to it, by the crate and the last part of the name: the modules between them change
    /// from release to release.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let (krate, path) = name.trim_start_matches('&').split_once("::")?;
        let known = matches!(
            krate,
            "chrono" | "time" | "jiff" | "uuid" | "rust_decimal" | "bigdecimal" | "std" | "core"
        );
        if !known {
            return None;
        }
        let path = path.split('<').next()?;
        let (form, reads) = match (krate, path.rsplit("::").next()?) {
            ("chrono", "NaiveDate") | ("jiff", "Date") => (Form::Date, Reads::Text),
            ("chrono", "NaiveDateTime") | ("jiff", "DateTime") => (Form::PlainDateTime, Reads::Text),
            ("chrono", "NaiveTime") | ("jiff", "Time") => (Form::Time, Reads::Text),
            ("chrono", "DateTime") | ("jiff", "Timestamp" | "Zoned") => (Form::DateTime, Reads::Text),
            ("jiff", "SignedDuration") => (Form::Span, Reads::Text),
            ("time", "Date") => (Form::Date, Reads::Numbers),
            ("time", "Time") => (Form::Time, Reads::Numbers),
            ("time", "PrimitiveDateTime" | "PlainDateTime") => (Form::PlainDateTime, Reads::Numbers),
            ("time", "OffsetDateTime") => (Form::DateTime, Reads::Numbers),
            ("time", "UtcDateTime") => (Form::UtcDateTime, Reads::Numbers),
            ("chrono", "TimeDelta") | ("time", "Duration" | "SignedDuration") => (Form::Span, Reads::Numbers),
            ("core" | "std", "Duration") => (Form::Span, Reads::Fields),
            ("std", "SystemTime") => (Form::DateTime, Reads::Fields),
            ("std", "PathBuf" | "Path") => (Form::Path, Reads::Text),
            ("uuid", "Uuid") => (Form::Uuid, Reads::Text),
            ("rust_decimal", "Decimal") | ("bigdecimal", "BigDecimal") => (Form::Decimal, Reads::Text),
            _ => return None,
        };
        Some(Self { form, reads })
    }
}
