//! The file that a worker is started from: the executable of this process.
//!
//! The system does not always name it. Where a program was started by the dynamic loader, or under valgrind, `/proc/self/exe`
//! is the loader or valgrind; without `/proc` there is only the path by which it was started. A library that another program
//! has loaded has no executable: what would be started is the other program. So each file is compared with what this process
//! has in memory before it is started.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use crate::wire::function_id;

/// A file that holds the executable of this process.
pub(crate) struct Program {
    /// The path to start it by.
    pub(crate) path: PathBuf,
    /// Has to be open until then, for the path may be that of a descriptor.
    _file: Option<File>,
}

impl Program {
    /// Finds the file.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such file; the text says why, and which backends can be
    /// used.
    pub(crate) fn find() -> io::Result<Self> {
        if !function_id::is_in_executable() {
            return Err(io::Error::other(
                "joblib-parallel is part of a shared library, and a new process of the program that has loaded the \
                 library would be another thing; use the backend \"threading\" or \"multiprocessing\"",
            ));
        }
        find()
    }
}

#[cfg(not(target_os = "linux"))]
fn find() -> io::Result<Program> {
    Ok(Program { path: std::env::current_exe()?, _file: None })
}

#[cfg(target_os = "linux")]
fn find() -> io::Result<Program> {
    use std::os::fd::AsRawFd;

    use crate::sys::image::image;

    // This one is the program's file even if that was replaced or removed since.
    if image().constructors.is_empty() {
        return Err(io::Error::other(
            "the program is linked statically to a fixed address (relocation-model=static with crt-static), and a new \
             process of it can't tell what has to run before `main`; leave out one of the two, or use the backend \
             \"threading\" or \"multiprocessing\"",
        ));
    }
    let named_by_system = PathBuf::from("/proc/self/exe");
    let others = [linux::mapped_from(), linux::started_by(), linux::first_argument()];
    for path in std::iter::once(named_by_system.clone()).chain(others.into_iter().flatten()) {
        match File::open(&path) {
            Ok(file) if linux::is_this_program(&file) => {
                // The very file that was looked at, where descriptors have names.
                let open = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
                let path = if open.exists() { open } else { path };
                return Ok(Program { path, _file: Some(file) });
            }
            // It may be run and not be read; then neither the dynamic loader nor valgrind has read it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && path == named_by_system => {
                return Ok(Program { path, _file: None });
            }
            _ => {}
        }
    }
    Err(io::Error::other(
        "the file of this program can't be found (by /proc/self/exe, /proc/self/maps, or the path it was started by); \
         use the backend \"threading\" or \"multiprocessing\"",
    ))
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::{CStr, OsStr, OsString};
    use std::fs::{self, File};
    use std::io::Read;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::os::unix::fs::FileExt;
    use std::path::PathBuf;

    use crate::sys::image::image;

    /// Whether `file` is what this process has in memory: of two executables, it would be a strange chance if they had equal
    /// tables of segments; and the worker compares more.
    pub(super) fn is_this_program(mut file: &File) -> bool {
        const IS_64: bool = cfg!(target_pointer_width = "64");
        let mut head = [0; if IS_64 { 64 } else { 52 }];
        if file.read_exact(&mut head).is_err() || head[..4] != *b"\x7fELF" {
            return false;
        }
        let place = if IS_64 {
            head[32..].first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
        } else {
            head[28..].first_chunk().map(|bytes| u32::from_ne_bytes(*bytes).into())
        };
        let known = image().headers;
        let mut headers = vec![0; known.len()];
        place.is_some_and(|place| file.read_exact_at(&mut headers, place).is_ok()) && headers == known
    }

    /// The file that this code was mapped from.
    pub(super) fn mapped_from() -> Option<PathBuf> {
        let maps = fs::read("/proc/self/maps").ok()?;
        maps.split(|byte| *byte == b'\n').find_map(|line| {
            // 55d0a6a00000-55d0a6a21000 r-xp 00002000 fd:00 1234567      /path/of the/file
            let mut fields = line.splitn(6, |byte| *byte == b' ');
            let (start, end) = std::str::from_utf8(fields.next()?).ok()?.split_once('-')?;
            let number = |text| usize::from_str_radix(text, 16).ok();
            let here = number(start)?..number(end)?;
            let path = fields.nth(4)?.trim_ascii_start();
            let holds = here.contains(&(mapped_from as fn() -> Option<PathBuf> as usize));
            (holds && path.first() == Some(&b'/')).then(|| OsString::from_vec(path.to_vec()).into())
        })
    }

    /// The path that the system was given to start this process.
    pub(super) fn started_by() -> Option<PathBuf> {
        // SAFETY: it takes and returns numbers only.
        let path = unsafe { libc::getauxval(libc::AT_EXECFN) } as *const libc::c_char;
        // SAFETY: the system placed a C string there, for the life of the process.
        let path = (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) })?;
        Some(OsStr::from_bytes(path.to_bytes()).into())
    }

    /// The name that the program was started by, if that is a path: the dynamic loader leaves the program's own.
    pub(super) fn first_argument() -> Option<PathBuf> {
        std::env::args_os().next().filter(|name| name.as_bytes().contains(&b'/')).map(Into::into)
    }

    #[cfg(test)]
    mod tests {
        use std::fs::File;

        #[test]
        fn only_the_file_of_this_program_is_taken_for_it() {
            let is = |path: &std::path::Path| super::is_this_program(&File::open(path).unwrap());
            let own = std::env::current_exe().unwrap();
            assert!(is(&own));
            assert!(is("/proc/self/exe".as_ref()));
            assert_eq!(super::mapped_from().unwrap(), own);
            assert!(is(&super::started_by().unwrap()));
            assert!(!is("/bin/sh".as_ref()));
            assert!(!is("/dev/null".as_ref()));
        }
    }
}
