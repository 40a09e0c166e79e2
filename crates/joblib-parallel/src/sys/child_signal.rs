//! SIGCHLD: how a process learns how its children ended.

/// Makes sure that the end of a child can be waited for: where SIGCHLD is ignored, as it may be from the start by the
/// doing of the program that started this one, the system forgets how children end.
pub(crate) fn make_waitable() {
    // SAFETY: all zeros are a valid action, and the call only writes to it.
    let before = unsafe {
        let mut before: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGCHLD, std::ptr::null(), &raw mut before) != 0 {
            return;
        }
        before
    };
    if before.sa_sigaction == libc::SIG_IGN || before.sa_flags & libc::SA_NOCLDWAIT != 0 {
        // SAFETY: the default action for this signal runs no code.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    }
}
