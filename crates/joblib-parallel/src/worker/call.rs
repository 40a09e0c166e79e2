//! One encoded task: decode the arguments, call, encode the outcome.

use std::io;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Panic;
use crate::panics;
use crate::wire::arrays::{Memories, Part, Sender};
use crate::wire::message::outcome;

/// An encoded task on its way through a trampoline.
pub(crate) struct Incoming<'a> {
    /// What the types' names have to hash to; `None` where that was checked before.
    pub(crate) check: Option<u64>,
    pub(crate) arguments: &'a [u8],
    /// Large arrays among the arguments.
    pub(crate) parts: &'a Rc<[Part]>,
    pub(crate) memories: &'a Memories,
    /// Takes large arrays out of the result.
    pub(crate) sender: &'a Sender,
    /// Where the outcome goes; what is there already stays.
    pub(crate) out: &'a mut Vec<u8>,
}

impl Incoming<'_> {
    /// Runs the task as a call of `f`, if its name was meant for functions whose types hash to `check`.
    pub(crate) fn run<A: DeserializeOwned, R: Serialize>(
        &mut self,
        check: fn() -> u64,
        f: impl FnOnce(A) -> R,
    ) {
        if self.check.is_some_and(|expected| expected != check()) {
            return self.refuse(
                outcome::ARGUMENTS,
                "the worker runs another build of this program: its function of that name has other types",
            );
        }
        let decode = || rmp_serde::from_slice::<A>(self.arguments);
        let arguments = match self.memories.providing(self.parts, decode) {
            Ok(arguments) => arguments,
            Err(error) => return self.refuse(outcome::ARGUMENTS, &error.to_string()),
        };
        let start = self.out.len();
        self.out.push(outcome::OK);
        // The result is encoded inside, too: what `Serialize` does is the task's own code.
        match panics::catch(|| encode(&f(arguments), self.sender, self.out)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                self.out.truncate(start);
                self.refuse(outcome::RESULT, &error);
            }
            Err(panic) => {
                self.out.truncate(start);
                self.out.push(outcome::PANIC);
                self.put_panic(&panic);
            }
        }
    }

    pub(crate) fn refuse(&mut self, tag: u8, reason: &str) {
        self.out.push(tag);
        self.out.extend_from_slice(reason.as_bytes());
    }

    fn put_panic(&mut self, panic: &Panic) {
        // Three texts, written to a Vec: that can't fail.
        let _ = rmp_serde::encode::write(self.out, panic);
    }
}

/// Appends a result. Most hold no large array: only one that turns out to be large is encoded once more, with large
/// arrays taken out. (Not taken out from the start, for that would have a price for each tiny result.)
fn encode<R: Serialize>(result: &R, sender: &Sender, out: &mut Vec<u8>) -> Result<(), String> {
    let start = out.len();
    let mut limited = Limited { room: sender.threshold().unwrap_or(u64::MAX), out };
    match rmp_serde::encode::write(&mut limited, result) {
        Err(_) if limited.room == 0 => {
            out.truncate(start);
            sender.collecting(|| rmp_serde::encode::write(out, result)).map_err(|error| error.to_string())
        }
        other => other.map_err(|error| error.to_string()),
    }
}

/// Takes so many bytes, and then no more.
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
