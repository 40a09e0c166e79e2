//! Macros that put names together, hide them, or write other items.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "a method whose name a macro is given",
        "struct S(f64);\nimpl S { fn area(&self) -> f64 { self.0 + 1.0 } }\nmacro_rules! call { ($x:expr, $m:ident) => { $x.$m() } }\n@cached\npub fn fit(x: f64) -> f64 { call!(S(x), area) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a constructor of a type that a macro is given",
        "struct S(f64);\nimpl S { fn new(x: f64) -> S { S(x + 1.0) } }\nmacro_rules! make { ($t:ident) => { $t::new(2.0) } }\n@cached\npub fn fit(x: f64) -> f64 { x + make!(S).0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function in a module that a macro is given",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmacro_rules! call { ($m:ident, $x:expr) => { $m::h($x) } }\n@cached\npub fn fit(x: f64) -> f64 { call!(a, x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function whose name goes through two macros",
        "macro_rules! inner { ($f:ident, $x:expr) => { $f($x) } }\nmacro_rules! outer { ($f:ident, $x:expr) => { inner!($f, $x) } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { outer!(h, x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a macro that a macro makes",
        "macro_rules! def { ($n:ident, $v:expr) => { macro_rules! $n { () => { $v } } } }\ndef!(one, 1.0);\n@cached\npub fn fit(x: f64) -> f64 { x + one!() }",
        &[("one, 1.0", "one, 2.0")],
    ),
    counts(
        "a table that a macro makes of functions",
        "macro_rules! table { ($($n:ident),*) => { const TABLE: &[(&str, fn(f64) -> f64)] = &[$((stringify!($n), $n)),*]; } }\ntable!(h, k);\nfn h(x: f64) -> f64 { x + 1.0 }\nfn k(x: f64) -> f64 { x }\n@cached\npub fn fit(x: f64) -> f64 { TABLE.iter().map(|(_, f)| f(x)).sum() }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "an implementation that a macro writes for types that are named in it only",
        "trait T { fn m(&self) -> f64; }\nmacro_rules! all { () => { impl T for f64 { fn m(&self) -> f64 { self + 1.0 } } } }\nall!();\nfn g(x: &dyn T) -> f64 { x.m() }\n@cached\npub fn fit(x: f64) -> f64 { g(&x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an operator that a macro implements for a type",
        "#[derive(Clone, Copy)]\nstruct S(f64);\nmacro_rules! add { ($t:ty, $n:expr) => { impl std::ops::Add for $t { type Output = f64; fn add(self, o: $t) -> f64 { self.0 + o.0 + $n } } } }\nadd!(S, 1.0);\n@cached\npub fn fit(x: f64) -> f64 { S(x) + S(x) }",
        &[("S, 1.0", "S, 2.0")],
    ),
    counts(
        "a type that a macro makes, with its methods",
        "macro_rules! unit { ($n:ident, $f:expr) => { struct $n(f64); impl $n { fn value(&self) -> f64 { self.0 * $f } } } }\nunit!(Feet, 3.0);\n@cached\npub fn fit(x: f64) -> f64 { Feet(x).value() }",
        &[("Feet, 3.0", "Feet, 4.0")],
    ),
    counts(
        "an operator of a type that a macro makes",
        "macro_rules! unit { ($n:ident) => { struct $n(f64); } }\nunit!(Feet);\nimpl std::ops::Neg for Feet { type Output = f64; fn neg(self) -> f64 { self.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { -Feet(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "modules that a macro declares, each in a file",
        "macro_rules! modules { ($($n:ident),*) => { $(mod $n;)* } }\nmodules!(a, b);\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) + b::h(x) }\n//- a.rs\npub fn h(x: f64) -> f64 { x }\n//- b.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module that is written in what a macro is given",
        "macro_rules! keep { ($($t:tt)*) => { $($t)* } }\nkeep! { #[path = \"elsewhere.rs\"] mod a; }\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- elsewhere.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "imports that a macro makes, all of a module's",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmacro_rules! keep { ($($t:tt)*) => { $($t)* } }\nkeep! { use a::*; }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "imports that a macro makes, in a group",
        "mod a { pub mod b { pub fn h(x: f64) -> f64 { x + 1.0 } } }\nmacro_rules! import { () => { use self::a::{b::{h as g}}; } }\nimport!();\n@cached\npub fn fit(x: f64) -> f64 { g(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a trait that a macro imports",
        "mod a { pub trait T { fn m(&self) -> f64; }\nimpl T for f64 { fn m(&self) -> f64 { self + 1.0 } } }\nmacro_rules! import { () => { use self::a::T as _; } }\nimport!();\n@cached\npub fn fit(x: f64) -> f64 { x.m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an import in the arguments of a macro",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmacro_rules! run { ($($t:tt)*) => {{ $($t)* }} }\n@cached\npub fn fit(x: f64) -> f64 { run!(use a::h as g; g(x)) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the order of two macros of one name",
        "macro_rules! m { () => { 1.0 } }\nmacro_rules! m { () => { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + m!() }",
        &[("1.0", "3.0"), ("2.0", "1.0"), ("3.0", "2.0")],
    ),
    counts(
        "an expression in another file",
        "fn h() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + include!(\"expression.txt\") }\n//- expression.txt\nh() * 2.0",
        &[("{ 1.0 }", "{ 3.0 }")],
    ),
    counts(
        "a value per thread",
        "thread_local! { static L: f64 = h(); }\nfn h() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + L.with(|l| *l) }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a macro of another module, by its path",
        "mod a { macro_rules! twice { ($x:expr) => { $x * 2.0 } }\npub(crate) use twice; }\n@cached\npub fn fit(x: f64) -> f64 { a::twice!(x) }",
        &[("* 2.0", "* 3.0")],
    ),
    counts(
        "a macro's repetition",
        "macro_rules! sum { ($($x:expr),*) => { 0.0 $(+ $x)* } }\n@cached\npub fn fit(x: f64) -> f64 { sum!(x, 1.0) }",
        &[("(+ $x)", "(- $x)")],
    ),
    counts(
        "a constant in what a macro is given",
        "macro_rules! id { ($x:expr) => { $x } }\nconst A: f64 = 1.0;\n@cached\npub fn fit(x: f64) -> f64 { id!(x + A) }",
        &[("= 1.0", "= 2.0")],
    ),
    counts(
        "a helper that is called derive",
        "fn derive(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { derive(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "a macro that is not called",
        "macro_rules! m { () => { 1.0 } }\nmacro_rules! other { () => { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + m!() }\npub fn o() -> f64 { other!() }",
        &[("{ 2.0 }", "{ 3.0 }")],
    ),
    does_not(
        "another method than the one that a macro is given",
        "struct S(f64);\nimpl S { fn area(&self) -> f64 { self.0 }\nfn size(&self) -> f64 { 1.0 } }\nmacro_rules! call { ($x:expr, $m:ident) => { $x.$m() } }\n@cached\npub fn fit(x: f64) -> f64 { call!(S(x), area) }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
];
