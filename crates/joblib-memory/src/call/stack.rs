//! Stack for the bodies of recursive functions: a cached function has frames of ours between those
//! of its body, and must not overflow a stack on which the plain function fits.

#[cfg(feature = "recursion")]
/// Stack that a body may use before it calls a cached function again.
const ROOM: usize = 128 * 1024;
#[cfg(feature = "recursion")]
/// Stack that is added when less is left. It takes memory only as far as it is used.
const SEGMENT: usize = 4 * 1024 * 1024;

/// Runs `body` with at least [`ROOM`] of stack.
#[cfg(feature = "recursion")]
pub(super) fn with_room(body: &mut dyn FnMut()) {
    stacker::maybe_grow(ROOM, SEGMENT, body);
}

/// Runs `body` on the stack as it is.
#[cfg(not(feature = "recursion"))]
pub(super) fn with_room(body: &mut dyn FnMut()) {
    body();
}

/// Runs `f` in a frame of its own, so that what it needs is not on the stack while the body runs.
#[doc(hidden)]
#[inline(never)]
pub fn outlined<T>(f: impl FnOnce() -> T) -> T {
    f()
}
