//! Content hashes: one large array, and a small value.

use std::collections::BTreeMap;

use joblib_hash::{Algorithm, hash, hash_with};

use crate::limits;
use crate::measure::seconds;
use crate::row::{Bar, Row, Sides, Unit};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        // Each side with its default: BLAKE3 here, MD5 there.
        array("hash.array", Algorithm::Blake3).bar(Bar::AtLeast(14.0)),
        array("hash.array.sha1", Algorithm::Sha1),
        Row::new("hash.small", Unit::Microseconds, |_| {
            let small = (1, "two", 3.0, [4, 5, 6], BTreeMap::from([("seven", 8)]));
            Ok(Sides::new(move || Ok(1e6 * seconds(2000, || Ok(hash(&small)?))?)))
        })
        .bar(Bar::AtMost(1.0 / 30.0)),
    ]
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
