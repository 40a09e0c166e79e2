//! What a function made at run time captures, as a part of its calls' keys.

use std::borrow::Cow;
use std::panic::Location;

use joblib_encoding::Preview;
use serde::Serialize;

use crate::call::{ARGUMENT_CHARS, Call, Description, Unkeyed};
use crate::function::pointee::Pointee;
use crate::function::runtime::may_hold_values;

/// What is known of the values that a function captures.
#[derive(Clone)]
pub(super) enum Captures {
    /// There are none, or no result depends on them.
    Nothing,
    /// There may be some, and they were not given.
    Unknown,
    /// They were given.
    Known {
        digest: [u8; 32],
        /// What a `dyn` in them leads to.
        behind: Option<Cow<'static, str>>,
        text: String,
    },
    /// They were given, and can't be hashed; the reason.
    Unhashable(String),
}

/// What they are called among a call's arguments.
const NAME: &str = "captures";

impl Captures {
    /// Those of a function, as far as its type tells.
    pub(super) fn of<F>(function: &F) -> Self {
        if may_hold_values(function) { Self::Unknown } else { Self::Nothing }
    }

    /// Those that were given.
    pub(super) fn given<T: Serialize>(values: &T) -> Self {
        // `()` says that no result depends on them.
        if typeid::of::<T>() == typeid::of::<()>() {
            return Self::Nothing;
        }
        let pointee = Pointee::of(values);
        let behind = pointee.lasting();
        if behind.is_none() && pointee != Pointee::Nothing {
            return Self::Unhashable(
                "they hold a `dyn` whose type can't be known in the next run".to_owned(),
            );
        }
        match joblib_hash::hash(values) {
            Ok(hashed) => {
                let mut digest = [0; 32];
                digest.copy_from_slice(hashed.as_bytes());
                let text = Preview::of(values).text(ARGUMENT_CHARS);
                Self::Known { digest, behind: behind.map(Cow::Borrowed), text }
            }
            Err(error) => Self::Unhashable(error.to_string()),
        }
    }

    /// Makes a call fail to have a key if they are not known; `place` is where the function was cached.
    pub(super) fn check(&self, call: &mut Call<'_>, place: &Location<'_>) {
        let name = call.name();
        let reason = match self {
            Self::Nothing | Self::Known { .. } => return,
            Self::Unknown => Unkeyed::UnknownCaptures(format!(
                "`{name}` ({place}) captures values that are not in its key: pass them as arguments, or give them to \
                 `memory.cache(…).captures(&values)`, or `captures(())` if no result depends on them"
            )),
            Self::Unhashable(reason) => {
                Unkeyed::Unhashable(format!("could not hash what {name} captures: {reason}"))
            }
        };
        call.fail(reason);
    }

    /// Adds them to a call's key, behind the arguments.
    pub(super) fn add_to(&self, call: &mut Call<'_>) {
        if let Self::Known { digest, behind, .. } = self {
            call.digest_of_argument(NAME, *digest, behind.clone());
        }
    }

    /// Adds their text behind those of the arguments.
    pub(super) fn describe(&self, description: &mut Description) {
        if let Self::Known { text, .. } = self {
            description.text(text.clone());
        }
    }
}
