//! What macros make where they are called, and what they see of their tokens.

use super::{Row, counts};

pub(super) const ROWS: &[Row] = &[
    counts(
        "a file beside the call of a macro in another folder",
        "#[macro_use] mod a;\nmod sub;\n@cached\npub fn fit(x: f64) -> f64 { x + sub::deep::h() }\n//- a.rs\nmacro_rules! load_text { () => { include_str!(\"data.txt\") } }\n//- sub.rs\npub mod deep;\n//- sub/deep.rs\npub fn h() -> f64 { load_text!().len() as f64 }\n//- sub/data.txt\nabc",
        &[("abc", "abcd")],
    ),
    counts(
        "a function in an expression beside the call of a macro in another folder",
        "#[macro_use] mod a;\nmod sub;\n@cached\npub fn fit(x: f64) -> f64 { x + sub::deep::h() }\n//- a.rs\nmacro_rules! load_code { () => { include!(\"expr.in\") } }\n//- sub.rs\npub mod deep;\n//- sub/deep.rs\nfn k() -> f64 { 1.0 }\npub fn h() -> f64 { load_code!() }\n//- sub/expr.in\nk() * 3.0",
        &[("{ 1.0 }", "{ 5.0 }")],
    ),
    counts(
        "the line of a caller, by a type in brackets",
        "fn h() -> f64 { <std::panic::Location>::caller().line() as f64 }\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("fn h()", "\n\nfn h()")],
    ),
    counts(
        "the line by a macro that a macro is given",
        "macro_rules! call { ($m:ident) => { $m!() } }\nfn h() -> f64 { f64::from(call!(line)) }\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("fn h()", "\n\nfn h()")],
    ),
    counts(
        "a constant in a format string with an escape",
        "const K: f64 = 1.0;\n@cached\npub fn fit(x: f64) -> f64 { x + format!(\"{\\u{4b}}\").parse::<f64>().unwrap() }",
        &[("= 1.0", "= 2.0")],
    ),
    counts(
        "a method that a macro makes in a trait",
        "macro_rules! m { ($v:expr) => { fn v(&self) -> f64 { $v } } } trait T { m!(1.0); } impl T for f64 {}\n@cached\npub fn fit(x: f64) -> f64 { x + x.v() }",
        &[("m!(1.0)", "m!(2.0)")],
    ),
    counts(
        "a method of a type that a macro names",
        "struct S(f64); macro_rules! t { () => { S } } impl t!() { fn v(&self) -> f64 { self.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).v() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "an operator of a type that a macro names",
        "struct S(f64); macro_rules! t { () => { S } } impl std::ops::Neg for t!() { type Output = f64; fn neg(self) -> f64 { self.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { -S(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a file of documentation that a macro is given",
        "macro_rules! m { (#[doc = $d:expr] $n:ident) => { const $n: &str = $d; } } m!{ #[doc = include_str!(\"d.md\")] D }\n@cached\npub fn fit(x: f64) -> f64 { x + D.len() as f64 }\n//- d.md\nabc",
        &[("abc", "abcd")],
    ),
    counts(
        "the spaces in a text of tokens",
        "@cached\npub fn fit(x: f64) -> f64 { x + h() }\nfn h() -> f64 { stringify!(a+b).len() as f64 }",
        &[("a+b", "a + b")],
    ),
    counts(
        "an implementation that a macro makes in a nameless constant",
        "struct S; trait T { fn v(&self) -> f64; } macro_rules! im { ($t:ty, $e:expr) => { impl T for $t { fn v(&self) -> f64 { $e } } } }\nconst _: () = { im!(S, 1.0); };\n@cached\npub fn fit(x: f64) -> f64 { x + S.v() }",
        &[("S, 1.0", "S, 2.0")],
    ),
    counts(
        "an operator that a macro makes in a nameless constant",
        "struct S(f64); macro_rules! im { ($t:ty, $e:expr) => { impl std::ops::Neg for $t { type Output = f64; fn neg(self) -> f64 { self.0 + $e } } } }\nconst _: () = { im!(S, 1.0); };\n@cached\npub fn fit(x: f64) -> f64 { -S(x) }",
        &[("S, 1.0", "S, 2.0")],
    ),
    counts(
        "a method that a macro makes in a function that nobody calls",
        "struct S(f64); macro_rules! im { ($t:ty, $e:expr) => { impl $t { fn v(&self) -> f64 { self.0 + $e } } } }\nfn never() { im! { S, 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).v() }",
        &[("S, 1.0", "S, 2.0")],
    ),
    counts(
        "a method that a macro makes by itself in a function that nobody calls",
        "struct S(f64); macro_rules! im { ($e:expr) => { impl S { fn v(&self) -> f64 { self.0 + $e } } } }\nfn never() { im!(1.0); }\n@cached\npub fn fit(x: f64) -> f64 { S(x).v() }",
        &[("im!(1.0)", "im!(2.0)")],
    ),
    counts(
        "a macro of another module whose path a macro is given",
        "mod m { macro_rules! mk { ($b:expr) => { $b + 1.0 } } pub(crate) use mk; } macro_rules! with { ($cb:path) => { { use $cb as q; q!(1.0) } } }\nmacro_rules! w2 { ($($cb:tt)*) => { $($cb)*!(1.0) } }\n@cached\npub fn fit(x: f64) -> f64 { x + w2!(m::mk) }",
        &[("$b + 1.0", "$b + 2.0")],
    ),
    counts(
        "braces that decide where a value ends",
        "use std::cell::Cell;\nstruct G<'a>(&'a Cell<f64>); impl Drop for G<'_> { fn drop(&mut self) { self.0.set(5.0) } } impl G<'_> { fn v(&self) -> f64 { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { let c = Cell::new(0.0); let y = (match 1 { _ => { G(&c).v() } }) + c.get(); x + y }",
        &[("{ G(&c).v() }", "G(&c).v()")],
    ),
];
