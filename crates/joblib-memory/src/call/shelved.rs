//! References to stored results, which travel instead of the results themselves.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use joblib_store::{FunctionVersion, Key};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::entry::codec::{Entry, Mapping};
use crate::entry::metadata::Metadata;
use crate::error::{Error, Result};
use crate::memory::Memory;

/// What `call_and_shelve` returns: a reference to the stored result, or the result itself where it was not stored.
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
    /// The result is here.
    NotMemorized(NotMemorizedResult<T>),
}

impl<T: DeserializeOwned + Clone> Shelved<T> {
    /// The result: loaded, or a clone of what is here. Errors are those of [`MemorizedResult::get`].
    pub fn get(&self) -> Result<T> {
        match self {
            Self::Memorized(result) => result.get(),
            Self::NotMemorized(result) => Ok(result.get()),
        }
    }
}

impl<T: DeserializeOwned> Shelved<T> {
    /// The result, without cloning it. Errors are those of [`MemorizedResult::get`].
    pub fn into_inner(self) -> Result<T> {
        match self {
            Self::Memorized(result) => result.get(),
            Self::NotMemorized(result) => Ok(result.into_inner()),
        }
    }
}

impl<T> Shelved<T> {
    /// Drops the result from the cache, if it is there. An error is the store's.
    pub fn clear(&self) -> Result<()> {
        match self {
            Self::Memorized(result) => result.clear(),
            Self::NotMemorized(_) => Ok(()),
        }
    }

    /// The reference, if the result is in the cache.
    pub fn memorized(&self) -> Option<&MemorizedResult<T>> {
        match self {
            Self::Memorized(result) => Some(result),
            Self::NotMemorized(_) => None,
        }
    }
}

/// A result that is not in a cache, in the form of one that is.
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
    /// Holds `value`.
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

/// A reference to a stored result. It serializes, and prints and parses, as where the result is; another process that
/// reaches the same store can load the result by it.
///
/// ```
/// use joblib_memory::{MemorizedResult, Memory};
///
/// let memory = Memory::with_backend("in_memory", "referred to")?;
/// let shelved = memory.cache("double", |x: i32| 2 * x).call_and_shelve((4,));
/// let Some(made) = shelved.memorized() else { panic!("it can be stored") };
/// assert_eq!(made.function(), "double");
/// assert_eq!(made.metadata().map(|metadata| metadata.arguments()[0].text()), Some("4"));
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
        metadata: Option<Metadata>,
    ) -> Self {
        Self { memory, key: key.clone(), mapping, metadata: metadata.map(Box::new), result: PhantomData }
    }

    /// What was known of the result when the call returned this; `None` where this was parsed or received.
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_deref()
    }

    /// The whole name of the function that computed it.
    pub fn function(&self) -> &str {
        self.key.version().function()
    }

    /// Drops the result from the cache, if it is there. An error is the store's.
    pub fn clear(&self) -> Result<()> {
        if let Some(store) = self.memory.store() {
            store.remove(&self.key)?;
        }
        Ok(())
    }

    fn address(&self) -> Address {
        let (backend, location) = self
            .memory
            .store()
            .map(|store| (store.backend().to_owned(), store.location().to_owned()))
            .unwrap_or_default();
        Address {
            backend,
            location,
            function: self.function().to_owned(),
            code: format!("{:032x}", self.key.version().code()),
            call: self.key.call_hex(),
            mmap_mode: self.mapping.map(|mapping| mapping.mode.to_string()),
            check_mapped: self.mapping.is_some_and(|mapping| mapping.check),
        }
    }
}

impl<T: DeserializeOwned> MemorizedResult<T> {
    /// Loads the result.
    ///
    /// An error that [`is_gone`](Error::is_gone) says that it was cleared or evicted meanwhile, one that
    /// [`is_unreadable`](Error::is_unreadable) that it is damaged or no `T`.
    pub fn get(&self) -> Result<T> {
        let name = self.function();
        let store = self.memory.store().ok_or_else(|| Error::gone(name))?;
        let blob = store.get(&self.key)?.ok_or_else(|| Error::gone(name))?;
        let entry = Entry::open(blob, self.mapping).and_then(Entry::result::<T>);
        entry.map(|(result, _)| result).map_err(|error| Error::unreadable(name, error))
    }
}

impl<T> Clone for MemorizedResult<T> {
    fn clone(&self) -> Self {
        Self::new(self.memory.clone(), &self.key, self.mapping, self.metadata.as_deref().cloned())
    }
}

impl<T> PartialEq for MemorizedResult<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.address().location == other.address().location
    }
}

impl<T> fmt::Debug for MemorizedResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a stored result is, as text.
#[derive(Serialize, Deserialize)]
struct Address {
    backend: String,
    location: String,
    function: String,
    code: String,
    call: String,
    mmap_mode: Option<String>,
    #[serde(default)]
    check_mapped: bool,
}

impl Address {
    fn open<T>(self) -> Result<MemorizedResult<T>> {
        let wrong = |what: &str, found: &str| {
            Error::option(format!("a reference to a stored result has a wrong {what}: {found:?}"))
        };
        let number = |what, text: &str| u128::from_str_radix(text, 16).map_err(|_| wrong(what, text));
        let version = FunctionVersion::new(&*self.function, number("code", &self.code)?, "");
        let key = Key::new(&version, number("call", &self.call)?.to_be_bytes());
        let mapping = match &self.mmap_mode {
            Some(mode) => Some(Mapping {
                mode: mode.parse().map_err(|_| wrong("mmap_mode", mode))?,
                check: self.check_mapped,
            }),
            None => None,
        };
        let memory = Memory::with_backend(&self.backend, self.location)?;
        Ok(MemorizedResult::new(memory, &key, mapping, None))
    }
}

/// `MemorizedResult(location="cache", backend="local", function="flights::fit", code="…", call="…")`
impl<T> fmt::Display for MemorizedResult<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Address { backend, location, function, code, call, mmap_mode, check_mapped } = self.address();
        write!(
            f,
            "MemorizedResult(location={location:?}, backend={backend:?}, function={function:?}, code={code:?}, \
             call={call:?}"
        )?;
        if let Some(mode) = mmap_mode {
            write!(f, ", mmap_mode={mode:?}")?;
        }
        if check_mapped {
            f.write_str(", check_mapped=\"true\"")?;
        }
        f.write_str(")")
    }
}

impl<T> FromStr for MemorizedResult<T> {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::option(format!("expected the text of a MemorizedResult, found {text:?}"));
        let inner = text.trim().strip_prefix("MemorizedResult(").and_then(|rest| rest.strip_suffix(')'));
        let mut rest = inner.ok_or_else(wrong)?;
        let mut fields: [(&str, Option<String>); 7] =
            ["location", "backend", "function", "code", "call", "mmap_mode", "check_mapped"]
                .map(|name| (name, None));
        while !rest.is_empty() {
            let (name, value) = rest.split_once('=').ok_or_else(wrong)?;
            let (value, after) = unquote(value).ok_or_else(wrong)?;
            let field = fields.iter_mut().find(|(known, _)| *known == name.trim()).ok_or_else(wrong)?;
            field.1 = Some(value);
            rest = after.trim_start_matches([',', ' ']);
        }
        let [location, backend, function, code, call, mmap_mode, check_mapped] =
            fields.map(|(_, value)| value);
        let needed = |value: Option<String>| value.ok_or_else(wrong);
        Address {
            backend: needed(backend)?,
            location: needed(location)?,
            function: needed(function)?,
            code: needed(code)?,
            call: needed(call)?,
            mmap_mode,
            check_mapped: check_mapped.as_deref() == Some("true"),
        }
        .open()
    }
}

/// The string literal at the start of `text`, as `{:?}` writes it, and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut letters = body.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &body[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                '0' => value.push('\0'),
                'u' => {
                    let digits: String = letters
                        .by_ref()
                        .map(|(_, letter)| letter)
                        .skip(1)
                        .take_while(|letter| *letter != '}')
                        .collect();
                    value.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
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
