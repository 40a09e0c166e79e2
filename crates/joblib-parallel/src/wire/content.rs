//! [`Content`]: the bytes of an array as another host knows them: by a digest, as a copy that is one call's own, or as a part of
//! a file that it has.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};

use joblib_array::{Buffer, MmapMode};
use twox_hash::XxHash3_128;

use super::codec;
use super::file_part::FilePart;
use super::known::Identified;
use super::own_copy::{CallToken, new_id, with_memory};
use crate::sync::lock;

/// What an array holds. It lives as long as one array has these bytes, and was sent.
#[derive(Debug)]
pub(crate) struct Content {
    id: u128,
    /// The call whose workers write to it, if they do. Then it is all of a memory, and no other call's.
    call: Option<Weak<()>>,
    /// What is sent instead of the bytes, if that is the place of them in a file.
    file: Option<FilePart>,
}

/// The contents of the parts of one memory; kept with it until it is written to or freed.
#[derive(Default)]
struct Contents(Mutex<HashMap<Range<usize>, Arc<Content>>>);

/// The same of those that are parts of a file that other hosts have.
#[derive(Default)]
struct FileContents(Mutex<HashMap<Range<usize>, Arc<Content>>>);

/// Those that workers write to: one for each call.
#[derive(Default)]
struct WritableContents(Mutex<Vec<Arc<Content>>>);

impl Content {
    /// That of `buffer`. Equal bytes have equal ids, in whatever memory they are.
    pub(crate) fn of(buffer: &Buffer) -> Arc<Self> {
        let contents = buffer.derived(|_| Ok::<_, Infallible>(Contents::default()));
        let Ok((contents, start)) = contents;
        let mut contents = lock(&contents.0);
        let content = contents
            .entry(start..start + buffer.len())
            .or_insert_with(|| Arc::new(Content::new(XxHash3_128::oneshot(buffer.as_bytes()), None, None)));
        Arc::clone(content)
    }

    fn new(id: u128, call: Option<Weak<()>>, file: Option<FilePart>) -> Self {
        Content { id, call, file }
    }

    /// That of `buffer` as a part of the file that it is mapped from; `None` if it is not mapped for reading from a file that
    /// has a path. Its bytes are not looked at.
    pub(super) fn of_file(buffer: &Buffer) -> Option<Arc<Self>> {
        buffer.mmap_mode().filter(|mode| *mode == MmapMode::Read)?;
        let contents = buffer.derived(|_| Ok::<_, Infallible>(FileContents::default()));
        let Ok((contents, start)) = contents;
        let mut contents = lock(&contents.0);
        let range = start..start + buffer.len();
        if let Some(content) = contents.get(&range) {
            return Some(Arc::clone(content));
        }
        let part = FilePart::of(buffer.as_bytes())?;
        let mut identity = Vec::new();
        codec::write(&mut identity, &part).ok()?;
        let content = Arc::new(Content::new(XxHash3_128::oneshot(&identity), None, Some(part)));
        contents.insert(range, Arc::clone(&content));
        Some(content)
    }

    /// What is sent instead of the bytes.
    pub(crate) fn file(&self) -> Option<&FilePart> {
        self.file.as_ref()
    }

    /// That of all of the memory that `buffer` is a part of, for the tasks of `call` to write to; and where the buffer starts
    /// in it.
    pub(super) fn of_call(buffer: &Buffer, call: &CallToken) -> (Arc<Self>, usize) {
        let contents = buffer.derived(|_| Ok::<_, Infallible>(WritableContents::default()));
        let Ok((contents, start)) = contents;
        let mut contents = lock(&contents.0);
        contents.retain(|content| !content.is_over());
        let of = Arc::downgrade(call);
        let is_of_call = |content: &&Arc<Content>| content.call.as_ref().is_some_and(|call| call.ptr_eq(&of));
        if let Some(content) = contents.iter().find(is_of_call) {
            return (Arc::clone(content), start);
        }
        let content = Arc::new(Content::new(new_id(), Some(of), None));
        contents.push(Arc::clone(&content));
        (content, start)
    }

    /// Whether tasks write to it.
    #[cfg(feature = "dask")]
    pub(crate) fn is_written(&self) -> bool {
        self.call.is_some()
    }

    /// Calls `f` with the bytes, which `buffer` has.
    pub(crate) fn with_bytes<R>(&self, buffer: &Buffer, f: impl FnOnce(&[u8]) -> R) -> R {
        match self.call {
            Some(_) => with_memory(buffer, f),
            None => f(buffer.as_bytes()),
        }
    }
}

impl Identified for Content {
    fn id(&self) -> u128 {
        self.id
    }

    fn is_over(&self) -> bool {
        self.call.as_ref().is_some_and(|call| call.strong_count() == 0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use joblib_array::Buffer;

    use super::Content;
    use crate::wire::known::{Identified, Known};

    #[test]
    fn equal_bytes_are_one_content_until_the_last_memory_that_has_them_is_gone() {
        let (mut one, other) = (Buffer::copy_of(&[1; 100]), Buffer::copy_of(&[1; 100]));
        let (content, same) = (Content::of(&one), Content::of(&other));
        assert_eq!(content.id(), same.id());
        assert_ne!(content.id(), Content::of(&one.slice(0..50)).id());
        let mut known = Known::default();
        assert!(known.is_new(&content, None));
        assert!(!known.is_new(&same, None));
        drop((content, same));
        assert!(known.gone().is_empty(), "the memories are still there");
        drop(other);
        assert!(known.gone().is_empty(), "one of the memories is still there");
        let before = Content::of(&one).id();
        one.as_mut_bytes().unwrap()[0] = 2;
        assert_ne!(Content::of(&one).id(), before);
        assert_eq!(known.gone().len(), 1, "no memory has the bytes");
        assert!(known.is_new(&Content::of(&one), None));
    }

    #[test]
    fn what_workers_write_to_is_the_whole_memory_and_of_one_call_only() {
        let (first, second) = (Arc::new(()), Arc::new(()));
        let whole = Buffer::copy_of(&[1; 100]);
        let equal = Buffer::copy_of(&[1; 100]);
        let part = whole.slice(40..50);
        let (content, start) = Content::of_call(&part, &first);
        assert_eq!((start, content.with_bytes(&part, <[u8]>::len)), (40, 100));
        assert_eq!(Content::of_call(&whole, &first).0.id(), content.id());
        assert_ne!(Content::of_call(&equal, &first).0.id(), content.id());
        assert_ne!(Content::of_call(&whole, &second).0.id(), content.id());
        let mut known = Known::default();
        assert!(known.is_new(&content, None) && !known.is_new(&content, None));
        assert!(known.gone().is_empty());
        drop(first);
        assert_eq!(known.gone(), [content.id()], "its call is over, although its array is there");
    }
}
