//! Who holds a claim: a host, a process on it and when that process started, so that a dead one is told from a live
//! one of the same number.

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::process_lock::{AfterFork, ProcessLock};

/// The process that is computing a result.
///
/// ```
/// use joblib_store::Holder;
///
/// let me = Holder::this_process();
/// assert!(me.is_this_process() && me.is_alive() == Some(true));
/// assert_eq!((me.pid(), me.host()), (std::process::id(), Holder::this_process().host()));
/// // Stores keep it as text, for other processes to read.
/// assert_eq!(me.to_string().parse(), Ok(me));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Holder {
    host: String,
    pid: u32,
    started: u64,
}

impl Holder {
    /// This process.
    pub fn this_process() -> Self {
        static THIS: ProcessLock<Option<Holder>> = ProcessLock::new(AfterFork::Renew);
        let mut this = THIS.lock();
        if let Some(holder) = &*this {
            return holder.clone();
        }
        let pid = std::process::id();
        let started = started(pid).ok().flatten();
        let holder = Self::of_this_host(pid, started.unwrap_or(0));
        // A start that could not be read, as without a free file descriptor, may be readable later.
        if started.is_some() {
            *this = Some(holder.clone());
        }
        holder
    }

    /// An unknown process. It is neither this one nor known to be dead.
    ///
    /// ```
    /// use joblib_store::Holder;
    ///
    /// let unknown = Holder::unknown();
    /// assert!(!unknown.is_this_process() && unknown.is_alive() == None);
    /// ```
    pub fn unknown() -> Self {
        Self { host: "unknown".to_owned(), pid: 0, started: 0 }
    }

    /// The name of this host; empty if it is not known.
    ///
    /// ```
    /// use joblib_store::Holder;
    ///
    /// assert!(Holder::this_process().host().starts_with(Holder::host_name()));
    /// ```
    pub fn host_name() -> &'static str {
        static NAME: ProcessLock<Option<&str>> = ProcessLock::new(AfterFork::Inherit);
        NAME.lock().get_or_insert_with(|| {
            let name = nix::unistd::gethostname().unwrap_or_default();
            leak(name.to_string_lossy().trim().to_owned())
        })
    }

    /// The process of this host with this number and start, which is 0 where it could not be read.
    pub(crate) fn of_this_host(pid: u32, started: u64) -> Self {
        Self { host: this_host().to_owned(), pid, started }
    }

    /// The process of this host that has this number now; `None` if there is none, or it can't be looked at.
    pub(crate) fn running(pid: u32) -> Option<Self> {
        Some(Self::of_this_host(pid, started(pid).ok()??))
    }

    /// The process id on its host.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// When it started, in the kernel's ticks since boot; 0 where that could not be read.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// The host: its name, and identifiers of its boot and of the process's PID namespace.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns `true` if it is this process.
    pub fn is_this_process(&self) -> bool {
        let me = Self::this_process();
        let unseen = self.started == 0 || me.started == 0;
        self.host == me.host && self.pid == me.pid && (unseen || self.started == me.started)
    }

    /// Returns whether the process runs; `None` if this process can't see it, for example on another host.
    pub fn is_alive(&self) -> Option<bool> {
        if self.host != this_host() {
            return if self.is_this_process() { Some(true) } else { None };
        }
        match started(self.pid) {
            Ok(None) => Some(false),
            // What could not be looked at, then or now, is not taken for dead.
            Ok(Some(_)) if self.started == 0 => None,
            Ok(Some(started)) => Some(started == self.started),
            Err(_) => None,
        }
    }
}

/// The error for a text that is not a holder.
///
/// ```
/// use joblib_store::Holder;
///
/// assert!("nobody".parse::<Holder>().unwrap_err().to_string().contains("nobody"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a holder is a host, a process number and a start, separated by spaces; found {0:?}")]
pub struct ParseHolderError(String);

/// Parses the text written by [`Display`](fmt::Display).
impl FromStr for Holder {
    type Err = ParseHolderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split_ascii_whitespace();
        let mut read = || {
            let host = words.next()?.to_owned();
            let pid = words.next()?.parse().ok()?;
            let started = words.next()?.parse().ok()?;
            Some(Self { host, pid, started })
        };
        read().ok_or_else(|| ParseHolderError(text.chars().take(200).collect()))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.host, self.pid, self.started)
    }
}

/// When a process started, in the kernel's ticks since boot; `None` if there is no such process, or it is a zombie. An
/// error where that can't be told, as when this process has no file descriptor left.
fn started(pid: u32) -> io::Result<Option<u64>> {
    let stat = match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH) =>
        {
            // Mounted with `hidepid`, `/proc` hides the processes of other users.
            return if is_gone(pid) { Ok(None) } else { Err(error) };
        }
        Err(error) => return Err(error),
    };
    // The second field is the program's name in parentheses, which may hold anything; state and start follow it.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let mut fields = fields.split_ascii_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return Ok(None);
    }
    match fields.nth(18).map(str::parse) {
        Some(Ok(started)) => Ok(Some(started)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Whether there is no process with this number, as far as can be told without `/proc`.
fn is_gone(pid: u32) -> bool {
    use nix::errno::Errno;
    use nix::sys::signal::kill;
    use nix::unistd::Pid;
    // 0 and negative numbers stand for groups of processes.
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0);
    pid.is_none_or(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}

fn this_host() -> &'static str {
    // A child may be the first process of a PID namespace.
    static HOST: ProcessLock<Option<&str>> = ProcessLock::new(AfterFork::Renew);
    HOST.lock().get_or_insert_with(|| {
        let word = |text: &str| -> String {
            text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
        };
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let view = std::fs::read_link("/proc/self/ns/pid")
            .map(|link| link.to_string_lossy().chars().filter(char::is_ascii_digit).collect::<String>())
            .unwrap_or_default();
        leak(format!("{}.{}.{view}", word(Holder::host_name()), word(&boot)))
    })
}

/// What lives as long as the process. There are two such texts, and one more in each forked child.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_with_the_number_of_a_dead_one_is_not_taken_for_it() {
        let me = Holder::this_process();
        let earlier = Holder { started: me.started.wrapping_sub(1), ..me };
        assert_eq!(earlier.is_alive(), Some(false));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_could_not_be_looked_at_is_not_taken_for_dead() {
        let unseen = Holder { started: 0, ..Holder::this_process() };
        assert_eq!(unseen.is_alive(), None);
        let gone = Holder { started: 0, pid: u32::MAX, ..unseen };
        assert_eq!(gone.is_alive(), Some(false));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_knows_itself_by_a_name_from_before_its_start_could_be_read() {
        let me = Holder::this_process();
        assert!(Holder { started: 0, ..me.clone() }.is_this_process());
        assert!(!Holder { started: me.started + 1, ..me }.is_this_process());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_gone_when_the_system_knows_none_of_its_number() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        assert!(!is_gone(child.id()), "nobody has waited for it");
        child.wait().unwrap();
        assert!(is_gone(child.id()) && is_gone(u32::MAX) && is_gone(0));
        assert!(!is_gone(std::process::id()) && !is_gone(1), "whoever they belong to");
    }

    #[test]
    fn a_process_on_another_host_is_not_judged() {
        let far = Holder { host: "elsewhere".into(), pid: 1, started: 1 };
        assert_eq!(far.is_alive(), None);
    }
}
