//! The zip archive that `numpy.savez` writes: an entry `name.npy` for each array.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

use crate::error::{Error, Result};

/// What the elements of an array that is stored are aligned to in the file, so that they can be mapped.
const ALIGNMENT: u64 = 64;
/// The field of a header that only takes space: the one that Android's zipalign writes.
const SPACE: u16 = 0xd935;
/// 1980-01-01, the first date that a zip archive can say: the bytes depend on the arrays alone.
const DATE: u16 = 0x21;
const NAMES_ARE_UTF8: u16 = 0x800;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// From this length on the 64-bit fields are used.
const LONG: u64 = 0xffff_ffff;

/// An archive that is being written.
pub(super) struct Archive<'w> {
    out: &'w mut dyn Write,
    position: u64,
    compressed: bool,
    /// What the archive's end says of each entry.
    directory: Vec<u8>,
    entries: u64,
}

impl<'w> Archive<'w> {
    pub(super) fn new(out: &'w mut dyn Write, compressed: bool) -> Self {
        Self { out, position: 0, compressed, directory: Vec::new(), entries: 0 }
    }

    /// Adds the entry `name.npy`, whose content is `parts` one after another.
    pub(super) fn add(&mut self, name: &str, parts: [&[u8]; 2]) -> Result<()> {
        let name = format!("{name}.npy");
        let name_len = u16::try_from(name.len())
            .map_err(|_| Error::value(format!("an array's name of {} bytes is too long", name.len())))?;
        let mut crc = Crc::new();
        for part in parts {
            crc.update(part);
        }
        let len = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        let deflated = self.compressed.then(|| deflate(parts)).transpose()?;
        let stored = deflated.as_ref().map_or(len, |bytes| bytes.len() as u64);
        let method = if deflated.is_some() { DEFLATED } else { STORED };
        let start = self.position;

        let is_long = len >= LONG || stored >= LONG;
        let mut extra = Vec::new();
        if is_long {
            field(&mut extra, 1, &[len.to_le_bytes(), stored.to_le_bytes()].concat());
        }
        if deflated.is_none() {
            let fixed = start + 30 + u64::from(name_len) + extra.len() as u64 + 4;
            let space = (ALIGNMENT - fixed % ALIGNMENT) % ALIGNMENT;
            field(&mut extra, SPACE, &vec![0; space as usize]);
        }
        let mut common = Vec::new();
        for number in [if is_long { 45 } else { 20 }, NAMES_ARE_UTF8, method, 0, DATE] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        common.extend_from_slice(&crc.sum().to_le_bytes());
        for size in [stored, len] {
            common.extend_from_slice(&short(if is_long { LONG } else { size }).to_le_bytes());
        }
        common.extend_from_slice(&name_len.to_le_bytes());

        let mut header = b"PK\x03\x04".to_vec();
        header.extend_from_slice(&common);
        header.extend_from_slice(&(extra.len() as u16).to_le_bytes());
        header.extend_from_slice(name.as_bytes());
        header.extend_from_slice(&extra);
        self.write(&header)?;
        match &deflated {
            Some(bytes) => self.write(bytes)?,
            None => parts.iter().try_for_each(|part| self.write(part))?,
        }

        let mut extra = Vec::new();
        if is_long || start >= LONG {
            field(&mut extra, 1, &[len, stored, start].map(u64::to_le_bytes).concat());
        }
        self.directory.extend_from_slice(b"PK\x01\x02\x2d\x03");
        // The sizes are in the extra field where the place is.
        let long = is_long || start >= LONG;
        if long {
            common[14..22].fill(0xff);
        }
        self.directory.extend_from_slice(&common);
        self.directory.extend_from_slice(&(extra.len() as u16).to_le_bytes());
        // No comment, the first disk, no attributes but that it is a file that its owner may write.
        self.directory.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0xa4, 0x81]);
        self.directory.extend_from_slice(&short(if long { LONG } else { start }).to_le_bytes());
        self.directory.extend_from_slice(name.as_bytes());
        self.directory.extend_from_slice(&extra);
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory of all entries.
    pub(super) fn finish(mut self) -> Result<()> {
        let (start, directory) = (self.position, std::mem::take(&mut self.directory));
        self.write(&directory)?;
        let len = directory.len() as u64;
        let end = self.position;
        if self.entries >= 0xffff || start >= LONG || len >= LONG {
            let mut record = b"PK\x06\x06".to_vec();
            record.extend_from_slice(&44_u64.to_le_bytes());
            record.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for number in [self.entries, self.entries, len, start] {
                record.extend_from_slice(&number.to_le_bytes());
            }
            record.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            record.extend_from_slice(&end.to_le_bytes());
            record.extend_from_slice(&1_u32.to_le_bytes());
            self.write(&record)?;
        }
        let entries = u16::try_from(self.entries).unwrap_or(u16::MAX).to_le_bytes();
        let mut record = b"PK\x05\x06\0\0\0\0".to_vec();
        record.extend_from_slice(&entries);
        record.extend_from_slice(&entries);
        record.extend_from_slice(&short(len).to_le_bytes());
        record.extend_from_slice(&short(start).to_le_bytes());
        record.extend_from_slice(&[0, 0]);
        self.write(&record)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.position += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|error| Error::io("writing the archive", error))
    }
}

/// A number of 32 bits, or the one that says that it is too large for them.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn field(extra: &mut Vec<u8>, id: u16, content: &[u8]) {
    extra.extend_from_slice(&id.to_le_bytes());
    extra.extend_from_slice(&(content.len() as u16).to_le_bytes());
    extra.extend_from_slice(content);
}

fn deflate(parts: [&[u8]; 2]) -> Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    parts
        .iter()
        .try_for_each(|part| encoder.write_all(part))
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::io("compressing an array", error))
}
