//! One call: its key, and asking the cache.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprLit, GenericParam, Ident, Lit, Pat, Type, TypeParam, WherePredicate};

use super::{Expansion, local, mentions};
use crate::code::normal_text;
use crate::function::Argument;
use crate::options::OnSelf;

/// What is asked of the cache before the body may run.
pub(super) enum Ask {
    /// The result.
    Lookup,
    /// A reference to the result.
    Find,
}

impl Expansion<'_> {
    /// Asks the cache, and runs the body when the result is missing.
    pub(super) fn ask(&self, ask: &Ask) -> TokenStream {
        let Self { krate, keep, .. } = self;
        let (call, prepare) = self.prepare();
        let output = &self.function.output;
        let (found, pending) = (local("found"), local("pending"));
        let (method, end) = match ask {
            Ask::Lookup => ("lookup", "finish"),
            Ask::Find => ("find", "finish_and_shelve"),
        };
        let (describe, storable) = (self.describe(), self.storable());
        let keeper = match ask {
            Ask::Lookup => {
                let keeper = self.keeper();
                quote!(, #keeper)
            }
            Ask::Find => TokenStream::new(),
        };
        let miss = self.compute(&pending, end);
        let (span, on) = (output.span(), self.at_output("joblib_call"));
        let prepare = quote!(#prepare let #on = #call;);
        let asked = if self.function.sig.asyncness.is_some() {
            let method = self.at_output(&format!("{method}_async"));
            let asked = quote_spanned!(span=> #on.#method::<#output, #keep>(#describe #keeper).await);
            quote!({ #prepare #asked })
        } else {
            let method = self.at_output(method);
            let asked = quote_spanned!(span=> #on.#method::<#output, #keep>(&mut #describe #keeper));
            quote!(#krate::internal::outlined(|| { #prepare #asked }))
        };
        quote! {
            #storable
            match #asked {
                #krate::internal::Lookup::Hit(#found) => #found,
                #krate::internal::Lookup::Compute(#pending) => { #miss }
            }
        }
    }

    /// Runs the body in the call's span, and hands its result to what awaits it.
    pub(super) fn compute(&self, pending: &Ident, end: &str) -> TokenStream {
        let krate = &self.krate;
        let (result, body) = (local("result"), self.run_body());
        let output = &self.function.output;
        let computed = if self.function.sig.asyncness.is_some() {
            quote!(#krate::internal::run(&#pending, #body).await)
        } else {
            quote!(#pending.compute(|| #body))
        };
        let keeper = (end == "finish").then(|| {
            let keeper = self.keeper();
            quote!(, #keeper)
        });
        let error = self.error_text();
        let is_async = self.function.sig.asyncness.is_some();
        let end = if is_async { format!("{end}_async") } else { end.to_owned() };
        let [on, end, with] = ["joblib_pending", &*end, "joblib_result"].map(|name| self.at_output(name));
        let await_it = is_async.then(|| quote_spanned!(output.span()=> .await));
        let finish = quote_spanned!(output.span()=> #on.#end(#with #keeper, #error) #await_it);
        quote! {
            let #result: #output = #computed;
            let (#on, #with) = (#pending, #result);
            #finish
        }
    }

    /// How the result is kept in memory. Whether it can be cloned is found out where its type is known.
    fn keeper(&self) -> TokenStream {
        let Self { krate, keep, .. } = self;
        let output = &self.function.output;
        let stored = quote!(<#keep as #krate::internal::Keep<#output>>::Stored);
        let is_known = self.layout == super::Layout::Beside && self.function.sig.generics.params.is_empty();
        if !is_known {
            return quote!(#krate::internal::Keeper::<#stored>::BYTES);
        }
        quote!({
            #[allow(unused_imports)]
            use #krate::internal::{AsBytes as _, AsCopy as _, AsValue as _};
            (&&&#krate::internal::Probe::<#stored>::NEW).keeper()
        })
    }

    /// How the error of the result is shown, which is found out where its type is known.
    fn error_text(&self) -> TokenStream {
        let (krate, output) = (&self.krate, &self.function.output);
        if !self.keeps_ok {
            return quote!(#krate::internal::ErrorText::NONE);
        }
        quote!({
            #[allow(unused_imports)]
            use #krate::internal::{ByDebug as _, ByDisplay as _, ByError as _, ByNothing as _, ByTarget as _};
            (&&&&&#krate::internal::ErrorProbe::<#output>::NEW).error_text()
        })
    }

    /// A name that stands at the type of the result: an error about an expression is there only if all that it is made of
    /// is.
    fn at_output(&self, name: &str) -> Ident {
        Ident::new(name, self.function.output.span())
    }

    /// Asks for a result that can be stored, at its type. Whatever else asks for it does so at the same place, so that the
    /// compiler reports this once.
    pub(super) fn storable(&self) -> TokenStream {
        let (keep, output) = (&self.keep, &self.function.output);
        let (at, krate) = (output.span(), super::crate_at(self.options, output.span()));
        quote_spanned!(at=> #krate::internal::storable::<#output, #keep>();)
    }

    /// Statements that make the call's key. The name is that of the call.
    pub(super) fn prepare(&self) -> (Ident, TokenStream) {
        let krate = &self.krate;
        let (call, memory) = (local("call"), local("memory"));
        let (chosen, known) = (self.memory(), self.known());
        let (generics, stored) = (self.generics(&call), self.stored(&call));
        let key = self.key(|name, value, at, by| match by {
            By::Value => quote_spanned!(at=> #call.argument(#name, #value);),
            By::File => quote_spanned!(at=> #call.file(#name, #value);),
        });
        let statements = quote! {
            let #memory: &#krate::internal::Memory = #chosen;
            #[allow(unused_mut)]
            let mut #call = #krate::internal::Call::new(#known, #memory);
            #generics
            #stored
            #key
        };
        (call, statements)
    }

    /// A reference to the memory. Errors about it point at its expression.
    pub(super) fn memory(&self) -> TokenStream {
        let krate = &self.krate;
        let memory = self.options.memory.as_ref();
        let memory = memory.map(|memory| quote_spanned!(memory.span()=> &(#memory)));
        memory.unwrap_or_else(|| quote!(&#krate::internal::Memory::installed()))
    }

    /// A closure that tells the arguments' short texts, in the order of the key.
    pub(super) fn describe(&self) -> TokenStream {
        let krate = &self.krate;
        let to = local("description");
        let arguments = self.key(|_, value, at, by| match by {
            By::Value => quote_spanned!(at=> #to.argument(#value);),
            By::File => quote_spanned!(at=> #to.file(#value);),
        });
        quote!(|#to: &mut #krate::internal::Description| { let _ = &#to; #arguments })
    }

    /// The types that generic parameters stand for, on which the result may depend. One that only ignored arguments have
    /// does not count.
    fn generics(&self, call: &Ident) -> TokenStream {
        let function = self.function;
        let ignored = function.arguments.iter().filter(|argument| argument.ignored);
        let ignored: Vec<&Type> = ignored.map(|argument| &argument.ty).collect();
        let counted = function.arguments.iter().filter(|argument| !argument.ignored);
        let counted: Vec<&Type> = counted.map(|argument| &argument.ty).chain([&function.output]).collect();
        let types = function.sig.generics.type_params().filter(|parameter| {
            let name = parameter.ident.to_string();
            let in_ignored = ignored.iter().any(|ty| mentions(ty, &name));
            !in_ignored || counted.iter().any(|ty| mentions(ty, &name))
        });
        let types = types.map(|parameter| {
            let ident = &parameter.ident;
            if self.may_be_unsized(parameter) {
                quote!(#call.generic::<#ident>();)
            } else {
                quote!(#call.sized::<#ident>();)
            }
        });
        // The type that a method is of may have a part that its name does not tell.
        let this = self.in_impl.then(|| quote!(#call.generic::<Self>();));
        // Those that have no name are known by the argument.
        let unnamed =
            function.arguments.iter().filter(|argument| !argument.ignored && mentions(&argument.ty, "impl"));
        let unnamed = unnamed.map(|argument| {
            let (cfgs, ident) = (&argument.cfgs, &argument.ident);
            let is_reference = matches!(argument.ty, Type::Reference(_));
            let value = if is_reference { quote!(#ident) } else { quote!(&#ident) };
            quote!(#(#cfgs)* #call.type_of(#value);)
        });
        let code = self.code_behind(call);
        quote!(#this #(#types)* #(#unnamed)* #code)
    }

    /// The code that pointers to functions and `dyn`s lead to, beside a `key` that leaves these arguments out.
    fn code_behind(&self, call: &Ident) -> TokenStream {
        if self.options.key.is_none() {
            return TokenStream::new();
        }
        let arguments = self.function.arguments.iter().filter(|argument| !argument.ignored);
        let arguments = arguments.map(|argument| {
            let (cfgs, ident) = (&argument.cfgs, &argument.ident);
            quote!(#(#cfgs)* #call.code_behind(&#ident);)
        });
        quote!(#(#arguments)*)
    }

    /// Whether a type parameter says that it may have no size.
    fn may_be_unsized(&self, parameter: &TypeParam) -> bool {
        let is_unsized = |bounds: &dyn ToTokens| bounds.to_token_stream().to_string().contains('?');
        let clauses = self.function.sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        let mut clauses = clauses.filter_map(|clause| match clause {
            WherePredicate::Type(clause) => Some(clause),
            _ => None,
        });
        is_unsized(&parameter.bounds)
            || clauses.any(|clause| {
                mentions(&clause.bounded_ty, &parameter.ident.to_string()) && is_unsized(&clause.bounds)
            })
    }

    /// The type of what is stored.
    fn stored(&self, call: &Ident) -> TokenStream {
        let (keep, output) = (&self.keep, &self.function.output);
        let mut call = call.clone();
        call.set_span(output.span().resolved_at(call.span()));
        quote_spanned!(output.span()=> #call.stored::<#output, #keep>();)
    }

    /// Statements made of each part of the key: its name, a reference to its value, its place, and what it is known by.
    fn key(&self, each: impl Fn(&str, TokenStream, proc_macro2::Span, By) -> TokenStream) -> TokenStream {
        let function = self.function;
        let constants = function.sig.generics.params.iter().filter_map(|parameter| match parameter {
            GenericParam::Const(parameter) => {
                let ident = &parameter.ident;
                Some(each(&ident.to_string(), quote!(&#ident), ident.span(), By::Value))
            }
            _ => None,
        });
        let mut statements: TokenStream = constants.collect();
        let names = || function.arguments.iter().filter_map(names_of_pattern);
        for file in &self.options.files {
            let (names, name) = (names(), name_of_file(file));
            let file = each(&name, quote!(&(#file)), file.span(), By::File);
            statements.extend(quote!({ #(#names)* #file }));
        }
        if let Some(key) = &self.options.key {
            let names = names();
            let key = each("key", quote!(&(#key)), key.span(), By::Value);
            statements.extend(quote!({ #(#names)* #key }));
            return statements;
        }
        if let (Some(receiver), Some((OnSelf::Hash, _))) = (&function.receiver, self.options.on_self) {
            let this = &receiver.self_token;
            statements.extend(each("self", quote!(&#this), this.span, By::Value));
        }
        for argument in function.arguments.iter().filter(|argument| !argument.ignored) {
            let cfgs = &argument.cfgs;
            // Errors about the type point at it.
            let span = argument.ty.span();
            let mut ident = argument.ident.clone();
            ident.set_span(span.resolved_at(ident.span()));
            let statement = match &argument.file {
                None => each(&argument.name, quote_spanned!(span=> &#ident), span, By::Value),
                Some(_) if self.is_chosen_by_the_call(&argument.ty) => {
                    let krate = &self.krate;
                    let path = quote_spanned!(span=> #krate::internal::as_path(&#ident));
                    each(&argument.name, path, span, By::File)
                }
                Some(_) => each(&argument.name, quote_spanned!(span=> &#ident), span, By::File),
            };
            statements.extend(quote!(#(#cfgs)* { #statement }));
        }
        statements
    }
}

impl Expansion<'_> {
    /// Whether a type is `impl Trait` or a generic parameter, or a reference to such.
    fn is_chosen_by_the_call(&self, ty: &Type) -> bool {
        match ty {
            Type::Reference(inner) => self.is_chosen_by_the_call(&inner.elem),
            Type::Paren(inner) => self.is_chosen_by_the_call(&inner.elem),
            Type::Group(inner) => self.is_chosen_by_the_call(&inner.elem),
            Type::ImplTrait(_) => true,
            Type::Path(path) => {
                let mut parameters = self.function.sig.generics.type_params();
                parameters.any(|parameter| path.path.is_ident(&parameter.ident))
            }
            _ => false,
        }
    }
}

/// What a part of the key is known by.
#[derive(Clone, Copy)]
enum By {
    /// Its value.
    Value,
    /// The content of the files that it names.
    File,
}

/// What a file that the attribute names is called.
fn name_of_file(file: &Expr) -> String {
    match file {
        Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => path.value(),
        other => normal_text(&other.to_token_stream()),
    }
}

/// Gives the key's expression the names that an argument's pattern makes, as references.
fn names_of_pattern(argument: &Argument) -> Option<TokenStream> {
    if argument.named {
        return None;
    }
    let (cfgs, mut pat, ident) = (&argument.cfgs, argument.pat.clone(), &argument.ident);
    ByReference.visit_pat_mut(&mut pat);
    Some(quote!(#(#cfgs)* #[allow(unused_variables)] let #pat = &#ident;))
}

/// Takes `mut` and `ref` off names, which a pattern on a reference may not have.
struct ByReference;

impl VisitMut for ByReference {
    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        if let Pat::Ident(name) = pat {
            name.mutability = None;
            name.by_ref = None;
        }
        visit_mut::visit_pat_mut(self, pat);
    }
}
