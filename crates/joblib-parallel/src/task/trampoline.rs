//! One encoded task: decode the arguments, call, encode the outcome.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::panics;
use crate::error::{BoxError, RemoteError};
use crate::wire::arrays::{Arrays, Sender};
use crate::wire::function_id::{FunctionId, WorkerKind};
use crate::wire::reply::OutcomeWriter;
use crate::wire::values;

/// Runs one encoded task; there is one for each function that travels.
pub(crate) type Trampoline = fn(&mut EncodedTask<'_>);

/// The id of `trampoline`, whose types' names hash to `check`.
pub(crate) fn id_of(trampoline: Trampoline, check: u64) -> FunctionId {
    FunctionId::of(trampoline as usize, check)
}

/// The trampoline of this id in this process.
///
/// # Errors
///
/// Returns an error if a worker of this kind need not have that code at that address.
pub(crate) fn resolve(id: FunctionId, kind: WorkerKind) -> Result<Trampoline, String> {
    let address = id.resolve(kind)?;
    // SAFETY: there is a `Trampoline` at that address in the parent, as its `id_of` says by its argument. A fork has what
    // the parent has. Another worker has the same executable, whose fingerprint it compared before it accepted tasks,
    // and the address is in that executable's code.
    Ok(unsafe { std::mem::transmute::<usize, Trampoline>(address) })
}

/// An encoded task on its way through a trampoline.
pub(crate) struct EncodedTask<'a> {
    /// What the types' names have to hash to; `None` where that was checked before.
    pub(crate) check: Option<u64>,
    pub(crate) arguments: &'a [u8],
    /// Large memory of the arguments.
    pub(crate) arrays: Arrays<'a>,
    /// Takes large memory out of the result.
    pub(crate) sender: &'a Sender,
    /// Where the outcome goes.
    pub(crate) outcome: OutcomeWriter<'a>,
}

/// Why a task has no result, where it did not panic.
pub(crate) enum Failure {
    DecodeArguments(String),
    EncodeResult(String),
    Returned(RemoteError),
}

impl Failure {
    /// What the function returned instead of a value.
    pub(crate) fn returned(error: &BoxError) -> Self {
        Self::Returned(RemoteError::of(&**error))
    }
}

impl EncodedTask<'_> {
    /// Runs the task by `call`, if its id was meant for functions whose types hash to `check`. Panics and errors are those of
    /// `function`.
    pub(crate) fn run(
        &mut self,
        check: fn() -> u64,
        function: &'static str,
        call: fn(&mut Self) -> Result<(), Failure>,
    ) {
        if self.check.is_some_and(|expected| expected != check()) {
            return self.outcome.decode_arguments(
                "the worker runs another build of this program: its function of that id has other types",
            );
        }
        // Arguments are decoded and the result is encoded inside, too: what `Deserialize` and `Serialize` do is the task's
        // own code, as `Display` is of an error.
        match panics::catch(function, || call(self)) {
            Ok(Ok(())) => {}
            Ok(Err(Failure::DecodeArguments(reason))) => self.outcome.decode_arguments(&reason),
            Ok(Err(Failure::EncodeResult(reason))) => self.outcome.encode_result(&reason),
            Ok(Err(Failure::Returned(error))) => self.outcome.failed(&error),
            Err(panic) => self.outcome.panic(&panic),
        }
    }

    /// The arguments.
    ///
    /// # Errors
    ///
    /// Returns an error if they can't be decoded.
    pub(crate) fn arguments<A: DeserializeOwned>(&self) -> Result<A, Failure> {
        values::decode(self.arguments, self.arrays).map_err(Failure::DecodeArguments)
    }

    /// Takes the result.
    ///
    /// # Errors
    ///
    /// Returns an error if it can't be encoded.
    pub(crate) fn result<R: Serialize>(&mut self, result: &R) -> Result<(), Failure> {
        values::encode(result, self.outcome.result(), Some(self.sender)).map_err(Failure::EncodeResult)
    }
}
