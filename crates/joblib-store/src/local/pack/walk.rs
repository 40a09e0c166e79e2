//! All packed results of a version, as a walk over the store finds them.

use std::io;
use std::time::SystemTime;

use super::index::{Shared, Slot, Slots, time};
use super::packed::Pack;
use crate::local::root::Root;

/// One packed result.
#[derive(Debug, Clone, Copy)]
pub(in crate::local) struct Packed {
    pub(in crate::local) call: [u8; 16],
    pub(in crate::local) bytes: u64,
    pub(in crate::local) used: SystemTime,
}

/// A walk over packed results; those stored meanwhile may or may not be seen. It ends with an error if a part of the
/// index can't be read.
pub(in crate::local) type Walk = Box<dyn Iterator<Item = io::Result<Packed>> + Send>;

impl Pack {
    pub(in crate::local) fn walk(&self, root: &Root) -> io::Result<Option<Walk>> {
        // The index that is open may have been replaced.
        self.find(root, &[0; 16])?;
        let Some(open) = self.opened(root)? else { return Ok(None) };
        let slots: Slots<Shared> = Slots::new(Shared::clone(&open.index));
        let packed = |(_, slot): (u64, Slot)| Packed {
            call: slot.call,
            bytes: u64::from(slot.length),
            used: time(slot.used),
        };
        Ok(Some(Box::new(slots.map(move |slot| slot.map(packed)))))
    }
}
