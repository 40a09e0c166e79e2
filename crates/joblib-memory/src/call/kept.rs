//! Results that are kept in the memory of this process.

use super::read::{Found, Read};
use super::settings::{InMemory, Validity};
use super::target::{Target, Use};
use super::{Call, KeyedCall};
use crate::entry::codec::Wanted;
use crate::tier::{Form, Tier, id};

/// Results that are kept in memory, and the bytes that they may have.
pub(super) struct Room<'t> {
    pub(super) tier: &'t Tier,
    pub(super) limit: u64,
}

impl<'m> Call<'m> {
    /// Where the call's result is kept in memory, if it is.
    pub(super) fn room(&self) -> Option<Room<'m>> {
        match self.settings.in_memory {
            InMemory::Off => None,
            InMemory::OfMemory(limit) => Some(Room { tier: self.memory.tier(), limit }),
            InMemory::OfFunction(limit) => Some(Room { tier: self.function.tier(), limit }),
        }
    }

    /// Brings the result into `target` if it is kept as a value and valid. Returns the call's digest. Without a key and
    /// the steps of a search, and without a count that threads which call the function share.
    pub(super) fn kept_value(&self, target: &mut dyn Target) -> Option<([u8; 16], Found)> {
        let is_asked = target.in_memory() == Use::Keep { values: true };
        if !is_asked || self.failed.is_some() || self.settings.wanted() != Wanted::Times {
            return None;
        }
        let room = self.room()?;
        // Why there is none is told by who makes the key.
        let call = self.digest().ok()?;
        let kept = room.tier.get((self.function.version.code(), call), false)?;
        let (Form::Value(value), Validity::Valid) = (kept.form, self.settings.validity(kept.times, None))
        else {
            return None;
        };
        if !target.take(&value) {
            return None;
        }
        self.function.counters.in_memory();
        Some((call, Found { times: kept.times, metadata: None }))
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
                self.call.function.counters.in_memory();
                Some(found)
            }
            _ => None,
        }
    }
}
