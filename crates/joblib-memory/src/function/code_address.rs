//! What an address in the program's code or constants is in other runs: its place in the file that it was loaded from.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

/// A text that stands for the same code or constant in every run of the same file; another build is another file. `None` where
/// the system does not tell.
pub(crate) fn lasting(address: usize) -> Option<String> {
    static KNOWN: Mutex<Option<HashMap<usize, Option<String>>>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().entry(address).or_insert_with(|| find(address)).clone()
}

#[cfg(target_os = "linux")]
fn find(address: usize) -> Option<String> {
    use std::os::unix::fs::MetadataExt;

    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        // from-to permissions offset device inode path
        let mut words = line.split_ascii_whitespace();
        let (from, to) = words.next()?.split_once('-')?;
        let (from, to) = (usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?);
        if !(from..to).contains(&address) {
            return None;
        }
        let offset = usize::from_str_radix(words.nth(1)?, 16).ok()?;
        let inode: u64 = words.nth(1)?.parse().ok()?;
        let path = line.get(line.find('/')?..)?;
        let file = std::fs::metadata(path).ok().filter(|file| file.ino() == inode)?;
        let mut text = format!("{:x} in {}", address - from + offset, file.len());
        // Writing to a `String` does not fail.
        let _ = write!(text, " {}.{:09}", file.mtime(), file.mtime_nsec());
        Some(text)
    })
}

#[cfg(not(target_os = "linux"))]
fn find(_: usize) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> u8 {
        1
    }

    fn two() -> u8 {
        2
    }

    #[test]
    fn functions_have_places_and_the_heap_has_none() {
        let place = |function: fn() -> u8| lasting(function as usize);
        assert!(place(one).is_some());
        assert_eq!(place(one), place(one));
        assert_ne!(place(one), place(two));
        let heap = Box::new([0; 64]);
        assert_eq!(lasting(std::ptr::from_ref(&*heap) as usize), None);
    }
}
