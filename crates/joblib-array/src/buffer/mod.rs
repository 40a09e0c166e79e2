//! Untyped memory behind arrays: shared, 64-byte aligned, on the heap or a mapped range of a file.
//!
//! [`Buffer`] is the handle; what it points into is a [`Storage`]: [`heap`] or [`mapped`] memory, or a `Vec` that the
//! caller handed over ([`adopted`]). A buffer leaves the meaning of its bytes to [`Array`](crate::Array).

mod adopted;
mod derived;
mod heap;
mod mapped;
mod spare;

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use self::adopted::Adopted;
use self::derived::Derived;
pub use self::heap::ALIGNMENT;
use self::heap::Heap;
use self::mapped::Mapped;
use crate::{Element, MmapMode};

/// Shared bytes: the memory of one or more arrays.
///
/// Cloning and slicing share the memory. Writing requires the only handle to it: see [`Buffer::as_mut_bytes`].
///
/// ```
/// use joblib_array::Buffer;
///
/// let mut buffer = Buffer::filled(4, |bytes| Ok::<_, ()>(bytes.copy_from_slice(&[1, 2, 3, 4]))).unwrap();
/// assert_eq!(buffer.slice(1..3).as_bytes(), [2, 3]);
/// buffer.as_mut_bytes().unwrap()[0] = 10;
/// assert_eq!(buffer.as_bytes(), [10, 2, 3, 4]);
/// ```
#[derive(Clone)]
pub struct Buffer {
    memory: Arc<Memory>,
    range: Range<usize>,
}

/// What all handles of one memory share.
struct Memory {
    storage: Storage,
    /// Made from the bytes, and gone when they are written or freed.
    derived: Derived,
}

enum Storage {
    Heap(Heap),
    Mapped(Mapped),
    Adopted(Adopted),
}

impl Buffer {
    /// Creates a buffer of `len` zero bytes.
    ///
    /// Large buffers are allocated from the kernel with huge pages advised, which makes filling them several times faster.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory can't be had: the error's kind is
    /// [`io::ErrorKind::OutOfMemory`].
    ///
    /// ```
    /// use joblib_array::Buffer;
    ///
    /// assert_eq!(Buffer::zeroed(3)?.as_bytes(), [0, 0, 0]);
    /// assert!(Buffer::zeroed(usize::MAX / 4).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn zeroed(len: usize) -> io::Result<Self> {
        Ok(Self::whole(Storage::Heap(Heap::zeroed(len)?)))
    }

    /// Creates a buffer of `len` bytes of unspecified value, to be overwritten: zeros, or the content of a freed buffer of
    /// this program. Up to 64 MB of large freed buffers are kept for this, because clearing pages takes longer than filling
    /// them; the kernel may reclaim them when memory is short.
    ///
    /// ```
    /// use joblib_array::Buffer;
    ///
    /// let mut buffer = Buffer::for_overwriting(5 << 20)?;
    /// buffer.as_mut_bytes().unwrap().fill(7);
    /// assert!(buffer.as_bytes().iter().all(|&byte| byte == 7));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Buffer::zeroed`].
    pub fn for_overwriting(len: usize) -> io::Result<Self> {
        Ok(Self::whole(Storage::Heap(Heap::with_any_bytes(len)?)))
    }

    /// Creates a buffer of `len` zero bytes, which `fill` then overwrites.
    ///
    /// # Errors
    ///
    /// Returns the error of `fill`; running out of memory ends the program, as it does for `Vec`. Use
    /// [`Buffer::zeroed`] where the length is not trusted.
    pub fn filled<E>(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut heap = Heap::zeroed(len).unwrap_or_else(|_| heap::out_of_memory(len));
        fill(heap.as_mut_bytes())?;
        Ok(Self::whole(Storage::Heap(heap)))
    }

    /// Creates a buffer from a copy of `bytes`.
    ///
    /// ```
    /// use joblib_array::Buffer;
    ///
    /// let buffer = Buffer::copy_of(b"bytes");
    /// assert_eq!((buffer.len(), buffer.is_empty()), (5, false));
    /// let part = buffer.slice(1..3);
    /// assert_eq!(part.as_bytes(), b"yt");
    /// assert!(part.is_shared());
    /// ```
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut heap = Heap::with_any_bytes(bytes.len()).unwrap_or_else(|_| heap::out_of_memory(bytes.len()));
        heap.as_mut_bytes().copy_from_slice(bytes);
        Self::whole(Storage::Heap(heap))
    }

    /// Creates a buffer from the memory of a `Vec`, without copying it. It has the alignment of the `Vec`, not 64 bytes.
    ///
    /// ```
    /// use joblib_array::Buffer;
    ///
    /// let elements = vec![1.0, 2.0];
    /// let address = elements.as_ptr().cast();
    /// assert_eq!(Buffer::adopt(elements).as_bytes().as_ptr(), address);
    /// ```
    pub fn adopt<T: Element>(elements: Vec<T>) -> Self {
        Self::whole(Storage::Adopted(Adopted::new(elements)))
    }

    /// Maps `len` bytes of `file` from `offset`, which need not be a multiple of the page size.
    ///
    /// As long as the buffer exists, the file must not be truncated and its mapped bytes must not be changed elsewhere,
    /// which no library can prevent. A read beyond a truncated end raises `SIGBUS`, and changed bytes change the array.
    /// Replacing a file by renaming (as `dump` and the cache do) is safe: the mapping keeps the old file.
    ///
    /// # Errors
    ///
    /// Returns an error if the range lies outside of the file ([`io::ErrorKind::UnexpectedEof`]), the file was
    /// not opened for writing and the mode writes to it, or the file system can't map files.
    ///
    /// ```
    /// use std::io::{Read, Seek};
    ///
    /// use joblib_array::{Buffer, MmapMode};
    ///
    /// let mut file = tempfile::tempfile()?;
    /// file.set_len(8)?;
    /// let mut mapped = Buffer::map(&file, 3, 4, MmapMode::ReadWrite)?;
    /// assert_eq!(mapped.mmap_mode(), Some(MmapMode::ReadWrite));
    /// assert_eq!(mapped.shared_file().map(|(_, offset)| offset), Some(3));
    /// mapped.as_mut_bytes().expect("the only handle").fill(7);
    /// mapped.flush()?;
    ///
    /// let mut bytes = Vec::new();
    /// file.rewind()?;
    /// file.read_to_end(&mut bytes)?;
    /// assert_eq!(bytes, [0, 0, 0, 7, 7, 7, 7, 0]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn map(file: &File, offset: u64, len: usize, mode: MmapMode) -> io::Result<Self> {
        Ok(Self::whole(Storage::Mapped(Mapped::new(file, offset, len, mode)?)))
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Returns `true` if the buffer has no bytes.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.memory.as_bytes()[self.range.clone()]
    }

    /// The bytes, for writing; `None` if the mapping is read-only or another handle shares the memory.
    pub fn as_mut_bytes(&mut self) -> Option<&mut [u8]> {
        let memory = Arc::get_mut(&mut self.memory)?;
        memory.derived.clear();
        let all = match &mut memory.storage {
            Storage::Heap(heap) => heap.as_mut_bytes(),
            Storage::Mapped(mapped) => mapped.as_mut_bytes()?,
            Storage::Adopted(adopted) => adopted.as_mut_bytes(),
        };
        Some(&mut all[self.range.clone()])
    }

    /// A part of the buffer that shares its memory.
    ///
    /// # Panics
    ///
    /// Panics if the range lies outside of the buffer.
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.len(),
            "range {range:?} is outside of a buffer of {} bytes",
            self.len()
        );
        let start = self.range.start;
        Self { memory: Arc::clone(&self.memory), range: start + range.start..start + range.end }
    }

    /// The mode of the mapping, or `None` for memory on the heap.
    pub fn mmap_mode(&self) -> Option<MmapMode> {
        match &self.memory.storage {
            Storage::Mapped(mapped) => Some(mapped.mode()),
            Storage::Heap(_) | Storage::Adopted(_) => None,
        }
    }

    /// The file of a mapping that writes to it, and where in it this buffer starts: what another process needs to
    /// map the same memory. `None` for every other buffer.
    pub fn shared_file(&self) -> Option<(&File, u64)> {
        match &self.memory.storage {
            Storage::Mapped(mapped) => {
                mapped.shared_file().map(|(file, offset)| (file, offset + self.range.start as u64))
            }
            Storage::Heap(_) | Storage::Adopted(_) => None,
        }
    }

    /// Returns `true` if another handle shares this memory.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.memory) > 1
    }

    /// Returns a value derived from the whole memory that this buffer is a part of, for example a copy in shared memory or a
    /// digest, and the offset of the buffer in that memory.
    ///
    /// One value of each type is kept, for all handles, until the bytes are borrowed for writing or freed. The content of a
    /// mapped file can also change in other ways: see [`Buffer::map`].
    ///
    /// ```
    /// use joblib_array::Buffer;
    ///
    /// let mut buffer = Buffer::copy_of(&[1, 2, 3]);
    /// let sum = |bytes: &[u8]| Ok::<_, ()>(bytes.iter().sum::<u8>());
    /// assert_eq!(buffer.slice(2..3).derived(sum).map(|(sum, start)| (*sum, start)), Ok((6, 2)));
    /// assert!(buffer.derived(|_| Err::<u8, _>("is made only once")).is_ok());
    ///
    /// buffer.as_mut_bytes().unwrap()[0] = 10;
    /// assert_eq!(*buffer.derived(sum).unwrap().0, 15);
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of `make`; then nothing is kept.
    pub fn derived<T: Send + Sync + 'static, E>(
        &self,
        make: impl FnOnce(&[u8]) -> Result<T, E>,
    ) -> Result<(Arc<T>, usize), E> {
        let made = match self.memory.derived.get() {
            Some(kept) => kept,
            None => self.memory.derived.keep(make(self.memory.as_bytes())?),
        };
        Ok((made, self.range.start))
    }

    /// Returns `true` if the buffer is all of its memory, and not a part of it.
    ///
    /// ```
    /// use joblib_array::Buffer;
    ///
    /// let buffer = Buffer::copy_of(&[1, 2, 3]);
    /// assert!(buffer.is_whole() && !buffer.slice(0..2).is_whole());
    /// ```
    pub fn is_whole(&self) -> bool {
        self.len() == self.memory.as_bytes().len()
    }

    /// Writes changes of a mapping that writes to its file to the disk. Does nothing for other buffers.
    ///
    /// # Errors
    ///
    /// Returns the error of `msync`.
    pub fn flush(&self) -> io::Result<()> {
        match &self.memory.storage {
            Storage::Mapped(mapped) => mapped.flush(),
            Storage::Heap(_) | Storage::Adopted(_) => Ok(()),
        }
    }

    fn whole(storage: Storage) -> Self {
        let memory = Memory { storage, derived: Derived::default() };
        let range = 0..memory.as_bytes().len();
        Self { memory: Arc::new(memory), range }
    }
}

impl Memory {
    fn as_bytes(&self) -> &[u8] {
        match &self.storage {
            Storage::Heap(heap) => heap.as_bytes(),
            Storage::Mapped(mapped) => mapped.as_bytes(),
            Storage::Adopted(adopted) => adopted.as_bytes(),
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("len", &self.len()).field("mmap_mode", &self.mmap_mode()).finish()
    }
}
