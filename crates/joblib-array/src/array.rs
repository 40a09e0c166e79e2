//! `Array<T>`: a shape, an order and a buffer of elements.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::Range;

use crate::layout;
use crate::{Buffer, DType, Element, MmapMode, Order, ReadOnly, ShapeError};

/// An n-dimensional array of numbers, owned or memory-mapped.
///
/// Cloning is cheap: clones share the memory. Writing requires the only handle to it ([`Array::as_mut_slice`]), or copies
/// ([`Array::make_mut`]). The exception is an array mapped so that writes change the file: its clones are copies in memory,
/// and [`Array::remap`] makes another array that writes to the same file.
///
/// ```
/// use joblib_array::Array;
///
/// let a = Array::from_fn(&[3, 2], |index| (10 * index[0] + index[1]) as i32);
/// assert_eq!(a.shape(), [3, 2]);
/// assert_eq!(a[[2, 1]], 21);
/// assert_eq!(a.row(2), [20, 21]);
/// assert_eq!(a.as_slice(), [0, 1, 10, 11, 20, 21]);
/// ```
pub struct Array<T> {
    // Invariants, checked by `from_buffer`: the buffer holds exactly the shape's elements, starts aligned for `T`,
    // and its bytes are values of `T`.
    buffer: Buffer,
    shape: Vec<usize>,
    order: Order,
    element: PhantomData<T>,
}

impl<T: Element> Array<T> {
    /// Creates an array from a `Vec` of elements in C order, without copying them.
    ///
    /// # Errors
    ///
    /// Returns an error if the shape does not hold exactly the `Vec`'s elements.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from_vec(vec![1, 2, 3, 4, 5, 6], &[2, 3])?;
    /// assert_eq!(a.row(1), [4, 5, 6]);
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn from_vec(elements: Vec<T>, shape: &[usize]) -> Result<Self, ShapeError> {
        let found = elements.len();
        let expected = layout::checked_len(shape, T::DTYPE)?;
        if expected != found {
            return Err(ShapeError::Length { shape: shape.to_vec(), expected, found });
        }
        Ok(Self::trusted(Buffer::adopt(elements), shape.to_vec(), Order::C))
    }

    /// Creates an array from a copy of `elements`, in C order and 64-byte aligned.
    ///
    /// # Errors
    ///
    /// Returns an error if the shape does not hold exactly these elements.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from_slice(&[1, 2, 3, 4, 5, 6], &[2, 3])?;
    /// assert_eq!(a[[1, 2]], 6);
    /// assert!(Array::from_slice(&[1, 2, 3], &[2, 3]).is_err());
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn from_slice(elements: &[T], shape: &[usize]) -> Result<Self, ShapeError> {
        let expected = layout::checked_len(shape, T::DTYPE)?;
        if expected != elements.len() {
            return Err(ShapeError::Length { shape: shape.to_vec(), expected, found: elements.len() });
        }
        Ok(Self::trusted(Buffer::copy_of(bytes_of(elements)), shape.to_vec(), Order::C))
    }

    /// Creates an array of zeros (`false` for `bool`).
    ///
    /// # Panics
    ///
    /// Panics if the shape is larger than the address space.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// assert_eq!(Array::<f64>::zeros(&[2]).as_slice(), [0.0, 0.0]);
    /// ```
    pub fn zeros(shape: &[usize]) -> Self {
        let bytes = match layout::checked_len(shape, T::DTYPE) {
            Ok(len) => len * T::DTYPE.size(),
            // Nothing could be given back that holds such a shape; `from_vec` returns the error.
            Err(error) => panic!("{error}"), // documented: as `vec![0; n]` does
        };
        let Ok(buffer) = Buffer::filled(bytes, |_| Ok::<_, std::convert::Infallible>(()));
        Self::trusted(buffer, shape.to_vec(), Order::C)
    }

    /// Creates an array whose elements are `element(index)`, called in C order.
    ///
    /// # Panics
    ///
    /// Panics if the shape is larger than the address space.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let distances = Array::from_fn(&[3, 3], |at| at[0].abs_diff(at[1]) as f64);
    /// assert_eq!(distances.row(0), [0.0, 1.0, 2.0]);
    /// ```
    pub fn from_fn(shape: &[usize], mut element: impl FnMut(&[usize]) -> T) -> Self {
        let mut array = Self::zeros(shape);
        let mut index = vec![0; shape.len()];
        for place in array.make_mut() {
            *place = element(&index);
            for axis in (0..shape.len()).rev() {
                index[axis] += 1;
                if index[axis] < shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        array
    }

    /// Creates an array from a buffer that contains its elements, little-endian and in the given order.
    ///
    /// # Errors
    ///
    /// Returns an error if the buffer's length is not the shape's, its start is not aligned for `T`, or `T` is
    /// `bool` and a byte is neither 0 nor 1.
    ///
    /// ```
    /// use joblib_array::{Array, Buffer, Order};
    ///
    /// let bytes = Buffer::adopt(vec![1_i32, 2, 3, 4]);
    /// let columns = Array::<i32>::from_buffer(bytes, vec![2, 2], Order::F)?;
    /// assert_eq!(columns[[0, 1]], 3);
    /// let (buffer, shape, order) = columns.into_buffer();
    /// assert_eq!((buffer.len(), shape, order), (16, vec![2, 2], Order::F));
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn from_buffer(buffer: Buffer, shape: Vec<usize>, order: Order) -> Result<Self, ShapeError> {
        let expected = layout::checked_len(&shape, T::DTYPE)?;
        let size = T::DTYPE.size();
        if buffer.len() != expected * size {
            return Err(ShapeError::Length { shape, expected, found: buffer.len() / size });
        }
        if !buffer.as_bytes().as_ptr().cast::<T>().is_aligned() {
            return Err(ShapeError::Misaligned { dtype: T::DTYPE });
        }
        let buffer = native_endian(buffer, T::DTYPE);
        if T::DTYPE == DType::Bool {
            // The values of a mapped file can change, so `bool`s are checked in a copy.
            let buffer =
                if buffer.mmap_mode().is_some() { Buffer::copy_of(buffer.as_bytes()) } else { buffer };
            if let Some(index) = buffer.as_bytes().iter().position(|&byte| byte > 1) {
                return Err(ShapeError::NotBool { index, found: buffer.as_bytes()[index] });
            }
            return Ok(Self::trusted(buffer, shape, order));
        }
        Ok(Self::trusted(buffer, shape, order))
    }

    fn trusted(buffer: Buffer, shape: Vec<usize>, order: Order) -> Self {
        Self { buffer, shape, order, element: PhantomData }
    }

    /// The length of each dimension; empty for an array without dimensions, which has one element.
    ///
    /// ```
    /// use joblib_array::{Array, DType, Order};
    ///
    /// let a = Array::<f32>::zeros(&[2, 3, 4]);
    /// assert_eq!(a.shape(), [2, 3, 4]);
    /// assert_eq!((a.ndim(), a.len(), a.is_empty(), a.nbytes()), (3, 24, false, 96));
    /// assert_eq!((a.order(), a.dtype()), (Order::C, DType::F32));
    /// ```
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of dimensions.
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.buffer.len() / size_of::<T>()
    }

    /// Returns `true` if the array has no elements.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The order of the elements in memory.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        T::DTYPE
    }

    /// The size of all elements, in bytes.
    pub fn nbytes(&self) -> usize {
        self.buffer.len()
    }

    /// How the array is mapped, or `None` if it is in memory.
    pub fn mmap_mode(&self) -> Option<MmapMode> {
        self.buffer.mmap_mode()
    }

    /// Returns `true` if the array's memory is a mapped file.
    ///
    /// ```
    /// use joblib_array::{Array, Buffer, MmapMode, Order};
    ///
    /// let file = tempfile::tempfile()?;
    /// file.set_len(32)?;
    /// let buffer = Buffer::map(&file, 0, 32, MmapMode::ReadWrite)?;
    /// let mut array = Array::<f64>::from_buffer(buffer, vec![4], Order::C)?;
    /// assert!(array.is_mapped());
    /// assert_eq!(array.mmap_mode(), Some(MmapMode::ReadWrite));
    /// array.as_mut_slice()?[0] = 1.5;
    /// array.flush()?;                        // on the disk now
    /// assert!(!Array::from(vec![1.5]).is_mapped());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_mapped(&self) -> bool {
        self.mmap_mode().is_some()
    }

    /// The elements in memory order (see [`Array::order`]).
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from_fn(&[2, 2], |at| (at[0] + at[1]) as u32);
    /// assert_eq!(a.as_slice().iter().sum::<u32>(), 4);
    /// ```
    #[inline]
    pub fn as_slice(&self) -> &[T] {
        let bytes = self.buffer.as_bytes();
        // SAFETY: `from_buffer` checked length, alignment and, for `bool`, the values; `Element` promises that any
        // bytes are a value of the other types.
        unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) }
    }

    /// The elements in memory order, for writing.
    ///
    /// # Errors
    ///
    /// Returns an error if the array is a read-only mapping, or shares its memory with a clone or a
    /// part of it.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let mut a = Array::from(vec![1, 2, 3]);
    /// a.as_mut_slice()?[0] = 10;
    /// let b = a.clone();
    /// assert!(a.as_mut_slice().is_err());    // `b` sees this memory too
    /// drop(b);
    /// assert_eq!(a.as_mut_slice()?, [10, 2, 3]);
    /// # Ok::<(), joblib_array::ReadOnly>(())
    /// ```
    #[inline]
    pub fn as_mut_slice(&mut self) -> Result<&mut [T], ReadOnly> {
        let shared = self.buffer.is_shared();
        match self.buffer.as_mut_bytes() {
            // SAFETY: as in `as_slice`; the buffer gives the bytes for writing only to its one owner.
            Some(bytes) => unsafe {
                Ok(std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()))
            },
            None if shared => Err(ReadOnly {
                reason: "the array shares its memory with another one: call make_mut() to write to a copy, or, where \
                         it is mapped from a file for writing, pass remap() of it to who is to write",
            }),
            None => Err(ReadOnly {
                reason: "the array is mapped read-only: map it with mmap_mode \"r+\" (writes reach the file) or \"c\" \
                         (writes stay in memory), or call make_mut() to write to a copy",
            }),
        }
    }

    /// The elements in memory order, for writing. They are copied first if the array is a read-only mapping or shares its
    /// memory.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from(vec![1, 2, 3]);
    /// let mut b = a.clone();
    /// b.make_mut()[0] = 10;
    /// assert_eq!((a[[0]], b[[0]]), (1, 10));
    /// ```
    pub fn make_mut(&mut self) -> &mut [T] {
        if self.buffer.as_mut_bytes().is_none() {
            self.buffer = Buffer::copy_of(self.buffer.as_bytes());
        }
        // The buffer is now on the heap and has one owner, or was writable before.
        match self.as_mut_slice() {
            Ok(elements) => elements,
            Err(_) => &mut [],
        }
    }

    /// The element at an index, or `None` if the index is outside the shape.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from(vec![1, 2, 3]);
    /// assert_eq!(a.get(&[2]), Some(&3));
    /// assert_eq!(a.get(&[3]), None);
    /// assert_eq!(a.get(&[0, 0]), None);      // two indices, one dimension
    /// ```
    #[inline]
    pub fn get(&self, index: &[usize]) -> Option<&T> {
        self.offset(index).map(|offset| &self.as_slice()[offset])
    }

    #[inline]
    pub(crate) fn offset(&self, index: &[usize]) -> Option<usize> {
        layout::offset(index, &self.shape, self.order)
    }

    /// The elements of `self[i]` of a C-ordered array: a row of a matrix, an element of a vector.
    ///
    /// # Panics
    ///
    /// Panics if `i` is not less than the first dimension, the array has no dimensions, or is a Fortran-ordered
    /// array of two or more dimensions, whose rows do not lie together.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from_vec(vec![1, 2, 3, 4], &[2, 2])?;
    /// assert_eq!(a.row(1), [3, 4]);
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn row(&self, i: usize) -> &[T] {
        let range = self.row_range(&(i..i + 1));
        &self.as_slice()[range]
    }

    /// The rows `range` (along the first dimension) as an array that shares this one's memory.
    ///
    /// # Panics
    ///
    /// Panics in the same cases as [`Array::row`].
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from_vec((0..12).collect::<Vec<i64>>(), &[4, 3])?;
    /// assert_eq!(a.rows(1..3), Array::from_vec((3..9).collect(), &[2, 3])?);
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn rows(&self, range: Range<usize>) -> Self {
        let elements = self.row_range(&range);
        let mut shape = self.shape.clone();
        shape[0] = range.len();
        let size = size_of::<T>();
        Self::trusted(self.buffer.slice(elements.start * size..elements.end * size), shape, self.order)
    }

    /// Maps the same elements again: the result is a separate array that writes to the same file. Only for arrays that are
    /// mapped so that writes change the file (`r+`, `w+`).
    ///
    /// Use this to write from several places at once, each to its own part: `array.rows(0..10).remap()` gives a task ten
    /// rows to fill in place, on any thread or in any process. Others that have the elements mapped see the changes, so
    /// the caller has to ensure what [`Buffer::map`] requires: nothing writes to elements that are used elsewhere.
    ///
    /// # Errors
    ///
    /// Returns an error if the array is not mapped for writing ([`io::ErrorKind::InvalidInput`]), or the system
    /// has no room for another mapping.
    ///
    /// ```
    /// use joblib_array::{Array, Buffer, MmapMode};
    ///
    /// let file = tempfile::tempfile()?;
    /// file.set_len(32)?;
    /// let buffer = Buffer::map(&file, 0, 32, MmapMode::ReadWrite)?;
    /// let array = Array::<f64>::from_buffer(buffer, vec![4], Default::default())?;
    /// let mut half = array.rows(2..4).remap()?;
    /// half.as_mut_slice()?[0] = 2.5;
    /// assert_eq!(array.as_slice(), [0.0, 0.0, 2.5, 0.0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remap(&self) -> io::Result<Self> {
        let (file, offset) = self.buffer.shared_file().ok_or_else(|| {
            let how =
                self.mmap_mode().map_or("in memory".to_owned(), |mode| format!("mapped with \"{mode}\""));
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("the array is {how}, so that writes reach no file: map it with mmap_mode \"r+\""),
            )
        })?;
        let buffer = Buffer::map(file, offset, self.buffer.len(), MmapMode::ReadWrite)?;
        Ok(Self::trusted(buffer, self.shape.clone(), self.order))
    }

    fn row_range(&self, rows: &Range<usize>) -> Range<usize> {
        assert!(
            self.ndim() > 0 && rows.start <= rows.end && rows.end <= self.shape[0],
            "rows {rows:?} are outside of an array of shape {:?}",
            self.shape
        );
        assert!(
            self.ndim() == 1 || self.order == Order::C,
            "the rows of a Fortran-ordered array do not lie together: call to_c_order() first"
        );
        let width: usize = self.shape[1..].iter().product();
        rows.start * width..rows.end * width
    }

    /// Changes the shape. The elements stay in the same memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the new shape holds another number of elements.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a: Array<i32> = (0..6).collect();
    /// assert_eq!(a.reshape(&[2, 3])?.row(1), [3, 4, 5]);
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn reshape(self, shape: &[usize]) -> Result<Self, ShapeError> {
        let expected = layout::checked_len(shape, T::DTYPE)?;
        if expected != self.len() {
            return Err(ShapeError::Length { shape: shape.to_vec(), expected, found: self.len() });
        }
        let array = self.to_c_order();
        Ok(Self::trusted(array.buffer, shape.to_vec(), Order::C))
    }

    /// Returns the array in C order. If it is in C order already, the result shares its memory.
    ///
    /// ```
    /// use joblib_array::{Array, Buffer, Order};
    ///
    /// let columns = Array::<i32>::from_buffer(Buffer::adopt(vec![1, 3, 2, 4]), vec![2, 2], Order::F)?;
    /// assert_eq!(columns.as_slice(), [1, 3, 2, 4]);
    /// assert_eq!(columns.to_c_order().as_slice(), [1, 2, 3, 4]);
    /// assert_eq!(columns.to_vec(), [1, 2, 3, 4]);
    /// assert!(columns.iter().eq(&[1, 2, 3, 4]));
    /// assert_eq!(columns, columns.to_c_order());
    /// # Ok::<(), joblib_array::ShapeError>(())
    /// ```
    pub fn to_c_order(&self) -> Self {
        if self.order == Order::C || self.ndim() < 2 {
            return Self::trusted(self.buffer.clone(), self.shape.clone(), Order::C);
        }
        let elements = self.to_vec();
        Self::trusted(Buffer::copy_of(bytes_of(&elements)), self.shape.clone(), Order::C)
    }

    /// The elements in C order, copied.
    pub fn to_vec(&self) -> Vec<T> {
        if self.order == Order::C || self.ndim() < 2 {
            return self.as_slice().to_vec();
        }
        self.iter().copied().collect()
    }

    /// The elements in C order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &T> {
        let elements = self.as_slice();
        let mut places = Vec::new();
        if self.order == Order::F && self.ndim() > 1 {
            places.reserve_exact(self.len());
            layout::for_each_in_c_order(&self.shape, self.order, |place| places.push(place));
        }
        (0..elements.len()).map(move |i| &elements[places.get(i).copied().unwrap_or(i)])
    }

    /// The array's memory, shared.
    ///
    /// ```
    /// use joblib_array::Array;
    ///
    /// let a = Array::from(vec![1_u16, 2]);
    /// assert_eq!(a.buffer().as_bytes(), [1, 0, 2, 0]);
    /// ```
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// The array's memory, its shape and its order.
    pub fn into_buffer(self) -> (Buffer, Vec<usize>, Order) {
        (self.buffer, self.shape, self.order)
    }

    /// Writes changes of an array mapped with `r+` or `w+` to the disk. Without this, the kernel writes them at some time,
    /// at the latest some time after the array is dropped.
    ///
    /// # Errors
    ///
    /// Returns the error of `msync`.
    pub fn flush(&self) -> io::Result<()> {
        self.buffer.flush()
    }
}

/// The bytes of elements.
pub(crate) fn bytes_of<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: elements have no padding, a promise of `Element`.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// Little-endian bytes as this machine's.
fn native_endian(buffer: Buffer, dtype: DType) -> Buffer {
    if cfg!(target_endian = "little") || dtype.word_size() == 1 {
        return buffer;
    }
    let mut bytes = buffer.as_bytes().to_vec();
    bytes.chunks_exact_mut(dtype.word_size()).for_each(<[u8]>::reverse);
    Buffer::copy_of(&bytes)
}

impl<T: Element> Clone for Array<T> {
    fn clone(&self) -> Self {
        let buffer = if self.mmap_mode().is_some_and(MmapMode::writes_to_file) {
            Buffer::copy_of(self.buffer.as_bytes())
        } else {
            self.buffer.clone()
        };
        Self::trusted(buffer, self.shape.clone(), self.order)
    }
}

impl<T: Element> PartialEq for Array<T> {
    /// Equal shapes and, index by index, equal elements; the order in memory does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.shape == other.shape
            && if self.order == other.order {
                self.as_slice() == other.as_slice()
            } else {
                self.iter().eq(other.iter())
            }
    }
}

impl<T: Element> Default for Array<T> {
    /// An empty vector.
    fn default() -> Self {
        Self::zeros(&[0])
    }
}

impl<T: Element> From<Vec<T>> for Array<T> {
    fn from(elements: Vec<T>) -> Self {
        let shape = vec![elements.len()];
        Self::trusted(Buffer::adopt(elements), shape, Order::C)
    }
}

impl<T: Element> FromIterator<T> for Array<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        elements.into_iter().collect::<Vec<_>>().into()
    }
}

impl<T: Element> fmt::Debug for Array<T> {
    /// The type, the shape and the first elements: an array in an error message must not fill the screen.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        write!(f, "Array<{}>{:?} [", T::DTYPE, self.shape)?;
        for (i, element) in self.as_slice().iter().take(SHOWN).enumerate() {
            write!(f, "{}{element:?}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.len() > SHOWN { ", …]" } else { "]" })
    }
}
