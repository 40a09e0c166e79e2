//! A deserializer that notes what it is asked for.

use std::fmt::{self, Display, Write as _};

use joblib_array::same::NoLifetimes;
use joblib_array::transfer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};

/// How deep values are looked into.
const DEEPEST: usize = 32;
/// How often a type may be inside of itself before it is not looked into again.
const INSIDE_ITSELF: usize = 2;

/// Which part is looked at in each place with several: its index, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Pass {
    choices: Vec<(usize, usize)>,
}

impl Pass {
    /// Goes on to the next parts; `false` when all were looked at.
    pub(super) fn next(&mut self) -> bool {
        while let Some((chosen, count)) = self.choices.pop() {
            if chosen + 1 < count {
                self.choices.push((chosen + 1, count));
                return true;
            }
        }
        false
    }
}

/// Why there is no value: it was looked at, or the text of what the type says.
#[derive(Debug)]
pub(super) struct Stop(String);

impl Stop {
    fn looked_at() -> Self {
        Self(String::new())
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

impl Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stop {}

// SAFETY: it has no parameters.
unsafe impl NoLifetimes for Stop {}

impl de::Error for Stop {
    /// What others say may hold anything, such as an address.
    fn custom<T: Display>(_: T) -> Self {
        Self("custom".to_owned())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(expected.to_string())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("variants {expected:?}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(format!("field {field}"))
    }
}

type Result<T> = std::result::Result<T, Stop>;

/// Notes what it is asked for.
pub(super) struct Tracer<'p> {
    pass: &'p mut Pass,
    /// How many places with several parts were met.
    met: usize,
    /// Structs and enums around what is looked at.
    around: Vec<&'static str>,
    told: String,
    /// Whether values are given, for what stands behind them.
    gives: usize,
    /// The text that is given next: the name of a field or a variant.
    name: Option<&'static str>,
}

impl<'p> Tracer<'p> {
    pub(super) fn new(pass: &'p mut Pass) -> Self {
        Self { pass, met: 0, around: Vec::new(), told: String::new(), gives: 0, name: None }
    }

    pub(super) fn told(self) -> String {
        self.told
    }

    /// Notes what is asked for.
    fn tell(&mut self, what: &dyn Display) {
        // Writing to a `String` does not fail.
        let _ = write!(self.told, "{what};");
    }

    /// Which of several parts is looked at.
    fn choose(&mut self, count: usize) -> usize {
        let at = self.met;
        self.met += 1;
        if at == self.pass.choices.len() {
            self.pass.choices.push((0, count));
        }
        self.pass.choices[at].0
    }

    /// Goes into a struct or an enum, unless it is inside of itself or too deep.
    fn enter(&mut self, name: &'static str) -> Result<()> {
        let inside = self.around.iter().filter(|around| **around == name).count();
        if (!name.is_empty() && inside >= INSIDE_ITSELF) || self.around.len() >= DEEPEST {
            return Err(Stop::looked_at());
        }
        self.around.push(name);
        Ok(())
    }

    /// A value that is given while others are looked at; else none.
    fn leaf<T>(&mut self, what: &str, give: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.gives > 0 {
            return give();
        }
        self.tell(&what);
        Err(Stop::looked_at())
    }

    fn leave<T>(&mut self, result: Result<T>) -> Result<T> {
        self.around.pop();
        result
    }

    fn fields<'de, V: Visitor<'de>>(
        &mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if self.gives > 0 {
            return visitor.visit_map(Fields { tracer: self, left: fields, given: false });
        }
        self.tell(&format_args!("{fields:?}"));
        if fields.is_empty() {
            return Err(Stop::looked_at());
        }
        let field = self.choose(fields.len());
        visitor.visit_map(Fields { tracer: self, left: &fields[field..=field], given: false })
    }

    fn elements<'de, V: Visitor<'de>>(&mut self, count: usize, visitor: V) -> Result<V::Value> {
        if self.gives > 0 {
            return visitor.visit_seq(Elements { tracer: self, given: count, looks: false });
        }
        self.tell(&format_args!("{count} elements"));
        if count == 0 {
            return Err(Stop::looked_at());
        }
        // Only the last one given is looked at.
        let given = self.choose(count);
        visitor.visit_seq(Elements { tracer: self, given, looks: true })
    }
}

macro_rules! leaves {
    ($($method:ident $visit:ident $($value:expr)?;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.leaf(stringify!($visit), || visitor.$visit($($value)?))
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Tracer<'_> {
    type Error = Stop;

    leaves! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 1;
        deserialize_i16 visit_i16 1;
        deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1;
        deserialize_i128 visit_i128 1;
        deserialize_u8 visit_u8 1;
        deserialize_u16 visit_u16 1;
        deserialize_u32 visit_u32 1;
        deserialize_u64 visit_u64 1;
        deserialize_u128 visit_u128 1;
        deserialize_f32 visit_f32 1.0;
        deserialize_f64 visit_f64 1.0;
        deserialize_char visit_char 'a';
        deserialize_str visit_str "a";
        deserialize_string visit_str "a";
        deserialize_bytes visit_bytes b"";
        deserialize_byte_buf visit_bytes b"";
        deserialize_unit visit_unit;
        deserialize_ignored_any visit_unit;
    }

    /// What asks so decides by what it finds: a map without entries, which it may say more about, or one with a tag.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.gives > 0 {
            return visitor.visit_unit();
        }
        self.tell(&Asked(&visitor));
        visitor.visit_map(Fields { tracer: self, left: &[], given: false })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.gives > 0 {
            return visitor.visit_none();
        }
        self.tell(&"option");
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        self.leaf(name, || visitor.visit_unit())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == transfer::NAME {
            self.tell(&Asked(&visitor));
            return Err(Stop::looked_at());
        }
        if self.gives == 0 {
            self.tell(&name);
        }
        self.enter(name)?;
        let value = visitor.visit_newtype_struct(&mut *self);
        self.leave(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.gives > 0 {
            return visitor.visit_seq(Elements { tracer: self, given: 0, looks: false });
        }
        self.tell(&"sequence");
        self.enter("")?;
        let value = visitor.visit_seq(Elements { tracer: &mut *self, given: 0, looks: true });
        self.leave(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.enter("")?;
        let value = self.elements(len, visitor);
        self.leave(value)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        if self.gives == 0 {
            self.tell(&name);
        }
        self.enter(name)?;
        let value = self.elements(len, visitor);
        self.leave(value)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.gives > 0 {
            return visitor.visit_map(Fields { tracer: self, left: &[], given: false });
        }
        self.tell(&Asked(&visitor));
        // A flattened struct says which field it misses; a map has keys and values.
        self.enter("")?;
        let part = self.choose(3);
        let value = match part {
            0 => visitor.visit_map(Fields { tracer: &mut *self, left: &[], given: false }),
            key_or_value => visitor.visit_map(Entry { tracer: &mut *self, looks_at_key: key_or_value == 1 }),
        };
        self.leave(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if self.gives == 0 {
            self.tell(&name);
        }
        self.enter(name)?;
        let value = self.fields(fields, visitor);
        self.leave(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let mut variant = 0;
        if self.gives == 0 {
            self.tell(&format_args!("{name} {variants:?}"));
        }
        if variants.is_empty() {
            return Err(Stop::looked_at());
        }
        self.enter(name)?;
        if self.gives == 0 {
            variant = self.choose(variants.len());
        }
        self.name = Some(variants[variant]);
        let value = visitor.visit_enum(&mut *self);
        self.leave(value)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_str(self.name.take().unwrap_or("a"))
    }
}

/// What a visitor says that it expects.
struct Asked<'v, V>(&'v V);

impl<'de, V: Visitor<'de>> Display for Asked<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }
}

/// Fields of a struct.
struct Fields<'t, 'p> {
    tracer: &'t mut Tracer<'p>,
    left: &'static [&'static str],
    given: bool,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((field, rest)) = self.left.split_first() else {
            // That others are missing is no news.
            return if self.given && self.tracer.gives == 0 { Err(Stop::looked_at()) } else { Ok(None) };
        };
        (self.left, self.given) = (rest, true);
        self.tracer.name = Some(field);
        seed.deserialize(Named(self.tracer)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.tracer)
    }
}

/// The name of a field, however it is asked for.
struct Named<'t, 'p>(&'t mut Tracer<'p>);

impl<'de> Deserializer<'de> for Named<'_, '_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_str(self.0.name.take().unwrap_or("a"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Elements, of which the last may be looked at.
struct Elements<'t, 'p> {
    tracer: &'t mut Tracer<'p>,
    given: usize,
    looks: bool,
}

impl<'de> SeqAccess<'de> for Elements<'_, '_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.given > 0 {
            self.given -= 1;
            self.tracer.gives += 1;
            let value = seed.deserialize(&mut *self.tracer);
            self.tracer.gives -= 1;
            return value.map(Some);
        }
        if !std::mem::take(&mut self.looks) {
            return Ok(None);
        }
        seed.deserialize(&mut *self.tracer).map(Some)
    }
}

/// One entry of a map.
struct Entry<'t, 'p> {
    tracer: &'t mut Tracer<'p>,
    looks_at_key: bool,
}

impl<'de> MapAccess<'de> for Entry<'_, '_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.looks_at_key {
            return seed.deserialize(&mut *self.tracer).and(Err(Stop::looked_at()));
        }
        self.tracer.gives += 1;
        let key = seed.deserialize(&mut *self.tracer);
        self.tracer.gives -= 1;
        key.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.tracer).and(Err(Stop::looked_at()))
    }
}

impl<'de> EnumAccess<'de> for &mut Tracer<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant = seed.deserialize(Named(&mut *self))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Tracer<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<()> {
        self.leaf("unit", || Ok(()))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        if self.gives == 0 {
            self.tell(&"one");
        }
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.elements(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.fields(fields, visitor)
    }
}
