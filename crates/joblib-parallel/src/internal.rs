//! What the code that `delayed!` and `#[task]` generate uses. Private API, not covered by semver.

pub use crate::task::call::{
    CallName, call_0, call_1, call_2, call_3, call_4, call_5, call_6, call_7, call_8, call_9, call_10,
    call_11, call_12, task,
};
pub use crate::task::delayed::{Delayed, Function};
pub use crate::task::lent::{
    Absent, Lend, Lendable, LendableAs, Lent, Movable, MovableAs, Moved, OwnLent, OwnLentRefused,
    OwnLentTwice, OwnMoved, OwnRefused, OwnShared, Refused, Tag, TagLent, TagLentRefused, TagLentTwice,
    TagMoved, TagRefused, TagShared,
};
