//! What a lookup does next: read, wait for a thread, wait for a process, or compute. The waiting
//! itself is left to the caller, which blocks or awaits.

use std::time::{Duration, Instant};

use joblib_store::{Claim, Claimed, Error};

use super::KeyedCall;
use super::read::{Found, Read};
use super::target::Target;
use crate::entry::codec::Wanted;
use crate::single_flight::{self, Caller, FlightId, Guard, Join, Wait};

/// The search for the result of a call.
pub(super) struct Search<'m> {
    pub(super) call: KeyedCall<'m>,
    wanted: Wanted,
    caller: Caller,
    pub(super) deadline: Instant,
    state: State,
}

enum State {
    /// Nothing was read yet.
    Start,
    /// A computation of this process is waited for.
    Waiting {
        guard: Option<Guard>,
    },
    /// It was waited for, and whether it finished in time.
    Waited {
        guard: Option<Guard>,
        finished: bool,
    },
    /// This caller leads among the threads of this process, and waits for another process.
    Leading {
        guard: Guard,
        pause: Duration,
        /// Reads since it asked for the claim.
        reads: u32,
    },
    /// This caller leads, and is to ask for the claim.
    Claiming {
        guard: Guard,
        pause: Duration,
    },
    /// It asked, and this is the answer.
    Claimed {
        guard: Guard,
        pause: Duration,
        answer: Result<Claim, Error>,
    },
    Over,
}

/// The next step of a search.
pub(super) enum Step {
    Done(Outcome),
    /// Another caller of this process computes the result: wait for it until the deadline, then
    /// call [`Search::waited`].
    WaitThread(Wait),
    /// Another process computes the result: wait for this time.
    WaitProcess(Duration),
    /// Nobody is known to compute the result: ask the store for the claim, then call
    /// [`Search::claimed`].
    Claim,
}

/// The end of a search.
pub(super) enum Outcome {
    Hit(Found),
    /// The caller computes.
    Miss(Right),
}

/// In what way the caller computes the result.
#[derive(Debug, Default)]
pub(super) struct Right {
    pub(super) claim: Option<Box<dyn Claimed>>,
    pub(super) guard: Option<Guard>,
    /// Whether the result can't be stored.
    pub(super) unstored: bool,
}

/// Reads of a waiting caller for each time that it asks for the claim.
const READS_PER_CLAIM: u32 = 4;

impl<'m> Search<'m> {
    pub(super) fn new(mut call: KeyedCall<'m>, wanted: Wanted, caller: Caller) -> Self {
        call.call.leaves_memory();
        call.print_query();
        let deadline = deadline(call.call.settings.waiting_time);
        Self { call, wanted, caller, deadline, state: State::Start }
    }

    /// Whether the next step begins with a read.
    pub(super) fn is_reading(&self) -> bool {
        match &self.state {
            State::Start | State::Leading { .. } => true,
            State::Waited { finished, .. } => *finished,
            State::Claimed { answer, .. } => matches!(answer, Ok(Claim::Mine(_))),
            State::Waiting { .. } | State::Claiming { .. } | State::Over => false,
        }
    }

    pub(super) fn step(&mut self, target: &mut dyn Target) -> Step {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Start => self.start(target),
            State::Waited { guard, finished } => self.after_waiting(guard, finished, target),
            State::Leading { guard, pause, reads } => self.lead(guard, pause, reads, target),
            State::Claimed { guard, pause, answer } => self.after_claiming(guard, pause, answer, target),
            // The caller did not keep to the order of steps: computing is always right.
            State::Waiting { guard } => compute(Right { guard, ..Right::default() }),
            State::Claiming { guard, .. } => compute(Right { guard: Some(guard), ..Right::default() }),
            State::Over => compute(Right::default()),
        }
    }

    /// Says how the wait of [`Step::WaitThread`] ended.
    pub(super) fn waited(&mut self, finished: bool) {
        let guard = match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting { guard } => guard,
            _ => None,
        };
        self.state = State::Waited { guard, finished };
    }

    /// Gives the store's answer to [`Step::Claim`].
    pub(super) fn claimed(&mut self, answer: Result<Claim, Error>) {
        self.state = match std::mem::replace(&mut self.state, State::Over) {
            State::Claiming { guard, pause } => State::Claimed { guard, pause, answer },
            _ => State::Over,
        };
    }

    fn start(&mut self, target: &mut dyn Target) -> Step {
        if let Read::Hit((), found) = self.call.read(self.wanted, target) {
            return Step::Done(Outcome::Hit(found));
        }
        match single_flight::join(self.flight(), self.caller) {
            Join::Leader(guard) => {
                let pause = *self.call.store.poll_interval().start();
                self.claim(guard, pause)
            }
            join => self.wait_or_compute(join, None),
        }
    }

    /// Waits for another computation of this process, unless that would never end.
    fn wait_or_compute(&mut self, join: Join, guard: Option<Guard>) -> Step {
        match join {
            Join::Wait(wait) => {
                self.state = State::Waiting { guard };
                Step::WaitThread(wait)
            }
            Join::Leader(guard) => compute(Right { guard: Some(guard), ..Right::default() }),
            Join::WouldDeadlock => compute(Right { guard, ..Right::default() }),
        }
    }

    fn after_waiting(&mut self, guard: Option<Guard>, finished: bool, target: &mut dyn Target) -> Step {
        if finished && let Read::Hit((), found) = self.call.read(self.wanted, target) {
            return Step::Done(Outcome::Hit(found));
        }
        // It failed, or is not kept: what other callers got is not for this one.
        compute(Right { guard, ..Right::default() })
    }

    fn lead(&mut self, guard: Guard, pause: Duration, reads: u32, target: &mut dyn Target) -> Step {
        match guard.inside(|| self.call.read(self.wanted, target)) {
            Read::Hit((), found) => Step::Done(Outcome::Hit(found)),
            _ if reads < READS_PER_CLAIM && Instant::now() < self.deadline => {
                self.wait_for_process(guard, pause, reads + 1)
            }
            _ => self.claim(guard, pause),
        }
    }

    fn wait_for_process(&mut self, guard: Guard, pause: Duration, reads: u32) -> Step {
        let longest = *self.call.store.poll_interval().end();
        self.state = State::Leading { guard, pause: (pause * 2).min(longest), reads };
        Step::WaitProcess(pause.min(self.deadline.saturating_duration_since(Instant::now())))
    }

    /// Claims the result among processes.
    fn claim(&mut self, guard: Guard, pause: Duration) -> Step {
        /// A claim may hold a file descriptor, of which a deep recursion would need one for each
        /// call. The claims of the outer calls do for the inner ones.
        const MAX_CLAIMS: usize = 32;
        if single_flight::depth() > MAX_CLAIMS {
            return compute(Right { guard: Some(guard), ..Right::default() });
        }
        self.state = State::Claiming { guard, pause };
        Step::Claim
    }

    fn after_claiming(
        &mut self,
        guard: Guard,
        pause: Duration,
        answer: Result<Claim, Error>,
        target: &mut dyn Target,
    ) -> Step {
        match answer {
            Ok(Claim::Mine(claim)) => {
                if let Some(reason) = self.call.store.shortcoming() {
                    self.call.call.memory.warn_shortcoming(&reason);
                }
                // It may have been stored between reading and claiming.
                match guard.inside(|| self.call.read(self.wanted, target)) {
                    Read::Hit((), found) => Step::Done(Outcome::Hit(found)),
                    _ => compute(Right { claim: Some(claim), guard: Some(guard), unstored: false }),
                }
            }
            Ok(Claim::Taken(holder)) if holder.is_this_process() => {
                // A claim of this process that no computation knows was left behind: nobody will
                // end it.
                let join = single_flight::join_elsewhere(self.flight()).unwrap_or(Join::WouldDeadlock);
                self.wait_or_compute(join, Some(guard))
            }
            Ok(Claim::Taken(_)) if Instant::now() < self.deadline => self.wait_for_process(guard, pause, 1),
            Ok(Claim::Taken(_)) => compute(Right { guard: Some(guard), ..Right::default() }),
            Err(error) => {
                self.call.call.memory.warn_unwritable(&error);
                compute(Right { claim: None, guard: Some(guard), unstored: true })
            }
        }
    }

    fn flight(&self) -> FlightId {
        self.call.call.memory.flight_id(&self.call.key)
    }
}

fn compute(right: Right) -> Step {
    Step::Done(Outcome::Miss(right))
}

/// Until when to wait for others. While others may wait for this caller, only so long that two
/// processes that wait for each other part soon.
fn deadline(waiting_time: Duration) -> Instant {
    /// As good as without end, and a time that every clock has.
    const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);
    const LONGEST_WHILE_COMPUTING: Duration = Duration::from_secs(30);
    let longest = if single_flight::is_computing() { LONGEST_WHILE_COMPUTING } else { LONGEST };
    Instant::now() + waiting_time.min(longest)
}
