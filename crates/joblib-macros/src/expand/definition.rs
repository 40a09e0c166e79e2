//! What is known of the function once and for all: its name, its code, what it depends on, its constant options.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Path};

use super::{Expansion, Layout, local};
use crate::code;
use crate::options::{Expires, Options};

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
            #[allow(dead_code, clippy::all, clippy::pedantic)]
            #vis fn #name() -> &'static #krate::internal::Site { #definition }
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

    /// The type that a method belongs to, for the name that it is stored under.
    pub(super) fn owner(&self) -> TokenStream {
        if self.layout == Layout::Member || self.function.receiver.is_some() || self.function.names_self {
            quote!(::core::option::Option::Some(::core::any::type_name::<Self>()))
        } else {
            quote!(::core::option::Option::None)
        }
    }

    /// The function's own code as an expression.
    fn own_code(&self) -> TokenStream {
        let function = self.function;
        let hash = code::hash_of_function(&function.attributes.body, &function.sig, &function.block);
        new_code(&self.krate, hash)
    }

    /// The function's code, that of what it depends on, and the version, as a constant expression.
    fn code(&self) -> TokenStream {
        whole_code(&self.krate, &self.own_code(), self.options)
    }

    fn definition(&self) -> TokenStream {
        let Self { function, options, krate, .. } = self;
        let name = function.sig.ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name);
        let (own, whole) = (self.own_code(), self.code());
        let source = code::source_of_function(&function.sig, &function.block);
        let depends = options.depends.iter().map(|path| {
            let (name, code) = (name_of_path(path), code_of_path(krate, path));
            quote!((#name, #code))
        });
        let call_options = self.call_options();
        let at = function.sig.ident.span();
        let (file, line) = (quote_spanned!(at=> ::core::file!()), quote_spanned!(at=> ::core::line!()));
        let site = quote! {
            #krate::internal::Site {
                module: ::core::module_path!(),
                name: #name,
                file: #file,
                line: #line,
                own: #own,
                code: #whole,
                source: #source,
                depends: &[#(#depends),*],
                options: #call_options,
            }
        };
        // A static can't name `Self`; a constant in the function can, but has no address that is sure to stay the same.
        if super::mentions(&site, "Self") {
            return quote!(const { &#site });
        }
        let statics = local("SITE");
        quote! {
            static #statics: #krate::internal::Site = #site;
            &#statics
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
            fields.extend(quote!(verify_mapped: true,));
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
    let depends = options.depends.iter().map(|path| code_of_path(krate, path));
    let version = options.version.iter().map(|version| {
        let version = new_code(krate, code::hash(&format!("version {version}")));
        quote!(.and(#version))
    });
    quote!(#own #(.and(#depends))* #(#version)*)
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
        #[allow(dead_code, non_upper_case_globals)]
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

/// A constant expression for the code of a helper. Whether the helper is known only the compiler can tell; so that it
/// says something useful when it is not, what knows nothing stands behind the helper, found when nothing else is.
fn code_of_path(krate: &TokenStream, path: &Path) -> TokenStream {
    let span = path.span();
    let Some(last) = path.segments.last().map(|segment| &segment.ident) else { return TokenStream::new() };
    if let Some(owner) = type_before_last(path) {
        let constant = code_name(last);
        // Associated items of the type itself come before those of a trait.
        return quote_spanned! {span=> {
            #[allow(non_camel_case_types, dead_code)]
            struct write_tracked_above_this_function;
            #[allow(non_upper_case_globals, dead_code)]
            trait Unknown {
                const #constant: write_tracked_above_this_function = write_tracked_above_this_function;
            }
            impl<T: ?::core::marker::Sized> Unknown for T {}
            let code: #krate::internal::Code = <#owner>::#constant;
            code
        }};
    }
    let mut unknown = last.clone();
    unknown.set_span(span);
    // A name that is imported comes before the same name from a glob import.
    quote_spanned! {span=> {
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        mod __joblib_unknown {
            // Private, so that the import brings one name only.
            mod helper {
                pub struct #unknown;
            }
            pub type __JoblibHelper = helper::#unknown;
        }
        #[allow(unused_imports)]
        use __joblib_unknown::*;
        #[allow(unused_imports)]
        use #path as __JoblibHelper;
        <__JoblibHelper as #krate::internal::HasCode>::CODE
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
