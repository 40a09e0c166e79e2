//! What is known of the program that runs.

use std::ffi::CStr;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::record::Run;

/// Arguments of the program that are recorded, and bytes of each.
const ARGUMENTS: usize = 100;
const LONGEST: usize = 1000;

/// The record that begins a run.
pub(crate) fn describe(id: &str, start: u64) -> Run {
    let text = |text: std::ffi::OsString| shortened(&text.to_string_lossy());
    let mut arguments = std::env::args_os();
    let program = arguments.next().map(text).unwrap_or_default();
    let folder = std::env::current_dir().unwrap_or_default();
    Run {
        id: id.to_owned(),
        start,
        program: std::env::current_exe().map_or(program, |path| shortened(&path.to_string_lossy())),
        arguments: first(arguments, text),
        folder: folder.display().to_string(),
        host: host(),
        user: user(),
        commit: commit(&folder).unwrap_or_default(),
    }
}

/// The first arguments, and how many follow.
fn first<T>(mut all: impl ExactSizeIterator<Item = T>, text: impl Fn(T) -> String) -> Vec<String> {
    let mut first: Vec<String> = all.by_ref().take(ARGUMENTS).map(text).collect();
    if all.len() > 0 {
        first.push(format!("… and {} more", all.len()));
    }
    first
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn host() -> String {
    let mut name = [0_u8; 256];
    // SAFETY: the buffer is writable for the length that is said, less the last byte, which stays zero.
    let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0;
    let name = name.split(|byte| *byte == 0).next().filter(|_| !failed).unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

/// The user's name; the number of one who has none.
fn user() -> String {
    // SAFETY: it can't fail.
    let number = unsafe { libc::getuid() };
    let of_environment = || {
        let named = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        named.filter(|name| !name.is_empty())
    };
    user_name(number).or_else(of_environment).unwrap_or_else(|| number.to_string())
}

/// The name that the system has for the number of a user.
fn user_name(number: libc::uid_t) -> Option<String> {
    let mut buffer = vec![0; 16 << 10];
    // SAFETY: all bytes zero are a value of this plain structure, with null for its texts.
    let mut user: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    // SAFETY: all that is written to is writable, the buffer for the length that is said.
    let error =
        unsafe { libc::getpwuid_r(number, &raw mut user, buffer.as_mut_ptr(), buffer.len(), &raw mut found) };
    if error != 0 || found.is_null() || user.pw_name.is_null() {
        return None;
    }
    // SAFETY: it is a text in the buffer, which ends with a zero byte.
    let name = unsafe { CStr::from_ptr(user.pw_name) };
    Some(name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
}

/// The commit that is checked out around a folder, if git manages it. Only files are read: no program is started.
fn commit(folder: &Path) -> Option<String> {
    let git = folder.ancestors().map(|folder| folder.join(".git")).find(|git| git.exists())?;
    let git = match fs::read_to_string(&git) {
        // A work tree of its own names its folder.
        Ok(text) => git.parent()?.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let is_commit = |text: &str| text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let head = fs::read_to_string(git.join("HEAD")).ok()?;
    let head = head.trim();
    let Some(name) = head.strip_prefix("ref:") else {
        return Some(head.to_owned()).filter(|head| is_commit(head));
    };
    let name = name.trim();
    let common = fs::read_to_string(git.join("commondir")).ok();
    let common = common.map_or_else(|| git.clone(), |common| git.join(common.trim()));
    let loose = [&git, &common].into_iter().find_map(|folder| fs::read_to_string(folder.join(name)).ok());
    let commit = loose.or_else(|| {
        let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
        let line = packed.lines().find(|line| line.ends_with(name) && !line.starts_with('#'))?;
        line.split_once(' ').filter(|(_, rest)| *rest == name).map(|(commit, _)| commit.to_owned())
    })?;
    Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
}

/// The most memory that the process has occupied, in bytes; 0 where the system doesn't tell.
pub fn peak_memory() -> u64 {
    // SAFETY: all bytes zero are a value of this plain structure.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is writable.
    if unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } != 0 {
        return 0;
    }
    // Linux counts kilobytes, macOS bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    u64::try_from(usage.ru_maxrss).unwrap_or(0) * unit
}

/// Microseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// A time of the day in UTC, as in `20261129-054700`.
pub(crate) fn date(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant's algorithm: years that begin in March have their odd day at the end.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let second = 1_000_000;
        assert_eq!(date(0), "19700101-000000");
        assert_eq!(date(951_782_399 * second), "20000228-235959");
        assert_eq!(date(951_782_400 * second), "20000229-000000");
        assert_eq!(date(1_795_930_737 * second), "20261129-053857");
    }

    #[test]
    fn the_commit_is_read_from_every_kind_of_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let (git, inner) = (folder.path().join(".git"), folder.path().join("a/b"));
        fs::create_dir_all(git.join("refs/heads")).unwrap();
        fs::create_dir_all(&inner).unwrap();
        let id = "0123456789abcdef0123456789abcdef01234567";
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        assert_eq!(commit(&inner), None, "no commit yet");
        fs::write(git.join("packed-refs"), format!("# pack-refs\n{id} refs/heads/main\n")).unwrap();
        assert_eq!(commit(&inner).as_deref(), Some(id));
        let other = id.replace('0', "f");
        fs::write(git.join("refs/heads/main"), format!("{other}\n")).unwrap();
        assert_eq!(commit(&inner), Some(other.clone()));
        fs::write(git.join("HEAD"), id).unwrap();
        assert_eq!(commit(&inner).as_deref(), Some(id));
        // A work tree beside it.
        let tree = tempfile::tempdir().unwrap();
        let own = git.join("worktrees/tree");
        fs::create_dir_all(&own).unwrap();
        fs::write(tree.path().join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        fs::write(own.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(own.join("commondir"), "../..\n").unwrap();
        assert_eq!(commit(tree.path()), Some(other));
    }

    #[test]
    fn of_very_many_arguments_the_first_are_recorded_and_the_others_counted() {
        let text = |number: usize| number.to_string();
        assert_eq!(first(0..3_usize, text), ["0", "1", "2"]);
        let arguments = first(0..250_usize, text);
        assert_eq!((arguments.len(), arguments[ARGUMENTS].as_str()), (ARGUMENTS + 1, "… and 150 more"));
    }

    #[test]
    fn users_have_names_and_one_without_has_none() {
        assert_eq!(user_name(0).as_deref(), Some("root"));
        assert_eq!(user_name(libc::uid_t::MAX - 7), None);
    }

    #[test]
    fn memory_is_counted_in_bytes() {
        assert!(peak_memory() > 100_000);
    }
}
