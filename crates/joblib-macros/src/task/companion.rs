//! The companion `delayed` of a function: it takes the function's arguments, and makes the task of the call.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{FnArg, GenericParam, Ident, Pat, PatType, Type};

use super::MOST_ARGUMENTS;
use crate::function::{Function, last_name};

/// The companion, an associated function of the struct beside the function; `None` where a task can't have the arguments
/// or return the result, whatever their types are.
///
/// With `is_redacted` the error of a task does not tell its arguments.
///
/// That their types are values is asked for where the companion is called: the bounds are of a form that the compiler does
/// not check before.
pub(crate) fn companion(krate: &TokenStream, function: &Function, is_redacted: bool) -> Option<TokenStream> {
    let sig = &function.sig;
    let refused = function.receiver.is_some()
        || sig.asyncness.is_some()
        || function.arguments.len() > MOST_ARGUMENTS
        || function.arguments.iter().any(|argument| !argument.cfgs.is_empty())
        || Borrows::any(&function.output);
    if refused {
        return None;
    }
    let path = quote!(#krate::internal::task);
    let (mut types, mut owned, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for argument in &function.arguments {
        let (ident, at) =
            (apart(&argument.ident, &sig.ident), Span::mixed_site().located_at(argument.ty.span()));
        match &argument.ty {
            Type::Reference(reference) => {
                let ty = &*reference.elem;
                if reference.mutability.is_some() || Borrows::any(ty) {
                    return None;
                }
                let shared = last_name(ty).is_some_and(|name| name == "Arc");
                let owner = Ident::new(if shared { "OwnShared" } else { "OwnLent" }, at);
                types.push(quote_spanned!(at=> #path::Lent<#ty>));
                owned.push(quote_spanned!(at=> #path::#owner.own(#ident)));
                bounds.push(quote_spanned!(at=> for<'joblib> #ty: #path::LendableAs));
            }
            ty if Borrows::any(ty) => return None,
            ty => {
                types.push(quote_spanned!(at=> #path::Moved<#ty>));
                owned.push(quote_spanned!(at=> #path::OwnMoved.own(#ident)));
                bounds.push(quote_spanned!(at=> for<'joblib> #ty: #path::MovableAs));
            }
        }
    }
    let (name, vis, output) = (&sig.ident, &function.vis, &function.output);
    let mut inputs = function.plain_signature().inputs;
    for input in &mut inputs {
        if let FnArg::Typed(PatType { pat, .. }) = input
            && let Pat::Ident(pat) = &mut **pat
        {
            pat.ident = apart(&pat.ident, name);
        }
    }
    let generics = &sig.generics;
    let captured = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    });
    // The task keeps the function, of which the types that the call chooses are a part.
    let chosen = generics.type_params().map(|parameter| &parameter.ident);
    let declared = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let params = &generics.params;
    let turbofish = function.turbofish();
    let typed = format_ident!("call_{}", types.len());
    // Names that can't hide the function's.
    let local = |name: &str| Ident::new(name, Span::mixed_site());
    let (owned_all, call) = (local("owned"), local("call"));
    let idents: Vec<Ident> = (0..types.len()).map(|index| local(&format!("lent_{index}"))).collect();
    let called_as = format!("::{name}");
    let doc = format!(
        "The task of a call of [`{name}`](fn@{name}), for `Parallel`. What is a reference is cloned, which costs nothing for \
         an `Array` or an `Arc`."
    );
    let hidden = function.attributes.hidden.then(|| quote!(#[doc(hidden)]));
    let redacted = is_redacted.then(|| {
        quote!(
            const IS_REDACTED: ::core::primitive::bool = true;
        )
    });
    Some(quote! {
        #[doc = #doc]
        #hidden
        #[allow(clippy::type_complexity, clippy::too_many_arguments)]
        #vis fn delayed<#params>(#inputs)
            -> #path::Delayed<impl #path::Function<(#(#types,)*), Output = #output> + use<#(#captured),*>, (#(#types,)*)>
        where
            #(#declared,)*
            #(#chosen: 'static,)*
            #(#bounds,)*
        {
            struct __JoblibCall;
            impl #path::CallName for __JoblibCall {
                const NAME: &'static ::core::primitive::str = ::core::concat!(::core::module_path!(), #called_as);
                #redacted
            }
            let #owned_all: (#(#types,)*) = (#(#owned,)*);
            let #call = #path::#typed(&#owned_all, |#(mut #idents),*| #name #turbofish(#(#path::Lend::lend(&mut #idents)),*));
            #path::task::<__JoblibCall, _, _>(#call, #owned_all)
        }
    })
}

/// The name of an argument, another one if the function has the same, which it would hide.
fn apart(argument: &Ident, function: &Ident) -> Ident {
    if argument == function { format_ident!("{argument}_argument") } else { argument.clone() }
}

/// Looks for what is not owned, or can't be named apart from the function's signature.
struct Borrows(bool);

impl Borrows {
    fn any(ty: &Type) -> bool {
        let mut look = Self(false);
        look.visit_type(ty);
        look.0
    }
}

impl<'a> Visit<'a> for Borrows {
    fn visit_type_reference(&mut self, reference: &'a syn::TypeReference) {
        self.0 |= reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static");
        visit::visit_type_reference(self, reference);
    }

    fn visit_lifetime(&mut self, lifetime: &'a syn::Lifetime) {
        self.0 |= lifetime.ident != "static";
    }

    fn visit_type_impl_trait(&mut self, _: &'a syn::TypeImplTrait) {
        self.0 = true;
    }

    fn visit_type_trait_object(&mut self, _: &'a syn::TypeTraitObject) {
        self.0 = true;
    }

    fn visit_type_macro(&mut self, _: &'a syn::TypeMacro) {
        self.0 = true;
    }
}
