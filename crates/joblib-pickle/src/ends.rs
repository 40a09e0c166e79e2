//! Where texts or lists end that lie one after another.

use std::ops::Range;

use joblib_array::Buffer;

/// Ascending places, one more than there are values: where the first value starts, and where each one ends.
#[derive(Debug, Clone)]
pub(crate) enum Ends {
    Counted(Vec<u64>),
    /// Little-endian words of 32 bits, in the memory that they were read into.
    Narrow(Buffer),
    /// The same of 64 bits.
    Wide(Buffer),
}

impl Ends {
    /// Words of `size` bytes, 4 or 8, as Arrow keeps them; `None` if they are not ascending from 0 or more.
    pub(crate) fn of_words(words: Buffer, size: usize) -> Option<Self> {
        let first = words.as_bytes().get(..size)?;
        let next = words.as_bytes().get(size..).unwrap_or_default().chunks_exact(size);
        let pairs = words.as_bytes().chunks_exact(size).zip(next);
        // A number or a difference that is negative sets the sign. There is no way out early and no comparison, so that many
        // are looked at at once.
        let sound = if size == 4 {
            let signs = |signs, (one, next)| signs | narrow(next) | narrow(next).wrapping_sub(narrow(one));
            pairs.fold(narrow(first), signs) >= 0
        } else {
            let signs = |signs, (one, next)| signs | wide(next) | wide(next).wrapping_sub(wide(one));
            pairs.fold(wide(first), signs) >= 0
        };
        sound.then(|| if size == 4 { Self::Narrow(words) } else { Self::Wide(words) })
    }

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        match self {
            Self::Counted(ends) => ends.len(),
            Self::Narrow(words) => words.len() / 4,
            Self::Wide(words) => words.len() / 8,
        }
    }

    /// How many values there are.
    pub(crate) fn values(&self) -> usize {
        self.places().saturating_sub(1)
    }

    /// The place of that number; beyond the last one, 0.
    #[inline]
    fn place(&self, number: usize) -> u64 {
        match self {
            Self::Counted(ends) => ends.get(number).copied().unwrap_or(0),
            // They are not negative.
            Self::Narrow(words) => {
                words.as_bytes().get(4 * number..4 * number + 4).map_or(0, |word| narrow(word) as u64)
            }
            Self::Wide(words) => {
                words.as_bytes().get(8 * number..8 * number + 8).map_or(0, |word| wide(word) as u64)
            }
        }
    }

    /// Where the value at `index` lies.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Range<usize> {
        self.place(index) as usize..self.place(index + 1) as usize
    }

    /// Where all of them lie.
    pub(crate) fn all(&self) -> Range<usize> {
        self.place(0) as usize..self.place(self.values()) as usize
    }

    /// Whether `holds` is true of each place of these numbers.
    pub(crate) fn every(&self, places: Range<usize>, mut holds: impl FnMut(usize) -> bool) -> bool {
        let Range { start, end } = places;
        match self {
            Self::Counted(ends) => ends[start..end].iter().all(|&end| holds(end as usize)),
            Self::Narrow(words) => {
                words.as_bytes()[4 * start..4 * end].chunks_exact(4).all(|word| holds(narrow(word) as usize))
            }
            Self::Wide(words) => {
                words.as_bytes()[8 * start..8 * end].chunks_exact(8).all(|word| holds(wide(word) as usize))
            }
        }
    }
}

#[inline]
fn narrow(word: &[u8]) -> i32 {
    word.try_into().map_or(0, i32::from_le_bytes)
}

#[inline]
fn wide(word: &[u8]) -> i64 {
    word.try_into().map_or(0, i64::from_le_bytes)
}
