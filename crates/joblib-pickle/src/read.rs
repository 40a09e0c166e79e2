//! From bytes to a tree, and from a tree to a Rust value.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use joblib_array::MmapMode;
use joblib_array::erased::{ErasedSeed, Seed, erase};
use serde::de::DeserializeOwned;

use crate::de::node::De;
use crate::de::problem::{Problem, ProblemKind};
use crate::de::walk::Walk;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;
use crate::machine;
use crate::machine::fault::{Details, FaultKind};
use crate::machine::input::Input;
use crate::machine::payloads::Payloads;
use crate::machine::{npy, npz, opcode, payload, zfile};
use crate::tree::{Id, Tree};

/// How pickles are to be read.
///
/// ```
/// use joblib_pickle::{Limits, ReadOptions, Reader, Value};
///
/// let options = ReadOptions::new().limits(Limits::new().depth(2));
/// let error = Reader::from_slice(b"]]]aa.", options)?.next::<Value>().unwrap_err();
/// assert!(error.is_limit());
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    folder: Option<PathBuf>,
    mmap_mode: Option<MmapMode>,
    limits: Limits,
    encoding: Encoding,
}

/// What the bytes of Python 2's `str` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Encoding {
    /// Text where they are UTF-8, and bytes elsewhere.
    #[default]
    Utf8,
    /// Text, each byte a character: what `encoding="latin1"` is to Python's `pickle.load`.
    Latin1,
}

impl ReadOptions {
    /// Everything in memory, within the default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the pickle may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How text that Python 2 wrote is encoded.
    ///
    /// ```
    /// use joblib_pickle::{Encoding, ReadOptions, Reader};
    ///
    /// // pickle.dumps("caf\xe9") in Python 2
    /// let bytes = b"S'caf\\xe9'\n.";
    /// let options = ReadOptions::new().encoding(Encoding::Latin1);
    /// assert_eq!(Reader::from_slice(bytes, options)?.next::<String>()?.as_deref(), Some("café"));
    ///
    /// let error = joblib_pickle::from_slice::<String>(bytes).unwrap_err();
    /// assert!(error.to_string().contains("encoding"));
    /// # Ok::<(), joblib_pickle::Error>(())
    /// ```
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Maps the arrays of a plain file that joblib wrote, instead of reading them.
    pub fn mmap_mode(mut self, mode: Option<MmapMode>) -> Self {
        self.mmap_mode = mode;
        self
    }

    /// The pickle's file, beside which joblib before 0.10 put its arrays.
    pub fn path(mut self, path: &Path) -> Self {
        self.folder = Some(path.parent().unwrap_or(Path::new("")).to_owned());
        self
    }
}

/// Whether a stream that starts with these bytes, 16 or more of them, is a pickle, joblib's old container of one, or a
/// `.npy` or `.npz` file of numpy.
///
/// ```
/// assert!(joblib_pickle::recognizes(b"\x80\x04K\x01."));
/// assert!(!joblib_pickle::recognizes(b"plain text, really"));
/// ```
pub fn recognizes(first: &[u8]) -> bool {
    first.starts_with(zfile::MAGIC)
        || first.starts_with(npy::MAGIC)
        || first.starts_with(npz::MAGIC)
        || opcode::looks_like_pickle(first)
}

/// Reads pickles that stand one after another, as several `pickle.dump` or `joblib.dump` into one file leave them, and arrays
/// that `numpy.save` wrote; of `numpy.savez`, a dict of arrays.
///
/// ```
/// // pickle.dumps(1) + pickle.dumps("two")
/// let bytes = b"\x80\x04K\x01.\x80\x04\x8c\x03two.";
/// let mut reader = joblib_pickle::Reader::from_slice(bytes, Default::default())?;
/// assert_eq!(reader.next::<i64>()?, Some(1));
/// assert_eq!(reader.next::<String>()?.as_deref(), Some("two"));
/// assert_eq!(reader.next::<i64>()?, None);
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
pub struct Reader<'a> {
    input: Input<'a>,
    options: ReadOptions,
    is_container: bool,
}

impl<'a> Reader<'a> {
    /// Reads from memory.
    ///
    /// # Errors
    ///
    /// Returns an error if joblib's old container is damaged.
    pub fn from_slice(bytes: &'a [u8], options: ReadOptions) -> Result<Self> {
        if bytes.starts_with(zfile::MAGIC) {
            return Self::container(bytes, options);
        }
        Ok(Self { input: Input::from_slice(bytes), options, is_container: false })
    }

    /// Reads a plain file from its start.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read.
    pub fn from_file(file: File, options: ReadOptions) -> Result<Self> {
        use std::os::unix::fs::FileExt;

        let mut first = [0; zfile::MAGIC.len()];
        if file.read_exact_at(&mut first, 0).is_ok() && first == *zfile::MAGIC {
            return Self::container(BufReader::new(file), options);
        }
        let input = Input::from_file(file).map_err(reading)?;
        Ok(Self { input, options, is_container: false })
    }

    /// Reads from any other source, ahead of what is asked for.
    ///
    /// # Errors
    ///
    /// Returns an error if the source can't be read.
    pub fn new<R: Read + 'a>(reader: R, options: ReadOptions) -> Result<Self> {
        Self::from_reader(reader, options, false)
    }

    /// Reads from any other source no byte beyond the pickles that are asked for.
    ///
    /// # Errors
    ///
    /// Returns an error if the source can't be read.
    pub fn exact<R: Read + 'a>(reader: R, options: ReadOptions) -> Result<Self> {
        Self::from_reader(reader, options, true)
    }

    fn from_reader<R: Read + 'a>(mut reader: R, options: ReadOptions, exact: bool) -> Result<Self> {
        let mut first = Vec::with_capacity(zfile::MAGIC.len());
        (&mut reader).take(zfile::MAGIC.len() as u64).read_to_end(&mut first).map_err(reading)?;
        let is_container = first == zfile::MAGIC;
        let whole = Cursor::new(first).chain(reader);
        if is_container {
            return Self::container(BufReader::new(whole), options);
        }
        Ok(Self { input: Input::from_reader(Box::new(whole), exact), options, is_container })
    }

    fn container<R: io::BufRead + 'a>(reader: R, options: ReadOptions) -> Result<Self> {
        let (reader, _) = zfile::read(reader).map_err(reading)?;
        Ok(Self { input: Input::from_reader(Box::new(reader), false), options, is_container: true })
    }

    /// Whether offsets count the bytes of what joblib's old container decompresses to.
    pub fn is_container(&self) -> bool {
        self.is_container
    }

    /// Bytes of the pickles that were read.
    pub fn position(&self) -> u64 {
        self.input.offset()
    }

    /// Returns `true` if nothing follows. The source may have to be read for that.
    ///
    /// # Errors
    ///
    /// Returns an error if the source can't be read.
    pub fn is_at_end(&mut self) -> Result<bool> {
        self.input.is_at_end().map_err(reading)
    }

    /// Reads the next pickle without making a value of it, or keeping its arrays in memory; `false` after the last one.
    ///
    /// # Errors
    ///
    /// Returns an error if the pickle is damaged, or takes more than the limits allow.
    ///
    /// ```
    /// let mut reader = joblib_pickle::Reader::from_slice(b"\x80\x04K\x01.\x80\x04]", Default::default())?;
    /// assert!(reader.check()?);
    /// assert!(reader.check().is_err(), "the second one is cut off");
    /// # Ok::<(), joblib_pickle::Error>(())
    /// ```
    pub fn check(&mut self) -> Result<bool> {
        if self.is_at_end()? {
            return Ok(false);
        }
        self.input.set_skips(true);
        let parsed = parse(&mut self.input, &mut Tree::default(), &self.options);
        self.input.set_skips(false);
        parsed.map(|_| true)
    }

    /// The next value; `None` after the last one.
    ///
    /// # Errors
    ///
    /// Returns an error if the pickle is damaged, holds another type, or takes more than the limits allow.
    #[expect(clippy::should_implement_trait, reason = "each value can have another type")]
    pub fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let mut seed = Seed::new(PhantomData::<T>);
        self.next_seed(&mut seed)?;
        Ok(seed.into_option())
    }

    /// As [`next`](Self::next), for a type that is known to the seed alone: what reads the pickle is compiled here, and not in
    /// the crate of each type.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`next`](Self::next).
    #[doc(hidden)]
    pub fn next_seed(&mut self, seed: &mut dyn for<'de> ErasedSeed<'de>) -> Result<()> {
        if self.is_at_end()? {
            return Ok(());
        }
        let mut tree = Tree::default();
        let root = parse(&mut self.input, &mut tree, &self.options)?;
        deserialize(&tree, root, &self.options.limits, seed)
    }
}

/// Reads a pickle from memory into a Rust value.
///
/// Never runs anything: see the [crate](crate)'s documentation.
///
/// # Errors
///
/// Returns the same errors as [`Reader::next`].
///
/// ```
/// let value: (i64, String) = joblib_pickle::from_slice(b"(I1\nVone\nt.")?;
/// assert_eq!(value, (1, "one".to_owned()));
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    from_slice_with(bytes, Limits::default())
}

/// As [`from_slice`], within the caller's limits.
///
/// # Errors
///
/// Returns the same errors as [`Reader::next`].
///
/// ```
/// use joblib_pickle::{Limits, Value};
///
/// let nested = b"]]]aa.";
/// assert!(joblib_pickle::from_slice_with::<Value>(nested, Limits::new().depth(3)).is_ok());
/// assert!(joblib_pickle::from_slice_with::<Value>(nested, Limits::new().depth(2)).unwrap_err().is_limit());
/// ```
pub fn from_slice_with<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T> {
    let mut reader = Reader::from_slice(bytes, ReadOptions::new().limits(limits))?;
    let missing = || Error::new(ErrorKind::Corrupt, "expected a pickle, found no byte").at_offset(0);
    reader.next()?.ok_or_else(missing)
}

fn reading(error: io::Error) -> Error {
    Error::io("reading the pickle", error)
}

fn parse(input: &mut Input<'_>, tree: &mut Tree, options: &ReadOptions) -> Result<Id> {
    let payloads = Payloads { folder: options.folder.as_deref(), mmap_mode: options.mmap_mode };
    let start = input.offset();
    let is_npy = input.starts_with(npy::MAGIC).map_err(reading)?;
    let root = if is_npy {
        payload::npy_file(input, tree, &options.limits, options.mmap_mode)
    } else if input.starts_with(npz::MAGIC).map_err(reading)? {
        npz::read(input, tree, &options.limits, options.mmap_mode)
    } else {
        machine::read(input, tree, &options.limits, Some(&payloads))
    };
    let root = root.map_err(|fault| from_fault(fault.into_details()))?;
    tree.stream_len = input.offset() - start;
    if options.encoding == Encoding::Latin1 {
        tree.decode_latin1()
            .map_err(|_| Error::new(ErrorKind::Limit, "the pickle holds more text than can be numbered"))?;
    }
    Ok(root)
}

fn deserialize<'t>(
    tree: &'t Tree,
    root: Id,
    limits: &Limits,
    seed: &mut (dyn ErasedSeed<'t> + '_),
) -> Result<()> {
    let walk = Walk::new(tree, limits);
    seed.deserialize(&mut erase::<Problem, _>(De { walk: &walk, id: root }))
        .map_err(|error| from_problem(&error.into_own::<Problem>().near(tree.offset_near(root)), &walk))
}

fn from_fault(fault: Details) -> Error {
    let kind = match fault.kind {
        FaultKind::Corrupt => ErrorKind::Corrupt,
        FaultKind::Limit => ErrorKind::Limit,
        FaultKind::Unsupported => ErrorKind::Unsupported,
        FaultKind::Io => ErrorKind::Io,
    };
    let message = match fault.opcode {
        "" => format!("not a pickle that can be read: {}", fault.message),
        opcode => format!("not a pickle that can be read: opcode {opcode}: {}", fault.message),
    };
    Error::with_source(kind, message, fault.source).at_offset(fault.offset)
}

fn from_problem(problem: &Problem, walk: &Walk<'_>) -> Error {
    let kind = match problem.kind() {
        ProblemKind::WrongType => ErrorKind::WrongType,
        ProblemKind::Corrupt => ErrorKind::Corrupt,
        ProblemKind::Limit => ErrorKind::Limit,
    };
    let mut message = problem.to_string();
    // serde says nothing then that tells that an array is to blame.
    if kind == ErrorKind::WrongType && walk.read_array_ahead.get() {
        message.push_str(
            "; if an array of the crate ndarray is asked for in a flattened field or a tagged or untagged enum: serde \
             reads arrays ahead as lists there, and that crate makes none of lists; an `Array` of joblib can stand there",
        );
    }
    let error = Error::new(kind, message);
    match problem.offset() {
        Some(offset) => error.near_offset(offset),
        None => error,
    }
}
