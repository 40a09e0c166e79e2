//! The functions beside a cached function that do something else with the same call.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ReturnType, Signature};

use super::call::Ask;
use super::{Expansion, Layout, allow_on_companions, local, mentions};

impl Expansion<'_> {
    /// All companions but the body.
    pub(super) fn companions(&self) -> TokenStream {
        [
            self.call(),
            self.call_and_shelve(),
            self.check_call_in_cache(),
            self.explain(),
            self.stats(),
            self.code_listing(),
            self.clear(),
        ]
        .into_iter()
        .collect()
    }

    /// `call`: computes and stores whatever is stored.
    fn call(&self) -> TokenStream {
        let (keep, output) = (&self.keep, &self.function.output);
        let (call, prepare) = self.prepare();
        let pending = local("pending");
        let (describe, compute) = (self.describe(), self.compute(&pending, "finish"));
        let storable = self.storable();
        let forced = quote_spanned!(output.span()=> #call.force::<#output, #keep>(&mut #describe));
        let must_use = &self.function.attributes.must_use;
        self.companion(
            "Computes the result and stores it, in place of one that is stored: the forced call of",
            &quote!(#(#must_use)*),
            &self.signature("call"),
            &quote! {
                #storable
                #prepare
                let #pending = #forced;
                #compute
            },
        )
    }

    /// `call_and_shelve`: a reference to the result.
    fn call_and_shelve(&self) -> TokenStream {
        let Self { krate, keep, .. } = self;
        let output = &self.function.output;
        let kept = quote!(<#keep as #krate::internal::Keep<#output>>);
        let mut sig = self.signature("call_and_shelve");
        sig.output = returns(&quote!(#kept::Wrapped<#krate::internal::Shelved<#kept::Stored>>));
        self.companion(
            "Computes the result unless it is stored, and returns a reference to where it is. Like",
            &TokenStream::new(),
            &sig,
            &self.ask(&Ask::Find),
        )
    }

    /// `check_call_in_cache`: whether the call would be a hit.
    fn check_call_in_cache(&self) -> TokenStream {
        let mut sig = self.signature("check_call_in_cache");
        sig.asyncness = None;
        sig.output = returns(&quote!(bool));
        let (call, prepare) = self.prepare();
        let (keep, output, storable) = (&self.keep, &self.function.output, self.storable());
        let check = quote_spanned!(output.span()=> #call.check::<#output, #keep>());
        self.companion(
            "Returns `true` if this call would be answered from the cache. Like",
            &TokenStream::new(),
            &sig,
            &quote!(#storable #prepare #check),
        )
    }

    /// `explain`: why the call would be computed.
    fn explain(&self) -> TokenStream {
        let krate = &self.krate;
        let mut sig = self.signature("explain");
        sig.asyncness = None;
        sig.output = returns(&quote!(#krate::internal::Explanation));
        let (call, prepare) = self.prepare();
        let (keep, output, storable) = (&self.keep, &self.function.output, self.storable());
        let explain = quote_spanned!(output.span()=> #call.explain::<#output, #keep>());
        self.companion(
            "Why this call would be computed, or that it would not. Like",
            &TokenStream::new(),
            &sig,
            &quote!(#storable #prepare #explain),
        )
    }

    /// `stats`: what the cache did for it.
    fn stats(&self) -> TokenStream {
        let krate = &self.krate;
        self.on_the_function(
            "stats",
            "What the cache did in this process for all calls of",
            &quote!(#krate::internal::FunctionStats),
            &quote!(#krate::internal::stats),
            |_, call| quote!(#call),
        )
    }

    /// `code`: what counts as its code.
    fn code_listing(&self) -> TokenStream {
        let krate = &self.krate;
        let mut sig = self.signature_on_self("code", false);
        sig.output = returns(&quote!(::std::vec::Vec<#krate::internal::CodeItem>));
        let known = self.known();
        self.companion(
            "What counts as the code of",
            &TokenStream::new(),
            &sig,
            &quote!(#krate::internal::code(#known)),
        )
    }

    /// `clear`: forgets all results.
    fn clear(&self) -> TokenStream {
        let krate = &self.krate;
        self.on_the_function(
            "clear",
            "Drops all stored results, and returns how many there were, of",
            &quote!(#krate::internal::Result<u64>),
            &quote!(#krate::internal::clear),
            |memory, call| quote!(#memory, #call),
        )
    }

    /// A companion that is about all calls, and so takes no arguments. Where the memory is given by an expression over the
    /// arguments, it takes the memory instead of them.
    fn on_the_function(
        &self,
        name: &str,
        doc: &str,
        output: &TokenStream,
        function: &TokenStream,
        arguments: impl FnOnce(&TokenStream, &TokenStream) -> TokenStream,
    ) -> TokenStream {
        let krate = &self.krate;
        let memory = self.options.memory.as_ref();
        let by_argument = memory.is_some_and(|memory| self.mentions_argument(memory));
        let by_self = memory.is_some_and(|memory| mentions(memory, "self"));
        let mut sig = self.signature_on_self(name, by_self && !by_argument);
        sig.output = returns(output);
        let chosen = if by_argument {
            sig.inputs.push(syn::parse_quote!(memory: &#krate::internal::Memory));
            quote!(memory)
        } else {
            self.memory()
        };
        let (known, memory) = (self.known(), local("memory"));
        let arguments = arguments(&quote!(#memory), &quote!(&#krate::internal::Call::new(#known, #memory)));
        self.companion(
            doc,
            &TokenStream::new(),
            &sig,
            &quote! {
                let #memory: &#krate::internal::Memory = #chosen;
                #function(#arguments)
            },
        )
    }

    /// A function with documentation that ends with a link to the cached function.
    fn companion(
        &self,
        doc: &str,
        attributes: &TokenStream,
        sig: &Signature,
        block: &TokenStream,
    ) -> TokenStream {
        let (vis, name, cfgs) =
            (&self.function.vis, &self.function.sig.ident, &self.function.attributes.cfgs);
        let link = if self.layout == Layout::Beside { "fn@" } else { "Self::" };
        let doc = format!("{doc} [`{name}`]({link}{name}).");
        let hidden = self.function.attributes.hidden.then(|| quote!(#[doc(hidden)]));
        // Those of the struct beside are allowed on its `impl`.
        let allow = (self.layout == Layout::Member).then(|| {
            let deprecated = self.function.attributes.allow_deprecated();
            let allow = allow_on_companions();
            quote!(#deprecated #allow)
        });
        quote!(#(#cfgs)* #[doc = #doc] #hidden #allow #attributes #vis #sig { #block })
    }
}

fn returns(ty: &TokenStream) -> ReturnType {
    syn::parse_quote!(-> #ty)
}
