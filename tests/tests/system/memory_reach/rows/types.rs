//! What types say by their attributes and forms, and how they are stored.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "the module that a field is stored by",
        "use serde::{Deserialize, Serialize};\n#[derive(Serialize, Deserialize)]\npub struct S { #[serde(with = \"scaled\")] a: f64 }\nmod scaled { use serde::{Deserialize as _, Serializer, Deserializer};\npub fn serialize<Z: Serializer>(x: &f64, s: Z) -> Result<Z::Ok, Z::Error> { s.serialize_f64(x * 2.0) }\npub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> { f64::deserialize(d) } }\nfn through(x: f64) -> f64 { let bytes = joblib_memory::Memory::none(); let _ = bytes; x }\nimpl S { fn new(x: f64) -> S { S { a: through(x) } } }\nfn text(s: &S) -> f64 { s.a }\n@cached\npub fn fit(x: f64) -> f64 { text(&S::new(x)) }",
        &[("x * 2.0", "x * 3.0")],
    ),
    counts(
        "the function that gives a field's default",
        "#[derive(serde::Deserialize)]\nstruct S { #[serde(default = \"self::defaults::rate\")] rate: f64 }\nmod defaults { pub fn rate() -> f64 { 1.0 } }\nfn read() -> S { let nothing = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(std::iter::empty::<(String, f64)>()); serde::Deserialize::deserialize(nothing).unwrap() }\n@cached\npub fn fit(x: f64) -> f64 { x + read().rate }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "the type through which another is read",
        "#[derive(serde::Deserialize)]\n#[serde(from = \"Vec<Raw>\")]\nstruct S(f64);\n#[derive(serde::Deserialize)]\n#[serde(transparent)]\nstruct Raw(f64);\nimpl Raw { fn value(&self) -> f64 { self.0 } }\nimpl From<Vec<Raw>> for S { fn from(raw: Vec<Raw>) -> S { S(raw.iter().map(Raw::value).sum()) } }\nfn read(x: f64) -> S { let list = serde::de::value::SeqDeserializer::<_, serde::de::value::Error>::new(vec![x].into_iter()); serde::Deserialize::deserialize(list).unwrap() }\n@cached\npub fn fit(x: f64) -> f64 { read(x).0 }",
        &[("{ self.0 }", "{ self.0 + 1.0 }")],
    ),
    counts(
        "another name of a field when it is stored",
        "#[derive(serde::Deserialize)]\nstruct S { #[serde(rename = \"b\", default)] a: f64 }\nfn read(x: f64) -> S { let one = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new([(\"b\", x)].into_iter()); serde::Deserialize::deserialize(one).unwrap() }\n@cached\npub fn fit(x: f64) -> f64 { read(x).a }",
        &[("\"b\", default", "\"c\", default")],
    ),
    counts(
        "the representation of a union",
        "union U { a: u32, b: f32 }\nfn h(x: f64) -> U { U { b: x as f32 } }\n@cached\npub fn fit(x: f64) -> f64 { f64::from(unsafe { h(x).a }) }",
        &[("U { b: x as f32 }", "U { a: x as u32 }")],
    ),
    counts(
        "the numbers of variants, by a constant",
        "const FIRST: isize = 1;\nenum E { A = FIRST, B }\n@cached\npub fn fit(x: f64) -> f64 { let _ = E::A; x + (E::B as i32) as f64 }",
        &[("= 1;", "= 5;")],
    ),
    counts(
        "a type of pointers to functions",
        "type F = Box<dyn Fn(f64) -> (f64, f64)>;\nfn make() -> F { Box::new(|x| (x, 1.0)) }\nstruct S { f: Option<fn(f64) -> (f64,)> }\n@cached\npub fn fit(x: f64) -> f64 { let s = S { f: None }; let _ = s.f.is_none(); make()(x).1 }",
        &[("(x, 1.0)", "(x, 2.0)")],
    ),
    counts(
        "the type of a static",
        "static A: f32 = 0.1;\n@cached\npub fn fit(x: f64) -> f64 { x + f64::from(A) }",
        &[("static A: f32", "static A: f64")],
    ),
    counts(
        "wrapping arithmetic behind an alias",
        "type N = std::num::Wrapping<u8>;\n@cached\npub fn fit(x: f64) -> f64 { let n: N = std::num::Wrapping(255); x + (n + std::num::Wrapping(1)).0 as f64 }",
        &[("Wrapping<u8>", "Wrapping<u16>")],
    ),
    counts(
        "a private field that a constructor sets",
        "mod a { pub struct S { v: f64 }\nimpl S { pub const ONE: S = S { v: 1.0 };\npub fn v(&self) -> f64 { self.v } } }\n@cached\npub fn fit(x: f64) -> f64 { x + a::S::ONE.v() }",
        &[("v: 1.0", "v: 2.0")],
    ),
    counts(
        "a variable of the compiler's environment",
        "const V: Option<&str> = option_env!(\"JOBLIB_REACH_A\");\n@cached\npub fn fit(x: f64) -> f64 { x + V.map_or(0.0, |v| v.parse().unwrap()) }",
        &[("JOBLIB_REACH_A", "JOBLIB_REACH_B")],
    ),
    does_not(
        "a field of a type that is not reached",
        "pub struct S { pub a: f32 }\n@cached\npub fn fit(x: f64) -> f64 { x }",
        &[("a: f32", "a: f64")],
    ),
    does_not(
        "a lifetime's comment and a field's documentation",
        "struct S<'a> { a: &'a f64 }\n@cached\npub fn fit(x: f64) -> f64 { *S { a: &x }.a }",
        &[("{ a: &'a", "{ /// What it borrows.\n a: &'a")],
    ),
];
