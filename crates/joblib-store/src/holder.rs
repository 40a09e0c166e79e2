//! Who holds a claim: a host, a process on it and when that process started, so that a dead one is told from a live
//! one of the same number.

use std::fmt;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

/// The process that is computing a result.
///
/// ```
/// use joblib_store::Holder;
///
/// let me = Holder::this_process();
/// assert!(me.is_this_process() && me.is_alive() == Some(true));
/// assert_eq!((me.pid(), me.host()), (std::process::id(), Holder::this_process().host()));
/// // Stores keep it as text, for other processes to read.
/// assert_eq!(Holder::parse(&me.to_string()), Some(me));
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
        static LAST: Mutex<Option<Holder>> = Mutex::new(None);
        let pid = std::process::id();
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        // A forked child inherits the memory of its parent, so the number is compared each time.
        match &*last {
            Some(holder) if holder.pid == pid => holder.clone(),
            _ => {
                let started = started(pid).ok().flatten();
                let holder = Self::of_this_host(pid, started.unwrap_or(0));
                // A start that could not be read, as without a free file descriptor, may be readable later.
                if started.is_some() {
                    *last = Some(holder.clone());
                }
                holder
            }
        }
    }

    /// The process of this host with this number and start, which is 0 where it could not be read.
    pub(crate) fn of_this_host(pid: u32, started: u64) -> Self {
        Self { host: this_host().to_owned(), pid, started }
    }

    /// The process's number on its host.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// When it started, in the kernel's ticks since boot; 0 where that could not be read.
    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    /// The host: its name, and marks of its boot and of the process's view of process numbers.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is this process.
    pub fn is_this_process(&self) -> bool {
        let me = Self::this_process();
        let unseen = self.started == 0 || me.started == 0;
        self.host == me.host && self.pid == me.pid && (unseen || self.started == me.started)
    }

    /// Whether the process runs; `None` where this process can't see it, as on another host.
    pub fn is_alive(&self) -> Option<bool> {
        if self.host != this_host() || !cfg!(target_os = "linux") {
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

    /// Reads what [`Display`](fmt::Display) wrote; `None` if it did not write that.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let host = words.next()?.to_owned();
        let pid = words.next()?.parse().ok()?;
        let started = words.next()?.parse().ok()?;
        Some(Self { host, pid, started })
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
    const NO_SUCH_PROCESS: i32 = 3;
    let stat = match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat,
        Err(error)
            if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(NO_SUCH_PROCESS) =>
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
#[cfg(target_os = "linux")]
fn is_gone(pid: u32) -> bool {
    use nix::errno::Errno;
    use nix::sys::signal::kill;
    use nix::unistd::Pid;
    // Other numbers are no process's: 0 and negative ones stand for groups.
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 0);
    pid.is_none_or(|pid| kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}

#[cfg(not(target_os = "linux"))]
fn is_gone(_pid: u32) -> bool {
    false
}

fn this_host() -> &'static str {
    static HOST: OnceLock<String> = OnceLock::new();
    HOST.get_or_init(|| {
        let word = |path: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect::<String>()
        };
        let name = word("/proc/sys/kernel/hostname");
        let boot = word("/proc/sys/kernel/random/boot_id");
        let view = std::fs::read_link("/proc/self/ns/pid")
            .map(|link| link.to_string_lossy().chars().filter(char::is_ascii_digit).collect::<String>())
            .unwrap_or_default();
        let name = if name.is_empty() { std::env::var("HOSTNAME").unwrap_or_default() } else { name };
        let text = format!("{name}.{boot}.{view}");
        text.split_ascii_whitespace().collect()
    })
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
