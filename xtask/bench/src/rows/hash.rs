//! Content hashes: one large array, large maps, and a small value.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use joblib_hash::{Algorithm, hash, hash_with};
use serde::Serialize;

use crate::limits;
use crate::measure::seconds;
use crate::row::{Bar, Row, Sides, Unit};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        // Each side with its default: BLAKE3 here, MD5 there.
        array("hash.array", Algorithm::Blake3).bar(Bar::AtLeast(14.0)),
        // Beside joblib's default; at 60 % of the speed of reading memory, or more.
        array("hash.array.xxh3", Algorithm::Xxh3).bar(Bar::AtLeast(12.0)).bar(Bar::OfLimit(1.0 / 0.6)),
        array("hash.array.sha1", Algorithm::Sha1),
        Row::new("hash.small", Unit::Microseconds, |_| {
            let small = (1, "two", 3.0, [4, 5, 6], BTreeMap::from([("seven", 8)]));
            Ok(Sides::new(move || Ok(1e6 * seconds(2000, || Ok(hash(&small)?))?)))
        })
        .bar(Bar::AtMost(1.0 / 30.0)),
        map("hash.map.u64", |i| i).bar(Bar::Under(8.0)),
        map("hash.map.string", |i| format!("key-{i}")).bar(Bar::Under(12.0)),
    ]
}

/// A map of 100,000 floats.
fn map<K: Eq + Hash + Serialize + 'static>(name: &str, key: fn(u64) -> K) -> Row {
    Row::new(name, Unit::Milliseconds, move |_| {
        let map: HashMap<K, f64> = (0..100_000).map(|i| (key(i), i as f64)).collect();
        Ok(Sides::new(move || Ok(1e3 * seconds(5, || Ok(hash(&map)?))?)))
    })
}

fn array(name: &str, algorithm: Algorithm) -> Row {
    Row::new(name, Unit::GigabytesPerSecond, move |data| {
        let big = data.big()?;
        // All but one number: a whole array keeps its digest, a part of one is read each time.
        let part = big.rows(1..big.len());
        let gigabytes = part.nbytes() as f64 / 1e9;
        Ok(Sides::new(move || Ok(gigabytes / seconds(1, || Ok(hash_with(algorithm, &part)?))?))
            .limit(move || Ok(gigabytes / seconds(1, || Ok(limits::read_memory(big.as_slice())))?)))
    })
}
