//! Code that is found by types: implementations, bounds, conversions.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "a method of a trait object",
        "trait T { fn v(&self) -> f64; }\nstruct S;\nimpl T for S { fn v(&self) -> f64 { 1.0 } }\nimpl dyn T { fn twice(&self) -> f64 { self.v() * 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { let s: Box<dyn T> = Box::new(S); x + s.twice() }",
        &[("* 2.0", "* 3.0")],
    ),
    counts(
        "an operator of a trait object",
        "trait T { fn v(&self) -> f64; }\nstruct S;\nimpl T for S { fn v(&self) -> f64 { 1.0 } }\nimpl std::ops::Neg for &dyn T { type Output = f64; fn neg(self) -> f64 { self.v() + 1.0 } }\nfn get() -> &'static dyn T { &S }\n@cached\npub fn fit(x: f64) -> f64 { x + -get() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a conversion whose implementation names an alias",
        "struct S(f64);\ntype A = S;\nimpl From<A> for f64 { fn from(s: A) -> f64 { s.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).into() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function of a type behind two aliases",
        "struct S(f64);\nimpl S { fn new(x: f64) -> S { S(x + 1.0) } }\ntype A = S;\ntype B = A;\n@cached\npub fn fit(x: f64) -> f64 { B::new(x).0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function of an associated type",
        "trait T { type Out; }\nstruct S;\nstruct P(f64);\nimpl P { fn new(x: f64) -> P { P(x + 1.0) } }\nimpl T for S { type Out = P; }\ntype Out = <S as T>::Out;\n@cached\npub fn fit(x: f64) -> f64 { Out::new(x).0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function of an associated type of `Self`",
        "trait Make { fn make(x: f64) -> f64; }\ntrait T { type Out: Make; fn m(x: f64) -> f64 { Self::Out::make(x) } }\nstruct S;\nstruct P;\nimpl Make for P { fn make(x: f64) -> f64 { x + 1.0 } }\nimpl T for S { type Out = P; }\n@cached\npub fn fit(x: f64) -> f64 { <S as T>::m(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an associated type",
        "trait T { type N: Default + std::ops::Add<Output = Self::N> + Into<f64>; fn m() -> f64 { Self::N::default().into() } }\nstruct S;\n#[derive(Default)] struct A;\n#[derive(Default)] struct B;\nimpl From<A> for f64 { fn from(_: A) -> f64 { 1.0 } }\nimpl From<B> for f64 { fn from(_: B) -> f64 { 2.0 } }\nimpl std::ops::Add for A { type Output = A; fn add(self, _: A) -> A { A } }\nimpl std::ops::Add for B { type Output = B; fn add(self, _: B) -> B { B } }\nimpl T for S { type N = A; }\n@cached\npub fn fit(x: f64) -> f64 { x + S::m() }",
        &[("type N = A", "type N = B")],
    ),
    counts(
        "a blanket implementation",
        "trait T { fn m(&self) -> f64; }\nimpl<A: Copy + Into<f64>> T for A { fn m(&self) -> f64 { (*self).into() + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x.m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a supertrait's method",
        "trait A { fn a(&self) -> f64 { 1.0 } }\ntrait B: A {}\nimpl A for f64 {}\nimpl B for f64 {}\nfn g<X: B>(x: X) -> f64 { x.a() }\n@cached\npub fn fit(x: f64) -> f64 { x + g(x) }",
        &[("1.0", "2.0")],
    ),
    counts(
        "an `impl Trait` that a helper returns",
        "trait T { fn m(&self) -> f64; }\nstruct A;\nstruct B;\nimpl T for A { fn m(&self) -> f64 { 1.0 } }\nimpl T for B { fn m(&self) -> f64 { 2.0 } }\nfn make() -> impl T { A }\n@cached\npub fn fit(x: f64) -> f64 { x + make().m() }",
        &[("{ A }", "{ B }")],
    ),
    counts(
        "an iterator that a helper returns",
        "fn values() -> impl Iterator<Item = f64> { [1.0, 2.0].into_iter().map(h) }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + values().sum::<f64>() }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a default value",
        "struct S { a: f64 }\nimpl Default for S { fn default() -> S { S { a: 1.0 } } }\nstruct P { s: S }\nfn p() -> P { P { s: Default::default() } }\n@cached\npub fn fit(x: f64) -> f64 { x + p().s.a }",
        &[("a: 1.0", "a: 2.0")],
    ),
    counts(
        "what a text is parsed as",
        "struct S(f64);\nimpl std::str::FromStr for S { type Err = (); fn from_str(s: &str) -> Result<S, ()> { Ok(S(s.len() as f64 + 1.0)) } }\n@cached\npub fn fit(x: f64) -> f64 { let s: S = \"abc\".parse().unwrap(); x + s.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the conversion of an error by `?`",
        "struct E(f64);\nimpl From<std::num::ParseFloatError> for E { fn from(_: std::num::ParseFloatError) -> E { E(1.0) } }\nfn h(s: &str) -> Result<f64, E> { Ok(s.parse::<f64>()?) }\n@cached\npub fn fit(x: f64) -> f64 { match h(\"no\") { Ok(v) => v, Err(E(v)) => x + v } }",
        &[("E(1.0)", "E(2.0)")],
    ),
    counts(
        "a sum",
        "struct S(f64);\nimpl std::iter::Sum for S { fn sum<I: Iterator<Item = S>>(i: I) -> S { S(i.map(|s| s.0).fold(1.0, |a, b| a + b)) } }\n@cached\npub fn fit(x: f64) -> f64 { [S(x)].into_iter().sum::<S>().0 }",
        &[("fold(1.0", "fold(2.0")],
    ),
    counts(
        "how values are collected",
        "struct S(f64);\nimpl FromIterator<f64> for S { fn from_iter<I: IntoIterator<Item = f64>>(i: I) -> S { S(i.into_iter().count() as f64 + 1.0) } }\n@cached\npub fn fit(x: f64) -> f64 { let s: S = std::iter::once(x).collect(); s.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "how values are compared in a sorted map",
        "use std::cmp::Ordering;\n#[derive(PartialEq, Eq, PartialOrd)]\nstruct S(i32);\nimpl Ord for S { fn cmp(&self, o: &S) -> Ordering { self.0.cmp(&o.0) } }\n@cached\npub fn fit(x: f64) -> f64 { let mut v = std::collections::BTreeMap::new(); v.insert(S(1), x); v.insert(S(2), -x); *v.values().next().unwrap() }",
        &[("self.0.cmp(&o.0)", "o.0.cmp(&self.0)")],
    ),
    counts(
        "a literal's display in `format!` with width",
        "struct S;\nimpl std::fmt::LowerHex for S { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(\"1.0\") } }\n@cached\npub fn fit(x: f64) -> f64 { let s = S; x + format!(\"{s:>5x}\").trim().parse::<f64>().unwrap() }",
        &[("\"1.0\"", "\"2.0\"")],
    ),
    counts(
        "the conversion of an argument that only a bound names",
        "#[derive(Clone, serde::Serialize)]\npub struct Celsius(f64);\nimpl From<Celsius> for f64 { fn from(c: Celsius) -> f64 { c.0 + 1.0 } }\n@cached\nfn kelvin<T: Into<f64> + Clone + serde::Serialize>(t: &T) -> f64 { t.clone().into() }\npub mod fit { pub fn uncached(x: f64) -> f64 { super::kelvin::uncached(&super::Celsius(x)) }\npub fn stats() -> joblib_memory::FunctionStats { super::kelvin::stats() } }\npub fn fit(x: f64) -> f64 { kelvin(&Celsius(x)) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "how an argument is displayed that is `impl Display`",
        "#[derive(serde::Serialize)]\npub struct S(f64);\nimpl std::fmt::Display for S { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"1.0\") } }\n@cached\nfn length(t: &(impl std::fmt::Display + serde::Serialize)) -> f64 { t.to_string().parse().unwrap() }\npub mod fit { pub fn uncached(x: f64) -> f64 { super::length::uncached(&super::S(x)) }\npub fn stats() -> joblib_memory::FunctionStats { super::length::stats() } }\npub fn fit(x: f64) -> f64 { length(&S(x)) }",
        &[("\"1.0\"", "\"2.0\"")],
    ),
    counts(
        "a constant of a generic parameter",
        "trait T { const C: f64; }\nstruct A;\nimpl T for A { const C: f64 = 1.0; }\nfn g<X: T>() -> f64 { X::C }\n@cached\npub fn fit(x: f64) -> f64 { x + g::<A>() }",
        &[("= 1.0", "= 2.0")],
    ),
    counts(
        "a constant that is a type's parameter",
        "const N: usize = 3;\nstruct S<const M: usize>;\nimpl<const M: usize> S<M> { fn m(&self) -> f64 { M as f64 } }\n@cached\npub fn fit(x: f64) -> f64 { x + S::<N>.m() }",
        &[("= 3", "= 4")],
    ),
    counts(
        "a constant that is the default of a type's parameter",
        "struct S<const M: usize = { 1 + 2 }>;\nimpl<const M: usize> S<M> { fn m(&self) -> f64 { M as f64 } }\n@cached\npub fn fit(x: f64) -> f64 { let s: S = S; x + s.m() }",
        &[("1 + 2", "1 + 3")],
    ),
    counts(
        "a method behind two pointers",
        "struct A(f64);\nstruct B(A);\nimpl std::ops::Deref for B { type Target = A; fn deref(&self) -> &A { &self.0 } }\nimpl A { fn m(&self) -> f64 { self.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { Box::new(B(A(x))).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an implementation in another module",
        "struct S(f64);\nmod ops { impl std::ops::Mul<f64> for super::S { type Output = f64; fn mul(self, o: f64) -> f64 { self.0 * o + 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { S(x) * 2.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a trait's implementation that is chosen by inference",
        "trait Unit { fn name() -> f64; }\nstruct M;\nstruct F;\nimpl Unit for M { fn name() -> f64 { 1.0 } }\nimpl Unit for F { fn name() -> f64 { 2.0 } }\nfn of<U: Unit>(_: &U) -> f64 { U::name() }\nfn make() -> Held { M }\ntype Held = M;\n@cached\npub fn fit(x: f64) -> f64 { x + of(&make()) }",
        &[("-> f64 { 1.0 }", "-> f64 { 3.0 }")],
    ),
    does_not(
        "an implementation of a bound's trait that nothing bounds",
        "pub struct S(f64);\nimpl std::fmt::Display for S { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"1.0\") } }\n@cached\npub fn fit(x: f64) -> f64 { x.to_string().parse().unwrap() }",
        &[("\"1.0\"", "\"2.0\"")],
    ),
    does_not(
        "an operator of another type",
        "struct A(f64);\npub struct B(f64);\nimpl std::ops::Neg for A { type Output = f64; fn neg(self) -> f64 { -self.0 } }\nimpl std::ops::Neg for B { type Output = f64; fn neg(self) -> f64 { self.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { -A(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
];
