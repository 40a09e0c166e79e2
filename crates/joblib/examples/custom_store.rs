//! A store of one's own: it keeps results as a built-in store does, and counts what is asked of it.
//!
//! ```sh
//! cargo run -p joblib --example custom_store
//! ```
//!
//! A store that keeps bytes elsewhere (a database, an object store) implements the same methods; this one passes them on.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use joblib::prelude::*;
use joblib::register_store_backend;
use joblib::store::{
    Blob, Claim, CostOf, Error, Item, Key, Limits, Local, Reduced, Scope, Store, StoreOptions, WriteBytes,
};

static READS: AtomicUsize = AtomicUsize::new(0);
static CLAIMS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Counting {
    inner: Local,
}

impl Counting {
    fn open(options: &StoreOptions) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(Self { inner: Local::open(options)? }))
    }
}

impl Store for Counting {
    fn backend(&self) -> &'static str {
        "counting"
    }

    fn location(&self) -> &str {
        self.inner.location()
    }

    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        let blob = self.inner.get(key)?;
        if blob.is_some() {
            READS.fetch_add(1, Ordering::Relaxed);
        }
        Ok(blob)
    }

    fn contains(&self, key: &Key) -> Result<bool, Error> {
        self.inner.contains(key)
    }

    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        let claim = self.inner.claim(key)?;
        if matches!(claim, Claim::Mine(_)) {
            CLAIMS.fetch_add(1, Ordering::Relaxed);
        }
        Ok(claim)
    }

    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error> {
        self.inner.put(key, write)
    }

    fn remove(&self, key: &Key) -> Result<bool, Error> {
        self.inner.remove(key)
    }

    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error> {
        self.inner.clear(scope)
    }

    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        self.inner.visit(visit)
    }

    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.reduce(limits, cost)
    }

    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.inner.tidy(key, limits, cost)
    }

    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        self.inner.was_evicted(key)
    }
}

#[cached]
fn cube(x: i64) -> i64 {
    x * x * x
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    register_store_backend("counting", Counting::open)?;
    Memory::with_backend("counting", folder.path())?.install()?;

    let cubes: Vec<i64> = (0..10).chain(0..10).map(cube).collect();
    assert_eq!(cubes[13], 27);
    println!("{} calls", cubes.len());
    println!("{} results claimed to be computed", CLAIMS.load(Ordering::Relaxed));
    println!("{} results read", READS.load(Ordering::Relaxed));

    // The store knows what it keeps.
    let mut kept = 0;
    Counting::open(&StoreOptions::new(folder.path()))?.visit(&mut |_| {
        kept += 1;
        ControlFlow::Continue(())
    })?;
    println!("{kept} results kept");
    Ok(())
}
