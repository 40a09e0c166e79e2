//! Vectors of numbers, made whole for serde's own visitors.
//!
//! The way back of [`slice`](crate::slice): `Vec`'s `Deserialize` takes its elements one by one, in code that is compiled
//! in the crate that asks for it. A deserializer that finds all elements in one piece asks [`wanted`] whether they
//! are to become a vector of that type, and fills a [`NumberVec`].

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::any::{Any, TypeId, type_name};
use std::io;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use num_complex::Complex;
use serde::de::Visitor;

use crate::same::{NoLifetimes, is_same};
use crate::{DType, run};

/// The type of the elements, if the visitor is the one of `Vec`'s `Deserialize`, for a vector of numbers.
///
/// A visitor of somebody else's may make something else of the same elements. serde's is not public, so it is known by its
/// name. If the name no longer matched, it would get its elements one by one.
#[inline]
pub fn wanted<'de, V: Visitor<'de>>() -> Option<DType> {
    element_type(type_name::<V>())
}

/// The element type of the vector that a visitor makes which is called so.
fn element_type(visitor: &str) -> Option<DType> {
    let element = visited(visitor)?;
    run::named(element).or(match element {
        "num_complex::Complex<f64>" => Some(DType::C128),
        "num_complex::Complex<f32>" => Some(DType::C64),
        "half::binary16::f16" if cfg!(feature = "half") => Some(DType::F16),
        _ => None,
    })
}

/// Whether the visitor is the one of `Vec<E>`'s `Deserialize`.
#[inline]
pub fn wants<'de, V: Visitor<'de>, E: NoLifetimes>() -> bool {
    is_same::<V::Value, Vec<E>>() && visited(type_name::<V>()).is_some()
}

/// What serde's visitor of vectors is called by: their elements. A crate whose name begins as serde's may have a visitor that is
/// called alike.
fn visited(visitor: &str) -> Option<&str> {
    let (visitor, element) = visitor.strip_suffix('>')?.split_once("::VecVisitor<")?;
    let is_serdes = visitor.starts_with("serde_core::de::") || visitor.starts_with("serde::de::");
    is_serdes.then_some(element)
}

/// A vector that is being made, whose element type is known when the program runs.
///
/// ```
/// use joblib_array::DType;
/// use joblib_array::vec::NumberVec;
///
/// let mut numbers = NumberVec::zeroed(DType::U16, 2)?;
/// numbers.as_mut_bytes().copy_from_slice(&[1, 0, 2, 0]);
/// assert_eq!(numbers.into_vec::<Vec<u16>>().ok(), Some(vec![1, 2]));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct NumberVec {
    dtype: DType,
    pointer: NonNull<u8>,
    layout: Layout,
    len: usize,
}

impl NumberVec {
    /// A vector of `len` zeros. The kernel gives memory as it is filled, so that a false length takes none.
    ///
    /// # Errors
    ///
    /// Returns an error if the memory can't be had: the error's kind is
    /// [`io::ErrorKind::OutOfMemory`].
    pub fn zeroed(dtype: DType, len: usize) -> io::Result<Self> {
        let out_of_memory = || io::Error::from(io::ErrorKind::OutOfMemory);
        let layout = layout(dtype, len).ok_or_else(out_of_memory)?;
        let pointer = if layout.size() == 0 {
            layout.dangling_ptr()
        } else {
            // SAFETY: the size is not zero.
            let pointer = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or_else(out_of_memory)?;
            advise_huge_pages(pointer, layout.size());
            pointer
        };
        Ok(Self { dtype, pointer, layout, len })
    }

    /// The elements' bytes.
    pub fn as_mut_bytes(&mut self) -> &mut [u8] {
        // SAFETY: memory of this size that is initialized, and that only `self` knows.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.layout.size()) }
    }

    /// The bytes are little-endian, as in files: from now on they are in this machine's byte order.
    pub fn from_little_endian(&mut self) {
        let word = self.dtype.word_size();
        if cfg!(target_endian = "big") && word > 1 {
            self.as_mut_bytes().chunks_exact_mut(word).for_each(<[u8]>::reverse);
        }
    }

    /// The vector, as the type that the caller knows it to be.
    ///
    /// # Errors
    ///
    /// Returns what is wrong: a `bool` that is neither, or another type than the vector's.
    pub fn into_vec<R>(self) -> Result<R, String> {
        let vec = self.boxed(typeid::of::<R>(), type_name::<R>())?;
        // SAFETY: the box holds a value of this type, up to lifetimes.
        Ok(*unsafe { Box::from_raw(Box::into_raw(vec).cast::<R>()) })
    }

    /// Checks that the bytes are elements: those of a `bool` are 0 or 1, and any are a number.
    ///
    /// # Errors
    ///
    /// Returns what is wrong.
    pub fn check(&mut self) -> Result<(), String> {
        if self.dtype == DType::Bool
            && let Some(other) = self.as_mut_bytes().iter().find(|byte| **byte > 1)
        {
            return Err(format!("a bool is stored as {other}"));
        }
        Ok(())
    }

    /// A vector of the type `wanted`, which is called `name`.
    fn boxed(mut self, wanted: TypeId, name: &str) -> Result<Box<dyn Any>, String> {
        self.check()?;
        macro_rules! first_of {
            ($($dtype:ident: $element:ty;)*) => {$(
                if self.dtype == DType::$dtype && wanted == TypeId::of::<Vec<$element>>() {
                    let this = ManuallyDrop::new(self);
                    let first: *mut $element = this.pointer.as_ptr().cast();
                    let elements = std::ptr::slice_from_raw_parts_mut(first, this.len);
                    // SAFETY: allocated by the global allocator with the layout of so many elements of this type, which is
                    // the dtype's; all are initialized, and any bytes are an element: those of a `bool` were looked at.
                    return Ok(Box::new(unsafe { Box::from_raw(elements) }.into_vec()));
                }
            )*};
        }
        first_of! {
            Bool: bool; I8: i8; I16: i16; I32: i32; I64: i64; U8: u8; U16: u16; U32: u32; U64: u64;
            F32: f32; F64: f64; C64: Complex<f32>; C128: Complex<f64>;
        }
        #[cfg(target_pointer_width = "64")]
        first_of! { I64: isize; U64: usize; }
        #[cfg(feature = "half")]
        first_of! { F16: half::f16; }
        Err(format!("expected {name}, found a vector of {}", self.dtype))
    }
}

impl Drop for NumberVec {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: allocated in `zeroed` with this layout.
            unsafe { dealloc(self.pointer.as_ptr(), self.layout) };
        }
    }
}

/// Asks the kernel for huge pages, which make filling large memory several times faster. Only advice: where it is not taken
/// the memory is as good.
#[cfg(target_os = "linux")]
fn advise_huge_pages(memory: NonNull<u8>, size: usize) {
    /// From this size on the allocator gets memory for each vector by itself from the kernel, in zeroed pages.
    const HUGE: usize = 4 << 20;
    const PAGE: usize = 4096;

    if size >= HUGE {
        let before = memory.as_ptr().align_offset(PAGE);
        // SAFETY: the whole pages in memory that the caller owns; the advice changes no byte.
        unsafe {
            libc::madvise(
                memory.as_ptr().add(before).cast(),
                (size - before) & !(PAGE - 1),
                libc::MADV_HUGEPAGE,
            );
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_huge_pages(_: NonNull<u8>, _: usize) {}

/// The layout of a vector's memory; `None` for types that [`NumberVec::into_vec`] makes no vector of.
fn layout(dtype: DType, len: usize) -> Option<Layout> {
    match dtype {
        DType::Bool | DType::I8 | DType::U8 => Layout::array::<u8>(len),
        DType::I16 | DType::U16 => Layout::array::<u16>(len),
        #[cfg(feature = "half")]
        DType::F16 => Layout::array::<half::f16>(len),
        DType::I32 | DType::U32 => Layout::array::<u32>(len),
        DType::I64 | DType::U64 => Layout::array::<u64>(len),
        DType::F32 => Layout::array::<f32>(len),
        DType::F64 => Layout::array::<f64>(len),
        DType::C64 => Layout::array::<Complex<f32>>(len),
        DType::C128 => Layout::array::<Complex<f64>>(len),
        #[allow(unreachable_patterns, reason = "what is left without the feature")]
        _ => return None,
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::visited;

    #[test]
    fn only_serdes_own_visitor_of_vectors_is_known() {
        for serde in ["serde", "serde_core"] {
            let name = format!("{serde}::de::impls::<impl T>::deserialize::VecVisitor<f64>");
            assert_eq!(visited(&name), Some("f64"));
        }
        assert_eq!(visited("serde_mine::de::VecVisitor<f64>"), None);
    }
}
