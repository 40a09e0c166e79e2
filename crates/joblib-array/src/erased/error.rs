//! The error of an erased deserializer: a format's own, or what a type says, in its parts.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::same::{self, NoLifetimes};

/// The error type of a format's deserializers.
pub trait FormatError: de::Error + NoLifetimes {}

impl<E: de::Error + NoLifetimes> FormatError for E {}

/// Why a type could not be made.
pub struct AnyError(Repr);

enum Repr {
    /// A format's error, as it is.
    Own(Box<dyn Own>),
    /// What a type says.
    Said(Box<Said>),
}

/// An error that can be told by its type.
trait Own: Any + StdError {}

impl<E: Any + StdError> Own for E {}

/// What serde lets a type say.
enum Said {
    Custom(String),
    InvalidType { unexpected: String, expected: String },
    InvalidValue { unexpected: String, expected: String },
    InvalidLength { len: usize, expected: String },
    UnknownVariant { variant: String, expected: &'static [&'static str] },
    UnknownField { field: String, expected: &'static [&'static str] },
    MissingField(&'static str),
    DuplicateField(&'static str),
}

impl AnyError {
    #[cold]
    fn said(said: Said) -> Self {
        Self(Repr::Said(Box::new(said)))
    }

    /// The error `error` of a deserializer of the format whose errors are `P`.
    #[cold]
    pub(super) fn carry<P: FormatError, E: de::Error>(error: E) -> Self {
        match same::known::<E, P>(error) {
            Ok(own) => Self(Repr::Own(Box::new(own))),
            Err(other) => Self::said(Said::Custom(other.to_string())),
        }
    }

    /// The error as one of the format.
    #[cold]
    pub fn into_own<P: FormatError>(self) -> P {
        match self.0 {
            Repr::Own(own) => {
                let text = own.to_string();
                let own: Box<dyn Any> = own;
                own.downcast().map_or_else(|_| P::custom(text), |own| *own)
            }
            Repr::Said(said) => said.tell(),
        }
    }

    /// The error as that of a deserializer of the format.
    #[cold]
    pub(super) fn give_back<P: FormatError, E: de::Error>(self) -> E {
        let text = if same::is_same::<E, P>() { None } else { Some(self.to_string()) };
        match (text, same::made::<P, E>(self.into_own())) {
            (None, Some(error)) => error,
            (text, _) => E::custom(text.unwrap_or_default()),
        }
    }
}

impl Said {
    fn tell<E: de::Error>(&self) -> E {
        match self {
            Self::Custom(message) => E::custom(message),
            Self::InvalidType { unexpected, expected } => {
                E::invalid_type(Unexpected::Other(unexpected), &expected.as_str())
            }
            Self::InvalidValue { unexpected, expected } => {
                E::invalid_value(Unexpected::Other(unexpected), &expected.as_str())
            }
            Self::InvalidLength { len, expected } => E::invalid_length(*len, &expected.as_str()),
            Self::UnknownVariant { variant, expected } => E::unknown_variant(variant, expected),
            Self::UnknownField { field, expected } => E::unknown_field(field, expected),
            Self::MissingField(field) => E::missing_field(field),
            Self::DuplicateField(field) => E::duplicate_field(field),
        }
    }
}

impl fmt::Display for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Own(own) => own.fmt(f),
            Repr::Said(said) => said.tell::<de::value::Error>().fmt(f),
        }
    }
}

impl fmt::Debug for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyError({self})")
    }
}

impl StdError for AnyError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Repr::Own(own) => own.source(),
            Repr::Said(_) => None,
        }
    }
}

impl de::Error for AnyError {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::said(Said::Custom(message.to_string()))
    }

    #[cold]
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::said(Said::InvalidType { unexpected: unexpected.to_string(), expected: expected.to_string() })
    }

    #[cold]
    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::said(Said::InvalidValue { unexpected: unexpected.to_string(), expected: expected.to_string() })
    }

    #[cold]
    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::said(Said::InvalidLength { len, expected: expected.to_string() })
    }

    #[cold]
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::said(Said::UnknownVariant { variant: variant.to_owned(), expected })
    }

    #[cold]
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::said(Said::UnknownField { field: field.to_owned(), expected })
    }

    #[cold]
    fn missing_field(field: &'static str) -> Self {
        Self::said(Said::MissingField(field))
    }

    #[cold]
    fn duplicate_field(field: &'static str) -> Self {
        Self::said(Said::DuplicateField(field))
    }
}
