//! [`Content`]: the bytes of an array as another host knows them, by a digest.

use std::collections::HashMap;
use std::convert::Infallible;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use joblib_array::Buffer;
use twox_hash::XxHash3_128;

use super::known::Identified;
use crate::sync::lock;

/// What an array holds. It lives as long as one array has these bytes, and was sent.
#[derive(Debug)]
pub(crate) struct Content {
    id: u128,
}

/// The contents of the parts of one memory; kept with it until it is written to or freed.
#[derive(Default)]
struct Contents(Mutex<HashMap<Range<usize>, Arc<Content>>>);

impl Content {
    /// That of `buffer`. Equal bytes have equal ids, in whatever memory they are.
    pub(crate) fn of(buffer: &Buffer) -> Arc<Self> {
        let contents = buffer.derived(|_| Ok::<_, Infallible>(Contents::default()));
        let Ok((contents, start)) = contents;
        let mut contents = lock(&contents.0);
        let content = contents
            .entry(start..start + buffer.len())
            .or_insert_with(|| Arc::new(Content { id: XxHash3_128::oneshot(buffer.as_bytes()) }));
        Arc::clone(content)
    }
}

impl Identified for Content {
    fn id(&self) -> u128 {
        self.id
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
        assert_eq!(known.gone().len(), 1);
        let before = Content::of(&one).id();
        one.as_mut_bytes().unwrap()[0] = 2;
        assert_ne!(Content::of(&one).id(), before);
        assert!(known.is_new(&Arc::clone(&Content::of(&one)), None));
    }
}
