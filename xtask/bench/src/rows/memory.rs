//! Calls of a cached function: hits and misses, small and large, alone and among many, beside `cached`'s disk store.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use cached::{ConcurrentCached as _, RedbCache};
use joblib_array::ndarray::ArrayD;
use joblib_array::{Array, MmapMode};
use joblib_memory::{Limits, MemorizedFunc, Memory};
use serde::Serialize;

use crate::data::Data;
use crate::limits;
use crate::measure::seconds;
use crate::row::{Bar, Peer, Row, Sides, Unit};
use crate::{Error, Result};

pub(crate) fn rows() -> Vec<Row> {
    vec![
        hit_tiny().bar(Bar::AtMost(0.1)).bar(Bar::OfLimit(1.3)),
        miss_tiny().bar(Bar::AtMost(1.0 / 1.8)).bar(Bar::OfLimit(1.7)),
        record_of_a_hit().bar(Bar::Under(2.0)),
        hit_8mb("memory.hit.8MB", None).bar(Bar::AtMost(1.0 / 1.5)),
        hit_8mb("memory.hit.8MB.mmap", Some(MmapMode::Read)).bar(Bar::AtMost(1.0 / 6.0)),
        hit_80mb_argument("memory.hit.80MB_argument", false).bar(Bar::AtMost(1.0 / 12.0)),
        hit_80mb_argument("memory.hit.80MB_argument.written", true).bar(Bar::AtMost(1.0 / 12.0)),
        hit_beside_an_array("memory.hit.vec", vec_len, |numbers: &Array<f64>| numbers.to_vec())
            .bar(Bar::AtMost(1.2)),
        hit_beside_an_array("memory.hit.ndarray", matrix_len, |numbers: &Array<f64>| {
            numbers.view().to_owned()
        })
        .bar(Bar::AtMost(1.2)),
        sqlite_hit().bar(Bar::AtMost(1.0 / 4.0)),
        sqlite_miss().bar(Bar::AtMost(1.0 / 3.0)),
        hit_among_many().bar(Bar::AtMost(1.3)),
        miss_within_a_limit().bar(Bar::AtMost(1.2)),
        cached_hit(),
        cached_miss(),
    ]
}

/// The points of a curve: a hit among this many results of one function.
pub(crate) fn entries(count: u64) -> Row {
    Row::new(format!("growth.entries.{count}"), Unit::Microseconds, move |data| {
        let memory = filled(data, count)?;
        Ok(Sides::new(move || hit(&memory)))
    })
}

/// The name of a point of a curve, of caches in folders unless it says otherwise.
fn growth(backend: &str, curve: &str, count: u64) -> String {
    let backend = if backend == FOLDER { String::new() } else { format!("{backend}.") };
    format!("growth.{backend}{curve}.{count}")
}

/// The same where no peer would follow: beside a hit among ten.
pub(crate) fn many_entries(backend: &'static str, count: u64) -> Row {
    Row::new(growth(backend, "entries", count), Unit::Microseconds, move |data| {
        let (many, few) = (filled_in(data, backend, count)?, filled_in(data, backend, 10)?);
        Ok(Sides::new(move || hit(&many)).peer(move || hit(&few)))
    })
    .against(Peer::Named("among 10"))
}

/// `items()` of so many results.
pub(crate) fn items(backend: &'static str, count: u64) -> Row {
    Row::new(growth(backend, "items", count), Unit::Milliseconds, move |data| {
        let memory = filled_in(data, backend, count)?;
        Ok(Sides::new(move || {
            let mut found = 0;
            let time = seconds(1, || {
                found = memory.items()?.len() as u64;
                Ok(())
            })?;
            if found == count { Ok(1e3 * time) } else { Err(format!("{found} of {count} results").into()) }
        }))
    })
    .against(Peer::Nobody)
}

/// `reduce_size` of so many results to half of them.
pub(crate) fn reduce_size(backend: &'static str, count: u64) -> Row {
    Row::new(growth(backend, "reduce_size", count), Unit::Milliseconds, move |data| {
        drop(filled_in(data, backend, count)?);
        let (whole, mut number) = (data.path(&filled_name(backend, count)), 0);
        let limits = Limits::default().items_limit(count / 2);
        Ok(Sides::new(move || {
            number += 1;
            let copy = data.path(&format!("reduced-{backend}-{number}"));
            copy_folder(&whole, &copy)?;
            let memory = Memory::with_backend(backend, &copy)?;
            let time = seconds(1, || Ok(memory.reduce_size(&limits)?))?;
            drop(memory);
            fs::remove_dir_all(copy)?;
            Ok(1e3 * time)
        }))
    })
    .against(Peer::Nobody)
}

fn copy_folder(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// The backend of caches in folders.
pub(crate) const FOLDER: &str = "local";

fn identity(i: u64) -> u64 {
    i
}

fn ones(count: usize) -> Array<f64> {
    Array::from_fn(&[count], |_| 1.0)
}

fn size(numbers: &Array<f64>) -> usize {
    numbers.len()
}

/// A cache in a folder of its own.
fn memory(data: &Data, name: &str) -> Result<Memory> {
    Ok(Memory::new(data.path(name))?)
}

/// A cache that holds `count` results of [`identity`].
pub(super) fn filled(data: &Data, count: u64) -> Result<Memory> {
    filled_in(data, FOLDER, count)
}

fn filled_name(backend: &str, count: u64) -> String {
    format!("entries-{backend}-{count}")
}

/// The same in a store of this backend.
fn filled_in(data: &Data, backend: &str, count: u64) -> Result<Memory> {
    let path = data.path(&filled_name(backend, count));
    let is_filled = path.exists();
    let memory = Memory::with_backend(backend, path)?;
    let cached = tiny(&memory);
    if is_filled {
        return Ok(memory);
    }
    for i in 0..count {
        cached.eval((i,));
    }
    Ok(memory)
}

/// The function that most rows call.
fn tiny(memory: &Memory) -> MemorizedFunc<fn(u64) -> u64> {
    memory.cache("identity", identity)
}

/// A hit, in microseconds.
fn hit(memory: &Memory) -> Result<f64> {
    let cached = tiny(memory);
    Ok(1e6 * seconds(200, || Ok(cached.eval((1,))))?)
}

/// Misses, in microseconds: arguments that were never seen.
fn miss(memory: &Memory, next: &RefCell<u64>) -> Result<f64> {
    let cached = tiny(memory);
    let argument = || {
        *next.borrow_mut() += 1;
        *next.borrow()
    };
    Ok(1e6 * seconds(60, || Ok(cached.eval((argument(),))))?)
}

/// The bytes of a stored result.
fn stored_bytes(memory: &Memory) -> Result<Vec<u8>> {
    let items = memory.items()?;
    let (item, _) = items.first().ok_or("nothing is stored")?;
    Ok(vec![7; item.bytes as usize])
}

fn hit_tiny() -> Row {
    Row::new("memory.hit.tiny", Unit::Microseconds, |data| {
        let memory = filled(data, 10)?;
        let path = data.path("hit.plain");
        fs::write(&path, stored_bytes(&memory)?)?;
        Ok(Sides::new(move || hit(&memory))
            .limit(move || Ok(1e6 * seconds(200, || limits::read_small(&path))?)))
    })
}

/// What the record of a run adds to a hit.
fn record_of_a_hit() -> Row {
    Row::new("memory.hit.record", Unit::Microseconds, |data| {
        let plain = filled(data, 10)?;
        let mut number = 0;
        Ok(Sides::new(move || {
            // A record of its own for each sample: a full one would cost nothing.
            number += 1;
            let recorded = memory(data, &format!("hit-record-{number}"))?.record(true);
            hit(&recorded)?;
            let (mut with, mut without) = (f64::INFINITY, f64::INFINITY);
            for _ in 0..5 {
                with = with.min(hit(&recorded)?);
                without = without.min(hit(&plain)?);
            }
            Ok(with - without)
        }))
    })
    .against(Peer::Nobody)
}

fn miss_tiny() -> Row {
    Row::new("memory.miss.tiny", Unit::Microseconds, |data| {
        let memory = filled(data, 10)?;
        let bytes = stored_bytes(&memory)?;
        let next = RefCell::new(1_000_000);
        let folder = data.path("miss-plain");
        fs::create_dir_all(&folder)?;
        let mut plain = (0..).map(move |i| folder.join(format!("{i}.plain")));
        Ok(Sides::new(move || miss(&memory, &next)).limit(move || {
            Ok(1e6 * seconds(60, || limits::replace(&plain.next().ok_or("names without end")?, &bytes))?)
        }))
    })
}

/// A cache in one sqlite file.
fn sqlite(data: &Data, name: &str) -> Result<Memory> {
    Ok(Memory::with_backend("sqlite", data.path(name))?)
}

fn sqlite_hit() -> Row {
    Row::new("memory.sqlite.hit", Unit::Microseconds, |data| {
        let memory = sqlite(data, "sqlite-hit")?;
        tiny(&memory).eval((1,));
        Ok(Sides::new(move || hit(&memory)))
    })
}

fn sqlite_miss() -> Row {
    Row::new("memory.sqlite.miss", Unit::Microseconds, |data| {
        let memory = sqlite(data, "sqlite-miss")?;
        let next = RefCell::new(0);
        Ok(Sides::new(move || miss(&memory, &next)))
    })
}

fn hit_8mb(name: &str, mode: Option<MmapMode>) -> Row {
    Row::new(name, Unit::Microseconds, move |data| {
        const NUMBERS: usize = 1_000_000;
        let mut cached = memory(data, "ones")?.cache("ones", ones);
        if let Some(mode) = mode {
            cached = cached.mmap_mode(mode);
        }
        cached.eval((NUMBERS,));
        let path = data.path("ones.plain");
        fs::write(&path, vec![7; NUMBERS * size_of::<f64>()])?;
        Ok(Sides::new(move || Ok(1e6 * seconds(20, || Ok(cached.eval((NUMBERS,))))?)).limit(
            move || match mode {
                Some(_) => Ok(1e6 * seconds(20, || limits::map(&path))?),
                None => Ok(1e6 * seconds(20, || limits::read(&path, NUMBERS * size_of::<f64>()))?),
            },
        ))
    })
}

/// With `writes`, the array is written before each call, so that the digest which it keeps does not answer.
fn hit_80mb_argument(name: &str, writes: bool) -> Row {
    Row::new(name, Unit::Microseconds, move |data| {
        let mut numbers = Array::from_slice(&data.big()?.as_slice()[..10_000_000], &[10_000_000])?;
        let array = numbers.clone();
        let cached = memory(data, "size")?.cache("size", size);
        cached.eval((&numbers,));
        let sides = Sides::new(move || {
            if writes {
                let first = &mut numbers.make_mut()[0];
                *first = std::hint::black_box(*first);
            }
            Ok(1e6 * seconds(1, || Ok(cached.eval((&numbers,))))?)
        });
        let read = move || Ok(1e6 * seconds(1, || Ok(limits::read_memory(array.as_slice())))?);
        Ok(if writes { sides.limit(read) } else { sides })
    })
}

#[allow(clippy::ptr_arg, reason = "the argument is the vector")]
fn vec_len(numbers: &Vec<f64>) -> usize {
    numbers.len()
}

fn matrix_len(numbers: &ArrayD<f64>) -> usize {
    numbers.len()
}

/// A hit with an argument of 80 MB that is another type of numbers, beside an array that is read as it is: one whose hash
/// is not kept.
fn hit_beside_an_array<A: Serialize + 'static>(
    name: &str,
    function: fn(&A) -> usize,
    other: fn(&Array<f64>) -> A,
) -> Row {
    Row::new(name, Unit::Milliseconds, move |data| {
        let numbers = data.big()?.rows(0..10_000_000);
        let other = other(&numbers);
        let memory = memory(data, "beside")?;
        let (of_other, of_array) = (memory.cache("other", function), memory.cache("size", size));
        of_other.eval((&other,));
        of_array.eval((&numbers,));
        let ours = move || Ok(1e3 * seconds(1, || Ok(of_other.eval((&other,))))?);
        let peer = move || Ok(1e3 * seconds(1, || Ok(of_array.eval((&numbers,))))?);
        Ok(Sides::new(ours).peer(peer))
    })
    .against(Peer::Named("an Array"))
}

fn hit_among_many() -> Row {
    Row::new("memory.hit.among_200k", Unit::Microseconds, |data| {
        let many = filled(data, data.scale.entries)?;
        let few = filled(data, 10)?;
        Ok(Sides::new(move || hit(&many)).peer(move || hit(&few)))
    })
    .against(Peer::Named("among 10"))
}

fn miss_within_a_limit() -> Row {
    Row::new("memory.miss.limited", Unit::Microseconds, |data| {
        let limited = memory(data, "limited")?.items_limit(500);
        let free = memory(data, "free")?;
        let (ours, theirs) = (RefCell::new(0), RefCell::new(0));
        Ok(Sides::new(move || miss(&limited, &ours)).peer(move || miss(&free, &theirs)))
    })
    .against(Peer::Named("no limit"))
}

/// The disk store of `cached`, as it comes.
fn redb(data: &Data, name: &str) -> Result<RedbCache<u64, u64>> {
    RedbCache::builder(name).disk_dir(data.folder()).build().map_err(|e| Error::from(e.to_string()))
}

fn cached_hit() -> Row {
    Row::new("memory.cached.hit", Unit::Microseconds, |data| {
        let memory = filled(data, 10)?;
        let store = redb(data, "cached-hit")?;
        store.cache_set(1, 1).map_err(|e| e.to_string())?;
        Ok(Sides::new(move || hit(&memory))
            .peer(move || Ok(1e6 * seconds(200, || Ok(store.cache_get(&1).map_err(|e| e.to_string())?))?)))
    })
    .against(Peer::Named("cached"))
}

fn cached_miss() -> Row {
    Row::new("memory.cached.miss", Unit::Microseconds, |data| {
        let memory = memory(data, "beside-cached")?;
        let (next, mut key) = (RefCell::new(0), 0);
        let store = redb(data, "cached-miss")?;
        Ok(Sides::new(move || miss(&memory, &next)).peer(move || {
            Ok(1e6
                * seconds(60, || {
                    key += 1;
                    if store.cache_get(&key).map_err(|e| e.to_string())?.is_none() {
                        store.cache_set(key, key).map_err(|e| e.to_string())?;
                    }
                    Ok(())
                })?)
        }))
    })
    .against(Peer::Named("cached"))
}
