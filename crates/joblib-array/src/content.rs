//! What the hash of a value is made of, where that is not what is stored of it.

use std::fmt;

/// What a value consists of.
pub struct Content {
    /// The name of the type.
    pub name: &'static str,
    /// The lengths that describe the value to people, such as the rows and the columns of a table.
    pub shape: Vec<usize>,
    /// Equal values have equal parts: as many, each with the same pieces.
    pub parts: Vec<Box<dyn Part>>,
}

/// Bytes in pieces, each of which is made when it is asked for.
pub trait Part: Send + Sync {
    /// The number of pieces.
    fn pieces(&self) -> usize;

    /// The bytes of a piece: where they lie, or in the buffer, which is empty.
    fn piece<'a>(&'a self, number: usize, buffer: &'a mut Vec<u8>) -> &'a [u8];
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("name", &self.name)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}
