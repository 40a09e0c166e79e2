//! The arguments of `#[cached(…)]`: what can be written, and what each means. Whether they fit the function is `check`'s.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, ExprLit, Ident, Lit, LitBool, LitStr, Path, Token};

use crate::errors::{Errors, nearest};

/// What is kept of a returned value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    All,
    Ok,
    Some,
}

/// What a method's `self` means for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSelf {
    Hash,
    Ignore,
}

/// The options as written, each with its place.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) krate: Option<Path>,
    pub(crate) ignore: Vec<LitStr>,
    pub(crate) key: Option<Expr>,
    pub(crate) depends: Vec<Path>,
    pub(crate) version: Option<String>,
    pub(crate) memory: Option<Expr>,
    pub(crate) mmap_mode: Option<Expr>,
    pub(crate) check_mapped: Option<Span>,
    pub(crate) compress: Option<Expr>,
    pub(crate) verbose: Option<Expr>,
    pub(crate) expires_after: Option<Expires>,
    pub(crate) validate: Option<Expr>,
    pub(crate) redact: Option<Span>,
    pub(crate) keep: Option<(Keep, Span)>,
    pub(crate) on_self: Option<(OnSelf, Span)>,
    pub(crate) associated: Option<Span>,
    pub(crate) companions: Option<LitBool>,
}

/// How long results stay valid.
pub(crate) enum Expires {
    /// Seconds, written as numbers.
    Seconds(f64),
    /// A constant expression of type `Duration`.
    Duration(Box<Expr>),
}

/// An option's name, what it looks like, and which attributes know it.
struct Known {
    name: &'static str,
    form: &'static str,
    tracked: bool,
}

const fn known(name: &'static str, form: &'static str) -> Known {
    Known { name, form, tracked: false }
}

const fn shared(name: &'static str, form: &'static str) -> Known {
    Known { name, form, tracked: true }
}

/// Every option, in the order of the documentation.
const KNOWN: [Known; 17] = [
    known("ignore", "`ignore = \"argument\"` or `ignore(\"one\", \"other\")`"),
    known("key", "`key = (&id, scale)`: an expression over the arguments"),
    shared("depends", "`depends(helper, module::other)`"),
    shared("version", "`version = 2` or `version = \"text\"`"),
    known("memory", "`memory = MEMORY`: an expression of type `Memory` or `&Memory`"),
    known("mmap_mode", "`mmap_mode = \"r\"`"),
    known("check_mapped", "`check_mapped`"),
    known("compress", "`compress = true`, `compress = 3`, `compress = \"lz4\"` or `compress = (\"xz\", 6)`"),
    known("verbose", "`verbose = 1`"),
    known(
        "expires_after",
        "`expires_after = 3600` (seconds), `expires_after(days = 7)` or `expires_after = DURATION`",
    ),
    known("validate", "`validate = path::of::a_function`, which takes `&Metadata` and returns `bool`"),
    known("redact", "`redact`"),
    known("keep", "`keep = \"all\"`, `keep = \"ok\"` or `keep = \"some\"`"),
    known("self", "`self = \"hash\"` or `self = \"ignore\"`"),
    shared("associated", "`associated`"),
    known("companions", "`companions = false`"),
    shared("crate", "`crate = path::to::joblib`"),
];

/// Names of joblib and of other crates for what is an option here.
const ELSEWHERE: [(&str, &str); 8] = [
    ("cache_validation_callback", "validate"),
    ("ttl", "expires_after"),
    ("time", "expires_after"),
    ("skip", "ignore"),
    ("convert", "key"),
    ("result", "keep"),
    ("option", "keep"),
    ("location", "memory"),
];

/// What stands after an option's name.
enum Given {
    Nothing,
    Value(TokenStream),
    List(Group),
}

/// Which attribute is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    Cached,
    Tracked,
}

impl Options {
    /// Reads an attribute's arguments. What can't be read is reported and left out.
    pub(crate) fn parse(attribute: Attribute, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen: Vec<Ident> = Vec::new();
        for item in split_at_commas(tokens) {
            let (name, given) = match Parser::parse2(parse_item, item) {
                Ok(item) => item,
                Err(error) => {
                    errors.syntax(error);
                    continue;
                }
            };
            let text = name.to_string();
            if seen.contains(&name) && text != "ignore" && text != "depends" {
                errors.at(&name, format_args!("`{text}` is written twice; keep one of them"));
                continue;
            }
            match KNOWN
                .iter()
                .find(|known| known.name == text && (known.tracked || attribute == Attribute::Cached))
            {
                Some(known) => {
                    let span = name.span();
                    match options.set(known.name, span, given) {
                        Ok(()) => {}
                        Err(Wrong::Form) => errors.at(&name, format_args!("expected {}", known.form)),
                        Err(Wrong::At(error)) => errors.syntax(error),
                    }
                }
                None => errors.at(&name, unknown(attribute, &text)),
            }
            seen.push(name);
        }
        options
    }

    fn set(&mut self, name: &str, span: Span, given: Given) -> Result<(), Wrong> {
        match name {
            "ignore" => strings(given, &mut self.ignore)?,
            "key" => self.key = Some(value(given)?),
            "depends" => {
                list(given, Path::parse_mod_style, &mut self.depends)?;
            }
            "version" => self.version = Some(version(&value(given)?)?),
            "memory" => self.memory = Some(value(given)?),
            "mmap_mode" => self.mmap_mode = Some(mmap_mode(value(given)?)?),
            "check_mapped" => self.check_mapped = Some(flag(&given, span)?),
            "compress" => self.compress = Some(compress(value(given)?)?),
            "verbose" => self.verbose = Some(verbose(value(given)?)?),
            "expires_after" => self.expires_after = Some(expires_after(given)?),
            "validate" => self.validate = Some(value(given)?),
            "redact" => self.redact = Some(flag(&given, span)?),
            "keep" => {
                let text: LitStr = value(given)?;
                let keep = match text.value().as_str() {
                    "all" => Keep::All,
                    "ok" => Keep::Ok,
                    "some" => Keep::Some,
                    _ => return Err(Wrong::at(&text, "expected \"all\", \"ok\" or \"some\"")),
                };
                self.keep = Some((keep, span));
            }
            "self" => {
                let text: LitStr = value(given)?;
                let on_self = match text.value().as_str() {
                    "hash" => OnSelf::Hash,
                    "ignore" => OnSelf::Ignore,
                    _ => return Err(Wrong::at(&text, "expected \"hash\" or \"ignore\"")),
                };
                self.on_self = Some((on_self, span));
            }
            "associated" => self.associated = Some(flag(&given, span)?),
            "companions" => self.companions = Some(value(given).map_err(|_| Wrong::Form)?),
            "crate" => self.krate = Some(krate(given)?),
            // `KNOWN` lists exactly the names above.
            _ => return Err(Wrong::Form),
        }
        Ok(())
    }
}

/// What is wrong with an option.
enum Wrong {
    /// It does not look like what the table says; reported at the name.
    Form,
    /// An error with a place of its own.
    At(syn::Error),
}

impl Wrong {
    fn at(at: impl quote::ToTokens, message: &str) -> Self {
        Self::At(syn::Error::new_spanned(at, message))
    }
}

fn unknown(attribute: Attribute, name: &str) -> String {
    let allowed = |known: &&Known| known.tracked || attribute == Attribute::Cached;
    let names = || KNOWN.iter().filter(allowed).map(|known| known.name);
    let meant = ELSEWHERE.iter().find(|(other, _)| *other == name).map(|(_, meant)| *meant);
    let meant = meant.filter(|meant| names().any(|name| name == *meant)).or_else(|| nearest(name, names()));
    if let Some(known) = meant.and_then(|meant| KNOWN.iter().find(|known| known.name == meant)) {
        return format!("there is no option `{name}`; write {}", known.form);
    }
    let all: Vec<&str> = names().collect();
    format!("there is no option `{name}`; the options are {}", all.join(", "))
}

/// The parts between commas, so that an error in one does not hide those in the others.
fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let mut angles = 0usize;
    let mut previous = ' ';
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                // Only generic arguments after `::` hold commas that don't separate options.
                '<' if previous == ':' || angles > 0 => angles += 1,
                '>' if angles > 0 && previous != '-' => angles -= 1,
                ',' if angles == 0 => {
                    parts.push(TokenStream::new());
                    previous = ',';
                    continue;
                }
                _ => {}
            }
            previous = punct.as_char();
        } else {
            previous = ' ';
        }
        // There is always a last part: the list starts with one and only grows.
        if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn parse_item(input: ParseStream<'_>) -> syn::Result<(Ident, Given)> {
    let name = Ident::parse_any(input).map_err(|error| {
        syn::Error::new(error.span(), "expected an option, as in `ignore = \"argument\"`")
    })?;
    let given = if input.is_empty() {
        Given::Nothing
    } else if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Given::Value(input.parse()?)
    } else {
        match input.parse()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Given::List(group),
            other => {
                return Err(syn::Error::new_spanned(other, format!("expected `=` or `(` after `{name}`")));
            }
        }
    };
    if input.is_empty() { Ok((name, given)) } else { Err(input.error("expected `,` before the next option")) }
}

fn value<T: Parse>(given: Given) -> Result<T, Wrong> {
    match given {
        Given::Value(tokens) if tokens.is_empty() => Err(Wrong::Form),
        Given::Value(tokens) => syn::parse2(tokens).map_err(Wrong::At),
        _ => Err(Wrong::Form),
    }
}

fn flag(given: &Given, span: Span) -> Result<Span, Wrong> {
    match given {
        Given::Nothing => Ok(span),
        _ => Err(Wrong::Form),
    }
}

/// Reads the items of a list into `items`, those beside a wrong one too.
fn list<T>(
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

fn strings(given: Given, items: &mut Vec<LitStr>) -> Result<(), Wrong> {
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

fn krate(given: Given) -> Result<Path, Wrong> {
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

fn version(expr: &Expr) -> Result<String, Wrong> {
    match literal(expr) {
        Some((negative, Lit::Int(number))) => {
            Ok(format!("{}{}", if negative { "-" } else { "" }, number.base10_digits()))
        }
        Some((false, Lit::Str(text))) => Ok(text.value()),
        _ => Err(Wrong::at(expr, "expected a whole number or a text, written out, as in `version = 2`")),
    }
}

fn verbose(expr: Expr) -> Result<Expr, Wrong> {
    match literal(&expr) {
        Some((false, Lit::Int(_))) | None => Ok(expr),
        Some(_) => Err(Wrong::at(&expr, "expected a number from 0 (silent) to 100 (everything)")),
    }
}

fn mmap_mode(expr: Expr) -> Result<Expr, Wrong> {
    const WRONG: &str = "expected \"r\" (read only) or \"c\" (copy on write); a cached result can't be written to through its map";
    match literal(&expr) {
        None => Ok(expr),
        Some((false, Lit::Str(text))) if matches!(text.value().as_str(), "r" | "c") => Ok(expr),
        Some(_) => Err(Wrong::at(&expr, WRONG)),
    }
}

fn compress(expr: Expr) -> Result<Expr, Wrong> {
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

fn expires_after(given: Given) -> Result<Expires, Wrong> {
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
    // What is shorter than a nanosecond is no time.
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
    format!("write `{form}`: a time is no text")
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

/// The path of the crate that the expansion calls.
pub(crate) fn crate_path(options: &Options) -> TokenStream {
    let path = options.krate.as_ref().map(|path| quote::quote!(#path));
    path.unwrap_or_else(|| quote_spanned!(Span::call_site()=> ::joblib))
}
