//! Arrays in joblib's layout: its `NumpyArrayWrapper`, then, outside of any frame, a byte that counts the padding, the
//! padding, the elements.

use joblib_array::transfer::{self, RawArray};
use joblib_array::{DType, Order, run};

use super::pickler::Pickler;
use crate::error::{Error, Result};
use crate::machine::opcode as op;

/// What joblib aligns arrays to.
const ALIGNMENT: u64 = 16;

impl Pickler<'_> {
    /// An array whose elements are all there.
    pub(super) fn array(&mut self, array: RawArray<'_>) -> Result<()> {
        self.enter()?;
        self.begin_array(array.dtype, array.order, array.shape)?;
        self.leave();
        self.write(array.bytes)
    }

    /// Everything of an array but its elements, which must follow. The array counts as a container that was entered.
    pub(super) fn begin_array(&mut self, dtype: DType, order: Order, shape: &[usize]) -> Result<()> {
        transfer::check_shape(dtype, shape)
            .map_err(|error| Error::value(format!("an array can't be saved: {error}")))?;
        if let Some(number) = self.constants.wrapper {
            self.get(number)?;
        } else {
            self.global("joblib.numpy_pickle", "NumpyArrayWrapper")?;
            self.constants.wrapper = self.memoize()?;
        }
        self.opcode(op::EMPTY_TUPLE)?;
        self.opcode(op::NEWOBJ)?;
        self.opcode(op::EMPTY_DICT)?;
        self.opcode(op::MARK)?;
        self.repeated_text("subclass")?;
        if let Some(number) = self.constants.ndarray {
            self.get(number)?;
        } else {
            self.global("numpy", "ndarray")?;
            self.constants.ndarray = self.memoize()?;
        }
        self.repeated_text("shape")?;
        self.enter()?;
        self.opcode(op::MARK)?;
        for &len in shape {
            self.int(len as i128)?;
        }
        self.opcode(op::TUPLE)?;
        self.leave();
        self.repeated_text("order")?;
        self.repeated_text(if order == Order::F { "F" } else { "C" })?;
        self.repeated_text("dtype")?;
        self.dtype(dtype)?;
        self.repeated_text("allow_mmap")?;
        self.bool(!self.compressed)?;
        self.repeated_text("numpy_array_alignment_bytes")?;
        self.int(i128::from(ALIGNMENT))?;
        self.opcode(op::SETITEMS)?;
        self.opcode(op::BUILD)?;
        self.end_frame()?;
        // The byte that counts is followed by at least one byte of padding, as joblib writes it.
        let padding = ALIGNMENT - (self.position() + 1) % ALIGNMENT;
        let mut bytes = [0xff; ALIGNMENT as usize + 1];
        bytes[0] = padding as u8;
        self.write(&bytes[..=padding as usize])
    }

    /// `numpy.dtype('f8', False, True)` with the state of a little-endian one.
    fn dtype(&mut self, dtype: DType) -> Result<()> {
        let place = DType::ALL.iter().position(|&known| known == dtype);
        if let Some(number) = place.and_then(|place| self.constants.dtypes[place]) {
            return self.get(number);
        }
        let descr = dtype.numpy_descr();
        self.global("numpy", "dtype")?;
        self.text(&descr[1..])?;
        self.bool(false)?;
        self.bool(true)?;
        self.opcode(op::TUPLE3)?;
        self.opcode(op::REDUCE)?;
        if let (Some(place), number) = (place, self.memoize()?) {
            self.constants.dtypes[place] = number;
        }
        self.opcode(op::MARK)?;
        self.int(3)?;
        self.text(&descr[..1])?;
        for _ in 0..3 {
            self.none()?;
        }
        self.int(-1)?;
        self.int(-1)?;
        self.int(0)?;
        self.opcode(op::TUPLE)?;
        self.opcode(op::BUILD)
    }
}

/// Refuses an array where a dict's key stands.
///
/// # Errors
///
/// Returns an error if `key` is set.
pub(super) fn check_key(key: bool) -> Result<()> {
    if key { Err(Error::value("an array can't be a key: Python can't hash it")) } else { Ok(()) }
}

/// The dtype of the numbers that a `T` is.
pub(super) fn element_type<T: ?Sized>() -> Option<DType> {
    let is_half = std::any::type_name::<T>().trim_start_matches('&') == "half::binary16::f16";
    if is_half { Some(DType::F16) } else { run::element_type::<T>() }
}
