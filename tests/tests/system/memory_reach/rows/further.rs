//! Further forms in which code leads to code, found by trying to get a stale value.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "an extension of a type from elsewhere behind a glob import",
        "mod ext { pub trait Twice { fn twice(&self) -> f64; }\nimpl Twice for Vec<f64> { fn twice(&self) -> f64 { self[0] * 2.0 } } }\nuse ext::*;\n@cached\npub fn fit(x: f64) -> f64 { vec![x].twice() }",
        &[("* 2.0", "* 3.0")],
    ),
    counts(
        "an extension of all iterators",
        "trait Doubled: Iterator<Item = f64> + Sized { fn doubled(self) -> f64 { self.sum::<f64>() * 2.0 } }\nimpl<I: Iterator<Item = f64>> Doubled for I {}\n@cached\npub fn fit(x: f64) -> f64 { std::iter::once(x).doubled() }",
        &[("* 2.0", "* 3.0")],
    ),
    counts(
        "the display of an error behind `Box<dyn Error>`",
        "#[derive(Debug)]\nstruct E;\nimpl std::fmt::Display for E { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"1.0\") } }\nimpl std::error::Error for E {}\nfn h() -> Result<f64, Box<dyn std::error::Error>> { Err(E)? }\n@cached\npub fn fit(x: f64) -> f64 { x + h().unwrap_err().to_string().parse::<f64>().unwrap() }",
        &[("\"1.0\"", "\"2.0\"")],
    ),
    counts(
        "a function in the default of a type's parameter",
        "const fn k() -> usize { 3 }\nstruct S<const M: usize = { k() }>;\nimpl<const M: usize> S<M> { fn m(&self) -> f64 { M as f64 } }\n@cached\npub fn fit(x: f64) -> f64 { let s: S = S; x + s.m() }",
        &[("{ 3 }", "{ 4 }")],
    ),
    counts(
        "a trait's constant that a blanket implementation sets",
        "trait T { const C: f64 = 1.0; }\ntrait Mark {}\nstruct S;\nimpl Mark for S {}\nimpl<A: Mark> T for A { const C: f64 = 2.0; }\n@cached\npub fn fit(x: f64) -> f64 { x + S::C }",
        &[("C: f64 = 2.0", "C: f64 = 3.0")],
    ),
    counts(
        "a trait object in a static",
        "trait T: Sync { fn v(&self) -> f64; }\nstruct S;\nimpl T for S { fn v(&self) -> f64 { 1.0 } }\nstatic ALL: [&dyn T; 1] = [&S];\n@cached\npub fn fit(x: f64) -> f64 { x + ALL[0].v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "variants that are imported by a glob",
        "#[derive(Clone, Copy)]\nenum E { A = 1, B = 2 }\nuse E::*;\n@cached\npub fn fit(x: f64) -> f64 { let _ = A; x + (B as i32) as f64 }",
        &[("B = 2", "B = 5")],
    ),
    counts(
        "a chain of re-exports with other names",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmod b { pub use super::a::h as k; }\nmod c { pub use super::b::*; }\nuse c::k as m;\n@cached\npub fn fit(x: f64) -> f64 { m(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module at another path",
        "#[path = \"other/place.rs\"]\nmod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- other/place.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that a macro defines in one of two branches",
        "macro_rules! either { (if $c:meta => { $($a:item)* } else { $($b:item)* }) => { $(#[cfg($c)] $a)* $(#[cfg(not($c))] $b)* } }\neither! { if unix => { fn h(x: f64) -> f64 { x + 1.0 } } else { fn h(x: f64) -> f64 { x + 9.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a closure in a constant",
        "const H: fn(f64) -> f64 = |x| x + 1.0;\n@cached\npub fn fit(x: f64) -> f64 { H(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a closure in a lazy static",
        "static L: std::sync::LazyLock<f64> = std::sync::LazyLock::new(|| h());\nfn h() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + *L }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "what a thread-local variable begins with",
        "thread_local! { static T: std::cell::Cell<f64> = std::cell::Cell::new(init()); }\nfn init() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + T.get() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the body of another function",
        "trait T { fn v(&self) -> f64; }\nstruct S;\nfn other() { impl T for S { fn v(&self) -> f64 { 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "how values are equal",
        "struct S(f64);\nimpl PartialEq for S { fn eq(&self, o: &S) -> bool { self.0 == o.0 } }\n@cached\npub fn fit(x: f64) -> f64 { if [S(1.0)].contains(&S(3.0)) { x } else { -x } }",
        &[("self.0 == o.0", "self.0 <= o.0")],
    ),
    counts(
        "how keys are hashed and equal",
        "#[derive(Eq)]\nstruct S(i32);\nimpl PartialEq for S { fn eq(&self, o: &S) -> bool { self.0 % 10 == o.0 % 10 } }\nimpl std::hash::Hash for S { fn hash<H: std::hash::Hasher>(&self, h: &mut H) { 0.hash(h) } }\n@cached\npub fn fit(x: f64) -> f64 { x + [S(1), S(11)].into_iter().collect::<std::collections::HashSet<_>>().len() as f64 }",
        &[("% 10 == o.0 % 10", "% 100 == o.0 % 100")],
    ),
    counts(
        "a trait of closures",
        "trait Model { fn at(&self, x: f64) -> f64; }\nimpl<F: Fn(f64) -> f64> Model for F { fn at(&self, x: f64) -> f64 { self(x) + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { (|y: f64| y).at(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a trait of tuples",
        "trait T { fn v(&self) -> f64; }\nimpl T for (f64, f64) { fn v(&self) -> f64 { self.0 + self.1 } }\n@cached\npub fn fit(x: f64) -> f64 { (x, 1.0).v() }",
        &[("self.0 + self.1", "self.0 - self.1")],
    ),
    counts(
        "a method that a macro names",
        "struct S(f64);\nimpl S { fn p(&self) -> f64 { self.0 + 1.0 } }\nmacro_rules! call { ($s:expr, $m:ident) => { $s.$m() } }\n@cached\npub fn fit(x: f64) -> f64 { call!(S(x), p) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a constant block",
        "const fn h() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + const { h() } }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a constant in a pattern",
        "const LIMIT: u8 = 2;\n@cached\npub fn fit(x: f64) -> f64 { match x as u8 { LIMIT => x, _ => -x } }",
        &[("= 2;", "= 3;")],
    ),
    counts(
        "a constant in a range pattern",
        "const LIMIT: u8 = 2;\n@cached\npub fn fit(x: f64) -> f64 { match x as u8 { 0..=LIMIT => x, _ => -x } }",
        &[("= 2;", "= 1;")],
    ),
    counts(
        "the rest of a struct",
        "struct S { a: f64, b: f64 }\nimpl Default for S { fn default() -> S { S { a: 0.0, b: 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { let s = S { a: x, ..Default::default() }; s.a + s.b }",
        &[("b: 1.0", "b: 2.0")],
    ),
    counts(
        "a function of a type's parameter",
        "trait T { fn v() -> f64; }\nstruct A;\nimpl T for A { fn v() -> f64 { 1.0 } }\nstruct W<X>(std::marker::PhantomData<X>);\nimpl<X> W<X> where X: T { fn m() -> f64 { X::v() } }\n@cached\npub fn fit(x: f64) -> f64 { x + W::<A>::m() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an operator on references",
        "struct S(f64);\nimpl<'a> std::ops::Add<&'a S> for &'a S { type Output = f64; fn add(self, o: &S) -> f64 { self.0 + o.0 } }\n@cached\npub fn fit(x: f64) -> f64 { &S(x) + &S(1.0) }",
        &[("self.0 + o.0", "self.0 - o.0")],
    ),
    counts(
        "a reference conversion of a bound",
        "struct S(f64);\nimpl AsRef<f64> for S { fn as_ref(&self) -> &f64 { if self.0 > 0.0 { &1.0 } else { &0.0 } } }\nfn g(s: impl AsRef<f64>) -> f64 { *s.as_ref() }\n@cached\npub fn fit(x: f64) -> f64 { g(S(x)) }",
        &[("&1.0", "&2.0")],
    ),
    counts(
        "an inherent method that is added before a trait's",
        "trait T { fn m(&self) -> f64 { 1.0 } }\nstruct S;\nimpl T for S {}\n@cached\npub fn fit(x: f64) -> f64 { x + S.m() }",
        &[("struct S;", "struct S;\nimpl S { fn m(&self) -> f64 { 2.0 } }")],
    ),
    counts(
        "a helper that is added in a nearer module",
        "fn h(x: f64) -> f64 { x + 1.0 }\nmod a { use super::*;\npub fn k(x: f64) -> f64 { h(x) } }\n@cached\npub fn fit(x: f64) -> f64 { a::k(x) }",
        &[("use super::*;\npub", "use super::*;\nfn h(x: f64) -> f64 { x + 2.0 }\npub")],
    ),
    counts(
        "an import that is added beside a glob import",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmod b { pub fn h(x: f64) -> f64 { x + 2.0 } }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("use a::*;", "use a::*;\nuse b::h;")],
    ),
    counts(
        "a trait that takes another's place where it is imported",
        "mod t { pub trait A { fn m(&self) -> f64; }\nimpl A for f64 { fn m(&self) -> f64 { 1.0 } }\npub trait B { fn m(&self) -> f64; }\nimpl B for f64 { fn m(&self) -> f64 { 2.0 } } }\nuse t::A as _;\n@cached\npub fn fit(x: f64) -> f64 { x.m() }",
        &[("use t::A", "use t::B")],
    ),
    counts(
        "what is dropped, where nothing was",
        "use std::cell::Cell;\nstruct S<'a>(&'a Cell<f64>);\n@cached\npub fn fit(x: f64) -> f64 { let c = Cell::new(x); drop(S(&c)); c.get() }",
        &[(
            "struct S<'a>(&'a Cell<f64>);",
            "struct S<'a>(&'a Cell<f64>);\nimpl Drop for S<'_> { fn drop(&mut self) { self.0.set(1.0) } }",
        )],
    ),
    counts(
        "a constant that shadows a binding in a pattern",
        "@cached\npub fn fit(x: f64) -> f64 { match x as u8 { OTHER => x, #[allow(unreachable_patterns)] _ => -x } }\nmod more { pub const OTHER: u8 = 1; }",
        &[("mod more", "use more::OTHER;\nmod more")],
    ),
    counts(
        "a call of a trait's function by its whole path",
        "trait T { fn v() -> f64; }\nstruct A;\nimpl T for A { fn v() -> f64 { 1.0 } }\nfn g<X: T>() -> f64 { <X as T>::v() }\n@cached\npub fn fit(x: f64) -> f64 { x + g::<A>() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a macro under another name",
        "mod m { macro_rules! add { ($x:expr) => { $x + 1.0 } }\npub(crate) use add as plus; }\nuse m::plus as sum;\n@cached\npub fn fit(x: f64) -> f64 { sum!(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a macro of a module with `#[macro_use]`",
        "#[macro_use]\nmod m { macro_rules! add { ($x:expr) => { $x + 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { add!(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the width in a format string",
        "const WIDTH: usize = 5;\n@cached\npub fn fit(x: f64) -> f64 { x + format!(\"{:>WIDTH$}\", 1).len() as f64 }",
        &[("= 5", "= 6")],
    ),
    counts(
        "the variant that is the default",
        "#[derive(Default)]\nenum E { #[default] A = 1, B = 2 }\n@cached\npub fn fit(x: f64) -> f64 { let _ = E::B; x + (E::default() as i32) as f64 }",
        &[("{ #[default] A = 1, B = 2 }", "{ A = 1, #[default] B = 2 }")],
    ),
    counts(
        "an index by a range",
        "struct S(Vec<f64>);\nimpl std::ops::Index<std::ops::Range<usize>> for S { type Output = [f64]; fn index(&self, r: std::ops::Range<usize>) -> &[f64] { &self.0[r.start..r.end] } }\n@cached\npub fn fit(x: f64) -> f64 { x + S(vec![1.0, 2.0])[0..1].iter().sum::<f64>() }",
        &[("r.start..r.end", "r.start..r.end + 1")],
    ),
    counts(
        "a module in a block",
        "@cached\npub fn fit(x: f64) -> f64 { mod k { pub fn h(x: f64) -> f64 { x + 1.0 } } k::h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a raw name",
        "fn r#match(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { r#match(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a name in another script",
        "fn größe(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { größe(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function in a trait that is async",
        "trait T { async fn v(&self) -> f64; }\nstruct S;\nimpl T for S { async fn v(&self) -> f64 { 1.0 } }\nfn block<F: Future>(f: F) -> F::Output { let mut f = std::pin::pin!(f); match f.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) { std::task::Poll::Ready(v) => v, _ => panic!() } }\n@cached\npub fn fit(x: f64) -> f64 { x + block(S.v()) }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an alias of a type with arguments",
        "struct S<T>(T);\nimpl S<f64> { fn m(&self) -> f64 { self.0 + 1.0 } }\ntype A = S<f64>;\nfn make(x: f64) -> A { S(x) }\n@cached\npub fn fit(x: f64) -> f64 { make(x).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an associated type that names a function's type",
        "trait T { type Out; }\nmod far { pub struct P(pub f64); impl P { pub fn v(&self) -> f64 { self.0 + 1.0 } } }\nimpl<A> T for A { type Out = far::P; }\nfn g<A: T<Out = far::P>>(_: A, x: f64) -> A::Out { far::P(x) }\n@cached\npub fn fit(x: f64) -> f64 { g(1, x).v() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a field that a macro of functions reads",
        "macro_rules! getter { ($($n:ident: $e:expr),*) => { impl S { $(fn $n(&self) -> f64 { $e + self.v })* } } }\nstruct S { v: f64 }\ngetter!(one: 1.0, two: 2.0);\n@cached\npub fn fit(x: f64) -> f64 { S { v: x }.one() }",
        &[("one: 1.0", "one: 3.0")],
    ),
    counts(
        "an operator that assigns",
        "struct S(f64);\nimpl std::ops::AddAssign<f64> for S { fn add_assign(&mut self, o: f64) { self.0 += o * 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { let mut s = S(x); s += 1.0; s.0 }",
        &[("* 2.0", "* 3.0")],
    ),
    counts(
        "a writer of text",
        "struct S(f64);\nimpl std::fmt::Write for S { fn write_str(&mut self, s: &str) -> std::fmt::Result { self.0 += s.len() as f64; Ok(()) } }\n@cached\npub fn fit(x: f64) -> f64 { use std::fmt::Write; let mut s = S(x); write!(s, \"ab\").unwrap(); s.0 }",
        &[("s.len() as f64", "s.len() as f64 * 2.0")],
    ),
    counts(
        "a call of a value",
        "struct S(f64);\nimpl std::ops::Deref for S { type Target = fn(f64) -> f64; fn deref(&self) -> &fn(f64) -> f64 { &(h as fn(f64) -> f64) } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { (*S(x))(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a type that only inference names",
        "mod a { pub struct P(pub f64); impl P { pub fn v(&self) -> f64 { self.0 + 1.0 } }\npub fn make(x: f64) -> Vec<Option<P>> { vec![Some(P(x))] } }\n@cached\npub fn fit(x: f64) -> f64 { a::make(x).into_iter().flatten().map(|p| p.v()).sum() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a trait's method on a field's type",
        "mod a { #[derive(Default)] pub struct P; #[derive(Default)] pub struct Q { pub p: P } }\nmod t { pub trait V { fn v(&self) -> f64; } impl V for super::a::P { fn v(&self) -> f64 { 1.0 } } }\nuse t::V;\n@cached\npub fn fit(x: f64) -> f64 { x + a::Q::default().p.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "two items of one name in a module and a value",
        "mod h { pub fn g(x: f64) -> f64 { x + 1.0 } }\nfn h(x: f64) -> f64 { h::g(x) }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a type's implementation of a trait of another type's parameter",
        "trait Op<T> { fn run(&self, t: T) -> f64; }\nstruct S;\nimpl Op<f64> for S { fn run(&self, t: f64) -> f64 { t + 1.0 } }\nimpl Op<u8> for S { fn run(&self, t: u8) -> f64 { 0.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S.run(x) }",
        &[("t + 1.0", "t + 2.0")],
    ),
    counts(
        "a function behind `impl Fn`",
        "fn make() -> impl Fn(f64) -> f64 { h }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { make()(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "the order of fields of a derived comparison behind a sort",
        "#[derive(Clone, PartialEq, PartialOrd)]\nstruct P { a: f64, b: f64 }\n@cached\npub fn fit(x: f64) -> f64 { let mut v = [P { a: 1.0, b: 9.0 }, P { a: 2.0, b: 1.0 }]; v.sort_by(|p, q| p.partial_cmp(q).unwrap()); x + v[0].b }",
        &[("{ a: f64, b: f64 }", "{ b: f64, a: f64 }")],
    ),
    does_not(
        "a local variable's name in a helper that is not reached",
        "fn other(x: f64) -> f64 { let y = x; y }\n@cached\npub fn fit(x: f64) -> f64 { x }",
        &[("let y = x; y", "let z = x; z")],
    ),
    does_not(
        "a macro that merely uses a name",
        "macro_rules! make { ($n:ident) => { pub fn $n() -> f64 { let value = 1.0; value } } }\nmake!(other);\n@cached\npub fn fit(x: f64) -> f64 { let value = x; value }",
        &[("= 1.0", "= 2.0")],
    ),
    does_not(
        "a method of the same name of a type that is not reached",
        "pub struct O;\nimpl O { pub fn m(&self) -> f64 { 1.0 } }\nstruct S;\nimpl S { fn m(&self) -> f64 { 3.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + S.m() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    does_not(
        "a file that is included elsewhere",
        "pub fn other() -> &'static str { include_str!(\"a.txt\") }\n@cached\npub fn fit(x: f64) -> f64 { x }\n//- a.txt\none",
        &[("one", "two")],
    ),
    does_not(
        "the order of items",
        "fn a() -> f64 { 1.0 }\nfn b() -> f64 { 2.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + a() - b() }",
        &[("fn a() -> f64 { 1.0 }\nfn b() -> f64 { 2.0 }", "fn b() -> f64 { 2.0 }\nfn a() -> f64 { 1.0 }")],
    ),
];
