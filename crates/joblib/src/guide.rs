//! The guide: chapters on each part, with code that is tested.
//!
//! The same texts lie in the repository's `docs/guide`. This crate holds them through a link to that folder, which
//! `cargo package` follows, so that a published crate has them too.

/// A chapter. Its links to other chapters are reference links, `[memory]`; the definitions here come first and so win over
/// those at its end, which lead from file to file.
macro_rules! chapters {
    ($($name:ident $file:literal)*) => {
        $(
            /// [getting-started]: super::getting_started
            /// [memory]: super::memory
            /// [parallel]: super::parallel
            /// [persistence]: super::persistence
            /// [hashing]: super::hashing
            /// [python]: super::python
            /// [extending]: super::extending
            /// [performance]: super::performance
            /// [reliability]: super::reliability
            ///
            #[doc = include_str!(concat!("../guide/", $file))]
            pub mod $name {}
        )*
    };
}

chapters! {
    getting_started "getting-started.md"
    hashing "hashing.md"
    extending "extending.md"
    reliability "reliability.md"
}
