//! The entries of a map or a set, collected in any order and given back sorted.

use crate::stream::Stream;

/// The entries so far, and the stream that goes on behind them.
pub(crate) struct Entries {
    pub(crate) outer: Stream,
    /// Where each entry ends in the buffer of the encoder's stream.
    pub(crate) ends: Vec<usize>,
}

/// The entries one behind the other, in ascending order of their bytes. None is empty.
///
/// An entry begins with a byte that decides its length, so those with one first byte are of one length, and what they all
/// begin with decides nothing. Most are told apart by the eight bytes behind that, which are sorted by their digits: only
/// those in which the keys differ.
pub(crate) fn sorted(bytes: &[u8], ends: &[usize]) -> Vec<u8> {
    /// Fewer entries are compared, which takes less than to make the groups.
    const FEW: usize = 64;

    if ends.len() < FEW {
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut entries: Vec<&[u8]> = starts.zip(ends).map(|(start, &end)| &bytes[start..end]).collect();
        entries.sort_unstable();
        return entries.concat();
    }
    let mut sorted = Vec::with_capacity(bytes.len());
    let mut spare = Vec::new();
    for mut group in groups(bytes, ends) {
        sort(bytes, &mut group, &mut spare);
        for key in &group.keys {
            sorted.extend_from_slice(&bytes[key.start..key.start + group.len]);
        }
    }
    sorted
}

/// Entries with the same first byte.
#[derive(Default)]
struct Group {
    /// The length of each.
    len: usize,
    /// How many bytes they all have in common, from the first on.
    common: usize,
    keys: Vec<Key>,
}

/// Where an entry starts, and eight of its bytes, big-endian.
#[derive(Clone, Copy, Default)]
struct Key {
    prefix: u64,
    start: usize,
}

fn groups(bytes: &[u8], ends: &[usize]) -> impl Iterator<Item = Group> {
    let mut counts = [0_usize; 256];
    let mut groups: Vec<Group> = (0..=u8::MAX).map(|_| Group::default()).collect();
    let starts = || std::iter::once(0).chain(ends.iter().copied()).zip(ends);
    starts().for_each(|(start, _)| counts[usize::from(bytes[start])] += 1);
    for (start, &end) in starts() {
        let first = usize::from(bytes[start]);
        let group = &mut groups[first];
        let entry = &bytes[start..end];
        match group.keys.first() {
            None => {
                group.keys.reserve_exact(counts[first]);
                (group.len, group.common) = (entry.len(), entry.len());
            }
            Some(key) => {
                let common = &bytes[key.start..key.start + group.common];
                if !entry.starts_with(common) {
                    group.common = common.iter().zip(entry).take_while(|(a, b)| a == b).count();
                }
            }
        }
        group.keys.push(Key { prefix: 0, start });
    }
    groups.into_iter().filter(|group| !group.keys.is_empty())
}

fn sort(bytes: &[u8], group: &mut Group, spare: &mut Vec<Key>) {
    let rest = group.len - group.common;
    for key in &mut group.keys {
        let at = key.start + group.common;
        key.prefix = match bytes[at..at + rest].first_chunk() {
            Some(prefix) => u64::from_be_bytes(*prefix),
            None => bytes[at..at + rest].iter().fold(0, |prefix, byte| (prefix << 8) | u64::from(*byte)),
        };
    }
    sort_by_prefix(&mut group.keys, spare);
    if rest > 8 {
        let tail = |key: &Key| &bytes[key.start + group.common + 8..key.start + group.len];
        for equal in group.keys.chunk_by_mut(|a, b| a.prefix == b.prefix) {
            if equal.len() > 1 {
                equal.sort_unstable_by(|a, b| tail(a).cmp(tail(b)));
            }
        }
    }
}

/// Sorts by one byte of the prefixes after the other, from the lowest on. What the last did is kept among equals.
fn sort_by_prefix(keys: &mut Vec<Key>, spare: &mut Vec<Key>) {
    /// Fewer keys are sorted by comparing them.
    const FEW: usize = 512;

    if keys.len() < FEW {
        keys.sort_unstable_by_key(|key| key.prefix);
        return;
    }
    let first = keys[0].prefix;
    let differences = keys.iter().fold(0, |bits, key| bits | (key.prefix ^ first));
    spare.clear();
    spare.resize(keys.len(), Key::default());
    for shift in (0..64).step_by(8).filter(|shift| (differences >> shift) & 0xff != 0) {
        let digit = |key: &Key| (key.prefix >> shift) as usize & 0xff;
        let mut places = [0_usize; 256];
        for key in keys.iter() {
            places[digit(key)] += 1;
        }
        let mut place = 0;
        for count in &mut places {
            place += std::mem::replace(count, place);
        }
        for key in keys.iter() {
            let place = &mut places[digit(key)];
            spare[*place] = *key;
            *place += 1;
        }
        std::mem::swap(keys, spare);
    }
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn entries_of_any_number_are_in_the_order_of_their_bytes() {
        let mut state = 1_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        for count in [0, 1, 2, 63, 64, 65, 600, 3000] {
            // The first byte decides the length.
            let mut entry = |_| {
                let first = random() % 20;
                std::iter::once(first).chain((0..first).map(|_| random() % 3)).collect()
            };
            let mut entries: Vec<Vec<u8>> = (0..count).map(&mut entry).collect();
            let ends = entries.iter().scan(0, |end, entry| {
                *end += entry.len();
                Some(*end)
            });
            let ends: Vec<usize> = ends.collect();
            let found = sorted(&entries.concat(), &ends);
            entries.sort();
            assert_eq!(found, entries.concat(), "{count}");
        }
    }
}
