//! How each form of what stands after an option's name is read.

use proc_macro2::Span;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitStr, Path, PathArguments, QSelf, Token};

use super::given::{Given, Wrong};
use super::model::{Expires, Extent, Keep, OnSelf};
use super::syntax::split_at_commas;

pub(super) fn value<T: Parse>(given: Given) -> Result<T, Wrong> {
    match given {
        Given::Value(tokens) if tokens.is_empty() => Err(Wrong::Form),
        Given::Value(tokens) => syn::parse2(tokens).map_err(Wrong::At),
        _ => Err(Wrong::Form),
    }
}

pub(super) fn flag(given: &Given, span: Span) -> Result<Span, Wrong> {
    match given {
        Given::Nothing => Ok(span),
        _ => Err(Wrong::Form),
    }
}

/// Reads how many bytes of results are kept in memory: a number, a text such as `"200M"`, or nothing for the default.
pub(super) fn in_memory(given: Given) -> Result<u64, Wrong> {
    const DEFAULT: u64 = 256 << 20;
    if matches!(given, Given::Nothing) {
        return Ok(DEFAULT);
    }
    match value(given)? {
        Lit::Int(number) => number.base10_parse().map_err(Wrong::At),
        Lit::Str(text) => byte_size(&text.value())
            .ok_or_else(|| Wrong::at(&text, "expected a number of bytes, such as \"200M\" or \"1.5G\"")),
        _ => Err(Wrong::Form),
    }
}

/// A number of bytes, or a number and one of K, M, G and T (powers of 1024).
fn byte_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let power = match text.bytes().last()?.to_ascii_uppercase() {
        b'K' => 1,
        b'M' => 2,
        b'G' => 3,
        b'T' => 4,
        _ => return text.parse().ok(),
    };
    let number: f64 = text[..text.len() - 1].trim_end().parse().ok()?;
    let bytes = number * 1024_f64.powi(power);
    (0.0..9.2e18).contains(&bytes).then_some(bytes as u64)
}

/// Reads the items of a list into `items`, those beside a wrong one too.
pub(super) fn list<T>(
    given: Given,
    parse: fn(ParseStream<'_>) -> syn::Result<T>,
    items: &mut Vec<T>,
) -> Result<(), Wrong> {
    let Given::List(group) = given else { return Err(Wrong::Form) };
    let parts = split_at_commas(group.stream());
    if parts.is_empty() {
        return Err(Wrong::Form);
    }
    let mut wrong: Option<syn::Error> = None;
    for part in parts {
        match (Parser::parse2(parse, part), &mut wrong) {
            (Ok(item), _) => items.push(item),
            (Err(error), Some(wrong)) => wrong.combine(error),
            (Err(error), none) => *none = Some(error),
        }
    }
    wrong.map_or(Ok(()), |wrong| Err(Wrong::At(wrong)))
}

/// What `depends(…)` can't name.
pub(crate) const OF_TRAIT: &str = "the code of a trait's method can't be known by its name; put it into a function with \
                                   `#[tracked]`, and write that one here";

/// The path of a helper. Its generic arguments don't count: all of its instances have the same code.
pub(super) fn helper(input: ParseStream<'_>) -> syn::Result<Path> {
    if input.peek(Token![<]) {
        let path: ExprPath = input.parse()?;
        let instead = match path.qself {
            Some(QSelf { position: 1.., .. }) => OF_TRAIT,
            _ => "write the type without `<` and `>`, as in `depends(Model::score)`",
        };
        return Err(syn::Error::new_spanned(path, instead));
    }
    let mut path: Path = input.parse()?;
    if let Some(last) = path.segments.last_mut() {
        last.arguments = PathArguments::None;
    }
    Ok(path)
}

pub(super) fn strings(given: Given, items: &mut Vec<LitStr>) -> Result<(), Wrong> {
    let quoted = |input: ParseStream<'_>| {
        input.parse::<LitStr>().map_err(|error| {
            syn::Error::new(error.span(), "write the argument's name in quotes, as in `ignore = \"verbose\"`")
        })
    };
    match given {
        Given::Value(tokens) if !tokens.is_empty() => {
            items.push(Parser::parse2(quoted, tokens).map_err(Wrong::At)?);
            Ok(())
        }
        given => list(given, quoted, items),
    }
}

pub(super) fn krate(given: Given) -> Result<Path, Wrong> {
    match given {
        Given::Value(tokens) => match syn::parse2::<LitStr>(tokens.clone()) {
            Ok(text) => text.parse_with(Path::parse_mod_style).map_err(Wrong::At),
            Err(_) => Parser::parse2(Path::parse_mod_style, tokens).map_err(Wrong::At),
        },
        _ => Err(Wrong::Form),
    }
}

/// The literal that an expression is, its sign apart.
fn literal(expr: &Expr) -> Option<(bool, &Lit)> {
    match expr {
        Expr::Lit(ExprLit { lit, .. }) => Some((false, lit)),
        Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), expr, .. }) => match &**expr {
            Expr::Lit(ExprLit { lit, .. }) => Some((true, lit)),
            _ => None,
        },
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

pub(super) fn version(expr: &Expr) -> Result<String, Wrong> {
    match literal(expr) {
        Some((negative, Lit::Int(number))) => {
            Ok(format!("{}{}", if negative { "-" } else { "" }, number.base10_digits()))
        }
        Some((false, Lit::Str(text))) => Ok(text.value()),
        _ => Err(Wrong::at(expr, "expected a whole number or a text, written out, as in `version = 2`")),
    }
}

pub(super) fn verbose(expr: Expr) -> Result<Expr, Wrong> {
    match literal(&expr) {
        Some((false, Lit::Int(_))) | None => Ok(expr),
        Some(_) => Err(Wrong::at(&expr, "expected a number from 0 (silent) to 100 (everything)")),
    }
}

pub(super) fn mmap_mode(expr: Expr) -> Result<Expr, Wrong> {
    const WRONG: &str = "expected \"r\" (read only) or \"c\" (copy on write); a cached result can't be written to through its map";
    match literal(&expr) {
        None => Ok(expr),
        Some((false, Lit::Str(text))) if matches!(text.value().as_str(), "r" | "c") => Ok(expr),
        Some(_) => Err(Wrong::at(&expr, WRONG)),
    }
}

/// The hash functions by the names that `joblib-hash` gives them.
pub(crate) const HASHERS: [(&str, &str); 5] =
    [("blake3", "Blake3"), ("xxh3", "Xxh3"), ("sha256", "Sha256"), ("sha1", "Sha1"), ("md5", "Md5")];

pub(super) fn hasher(expr: Expr) -> Result<Expr, Wrong> {
    match literal(&expr) {
        None => Ok(expr),
        Some((false, Lit::Str(text))) if HASHERS.iter().any(|(name, _)| *name == text.value()) => Ok(expr),
        Some(_) => Err(Wrong::at(
            &expr,
            "expected \"xxh3\" (as fast as memory, for data that you trust), \"blake3\" (the default), \"sha256\", \
             \"sha1\" or \"md5\"",
        )),
    }
}

pub(super) fn compress(expr: Expr) -> Result<Expr, Wrong> {
    let level = match &expr {
        Expr::Tuple(tuple) => match (tuple.elems.len(), tuple.elems.first(), tuple.elems.last()) {
            (2, Some(method), Some(level))
                if matches!(literal(method), None | Some((false, Lit::Str(_)))) =>
            {
                level
            }
            _ => return Err(Wrong::at(&expr, "expected a compressor and a level, as in `(\"xz\", 6)`")),
        },
        Expr::Lit(ExprLit { lit: Lit::Bool(_) | Lit::Str(_), .. }) => return Ok(expr),
        expr => expr,
    };
    let right = match literal(level) {
        Some((false, Lit::Int(level))) => level.base10_parse::<u32>().is_ok_and(|level| level <= 9),
        Some(_) => false,
        None => true,
    };
    if right { Ok(expr) } else { Err(Wrong::at(level, "expected a compression level from 0 to 9")) }
}

pub(super) fn expires_after(given: Given) -> Result<Expires, Wrong> {
    const POSITIVE: &str = "expected more than no time, and less than for ever";
    let (seconds, at) = match given {
        Given::List(group) => {
            let at = group.stream();
            let mut parts: Vec<f64> = Vec::new();
            list(Given::List(group), part_in_seconds, &mut parts)?;
            (parts.into_iter().sum(), at)
        }
        given => {
            let expr: Expr = value(given)?;
            match literal(&expr) {
                Some((_, Lit::Str(text))) => return Err(Wrong::at(text, &instead_of_text(&text.value()))),
                Some(_) => (number(&expr).map_err(Wrong::At)?, expr.to_token_stream()),
                None => return Ok(Expires::Duration(Box::new(expr))),
            }
        }
    };
    // A duration is at least one nanosecond.
    if (1e-9..1e18).contains(&seconds) { Ok(Expires::Seconds(seconds)) } else { Err(Wrong::at(at, POSITIVE)) }
}

fn number(expr: &Expr) -> syn::Result<f64> {
    match literal(expr) {
        Some((false, Lit::Int(number))) => number.base10_parse(),
        Some((false, Lit::Float(number))) => number.base10_parse(),
        _ => Err(syn::Error::new_spanned(expr, "expected a number, written out, that is not negative")),
    }
}

const UNITS: [(&str, f64); 7] = [
    ("weeks", 604_800.0),
    ("days", 86_400.0),
    ("hours", 3600.0),
    ("minutes", 60.0),
    ("seconds", 1.0),
    ("milliseconds", 1e-3),
    ("microseconds", 1e-6),
];

/// What to write instead of a text, as `"1 day"`.
fn instead_of_text(text: &str) -> String {
    let text = text.trim();
    let (count, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = unit.trim();
    let form = match UNITS.iter().find(|(name, _)| *name == unit || name.strip_suffix('s') == Some(unit)) {
        Some((name, _)) if !count.is_empty() => format!("expires_after({name} = {count})"),
        _ if !count.is_empty() && unit.is_empty() => format!("expires_after = {count}"),
        _ => "expires_after(days = 1)".to_owned(),
    };
    format!("write `{form}`: a time is not text")
}

/// `days = 7`, one of the parts of joblib's `expires_after`.
fn part_in_seconds(input: ParseStream<'_>) -> syn::Result<f64> {
    let unit: Ident = input.parse()?;
    input.parse::<Token![=]>()?;
    let count = number(&input.parse()?)?;
    match UNITS.iter().find(|(name, _)| unit == name) {
        Some((_, seconds)) => Ok(count * seconds),
        None => Err(syn::Error::new_spanned(
            &unit,
            "expected weeks, days, hours, minutes, seconds, milliseconds or microseconds",
        )),
    }
}

pub(super) fn keep(given: Given) -> Result<Keep, Wrong> {
    let text: LitStr = value(given)?;
    match text.value().as_str() {
        "all" => Ok(Keep::All),
        "ok" => Ok(Keep::Ok),
        "some" => Ok(Keep::Some),
        _ => Err(Wrong::at(&text, "expected \"all\", \"ok\" or \"some\"")),
    }
}

pub(super) fn on_self(given: Given) -> Result<OnSelf, Wrong> {
    let text: LitStr = value(given)?;
    match text.value().as_str() {
        "hash" => Ok(OnSelf::Hash),
        "ignore" => Ok(OnSelf::Ignore),
        _ => Err(Wrong::at(&text, "expected \"hash\" or \"ignore\"")),
    }
}

pub(super) fn extent(given: Given) -> Result<Extent, Wrong> {
    let text: LitStr = value(given)?;
    match text.value().as_str() {
        "reach" => Ok(Extent::Reach),
        "own" => Ok(Extent::Own),
        _ => Err(Wrong::at(&text, "expected \"reach\" (the function and all that it reaches) or \"own\"")),
    }
}

pub(super) fn name(given: Given) -> Result<LitStr, Wrong> {
    let text: LitStr = value(given)?;
    let is_name = !text.value().is_empty() && !text.value().contains(char::is_control);
    if is_name { Ok(text) } else { Err(Wrong::at(&text, "expected a name, as in `name = \"study::fit\"`")) }
}
