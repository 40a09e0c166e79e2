//! Large arrays, texts and sequences of numbers travel beside the frames: one copy in shared memory, its descriptor sent
//! once to each process.
//!
//! The sender makes the copy the first time an array is sent and keeps it with the array's memory, until that is
//! written or freed. The receiver maps it once and hands out parts of that mapping. A message holds numbers, which a
//! table in front of it explains: which memory, from where, how much.
//!
//! A copy that workers write to is made anew for each call, whose tasks share it: what they write there is not what another
//! call of the same array is to see.
//!
//! To another host there are no descriptors: the bytes themselves are sent, once to each host, and are known there by a
//! digest of them, or, where workers write to them, as one call's own.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;

use joblib_array::{Buffer, MmapMode};
use serde::{Deserialize, Serialize};

#[cfg(feature = "cluster")]
use super::content::Content;
#[cfg(feature = "cluster")]
use super::known::Identified;
use super::own_copy::{CallToken, new_id};
#[cfg(feature = "cluster")]
use super::shared_memory::check_len;
use super::shared_memory::{SharedMemory, copy, reserved_file};

/// What was said of how arrays are shared: this, or that they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sharing<T> {
    /// Arrays stay in their messages.
    Off,
    On(T),
}

impl<T> Sharing<T> {
    pub(crate) fn from_option(value: Option<T>) -> Self {
        value.map_or(Sharing::Off, Sharing::On)
    }

    pub(crate) fn value(self) -> Option<T> {
        match self {
            Sharing::Off => None,
            Sharing::On(value) => Some(value),
        }
    }
}

/// Which arrays are shared, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArraySharing {
    /// Arrays of at least this many bytes; `None` for none but those that are mapped for writing.
    pub(crate) from_bytes: Option<u64>,
    /// numpy's name of the mode in which they are mapped.
    pub(crate) mode: String,
    /// Where copies are made; `None` for memory that has no name.
    pub(crate) folder: Option<PathBuf>,
}

impl ArraySharing {
    /// Arrays stay in their messages.
    pub(crate) fn none() -> Self {
        ArraySharing { from_bytes: None, mode: MmapMode::Read.name().to_owned(), folder: None }
    }

    fn mode(&self) -> MmapMode {
        // It was written by `MmapMode::name`.
        self.mode.parse().unwrap_or(MmapMode::Read)
    }
}

/// What introduces a memory to a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Introduction {
    pub(crate) id: u128,
    base: u64,
    len: u64,
    mode: String,
}

/// A part of a memory: what a number in a message stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) id: u128,
    pub(crate) start: u64,
    pub(crate) len: u64,
}

impl Part {
    /// As it is written.
    pub(super) fn numbers(self) -> [u64; 4] {
        [self.id as u64, (self.id >> 64) as u64, self.start, self.len]
    }

    pub(super) fn from_numbers([low, high, start, len]: [u64; 4]) -> Self {
        Part { id: (u128::from(high) << 64) | u128::from(low), start, len }
    }
}

/// The sender's side: takes arrays, and other large memory, out of messages.
#[doc(hidden)]
pub struct Sender {
    taken: RefCell<Taken>,
    sharing: ArraySharing,
    call: CallToken,
    reach: Reach,
    /// Whether the receiver has the files that arrays are mapped from.
    #[cfg(feature = "cluster")]
    has_files: bool,
    /// Whether an array was met that the receiver could not write to.
    refused: Cell<bool>,
}

/// Whom the messages are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// A process on this host, which is handed descriptors.
    Host,
    /// A process anywhere, which gets bytes, and of whose writing to an array nobody would learn.
    Anywhere,
    /// One that asked for bytes, and is welcome to write to them.
    Asker,
}

/// What was taken out of the message that is being written.
#[derive(Default)]
struct Taken {
    parts: Vec<Part>,
    memories: Vec<Arc<SharedMemory>>,
    /// What to send of them where there are no descriptors.
    #[cfg(feature = "cluster")]
    contents: Vec<(Arc<Content>, Buffer)>,
}

/// Memory that is written while its value is encoded.
pub(crate) struct SharedWriter {
    file: File,
    left: u64,
    len: u64,
}

impl SharedWriter {
    /// # Errors
    ///
    /// Returns an error if there are more bytes than was said at the beginning, or they can't be
    /// written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let wrong = || io::Error::other("a sequence has more elements than the length that it declared");
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(wrong)?;
        self.file.write_all(bytes)
    }
}

impl Sender {
    pub(crate) fn new(sharing: ArraySharing) -> Self {
        Sender {
            taken: RefCell::default(),
            sharing,
            call: CallToken::default(),
            reach: Reach::Host,
            #[cfg(feature = "cluster")]
            has_files: false,
            refused: Cell::new(false),
        }
    }

    /// For messages to any host, from which nothing is left out.
    pub(crate) fn of_whole_messages() -> Self {
        Sender { reach: Reach::Anywhere, ..Sender::new(ArraySharing::none()) }
    }

    /// For results to any host, from which nothing is left out.
    pub(crate) fn of_copies() -> Self {
        Sender { reach: Reach::Asker, ..Sender::new(ArraySharing::none()) }
    }

    /// What is wrong with sending what was encoded since the last time.
    ///
    /// # Errors
    ///
    /// Returns an error if an array is mapped from a file for writing, and the messages are for other hosts: the
    /// receiver would write to a copy.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.refused.take() {
            return Err("an array is mapped from a file for writing, and a process elsewhere would write to a copy of it; \
                        send the file's path, or map it with MmapMode::Read or MmapMode::CopyOnWrite"
                .to_owned());
        }
        Ok(())
    }

    /// Puts a copy of `bytes` beside the message; returns the number that stands for it. `None` if that is too little, or there
    /// is no room: then they are written into the message.
    pub(crate) fn copy(&self, bytes: &[u8]) -> Option<u64> {
        if self.reach != Reach::Host || !self.is_large(bytes.len() as u64) {
            return None;
        }
        match copy(bytes, self.sharing.folder.as_deref()) {
            Ok(file) => Some(self.add_copy(file, bytes.len() as u64)),
            Err(error) => {
                no_memory(&error, bytes.len() as u64);
                None
            }
        }
    }

    fn is_large(&self, len: u64) -> bool {
        len > 0 && self.sharing.from_bytes.is_some_and(|from| len >= from)
    }

    fn add_copy(&self, file: File, len: u64) -> u64 {
        let descriptor = Arc::new(file.into());
        let memory = SharedMemory { id: new_id(), descriptor, base: 0, len, original: false, call: None };
        self.add(Arc::new(memory), 0, len)
    }

    /// For messages to any host, with arrays beside them as bytes, or as places in files if it has those. How large the arrays
    /// have to be is what `sharing` says.
    #[cfg(feature = "cluster")]
    pub(crate) fn of_bytes(sharing: ArraySharing, has_files: bool) -> Self {
        Sender { reach: Reach::Anywhere, has_files, ..Sender::new(sharing) }
    }

    /// Begins memory of `len` bytes; `None` if that is too little, or there is no room.
    pub(crate) fn begin(&self, len: usize) -> Option<SharedWriter> {
        let len = len as u64;
        if self.reach != Reach::Host || !self.is_large(len) {
            return None;
        }
        match reserved_file(self.sharing.folder.as_deref(), len) {
            Ok(file) => Some(SharedWriter { file, left: len, len }),
            Err(error) => {
                no_memory(&error, len);
                None
            }
        }
    }

    /// Ends that memory; returns the number that stands for it.
    ///
    /// # Errors
    ///
    /// Returns an error if there are fewer bytes than was said at the beginning.
    pub(crate) fn finish(&self, writer: SharedWriter) -> io::Result<u64> {
        if writer.left > 0 {
            return Err(io::Error::other("a sequence has fewer elements than the length that it declared"));
        }
        Ok(self.add_copy(writer.file, writer.len))
    }

    /// Takes the memory of an array out of the message, if it is large enough; returns the number that stands for it.
    pub(crate) fn offer(&self, buffer: &Buffer) -> Option<u64> {
        // What is mapped for writing is meant to be written in place, whatever its size.
        let original = buffer.shared_file().is_some();
        if original && self.reach != Reach::Host {
            self.refused.set(self.reach == Reach::Anywhere);
            return None;
        }
        if buffer.is_empty() || !(original || self.is_large(buffer.len() as u64)) {
            return None;
        }
        #[cfg(feature = "cluster")]
        if self.reach == Reach::Anywhere {
            return Some(self.add_content(buffer));
        }
        match SharedMemory::of(buffer, self.sharing.folder.as_deref(), self.writers()) {
            Ok((memory, start)) => Some(self.add(memory, start as u64, buffer.len() as u64)),
            Err(error) => {
                // Then its elements are written into the message.
                tracing::warn!(%error, bytes = buffer.len(), "an array could not be copied to shared memory");
                None
            }
        }
    }

    /// The call, if its workers write to their copies of arrays, which then are that call's own.
    fn writers(&self) -> Option<&CallToken> {
        matches!(self.sharing.mode(), MmapMode::ReadWrite | MmapMode::Write).then_some(&self.call)
    }

    /// Ends the call: what was copied for it alone can be forgotten.
    pub(crate) fn end_call(&mut self) {
        self.call = CallToken::default();
    }

    fn add(&self, memory: Arc<SharedMemory>, start: u64, len: u64) -> u64 {
        let mut taken = self.taken.borrow_mut();
        taken.parts.push(Part { id: memory.id, start, len });
        taken.memories.push(memory);
        taken.parts.len() as u64 - 1
    }

    #[cfg(feature = "cluster")]
    fn add_content(&self, buffer: &Buffer) -> u64 {
        let of_file = || self.has_files.then(|| Content::of_file(buffer)).flatten();
        let (content, start) = match self.writers() {
            Some(call) => Content::of_call(buffer, call),
            None => (of_file().unwrap_or_else(|| Content::of(buffer)), 0),
        };
        let mut taken = self.taken.borrow_mut();
        taken.parts.push(Part { id: content.id(), start: start as u64, len: buffer.len() as u64 });
        taken.contents.push((content, buffer.clone()));
        taken.parts.len() as u64 - 1
    }

    /// What was taken out since the last time: the table, and the memories it speaks of.
    pub(crate) fn take(&self) -> (Vec<Part>, Vec<Arc<SharedMemory>>) {
        let Taken { parts, memories, .. } = self.taken.take();
        (parts, memories)
    }

    /// The same of a sender of bytes.
    #[cfg(feature = "cluster")]
    pub(crate) fn take_contents(&self) -> (Vec<Part>, Vec<(Arc<Content>, Buffer)>) {
        let Taken { parts, contents, .. } = self.taken.take();
        (parts, contents)
    }

    /// Has the next message be one from which these were taken out already.
    #[cfg(feature = "cluster")]
    pub(crate) fn put(&self, parts: Vec<Part>, memories: Vec<Arc<SharedMemory>>) {
        *self.taken.borrow_mut() = Taken { parts, memories, contents: Vec::new() };
    }

    /// How the receiver is to map `memory`.
    pub(crate) fn introduce(&self, memory: &SharedMemory) -> (Introduction, Arc<OwnedFd>) {
        let mode = self.mode_of(memory);
        let introduction =
            Introduction { id: memory.id, base: memory.base, len: memory.len, mode: mode.name().to_owned() };
        (introduction, Arc::clone(&memory.descriptor))
    }

    /// The mode in which the receiver is to map `memory`.
    pub(crate) fn mode_of(&self, memory: &SharedMemory) -> MmapMode {
        if memory.original { MmapMode::ReadWrite } else { self.sharing.mode() }
    }
}

/// The value is written into the message then.
fn no_memory(error: &io::Error, bytes: u64) {
    tracing::warn!(%error, bytes, "no shared memory could be had for a large value");
}

/// The receiver's side: memories by their ids.
#[derive(Default)]
pub(crate) struct Memories(HashMap<u128, Mapping>);

enum Mapping {
    /// Mapped once, for all.
    Shared(Buffer),
    /// Mapped for each use, so that the one who has it may write.
    OwnWrites { file: File, base: u64, mode: MmapMode },
}

impl Memories {
    /// # Errors
    ///
    /// Returns an error if the memory can't be mapped.
    pub(crate) fn introduce(&mut self, introduction: &Introduction, descriptor: OwnedFd) -> io::Result<()> {
        let mode = introduction.mode.parse().unwrap_or(MmapMode::Read);
        let file = File::from(descriptor);
        let base = introduction.base;
        let mapping = match mode {
            MmapMode::Read => Mapping::Shared(Buffer::map(&file, base, introduction.len as usize, mode)?),
            _ => Mapping::OwnWrites { file, base, mode },
        };
        self.0.insert(introduction.id, mapping);
        Ok(())
    }

    /// Has `buffer` be the memory of this id.
    #[cfg(feature = "cluster")]
    pub(crate) fn insert(&mut self, id: u128, buffer: Buffer) {
        self.0.insert(id, Mapping::Shared(buffer));
    }

    /// Has the first `len` bytes of a file without a name be the memory of this id, of which each use has its own copy.
    ///
    /// # Errors
    ///
    /// Returns an error if it is not so long, or can't be looked at.
    #[cfg(feature = "cluster")]
    pub(crate) fn adopt(&mut self, id: u128, file: File, len: u64) -> io::Result<()> {
        check_len(&file, len)?;
        self.0.insert(id, Mapping::OwnWrites { file, base: 0, mode: MmapMode::CopyOnWrite });
        Ok(())
    }

    /// The file that begins with a part, if there is one that is mapped for each use.
    #[cfg(feature = "cluster")]
    fn file(&self, part: Part) -> Option<File> {
        match self.0.get(&part.id)? {
            Mapping::OwnWrites { file, base: 0, .. } if part.start == 0 => file.try_clone().ok(),
            _ => None,
        }
    }

    pub(crate) fn forget(&mut self, ids: &[u128]) {
        for id in ids {
            self.0.remove(id);
        }
    }

    fn part(&self, part: Part) -> Option<Buffer> {
        let (start, len) = (part.start as usize, part.len as usize);
        match self.0.get(&part.id)? {
            Mapping::Shared(buffer) => {
                let end = start.checked_add(len).filter(|end| *end <= buffer.len())?;
                Some(buffer.slice(start..end))
            }
            Mapping::OwnWrites { file, base, mode } => {
                Buffer::map(file, base.checked_add(part.start)?, len, *mode).ok()
            }
        }
    }
}

/// What the numbers in a message stand for.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Arrays<'a> {
    pub(crate) parts: &'a [Part],
    pub(crate) memories: &'a Memories,
}

impl Arrays<'_> {
    /// The file that begins with what a number stands for, if there is one that is mapped for each use.
    #[cfg(feature = "cluster")]
    pub(crate) fn file(self, number: u64) -> Option<File> {
        self.memories.file(*self.parts.get(usize::try_from(number).ok()?)?)
    }

    pub(crate) fn get(self, number: u64) -> Option<Buffer> {
        self.memories.part(*self.parts.get(usize::try_from(number).ok()?)?)
    }
}
