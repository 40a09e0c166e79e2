//! What a block of elements is: element type, order, shape.

use joblib_array::transfer::RawArray;
use joblib_array::{DType, MAX_NDIM, Order};

use crate::error::{Error, Result};
use crate::limits::MAX_EMPTY_ROWS;

/// What the elements of a block are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The element type.
    pub dtype: DType,
    /// The order of the elements.
    pub order: Order,
    /// The length of each dimension.
    pub shape: Vec<usize>,
}

impl Block {
    /// A block of one dimension.
    ///
    /// ```
    /// use joblib_array::DType;
    /// use joblib_encoding::Block;
    ///
    /// assert_eq!(Block::run(DType::I16, 5).byte_len(), Some(10));
    /// ```
    pub fn run(dtype: DType, len: usize) -> Self {
        Self { dtype, order: Order::C, shape: vec![len] }
    }

    /// The block that an array becomes.
    pub fn of(array: &RawArray<'_>) -> Self {
        Self { dtype: array.dtype, order: array.order, shape: array.shape.to_vec() }
    }

    /// The size of the elements in bytes; `None` if it does not fit the address space.
    pub fn byte_len(&self) -> Option<usize> {
        self.shape.iter().try_fold(self.dtype.size(), |size, &dimension| size.checked_mul(dimension))
    }

    /// The block that the codes in a header stand for.
    ///
    /// # Errors
    ///
    /// Returns an error if a code is unknown, or there are too many dimensions.
    ///
    /// ```
    /// use joblib_encoding::Block;
    ///
    /// assert_eq!(Block::from_codes(12, 0, vec![2, 3])?.byte_len(), Some(48));
    /// assert!(Block::from_codes(99, 0, vec![2, 3]).unwrap_err().is_corrupt());
    /// # Ok::<(), joblib_encoding::Error>(())
    /// ```
    pub fn from_codes(dtype: u8, order: u8, shape: Vec<usize>) -> Result<Self> {
        let dtype = DTYPES
            .iter()
            .find(|(known, _)| *known == dtype)
            .map(|(_, dtype)| *dtype)
            .ok_or_else(|| Error::corrupt(format!("an array has the unknown element type {dtype}")))?;
        let order = match order {
            0 => Order::C,
            1 => Order::F,
            other => return Err(Error::corrupt(format!("an array has the order {other}: expected 0 or 1"))),
        };
        if shape.len() > MAX_NDIM {
            return Err(Error::corrupt(format!(
                "an array has {} dimensions: expected at most {MAX_NDIM}",
                shape.len()
            )));
        }
        Ok(Self { dtype, order, shape })
    }

    /// Checks that the elements have `len` bytes.
    ///
    /// # Errors
    ///
    /// Returns an error if they don't.
    pub fn check_len(&self, len: u64) -> Result<()> {
        if self.byte_len().is_none_or(|bytes| bytes as u64 != len) {
            return Err(Error::corrupt(format!(
                "an array of {} and shape {:?} in a block of {len} bytes",
                self.dtype, self.shape
            )));
        }
        Ok(())
    }

    /// Checks that this array may be read as sequences of sequences.
    pub(crate) fn check_rows(&self) -> Result<()> {
        let rows = self.shape.split(|len| *len == 0).next().unwrap_or_default();
        let rows = rows.iter().fold(1_usize, |rows, len| rows.saturating_mul(*len));
        if self.shape.contains(&0) && rows > MAX_EMPTY_ROWS {
            return Err(serde::de::Error::custom(format_args!(
                "an array of shape {:?} has no elements, and is read as sequences only if there are at most \
                 {MAX_EMPTY_ROWS} of them",
                self.shape
            )));
        }
        Ok(())
    }

    /// The codes of the element type and of the order, as they stand in headers.
    ///
    /// ```
    /// use joblib_array::DType;
    /// use joblib_encoding::Block;
    ///
    /// assert_eq!(Block::run(DType::F64, 1).codes(), (12, 0));
    /// ```
    pub fn codes(&self) -> (u8, u8) {
        codes(self.dtype, self.order)
    }
}

pub(crate) fn codes(dtype: DType, order: Order) -> (u8, u8) {
    let dtype = DTYPES.iter().find(|(_, known)| *known == dtype).map_or(0, |(code, _)| *code);
    (dtype, u8::from(order == Order::F))
}

/// The codes of element types; never changed, only added to.
const DTYPES: [(u8, DType); 14] = [
    (1, DType::Bool),
    (2, DType::I8),
    (3, DType::I16),
    (4, DType::I32),
    (5, DType::I64),
    (6, DType::U8),
    (7, DType::U16),
    (8, DType::U32),
    (9, DType::U64),
    (10, DType::F16),
    (11, DType::F32),
    (12, DType::F64),
    (13, DType::C64),
    (14, DType::C128),
];
