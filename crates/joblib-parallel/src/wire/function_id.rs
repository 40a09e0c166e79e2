//! A function by a number that means the same in every process of one executable.
//!
//! Each function that [`delayed`](crate::delayed) is used with has a trampoline, compiled for it, that decodes its
//! arguments, calls it and encodes its result. The address at which an executable is loaded differs from process to
//! process, but the distance from a fixed `static` to a trampoline does not: that distance is the function's id. It is
//! measured from a static and not from a function, because a small function may be compiled into several crates, each
//! copy with an address of its own.
//!
//! To call a number that is not a trampoline would be undefined behaviour. So a worker makes sure that the address lies
//! in the code of the executable itself (and not in a shared library, which is elsewhere in each process, and may not be
//! there at all), compares a fingerprint of the executable before it accepts tasks, and a trampoline compares a hash of
//! its types' names before it decodes. A forked worker has all that its parent has, at the same addresses.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use crate::sys::image::image;

/// What offsets are measured from.
static ANCHOR: u8 = 0x6a;

fn anchor() -> usize {
    (&raw const ANCHOR) as usize
}

/// The id of a function.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct FunctionId {
    /// Its distance from the anchor.
    pub(crate) offset: i64,
    /// A hash of the names that both sides have to agree on.
    pub(crate) check: u64,
}

/// A call of a function, with its arguments encoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct EncodedCall {
    pub(crate) function: FunctionId,
    pub(crate) arguments: Vec<u8>,
}

impl FunctionId {
    /// The id of the function at `address`.
    pub(crate) fn of(address: usize, check: u64) -> FunctionId {
        FunctionId { offset: (address as i64).wrapping_sub(anchor() as i64), check }
    }

    /// The address of the function in this process, a worker of this kind.
    ///
    /// # Errors
    ///
    /// Returns an error if the function is not part of the executable, and this process not a fork, which has
    /// it nevertheless.
    pub(crate) fn resolve(self, kind: WorkerKind) -> Result<usize, String> {
        let address = (anchor() as i64).wrapping_add(self.offset) as usize;
        if kind == WorkerKind::Started && !image().code.contains(&address) {
            return Err("its function is part of a shared library, which a new process of the program has not loaded, \
                        or has at another place; use the backend \"multiprocessing\" or \"threading\""
                .to_owned());
        }
        Ok(address)
    }
}

/// How a worker came about, which decides what it has of its parent's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerKind {
    /// A new process of the same executable.
    Started,
    /// A copy of its parent.
    Forked,
}

/// Whether this crate is part of the executable, and not of a shared library.
pub(crate) fn is_in_executable() -> bool {
    image().loaded.contains(&anchor())
}

/// A number that differs between executables: made of distances within it, its size in memory, and the version of this
/// crate.
pub(crate) fn fingerprint() -> u64 {
    let image = image();
    let distances = [
        image.code.start.wrapping_sub(anchor()),
        image.code.len(),
        image.loaded.len(),
        (fingerprint as fn() -> u64 as usize).wrapping_sub(anchor()),
    ];
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), distances).hash(&mut hasher);
    hasher.finish()
}

/// A digest of the executable's code and constants, which is the same in every process of it, on every host.
///
/// Two builds may have equal [`fingerprint`]s. That is harmless where a process starts its own file again, and not where
/// the other process has a file of its own.
pub(crate) fn program() -> u128 {
    static PROGRAM: OnceLock<u128> = OnceLock::new();
    *PROGRAM.get_or_init(|| {
        let mut digest = XxHash3_128::new();
        digest.write(&fingerprint().to_le_bytes());
        for bytes in &image().constant {
            digest.write(bytes);
        }
        digest.finish_128()
    })
}

/// A hash that is the same in every process of one executable: `DefaultHasher::new` has no random keys.
pub(crate) fn hash_text(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A hash of several texts, in their order.
pub(crate) fn hash_texts(texts: &[&str]) -> u64 {
    texts.iter().fold(0, |hash, text| u64::rotate_left(hash, 7) ^ hash_text(text))
}

#[cfg(test)]
mod tests {
    use super::{FunctionId, WorkerKind};

    fn function() {}

    #[test]
    fn an_id_leads_back_to_its_function() {
        let address = function as fn() as usize;
        for kind in [WorkerKind::Started, WorkerKind::Forked] {
            assert_eq!(FunctionId::of(address, 7).resolve(kind), Ok(address));
        }
    }

    #[test]
    fn an_address_outside_of_the_executables_code_is_refused_but_in_a_fork() {
        let library = FunctionId::of(libc::getpid as *const () as usize, 0);
        assert!(library.resolve(WorkerKind::Started).unwrap_err().contains("shared library"));
        assert_eq!(library.resolve(WorkerKind::Forked), Ok(libc::getpid as *const () as usize));
        assert!(
            FunctionId { offset: 0, check: 0 }.resolve(WorkerKind::Started).is_err(),
            "the anchor is data"
        );
    }
}
