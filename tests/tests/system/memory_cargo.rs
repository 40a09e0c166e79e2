//! Packages that cargo builds, edits and builds again: features, profiles, build scripts, dependencies by path, variables and
//! files that the compiler brings in.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use joblib_tests::example::printed;
use joblib_tests::project::Project;

const MAIN: &str = r#"
use joblib_macros::cached;
use joblib_memory::Memory;

macro_rules! told {
    ($($name:ident)*) => {
        $(println!(
            "{} {} {} {}",
            stringify!($name), $name::fit(2.0), $name::fit::uncached(2.0), $name::fit::stats().misses
        );)*
    };
}

fn main() {
    Memory::new(std::env::args().nth(1).unwrap()).unwrap().install().unwrap();
    told!(plain feature attribute profile dependency compiled made generated built variable table);
}

mod plain {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + 1.0 }
}
mod feature {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { if cfg!(feature = "exact") { x + 1.0 } else { x + 2.0 } }
}
mod attribute {
    use super::*;
    #[cfg(feature = "exact")]
    fn step() -> f64 { 1.0 }
    #[cfg(not(feature = "exact"))]
    fn step() -> f64 { 2.0 }
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + step() }
}
mod profile {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { if cfg!(debug_assertions) { x + 1.0 } else { x + 2.0 } }
}
mod dependency {
    use super::*;
    use helper::Shift;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x.shift() }
}
mod compiled {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + helper::checked() }
}
mod made {
    use super::*;
    fn step(x: f64) -> f64 { x + STEP }
    helper::cached_function!(fit, step);
}
mod generated {
    use super::*;
    include!(concat!(env!("OUT_DIR"), "/made.rs"));
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + made() }
}
mod built {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + env!("STUDY_BUILT").parse::<f64>().unwrap() }
}
mod variable {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + option_env!("STUDY_SET").map_or(0.0, |text| text.len() as f64) }
}
mod table {
    use super::*;
    const TABLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/table.txt"));
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + TABLE.len() as f64 }
}
"#;

const BUILD: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=made.txt");
    let made = std::fs::read_to_string("made.txt").unwrap();
    println!("cargo::rustc-env=STUDY_BUILT={}", made.len());
    let folder = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{folder}/made.rs"), format!("fn made() -> f64 {{ {made} }}")).unwrap();
}
"#;

/// The package `study` and its helper, in a folder.
fn write(project: &Project, folder: &str, step: &str) {
    let write = |path: &str, text: &str| project.write(&format!("{folder}/{path}"), text);
    write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"app\", \"helper\"]\nresolver = \"3\"\n\
         [workspace.dependencies]\nhelper = { path = \"helper\" }\n",
    );
    write(
        "app/Cargo.toml",
        "[package]\nname = \"study\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [features]\nexact = []\n[dependencies]\nhelper.workspace = true\n",
    );
    write("app/build.rs", BUILD);
    write("app/made.txt", "1.5");
    write("app/table.txt", "one");
    write("app/src/main.rs", &MAIN.replace("STEP", step));
    write("helper/Cargo.toml", "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    write(
        "helper/src/lib.rs",
        &format!(
            "pub trait Shift {{ fn shift(&self) -> f64; }}\n\
             impl Shift for f64 {{ fn shift(&self) -> f64 {{ self + {step} }} }}\n\
             pub fn checked() -> f64 {{ if cfg!(debug_assertions) {{ {step} }} else {{ 9.0 }} }}\n\
             #[macro_export]\nmacro_rules! cached_function {{ ($name:ident, $step:ident) => {{\n\
             #[joblib_macros::cached(crate = joblib_memory)]\npub fn $name(x: f64) -> f64 {{ $step(x) }} }} }}\n"
        ),
    );
}

/// The functions that were computed. Each gave what its body gives.
fn computed(program: &Path, cache: &Path) -> BTreeSet<String> {
    let output = Command::new(program).arg(cache).output().expect("the program starts");
    assert!(output.status.success(), "the program failed:\n{}", printed(&output));
    let told = String::from_utf8(output.stdout).expect("the program prints text");
    let mut computed = BTreeSet::new();
    for line in told.lines() {
        let [name, value, body, misses] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("an unexpected line: {line}")
        };
        assert_eq!(value, body, "{name} gave a stale value");
        if misses != "0" {
            computed.insert(name.to_owned());
        }
    }
    computed
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn what_cargo_and_the_compiler_bring_in_counts_where_the_code_asks_for_it_and_only_there() {
    /// What is compiled step by step has other names in it each time.
    const STEPWISE: (&str, &str) = ("CARGO_INCREMENTAL", "1");
    let project = Project::new("study", "system", &["joblib_macros", "joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path();
    write(&project, "one", "1.0");
    let program = project.cargo_build("one", &[], &[STEPWISE]);
    let all = [
        "attribute",
        "built",
        "compiled",
        "dependency",
        "feature",
        "generated",
        "made",
        "plain",
        "profile",
        "table",
        "variable",
    ];
    assert_eq!(computed(&program, cache), names(&all));
    assert_eq!(computed(&program, cache), names(&[]), "the next run reads");

    // A package of the same name, with another helper and the same cache.
    write(&project, "other", "3.0");
    let program = project.cargo_build("other", &[], &[]);
    assert_eq!(
        computed(&program, cache),
        names(&["compiled", "dependency", "made"]),
        "another package of one name"
    );

    write(&project, "one", "2.0");
    project.write("one/app/made.txt", "2.25");
    project.write("one/app/table.txt", "three");
    let edited: (&[&str], &[(&str, &str)]) =
        (&["--features", "study/exact"], &[STEPWISE, ("STUDY_SET", "value")]);
    let program = project.cargo_build("one", edited.0, edited.1);
    let expected =
        ["attribute", "built", "compiled", "dependency", "feature", "generated", "made", "table", "variable"];
    assert_eq!(computed(&program, cache), names(&expected), "files, features and variables");

    let program = project.cargo_build("one", &[edited.0, &["--release"]].concat(), edited.1);
    assert_eq!(computed(&program, cache), names(&["compiled", "profile"]), "a release build");

    write(&project, "one", "1.0");
    let program = project.cargo_build("one", &[], &[STEPWISE]);
    assert_eq!(computed(&program, cache), names(&[]), "edits that are undone");
}

const VENDORED: &str = r#"
use joblib_macros::cached;
use joblib_memory::Memory;

fn step() -> f64 { 1.0 }

#[cached(crate = joblib_memory)]
fn own(x: f64) -> f64 { x + step() }

#[cached(crate = joblib_memory, depends(crates))]
fn locked(x: f64) -> f64 { helper::shift(x) }

fn main() {
    Memory::new(std::env::args().nth(1).unwrap()).unwrap().install().unwrap();
    println!("own {} {} {}", own(2.0), own::uncached(2.0), own::stats().misses);
    println!("locked {} {} {}", locked(2.0), locked::uncached(2.0), locked::stats().misses);
    println!("inner {} {} {}", helper::fit(2.0), helper::shift(2.0), helper::fit::stats().misses);
}
"#;

/// A package beside its dependency, as `cargo vendor` leaves them.
fn write_vendored(project: &Project, version: &str, step: &str) {
    let write = |path: &str, text: &str| project.write(&format!("vendored/{path}"), text);
    let _ = std::fs::remove_file(project.folder().join("vendored/Cargo.lock"));
    write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\
         [source.vendored-sources]\ndirectory = \"vendor\"\n",
    );
    write(
        "Cargo.toml",
        "[package]\nname = \"study\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nhelper = \"1\"\n",
    );
    write("src/main.rs", VENDORED);
    write(
        "vendor/helper/Cargo.toml",
        &format!("[package]\nname = \"helper\"\nversion = \"{version}\"\nedition = \"2024\"\n"),
    );
    write("vendor/helper/.cargo-checksum.json", "{\"files\":{},\"package\":null}");
    write(
        "vendor/helper/src/lib.rs",
        &format!(
            "fn step() -> f64 {{ {step} }}\npub fn shift(x: f64) -> f64 {{ x + step() }}\n\
             #[joblib_macros::cached(crate = joblib_memory)]\npub fn fit(x: f64) -> f64 {{ shift(x) }}\n"
        ),
    );
}

#[test]
fn vendored_crates_count_as_their_versions_and_their_own_cached_functions_by_their_code() {
    let project = Project::new("study", "system", &["joblib_macros", "joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path();
    write_vendored(&project, "1.0.0", "1.0");
    let program = project.cargo_build("vendored", &[], &[]);
    assert_eq!(computed(&program, cache), names(&["inner", "locked", "own"]));
    assert_eq!(computed(&program, cache), names(&[]), "the next run reads");
    write_vendored(&project, "1.1.0", "2.0");
    let program = project.cargo_build("vendored", &[], &[]);
    assert_eq!(computed(&program, cache), names(&["inner", "locked"]));
}

const WRITER: &str = r#"
use proc_macro::TokenStream;

fn parsed(text: String) -> TokenStream { text.parse().unwrap() }

#[proc_macro]
pub fn text_of(input: TokenStream) -> TokenStream { parsed(format!("{:?}", input.to_string())) }

#[proc_macro_derive(Text)]
pub fn text(input: TokenStream) -> TokenStream {
    parsed(format!("pub const TYPE: &str = {:?};", input.to_string()))
}

#[proc_macro_attribute]
pub fn described(_: TokenStream, input: TokenStream) -> TokenStream {
    let text = input.to_string();
    parsed(format!("{text} pub const FUNCTION: &str = {text:?};"))
}

#[proc_macro]
pub fn line_of(input: TokenStream) -> TokenStream {
    let first = input.into_iter().next().unwrap().span();
    parsed(format!("{}f64", first.line()))
}

#[proc_macro]
pub fn source_of(input: TokenStream) -> TokenStream {
    let first = input.into_iter().next().unwrap().span();
    parsed(format!("{:?}", first.source_text().unwrap()))
}
"#;

/// Its files are named by another, or put together.
const READER: &str = r#"
use std::path::PathBuf;
use proc_macro::TokenStream;

fn parsed(text: String) -> TokenStream { text.parse().unwrap() }

fn package() -> PathBuf { std::env::var("CARGO_MANIFEST_DIR").unwrap().into() }

#[proc_macro]
pub fn put_together(input: TokenStream) -> TokenStream {
    let path = ["da", "ta/", &input.to_string(), ".cs", "v"].concat();
    parsed(format!("{}f64", std::fs::read_to_string(package().join(path)).unwrap().len()))
}
"#;

const LISTER: &str = r#"
use std::path::PathBuf;
use proc_macro::TokenStream;

#[proc_macro]
pub fn count(_: TokenStream) -> TokenStream {
    let package: PathBuf = std::env::var("CARGO_MANIFEST_DIR").unwrap().into();
    let folder = std::fs::read_to_string(package.join("lists.conf")).unwrap();
    let count = std::fs::read_dir(package.join(folder.trim())).unwrap().count();
    format!("{count}f64").parse().unwrap()
}
"#;

const WRITTEN: &str = r#"
use joblib_macros::cached;
use joblib_memory::Memory;

macro_rules! told {
    ($($name:ident)*) => {
        $({
            let (value, body) = ($name::fit(2.0), $name::fit::uncached(2.0));
            let same = if value == body { "same" } else { "stale" };
            println!("{} {same} same {}", stringify!($name), $name::fit::stats().misses);
        })*
    };
}

mod call {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> String { format!("{x}{}", writer::text_of!(a+b)) }
}
mod derive {
    use super::*;
    #[derive(writer::Text)]
    struct Pair { a: u8, b: u8 }
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> String { format!("{x}{TYPE}") }
}
mod attribute {
    use super::*;
    #[writer::described]
    pub fn step(x: f64) -> f64 { x+1.0 }
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> String { format!("{x}{FUNCTION}") }
}
mod together {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + reader::put_together!(table) }
}
mod list {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + lister::count!() }
}
mod plain {
    use super::*;
    fn step(x: f64) -> f64 { x+1.0 }
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { vec![x,step(x)][1] }
}
mod comment {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> String { format!("{x}{}", writer::source_of!({ a /* one */ })) }
}
mod place {
    use super::*;
    #[cached(crate = joblib_memory)]
    pub fn fit(x: f64) -> f64 { x + writer::line_of!(here) }
}

fn main() {
    Memory::new(std::env::args().nth(1).unwrap()).unwrap().install().unwrap();
    told!(call derive attribute together list plain comment place);
}
"#;

#[test]
fn what_procedural_macros_see_and_read_counts() {
    let project = Project::new("study", "system", &["joblib_macros", "joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path();
    let write = |path: &str, text: &str| project.write(&format!("written/{path}"), text);
    let manifest = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
    };
    let macros = [("writer", WRITER), ("reader", READER), ("lister", LISTER)];
    let dependencies = macros.map(|(name, _)| format!("{name} = {{ path = \"{name}\" }}\n")).concat();
    write("Cargo.toml", &manifest("study", &format!("[workspace]\n[dependencies]\n{dependencies}")));
    for (name, code) in macros {
        write(&format!("{name}/Cargo.toml"), &manifest(name, "[lib]\nproc-macro = true\n"));
        write(&format!("{name}/src/lib.rs"), code);
    }
    write("src/main.rs", WRITTEN);
    write("data/table.csv", "1");
    write("lists.conf", "lists\n");
    write("lists/one", "");
    let program = project.cargo_build("written", &[], &[]);
    let all = ["attribute", "call", "comment", "derive", "list", "place", "plain", "together"];
    assert_eq!(computed(&program, cache), names(&all));
    assert_eq!(computed(&program, cache), names(&[]), "the next run reads");

    // Nothing of this moves a line.
    let mut edited = WRITTEN.to_owned();
    for (from, to) in [
        ("a+b", "a + b"),
        ("a: u8, b: u8 }", "a:u8, b: u8, }"),
        ("x+1.0", "x + 1.0"),
        ("vec![x,step(x)]", "vec![x, step(x)]"),
        ("/* one */", "/* two */"),
    ] {
        assert!(edited.contains(from), "{from}");
        edited = edited.replace(from, to);
    }
    write("src/main.rs", &edited);
    write("data/table.csv", "12");
    write("lists/two", "");
    let program = project.cargo_build("written", &[], &[]);
    let expected = ["attribute", "call", "comment", "derive", "list", "together"];
    assert_eq!(computed(&program, cache), names(&expected), "layout, comments and files");

    write("src/main.rs", &edited.replace("mod place", "\nmod place"));
    let program = project.cargo_build("written", &[], &[]);
    assert_eq!(computed(&program, cache), names(&["place"]), "a line");
}
