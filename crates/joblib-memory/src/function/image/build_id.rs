//! The number that linkers give each build of a program: the note `NT_GNU_BUILD_ID` of an ELF file.

use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The number as a text. `None` if there is none, or the file is of a form that is not read here.
pub(super) fn of(path: &Path) -> Option<String> {
    let id = find(&File::open(path).ok()?)?;
    let mut text = String::new();
    for byte in id {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

fn find(file: &File) -> Option<Vec<u8>> {
    /// More than any notes have.
    const LONGEST: u64 = 1 << 16;
    const PT_NOTE: u32 = 4;

    let head = read(file, 0, 64)?;
    // Of 64 bits, with the small end first.
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let (table, size, count) = (u64_at(&head, 32)?, u16_at(&head, 54)?, u16_at(&head, 56)?);
    (0..u64::from(count)).find_map(|index| {
        let header = read(file, table.checked_add(index * u64::from(size))?, 56)?;
        let (from, len, align) = (u64_at(&header, 8)?, u64_at(&header, 32)?, u64_at(&header, 48)?);
        let is_note = u32_at(&header, 0)? == PT_NOTE && len <= LONGEST;
        let notes = if is_note { read(file, from, len)? } else { return None };
        in_notes(&notes, if align == 8 { 8 } else { 4 })
    })
}

/// The number among notes, each of which is a name and a content behind their lengths and a kind.
fn in_notes(mut notes: &[u8], align: usize) -> Option<Vec<u8>> {
    const NT_GNU_BUILD_ID: u32 = 3;
    /// Shorter ones may be the same for two builds.
    const SHORTEST: usize = 8;

    loop {
        let (name, content) = (u32_at(notes, 0)? as usize, u32_at(notes, 4)? as usize);
        let kind = u32_at(notes, 8)?;
        if name > notes.len() {
            return None;
        }
        let from = 12 + name.next_multiple_of(align.min(4));
        let from = if align == 8 { from.next_multiple_of(8) } else { from };
        let end = from.checked_add(content)?;
        let (of, is) = (notes.get(12..12 + name)?, notes.get(from..end)?);
        if kind == NT_GNU_BUILD_ID && of == b"GNU\0" && is.len() >= SHORTEST {
            return Some(is.to_vec());
        }
        notes = notes.get(end.next_multiple_of(align)..)?;
    }
}

fn read(file: &File, from: u64, len: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(len).ok()?];
    file.read_exact_at(&mut bytes, from).ok()?;
    Some(bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(kind: u32, name: &[u8], content: &[u8]) -> Vec<u8> {
        let mut note = Vec::new();
        let len = |part: &[u8]| u32::try_from(part.len()).unwrap();
        for number in [len(name), len(content), kind] {
            note.extend(number.to_le_bytes());
        }
        for part in [name, content] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    #[test]
    fn the_number_is_found_among_other_notes() {
        let notes = [note(1, b"GNU\0", &[0; 16]), note(3, b"GNU\0", &[7; 20]), note(3, b"Go\0\0", b"text")];
        assert_eq!(in_notes(&notes.concat(), 4), Some(vec![7; 20]));
        assert_eq!(in_notes(&notes[0], 4), None);
        assert_eq!(in_notes(&note(3, b"GNU\0", &[7; 4]), 4), None, "too short to tell builds apart");
        // Damaged in any way.
        let whole = notes.concat();
        for at in 0..whole.len() {
            let _ = in_notes(&whole[..at], 4);
            let mut other = whole.clone();
            other[at] = 0xff;
            let _ = in_notes(&other, 4);
            let _ = in_notes(&other, 8);
        }
    }

    #[test]
    fn what_is_no_program_has_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        for content in ["", "short", &"long".repeat(100)] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(of(&path), None);
        }
    }
}
