//! Counters of what the cache did for this process.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use joblib_store::TierFigures;

use crate::report::Readable;

/// What the cache did since the process started.
///
/// ```
/// use joblib_memory::{Memory, Stats};
///
/// let memory = Memory::with_backend("in_memory", "counted in all")?;
/// for x in [1.0, 2.0, 1.0] {
///     memory.eval("half", |x: f64| x / 2.0, (x,));
/// }
/// let Stats { hits, misses, .. } = memory.stats();
/// assert_eq!((hits, misses), (1, 2));
/// assert_eq!(Stats::default().to_string(), "0 hits, 0 misses, 0 µs saved, 0 bytes written");
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls answered from the cache.
    pub hits: u64,
    /// Those of them that were answered from the memory of this process, without asking the store.
    pub hits_in_memory: u64,
    /// Calls computed.
    pub misses: u64,
    /// What computing again would have taken, less what reading took.
    pub time_saved: Duration,
    /// Bytes of results stored.
    pub bytes_written: u64,
    /// The same per function, by name.
    pub functions: Vec<FunctionStats>,
    /// What each tier of the store did, the nearest first, if there are [shared](crate::Memory::shared) caches.
    pub tiers: Vec<TierFigures>,
}

/// What the cache did for one function since the process started.
///
/// ```
/// use joblib_memory::{FunctionStats, Memory};
///
/// let memory = Memory::with_backend("in_memory", "counted")?;
/// memory.eval("half", |x: f64| x / 2.0, (3.0,));
/// let functions: Vec<FunctionStats> = memory.stats().functions;
/// assert_eq!((functions[0].function.as_str(), functions[0].misses), ("half", 1));
/// # Ok::<(), joblib_memory::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct FunctionStats {
    /// The function's whole name.
    pub function: String,
    /// Calls answered from the cache.
    pub hits: u64,
    /// Those of them that were answered from the memory of this process, without asking the store.
    pub hits_in_memory: u64,
    /// Calls computed.
    pub misses: u64,
    /// What computing again would have taken, less what reading took.
    pub time_saved: Duration,
    /// Bytes of results stored.
    pub bytes_written: u64,
}

/// Writes one line with the totals, then one for each tier and each function.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, misses, time_saved, bytes_written, functions, tiers, .. } = self;
        write!(f, "{}", Counts(*hits, *misses, *time_saved, *bytes_written))?;
        for tier in tiers {
            let TierFigures { location, hits, misses, uploaded, failures, .. } = tier;
            let (hits, misses) = (Counted(*hits, "hit", "hits"), Counted(*misses, "miss", "misses"));
            write!(f, "\n{location}: {hits}, {misses}")?;
            if *uploaded > 0 {
                write!(f, ", {uploaded} uploaded")?;
            }
            if *failures > 0 {
                write!(f, ", {}", Counted(*failures, "failure", "failures"))?;
            }
        }
        functions.iter().try_for_each(|function| write!(f, "\n{function}"))
    }
}

impl fmt::Display for FunctionStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, hits, misses, time_saved, bytes_written, .. } = self;
        write!(f, "{function}: {}", Counts(*hits, *misses, *time_saved, *bytes_written))
    }
}

/// Hits, misses, time saved and bytes written.
struct Counts(u64, u64, Duration, u64);

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(hits, misses, saved, bytes) = *self;
        let (hits, misses) = (Counted(hits, "hit", "hits"), Counted(misses, "miss", "misses"));
        write!(f, "{hits}, {misses}, {} saved, {} written", Readable(saved), Counted(bytes, "byte", "bytes"))
    }
}

/// A number and what it counts: one of it, and more.
struct Counted(u64, &'static str, &'static str);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, one, more) = *self;
        write!(f, "{number} {}", if number == 1 { one } else { more })
    }
}

impl FunctionStats {
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        self.hits += other.hits;
        self.hits_in_memory += other.hits_in_memory;
        self.misses += other.misses;
        self.time_saved += other.time_saved;
        self.bytes_written += other.bytes_written;
        true
    }
}

/// Counters of hits are several, each of some threads: one would be passed on between the cores with each hit.
const STRIPES: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Counters {
    hits: [Hits; STRIPES],
    misses: AtomicU64,
    bytes: AtomicU64,
}

/// The hits of some threads, in cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Hits {
    all: AtomicU64,
    in_memory: AtomicU64,
    computing: AtomicU64,
    reading: AtomicU64,
    /// Nanoseconds of the last hit in memory that was measured; 0 if the last call was not one in memory.
    last_in_memory: AtomicU64,
}

/// Hits before it is judged whether caching pays: the first ones warm up.
const ENOUGH: u64 = 64;
/// One hit in memory in this many is measured, after the first ones.
const MEASURED: u64 = 16;

impl Counters {
    /// Those of this thread.
    fn hits(&self) -> &Hits {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static STRIPE: usize = THREADS.fetch_add(1, Relaxed) % STRIPES;
        }
        // A thread that ends has none left.
        &self.hits[STRIPE.try_with(|stripe| *stripe).unwrap_or(0)]
    }

    /// Counts a hit. Returns both times per call the first time that caching is seen not to pay.
    pub(crate) fn hit(&self, reading: Duration, computing: Duration) -> Option<(Duration, Duration)> {
        let counted = self.hits();
        let reading = counted.reading.fetch_add(nanos(reading), Relaxed) + nanos(reading);
        let computing = counted.computing.fetch_add(nanos(computing), Relaxed) + nanos(computing);
        let hits = counted.all.fetch_add(1, Relaxed) + 1;
        // Once for these threads: only one call is the one that completes the number.
        (hits == ENOUGH && reading > computing)
            .then(|| (Duration::from_nanos(reading / hits), Duration::from_nanos(computing / hits)))
    }

    /// Counts that a hit was answered from memory, in this time if it was measured.
    pub(crate) fn in_memory(&self, measured: Option<Duration>) {
        let hits = self.hits();
        hits.in_memory.fetch_add(1, Relaxed);
        if let Some(measured) = measured {
            hits.last_in_memory.store(nanos(measured), Relaxed);
        }
    }

    /// How long a hit in memory takes, if the next one need not be measured.
    pub(crate) fn assumed(&self) -> Option<Duration> {
        let hits = self.hits();
        let (last, number) = (hits.last_in_memory.load(Relaxed), hits.in_memory.load(Relaxed));
        (last > 0 && number > ENOUGH && !number.is_multiple_of(MEASURED)).then(|| Duration::from_nanos(last))
    }

    /// Says that a call was not answered from memory at once.
    pub(crate) fn left_memory(&self) {
        self.hits().last_in_memory.store(0, Relaxed);
    }

    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    pub(crate) fn wrote(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn read(&self, function: &str) -> FunctionStats {
        let sum = |counter: fn(&Hits) -> &AtomicU64| {
            self.hits.iter().map(|hits| counter(hits).load(Relaxed)).sum::<u64>()
        };
        let saved = sum(|hits| &hits.computing).saturating_sub(sum(|hits| &hits.reading));
        FunctionStats {
            function: function.to_owned(),
            hits: sum(|hits| &hits.all),
            hits_in_memory: sum(|hits| &hits.in_memory),
            misses: self.misses.load(Relaxed),
            time_saved: Duration::from_nanos(saved),
            bytes_written: self.bytes.load(Relaxed),
        }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
