//! The executable as other hosts get to know it: by its digest, and when they lack it by its bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::backend::processes::program::Program;

/// What identifies the executable's file.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// SHA-256 in hexadecimal digits, which the usual tools of any host compute.
    pub(crate) hash: String,
    pub(crate) size: u64,
}

/// That of this program, which is read once.
///
/// # Errors
///
/// Returns an error if its file can't be found or read.
pub(crate) fn identity() -> io::Result<Identity> {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    if let Some(identity) = IDENTITY.get() {
        return Ok(identity.clone());
    }
    let mut file = fs::File::open(Program::find()?.path)?;
    let mut digest = Sha256::new();
    let mut size = 0;
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        digest.update(&piece[..read]);
        size += read as u64;
    }
    let mut hash = String::new();
    for byte in digest.finalize() {
        // Writing to a String does not fail.
        let _ = write!(hash, "{byte:02x}");
    }
    Ok(IDENTITY.get_or_init(|| Identity { hash, size }).clone())
}

/// Its bytes.
///
/// # Errors
///
/// Returns an error if they can't be read.
pub(crate) fn bytes() -> io::Result<Vec<u8>> {
    fs::read(Program::find()?.path)
}

/// The system and the processor that it is for, as `uname -s -m` says.
pub(crate) fn machine() -> String {
    match nix::sys::utsname::uname() {
        Ok(name) => format!("{} {}", name.sysname().to_string_lossy(), name.machine().to_string_lossy()),
        Err(_) => "an unknown system".to_owned(),
    }
}
