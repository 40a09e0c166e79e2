//! The portable form of calls, batches and replies: bytes that a process of the same executable understands on any host.
//!
//! ```text
//! 8 bytes  "joblibP" and a zero
//! u32      version of the form
//! u32      1: a call, 2: a batch, 3: a reply
//! u128     digest of the executable (see `function_id::program`)
//!          a call: its message; a batch: as BATCH; a reply: as RESULTS
//! ```
//!
//! Numbers are little-endian. Nothing is left out: arrays are in the bytes.

use super::function_id;

const MAGIC: [u8; 8] = *b"joblibP\0";

/// Counts up with every change of what is behind the header.
pub(crate) const VERSION: u32 = 1;

/// What a packed thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Call = 1,
    Batch = 2,
    Reply = 3,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Call => "call",
            Kind::Batch => "batch",
            Kind::Reply => "reply",
        }
    }
}

/// `contents` behind their header.
pub(crate) fn pack(kind: Kind, contents: &[u8]) -> Vec<u8> {
    let header = [
        &MAGIC[..],
        &VERSION.to_le_bytes(),
        &(kind as u32).to_le_bytes(),
        &function_id::program().to_le_bytes(),
    ];
    [&header.concat(), contents].concat()
}

/// What is behind the header of `bytes`.
///
/// # Errors
///
/// Returns an error if they are something else, of another version, or of another program.
pub(crate) fn unpack(kind: Kind, bytes: &[u8]) -> Result<&[u8], String> {
    let name = kind.name();
    let header = || {
        let (magic, rest) = bytes.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (program, contents) = rest.split_first_chunk()?;
        let numbers =
            (u32::from_le_bytes(*version), u32::from_le_bytes(*number), u128::from_le_bytes(*program));
        (*magic == MAGIC).then_some((numbers, contents))
    };
    let ((version, number, program), contents) =
        header().ok_or_else(|| format!("these {} bytes are no packed {name}", bytes.len()))?;
    if version != VERSION {
        return Err(format!(
            "the packed form has version {version}, and this program reads version {VERSION}: both sides need the same \
             version of joblib-parallel"
        ));
    }
    if number != kind as u32 {
        let other = [Kind::Call, Kind::Batch, Kind::Reply].into_iter().find(|kind| *kind as u32 == number);
        let other = other.map_or("something unknown", Kind::name);
        return Err(format!("what was packed is a {other}, and not a {name}"));
    }
    if program != function_id::program() {
        return Err(format!(
            "the {name} was packed by another program, or another build of this one: both sides have to run the same \
             executable"
        ));
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::{Kind, pack, unpack};

    #[test]
    fn what_was_packed_is_unpacked_as_what_it_is() {
        let bytes = pack(Kind::Batch, b"contents");
        assert_eq!(unpack(Kind::Batch, &bytes), Ok(&b"contents"[..]));
        assert!(unpack(Kind::Call, &bytes).unwrap_err().contains("is a batch, and not a call"));
    }

    #[test]
    fn other_bytes_another_version_and_another_program_are_refused_as_such() {
        let bytes = pack(Kind::Reply, b"");
        for len in 0..bytes.len() {
            assert!(unpack(Kind::Reply, &bytes[..len]).unwrap_err().contains("no packed reply"), "{len}");
        }
        let with = |place: usize| {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x40;
            unpack(Kind::Reply, &bytes).unwrap_err()
        };
        assert!(with(0).contains("no packed reply"));
        assert!(with(8).contains("version 65"), "{}", with(8));
        assert!(with(12).contains("something unknown"));
        assert!(with(16).contains("another build"));
    }
}
