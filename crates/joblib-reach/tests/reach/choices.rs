//! Types that the caller of a function chooses, and paths whose meaning the edition decides.

use super::package::{Package, check};

const MAIN: &str = "src/main.rs";

#[test]
fn implementations_of_a_bound_count_however_it_is_written() {
    for bound in [
        "fn fit<T>(t: T) -> u8 where T: for<'a> Neg<Output = u8>",
        "fn fit<T: (Neg<Output = u8>)>(t: T) -> u8",
        "fn fit<T: ?Sized + Neg<Output = u8>>(t: T) -> u8",
        "fn fit(t: impl Copy + Neg<Output = u8>) -> u8",
    ] {
        let package = Package::one(&format!(
            "use std::ops::Neg;\nstruct S;\nimpl Neg for S {{ type Output = u8; fn neg(self) -> u8 {{ 1 }} }}\n\
             struct M;\nmacro_rules! negate {{ ($t:ty, $e:expr) => {{ impl Neg for $t {{ fn neg(self) -> u8 {{ $e }} }} }} }}\n\
             negate!(M, 11);\n#[cached]\n{bound} {{ -t }}\n"
        ));
        check(&package, MAIN, &[("{ 1 }", "{ 2 }"), ("11", "12")], &[]);
    }
}

#[test]
fn types_that_derive_a_bound_count_where_the_caller_chooses_and_only_there() {
    let types = "#[derive(Debug, Clone)]\nstruct S { a: u8 }\n#[derive(Clone)]\nstruct O { b: u8 }\n";
    for chosen in [
        "#[cached]\nfn fit<T: std::fmt::Debug + Clone>(t: T) -> String { format!(\"{t:?}\") }\n",
        "#[cached]\nfn fit(t: &dyn std::fmt::Debug) -> String { format!(\"{t:?}\") }\n",
        "struct W<T>(T);\nimpl<T: std::fmt::Debug> W<T> {\n#[cached]\nfn fit(t: T) -> String { format!(\"{t:?}\") } }\n",
        "trait L: std::fmt::Debug {}\n#[cached]\nfn fit<T: L>(t: T) -> String { format!(\"{t:?}\") }\n",
        "trait L { fn l(&self) -> String; }\n\
         impl<T: std::fmt::Debug> L for T { fn l(&self) -> String { format!(\"{self:?}\") } }\n\
         #[cached]\nfn fit<T: L>(t: T) -> String { t.l() }\n",
    ] {
        let package = Package::one(&format!("{types}{chosen}"));
        check(&package, MAIN, &[("a: u8", "c: u8")], &[("b: u8", "c: u8")]);
    }
    let package = Package::one(&format!(
        "{types}fn shown<T: std::fmt::Debug>(t: T) -> String {{ format!(\"{{t:?}}\") }}\n\
         #[cached]\nfn fit(t: u8) -> String {{ shown(t) }}\n"
    ));
    check(&package, MAIN, &[("shown<T", "shown<U, T")], &[("a: u8", "c: u8"), ("b: u8", "c: u8")]);
}

#[test]
fn what_a_chosen_type_is_read_from_counts() {
    let package = Package::one(
        "#[derive(Serialize, Deserialize)]\nstruct S { #[serde(default = \"one\")] a: u8 }\nfn one() -> u8 { 1 }\n\
         #[cached]\nfn fit<T: Serialize + DeserializeOwned>(text: &str) -> T { from_str(text) }\n",
    );
    check(&package, MAIN, &[("{ 1 }", "{ 2 }"), ("a: u8", "b: u8")], &[]);
}

#[test]
fn paths_begin_at_the_root_in_the_first_edition() {
    for (edition, path, counts) in [
        ("2015", "use a::h;\npub fn k() -> u8 { h() }", true),
        ("2015", "pub fn k() -> u8 { ::a::h() }", true),
        ("2015", "use a::*;\npub fn k() -> u8 { h() }", true),
        ("2015", "mod a { pub fn h() -> u8 { 5 } }\nuse a::h;\npub fn k() -> u8 { h() }", true),
        ("2024", "mod a { pub fn h() -> u8 { 5 } }\nuse a::h;\npub fn k() -> u8 { h() }", false),
    ] {
        let package = Package::new(&[
            ("Cargo.toml", &format!("[package]\nname = \"study\"\nedition = \"{edition}\"\n")),
            (
                MAIN,
                &format!(
                    "mod a {{ pub fn h() -> u8 {{ 1 }} }}\nmod b {{ {path} }}\n#[cached]\nfn fit() -> u8 {{ b::k() }}\n"
                ),
            ),
        ]);
        let edit = [("{ 1 }", "{ 2 }")];
        let (counting, others) = if counts { (&edit[..], &[][..]) } else { (&[][..], &edit[..]) };
        check(&package, MAIN, counting, others);
    }
}

#[test]
fn what_a_symbol_stands_for_counts_wherever_it_is_defined() {
    let declared = "unsafe extern \"C\" { fn k() -> u8; }\n#[cached]\nfn fit() -> u8 { unsafe { k() } }\n";
    for defined in [
        "#[unsafe(no_mangle)]\nextern \"C\" fn k() -> u8 { 11 }",
        "#[unsafe(export_name = concat!(\"\", \"k\"))]\nextern \"C\" fn l() -> u8 { 11 }",
        "std::arch::global_asm!(\"k:\", \"mov eax, 11\", \"ret\");",
        "macro_rules! export { ($n:ident, $v:expr) => { #[no_mangle] extern \"C\" fn $n() -> u8 { $v } } }\nexport!(k, 11);",
    ] {
        let package = Package::one(&format!("mod m {{ {defined} }}\n{declared}"));
        check(&package, MAIN, &[("11", "12")], &[]);
    }
}

#[test]
fn a_format_string_names_what_it_shows() {
    for defined in [
        "#[derive(X)]\nstruct K;\nimpl Display for K { fn fmt() { f.write_str(\"11\") } }",
        "const K: u8 = 11;",
        "macro_rules! make { ($n:ident = $v:expr) => { const $n: u8 = $v; } }\nmake!(K = 11);",
        "macro_rules! make { () => { const K: u8 = 11; } }\nmake!();",
        "paste::paste! { const [<K>]: u8 = 11; }",
    ] {
        let package = Package::one(&format!(
            "{defined}\n#[cached]\nfn fit(x: u8) -> String {{ format!(\"{{K}} {{x}}\") }}\n"
        ));
        check(&package, MAIN, &[("11", "12")], &[]);
    }
}

#[test]
fn a_name_that_can_be_written_in_two_ways_is_told() {
    let package = Package::one("fn e\u{301}() -> u8 { 1 }\n#[cached]\nfn fit() -> u8 { \u{e9}() }\n");
    let error = package.read().expect_err("the name is not followed");
    assert!(error.to_string().contains("a combining mark"), "{error}");
    // Marks of other scripts are letters.
    let package = Package::one("fn na\u{94d}k() -> u8 { 1 }\n#[cached]\nfn fit() -> u8 { na\u{94d}k() }\n");
    check(&package, MAIN, &[("{ 1 }", "{ 2 }")], &[]);
}

#[test]
fn a_method_that_a_macro_made_reaches_what_its_type_has() {
    let made = "#[cached]\npub fn fit(&self) -> u8 { BODY }\n";
    let types = "struct I;\nimpl I { fn h(&self) -> u8 { 11 } }\nstruct S(I);\n\
                 impl S { fn h(&self) -> u8 { 21 } fn k() -> u8 { 31 } const K: u8 = 41; }\n";
    for call in [
        "macro_rules! make { ($t:ident) => { impl $t { MADE } } }\nmake!(S);\n",
        "macro_rules! make { () => { impl S { MADE } } }\nmake!();\n",
        "macro_rules! make { () => { MADE } }\nimpl S { make!(); }\n",
        "macro_rules! pass { ($($t:tt)*) => { $($t)* } }\npass! { impl S { MADE } }\n",
    ] {
        let bodies = [
            ("self.h()", "21"),
            ("self.0.h()", "11"),
            ("Self::k()", "31"),
            ("Self::K", "41"),
            ("<Self>::k()", "31"),
        ];
        for (body, edited) in bodies {
            let text = format!("{}{types}", call.replace("MADE", made).replace("BODY", body));
            check(&Package::one(&text), MAIN, &[(edited, "99")], &[]);
        }
    }
}

#[test]
fn a_parameter_is_no_function_of_its_name() {
    let rows = "pub fn rows() -> u8 { 1 }\nmod m { pub use super::rows; }\n";
    for fit in [
        "fn fit(rows: &[u8]) -> usize { rows.len() }",
        "fn fit(a: u8, mut rows: u8) -> u8 { rows += a; println!(\"{}\", rows); rows }",
        "fn fit<T: Into<u8>>(rows: T) -> u8 { rows.into() }",
        "fn fit(#[cached(ignore)] rows: fn() -> u8) -> u8 { rows() }",
    ] {
        let package = Package::one(&format!("{rows}#[cached]\n{fit}\n"));
        check(&package, MAIN, &[], &[("{ 1 }", "{ 2 }")]);
    }
    for fit in [
        // A pattern may hold a constant, an item in the body hides the parameter, and a macro takes names for what it likes.
        "fn fit(a: u8) -> u8 { let rows = rows(); rows + a }",
        "fn fit(rows: u8) -> u8 { fn inner() -> u8 { rows() } inner() + rows }",
        "fn fit(rows: u8) -> u8 { fn inner() -> u8 { crate::rows() } inner() + rows }",
        "fn fit(rows: u8) -> u8 { crate::rows() + rows }",
        "fn fit(rows: u8) -> u8 { use m::rows; rows() }",
        "fn fit(rows: u8) -> u8 { elsewhere::call!(rows) }",
        "fn fit(rows: u8) -> u8 { #[elsewhere::with(rows)] let a = 1; a }",
        "#[elsewhere::with]\nfn fit(rows: u8) -> u8 { rows }",
        "#[cfg_attr(all(), elsewhere::with)]\nfn fit(rows: u8) -> u8 { rows }",
        "fn fit(#[cfg(unix)] rows: fn() -> u8) -> u8 { rows() }",
        "fn fit(a: impl Tab<u8, rows: Clone>) -> u8 { rows() }",
        "fn fit(rows: [u8; rows() as usize]) -> usize { rows.len() }",
        "fn fit<T>(rows: T) -> [T; rows() as usize] { [rows; 1] }",
    ] {
        let package = Package::one(&format!("{rows}#[cached]\n{fit}\n"));
        check(&package, MAIN, &[("{ 1 }", "{ 2 }")], &[]);
    }
    let around = format!(
        "{rows}#[elsewhere::with]\nmod f {{ use super::rows;\n#[cached]\nfn fit(rows: u8) -> u8 {{ rows }} }}\n"
    );
    check(&Package::one(&around), MAIN, &[("{ 1 }", "{ 2 }")], &[]);
}

#[test]
fn how_a_chosen_type_is_written_for_people_counts_where_it_differs() {
    let package = Package::one(
        "struct S;\nimpl Serialize for S { fn serialize<W: Serializer>(&self, w: W) { \
         if w.is_human_readable() { w.serialize_u8(1) } } }\nstruct O;\n\
         impl Serialize for O { fn serialize<W: Serializer>(&self, w: W) { w.serialize_u8(2) } }\n\
         #[cached]\nfn fit<T: Serialize>(t: &T) -> String { to_text(t) }\n",
    );
    check(&package, MAIN, &[("u8(1)", "u8(3)")], &[("u8(2)", "u8(3)")]);
}
