//! What is asked of `Cargo.toml` and `Cargo.lock`: path dependencies, the library's name and file, locked versions.
//!
//! Reads the part of TOML that these files are written in: tables, keys with dots, strings, inline tables and arrays.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Values by their whole key, as in `dependencies.study.path`.
#[derive(Debug, Default)]
pub(crate) struct Toml {
    values: BTreeMap<String, String>,
    /// Of an array of tables: each of them.
    tables: BTreeMap<String, Vec<Toml>>,
    /// Arrays of strings.
    lists: BTreeMap<String, Vec<String>>,
}

impl Toml {
    pub(crate) fn read(path: &Path) -> Option<Self> {
        std::fs::read_to_string(path).ok().map(|text| Self::parse(&text))
    }

    pub(crate) fn parse(text: &str) -> Self {
        let mut whole = Self::default();
        let mut table = String::new();
        let mut of_array: Option<String> = None;
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let line = without_comment(line).trim();
            if let Some(name) = line.strip_prefix("[[").and_then(|line| line.strip_suffix("]]")) {
                let name = key(name);
                whole.tables.entry(name.clone()).or_default().push(Self::default());
                (of_array, table) = (Some(name), String::new());
            } else if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                (of_array, table) = (None, format!("{}.", key(name)));
            } else if let Some((name, value)) = line.split_once('=') {
                let mut value = value.trim().to_owned();
                // An array or a text over several lines.
                while (value.starts_with('[') && !value.ends_with(']'))
                    || (value.starts_with('{') && !value.ends_with('}'))
                {
                    let Some(more) = lines.next() else { break };
                    value.push(' ');
                    value.push_str(without_comment(more).trim());
                }
                let name = format!("{table}{}", key(name));
                let to = match &of_array {
                    Some(array) => whole.tables.get_mut(array).and_then(|tables| tables.last_mut()),
                    None => Some(&mut whole),
                };
                if let Some(to) = to {
                    to.set(&name, &value);
                }
            }
        }
        whole
    }

    fn set(&mut self, name: &str, value: &str) {
        if let Some(inner) = value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
            for part in split(inner) {
                if let Some((key_of, value)) = part.split_once('=') {
                    self.set(&format!("{name}.{}", key(key_of)), value.trim());
                }
            }
        } else if let Some(inner) = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) {
            let items =
                split(inner).into_iter().map(|item| unquoted(item.trim())).filter(|item| !item.is_empty());
            self.lists.insert(name.to_owned(), items.collect());
        } else {
            self.values.insert(name.to_owned(), unquoted(value));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    #[cfg(test)]
    fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.values.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

fn without_comment(line: &str) -> &str {
    let mut quoted = None;
    for (at, letter) in line.char_indices() {
        match (letter, quoted) {
            ('"' | '\'', None) => quoted = Some(letter),
            (letter, Some(quote)) if letter == quote => quoted = None,
            ('#', None) => return &line[..at],
            _ => {}
        }
    }
    line
}

fn key(text: &str) -> String {
    text.split('.').map(|part| unquoted(part.trim())).collect::<Vec<_>>().join(".")
}

fn unquoted(text: &str) -> String {
    let inner = text.trim_matches(['"', '\'']);
    if text.starts_with('"') && inner.contains('\\') { unescaped(inner) } else { inner.to_owned() }
}

/// What a string with escapes stands for. Those that paths don't have are left as they are written.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let digits = match after.as_bytes().first() {
            Some(b'u') => 4,
            Some(b'U') => 8,
            _ => 0,
        };
        let code = after.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(letter) = code.and_then(char::from_u32) {
            out.push(letter);
            rest = &after[digits + 1..];
        } else {
            let mut letters = after.chars();
            out.extend(letters.next());
            rest = letters.as_str();
        }
    }
    out + rest
}

/// The parts between commas, those in nested brackets apart.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts, mut quoted) = (0i32, 0, Vec::new(), false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if depth == 0 && !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The name of a package's library as code writes it, and its root file.
pub(crate) fn library(folder: &Path) -> Option<(String, PathBuf)> {
    let manifest = Toml::read(&folder.join("Cargo.toml"))?;
    let package = manifest.get("package.name")?;
    let name = manifest.get("lib.name").unwrap_or(package).replace('-', "_");
    let root = folder.join(manifest.get("lib.path").unwrap_or("src/lib.rs"));
    root.is_file().then_some((name, root))
}

/// What a manifest says of how the package's library is compiled.
#[derive(Debug, Default)]
pub(crate) struct Kind {
    pub(crate) is_proc_macro: bool,
    pub(crate) edition: String,
    /// The names of its dependencies, as code writes them.
    pub(crate) dependencies: BTreeSet<String>,
}

/// How the library of the package in `folder` is compiled.
pub(crate) fn kind(folder: &Path) -> Kind {
    let Some(manifest) = Toml::read(&folder.join("Cargo.toml")) else { return Kind::default() };
    let says = |key: &str| manifest.get(key) == Some("true");
    let inherits = says("package.edition.workspace");
    let edition = match workspace(folder, &manifest).filter(|_| inherits) {
        Some((_, toml)) => toml.get("workspace.package.edition").map(str::to_owned),
        None => manifest.get("package.edition").map(str::to_owned),
    };
    Kind {
        is_proc_macro: says("lib.proc-macro") || says("lib.proc_macro"),
        edition: edition.unwrap_or_default(),
        dependencies: manifest.values.keys().filter_map(|key| dependency_of(key)).collect(),
    }
}

/// The dependency that a key of a manifest is about.
fn dependency_of(key: &str) -> Option<String> {
    let mut parts = key.split('.').skip_while(|part| !part.ends_with("dependencies"));
    parts.nth(1).map(|name| name.replace('-', "_"))
}

/// The workspace of a package: its folder and manifest.
fn workspace(folder: &Path, manifest: &Toml) -> Option<(PathBuf, Toml)> {
    let read = |folder: &Path| Some((folder.to_owned(), Toml::read(&folder.join("Cargo.toml"))?));
    if let Some(named) = manifest.get("package.workspace") {
        return read(&folder.join(named));
    }
    folder.ancestors().filter_map(read).find(|(_, toml)| {
        toml.values.keys().chain(toml.lists.keys()).any(|key| key.starts_with("workspace."))
    })
}

/// Crates of the package's path dependencies and its own library: their name in its code, their root file and folder. `patches`
/// are packages that are used in the place of others.
pub(crate) fn crates_at_hand(
    folder: &Path,
    patches: &[(String, PathBuf)],
) -> Vec<(String, PathBuf, PathBuf)> {
    let Some(manifest) = Toml::read(&folder.join("Cargo.toml")) else { return Vec::new() };
    let mut found = Vec::new();
    if let Some((name, root)) = library(folder) {
        found.push((name, root, folder.to_owned()));
    }
    let workspace = workspace(folder, &manifest);
    let mut add = |written: &str, base: &Path, path: &str| {
        // A package that is reached by several ways is one.
        let of = base.join(path);
        let of = of.canonicalize().unwrap_or(of);
        if let Some((library, root)) = library(&of) {
            let written = written.replace('-', "_");
            if library != written {
                // Code has the library's name for it, unless the dependency is renamed.
                found.push((library, root.clone(), of.clone()));
            }
            found.push((written, root, of));
        }
    };
    let mut seen = BTreeSet::new();
    for (name, value) in &manifest.values {
        let parts: Vec<&str> = name.split('.').collect();
        let Some(at) = parts.iter().position(|part| part.ends_with("dependencies")) else { continue };
        let Some(dependency) = parts.get(at + 1) else { continue };
        if seen.insert(parts[..=at + 1].join(".")) {
            let inherited = workspace
                .as_ref()
                .and_then(|(_, toml)| toml.get(&format!("workspace.dependencies.{dependency}.package")));
            let own = manifest.get(&format!("{}.package", parts[..=at + 1].join(".")));
            let package = own.or(inherited).unwrap_or(dependency);
            for (_, of) in patches.iter().filter(|(name, _)| name == package) {
                add(dependency, of, "");
            }
        }
        match parts[at + 1..] {
            [dependency, "path"] => add(dependency, folder, value),
            [dependency, "workspace"] if value == "true" => {
                if let Some((root, toml)) = &workspace
                    && let Some(path) = toml.get(&format!("workspace.dependencies.{dependency}.path"))
                {
                    add(dependency, root, path);
                }
            }
            _ => {}
        }
    }
    found
}

/// Packages at hand that are used in the place of others from elsewhere, where the package in `folder` is compiled: their names
/// and folders. The root manifest says so, or a configuration of cargo.
pub(crate) fn patches(folder: &Path) -> Vec<(String, PathBuf)> {
    let Some(own) = Toml::read(&folder.join("Cargo.toml")) else { return Vec::new() };
    let (root, manifest) = workspace(folder, &own).unwrap_or_else(|| (folder.to_owned(), own));
    let mut found = Vec::new();
    let mut add = |base: &Path, toml: &Toml| {
        for (key, path) in &toml.values {
            let Some(table) = key.strip_suffix(".path") else { continue };
            let last = table.rsplit('.').next().unwrap_or(table);
            let name = if table.starts_with("patch.") {
                toml.get(&format!("{table}.package")).unwrap_or(last)
            } else if let Some(replaced) = table.strip_prefix("replace.") {
                // `name:version`, behind an address perhaps.
                let id = replaced.rsplit(['#', '/']).next().unwrap_or(replaced);
                id.split([':', '@']).next().unwrap_or(id)
            } else {
                continue;
            };
            found.push((name.to_owned(), base.join(path)));
        }
        for path in toml.lists.get("paths").into_iter().flatten() {
            let of = base.join(path);
            let name = Toml::read(&of.join("Cargo.toml"));
            let name = name.and_then(|manifest| manifest.get("package.name").map(str::to_owned));
            found.extend(name.map(|name| (name, of)));
        }
    };
    add(&root, &manifest);
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let hidden = folder.ancestors().map(|folder| folder.join(".cargo"));
    for configured in hidden.chain(home) {
        for name in ["config.toml", "config"] {
            if let (Some(toml), Some(base)) = (Toml::read(&configured.join(name)), configured.parent()) {
                add(base, &toml);
            }
        }
    }
    found
}

/// A line for each package from elsewhere that this one is built with: name, version and checksum as they are locked.
/// `None` where there is no lock file.
pub(crate) fn locked(folder: &Path) -> Option<Vec<String>> {
    let mut lines = BTreeSet::new();
    each_locked(folder, |package| {
        if package.get("source").is_some() {
            let parts = ["name", "version", "source", "checksum"];
            lines.insert(parts.map(|part| package.get(part).unwrap_or_default()).join(" "));
        }
    })?;
    Some(lines.into_iter().collect())
}

/// The names of all packages that this one is built with. `None` where there is no lock file, or not its own.
pub(crate) fn locked_names(folder: &Path) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    each_locked(folder, |package| names.extend(package.get("name").map(str::to_owned)))?;
    (!names.is_empty()).then_some(names)
}

/// Gives each package to `take` that the package in `folder` is built with, as it is locked.
fn each_locked(folder: &Path, mut take: impl FnMut(&Toml)) -> Option<()> {
    let manifest = Toml::read(&folder.join("Cargo.toml"))?;
    // A lock file in the folder of a workspace's member is a remnant.
    let root = workspace(folder, &manifest).map(|(root, _)| root);
    let lock = root.iter().map(PathBuf::as_path).chain(folder.ancestors());
    let lock = lock.into_iter().find_map(|folder| Toml::read(&folder.join("Cargo.lock")))?;
    let packages = lock.tables.get("package")?;
    let mut waiting = vec![manifest.get("package.name")?.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(wanted) = waiting.pop() {
        if !seen.insert(wanted.clone()) {
            continue;
        }
        // `name`, or `name version` where there are several.
        let mut words = wanted.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        for package in packages {
            if package.get("name") != Some(name)
                || version.is_some_and(|version| package.get("version") != Some(version))
            {
                continue;
            }
            take(package);
            waiting.extend(package.lists.get("dependencies").into_iter().flatten().cloned());
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_in_which_dependencies_are_written_are_read() {
        let toml = Toml::parse(
            "[package]\nname = \"study\" # ours\n[dependencies]\na = { path = \"../a\", features = [\"x\", \"y\"] }\n\
             b.path = '../b'\nc = \"1.0\"\n[dependencies.d]\npath = \"../d\"\n[target.'cfg(unix)'.dependencies]\n\
             e = { version = \"1\",\n  path = \"e\" }\n",
        );
        assert_eq!(toml.get("package.name"), Some("study"));
        let paths: Vec<_> =
            toml.with_prefix("dependencies.").filter(|(key, _)| key.ends_with("path")).collect();
        assert_eq!(paths, [("a.path", "../a"), ("b.path", "../b"), ("d.path", "../d")]);
        assert!(toml.values.iter().any(|(key, value)| key.ends_with("dependencies.e.path") && value == "e"));
    }

    #[test]
    fn escapes_in_strings_are_understood() {
        let toml = Toml::parse("a = \"x\\\\y\\u0062\"\nb = 'x\\y'\n\"c\" = \"\\\"\u{e9}\\\u{e9}\"\n");
        assert_eq!([toml.get("a"), toml.get("b")], [Some("x\\yb"), Some("x\\y")]);
    }

    #[test]
    fn locked_versions_are_those_that_the_package_is_built_with() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"study\"\n").unwrap();
        let package = |name: &str, version: &str, source: bool, needs: &str| {
            let source = if source { "source = \"registry\"\nchecksum = \"1\"\n" } else { "" };
            format!(
                "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}dependencies = [\n {needs}\n]\n\n"
            )
        };
        let lock = [
            package("study", "0.1.0", false, "\"a\",\n \"b 2.0.0\","),
            package("a", "1.0.0", true, ""),
            package("b", "1.0.0", true, ""),
            package("b", "2.0.0", true, ""),
            package("other", "1.0.0", true, ""),
        ];
        std::fs::write(folder.path().join("Cargo.lock"), lock.concat()).unwrap();
        let expected = ["a 1.0.0 registry 1", "b 2.0.0 registry 1"];
        assert_eq!(locked(folder.path()).unwrap(), expected);
        // In a workspace the lock file is the root's, also where a member has one left.
        let member = folder.path().join("member");
        std::fs::create_dir(&member).unwrap();
        std::fs::write(member.join("Cargo.toml"), "[package]\nname = \"study\"\n").unwrap();
        std::fs::write(member.join("Cargo.lock"), package("study", "0.1.0", false, "")).unwrap();
        assert_eq!(locked(&member).unwrap(), [""; 0]);
        std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"member\"]\n").unwrap();
        assert_eq!(locked(&member).unwrap(), expected);
    }
}
