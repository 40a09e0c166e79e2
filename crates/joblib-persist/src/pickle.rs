//! Python's pickles and joblib's files: read without running anything, written for Python to read.
//!
//! [`load`](crate::load) recognises a pickle by its first bytes, compressed or not, so a Python file needs no function of
//! its own. This module has what is special about them: [`Value`] for looking at what has no Rust type, [`Limits`] for
//! files that are not trusted, [`from_slice`] for pickles in memory, [`dump_python`] for the way back.
//!
//! `pickle/README.md` in the sources tells how a pickle is read, and why hostile ones do no harm.
//!
//! Nothing is imported and nothing is called. A class that means nothing here is data: its name, the arguments it was
//! called with, its state.
//!
//! # What becomes what
//!
//! | Python | Rust, as asked for |
//! |---|---|
//! | `None`, `pandas.NA`, `NaT` | `None`, `()` |
//! | `bool`, `int`, `float`, `str`, `bytes`, `bytearray` | the like; an `int` into any integer type that it fits, beyond 128 bits into `String` (digits) or bytes |
//! | `complex` | `(f64, f64)`, `Complex<f64>`, a struct with `re` and `im` |
//! | `list`, `tuple`, `set`, `frozenset`, `deque`, subclasses of `list` | a sequence, a tuple, a set |
//! | `dict`, `OrderedDict`, `defaultdict`, `Counter`, subclasses of `dict` | a map; a struct when the keys are text |
//! | instance of a class, dataclass | a struct or map of its attributes; a tuple struct of what it was called with |
//! | namedtuple | a tuple, or a struct by position: the names are not in the file |
//! | member of an enum | a unit variant, by name or by its value as text (`#[serde(rename = "1")]`); its value |
//! | `datetime`, `date`, `time`, `pandas.Timestamp` | `String` as `isoformat()`; a struct of `year`, `month`, …; `SystemTime`; `f64`, seconds since 1970 |
//! | `timedelta`, `pandas.Timedelta` | `f64` seconds, `i64` microseconds, `Duration`, a struct of `days`, `seconds`, `microseconds`, `String` |
//! | `Decimal` | `String`, `f64` |
//! | `Fraction` | `String` (`1/3`), `f64`, a pair, a struct of `numerator` and `denominator` |
//! | `UUID` | `String`, `u128`, 16 bytes |
//! | `Path` | `PathBuf`, `String` |
//! | `range` | a sequence of its numbers, `std::ops::Range`, a struct of `start`, `stop`, `step` |
//! | `slice` | a tuple or struct of `start`, `stop`, `step` |
//! | `numpy.ndarray` of numbers or `bool` | `Array<T>` of the same element type (mapped with `mmap_mode`), `Vec<T>`, nested `Vec`s |
//! | … of `datetime64`, `timedelta64` | `Array<i64>` of counts; each element as `String`, `i64` count, `f64` seconds, `Option` for `NaT` |
//! | … of fixed bytes, fixed text, objects | `Vec<String>`, bytes, whatever the elements are |
//! | … of a structured dtype | a `Vec` of structs |
//! | numpy scalar | as the like of Python |
//! | masked array | `Vec<Option<T>>`; a struct of `data`, `mask`, `fill_value` |
//! | scipy's sparse matrices | a struct of `data`, `indices`, `indptr`, `shape`; `row`, `col` for coo |
//! | `pandas.DataFrame` | a struct or map of columns (a struct may have `index`); a `Vec` of row structs |
//! | `pandas.Series`, `Index` | a sequence; a series also a struct of `name`, `index`, `values` |
//! | list of numbers | also `Array<i64>`, `Array<f64>` or `Array<bool>`, as `numpy.asarray` would make of it |
//!
//! Big-endian and unaligned arrays are copied into this machine's form, even with `mmap_mode`. A value that contains itself is
//! an error; so is a `str` with half a surrogate pair, which no Rust `String` holds.

mod class;
mod de;
mod int;
mod limits;
mod machine;
mod meaning;
mod numpy;
mod read;
mod tree;
mod value;
mod write;

pub use limits::Limits;
pub(crate) use read::{Settings, load, recognizes};
pub use read::{from_slice, from_slice_with};
pub use value::{NdArray, Object, Value};
pub use write::{PythonDumpOptions, dump_python, to_vec};
