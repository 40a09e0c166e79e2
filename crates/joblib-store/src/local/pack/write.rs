//! Writing packed results: always under the lock.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::SystemTime;

use super::index::{Counters, Index, Slot, Slots, ticks};
use super::packed::{Open, Pack};
use super::{lock, log};
use crate::local::root::{Access, Root, is_missing};

/// Bytes of removed records that are not worth cleaning.
const SPARE: u64 = 64 << 10;

/// The part of a table beyond which results are removed by writing a new one.
const MANY: u64 = 32;

/// Removes results one by one, in their places.
fn remove_few(
    index: &Index,
    counters: &mut Counters,
    calls: &[&[u8; 16]],
    wanted: impl Fn(usize, &Slot) -> bool,
) -> io::Result<Vec<usize>> {
    let mut removed = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        if let Some((place, slot)) = index.find(call)?.found
            && wanted(number, &slot)
        {
            index.write(place, &slot.removed())?;
            counters.results = counters.results.saturating_sub(1);
            counters.live = counters.live.saturating_sub(size(slot.length));
            removed.push(number);
        }
    }
    Ok(removed)
}

/// Bytes that a result of this length occupies in a log.
fn size(length: u16) -> u64 {
    log::HEADER as u64 + u64::from(length)
}

impl Pack {
    /// Stores a result, in place of the one that is there.
    pub(in crate::local) fn put(&self, root: &Root, call: &[u8; 16], content: &[u8]) -> io::Result<()> {
        let length = u16::try_from(content.len()).map_err(io::Error::other)?;
        self.lock.hold(root, &self.folder, || match self.put_once(root, call, content, length) {
            // It was damaged while it was open.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.remove_files(root)?;
                self.put_once(root, call, content, length)
            }
            other => other,
        })
    }

    fn put_once(&self, root: &Root, call: &[u8; 16], content: &[u8], length: u16) -> io::Result<()> {
        let mut open = self.to_write(root)?;
        let mut counters = open.index.counters()?;
        let mut probe = open.index.find(call)?;
        let crowded = counters.slots >= open.index.capacity() / 5 * 4;
        if probe.found.is_none() && (crowded || probe.free.is_none()) {
            match self.grow(root, &open, counters) {
                Ok(larger) => {
                    open = larger;
                    counters = open.index.counters()?;
                    probe = open.index.find(call)?;
                }
                // Where there is no room for a larger table, the last slots of this one have to do.
                Err(_) if probe.free.is_some() => {}
                Err(error) => return Err(error),
            }
        }
        let place = probe.found.map(|(place, _)| place).or(probe.free.map(|free| free.place));
        let place = place.ok_or_else(|| io::Error::other("a new index is full"))?;
        let (number, offset) = self.append(root, &open, &mut counters, &log::record(call, content))?;
        let slot = Slot { call: *call, log: number, offset, length, used: ticks(SystemTime::now()) };
        open.index.write(place, &slot)?;
        counters.live = counters.live.saturating_add(size(length));
        if let Some((_, before)) = probe.found {
            counters.live = counters.live.saturating_sub(size(before.length));
        } else {
            counters.results = counters.results.saturating_add(1);
            let reused = probe.free.is_some_and(|free| free.reused);
            counters.slots = counters.slots.saturating_add(u64::from(!reused));
        }
        self.clean_if_worth(root, &open, &mut counters)?;
        open.index.count(counters)
    }

    /// Removes results, those that `wanted` says when asked with when each was last used. Returns which were removed.
    pub(in crate::local) fn remove<'c>(
        &self,
        root: &Root,
        calls: impl Iterator<Item = &'c [u8; 16]>,
        wanted: impl Fn(usize, SystemTime) -> bool,
    ) -> io::Result<Vec<usize>> {
        match self.remove_those_left(root, calls, wanted) {
            // Somebody else cleared the folder just now.
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            removed => removed,
        }
    }

    fn remove_those_left<'c>(
        &self,
        root: &Root,
        calls: impl Iterator<Item = &'c [u8; 16]>,
        wanted: impl Fn(usize, SystemTime) -> bool,
    ) -> io::Result<Vec<usize>> {
        // Without an index there is nothing, and no lock's file is made.
        if self.find(root, &[0; 16])?.is_none() && self.opened(root)?.is_none() {
            return Ok(Vec::new());
        }
        self.lock.hold(root, &self.folder, || {
            let Some(open) = self.linked(root)? else { return Ok(Vec::new()) };
            let mut counters = open.index.counters()?;
            let calls: Vec<&[u8; 16]> = calls.collect();
            let wanted = |number: usize, slot: &Slot| wanted(number, super::index::time(slot.used));
            let many = calls.len() as u64 > open.index.capacity() / MANY;
            let at_once =
                if many { self.remove_many(root, &open, counters, &calls, wanted).ok() } else { None };
            let (open, removed) = if let Some((open, removed)) = at_once {
                counters = open.index.counters()?;
                (open, removed)
            } else {
                // Where there is no room for a new table, the results are removed in the old one.
                let removed = remove_few(&open.index, &mut counters, &calls, wanted)?;
                (open, removed)
            };
            self.clean_if_worth(root, &open, &mut counters)?;
            open.index.count(counters)?;
            Ok(removed)
        })
    }

    /// Removes results by writing a new table without them.
    fn remove_many(
        &self,
        root: &Root,
        open: &Open,
        counters: Counters,
        calls: &[&[u8; 16]],
        wanted: impl Fn(usize, &Slot) -> bool,
    ) -> io::Result<(Arc<Open>, Vec<usize>)> {
        let numbers: HashMap<&[u8; 16], usize> =
            calls.iter().enumerate().map(|(number, call)| (*call, number)).collect();
        let mut removed = Vec::new();
        let mut left = Vec::new();
        for slot in Slots::new(&*open.index) {
            let (_, slot) = slot?;
            match numbers.get(&slot.call) {
                Some(&number) if wanted(number, &slot) => removed.push(number),
                _ => left.push(slot),
            }
        }
        let live = left.iter().map(|slot| size(slot.length)).sum();
        let results = left.len() as u64;
        let counters = Counters { results, live, ..counters };
        let index = Index::create(root, &self.folder, results + 1, counters, left.into_iter().map(Ok))?;
        let open = Arc::new(Open::new(index));
        self.set_open(Some(Arc::clone(&open)));
        Ok((open, removed))
    }

    /// Removes all results and all files. Returns the digests and lengths of what there was.
    pub(in crate::local) fn clear(&self, root: &Root) -> io::Result<Vec<([u8; 16], u64)>> {
        // Without either there is nothing, and no lock's file is made.
        let exists = |name: &str| match root.stat(name) {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        };
        if !exists(&lock::name(&self.folder))? && !exists(&Index::name(&self.folder))? {
            return Ok(Vec::new());
        }
        self.lock.hold(root, &self.folder, || {
            let cleared = match self.linked(root) {
                Ok(Some(open)) => {
                    // What can't be read is removed all the same, and counted as long as the total is not made anew.
                    let slots = Slots::new(&*open.index).flatten();
                    slots.map(|(_, slot)| (slot.call, u64::from(slot.length))).collect()
                }
                _ => Vec::new(),
            };
            self.remove_files(root)?;
            // Those who wait for the lock see by this that it is another's now.
            root.remove(&lock::name(&self.folder))?;
            Ok(cleared)
        })
    }

    /// The index as it is now, if there is one.
    fn linked(&self, root: &Root) -> io::Result<Option<Arc<Open>>> {
        if let Some(open) = self.opened(root)? {
            if open.index.is_linked()? {
                return Ok(Some(open));
            }
            self.set_open(None);
        }
        self.opened(root)
    }

    /// The index as it is now, which is made if it is missing, and made anew if it is damaged.
    fn to_write(&self, root: &Root) -> io::Result<Arc<Open>> {
        let found = self.linked(root).and_then(|open| {
            if let Some(open) = &open {
                open.index.counters()?;
            }
            Ok(open)
        });
        match found {
            Ok(Some(open)) => return Ok(open),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => self.remove_files(root)?,
            Err(error) => return Err(error),
        }
        let counters = Counters { log: 1, ..Counters::default() };
        // What a log of that name holds was never in this index.
        let _ = root.remove_whatever(&log::name(&self.folder, 1));
        let index = Index::create(root, &self.folder, 0, counters, std::iter::empty())?;
        let open = Arc::new(Open::new(index));
        self.set_open(Some(Arc::clone(&open)));
        Ok(open)
    }

    fn remove_files(&self, root: &Root) -> io::Result<()> {
        self.set_open(None);
        match Index::remove(root, &self.folder) {
            Err(error) if !is_missing(&error) => return Err(error),
            _ => {}
        }
        for (number, _) in self.logs(root)? {
            root.remove_whatever(&log::name(&self.folder, number))?;
        }
        Ok(())
    }

    /// The logs' numbers and sizes.
    fn logs(&self, root: &Root) -> io::Result<Vec<(u32, u64)>> {
        let mut logs = Vec::new();
        for entry in root.list(&self.folder)? {
            let entry = entry?;
            if let Some(number) = log::number(&entry.name) {
                let found = root.stat(&log::name(&self.folder, number))?;
                logs.push((number, u64::try_from(found.st_size).unwrap_or(0)));
            }
        }
        Ok(logs)
    }

    /// A table with more room.
    fn grow(&self, root: &Root, open: &Open, counters: Counters) -> io::Result<Arc<Open>> {
        let (mut results, mut live) = (0, 0);
        for slot in Slots::new(&*open.index) {
            let (_, slot) = slot?;
            results += 1;
            live += size(slot.length);
        }
        let counters = Counters { results, live, ..counters };
        let slots = Slots::new(&*open.index).map(|slot| slot.map(|(_, slot)| slot));
        let index = Index::create(root, &self.folder, results + 1, counters, slots)?;
        let open = Arc::new(Open::new(index));
        self.set_open(Some(Arc::clone(&open)));
        Ok(open)
    }

    /// Appends a record to the last log, or to a new one. Returns where it is.
    fn append(
        &self,
        root: &Root,
        open: &Open,
        counters: &mut Counters,
        record: &[u8],
    ) -> io::Result<(u32, u32)> {
        loop {
            let log = open.log(root, &self.folder, counters.log, Access::Make)?;
            let end = log.metadata()?.len();
            if end > 0 && end + record.len() as u64 > log::LONGEST {
                counters.log += 1;
                open.index.count(*counters)?;
                continue;
            }
            if let Err(error) = log.write_all_at(record, end) {
                // A partial record is harmless, but takes up room.
                let _ = log.set_len(end);
                return Err(error);
            }
            counters.logs = counters.logs.saturating_add(record.len() as u64);
            return Ok((counters.log, end as u32));
        }
    }

    fn clean_if_worth(&self, root: &Root, open: &Open, counters: &mut Counters) -> io::Result<()> {
        if counters.logs > counters.live.saturating_add(counters.live / 4).saturating_add(SPARE) {
            // What can't be cleaned now is cleaned later.
            return match self.clean(root, open, counters) {
                Err(error) if error.kind() != io::ErrorKind::InvalidData => Ok(()),
                other => other,
            };
        }
        Ok(())
    }

    /// Gives back the room of removed records.
    fn clean(&self, root: &Root, open: &Open, counters: &mut Counters) -> io::Result<()> {
        let mut by_log: HashMap<u32, Vec<(u64, Slot)>> = HashMap::new();
        let (mut results, mut bytes) = (0, 0);
        for slot in Slots::new(&*open.index) {
            let (place, slot) = slot?;
            results += 1;
            bytes += size(slot.length);
            by_log.entry(slot.log).or_default().push((place, slot));
        }
        (counters.results, counters.live) = (results, bytes);
        let mut logs = self.logs(root)?;
        logs.sort_unstable();
        let last = logs.last().map_or(counters.log, |(number, _)| *number);
        counters.log = last.max(counters.log);
        let live = |number: u32| {
            let slots = by_log.get(&number).map(Vec::as_slice).unwrap_or_default();
            slots.iter().map(|(_, slot)| size(slot.length)).sum::<u64>()
        };
        if logs.iter().any(|&(number, bytes)| number == counters.log && live(number) < bytes / 4 * 3) {
            counters.log += 1;
        }
        counters.logs = logs.iter().map(|(_, bytes)| bytes).sum();
        open.index.count(*counters)?;
        for (number, bytes) in logs {
            if number == counters.log || live(number) >= bytes / 4 * 3 && live(number) > 0 {
                continue;
            }
            let slots = by_log.get(&number).map(Vec::as_slice).unwrap_or_default();
            if !slots.is_empty() {
                let log = open.log(root, &self.folder, number, Access::Write)?;
                for &(place, slot) in slots {
                    match log::read(&log, &slot) {
                        Ok(content) => {
                            let record = log::record(&slot.call, &content);
                            let (log, offset) = self.append(root, open, counters, &record)?;
                            open.index.write(place, &Slot { log, offset, ..slot })?;
                        }
                        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                            open.index.write(place, &slot.removed())?;
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
            root.remove(&log::name(&self.folder, number))?;
            open.forget(number);
            counters.logs = counters.logs.saturating_sub(bytes);
        }
        open.index.count(*counters)
    }
}
