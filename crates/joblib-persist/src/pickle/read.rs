//! From bytes to a tree, and from a tree to a Rust value: what `load` calls when a file turns out to be a pickle.

use std::io::BufReader;
use std::path::Path;

use joblib_array::MmapMode;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};
use crate::input::Compressed;
use crate::pickle::de::De;
use crate::pickle::de::problem::{Problem, ProblemKind};
use crate::pickle::de::walk::Walk;
use crate::pickle::limits::Limits;
use crate::pickle::machine;
use crate::pickle::machine::fault::{Details, FaultKind};
use crate::pickle::machine::input::Input;
use crate::pickle::machine::payload::Payloads;
use crate::pickle::machine::{opcode, zfile};
use crate::pickle::tree::{Id, Tree};

/// How a pickle is to be read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings<'a> {
    /// The pickle's file, beside which old releases of joblib put its arrays.
    pub(crate) path: Option<&'a Path>,
    pub(crate) mmap_mode: Option<MmapMode>,
    pub(crate) limits: Limits,
}

/// Whether a stream that starts with these bytes is a pickle, or joblib's old container of one.
pub(crate) fn recognizes(start: &[u8]) -> bool {
    start.starts_with(zfile::MAGIC) || opcode::looks_like_pickle(start)
}

/// Reads a pickle into a Rust value. Compression is the caller's business, but for the `ZF` container.
pub(crate) fn load<T: DeserializeOwned>(
    source: &mut crate::input::Input<'_>,
    settings: Settings<'_>,
) -> Result<T> {
    let mut tree = Tree::default();
    let opening = |error| Error::io("reading the pickle", error);
    let is_container = source.peek(zfile::MAGIC.len())?.starts_with(zfile::MAGIC);
    let root = match (source.file(), is_container) {
        (Some(file), false) => parse(&mut Input::from_file(file).map_err(opening)?, &mut tree, settings),
        (_, true) => {
            let (reader, _) = zfile::read(BufReader::new(Compressed(source))).map_err(opening)?;
            parse(&mut Input::from_reader(Box::new(reader), false), &mut tree, settings)
        }
        (None, false) => {
            let exact = source.is_exact();
            parse(&mut Input::from_reader(Box::new(source), exact), &mut tree, settings)
        }
    };
    root.and_then(|root| deserialize(&tree, root, &settings.limits))
        .map_err(|error| error.in_decompressed(is_container))
}

/// Reads a pickle from memory into a Rust value.
///
/// Never runs anything: see the [module](crate::pickle)'s documentation.
///
/// ```
/// let value: (i64, String) = joblib_persist::pickle::from_slice(b"(I1\nVone\nt.")?;
/// assert_eq!(value, (1, "one".to_owned()));
/// # Ok::<(), joblib_persist::Error>(())
/// ```
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    from_slice_with(bytes, Limits::default())
}

/// As [`from_slice`], within the caller's limits.
///
/// ```
/// use joblib_persist::pickle::{self, Limits, Value};
///
/// let nested = b"]]]aa.";
/// assert!(pickle::from_slice_with::<Value>(nested, Limits::new().depth(3)).is_ok());
/// assert!(pickle::from_slice_with::<Value>(nested, Limits::new().depth(2)).unwrap_err().is_limit());
/// ```
pub fn from_slice_with<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T> {
    let mut tree = Tree::default();
    let settings = Settings { limits, ..Settings::default() };
    let is_container = bytes.starts_with(zfile::MAGIC);
    let root = if is_container {
        let (reader, _) = zfile::read(bytes).map_err(|error| Error::io("reading the ZF container", error))?;
        parse(&mut Input::from_reader(Box::new(reader), false), &mut tree, settings)
    } else {
        parse(&mut Input::from_slice(bytes), &mut tree, settings)
    };
    root.and_then(|root| deserialize(&tree, root, &limits))
        .map_err(|error| error.in_decompressed(is_container))
}

fn parse(input: &mut Input<'_>, tree: &mut Tree, settings: Settings<'_>) -> Result<Id> {
    let folder = settings.path.map(|path| path.parent().unwrap_or(Path::new("")));
    let payloads = Payloads { folder, mmap_mode: settings.mmap_mode };
    let root = machine::read(input, tree, &settings.limits, Some(&payloads))
        .map_err(|fault| from_fault(fault.into_details()))?;
    tree.stream_len = input.offset();
    Ok(root)
}

fn deserialize<T: DeserializeOwned>(tree: &Tree, root: Id, limits: &Limits) -> Result<T> {
    let walk = Walk::new(tree, limits);
    T::deserialize(De { walk: &walk, id: root })
        .map_err(|problem| from_problem(&problem.near(tree.offset_near(root))))
}

fn from_fault(mut fault: Details) -> Error {
    // An error of this crate that came through a decompressor's `Read`.
    if let Some(source) = fault.source.take() {
        match source.downcast::<Error>() {
            Ok(error) => return error.at_offset(fault.offset),
            Err(source) => fault.source = Some(source),
        }
    }
    let kind = match fault.kind {
        FaultKind::Corrupt => Kind::Corrupt,
        FaultKind::Limit => Kind::Limit,
        FaultKind::Unsupported => Kind::Foreign,
        FaultKind::Io => Kind::Io,
    };
    let message = match fault.opcode {
        "" => format!("not a pickle that can be read: {}", fault.message),
        opcode => format!("not a pickle that can be read: opcode {opcode}: {}", fault.message),
    };
    let error = match fault.source {
        Some(source) if kind == Kind::Io => Error::io(&message, source),
        _ => Error::new(kind, message),
    };
    error.at_offset(fault.offset)
}

fn from_problem(problem: &Problem) -> Error {
    let kind = match problem.kind() {
        ProblemKind::WrongType => Kind::Type,
        ProblemKind::Corrupt => Kind::Corrupt,
        ProblemKind::Limit => Kind::Limit,
    };
    let error = Error::new(kind, problem.to_string());
    match problem.offset() {
        Some(offset) => error.near_offset(offset),
        None => error,
    }
}
