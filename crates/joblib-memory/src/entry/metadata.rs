//! The metadata of a stored result.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The metadata of a stored result: its call, how long it took to compute, and where it was
/// computed.
///
/// ```
/// use joblib_memory::{Memory, Metadata};
///
/// /// Such as "half took 1.2µs, by joblib 0.1.0 on lovelace".
/// fn told(of: &Metadata) -> String {
///     format!("{} took {:?}, by joblib {} on {}", of.function(), of.duration(), of.version(), of.host())
/// }
///
/// let memory = Memory::with_backend("in_memory", "with metadata")?;
/// memory.eval("half", |x: f64| x / 2.0, (3.0,));
/// let Some(metadata) = memory.items()?.remove(0).1 else { panic!("it can be read") };
/// assert!(told(&metadata).starts_with("half took "));
/// assert_eq!(metadata.arguments()[0].text(), Some("3.0"));
/// assert!(metadata.time().elapsed().is_ok_and(|elapsed| elapsed <= metadata.age()));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    pub(crate) time: f64,
    pub(crate) duration: f64,
    /// The shape of the result's type; 0 where it is not known.
    #[serde(default)]
    pub(crate) shape: u64,
    pub(crate) function: String,
    pub(crate) code: Hash,
    pub(crate) own_code: Hash,
    pub(crate) depends: Vec<(String, Hash)>,
    /// What the function reached: a line each, of a digest, a tab, a name, a tab and a place.
    pub(crate) reached: String,
    pub(crate) arguments: Vec<Argument>,
    /// The files that were arguments, as far as they were few.
    pub(crate) files: Vec<(String, Hash)>,
    pub(crate) host: String,
    pub(crate) version: String,
    /// What the computation logged, of a function with `replay`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<StoredEvent>,
}

/// An event of `tracing` that a computation emitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    /// 1 for errors, 2 for warnings, 3 for information.
    pub(crate) level: u8,
    pub(crate) target: String,
    pub(crate) message: String,
}

/// When a result was computed, how long that took, and what it looks like: the first fields of
/// [`Metadata`], read without the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// Seconds since the Unix epoch.
    time: f64,
    /// Seconds.
    duration: f64,
    /// The shape of the result's type; 0 where it is not known.
    #[serde(default)]
    shape: u64,
}

impl Times {
    /// The times of a result of this shape that is computed now.
    pub(crate) fn now(duration: Duration, shape: u64) -> Self {
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { time: time.as_secs_f64(), duration: duration.as_secs_f64(), shape }
    }

    /// Seconds from the Unix epoch to the end of the computation.
    pub(crate) fn seconds(self) -> f64 {
        self.time
    }

    /// The shape of the result's type; 0 where it is not known.
    pub(crate) fn shape(self) -> u64 {
        self.shape
    }

    pub(crate) fn duration(self) -> Duration {
        Duration::try_from_secs_f64(self.duration).unwrap_or_default()
    }

    pub(crate) fn computed_at(self) -> SystemTime {
        let since = Duration::try_from_secs_f64(self.time).unwrap_or_default();
        SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// The time since then at `now`. A time in the future, by a clock that was wrong, counts as
    /// now.
    pub(crate) fn age(self, now: SystemTime) -> Duration {
        now.duration_since(self.computed_at()).unwrap_or_default()
    }
}

/// A 128-bit hash as two numbers, which every format writes compactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Hash(u64, u64);

impl From<u128> for Hash {
    fn from(hash: u128) -> Self {
        Self((hash >> 64) as u64, hash as u64)
    }
}

impl From<[u8; 16]> for Hash {
    fn from(bytes: [u8; 16]) -> Self {
        u128::from_be_bytes(bytes).into()
    }
}

impl From<Hash> for u128 {
    fn from(Hash(high, low): Hash) -> Self {
        (Self::from(high) << 64) | Self::from(low)
    }
}

/// One item that counted as the code of a stored result: its name, its place and a digest of it.
///
/// ```
/// use joblib_memory::{Memory, StoredCodeItem};
///
/// let memory = Memory::with_backend("in_memory", "without reach")?;
/// memory.eval("half", |x: f64| x / 2.0, (3.0,));
/// let (_, metadata) = memory.items()?.remove(0);
/// let items: Vec<StoredCodeItem<'_>> = metadata.iter().flat_map(|metadata| metadata.code_items()).collect();
/// assert!(items.iter().all(|item| item.place.is_empty()), "of a function made at run time only its build is known");
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredCodeItem<'m> {
    /// Its kind and name, such as `fn weight`; for what the option `depends` names, its path.
    pub name: &'m str,
    /// Its file and line; empty for what the option `depends` names.
    pub place: &'m str,
    /// A digest of its own code.
    pub digest: Cow<'m, str>,
}

/// One argument of a call.
///
/// ```
/// use joblib_memory::{Argument, Memory};
///
/// let memory = Memory::with_backend("in_memory", "arguments")?;
/// memory.eval("sum", |x: &[i32]| x.iter().sum::<i32>(), (&[1, 2][..],));
/// let (_, metadata) = memory.items()?.remove(0);
/// let argument: Option<&Argument> = metadata.as_ref().and_then(|metadata| metadata.arguments().first());
/// assert_eq!(argument.map(|argument| (argument.name(), argument.text())), Some(("0", Some("[1, 2]"))));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    pub(crate) name: String,
    pub(crate) text: Option<String>,
    pub(crate) digest: Hash,
}

impl Argument {
    /// Its name, as the function declares it; for a function made at run time its position, counted from 0.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value as a short text for display; `None` if the function is `redact`ed.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// The hash of its value, by which two arguments are compared.
    pub fn digest(&self) -> u128 {
        self.digest.into()
    }
}

impl Metadata {
    /// Why only the function's own tokens counted as its code, where more should have.
    pub(crate) fn unseen(&self) -> Option<&str> {
        let unseen = lines(&self.reached).find(|(_, name, _)| *name == "what it reaches was not seen");
        unseen.map(|(_, _, reason)| reason)
    }

    /// The number of events that a hit emits again, for a function with `replay`.
    pub fn event_count(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn times(&self) -> Times {
        Times { time: self.time, duration: self.duration, shape: self.shape }
    }

    /// The time it took to compute the result.
    pub fn duration(&self) -> Duration {
        self.times().duration()
    }

    /// The time at which the computation of the result ended.
    pub fn time(&self) -> SystemTime {
        self.times().computed_at()
    }

    /// The time since the result was computed. A time in the future, from a wrong clock, counts as now.
    pub fn age(&self) -> Duration {
        self.times().age(SystemTime::now())
    }

    /// The function's full name.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The arguments that the result depends on, without those that are ignored.
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// The hash of the code that computed it.
    pub fn code(&self) -> u128 {
        self.code.into()
    }

    /// What counted as the function's code: the function first, then what it reaches, then what the option `depends` names.
    /// Empty for a function made at run time.
    pub fn code_items(&self) -> impl Iterator<Item = StoredCodeItem<'_>> {
        let reached = lines(&self.reached).map(|(digest, name, place)| StoredCodeItem {
            name,
            place,
            digest: digest.into(),
        });
        let depends = self.depends.iter().map(|(name, hash)| StoredCodeItem {
            name,
            place: "",
            digest: format!("{:032x}", u128::from(*hash)).into(),
        });
        reached.chain(depends)
    }

    /// The name of the host that computed it; empty if it is not known.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The version of joblib that stored it.
    pub fn version(&self) -> &str {
        &self.version
    }
}

/// The lines of a listing of code: digest, name and place.
pub(crate) fn lines(listing: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    listing.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        Some((parts.next()?, parts.next()?, parts.next()?))
    })
}
