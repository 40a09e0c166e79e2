//! Deserializers behind a vtable, so that a user's type is compiled once and not for each of them.
//!
//! A `Deserialize` of a user's type is compiled for every deserializer that it meets. A format with a dozen of them, one for
//! each kind of place that a value may stand in, costs each type a dozen copies, and every copy drags the format's own code
//! along. Here the type meets one, [`AnyDeserializer`]; what is behind it is compiled in the format's crate.
//!
//! ```text
//! the user's crate             | the format's crate
//! T::deserialize               |
//!   AnyDeserializer            -> dyn ErasedDeserializer: Erased<D>
//!                              |    D::deserialize_…
//!   dyn ErasedVisitor: Slot<V> <-      Asking: a `Visitor` whose value is `()`
//!     V::visit_…               |
//! ```
//!
//! Sequences, maps and enums go the same way with the seeds of their parts. The value itself never passes the vtable: the
//! visitor and, after it, its value stand in a slot of the caller's stack frame.
//!
//! The crate `erased-serde` does the same for formats in general. It passes errors as text, and this project's carry a kind
//! and a place; and it hides the names of the types that visitors make, by which formats here recognise dates, serde's
//! buffers and their own types. So the errors of a format, named by the parameter `P`, travel as they are ([`AnyError`]), and
//! [`made_by`] tells what a visitor makes also when it is behind the vtable.

mod any;
mod error;
mod format;
mod number;
mod vector;
mod vtable;

pub use self::any::{AnyDeserializer, Seed};
pub use self::error::{AnyError, FormatError};
pub use self::format::{Asking, erase, give_numbers, made_by, made_by_seed, through, wanted_numbers};
pub use self::vtable::{ErasedDeserializer, ErasedSeed, Hint};
