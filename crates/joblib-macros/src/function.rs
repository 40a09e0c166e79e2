//! What the macro knows of the function it stands on: its arguments by name, what each is for, and how its result is kept.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, Ident, ItemFn, Pat, PatIdent, Receiver, ReceiverKind, ReturnType, Signature, Type,
    TypeReference, Visibility,
};

use crate::attributes::{self, Attributes};
use crate::code::normal_text;
use crate::errors::Errors;
use crate::options::Keep;

/// A function with `#[cached]`.
pub(crate) struct Function {
    pub(crate) attributes: Attributes,
    pub(crate) vis: Visibility,
    /// As written, less the attributes of its arguments that are ours.
    pub(crate) sig: Signature,
    pub(crate) block: syn::Block,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Argument>,
    /// The type it returns.
    pub(crate) output: Type,
    /// Whether the signature or the body names `Self`.
    pub(crate) names_self: bool,
}

/// One argument that is not `self`.
pub(crate) struct Argument {
    /// `#[cfg]` on it.
    pub(crate) cfgs: Vec<Attribute>,
    /// The name it has in the function that is called, where there are no patterns.
    pub(crate) ident: Ident,
    /// As the body takes it apart.
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// What people call it.
    pub(crate) name: String,
    /// Whether `name` is a plain name, not a pattern.
    pub(crate) named: bool,
    /// The `#[cached(skip)]` on it.
    pub(crate) skip: Option<Attribute>,
    /// The `#[cached(file)]` on it.
    pub(crate) file: Option<Attribute>,
    /// Whether it is left out of the key. Set by `check`.
    pub(crate) ignored: bool,
}

impl Function {
    /// Reads the function, and reports attributes of arguments that can't be read.
    pub(crate) fn parse(item: ItemFn, errors: &mut Errors) -> Self {
        let attributes = Attributes::sort(item.attrs, errors);
        let mut sig = item.sig;
        let block = *item.block;
        let names_self = names_self(&sig, &block);
        let mut receiver = None;
        let mut arguments = Vec::new();
        for (index, input) in sig.inputs.iter_mut().enumerate() {
            match input {
                FnArg::Receiver(this) => receiver = Some(this.clone()),
                FnArg::Typed(input) => {
                    let (skip, file) = take_marks(&mut input.attrs, errors);
                    let cfgs = input.attrs.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect();
                    let (ident, named) = match &*input.pat {
                        Pat::Ident(PatIdent { by_ref: None, ident, subpat: None, .. }) => {
                            (ident.clone(), true)
                        }
                        _ => (format_ident!("__joblib_argument_{index}"), false),
                    };
                    let name =
                        if named { ident.to_string() } else { normal_text(&input.pat.to_token_stream()) };
                    let (pat, ty) = ((*input.pat).clone(), (*input.ty).clone());
                    arguments.push(Argument {
                        cfgs,
                        ident,
                        pat,
                        ty,
                        name,
                        named,
                        skip,
                        file,
                        ignored: false,
                    });
                }
            }
        }
        let output = match &sig.output {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        Self { attributes, vis: item.vis, sig, block, receiver, arguments, output, names_self }
    }

    /// The signature with a plain name for every argument, and nothing `mut`.
    pub(crate) fn plain_signature(&self) -> Signature {
        let mut sig = self.sig.clone();
        let mut arguments = self.arguments.iter();
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(this) => {
                    this.mutability = None;
                    this.attrs.retain(|attribute| attribute.path().is_ident("cfg"));
                }
                FnArg::Typed(input) => {
                    if let Some(argument) = arguments.next() {
                        let ident = &argument.ident;
                        *input.pat = syn::parse_quote!(#ident);
                        input.attrs.clone_from(&argument.cfgs);
                    }
                }
            }
        }
        sig
    }

    /// What to keep, where the attribute does not say.
    pub(crate) fn kept_by_default(&self) -> Keep {
        match last_name(&self.output).as_deref() {
            Some("Result") => Keep::Ok,
            Some("Option") => Keep::Some,
            _ => Keep::All,
        }
    }

    /// `::<T, N>` with the type and constant parameters, for calling a function with the same generics.
    pub(crate) fn turbofish(&self) -> TokenStream {
        let mut parameters = Vec::new();
        for parameter in &self.sig.generics.params {
            match parameter {
                syn::GenericParam::Type(parameter) => parameters.push(&parameter.ident),
                syn::GenericParam::Const(parameter) => parameters.push(&parameter.ident),
                syn::GenericParam::Lifetime(_) => {}
            }
        }
        if parameters.is_empty() { TokenStream::new() } else { quote!(::<#(#parameters),*>) }
    }
}

/// Whether a receiver lets the method change what it is called on.
pub(crate) fn is_mutable(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => mutable_reference(ty).is_some(),
        // By value, and forms that the language does not have yet.
        _ => false,
    }
}

/// The first `&mut` in a type, those in function types apart.
pub(crate) fn mutable_reference(ty: &Type) -> Option<&TypeReference> {
    struct Find<'a>(Option<&'a TypeReference>);
    impl<'a> Visit<'a> for Find<'a> {
        fn visit_type_reference(&mut self, reference: &'a TypeReference) {
            if reference.mutability.is_some() && self.0.is_none() {
                self.0 = Some(reference);
            }
            visit::visit_type_reference(self, reference);
        }
        fn visit_type_fn_ptr(&mut self, _: &'a syn::TypeFnPtr) {}
        fn visit_parenthesized_generic_arguments(&mut self, _: &'a syn::ParenthesizedGenericArguments) {}
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}

/// The last name of a path type.
pub(crate) fn last_name(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Paren(inner) => last_name(&inner.elem),
        Type::Group(inner) => last_name(&inner.elem),
        _ => None,
    }
}

/// Takes `#[cached(skip)]` and `#[cached(file)]` off an argument.
fn take_marks(attrs: &mut Vec<Attribute>, errors: &mut Errors) -> (Option<Attribute>, Option<Attribute>) {
    let (mut skip, mut file) = (None, None);
    attrs.retain(|attribute| {
        if attributes::name(attribute) != "cached" {
            return true;
        }
        match attribute.parse_args::<Ident>() {
            Ok(word) if word == "skip" || word == "file" => {
                let mark = if word == "skip" { &mut skip } else { &mut file };
                if mark.is_some() {
                    errors.at(attribute, format_args!("`#[cached({word})]` is written twice"));
                }
                *mark = Some(attribute.clone());
            }
            _ => errors
                .at(attribute, "on an argument, only `#[cached(skip)]` and `#[cached(file)]` can be written"),
        }
        false
    });
    (skip, file)
}

/// Takes our attributes off the arguments of a function that is given back as it was.
pub(crate) struct RemoveSkips;

impl VisitMut for RemoveSkips {
    fn visit_pat_type_mut(&mut self, input: &mut syn::PatType) {
        input.attrs.retain(|attribute| attributes::name(attribute) != "cached");
        visit_mut::visit_pat_type_mut(self, input);
    }
}

/// Whether a function names `Self`, and so stands in an `impl`. What `Self` is in an item inside of it is that item's.
pub(crate) fn names_self(sig: &Signature, block: &syn::Block) -> bool {
    struct Look(bool);

    impl Look {
        fn tokens(&mut self, tokens: &TokenStream) {
            for token in tokens.clone() {
                match token {
                    proc_macro2::TokenTree::Ident(word) => self.0 |= word == "Self",
                    proc_macro2::TokenTree::Group(group) => self.tokens(&group.stream()),
                    _ => {}
                }
            }
        }
    }

    impl<'a> Visit<'a> for Look {
        fn visit_ident(&mut self, word: &'a Ident) {
            self.0 |= word == "Self";
        }
        fn visit_macro(&mut self, called: &'a syn::Macro) {
            self.tokens(&called.tokens);
        }
        fn visit_item(&mut self, _: &'a syn::Item) {}
        // What is left unparsed.
        fn visit_token_stream(&mut self, tokens: &'a TokenStream) {
            self.tokens(tokens);
        }
    }

    let mut look = Look(false);
    look.visit_signature(sig);
    look.visit_block(block);
    look.0
}
