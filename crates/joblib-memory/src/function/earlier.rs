//! The results that a store had of a function when one of them was missed first in this run: what tells why the
//! others are missed, without looking through the store each time.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};

use joblib_store::{FunctionVersion, Item, Store};

/// Results of other code that are remembered, at most.
const MOST: usize = 100_000;
/// Results among which the nearest call is looked for, and how often.
const SAMPLE: usize = 200;
const SEARCHES: u32 = 16;

#[derive(Debug, Default)]
pub(crate) struct Earlier {
    other_code: HashMap<[u8; 16], Item>,
    sample: Vec<Item>,
    searches: AtomicU32,
}

impl Earlier {
    pub(super) fn read(store: &dyn Store, version: &FunctionVersion) -> Self {
        let mut earlier = Self::default();
        // What can't be listed was not computed as far as we know.
        let _ = store.visit(&mut |item| {
            if item.version.function() == version.function() {
                earlier.add(item, version);
            }
            if earlier.other_code.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        earlier
    }

    fn add(&mut self, item: Item, version: &FunctionVersion) {
        if self.sample.len() < SAMPLE {
            self.sample.push(item.clone());
        }
        if item.version.path() != version.path() {
            let known = self.other_code.entry(item.call).or_insert_with(|| item.clone());
            if known.used < item.used {
                *known = item;
            }
        }
    }

    /// The latest result of a call with other code.
    pub(crate) fn of_other_code(&self, call: &[u8; 16]) -> Option<&Item> {
        self.other_code.get(call)
    }

    /// Some results, the first times that they are asked for; always if there are none.
    pub(crate) fn sample(&self) -> Option<&[Item]> {
        let is_first = self.sample.is_empty() || self.searches.fetch_add(1, Ordering::Relaxed) < SEARCHES;
        is_first.then_some(&self.sample)
    }
}
