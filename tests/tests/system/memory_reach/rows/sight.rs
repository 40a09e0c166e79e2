//! What is in sight: visibility, namespaces, imported traits.

use super::{Row, counts};

pub(super) const ROWS: &[Row] = &[
    counts(
        "the outer function where that behind a glob import is private",
        "mod a { fn h(x: f64) -> f64 { x + 9.0 } pub fn z() {} }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::*; h(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a function behind a glob import that becomes public",
        "mod a { fn h(x: f64) -> f64 { x + 9.0 } pub fn z() {} }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::*; h(x) }",
        &[("mod a { fn h", "mod a { pub fn h")],
    ),
    counts(
        "a function behind a glob import that is public in more modules",
        "mod a { pub mod b { pub(in super::super::a) fn h(x: f64) -> f64 { x + 9.0 } pub fn z() {} } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::b::*; h(x) }",
        &[("pub(in super::super::a) fn", "pub fn")],
    ),
    counts(
        "the outer function where that behind a glob import is public in other modules",
        "mod a { pub mod b { pub(in super::super::a) fn h(x: f64) -> f64 { x + 9.0 } pub fn z() {} } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::b::*; h(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "an import behind a glob import that becomes public",
        "mod b { pub fn h(x: f64) -> f64 { x + 9.0 } }\nmod a { use super::b::h; pub fn z() {} }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::*; h(x) }",
        &[("mod a { use", "mod a { pub use")],
    ),
    counts(
        "the outer function where an import behind a glob import is private",
        "mod b { pub fn h(x: f64) -> f64 { x + 9.0 } }\nmod a { use super::b::h; pub fn z() {} }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::*; h(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a function that takes the place of the prelude's when it becomes public",
        "mod a { fn drop(x: f64) {super::T.set(7.0)} pub fn z() {} }\nuse std::cell::Cell; thread_local! { static T: Cell<f64> = Cell::new(1.0); }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { drop(x); x + T.get() }",
        &[("mod a { fn drop", "mod a { pub fn drop")],
    ),
    counts(
        "a function behind a glob import beside an imported macro of its name",
        "mod m { pub fn matches(x: f64) -> f64 { x + 1.0 } }\nuse m::*; use std::matches;\n@cached\npub fn fit(x: f64) -> f64 { if matches!(x, 2.0) { matches(x) } else { 0.0 } }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the outer function beside a macro that the block imports",
        "fn matches(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use std::matches; if matches!(x, 2.0) { matches(x) } else { 0.0 } }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the outer function beside a module that the block imports",
        "fn mem(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use std::mem; mem(x) + mem::size_of::<u8>() as f64 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the outer function beside a glob import from elsewhere",
        "fn swap(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use std::f64::consts::*; swap(x) + PI }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a type whose name stands in an enum that is imported whole",
        "mod e { pub struct Data { pub v: f64 } impl Data { pub fn new(x: f64) -> Data { Data { v: x } } } pub enum E { X(Data), Y } }\nstruct Data { v: f64 } impl Data { fn new(x: f64) -> Data { Data { v: x + 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { use e::E::*; let _ = Y; Data::new(x).v }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a function beside an import of a module of its name",
        "mod a { pub fn h(x: f64) -> f64 { x } pub mod h { pub const K: f64 = 1.0; } }\nmod b { pub fn h(x: f64) -> f64 { x + 1.0 } }\nuse a::h::{self}; use b::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) + h::K }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "the outer function beside an import of a module of its name",
        "mod a { pub fn h(x: f64) -> f64 { x } pub mod h { pub const K: f64 = 1.0; } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { use a::h::{self}; h(x) + h::K }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "which of two reached traits is imported",
        "mod t { pub trait A { fn m(&self) -> f64; } impl A for f64 { fn m(&self) -> f64 { 1.0 } }\n pub trait B { fn m(&self) -> f64; } impl B for f64 { fn m(&self) -> f64 { 2.0 } } }\nuse t::A;\n@cached\npub fn fit(x: f64) -> f64 { x.m() + t::B::m(&x) * 10.0 + t::A::m(&x) * 100.0 }",
        &[("use t::A", "use t::B")],
    ),
    counts(
        "traits that modules import, which trade places",
        "mod t { pub trait A { fn m(&self) -> f64; } impl A for f64 { fn m(&self) -> f64 { 1.0 } }\n pub trait B { fn m(&self) -> f64; } impl B for f64 { fn m(&self) -> f64 { 2.0 } } }\nmod p { use super::t::A; pub fn f(x: f64) -> f64 { x.m() } }\nmod q { use super::t::B; pub fn g(x: f64) -> f64 { x.m() * 10.0 } }\n@cached\npub fn fit(x: f64) -> f64 { p::f(x) + q::g(x) }",
        &[("t::A;", "t::Z;"), ("t::B;", "t::A;"), ("t::Z;", "t::B;")],
    ),
    counts(
        "which trait of the standard library is imported",
        "use std::fmt::Write;\nstruct S(f64);\nimpl std::fmt::Write for S { fn write_str(&mut self, s: &str) -> std::fmt::Result { self.0 += 1.0; Ok(()) } }\nimpl std::io::Write for S { fn write(&mut self, b: &[u8]) -> std::io::Result<usize> { self.0 += 10.0; Ok(b.len()) } fn flush(&mut self) -> std::io::Result<()> { Ok(()) } }\n@cached\npub fn fit(x: f64) -> f64 { let mut s = S(x); let _ = write!(s, \"a\"); s.0 }",
        &[("use std::fmt::Write", "use std::io::Write")],
    ),
    counts(
        "the type of an implementation of nothing but a trait, by an import",
        "trait Mark {} mod a { pub struct S; } mod b { pub struct S; }\nmod marks { use super::a::S; impl super::Mark for S {} }\nstruct W<T>(T);\ntrait P { fn k(&self) -> f64; } impl<T: Mark> P for W<T> { fn k(&self) -> f64 { 1.0 } }\ntrait Q { fn k(&self) -> f64; } impl<T> Q for &W<T> { fn k(&self) -> f64 { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + (&W(a::S)).k() }",
        &[("use super::a::S", "use super::b::S")],
    ),
    counts(
        "the type of an implementation with the trait's own methods, by an import",
        "trait T { fn v(&self) -> f64 { 1.0 } } mod a { pub struct S; } mod b { pub struct S; }\ntrait U { fn v(&self) -> f64; } impl U for &a::S { fn v(&self) -> f64 { 5.0 } }\nmod marks { use super::a::S; impl super::T for S {} }\n@cached\npub fn fit(x: f64) -> f64 { x + (&a::S).v() }",
        &[("use super::a::S", "use super::b::S")],
    ),
    counts(
        "a function of `Self` where that is an associated type",
        "trait Tr { type Out; } struct M; struct O; impl Tr for M { type Out = O; }\nimpl O { fn make() -> f64 { 1.0 } }\ntrait Fit { fn go() -> f64; } impl Fit for <M as Tr>::Out { fn go() -> f64 { Self::make() } }\n@cached\npub fn fit(x: f64) -> f64 { x + <O as Fit>::go() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
];
