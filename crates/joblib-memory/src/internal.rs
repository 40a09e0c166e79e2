//! What the code that `#[cached]` generates uses. Private API, not covered by semver.

pub use joblib_array::MmapMode;
pub use joblib_hash::Algorithm;
pub use joblib_persist::Compress;

pub use crate::__without_tasks as with_tasks;
pub use crate::call::compute::Pending;
pub use crate::call::error_text::{ByDebug, ByDisplay, ByError, ByNothing, ByTarget, ErrorProbe, ErrorText};
pub use crate::call::explain::Explanation;
pub use crate::call::keep::{Hashable, Keep, KeepAll, KeepOk, KeepSome, Storable, storable};
pub use crate::call::lookup::Lookup;
pub use crate::call::shelved::Shelved;
pub use crate::call::stack::outlined;
pub use crate::call::{Call, Description};
pub use crate::entry::metadata::Metadata;
pub use crate::error::Result;
pub use crate::files::argument::{FileArgument, as_path};
pub use crate::function::code::{Code, HasCode, IsKnown, Untracked, known};
pub use crate::function::options::CallOptions;
pub use crate::function::site::{CodeItem, Known, Parts, Site};
pub use crate::function::stats::FunctionStats;
pub use crate::memory::Memory;
pub use crate::memory::installed::already_installed;
pub use crate::report::print_beside;
pub use crate::tier::{AsBytes, AsCopy, AsValue, Keeper, Probe};

use crate::single_flight;

/// Runs the future of a body in the span of its call, as a part of its computation.
pub fn run<R, K, F: Future>(
    pending: &Pending<R, K>,
    body: F,
) -> impl Future<Output = F::Output> + use<R, K, F> {
    let body = joblib_record::listen(pending.listener(), body);
    let body = joblib_record::inside(pending.position(), body);
    tracing::Instrument::instrument(single_flight::inside(pending.flight(), body), pending.span())
}

/// Drops all results of a function.
pub fn clear(memory: &Memory, call: &Call<'_>) -> Result<u64> {
    call.print_clearing();
    memory.clear_scope(joblib_store::Scope::Function(call.name()))
}

/// The statistics of a function.
pub fn stats(call: &Call<'_>) -> FunctionStats {
    call.function.counters.read(call.name())
}

/// What counts as the code of a function.
pub fn code(known: Known) -> Vec<CodeItem> {
    known.site.parts.all()
}

/// Takes companions that need `joblib-parallel`, which this crate does not know: the crate `joblib` has another macro of this
/// name.
#[doc(hidden)]
#[macro_export]
macro_rules! __without_tasks {
    ($($companion:tt)*) => {};
}
