//! What the compiler was asked for: the arguments of its process, in which the macro runs.

use std::path::{Path, PathBuf};

/// The arguments that matter here.
#[derive(Debug, Default)]
pub(crate) struct Compilation {
    /// The crate's root file.
    pub(crate) root: Option<PathBuf>,
    pub(crate) crate_name: String,
    /// Libraries by the name of their crate.
    pub(crate) externs: Vec<(String, PathBuf)>,
    /// What `--cfg` sets.
    pub(crate) conditions: Vec<String>,
    /// The language's edition.
    pub(crate) edition: String,
    /// What it compiles for, if that is not the host.
    pub(crate) target: String,
    /// Options of code generation that conditions ask for.
    pub(crate) codegen: Vec<String>,
}

impl Compilation {
    /// Of this process.
    pub(crate) fn of_process() -> Self {
        let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
        Self::parse(arguments.flat_map(|argument| match argument.strip_prefix('@') {
            // Arguments in a file, which cargo writes where there are many.
            Some(path) => {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                text.lines().map(str::to_owned).collect()
            }
            None => vec![argument],
        }))
    }

    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut found = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (argument.clone(), None),
            };
            match name.as_str() {
                "--crate-name" => found.crate_name = value.or_else(|| arguments.next()).unwrap_or_default(),
                "--cfg" => found.conditions.extend(value.or_else(|| arguments.next())),
                "--extern" => {
                    let text = value.or_else(|| arguments.next()).unwrap_or_default();
                    if let Some((name, path)) = text.split_once('=') {
                        let name = name.rsplit(':').next().unwrap_or(name);
                        found.externs.push((name.to_owned(), path.into()));
                    }
                }
                "--edition" => found.edition = value.or_else(|| arguments.next()).unwrap_or_default(),
                "-C" | "--codegen" => {
                    let option = value.or_else(|| arguments.next());
                    found.codegen.extend(option.filter(|option| is_condition(option)));
                }
                "--target" => found.target = value.or_else(|| arguments.next()).unwrap_or_default(),
                // Those whose value is an argument of its own.
                "--crate-type"
                | "--emit"
                | "--out-dir"
                | "--check-cfg"
                | "--cap-lints"
                | "--error-format"
                | "--json"
                | "--color"
                | "--sysroot"
                | "--explain"
                | "--print"
                | "--remap-path-prefix"
                | "--env-set"
                | "-o"
                | "-L"
                | "-l"
                | "-A"
                | "-W"
                | "-D"
                | "-F"
                | "-Z"
                    if value.is_none() =>
                {
                    arguments.next();
                }
                _ if argument.strip_prefix("-C").is_some_and(is_condition) => {
                    found.codegen.push(argument[2..].to_owned());
                }
                _ if Path::new(&argument).extension().is_some_and(|extension| extension == "rs")
                    && !argument.starts_with('-')
                    && found.root.is_none() =>
                {
                    found.root = Some(argument.into());
                }
                _ => {}
            }
        }
        found.conditions.sort();
        found.codegen.sort();
        found
    }
}

/// Whether `cfg` can ask for an option of code generation.
fn is_condition(option: &str) -> bool {
    let name = option.split('=').next().unwrap_or(option);
    matches!(name, "target-cpu" | "target-feature" | "panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_that_cargo_gives_are_understood() {
        let arguments = "rustc --crate-name study --edition=2024 src/main.rs --error-format=json --crate-type bin -C debuginfo=2 -C panic=abort -Ctarget-feature=+avx2 \
                         --cfg feature=\"x\" --check-cfg cfg(docsrs,test) -L dependency=/t/deps --extern a=/t/liba-1.rmeta \
                         --extern noprelude:b=/t/libb-2.rlib --extern proc_macro";
        let found = Compilation::parse(arguments.split_whitespace().map(str::to_owned));
        assert_eq!(found.root, Some("src/main.rs".into()));
        assert_eq!(found.crate_name, "study");
        assert_eq!(found.conditions, ["feature=\"x\""]);
        assert_eq!(found.codegen, ["panic=abort", "target-feature=+avx2"]);
        assert_eq!(
            found.externs,
            [
                ("a".to_owned(), PathBuf::from("/t/liba-1.rmeta")),
                ("b".to_owned(), PathBuf::from("/t/libb-2.rlib"))
            ]
        );
    }
}
