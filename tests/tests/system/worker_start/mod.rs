//! Worker processes of programs that are built, linked and started in unusual ways: they work, or the error says why not,
//! and which backend to use.

mod constructors;
mod library;
mod optimized;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use joblib_tests::example::printed;
use joblib_tests::project::Project;

/// A program that runs its tasks in workers, and says what it got.
const PROGRAM: &str = r#"
use joblib_parallel::{Parallel, delayed};

fn doubled(n: u64) -> (u64, u32) {
    (2 * n, std::process::id())
}

fn main() {
    let backend = std::env::args().nth(1).unwrap_or("loky".to_owned());
    match Parallel::new().backend(backend.as_str()).n_jobs(2).run((0..10).map(|n| delayed(doubled, (n,)))) {
        Ok(pairs) => {
            assert!(pairs.iter().all(|(_, pid)| *pid != std::process::id()));
            println!("{}", pairs.iter().map(|(n, _)| n).sum::<u64>());
        }
        Err(error) => println!("{error}"),
    }
}
"#;

fn project(name: &str) -> Project {
    Project::new(name, "system", &["joblib_parallel"])
}

/// What `command` prints; it has to succeed.
fn output(command: &mut Command) -> String {
    let output: Output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?} failed:\n{}", printed(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Whether a program of the system is to be used. Only where `JOBLIB_TEST_WITHOUT` names it, as `cargo xtask test` has it where
/// there is none, and says so, it is not.
fn is_here(program: &str) -> bool {
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    !without.split(',').any(|name| name == program)
}

/// What `program` prints, run by `by`, which is a program of the system with its arguments.
fn output_by(by: &[&str], program: &Path) -> String {
    let (by, arguments) = by.split_first().expect("a program");
    let output = Command::new(by).args(arguments).arg(program).output();
    let succeeded = output.as_ref().is_ok_and(|output| output.status.success());
    assert!(
        succeeded,
        "does `{by}` work here? If not, name it in JOBLIB_TEST_WITHOUT, as `cargo xtask test` does. {:?}",
        output.as_ref().map(printed)
    );
    String::from_utf8(output.expect("it succeeded").stdout).expect("text")
}

/// glibc's dynamic loader.
fn loader() -> &'static str {
    let loaders = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
    loaders.into_iter().find(|loader| Path::new(loader).exists()).expect("glibc's loader")
}

#[test]
fn a_program_works_that_the_dynamic_loader_or_valgrind_runs() {
    let project = project("started");
    let program = project.build(PROGRAM);
    assert_eq!(output(Command::new(loader()).arg(&program)), "90\n");
    if is_here("valgrind") {
        assert_eq!(output_by(&["valgrind", "--tool=none", "--quiet"], &program), "90\n");
    }
}

#[test]
fn a_program_works_that_has_no_proc() {
    let project = project("hidden");
    let program = project.build(PROGRAM);
    if !is_here("unshare") {
        return;
    }
    let hidden = "mount -t tmpfs none /proc && exec \"$@\"";
    let hidden = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", hidden, "-"];
    assert_eq!(output_by(&hidden, &program), "90\n");
    let in_folder = format!("cd {} && mount -t tmpfs none /proc && exec \"$@\"", project.folder().display());
    let in_folder = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &in_folder, "-"];
    assert_eq!(output_by(&in_folder, Path::new("./hidden")), "90\n");
    assert_eq!(output_by(&[&hidden[..], &[loader()]].concat(), &program), "90\n");
    let recycling = PROGRAM.replace("Parallel::new()", "Parallel::new().recycle_above_bytes(1 << 40)");
    let program = project.build(&recycling);
    assert_eq!(output(&mut Command::new(&program)), "90\n");
    let told = output_by(&hidden, &program);
    assert!(told.contains("recycle_above_bytes") && told.contains("is /proc mounted?"), "{told}");
}

#[test]
fn a_program_works_whose_file_is_replaced_or_removed_while_it_runs() {
    let project = project("replaced");
    let program = project.build(&PROGRAM.replace(
        "fn main() {",
        r#"fn main() {
            let own = std::env::current_exe().unwrap();
            std::fs::remove_file(&own).unwrap();
            if std::env::args().nth(2).is_some() {
                std::fs::copy("/bin/false", own).unwrap();
            }
        "#,
    ));
    let copy = project.folder().join("copy");
    std::fs::copy(&program, &copy).unwrap();
    assert_eq!(output(&mut Command::new(program)), "90\n");
    assert_eq!(output(Command::new(copy).args(["loky", "replace"])), "90\n");
}

#[test]
fn a_program_is_no_worker_because_of_a_variable_that_was_left_in_its_environment() {
    let project = project("left");
    let program = project.build(&PROGRAM.replace(
        "fn main() {",
        r#"fn main() {
            if let Some(message) = std::env::args().nth(2) {
                println!("{message}");
                return;
            }
            // A task's own process finds none.
            let seen = Parallel::new().backend("loky").run([delayed(|| std::env::vars_os().count(), ())]);
            let of_task = || std::env::var("JOBLIB_PARALLEL_WORKER").is_ok();
            assert_eq!(Parallel::new().backend("loky").run([delayed(of_task, ())]).unwrap(), [false]);
            assert!(seen.is_ok());
        "#,
    ));
    let value = concat!("joblib-parallel ", env!("CARGO_PKG_VERSION"));
    let other = std::process::id() + 1;
    for value in
        ["", "1", value, &format!("{value} 1"), &format!("{value} {other}"), "joblib-parallel 0.0.1 1"]
    {
        let left = || {
            let mut command = Command::new(&program);
            command.env("JOBLIB_PARALLEL_WORKER", value);
            command
        };
        assert_eq!(output(&mut left()), "90\n", "{value:?}");
        // The standard input may be a socket all the same.
        let (socket, _other) = UnixStream::pair().unwrap();
        let mut command = left();
        command.args(["loky", "normal"]).stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)));
        assert_eq!(output(&mut command), "normal\n", "{value:?}");
    }
}

#[test]
fn a_program_works_that_is_built_and_linked_in_other_ways() {
    let project = project("built");
    project.write("main.rs", PROGRAM);
    let ways: [&[&str]; 6] = [
        &["-C", "panic=abort"],
        &["-C", "strip=symbols", "-C", "opt-level=3"],
        &["-C", "relocation-model=static"],
        &["-C", "target-feature=+crt-static"],
        // The compiler's own linker is another one on some systems.
        &["-C", "link-arg=-fuse-ld=bfd"],
        &["-C", "link-arg=-Wl,--gc-sections,-z,now"],
    ];
    for way in ways {
        let program = project.compile("main.rs", way, &[]);
        assert_eq!(output(&mut Command::new(program)), "90\n", "{way:?}");
    }
    // Has no list of what runs before `main`.
    let fixed = ["-C", "target-feature=+crt-static", "-C", "relocation-model=static"];
    let program = project.compile("main.rs", &fixed, &[]);
    let told = output(&mut Command::new(&program));
    assert!(
        told.contains("relocation-model=static") && told.contains("use the backend \"threading\""),
        "{told}"
    );
    assert_eq!(output(Command::new(&program).arg("multiprocessing")), "90\n");
}

#[test]
fn a_workers_reason_for_not_starting_is_told() {
    let project = project("reasons");
    let program = project.build(
        r#"
        use joblib_parallel::{Parallel, delayed};

        fn main() {
            let parallel = Parallel::new().backend("loky").n_jobs(2).stack_size(1 << 46);
            println!("{}", parallel.run([delayed(f64::sqrt, (4.0,))]).unwrap_err());
        }
        "#,
    );
    let told = output(&mut Command::new(program));
    assert!(told.contains("no thread with a stack of 70368744177664 bytes"), "{told}");
}
