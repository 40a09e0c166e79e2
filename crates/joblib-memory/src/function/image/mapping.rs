//! The files that are mapped into this process, as Linux tells them.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// What leads to the file that this process runs, also where another has taken its place.
pub(super) const PROGRAM: &str = "/proc/self/exe";

/// A part of a file that is mapped.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) addresses: Range<usize>,
    /// Where in the file the first of them is.
    pub(super) offset: usize,
    pub(super) path: PathBuf,
    pub(super) is_code: bool,
}

/// All of them. `None` where there is no such file system as `/proc`.
pub(super) fn all() -> Option<Vec<Mapping>> {
    let maps = std::fs::read("/proc/self/maps").ok()?;
    Some(String::from_utf8_lossy(&maps).lines().filter_map(parse).collect())
}

/// The path of the program, as mappings have it.
pub(super) fn program() -> Option<PathBuf> {
    std::fs::read_link(PROGRAM).ok()
}

/// A line of the form `from-to permissions offset device inode path`; the path begins with a slash if it is a file's.
fn parse(line: &str) -> Option<Mapping> {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let (from, to) = (usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?);
    let is_code = words.next()?.contains('x');
    let offset = usize::from_str_radix(words.next()?, 16).ok()?;
    let path = PathBuf::from(line.get(line.find('/')?..)?);
    Some(Mapping { addresses: from..to, offset, path, is_code })
}

impl Mapping {
    /// What to read the file by. `None` where another may be at its path.
    pub(super) fn file(&self) -> Option<PathBuf> {
        if program().is_some_and(|program| program == self.path) {
            return Some(Path::new(PROGRAM).to_owned());
        }
        let is_there = !self.path.as_os_str().to_string_lossy().ends_with(" (deleted)");
        is_there.then(|| self.path.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_files_are_read() {
        let line = "7f00-7fff r-xp 00001000 08:01 1234567                    /home/me/my study/fit";
        let mapping = parse(line).unwrap();
        assert_eq!((mapping.addresses, mapping.offset), (0x7f00..0x7fff, 0x1000));
        assert_eq!((mapping.path.as_path(), mapping.is_code), (Path::new("/home/me/my study/fit"), true));
        assert!(parse("7f00-7fff rw-p 00000000 00:00 0   [heap]").is_none());
    }

    #[test]
    fn a_file_that_was_replaced_is_not_read() {
        let of = |path: &str| Mapping { addresses: 0..1, offset: 0, path: path.into(), is_code: true }.file();
        assert_eq!(of("/lib/helper.so"), Some("/lib/helper.so".into()));
        assert_eq!(of("/lib/helper.so (deleted)"), None);
        assert_eq!(of(program().unwrap().to_str().unwrap()), Some(PROGRAM.into()));
    }
}
