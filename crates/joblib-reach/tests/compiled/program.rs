//! A crate as the compiler sees it: its functions and statics, and which of them each uses.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A function or a static.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    /// Where the macro begins that made it, if its source is at hand.
    of_macro: Option<usize>,
    /// The text of that line.
    text: String,
    pub(crate) is_function: bool,
    /// Whether it has type parameters, its own or those of the implementation.
    pub(crate) is_generic: bool,
}

impl Item {
    /// Where the item begins whose tokens it is made of: it, or a macro. `None` for what a derive makes.
    pub(crate) fn declared(&self) -> Option<usize> {
        self.of_macro.or(self.is_written().then_some(self.line))
    }

    /// Whether it begins on its line, and is not made by a macro or a derive.
    pub(crate) fn is_written(&self) -> bool {
        let words: Vec<&str> =
            self.text.split(|letter: char| letter != '_' && !letter.is_alphanumeric()).collect();
        let keyword = if self.is_function { "fn" } else { "static" };
        let is_named = words.windows(2).any(|pair| pair == [keyword, &self.name]);
        is_named && self.of_macro.is_none() && !self.text.trim_start().starts_with(['#', '$'])
    }

    /// Where it begins, counted from 1.
    pub(crate) fn column(&self) -> usize {
        self.text.len() - self.text.trim_start().len() + 1
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.name, self.file.display(), self.line)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) items: BTreeSet<Item>,
    /// The numbers of symbols.
    symbols: HashMap<String, usize>,
    /// The item that a symbol is, if it is one of the crate's own.
    known: HashMap<usize, Item>,
    /// The symbols that the code or the value of a symbol names.
    uses: HashMap<usize, Vec<usize>>,
}

impl Program {
    /// Compiles a crate without optimisations, with all functions whether they are used or not.
    pub(crate) fn compile(root: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let code = folder.path().join("code.ll");
        let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let output = Command::new(compiler)
            .args(["--edition", "2024", "--crate-type", "lib", "--cap-lints", "allow", "-C", "opt-level=0"])
            .args(["-C", "debuginfo=2", "-C", "codegen-units=1", "-C", "link-dead-code"])
            .args(["-C", "no-prepopulate-passes", "--emit"])
            .arg(format!("llvm-ir={}", code.display()))
            .arg(root)
            .output()
            .expect("the compiler starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::read(&std::fs::read_to_string(code).unwrap(), root.parent().unwrap())
    }

    fn read(code: &str, folder: &Path) -> Self {
        let mut program = Self::default();
        // What is known of symbols, by numbers that are explained at the end.
        let mut described: Vec<(usize, &str)> = Vec::new();
        let mut numbered: BTreeMap<&str, &str> = BTreeMap::new();
        let mut function = None;
        for line in code.lines() {
            let declares = line.starts_with("define ") || line.starts_with('@');
            let mut named = program.symbols_in(line);
            if declares && !named.is_empty() {
                let symbol = named.remove(0);
                described.extend(after(line, "!dbg !").map(|number| (symbol, number)));
                function = line.starts_with("define ").then_some(symbol);
                program.uses.entry(symbol).or_default().extend(named);
            } else if line == "}" {
                function = None;
            } else if let Some(function) = function {
                program.uses.entry(function).or_default().extend(named);
            } else if let Some((number, text)) =
                line.strip_prefix('!').and_then(|line| line.split_once(" = "))
            {
                numbered.insert(number, text);
            }
        }
        let mut sources: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
        for (symbol, number) in described {
            let Some(mut text) = numbered.get(number).copied() else { continue };
            if let Some(variable) = after(text, "!DIGlobalVariableExpression(var: !") {
                text = numbered.get(variable).copied().unwrap_or_default();
            }
            let name = quoted(text, "name: \"").unwrap_or_default();
            let file =
                after(text, " file: !").and_then(|file| numbered.get(file)).copied().unwrap_or_default();
            let file = folder
                .join(quoted(file, "directory: \"").unwrap_or_default())
                .join(quoted(file, "filename: \"").unwrap_or_default());
            let Some(line) = after(text, " line: ").and_then(|line| line.parse::<usize>().ok()) else {
                continue;
            };
            if !file.starts_with(folder) {
                continue;
            }
            let lines = sources.entry(file.clone()).or_insert_with(|| {
                std::fs::read_to_string(&file).unwrap_or_default().lines().map(str::to_owned).collect()
            });
            let parameters = after(text, "templateParams: !").and_then(|list| numbered.get(list)).copied();
            let item = Item {
                name: name.split('<').next().unwrap_or_default().to_owned(),
                text: lines.get(line - 1).cloned().unwrap_or_default(),
                of_macro: of_macro(lines, line),
                file,
                line,
                is_function: text.contains("!DISubprogram("),
                is_generic: parameters.is_some_and(|list| list != "!{}"),
            };
            program.items.insert(item.clone());
            program.known.insert(symbol, item);
        }
        program
    }

    /// The numbers of the symbols in a line, `@name` or `@"name"`.
    fn symbols_in(&mut self, line: &str) -> Vec<usize> {
        let is_part = |letter: char| letter.is_alphanumeric() || "._$".contains(letter);
        let name = |part: &str| match part.strip_prefix('"') {
            Some(part) => part.split('"').next().unwrap_or_default().to_owned(),
            None => part.split(|letter| !is_part(letter)).next().unwrap_or_default().to_owned(),
        };
        let number = |part: &str| {
            let next = self.symbols.len();
            *self.symbols.entry(name(part)).or_insert(next)
        };
        line.split('@').skip(1).map(number).collect()
    }

    /// What a function needs, directly or through anything else.
    pub(crate) fn needed_by<'a>(&'a self, function: &'a Item) -> impl Iterator<Item = &'a Item> {
        let own = self.known.iter().filter(|(_, item)| *item == function).map(|(symbol, _)| *symbol);
        let mut seen: HashSet<usize> = own.collect();
        let mut waiting: Vec<usize> = seen.iter().copied().collect();
        while let Some(symbol) = waiting.pop() {
            waiting.extend(self.uses.get(&symbol).into_iter().flatten().filter(|used| seen.insert(**used)));
        }
        let needed: BTreeSet<&Item> = seen.iter().filter_map(|symbol| self.known.get(symbol)).collect();
        needed.into_iter().filter(move |item| *item != function)
    }
}

/// Where the `macro_rules!` begins that a line is in.
fn of_macro(lines: &[String], line: usize) -> Option<usize> {
    let before = lines[..line].iter().rposition(|line| line == "}" || line.starts_with("macro_rules!"))?;
    lines[before].starts_with("macro_rules!").then_some(before + 1)
}

/// The number behind a text.
fn after<'a>(line: &'a str, text: &str) -> Option<&'a str> {
    let rest = &line[line.find(text)? + text.len()..];
    Some(&rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())])
}

/// What stands behind a text up to the next quote.
fn quoted<'a>(line: &'a str, text: &str) -> Option<&'a str> {
    line[line.find(text)? + text.len()..].split('"').next()
}
