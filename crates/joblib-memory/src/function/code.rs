//! The identity of a function's code.

use std::fmt;

/// The hash of a function's normalised tokens, made when the macro expands.
///
/// ```
/// use joblib_memory::Code;
///
/// const HELPER: Code = Code::new(7);
/// const FIT: Code = Code::new(1).and(HELPER);
/// assert_ne!(FIT, Code::new(1));
/// assert_eq!(HELPER.hash(), 7);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(u128);

impl Code {
    /// The code with this hash.
    pub const fn new(hash: u128) -> Self {
        Self(hash)
    }

    /// This code that depends on another.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        // One round of FNV-1a over 128 bits at a time, with both halves mixed.
        let mixed =
            (self.0.rotate_left(29) ^ other.0).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        Self(mixed ^ (mixed >> 67))
    }

    /// What the compiler decided about a condition; for generated code.
    #[doc(hidden)]
    pub const fn of_condition(holds: bool) -> Self {
        Self(if holds { 1 } else { 2 })
    }

    /// The value of an environment variable when the program was compiled; for generated code.
    #[doc(hidden)]
    pub const fn of_variable(value: Option<&str>) -> Self {
        let Some(value) = value else { return Self(3) };
        let bytes = value.as_bytes();
        let mut code = Self(4).and(Self(bytes.len() as u128));
        let mut at = 0;
        while at < bytes.len() {
            code = code.and(Self(bytes[at] as u128));
            at += 1;
        }
        code
    }

    /// The code that a text stands for.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut hash = [0; 16];
        // A text can always be hashed.
        if let Ok(digest) = joblib_hash::hash(text) {
            hash.copy_from_slice(&digest.as_bytes()[..16]);
        }
        Self(u128::from_be_bytes(hash))
    }

    /// The hash.
    pub const fn hash(self) -> u128 {
        self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({:032x})", self.0)
    }
}

/// A function, constant or static whose code is known: one with `#[tracked]`, or with `#[cached]`
/// and its companions. `depends(…)` names such.
///
/// ```
/// use joblib_memory::{Code, HasCode};
///
/// // What `#[tracked]` writes beside `fn helper`.
/// struct helper {}
/// impl HasCode for helper {
///     const CODE: Code = Code::new(7);
/// }
/// assert_eq!(helper::CODE, Code::new(7));
/// ```
#[diagnostic::on_unimplemented(
    message = "the code of what `depends` names here is not known",
    label = "put `#[tracked]` above the function, `const` or `static` that this names; `#[cached]` does the same, \
             unless it says `companions = false`"
)]
pub trait HasCode {
    /// Its code, and that of what it depends on.
    const CODE: Code;
}

/// What is found beside an item of an `impl` whose code is known, and where it is not; for generated code.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Untracked;

impl Untracked {
    /// What stands for the code, so that the compiler has nothing to add to the error of [`known`].
    pub const fn code(self) -> Code {
        Code(0)
    }
}

impl Code {
    /// Itself; for generated code, which does not know whether it has an [`Untracked`].
    #[doc(hidden)]
    pub const fn code(self) -> Self {
        self
    }
}

/// An item of an `impl` whose code is known.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the code of what `depends` names here is not known",
    label = "put `#[tracked]` above the method, function or `const` of the `impl` that this names; `#[cached]` does the same"
)]
pub trait IsKnown {}

impl IsKnown for Code {}

/// Has the compiler say where an item's code is not known.
#[doc(hidden)]
pub const fn known<T: IsKnown + Copy>(code: T) -> T {
    code
}
