//! Lists whose elements lie in one piece, recognised behind generic types.
//!
//! Generic code is compiled in the crate that calls it, and serde hands over a list element by element: at a low
//! optimisation level each element costs a hundred times what it takes to read it. serde's own implementations for
//! slices and `Vec` call `Serializer::collect_seq` with the list itself, at whatever depth of a value it stands. A
//! serializer that asks [`Items`] there hands the elements to code that is not generic. For the way back see
//! [`vec`](crate::vec).

use std::any::{TypeId, type_name};
use std::marker::PhantomData;
use std::slice::Iter;

use crate::array::bytes_of;
use crate::same::NoLifetimes;
use crate::{DType, Element, run};

/// The numbers of a slice, as they lie in memory.
#[derive(Debug, Clone, Copy)]
pub struct NumberSlice<'a> {
    /// The type of the elements.
    pub dtype: DType,
    /// Their bytes, in this machine's byte order.
    pub bytes: &'a [u8],
}

impl NumberSlice<'_> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.dtype.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether the bytes are in the byte order of files and hashes.
    pub fn is_little_endian(&self) -> bool {
        cfg!(target_endian = "little") || self.dtype.word_size() == 1
    }
}

/// A list whose type is known only by its id: what `Serializer::collect_seq` was called with.
///
/// ```
/// use joblib_array::DType;
/// use joblib_array::slice::Items;
///
/// let numbers = vec![1_u16, 2];
/// let items = (&numbers, numbers.as_slice());
/// let slice = Items::of(&items.0).and_then(|items| items.numbers()).expect("a vector of numbers");
/// assert_eq!((slice.dtype, slice.bytes.len()), (DType::U16, 4));
///
/// let names = [String::from("a")];
/// let names = names.as_slice();
/// assert_eq!(Items::of(&names).and_then(|items| items.elements::<String>()), Some(names));
/// assert!(Items::of(&std::collections::BTreeSet::<u8>::new()).is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    list: TypeId,
    item: TypeId,
    /// What the name of the items' type says, which the ids have to confirm.
    dtype: Option<DType>,
    place: *const (),
    lifetime: PhantomData<&'a ()>,
}

impl<'a> Items<'a> {
    /// Returns `None` unless this is a slice, a `Vec` or an iterator over one.
    #[inline]
    pub fn of<I: IntoIterator>(list: &'a I) -> Option<Self> {
        if !may_be_slice(type_name::<I>()) {
            return None;
        }
        Some(Self {
            list: typeid::of::<I>(),
            item: typeid::of::<I::Item>(),
            dtype: run::element_type::<I::Item>(),
            place: (&raw const *list).cast(),
            lifetime: PhantomData,
        })
    }

    /// The elements, if they are numbers that serde has: of [`Element`]'s types, or `usize` and `isize`.
    pub fn numbers(&self) -> Option<NumberSlice<'a>> {
        macro_rules! of_type {
            ($($dtype:ident: $($element:ty),*;)*) => {
                match self.dtype? {
                    $(DType::$dtype => None$(.or_else(|| self.numbers_of::<$element>(DType::$dtype)))*,)*
                    _ => None,
                }
            };
        }
        #[cfg(target_pointer_width = "64")]
        return of_type! {
            Bool: bool; I8: i8; I16: i16; I32: i32; I64: i64, isize; U8: u8; U16: u16; U32: u32; U64: u64, usize;
            F32: f32; F64: f64;
        };
        #[cfg(not(target_pointer_width = "64"))]
        return of_type! {
            Bool: bool; I8: i8; I16: i16; I32: i32; I64: i64; U8: u8; U16: u16; U32: u32; U64: u64;
            F32: f32; F64: f64;
        };
    }

    fn numbers_of<E: Plain>(&self, dtype: DType) -> Option<NumberSlice<'a>> {
        // SAFETY: numbers have no lifetimes.
        let elements = unsafe { self.elements_of::<E>() };
        elements.map(|elements| NumberSlice { dtype, bytes: E::bytes_of(elements) })
    }

    /// The elements, if they are of this type.
    pub fn elements<E: NoLifetimes>(&self) -> Option<&'a [E]> {
        // SAFETY: the type has no lifetimes.
        unsafe { self.elements_of() }
    }

    /// The elements, if they are of this type up to lifetimes.
    ///
    /// # Safety
    ///
    /// If they are of the type up to lifetimes, they may be used as of the type as long as the list lives.
    unsafe fn elements_of<E: 'static>(&self) -> Option<&'a [E]> {
        if self.item != TypeId::of::<&E>() && self.item != TypeId::of::<E>() {
            return None;
        }
        macro_rules! first_of {
            ($($type:ty => $elements:expr;)*) => {$(
                if self.list == TypeId::of::<$type>() {
                    // SAFETY: what was given to `of` is of this type up to lifetimes. Of those of `E` the caller says that they
                    // are no matter, and what the list refers to lives as long as the list, to which the result is bound.
                    let list: &'a $type = unsafe { &*self.place.cast() };
                    let elements: fn(&'a $type) -> &'a [E] = $elements;
                    return Some(elements(list));
                }
            )*};
        }
        first_of! {
            &Vec<E> => |list| list;
            &[E] => |list| list;
            Vec<E> => |list| list;
            Iter<'static, E> => Iter::as_slice;
        }
        None
    }

    /// The elements, if they are texts that lie elsewhere.
    pub fn texts(&self) -> Option<&'a [&'a str]> {
        // SAFETY: the lifetime of the texts is shortened to that of the list.
        let texts: Option<&'a [&'static str]> = unsafe { self.elements_of() };
        texts.map(|texts| texts as &[&str])
    }
}

/// A number type without padding.
trait Plain: Sized + 'static {
    fn bytes_of(elements: &[Self]) -> &[u8];
}

impl<E: Element> Plain for E {
    fn bytes_of(elements: &[Self]) -> &[u8] {
        bytes_of(elements)
    }
}

macro_rules! pointer_sized {
    ($($type:ty),*) => {$(
        #[cfg(target_pointer_width = "64")]
        impl Plain for $type {
            fn bytes_of(elements: &[Self]) -> &[u8] {
                // SAFETY: integers have no padding.
                unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
            }
        }
    )*};
}

pointer_sized!(usize, isize);

/// Compares a constant, so that most types cost nothing. What decides is the type's id.
#[inline]
fn may_be_slice(name: &str) -> bool {
    let name = name.strip_prefix('&').unwrap_or(name);
    name.starts_with('[')
        || name.starts_with("alloc::vec::Vec<")
        || name.starts_with("core::slice::iter::Iter<")
}

/// Calls a method with the elements of a list whose type is not one of numbers, and one of the types that are most common:
/// for serializers, whose code for these types is then compiled with them and not in the crate that calls. Evaluates to
/// `None` for other types.
#[doc(hidden)]
#[macro_export]
macro_rules! common_list {
    ($items:expr, $elements:ident => $each:expr) => {{
        $crate::common_list! { @types $items, $elements => $each;
            String; char; $crate::slice::Complex<f64>; $crate::slice::Complex<f32>;
            Vec<f64>; Vec<f32>; Vec<u8>; Vec<String>; Option<f64>; Option<String>;
            (f64, f64); (f32, f32); (u64, u64); (String, String); (String, f64);
            [f64; 2]; [f64; 3]; [f64; 4]; [f32; 2]; [f32; 3]; [f32; 4];
        }
    }};
    (@types $items:expr, $elements:ident => $each:expr; $($type:ty;)*) => {{
        let items: $crate::slice::Items<'_> = $items;
        if let Some($elements) = items.texts() {
            Some($each)
        }
        $(else if let Some($elements) = items.elements::<$type>() {
            Some($each)
        })*
        else {
            None
        }
    }};
}

/// For the macro.
#[doc(hidden)]
pub use num_complex::Complex;
