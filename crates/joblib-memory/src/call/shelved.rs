//! References to stored results, which can be sent to other processes in place of the results.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;

use joblib_store::{FunctionVersion, Key};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::entry::codec::{Entry, Mapping, Wanted};
use crate::entry::metadata::Metadata;
use crate::error::{Error, Result};
use crate::memory::settings::valid_mmap_mode;
use crate::memory::source::{Form, Source};
use crate::memory::{Memory, SharedCache};

/// What `call_and_shelve` returns: a reference to the stored result, or the result itself if it was
/// not stored.
///
/// ```
/// use joblib_memory::{Memory, Shelved};
///
/// let reference: Shelved<i32> = Memory::none().cache("double", |x: i32| 2 * x).call_and_shelve((4,));
/// assert!(matches!(reference, Shelved::NotMemorized(_)));
/// assert_eq!(reference.into_inner()?, 8);
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: DeserializeOwned"))]
pub enum Shelved<T> {
    /// The result is in the cache.
    Memorized(MemorizedResult<T>),
    /// The result was not stored; this value contains it.
    NotMemorized(NotMemorizedResult<T>),
}

impl<T: DeserializeOwned + Clone> Shelved<T> {
    /// Returns the result: loaded from the cache, or cloned if this value contains it.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`MemorizedResult::get`].
    pub fn get(&self) -> Result<T> {
        match self {
            Self::Memorized(result) => result.get(),
            Self::NotMemorized(result) => Ok(result.get()),
        }
    }
}

impl<T: DeserializeOwned> Shelved<T> {
    /// Returns the result: loaded from the cache, or moved out of this value.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`MemorizedResult::get`].
    pub fn into_inner(self) -> Result<T> {
        match self {
            Self::Memorized(result) => result.get(),
            Self::NotMemorized(result) => Ok(result.into_inner()),
        }
    }
}

impl<T> Shelved<T> {
    /// Drops the result from the cache, if it is there.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    pub fn clear(&self) -> Result<()> {
        match self {
            Self::Memorized(result) => result.clear(),
            Self::NotMemorized(_) => Ok(()),
        }
    }

    /// Returns the reference, if the result is in the cache.
    pub fn memorized(&self) -> Option<&MemorizedResult<T>> {
        match self {
            Self::Memorized(result) => Some(result),
            Self::NotMemorized(_) => None,
        }
    }
}

/// A result that is not in a cache, with the same methods as [`MemorizedResult`].
///
/// ```
/// use joblib_memory::NotMemorizedResult;
///
/// assert_eq!(NotMemorizedResult::new(8).get(), 8);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NotMemorizedResult<T> {
    value: T,
}

impl<T> NotMemorizedResult<T> {
    /// Creates it from a value.
    pub fn new(value: T) -> Self {
        Self { value }
    }

    /// The result.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Clone> NotMemorizedResult<T> {
    /// A clone of the result.
    pub fn get(&self) -> T {
        self.value.clone()
    }
}

/// A reference to a stored result. It can be serialized, or printed and parsed as JSON; any process that has access to the
/// same store can load the result with it.
///
/// ```
/// use joblib_memory::{MemorizedResult, Memory};
///
/// let memory = Memory::with_backend("in_memory", "referred to")?;
/// let shelved = memory.cache("double", |x: i32| 2 * x).call_and_shelve((4,));
/// let Some(made) = shelved.memorized() else { panic!("it can be stored") };
/// assert_eq!(made.function(), "double");
/// assert_eq!(made.metadata().and_then(|metadata| metadata.arguments()[0].text()), Some("4"));
///
/// let parsed: MemorizedResult<i32> = made.to_string().parse()?;
/// assert!(parsed == *made && parsed.metadata().is_none());
/// assert_eq!(parsed.get()?, 8);
/// parsed.clear()?;
/// assert!(parsed.get().unwrap_err().is_gone());
/// # Ok::<(), joblib_memory::Error>(())
/// ```
pub struct MemorizedResult<T> {
    memory: Memory,
    key: Key,
    mapping: Option<Mapping>,
    metadata: Option<Box<Metadata>>,
    result: PhantomData<fn() -> T>,
}

impl<T> MemorizedResult<T> {
    pub(crate) fn new(
        memory: Memory,
        key: &Key,
        mapping: Option<Mapping>,
        metadata: Option<Box<Metadata>>,
    ) -> Self {
        Self { memory, key: key.clone(), mapping, metadata, result: PhantomData }
    }

    /// The metadata of the result at the time of the call; `None` if this reference was parsed or deserialized.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_deref()
    }

    /// The full name of the function that computed it.
    pub fn function(&self) -> &str {
        self.key.version().function()
    }

    /// Drops the result from the cache, if it is there.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    pub fn clear(&self) -> Result<()> {
        self.memory.remove(&self.key)
    }

    fn address(&self) -> Address {
        let form = self.memory.source().zip(self.memory.store()).map(|(source, store)| source.form(store));
        let (backend, location, options, shared) = match form {
            Some(Form { backend, location, options, shared }) => {
                (Some(backend), Some(location), options, shared)
            }
            None => Default::default(),
        };
        Address {
            backend,
            location,
            options,
            shared,
            function: self.function().to_owned(),
            code: format!("{:032x}", self.key.version().code()),
            call: self.key.call_hex(),
            mmap_mode: self.mapping.map(|mapping| mapping.mode.to_string()),
            verify_mapped: self.mapping.is_some_and(|mapping| mapping.verify),
        }
    }
}

impl<T: DeserializeOwned> MemorizedResult<T> {
    /// Loads the result.
    ///
    /// # Errors
    ///
    /// Returns an error for which [`is_gone`](Error::is_gone) is `true` if the result was cleared or evicted, one for which
    /// [`is_unreadable`](Error::is_unreadable) is `true` if it is damaged or not a `T`, and another error if the store
    /// can't be read.
    pub fn get(&self) -> Result<T> {
        let name = self.function();
        let store = self.memory.store().ok_or_else(|| Error::gone(name))?;
        let blob = store.get(&self.key)?.ok_or_else(|| Error::gone(name))?;
        let result = Entry::open(blob, self.mapping, Wanted::Times).and_then(|entry| entry.body.result());
        result.map_err(|error| error.of(name))
    }
}

impl<T> Clone for MemorizedResult<T> {
    fn clone(&self) -> Self {
        Self::new(self.memory.clone(), &self.key, self.mapping, self.metadata.clone())
    }
}

impl<T> PartialEq for MemorizedResult<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.memory.location() == other.memory.location()
    }
}

impl<T> fmt::Debug for MemorizedResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorizedResult")
            .field("location", &self.memory.location())
            .field("function", &self.function())
            .field("call", &format_args!("{}", self.key.call_hex()))
            .field("mapping", &self.mapping)
            .finish_non_exhaustive()
    }
}

/// Where a stored result is, as text.
#[derive(Serialize, Deserialize)]
struct Address {
    backend: Option<String>,
    location: Option<PathBuf>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    #[serde(default)]
    shared: Vec<SharedCache>,
    function: String,
    code: String,
    call: String,
    #[serde(default)]
    mmap_mode: Option<String>,
    #[serde(default)]
    verify_mapped: bool,
}

impl Address {
    fn open<T>(self) -> Result<MemorizedResult<T>> {
        let wrong = |what: &str, found: &str| {
            Error::option(format!("a reference to a stored result has an invalid {what}: {found:?}"))
        };
        let number = |what, text: &str| u128::from_str_radix(text, 16).map_err(|_| wrong(what, text));
        let version = FunctionVersion::new(&*self.function, number("code", &self.code)?, "");
        let key = Key::new(&version, number("call", &self.call)?.to_be_bytes());
        let mapping = match &self.mmap_mode {
            Some(mode) => Some(Mapping {
                mode: valid_mmap_mode(mode.parse().map_err(|_| wrong("mmap_mode", mode))?)?,
                verify: self.verify_mapped,
            }),
            None => None,
        };
        let Self { options, shared, .. } = self;
        let memory = match (self.backend, self.location) {
            (Some(backend), Some(location)) => {
                Memory::of_source(Source::of_form(Form { backend, location, options, shared }))?
            }
            _ => Memory::none(),
        };
        Ok(MemorizedResult::new(memory, &key, mapping, None))
    }
}

/// Writes JSON, such as `{"backend":"local","location":"/tmp/cache",…}`.
impl<T> fmt::Display for MemorizedResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.address()).map_err(|_| fmt::Error)?)
    }
}

impl<T> FromStr for MemorizedResult<T> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let address: Address = serde_json::from_str(text).map_err(|error| {
            Error::option(format!("expected the JSON of a MemorizedResult, found {text:?}: {error}"))
        })?;
        address.open()
    }
}

impl<T> Serialize for MemorizedResult<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.address().serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for MemorizedResult<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Address::deserialize(deserializer)?.open().map_err(serde::de::Error::custom)
    }
}
