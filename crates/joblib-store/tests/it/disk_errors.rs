//! A disk that can't read some places: the kernel makes the system call fail, as it would for such a disk.

use std::process::Stdio;

use joblib_store::Subject;
use libc::{BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter};

use crate::{folder_of_role, get, key, put, role, store};

/// From now on, all that this thread reads from a place beyond `offset` of any file fails with `EIO`.
fn break_disk_beyond(offset: u32) {
    let step = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
    // The call's number is at byte 0 of what a filter sees, the lower half of the fourth argument at byte 40.
    let program = [
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        step(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, libc::SYS_pread64 as u32),
        step(BPF_LD | BPF_W | BPF_ABS, 0, 0, 40),
        step(BPF_JMP | BPF_JGE | BPF_K, 0, 1, offset),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EIO as u32),
        step(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program is a filter of that length, which the kernel copies.
    let installed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    assert!(installed, "{}", std::io::Error::last_os_error());
}

/// So many that the table of 5821 places grows soon.
const RESULTS: u64 = 4600;

fn content(number: u64) -> [u8; 8] {
    number.to_le_bytes()
}

#[test]
#[ignore = "a role that the test below starts"]
fn stores_and_drops_where_the_end_of_the_index_can_not_be_read() {
    let store = store("local", &folder_of_role());
    assert!(get(&*store, &key(0)).is_some());
    break_disk_beyond(64 * 1024);
    let mut unread = Vec::new();
    for number in 0..RESULTS {
        match store.get(&key(number)) {
            Ok(found) => assert_eq!(found.unwrap().into_bytes().unwrap(), content(number)),
            Err(error) => unread.push(error.subject()),
        }
    }
    assert!(!unread.is_empty() && unread.iter().all(|subject| *subject == Subject::Store), "{unread:?}");
    // Results whose places can be read, and more than the table has room for.
    let early = || (RESULTS..2 * RESULTS).filter(|number| key(*number).call()[0] < 64).take(200);
    for number in early() {
        store.put(&key(number), &mut |out| out.write_all(&content(number))).unwrap();
    }
    let unread = store.visit(&mut |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!(unread.len(), 1, "{unread:?}");
    for number in early() {
        let _ = store.remove(&key(number));
    }
}

#[test]
fn what_can_not_be_read_now_is_not_lost() {
    let folder = tempfile::tempdir().unwrap();
    let store = store("local", folder.path());
    (0..RESULTS).for_each(|number| put(&*store, &key(number), &content(number)));
    let mut role =
        role("disk_errors::stores_and_drops_where_the_end_of_the_index_can_not_be_read", folder.path());
    let output = role.stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lost = (0..RESULTS).filter(|number| get(&*store, &key(*number)).is_none()).count();
    assert_eq!(lost, 0, "of {RESULTS}");
}
