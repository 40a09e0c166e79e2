//! One number, whose type is known by its id: most results of tasks are one, and most of their arguments a tuple of one.
//! They need none of serde's calls.

use std::any::TypeId;

/// A number of any of the types that serde has, but those of 128 bits.
///
/// ```
/// use joblib_array::scalar::Scalar;
///
/// assert_eq!(Scalar::of(&7_u16), Some(Scalar::Unsigned(7)));
/// assert_eq!(Scalar::of("7"), None);
/// assert_eq!(Scalar::Unsigned(7).into_value::<i8>(), Some(7));
/// assert_eq!(Scalar::Unsigned(700).into_value::<u8>(), None);
/// assert_eq!(Scalar::Unsigned(7).into_value::<f64>(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// A `bool`.
    Bool(bool),
    /// An unsigned integer, or a signed one that is not negative.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// An `f32`.
    F32(f32),
    /// An `f64`.
    F64(f64),
}

/// The most bytes that a scalar has.
const MOST: usize = 8;

/// What a number stands in.
trait Form {
    type Of<N: Copy + 'static>: Copy + 'static;

    fn number<N: Copy + 'static>(form: Self::Of<N>) -> N;

    fn of<N: Copy + 'static>(number: N) -> Self::Of<N>;
}

/// Nothing: the number itself.
struct Bare;

/// A tuple of one.
struct Tuple;

impl Form for Bare {
    type Of<N: Copy + 'static> = N;

    fn number<N: Copy + 'static>(form: N) -> N {
        form
    }

    fn of<N: Copy + 'static>(number: N) -> N {
        number
    }
}

impl Form for Tuple {
    type Of<N: Copy + 'static> = (N,);

    fn number<N: Copy + 'static>((number,): (N,)) -> N {
        number
    }

    fn of<N: Copy + 'static>(number: N) -> (N,) {
        (number,)
    }
}

/// Runs `$then` with the type of that name whose form has the id.
macro_rules! of_type {
    ($form:ty, $id:expr, $($type:ty)*, |$name:ident| $then:expr) => {
        $(if $id == TypeId::of::<<$form>::Of<$type>>() {
            type $name = $type;
            return $then;
        })*
    };
}

impl Scalar {
    /// Whether values of the type are scalars.
    #[inline]
    pub fn holds<T>() -> bool {
        size_of::<T>() <= MOST && is_scalar::<Bare>(typeid::of::<T>())
    }

    /// Whether values of the type are tuples of one scalar.
    #[inline]
    pub fn holds_in_tuple<T>() -> bool {
        size_of::<T>() <= MOST && is_scalar::<Tuple>(typeid::of::<T>())
    }

    /// The value, if it is a scalar.
    #[inline]
    pub fn of<T: ?Sized>(value: &T) -> Option<Self> {
        if size_of_val(value) > MOST {
            return None;
        }
        // SAFETY: the place is that of a value of this type.
        unsafe { Self::read::<Bare>(typeid::of::<T>(), (&raw const *value).cast()) }
    }

    /// The scalar of a tuple, if the value is one of one scalar.
    ///
    /// ```
    /// use joblib_array::scalar::Scalar;
    ///
    /// assert_eq!(Scalar::in_tuple(&(7_u16,)), Some(Scalar::Unsigned(7)));
    /// assert_eq!(Scalar::in_tuple(&7_u16), None);
    /// assert_eq!(Scalar::Unsigned(7).into_tuple::<(u16,)>(), Some((7,)));
    /// assert_eq!(Scalar::Unsigned(7).into_tuple::<u16>(), None);
    /// ```
    #[inline]
    pub fn in_tuple<T: ?Sized>(value: &T) -> Option<Self> {
        if size_of_val(value) > MOST {
            return None;
        }
        // SAFETY: the place is that of a value of this type.
        unsafe { Self::read::<Tuple>(typeid::of::<T>(), (&raw const *value).cast()) }
    }

    /// The value of that type; `None` if it is of another kind, or does not fit.
    #[inline]
    pub fn into_value<T>(self) -> Option<T> {
        let mut value = None::<T>;
        // SAFETY: the place is that of an option of this type.
        unsafe { self.write::<Bare>(typeid::of::<T>(), (&raw mut value).cast()) };
        value
    }

    /// The value as a tuple of that type; `None` as of [`into_value`](Self::into_value).
    #[inline]
    pub fn into_tuple<T>(self) -> Option<T> {
        let mut value = None::<T>;
        // SAFETY: the place is that of an option of this type.
        unsafe { self.write::<Tuple>(typeid::of::<T>(), (&raw mut value).cast()) };
        value
    }

    /// The value at a place, if its type is one of scalars.
    ///
    /// # Safety
    ///
    /// At `place` is a value of the type of this id, up to lifetimes.
    #[allow(clippy::cast_lossless, clippy::unnecessary_cast, reason = "one line for all widths")]
    unsafe fn read<F: Form>(id: TypeId, place: *const ()) -> Option<Self> {
        of_type!(F, id, f64, |Type| {
            // SAFETY: a value of this type, for numbers have no lifetimes.
            Some(Self::F64(F::number(unsafe { *place.cast::<F::Of<Type>>() })))
        });
        of_type!(F, id, f32, |Type| {
            // SAFETY: as above.
            Some(Self::F32(F::number(unsafe { *place.cast::<F::Of<Type>>() })))
        });
        of_type!(F, id, u64 u32 usize u8 u16, |Type| {
            // SAFETY: as above.
            Some(Self::Unsigned(F::number(unsafe { *place.cast::<F::Of<Type>>() }) as u64))
        });
        of_type!(F, id, i64 i32 isize i8 i16, |Type| {
            // SAFETY: as above.
            let value = F::number(unsafe { *place.cast::<F::Of<Type>>() }) as i64;
            Some(u64::try_from(value).map_or(Self::Signed(value), Self::Unsigned))
        });
        of_type!(F, id, bool, |Type| {
            // SAFETY: as above.
            Some(Self::Bool(F::number(unsafe { *place.cast::<F::Of<Type>>() })))
        });
        None
    }

    /// Puts the value where an option of it is wanted; leaves that as it is if it is of another kind, or the value does not fit.
    ///
    /// # Safety
    ///
    /// At `place` is an option of a value of the type of this id, up to lifetimes.
    unsafe fn write<F: Form>(self, id: TypeId, place: *mut ()) {
        macro_rules! put {
            ($value:expr, $($type:ty)*) => {
                of_type!(F, id, $($type)*, |Type| {
                    let value = Type::try_from($value).ok().map(F::of);
                    // SAFETY: an option of this type, for numbers have no lifetimes.
                    unsafe { *place.cast::<Option<F::Of<Type>>>() = value }
                });
            };
        }
        match self {
            Self::Bool(value) => {
                put!(value, bool);
            }
            Self::F32(value) => {
                put!(value, f32);
            }
            Self::F64(value) => {
                put!(value, f64);
            }
            Self::Unsigned(value) => {
                put!(value, u64 u32 usize u8 u16 i64 i32 isize i8 i16);
            }
            Self::Signed(value) => {
                put!(value, i64 i32 isize i8 i16);
            }
        }
    }
}

fn is_scalar<F: Form>(id: TypeId) -> bool {
    of_type!(F, id, f64 u64 i64 bool u8 u16 u32 usize i8 i16 i32 isize f32, |_Type| true);
    false
}
