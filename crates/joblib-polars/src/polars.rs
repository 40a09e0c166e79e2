//! A frame or a series, known to serde.

use std::ops::{Deref, DerefMut};

use joblib_arrow::Table;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::Tabular;

/// A [`DataFrame`](crate::DataFrame) or a [`Series`](crate::Series) as an argument, a result or a part of one.
///
/// It is used as what is in it, and made of that by `Polars(frame)` or `into()`.
///
/// ```
/// use joblib_polars::Polars;
/// use polars::prelude::*;
///
/// let frame: Polars<DataFrame> = df!("n" => [1, 2, 3])?.into();
/// assert_eq!(frame.height(), 3);
/// // The same rows in two chunks are the same frame.
/// let parts = Polars(frame.head(Some(1)).vstack(&frame.tail(Some(2)))?);
/// assert_eq!(frame, parts);
/// assert_eq!(joblib::hash(&frame)?, joblib::hash(&parts)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Polars<T>(pub T);

impl<T> Polars<T> {
    /// What is in it.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Polars<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Polars<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Tabular> From<T> for Polars<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// Equal names, types and values: a null equals a null, and a number that is not one equals itself.
impl<T: Tabular> PartialEq for Polars<T> {
    fn eq(&self, other: &Self) -> bool {
        let tables = self.0.to_table().and_then(|table| Ok((table, other.0.to_table()?)));
        tables.is_ok_and(|(table, other)| table == other)
    }
}

impl<T: Tabular> Serialize for Polars<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_table().map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de, T: Tabular> Deserialize<'de> for Polars<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::from_table(&Table::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}
