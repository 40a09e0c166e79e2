#![doc = include_str!("../README.md")]
//!
//! # What becomes what
//!
//! | Python | Rust, as asked for |
//! |---|---|
//! | `None`, `pandas.NA`, `NaT` | `None`, `()` |
//! | `bool`, `int`, `float`, `str`, `bytes`, `bytearray` | the same; an `int` into any integer type that it fits, beyond 128 bits into `String` (digits) or bytes |
//! | `complex` | `(f64, f64)`, `Complex<f64>`, a struct with `re` and `im` |
//! | `list`, `tuple`, `set`, `frozenset`, `deque`, subclasses of `list` | a sequence, a tuple, a set |
//! | `dict`, `OrderedDict`, `defaultdict`, `Counter`, subclasses of `dict` | a map; a struct when the keys are text |
//! | instance of a class, dataclass | a struct or map of its attributes; a tuple struct of what it was called with |
//! | namedtuple | a tuple, or a struct by position: the names are not in the file |
//! | member of an enum | a unit variant, by name or by its value as text (`#[serde(rename = "1")]`); its value |
//! | `array.array` | `Array<T>`, `Vec<T>`; `String` of characters |
//! | `datetime`, `date`, `time`, classes made of them, pendulum's, `pandas.Timestamp` | `String` as `isoformat()`; a struct of `year`, `month`, …; `SystemTime`; `f64`, seconds since 1970 |
//! | `timedelta`, `pandas.Timedelta` | `f64` seconds, `i64` microseconds, `Duration`, a struct of `days`, `seconds`, `microseconds`, `String` |
//! | `Decimal` | `String`, `f64` |
//! | `Fraction` | `String` (`1/3`), `f64`, a pair, a struct of `numerator` and `denominator` |
//! | `UUID` | `String`, `u128`, 16 bytes |
//! | `Path` | `PathBuf`, `String` |
//! | `re.Pattern` | `String` with the flags in front, as `(?i)a+`; a pair or struct of `pattern` and `flags` |
//! | `range` | a sequence of its numbers, `std::ops::Range`, a struct of `start`, `stop`, `step` |
//! | `slice` | a tuple or struct of `start`, `stop`, `step` |
//! | `numpy.ndarray` of numbers or `bool` | `Array<T>` of the same element type (mapped with `mmap_mode`), `Vec<T>`, nested `Vec`s |
//! | … of `datetime64`, `timedelta64` | `Array<i64>` of counts; each element as `String`, `i64` count, `f64` seconds, `Option` for `NaT` |
//! | … of fixed bytes, fixed text, objects | `Vec<String>`, bytes, whatever the elements are |
//! | … of a structured dtype | a `Vec` of structs |
//! | numpy scalar | as the Python type of the same kind |
//! | masked array | `Vec<Option<T>>`; a struct of `data`, `mask`, `fill_value` |
//! | scipy's sparse matrices | a struct of `data`, `indices`, `indptr`, `shape`; `row`, `col` for coo |
//! | … of `StringDType`; of `bfloat16` and `float8` | `Vec<String>`; `f32`, `Array<f32>` |
//! | `pandas.DataFrame`, `pyarrow.Table` | a struct or map of columns, with the named levels of the index; a struct may have `index`; a `Vec` of row structs, maps or tuples |
//! | `pandas.Series`, `Index`, pyarrow's arrays | a sequence; a series also a struct of `name`, `index`, `values` |
//! | `pandas.MultiIndex` | a sequence of tuples |
//! | `pandas.Interval` | `String` such as `(0, 1]`, a pair, a struct of `left`, `right`, `closed` |
//! | `pandas.Period` | `String` such as `2024-01` or `2024Q1` |
//! | columns of categories, nullable, sparse, Arrow-backed | as their values, `Option` for those that are missing |
//! | dtypes of numpy and pandas that stand alone | `String`, as `str` of them; `pandas.CategoricalDtype` a struct of `categories`, `ordered` |
//! | column, or array of a dtype, that is not known | [`Value`]; an error only where it is asked for |
//! | list of numbers | also `Array<i64>`, `Array<f64>` or `Array<bool>`, as `numpy.asarray` would make of it |
//!
//! Big-endian and unaligned arrays are copied into this machine's form, even with `mmap_mode`. A value that contains itself is
//! an error; so is a `str` with half a surrogate pair, which no Rust `String` holds.

mod class;
mod de;
mod ends;
mod error;
mod int;
mod limits;
mod machine;
mod meaning;
mod numpy;
mod read;
mod rust_type;
mod texts;
mod tree;
mod value;
mod write;

pub use error::{Error, ErrorKind, Result};
pub use limits::Limits;
pub use read::{Encoding, ReadOptions, Reader, from_slice, from_slice_with, recognizes};
pub use texts::Texts;
pub use value::{NdArray, Object, Value};
pub use write::{WriteOptions, to_vec, write_npy, write_npz};
