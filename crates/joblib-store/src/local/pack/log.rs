//! Records of packed results in a log. The README beside this file has their bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::index::{NO_LOG, Slot};
use crate::key::fnv64;

/// Bytes before a record's content.
pub(super) const HEADER: usize = 24;
/// Where a new log begins.
pub(super) const LONGEST: u64 = 32 << 20;
const MAGIC: [u8; 2] = *b"jr";

pub(super) fn name(folder: &str, number: u32) -> String {
    format!("{folder}/small-{number:08x}.log")
}

/// The number of the log with this name, if it is one's.
pub(super) fn number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("small-")?.strip_suffix(".log")?;
    let number = u32::from_str_radix(digits, 16).ok().filter(|number| *number < NO_LOG)?;
    // Another spelling of the number is the name of another file.
    (digits == format!("{number:08x}")).then_some(number)
}

pub(super) fn record(call: &[u8; 16], content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + content.len());
    bytes.extend_from_slice(&header(call, content.len() as u16));
    bytes.extend_from_slice(content);
    bytes
}

fn header(call: &[u8; 16], length: u16) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..2].copy_from_slice(&MAGIC);
    bytes[2..4].copy_from_slice(&length.to_le_bytes());
    bytes[8..].copy_from_slice(call);
    let mut checked = [0; 20];
    checked[..4].copy_from_slice(&bytes[..4]);
    checked[4..].copy_from_slice(call);
    bytes[4..8].copy_from_slice(&(fnv64(&checked) as u32).to_le_bytes());
    bytes
}

/// The content of the record that a slot names; an error of the kind `InvalidData` if there is no such record.
pub(super) fn read(log: &File, slot: &Slot) -> io::Result<Arc<[u8]>> {
    let mut bytes = vec![0; HEADER + usize::from(slot.length)];
    let damaged = |reason: &str| {
        io::Error::new(io::ErrorKind::InvalidData, format!("a packed result is damaged: {reason}"))
    };
    match log.read_exact_at(&mut bytes, u64::from(slot.offset)) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(damaged("the file ends before it")),
        Err(error) => Err(error),
        Ok(()) if bytes[..HEADER] != header(&slot.call, slot.length) => {
            Err(damaged("another record is in its place"))
        }
        Ok(()) => Ok(bytes[HEADER..].into()),
    }
}
