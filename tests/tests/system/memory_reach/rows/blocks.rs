//! Items in blocks, wherever a block may stand, and in the files that are included there.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "an implementation in a file that is included in a function that nobody calls",
        "struct S; trait T { fn v(&self) -> f64; }\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }\nfn never() { include!(\"b.in\"); }\n//- b.in\n{ impl T for S { fn v(&self) -> f64 { 1.0 } } }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in a file that a macro includes in a function that nobody calls",
        "struct S; trait T { fn v(&self) -> f64; }\nmacro_rules! load { ($t:expr) => { include!($t) } }\nfn never() { load!(\"b.in\"); }\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }\n//- b.in\n{ impl T for S { fn v(&self) -> f64 { 1.0 } } }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a function in a block that is included, beside another of its name",
        "fn h() -> f64 { 7.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + h() + include!(\"b.in\") }\n//- b.in\n{ fn h() -> f64 { k() } fn k() -> f64 { 1.0 } h() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the length of an array in a type",
        "struct S; trait T { fn v(&self) -> f64; }\nstruct A([u8; { impl T for S { fn v(&self) -> f64 { 1.0 } } 3 }]);\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an operator in the length of an array in a type",
        "struct S; struct A([u8; { impl std::ops::Neg for S { type Output = f64; fn neg(self) -> f64 { 1.0 } } 3 }]);\n@cached\npub fn fit(x: f64) -> f64 { x + -S }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in a generic argument of an alias",
        "struct S; trait T { fn v(&self) -> f64; } struct K<const N: usize>;\ntype A = K<{ impl T for S { fn v(&self) -> f64 { 1.0 } } 3 }>;\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the default of a generic parameter",
        "struct S; trait T { fn v(&self) -> f64; } struct K<const N: usize = { impl T for S { fn v(&self) -> f64 { 1.0 } } 3 }>;\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation behind a variant",
        "struct S; trait T { fn v(&self) -> f64; } enum E { A = { impl T for S { fn v(&self) -> f64 { 1.0 } } 3 } }\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the signature of a function that nobody calls",
        "struct S; trait T { fn v(&self) -> f64; } fn z(_: [u8; { impl T for S { fn v(&self) -> f64 { 1.0 } } 3 }]) {}\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the head of another",
        "struct S; trait T { fn v(&self) -> f64; } struct K<const N: usize>; impl K<{ impl T for S { fn v(&self) -> f64 { 1.0 } } 3 }> {}\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation in the bounds of a type",
        "struct S; struct P where [u8; { impl S { fn v(&self) -> f64 { 1.0 } } 3 }]: Sized;\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "an implementation that a macro makes in an expression of a function that nobody calls",
        "struct S; trait T { fn v(&self) -> f64; }\nmacro_rules! im { ($t:ty, $e:expr) => { { impl T for $t { fn v(&self) -> f64 { $e } } 5 } } }\nfn never() { let x = im!(S, 1.0); }\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("S, 1.0", "S, 2.0")],
    ),
    counts(
        "an implementation that a macro makes in the place of a type",
        "struct S; trait T { fn v(&self) -> f64; }\nmacro_rules! im { ($t:ty, $e:expr) => { [u8; { impl T for $t { fn v(&self) -> f64 { $e } } 5 }] } }\nstruct Q(im!(S, 1.0));\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("S, 1.0", "S, 2.0")],
    ),
    does_not(
        "another function in a block that is included",
        "struct S; trait T { fn v(&self) -> f64; }\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }\nfn never() { include!(\"b.in\"); }\n//- b.in\n{ impl T for S { fn v(&self) -> f64 { 1.0 } } fn unused() -> f64 { 1.5 } }",
        &[("1.5", "2.5")],
    ),
    does_not(
        "a block in a type that is not reached",
        "struct A([u8; { const fn q() -> usize { 1 } 2 }]);\n@cached\npub fn fit(x: f64) -> f64 { x }",
        &[("{ 1 }", "{ 3 }")],
    ),
    does_not(
        "the documentation of a function whose attribute is named by a path",
        "/// one\n#[joblib_macros::cached(crate = joblib_memory)]\npub fn fit(x: f64) -> f64 { x+1.0 }",
        &[("/// one", "/// two"), ("x+1.0", "x + 1.0")],
    ),
    does_not(
        "the layout of a type that is stored",
        "#[derive(serde::Serialize)] struct A { a: f64, b: f64 }\n@cached\npub fn fit(x: f64) -> f64 { x + A { a: 1.0, b: 2.0 }.a }",
        &[("{ a: f64, b: f64 }", "{\n a: f64,\n b: f64,\n}")],
    ),
    does_not(
        "the layout of what macros of the standard library and of the package are given",
        "macro_rules! same_as { ($a:expr) => { $a } }\n@cached\npub fn fit(x: f64) -> f64 { assert!(x>0.0); assert_eq!(x,x); x + same_as!(1.0+2.0) }",
        &[("x,x", "x, x"), ("x>0", "x > 0"), ("1.0+2.0", "1.0 + 2.0")],
    ),
];
