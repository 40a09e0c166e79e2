//! Memory that other processes map: a copy of an array in a file without a name, or the file that the array is mapped from.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use joblib_array::Buffer;

use super::known::Identified;
use super::own_copy::{CallToken, new_id, with_memory};
use crate::sync::lock;
use crate::sys::unnamed_file;

/// A memory that other processes can map.
pub(crate) struct SharedMemory {
    pub(super) id: u128,
    pub(super) descriptor: Arc<OwnedFd>,
    pub(super) base: u64,
    pub(super) len: u64,
    /// Not a copy but the array's own file, which workers may write to.
    pub(super) original: bool,
    /// The call that it is for, if it is for one only.
    pub(super) call: Option<Weak<()>>,
}

impl SharedMemory {
    /// A memory that holds `bytes`, which arrived from another host by this id.
    ///
    /// # Errors
    ///
    /// Returns an error if the system has no memory or no descriptor left.
    #[cfg(feature = "cluster")]
    pub(crate) fn received(id: u128, bytes: &[u8]) -> io::Result<Self> {
        SharedMemory::adopted(id, copy(bytes, None)?, bytes.len() as u64)
    }

    /// The first `len` bytes of a file without a name, which arrived by this id.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not so long, or can't be looked at.
    #[cfg(feature = "cluster")]
    pub(crate) fn adopted(id: u128, file: File, len: u64) -> io::Result<Self> {
        check_len(&file, len)?;
        Ok(SharedMemory::part_of(id, file, 0, len))
    }

    /// Some bytes of a file, which arrive by this id, and that the file has.
    #[cfg(feature = "cluster")]
    pub(crate) fn part_of(id: u128, file: File, base: u64, len: u64) -> Self {
        SharedMemory { id, descriptor: Arc::new(file.into()), base, len, original: false, call: None }
    }

    /// The memory that `buffer` is a part of, and where the buffer starts in it. `writers` is the call whose workers write
    /// to copies, if they do.
    pub(super) fn of(
        buffer: &Buffer,
        folder: Option<&Path>,
        writers: Option<&CallToken>,
    ) -> io::Result<(Arc<Self>, usize)> {
        match writers.filter(|_| buffer.shared_file().is_none()) {
            None => buffer.derived(|bytes| SharedMemory::new(buffer, bytes, folder)),
            Some(call) => {
                let (copies, start) = buffer.derived(|_| Ok::<_, io::Error>(WritableCopies::default()))?;
                let new = || with_memory(buffer, |bytes| SharedMemory::new(buffer, bytes, folder));
                Ok((copies.of_call(call, new)?, start))
            }
        }
    }

    /// That of `bytes`, the memory that `buffer` is a part of.
    fn new(buffer: &Buffer, bytes: &[u8], folder: Option<&Path>) -> io::Result<Self> {
        let original = buffer.shared_file();
        // The file's offset of this buffer, less where it starts in the memory, is the memory's.
        let (file, base) = match original {
            Some((file, offset)) => (file.try_clone()?, offset - start_in(buffer, bytes)),
            None => (copy(bytes, folder)?, 0),
        };
        Ok(SharedMemory {
            id: new_id(),
            descriptor: Arc::new(file.into()),
            base,
            len: bytes.len() as u64,
            original: original.is_some(),
            call: None,
        })
    }
}

/// The copies of a memory that workers write to: one for each call.
#[derive(Default)]
struct WritableCopies(Mutex<Vec<Arc<SharedMemory>>>);

impl WritableCopies {
    /// The copy of `call`, made by `new` the first time. Those of calls that are over are dropped.
    fn of_call(
        &self,
        call: &CallToken,
        new: impl FnOnce() -> io::Result<SharedMemory>,
    ) -> io::Result<Arc<SharedMemory>> {
        let mut copies = lock(&self.0);
        copies.retain(|copy| !copy.is_over());
        let of = Arc::downgrade(call);
        let is_of_call = |copy: &&Arc<SharedMemory>| copy.call.as_ref().is_some_and(|call| call.ptr_eq(&of));
        if let Some(copy) = copies.iter().find(is_of_call) {
            return Ok(Arc::clone(copy));
        }
        let copy = Arc::new(SharedMemory { call: Some(of), ..new()? });
        copies.push(Arc::clone(&copy));
        Ok(copy)
    }
}

/// Checks that `file` has `len` bytes: beyond its end there is nothing to read, and reading there would end the process.
#[cfg(feature = "cluster")]
pub(super) fn check_len(file: &File, len: u64) -> io::Result<()> {
    let has = file.metadata()?.len();
    if has < len {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("it has {has} of {len} bytes")));
    }
    Ok(())
}

/// Where `buffer` starts in the memory `all` that it is a part of.
fn start_in(buffer: &Buffer, all: &[u8]) -> u64 {
    (buffer.as_bytes().as_ptr() as usize - all.as_ptr() as usize) as u64
}

/// A file without a name.
fn new_file(folder: Option<&Path>) -> io::Result<File> {
    match folder {
        Some(folder) => unnamed_file::in_folder(folder),
        None => unnamed_file::in_memory(),
    }
}

/// A file without a name that holds `bytes`.
///
/// # Errors
///
/// Returns an error if there is no room for it, or the process has no descriptor left.
pub(crate) fn copy(bytes: &[u8], folder: Option<&Path>) -> io::Result<File> {
    let mut file = new_file(folder)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// A file without a name that has room for `len` bytes.
pub(super) fn reserved_file(folder: Option<&Path>, len: u64) -> io::Result<File> {
    let file = new_file(folder)?;
    // To have too little room only after half of a value would be too late to write it elsewhere.
    #[cfg(target_os = "linux")]
    nix::fcntl::posix_fallocate(&file, 0, len as libc::off_t)?;
    #[cfg(not(target_os = "linux"))]
    file.set_len(len)?;
    Ok(file)
}

impl Identified for SharedMemory {
    fn id(&self) -> u128 {
        self.id
    }

    fn is_over(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.strong_count() == 0)
    }
}
