//! What is known of a stored result besides its value.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// What is known of a stored result: which call it is of, what it cost, and where it comes from.
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
/// assert_eq!(metadata.arguments()[0].text(), "3.0");
/// assert!(metadata.time().elapsed().is_ok_and(|elapsed| elapsed <= metadata.age()));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    pub(crate) time: f64,
    pub(crate) duration: f64,
    pub(crate) function: String,
    pub(crate) code: Hash,
    pub(crate) own_code: Hash,
    pub(crate) depends: Vec<(String, Hash)>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) host: String,
    pub(crate) version: String,
}

/// The times of a stored result, read without the rest.
#[derive(Deserialize)]
#[serde(rename = "Metadata")]
pub(crate) struct Brief {
    time: f64,
    duration: f64,
}

impl From<Brief> for Metadata {
    fn from(Brief { time, duration }: Brief) -> Self {
        Self {
            time,
            duration,
            function: String::new(),
            code: Hash(0, 0),
            own_code: Hash(0, 0),
            depends: Vec::new(),
            arguments: Vec::new(),
            host: String::new(),
            version: String::new(),
        }
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

/// One argument of a call.
///
/// ```
/// use joblib_memory::{Argument, Memory};
///
/// let memory = Memory::with_backend("in_memory", "arguments")?;
/// memory.eval("sum", |x: &[i32]| x.iter().sum::<i32>(), (&[1, 2][..],));
/// let (_, metadata) = memory.items()?.remove(0);
/// let argument: Option<&Argument> = metadata.as_ref().and_then(|metadata| metadata.arguments().first());
/// assert_eq!(argument.map(|argument| (argument.name(), argument.text())), Some(("0", "[1, 2]")));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) digest: Hash,
}

impl Argument {
    /// Its name, as the function declares it; of a function made at run time its place, counted from 0.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value, shortened for people; empty where the function is `redact`ed.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Metadata {
    /// How long the result took to compute.
    pub fn duration(&self) -> Duration {
        Duration::try_from_secs_f64(self.duration).unwrap_or_default()
    }

    /// When it had been computed.
    pub fn time(&self) -> SystemTime {
        let since = Duration::try_from_secs_f64(self.time).unwrap_or_default();
        SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// How long ago that was. A time in the future, by a clock that jumped, is no time ago.
    pub fn age(&self) -> Duration {
        SystemTime::now().duration_since(self.time()).unwrap_or_default()
    }

    /// The function's whole name.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The arguments that the result depends on, without those that are ignored.
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// The name of the host that computed it; empty where the system does not tell.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The version of joblib that stored it.
    pub fn version(&self) -> &str {
        &self.version
    }
}

pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

pub(crate) fn host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let found = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let found = found.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
        found.trim().to_owned()
    })
}
