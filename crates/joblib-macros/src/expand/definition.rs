//! What is known of the function once and for all: its name, its code, what it depends on, its constant options.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Path};

use super::{Expansion, Layout, local};
use crate::code;
use crate::options::{Dependency, Expires, HASHERS, Options};
use crate::reached;

impl Expansion<'_> {
    /// The name of the hidden function that returns the definition.
    pub(super) fn definition_name(&self) -> Ident {
        format_ident!("__joblib_site_of_{}", self.function.sig.ident)
    }

    /// The hidden items that tell the definition, and the code to those who depend on it.
    pub(super) fn definition_items(&self) -> TokenStream {
        let krate = &self.krate;
        let (name, definition, cfgs) =
            (self.definition_name(), self.definition(), &self.function.attributes.cfgs);
        let vis = &self.function.vis;
        let code = code_const(krate, vis, &self.function.sig.ident, &self.code());
        quote! {
            #(#cfgs)*
            #[doc(hidden)]
            #[allow(dead_code, clippy::missing_const_for_fn)]
            #vis fn #name() -> #krate::internal::Known { #definition }
            #(#cfgs)*
            #code
        }
    }

    /// An expression for the definition, from wherever the arguments are in scope.
    pub(super) fn known(&self) -> TokenStream {
        if self.layout == Layout::Inside {
            let definition = self.definition();
            return quote!({ #definition });
        }
        let path = self.path(&self.definition_name());
        quote!(#path())
    }

    /// The function's own code as an expression.
    fn own_code(&self) -> TokenStream {
        new_code(&self.krate, self.own_hash())
    }

    fn own_hash(&self) -> u128 {
        let function = self.function;
        let hash = if self.options.name.is_some() { code::hash_of_nameless } else { code::hash_of_function };
        hash(&function.attributes.body, &function.sig, &function.block)
    }

    /// All that counts as the function's code, as a constant expression.
    fn code(&self) -> TokenStream {
        let krate = &self.krate;
        let code = whole_code(krate, &self.own_code(), self.options);
        let meaning = new_code(krate, code::digest(&self.meaning()));
        let seen = if let Some(reached) = &self.reached {
            let seen = new_code(krate, reached.digest);
            let values = self.values();
            let values = values.iter().map(|(_, code)| code);
            quote!(.and(#seen) #(.and(#values))*)
        } else {
            // Helpers of another package of the same name are others, and are not seen.
            let package = new_code(krate, reached::package_digest());
            quote!(.and(#package))
        };
        quote!(#code.and(#meaning) #seen)
    }

    /// A line for each item that counts: a digest, a name and a place.
    fn listing(&self, name: &str) -> String {
        if let Some(reached) = &self.reached {
            return reached.listing.clone();
        }
        let own = format!("{:016x}\tfn {name}\t{}\n", (self.own_hash() >> 64) as u64, reached::told_place());
        match &self.unseen {
            Some(reason) => {
                let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
                format!("{own}{:016x}\twhat it reaches was not seen\t{reason}\n", 0)
            }
            None => own,
        }
    }

    /// What the attribute says of the meaning of keys and results.
    fn meaning(&self) -> String {
        let Self { function, options, .. } = self;
        let ignored = function
            .arguments
            .iter()
            .filter(|argument| argument.ignored)
            .map(|argument| argument.name.as_str());
        let mut ignored: Vec<&str> = ignored.collect();
        ignored.sort_unstable();
        let key = options.key.as_ref().map(|key| code::normal_text(&key.to_token_stream()));
        let keep = options.keep.map_or_else(|| function.kept_by_default(), |(keep, _)| keep);
        let on_self = options.on_self.map(|(on_self, _)| on_self);
        format!("key {key:?} ignored {ignored:?} keep {keep:?} self {on_self:?}")
    }

    /// What the compiler decides: a name for display, and a constant expression for its code.
    fn values(&self) -> Vec<(String, TokenStream)> {
        let krate = &self.krate;
        let Some(reached) = &self.reached else { return Vec::new() };
        let conditions = reached.conditions.iter().map(|condition| {
            let code = quote!(#krate::internal::Code::of_condition(::core::cfg!(#condition)));
            (format!("cfg({})", code::normal_text(condition)), code)
        });
        let variables = reached.variables.iter().map(|name| {
            let code = quote!(#krate::internal::Code::of_variable(::core::option_env!(#name)));
            (format!("the environment variable {name}"), code)
        });
        conditions.chain(variables).collect()
    }

    fn definition(&self) -> TokenStream {
        let Self { function, options, krate, .. } = self;
        let name = function.sig.ident.to_string();
        let mut name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
        let ordinal = match (&self.reached, &self.unseen) {
            (Some(reached), _) => reached.ordinal,
            (None, Some(_)) => reached::ordinal_of_unseen(&name),
            (None, None) => 0,
        };
        let listing = self.listing(&name);
        if ordinal > 0 {
            name = format!("{name}#{}", ordinal + 1);
        }
        let (own, whole) = (self.own_code(), self.code());
        let source = code::source_of_function(&function.sig, &function.block);
        let depends = options.depends.iter().map(|of| {
            let (name, code) = (name_of_path(&of.path), code_of_dependency(krate, of));
            quote!((#name, #code))
        });
        let values = self.values().into_iter().map(|(name, code)| quote!((#name, #code)));
        let depends = depends.chain(values);
        let package = reached::package();
        let fixed = options.name.as_ref().map_or_else(
            || quote!(::core::option::Option::None),
            |name| quote!(::core::option::Option::Some(#name)),
        );
        // The hidden function, and the struct that it is in.
        let depth: usize = if self.layout == Layout::Beside { 2 } else { 1 };
        let ambiguous = self.reached.as_ref().map_or(&[][..], |reached| &reached.ambiguous[..]);
        let call_options = self.call_options();
        let at = function.sig.ident.span();
        let (file, line) = (quote_spanned!(at=> ::core::file!()), quote_spanned!(at=> ::core::line!()));
        let site = quote! {
            #krate::internal::Site {
                package: #package,
                name: #name,
                fixed: #fixed,
                depth: #depth,
                file: #file,
                line: #line,
                code: #whole,
                source: #source,
                parts: #krate::internal::Parts {
                    own: #own,
                    depends: &[#(#depends),*],
                    reached: #listing,
                },
                ambiguous: &[#(#ambiguous),*],
                options: #call_options,
            }
        };
        // A static can't name `Self`; a constant in the function can, but has no address that is sure to stay the same. The
        // code may be under a `cfg` that is nowhere declared, of which the compiler warns where it is written.
        let (declared, site) = if super::mentions(&site, "Self") {
            let constant = local("site");
            (quote!(#[allow(unexpected_cfgs)] let #constant = const { &#site };), quote!(#constant))
        } else {
            let statics = local("SITE");
            (
                quote!(#[allow(unexpected_cfgs)] static #statics: #krate::internal::Site = #site;),
                quote!(&#statics),
            )
        };
        quote! {
            #declared
            #krate::internal::Known { site: #site, path: ::core::any::type_name_of_val(&|| ()) }
        }
    }

    /// The options that are the same for every call.
    fn call_options(&self) -> TokenStream {
        let (options, krate) = (self.options, &self.krate);
        let mut fields = TokenStream::new();
        if let Some(mode) = &options.mmap_mode {
            let mode = match mode {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "c" => {
                    quote!(#krate::internal::MmapMode::CopyOnWrite)
                }
                Expr::Lit(_) => quote!(#krate::internal::MmapMode::Read),
                other => other.to_token_stream(),
            };
            fields.extend(quote!(mmap_mode: ::core::option::Option::Some(#mode),));
        }
        if options.verify_mapped.is_some() {
            fields.extend(quote!(verify_mapped: ::core::option::Option::Some(true),));
        }
        if let Some(hasher) = &options.hasher {
            let hasher = match hasher {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                    let known = HASHERS.iter().find(|(name, _)| *name == text.value());
                    let variant = format_ident!(
                        "{}",
                        known.map_or("Blake3", |(_, variant)| variant),
                        span = text.span()
                    );
                    quote!(#krate::internal::Algorithm::#variant)
                }
                other => other.to_token_stream(),
            };
            fields.extend(quote!(hasher: ::core::option::Option::Some(#hasher),));
        }
        if let Some(compress) = &options.compress {
            fields.extend(quote!(
                compress: ::core::option::Option::Some(|| #krate::internal::Compress::from(#compress)),
            ));
        }
        if let Some(verbose) = &options.verbose {
            fields.extend(quote!(verbose: ::core::option::Option::Some(#verbose),));
        }
        if let Some(expires) = &options.expires_after {
            let duration = duration(expires);
            fields.extend(quote!(expires_after: ::core::option::Option::Some(#duration),));
        }
        if let Some(validate) = &options.validate {
            fields.extend(quote!(validate: ::core::option::Option::Some(#validate),));
        }
        if let Some(bytes) = options.in_memory {
            fields.extend(quote!(in_memory: ::core::option::Option::Some(#bytes),));
        }
        if options.redact.is_some() {
            fields.extend(quote!(redact: true,));
        }
        if options.replay.is_some() {
            fields.extend(quote!(replay: true,));
        }
        quote!(#krate::internal::CallOptions { #fields ..#krate::internal::CallOptions::DEFAULT })
    }
}

/// A hash as code.
pub(crate) fn new_code(krate: &TokenStream, hash: u128) -> TokenStream {
    let hash = code::literal(hash);
    quote!(#krate::internal::Code::new(#hash))
}

/// Own code, that of dependencies, and the version, as a constant expression.
pub(crate) fn whole_code(krate: &TokenStream, own: &TokenStream, options: &Options) -> TokenStream {
    let depends = options.depends.iter().map(|of| code_of_dependency(krate, of));
    let version = options.version.iter().map(|version| {
        let version = new_code(krate, code::digest(&format!("version {version}")));
        quote!(.and(#version))
    });
    let crates = options.crates.iter().map(|_| match reached::locked_digest() {
        Ok(locked) => {
            let locked = new_code(krate, locked);
            quote!(.and(#locked))
        }
        Err(reason) => {
            let reason = format!("`depends(crates)` needs the package's `Cargo.lock`: {reason}");
            quote!(.and({ ::core::compile_error!(#reason); loop {} }))
        }
    });
    quote!(#own #(.and(#depends))* #(#version)* #(#crates)*)
}

/// What `depends(…)` finds beside a function in an `impl`.
pub(crate) fn code_const(
    krate: &TokenStream,
    vis: &syn::Visibility,
    function: &Ident,
    code: &TokenStream,
) -> TokenStream {
    let name = code_name(function);
    quote! {
        #[doc(hidden)]
        #[allow(dead_code, non_upper_case_globals, unexpected_cfgs)]
        #vis const #name: #krate::internal::Code = #code;
    }
}

/// The name of that constant.
pub(crate) fn code_name(function: &Ident) -> Ident {
    format_ident!("__joblib_code_of_{}", function)
}

fn name_of_path(path: &Path) -> String {
    code::normal_text(&path.to_token_stream()).replace(' ', "")
}

/// A constant expression for the code of a helper, and an error where the conditions under which it is there don't hold.
fn code_of_dependency(krate: &TokenStream, dependency: &Dependency) -> TokenStream {
    let Dependency { path, conditions } = dependency;
    let code = code_of_path(krate, path);
    if conditions.is_empty() {
        return code;
    }
    let condition = match &conditions[..] {
        [one] => one.clone(),
        several => quote!(all(#(#several),*)),
    };
    let (name, written) = (name_of_path(path), code::normal_text(&condition).replace(' ', ""));
    let message = format!(
        "`{name}` is not there: it stands under `#[cfg({written})]`; depend on it under the same condition, as in \
         `#[cfg_attr({written}, cached(depends({name})))]` and `#[cfg_attr(not({written}), cached)]`"
    );
    quote_spanned! {path.span()=> {
        #[cfg(#condition)]
        { #code }
        #[cfg(not(#condition))]
        { ::core::compile_error!(#message); #krate::internal::Code::new(0) }
    }}
}

/// A constant expression for the code of a helper. Whether the helper is known only the compiler can tell; so that it
/// says something useful when it is not, what knows nothing stands behind the helper, found when nothing else is.
fn code_of_path(krate: &TokenStream, path: &Path) -> TokenStream {
    let span = path.span();
    let Some(last) = path.segments.last().map(|segment| &segment.ident) else { return TokenStream::new() };
    if let Some(owner) = type_before_last(path) {
        let constant = code_name(last);
        // Associated items of the type itself come before those of a trait.
        return quote_spanned! {span=> {
            #[allow(non_upper_case_globals, dead_code)]
            trait Unknown {
                const #constant: #krate::internal::Untracked = #krate::internal::Untracked;
            }
            impl<T: ?::core::marker::Sized> Unknown for T {}
            #krate::internal::known(<#owner>::#constant).code()
        }};
    }
    // A name of the inner block comes before the same name of the block around it, also where it is imported in vain: then the
    // compiler says that, and nothing else. The type that knows nothing has the same name wherever this stands, so that the
    // compiler says once what is missing.
    quote_spanned! {span=> {
        #[allow(dead_code)]
        type __JoblibHelper = ();
        {
            #[allow(unused_imports)]
            use #path as __JoblibHelper;
            <__JoblibHelper as #krate::internal::HasCode>::CODE
        }
    }}
}

/// The type of a path such as `Model::score` or `Self::score`; modules begin with a small letter.
fn type_before_last(path: &Path) -> Option<Path> {
    let mut owner = path.clone();
    owner.segments.pop();
    owner.segments.pop_punct();
    let name = owner.segments.last()?.ident.to_string();
    name.chars().next().is_some_and(char::is_uppercase).then_some(owner)
}

fn duration(expires: &Expires) -> TokenStream {
    match expires {
        Expires::Seconds(seconds) => {
            let whole = seconds.trunc();
            let (whole, nanos) = (whole as u64, ((seconds - whole) * 1e9) as u32);
            quote!(::core::time::Duration::new(#whole, #nanos))
        }
        Expires::Duration(expr) => expr.to_token_stream(),
    }
}
