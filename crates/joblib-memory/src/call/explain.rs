//! Why a call would be computed, from what the cache holds.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;

use joblib_store::Item;

use super::keep::{Keep, Storable};
use super::read::Read;
use super::target::{Target, Tested, Untouched};
use super::{Call, KeyedCall, Unkeyed};
use crate::date::Date;
use crate::entry::codec::Wanted;
use crate::entry::metadata::{Argument, Hash, Metadata, lines};
use crate::function::site::CodeItem;
use crate::report::Readable;

/// Stored results that are looked at, at most.
const MAX_ITEMS: usize = 2000;

/// Why a call would be computed, or that it would not.
///
/// ```
/// use joblib_memory::{Explanation, Memory};
///
/// let memory = Memory::with_backend("in_memory", "explained")?;
/// let power = memory.cache("power", |x: f64, n: i32| x.powi(n));
/// assert_eq!(power.explain((2.0, 3)), Explanation::NeverComputed);
/// power.eval((2.0, 3));
/// assert!(power.explain((2.0, 3)).is_hit());
/// let other = power.explain((2.0, 4)).to_string();
/// assert_eq!(other, "it was not computed with these arguments; the nearest call differs in argument 1 (there 3)");
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Explanation {
    /// The result is stored and valid.
    Hit(Box<Metadata>),
    /// The result is stored and valid in a shared cache. A call would copy it to the near cache; `explain` has copied it
    /// already.
    SharedHit {
        /// Where it is.
        location: String,
        /// The result's metadata.
        metadata: Box<Metadata>,
    },
    /// There is no cache.
    NoCache,
    /// An option of the memory or the function is invalid, with the reason.
    InvalidOption(String),
    /// An argument can't be hashed, with the reason.
    Unhashable(String),
    /// A function made at run time captures values that were not given, with the reason.
    UnknownCaptures(String),
    /// The store can't be read, with the reason.
    StoreFailed(String),
    /// The cache has no results of the function.
    NeverComputed,
    /// The call was computed before, with other code.
    CodeChanged {
        /// The functions whose code is another: the cached one, or some that it depends on.
        functions: Vec<String>,
        /// The call with the earlier code, if it can be read.
        before: Option<Box<Metadata>>,
        /// Where its result is.
        location: String,
    },
    /// Calls with other arguments were computed before.
    ArgumentsChanged {
        /// The arguments that differ from the most similar call.
        arguments: Vec<String>,
        /// The most similar call.
        nearest: Box<Metadata>,
    },
    /// The call was computed before, with other contents of files that are arguments.
    FilesChanged {
        /// What happened to which file, such as "data/flights.csv changed".
        files: Vec<String>,
        /// The call with the earlier contents.
        nearest: Box<Metadata>,
    },
    /// The result is older than the function's `expires_after`.
    Expired(Box<Metadata>),
    /// The function's validation rejected the result.
    Rejected(Box<Metadata>),
    /// The result was dropped to keep the cache within its limits.
    Evicted,
    /// The stored result is damaged, or has another type.
    Corrupt,
}

impl Explanation {
    /// Returns `true` if the call would be answered from the cache.
    pub fn is_hit(&self) -> bool {
        matches!(self, Self::Hit(_) | Self::SharedHit { .. })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit(metadata) => {
                write!(f, "the result is in the cache; computing it took {}", Readable(metadata.duration()))?;
                match metadata.unseen() {
                    Some(reason) => write!(f, "; only the function's own tokens count as its code: {reason}"),
                    None => Ok(()),
                }
            }
            Self::SharedHit { location, metadata } => write!(
                f,
                "the result is in the shared cache {location}; computing it took {}",
                Readable(metadata.duration())
            ),
            Self::NoCache => f.write_str("there is no cache"),
            Self::InvalidOption(reason) => write!(f, "there is no cache, because of an option: {reason}"),
            Self::Unhashable(reason) | Self::UnknownCaptures(reason) => f.write_str(reason),
            Self::StoreFailed(reason) => write!(f, "the cache can't be read: {reason}"),
            Self::NeverComputed => f.write_str("it was never computed"),
            Self::CodeChanged { functions, before, location } => {
                f.write_str("computed because ")?;
                f.write_str(&functions.join(", "))?;
                match before {
                    Some(before) => write!(f, " changed since {}", Date::of(before.time()))?,
                    None => f.write_str(" changed")?,
                }
                write!(f, "; before that the result was from {location}")
            }
            Self::ArgumentsChanged { arguments, nearest } => {
                write!(f, "it was not computed with these arguments; the nearest call differs in ")?;
                if arguments.is_empty() {
                    f.write_str("a type that the call chooses")?;
                }
                for (index, name) in arguments.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    // The arguments of a closure are named by numbers, as a tuple's fields.
                    let kind = if name.bytes().all(|byte| byte.is_ascii_digit()) { "argument " } else { "" };
                    let stored = nearest.arguments().iter().find(|argument| argument.name() == name);
                    match stored.and_then(Argument::text) {
                        Some(text) => write!(f, "{separator}{kind}{name} (there {text})")?,
                        None => write!(f, "{separator}{kind}{name}")?,
                    }
                }
                Ok(())
            }
            Self::FilesChanged { files, nearest } => {
                write!(f, "computed because {} since {}", files.join(", "), Date::of(nearest.time()))
            }
            Self::Expired(metadata) => {
                write!(f, "the stored result expired: it is {} old", Readable(metadata.age()))
            }
            Self::Rejected(_) => f.write_str("the function's validation rejects the stored result"),
            Self::Evicted => f.write_str("the result was dropped to keep the cache within its limits"),
            Self::Corrupt => f.write_str("the stored result is damaged or of another type"),
        }
    }
}

impl Call<'_> {
    /// Why the call would be computed, or that it would not. The result is read as the call would
    /// read it.
    pub fn explain<R, K: Keep<R, Stored: Storable>>(self) -> Explanation {
        match self.keyed() {
            Ok(call) => of_call(&call, &mut Tested::<K::Stored>::new()),
            Err(Unkeyed::NoCache) => Explanation::NoCache,
            Err(Unkeyed::InvalidOption(reason)) => Explanation::InvalidOption(reason),
            Err(Unkeyed::Unhashable(reason)) => Explanation::Unhashable(reason),
            Err(Unkeyed::UnknownCaptures(reason)) => Explanation::UnknownCaptures(reason),
        }
    }
}

fn of_call(call: &KeyedCall<'_>, target: &mut dyn Target) -> Explanation {
    // Reading brings the result into the nearest tier.
    let tiers = call.store.tiers();
    let location = if tiers.is_empty() { None } else { call.store.location_with(&call.key).ok().flatten() };
    let shared = location.filter(|location| tiers[0].location != *location);
    let (found, explanation): (_, fn(Box<Metadata>) -> Explanation) =
        match call.read(Wanted::Metadata, target) {
            Read::Hit((), found) => (found, Explanation::Hit),
            Read::Expired(found) => (found, Explanation::Expired),
            Read::Rejected(found) => (found, Explanation::Rejected),
            Read::Damaged => return Explanation::Corrupt,
            Read::Failed(reason) => return Explanation::StoreFailed(reason),
            Read::Missing => return of_missing(call),
        };
    match (found.metadata.map_or(Explanation::Corrupt, explanation), shared) {
        (Explanation::Hit(metadata), Some(location)) => Explanation::SharedHit { location, metadata },
        (explanation, _) => explanation,
    }
}

/// Why a call is computed whose lookup missed. The result itself is not decoded.
pub(super) fn of_miss(call: &KeyedCall<'_>) -> Explanation {
    of_call(call, &mut Untouched)
}

fn of_missing(call: &KeyedCall<'_>) -> Explanation {
    let KeyedCall { call, key, store, .. } = call;
    if store.was_evicted(key).unwrap_or(false) {
        return Explanation::Evicted;
    }
    let mut items: Vec<Item> = Vec::new();
    // What can't be listed was not computed as far as we know.
    let _ = store.visit(&mut |item| {
        if item.version.function() == key.version().function() {
            items.push(item);
        }
        if items.len() < MAX_ITEMS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let other_code = items.iter().filter(|item| item.call == *key.call()).max_by_key(|item| item.used);
    match other_code {
        Some(item) => of_other_code(call, item),
        None => of_other_arguments(call, &items),
    }
}

/// Why a call is computed of which a record is made: the same, at a cost that does not grow with the cache.
/// The function's results are listed once, and the nearest call is looked for a few times only.
pub(super) fn of_recorded_miss(call: &KeyedCall<'_>) -> String {
    let explanation = match call.read(Wanted::Metadata, &mut Untouched) {
        Read::Missing => of_recorded_missing(call),
        _ => Some(of_miss(call)),
    };
    match explanation {
        Some(explanation) => explanation.to_string(),
        None => "it was not computed with these arguments".to_owned(),
    }
}

fn of_recorded_missing(call: &KeyedCall<'_>) -> Option<Explanation> {
    let KeyedCall { call, key, store, .. } = call;
    if store.was_evicted(key).unwrap_or(false) {
        return Some(Explanation::Evicted);
    }
    let earlier = call.function.earlier(*store);
    if let Some(item) = earlier.of_other_code(key.call()) {
        return Some(of_other_code(call, item));
    }
    earlier.sample().map(|items| of_other_arguments(call, items))
}

/// The call is stored for other code.
fn of_other_code(call: &Call<'_>, item: &Item) -> Explanation {
    let before = call.memory.metadata(&item.key());
    let changed = before.as_ref().map(|metadata| changed_functions(call, metadata));
    let functions = changed.unwrap_or_else(|| vec![format!("`{}`", call.name())]);
    let location = call.memory.location_text_of(&item.key());
    Explanation::CodeChanged { functions, before: before.map(Box::new), location }
}

/// Other calls are stored, if any are.
fn of_other_arguments(call: &Call<'_>, items: &[Item]) -> Explanation {
    let nearest = items
        .iter()
        .zip(call.memory.metadata_of(items))
        .filter_map(|(item, metadata)| Some((item, metadata?)))
        .map(|(item, metadata)| (different_arguments(call, &metadata), item, metadata))
        .min_by_key(|(different, _, metadata)| {
            let files = changed_files(call, metadata).len();
            (different.len(), files, Reverse(metadata.time()))
        });
    let nearest = match nearest {
        // With the type of the result its key is another, too.
        Some((arguments, item, before))
            if arguments.is_empty()
                && changed_files(call, &before).is_empty()
                && (before.code != call.function.version.code().into() || before.shape != call.shape) =>
        {
            return of_other_code(call, item);
        }
        other => other.map(|(arguments, _, metadata)| (arguments, metadata)),
    };
    match nearest {
        Some((arguments, nearest))
            if arguments.iter().all(|name| call.file_arguments.contains(&name.as_str()))
                && shares_a_file(call, &nearest) =>
        {
            Explanation::FilesChanged { files: changed_files(call, &nearest), nearest: Box::new(nearest) }
        }
        Some((arguments, nearest)) => Explanation::ArgumentsChanged { arguments, nearest: Box::new(nearest) },
        None => Explanation::NeverComputed,
    }
}

fn changed_functions(call: &Call<'_>, metadata: &Metadata) -> Vec<String> {
    let mut changed: Vec<String> = Vec::new();
    if metadata.own_code != Hash::from(call.parts.own.hash()) {
        changed.push(own_item(call));
    }
    changed.extend(changed_items(call, &metadata.reached));
    for (name, code) in call.parts.depends {
        let stored = metadata.depends.iter().find(|(stored, _)| stored == name);
        if stored.is_none_or(|(_, stored)| *stored != Hash::from(code.hash())) {
            changed.push((*name).to_owned());
        }
    }
    if changed.is_empty() && metadata.shape != call.shape {
        changed.push("the type of the result".to_owned());
    }
    if changed.is_empty() {
        // Its version, or what it no longer depends on.
        changed.push(own_item(call));
    }
    changed
}

/// The function itself, with its place if that is known.
fn own_item(call: &Call<'_>) -> String {
    call.parts.items().first().map_or_else(|| format!("`{}`", call.name()), ToString::to_string)
}

/// Items that the function reaches and that are new or other ones, and those that it reached before. The first is the
/// function itself.
fn changed_items(call: &Call<'_>, before: &str) -> Vec<String> {
    let now = call.parts.items();
    let known = |item: &CodeItem| {
        lines(before).any(|(digest, name, _)| (digest, name) == (item.digest(), item.name()))
    };
    let gone = lines(before).skip(1).filter(|(_, name, _)| now.iter().all(|item| item.name() != *name));
    let gone = gone.map(|(_, name, place)| format!("`{name}` ({place}), which is gone,"));
    let fresh = now.iter().skip(1).filter(|item| !known(item)).map(ToString::to_string);
    fresh.chain(gone).collect()
}

/// Whether the stored call read a file that this one reads.
fn shares_a_file(call: &Call<'_>, metadata: &Metadata) -> bool {
    call.files.iter().any(|(path, _)| metadata.files.iter().any(|(stored, _)| stored == path))
}

/// What happened to the files of a stored call since then.
fn changed_files(call: &Call<'_>, metadata: &Metadata) -> Vec<String> {
    const MISSING: [u8; 16] = [0; 16];
    let before: HashMap<&str, Hash> =
        metadata.files.iter().map(|(path, digest)| (path.as_str(), *digest)).collect();
    let now: HashSet<&str> = call.files.iter().map(|(path, _)| path.as_str()).collect();
    let mut changed = Vec::new();
    for (path, digest) in &call.files {
        let what = match before.get(path.as_str()) {
            Some(before) if *before == Hash::from(*digest) => continue,
            _ if *digest == MISSING => "is missing",
            Some(before) if *before != Hash::from(MISSING) => "changed",
            _ => "is new",
        };
        changed.push(format!("{path} {what}"));
    }
    let gone = metadata.files.iter().filter(|(path, _)| !now.contains(path.as_str()));
    changed.extend(gone.map(|(path, _)| format!("{path} is gone")));
    changed
}

fn different_arguments(call: &Call<'_>, metadata: &Metadata) -> Vec<String> {
    call.content
        .arguments()
        .filter(|&(name, digest)| {
            let stored = metadata.arguments.iter().find(|argument| argument.name == name);
            stored.is_none_or(|argument| argument.digest != Hash::from(digest))
        })
        .map(|(name, _)| name.to_owned())
        .collect()
}
