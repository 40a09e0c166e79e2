use super::*;

fn form(code: &str) -> String {
    let mut names = Names::default();
    let source = Source::new(code.to_owned(), &mut names).expect(code);
    let own = names.find("mine");
    let rules = Rules {
        names: &names,
        own_macro: &|name| Some(name) == own,
        prints: &|name| Some(name) == own,
        docs: false,
        is_code: &|option| option == "key" || option == "keep",
    };
    normal(&source, 0, source.tokens.len(), rules)
}

#[track_caller]
fn same(left: &str, right: &str) {
    assert_eq!(form(left), form(right));
}

#[track_caller]
fn differ(left: &str, right: &str) {
    assert_ne!(form(left), form(right));
}

#[test]
fn comments_and_layout_do_not_count() {
    same("fn f(a: u8) -> u8 { a + 1 }", "fn f(\n    a: u8, // it\n) -> u8 {\n    /* one */ a+1\n}");
    same("/// Doc.\n#[inline] #[allow(x)] fn f() {}", "#[doc = \"\"] fn f() {}");
}

#[test]
fn commas_behind_the_last_item_do_not_count() {
    same("fn f() { g(a, b) }", "fn f() { g(a, b,) }");
    same("fn f() { g(a) }", "fn f() { g(\n a,\n ) }");
    same("fn f() { g::<A>(a) }", "fn f() { g::<A>(a,) }");
    same("fn f<T>(a: T) {}", "fn f<T,>(a: T,) {}");
    same("fn f() { [a, b]; S { a, b }; (1, 2) }", "fn f() { [a, b,]; S { a, b, }; (1, 2,) }");
    same("fn f() { x.g::<A>(|a, b| a) }", "fn f() { x.g::<A,>(|a, b,| a,) }");
    same("fn f() { vec![a, b(c)] }", "fn f() { vec![\n a,\n b(\n c,\n ),\n] }");
    same("enum E { A, B }", "enum E { A, B, }");
    same("#[derive(A, B)] struct S;", "#[derive(A, B,)] struct S;");
}

#[test]
fn a_tuple_of_one_is_not_its_element() {
    differ("fn f() { (a,) }", "fn f() { (a) }");
    differ("fn f(a: (u8,)) {}", "fn f(a: (u8)) {}");
    differ("fn f((a,): T) {}", "fn f((a): T) {}");
    differ("fn f() { json!((a,)) }", "fn f() { json!((a)) }");
    differ("fn f() { return (a,) }", "fn f() { return (a) }");
    differ("fn f() { a > (b,) }", "fn f() { a > (b) }");
    differ("fn f() { ((a,)) }", "fn f() { ((a)) }");
    differ("struct S(pub (u8,));", "struct S(pub (u8));");
    differ("struct S(pub(crate) (u8,));", "struct S(pub(crate) (u8));");
    differ("struct S(#[serde(default)] (u8,));", "struct S(#[serde(default)] (u8));");
}

#[test]
fn what_a_macro_is_given_counts_exactly() {
    differ("fn f() { m![7] }", "fn f() { m![7,] }");
    differ("fn f() { stringify!((a)) }", "fn f() { stringify!(((a))) }");
    differ("fn f() { mine!(7) }", "fn f() { mine!(7,) }");
    differ("fn f() { m!(a == b) }", "fn f() { m!(a = = b) }");
    differ("fn f() { m!(a, b) }", "fn f() { m!(ab) }");
    differ("fn f() { m!({ a }) }", "fn f() { m!(a) }");
    same("fn f() { m!(a=>-b) }", "fn f() { m!(a => -b) }");
    same("fn f() { m!(&'a x; a::<b>) }", "fn f() { m!( & 'a x ; a :: < b > ) }");
    differ("macro_rules! m { () => { a } }", "macro_rules! m { () => { { a } } }");
}

#[test]
fn braces_that_rustfmt_puts_around_one_expression_do_not_count() {
    same("fn f() { match a { A => b, B => c } }", "fn f() { match a { A => { b } B => { c } } }");
    same("fn f() { match a { A => b, B => c } }", "fn f() { match a { A => { b }, B => { c }, } }");
    same("fn f() { match a { A => {} B => c } }", "fn f() { match a { A => {}, B => c } }");
    same("fn f() { g(|x| x + 1) }", "fn f() { g(|x| { x + 1 }) }");
    same("fn f() { g(|x| x.map(|y| y)); }", "fn f() { g(|x| { x.map(|y| { y }) }); }");
    differ("fn f() { match a { A => b, B => c } }", "fn f() { match a { A => { b; } B => { c } } }");
    differ("fn f() { g(|x| { x + 1 } * 2) }", "fn f() { g(|x| x + 1 * 2) }");
    differ("fn f() { g(a | { b == c }) }", "fn f() { g(a | b == c) }");
}

#[test]
fn what_else_rustfmt_writes_its_own_way_does_not_count() {
    same("fn f() { return a }", "fn f() { return a; }");
    same("fn f() { b(); return a }", "fn f() { b(); return a; }");
    same("fn f() -> () {}", "fn f() {}");
    same("fn f() { ((a)) }", "fn f() { (a) }");
    same("fn f() { match a { | A | B => c } }", "fn f() { match a { A | B => c } }");
    same("fn f() { use a::{c, b}; use d; g() }", "fn f() { use d; use a::{b, c}; g() }");
    same("fn f() { a();; b() }", "fn f() { a(); b() }");
    same("fn f() { let x: Vec<Vec<u8> > = y; }", "fn f() { let x: Vec<Vec<u8>> = y; }");
}

#[test]
fn options_of_the_attribute_count_where_they_say_what_a_result_means() {
    same("#[cached(verbose = 1)] fn f() {}", "#[joblib::cached] fn f() {}");
    differ("#[cached(key = a)] fn f() {}", "#[cached(key = b)] fn f() {}");
    same(
        "#[cached(key = a, keep = \"all\")] fn f() {}",
        "#[cached(keep = \"all\", verbose = 2, key = a)] fn f() {}",
    );
}

#[test]
fn every_other_edit_counts() {
    differ("fn f(a: u8) {}", "fn f(a: u16) {}");
    differ("fn f(a: u8) {}", "fn f(b: u8) {}");
    differ("fn f() { 1.0 }", "fn f() { 1.00 }");
    differ("fn f() { a == b }", "fn f() { a = b }");
    differ("fn f() { g(a, b) }", "fn f() { g(b, a) }");
    differ("fn f() { a; }", "fn f() { a }");
    differ("fn f() { \"a b\" }", "fn f() { \"a  b\" }");
    differ("fn f() {}", "async fn f() {}");
    differ("#[fast] fn f() {}", "fn f() {}");
    differ("fn f() { a && b }", "fn f() { a & &b }");
    differ("fn f() { a || b }", "fn f() { a | |b| b }");
    differ("#[serde(default)] struct S;", "struct S;");
}

#[test]
fn spaces_count_where_tokens_become_a_text() {
    differ("fn f() { stringify!(a+b) }", "fn f() { stringify!(a + b) }");
    differ("fn f() { mine!(a+b) }", "fn f() { mine!(a + b) }");
    differ("fn f() { m!(stringify!(a+b)) }", "fn f() { m!(stringify!(a + b)) }");
    same("fn f() { m!(a+b) }", "fn f() { m!(a + b) }");
    same("fn f() { stringify!(a + b) }", "fn f() { stringify!(a\n  +  b) }");
}
