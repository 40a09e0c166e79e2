//! Where names come from: imports, files, attributes of modules, declarations.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "a helper behind two re-exports and two globs",
        "mod prelude { pub use super::a::*; }\nmod a { pub use super::b::inner::*; }\nmod b { pub mod inner { pub fn h(x: f64) -> f64 { x + 1.0 } } }\nuse prelude::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an extension trait that a glob of a glob brings",
        "mod ext { pub trait Ext { fn up(&self) -> f64; }\nimpl Ext for f64 { fn up(&self) -> f64 { self + 1.0 } } }\nmod inner { pub use super::ext::Ext as _; }\nmod prelude { pub use super::inner::*; }\nuse prelude::*;\n@cached\npub fn fit(x: f64) -> f64 { x.up() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that a glob brings from a module of its name",
        "mod h { pub fn h(x: f64) -> f64 { x + 1.0 } }\nuse h::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that a module re-exports from one of its name",
        "mod a { mod h { pub fn h(x: f64) -> f64 { x + 1.0 } }\npub use self::h::*; }\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a local function that takes the place of an imported one",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("use a::*;", "use a::*;\nfn h(x: f64) -> f64 { x + 5.0 }")],
    ),
    counts(
        "a function that takes the place of one of the standard library",
        "mod a { pub fn max(x: f64, y: f64) -> f64 { x + y } }\nuse std::primitive::f64 as n;\nfn max(x: f64, y: f64) -> f64 { n::max(x, y) }\n@cached\npub fn fit(x: f64) -> f64 { max(x, 1.0) }",
        &[("fn max(x: f64, y: f64) -> f64 { n::max(x, y) }", "use a::max;")],
    ),
    counts(
        "a module that is called like one of the standard library",
        "mod mem { pub fn id(x: f64) -> f64 { x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { mem::id(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "which of two conditional imports is compiled",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmod b { pub fn h(x: f64) -> f64 { x + 2.0 } }\n#[cfg(all())]\nuse a::h;\n#[cfg(not(all()))]\nuse b::h;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("cfg(all())", "cfg(any())"), ("cfg(not(all()))", "cfg(not(any()))")],
    ),
    counts(
        "what is imported where the local function is not compiled",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nuse a::*;\n#[cfg(any())]\nfn h(x: f64) -> f64 { x }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the outer function where the one in the block is not compiled",
        "fn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { #[cfg(any())] fn h(x: f64) -> f64 { x } h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the file of a module by a condition",
        "#[cfg_attr(all(), path = \"one.rs\")]\nmod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- one.rs\npub fn h(x: f64) -> f64 { x + 1.0 }\n//- a.rs\npub fn h(x: f64) -> f64 { x + 2.0 }",
        &[("cfg_attr(all()", "cfg_attr(any()")],
    ),
    counts(
        "the usual file of a module, where another one is for another condition",
        "#[cfg_attr(any(), path = \"one.rs\")]\nmod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- one.rs\npub fn h(x: f64) -> f64 { x }\n//- a.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a file whose path is said in a module between braces",
        "mod inner { #[path = \"other.rs\"] pub mod a; }\n@cached\npub fn fit(x: f64) -> f64 { inner::a::h(x) }\n//- inner/other.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module in a folder with `mod.rs`, and one beside it",
        "mod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- a/mod.rs\nmod b;\npub fn h(x: f64) -> f64 { b::k(x) }\n//- a/b.rs\nmod c;\npub fn k(x: f64) -> f64 { c::k(x) }\n//- a/b/c.rs\npub fn k(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module in an included file",
        "include!(\"parts/more.rs\");\n@cached\npub fn fit(x: f64) -> f64 { deep::h(x) }\n//- parts/more.rs\nmod deep { pub fn h(x: f64) -> f64 { x + 1.0 } }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that is called through its symbol",
        "mod a { #[unsafe(no_mangle)] pub extern \"C\" fn joblib_reach_symbol(x: f64) -> f64 { x + 1.0 } }\nunsafe extern \"C\" { safe fn joblib_reach_symbol(x: f64) -> f64; }\n@cached\npub fn fit(x: f64) -> f64 { joblib_reach_symbol(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a pointer to a function in a static",
        "static F: fn(f64) -> f64 = a::h;\nmod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { F(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a closure in a constant",
        "const F: fn(f64) -> f64 = |x| h(x);\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { F(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a function in a field",
        "struct S { f: fn(f64) -> f64 }\nfn h(x: f64) -> f64 { x + 1.0 }\nfn make() -> S { S { f: h } }\n@cached\npub fn fit(x: f64) -> f64 { (make().f)(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a helper with a raw name",
        "fn r#match(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { r#match(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a constant in a function's block",
        "fn h(x: f64) -> f64 { const A: f64 = 1.0; x + A }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("= 1.0", "= 2.0")],
    ),
    counts(
        "an implementation in a constant's block",
        "struct S(f64);\nconst _: () = { impl std::ops::Not for S { type Output = f64; fn not(self) -> f64 { self.0 + 1.0 } } };\n@cached\npub fn fit(x: f64) -> f64 { !S(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an implementation in a function that nobody calls",
        "struct S(f64);\npub fn unrelated() { impl S { pub fn m(&self) -> f64 { self.0 + 1.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the path of a type that code asks for",
        "mod a { pub struct S; }\nmod b { pub struct S; }\nuse a::S;\n@cached\npub fn fit(x: f64) -> f64 { x + std::any::type_name::<S>().len() as f64 }",
        &[("mod a {", "mod longer {"), ("use a::S", "use longer::S")],
    ),
    counts(
        "an async helper",
        "async fn h(x: f64) -> f64 { x + 1.0 }\nfn block<F: Future>(f: F) -> F::Output { let mut f = std::pin::pin!(f); match f.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) { std::task::Poll::Ready(v) => v, _ => panic!() } }\n@cached\npub fn fit(x: f64) -> f64 { block(async { h(x).await }) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "an import that is not used",
        "use std::collections::HashMap;\n@cached\npub fn fit(x: f64) -> f64 { x }",
        &[("HashMap;", "HashMap;\nuse std::collections::BTreeMap;")],
    ),
    does_not(
        "another function of the module that is imported whole",
        "mod a { pub fn h(x: f64) -> f64 { x }\npub fn k(x: f64) -> f64 { x + 1.0 } }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "a function that becomes a module's of its own",
        "use a::h;\nmod a { pub fn h(x: f64) -> f64 { x } }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[(
            "mod a { pub fn h(x: f64) -> f64 { x } }",
            "mod a { pub use self::b::h; mod b { pub fn h(x: f64) -> f64 { x } } }",
        )],
    ),
];
