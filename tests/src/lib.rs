//! What the tests that cross crates share: one module per helper, named by the thing it stands for.

pub mod cargo;
pub mod child;
pub mod dask;
pub mod events;
pub mod example;
pub mod files;
pub mod project;
pub mod proxy;
pub mod python;
pub mod server;

/// The chapters of the guide whose examples use more crates than the library does.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../docs/guide/recipes.md")]
    mod recipes {}
    #[doc = include_str!("../../docs/guide/more-machines.md")]
    mod more_machines {}
}

/// The documentation of the macros, whose crate can't use the crates that its examples use.
#[cfg(doctest)]
mod macros {
    #[doc = include_str!("../../crates/joblib-macros/docs/cached.md")]
    mod cached {}
    #[doc = include_str!("../../crates/joblib-macros/docs/task.md")]
    mod task {}
    #[doc = include_str!("../../crates/joblib-macros/docs/tracked.md")]
    mod tracked {}
}
