//! A function by a number that means the same in every process of one executable.
//!
//! Each function that [`delayed`](crate::delayed) is used with has a trampoline, compiled for it, that decodes its
//! arguments, calls it and encodes its result. The address at which an executable is loaded differs from process to
//! process, but the distance from a fixed `static` to a trampoline does not: that distance is the function's id. It is
//! measured from a static and not from a function, because a small function may be compiled into several crates, each
//! copy with an address of its own.
//!
//! To call a number that is not a trampoline would be undefined behaviour. So both sides make sure that the address
//! lies in the code of the executable itself (and not in a shared library), processes compare a fingerprint of the
//! executable before any task is sent, and a trampoline compares a hash of its types' names before it decodes.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// What offsets are measured from.
static ANCHOR: u8 = 0x6a;

fn anchor() -> usize {
    (&raw const ANCHOR) as usize
}

/// The id of a function.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FunctionId {
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
    ///
    /// # Errors
    ///
    /// If the function, or this crate, is not part of the executable.
    pub(crate) fn of(address: usize, check: u64) -> Result<FunctionId, String> {
        if !code().contains(&address) || !loaded().contains(&anchor()) {
            return Err("its function, or joblib-parallel itself, was loaded from a shared library, which a new process \
                        of the executable would not have; use the backend \"multiprocessing\" or \"threading\""
                .to_owned());
        }
        Ok(FunctionId { offset: (address as i64).wrapping_sub(anchor() as i64), check })
    }

    /// The address of the function in this process.
    ///
    /// # Errors
    ///
    /// If there is no code at that address.
    pub(crate) fn resolve(self) -> Result<usize, String> {
        let address = (anchor() as i64).wrapping_add(self.offset) as usize;
        if !code().contains(&address) {
            return Err(format!("{self:?} is not the address of code of this executable"));
        }
        Ok(address)
    }
}

/// A number that differs between executables: made of distances within it, its size in memory, and the version of this
/// crate.
pub(crate) fn fingerprint() -> u64 {
    let distances = [
        code().start.wrapping_sub(anchor()),
        code().len(),
        loaded().len(),
        (fingerprint as fn() -> u64 as usize).wrapping_sub(anchor()),
    ];
    let mut hash = hash_text(env!("CARGO_PKG_VERSION"));
    for distance in distances {
        hash = (hash ^ distance as u64).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

/// FNV-1a: a hash that is the same in every process, and can be computed while compiling or not.
pub(crate) fn hash_text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Where the executable itself is loaded.
fn loaded() -> &'static std::ops::Range<usize> {
    &image().0
}

/// Where its code is.
fn code() -> &'static std::ops::Range<usize> {
    &image().1
}

type Image = (std::ops::Range<usize>, std::ops::Range<usize>);

fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(find_image)
}

/// All of the executable's segments, and those with code: the kernel's list of loaded objects begins with it.
#[cfg(target_os = "linux")]
fn find_image() -> Image {
    use std::ffi::{c_int, c_void};

    extern "C" fn first(info: *mut libc::dl_phdr_info, _size: libc::size_t, image: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid description, and `image` is the pointer given to dl_iterate_phdr below.
        let (info, image) = unsafe { (&*info, &mut *image.cast::<Image>()) };
        for i in 0..usize::from(info.dlpi_phnum) {
            // SAFETY: there are dlpi_phnum program headers.
            let header = unsafe { &*info.dlpi_phdr.add(i) };
            if header.p_type != libc::PT_LOAD {
                continue;
            }
            let start = info.dlpi_addr as usize + header.p_vaddr as usize;
            let end = start + header.p_memsz as usize;
            let extend = |range: &mut std::ops::Range<usize>| {
                *range = if range.start == range.end {
                    start..end
                } else {
                    range.start.min(start)..range.end.max(end)
                };
            };
            extend(&mut image.0);
            if header.p_flags & libc::PF_X != 0 {
                extend(&mut image.1);
            }
        }
        // The first object is the executable; no need for the others.
        1
    }

    let mut image: Image = (0..0, 0..0);
    // SAFETY: the callback matches the declared type and `image` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(first), (&raw mut image).cast()) };
    image
}

/// Elsewhere the whole address space is taken for the executable: only the fingerprint and the hash protect.
#[cfg(not(target_os = "linux"))]
fn find_image() -> Image {
    (0..usize::MAX, 0..usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::FunctionId;

    fn function() {}

    #[test]
    fn an_id_leads_back_to_its_function() {
        let address = function as fn() as usize;
        assert_eq!(FunctionId::of(address, 7).unwrap().resolve(), Ok(address));
    }

    #[test]
    fn an_address_outside_of_the_executables_code_is_refused() {
        assert!(FunctionId { offset: 1 << 60, check: 0 }.resolve().is_err());
        assert!(FunctionId { offset: 0, check: 0 }.resolve().is_err(), "the anchor is data");
    }
}
