//! Brings code into a normal form: what `rustfmt` writes its own way is written one way. Nothing that changes what the
//! program does is touched.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    AngleBracketedGenericArguments, Arm, Attribute, Block, BoundLifetimes, Expr, ExprArray, ExprCall,
    ExprClosure, ExprMethodCall, ExprStruct, ExprTuple, FieldsNamed, FieldsUnnamed, Generics, Item, ItemEnum,
    Macro, MacroDelimiter, ParenthesizedGenericArguments, Pat, PatOr, PatSlice, PatStruct, PatTuple,
    PatTupleStruct, ReturnType, Signature, Stmt, Token, Type, TypeFnPtr, TypeTuple, UseGroup, WhereClause,
};

use super::normal_text;

/// The visitor that does so.
pub(super) struct Normalise;

/// A list without the comma after its last item. Where that comma makes a tuple, printing adds it.
macro_rules! without_trailing_comma {
    ($($method:ident: $node:ident . $list:ident;)*) => {$(
        fn $method(&mut self, node: &mut $node) {
            visit_mut::$method(self, node);
            node.$list.pop_punct();
        }
    )*};
}

impl VisitMut for Normalise {
    without_trailing_comma! {
        visit_angle_bracketed_generic_arguments_mut: AngleBracketedGenericArguments.args;
        visit_parenthesized_generic_arguments_mut: ParenthesizedGenericArguments.inputs;
        visit_bound_lifetimes_mut: BoundLifetimes.lifetimes;
        visit_expr_array_mut: ExprArray.elems;
        visit_expr_call_mut: ExprCall.args;
        visit_expr_method_call_mut: ExprMethodCall.args;
        visit_expr_struct_mut: ExprStruct.fields;
        visit_expr_tuple_mut: ExprTuple.elems;
        visit_fields_named_mut: FieldsNamed.named;
        visit_fields_unnamed_mut: FieldsUnnamed.unnamed;
        visit_item_enum_mut: ItemEnum.variants;
        visit_pat_slice_mut: PatSlice.elems;
        visit_pat_struct_mut: PatStruct.fields;
        visit_pat_tuple_mut: PatTuple.elems;
        visit_pat_tuple_struct_mut: PatTupleStruct.elems;
        visit_type_fn_ptr_mut: TypeFnPtr.inputs;
        visit_type_tuple_mut: TypeTuple.elems;
        visit_where_clause_mut: WhereClause.predicates;
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
        for attribute in attributes {
            self.visit_attribute_mut(attribute);
        }
    }

    fn visit_signature_mut(&mut self, sig: &mut Signature) {
        visit_mut::visit_signature_mut(self, sig);
        sig.inputs.pop_punct();
        if let ReturnType::Type(_, ty) = &sig.output
            && matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty())
        {
            sig.output = ReturnType::Default;
        }
    }

    fn visit_generics_mut(&mut self, generics: &mut Generics) {
        visit_mut::visit_generics_mut(self, generics);
        generics.params.pop_punct();
        if generics.params.is_empty() {
            generics.lt_token = None;
            generics.gt_token = None;
        }
        if generics.where_clause.as_ref().is_some_and(|clause| clause.predicates.is_empty()) {
            generics.where_clause = None;
        }
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        visit_mut::visit_expr_closure_mut(self, closure);
        closure.inputs.pop_punct();
        if matches!(closure.output, ReturnType::Default) {
            unwrap_block(&mut closure.body);
        }
    }

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        visit_mut::visit_arm_mut(self, arm);
        unwrap_block(&mut arm.body);
        arm.comma = Some(<Token![,]>::default());
    }

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        while let Expr::Paren(outer) = expr
            && matches!(&*outer.expr, Expr::Paren(inner) if inner.attrs.is_empty())
        {
            *expr = (*outer.expr).clone();
        }
    }

    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        visit_mut::visit_pat_mut(self, pat);
        if let Pat::Or(PatOr { leading_vert, cases, .. }) = pat {
            *leading_vert = None;
            if cases.len() == 1
                && let Some(only) = cases.pop()
            {
                *pat = only;
            }
        }
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        block
            .stmts
            .retain(|stmt| !matches!(stmt, Stmt::Expr(Expr::Verbatim(tokens), _) if tokens.is_empty()));
        if let Some(Stmt::Expr(Expr::Return(_) | Expr::Break(_) | Expr::Continue(_), semi)) =
            block.stmts.last_mut()
        {
            *semi = Some(<Token![;]>::default());
        }
        sort_uses(&mut block.stmts);
    }

    fn visit_use_group_mut(&mut self, group: &mut UseGroup) {
        visit_mut::visit_use_group_mut(self, group);
        let mut items: Vec<_> = std::mem::take(&mut group.items).into_iter().collect();
        items.sort_by_cached_key(|item| normal_text(&item.to_token_stream()));
        group.items = items.into_iter().collect();
    }

    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        visit_mut::visit_macro_mut(self, mac);
        let list = matches!(mac.delimiter, MacroDelimiter::Bracket(_));
        if let Some(tokens) = normal_arguments(&mac.tokens, list) {
            mac.tokens = tokens;
        }
    }
}

/// Takes away the braces around one expression, which `rustfmt` adds and removes as the line's length wants it.
fn unwrap_block(expr: &mut Expr) {
    while let Expr::Block(block) = expr
        && block.label.is_none()
        && block.attrs.is_empty()
        && let [Stmt::Expr(inner, None)] = block.block.stmts.as_slice()
    {
        *expr = inner.clone();
    }
}

/// Sorts neighbouring `use` declarations: their order has no meaning, and `rustfmt` changes it.
fn sort_uses(stmts: &mut [Stmt]) {
    let is_use = |stmt: &Stmt| matches!(stmt, Stmt::Item(Item::Use(_)));
    for run in stmts.chunk_by_mut(|left, right| is_use(left) && is_use(right)) {
        run.sort_by_cached_key(|stmt| normal_text(&stmt.to_token_stream()));
    }
}

/// The arguments of a macro in normal form, where they read as expressions (`rustfmt` lays out no others). The comma
/// after the last one may have a meaning, and `rustfmt` leaves it alone but in lists.
fn normal_arguments(tokens: &TokenStream, list: bool) -> Option<TokenStream> {
    if let Ok((mut element, semi, mut count)) = Parser::parse2(
        |input: syn::parse::ParseStream<'_>| {
            Ok((input.parse::<Expr>()?, input.parse::<Token![;]>()?, input.parse::<Expr>()?))
        },
        tokens.clone(),
    ) {
        Normalise.visit_expr_mut(&mut element);
        Normalise.visit_expr_mut(&mut count);
        return Some(quote::quote!(#element #semi #count));
    }
    let mut arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone()).ok()?;
    for argument in &mut arguments {
        Normalise.visit_expr_mut(argument);
    }
    if list {
        arguments.pop_punct();
    }
    Some(arguments.into_token_stream())
}
