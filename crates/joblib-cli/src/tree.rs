//! A value as a tree of lines: what each part is, how large, and a few values.

use std::io::{self, Write};

use joblib_persist::pickle::{NdArray, Object, Value};

use crate::hex::Hex;
use crate::style::Style;
use crate::text::{Visible, bytes};

/// Characters of a text, and elements of an array, that are shown.
const TEXT: usize = 60;
const ELEMENTS: usize = 6;

/// How much of a value to show.
pub(crate) struct Tree<'o> {
    pub(crate) out: &'o mut dyn Write,
    pub(crate) style: Style,
    pub(crate) depth: usize,
    pub(crate) items: usize,
}

impl Tree<'_> {
    /// Prints the value, its first line without anything in front.
    pub(crate) fn print(&mut self, value: &Value) -> io::Result<()> {
        self.line("", value)?;
        self.children(value, "", self.depth)
    }

    /// What the value is, in one line.
    fn line(&mut self, label: &str, value: &Value) -> io::Result<()> {
        let kind = match value {
            Value::Array(array) => format!("{} {}", value.type_name(), array.dtype()),
            _ => value.type_name().to_owned(),
        };
        write!(self.out, "{label}{}", self.style.kind(Visible(kind)))?;
        match value {
            Value::None => {}
            Value::Bool(value) => write!(self.out, " {}", if *value { "True" } else { "False" })?,
            Value::Int(value) => write!(self.out, " {value}")?,
            Value::BigInt(digits) => write!(self.out, " {}", Visible(cut(digits)))?,
            Value::Float(value) => write!(self.out, " {value:?}")?,
            Value::Complex(re, im) => write!(self.out, " {re:?}{im:+?}j")?,
            Value::Str(text) => {
                write!(self.out, " {}", quoted(text))?;
                if text.chars().nth(TEXT).is_some() {
                    write!(self.out, " {}", self.style.dim(bytes(text.len() as u64)))?;
                }
            }
            Value::Text { text, .. } | Value::Class(text) => write!(self.out, " {}", Visible(cut(text)))?,
            Value::Bytes(content) => {
                write!(self.out, " {}", self.style.dim(bytes(content.len() as u64)))?;
                if !content.is_empty() {
                    let (shown, more) =
                        if content.len() > 16 { (&content[..16], "…") } else { (&content[..], "") };
                    write!(self.out, " {}{more}", Hex(shown))?;
                }
            }
            Value::Array(array) => self.array(array)?,
            Value::Object(object) => self.object(object)?,
            _ => {
                let len =
                    value.items().map(<[_]>::len).or_else(|| value.entries().map(<[_]>::len)).unwrap_or(0);
                write!(self.out, " {}", self.style.dim(format_args!("({len})")))?;
            }
        }
        writeln!(self.out)
    }

    fn array(&mut self, array: &NdArray) -> io::Result<()> {
        let shape: Vec<String> = array.shape().iter().map(ToString::to_string).collect();
        let measures = format!("({}) {}", shape.join(", "), bytes(array.nbytes() as u64));
        write!(self.out, " {}", self.style.dim(measures))?;
        if array.dtype() == "object" {
            return Ok(());
        }
        let mut shown: Vec<String> = array.elements().take(ELEMENTS).map(|value| short(&value)).collect();
        if array.len() > shown.len() {
            shown.push("…".to_owned());
        }
        write!(self.out, " [{}]", Visible(shown.join(", ")))
    }

    fn object(&mut self, object: &Object) -> io::Result<()> {
        let len = object.attributes.len() + object.items.len() + object.entries.len();
        let counted = format!(" {}", self.style.dim(format_args!("({len})")));
        if len > 0 && object.args.is_empty() {
            return write!(self.out, "{counted}");
        }
        let args: Vec<String> = object.args.iter().take(ELEMENTS).map(short).collect();
        let more = if object.args.len() > ELEMENTS { ", …" } else { "" };
        let counted = if len > 0 { counted } else { String::new() };
        write!(self.out, "({}{more}){counted}", Visible(args.join(", ")))
    }

    fn children(&mut self, value: &Value, indent: &str, depth: usize) -> io::Result<()> {
        let mut children: Vec<(String, &Value)> = Vec::new();
        match value {
            Value::Array(array) if array.dtype() == "object" => {
                let elements: Vec<Value> = array.elements().take(self.items).collect();
                return self.list(
                    &elements.iter().map(|value| (String::new(), value)).collect::<Vec<_>>(),
                    array.len(),
                    indent,
                    depth,
                );
            }
            Value::Object(object) => {
                for (key, value) in object.attributes.iter().chain(&object.entries) {
                    children.push((key_text(key), value));
                }
                children.extend(object.items.iter().map(|value| (String::new(), value)));
                children.extend(object.state.iter().map(|value| ("state".to_owned(), value)));
                let nested = object.args.iter().filter(|value| is_container(value));
                children.extend(nested.map(|value| (String::new(), value)));
            }
            _ => {
                for (key, value) in value.entries().unwrap_or_default() {
                    children.push((key_text(key), value));
                }
                children.extend(value.items().unwrap_or_default().iter().map(|value| (String::new(), value)));
            }
        }
        let total = children.len();
        children.truncate(self.items);
        self.list(&children, total, indent, depth)
    }

    fn list(
        &mut self,
        children: &[(String, &Value)],
        total: usize,
        indent: &str,
        depth: usize,
    ) -> io::Result<()> {
        if total == 0 {
            return Ok(());
        }
        if depth == 0 {
            return writeln!(self.out, "{indent}{}", self.style.dim("└─ …"));
        }
        for (index, (label, value)) in children.iter().enumerate() {
            let last = index + 1 == total;
            write!(
                self.out,
                "{}",
                self.style.dim(format_args!("{indent}{}", if last { "└─ " } else { "├─ " }))
            )?;
            let label = if label.is_empty() {
                String::new()
            } else {
                format!("{}: ", self.style.key(Visible(label)))
            };
            self.line(&label, value)?;
            self.children(value, &format!("{indent}{}", if last { "   " } else { "│  " }), depth - 1)?;
        }
        if total > children.len() {
            let more = format!("{indent}└─ … {} more", total - children.len());
            writeln!(self.out, "{}", self.style.dim(more))?;
        }
        Ok(())
    }
}

fn is_container(value: &Value) -> bool {
    value.items().is_some_and(|items| !items.is_empty())
        || value.entries().is_some_and(|entries| !entries.is_empty())
        || matches!(value, Value::Array(_) | Value::Object(_))
}

fn key_text(key: &Value) -> String {
    match key {
        Value::Str(text) => quoted(text),
        other => short(other),
    }
}

/// A value in a few characters.
fn short(value: &Value) -> String {
    match value {
        Value::None => "None".to_owned(),
        Value::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Value::Int(value) => value.to_string(),
        Value::BigInt(text) | Value::Text { text, .. } | Value::Class(text) => cut(text),
        Value::Float(value) => format!("{value:?}"),
        Value::Complex(re, im) => format!("{re:?}{im:+?}j"),
        Value::Str(text) => quoted(text),
        Value::Bytes(content) => format!("bytes of {}", content.len()),
        Value::Tuple(items) if items.len() <= ELEMENTS => {
            format!("({})", items.iter().map(short).collect::<Vec<_>>().join(", "))
        }
        Value::Dict(entries) if entries.len() <= ELEMENTS => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{}: {}", key_text(key), short(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => format!("{}(…)", other.type_name()),
    }
}

fn quoted(text: &str) -> String {
    format!("{:?}", cut(text))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
