//! Functions made at run time, and functions that a call of a cached one gives: programs that are edited, built again and run
//! with one cache. No function gets the value of another, or of what it was before.
//!
//! Every row is a module of one program, so that one build makes many edits.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use joblib_tests::example::printed;
use joblib_tests::project::Project;

/// What a module is, its code, and what is edited in it. `run` gives values, each beside what it has to be.
struct Row {
    what: &'static str,
    source: &'static str,
    edits: &'static [(&'static str, &'static str)],
}

const ROWS: &[Row] = &[
    Row {
        what: "a closure is put before others of its name",
        source: "pub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![of(m, \"s\", |x| x + 1.0), of(m, \"s\", |x| x + 2.0)]\n}",
        edits: &[("vec![", "vec![of(m, \"s\", |x| x + 9.0), ")],
    },
    Row {
        what: "a closure that is not cached is put before others",
        source: "pub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![of(m, \"s\", |x| x + 1.0), of(m, \"s\", |x| x + 2.0)]\n}",
        edits: &[("vec![of", "let other = |x: f64| x; other(1.0); vec![of")],
    },
    Row {
        what: "two closures trade places",
        source: "pub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![of(m, \"s\", |x| x + 1.0), of(m, \"s\", |x| x + 2.0)]\n}",
        edits: &[("x + 1.0", "x + 3.0"), ("x + 2.0", "x + 1.0"), ("x + 3.0", "x + 2.0")],
    },
    Row {
        what: "one of two closures is taken away",
        source: "pub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![of(m, \"s\", |x| x + 1.0), of(m, \"s\", |x| x + 2.0)]\n}",
        edits: &[("of(m, \"s\", |x| x + 1.0), ", "")],
    },
    Row {
        what: "a closure is edited",
        source: "pub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![of(m, \"s\", |x| x + 1.0)] }",
        edits: &[("+ 1.0", "+ 2.0")],
    },
    Row {
        what: "what a closure calls is edited",
        source: "fn h(x: f64) -> f64 { x + 1.0 }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![of(m, \"s\", |x| h(x))] }",
        edits: &[("+ 1.0", "+ 2.0")],
    },
    Row {
        what: "a constant that a closure names is edited",
        source: "const K: f64 = 1.0;\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![of(m, \"s\", |x| x + K)] }",
        edits: &[("= 1.0", "= 2.0")],
    },
    Row {
        what: "a function of one name is put before others, in blocks of one function",
        source: "pub fn run(m: &Memory) -> Vec<[f64; 2]> {\n let a = { fn s(x: f64) -> f64 { x + 1.0 } of(m, \"s\", s) };\n let b = { fn s(x: f64) -> f64 { x + 2.0 } of(m, \"s\", s) };\n vec![a, b]\n}",
        edits: &[
            ("let a =", "let c = { fn s(x: f64) -> f64 { x + 9.0 } of(m, \"s\", s) }; let a ="),
            ("[a, b]", "[a, b, c]"),
        ],
    },
    Row {
        what: "closures in a function with a type parameter",
        source: "trait K { const K: f64; }\nstruct A; struct B;\nimpl K for A { const K: f64 = 1.0; }\nimpl K for B { const K: f64 = 2.0; }\nfn g<T: K>(m: &Memory) -> [f64; 2] { of(m, \"s\", |x| x + T::K) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![g::<A>(m), g::<B>(m)] }",
        edits: &[("= 1.0", "= 3.0")],
    },
    Row {
        what: "a closure around a function that is given",
        source: "fn g(m: &Memory, f: impl Fn(f64) -> f64) -> [f64; 2] { of(m, \"s\", move |x| f(x)) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![g(m, |x| x + 1.0), g(m, |x| x + 2.0)] }",
        edits: &[("vec![", "vec![g(m, |x| x + 9.0), ")],
    },
    Row {
        what: "a pointer to a function points at another one",
        source: "fn a(x: f64) -> f64 { x + 1.0 }\nfn b(x: f64) -> f64 { x + 2.0 }\nconst F: fn(f64) -> f64 = a;\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![of(m, \"s\", F), of(m, \"s\", b as fn(f64) -> f64)] }",
        edits: &[("= a;", "= b;"), ("b as fn", "a as fn")],
    },
    Row {
        what: "what a pointer to a function points at is edited",
        source: "fn a(x: f64) -> f64 { x + 1.0 }\nconst F: fn(f64) -> f64 = a;\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![of(m, \"s\", F)] }",
        edits: &[("+ 1.0", "+ 2.0")],
    },
    Row {
        what: "boxed closures trade places",
        source: "type F = Box<dyn Fn(f64) -> f64>;\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n let all: [F; 2] = [Box::new(|x| x + 1.0), Box::new(|x| x + 2.0)];\n all.into_iter().map(|f| of(m, \"s\", f)).collect()\n}",
        edits: &[("x + 1.0", "x + 3.0"), ("x + 2.0", "x + 1.0"), ("x + 3.0", "x + 2.0")],
    },
    Row {
        what: "a function that is cached in two places is edited",
        source: "fn a(x: f64) -> f64 { x + 1.0 }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![of(m, \"s\", a), of(m, \"s\", a)] }",
        edits: &[("+ 1.0", "+ 2.0")],
    },
    Row {
        what: "a closure as the type that a call of a cached function chooses",
        source: "#[cached(crate = joblib_memory, memory = m, key = x)]\nfn go<F: Fn(f64) -> f64>(x: f64, f: F, m: &Memory) -> f64 { f(x) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![[go(2.0, |x| x + 1.0, m), 3.0], [go(2.0, |x| x + 2.0, m), 4.0]]\n}",
        edits: &[("vec![", "vec![[go(2.0, |x| x + 9.0, m), 11.0], ")],
    },
    Row {
        what: "an edited closure as the type that a call chooses",
        source: "#[cached(crate = joblib_memory, memory = m, key = x)]\nfn go(x: f64, f: impl Fn(f64) -> f64, m: &Memory) -> f64 { f(x) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![[go(2.0, |x| x + 1.0, m), 3.0]] }",
        edits: &[("x + 1.0, m), 3.0", "x + 2.0, m), 4.0")],
    },
    Row {
        what: "an edited function as the type that a call chooses",
        source: "fn h(x: f64) -> f64 { x + 1.0 }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn go<F: Fn(f64) -> f64>(x: f64, f: F, m: &Memory) -> f64 { f(x) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![[go(2.0, h, m), h(2.0)]] }",
        edits: &[("x + 1.0", "x + 2.0")],
    },
    Row {
        what: "an edited function as a type that a trait of this crate bounds",
        source: "fn h(x: f64) -> f64 { x + 1.0 }\ntrait Step { fn step(&self, x: f64) -> f64; }\nimpl<F: Fn(f64) -> f64> Step for F { fn step(&self, x: f64) -> f64 { self(x) } }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn go(x: f64, f: &impl Step, m: &Memory) -> f64 { f.step(x) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![[go(2.0, &h, m), h(2.0)]] }",
        edits: &[("x + 1.0", "x + 2.0")],
    },
    Row {
        what: "an edited function in the types that calls choose",
        source: "fn h(x: f64) -> f64 { x + 1.0 }\nstruct W<F>(F);\ntrait Step { fn step(&self, x: f64) -> f64; }\nimpl<F: Fn(f64) -> f64> Step for W<F> { fn step(&self, x: f64) -> f64 { (self.0)(x) } }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn borrowed<F: Fn(f64) -> f64>(x: f64, f: F, m: &Memory) -> f64 { f(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn unsized_too<F: Fn(f64) -> f64 + ?Sized>(x: f64, f: &F, m: &Memory) -> f64 { f(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn held(x: f64, w: impl Step, m: &Memory) -> f64 { w.step(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn optional(x: f64, f: Option<impl Fn(f64) -> f64>, m: &Memory) -> f64 { f.map_or(0.0, |f| f(x)) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn mapped(x: f64, i: impl Iterator<Item = f64>, m: &Memory) -> f64 { i.sum::<f64>() + x }\nimpl<F: Fn(f64) -> f64> W<F> {\n#[cached(crate = joblib_memory, memory = m, self = \"ignore\")]\nfn go(&self, x: f64, #[cached(skip)] m: &Memory) -> f64 { (self.0)(x) }\n}\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![[borrowed(2.0, &h, m), h(2.0)], [unsized_too(2.0, &h, m), h(2.0)], [held(2.0, W(h), m), h(2.0)], [optional(2.0, Some(h), m), h(2.0)],\n [mapped(0.0, [2.0].into_iter().map(h), m), h(2.0)], [W(h).go(2.0, m), h(2.0)]]\n}",
        edits: &[("x + 1.0", "x + 2.0")],
    },
    Row {
        what: "a closure of another captured value",
        source: "const K: f64 = 1.0;\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n let g = |k: f64| { let f = m.cache(\"s\", move |x: f64| x + k).captures(k); [f.eval((2.0,)), 2.0 + k] };\n vec![g(K), g(K + 1.0), g(K + 2.0)]\n}",
        edits: &[("= 1.0", "= 2.0")],
    },
    Row {
        what: "boxed closures of one type that capture, and what is said of it",
        source: "type F = Box<dyn Fn(f64) -> f64>;\nfn boxed(k: f64) -> F { Box::new(move |x| x + k) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n [1.0, 2.0].into_iter().map(|k| { let f = m.cache(\"s\", boxed(k)).captures(k); [f.eval((2.0,)), 2.0 + k] }).collect()\n}",
        edits: &[("x + k", "x + k + 1.0"), ("2.0 + k", "3.0 + k")],
    },
    Row {
        what: "a pointer to a function, beside a key, points at another one",
        source: "fn a(x: f64) -> f64 { x + 1.0 }\nfn b(x: f64) -> f64 { x + 2.0 }\ntype F = fn(f64) -> f64;\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn go(x: f64, f: F, m: &Memory) -> f64 { f(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn chosen(x: f64, f: impl Fn(f64) -> f64, m: &Memory) -> f64 { f(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn by<G: Fn(f64) -> f64 + ?Sized>(x: f64, f: &G, m: &Memory) -> f64 { f(x) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n [a as F, b].into_iter().flat_map(|f| [[go(2.0, f, m), f(2.0)], [chosen(2.0, f, m), f(2.0)], [by(2.0, &f, m), f(2.0)]]).collect()\n}",
        edits: &[("[a as F, b]", "[b as F, a]"), ("x + 1.0", "x + 3.0")],
    },
    Row {
        what: "what is behind a `dyn`, beside a key, is another type",
        source: "fn a(x: f64) -> f64 { x + 1.0 }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn lent(x: f64, f: &dyn Fn(f64) -> f64, m: &Memory) -> f64 { f(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn boxed(x: f64, f: Box<dyn Fn(f64) -> f64 + Send>, m: &Memory) -> f64 { f(x) }\n#[cached(crate = joblib_memory, memory = m, key = x)]\nfn by<G: Fn(f64) -> f64 + ?Sized>(x: f64, f: &G, m: &Memory) -> f64 { f(x) }\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n let b = |x: f64| x + 2.0;\n let d: [&dyn Fn(f64) -> f64; 2] = [&a, &b];\n vec![[lent(2.0, &a, m), a(2.0)], [lent(2.0, &b, m), b(2.0)], [boxed(2.0, Box::new(a), m), a(2.0)], [boxed(2.0, Box::new(b), m), b(2.0)],\n [by(2.0, d[0], m), a(2.0)], [by(2.0, d[1], m), b(2.0)]]\n}",
        edits: &[("x + 1.0", "x + 3.0")],
    },
    Row {
        what: "closures in the type that a method is of",
        source: "struct W<F>(F);\nimpl<F: Fn(f64) -> f64> W<F> {\n#[cached(crate = joblib_memory, memory = m, self = \"ignore\")]\nfn go(&self, x: f64, #[cached(skip)] m: &Memory) -> f64 { (self.0)(x) }\n}\npub fn run(m: &Memory) -> Vec<[f64; 2]> {\n vec![[W(|x| x + 1.0).go(2.0, m), 3.0], [W(|x| x + 2.0).go(2.0, m), 4.0]]\n}",
        edits: &[("vec![", "vec![[W(|x| x + 9.0).go(2.0, m), 11.0], ")],
    },
    Row {
        what: "the size of a type that a call chooses",
        source: "struct S(#[allow(dead_code)] u8);\n#[cached(crate = joblib_memory, memory = m)]\nfn go<T>(#[cached(skip)] m: &Memory) -> f64 { size_of::<T>() as f64 }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![[go::<S>(m), size_of::<S>() as f64]] }",
        edits: &[("u8)", "u64)")],
    },
    Row {
        what: "the alignment of a value whose type a call chooses",
        source: "#[derive(serde::Serialize)]\n#[repr(align(8))]\nstruct S(u8);\n#[cached(crate = joblib_memory, memory = m)]\nfn go(s: &(impl serde::Serialize + Sized), #[cached(skip)] m: &Memory) -> f64 { align_of_val(s) as f64 }\npub fn run(m: &Memory) -> Vec<[f64; 2]> { vec![[go(&S(1), m), align_of::<S>() as f64]] }",
        edits: &[("align(8)", "align(16)")],
    },
];

/// A program of all rows: of each it prints how many calls were computed, and its values.
fn main_of_rows() -> String {
    let mut main = "use joblib_memory::Memory;\n".to_owned();
    for index in 0..ROWS.len() {
        let _ = writeln!(main, "mod r{index};");
    }
    main.push_str(
        "#[track_caller]\npub fn of<F: Fn(f64) -> f64>(m: &Memory, name: &str, f: F) -> [f64; 2] {\n \
         let expected = f(2.0);\n [m.eval(name, f, (2.0,)), expected]\n}\n\
         fn main() {\n let folder = std::env::args().nth(1).unwrap();\n",
    );
    for index in 0..ROWS.len() {
        // Each has a cache of its own, for their functions have one name.
        let _ = writeln!(
            main,
            " let m = Memory::new(format!(\"{{folder}}/{index}\")).unwrap();\n let values = r{index}::run(&m);\n \
             println!(\"{{}} {{values:?}} {{:?}}\", m.stats().misses, values.iter().all(|[is, to_be]| is == to_be));"
        );
    }
    main.push_str("}\n");
    main
}

fn build(project: &Project, edited: bool) -> PathBuf {
    project.write("src/main.rs", &main_of_rows());
    for (index, row) in ROWS.iter().enumerate() {
        let mut source = row.source.to_owned();
        for (from, to) in row.edits.iter().filter(|_| edited) {
            assert!(source.contains(from), "{}: there is no `{from}`", row.what);
            source = source.replace(from, to);
        }
        let uses =
            "#![allow(unused)]\nuse crate::of;\nuse joblib_macros::cached;\nuse joblib_memory::Memory;\n";
        project.write(&format!("src/r{index}.rs"), &format!("{uses}{source}\n"));
    }
    let program = project.compile("src/main.rs", &[], &[]);
    keep(&program, if edited { "edited" } else { "original" })
}

/// Puts a program aside. Its times are those of every other, as where packages are built reproducibly.
fn keep(program: &Path, name: &str) -> PathBuf {
    let kept = program.with_extension(name);
    std::fs::rename(program, &kept).expect("the program is there");
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    File::options().write(true).open(&kept).unwrap().set_modified(time).unwrap();
    kept
}

fn run(program: &Path, cache: &Path) -> Vec<String> {
    let output = Command::new(program)
        .arg(cache)
        // Two functions of one name are warned about.
        .env("JOBLIB_WARNINGS", "off")
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "the program failed:\n{}", printed(&output));
    String::from_utf8(output.stdout).expect("the program prints text").lines().map(str::to_owned).collect()
}

#[test]
fn functions_made_at_run_time_get_no_value_of_other_code() {
    let project = Project::new("made", "system", &["joblib_macros", "joblib_memory", "serde"]);
    project.write("Cargo.toml", "[package]\nname = \"made\"\n");
    let folder = tempfile::tempdir().unwrap();
    let [original, edited] = [false, true].map(|edited| build(&project, edited));
    let mut wrong = Vec::new();
    for (program, computes) in [(&original, true), (&edited, true), (&original, false), (&edited, false)] {
        let lines = run(program, folder.path());
        assert_eq!(lines.len(), ROWS.len());
        for (line, row) in lines.iter().zip(ROWS) {
            let is_right = line.ends_with(" true") && line.starts_with("0 ") != computes;
            if !is_right {
                wrong.push(format!("{}: {line} by {}", row.what, program.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Calls a function without a version and one with a version.
const TWO: &str = r#"
use joblib_memory::Memory;
fn main() {
    let m = Memory::new(std::env::args().nth(1).unwrap()).unwrap();
    let (build, version) = (m.cache("build", |x: f64| x + STEP), m.cache("version", |x: f64| x + 1.0).version(1));
    println!("{}", build.explain((2.0,)));
    println!("{} {}", build.eval((2.0,)), version.eval((2.0,)));
    println!("{} {}", build.stats().misses, version.stats().misses);
}
"#;

#[test]
fn another_build_is_told_as_the_reason_and_a_version_stands_for_it() {
    let project = Project::new("made", "system", &["joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let lines = |step: &str| run(&project.build(&TWO.replace("STEP", step)), folder.path());
    assert_eq!(lines("1.0"), ["it was never computed", "3 3", "1 1"]);
    let later = lines("2.0");
    assert!(later[0].starts_with("computed because the build of the program changed since "), "{later:?}");
    assert_eq!(later[1..], ["4 3", "1 0"]);
}

#[test]
fn programs_of_one_name_share_no_functions_made_at_run_time() {
    let folder = tempfile::tempdir().unwrap();
    for (step, value) in [("1.0", "3 3"), ("2.0", "4 3")] {
        let project = Project::new("study", "system", &["joblib_memory"]);
        let lines = run(&project.build(&TWO.replace("STEP", step)), folder.path());
        assert_eq!(lines[1], value);
    }
}

/// Calls a function with a version, beside another part that is edited.
const VERSIONED: &str = r#"
use joblib_memory::Memory;
fn elsewhere() -> f64 { PART }
fn main() {
    let m = Memory::new(std::env::args().nth(1).unwrap()).unwrap();
    BEFORE
    let fit = m.cache("fit", |x: f64| x + 1.0).version(1);
    println!("{} {} {}", fit.eval((2.0,)), fit.stats().misses, elsewhere());
}
"#;

#[test]
fn a_version_keeps_results_over_builds_as_long_as_the_compiler_has_one_number_for_the_type() {
    let project = Project::new("made", "system", &["joblib_memory"]);
    let folder = tempfile::tempdir().unwrap();
    let source = |part: &str, before: &str| VERSIONED.replace("PART", part).replace("BEFORE", before);
    let build = |name: &str, source: &str, arguments: &[&str]| {
        project.write("main.rs", source);
        run(&keep(&project.compile("main.rs", arguments, &[]), name), folder.path())
    };
    assert_eq!(build("first", &source("1.0", ""), &[]), ["3 1 1"]);
    assert_eq!(build("edited", &source("2.0", ""), &[]), ["3 0 2"]);
    // As cargo tells profiles, features and dependencies apart.
    assert_eq!(build("profile", &source("2.0", ""), &["-C", "metadata=other"]), ["3 1 2"]);
    let another = "m.cache(\"another\", |x: f64| x + 9.0).version(1).eval((2.0,));";
    assert_eq!(build("inserted", &source("2.0", another), &[]), ["3 1 2"], "it has another number");
    assert_eq!(build("edited again", &source("3.0", another), &[]), ["3 0 3"]);
}
