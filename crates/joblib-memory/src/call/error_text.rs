//! The text of the error that a function returned, for the record of its run.
//!
//! How an error is shown is found out where its type is known, which is in generated code: with its sources if it is an
//! [`Error`] or leads to one, else as its [`Display`], else as its [`Debug`]. No function needs an error that can be shown.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};

use joblib_record::Message;

/// How the error of a result of type `R` is shown.
#[doc(hidden)]
pub struct ErrorText<R>(Option<fn(&R) -> Option<Message>>);

impl<R> Clone for ErrorText<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for ErrorText<R> {}

impl<R> ErrorText<R> {
    /// It is not shown.
    pub const NONE: Self = Self(None);

    /// The text of a result's error, if it has one that can be shown.
    pub(super) fn of(self, result: &R) -> Option<String> {
        let text = self.0?;
        // The function returned; how its error is shown can't change that.
        let message = catch_unwind(AssertUnwindSafe(|| text(result))).ok()??;
        Some(message.into_text()).filter(|text| !text.is_empty())
    }
}

/// Asks how the error of a result of type `R` is shown: `(&&&&&ErrorProbe::<R>::NEW).error_text()`, with the five traits in
/// scope. The compiler finds the method of the first of them whose needs the type of the error has.
#[doc(hidden)]
pub struct ErrorProbe<R>(PhantomData<fn() -> R>);

impl<R> ErrorProbe<R> {
    pub const NEW: Self = Self(PhantomData);
}

/// An error, with its sources.
#[doc(hidden)]
pub trait ByError<R> {
    fn error_text(&self) -> ErrorText<R>;
}

impl<T, E: Error> ByError<Result<T, E>> for &&&&ErrorProbe<Result<T, E>> {
    fn error_text(&self) -> ErrorText<Result<T, E>> {
        ErrorText(Some(|result| {
            let error = result.as_ref().err()?;
            Some(Message::of(error).with_sources(error.source()))
        }))
    }
}

/// What leads to an error, such as a `Box<dyn Error>`, with the sources of that.
#[doc(hidden)]
pub trait ByTarget<R> {
    fn error_text(&self) -> ErrorText<R>;
}

impl<T, E: Deref<Target: Error>> ByTarget<Result<T, E>> for &&&ErrorProbe<Result<T, E>> {
    fn error_text(&self) -> ErrorText<Result<T, E>> {
        ErrorText(Some(|result| {
            let error: &E::Target = result.as_ref().err()?;
            Some(Message::of(&error).with_sources(error.source()))
        }))
    }
}

/// What can be shown to people.
#[doc(hidden)]
pub trait ByDisplay<R> {
    fn error_text(&self) -> ErrorText<R>;
}

impl<T, E: Display> ByDisplay<Result<T, E>> for &&ErrorProbe<Result<T, E>> {
    fn error_text(&self) -> ErrorText<Result<T, E>> {
        ErrorText(Some(|result| Some(Message::of(result.as_ref().err()?))))
    }
}

/// What can be shown to programmers.
#[doc(hidden)]
pub trait ByDebug<R> {
    fn error_text(&self) -> ErrorText<R>;
}

impl<T, E: Debug> ByDebug<Result<T, E>> for &ErrorProbe<Result<T, E>> {
    fn error_text(&self) -> ErrorText<Result<T, E>> {
        ErrorText(Some(|result| Some(Message::of_debug(result.as_ref().err()?))))
    }
}

/// What can't be shown.
#[doc(hidden)]
pub trait ByNothing<R> {
    fn error_text(&self) -> ErrorText<R>;
}

impl<R> ByNothing<R> for ErrorProbe<R> {
    fn error_text(&self) -> ErrorText<R> {
        ErrorText::NONE
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::io;
    use std::sync::Arc;

    use super::*;

    #[derive(Debug)]
    struct OnlyDebug(#[allow(dead_code, reason = "shown")] u8);

    struct Nothing;

    #[derive(Debug)]
    struct Panics;

    impl fmt::Display for Panics {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("for this test")
        }
    }

    /// What generated code writes.
    macro_rules! probe {
        ($type:ty) => {
            (&&&&&ErrorProbe::<Result<(), $type>>::NEW).error_text()
        };
    }

    #[test]
    #[allow(clippy::needless_borrow, reason = "as generated code asks, whatever the type")]
    fn an_error_is_shown_in_the_best_way_that_its_type_allows() {
        let io = || io::Error::other("x".parse::<u8>().unwrap_err());
        assert_eq!(probe!(io::Error).of(&Err(io())).unwrap(), "invalid digit found in string");
        assert_eq!(probe!(Arc<io::Error>).of(&Err(Arc::new(io()))).unwrap(), "invalid digit found in string");
        let boxed: Box<dyn Error + Send + Sync> = "no rows".into();
        assert_eq!(probe!(Box<dyn Error + Send + Sync>).of(&Err(boxed)).unwrap(), "no rows");
        assert_eq!(probe!(String).of(&Err("no\nrows".to_owned())).unwrap(), "no\nrows");
        assert_eq!(probe!(&str).of(&Err("no rows")).unwrap(), "no rows");
        assert_eq!(probe!(OnlyDebug).of(&Err(OnlyDebug(3))).unwrap(), "OnlyDebug(3)");
        assert_eq!(probe!(Nothing).of(&Err(Nothing)), None);
        assert_eq!(probe!(()).of(&Err(())).unwrap(), "()");
        assert_eq!(probe!(Panics).of(&Err(Panics)), None);
        assert_eq!(probe!(String).of(&Ok(())), None);
    }
}
