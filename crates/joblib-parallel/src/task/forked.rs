//! Closures that capture, for forked processes: a fork has them already, at the same addresses.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use joblib_encoding::Preview;

use super::Task;
use super::delayed::Value;
use super::function::TaskFunction;
use super::trampoline::{EncodedTask, Failure};
use crate::error::{Cause, TaskFailure};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::function_id::hash_text;
use crate::wire::values;

/// A closure by its address, in this process and those forked from it while it lives. All that travels is the address.
pub(crate) struct ForkedClosure<R> {
    address: Address,
    function: TaskFunction,
    result: PhantomData<fn() -> R>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[allow(clippy::unsafe_derive_deserialize, reason = "the methods say what makes an address valid")]
struct Address(u64);

/// A task for each closure of `closures`, which has to stay where it is until the call is over.
pub(crate) fn forked_closures<G, R>(closures: &[G]) -> impl Iterator<Item = ForkedClosure<R>> + use<'_, G, R>
where
    G: FnOnce() -> R,
    R: Value,
{
    closures.iter().map(|closure| ForkedClosure {
        address: Address(std::ptr::from_ref(closure) as u64),
        function: TaskFunction::portable(std::any::type_name::<G>(), run_encoded::<G, R>, check::<G>),
        result: PhantomData,
    })
}

/// Like [`forked_closures`], for closures whose `Err` is their task's failure.
pub(crate) fn forked_fallible<G, R, E, M>(
    closures: &[G],
) -> impl Iterator<Item = ForkedClosure<R>> + use<'_, G, R, E, M>
where
    G: FnOnce() -> Result<R, E>,
    R: Value,
    E: TaskFailure<M>,
{
    closures.iter().map(|closure| ForkedClosure {
        address: Address(std::ptr::from_ref(closure) as u64),
        function: TaskFunction::portable(std::any::type_name::<G>(), run_fallible::<G, R, E, M>, check::<G>),
        result: PhantomData,
    })
}

fn check<G>() -> u64 {
    hash_text(std::any::type_name::<G>())
}

/// Runs in a forked process.
fn run_encoded<G: FnOnce() -> R, R: Value>(task: &mut EncodedTask<'_>) {
    task.run(check::<G>, std::any::type_name::<G>(), |task| {
        let address: Address = task.arguments()?;
        // SAFETY: `forked_closures` made the address of a G.
        let result = unsafe { address.take::<G>() }();
        task.result(&result)
    });
}

/// Runs in a forked process.
fn run_fallible<G, R, E, M>(task: &mut EncodedTask<'_>)
where
    G: FnOnce() -> Result<R, E>,
    R: Value,
    E: TaskFailure<M>,
{
    task.run(check::<G>, std::any::type_name::<G>(), |task| {
        let address: Address = task.arguments()?;
        // SAFETY: `forked_fallible` made the address of a G.
        match unsafe { address.take::<G>() }() {
            Ok(result) => task.result(&result),
            Err(error) => Err(Failure::returned(&error.into_failure())),
        }
    });
}

impl Address {
    /// The closure at this address, in a forked process.
    ///
    /// # Safety
    ///
    /// The address is that of a G of the parent.
    unsafe fn take<G>(self) -> G {
        // SAFETY: this process has a copy of the parent's memory: it was forked after the closures were put there, and the
        // parent neither moves nor changes them before the call is over. The parent sends each address to at most one
        // worker that runs it to its end (a retry is for a worker that died), and no worker runs the destructors of its
        // copy: so the closure is called once, and not dropped.
        unsafe { std::ptr::read(self.0 as *const G) }
    }
}

impl<R: Value> Task for ForkedClosure<R> {
    type Output = R;

    fn call(self) -> Result<R, Cause> {
        Err(Cause::Backend("it was meant for a forked process".to_owned()))
    }

    fn function(&self) -> TaskFunction {
        self.function
    }

    fn record_arguments(&self, preview: &mut Preview) {
        preview.clear();
    }

    fn encode(&self, out: &mut Vec<u8>, sender: Option<&Sender>) -> Result<(), String> {
        values::encode(&self.address, out, sender)
    }

    fn decode(bytes: &[u8], arrays: Arrays<'_>) -> Result<Result<R, Cause>, String> {
        values::decode(bytes, arrays).map(Ok)
    }
}
