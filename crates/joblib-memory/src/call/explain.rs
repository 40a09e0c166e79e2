//! Why a call would be computed: found by looking at what the cache does hold.

use std::fmt;
use std::ops::ControlFlow;

use joblib_store::Item;

use super::Call;
use super::read::{Read, Wanted};
use crate::entry::metadata::{Argument, Hash, Metadata};
use crate::report::Readable;

/// Stored results that are looked at, at most.
const MOST: usize = 2000;

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
    /// There is no cache.
    NoCache,
    /// An argument can't be hashed; the reason.
    Unhashable(String),
    /// The function was never called before, as far as the cache knows.
    NeverComputed,
    /// This call was computed with other code.
    CodeChanged {
        /// The functions whose code is another: the cached one, or some that it depends on.
        functions: Vec<String>,
    },
    /// Other calls were computed.
    ArgumentsChanged {
        /// The arguments that differ from the most similar call.
        arguments: Vec<String>,
        /// The most similar call.
        nearest: Box<Metadata>,
    },
    /// The result is older than the function's `expires_after`.
    Expired(Box<Metadata>),
    /// The function's validation rejects the result.
    Rejected(Box<Metadata>),
    /// The result was dropped to keep the cache within its limits.
    Evicted,
    /// The stored result is damaged, or of another type.
    Corrupt,
}

impl Explanation {
    /// Whether the call would be answered from the cache.
    pub fn is_hit(&self) -> bool {
        matches!(self, Self::Hit(_))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit(metadata) => {
                write!(f, "the result is in the cache; computing it took {}", Readable(metadata.duration()))
            }
            Self::NoCache => f.write_str("there is no cache"),
            Self::Unhashable(reason) => f.write_str(reason),
            Self::NeverComputed => f.write_str("it was never computed"),
            Self::CodeChanged { functions } => {
                write!(f, "the code changed since it was computed: {}", functions.join(", "))
            }
            Self::ArgumentsChanged { arguments, nearest } => {
                write!(f, "it was not computed with these arguments; the nearest call differs in ")?;
                for (index, name) in arguments.iter().enumerate() {
                    let separator = if index > 0 { ", " } else { "" };
                    // Those of a closure have numbers for names, as a tuple's fields.
                    let kind = if name.bytes().all(|byte| byte.is_ascii_digit()) { "argument " } else { "" };
                    let stored = nearest.arguments().iter().find(|argument| argument.name() == name);
                    match stored.map(Argument::text).filter(|text| !text.is_empty()) {
                        Some(text) => write!(f, "{separator}{kind}{name} (there {text})")?,
                        None => write!(f, "{separator}{kind}{name}")?,
                    }
                }
                Ok(())
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

/// Why a call would be computed; for generated code.
#[doc(hidden)]
pub fn explain(call: &Call<'_>) -> Explanation {
    let Some(store) = call.memory.store() else { return Explanation::NoCache };
    let key = match call.key_or_error() {
        Ok(key) => key,
        Err(reason) => return Explanation::Unhashable(reason),
    };
    match call.read(&key, Wanted::All, &|entry| Ok(((), entry.metadata))) {
        Read::Hit(((), metadata)) => return Explanation::Hit(Box::new(metadata)),
        Read::Expired(metadata) => return Explanation::Expired(metadata),
        Read::Rejected(metadata) => return Explanation::Rejected(metadata),
        Read::Corrupt => return Explanation::Corrupt,
        Read::Missing => {}
    }
    if store.was_evicted(&key).unwrap_or(false) {
        return Explanation::Evicted;
    }
    let mut items: Vec<Item> = Vec::new();
    // What can't be listed was not computed as far as we know.
    let _ = store.visit(&mut |item| {
        if item.version.function() == key.version().function() {
            items.push(item);
        }
        if items.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let other_code = items.iter().filter(|item| item.call == *key.call()).max_by_key(|item| item.used);
    if let Some(item) = other_code {
        let changed = call.memory.metadata(&item.key()).map(|metadata| changed_functions(call, &metadata));
        let functions = changed.unwrap_or_else(|| vec![key.version().function().to_owned()]);
        return Explanation::CodeChanged { functions };
    }
    let nearest = items
        .iter()
        .filter_map(|item| call.memory.metadata(&item.key()))
        .map(|metadata| (different_arguments(call, &metadata), metadata))
        .min_by_key(|(different, _)| different.len());
    match nearest {
        Some((arguments, nearest)) => Explanation::ArgumentsChanged { arguments, nearest: Box::new(nearest) },
        None => Explanation::NeverComputed,
    }
}

fn changed_functions(call: &Call<'_>, metadata: &Metadata) -> Vec<String> {
    let mut changed: Vec<String> = Vec::new();
    if metadata.own_code != Hash::from(call.own_code.hash()) {
        changed.push(call.function.version.function().to_owned());
    }
    for (name, code) in call.depends {
        let stored = metadata.depends.iter().find(|(stored, _)| stored == name);
        if stored.is_none_or(|(_, stored)| *stored != Hash::from(code.hash())) {
            changed.push((*name).to_owned());
        }
    }
    if changed.is_empty() {
        // Its version, or what it no longer depends on.
        changed.push(call.function.version.function().to_owned());
    }
    changed
}

fn different_arguments(call: &Call<'_>, metadata: &Metadata) -> Vec<String> {
    call.arguments()
        .iter()
        .filter(|(name, digest)| {
            let stored = metadata.arguments.iter().find(|argument| argument.name == *name);
            stored.is_none_or(|argument| argument.digest != Hash::from(*digest))
        })
        .map(|(name, _)| (*name).to_owned())
        .collect()
}
