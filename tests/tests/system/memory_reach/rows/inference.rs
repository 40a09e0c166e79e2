//! What is nowhere named where it is used: types that are inferred, chosen by the caller or stand in a pointer, macros under
//! another name, symbols.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "a method of a type that only an implementation's head names",
        "#[derive(Default)] struct W<T>(T);\n#[derive(Default)] struct S(f64);\nimpl S { fn m(&self) -> f64 { self.0 + 1.0 } }\nimpl W<S> { fn go(&self) -> f64 { self.0.m() } }\n@cached\npub fn fit(x: f64) -> f64 { x + W(Default::default()).go() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the default of a type that only a trait's implementation names",
        "trait Go { fn go(&self) -> f64; }\nstruct W<T>(T);\nstruct S(f64);\nimpl Default for S { fn default() -> S { S(1.0) } }\nimpl Go for W<S> { fn go(&self) -> f64 { self.0.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + W(Default::default()).go() }",
        &[("S(1.0)", "S(2.0)")],
    ),
    counts(
        "a type behind a constant pointer",
        "#[repr(C)] struct S(u8);\n@cached\npub fn fit(x: f64) -> f64 { let a = [0u64; 9]; let p = a.as_ptr() as *const S; x + size_of_val(unsafe { &*p }) as f64 }",
        &[("struct S(u8)", "struct S(u8, u32)")],
    ),
    counts(
        "a static behind a constant pointer",
        "static A: f64 = 1.0;\n@cached\npub fn fit(x: f64) -> f64 { x + unsafe { *(&raw const A) } }",
        &[("= 1.0", "= 3.0")],
    ),
    counts(
        "a file that is included under another name",
        "use std::include_str as text;\nfn h() -> &'static str { text!(\"data.txt\") }\n@cached\npub fn fit(x: f64) -> f64 { x + h().len() as f64 }\n//- data.txt\nabc",
        &[("abc", "abcd")],
    ),
    counts(
        "how an associated type is displayed",
        "trait T { type O; }\nstruct S; struct A;\nimpl T for S { type O = A; }\nimpl std::fmt::Display for <S as T>::O { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"1.0\") } }\n@cached\npub fn fit(x: f64) -> f64 { x + A.to_string().parse::<f64>().unwrap() }",
        &[("\"1.0\"", "\"2.0\"")],
    ),
    counts(
        "a macro whose name is a keyword elsewhere",
        "macro_rules! union { ($($t:tt)*) => { $($t)* } }\nunion! { fn h() -> f64 { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a call that moves behind a second macro of the name",
        "macro_rules! k { () => { 1.0 } }\nfn h() -> f64 { k!() }\nmacro_rules! k { () => { 3.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[
            ("fn h() -> f64 { k!() }\n", ""),
            (
                "macro_rules! k { () => { 3.0 } }\n",
                "macro_rules! k { () => { 3.0 } }\nfn h() -> f64 { k!() }\n",
            ),
        ],
    ),
    counts(
        "a tuple of one that is public",
        "struct S(pub (u64,));\ntrait W { fn w() -> f64; } impl<A> W for (A,) { fn w() -> f64 { 1.0 } } impl W for u64 { fn w() -> f64 { 2.0 } }\nfn width<T: W>(_: &T) -> f64 { T::w() }\nfn mk() -> S { S(Default::default()) }\n@cached\npub fn fit(x: f64) -> f64 { x + width(&mk().0) }",
        &[("(u64,));", "(u64));")],
    ),
    counts(
        "a struct that a format string displays by its name",
        "struct S;\nimpl std::fmt::Display for S { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"a\") } }\n@cached\npub fn fit(x: f64) -> f64 { x + format!(\"{S}\").len() as f64 }",
        &[("\"a\"", "\"ab\"")],
    ),
    counts(
        "a constant in a format string that a macro defines",
        "macro_rules! mk { ($n:ident = $v:expr) => { const $n: f64 = $v; } }\nmk!(K = 1.0);\n@cached\npub fn fit(x: f64) -> f64 { x + format!(\"{K}\").parse::<f64>().unwrap() }",
        &[("1.0", "2.0")],
    ),
    counts(
        "a constant behind a number with a suffix",
        "const K: usize = 1;\n@cached\npub fn fit(x: f64) -> f64 { x + (8usize-K) as f64 }",
        &[("= 1", "= 2")],
    ),
    counts(
        "a method that a macro by a standard name calls",
        "struct S(f64);\nimpl S { fn p(&self) -> f64 { self.0 + 1.0 } }\nmacro_rules! write { ($s:expr, $m:ident) => { $s.$m() } }\n@cached\npub fn fit(x: f64) -> f64 { write!(S(x), p) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that a macro exports under its symbol",
        "macro_rules! export { ($n:ident, $v:expr) => { #[unsafe(no_mangle)] extern \"C\" fn $n() -> f64 { $v } } }\nexport!(joblib_reach_exported, 1.0);\nmod m { unsafe extern \"C\" { pub fn joblib_reach_exported() -> f64; } }\n@cached\npub fn fit(x: f64) -> f64 { x + unsafe { m::joblib_reach_exported() } }",
        &[(", 1.0", ", 2.0")],
    ),
    counts(
        "a function in assembly",
        "#[cfg(target_arch = \"x86_64\")]\nstd::arch::global_asm!(\".globl joblib_reach_k\", \"joblib_reach_k:\", \"mov eax, 1\", \"ret\");\n#[cfg(target_arch = \"aarch64\")]\nstd::arch::global_asm!(\".globl joblib_reach_k\", \"joblib_reach_k:\", \"mov w0, 1\", \"ret\");\nunsafe extern \"C\" { fn joblib_reach_k() -> i32; }\n@cached\npub fn fit(x: f64) -> f64 { x + unsafe { joblib_reach_k() } as f64 }",
        &[("eax, 1", "eax, 2"), ("w0, 1", "w0, 2")],
    ),
    does_not(
        "how another type is shown, which the caller can't choose",
        "#[derive(Debug)] struct S { a: f64 }\n#[derive(Debug)] struct O { b: f64 }\nfn shown(t: impl std::fmt::Debug) -> f64 { format!(\"{t:?}\").len() as f64 }\n@cached\npub fn fit(x: f64) -> f64 { shown(S { a: x }) }",
        &[("b: f64", "c: f64")],
    ),
    does_not(
        "a file that a macro of a run-time message names",
        "fn told(_: &str) {}\n@cached\npub fn fit(x: f64) -> f64 { told(\"data.txt\"); x }\n//- data.txt\nabc",
        &[("abc", "abcd")],
    ),
];
