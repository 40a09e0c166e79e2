//! Crates at hand: how they are named and called, and what their procedural macros write.

use super::package::Package;

const MAIN: &str = "src/main.rs";
const WRITER: &str = "writer/src/lib.rs";

fn counts(package: &Package, file: &'static str, from: &str, to: &str) -> bool {
    package.digest() != package.with(file, from, to).digest()
}

/// A package with a crate at hand, whose manifest's other lines are `kind`.
fn with_crate(name: &str, kind: &str, code: &str, main: &str) -> Package {
    Package::new(&[
        (
            "Cargo.toml",
            &format!("[package]\nname = \"study\"\n[dependencies]\n{name} = {{ path = \"writer\" }}\n"),
        ),
        ("writer/Cargo.toml", &format!("[package]\nname = \"{name}\"\n{kind}")),
        (WRITER, code),
        (MAIN, main),
    ])
}

/// A package with a procedural macro at hand, of the crate `writer`.
fn with_macro(code: &str, main: &str) -> Package {
    with_crate("writer", "[lib]\nproc-macro = true\n", code, main)
}

#[test]
fn only_the_crates_of_this_repository_never_count_whatever_they_are_called() {
    for name in ["joblib_helpers", "joblib-study", "joblibs"] {
        let main = format!("#[cached]\nfn fit() -> u8 {{ {}::h() }}\n", name.replace('-', "_"));
        let package = with_crate(name, "", "pub fn h() -> u8 { 1 }\n", &main);
        assert!(counts(&package, WRITER, "{ 1 }", "{ 2 }"), "{name}");
    }
    let renamed = Package::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"study\"\n[dependencies]\njl = { package = \"joblib\", path = \"joblib\" }\n",
        ),
        ("joblib/Cargo.toml", "[package]\nname = \"joblib\"\n"),
        ("joblib/src/lib.rs", "pub fn h() -> u8 { 1 }\n"),
        (MAIN, "#[cached]\nfn fit() -> u8 { jl::h() }\n"),
    ]);
    assert!(!counts(&renamed, "joblib/src/lib.rs", "{ 1 }", "{ 2 }"));
}

#[test]
fn a_crate_is_found_by_the_names_that_the_root_gives_it() {
    for main in [
        "extern crate writer as w;\nmod m { pub fn k() -> u8 { w::h() } }\n#[cached]\nfn fit() -> u8 { m::k() }\n",
        "extern crate writer as w;\n#[cached]\nfn fit() -> u8 { ::w::h() }\n",
        "extern crate self as own;\nmod m { pub use writer::h; }\n#[cached]\nfn fit() -> u8 { ::own::m::h() }\n",
    ] {
        let package = with_crate("writer", "edition = \"2024\"\n", "pub fn h() -> u8 { 1 }\n", main);
        assert!(counts(&package, WRITER, "{ 1 }", "{ 2 }"), "{main}");
    }
}

#[test]
fn macros_that_are_brought_everywhere_count_beside_other_items_of_their_names() {
    let package = with_crate(
        "writer",
        "",
        "#[macro_export]\nmacro_rules! check { ($x:expr) => { $x + 1 } }\n",
        "#[macro_use] extern crate writer;\nfn check(x: u8) -> u8 { x }\n#[cached]\nfn fit() -> u8 { check!(check(3)) }\n",
    );
    assert!(counts(&package, WRITER, "+ 1", "+ 2"));
    let package = with_macro(
        "#[proc_macro_derive(Describe)]\npub fn describe(t: TokenStream) -> TokenStream { written(1) }\n",
        "#[macro_use] extern crate writer;\ntrait Describe { fn d(&self) -> u8; }\n#[derive(Describe)]\nstruct S;\n\
         #[cached]\nfn fit() -> u8 { S.d() }\n",
    );
    assert!(counts(&package, WRITER, "(1)", "(2)"));
    let package = with_macro(
        "#[proc_macro]\npub fn rows(t: TokenStream) -> TokenStream { t }\n",
        "use writer::rows;\nmod m { pub fn rows() -> u8 { 1 } }\nuse m::*;\n#[cached]\nfn fit() -> u8 { rows!(3) + rows() }\n",
    );
    assert!(counts(&package, MAIN, "{ 1 }", "{ 2 }"));
}

#[test]
fn names_that_a_procedural_macro_puts_together_count() {
    for (code, main) in [
        ("let f = format_ident!(\"default_{}\", field(t)); quote!(#f())", "fn default_rate() -> u8 { 1 }"),
        ("format!(\"default_{}()\", t).parse()", "fn default_rate() -> u8 { 1 }"),
        (
            "let f = t.to_string() + \"_default\"; let f = Ident::new(&f, Span::call_site()); quote!(#f())",
            "fn rate_default() -> u8 { 1 }",
        ),
    ] {
        let code = format!("#[proc_macro]\npub fn made(t: TokenStream) -> TokenStream {{ {code} }}\n");
        let main = format!(
            "{main}\nfn other() -> u8 {{ 3 }}\n#[cached]\nfn fit() -> u8 {{ writer::made!(rate) }}\n"
        );
        let package = with_macro(&code, &main);
        assert!(counts(&package, MAIN, "{ 1 }", "{ 2 }"), "{code}");
        assert!(!counts(&package, MAIN, "{ 3 }", "{ 4 }"), "{code}");
    }
}

#[test]
fn variables_and_folders_that_a_procedural_macro_reads_count() {
    let package = with_macro(
        "#[proc_macro]\npub fn made(_: TokenStream) -> TokenStream { var(\"STUDY_MODE\") }\n",
        "#[cached]\nfn fit() -> u8 { writer::made!() }\n",
    );
    assert_eq!(package.code().variables, ["STUDY_MODE"]);
    let mut package = with_macro(
        "#[proc_macro]\npub fn made(_: TokenStream) -> TokenStream { read_dir(format!(\"{d}/migrations\")) }\n",
        "#[cached]\nfn fit() -> u8 { writer::made!() }\n",
    );
    package.0.insert("migrations/a.sql", "one".to_owned());
    assert!(counts(&package, "migrations/a.sql", "one", "two"));
}

#[test]
fn what_an_attribute_at_hand_writes_beside_its_item_counts() {
    let attribute = "#[proc_macro_attribute]\npub fn extend(a: TokenStream, t: TokenStream) -> TokenStream { with(t, 1) }\n";
    for main in [
        "struct S;\n#[writer::extend]\nimpl S { fn a(&self) -> u8 { 3 } }\n#[cached]\nfn fit() -> u8 { S.extra() }\n",
        "struct S;\nimpl S {\n#[writer::extend]\nfn a(&self) -> u8 { 3 } }\n#[cached]\nfn fit() -> u8 { S.extra() }\n",
    ] {
        let package = with_macro(attribute, main);
        assert!(counts(&package, WRITER, "(t, 1)", "(t, 2)"), "{main}");
        assert!(counts(&package, MAIN, "{ 3 }", "{ 4 }"), "{main}");
    }
}

#[test]
fn a_value_counts_that_an_attribute_puts_into_another() {
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nlinkme = \"0.3\"\n"),
        (
            MAIN,
            "static ALL: Slice = Slice::new();\nstatic OTHER: Slice = Slice::new();\n\
         mod m {\n#[linkme::element(super::ALL)]\nstatic A: fn() -> u8 = a;\nfn a() -> u8 { 1 }\n\
         #[linkme::element(super::OTHER)]\nstatic B: fn() -> u8 = b;\nfn b() -> u8 { 2 } }\n\
         #[cached]\nfn fit() -> u8 { ALL.iter().map(|f| f()).sum() }\n",
        ),
    ]);
    assert!(counts(&package, MAIN, "{ 1 }", "{ 3 }"));
    assert!(!counts(&package, MAIN, "{ 2 }", "{ 3 }"));
}

#[test]
fn keywords_of_later_editions_are_names_in_the_first() {
    let package = with_crate(
        "writer",
        "edition = \"2015\"\n",
        "fn async(x: u8) -> u8 { x + 1 }\npub fn h() -> u8 { async(1) }\n",
        "#[cached]\nfn fit() -> u8 { writer::h() }\n",
    );
    assert!(counts(&package, WRITER, "x + 1", "x + 2"));
}

#[test]
fn an_attribute_of_a_crate_that_is_called_like_a_lint_counts() {
    let package = with_crate(
        "expect",
        "[lib]\nproc-macro = true\n",
        "#[proc_macro_attribute]\npub fn twice(a: TokenStream, t: TokenStream) -> TokenStream { with(t, 1) }\n",
        "#[expect::twice]\nfn h() -> u8 { 2 }\n#[cached]\nfn fit() -> u8 { h() }\n",
    );
    assert!(counts(&package, WRITER, "(t, 1)", "(t, 2)"));
}

#[test]
fn imports_that_may_be_traits_from_elsewhere_count_for_calls_of_methods() {
    let package = Package::one(
        "use one::Extra;\nuse one::Other;\nfn k(o: Other) {}\n#[cached]\nfn fit(x: u8) -> u8 { x.extra() }\n",
    );
    assert!(counts(&package, MAIN, "one::Extra", "two::Extra"));
    assert!(!counts(&package, MAIN, "one::Other", "two::Other"));
    let package = Package::one("use std::fmt::Debug;\n#[cached]\nfn fit(x: S) -> u8 { x.fmt() }\n");
    assert!(counts(&package, MAIN, "Debug", "Display"));
    let package = Package::one("use std::fmt::Debug;\n#[cached]\nfn fit(x: S) -> u8 { x.extra() }\n");
    assert!(!counts(&package, MAIN, "Debug", "Display"));
}

#[test]
fn conditions_and_variables_in_a_macro_are_those_of_who_calls_it() {
    let code = "#[macro_export]\nmacro_rules! made { () => { (cfg!(fast), env!(\"STUDY_A\")) } }\n\
                #[macro_export]\nmacro_rules! define { ($n:ident) => { #[cfg(fast)] fn $n() -> u8 { 1 } } }\n";
    for main in [
        "#[cached]\nfn fit() -> u8 { writer::made!() }\n",
        "writer::define!(h);\n#[cached]\nfn fit() -> u8 { h() }\n",
    ] {
        assert_eq!(with_crate("writer", "", code, main).code().conditions, ["fast"], "{main}");
    }
    let package = with_macro(
        "#[proc_macro]\npub fn made(_: TokenStream) -> TokenStream { quote!(cfg!(fast)) }\n",
        "#[cached]\nfn fit() -> u8 { writer::made!() }\n",
    );
    assert_eq!(package.code().conditions, ["fast"]);
}

#[test]
fn items_that_a_procedural_macro_writes_name_what_is_in_sight_where_it_is_called() {
    let package = with_macro(
        "#[proc_macro_derive(Made)]\npub fn made(t: TokenStream) -> TokenStream {\n\
         quote!(impl S { pub fn of() -> u8 { secret() } }) }\n",
        "mod m { fn secret() -> u8 { 1 }\n#[derive(writer::Made)]\npub struct S; }\n\
         #[cached]\nfn fit() -> u8 { m::S::of() }\n",
    );
    assert!(counts(&package, MAIN, "{ 1 }", "{ 2 }"));
}

#[test]
fn crates_that_help_a_procedural_macro_write_code_too() {
    for body in [
        "format_ident!(\"default_{}\", t)",
        "quote!(fn z() -> u8 { default_rate() })",
        "quote!(mod z { fn z() -> u8 { super::default_rate() } })",
    ] {
        let mut package = with_macro(
            "#[proc_macro]\npub fn made(t: TokenStream) -> TokenStream { help::first(t) }\n",
            "mod m { fn default_rate() -> u8 { 1 }\npub fn k() -> u8 { writer::made!(rate) } }\n\
             #[cached]\nfn fit() -> u8 { m::k() }\n",
        );
        let manifest = "[package]\nname = \"writer\"\n[lib]\nproc-macro = true\n[dependencies]\n\
                        help = { path = \"../help\" }\n";
        package.0.insert("writer/Cargo.toml", manifest.to_owned());
        package.0.insert("help/Cargo.toml", "[package]\nname = \"help\"\n".to_owned());
        let help = format!("pub fn first(t: T) -> T {{ second(t) }}\nfn second(t: T) -> T {{ {body} }}\n");
        package.0.insert("help/src/lib.rs", help);
        assert!(counts(&package, MAIN, "{ 1 }", "{ 2 }"), "{body}");
    }
}
