//! The identity of a function's code: a hash of its tokens in a normal form, so that comments and formatting don't count
//! and any other edit does; and its source as people read it.

mod normal;
mod source;
mod text;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Block, Item, Signature};

pub(crate) use source::of_function as source_of_function;
pub(crate) use text::normal_text;

/// The hash of a function's signature and body, and of the attributes that are code.
pub(crate) fn hash_of_function(attributes: &[Attribute], sig: &Signature, block: &Block) -> u128 {
    let mut item = syn::ItemFn {
        attrs: attributes.to_vec(),
        vis: syn::Visibility::Inherited,
        modifiers: syn::FnModifiers::default(),
        sig: sig.clone(),
        block: Box::new(block.clone()),
    };
    normal::Normalise.visit_item_fn_mut(&mut item);
    hash(&normal_text(&item.to_token_stream()))
}

/// The hash of an item that is not a function.
pub(crate) fn hash_of_item(item: &Item) -> u128 {
    let mut item = item.clone();
    normal::Normalise.visit_item_mut(&mut item);
    hash(&normal_text(&item.to_token_stream()))
}

/// FNV-1a over 128 bits: tells one text from another, and needs no crate. Nothing depends on its being hard to forge.
///
/// Fowler, Noll, Vo; parameters as in RFC 9923.
pub(crate) fn hash(text: &str) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
}

/// A hash as a literal.
pub(crate) fn literal(hash: u128) -> TokenStream {
    proc_macro2::Literal::u128_suffixed(hash).into_token_stream()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> u128 {
        let item: syn::ItemFn = syn::parse_str(code).expect(code);
        hash_of_function(&item.attrs, &item.sig, &item.block)
    }

    #[track_caller]
    fn same(left: &str, right: &str) {
        assert_eq!(of(left), of(right), "\n{left}\n{right}");
    }

    #[track_caller]
    fn differ(left: &str, right: &str) {
        assert_ne!(of(left), of(right), "\n{left}\n{right}");
    }

    #[test]
    fn the_hash_is_that_of_the_published_test_vectors() {
        assert_eq!(hash(""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(hash("a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn comments_docs_and_white_space_do_not_count() {
        same("fn f(a: u8) -> u8 { a + 1 }", "fn f ( a : u8 )->u8{\n\n // why\n a+/* one */1 }");
        same("fn f() { struct S { a: u8 } }", "fn f() { /// A thing.\n struct S { /// Its a.\n a: u8 } }");
    }

    #[test]
    fn trailing_commas_do_not_count() {
        same("fn f(a: u8, b: u8) { g(a, b) }", "fn f(\n a: u8,\n b: u8,\n) { g(\n a,\n b,\n) }");
        same(
            "fn f<T: A>() where T: B { [1, 2]; S { a, b }; }",
            "fn f<T: A,>() where T: B, { [1, 2,]; S { a, b, }; }",
        );
        same("fn f() { let (a, b): (u8, u8) = (1, 2); }", "fn f() { let (a, b,): (u8, u8,) = (1, 2,); }");
        same("fn f() { x.g::<A>(|a, b| a) }", "fn f() { x.g::<A,>(|a, b,| a,) }");
        same("fn f() { vec![a, b(c)] }", "fn f() { vec![\n a,\n b(\n c,\n ),\n] }");
    }

    #[test]
    fn a_tuple_of_one_is_not_its_element() {
        differ("fn f() { (a,) }", "fn f() { (a) }");
        differ("fn f(a: (u8,)) {}", "fn f(a: (u8)) {}");
        differ("fn f((a,): T) {}", "fn f((a): T) {}");
        differ("fn f() { json!((a,)) }", "fn f() { json!((a)) }");
    }

    #[test]
    fn braces_that_rustfmt_puts_around_one_expression_do_not_count() {
        same("fn f() { match a { A => b, B => c } }", "fn f() { match a { A => { b } B => { c } } }");
        same("fn f() { g(|x| x + 1) }", "fn f() { g(|x| { x + 1 }) }");
        differ("fn f() { match a { A => b, B => c } }", "fn f() { match a { A => { b; } B => { c } } }");
    }

    #[test]
    fn what_else_rustfmt_writes_its_own_way_does_not_count() {
        same("fn f() { return a }", "fn f() { return a; }");
        same("fn f() -> () {}", "fn f() {}");
        same("fn f() { ((a)) }", "fn f() { (a) }");
        same("fn f() { match a { | A | B => c } }", "fn f() { match a { A | B => c } }");
        same("fn f() { use a::{c, b}; use d; g() }", "fn f() { use d; use a::{b, c}; g() }");
        same("fn f() { a();; b() }", "fn f() { a(); b() }");
    }

    #[test]
    fn every_other_edit_counts() {
        differ("fn f(a: u8) {}", "fn f(a: u16) {}");
        differ("fn f(a: u8) {}", "fn f(b: u8) {}");
        differ("fn f() { 1.0 }", "fn f() { 1.00 }");
        differ("fn f() { a == b }", "fn f() { a = b }");
        differ("fn f() { g(a b) }".replace("a b", "a, b").as_str(), "fn f() { g(b, a) }");
        differ("fn f() { m!(a == b) }", "fn f() { m!(a = = b) }");
        differ("fn f() { m!(a, b) }", "fn f() { m!(ab) }");
        differ("fn f() { a; }", "fn f() { a }");
        differ("fn f() { \"a b\" }", "fn f() { \"a  b\" }");
        differ("fn f() {}", "async fn f() {}");
        differ("#[fast] fn f() {}", "fn f() {}");
    }

    #[test]
    fn space_between_operators_in_a_macro_does_not_count() {
        same("fn f() { m!(a=>-b) }", "fn f() { m!(a => -b) }");
        same("fn f() { m!(&'a x; a::<b>) }", "fn f() { m!( & 'a x ; a :: < b > ) }");
    }
}
