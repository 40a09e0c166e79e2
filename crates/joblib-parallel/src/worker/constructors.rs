//! The functions that run before `main`, of which a worker is one.
//!
//! The linker makes a list of them, in the order of the files that it links. A worker never comes to `main`, so those behind
//! its own would never run: static initializers of C++, and the registrations of crates such as `ctor`, `inventory` and
//! `typetag`, without which a task would not find in a worker what it finds in its parent.

use std::ffi::{c_char, c_int};

use crate::sys::image::image;

/// What the C library calls before `main`: with the arguments of the process, on some systems.
pub(crate) type Constructor = extern "C" fn(c_int, *const *const c_char, *const *const c_char);

/// Calls what the C library would call after `own`, with the arguments that it gave. `false` where the list is not known.
pub(crate) fn run_those_after(
    own: &'static Constructor,
    (argc, argv, envp): (c_int, *const *const c_char, *const *const c_char),
) -> bool {
    let list = &image().constructors;
    let own = std::ptr::from_ref(own).addr();
    if !list.contains(&own) {
        return false;
    }
    // As in the C library, which goes through the list by its addresses. The places are not reached from `own`, which is
    // an object by itself: to the compiler there is nothing behind it.
    for place in (list.start..list.end).step_by(size_of::<Constructor>()).filter(|place| *place > own) {
        // SAFETY: the list is an array of addresses, which the linker made and nobody changes.
        let constructor = unsafe { std::ptr::with_exposed_provenance::<usize>(place).read_volatile() };
        // As in the C library: these stand for none.
        if constructor != 0 && constructor != usize::MAX {
            // SAFETY: each is the address of such a function; the C library would call it now, in this thread.
            let constructor = unsafe { std::mem::transmute::<usize, Constructor>(constructor) };
            constructor(argc, argv, envp);
        }
    }
    true
}
