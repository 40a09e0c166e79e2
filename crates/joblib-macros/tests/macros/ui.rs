//! Every misuse of `#[cached]` is a compile error, at the right place, that says what to write instead.

#[test]
fn misuse_is_a_compile_error_that_says_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
