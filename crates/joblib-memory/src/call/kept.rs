//! Results that are kept in the memory of this process.

use super::clock::Clock;
use super::read::{Found, Read};
use super::settings::{InMemory, Validity};
use super::target::{Target, Use};
use super::{Call, KeyedCall};
use crate::entry::codec::Wanted;
use crate::function::Function;
use crate::memory::Memory;
use crate::tier::{Form, Kept, Tier, id};

/// Results that are kept in memory, and the bytes that they may have.
pub(super) struct Room<'t> {
    pub(super) tier: &'t Tier,
    pub(super) limit: u64,
}

impl<'t> Room<'t> {
    /// Where a function's results are kept in memory, if they are.
    pub(super) fn of(in_memory: InMemory, memory: &'t Memory, function: &'t Function) -> Option<Self> {
        match in_memory {
            InMemory::Off => None,
            InMemory::OfMemory(limit) => Some(Room { tier: memory.tier(), limit }),
            InMemory::OfFunction(limit) => Some(Room { tier: function.tier(), limit }),
        }
    }
}

impl<'m> Call<'m> {
    /// Where the call's result is kept in memory, if it is.
    pub(super) fn room(&self) -> Option<Room<'m>> {
        Room::of(self.settings.in_memory, self.memory, self.function)
    }

    /// A clock for this call. One whose time is shown or recorded is measured.
    pub(super) fn clock(&self) -> Clock {
        let is_shown =
            self.memory.settings().record || self.settings.level.loading_time() || !self.span.is_disabled();
        if is_shown || self.room().is_none() {
            return Clock::start();
        }
        self.function.counters.assumed().map_or_else(Clock::start, Clock::Assumed)
    }

    /// The call is not answered from memory at once: from here on it is measured.
    pub(super) fn leaves_memory(&mut self) {
        if self.room().is_some() {
            self.function.counters.left_memory();
        }
        if let Clock::Assumed(_) = self.clock {
            self.clock = Clock::start();
        }
    }

    /// Brings the result into `target` if it is kept as a value and valid. Returns the call's digest. Without a key and
    /// the steps of a search, and without a count that threads which call the function share.
    pub(super) fn kept_value(&self, target: &mut dyn Target) -> Option<([u8; 16], Found)> {
        let is_asked = target.in_memory() == Use::Keep { values: true };
        if !is_asked || self.failed.is_some() || self.settings.wanted() != Wanted::Times {
            return None;
        }
        let (room, copies) = (self.room()?, target.copies());
        // Why there is none is told by who makes the key.
        let call = self.digest().ok()?;
        let id = (self.function.version.code(), call);
        let mut take = |kept: &Kept| {
            let (Form::Value(value), Validity::Valid) =
                (&kept.form, self.settings.validity(kept.times, None))
            else {
                return None;
            };
            target.take(value).then_some(kept.times)
        };
        // A share of what is kept would be passed on between the cores of all that take it; a copy needs none.
        let times = if copies {
            room.tier.with_copy(&id, &mut take).flatten()?
        } else {
            take(&room.tier.get(id, false)?)?
        };
        self.function.counters.in_memory(self.clock.measured());
        Some((call, Found { times, metadata: None }))
    }
}

impl KeyedCall<'_> {
    /// Brings the result into `target` if its stored bytes are kept, for calls that need nothing but it: without the
    /// steps of a search.
    pub(super) fn kept_bytes(&self, target: &mut dyn Target) -> Option<Found> {
        let is_asked = target.in_memory() == Use::Keep { values: false };
        if !is_asked || self.call.settings.wanted() != Wanted::Times {
            return None;
        }
        let kept = self.call.room()?.tier.get(id(&self.key), false)?;
        match self.read_kept(kept, Wanted::Times, target)? {
            Read::Hit((), found) => {
                self.call.function.counters.in_memory(self.call.clock.measured());
                Some(found)
            }
            _ => None,
        }
    }
}
