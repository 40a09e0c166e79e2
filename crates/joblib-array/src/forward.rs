//! Methods of serde's traits that do no more than call another one. serde has `forward_to_deserialize_any!` for one such
//! case; these are the others, for the crates of this project.

/// Writes methods of an `impl Deserializer<'de>`, by what each of them comes to:
///
/// ```text
/// forward! { <'de>(self, visitor)
///     deserialize_tuple deserialize_tuple_struct => self.deserialize_seq(visitor);
///     deserialize_newtype_struct => visitor.visit_newtype_struct(self);
/// }
/// ```
///
/// What else serde tells them, such as a name or a length, makes no difference to them.
#[doc(hidden)]
#[macro_export]
macro_rules! forward {
    (<$de:lifetime>($this:ident, $visitor:ident) $($($method:ident)+ => $body:expr;)+) => {$($(
        $crate::forward! { @arguments $method <$de>($this, $visitor) $body }
    )+)+};
    (@arguments deserialize_unit_struct $($rest:tt)+) => {
        $crate::forward! { @method deserialize_unit_struct(&'static str) $($rest)+ }
    };
    (@arguments deserialize_newtype_struct $($rest:tt)+) => {
        $crate::forward! { @method deserialize_newtype_struct(&'static str) $($rest)+ }
    };
    (@arguments deserialize_tuple $($rest:tt)+) => {
        $crate::forward! { @method deserialize_tuple(usize) $($rest)+ }
    };
    (@arguments deserialize_tuple_struct $($rest:tt)+) => {
        $crate::forward! { @method deserialize_tuple_struct(&'static str, usize) $($rest)+ }
    };
    (@arguments deserialize_struct $($rest:tt)+) => {
        $crate::forward! {
            @method deserialize_struct(&'static str, &'static [&'static str]) $($rest)+
        }
    };
    (@arguments $method:ident $($rest:tt)+) => {
        $crate::forward! { @method $method() $($rest)+ }
    };
    (@method $method:ident($($argument:ty),*) <$de:lifetime>($this:ident, $visitor:ident) $body:expr) => {
        #[inline]
        fn $method<V: serde::de::Visitor<$de>>(
            $this,
            $(_: $argument,)*
            $visitor: V,
        ) -> std::result::Result<V::Value, Self::Error> {
            $body
        }
    };
}

/// Implements serde's traits of tuples for a type that has the methods `element` and `finish`.
#[doc(hidden)]
#[macro_export]
macro_rules! tuples {
    ($type:ty => $ok:ty, $error:ty) => {
        $crate::tuples! { $type => $ok, $error:
            SerializeTuple::serialize_element
            SerializeTupleStruct::serialize_field
            SerializeTupleVariant::serialize_field
        }
    };
    ($type:ty => $ok:ty, $error:ty: $($trait:ident::$method:ident)+) => {$(
        impl serde::ser::$trait for $type {
            type Ok = $ok;
            type Error = $error;

            #[inline]
            fn $method<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> std::result::Result<(), $error> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> std::result::Result<$ok, $error> {
                self.finish()
            }
        }
    )+};
}

/// Implements serde's traits of structs for a type that has the methods `field` and `finish`.
#[doc(hidden)]
#[macro_export]
macro_rules! structs {
    ($type:ty => $ok:ty, $error:ty) => {
        $crate::structs! { $type => $ok, $error: SerializeStruct SerializeStructVariant }
    };
    ($type:ty => $ok:ty, $error:ty: $($trait:ident)+) => {$(
        impl serde::ser::$trait for $type {
            type Ok = $ok;
            type Error = $error;

            #[inline]
            fn serialize_field<T: serde::Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> std::result::Result<(), $error> {
                self.field(name, value)
            }

            #[inline]
            fn end(self) -> std::result::Result<$ok, $error> {
                self.finish()
            }
        }
    )+};
}
