//! Reading: all records that are whole, and what is wrong with the others.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::codec::{self, Decoded};
use crate::frame::{self, Found, HEADER, MAGIC, MOST, NAME};
use crate::record::{Record, Run};

/// Damaged places after which the rest of a file is not looked at.
const MOST_PLACES: u32 = 1000;

/// A record, with the process that wrote it and when.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stamped {
    /// The process.
    pub pid: u32,
    /// Microseconds since the start of the run.
    pub time: u64,
    /// What it says.
    pub record: Record,
}

/// The record of a run, as far as it can be read.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct RunFile {
    /// The run; of a file whose first record is damaged only its id, which is its name.
    pub run: Run,
    /// All records that are whole, in the order of the file.
    pub records: Vec<Stamped>,
    /// What could not be read, for a person.
    pub problems: Vec<String>,
    /// Whether no process of the run is alive.
    pub is_over: bool,
}

impl RunFile {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read, or is no record of a run. One that is cut short, damaged or of a
    /// later version is read as far as it goes.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut follow = Follow::open(path)?;
        let records = follow.read_new()?;
        let run = records.iter().find_map(|stamped| match &stamped.record {
            Record::Run(run) => Some(run.clone()),
            _ => None,
        });
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_over = crate::folder::is_over(path);
        let mut problems = follow.problems();
        if is_over && follow.is_cut_short() {
            problems.push("its last record was cut short".to_owned());
        }
        Ok(Self {
            run: run.unwrap_or_else(|| Run { id: name, ..Run::default() }),
            records,
            problems,
            is_over,
        })
    }
}

/// Reads a record while it is written.
#[derive(Debug)]
pub struct Follow {
    path: PathBuf,
    file: File,
    offset: u64,
    version: u8,
    /// Bytes that no record has, and records of kinds that are not known or make no sense.
    strange: u64,
    places: u32,
    unknown: u64,
    malformed: u64,
}

impl Follow {
    /// Opens a record at its start.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read, or is no record of a run.
    pub fn open(path: &Path) -> io::Result<Self> {
        // A pipe of that name is not waited for.
        let flags = libc::O_CLOEXEC | libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let version = version(&read_start(&file, MAGIC.len())?)?;
        let offset = MAGIC.len() as u64;
        Ok(Self {
            path: path.to_owned(),
            file,
            offset,
            version,
            strange: 0,
            places: 0,
            unknown: 0,
            malformed: 0,
        })
    }

    /// The records that were written since the last call.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read.
    pub fn read_new(&mut self) -> io::Result<Vec<Stamped>> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        let mut records = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let length = match frame::find(rest) {
                Found::Record(content, length) => {
                    match codec::read(content) {
                        Decoded::Known(pid, time, record) => records.push(Stamped { pid, time, record }),
                        Decoded::Unknown => self.unknown += 1,
                        Decoded::Malformed => self.malformed += 1,
                    }
                    length
                }
                Found::Part => break,
                // A file may be made so that looking for records in it takes for ever.
                Found::Other(_) if self.places >= MOST_PLACES => rest.len(),
                Found::Other(length) => {
                    self.strange += length as u64;
                    self.places += 1;
                    length
                }
            };
            self.offset += length as u64;
            rest = &rest[length..];
        }
        Ok(records)
    }

    /// Whether no process of the run is alive.
    pub fn is_over(&self) -> bool {
        crate::folder::is_over(&self.path)
    }

    /// Whether something follows that is not a whole record yet.
    fn is_cut_short(&self) -> bool {
        self.file.metadata().is_ok_and(|found| found.len() > self.offset)
    }

    /// What could not be read so far, for a person.
    pub fn problems(&self) -> Vec<String> {
        let known = MAGIC[NAME];
        let mut problems = Vec::new();
        if self.version > known {
            problems.push(format!(
                "it has version {} of the format, of which this program knows {known}: what it does not know is left out",
                self.version
            ));
        }
        if self.places >= MOST_PLACES {
            problems.push("it is damaged in so many places that the rest was not looked at".to_owned());
        }
        let counted = [
            (self.strange, "bytes are not part of any record: it is damaged"),
            (self.unknown, "records are of kinds that a later version has, and left out"),
            (self.malformed, "records make no sense, and are left out"),
        ];
        problems.extend(
            counted.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        problems
    }
}

/// Reads some bytes at the start of a file.
fn read_start(file: &File, bytes: usize) -> io::Result<Vec<u8>> {
    let mut start = vec![0; bytes];
    let mut length = 0;
    while length < bytes {
        match file.read_at(&mut start[length..], length as u64) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    start.truncate(length);
    Ok(start)
}

/// The version in the first bytes of a file.
fn version(start: &[u8]) -> io::Result<u8> {
    match start.strip_prefix(&MAGIC[..NAME]) {
        Some([version]) => Ok(*version),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "this is not a record of a run")),
    }
}

/// The first record of a file that another process began.
pub(crate) fn first(file: &File) -> io::Result<Run> {
    let start = read_start(file, MAGIC.len() + HEADER + MOST.min(256 << 10))?;
    version(&start[..MAGIC.len().min(start.len())])?;
    let content = match frame::find(&start[MAGIC.len()..]) {
        Found::Record(content, _) => codec::read(content),
        _ => Decoded::Malformed,
    };
    match content {
        Decoded::Known(_, _, Record::Run(run)) => Ok(run),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "its first record can't be read")),
    }
}
