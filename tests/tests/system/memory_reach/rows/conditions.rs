//! Conditions: what they are on, wherever they stand.

use super::{Row, counts};

pub(super) const ROWS: &[Row] = &[
    counts(
        "the condition on a module with an implementation of nothing but a trait",
        "trait Mark {} struct A;\n#[cfg(all())] mod marks { impl super::Mark for super::A {} }\nstruct W<T>(T);\ntrait P { fn k(&self) -> f64; } impl<T: Mark> P for W<T> { fn k(&self) -> f64 { 1.0 } }\ntrait Q { fn k(&self) -> f64; } impl<T> Q for &W<T> { fn k(&self) -> f64 { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + (&W(A)).k() }",
        &[("all()", "any()")],
    ),
    counts(
        "a condition in a module with an implementation of nothing but a trait",
        "trait Mark {} struct A;\nmod marks { #![cfg(all())] impl super::Mark for super::A {} }\nstruct W<T>(T);\ntrait P { fn k(&self) -> f64; } impl<T: Mark> P for W<T> { fn k(&self) -> f64 { 1.0 } }\ntrait Q { fn k(&self) -> f64; } impl<T> Q for &W<T> { fn k(&self) -> f64 { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + (&W(A)).k() }",
        &[("all()", "any()")],
    ),
    counts(
        "a module behind a glob import where the near one has a condition in it",
        "mod k { #![cfg(any())] pub fn h(x: f64) -> f64 { x } }\nmod other { pub mod k { pub fn h(x: f64) -> f64 { x + 1.0 } } }\nuse other::*;\n@cached\npub fn fit(x: f64) -> f64 { k::h(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "the outer function where the glob import in the block is not compiled",
        "mod a { pub fn h(x: f64) -> f64 { x } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { #[cfg(any())] use a::*; h(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "imports that trade conditions",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } } mod b { pub fn h(x: f64) -> f64 { x + 2.0 } }\n#[cfg(all())] use a::h;\n#[cfg(not(all()))] use b::h;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("use a::h", "use c::h"), ("use b::h", "use a::h"), ("use c::h", "use b::h")],
    ),
    counts(
        "a condition that moves to another import",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } } mod b { pub fn h(x: f64) -> f64 { x + 2.0 } }\n#[cfg(any())] use a::h;\nuse b::h;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("use b::h", "#[cfg(any())] use b::h"), ("#[cfg(any())] use a::h", "use a::h")],
    ),
    counts(
        "glob imports that trade conditions",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } } mod b { pub fn h(x: f64) -> f64 { x + 2.0 } }\n#[cfg(all())] use a::*;\n#[cfg(not(all()))] use b::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("use a::", "use c::"), ("use b::", "use a::"), ("use c::", "use b::")],
    ),
    counts(
        "imports of traits that trade conditions",
        "mod t { pub trait A { fn m(&self) -> f64; } impl A for f64 { fn m(&self) -> f64 { 1.0 } } pub trait B { fn m(&self) -> f64; } impl B for f64 { fn m(&self) -> f64 { 2.0 } } }\n#[cfg(all())] use t::A as _;\n#[cfg(not(all()))] use t::B as _;\n@cached\npub fn fit(x: f64) -> f64 { x.m() }",
        &[("use t::A", "use t::Z"), ("use t::B", "use t::A"), ("use t::Z", "use t::B")],
    ),
    counts(
        "imports of the standard library's traits that trade conditions",
        "#[cfg(all())] use std::fmt::Write; #[cfg(not(all()))] use std::io::Write;\nstruct S(f64);\nimpl std::fmt::Write for S { fn write_str(&mut self, s: &str) -> std::fmt::Result { self.0 += 1.0; Ok(()) } }\nimpl std::io::Write for S { fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.0 += 10.0; Ok(b.len()) } fn flush(&mut self) -> std::io::Result<()> { Ok(()) } }\n@cached\npub fn fit(x: f64) -> f64 { let mut s = S(x); let _ = write!(s, \"a\"); s.0 }",
        &[
            ("use std::fmt::Write", "use std::zzz::Write"),
            ("use std::io::Write", "use std::fmt::Write"),
            ("use std::zzz", "use std::io"),
        ],
    ),
    counts(
        "modules that trade conditions",
        "#[cfg(all())] mod m { pub fn h(x: f64) -> f64 { x + 1.0 } }\n#[cfg(not(all()))] mod m { pub fn h(x: f64) -> f64 { x + 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { m::h(x) }",
        &[
            ("#[cfg(all())]", "#[cfg(zzz)]"),
            ("#[cfg(not(all()))]", "#[cfg(all())]"),
            ("#[cfg(zzz)]", "#[cfg(not(all()))]"),
        ],
    ),
    counts(
        "the files of modules that trade conditions",
        "#[cfg(all())] #[path = \"a.rs\"] mod m;\n#[cfg(not(all()))] #[path = \"b.rs\"] mod m;\n@cached\npub fn fit(x: f64) -> f64 { m::h(x) }\n//- a.rs\npub fn h(x: f64) -> f64 { x + 1.0 }\n//- b.rs\npub fn h(x: f64) -> f64 { x + 2.0 }",
        &[("a.rs\"", "c.rs\""), ("b.rs\"", "a.rs\""), ("c.rs\"", "b.rs\"")],
    ),
    counts(
        "paths of a module that trade conditions",
        "#[cfg_attr(all(), path = \"a.rs\")]\n#[cfg_attr(not(all()), path = \"b.rs\")] mod m;\n@cached\npub fn fit(x: f64) -> f64 { m::h(x) }\n//- a.rs\npub fn h(x: f64) -> f64 { x + 1.0 }\n//- b.rs\npub fn h(x: f64) -> f64 { x + 2.0 }",
        &[("a.rs\"", "c.rs\""), ("b.rs\"", "a.rs\""), ("c.rs\"", "b.rs\"")],
    ),
    counts(
        "implementations in modules that trade conditions",
        "pub struct S(f64);\n#[cfg(all())] mod m { impl super::S { pub fn v(&self) -> f64 { self.0 + 1.0 } } }\n#[cfg(not(all()))] mod n { impl super::S { pub fn v(&self) -> f64 { self.0 + 2.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).v() }",
        &[
            ("#[cfg(all())]", "#[cfg(zzz)]"),
            ("#[cfg(not(all()))]", "#[cfg(all())]"),
            ("#[cfg(zzz)]", "#[cfg(not(all()))]"),
        ],
    ),
    counts(
        "modules that trade conditions in them",
        "mod p { #![cfg(all())] pub fn h(x: f64) -> f64 { x + 1.0 } }\nmod q { #![cfg(not(all()))] pub fn h(x: f64) -> f64 { x + 2.0 } }\n#[cfg(all())] use p::*;\n#[cfg(not(all()))] use q::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[
            ("use p::", "use r::"),
            ("use q::", "use p::"),
            ("use r::", "use q::"),
            ("mod p { #![cfg(all())]", "mod p { #![cfg(zzz)]"),
            ("mod q { #![cfg(not(all()))]", "mod q { #![cfg(all())]"),
            ("#![cfg(zzz)]", "#![cfg(not(all()))]"),
        ],
    ),
    counts(
        "blocks of symbols that trade conditions",
        "mod d { #[unsafe(no_mangle)] extern \"C\" fn joblib_reach_e1() -> f64 { 1.0 } #[unsafe(no_mangle)] extern \"C\" fn joblib_reach_e2() -> f64 { 2.0 } }\n#[cfg(all())] unsafe extern \"C\" { #[link_name = \"joblib_reach_e1\"] safe fn k() -> f64; }\n#[cfg(not(all()))] unsafe extern \"C\" { #[link_name = \"joblib_reach_e2\"] safe fn k() -> f64; }\n@cached\npub fn fit(x: f64) -> f64 { x + k() }",
        &[
            ("#[cfg(all())]", "#[cfg(zzz)]"),
            ("#[cfg(not(all()))]", "#[cfg(all())]"),
            ("#[cfg(zzz)]", "#[cfg(not(all()))]"),
        ],
    ),
];
