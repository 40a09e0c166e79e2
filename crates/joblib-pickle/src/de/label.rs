//! Values as the text of a label.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// What Python's `str` makes of a value, but for `true` and `false`: for labels.
pub(crate) struct AsText {
    /// Whether a text stands in quotes, as within a tuple.
    pub(crate) quoted: bool,
}

impl<'de> DeserializeSeed<'de> for AsText {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AsText {
    type Value = String;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a label")
    }

    fn visit_bool<E>(self, value: bool) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f32<E>(self, value: f32) -> Result<String, E> {
        Ok(format!("{value:?}"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<String, E> {
        Ok(format!("{value:?}"))
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(if self.quoted { format!("'{text}'") } else { text.to_owned() })
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok("None".to_owned())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<String, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = sequence.next_element_seed(Self { quoted: true })? {
            parts.push(part);
        }
        Ok(match parts.as_slice() {
            [one] => format!("({one},)"),
            _ => format!("({})", parts.join(", ")),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut parts = Vec::new();
        while let Some(key) = map.next_key_seed(Self { quoted: true })? {
            parts.push(format!("{key}: {}", map.next_value_seed(Self { quoted: true })?));
        }
        Ok(format!("{{{}}}", parts.join(", ")))
    }
}
