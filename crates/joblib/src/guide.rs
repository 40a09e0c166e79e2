//! The guide: a chapter on each part, with code that is tested.
//!
//! The same texts lie in the repository's `docs` folder. This crate has a link to that folder, which `cargo package`
//! follows, so that a published crate holds them too.
//!
//! - [`getting_started`]: once around, in the order in which a program grows.
//! - [`recipes`]: short answers, from "Cache a function that reads a file" to "What can go stale".
//! - [`memory`], [`parallel`], [`persistence`], [`hashing`]: each part in full.
//! - [`sharing`], [`ci`]: one cache for many machines, and for a pipeline.
//! - [`more_machines`]: parallel loops on other hosts.
//! - [`values`]: which values come back from files, caches and workers.
//! - [`python`]: files that are shared with Python, both ways.
//! - [`seeing`]: what is in a cache, seen from the shell.
//! - [`extending`]: compressors, stores and backends of your own.
//! - [`performance`], [`reliability`]: what is measured, what is promised, and how both are checked.
//! - [`examples`]: the programs of joblib's manual, to run and to start from.
//! - [`from_python`]: which name of Python's joblib is which here; [`format`](mod@format): the bytes of a file.
#![allow(clippy::doc_markdown, reason = "the chapters are prose")]

/// Chapters, one from each file. Their links to each other are reference links, `[memory]`: the definitions here come first
/// and so win over those at a file's end, which lead from file to file. The examples of a chapter `unless doctest` use crates
/// that this one has no use for, and are tested by the workspace's package of tests.
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
