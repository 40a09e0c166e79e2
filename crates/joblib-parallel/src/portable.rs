//! The name under which a function travels to another process of the same executable.
//!
//! Each function that [`delayed`](crate::delayed) is used with has a [`Trampoline`], compiled for it, that decodes
//! its arguments, calls it and encodes its result. Where the executable is loaded differs from process to process,
//! but the distance from a fixed `static` to the trampoline does not: that distance is the name. The static must be
//! one, and not a function: a small function may be compiled into several crates, each with an address of its own.
//!
//! A number that names no trampoline would be a jump into the dark. So both sides make sure that the place lies in
//! the code of the executable itself (and not in a shared library), processes compare a fingerprint of the
//! executable before any task is sent, and the trampoline compares a hash of its types' names before it decodes.

use std::sync::OnceLock;

use crate::carry::Apply;
use crate::worker::call::Incoming;

/// Runs one encoded task.
pub(crate) type Trampoline = fn(&mut Incoming<'_>);

/// What the distances are measured from.
static ANCHOR: u8 = 0x6a;

fn anchor() -> usize {
    (&raw const ANCHOR) as usize
}

/// The name of a trampoline.
// A name that was read is checked before it is used; see `place`.
#[allow(
    clippy::unsafe_derive_deserialize,
    reason = "no unsafe method relies on where a name comes from alone"
)]
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Name {
    pub(crate) distance: i64,
    pub(crate) check: u64,
}

impl Name {
    /// The name of `trampoline`, whose types' names hash to `check`.
    pub(crate) fn of(trampoline: Trampoline, check: u64) -> Result<Name, String> {
        Name::of_place(trampoline as usize, check)
    }

    /// The name of the function `apply` of a carrier, whose name hashes to `check`.
    pub(crate) fn of_carrier(apply: Apply, check: u64) -> Result<Name, String> {
        Name::of_place(apply as usize, check)
    }

    fn of_place(place: usize, check: u64) -> Result<Name, String> {
        if !code().contains(&place) || !loaded().contains(&anchor()) {
            return Err("its function, or joblib-parallel itself, was loaded from a shared library, which a new process \
                        of the executable would not have; use the backend \"multiprocessing\" or \"threading\""
                .to_owned());
        }
        Ok(Name { distance: (place as i64).wrapping_sub(anchor() as i64), check })
    }

    /// The trampoline of this name in this process.
    pub(crate) fn resolve(self) -> Result<Trampoline, String> {
        let place = self.place()?;
        // SAFETY: the place is in the executable's code. That it is the beginning of a `Trampoline` is the promise of
        // `Name::of`, made in a process that runs the same executable: the worker was started from the parent's own
        // image (or forked from it), and compared fingerprints before it accepted tasks.
        Ok(unsafe { std::mem::transmute::<usize, Trampoline>(place) })
    }

    /// The function of the carrier of this name in this process.
    pub(crate) fn resolve_carrier(self) -> Result<Apply, String> {
        let place = self.place()?;
        // SAFETY: as in `resolve`, with `Name::of_carrier` as the maker of such names; frames keep them apart.
        Ok(unsafe { std::mem::transmute::<usize, Apply>(place) })
    }

    fn place(self) -> Result<usize, String> {
        let place = (anchor() as i64).wrapping_add(self.distance) as usize;
        if !code().contains(&place) {
            return Err(format!("{self:?} is not a place in this executable's code"));
        }
        Ok(place)
    }
}

/// Tells executables apart: distances between places in it, its size in memory, and the version of this crate.
pub(crate) fn fingerprint() -> u64 {
    let places = [
        code().start.wrapping_sub(anchor()),
        code().len(),
        loaded().len(),
        (fingerprint as fn() -> u64 as usize).wrapping_sub(anchor()),
    ];
    let mut hash = hash_text(env!("CARGO_PKG_VERSION"));
    for place in places {
        hash = (hash ^ place as u64).wrapping_mul(0x0000_0100_0000_01b3);
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
    use super::Name;
    use crate::worker::call::Incoming;

    fn trampoline(_: &mut Incoming<'_>) {}

    #[test]
    fn a_name_leads_back_to_its_function() {
        let name = Name::of(trampoline, 7).unwrap();
        assert_eq!(name.resolve().unwrap() as usize, trampoline as fn(&mut Incoming<'_>) as usize);
    }

    #[test]
    fn a_place_outside_of_the_executables_code_is_refused() {
        assert!(Name { distance: 1 << 60, check: 0 }.resolve().is_err());
        assert!(Name { distance: 0, check: 0 }.resolve().is_err(), "the anchor is data");
    }
}
