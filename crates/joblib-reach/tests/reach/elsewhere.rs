//! What code from elsewhere brings: macros that read files, crates that others put in their place, macros of crates at hand.

use joblib_reach::{Index, Place};

use super::package::Package;

const MAIN: &str = "src/main.rs";

fn counts(package: &Package, file: &'static str, from: &str, to: &str) -> bool {
    package.digest() != package.with(file, from, to).digest()
}

#[test]
fn a_file_counts_whose_name_a_macro_from_elsewhere_is_given() {
    let data = "data/a.sql";
    for (path, source) in [
        (data, "fn h() -> u8 { sqlx::query_file!(\"data/a.sql\") }\n"),
        (
            data,
            "macro_rules! query { ($p:literal) => { sqlx::query_file!($p) } }\nfn h() -> u8 { query!(\"data/a.sql\") }\n",
        ),
        (
            data,
            "#[derive(sql::Query)]\n#[file = \"data/a.sql\"]\nstruct S;\nfn h() -> u8 { S::default().rows() }\n",
        ),
        (
            "src/g.pest",
            "#[derive(Parser)]\n#[grammar = \"g.pest\"]\nstruct S;\nfn h() -> u8 { S::parse() }\n",
        ),
        (
            "templates/a.html",
            "#[derive(Template)]\n#[template(path = \"a.html\")]\nstruct S;\nfn h() -> u8 { S.render() }\n",
        ),
        ("web/b/a.txt", "#[derive(Embed)]\n#[folder = \"web\"]\nstruct S;\nfn h() -> u8 { S::iter() }\n"),
        (
            "web/b/a.txt",
            "static S: Dir = include_dir!(\"$CARGO_MANIFEST_DIR/web\");\nfn h() -> u8 { S.files() }\n",
        ),
    ] {
        let main = format!("{source}#[cached]\nfn fit() -> u8 {{ h() }}\n");
        let package = Package::new(&[(MAIN, &main), (path, "one"), ("data/other.sql", "two")]);
        assert!(counts(&package, path, "one", "1"), "{source}");
        assert!(!counts(&package, "data/other.sql", "two", "2"), "{source}");
    }
}

#[test]
fn the_names_of_files_in_a_folder_count() {
    let main = "#[derive(Embed)]\n#[folder = \"web\"]\nstruct S;\n#[cached]\nfn fit() -> u8 { S::iter() }\n";
    let [before, after] = ["web/a.txt", "web/b.txt"].map(|path| Package::new(&[(MAIN, main), (path, "one")]));
    assert_ne!(before.digest(), after.digest());
}

#[test]
#[cfg(unix)]
fn the_files_of_a_folder_count_that_links_lead_to_and_links_in_a_circle_end() {
    let main = "#[derive(Embed)]\n#[folder = \"web\"]\nstruct S;\n#[cached]\nfn fit() -> u8 { S::iter() }\n";
    let data = "data/model/b.txt";
    let unlinked = [(MAIN, main), ("web/a.txt", "one"), (data, "two")];
    assert!(!counts(&Package::new(&unlinked), data, "two", "three"));
    for link in [("web/model", "-> ../data/model"), ("web/c.txt", "-> ../data/model/b.txt")] {
        let linked = Package::new(&[&unlinked[..], &[link, ("data/model/up", "-> ..")]].concat());
        assert!(counts(&linked, data, "two", "three"), "{link:?}");
    }
}

#[test]
fn a_file_that_is_opened_when_the_program_runs_does_not_count() {
    let package = Package::new(&[
        (
            MAIN,
            "#[derive(clap::Args)]\nstruct S {\n#[arg(default_value = \"web/a.txt\")]\na: u8 }\n\
             #[cached(file(\"web/a.txt\"))]\nfn fit(s: S) -> u8 { log::info!(\"web\"); 1 }\n",
        ),
        ("web/a.txt", "one"),
    ]);
    assert!(!counts(&package, "web/a.txt", "one", "1"));
}

#[test]
fn a_procedural_macro_at_hand_reads_files_that_it_or_its_input_names() {
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nwriter = { path = \"writer\" }\n"),
        (MAIN, "use writer::rows;\n#[cached]\nfn fit() -> u8 { rows!(\"data/a.csv\") }\n"),
        ("data/a.csv", "one"),
        ("data/schema.json", "two"),
        ("writer/Cargo.toml", "[package]\nname = \"writer\"\n[lib]\nproc-macro = true\n"),
        (
            "writer/src/lib.rs",
            "#[proc_macro]\npub fn rows(t: TokenStream) -> TokenStream { write(t, read(\"data/schema.json\")) }\n",
        ),
    ]);
    assert!(counts(&package, "data/a.csv", "one", "1"));
    assert!(counts(&package, "data/schema.json", "two", "2"));
}

#[test]
fn a_crate_that_the_root_puts_in_the_place_of_another_counts_for_its_dependencies_too() {
    let package = Package::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"study\"\n[dependencies]\nhelper = { path = \"helper\" }\n\
             [patch.crates-io]\nreg = { path = \"reg\" }\n",
        ),
        (MAIN, "#[cached]\nfn fit() -> u8 { helper::h() }\n"),
        ("helper/Cargo.toml", "[package]\nname = \"helper\"\n[dependencies]\nreg = \"1\"\n"),
        ("helper/src/lib.rs", "pub fn h() -> u8 { reg::k() }\n"),
        ("reg/Cargo.toml", "[package]\nname = \"reg\"\n"),
        ("reg/src/lib.rs", "pub fn k() -> u8 { 1 }\n"),
    ]);
    assert!(counts(&package, "reg/src/lib.rs", "{ 1 }", "{ 2 }"));
}

#[test]
fn a_crate_that_only_others_use_counts_where_it_takes_the_place_of_theirs() {
    let lock = "[[package]]\nname = \"study\"\ndependencies = [\n \"big\",\n]\n\n[[package]]\nname = \"big\"\n\
                source = \"registry\"\ndependencies = [\n \"reg\",\n]\n\n[[package]]\nname = \"reg\"\n";
    let package = Package::new(&[
        (
            "Cargo.toml",
            "[package]\nname = \"study\"\n[dependencies]\nbig = \"1\"\n\
             [patch.crates-io]\nreg = { path = \"reg\" }\nunused = { path = \"unused\" }\n",
        ),
        ("Cargo.lock", lock),
        (MAIN, "#[cached]\nfn fit() -> u8 { big::h() }\n"),
        ("reg/Cargo.toml", "[package]\nname = \"reg\"\n"),
        ("reg/src/lib.rs", "pub fn k() -> u8 { 1 }\n"),
        ("unused/Cargo.toml", "[package]\nname = \"unused\"\n"),
        ("unused/src/lib.rs", "pub fn k() -> u8 { 2 }\n"),
    ]);
    assert!(counts(&package, "reg/src/lib.rs", "{ 1 }", "{ 3 }"));
    assert!(!counts(&package, "unused/src/lib.rs", "{ 2 }", "{ 3 }"));
    assert!(package.code().items.iter().any(|item| item.name == "crate reg"));
}

#[test]
fn what_the_caller_chooses_may_be_implemented_in_any_crate_at_hand() {
    for bound in ["std::fmt::Display", "base::Temp"] {
        let main = format!("#[cached]\nfn fit(v: impl {bound}) -> u8 {{ v.kelvin() }}\n");
        let helper = format!("pub struct K;\nimpl {bound} for K {{ fn kelvin(&self) -> u8 {{ 1 }} }}\n");
        let package = Package::new(&[
            (
                "Cargo.toml",
                "[package]\nname = \"study\"\n[dependencies]\nhelper = { path = \"helper\" }\nbase = { path = \"base\" }\n",
            ),
            (MAIN, &main),
            ("base/Cargo.toml", "[package]\nname = \"base\"\n"),
            ("base/src/lib.rs", "pub trait Temp { fn kelvin(&self) -> u8; }\n"),
            (
                "helper/Cargo.toml",
                "[package]\nname = \"helper\"\n[dependencies]\nbase = { path = \"../base\" }\n",
            ),
            ("helper/src/lib.rs", &helper),
        ]);
        assert!(counts(&package, "helper/src/lib.rs", "{ 1 }", "{ 2 }"), "{bound}");
    }
}

#[test]
fn what_can_not_be_read_of_a_crate_at_hand_matters_where_a_path_leads_there() {
    let index = |main: &str, helper: Option<&str>| {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nhelper = { path = \"helper\" }\n");
        write(MAIN, main);
        write("helper/Cargo.toml", "[package]\nname = \"helper\"\n");
        write("helper/src/lib.rs", helper.unwrap_or("fn f( {"));
        let root = folder.path().join(MAIN);
        let mut index = Index::of_crate("study", &root, folder.path(), |_| true).unwrap();
        index.code(&Place { file: &root, line: 1, column: 1 }, &String::new, false)
    };
    for helper in [None, Some("mod missing;\n")] {
        assert!(index("#[cached]\nfn fit() -> u8 { 1 }\n", helper).is_ok());
        assert!(index("#[cached]\nfn fit() -> u8 { helper::h() }\n", helper).is_err());
    }
}

#[test]
fn a_circle_of_crates_that_can_not_be_read_ends() {
    let needs = |name: &str, other: &str| {
        format!("[package]\nname = \"{name}\"\n[dev-dependencies]\n{other} = {{ path = \"../{other}\" }}\n")
    };
    let (one, two) = (needs("one", "two"), needs("two", "one"));
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\none = { path = \"one\" }\n"),
        (MAIN, "#[cached]\nfn fit() -> u8 { h() }\nfn h() -> u8 { 1 }\n"),
        ("one/Cargo.toml", &one),
        ("one/src/lib.rs", "fn f( {"),
        ("two/Cargo.toml", &two),
        ("two/src/lib.rs", "fn f( {"),
    ]);
    assert!(counts(&package, MAIN, "{ 1 }", "{ 2 }"));
}

#[test]
fn a_function_that_a_macro_of_a_crate_at_hand_makes_reaches_what_is_there() {
    let package = Package::new(&[
        ("Cargo.toml", "[package]\nname = \"study\"\n[dependencies]\nhelper = { path = \"helper\" }\n"),
        (MAIN, "helper::make!(fit);\n"),
        ("helper/Cargo.toml", "[package]\nname = \"helper\"\n"),
        (
            "helper/src/lib.rs",
            "#[macro_export]\nmacro_rules! make { ($n:ident) => {\n#[cached]\npub fn $n() -> u8 { $crate::h() } } }\n\
             pub fn h() -> u8 { 1 }\n",
        ),
    ]);
    let code = |package: &Package| package.code_in("helper/src/lib.rs").digest;
    assert_ne!(code(&package), code(&package.with("helper/src/lib.rs", "{ 1 }", "{ 2 }")));
}

#[test]
fn options_of_another_attribute_of_our_name_count() {
    let package =
        Package::one("#[tracked(scale = 3)]\nfn h() -> u8 { 1 }\n#[cached]\nfn fit() -> u8 { h() }\n");
    assert!(counts(&package, MAIN, "scale = 3", "scale = 4"));
}

#[test]
fn a_file_that_is_part_of_two_modules_reaches_what_is_in_sight_in_each() {
    let package = Package::new(&[
        (
            MAIN,
            "mod a { include!(\"x.rs\"); fn h() -> u8 { 1 } }\nmod b { include!(\"x.rs\"); fn h() -> u8 { 2 } }\n",
        ),
        ("src/x.rs", "#[cached]\npub fn fit() -> u8 { h() }\n"),
    ]);
    let code = |package: &Package| package.code_in("src/x.rs").digest;
    for (from, to) in [("{ 1 }", "{ 3 }"), ("{ 2 }", "{ 3 }")] {
        assert_ne!(code(&package), code(&package.with(MAIN, from, to)), "{from}");
    }
}
