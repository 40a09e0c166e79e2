//! Values that are stored as an array, and hashed by what they consist of.
//!
//! The array of a table is a file of Arrow, which is written column by column. Its hash does not need the file: the value
//! offers the memory of its columns to a serializer that calls [`transfer::capture_content`], and the array to all others.

use std::fmt;

use serde::ser::{Error as _, Serialize, Serializer};

use crate::content::Content;
use crate::serde::Parts;
use crate::{Array, transfer};

/// A value that is stored as an array of bytes.
pub trait Stored {
    /// What makes a value impossible to store or to hash.
    type Error: fmt::Display;

    /// What its hash is made of.
    ///
    /// # Errors
    ///
    /// Returns an error if the value can't be hashed.
    fn content(&self) -> Result<Content, Self::Error>;

    /// The array that is stored.
    ///
    /// # Errors
    ///
    /// Returns an error if the value can't be stored.
    fn to_array(&self) -> Result<Array<u8>, Self::Error>;
}

/// Serializes the value: as an array, or as its content where that is wanted.
///
/// # Errors
///
/// Returns the error of the value, or that of the serializer.
pub fn serialize<T: Stored, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    if transfer::is_capturing() {
        return Form(value).serialize(serializer);
    }
    serializer.serialize_newtype_struct(transfer::NAME, &Form(value))
}

/// What stands in the newtype struct.
struct Form<'a, T>(&'a T);

impl<T: Stored> Serialize for Form<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if transfer::leave_content(|| self.0.content()).map_err(S::Error::custom)? {
            return serializer.serialize_str("");
        }
        let array = self.0.to_array().map_err(S::Error::custom)?;
        Parts(&array).serialize(serializer)
    }
}
