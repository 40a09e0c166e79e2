//! What processes added and used since the last sweep: objects in a folder, whose names tell the sums.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use object_store::ObjectMeta;

use crate::holder::Holder;
use crate::key::fnv64;
use crate::process_lock::{AfterFork, ProcessLock};
use crate::usage::Usage;

/// Uses that are written at once.
const MAX_PENDING: usize = 4096;
/// How long they wait.
const PERIOD: Duration = Duration::from_mins(10);
/// A use of a result is written again after this time.
const AGAIN_AFTER_US: u64 = 24 * 3600 * 1_000_000;
/// Results whose last use this process remembers.
const MAX_REMEMBERED: usize = 100_000;

/// What this process has to write.
#[derive(Debug)]
pub(super) struct Notes {
    state: ProcessLock<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The last uses that this process knows, in microseconds since 1970, by the result's id.
    used: HashMap<u64, u64>,
    /// Those that are to be written.
    pending: HashMap<u64, u64>,
    added: Change,
    since: Option<Instant>,
    number: u64,
    latest: u64,
}

/// What was added, less what was dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) bytes: i64,
    pub(super) items: i64,
}

impl Change {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), items: self.items.saturating_add(other.items) }
    }

    /// The usage after this change.
    pub(super) fn applied_to(self, usage: Usage) -> Usage {
        Usage {
            bytes: usage.bytes.saturating_add_signed(self.bytes),
            items: usage.items.saturating_add_signed(self.items),
        }
    }
}

/// An object of notes.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) change: Change,
}

impl Default for Notes {
    fn default() -> Self {
        // What a parent has to write, it writes.
        Self { state: ProcessLock::new(AfterFork::Renew) }
    }
}

impl Notes {
    /// Notes a use. Returns whether it is the first of the day.
    pub(super) fn used(&self, id: u64) -> bool {
        let mut state = self.state.lock();
        let now = state.tick();
        if state.used.len() >= MAX_REMEMBERED {
            state.used.clear();
        }
        let before = state.used.insert(id, now);
        let is_first = before.is_none_or(|before| before + AGAIN_AFTER_US < now);
        if is_first || state.pending.contains_key(&id) {
            state.pending.insert(id, now);
            state.since.get_or_insert_with(Instant::now);
        }
        is_first
    }

    pub(super) fn stored(&self, id: u64, bytes: u64) {
        let mut state = self.state.lock();
        // The server knows when it was stored, to the second.
        let now = state.tick();
        state.used.insert(id, now);
        state.add(Change { bytes: signed(bytes), items: 1 });
    }

    pub(super) fn dropped(&self, items: u64, bytes: u64) {
        self.state.lock().add(Change { bytes: -signed(bytes), items: -signed(items) });
    }

    /// The last use that this process knows, in microseconds since 1970.
    pub(super) fn last_use(&self, id: u64) -> u64 {
        self.state.lock().used.get(&id).copied().unwrap_or(0)
    }

    /// All uses that this process knows.
    pub(super) fn uses(&self) -> HashMap<u64, u64> {
        self.state.lock().used.clone()
    }

    /// What was added and is not written.
    pub(super) fn unwritten(&self) -> Change {
        self.state.lock().added
    }

    /// Forgets what was added: a sweep has just counted all.
    pub(super) fn counted(&self) {
        self.state.lock().added = Change::default();
    }

    /// What is to be written now: if there is enough of it, or if it is `all` to be written.
    pub(super) fn take(&self, all: bool) -> Option<Written> {
        let mut state = self.state.lock();
        let since = state.since?;
        if !all && state.pending.len() < MAX_PENDING && since.elapsed() < PERIOD {
            return None;
        }
        state.since = None;
        let pending = std::mem::take(&mut state.pending);
        let change = std::mem::take(&mut state.added);
        state.number += 1;
        let process = fnv64(Holder::this_process().to_string().as_bytes());
        let hour = now_us() / 3_600_000_000;
        let name = format!("{hour}_{process:016x}_{}_{}_{}", state.number, change.bytes, change.items);
        Some(Written { name, bytes: uses_bytes(&pending), change })
    }

    /// Keeps notes that could not be written for the next time.
    pub(super) fn put_back(&self, change: Change) {
        // The uses are lost; they only say which result is dropped first.
        self.state.lock().add(change);
    }
}

impl State {
    /// The time, later than any before, so that uses have an order.
    fn tick(&mut self) -> u64 {
        self.latest = now_us().max(self.latest + 1);
        self.latest
    }

    fn add(&mut self, change: Change) {
        self.added = self.added.plus(change);
        self.since.get_or_insert_with(Instant::now);
    }
}

/// What the name of an object of notes tells.
pub(super) fn parse_name(name: &str) -> Option<Change> {
    let mut parts = name.split('_').skip(3);
    Some(Change { bytes: parts.next()?.parse().ok()?, items: parts.next()?.parse().ok()? })
}

/// Uses as bytes: of each its id and its time.
fn uses_bytes(uses: &HashMap<u64, u64>) -> Vec<u8> {
    uses.iter().flat_map(|(id, time)| [id.to_le_bytes(), time.to_le_bytes()].concat()).collect()
}

/// Reads uses into `uses`, of each the latest.
pub(super) fn read_uses(bytes: &[u8], uses: &mut HashMap<u64, u64>) {
    for (id, time) in words(bytes).zip(words(bytes).skip(1)).step_by(2) {
        let latest = uses.entry(id).or_default();
        *latest = time.max(*latest);
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word))
}

/// What a sweep found, for those who come after it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// When, in microseconds since 1970.
    pub(super) at: u64,
    pub(super) usage: Usage,
    pub(super) uses: HashMap<u64, u64>,
    /// The ids of results that were dropped.
    pub(super) evicted: Vec<u64>,
}

impl Summary {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let Self { at, usage, uses, evicted } = self;
        let mut bytes = format!("joblib summary 1\n{at} {} {} {}\n", usage.bytes, usage.items, evicted.len())
            .into_bytes();
        bytes.extend(evicted.iter().flat_map(|id| id.to_le_bytes()));
        bytes.extend(uses_bytes(uses));
        bytes
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
        if lines.next()? != b"joblib summary 1" {
            return None;
        }
        let numbers: Option<Vec<u64>> =
            std::str::from_utf8(lines.next()?).ok()?.split(' ').map(|word| word.parse().ok()).collect();
        let &[at, bytes, items, evicted] = numbers?.as_slice() else { return None };
        let (evicted, rest) =
            lines.next()?.split_at_checked(usize::try_from(evicted).ok()?.checked_mul(8)?)?;
        let mut uses = HashMap::new();
        read_uses(rest, &mut uses);
        Some(Self { at, usage: Usage { bytes, items }, uses, evicted: words(evicted).collect() })
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// When an object was stored, in microseconds since 1970.
pub(super) fn modified_us(meta: &ObjectMeta) -> u64 {
    u64::try_from(meta.last_modified.timestamp_micros()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_written_once_a_day() {
        let notes = Notes::default();
        notes.used(1);
        notes.stored(2, 100);
        let written = notes.take(true).unwrap();
        assert_eq!(parse_name(&written.name), Some(written.change));
        assert_eq!(written.change, Change { bytes: 100, items: 1 });
        let mut uses = HashMap::new();
        read_uses(&written.bytes, &mut uses);
        assert_eq!(uses.keys().collect::<Vec<_>>(), [&1]);
        notes.used(1);
        assert!(notes.take(true).is_none(), "it was written a moment ago");
        assert!(notes.last_use(1) > 0 && notes.last_use(2) > 0);
    }

    #[test]
    fn a_summary_reads_back() {
        let summary = Summary {
            at: 7,
            usage: Usage { bytes: 10, items: 2 },
            uses: HashMap::from([(1, 10), (2, 2570)]),
            evicted: vec![10, 1 << 60],
        };
        assert_eq!(Summary::parse(&summary.bytes()), Some(summary));
        for damaged in
            [&b""[..], b"joblib summary 1\n", b"joblib summary 1\n1 2 3 99\n", b"joblib summary 1\n1 2\n"]
        {
            assert_eq!(Summary::parse(damaged), None);
        }
    }
}
