//! Content hashes: one large array, large maps, and a small value.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use joblib_array::Array;
use joblib_hash::{Algorithm, Digest, hash, hash_with};
use serde::Serialize;

use crate::measure::seconds;
use crate::row::{Bar, Peer, Row, Sides, Unit};
use crate::{Result, limits};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        // Each side with its default: BLAKE3 here, MD5 there.
        array("hash.array", Algorithm::Blake3).bar(Bar::AtLeast(14.0)).bar(Bar::OfLimit(1.25)),
        // Beside joblib's default; at 60 % of the speed of reading memory, or more.
        array("hash.array.xxh3", Algorithm::Xxh3).bar(Bar::AtLeast(12.0)).bar(Bar::OfLimit(1.0 / 0.6)),
        array("hash.array.sha1", Algorithm::Sha1),
        beside_an_array("hash.slice", |numbers| {
            let numbers = numbers.to_vec();
            move || Ok(hash(&numbers[..])?)
        })
        .bar(Bar::AtLeast(0.9)),
        beside_an_array("hash.ndarray", |numbers| {
            let numbers = numbers.view().to_owned();
            move || Ok(hash(&numbers)?)
        })
        .bar(Bar::AtLeast(0.9)),
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
        // BLAKE3's limit is its own crate, on all cores too.
        let limit = move || match algorithm {
            Algorithm::Blake3 => Ok(gigabytes / seconds(1, || Ok(blake3_of(big.buffer().as_bytes())))?),
            _ => Ok(gigabytes / seconds(1, || Ok(limits::read_memory(big.as_slice())))?),
        };
        Ok(Sides::new(move || Ok(gigabytes / seconds(1, || Ok(hash_with(algorithm, &part)?))?)).limit(limit))
    })
}

fn blake3_of(bytes: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update_rayon(bytes);
    hasher.finalize()
}

/// The numbers of an array in another type, beside the array.
fn beside_an_array<H>(name: &str, other: fn(&Array<f64>) -> H) -> Row
where
    H: Fn() -> Result<Digest> + 'static,
{
    Row::new(name, Unit::GigabytesPerSecond, move |data| {
        let big = data.big()?;
        // A whole array keeps its digest.
        let part = big.rows(1..big.len());
        let gigabytes = part.nbytes() as f64 / 1e9;
        let other = other(&part);
        Ok(Sides::new(move || Ok(gigabytes / seconds(1, &other)?))
            .peer(move || Ok(gigabytes / seconds(1, || Ok(hash(&part)?))?)))
    })
    .against(Peer::Named("an Array"))
}
