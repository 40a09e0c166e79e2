//! The guide: a page on each part, with tested examples.
//!
//! The same pages are in the repository's `docs` folder.
//!
//! - [`getting_started`]: introduces each part, in the order in which a program grows.
//! - [`recipes`]: short answers, from "Cache a function that reads a file" to "What can go stale".
//! - [`memory`], [`parallel`], [`persistence`], [`hashing`]: the reference of each part.
//! - [`sharing`], [`ci`]: one cache for many machines, and for runs of a pipeline.
//! - [`more_machines`]: parallel loops on other hosts.
//! - [`values`]: which values come back from files, caches and workers.
//! - [`python`]: reading and writing files for Python.
//! - [`seeing`]: the command `joblib`, and records of runs.
//! - [`extending`]: writing compressors, stores and parallel backends.
//! - [`performance`], [`reliability`]: what is measured, what is guaranteed, and how both are checked.
//! - [`examples`]: the programs of joblib's manual, in Rust.
//! - [`from_python`]: the equivalent of each name of Python's joblib; [`format`](mod@format): the bytes of a file.
#![allow(clippy::doc_markdown, reason = "the chapters are prose")]

/// Makes a module of each page, from `docs`, a link to the repository's folder that `cargo package` follows. Links between
/// pages are reference links, `[memory]`: the definitions here come first and take precedence over those at the end of
/// a file, which lead from file to file. The examples of a page `unless doctest` use crates that this one does not
/// depend on, and are tested by the workspace's package of tests.
macro_rules! chapters {
    ($($name:ident $file:literal $(unless $tests:ident)?;)*) => {
        $(
            /// [getting-started]: crate::guide::getting_started
            /// [recipes]: mod@crate::guide::recipes
            /// [memory]: crate::guide::memory
            /// [files]: crate::guide::memory#files-as-arguments
            /// [computed-again]: crate::guide::memory#when-is-a-result-computed-again
            /// [sharing]: crate::guide::sharing
            /// [more-machines]: crate::guide::more_machines
            /// [ci]: crate::guide::ci
            /// [parallel]: crate::guide::parallel
            /// [persistence]: crate::guide::persistence
            /// [hashing]: crate::guide::hashing
            /// [values]: crate::guide::values
            /// [python]: crate::guide::python
            /// [seeing]: crate::guide::seeing
            /// [extending]: crate::guide::extending
            /// [performance]: crate::guide::performance
            /// [reliability]: crate::guide::reliability
            /// [examples]: crate::guide::examples
            /// [from-python]: crate::guide::from_python
            /// [format]: mod@crate::guide::format
            /// [Compressor]: crate::persist::Compressor
            /// [Store]: crate::store::Store
            /// [ParallelBackend]: crate::parallel::backend::ParallelBackend
            /// [portable]: crate::parallel::backend::portable
            /// [pictures]: crate::guide::performance
            ///
            #[cfg_attr(not(any($($tests)?)), doc = include_str!(concat!("../docs/", $file)))]
            pub mod $name {}
        )*
    };
}

chapters! {
    getting_started "guide/getting-started.md";
    recipes "guide/recipes.md" unless doctest;
    memory "guide/memory.md";
    sharing "guide/sharing.md";
    more_machines "guide/more-machines.md" unless doctest;
    ci "guide/ci.md";
    parallel "guide/parallel.md";
    persistence "guide/persistence.md";
    hashing "guide/hashing.md";
    values "guide/values.md";
    python "guide/python.md";
    seeing "guide/seeing.md";
    extending "guide/extending.md";
    performance "guide/performance.md";
    reliability "guide/reliability.md";
    examples "guide/examples.md";
    from_python "from-python.md";
    format "format.md";
}
