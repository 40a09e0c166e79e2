//! What can't work together, and what can't be cached: each a compile error that says what to write instead.

use quote::ToTokens;
use syn::{Expr, GenericArgument, PathArguments, PathSegment, Safety, Type, TypeImplTrait, TypeParamBound};

use crate::errors::{Errors, nearest};
use crate::function::{Function, is_mutable, last_name, mutable_reference};
use crate::options::{Dependency, Keep, OnSelf, Options};

/// Checks a function against the options, and settles which arguments are ignored.
pub(crate) fn check(function: &mut Function, options: &Options, errors: &mut Errors) {
    settle_ignored(function, options, errors);
    check_kind(function, errors);
    check_receiver(function, options, errors);
    check_key(function, options, errors);
    check_arguments(function, options, errors);
    check_output(function, options, errors);
    check_depends(function, options, errors);
}

fn settle_ignored(function: &mut Function, options: &Options, errors: &mut Errors) {
    let mut seen: Vec<String> = Vec::new();
    for name in &options.ignore {
        let text = name.value();
        if seen.contains(&text) {
            errors.at(name, format_args!("`{text}` is ignored twice; remove one of them"));
            continue;
        }
        let found = function.arguments.iter_mut().find(|argument| argument.named && argument.name == text);
        if let Some(argument) = found {
            if argument.skip.is_some() {
                errors.at(
                    name,
                    format_args!("`{text}` is skipped already, by `#[cached(skip)]`; remove one of them"),
                );
            }
            argument.ignored = true;
        } else if text == "self" {
            errors.at(name, "write `self = \"ignore\"` to leave `self` out of the key");
        } else {
            let named =
                || function.arguments.iter().filter(|argument| argument.named).map(|a| a.name.as_str());
            let names: Vec<String> = named().map(|name| format!("`{name}`")).collect();
            let hint = match nearest(&text, named()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if function.arguments.iter().any(|argument| !argument.named) => {
                    "write `#[cached(skip)]` before an argument that is a pattern".to_owned()
                }
                None if names.is_empty() => "it has none".to_owned(),
                None => format!("it has {}", names.join(", ")),
            };
            errors.at(name, format_args!("`{}` has no argument `{text}`; {hint}", function.sig.ident));
        }
        seen.push(text);
    }
    for argument in &mut function.arguments {
        argument.ignored |= argument.skip.is_some();
        if let (Some(file), true) = (&argument.file, argument.ignored) {
            let name = &argument.name;
            errors.at(file, format_args!("`{name}` is left out of the key; remove `#[cached(file)]`"));
        }
    }
}

fn check_kind(function: &Function, errors: &mut Errors) {
    let name = &function.sig.ident;
    if let Some(token) = &function.sig.constness {
        errors.at(
            token,
            format_args!(
                "a `const fn` can't be cached; remove `const`, or cache a function that calls `{name}`"
            ),
        );
    }
    if let Safety::Unsafe(token) = &function.sig.safety {
        errors.at(
            token,
            "an `unsafe fn` can't be cached: a hit does not run it, so it can't do what its callers rely on; cache a safe function that calls it",
        );
    }
    if let Some(abi) = &function.sig.abi {
        errors.at(
            abi,
            format_args!("an `extern` function can't be cached; cache a Rust function that calls `{name}`"),
        );
    }
    if let Some(variadic) = &function.sig.variadic {
        errors.at(variadic, "a function with a variable number of arguments can't be cached");
    }
}

fn check_receiver(function: &Function, options: &Options, errors: &mut Errors) {
    match (&function.receiver, options.on_self) {
        (Some(receiver), None) if options.key.is_none() => errors.at(
            receiver,
            "say what `self` is for the key: `#[cached(self = \"hash\")]` hashes its content, \
             `#[cached(self = \"ignore\")]` leaves it out",
        ),
        (Some(receiver), Some((OnSelf::Hash, _))) if is_mutable(receiver) => errors.at(
            receiver,
            "a method that changes what it is called on can't be cached: what it changes would not happen when the result is \
             read; take `&self` and return the change, or write `self = \"ignore\"` if the change does not matter",
        ),
        (None, Some((_, span))) => {
            errors.syntax(syn::Error::new(span, "there is no `self` argument; remove `self = …`"));
        }
        _ => {}
    }
    if let (Some(_), Some(span)) = (&function.receiver, options.associated) {
        errors.syntax(syn::Error::new(
            span,
            "the `self` argument shows that this is a method; remove `associated`",
        ));
    }
}

fn check_key(function: &Function, options: &Options, errors: &mut Errors) {
    let Some(key) = &options.key else { return };
    let instead = "replaces the arguments in the key; remove";
    for name in &options.ignore {
        errors.at(name, format_args!("`key = …` {instead} `ignore`"));
    }
    for file in function.arguments.iter().filter_map(|argument| argument.file.as_ref()) {
        errors.at(
            file,
            "`key = …` replaces the arguments in the key; add `file(argument)` instead of `#[cached(file)]`",
        );
    }
    if let Some((_, span)) = options.on_self {
        errors.syntax(syn::Error::new(span, format_args!("`key = …` {instead} `self = …`")));
    }
    if let Expr::Closure(closure) = key {
        errors.at(
            closure,
            "write the key itself, an expression over the arguments, as in `key = (&id, scale)`",
        );
    }
}

fn check_arguments(function: &Function, options: &Options, errors: &mut Errors) {
    for argument in function.arguments.iter().filter(|argument| !argument.ignored) {
        let name = &argument.name;
        if let Some(reference) = mutable_reference(&argument.ty) {
            errors.at(
                reference,
                format_args!(
                    "a function that changes its arguments can't be cached: what it changes would not happen when the result is \
                     read; return the change, or write `#[cached(skip)]` before `{name}` if it does not matter"
                ),
            );
        } else if let (Some((at, what)), None) = (without_content(&argument.ty), &options.key) {
            errors.at(
                at,
                format_args!(
                    "{what} has no content to hash; write `#[cached(skip)]` before `{name}`, or `key = …`"
                ),
            );
        }
    }
}

fn check_output(function: &Function, options: &Options, errors: &mut Errors) {
    let output = &function.output;
    if let (Some((keep, span)), Some(name)) = (options.keep, last_name(output)) {
        let other = match (keep, name.as_str()) {
            (Keep::Ok, "Option") => Some("some"),
            (Keep::Some, "Result") => Some("ok"),
            _ => None,
        };
        if let Some(other) = other {
            errors.syntax(syn::Error::new(
                span,
                format_args!(
                    "the function returns `{name}`; write `keep = \"{other}\"`, or leave `keep` out"
                ),
            ));
        }
    } else if let (Some((Keep::Ok | Keep::Some, span)), None) = (options.keep, last_name(output)) {
        errors.syntax(syn::Error::new(
            span,
            "the function returns neither `Result` nor `Option`; remove `keep`",
        ));
    }
    let keep = options.keep.map_or_else(|| function.kept_by_default(), |(keep, _)| keep);
    if let Some((at, message)) = not_storable(output, keep == Keep::Ok) {
        errors.at(at, message);
    }
}

fn check_depends(function: &Function, options: &Options, errors: &mut Errors) {
    let mut seen: Vec<String> = Vec::new();
    for Dependency { path, .. } in &options.depends {
        let text = path.to_token_stream().to_string();
        if path.is_ident(&function.sig.ident) {
            errors.at(path, "a function depends on its own code already; remove it here");
        } else if seen.contains(&text) {
            errors.at(path, "this is written twice; remove one of them");
        }
        seen.push(text);
    }
}

/// The part of an argument's type that can't be hashed, and what it is.
fn without_content(ty: &Type) -> Option<(&dyn ToTokens, &'static str)> {
    match ty {
        Type::Reference(inner) => without_content(&inner.elem),
        Type::Paren(inner) => without_content(&inner.elem),
        Type::Group(inner) => without_content(&inner.elem),
        Type::FnPtr(_) => Some((ty, "a function pointer")),
        Type::Ptr(_) => Some((ty, "a raw pointer")),
        Type::TraitObject(object) => callable(&object.bounds).map(|what| (ty as &dyn ToTokens, what)),
        Type::ImplTrait(TypeImplTrait { bounds, .. }) => {
            callable(bounds).map(|what| (ty as &dyn ToTokens, what))
        }
        Type::Path(path) => match path.path.segments.last() {
            Some(PathSegment { ident, arguments: PathArguments::AngleBracketed(arguments) })
                if ident == "Box" =>
            {
                arguments.args.iter().find_map(|argument| match argument {
                    GenericArgument::Type(inner) => without_content(inner),
                    _ => None,
                })
            }
            _ => None,
        },
        _ => None,
    }
}

fn callable<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> Option<&'static str> {
    bounds.into_iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => {
            let name = bound.path.segments.last()?.ident.to_string();
            match name.as_str() {
                "Fn" | "FnMut" | "FnOnce" => Some("a function"),
                "Iterator" | "DoubleEndedIterator" | "ExactSizeIterator" => Some("an iterator"),
                _ => None,
            }
        }
        _ => None,
    })
}

/// The part of a returned type that can't be stored, and what to return instead. Types whose meaning only the compiler
/// knows are left to it.
fn not_storable(ty: &Type, only_ok: bool) -> Option<(&dyn ToTokens, &'static str)> {
    const BORROWED: &str = "a cached result outlives what it was computed from, so it can't be borrowed; return what is owned \
                            (`String` for `&str`, `Vec<T>` for `&[T]`), or `Arc<T>` with serde's feature `rc`";
    const FUTURE: &str = "a future is computed when it is awaited, so it can't be stored; write `async fn`, and return what \
                          the future is of";
    match ty {
        Type::Reference(_) => Some((ty, BORROWED)),
        Type::ImplTrait(TypeImplTrait { bounds, .. }) if is_future(bounds) => Some((ty, FUTURE)),
        Type::TraitObject(object) if is_future(&object.bounds) => Some((ty, FUTURE)),
        Type::ImplTrait(_) => Some((
            ty,
            "a cached result is stored, so its type has to be written out; collect an iterator into a `Vec`",
        )),
        Type::TraitObject(_) => Some((ty, "a trait object can't be stored; return an enum or a struct")),
        Type::Never(_) => {
            Some((ty, "a function that never returns has no result to keep; remove `#[cached]`"))
        }
        Type::FnPtr(_) => Some((ty, "a function can't be stored; return what it would return")),
        Type::Ptr(_) => Some((ty, "a raw pointer can't be stored; return what it points to")),
        Type::Paren(inner) => not_storable(&inner.elem, only_ok),
        Type::Group(inner) => not_storable(&inner.elem, only_ok),
        Type::Array(inner) => not_storable(&inner.elem, false),
        Type::Slice(inner) => not_storable(&inner.elem, false),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(|elem| not_storable(elem, false)),
        Type::Path(path) => {
            let segment = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
            let looked_at = match segment.ident.to_string().as_str() {
                // Of a `Result` of which only `Ok` is kept, the error is never stored.
                "Result" if only_ok => 1,
                "Result" | "HashMap" | "BTreeMap" => 2,
                "Option" | "Box" | "Pin" | "Rc" | "Arc" | "Vec" | "VecDeque" | "HashSet" | "BTreeSet" => 1,
                _ => 0,
            };
            // Of a type with a lifetime by name, the body says what it borrows.
            if let Some(lifetime) = arguments.args.iter().find(|argument| is_elided(argument)) {
                return Some((lifetime, BORROWED));
            }
            let types = arguments.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            });
            types.take(looked_at).find_map(|ty| not_storable(ty, false))
        }
        _ => None,
    }
}

fn is_elided(argument: &GenericArgument) -> bool {
    matches!(argument, GenericArgument::Lifetime(lifetime) if lifetime.ident == "_")
}

fn is_future<'a>(bounds: impl IntoIterator<Item = &'a TypeParamBound>) -> bool {
    bounds.into_iter().any(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| last.ident == "Future"),
        _ => false,
    })
}

/// Whether an argument is a slice or a text that is not behind a reference. The compiler says so, and should say it of the
/// function alone.
pub(crate) fn has_unsized_argument(function: &Function) -> bool {
    function.arguments.iter().any(|argument| match &argument.ty {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    })
}
