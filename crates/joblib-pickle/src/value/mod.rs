//! `Value`: what a pickle holds, for looking at it without a Rust type of its own.

pub(crate) mod build;
mod cells;
pub(crate) mod conversion;
pub(crate) mod element;

use joblib_array::{Array, Buffer, DType, Element, Order, ShapeError};

use crate::numpy::dtype::{Kind, Layout};
use crate::numpy::element::Element as Bits;

/// A Python value as an owned tree.
///
/// Loading into a `Value` takes any pickle: what has no Rust counterpart is an [`Object`] with the name of its class, the
/// arguments of its construction and its state. Nothing is imported or called for it.
///
/// A `Value` serializes and deserializes, so it can be converted to any format of serde's; classes are lost on that way,
/// and an instance becomes a map of its attributes.
///
/// ```
/// use joblib_pickle::{self as pickle, Value};
///
/// // pickle.dumps({"n": 3, "tags": ("a", None)})
/// let bytes = b"\x80\x04}(\x8c\x01nK\x03\x8c\x04tags\x8c\x01aN\x86u.";
/// let value: Value = pickle::from_slice(bytes)?;
/// assert_eq!(value.get("n").and_then(Value::as_i64), Some(3));
/// assert_eq!(value["tags"], Value::Tuple(vec![Value::Str("a".into()), Value::None]));
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Value {
    /// `None`; also `pandas.NA` and `NaT`.
    #[default]
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` that fits.
    Int(i64),
    /// An `int` beyond `i64`, in decimal digits; in hexadecimal ones (`0x…`) beyond 10,000 of those.
    BigInt(String),
    /// A `float`.
    Float(f64),
    /// A `complex`: real, imaginary.
    Complex(f64, f64),
    /// A `str`.
    Str(String),
    /// `bytes` or a `bytearray`.
    Bytes(Vec<u8>),
    /// A `list`.
    List(Vec<Value>),
    /// A `tuple`.
    Tuple(Vec<Value>),
    /// A `set` or `frozenset`, in the order of the file.
    Set(Vec<Value>),
    /// A `dict`, in its order.
    Dict(Vec<(Value, Value)>),
    /// A numpy array, or a scalar that has no other form here.
    Array(NdArray),
    /// A value of Python's library that has one usual text: dates, times, decimals, UUIDs, paths.
    Text {
        /// The class, with its module.
        class: String,
        /// What Python's `isoformat()` or `str()` writes.
        text: String,
    },
    /// A class or function, by name.
    Class(String),
    /// An instance of a class, or a call that was not made.
    Object(Box<Object>),
}

/// An instance of a class, or the call that would have made one.
///
/// ```
/// use joblib_pickle::{self as pickle, Value};
///
/// // What a class whose `__reduce__` gives `os.system, ("true",)` pickles to.
/// let value: Value = pickle::from_slice(b"cposix\nsystem\n(S'true'\ntR.")?;
/// let Value::Object(call) = value else { panic!("it is a call") };
/// assert_eq!((call.class.as_str(), call.args), ("posix.system", vec![Value::Str("true".into())]));
/// # Ok::<(), joblib_pickle::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// The class or function, with its module.
    pub class: String,
    /// What it was called with.
    pub args: Vec<Value>,
    /// Attributes by name; the columns of a `DataFrame`.
    pub attributes: Vec<(Value, Value)>,
    /// A state that is not attributes; the dict `attrs` of a `DataFrame` or `Series` that has one.
    pub state: Option<Value>,
    /// What it holds as a sequence, as a `deque` does.
    pub items: Vec<Value>,
    /// What it holds by key, as an `OrderedDict` does.
    pub entries: Vec<(Value, Value)>,
}

/// A numpy array of any dtype.
///
/// ```
/// use joblib_array::{Array, DType, Order};
/// use joblib_pickle::{NdArray, Value};
///
/// let bytes = joblib_pickle::to_vec(&Array::from_vec(vec![1_i32, 2, 3, 4], &[2, 2])?)?;
/// let value: Value = joblib_pickle::from_slice(&bytes)?;
/// let array: &NdArray = value.as_array().ok_or("an array")?;
/// assert_eq!((array.dtype().as_str(), array.shape(), array.nbytes()), ("int32", &[2, 2][..], 16));
/// assert_eq!((array.number_type(), array.order()), (Some(DType::I32), Order::C));
/// assert_eq!((array.len(), array.is_empty(), array.is_mapped()), (4, false, false));
/// assert_eq!(array.elements().nth(3), Some(Value::Int(4)));
/// let numbers: Array<i32> = array.to_array().ok_or("numbers of 32 bits")??;
/// assert_eq!(numbers[[1, 0]], 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct NdArray {
    pub(crate) layout: Layout,
    pub(crate) shape: Vec<usize>,
    pub(crate) order: Order,
    pub(crate) content: Content,
    pub(crate) scalar: bool,
    pub(crate) utc: bool,
}

/// An array's elements, in its order.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Bytes(Buffer),
    Values(Vec<Value>),
}

impl<T: Element> From<Array<T>> for NdArray {
    fn from(array: Array<T>) -> Self {
        let (buffer, shape, order) = array.into_buffer();
        let layout = Layout::number(T::DTYPE);
        Self { layout, shape, order, content: Content::Bytes(buffer), scalar: false, utc: false }
    }
}

impl PartialEq for NdArray {
    /// Equal dtypes, shapes and, index by index, elements.
    fn eq(&self, other: &Self) -> bool {
        self.dtype() == other.dtype() && self.shape == other.shape && self.elements().eq(other.elements())
    }
}

impl NdArray {
    /// An array of the elements in `buffer`, whose dtype numpy writes as `descr`: `<f8`, `|S3`, `<M8[us]`. `None` if there is no
    /// such dtype, it is one of objects, or the buffer has another length.
    ///
    /// ```
    /// use joblib_array::{Buffer, Order};
    /// use joblib_pickle::NdArray;
    ///
    /// let days = Buffer::copy_of(&[19_000_i64, 19_001].map(i64::to_le_bytes).concat());
    /// let days = NdArray::from_numpy("<M8[D]", vec![2], Order::C, days).ok_or("dates")?;
    /// assert_eq!(days.elements().next().as_ref().and_then(|day| day.as_str()), Some("2022-01-08"));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn from_numpy(descr: &str, shape: Vec<usize>, order: Order, buffer: Buffer) -> Option<Self> {
        let layout = Layout::from_descr(descr).filter(|layout| !layout.has_objects())?;
        let bytes = shape.iter().try_fold(layout.size, |bytes, &len| bytes.checked_mul(len))?;
        (bytes == buffer.len()).then(|| Self {
            layout,
            shape,
            order,
            content: Content::Bytes(buffer),
            scalar: false,
            utc: false,
        })
    }

    /// The array with its times known to be in UTC.
    pub fn in_utc(mut self) -> Self {
        self.utc = true;
        self
    }

    /// Whether its times are known to be in UTC, as in a pandas column with a zone.
    pub fn is_utc(&self) -> bool {
        self.utc
    }

    /// The elements as they are in memory; `None` for objects.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Bytes(buffer) => Some(buffer.as_bytes()),
            Content::Values(_) => None,
        }
    }

    /// numpy's name of the element type: `float64`, `<U3`, `datetime64[ns]`, `object`.
    pub fn dtype(&self) -> String {
        self.layout.name()
    }

    /// The element type, when it is one that an [`Array`] can have.
    pub fn number_type(&self) -> Option<DType> {
        match self.layout.kind {
            Kind::Number(dtype) => Some(dtype),
            _ => None,
        }
    }

    /// The length of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The order of the elements in memory.
    pub fn order(&self) -> Order {
        self.order
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the elements; for objects, of the references to them.
    pub fn nbytes(&self) -> usize {
        match &self.content {
            Content::Bytes(buffer) => buffer.len(),
            Content::Values(values) => values.len() * 8,
        }
    }

    /// Whether the elements are a mapped file.
    pub fn is_mapped(&self) -> bool {
        matches!(&self.content, Content::Bytes(buffer) if buffer.mmap_mode().is_some())
    }

    /// The array with its elements as `T`; shares the memory where byte order and alignment allow. `None` when `T` is
    /// not the element type.
    ///
    /// # Errors
    ///
    /// Returns an error if an element of a `bool` array is neither 0 nor 1.
    pub fn to_array<T: Element>(&self) -> Option<Result<Array<T>, ShapeError>> {
        let Content::Bytes(buffer) = &self.content else { return None };
        if self.number_type()? != T::DTYPE {
            return None;
        }
        let word = T::DTYPE.word_size();
        let buffer = if self.layout.big_endian && word > 1 {
            let mut bytes = buffer.as_bytes().to_vec();
            bytes.chunks_exact_mut(word).for_each(<[u8]>::reverse);
            Buffer::copy_of(&bytes)
        } else if buffer.as_bytes().as_ptr().addr().is_multiple_of(word) {
            buffer.clone()
        } else {
            Buffer::copy_of(buffer.as_bytes())
        };
        Some(Array::from_buffer(buffer, self.shape.clone(), self.order))
    }

    /// The elements in C order, each as a value of its own.
    pub fn elements(&self) -> impl Iterator<Item = Value> + '_ {
        let len = if self.layout.size == 0 { 0 } else { self.len() };
        (0..len).map(|position| self.element(position))
    }

    fn element(&self, position: usize) -> Value {
        let place = self.place(position);
        match &self.content {
            Content::Values(values) => values.get(place).cloned().unwrap_or_default(),
            Content::Bytes(buffer) => {
                let size = self.layout.size;
                match buffer.as_bytes().get(place * size..(place + 1) * size) {
                    Some(bytes) => element::element(Bits { layout: &self.layout, bytes, utc: self.utc }),
                    None => Value::None,
                }
            }
        }
    }

    /// Where in memory the element is that comes at `position` in C order.
    fn place(&self, mut position: usize) -> usize {
        if self.order == Order::C || self.shape.len() < 2 {
            return position;
        }
        let mut place = 0;
        let mut stride = self.len();
        for &len in self.shape.iter().rev() {
            stride /= len.max(1);
            place += position % len.max(1) * stride;
            position /= len.max(1);
        }
        place
    }
}

impl Value {
    /// Python's name of the value's type: `dict`, `numpy.ndarray`, `datetime.date`, the class of an instance.
    ///
    /// ```
    /// use joblib_pickle::Value;
    ///
    /// assert_eq!(Value::List(vec![]).type_name(), "list");
    /// assert_eq!(Value::Text { class: "datetime.date".into(), text: "2013-01-01".into() }.type_name(), "datetime.date");
    /// ```
    pub fn type_name(&self) -> &str {
        match self {
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::Complex(..) => "complex",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::Dict(_) => "dict",
            Self::Array(array) if array.scalar => "numpy.generic",
            Self::Array(_) => "numpy.ndarray",
            Self::Text { class, .. } => class,
            Self::Class(_) => "type",
            Self::Object(object) => &object.class,
        }
    }

    /// The value under a text key of a dict, or the attribute of an instance.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let (first, second) = match self {
            Self::Dict(entries) => (entries.as_slice(), [].as_slice()),
            Self::Object(object) => (object.attributes.as_slice(), object.entries.as_slice()),
            _ => return None,
        };
        first.iter().chain(second).find(|(found, _)| found.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The items of a list, a tuple or a set, or those that an instance holds.
    ///
    /// ```
    /// use joblib_pickle::Value;
    ///
    /// let pair = Value::Tuple(vec![Value::Bool(true), Value::Int(2)]);
    /// let items = pair.items().expect("a tuple has items");
    /// assert_eq!((items[0].as_bool(), items[1].as_f64()), (Some(true), Some(2.0)));
    ///
    /// let dict = Value::Dict(vec![(Value::Str("pair".into()), pair)]);
    /// assert_eq!(dict.entries().map(<[_]>::len), Some(1));
    /// assert!(dict.items().is_none());
    /// ```
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => Some(items),
            Self::Object(object) if !object.items.is_empty() => Some(&object.items),
            _ => None,
        }
    }

    /// The entries of a dict, or those that an instance holds.
    pub fn entries(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Dict(entries) => Some(entries),
            Self::Object(object) if !object.entries.is_empty() => Some(&object.entries),
            _ => None,
        }
    }

    /// An integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// A float, or an integer as one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// `True` or `False`.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A text, of any class that has one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// An array.
    pub fn as_array(&self) -> Option<&NdArray> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }
}

impl std::ops::Index<&str> for Value {
    type Output = Self;

    /// The value under a text key, or `None` where there is none.
    fn index(&self, key: &str) -> &Self {
        self.get(key).unwrap_or(&Self::None)
    }
}
