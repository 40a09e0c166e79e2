//! What the compiler brings into code from outside of it: conditions, variables of the environment, files.

use std::path::PathBuf;

use crate::lexer::Kind;
use crate::literal;
use crate::model::{FileId, Model};
use crate::source::Source;

/// One such value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    /// What stands in `cfg(…)`.
    Condition(String),
    /// What stands in `env!(…)` or `option_env!(…)`.
    Variable(String),
    /// A file whose content is part of the code.
    File(PathBuf),
    /// A folder whose files are part of the code.
    Folder(PathBuf),
    /// One that a macro's argument names: it is not known which.
    Unknown,
}

/// The value that the token at `at` asks for.
pub(crate) fn value_at(model: &Model, file: FileId, source: &Source, at: usize, to: usize) -> Vec<Value> {
    let Some(name) = source.word(at) else { return Vec::new() };
    value_of(model, file, source, model.names.text(name), at, to)
}

/// The value that the token at `at` asks for, where it stands for this macro or attribute.
pub(crate) fn value_of(
    model: &Model,
    file: FileId,
    source: &Source,
    name: &str,
    at: usize,
    to: usize,
) -> Vec<Value> {
    let environment = || model.crates[model.scopes[model.files[file].scope].krate].environment();
    let group = at + 2;
    let is_call = source.is_punct(at + 1, b'!') && matches!(source.kind(group), Kind::Open(_)) && group < to;
    match name {
        "cfg" if is_call => vec![condition(source, group + 1, source.pair(group))],
        "cfg" | "cfg_attr" if source.is_open(at + 1, b'(') && at > 0 && starts_attribute(source, at) => {
            let (from, end) = (at + 2, source.pair(at + 1));
            let mut comma = from;
            while comma < end && !source.is_punct(comma, b',') {
                comma = source.after(comma);
            }
            vec![condition(source, from, if name == "cfg" { end } else { comma })]
        }
        "cfg_select" | "cfg_match" if is_call => {
            let (mut from, end) = (group + 1, source.pair(group));
            let mut found = Vec::new();
            let mut next = from;
            while next < end {
                if source.is_pair(next, b'=', b'>') {
                    if source.text_of(from) != "_" {
                        found.push(condition(source, from, next));
                    }
                    next = source.after(next + 2);
                    if source.is_punct(next, b',') {
                        next += 1;
                    }
                    from = next;
                } else {
                    next = source.after(next);
                }
            }
            found
        }
        "debug_assert" | "debug_assert_eq" | "debug_assert_ne" if is_call => {
            vec![Value::Condition("debug_assertions".to_owned())]
        }
        "env" | "option_env" if is_call => {
            let (from, end) = (group + 1, source.pair(group));
            let mut comma = from;
            while comma < end && !source.is_punct(comma, b',') {
                comma = source.after(comma);
            }
            match literal::text_of(source, &model.names, &environment(), from, comma) {
                Some(name) => vec![Value::Variable(name)],
                None => vec![Value::Unknown],
            }
        }
        "include" | "include_str" | "include_bytes" if is_call => {
            match literal::text_of(source, &model.names, &environment(), group + 1, source.pair(group)) {
                Some(path) => {
                    let here = model.files.get(file).and_then(|file| file.path.parent()).map(PathBuf::from);
                    vec![Value::File(here.unwrap_or_default().join(path))]
                }
                None => vec![Value::Unknown],
            }
        }
        _ => Vec::new(),
    }
}

/// Whether the word at `at` stands right behind `#[` or `#![`, also in what a macro is given.
fn starts_attribute(source: &Source, at: usize) -> bool {
    source.is_open(at - 1, b'[')
        && at >= 2
        && (source.is_punct(at - 2, b'#')
            || (at >= 3 && source.is_punct(at - 2, b'!') && source.is_punct(at - 3, b'#')))
}

fn condition(source: &Source, from: usize, to: usize) -> Value {
    let words: Vec<&str> = (from..to).map(|at| source.text_of(at)).collect();
    if words.contains(&"$") { Value::Unknown } else { Value::Condition(words.join(" ")) }
}
