//! What a function reaches: every edit that can change its result changes the digest, and others don't.

mod choices;
mod elsewhere;
mod package;
mod writers;

use joblib_reach::Index;
use package::{Package, check};

const MAIN: &str = "src/main.rs";

#[test]
fn functions_are_reached_through_any_number_of_calls() {
    let package = Package::one(
        "#[cached]\nfn fit(x: f64) -> f64 { a(x) }\nfn a(x: f64) -> f64 { b(x) + 1.0 }\nfn b(x: f64) -> f64 { x * 2.0 }\n\
         fn other(x: f64) -> f64 { x * 5.0 }\n",
    );
    check(
        &package,
        MAIN,
        &[("x * 2.0", "x * 3.0"), ("+ 1.0", "+ 2.0"), ("{ a(x)", "{ 2.0 * a(x)")],
        &[
            ("x * 5.0", "x * 6.0"),
            ("fn b(", "/// Doc.\nfn b("),
            ("fn b(x", "pub fn b(x"),
            ("x * 2.0", "x  *  2.0 /* twice */"),
            ("fn other", "fn another"),
        ],
    );
}

#[test]
fn a_circle_of_calls_ends() {
    let package = Package::one(
        "#[cached]\nfn even(n: u8) -> bool { n == 0 || odd(n - 1) }\nfn odd(n: u8) -> bool { n != 0 && even(n - 1) }\n",
    );
    check(&package, MAIN, &[("n != 0", "n > 0")], &[]);
}

#[test]
fn constants_types_and_macros_count() {
    let package = Package::one(
        "const N: usize = 3;\nconst M: usize = 4;\nstatic S: f64 = 1.5;\nenum Shape { Square, Round }\n\
         struct Point { x: f32 }\nstruct Unused { y: f32 }\ntype Number = f32;\nmacro_rules! twice { ($e:expr) => { 2 * $e } }\n\
         macro_rules! unused { () => { 1 } }\n\
         #[cached]\nfn fit(p: Point) -> Number { let _ = [0; N]; let _ = S; let _ = Shape::Round; twice!(3); format!(\"{M}\"); 1.0 }\n",
    );
    check(
        &package,
        MAIN,
        &[
            ("N: usize = 3", "N: usize = 5"),
            ("1.5", "2.5"),
            ("Round }", "Round, Flat }"),
            ("Point { x: f32", "Point { x: f64"),
            ("struct Point", "#[serde(default)] struct Point"),
            ("Number = f32", "Number = f64"),
            ("2 * $e", "3 * $e"),
            ("M: usize = 4", "M: usize = 5"),
        ],
        &[("y: f32", "y: f64"), ("{ 1 }", "{ 2 }"), ("twice { ($e:expr)", "twice { // doubles\n ($e:expr)")],
    );
}

const MODULES: &[(&str, &str)] = &[
    (
        MAIN,
        "mod a;\nmod b;\nmod c { pub mod d { pub fn h() -> u8 { super::up() } } fn up() -> u8 { 11 } }\nuse a::h;\nuse b::k as renamed;\nuse b::*;\n\
         #[cached]\nfn fit() -> u8 { h() + renamed() + by_glob() + crate::c::d::h() }\n",
    ),
    ("src/a.rs", "pub fn h() -> u8 { 21 }\npub fn k() -> u8 { 22 }\n"),
    (
        "src/b/mod.rs",
        "mod inner;\npub use inner::by_glob;\npub fn h() -> u8 { 31 }\npub fn k() -> u8 { 32 }\n",
    ),
    ("src/b/inner.rs", "pub fn by_glob() -> u8 { 41 }\npub fn unused() -> u8 { 42 }\n"),
];

#[test]
fn paths_lead_through_modules_files_and_imports() {
    let package = Package::new(MODULES);
    check(&package, MAIN, &[("11", "12"), ("use a::h", "use b::h"), ("k as renamed", "h as renamed")], &[]);
    check(&package, "src/a.rs", &[("21", "23")], &[("22", "23")]);
    check(&package, "src/b/mod.rs", &[("32", "33")], &[("31", "33")]);
    check(&package, "src/b/inner.rs", &[("41", "43")], &[("42", "43")]);
}

#[test]
fn moving_items_between_files_does_not_count() {
    let before = Package::new(MODULES);
    let after = before
        .with("src/a.rs", "pub fn h() -> u8 { 21 }\n", "")
        .with("src/b/inner.rs", "pub fn by_glob", "pub fn h() -> u8 { 21 }\npub fn by_glob")
        .with("src/b/mod.rs", "mod inner;", "pub mod inner;")
        .with(MAIN, "use a::h;", "use b::inner::h;");
    assert_eq!(before.digest(), after.digest());
}

#[test]
fn names_that_trade_places_count() {
    let package = Package::new(&[
        (MAIN, "mod a;\nmod b;\nuse a::x as p;\nuse b::x as q;\n#[cached]\nfn fit() -> i8 { p() - q() }\n"),
        ("src/a.rs", "pub fn x() -> i8 { 1 }\n"),
        ("src/b.rs", "pub fn x() -> i8 { 2 }\n"),
    ]);
    let swapped =
        package.with(MAIN, "use a::x as p", "use b::x as p").with(MAIN, "use b::x as q", "use a::x as q");
    assert_ne!(package.digest(), swapped.digest());
    let outside = Package::one("use std::f32::consts::PI;\n#[cached]\nfn fit() -> f64 { PI.into() }\n");
    check(&outside, MAIN, &[("std::f32::consts::PI", "std::f64::consts::PI")], &[]);
    let glob = Package::one("use std::f32::consts::*;\n#[cached]\nfn fit() -> f64 { PI.into() }\n");
    check(&glob, MAIN, &[("std::f32", "std::f64")], &[]);
}

#[test]
fn methods_count_by_the_types_and_traits_that_are_reached() {
    let package = Package::one(
        "struct A(f64);\nimpl A { fn new() -> Self { A(1.0) } fn fit(&self) -> f64 { 2.0 } fn rest(&self) -> f64 { 3.0 } }\n\
         struct B(f64);\nimpl B { fn new() -> Self { B(4.0) } fn fit(&self) -> f64 { 5.0 } }\n\
         trait Scale { fn scale(&self) -> f64 { 6.0 * self.base() } fn base(&self) -> f64; fn spare(&self) -> f64 { 7.0 } }\n\
         impl Scale for A { fn base(&self) -> f64 { 8.0 } }\n\
         impl std::ops::Add for A { type Output = A; fn add(self, o: A) -> A { A(9.0) } }\n\
         impl Drop for B { fn drop(&mut self) { print(10.0) } }\nimpl Drop for A { fn drop(&mut self) { print(11.0) } }\n\
         impl From<A> for f64 { fn from(a: A) -> f64 { 12.0 } }\n\
         #[cached]\nfn run() -> f64 { let a = A::new(); a.fit() + a.scale() + (a + A::new()).into() }\n",
    );
    check(
        &package,
        MAIN,
        &[
            ("A(1.0)", "A(1.5)"),
            ("2.0", "2.5"),
            ("6.0", "6.5"),
            ("8.0", "8.5"),
            ("9.0", "9.5"),
            ("11.0", "11.5"),
            ("12.0", "12.5"),
        ],
        &[("3.0", "3.5"), ("B(4.0)", "B(4.5)"), ("5.0", "5.5"), ("7.0", "7.5"), ("10.0", "10.5")],
    );
}

#[test]
fn what_the_caller_chooses_by_a_trait_counts() {
    let package = Package::one(
        "trait Temp { fn kelvin(&self) -> f64; }\nstruct C(f64);\nstruct F(f64);\n\
         impl Temp for C { fn kelvin(&self) -> f64 { self.0 + 1.0 } }\nimpl Temp for F { fn kelvin(&self) -> f64 { self.0 + 2.0 } }\n\
         #[cached]\nfn kelvin(t: impl Temp) -> f64 { t.kelvin() }\n",
    );
    check(&package, MAIN, &[("+ 1.0", "+ 3.0"), ("+ 2.0", "+ 3.0")], &[]);
}

#[test]
fn functions_in_functions_have_their_own_helpers() {
    let package = Package::one(
        "fn h(x: u8) -> u8 { 1 }\nfn a() { fn h(x: u8) -> u8 { 2 } #[cached] fn step(x: u8) -> u8 { h(x) } }\n\
         fn b() { fn h(x: u8) -> u8 { 3 } }\n",
    );
    check(&package, MAIN, &[("{ 2 }", "{ 4 }")], &[("{ 3 }", "{ 4 }"), ("{ 1 }", "{ 4 }")]);
    let blocks = "fn a() { { fn h() -> u8 { 2 } #[cached] fn step() -> u8 { h() } } { fn h() -> u8 { 3 } fn step() -> u8 { h() } } }\n";
    check(&Package::one(blocks), MAIN, &[("{ 2 }", "{ 4 }")], &[("{ 3 }", "{ 4 }")]);
}

#[test]
fn a_function_that_a_macro_makes_reaches_what_is_seen_from_where_the_macro_is_called() {
    let package = Package::one(
        "macro_rules! make { ($n:ident) => {\n #[cached]\n fn $n() -> u8 { helper() }\n } }\n\
         mod m { fn helper() -> u8 { 2 } make!(fit); }\nfn other() -> u8 { 3 }\n",
    );
    check(&package, MAIN, &[("{ 2 }", "{ 4 }")], &[("{ 3 }", "{ 4 }")]);
    let defined = Package::one(
        "macro_rules! def { ($n:ident) => { fn $n() -> u8 { 2 } } }\ndef!(helper);\n#[cached]\nfn fit() -> u8 { helper() }\n",
    );
    check(&defined, MAIN, &[("{ 2 }", "{ 4 }"), ("def!(helper);", "fn helper() -> u8 { 9 }")], &[]);
}

#[test]
fn conditions_and_variables_are_told_and_files_are_read() {
    let package = Package::new(&[
        (
            MAIN,
            "mod m;\n#[cached]\nfn fit() -> usize { if cfg!(feature = \"fast\") { m::h() } else { include_str!(\"data/a.txt\").len() } }\n\
             fn other() { env!(\"OTHER\"); include_str!(\"data/b.txt\"); }\n",
        ),
        (
            "src/m.rs",
            "#[cfg(unix)]\npub fn h() -> usize { option_env!(\"SIZE\"); #[cfg(debug_assertions)] one(); 1 }\n",
        ),
        ("src/data/a.txt", "a"),
        ("src/data/b.txt", "b"),
    ]);
    let code = package.code();
    assert_eq!(code.conditions, ["debug_assertions", "feature = \"fast\"", "unix"]);
    assert_eq!(code.variables, ["SIZE"]);
    check(&package, "src/data/a.txt", &[("a", "c")], &[]);
    check(&package, "src/data/b.txt", &[], &[("b", "c")]);
}

#[test]
fn paths_in_attributes_count() {
    let package = Package::one(
        "mod with { pub fn serialize() { 1; } pub fn deserialize() { 2; } }\nfn first() -> u8 { 3 }\n\
         #[derive(Serialize)]\nstruct P { #[serde(with = \"with\")] a: u8, #[serde(default = \"first\")] b: u8 }\n\
         #[cached]\nfn fit(p: P) -> u8 { 1 }\n",
    );
    check(&package, MAIN, &[("{ 1; }", "{ 4; }"), ("{ 2; }", "{ 4; }"), ("{ 3 }", "{ 4 }")], &[]);
}

#[test]
fn functions_of_a_type_in_an_attribute_count() {
    let package = Package::one(
        "struct D;\nimpl D { fn serialize() { 1; } fn deserialize() { 2; } fn other() { 3; } }\n\
         #[derive(serde::Deserialize)]\nstruct P { #[serde(with = \"D\")] a: u8 }\n\
         #[cached]\nfn fit(p: P) -> u8 { 1 }\n",
    );
    check(&package, MAIN, &[("1; }", "4; }"), ("2; }", "5; }")], &[("3; }", "6; }")]);
}

#[test]
fn a_derive_of_others_does_not_count_beside_calls_of_other_crates() {
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nnd-array = \"1\"\n"),
        (
            MAIN,
            "use nd_array::Array;\nuse std::collections::HashMap;\nstruct Arguments { a: u8 }\n\
             #[cached]\nfn fit() -> u8 { println!(\"{}\", nd_array::zeros(HashMap::new())); Array::new() }\n",
        ),
    ]);
    let derived = ("struct Arguments", "#[derive(clap::Parser)]\nstruct Arguments");
    check(&package, MAIN, &[("Array::new()", "Unknown::new()")], &[derived]);
}

#[test]
fn documentation_in_a_file_counts_where_macros_of_others_see_it() {
    let package = Package::new(&[
        (
            MAIN,
            "#[derive(clap::Parser)]\n#[doc = include_str!(\"help.md\")]\nstruct A;\n\
             #[doc = include_str!(\"other.md\")]\n#[cached]\nfn fit() -> u8 { A::help() }\n",
        ),
        ("src/help.md", "one"),
        ("src/other.md", "two"),
    ]);
    check(&package, "src/help.md", &[("one", "1")], &[]);
    check(&package, "src/other.md", &[], &[("two", "2")]);
}

#[test]
fn what_is_implemented_for_a_type_that_a_derive_or_a_macro_writes_counts() {
    for maker in ["#[derive(Builder)]\nstruct S;\n", "slint::include_modules!();\n"] {
        let package = Package::one(&format!(
            "{maker}impl Made {{ fn extra() -> u8 {{ 1 }} fn other() -> u8 {{ 2 }} }}\n\
             impl std::ops::Not for Made {{ fn not(self) -> u8 {{ 3 }} }}\n\
             #[cached]\nfn fit() -> u8 {{ Made::extra() + !Made::default() }}\n",
        ));
        check(&package, MAIN, &[("{ 1 }", "{ 4 }"), ("{ 3 }", "{ 4 }")], &[("{ 2 }", "{ 4 }")]);
    }
}

#[test]
fn path_dependencies_are_followed() {
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nhelp-er = { path = \"helper\" }\n"),
        (MAIN, "use help_er::deep::h;\n#[cached]\nfn fit() -> u8 { h() }\n"),
        ("helper/Cargo.toml", "[package]\nname = \"help-er\"\n"),
        ("helper/src/lib.rs", "pub mod deep { pub fn h() -> u8 { 1 } pub fn k() -> u8 { 2 } }\n"),
    ]);
    check(&package, "helper/src/lib.rs", &[("{ 1 }", "{ 3 }")], &[("{ 2 }", "{ 3 }")]);
}

#[test]
fn options_that_say_what_a_key_means_count() {
    let package = Package::one("#[cached(verbose = 1, key = a)]\nfn fit(a: u8, b: u8) -> u8 { a }\n");
    check(&package, MAIN, &[("key = a", "key = b")], &[("verbose = 1", "verbose = 2")]);
}

#[test]
fn where_a_token_stands_counts_for_those_who_ask() {
    let package = Package::one("#[cached]\nfn fit() -> u32 { h() }\nfn k() {}\nfn h() -> u32 { line!() }\n");
    check(&package, MAIN, &[("fn k() {}", "fn k() {\n}")], &[]);
}

#[test]
fn a_file_that_can_not_be_read_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    let root = folder.path().join(MAIN);
    std::fs::write(&root, "mod missing;\n").unwrap();
    let error = Index::of_crate("study", &root, folder.path(), |_| false).unwrap_err();
    assert!(error.to_string().contains("mod missing"), "{error}");
    std::fs::write(&root, "fn f( {\n").unwrap();
    let error = Index::of_crate("study", &root, folder.path(), |_| false).unwrap_err();
    assert!(error.to_string().contains("main.rs:"), "{error}");
}

#[test]
fn what_is_reached_is_told_with_its_place() {
    let code = Package::new(MODULES).code();
    let told: Vec<String> = code.items.iter().map(|item| item.name.clone()).collect();
    assert_eq!(told[0], "fn fit");
    assert!(told.contains(&"fn by_glob".to_owned()), "{told:?}");
    let helper = code.items.iter().find(|item| item.name == "fn k").unwrap();
    assert!(helper.file.ends_with("src/b/mod.rs") && helper.line == 4, "{helper:?}");
}

#[test]
fn a_function_whose_name_is_given_may_move_and_be_renamed() {
    let before = Package::one("#[cached]\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x }\n");
    let after = Package::one(
        "mod inner { use super::*; #[cached]\npub fn other(x: f64) -> f64 { h(x) } }\npub use inner::other;\nfn h(x: f64) -> f64 { x }\n",
    );
    assert_eq!(before.code_named(MAIN, true).digest, after.code_named(MAIN, true).digest);
    assert_ne!(before.code_named(MAIN, false).digest, after.code_named(MAIN, false).digest);
}

#[test]
fn a_macro_of_that_name_elsewhere_does_not_count() {
    let package = Package::one(
        "mod a { macro_rules! m { () => { 1 } } fn f() { m!() } }\nmacro_rules! m { () => { 2 } }\nmod b { pub fn k() { } }\n\
         #[cached]\nfn fit() -> u8 { m!() }\n",
    );
    check(&package, MAIN, &[("{ 2 }", "{ 3 }")], &[("{ 1 }", "{ 3 }")]);
}

#[test]
fn files_that_a_macro_includes_by_a_name_that_it_is_given_count() {
    let code = Package::new(&[
        (
            MAIN,
            "macro_rules! part { ($n:literal) => { include!($n); } }\npart!(\"part.rs\");\nfn deep() -> u8 { 5 }\n\
             #[cached]\nfn fit() -> u8 { h() }\n",
        ),
        ("src/part.rs", "fn h() -> u8 { deep() + 1 }\n"),
    ]);
    check(&code, "src/part.rs", &[("+ 1", "+ 2")], &[]);
    check(&code, MAIN, &[("{ 5 }", "{ 6 }")], &[]);
    let text = Package::new(&[
        (
            MAIN,
            "macro_rules! part { ($n:literal) => { include_str!(concat!(\"data/\", $n)) } }\n\
             #[cached]\nfn fit() -> usize { part!(\"a.txt\").len() }\n",
        ),
        ("src/data/a.txt", "one"),
        ("src/data/b.txt", "one"),
    ]);
    check(&text, "src/data/a.txt", &[("one", "two")], &[]);
    check(&text, "src/data/b.txt", &[], &[("one", "two")]);
}

#[test]
fn path_dependencies_are_found_in_all_forms_of_manifests() {
    let own = "[package]\nname = \"study\"\n";
    let helper = "[workspace.dependencies]\nnick = { path = \"helper\", package = \"help-er\" }\n";
    for manifest in [
        format!("{own}[dependencies]\nnick = {{ path = \"helper\", package = \"help-er\" }}\n"),
        format!("{own}[dependencies.nick]\npath = 'helper'\npackage = 'help-er'\n"),
        format!(
            "{own}[target.'cfg(unix)'.dependencies]\nnick = {{ path = \"helper\", package = \"help-er\" }}\n"
        ),
        format!("{own}[dev-dependencies]\n\"nick\" = {{\"path\"=\"helper\", \"package\"=\"help-er\"}}\n"),
        format!("{own}[dependencies]\nnick.workspace = true\n{helper}"),
        format!("{own}[dependencies]\nnick = {{ workspace = true, features = [\"a\"] }}\n{helper}"),
        format!(
            "{own}[dependencies]\nnick = {{ version = \"1\", package = \"help-er\" }}\n\
             [patch.crates-io]\nhelp-er = {{ path = \"helper\" }}\n"
        ),
        format!(
            "{own}[dependencies]\nnick = {{ git = \"https://example.org/x\", package = \"help-er\" }}\n\
             [patch.\"https://example.org/x\"]\nlocal = {{ path = \"helper\", package = \"help-er\" }}\n"
        ),
        format!(
            "{own}[dependencies]\nnick = {{ version = \"1\", package = \"help-er\" }}\n\
             [replace]\n\"help-er:1.0.0\" = {{ path = \"helper\" }}\n"
        ),
    ] {
        let package = Package::new(&[
            ("Cargo.toml", &manifest),
            (MAIN, "#[cached]\nfn fit() -> u8 { nick::prelude::h() }\n"),
            (
                "helper/Cargo.toml",
                "[package]\nname = \"help-er\"\n[dependencies]\ninner = { path = \"../inner\" }\n",
            ),
            ("helper/src/lib.rs", "pub mod prelude { pub use inner::*; pub fn k() -> u8 { 3 } }\n"),
            ("inner/Cargo.toml", "[package]\nname = \"inner\"\n"),
            ("inner/src/lib.rs", "pub fn h() -> u8 { 1 }\n"),
        ]);
        let before = package.digest();
        assert_ne!(package.with("inner/src/lib.rs", "{ 1 }", "{ 2 }").digest(), before, "{manifest}");
        assert_eq!(package.with("helper/src/lib.rs", "{ 3 }", "{ 4 }").digest(), before, "{manifest}");
    }
}

#[test]
fn a_configuration_of_cargo_may_put_packages_at_hand_in_the_place_of_others() {
    for configuration in ["paths = [\"helper\"]\n", "[patch.crates-io]\nhelper.path = \"helper\"\n"] {
        let package = Package::new(&[
            ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nhelper = \"1\"\n"),
            (".cargo/config.toml", configuration),
            (MAIN, "#[cached]\nfn fit() -> u8 { helper::h() }\n"),
            ("helper/Cargo.toml", "[package]\nname = \"helper\"\n"),
            ("helper/src/lib.rs", "pub fn h() -> u8 { 1 }\n"),
        ]);
        let before = package.digest();
        assert_ne!(package.with("helper/src/lib.rs", "{ 1 }", "{ 2 }").digest(), before, "{configuration}");
    }
}

#[test]
fn an_imported_trait_of_a_path_dependency_is_known_by_its_methods() {
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nhelper = { path = \"helper\" }\n"),
        (MAIN, "use helper::Twice;\n#[cached]\nfn fit(x: f64) -> f64 { x.twice() }\n"),
        ("helper/Cargo.toml", "[package]\nname = \"helper\"\n"),
        (
            "helper/src/lib.rs",
            "pub trait Twice { fn twice(&self) -> f64; }\nimpl Twice for f64 { fn twice(&self) -> f64 { self * 2.0 } }\n",
        ),
    ]);
    check(&package, "helper/src/lib.rs", &[("* 2.0", "* 3.0")], &[]);
}

#[test]
fn comments_of_documentation_count_where_macros_of_others_see_them() {
    let package = Package::one(
        "macro_rules! name { (#[doc = $d:literal] $n:ident) => { const $n: &str = $d; } }\n\
         name! { /// one\n A }\n#[derive(displaydoc::Display)]\nenum E { /** two */ B }\n\
         #[derive(Clone, Debug)]\nstruct S { /// three\n x: u8 }\n\
         #[cached]\nfn fit(s: S) -> String { format!(\"{} {}\", A, E::B) }\n",
    );
    check(
        &package,
        MAIN,
        &[("/// one", "/// once"), ("/** two */", "/** twice */")],
        &[("/// three", "/// thrice"), ("/// one", "/* told */ /// one")],
    );
}

#[test]
fn which_implementations_of_a_trait_there_are_counts() {
    let package = Package::one(
        "trait A { fn k(&self) -> u8; }\ntrait B { fn k(&self) -> u8; }\nstruct W<T>(T);\ntrait Mark {}\n\
         impl<T: Mark> A for W<T> { fn k(&self) -> u8 { 1 } }\nimpl<T> B for &W<T> { fn k(&self) -> u8 { 2 } }\n\
         struct S;\nstruct Other;\ntrait Unused {}\n#[cached]\nfn fit() -> u8 { (&W(S)).k() }\n",
    );
    check(
        &package,
        MAIN,
        &[("struct S;", "struct S;\nimpl Mark for S {}")],
        &[("struct S;", "struct S;\nimpl Unused for Other {}")],
    );
}

#[test]
fn what_is_only_declared_is_found_by_its_symbol() {
    let package = Package::one(
        "unsafe extern \"C\" { static EXT: u8; fn ext() -> u8; }\n\
         mod d { #[unsafe(no_mangle)] static EXT: u8 = 1; #[unsafe(no_mangle)] extern \"C\" fn ext() -> u8 { 2 } }\n\
         #[cached]\nfn fit() -> u8 { unsafe { EXT + ext() } }\n",
    );
    check(&package, MAIN, &[("= 1;", "= 3;"), ("{ 2 }", "{ 3 }")], &[]);
}

#[test]
fn a_module_and_what_is_imported_from_it_may_have_one_name() {
    for import in [
        "use h::*;",
        "use self::h::*;",
        "pub use crate::h::*;",
        "use h::h;",
        "use self::h::{h};",
        "use h::h::h;",
        "use h::*; use h::h::*;",
    ] {
        let inner =
            if import.contains("h::h::") { "mod h { pub fn h() -> u8 { 2 } }" } else { "fn h() -> u8 { 2 }" };
        let package = Package::one(&format!(
            "mod h {{ pub {inner} pub fn k() -> u8 {{ 3 }} }}\n{import}\n#[cached]\nfn fit() -> u8 {{ h() }}\n\
             mod m {{ #[cached]\npub fn f() -> u8 {{ crate::h() }} }}\n",
        ));
        check(&package, MAIN, &[("{ 2 }", "{ 4 }")], &[("{ 3 }", "{ 4 }")]);
    }
}
