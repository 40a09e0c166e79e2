//! Context of a call that other crates bring along to worker processes: the default cache, say.

use std::any::Any;
use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::sync::ForkSafe;
use crate::wire::function_id::{self, FunctionId};

/// Puts a captured context in place in a worker; what it returns is kept while a batch runs, and then dropped.
pub type ApplyContext = fn(&[u8]) -> Box<dyn Any>;

#[derive(Clone, Copy)]
struct ContextCarrier {
    capture: fn() -> Option<Vec<u8>>,
    apply: ApplyContext,
}

static CARRIERS: ForkSafe<BTreeMap<&'static str, ContextCarrier>> = ForkSafe::new(BTreeMap::new());

/// Has a part of the caller's context brought along to worker processes.
///
/// `capture` is called on the caller's thread when a call begins; what it returns is handed to `apply` in each
/// worker, around each batch of that call. Both are functions, for only functions have an id in another process.
/// A later carrier of the same name replaces the earlier one. Threads share the caller's memory and need no carrier.
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
/// # Errors
///
/// If the function that applies a context is not part of the executable.
pub(crate) fn capture() -> Result<Vec<(FunctionId, Vec<u8>)>> {
    let mut captured = Vec::new();
    for (name, carrier) in CARRIERS.with(|carriers| carriers.clone()) {
        if let Some(state) = (carrier.capture)() {
            let function = FunctionId::of(carrier.apply as usize, function_id::hash_text(name));
            let function = function.map_err(|reason| {
                Error::backend(format!("bring the context {name:?} to worker processes"), Some(reason.into()))
            })?;
            captured.push((function, state));
        }
    }
    Ok(captured)
}

/// Puts what was captured in place, until the guards are dropped.
///
/// # Errors
///
/// If a function is not one of this executable.
pub(crate) fn apply(captured: &[(FunctionId, Vec<u8>)]) -> std::result::Result<Vec<Box<dyn Any>>, String> {
    captured.iter().map(|(function, state)| Ok(resolve(*function)?(state))).collect()
}

fn resolve(function: FunctionId) -> std::result::Result<ApplyContext, String> {
    let address = function.resolve()?;
    // SAFETY: the address is in the executable's code. That an `ApplyContext` begins there is what `capture` made sure
    // of, in a process that runs the same executable: worker and parent compare fingerprints before any call, and a
    // call's message has the ids of contexts in a field of their own.
    Ok(unsafe { std::mem::transmute::<usize, ApplyContext>(address) })
}
