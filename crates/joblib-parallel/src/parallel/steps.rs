//! What the steps of the builder choose, as types: where tasks may run, how results are returned, what a failure does.

/// Tasks are made with [`delayed`](crate::delayed) and run on any backend.
#[derive(Debug, Clone, Copy)]
pub struct Anywhere;

/// Tasks are closures that may borrow, and run on threads of this process only.
#[derive(Debug, Clone, Copy)]
pub struct SharedMem;

/// Tasks are closures that may capture anything, and run in processes forked for the call.
#[derive(Debug, Clone, Copy)]
pub struct Forked;

/// Results are returned together, in the order of their tasks.
#[derive(Debug, Clone, Copy)]
pub struct List;

/// Results are an iterator, in the order of their tasks.
#[derive(Debug, Clone, Copy)]
pub struct Generator;

/// Results are an iterator, as they are completed.
#[derive(Debug, Clone, Copy)]
pub struct GeneratorUnordered;

/// The first failure ends the call.
#[derive(Debug, Clone, Copy)]
pub struct FailFast;

/// Every task has an outcome of its own.
#[derive(Debug, Clone, Copy)]
pub struct Outcomes;

/// What a failure does to the other tasks.
pub trait OnFailure: sealed::Sealed {
    #[doc(hidden)]
    const STOPS: bool;
}

impl OnFailure for FailFast {
    const STOPS: bool = true;
}

impl OnFailure for Outcomes {
    const STOPS: bool = false;
}

/// How results are returned.
pub trait ReturnAs: sealed::Sealed {
    #[doc(hidden)]
    const THIS: Self;
}

impl ReturnAs for List {
    const THIS: Self = List;
}

impl ReturnAs for Generator {
    const THIS: Self = Generator;
}

impl ReturnAs for GeneratorUnordered {
    const THIS: Self = GeneratorUnordered;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::List {}
    impl Sealed for super::Generator {}
    impl Sealed for super::GeneratorUnordered {}
    impl Sealed for super::FailFast {}
    impl Sealed for super::Outcomes {}
}
