//! The code that stands in the function's place: the function that asks the cache, its body, and its companions.
//!
//! A free function `fit` gets an empty struct `fit {}` beside it (types and functions have separate names), whose
//! associated functions are the body (`fit::uncached`) and the companions. A method's stand beside it in the `impl`, as
//! `fit_uncached` and so on. With `companions = false` the body stays inside.

mod call;
mod companions;
mod definition;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Signature};

use crate::code::normal_text;
use crate::function::Function;
use crate::options::{Extent, Keep, Options, crate_path};
use crate::reached::{self, Reached};
use crate::task;
use joblib_reach::Within;

pub(crate) use definition::{code_const, code_name, new_code, whole_code};

/// Where the body and the companions are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Associated functions of a struct beside the function.
    Beside,
    /// Functions of the same `impl`.
    Member,
    /// Inside the function; there are no companions.
    Inside,
}

/// What all parts of the expansion are made from.
struct Expansion<'a> {
    function: &'a Function,
    options: &'a Options,
    layout: Layout,
    /// Whether it is known to be declared in an `impl` or a trait, so that there is a `Self`.
    in_impl: bool,
    /// The path of the crate that is called.
    krate: TokenStream,
    /// The marker of what is kept.
    keep: TokenStream,
    /// Whether that is the `Ok` of a `Result`.
    keeps_ok: bool,
    /// What the sources tell; `None` where only the function's own tokens count.
    reached: Option<Reached>,
    /// Why the sources tell nothing where they should.
    unseen: Option<String>,
}

/// The expansion of a function that was checked.
pub(crate) fn expand(function: &Function, options: &Options, item: &TokenStream) -> TokenStream {
    let (reached, unseen) = match options.code {
        Some(Extent::Own) => (None, None),
        _ => match reached::of_function(&function.sig.ident.to_string(), item, options.name.is_some()) {
            Ok(reached) => (Some(reached), None),
            Err(reason) => (None, Some(reason)),
        },
    };
    let within = reached.as_ref().map(|reached| reached.within);
    let in_impl = within == Some(Within::Type)
        || function.receiver.is_some()
        || options.associated.is_some()
        || function.names_self;
    let layout = match &options.companions {
        Some(companions) if !companions.value => Layout::Inside,
        _ if within == Some(Within::Trait) => Layout::Inside,
        _ if in_impl => Layout::Member,
        _ => Layout::Beside,
    };
    let krate = crate_path(options);
    // That a result can't be stored is an error at its type.
    let at = function.output.span();
    let here = crate_at(options, at);
    let kept = options.keep.map_or_else(|| function.kept_by_default(), |(keep, _)| keep);
    let keep = match kept {
        Keep::All => quote_spanned!(at=> #here::internal::KeepAll),
        Keep::Ok => quote_spanned!(at=> #here::internal::KeepOk),
        Keep::Some => quote_spanned!(at=> #here::internal::KeepSome),
    };
    let keeps_ok = kept == Keep::Ok;
    let in_impl = in_impl || within == Some(Within::Trait);
    let expansion = Expansion { function, options, layout, in_impl, krate, keep, keeps_ok, reached, unseen };
    let main = expansion.main();
    match layout {
        Layout::Inside => main,
        Layout::Member => {
            let (body, companions, definition) =
                (expansion.body(), expansion.companions(), expansion.definition_items());
            quote!(#main #body #companions #definition)
        }
        Layout::Beside => {
            let beside = expansion.beside();
            quote!(#main #beside)
        }
    }
}

impl Expansion<'_> {
    /// The function that is called: it asks the cache, and runs the body when the result is missing.
    fn main(&self) -> TokenStream {
        let attributes = &self.function.attributes;
        let (cfgs, outer, lints, must_use) =
            (&attributes.cfgs, &attributes.outer, &attributes.lints, &attributes.must_use);
        let inside = (self.layout == Layout::Inside).then_some(&attributes.body).into_iter().flatten();
        let vis = &self.function.vis;
        let sig = self.function.plain_signature();
        let block = self.ask(&call::Ask::Lookup);
        // The body has these lints; they need not be reported twice.
        let allow = match self.layout {
            Layout::Inside => quote!(#[allow(clippy::redundant_closure_call)]),
            _ => {
                quote!(#[allow(clippy::too_many_arguments, clippy::used_underscore_binding)])
            }
        };
        let warning = self.warning();
        quote!(#(#cfgs)* #(#outer)* #(#lints)* #(#must_use)* #allow #(#inside)* #vis #sig { #warning #block })
    }

    /// A warning that sources can't be seen, once in a crate: the use of what is deprecated, which is the one warning that a
    /// macro can make.
    fn warning(&self) -> Option<TokenStream> {
        let reason = self.unseen.as_ref()?;
        if !reached::is_first_unseen() {
            return None;
        }
        let note = format!(
            "joblib: {reason}; only its own tokens count as the code of this function, and perhaps of others with \
             `#[cached]`; write `code = \"own\"` to accept that"
        );
        // Of what has a macro's place the compiler says nothing.
        let name = Ident::new("sources_not_seen", self.function.sig.ident.span());
        Some(quote! {
            const _: () = {
                #[deprecated(note = #note)]
                #[allow(non_upper_case_globals)]
                const #name: () = ();
                #name
            };
        })
    }

    /// The function's body under its own name.
    fn body(&self) -> TokenStream {
        let attributes = &self.function.attributes;
        let (cfgs, lints, must_use, body) =
            (&attributes.cfgs, &attributes.lints, &attributes.must_use, &attributes.body);
        let mut sig = self.function.sig.clone();
        sig.ident = self.name("uncached");
        let mut arguments = self.function.arguments.iter();
        for input in &mut sig.inputs {
            let FnArg::Typed(input) = input else { continue };
            if let Some(argument) = arguments.next()
                && [&self.options.memory, &self.options.key]
                    .into_iter()
                    .flatten()
                    .chain(&self.options.files)
                    .any(|e| mentions(e, &argument.name))
            {
                input.attrs.push(syn::parse_quote!(#[allow(unused_variables)]));
            }
        }
        let (vis, block) = (&self.function.vis, &self.function.block);
        let doc = format!(
            "Runs the body of [`{0}`]({1}{0}) and leaves the cache alone.",
            self.function.sig.ident,
            if self.layout == Layout::Beside { "fn@" } else { "Self::" },
        );
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(
                dead_code,
                clippy::missing_const_for_fn,
                clippy::missing_errors_doc,
                clippy::missing_panics_doc
            )]
            #(#lints)* #(#must_use)* #(#body)* #vis #sig #block
        }
    }

    /// The struct beside a free function, and all that it carries.
    fn beside(&self) -> TokenStream {
        let Self { function, krate, .. } = self;
        let (name, vis, cfgs) = (&function.sig.ident, &function.vis, &function.attributes.cfgs);
        let doc = format!("What else can be done with the cached function [`{name}`](fn@{name}).");
        let hidden = function.attributes.hidden.then(|| quote!(#[doc(hidden)]));
        let (body, companions, definition) = (self.body(), self.companions(), self.definition_items());
        let code = code_name(name);
        // Only a crate that knows tasks expands it.
        let task = task::companion(krate, function, self.options.redact.is_some());
        let task = task.map(|task| quote!(#krate::internal::with_tasks! { #task }));
        let (deprecated, allow) = (function.attributes.allow_deprecated(), allow_on_companions());
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #hidden
            #[allow(non_camel_case_types, dead_code)]
            #vis struct #name {}
            #(#cfgs)*
            impl #name { #body }
            #(#cfgs)*
            #deprecated
            #allow
            impl #name { #companions #definition #task }
            #(#cfgs)*
            impl #krate::internal::HasCode for #name {
                const CODE: #krate::internal::Code = #name::#code;
            }
        }
    }

    /// The name of a companion: `call` in the struct beside, `fit_call` in an `impl`.
    fn name(&self, companion: &str) -> Ident {
        let name = &self.function.sig.ident;
        match self.layout {
            Layout::Beside => Ident::new(companion, name.span()),
            _ => format_ident!("{}_{companion}", name, span = name.span()),
        }
    }

    /// The path of a companion, for calling it.
    fn path(&self, companion: &Ident) -> TokenStream {
        if self.layout == Layout::Beside {
            let name = &self.function.sig.ident;
            return quote!(#name::#companion);
        }
        quote!(Self::#companion)
    }

    /// An expression that runs the body, and so moves the arguments; of an `async fn`, the body's future.
    fn run_body(&self) -> TokenStream {
        let (function, output) = (self.function, &self.function.output);
        let is_async = function.sig.asyncness.is_some();
        if self.layout == Layout::Inside {
            let bindings = function.arguments.iter().map(|argument| {
                let (cfgs, pat, ident) = (&argument.cfgs, &argument.pat, &argument.ident);
                let simple = *ident == pat.to_token_stream().to_string();
                (!simple).then(|| quote!(#(#cfgs)* let #pat = #ident;))
            });
            let stmts = &function.block.stmts;
            return if is_async {
                quote!(async move { #(#bindings)* #(#stmts)* })
            } else {
                quote!((move || -> #output { #(#bindings)* #(#stmts)* })())
            };
        }
        let path = self.path(&self.name("uncached"));
        let turbofish = function.turbofish();
        let this = function.receiver.as_ref().map(|receiver| {
            let this = &receiver.self_token;
            quote!(#this,)
        });
        let arguments = function.arguments.iter().map(|argument| {
            let (cfgs, ident) = (&argument.cfgs, &argument.ident);
            quote!(#(#cfgs)* #ident)
        });
        quote!(#path #turbofish(#this #(#arguments),*))
    }

    /// Whether an expression mentions any argument.
    fn mentions_argument(&self, tokens: &impl ToTokens) -> bool {
        self.function.arguments.iter().any(|argument| mentions(tokens, &argument.name))
    }

    /// The signature of the function that is called, under another name.
    fn signature(&self, companion: &str) -> Signature {
        let mut sig = self.function.plain_signature();
        sig.ident = self.name(companion);
        sig
    }

    /// The signature without the arguments that are not `self`.
    fn signature_on_self(&self, companion: &str, with_self: bool) -> Signature {
        let mut sig = self.signature(companion);
        sig.asyncness = None;
        sig.generics = syn::Generics::default();
        sig.inputs.clear();
        if with_self {
            sig.inputs.push(FnArg::Receiver(syn::parse_quote!(&self)));
        }
        sig
    }
}

/// Whether tokens hold the name.
fn mentions(tokens: &impl ToTokens, name: &str) -> bool {
    normal_text(&tokens.to_token_stream()).split(' ').any(|word| word == name)
}

/// A path that means what it meant, for errors that are to point at `at`.
fn located_at(at: Span, path: &TokenStream) -> TokenStream {
    let tokens = path.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(at));
        token
    });
    tokens.collect()
}

/// What stands on companions, whose signature is that of the function: what lints have to say of it they say of the function. They
/// are named one by one, because a program that forbids a lint may have no group allowed that it is in.
fn allow_on_companions() -> TokenStream {
    quote! {
        #[allow(
            dead_code,
            unused_variables,
            clippy::missing_const_for_fn,
            clippy::missing_errors_doc,
            clippy::missing_panics_doc,
            clippy::multiple_bound_locations,
            clippy::ptr_arg,
            clippy::too_many_arguments,
            clippy::type_complexity,
            clippy::used_underscore_binding
        )]
    }
}

/// The path of the crate that is called, for errors that are to point at `at`. Where the attribute does not name it, all of its
/// tokens are of that place: errors are the same only if their places are, and the compiler reports the same error once.
fn crate_at(options: &Options, at: Span) -> TokenStream {
    let named = options.krate.as_ref().map(|path| located_at(at, &quote!(#path)));
    named.unwrap_or_else(|| quote_spanned!(at=> ::joblib))
}

/// A name for what the expansion declares, which can't meet the user's.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
