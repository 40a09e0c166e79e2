//! Helpers, constants, types, traits and macros, one edit each; and edits that change nothing.

use super::{Row, counts, does_not};

pub(super) const ROWS: &[Row] = &[
    counts(
        "its own code, where nothing else counts",
        "#[tracked(crate = joblib_memory)]\nfn shift(x: f64) -> f64 { x + 1.0 }\n@cached(code = \"own\", depends(shift))\npub fn fit(x: f64) -> f64 {\n    let mut sum = 0.0;\n    for _ in 0..2 { sum += shift(x); }\n    sum\n}",
        &[("sum += shift(x);", "sum += 2.0 * shift(x);")],
    ),
    counts(
        "the signature",
        "#[tracked(crate = joblib_memory)]\nfn shift(x: f64) -> f64 { x + 1.0 }\n@cached(code = \"own\", depends(shift))\npub fn fit(x: f64) -> f64 {\n    let mut sum = 0.0;\n    for _ in 0..2 { sum += shift(x); }\n    sum\n}",
        &[("pub fn fit(x: f64) -> f64 {", "pub fn fit<'a>(x: f64) -> f64 {")],
    ),
    does_not(
        "layout, comments, documentation and lints",
        "#[tracked(crate = joblib_memory)]\nfn shift(x: f64) -> f64 { x + 1.0 }\n@cached(code = \"own\", depends(shift))\npub fn fit(x: f64) -> f64 {\n    let mut sum = 0.0;\n    for _ in 0..2 { sum += shift(x); }\n    sum\n}",
        &[
            (
                "fn shift(x: f64) -> f64 { x + 1.0 }",
                "/// Moves x.\nfn shift(\n    x: f64, // what to move\n) -> f64 {\n    /* by one */\n    x + 1.0\n}",
            ),
            (
                "pub fn fit(x: f64) -> f64 {",
                "/// New.\n#[allow(clippy::all)]\npub fn fit(\n    x: f64,\n) -> f64 {\n    // The sum of all.\n",
            ),
        ],
    ),
    counts("the body", "@cached\npub fn fit(x: f64) -> f64 { x + 1.0 }", &[("1.0", "2.0")]),
    counts(
        "a helper",
        "@cached\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("1.0", "2.0")],
    ),
    counts(
        "a helper two calls away, in another file",
        "mod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- a.rs\nmod deep;\npub fn h(x: f64) -> f64 { deep::k(x) }\n//- a/deep.rs\npub fn k(x: f64) -> f64 { x + 1.0 }",
        &[("1.0", "2.0")],
    ),
    counts(
        "a helper in another module",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { self::a::h(x) }",
        &[("1.0", "2.0")],
    ),
    counts(
        "a helper that is renamed where it is imported",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nuse a::h as other;\n@cached\npub fn fit(x: f64) -> f64 { other(x) }",
        &[("1.0", "2.0")],
    ),
    counts(
        "a helper behind a glob import",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nuse a::*;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("1.0", "2.0")],
    ),
    counts(
        "a helper behind a re-export",
        "mod a { mod b { pub fn h(x: f64) -> f64 { x + 1.0 } } pub use b::h; }\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }",
        &[("1.0", "2.0")],
    ),
    counts(
        "an import of another module's helper",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\nmod b { pub fn h(x: f64) -> f64 { x + 2.0 } }\nuse a::h;\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("use a::h", "use b::h")],
    ),
    counts(
        "imports that trade places",
        "mod a { pub fn h() -> f64 { 1.0 } }\nmod b { pub fn h() -> f64 { 2.0 } }\nuse a::h as p;\nuse b::h as q;\n@cached\npub fn fit(x: f64) -> f64 { x * p() - q() }",
        &[("a::h as p", "a::h as r"), ("b::h as q", "b::h as p"), ("a::h as r", "a::h as q")],
    ),
    counts(
        "an import in a block",
        "mod a { pub fn h(x: f64) -> f64 { x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { use a::h; h(x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a constant from elsewhere",
        "use std::f64::consts::PI as C;\n@cached\npub fn fit(x: f64) -> f64 { x * C }",
        &[("consts::PI", "consts::E")],
    ),
    counts(
        "a trait's default method",
        "trait T { fn m(&self) -> f64 { 1.0 } }\nimpl T for f64 {}\n@cached\npub fn fit(x: f64) -> f64 { x.m() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a method that takes the default's place",
        "trait T { fn m(&self) -> f64 { 1.0 } }\nimpl T for f64 {}\n@cached\npub fn fit(x: f64) -> f64 { x.m() }",
        &[("impl T for f64 {}", "impl T for f64 { fn m(&self) -> f64 { 3.0 } }")],
    ),
    counts(
        "a trait's implementation, by generics",
        "trait T { fn m(&self) -> f64; }\nstruct S(f64);\nimpl T for S { fn m(&self) -> f64 { self.0 + 1.0 } }\nfn g<A: T>(a: A) -> f64 { a.m() }\n@cached\npub fn fit(x: f64) -> f64 { g(S(x)) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a trait object's implementation",
        "trait T { fn m(&self) -> f64; }\nstruct S(f64);\nimpl T for S { fn m(&self) -> f64 { self.0 + 1.0 } }\nfn b(x: f64) -> Box<dyn T> { Box::new(S(x)) }\n@cached\npub fn fit(x: f64) -> f64 { b(x).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a generic helper",
        "fn g<A: Into<f64>>(a: A) -> f64 { a.into() + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { g(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a closure in a helper",
        "fn h(x: f64) -> f64 { let c = |y: f64| y + 1.0; c(x) }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that is passed by name",
        "fn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { Some(x).map(h).unwrap() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a table of functions",
        "fn h(x: f64) -> f64 { x + 1.0 }\nstatic TABLE: [fn(f64) -> f64; 1] = [h];\n@cached\npub fn fit(x: f64) -> f64 { TABLE[0](x) }",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a constant in an array's length",
        "const N: usize = 3;\n@cached\npub fn fit(x: f64) -> f64 { x + [0; N].len() as f64 }",
        &[("= 3", "= 4")],
    ),
    counts(
        "a constant of a constant",
        "const A: f64 = 1.0;\nconst B: f64 = A * 2.0;\n@cached\npub fn fit(x: f64) -> f64 { x + B }",
        &[("= 1.0", "= 3.0")],
    ),
    counts(
        "a constant in a format string",
        "const A: f64 = 1.0;\n@cached\npub fn fit(x: f64) -> f64 { x + format!(\"{A}\").parse::<f64>().unwrap() }",
        &[("= 1.0", "= 3.0")],
    ),
    counts(
        "an associated constant",
        "trait T { const C: f64; }\nstruct S;\nimpl T for S { const C: f64 = 1.0; }\n@cached\npub fn fit(x: f64) -> f64 { x + S::C }",
        &[("= 1.0", "= 3.0")],
    ),
    counts(
        "a static",
        "static A: f64 = 1.0;\n@cached\npub fn fit(x: f64) -> f64 { x + A }",
        &[("= 1.0", "= 3.0")],
    ),
    counts(
        "a constant function",
        "const fn h() -> f64 { 1.0 }\nconst A: f64 = h();\n@cached\npub fn fit(x: f64) -> f64 { x + A }",
        &[("{ 1.0 }", "{ 3.0 }")],
    ),
    counts(
        "a variant's number",
        "enum E { A = 1, B = 2 }\n@cached\npub fn fit(x: f64) -> f64 { let _ = E::A; x + (E::B as i32) as f64 }",
        &[("B = 2", "B = 5")],
    ),
    counts(
        "another variant",
        "enum E { A, B }\n@cached\npub fn fit(x: f64) -> f64 { let _ = E::A; x + (E::B as i32) as f64 }",
        &[("A, B", "A, C, B")],
    ),
    counts(
        "a field's type",
        "struct S { a: f64 }\n@cached\npub fn fit(x: f64) -> f64 { let s = S { a: (x / 3.0) as _ }; s.a as f64 }",
        &[("a: f64", "a: f32")],
    ),
    counts(
        "an alias",
        "type N = f64;\n@cached\npub fn fit(x: f64) -> f64 { ((x / 3.0) as N) as f64 }",
        &[("= f64", "= f32")],
    ),
    counts(
        "an attribute on a type",
        "#[derive(Clone)]\n#[repr(u8)]\nenum E { A, B }\n@cached\npub fn fit(x: f64) -> f64 { let _ = (E::A, E::B); x + size_of::<E>() as f64 }",
        &[("repr(u8)", "repr(u32)")],
    ),
    counts(
        "a derive in another order of fields",
        "#[derive(PartialEq, PartialOrd)]\nstruct S { a: i32, b: i32 }\n@cached\npub fn fit(x: f64) -> f64 { x + f64::from(u8::from(S { a: 1, b: 2 } < S { a: 2, b: 1 })) }",
        &[("struct S { a: i32, b: i32 }", "struct S { b: i32, a: i32 }")],
    ),
    counts(
        "a derive",
        "#[derive(Default)]\nstruct S { a: i32 }\n@cached\npub fn fit(x: f64) -> f64 { x + f64::from(S::default().a) }",
        &[(
            "#[derive(Default)]\nstruct S { a: i32 }",
            "struct S { a: i32 }\nimpl Default for S { fn default() -> S { S { a: 7 } } }",
        )],
    ),
    counts(
        "an operator",
        "struct S(f64);\nimpl std::ops::Add for S { type Output = f64; fn add(self, o: S) -> f64 { self.0 + o.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x) + S(1.0) }",
        &[("self.0 + o.0", "self.0 - o.0")],
    ),
    counts(
        "what is dropped",
        "use std::cell::Cell;\nstruct S<'a>(&'a Cell<f64>);\nimpl Drop for S<'_> { fn drop(&mut self) { self.0.set(1.0) } }\n@cached\npub fn fit(x: f64) -> f64 { let c = Cell::new(x); drop(S(&c)); c.get() }",
        &[("set(1.0)", "set(3.0)")],
    ),
    counts(
        "what a pointer leads to",
        "struct S(f64, f64);\nimpl std::ops::Deref for S { type Target = f64; fn deref(&self) -> &f64 { &self.0 } }\n@cached\npub fn fit(x: f64) -> f64 { *S(x, 9.0) }",
        &[("&self.0", "&self.1")],
    ),
    counts(
        "an index",
        "struct S(f64);\nimpl std::ops::Index<u8> for S { type Output = f64; fn index(&self, _: u8) -> &f64 { if self.0 > 0.0 { &1.0 } else { &0.0 } } }\n@cached\npub fn fit(x: f64) -> f64 { S(x)[0] }",
        &[("&1.0", "&3.0")],
    ),
    counts(
        "a conversion",
        "struct S(f64);\nimpl From<S> for f64 { fn from(s: S) -> f64 { s.0 + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).into() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "how it is displayed",
        "struct S;\nimpl std::fmt::Display for S { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(\"1.0\") } }\n@cached\npub fn fit(x: f64) -> f64 { x + S.to_string().parse::<f64>().unwrap() }",
        &[("\"1.0\"", "\"2.0\"")],
    ),
    counts(
        "an iterator",
        "struct S(u8);\nimpl Iterator for S { type Item = u8; fn next(&mut self) -> Option<u8> { self.0 += 1; (self.0 < 4).then_some(self.0) } }\n@cached\npub fn fit(x: f64) -> f64 { let mut y = x; for a in S(0) { y += f64::from(a); } y }",
        &[("< 4", "< 6")],
    ),
    counts(
        "a method",
        "struct S(f64);\nimpl S { fn new(x: f64) -> Self { S(x + 1.0) } fn m(&self) -> f64 { self.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S::new(x).m() }",
        &[("{ self.0 }", "{ self.0 * 2.0 }")],
    ),
    counts(
        "a constructor",
        "struct S(f64);\nimpl S { fn new(x: f64) -> Self { S(x + 1.0) } fn m(&self) -> f64 { self.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S::new(x).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a function that `Self` leads to",
        "struct S(f64);\nimpl S { fn m(&self) -> f64 { Self::k(self.0) } fn k(x: f64) -> f64 { x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).m() }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a macro",
        "macro_rules! m { ($x:expr) => { $x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { m!(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a macro that a macro calls",
        "macro_rules! k { ($x:expr) => { $x + 1.0 } }\nmacro_rules! m { ($x:expr) => { k!($x) } }\n@cached\npub fn fit(x: f64) -> f64 { m!(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a helper that a macro makes",
        "macro_rules! m { ($n:ident) => { fn $n(x: f64) -> f64 { x + 1.0 } } }\nm!(h);\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a helper that a macro calls",
        "macro_rules! m { ($x:expr) => { h($x) } }\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { m!(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a helper of a cached function that a macro makes",
        "macro_rules! m { ($n:ident) => {\n@cached\npub fn $n(x: f64) -> f64 { h(x) }\n} }\nfn h(x: f64) -> f64 { x + 1.0 }\nm!(fit);",
        &[("x + 1.0", "x + 2.0")],
    ),
    counts(
        "a comma that a macro sees",
        "macro_rules! m { ($x:expr) => { 1.0 }; ($x:expr,) => { 2.0 } }\n@cached\npub fn fit(x: f64) -> f64 { x + m![7] }",
        &[("m![7]", "m![7,]")],
    ),
    counts(
        "parentheses that a macro sees",
        "@cached\npub fn fit(x: f64) -> f64 { x + stringify!((a)).len() as f64 }",
        &[("((a))", "(((a)))")],
    ),
    counts(
        "a file of text",
        "@cached\npub fn fit(x: f64) -> f64 { x + include_str!(\"data.txt\").len() as f64 }\n//- data.txt\nabc",
        &[("abc", "abcd")],
    ),
    counts(
        "a file of bytes in a helper",
        "mod a;\n@cached\npub fn fit(x: f64) -> f64 { x + a::h() }\n//- a.rs\npub fn h() -> f64 { include_bytes!(concat!(\"da\", \"ta.txt\")).len() as f64 }\n//- data.txt\nabc",
        &[("abc", "abcd")],
    ),
    counts(
        "a file of code",
        "include!(\"more.rs\");\n@cached\npub fn fit(x: f64) -> f64 { h(x) }\n//- more.rs\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a module at another path",
        "#[path = \"elsewhere.rs\"]\nmod a;\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }\n//- elsewhere.rs\npub fn h(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "the line that code stands on",
        "fn h() -> f64 { f64::from(line!()) }\n@cached\npub fn fit(x: f64) -> f64 { x + h() }",
        &[("fn h()", "\n\nfn h()")],
    ),
    counts(
        "a helper in a function",
        "pub fn outer(x: f64) -> f64 { fn h(x: f64) -> f64 { x + 1.0 } @cached\nfn step(x: f64) -> f64 { h(x) } step(x) }\n@cached\npub fn fit(x: f64) -> f64 { outer(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts("the key", "@cached(key = x)\npub fn fit(x: f64) -> f64 { x }", &[("key = x", "key = (x, 1)")]),
    counts("the version", "@cached\npub fn fit(x: f64) -> f64 { x }", &[("@cached", "@cached(version = 2)")]),
    counts(
        "a helper by `depends`",
        "#[tracked(crate = joblib_memory)]\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached(code = \"own\", depends(h))\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a cached function below",
        "@cached\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    counts(
        "a lazily made value",
        "use std::sync::LazyLock;\nstatic L: LazyLock<f64> = LazyLock::new(|| h());\nfn h() -> f64 { 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { x + *L }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    counts(
        "a type's parameter",
        "trait T { fn v() -> f64; }\nstruct A;\nstruct B;\nimpl T for A { fn v() -> f64 { 1.0 } }\nimpl T for B { fn v() -> f64 { 2.0 } }\ntype Chosen = A;\nfn g<X: T>() -> f64 { X::v() }\n@cached\npub fn fit(x: f64) -> f64 { x + g::<Chosen>() }",
        &[("Chosen = A", "Chosen = B")],
    ),
    does_not(
        "a comment",
        "@cached\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x + 1.0 }",
        &[("x + 1.0", "x /* the argument */ + 1.0")],
    ),
    does_not(
        "documentation",
        "@cached\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x }",
        &[("fn h", "/// Helps.\nfn h"), ("pub fn fit", "/// Fits.\npub fn fit")],
    ),
    does_not(
        "layout",
        "@cached\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { match x { _ => k(x, 1.0) } }\nfn k(x: f64, y: f64) -> f64 { x + y }",
        &[("_ => k(x, 1.0)", "_ => {\n    k(\n        x,\n        1.0,\n    )\n}")],
    ),
    does_not(
        "the order of items",
        "fn a(x: f64) -> f64 { x }\nfn b(x: f64) -> f64 { x }\n@cached\npub fn fit(x: f64) -> f64 { a(x) + b(x) }",
        &[(
            "fn a(x: f64) -> f64 { x }\nfn b(x: f64) -> f64 { x }\n",
            "fn b(x: f64) -> f64 { x }\nfn a(x: f64) -> f64 { x }\n",
        )],
    ),
    does_not(
        "a function that is not called",
        "@cached\npub fn fit(x: f64) -> f64 { x }\npub fn other(x: f64) -> f64 { x + 1.0 }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "a local variable of a function that is not called",
        "@cached\npub fn fit(x: f64) -> f64 { x }\npub fn other() -> f64 { let a = 1.0; a }",
        &[("let a = 1.0; a", "let b = 1.0; b")],
    ),
    does_not(
        "a method of that name of another type",
        "struct S(f64);\nimpl S { fn m(&self) -> f64 { self.0 } }\npub struct O;\nimpl O { pub fn m(&self) -> f64 { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).m() }",
        &[("1.0", "2.0")],
    ),
    does_not(
        "another method of the type",
        "pub struct S(f64);\nimpl S { fn m(&self) -> f64 { self.0 } pub fn k(&self) -> f64 { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { S(x).m() }",
        &[("1.0", "2.0")],
    ),
    does_not(
        "a function of that name in another module",
        "mod a { pub fn h(x: f64) -> f64 { x } }\npub mod b { pub fn h(x: f64) -> f64 { x + 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { a::h(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "visibility",
        "@cached\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x }",
        &[("\nfn h", "\npub(crate) fn h")],
    ),
    does_not(
        "an item that moves to another file",
        "mod a;\nuse self::h as g;\nfn h(x: f64) -> f64 { x + 1.0 }\n@cached\npub fn fit(x: f64) -> f64 { g(x) }\n//- a.rs\npub struct Empty;",
        &[
            ("fn h(x: f64) -> f64 { x + 1.0 }\n@", "@"),
            ("use self::h", "use a::h"),
            ("pub struct Empty;", "pub fn h(x: f64) -> f64 { x + 1.0 }"),
        ],
    ),
    does_not(
        "a lint and a hint",
        "@cached\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x }",
        &[("\nfn h", "\n#[inline]\n#[allow(unused_variables)]\nfn h")],
    ),
    does_not(
        "how much is told",
        "@cached(verbose = 0)\npub fn fit(x: f64) -> f64 { x }",
        &[("verbose = 0", "verbose = 0, redact")],
    ),
    does_not(
        "the order of imports",
        "mod a { pub fn h() -> f64 { 1.0 } pub fn k() -> f64 { 2.0 } }\nuse a::h;\nuse a::k;\n@cached\npub fn fit(x: f64) -> f64 { x + h() + k() }",
        &[("use a::h;\nuse a::k;", "use a::{k, h};")],
    ),
    does_not(
        "a test",
        "@cached\npub fn fit(x: f64) -> f64 { x }\n#[cfg(test)]\nmod tests { #[test] fn t() { assert_eq!(super::fit(1.0), 1.0); } }",
        &[("fit(1.0), 1.0", "fit(2.0), 2.0")],
    ),
    does_not(
        "another rule's macro",
        "macro_rules! m { ($x:expr) => { $x } }\nmacro_rules! other { () => { 1.0 } }\n@cached\npub fn fit(x: f64) -> f64 { m!(x) }\npub fn o() -> f64 { other!() }",
        &[("{ 1.0 }", "{ 2.0 }")],
    ),
    does_not(
        "a helper of the other function of that name in a function",
        "pub fn one(x: f64) -> f64 { fn h(x: f64) -> f64 { x } h(x) }\npub fn two(x: f64) -> f64 { fn h(x: f64) -> f64 { x + 1.0 } h(x) }\n@cached\npub fn fit(x: f64) -> f64 { one(x) }",
        &[("+ 1.0", "+ 2.0")],
    ),
    does_not(
        "what is below with `code = \"own\"`",
        "fn h(x: f64) -> f64 { 1.0 * x }\n@cached(code = \"own\")\npub fn fit(x: f64) -> f64 { h(x) }",
        &[("1.0 * x", "x * 1.0")],
    ),
    does_not(
        "a function's name, with `name = …`",
        "@cached(name = \"study::named\")\npub fn before(x: f64) -> f64 { x }\npub use self::before as fit;",
        &[("before", "after")],
    ),
    does_not(
        "a function's module, with `name = …`",
        "@cached(name = \"study::moved\")\npub fn fit(x: f64) -> f64 { h(x) }\nfn h(x: f64) -> f64 { x }",
        &[("@cached", "mod inner { use super::*; @cached"), ("{ h(x) }", "{ h(x) } }\npub use inner::fit;")],
    ),
];
