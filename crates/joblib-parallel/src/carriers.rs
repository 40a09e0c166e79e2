//! Context of a call that other crates bring along to worker processes: the default cache, say.

use std::any::Any;
use std::collections::BTreeMap;

use crate::sync::ForkSafe;
use crate::wire::function_id::{self, FunctionId, WorkerKind};

/// Applies a captured context in a worker. The returned value is kept while a batch runs, and then dropped.
pub type ApplyContext = fn(&[u8]) -> Box<dyn Any>;

#[derive(Clone, Copy)]
struct ContextCarrier {
    capture: fn() -> Option<Vec<u8>>,
    apply: ApplyContext,
}

static CARRIERS: ForkSafe<BTreeMap<&'static str, ContextCarrier>> = ForkSafe::new(BTreeMap::new());

/// Registers functions that send a part of the caller's context to worker processes. `capture` is called on the caller's
/// thread when a call begins; the bytes that it returns are passed to `apply` in each worker, for each batch of that call.
/// Both are functions, because closures can't be identified in another process. A carrier replaces an earlier one with the
/// same name. Threads share the caller's memory and need no carrier.
///
/// ```
/// use joblib_parallel::{Parallel, delayed, register_carrier};
/// use std::any::Any;
/// use std::sync::Mutex;
///
/// static MODE: Mutex<String> = Mutex::new(String::new());
///
/// fn capture() -> Option<Vec<u8>> {
///     Some(MODE.lock().unwrap().clone().into_bytes())
/// }
///
/// fn apply(mode: &[u8]) -> Box<dyn Any> {
///     *MODE.lock().unwrap() = String::from_utf8_lossy(mode).into_owned();
///     Box::new(()) // or a guard that puts things back when it is dropped
/// }
///
/// register_carrier("app-mode", capture, apply);
/// *MODE.lock().unwrap() = "night".to_owned();
/// let modes = Parallel::new().backend("loky").run([delayed(|| MODE.lock().unwrap().clone(), ())])?;
/// assert_eq!(modes, ["night"]);
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn register_carrier(name: &'static str, capture: fn() -> Option<Vec<u8>>, apply: ApplyContext) {
    CARRIERS.with(|carriers| carriers.insert(name, ContextCarrier { capture, apply }));
}

/// What all carriers capture here and now.
///
pub(crate) fn capture() -> Vec<(FunctionId, Vec<u8>)> {
    let mut captured = Vec::new();
    for (name, carrier) in CARRIERS.with(|carriers| carriers.clone()) {
        if let Some(state) = (carrier.capture)() {
            let function = FunctionId::of(carrier.apply as usize, function_id::hash_text(name));
            captured.push((function, state));
        }
    }
    captured
}

/// What applies a captured context, in a worker of this kind.
///
/// # Errors
///
/// Returns an error if the worker need not have that function.
pub(crate) fn resolve(function: FunctionId, kind: WorkerKind) -> Result<ApplyContext, String> {
    let address = function.resolve(kind)?;
    // SAFETY: there is an `ApplyContext` at that address in the parent, as `capture` says by its argument: a call's message
    // has the ids of contexts in a field of their own. A fork has what the parent has. Another worker has the same
    // executable, whose fingerprint it compared before any call, and the address is in that executable's code.
    Ok(unsafe { std::mem::transmute::<usize, ApplyContext>(address) })
}
