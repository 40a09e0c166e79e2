//! Shapes and the order of elements in memory: pure arithmetic.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::dtype::DType;
use crate::error::{MAX_NDIM, ShapeError};

/// The order of an array's elements in memory.
///
/// ```
/// use joblib_array::Order;
///
/// assert_eq!(Order::default(), Order::C);
/// assert_eq!(Order::F.name(), "F");
/// assert_eq!("F".parse(), Ok(Order::F));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Row-major: the last index varies fastest.
    #[default]
    C,
    /// Column-major (Fortran): the first index varies fastest.
    F,
}

impl Order {
    /// numpy's letter: `C` or `F`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::F => "F",
        }
    }
}

/// A text that is not the letter of an order.
///
/// ```
/// use joblib_array::{Order, ParseOrderError};
///
/// let error: ParseOrderError = "K".parse::<Order>().unwrap_err();
/// assert_eq!(error.to_string(), r#"unknown order "K": expected C or F"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown order {found:?}: expected C or F")]
pub struct ParseOrderError {
    pub(crate) found: String,
}

impl FromStr for Order {
    type Err = ParseOrderError;

    fn from_str(name: &str) -> Result<Self, ParseOrderError> {
        match name {
            "C" => Ok(Self::C),
            "F" => Ok(Self::F),
            _ => Err(ParseOrderError { found: name.to_owned() }),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Checks that every reader can hold an array of this shape: at most [`MAX_NDIM`] dimensions, and strides that fit the
/// address space even where the array is empty. numpy has the same limits.
pub(crate) fn check_portable(dtype: DType, shape: &[usize]) -> Result<(), ShapeError> {
    if shape.len() > MAX_NDIM {
        return Err(ShapeError::TooManyDimensions { found: shape.len() });
    }
    // A zero makes the array empty, but strides are products of the other lengths and must not overflow either.
    shape
        .iter()
        .filter(|&&len| len != 0)
        .try_fold(dtype.size(), |bytes, &len| bytes.checked_mul(len))
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .map(|_| ())
        .ok_or_else(|| ShapeError::TooLarge { shape: shape.to_vec(), dtype })
}

/// Elements of a shape, or an error when their bytes would not fit the address space.
pub(crate) fn checked_len(shape: &[usize], dtype: DType) -> Result<usize, ShapeError> {
    // An empty dimension makes the array empty, however large the others are.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1_usize, |len, &dimension| len.checked_mul(dimension))
        .filter(|len| len.checked_mul(dtype.size()).is_some_and(|bytes| isize::try_from(bytes).is_ok()))
        .ok_or_else(|| ShapeError::TooLarge { shape: shape.to_vec(), dtype })
}

/// The place in memory of an index, or `None` when it lies outside of the shape.
pub(crate) fn offset(index: &[usize], shape: &[usize], order: Order) -> Option<usize> {
    if index.len() != shape.len() || index.iter().zip(shape).any(|(i, dimension)| i >= dimension) {
        return None;
    }
    let step = |offset: usize, (&i, &dimension): (&usize, &usize)| offset * dimension + i;
    let pairs = index.iter().zip(shape);
    Some(match order {
        Order::C => pairs.fold(0, step),
        Order::F => pairs.rev().fold(0, step),
    })
}

/// Whether elements lie in C order: also in Fortran order where at most one dimension is longer than 1.
pub(crate) fn is_in_c_order(shape: &[usize], order: Order) -> bool {
    order == Order::C || shape.iter().filter(|dimension| **dimension != 1).count() < 2
}

/// Copies a Fortran-ordered array's elements, of `size` bytes each, in C order.
pub(crate) fn copy_in_c_order(shape: &[usize], size: usize, from: &[u8], to: &mut [u8]) {
    assert_eq!(from.len(), to.len(), "the elements are copied to as many bytes");
    match size {
        1 => copy_tiles::<1>(shape, from, to),
        2 => copy_tiles::<2>(shape, from, to),
        4 => copy_tiles::<4>(shape, from, to),
        8 => copy_tiles::<8>(shape, from, to),
        _ => copy_tiles::<16>(shape, from, to),
    }
}

/// The same for elements of `N` bytes. Along the first axis they lie together in `from`, along the last one in `to`: so both
/// are copied in tiles that are small enough for the cache.
fn copy_tiles<const N: usize>(shape: &[usize], from: &[u8], to: &mut [u8]) {
    const TILE: usize = 32;

    let &[rows, ref middle @ .., columns] = shape else { return to.copy_from_slice(from) };
    if to.is_empty() {
        // However long the other dimensions are.
        return;
    }
    let ((from, _), (to, _)) = (from.as_chunks::<N>(), to.as_chunks_mut::<N>());
    let depth: usize = middle.iter().product();
    let mut at = 0;
    for_each_in_c_order(middle, Order::F, |place| {
        for first in (0..rows).step_by(TILE) {
            for start in (0..columns).step_by(TILE) {
                for row in first..rows.min(first + TILE) {
                    let target = &mut to[(row * depth + at) * columns..][..columns];
                    for column in start..columns.min(start + TILE) {
                        target[column] = from[row + rows * (place + depth * column)];
                    }
                }
            }
        }
        at += 1;
    });
}

/// Copies as many elements of a Fortran-ordered array as `to` has space for, from the one that is number `first` in C order.
///
/// Panics if there are fewer.
pub(crate) fn copy_part_in_c_order(shape: &[usize], size: usize, from: &[u8], first: usize, to: &mut [u8]) {
    match size {
        1 => copy_rows::<1>(shape, from, first, to),
        2 => copy_rows::<2>(shape, from, first, to),
        4 => copy_rows::<4>(shape, from, first, to),
        8 => copy_rows::<8>(shape, from, first, to),
        _ => copy_rows::<16>(shape, from, first, to),
    }
}

/// The same for elements of `N` bytes. A row is here what has one index of the first axis: the elements of neighbouring rows lie
/// together in `from`. As many rows as `to` has at a place are copied together.
fn copy_rows<const N: usize>(shape: &[usize], from: &[u8], first: usize, to: &mut [u8]) {
    let (from, to) = (from.as_chunks::<N>().0, to.as_chunks_mut::<N>().0);
    if to.is_empty() {
        // The dimensions may be zero.
        return;
    }
    let &[rows, ref middle @ .., columns] = shape else {
        return to.copy_from_slice(&from[first..][..to.len()]);
    };
    let len = middle.iter().product::<usize>() * columns;
    let stride = rows * (len / columns);
    let end = first + to.len();
    // In each of the three parts of a row, the same rows are copied.
    let mut cuts = [0, first % len, end % len, len];
    cuts.sort_unstable();
    for cut in cuts.windows(2) {
        let (mut start, stop) = (cut[0], cut[1]);
        let rows_here =
            first / len + usize::from(start < first % len)..end / len + usize::from(start < end % len);
        while start < stop && !rows_here.is_empty() {
            // What lies in one row of the last axis.
            let part = (columns - start % columns).min(stop - start);
            let place = rows * place_of(start / columns, middle) + stride * (start % columns);
            let target = |row: usize| row * len + start - first;
            copy_block(from, place, stride, rows_here.clone(), part, to, target);
            start += part;
        }
    }
}

/// Copies a part of several rows, in strips of which as many lines of memory are read as stay in the cache for the next rows. In
/// `from` the rows' elements lie together, and those of a row `stride` apart; in `to` the part of a row lies together.
fn copy_block<const N: usize>(
    from: &[[u8; N]],
    place: usize,
    stride: usize,
    rows: Range<usize>,
    len: usize,
    to: &mut [[u8; N]],
    target: impl Fn(usize) -> usize,
) {
    const STRIP: usize = 32;

    for start in (0..len).step_by(STRIP) {
        let width = STRIP.min(len - start);
        for row in rows.clone() {
            let places = (place + stride * start + row..).step_by(stride);
            for (target, place) in to[target(row) + start..][..width].iter_mut().zip(places) {
                *target = from[place];
            }
        }
    }
}

/// The place in memory of the element that is number `number` of a Fortran-ordered array in C order.
fn place_of(mut number: usize, shape: &[usize]) -> usize {
    let [first, others @ ..] = shape else { return 0 };
    let mut stride: usize = shape.iter().product();
    let mut place = 0;
    for &dimension in others.iter().rev() {
        stride /= dimension;
        place += number % dimension * stride;
        number /= dimension;
    }
    debug_assert!(number < *first);
    place + number
}

/// Calls `visit` with the memory offsets of a Fortran-ordered array's elements, taken in C order.
pub(crate) fn for_each_in_c_order(shape: &[usize], order: Order, mut visit: impl FnMut(usize)) {
    let len = if shape.contains(&0) { 0 } else { shape.iter().product() };
    if order == Order::C || shape.len() < 2 {
        (0..len).for_each(visit);
        return;
    }
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, &dimension| {
            let this = *stride;
            *stride *= dimension;
            Some(this)
        })
        .collect();
    let mut index = vec![0; shape.len()];
    let mut offset = 0;
    for _ in 0..len {
        visit(offset);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            offset += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            offset -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
}
