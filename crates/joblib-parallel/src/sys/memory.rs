//! How much memory a process has in use.

use nix::unistd::Pid;

/// The memory of a process that is in RAM, in bytes; `None` where the system does not tell.
#[cfg(not(target_os = "macos"))]
pub(crate) fn resident(pid: Pid) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok()??;
    Some(pages * page as u64)
}

#[cfg(target_os = "macos")]
pub(crate) fn resident(pid: Pid) -> Option<u64> {
    let size = size_of::<libc::proc_taskinfo>() as libc::c_int;
    // SAFETY: all zeros are a valid value, and the call writes to it, as far as `size`.
    let (written, info) = unsafe {
        let mut info: libc::proc_taskinfo = std::mem::zeroed();
        let flavor = libc::PROC_PIDTASKINFO;
        (libc::proc_pidinfo(pid.as_raw(), flavor, 0, (&raw mut info).cast(), size), info)
    };
    (written == size).then_some(info.pti_resident_size)
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_uses_memory_and_one_that_is_not_there_does_not() {
        assert!(super::resident(nix::unistd::getpid()).unwrap() > 100_000);
        assert_eq!(super::resident(nix::unistd::Pid::from_raw(i32::MAX)), None);
    }
}
