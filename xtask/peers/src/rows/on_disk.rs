//! Hits of a function whose results are in files: nothing of ours is kept in memory.

use std::path::Path;

use cached::{ConcurrentCached as _, RedbCache};
use foyer::{
    BlockEngineConfig, DeviceBuilder as _, FsDeviceBuilder, HybridCache, HybridCacheBuilder,
    HybridCachePolicy, Load,
};
use joblib::Memory;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::measure::{Row, Sides, microseconds};
use crate::{Error, Result};

/// Of a result of 1 MB.
pub(crate) const NUMBERS: usize = 131_072;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        tiny("cached", |folder| redb(folder, 7_u64)),
        tiny("cacache", |folder| cacache(folder, &7_u64.to_le_bytes())),
        tiny("foyer", |folder| hybrid(folder, vec![7; 8])),
        vector("cached", |folder| redb(folder, numbers(NUMBERS))),
        vector("cacache", |folder| cacache(folder, &bytes())),
        vector("foyer", |folder| hybrid(folder, bytes())),
    ]
}

pub(crate) fn numbers(len: usize) -> Vec<f64> {
    (0..len).map(|i| i as f64).collect()
}

/// The bytes of the result of 1 MB.
fn bytes() -> Vec<u8> {
    numbers(NUMBERS).iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn identity(i: u64) -> u64 {
    i
}

/// Reads the entry.
type Read = Box<dyn FnMut() -> Result>;

fn tiny(peer: &str, open: fn(&Path) -> Result<Read>) -> Row {
    const CALLS: u32 = 200;
    Row::new(format!("disk.tiny.{peer}"), "us", move |folder| {
        let ours = Memory::new(folder.join("ours"))?.cache("identity", identity);
        ours.eval((7,));
        let mut theirs = open(folder)?;
        Ok(Sides::new(
            move || microseconds(CALLS, || Ok(ours.eval((7,)))),
            move || microseconds(CALLS, &mut theirs),
        ))
    })
}

fn vector(peer: &str, open: fn(&Path) -> Result<Read>) -> Row {
    const CALLS: u32 = 20;
    Row::new(format!("disk.1MB.{peer}"), "us", move |folder| {
        let ours = Memory::new(folder.join("ours"))?.cache("numbers", numbers);
        ours.eval((NUMBERS,));
        let mut theirs = open(folder)?;
        Ok(Sides::new(
            move || microseconds(CALLS, || Ok(ours.eval((NUMBERS,)))),
            move || microseconds(CALLS, &mut theirs),
        ))
    })
}

/// The disk store of `cached`, which keeps the pages of its file in memory.
fn redb<V: Serialize + DeserializeOwned + 'static>(folder: &Path, value: V) -> Result<Read> {
    let error = |e: &dyn std::fmt::Display| Error::from(e.to_string());
    let store: RedbCache<u64, V> =
        RedbCache::builder("peers").disk_dir(folder).build().map_err(|e| error(&e))?;
    store.cache_set(7, value).map_err(|e| error(&e))?;
    Ok(Box::new(move || store.cache_get(&7).map_err(|e| error(&e))?.map(drop).ok_or_else(missing)))
}

/// It gives bytes, whose digest it checks at each read.
fn cacache(folder: &Path, bytes: &[u8]) -> Result<Read> {
    let folder = folder.join("cacache");
    cacache::write_sync(&folder, "7", bytes)?;
    Ok(Box::new(move || Ok(drop(cacache::read_sync(&folder, "7")?))))
}

/// The disk tier of `foyer`'s hybrid cache, asked directly: its memory tier would answer.
fn hybrid(folder: &Path, bytes: Vec<u8>) -> Result<Read> {
    let runtime = Runtime::new()?;
    let cache: HybridCache<u64, Vec<u8>> = runtime.block_on(async {
        let device = FsDeviceBuilder::new(folder.join("foyer")).with_capacity(64 << 20).build()?;
        let cache = HybridCacheBuilder::new()
            .with_policy(HybridCachePolicy::WriteOnInsertion)
            .memory(1)
            .storage()
            .with_engine_config(BlockEngineConfig::new(device))
            .build()
            .await?;
        cache.insert(7, bytes);
        cache.storage().wait().await;
        Ok::<_, Error>(cache)
    })?;
    Ok(Box::new(move || match runtime.block_on(cache.storage().load(&7))? {
        Load::Entry { .. } => Ok(()),
        _ => Err(missing()),
    }))
}

fn missing() -> Error {
    "the peer's entry is missing".into()
}
