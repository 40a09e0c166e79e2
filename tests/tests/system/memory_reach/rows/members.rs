//! Cached functions in other places than a module: methods, what macros make, and types that the call chooses.

use super::{Row, counts};

/// A module whose `fit` calls the cached function: its body and its statistics are these.
macro_rules! calls {
    ($source:literal, $body:literal, $stats:literal) => {
        concat!(
            $source,
            "pub mod fit {\nuse super::*;\npub fn uncached(x: f64) -> f64 { ",
            $body,
            " }\npub fn stats() -> joblib_memory::FunctionStats { ",
            $stats,
            " }\n}\n"
        )
    };
}

pub(super) const ROWS: &[Row] = &[
    counts(
        "a function that `Self` leads to in a method that a macro makes",
        calls!(
            "macro_rules! mk { ($t:ident) => { impl $t { @cached\npub fn go(x: f64) -> f64 { Self::h(x) } } } }\npub struct S;\nmk!(S);\nimpl S { fn h(x: f64) -> f64 { x + 1.0 } }\npub fn fit(x: f64) -> f64 { S::go(x) }\n",
            "S::go_uncached(x)",
            "S::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a method that a method calls which a macro makes",
        calls!(
            "macro_rules! mk { ($t:ident) => { impl $t { @cached(self = \"ignore\")\npub fn go(&self, x: f64) -> f64 { self.h(x) } } } }\npub struct S;\nmk!(S);\nimpl S { fn h(&self, x: f64) -> f64 { x + 1.0 } }\npub fn fit(x: f64) -> f64 { S.go(x) }\n",
            "S.go_uncached(x)",
            "S::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a method of a field, in a method that a macro makes",
        calls!(
            "macro_rules! mk { ($t:ident) => { impl $t { @cached(self = \"ignore\")\npub fn go(&self, x: f64) -> f64 { self.0.h(x) } } } }\npub struct I; impl I { fn h(&self, x: f64) -> f64 { x + 1.0 } }\npub struct S(I);\nmk!(S);\npub fn fit(x: f64) -> f64 { S(I).go(x) }\n",
            "S(I).go_uncached(x)",
            "S::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a function beside a method that a macro is given",
        calls!(
            "macro_rules! pass { ($($t:tt)*) => { $($t)* } }\npub struct S;\npass! { impl S { @cached\npub fn go(x: f64) -> f64 { Self::h(x) } } }\nimpl S { fn h(x: f64) -> f64 { x + 1.0 } }\npub fn fit(x: f64) -> f64 { S::go(x) }\n",
            "S::go_uncached(x)",
            "S::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a method beside a method that a macro is given",
        calls!(
            "macro_rules! pass { ($($t:tt)*) => { $($t)* } }\npub struct S;\npass! { impl S { @cached(self = \"ignore\")\npub fn go(&self, x: f64) -> f64 { self.h(x) } } }\nimpl S { fn h(&self, x: f64) -> f64 { x + 1.0 } }\npub fn fit(x: f64) -> f64 { S.go(x) }\n",
            "S.go_uncached(x)",
            "S::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper of a function that a macro is given",
        "macro_rules! pass { ($($i:item)*) => { $($i)* } }\npass! { @cached\npub fn fit(x: f64) -> f64 { h(x) } }\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper in a body that a macro is given",
        "macro_rules! pass { ($b:expr) => { @cached\npub fn fit(x: f64) -> f64 { $b } } }\npass!(h(2.0));\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper that a macro makes beside the function, both by names that it is given",
        "macro_rules! pass { ($n:ident, $h:ident) => { fn $h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn $n(x: f64) -> f64 { $h(x) } } }\npass!(fit, hh);",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper in a module that a macro makes with the function",
        "macro_rules! pass { ($n:ident) => { pub mod m { use super::*; fn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn $n(x: f64) -> f64 { h(x) } } } }\npass!(fit);\npub use m::fit;",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper that one macro gives another",
        "macro_rules! inner { ($n:ident, $h:path) => { @cached\npub fn $n(x: f64) -> f64 { $h(x) } } }\nmacro_rules! outer { ($n:ident) => { inner!($n, h); } }\nouter!(fit);\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "another helper that one macro gives another",
        "mod k { pub fn h(x: f64) -> f64 { x + 1.0 } pub fn g(x: f64) -> f64 { x + 5.0 } }\nmacro_rules! inner { ($n:ident, $h:path) => { @cached\npub fn $n(x: f64) -> f64 { $h(x) } } }\nmacro_rules! outer { ($n:ident) => { inner!($n, k::h); } }\nouter!(fit);",
        &[("$n, k::h", "$n, k::g")],
    ),
    counts(
        "a helper beside the call of a macro of another module",
        "mod k { macro_rules! mk { ($n:ident) => { @cached\npub fn $n(x: f64) -> f64 { h(x) } } }\npub(crate) use mk; }\nk::mk!(fit);\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a method of a type that a macro makes",
        calls!(
            "macro_rules! ty { ($n:ident) => { pub struct $n; impl $n { fn k(&self, x: f64) -> f64 { x + 1.0 } } } }\nty!(S);\nimpl S { @cached(self = \"ignore\")\npub fn go(&self, x: f64) -> f64 { self.k(x) } }\npub fn fit(x: f64) -> f64 { S.go(x) }\n",
            "S.go_uncached(x)",
            "S::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper of a cached function in a cached function",
        "fn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { @cached\nfn inner(x: f64) -> f64 { h(x) } inner(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "one of two functions of one name, for two arguments of a type",
        calls!(
            "pub struct W<T>(T);\nimpl W<u8> { @cached\npub fn go(x: f64) -> f64 { x + 1.0 } }\nimpl W<u16> { @cached\npub fn go(x: f64) -> f64 { x + 5.0 } }\npub fn fit(x: f64) -> f64 { W::<u8>::go(x) + W::<u16>::go(x) }\n",
            "W::<u8>::go_uncached(x) + W::<u16>::go_uncached(x)",
            "W::<u8>::go_stats()"
        ),
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "two functions of one name, for two arguments of a type, that trade places",
        calls!(
            "pub struct W<T>(T);\nimpl W<u8> { @cached\npub fn go(x: f64) -> f64 { x + 1.0 } }\nimpl W<u16> { @cached\npub fn go(x: f64) -> f64 { x + 5.0 } }\npub fn fit(x: f64) -> f64 { W::<u8>::go(x) }\n",
            "W::<u8>::go_uncached(x)",
            "W::<u8>::go_stats()"
        ),
        &[("x + 1.0", "x + 9.0"), ("x + 5.0", "x + 1.0")],
    ),
    counts(
        "a constant of a type that the call chooses",
        calls!(
            "pub trait K { const K: f64; } pub struct A; pub struct B; impl K for A { const K: f64 = 1.0; } impl K for B { const K: f64 = 2.0; }\n@cached\npub fn go<T: K>(x: f64) -> f64 { x + T::K }\npub fn fit(x: f64) -> f64 { go::<A>(x) + go::<B>(x) }\n",
            "go::uncached::<A>(x) + go::uncached::<B>(x)",
            "go::stats()"
        ),
        &[("= 2.0", "= 3.0")],
    ),
    counts(
        "the constant that a call chooses",
        calls!(
            "@cached\npub fn go<const N: usize>(x: f64) -> f64 { x + N as f64 }\nconst M: usize = 3;\npub fn fit(x: f64) -> f64 { go::<M>(x) }\n",
            "go::uncached::<M>(x)",
            "go::stats()"
        ),
        &[("= 3", "= 4")],
    ),
    counts(
        "a function that the key calls",
        calls!(
            "fn key(x: f64) -> f64 { 1.0 }\n@cached(key = key(x))\npub fn go(x: f64) -> f64 { x + 1.0 }\npub fn fit(x: f64) -> f64 { go(A) }\nconst A: f64 = 5.0;\n",
            "go::uncached(A)",
            "go::stats()"
        ),
        &[("{ 1.0 }", "{ x }"), ("= 5.0", "= 6.0")],
    ),
    counts(
        "the order of the variants of a result",
        calls!(
            "#[derive(serde::Serialize, serde::Deserialize, Clone, Copy)] pub enum R { A, B }\n@cached\npub fn go(x: f64) -> R { R::B }\npub fn fit(x: f64) -> f64 { go(x) as i32 as f64 }\n",
            "go::uncached(x) as i32 as f64",
            "go::stats()"
        ),
        &[("{ A, B }", "{ B, A }")],
    ),
    counts(
        "an alias of a type that the call chooses",
        calls!(
            "pub trait T { fn v(&self) -> f64; }\n#[derive(serde::Serialize)] #[serde(transparent)] pub struct A(f64); #[derive(serde::Serialize)] #[serde(transparent)] pub struct B(f64);\nimpl T for A { fn v(&self) -> f64 { self.0 } } impl T for B { fn v(&self) -> f64 { self.0 * 2.0 } }\n@cached\npub fn go(t: impl T + serde::Serialize) -> f64 { t.v() }\ntype Z = A;\npub fn fit(x: f64) -> f64 { go(Z::from(x)) }\nimpl From<f64> for A { fn from(x: f64) -> A { A(x) } } impl From<f64> for B { fn from(x: f64) -> B { B(x) } }\n",
            "go::uncached(Z::from(x))",
            "go::stats()"
        ),
        &[("type Z = A", "type Z = B")],
    ),
    counts(
        "a method of one of two types of one name that calls choose",
        calls!(
            "pub trait T { fn v(&self) -> f64; }\n@cached\npub fn go(t: impl T + serde::Serialize) -> f64 { t.v() }\npub fn fit(x: f64) -> f64 { let a = { #[derive(serde::Serialize)] struct L(f64); impl T for L { fn v(&self) -> f64 { self.0 } } go(L(x)) }; let b = { #[derive(serde::Serialize)] struct L(f64); impl T for L { fn v(&self) -> f64 { self.0 * 10.0 } } go(L(x)) }; a + b }\nconst K: f64 = 10.0;\n",
            "x + x * K",
            "go::stats()"
        ),
        &[("10.0", "20.0")],
    ),
    counts(
        "the default of a field of a type that the call chooses",
        calls!(
            "#[derive(Default)] pub struct D { a: A } pub struct A(f64); impl Default for A { fn default() -> A { A(1.0) } } pub trait G { fn g(&self) -> f64; } impl G for D { fn g(&self) -> f64 { self.a.0 } }\n@cached\npub fn go<T: Default + G>(x: f64) -> f64 { x + T::default().g() }\npub fn fit(x: f64) -> f64 { go::<D>(x) }\n",
            "go::uncached::<D>(x)",
            "go::stats()"
        ),
        &[("A(1.0)", "A(2.0)")],
    ),
    counts(
        "an async helper of an async function",
        calls!(
            "async fn h(x: f64) -> f64 { x + 1.0 }\nfn block<F: Future>(f: F) -> F::Output { let mut f = std::pin::pin!(f); loop { if let std::task::Poll::Ready(v) = f.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) { return v } } }\n@cached\npub async fn go(x: f64) -> f64 { h(x).await }\npub fn fit(x: f64) -> f64 { block(go(x)) }\n",
            "block(go::uncached(x))",
            "go::stats()"
        ),
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the pattern of an argument",
        calls!(
            "@cached\npub fn go((a, b): (f64, f64)) -> f64 { a - b }\npub fn fit(x: f64) -> f64 { go((x, 1.0)) }\n",
            "go::uncached((x, 1.0))",
            "go::stats()"
        ),
        &[("(a, b):", "(b, a):")],
    ),
];
