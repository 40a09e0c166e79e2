//! [`FilePart`]: an array's place in a file that other hosts have as well.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Which bytes of which file an array is, and what tells whether a host has the same file at that path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FilePart {
    path: Vec<u8>,
    state: State,
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

/// A file's length, and when it was last changed, in seconds and nanoseconds of the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    len: u64,
    changed: (i64, i64),
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        State { len: metadata.len(), changed: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

impl FilePart {
    /// The part of a file that is mapped where `bytes` are; `None` if there is no such file any more, or the system does not
    /// say which it is.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let maps = std::fs::read("/proc/self/maps").ok()?;
        let start = bytes.as_ptr() as u64;
        let mapping = maps.split(|byte| *byte == b'\n').find_map(|line| Mapping::parse(line, start))?;
        if start + bytes.len() as u64 > mapping.end {
            return None;
        }
        let metadata = std::fs::metadata(OsString::from_vec(mapping.path.clone())).ok()?;
        // What is at the path now may be another file.
        (metadata.is_file() && metadata.ino() == mapping.inode).then(|| FilePart {
            path: mapping.path,
            state: State::of(&metadata),
            offset: mapping.offset + (start - mapping.start),
            len: bytes.len() as u64,
        })
    }

    fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }

    /// The file, on a host that has it.
    ///
    /// # Errors
    ///
    /// Returns an error if it can't be opened there, or is not as it was on the caller's host.
    pub(crate) fn open(&self) -> Result<File, String> {
        let path = self.path();
        let failed = |error: std::io::Error| format!("the file {} can't be opened: {error}", path.display());
        let file = File::open(&path).map_err(failed)?;
        let found = State::of(&file.metadata().map_err(failed)?);
        if found != self.state {
            let say = |state: State| {
                format!("{} bytes, changed at {}.{:09}", state.len, state.changed.0, state.changed.1)
            };
            return Err(format!(
                "the file {} has {}, and that of the caller {}",
                path.display(),
                say(found),
                say(self.state)
            ));
        }
        Ok(file)
    }
}

/// A line of `/proc/self/maps`.
struct Mapping {
    start: u64,
    end: u64,
    offset: u64,
    inode: u64,
    path: Vec<u8>,
}

impl Mapping {
    /// The mapping that `address` is in; `None` if it is not in this one, or this one has no file.
    fn parse(line: &[u8], address: u64) -> Option<Self> {
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        // The path is behind the fifth field, and may be any bytes; of a newline in it there is only an escape.
        let place = line.iter().position(|byte| *byte == b'/')?;
        let (fields, path) = line.split_at(place);
        let mut fields = std::str::from_utf8(fields).ok()?.split_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let (start, end) = (hex(start)?, hex(end)?);
        let offset = hex(fields.nth(1)?)?;
        let inode = fields.nth(1)?.parse().ok()?;
        (start <= address && address < end).then(|| Mapping {
            start,
            end,
            offset,
            inode,
            path: path.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use joblib_array::{Buffer, MmapMode};

    use super::{FilePart, Mapping};

    #[test]
    fn a_line_says_which_part_of_which_file_an_address_is_in() {
        let line = b"7f10-7f30 r--p 00002000 fe:00 4711                       /data/with a space.npy";
        let mapping = Mapping::parse(line, 0x7f18).unwrap();
        assert_eq!(
            (mapping.start, mapping.end, mapping.offset, mapping.inode),
            (0x7f10, 0x7f30, 0x2000, 4711)
        );
        assert_eq!(mapping.path, b"/data/with a space.npy");
        assert!(Mapping::parse(line, 0x7f30).is_none());
        assert!(Mapping::parse(b"7f10-7f30 rw-p 00000000 00:00 0 [heap]", 0x7f18).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_mapped_file_is_found_and_opened_unless_it_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("array");
        fs::write(&path, vec![7; 100_000]).unwrap();
        let buffer = Buffer::map(&fs::File::open(&path).unwrap(), 16, 50_000, MmapMode::Read).unwrap();
        let part = FilePart::of(buffer.slice(10..30_000).as_bytes()).unwrap();
        assert_eq!((part.offset, part.len), (26, 29_990));
        assert!(part.open().is_ok());
        fs::write(&path, vec![7; 100_001]).unwrap();
        assert!(part.open().unwrap_err().contains("has 100001 bytes"));
        fs::remove_file(&path).unwrap();
        assert!(part.open().unwrap_err().contains("can't be opened"));
        assert!(FilePart::of(buffer.as_bytes()).is_none(), "it has no path any more");
        assert!(FilePart::of(Buffer::copy_of(&vec![1; 1 << 20]).as_bytes()).is_none());
    }
}
