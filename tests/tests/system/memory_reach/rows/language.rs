//! Kinds of Rust code: one edit for each feature of the language through which code is reached.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "a method of a type with a constant as its parameter",
        "struct S<const N: usize>;\nimpl<const N: usize> S<N> { fn m(&self) -> f64 { N as f64 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S::<3>.m() + x }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function in the argument of a type",
        "const fn k() -> usize { 3 }\nstruct S<const N: usize>;\nimpl<const N: usize> S<N> { fn m(&self) -> f64 { N as f64 } }\n@cached\npub fn fit(x: f64) -> f64 { S::<{ k() }>.m() + x }",
        &[("{ 3 }", "{ 4 }")],
    ),
    counts(
        "a closure in a lazy static",
        "use std::sync::LazyLock;\nfn base() -> f64 { 1.0 }\nstatic A: LazyLock<Vec<f64>> = LazyLock::new(|| vec![base()]);\n@cached\npub fn fit(x: f64) -> f64 { x + A[0] }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a function in what is local to threads",
        "use std::cell::Cell;\nfn base() -> f64 { 1.0 }\nthread_local! { static A: Cell<f64> = Cell::new(base()); }\n@cached\npub fn fit(x: f64) -> f64 { x + A.get() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "what a cell is filled with",
        "use std::sync::OnceLock;\nstatic A: OnceLock<f64> = OnceLock::new();\nfn get() -> f64 { *A.get_or_init(|| init()) }\nfn init() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + get() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a method behind two dereferences",
        "use std::ops::Deref;\nstruct In(f64);\nimpl In { fn m(&self) -> f64 { self.0 + 1.0 } }\nstruct Mid(In);\nimpl Deref for Mid { type Target = In; fn deref(&self) -> &In { &self.0 } }\nstruct Out(Mid);\nimpl Deref for Out { type Target = Mid; fn deref(&self) -> &Mid { &self.0 } }\n@cached\npub fn fit(x: f64) -> f64 { Out(Mid(In(x))).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an operator on references",
        "use std::ops::Add;\n#[derive(Clone,Copy)] struct V(f64);\nimpl<'a> Add<&'a V> for &'a V { type Output = f64; fn add(self, o: &V) -> f64 { self.0 + o.0 + 1.0 } }\nfn mk(x: f64) -> V { V(x) }\n@cached\npub fn fit(x: f64) -> f64 { &mk(x) + &mk(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an operator on a number from elsewhere and a type of ours",
        "use std::ops::Mul;\nstruct V(f64);\nimpl Mul<V> for f64 { type Output = f64; fn mul(self, o: V) -> f64 { self * o.0 + 1.0 } }\nfn mk(x: f64) -> V { V(x) }\n@cached\npub fn fit(x: f64) -> f64 { 2.0 * mk(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an index",
        "use std::ops::Index;\nstruct V(Vec<f64>);\nimpl Index<usize> for V { type Output = f64; fn index(&self, i: usize) -> &f64 { &self.0[i + 1] } }\n@cached\npub fn fit(x: f64) -> f64 { V(vec![x, 2.0, 3.0])[0] }",
        &[("i + 1", "i + 2")],
    ),
    counts(
        "the conversion of another crate's error",
        "#[derive(Debug)] struct E(f64);\nimpl From<std::num::ParseFloatError> for E { fn from(_: std::num::ParseFloatError) -> E { E(1.0) } }\nfn p() -> Result<f64, E> { Ok(\"a\".parse::<f64>()?) }\n@cached\npub fn fit(x: f64) -> f64 { x + p().unwrap_err().0 }",
        &[("E(1.0)", "E(2.0)")],
    ),
    counts(
        "the iteration over a reference",
        "struct C(Vec<f64>);\nimpl<'a> IntoIterator for &'a C { type Item = &'a f64; type IntoIter = std::iter::Skip<std::slice::Iter<'a, f64>>; fn into_iter(self) -> Self::IntoIter { self.0.iter().skip(1) } }\n@cached\npub fn fit(x: f64) -> f64 { let mut s = 0.0; for v in &C(vec![x, 1.0]) { s += v } s }",
        &[("skip(1)", "skip(0)")],
    ),
    counts(
        "the end of a value that a derived default made",
        "use std::cell::Cell;\nthread_local! { static A: Cell<f64> = const { Cell::new(0.0) }; }\n#[derive(Default)] struct Outer { g: G }\n#[derive(Default)] struct G;\nimpl Drop for G { fn drop(&mut self) { A.set(1.0) } }\n@cached\npub fn fit(x: f64) -> f64 { { let _o: Outer = Default::default(); } x + A.get() }",
        &[("set(1.0)", "set(2.0)")],
    ),
    counts(
        "the default of the other fields",
        "struct P { a: f64, b: f64 }\nimpl Default for P { fn default() -> Self { P { a: 1.0, b: 1.5 } } }\n@cached\npub fn fit(x: f64) -> f64 { let p = P { a: x, ..Default::default() }; p.a + p.b }",
        &[("b: 1.5", "b: 2.5")],
    ),
    counts(
        "an async helper",
        "async fn h(x: f64) -> f64 { x + 1.0 }\nfn block<F: std::future::Future>(f: F) -> F::Output { let mut f = std::pin::pin!(f); loop { if let std::task::Poll::Ready(v) = f.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) { return v } } }\n@cached\npub fn fit(x: f64) -> f64 { block(h(x)) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module whose file is named",
        "#[path = \"other/place.rs\"]\nmod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- other/place.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module in braces whose module's file is named",
        "mod out { #[path = \"z.rs\"]\npub mod a; }\n@cached\npub fn fit(x: f64) -> f64 { out::a::h(x) }\n//- out/z.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a constant beside the function that a module in it names",
        "const K: f64 = 1.0;\nfn h(x: f64) -> f64 { mod m { pub fn g(x: f64) -> f64 { x + super::K } } m::g(x) }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("= 1.0", "= 2.0")],
    ),
    counts(
        "a variant that a method imports by a glob",
        "#[derive(Clone, Copy)] enum E { A, B }\nimpl E { fn v(self) -> f64 { use E::*; match self { A => 1.0, B => 2.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { x + E::B.v() }",
        &[("B => 2.0", "B => 3.0")],
    ),
    counts(
        "a method that is written for an alias",
        "struct S(f64);\ntype A = S;\nimpl A { fn m(&self) -> f64 { self.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { A::m(&S(x)) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the argument in an alias",
        "trait T { fn v() -> f64; }\nstruct S; struct R;\nimpl T for S { fn v() -> f64 { 1.0 } } impl T for R { fn v() -> f64 { 2.0 } }\nstruct W<X>(std::marker::PhantomData<X>);\nimpl<X: T> W<X> { fn w() -> f64 { X::v() } }\ntype A = W<S>;\n@cached\npub fn fit(x: f64) -> f64 { x + A::w() }",
        &[("W<S>", "W<R>")],
    ),
    counts(
        "a function in nested repetitions of a macro",
        "macro_rules! m { ($($a:ident : [$($b:expr),*]);*) => { 0.0 $(+ $a($(f($b))*))* } }\nfn f(x: f64) -> f64 { x + 1.0 }\nfn g(x: f64) -> f64 { x }\n@cached\npub fn fit(x: f64) -> f64 { m!(g : [x]; g : [x]) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a function in a macro that calls itself",
        "macro_rules! sum { () => { 0.0 }; ($h:ident $($t:tt)*) => { $h() + sum!($($t)*) } }\nfn a() -> f64 { 1.0 } fn b() -> f64 { 2.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + sum!(a b) }",
        &[("{ 2.0 }", "{ 3.0 }")],
    ),
    counts(
        "an implementation among several of a macro",
        "trait T { fn v(&self) -> f64; }\nmacro_rules! im { ($($t:ty => $e:expr),*) => { $(impl T for $t { fn v(&self) -> f64 { $e } })* } }\nim!(u8 => 1.0, u16 => 2.0);\n@cached\npub fn fit(x: f64) -> f64 { x + 1u8.v() }",
        &[("u8 => 1.0", "u8 => 3.0")],
    ),
    counts(
        "an extension of all vectors",
        "trait Tot { fn tot(&self) -> f64; }\nimpl<T: Copy + Into<f64>> Tot for Vec<T> { fn tot(&self) -> f64 { self.iter().map(|v| (*v).into()).sum::<f64>() + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { vec![x].tot() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a default of the trait below",
        "trait A { fn a(&self) -> f64 { 1.0 } }\ntrait B: A { fn b(&self) -> f64 { self.a() } }\nstruct S; impl A for S {} impl B for S {}\n@cached\npub fn fit(x: f64) -> f64 { x + S.b() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a file whose name is put together",
        "@cached\npub fn fit(x: f64) -> f64 { x + include_str!(concat!(\"da\", \"ta.txt\")).len() as f64 }\n//- data.txt\nabc",
        &[("abc", "abcd")],
    ),
    counts(
        "a file in an included expression",
        "fn k() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + include!(\"a.in\") }\n//- a.in\n{ include!(\"b.in\") }\n//- b.in\nk() + 1.5",
        &[("1.5", "2.5")],
    ),
    counts(
        "the order of fields that are compared",
        "#[derive(PartialEq, PartialOrd)] struct P { a: f64, b: f64 }\nfn mk(x: f64) -> (P, P) { (P { a: x, b: 1.0 }, P { a: 1.0, b: x }) }\n@cached\npub fn fit(x: f64) -> f64 { let (p, q) = mk(x); if p < q { 1.0 } else { 2.0 } }",
        &[("a: f64, b: f64", "b: f64, a: f64")],
    ),
    counts(
        "a function of an associated type",
        "trait T { type O: V; }\ntrait V { fn v() -> f64; }\nstruct S; struct A; struct B;\nimpl V for A { fn v() -> f64 { 1.0 } } impl V for B { fn v() -> f64 { 2.0 } }\nimpl T for S { type O = A; }\n@cached\npub fn fit(x: f64) -> f64 { x + <S as T>::O::v() }",
        &[("type O = A", "type O = B")],
    ),
    counts(
        "what is collected into",
        "struct S(f64);\nimpl FromIterator<f64> for S { fn from_iter<I: IntoIterator<Item = f64>>(i: I) -> S { S(i.into_iter().sum::<f64>() + 1.0) } }\n@cached\npub fn fit(x: f64) -> f64 { [x].into_iter().collect::<S>().0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a sum",
        "#[derive(Clone,Copy)] struct S(f64);\nimpl std::iter::Sum for S { fn sum<I: Iterator<Item = S>>(i: I) -> S { S(i.map(|s| s.0).fold(1.0, |a, b| a + b)) } }\n@cached\npub fn fit(x: f64) -> f64 { [S(x)].into_iter().sum::<S>().0 }",
        &[("fold(1.0", "fold(2.0")],
    ),
    counts(
        "an order that sorts",
        "#[derive(PartialEq, Eq, Clone, Copy)] struct S(i32);\nimpl PartialOrd for S { fn partial_cmp(&self, o: &S) -> Option<std::cmp::Ordering> { Some(self.cmp(o)) } }\nimpl Ord for S { fn cmp(&self, o: &S) -> std::cmp::Ordering { self.0.cmp(&o.0) } }\nfn all() -> Vec<S> { vec![S(1), S(2)] }\n@cached\npub fn fit(x: f64) -> f64 { let mut v = all(); v.sort(); x + v[0].0 as f64 }",
        &[("self.0.cmp(&o.0)", "o.0.cmp(&self.0)")],
    ),
    counts(
        "a trait's constant in the length of a field",
        "trait T { const N: usize; }\nstruct S; impl T for S { const N: usize = 3; }\nstruct A { v: [f64; <S as T>::N] }\n@cached\npub fn fit(x: f64) -> f64 { x + std::mem::size_of::<A>() as f64 }",
        &[("= 3", "= 4")],
    ),
    counts(
        "the layout of a type",
        "#[repr(C)] struct A { a: u8, b: u32, c: u8 }\n@cached\npub fn fit(x: f64) -> f64 { x + std::mem::size_of::<A>() as f64 }",
        &[("#[repr(C)] ", "")],
    ),
    counts(
        "documentation that a macro is given as a comment",
        "macro_rules! m { (#[doc = $d:literal] $n:ident) => { const $n: &str = $d; } }\nm!{ /// one\nA }\n@cached\npub fn fit(x: f64) -> f64 { x + A.len() as f64 }",
        &[("/// one", "/// once")],
    ),
    counts(
        "documentation that a macro is given",
        "macro_rules! m { (#[doc = $d:literal] $n:ident) => { const $n: &str = $d; } }\nm!{ #[doc = \"one\"]\nA }\n@cached\npub fn fit(x: f64) -> f64 { x + A.len() as f64 }",
        &[("\"one\"", "\"once\"")],
    ),
    does_not(
        "documentation that no macro sees",
        "#[derive(Clone, Copy, Debug)] enum E {\n/// one\nA }\n@cached\npub fn fit(x: f64) -> f64 { x + E::A as i32 as f64 }",
        &[("/// one", "/// once")],
    ),
    counts(
        "an implementation in a nameless constant",
        "struct S;\nconst _: () = { impl S { fn m(&self) -> f64 { 1.0 } } };\n@cached\npub fn fit(x: f64) -> f64 { x + S.m() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the body of another type's method",
        "struct S; struct R;\nimpl R { fn z() { impl S { fn m(&self) -> f64 { 1.0 } } } }\n@cached\npub fn fit(x: f64) -> f64 { x + S.m() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a macro by the name of one of the standard library",
        "#[allow(unused_macros)]\nmacro_rules! vec { ($($t:tt)*) => { [1.0] } }\n@cached\npub fn fit(x: f64) -> f64 { x + vec![1][0] }",
        &[("[1.0]", "[2.0]")],
    ),
    counts(
        "the second of two macros of one name",
        "macro_rules! k { () => { 1.0 } }\nmacro_rules! k { () => { 3.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + k!() }",
        &[("3.0", "2.0")],
    ),
    counts(
        "a method that comes before a trait's",
        "trait T { fn m(&self) -> f64; }\nstruct S; impl T for S { fn m(&self) -> f64 { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + S.m() }",
        &[("struct S;", "struct S; impl S { fn m(&self) -> f64 { 2.0 } }")],
    ),
    counts(
        "the end of a value, which is new",
        "use std::cell::Cell; thread_local! { static A: Cell<f64> = const { Cell::new(0.0) }; }\nstruct S;\n@cached\npub fn fit(x: f64) -> f64 { { let _s = S; } x + A.get() }",
        &[("struct S;", "struct S; impl Drop for S { fn drop(&mut self) { A.set(5.0) } }")],
    ),
    counts(
        "a constant in a pattern",
        "const LIMIT: i32 = 3;\n@cached\npub fn fit(x: f64) -> f64 { match x as i32 { LIMIT => 1.0, _ => 2.0 } }",
        &[("= 3", "= 2")],
    ),
    counts(
        "a constant as a width in a format string",
        "const W: usize = 3;\n@cached\npub fn fit(x: f64) -> f64 { format!(\"{x:W$}\").len() as f64 }",
        &[("= 3", "= 4")],
    ),
    counts(
        "a constant two modules above",
        "const K: f64 = 1.0;\nmod a { pub mod b { pub fn h() -> f64 { super::super::K } } }\n@cached\npub fn fit(x: f64) -> f64 { x + a::b::h() }",
        &[("= 1.0", "= 2.0")],
    ),
    counts(
        "an enum that passes calls on",
        "enum E { A(A), B(B) } struct A; struct B; trait T { fn v(&self) -> f64; } impl T for A { fn v(&self) -> f64 { 1.0 } } impl T for B { fn v(&self) -> f64 { 2.0 } }\nimpl E { fn v(&self) -> f64 { match self { E::A(a) => a.v(), E::B(b) => b.v() } } }\n@cached\npub fn fit(x: f64) -> f64 { x + E::B(B).v() }",
        &[("{ 2.0 }", "{ 3.0 }")],
    ),
    counts(
        "the owned form of a borrowed one",
        "use std::borrow::*; struct S(f64); #[repr(transparent)] struct R(f64);\nimpl ToOwned for R { type Owned = S; fn to_owned(&self) -> S { S(self.0 + 1.0) } } impl Borrow<R> for S { fn borrow(&self) -> &R { unimplemented!() } }\nstatic G: R = R(2.0);\n@cached\npub fn fit(x: f64) -> f64 { let c: Cow<R> = Cow::Borrowed(&G); x + c.into_owned().0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an extension of all functions",
        "trait T { fn v(&self) -> f64; } impl<F: Fn() -> f64> T for F { fn v(&self) -> f64 { self() + 1.0 } }\nfn z() -> f64 { 2.0 }\n@cached\npub fn fit(x: f64) -> f64 { z.v() + x }",
        &[("+ 1.0", "+ 4.0")],
    ),
    counts(
        "a module whose name is a keyword",
        "mod r#type;\n@cached\npub fn fit(x: f64) -> f64 { x + r#type::h() }\n//- type.rs\npub fn h() -> f64 { 1.0 }",
        &[("1.0", "2.0")],
    ),
    counts(
        "an item that goes through two macros",
        "macro_rules! inner { ($($b:tt)*) => { $($b)* } }\nmacro_rules! outer { ($($b:tt)*) => { inner! { $($b)* } } }\nouter! { fn h() -> f64 { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a function in a module of a macro",
        "macro_rules! mk { ($m:ident { $($b:tt)* }) => { mod $m { $($b)* } } }\nmk! { m { pub fn h() -> f64 { 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { x + m::h() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a type in a helper",
        "trait T { fn v(&self) -> f64; }\nfn mk() -> Box<dyn T> { struct L; impl T for L { fn v(&self) -> f64 { 1.0 } } Box::new(L) }\n@cached\npub fn fit(x: f64) -> f64 { x + mk().v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "the default of a type that is inferred",
        "#[derive(Debug)] struct P(f64);\nimpl Default for P { fn default() -> P { P(1.0) } }\nfn take(p: P) -> f64 { p.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + take(<_>::default()) }",
        &[("P(1.0)", "P(2.0)")],
    ),
    counts(
        "a trait's function for a type that is inferred",
        "trait T { fn mk() -> Self; }\nstruct P(f64); impl T for P { fn mk() -> P { P(1.0) } }\nfn take(p: P) -> f64 { p.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + take(T::mk()) }",
        &[("P(1.0)", "P(2.0)")],
    ),
    counts(
        "a function that is iterated",
        "fn step() -> Option<f64> { None }\n@cached\npub fn fit(x: f64) -> f64 { std::iter::from_fn(step).take(3).sum::<f64>() + x }",
        &[("None", "Some(1.0)")],
    ),
    counts(
        "functions in an associated constant",
        "struct O; impl O { const ALL: [fn(f64) -> f64; 2] = [a, Self::b]; fn b(x: f64) -> f64 { x + 1.0 } }\nfn a(x: f64) -> f64 { x }\n@cached\npub fn fit(x: f64) -> f64 { O::ALL[1](x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a glob import of another module",
        "mod a { pub fn h() -> f64 { 1.0 } } mod b { pub fn h() -> f64 { 2.0 } }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("use a::*", "use b::*")],
    ),
    counts(
        "an import that comes before a glob",
        "mod a { pub fn h() -> f64 { 1.0 } } mod b { pub fn h() -> f64 { 2.0 } }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("use a::*;", "use a::*; use b::h;")],
    ),
    counts(
        "the default variant",
        "#[derive(Default, Clone, Copy)] enum E { #[default] A, B }\n@cached\npub fn fit(x: f64) -> f64 { x + E::default() as i32 as f64 }",
        &[("#[default] A, B", "A, #[default] B")],
    ),
    counts(
        "a value behind `dyn Any`",
        "use std::any::Any; struct S(f64);\nfn mk() -> Box<dyn Any> { Box::new(S(1.0)) }\n@cached\npub fn fit(x: f64) -> f64 { x + mk().downcast_ref::<S>().unwrap().0 }",
        &[("S(1.0)", "S(2.0)")],
    ),
    counts(
        "an extension that a macro imports",
        "mod e { pub trait Ext { fn e(&self) -> f64; } impl Ext for f64 { fn e(&self) -> f64 { self + 1.0 } } }\nmacro_rules! m { ($x:expr) => {{ use e::Ext as _; $x.e() }} }\n@cached\npub fn fit(x: f64) -> f64 { m!(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an operator of a bound",
        "use std::ops::Add; #[derive(Clone,Copy)] struct V(f64); impl Add for V { type Output = V; fn add(self, o: V) -> V { V(self.0 + o.0 + 1.0) } }\nfn g<T: Add<Output = T> + Copy>(t: T) -> T { t + t }\n@cached\npub fn fit(x: f64) -> f64 { g(V(x)).0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function in a list of boxed ones",
        "type Op = Box<dyn Fn(f64) -> f64>;\nfn ops() -> Vec<Op> { vec![Box::new(|x| x + 1.0), Box::new(second)] }\nfn second(x: f64) -> f64 { x + 2.0 }\n@cached\npub fn fit(x: f64) -> f64 { ops()[1](x) }",
        &[("+ 2.0", "+ 3.0")],
    ),
    does_not(
        "a re-export in another module",
        "mod a; mod b;\nuse a::h;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }\n//- a.rs\npub use super::b::h;\n//- b.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("use a::h", "use b::h")],
    ),
    does_not(
        "a method of the same name of another type",
        "struct A; struct B; impl A { fn m(&self) -> f64 { 1.0 } } impl B { fn m(&self) -> f64 { 2.0 } }\nfn other() -> f64 { B.m() }\n@cached\npub fn fit(x: f64) -> f64 { x + A.m() }",
        &[("{ 2.0 }", "{ 3.0 }")],
    ),
    does_not(
        "another cached function",
        "@cached\npub fn fit(x: f64) -> f64 { x }\n@cached\npub fn fit2(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "methods in another order",
        "struct S; impl S { fn a(&self) -> f64 { 1.0 }\nfn b(&self) -> f64 { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S.a() + S.b() + x }",
        &[(
            "fn a(&self) -> f64 { 1.0 }\nfn b(&self) -> f64 { 2.0 }",
            "fn b(&self) -> f64 { 2.0 }\nfn a(&self) -> f64 { 1.0 }",
        )],
    ),
    does_not(
        "arms and arguments as rustfmt writes them",
        "fn h(a: f64, b: f64) -> f64 { match a as i32 { 1 => { b } _ => a } }\n@cached\npub fn fit(x: f64) -> f64 { h(x, 1.0) }",
        &[
            ("fn h(a: f64, b: f64)", "fn h(\n    a: f64,\n    b: f64,\n)"),
            ("1 => { b } _ => a", "1 => b,\n _ => a,"),
        ],
    ),
];
