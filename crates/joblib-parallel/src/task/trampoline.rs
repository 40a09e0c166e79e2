//! One encoded task: decode the arguments, call, encode the outcome.

use std::io;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::panics;
use crate::wire::arrays::{Memories, Part, Sender};
use crate::wire::codec;
use crate::wire::function_id::FunctionId;
use crate::wire::reply::OutcomeWriter;

/// Runs one encoded task; there is one for each function that travels.
pub(crate) type Trampoline = fn(&mut EncodedTask<'_>);

/// The id of `trampoline`, whose types' names hash to `check`.
///
/// # Errors
///
/// If it is not part of the executable.
pub(crate) fn id_of(trampoline: Trampoline, check: u64) -> Result<FunctionId, String> {
    FunctionId::of(trampoline as usize, check)
}

/// The trampoline of this id in this process.
///
/// # Errors
///
/// If there is no code at its address.
pub(crate) fn resolve(id: FunctionId) -> Result<Trampoline, String> {
    let address = id.resolve()?;
    // SAFETY: the address is in the executable's code. That a `Trampoline` begins there is what `id_of` made sure of, in
    // a process that runs the same executable: the worker was started from the parent's own image (or forked from it),
    // and compared fingerprints before it accepted tasks.
    Ok(unsafe { std::mem::transmute::<usize, Trampoline>(address) })
}

/// An encoded task on its way through a trampoline.
pub(crate) struct EncodedTask<'a> {
    /// What the types' names have to hash to; `None` where that was checked before.
    pub(crate) check: Option<u64>,
    pub(crate) arguments: &'a [u8],
    /// Large arrays among the arguments.
    pub(crate) parts: &'a Rc<[Part]>,
    pub(crate) memories: &'a Memories,
    /// Takes large arrays out of the result.
    pub(crate) sender: &'a Sender,
    /// Where the outcome goes.
    pub(crate) outcome: OutcomeWriter<'a>,
}

impl EncodedTask<'_> {
    /// Runs the task as a call of `f`, if its id was meant for functions whose types hash to `check`. Panics are those of
    /// `function`.
    pub(crate) fn run<A: DeserializeOwned, R: Serialize>(
        &mut self,
        check: fn() -> u64,
        function: &'static str,
        f: impl FnOnce(A) -> R,
    ) {
        if self.check.is_some_and(|expected| expected != check()) {
            return self.outcome.decode_arguments(
                "the worker runs another build of this program: its function of that id has other types",
            );
        }
        let decode = || codec::parse::<A>(self.arguments);
        let arguments = match self.memories.providing(self.parts, decode) {
            Ok(arguments) => arguments,
            Err(reason) => return self.outcome.decode_arguments(&reason),
        };
        let (sender, out) = (self.sender, self.outcome.result());
        // The result is encoded inside, too: what `Serialize` does is the task's own code.
        match panics::catch(function, || encode(&f(arguments), sender, out)) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => self.outcome.encode_result(&reason),
            Err(panic) => self.outcome.panic(&panic),
        }
    }
}

/// Appends a result. Most hold no large array, and to look for one costs as much as a tiny result; so only a result
/// that turns out to be large is encoded a second time, with large arrays taken out.
fn encode<R: Serialize>(result: &R, sender: &Sender, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    let mut limited = Limited { room: sender.threshold().unwrap_or(u64::MAX), out };
    match rmp_serde::encode::write(&mut limited, result) {
        Err(_) if limited.room == 0 => {
            out.truncate(start);
            sender.collecting(|| codec::write(out, result))
        }
        other => other.map_err(|error| error.to_string()),
    }
}

/// Takes fewer than `room` bytes, and then no more.
struct Limited<'a> {
    room: u64,
    out: &'a mut Vec<u8>,
}

impl io::Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.room.checked_sub(bytes.len() as u64) {
            Some(room) if room > 0 => {
                self.room = room;
                self.out.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            _ => {
                self.room = 0;
                Err(io::ErrorKind::WriteZero.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
