//! Closures that capture, for forked processes: a fork has them already, at the same addresses.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::delayed::Value;
use crate::describe::Peek;
use crate::error::Cause;
use crate::portable::{Name, Trampoline, hash_text};
use crate::task::Task;
use crate::worker::call::Incoming;

/// A closure by its address, in this process and those forked from it while it lives. All that travels is the address.
pub(crate) struct Inherited<R> {
    address: Address,
    trampoline: Trampoline,
    name: &'static str,
    result: PhantomData<fn() -> R>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Address(u64);

/// A task for each closure of `closures`, which has to stay where it is until the call is over.
pub(crate) fn inherit<G, R>(closures: &[G]) -> impl Iterator<Item = Inherited<R>> + use<'_, G, R>
where
    G: FnOnce() -> R,
    R: Value,
{
    closures.iter().map(|closure| Inherited {
        address: Address(std::ptr::from_ref(closure) as u64),
        trampoline: call_inherited::<G, R>,
        name: std::any::type_name::<G>(),
        result: PhantomData,
    })
}

fn check<G>() -> u64 {
    hash_text(std::any::type_name::<G>())
}

/// Runs in a forked process.
fn call_inherited<G: FnOnce() -> R, R: Value>(task: &mut Incoming<'_>) {
    task.run(check::<G>, |address: Address| {
        // SAFETY: the address is that of a G of the parent, in memory that this process has a copy of: it was forked
        // after the closures were put there, and the parent neither moves nor changes them before the call is over.
        // The parent sends each address to at most one worker that runs it to its end (a retry is for a worker that
        // died), and no worker runs the destructors of its copy: so the closure is called once, and not dropped.
        let closure = unsafe { std::ptr::read(address.0 as *const G) };
        closure()
    });
}

impl<R: Value> Task for Inherited<R> {
    type Output = R;

    fn call(self) -> Result<R, Cause> {
        Err(Cause::Backend("it was meant for a forked process".to_owned()))
    }

    fn function_name(&self) -> &'static str {
        self.name
    }

    fn peek(&self, peek: &mut Peek) {
        peek.clear();
    }

    fn portable_name(&self) -> Result<Name, String> {
        Name::of(self.trampoline, hash_text(self.name))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), String> {
        rmp_serde::encode::write(out, &self.address).map_err(|error| error.to_string())
    }

    fn decode(bytes: &[u8]) -> Result<Result<R, Cause>, String> {
        rmp_serde::from_slice(bytes).map(Ok).map_err(|error| error.to_string())
    }
}
