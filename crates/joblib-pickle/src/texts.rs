//! A column of text in one piece of memory.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::thread;

use joblib_array::{Buffer, parts};
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::ends::Ends;

/// The newtype struct that asks for texts as they are in the file.
pub(crate) const NAME: &str = "joblib::pickle::Texts";

thread_local! {
    /// What `deliver` left for the visitor that runs now: serde has no channel for a finished value.
    static DELIVERY: RefCell<Option<Texts>> = const { RefCell::new(None) };
}

/// The texts of a column in one piece of memory, any of which may be missing. A column that is Arrow-backed loads as these
/// without a `String` for each value; any other sequence of texts loads as well.
///
/// ```
/// use joblib_pickle::Texts;
///
/// let bytes = joblib_pickle::to_vec(&[Some("a"), None, Some("bé")])?;
/// let texts: Texts = joblib_pickle::from_slice(&bytes)?;
/// assert_eq!((texts.len(), texts.get(1), texts.get(2)), (3, None, Some("bé")));
/// assert_eq!(texts.iter().flatten().collect::<String>(), "abé");
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Texts {
    ends: Ends,
    bytes: Buffer,
    missing: Option<Box<[bool]>>,
}

impl Texts {
    /// Texts that lie one after another; `None` if they are not UTF-8 or lie elsewhere.
    pub(crate) fn new(ends: &Ends, bytes: &Buffer, missing: Option<&[bool]>) -> Option<Self> {
        let Range { start, end } = ends.all();
        let all = bytes.as_bytes().get(start..end)?;
        // In ASCII, which is found out faster, each place is a boundary.
        let sound = everywhere(all.len(), |part| all[part].is_ascii())
            || everywhere(all.len(), |part| is_text(all, part))
                && everywhere(ends.places(), |places| {
                    ends.every(places, |place| is_boundary(all, place - start))
                });
        let fits = missing.is_none_or(|missing| missing.len() == ends.values());
        (sound && fits).then(|| Self {
            ends: ends.clone(),
            bytes: bytes.clone(),
            missing: missing.map(Into::into),
        })
    }

    /// How many there are, missing ones included.
    pub fn len(&self) -> usize {
        self.ends.values()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text at a place; `None` where it is missing, and beyond the last.
    pub fn get(&self, place: usize) -> Option<&str> {
        if self.missing.as_ref().is_some_and(|missing| missing.get(place) == Some(&true)) {
            return None;
        }
        let bytes = (place < self.len()).then(|| self.bytes.as_bytes().get(self.ends.at(place)))?;
        std::str::from_utf8(bytes?).ok()
    }

    /// All in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.len()).map(|place| self.get(place))
    }
}

/// From this length on, texts and places are looked through by several threads.
const LARGE: usize = 1 << 19;

/// Whether `holds` is true of each of the parts of something of that length.
fn everywhere(len: usize, holds: impl Fn(Range<usize>) -> bool + Sync) -> bool {
    let share = if len < LARGE { len.max(1) } else { parts::share(len, 1) };
    let holds = &holds;
    thread::scope(|scope| {
        let mut others = Vec::new();
        let mut all = true;
        for start in (share..len).step_by(share) {
            let part = start..len.min(start + share);
            let on_thread = part.clone();
            match thread::Builder::new().spawn_scoped(scope, move || holds(on_thread)) {
                Ok(other) => others.push(other),
                Err(_) => all &= holds(part),
            }
        }
        all &= holds(0..share.min(len));
        others.into_iter().fold(all, |all, other| other.join().unwrap_or(false) && all)
    })
}

/// Whether a part is UTF-8, with all of the character that its end lies in and without that of its start. Of all parts that is
/// whether the whole is.
fn is_text(all: &[u8], part: Range<usize>) -> bool {
    let boundary = |at: usize| match at {
        0 => 0,
        _ => (at..all.len()).find(|&at| is_boundary(all, at)).unwrap_or(all.len()),
    };
    std::str::from_utf8(&all[boundary(part.start)..boundary(part.end)]).is_ok()
}

/// Whether no byte of a character before it stands at that place.
fn is_boundary(all: &[u8], place: usize) -> bool {
    all.get(place).is_none_or(|byte| byte & 0xc0 != 0x80)
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// Leaves texts for the visitor that is called next.
pub(crate) fn deliver<R>(texts: Texts, visit: impl FnOnce() -> R) -> R {
    let previous = DELIVERY.with_borrow_mut(|slot| slot.replace(texts));
    let result = visit();
    DELIVERY.with_borrow_mut(|slot| *slot = previous);
    result
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence of texts")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Texts, D::Error> {
        match DELIVERY.with_borrow_mut(Option::take) {
            Some(texts) => Ok(texts),
            None => deserializer.deserialize_seq(self),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
        let (mut ends, mut bytes, mut missing) = (vec![0], Vec::new(), Vec::new());
        while let Some(text) = items.next_element::<Option<String>>()? {
            missing.push(text.is_none());
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
            ends.push(bytes.len() as u64);
        }
        let missing = missing.contains(&true).then(|| missing.into());
        Ok(Texts { ends: Ends::Counted(ends), bytes: Buffer::adopt(bytes), missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8], ends: &[u64]) -> Option<Texts> {
        Texts::new(&Ends::Counted(ends.to_vec()), &Buffer::copy_of(bytes), None)
    }

    #[test]
    fn long_text_is_looked_through_to_its_end_wherever_it_is_cut() {
        // Characters of three bytes, which no number of threads cuts evenly.
        let text = "a日".repeat(LARGE);
        let len = text.len() as u64;
        let whole = texts(text.as_bytes(), &[0, len]).expect("it is text");
        assert_eq!(whole.get(0), Some(text.as_str()));
        let ends: Vec<u64> = (0..=LARGE as u64).map(|number| 4 * number).collect();
        assert_eq!(texts(text.as_bytes(), &ends).expect("each is text").get(LARGE - 1), Some("a日"));
        for place in [1, LARGE / 2, LARGE, 3 * LARGE, text.len() - 1] {
            let mut broken = text.clone().into_bytes();
            broken[place] = 0xff;
            assert!(texts(&broken, &[0, len]).is_none(), "{place}");
            let inside = 4 * (place as u64 / 4) + 2;
            assert!(texts(text.as_bytes(), &[0, inside, len]).is_none(), "{inside}");
            let mut ends = ends.clone();
            ends[place / 4 + 1] -= 1;
            assert!(texts(text.as_bytes(), &ends).is_none(), "{place}");
        }
    }
}
