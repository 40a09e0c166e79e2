//! The project's own commands, `cargo xtask <command>`: one file per command.
//!
//! This crate has no dependencies, so that the first command of a fresh clone starts in seconds; what needs heavy ones
//! (the benchmark) is a crate of its own that is only started from here.

mod apart;
mod azurite;
mod bench;
mod ci;
mod docs;
mod ecosystem;
mod fuzz;
mod lint;
mod package;
mod picture;
mod release;
mod run;
mod semver;
mod test;
mod venv;
mod weight;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command> [options]

commands:
  test [FILTER…]    everything that checks behaviour: unit, integration and documentation tests, against real Python
  lint              the format, the direction of imports, and clippy with warnings denied
  docs [--pages]    build rustdoc with warnings denied, and check the documents against joblib, the tests and each other; with
                    --pages, only what needs neither rustdoc nor Python: links, contents, width, the book
  package           check that each crate packages, and compiles from its package
  semver            compare the public interface with that of the last release, with `cargo semver-checks`
  release --dry-run check that all is ready for a release, as a list; nothing is published
  weight [--build]  count the packages that users build; with --build, build them from nothing and measure that
  ci                lint, weight, test, docs, package and semver: what must be green before a change lands
  picture           take the picture of a run as a page for the guide, in a browser
  ecosystem [PROGRAM…]
                    build and run programs that use joblib beside the crates that people use
  fuzz [TARGET…]    fuzz the readers of native files and of Python's
  bench [OPTIONS]   measure our side and the peers' in one run; `cargo xtask bench --help` lists its options

`test`, `docs`, `ci` and `bench` make Python environments below the target folder first, with pip.
";

/// A command of this program, with the arguments that are left for it.
enum Command {
    /// Asked before anything is made for a command.
    Help(&'static str),
    Test(Vec<String>),
    Lint,
    /// Whether to check the pages alone.
    Docs(bool),
    Package,
    Semver,
    Release,
    /// Whether to build, too.
    Weight(bool),
    Ecosystem(Vec<String>),
    Fuzz(Vec<String>),
    Ci,
    Picture,
    Bench(Vec<String>),
}

/// Whether an argument asks for help.
fn is_help(arg: &str) -> bool {
    matches!(arg, "--help" | "-h")
}

impl Command {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let name = args.next().ok_or_else(|| "no command given".to_owned())?;
        let rest: Vec<String> = args.collect();
        // The benchmark prints its options itself.
        if name == "help" || is_help(&name) || name != "bench" && rest.iter().any(|arg| is_help(arg)) {
            return Ok(Self::Help(match name.as_str() {
                "test" => test::USAGE,
                "ecosystem" => ecosystem::USAGE,
                "fuzz" => fuzz::USAGE,
                _ => USAGE,
            }));
        }
        let command = match name.as_str() {
            "test" => return Ok(Self::Test(rest)),
            "ecosystem" => return Ok(Self::Ecosystem(rest)),
            "fuzz" => return Ok(Self::Fuzz(rest)),
            "bench" => return Ok(Self::Bench(rest)),
            "ci" => Self::Ci,
            "picture" => Self::Picture,
            "lint" => Self::Lint,
            "docs" if rest == ["--pages"] => return Ok(Self::Docs(true)),
            "docs" => Self::Docs(false),
            "package" => Self::Package,
            "semver" => Self::Semver,
            "release" if rest == ["--dry-run"] => return Ok(Self::Release),
            "release" => return Err("`release` only checks: `release --dry-run`; see CONTRIBUTING.md".into()),
            "weight" if rest == ["--build"] => return Ok(Self::Weight(true)),
            "weight" => Self::Weight(false),
            _ => return Err(format!("unknown command `{name}`")),
        };
        match rest.first() {
            None => Ok(command),
            Some(extra) => Err(format!("`{name}` takes no arguments, got `{extra}`")),
        }
    }

    fn execute(self) -> run::Result {
        match self {
            Self::Help(text) => {
                print!("{text}");
                Ok(())
            }
            Self::Test(filter) => test::execute(&filter),
            Self::Ci => ci::execute(),
            Self::Picture => picture::execute(),
            Self::Lint => lint::execute(),
            Self::Docs(pages) => docs::execute(pages),
            Self::Package => package::execute(),
            Self::Semver => semver::execute(false),
            Self::Release => release::execute(),
            Self::Weight(build) => weight::execute(build),
            Self::Ecosystem(arguments) => ecosystem::execute(&arguments),
            Self::Fuzz(arguments) => fuzz::execute(&arguments),
            Self::Bench(options) => bench::execute(&options),
        }
    }
}

fn main() -> ExitCode {
    let command = match Command::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("error: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match command.execute() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
