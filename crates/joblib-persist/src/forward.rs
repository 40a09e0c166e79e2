//! Methods of serde's traits that do no more than call another one, and would take most of a file otherwise.

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
macro_rules! forward {
    (<$de:lifetime>($this:ident, $visitor:ident) $($($method:ident)+ => $body:expr;)+) => {$($(
        $crate::forward::forward! { @arguments $method <$de>($this, $visitor) $body }
    )+)+};
    (@arguments deserialize_unit_struct $($rest:tt)+) => {
        $crate::forward::forward! { @method deserialize_unit_struct(&'static str) $($rest)+ }
    };
    (@arguments deserialize_newtype_struct $($rest:tt)+) => {
        $crate::forward::forward! { @method deserialize_newtype_struct(&'static str) $($rest)+ }
    };
    (@arguments deserialize_tuple $($rest:tt)+) => {
        $crate::forward::forward! { @method deserialize_tuple(usize) $($rest)+ }
    };
    (@arguments deserialize_tuple_struct $($rest:tt)+) => {
        $crate::forward::forward! { @method deserialize_tuple_struct(&'static str, usize) $($rest)+ }
    };
    (@arguments deserialize_struct $($rest:tt)+) => {
        $crate::forward::forward! {
            @method deserialize_struct(&'static str, &'static [&'static str]) $($rest)+
        }
    };
    (@arguments $method:ident $($rest:tt)+) => {
        $crate::forward::forward! { @method $method() $($rest)+ }
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
macro_rules! tuples {
    ($type:ty) => {
        $crate::forward::tuples! { $type:
            SerializeTuple::serialize_element
            SerializeTupleStruct::serialize_field
            SerializeTupleVariant::serialize_field
        }
    };
    ($type:ty: $($trait:ident::$method:ident)+) => {$(
        impl serde::ser::$trait for $type {
            type Ok = ();
            type Error = $crate::error::Error;

            #[inline]
            fn $method<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> $crate::error::Result<()> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> $crate::error::Result<()> {
                self.finish()
            }
        }
    )+};
}

/// Implements serde's traits of structs for a type that has the methods `field` and `finish`.
macro_rules! structs {
    ($type:ty) => {
        $crate::forward::structs! { $type: SerializeStruct SerializeStructVariant }
    };
    ($type:ty: $($trait:ident)+) => {$(
        impl serde::ser::$trait for $type {
            type Ok = ();
            type Error = $crate::error::Error;

            #[inline]
            fn serialize_field<T: serde::Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> $crate::error::Result<()> {
                self.field(name, value)
            }

            #[inline]
            fn end(self) -> $crate::error::Result<()> {
                self.finish()
            }
        }
    )+};
}

pub(crate) use {forward, structs, tuples};
