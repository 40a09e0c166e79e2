//! The types that paths to files are given by.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A path, or several: what an argument with `#[cached(file)]` has to be.
#[diagnostic::on_unimplemented(
    message = "`file` is for paths, and `{Self}` is not a path",
    label = "expected `&Path`, `PathBuf`, `&str`, `String`, `impl AsRef<Path>`, or an `Option` or a slice of these"
)]
pub trait FileArgument {
    #[doc(hidden)]
    fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>));
}

/// What an argument is made of, in order.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    Path(&'a Path),
    /// `None`
    Nothing,
    /// So many more follow.
    List(usize),
}

macro_rules! paths {
    ($($path:ty),*) => {
        $(impl FileArgument for $path {
            fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
                each(Part::Path(self.as_ref()));
            }
        })*
    };
}

paths!(Path, PathBuf, str, String, OsStr, OsString, Cow<'_, Path>, Cow<'_, OsStr>);

impl FileArgument for Cow<'_, str> {
    fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
        each(Part::Path(Path::new(&**self)));
    }
}

macro_rules! pointers {
    ($($pointer:ty),*) => {
        $(impl<T: FileArgument + ?Sized> FileArgument for $pointer {
            fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
                (**self).parts(each);
            }
        })*
    };
}

pointers!(&T, Box<T>, Rc<T>, Arc<T>);

impl<T: FileArgument> FileArgument for Option<T> {
    fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
        match self {
            Some(inner) => inner.parts(each),
            None => each(Part::Nothing),
        }
    }
}

impl<T: FileArgument> FileArgument for [T] {
    fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
        each(Part::List(self.len()));
        for inner in self {
            inner.parts(each);
        }
    }
}

impl<T: FileArgument> FileArgument for Vec<T> {
    fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
        self[..].parts(each);
    }
}

impl<T: FileArgument, const N: usize> FileArgument for [T; N] {
    fn parts<'a>(&'a self, each: &mut dyn FnMut(Part<'a>)) {
        self[..].parts(each);
    }
}

/// The path that an argument is, for one whose type the caller chooses.
#[doc(hidden)]
pub fn as_path<T: AsRef<Path> + ?Sized>(argument: &T) -> &Path {
    argument.as_ref()
}

/// The text of an argument, for display.
pub(crate) fn texts<T: FileArgument + ?Sized>(argument: &T) -> Vec<Option<String>> {
    let mut texts = Vec::new();
    argument.parts(&mut |part| match part {
        Part::Path(path) => texts.push(Some(path.display().to_string())),
        Part::Nothing => texts.push(None),
        Part::List(_) => {}
    });
    texts
}
