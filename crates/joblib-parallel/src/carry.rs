//! Surroundings of a call that other crates bring along to worker processes: an installed cache, say.

use std::any::Any;

use crate::error::{Error, Result};
use crate::portable::{self, Name};
use crate::registry;

/// Puts captured surroundings in place in a worker; what it returns is kept while a batch runs, and then dropped.
pub type Apply = fn(&[u8]) -> Box<dyn Any>;

#[derive(Clone, Copy)]
pub(crate) struct Carrier {
    capture: fn() -> Option<Vec<u8>>,
    apply: Apply,
}

/// Has something of the caller's surroundings brought along to worker processes.
///
/// `capture` is called on the caller's thread when a call begins; what it returns is handed to `apply` in each
/// worker, around each batch of that call. Both are functions, for only functions can be named to another process.
/// A later carrier of the same name replaces the earlier one. Threads share the caller's memory, and need none.
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
pub fn register_carrier(name: &'static str, capture: fn() -> Option<Vec<u8>>, apply: Apply) {
    registry::add_carrier(name, Carrier { capture, apply });
}

/// What all carriers capture here and now.
pub(crate) fn capture() -> Result<Vec<(Name, Vec<u8>)>> {
    let mut captured = Vec::new();
    for (name, carrier) in registry::carriers() {
        if let Some(state) = (carrier.capture)() {
            let apply = Name::of_carrier(carrier.apply, portable::hash_text(name)).map_err(|reason| {
                Error::backend(format!("carry {name:?} to worker processes"), Some(reason.into()))
            })?;
            captured.push((apply, state));
        }
    }
    Ok(captured)
}

/// Puts what was captured in place, until the guards are dropped.
pub(crate) fn apply(captured: &[(Name, Vec<u8>)]) -> std::result::Result<Vec<Box<dyn Any>>, String> {
    captured.iter().map(|(apply, state)| Ok(apply.resolve_carrier()?(state))).collect()
}
