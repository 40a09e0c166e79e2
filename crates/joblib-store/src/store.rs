//! The trait in front of all stores, and the few types of its methods.

use std::fmt::Debug;
use std::io;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::blob::Blob;
use crate::error::Error;
use crate::holder::Holder;
use crate::key::{FunctionVersion, Key};
use crate::limits::Limits;
use crate::tier_figures::TierFigures;
use crate::usage::Reduced;

/// Writes a result's bytes. A store calls it once per attempt to store them.
pub type WriteBytes<'a> = &'a mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>;

/// Returns how long the result in a blob took to compute, if that is known. Called only with [`Policy::CostAware`].
///
/// [`Policy::CostAware`]: crate::Policy::CostAware
pub type CostOf<'a> = &'a dyn Fn(Blob) -> Option<Duration>;

/// A store for results: bytes under keys.
///
/// An implementation is used by many threads and, where it is shared, by many processes at once. It promises (each
/// promise is a test of `conformance`):
/// - `get` returns the whole bytes of one `put`, or nothing: never parts, never a mixture.
/// - At most one [`Claim::Mine`] for a key exists at a time. A claim ends when it is written or dropped, or its process
///   dies.
/// - `reduce` leaves the store within the limits, and takes what its policy values least first.
///
/// ```
/// use joblib_store::{FunctionVersion, Key, Store, StoreOptions, open};
/// use std::sync::Arc;
///
/// let store: Arc<dyn Store> = open("in_memory", &StoreOptions::new("a store"))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// assert_eq!(store.put(&key, &mut |out| out.write_all(b"result"))?, 6);
/// let found = store.get(&key)?.map(|blob| blob.into_bytes()).transpose()?;
/// assert_eq!(found.as_deref(), Some(&b"result"[..]));
/// assert!(store.remove(&key)? && !store.contains(&key)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Keeping it within limits, and looking at what it holds:
///
/// ```
/// use joblib_store::{FunctionVersion, Key, Limits, StoreOptions, open};
/// use std::ops::ControlFlow;
///
/// let store = open("in_memory", &StoreOptions::new("a limited store"))?;
/// let version = FunctionVersion::new("demo::fit", 1, "fn fit() {}");
/// let keys = [1, 2, 3].map(|call| Key::new(&version, [call; 16]));
/// for key in &keys {
///     store.put(key, &mut |out| out.write_all(b"result"))?;
/// }
/// let reduced = store.reduce(&Limits::default().items_limit(1), &|_| None)?;
/// assert_eq!((reduced.items, reduced.bytes), (2, 12));
/// assert!(store.was_evicted(&keys[0])? && store.contains(&keys[2])?, "the least recently used go first");
/// store.visit(&mut |item| {
///     assert_eq!(item.key(), keys[2]);
///     ControlFlow::Continue(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Store: Debug + Send + Sync {
    /// The backend's registered name.
    fn backend(&self) -> &str;

    /// Where it is, such that another process finds it there.
    fn location(&self) -> &str;

    /// Whether there is anything at the location: a store is made when something is first stored in it. For messages.
    ///
    /// # Errors
    ///
    /// Returns an error if the location can't be read.
    fn is_there(&self) -> Result<bool, Error> {
        Ok(true)
    }

    /// The bytes under `key`, if there are any. Counts as a use of them.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be read, or if what it has under `key` is damaged.
    fn get(&self, key: &Key) -> Result<Option<Blob>, Error>;

    /// At least the first `bytes` bytes under `key`, or all of them if there are fewer. Does not count as a use, where
    /// the store can tell: unless it is implemented, this is [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`get`](Self::get).
    fn peek(&self, key: &Key, _bytes: u64) -> Result<Option<Blob>, Error> {
        self.get(key)
    }

    /// [`peek`](Self::peek) of many results at once, in their order: a store may do that sooner than one after the other.
    fn peek_all(&self, keys: &[Key], bytes: u64) -> Vec<Result<Option<Blob>, Error>> {
        keys.iter().map(|key| self.peek(key, bytes)).collect()
    }

    /// Whether there are bytes under `key`. Does not count as a use.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be read.
    fn contains(&self, key: &Key) -> Result<bool, Error>;

    /// Asks for the right to compute what is missing under `key`.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    fn claim(&self, key: &Key) -> Result<Claim, Error>;

    /// How long to wait before asking again after [`Claim::Taken`]: the first time, and at most. A waiter asks with
    /// [`get`](Self::get), and with [`claim`](Self::claim) every few times.
    fn poll_interval(&self) -> RangeInclusive<Duration> {
        Duration::from_micros(200)..=Duration::from_millis(20)
    }

    /// Whether claims and writes wait for a network, so that asynchronous callers have another thread wait for them.
    fn waits_for_network(&self) -> bool {
        false
    }

    /// What the store turned out not to do, though nothing failed: a message for who uses it, such as that claims don't
    /// hold. Asked after claims.
    fn shortcoming(&self) -> Option<String> {
        None
    }

    /// Stores bytes under `key`, claimed or not, in place of those before. Returns how many there are.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written, or if `write` failed. What was stored before is then still there,
    /// and nothing else is left.
    fn put(&self, key: &Key, write: WriteBytes<'_>) -> Result<u64, Error>;

    /// Drops the bytes under `key`. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    fn remove(&self, key: &Key) -> Result<bool, Error>;

    /// Drops all results in `scope`. Returns how many there were.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written. Some of the results may have been dropped.
    fn clear(&self, scope: Scope<'_>) -> Result<u64, Error>;

    /// Visits every result, in no order, until told to stop. Results stored or dropped meanwhile may or may not be seen.
    /// Does not count as a use.
    ///
    /// Returns what kept results from being visited: an error for each part of the store that can't be read, such as a
    /// folder without permission. The other parts are visited.
    ///
    /// # Errors
    ///
    /// Returns an error if the store as a whole can't be read.
    fn visit(&self, visit: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error>;

    /// Drops what the limits have no room for, looking at everything. `cost` tells what a result cost.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    fn reduce(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error>;

    /// Drops results that [`visit`](Self::visit) showed, as [`reduce`](Self::reduce) does with those that it chooses: for
    /// callers who choose themselves. Results that were used or replaced since they were shown stay, where the store can
    /// tell.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written. Some of the results may have been dropped.
    ///
    /// ```
    /// use joblib_store::{FunctionVersion, Key, StoreOptions, open};
    /// use std::ops::ControlFlow;
    ///
    /// let store = open("in_memory", &StoreOptions::new("chosen"))?;
    /// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
    /// store.put(&key, &mut |out| out.write_all(b"result"))?;
    /// let mut items = Vec::new();
    /// store.visit(&mut |item| {
    ///     items.push(item);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(store.evict(&items)?.items, 1);
    /// assert!(!store.contains(&key)?);
    /// # Ok::<(), joblib_store::Error>(())
    /// ```
    fn evict(&self, items: &[Item]) -> Result<Reduced, Error> {
        let mut reduced = Reduced::default();
        for item in items {
            if self.remove(&item.key())? {
                reduced.add(item.bytes);
            }
        }
        Ok(reduced)
    }

    /// A small step towards the limits, taken after `key` was stored; many such steps keep the store within them.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    fn tidy(&self, key: &Key, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error>;

    /// Called after storing failed for want of room ([`Error::is_full`]), and before the second attempt: drops what the
    /// limits have no room for, and gives room back to the system where the store keeps some of its own.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be written.
    fn make_room(&self, limits: &Limits, cost: CostOf<'_>) -> Result<Reduced, Error> {
        self.reduce(limits, cost)
    }

    /// Waits until everything that was stored is where other processes find it, for stores that write later.
    ///
    /// # Errors
    ///
    /// Returns an error if something could not be written.
    fn flush(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The file in which the bytes under `key` are or will be, where each result has one of its own: for messages.
    fn path_of(&self, _key: &Key) -> Option<PathBuf> {
        None
    }

    /// The folder that the store has for itself, if it has one: for what belongs to the cache and is no result, in files
    /// whose names the store does not use. It may not be there yet.
    fn folder(&self) -> Option<PathBuf> {
        None
    }

    /// Where the bytes under `key` are, if there are any: [`location`](Self::location), or that of a store behind this one.
    /// Does not count as a use.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be read.
    fn location_with(&self, key: &Key) -> Result<Option<String>, Error> {
        Ok(self.contains(key)?.then(|| self.location().to_owned()))
    }

    /// Whether results have come in that [`tidy`](Self::tidy) was not called for: from a store behind this one.
    fn is_tidying_due(&self) -> bool {
        false
    }

    /// What the tiers of the store did for this process, the nearest first; nothing of a store without tiers.
    fn tiers(&self) -> Vec<TierFigures> {
        Vec::new()
    }

    /// Whether a result under `key` is known to have been dropped to keep to the limits.
    ///
    /// # Errors
    ///
    /// Returns an error if the store can't be read.
    fn was_evicted(&self, key: &Key) -> Result<bool, Error>;

    /// [`get`](Self::get) as a future, for stores that are far away; `None` for those whose `get` is fast enough to call
    /// from asynchronous code.
    fn get_async<'a>(&'a self, _key: &'a Key) -> Option<GetFuture<'a>> {
        None
    }

    /// [`peek`](Self::peek), as [`get_async`](Self::get_async) is [`get`](Self::get).
    fn peek_async<'a>(&'a self, _key: &'a Key, _bytes: u64) -> Option<GetFuture<'a>> {
        None
    }
}

/// What [`Store::get_async`] returns.
pub type GetFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Blob>, Error>> + Send + 'a>>;

/// The answer to [`Store::claim`].
///
/// ```
/// use joblib_store::{Claim, FunctionVersion, Key, StoreOptions, open};
///
/// let store = open("in_memory", &StoreOptions::new("claims"))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// let Claim::Mine(claim) = store.claim(&key)? else { panic!("nobody else asked") };
/// assert!(matches!(store.claim(&key)?, Claim::Taken(holder) if holder.is_this_process()));
/// claim.write(&mut |out| out.write_all(b"result"))?;
/// assert!(store.contains(&key)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub enum Claim {
    /// The caller has the claim: it computes the result and writes it.
    Mine(Box<dyn Claimed>),
    /// Another caller is computing it; [`Holder::unknown`] if its process is not known. A claim of this process is never
    /// reported as that of another process, or the other way round.
    Taken(Holder),
}

/// The right to compute a missing result. Dropping it releases the right.
///
/// ```
/// use joblib_store::{Claim, Claimed, FunctionVersion, Key, StoreOptions, open};
/// use std::io;
///
/// fn compute(claimed: Box<dyn Claimed>, input: io::Result<u8>) -> Result<u64, Box<dyn std::error::Error>> {
///     let input = input?; // Failing to compute drops `claimed`.
///     Ok(claimed.write(&mut |out| out.write_all(&[input]))?)
/// }
///
/// let store = open("in_memory", &StoreOptions::new("given back"))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// let Claim::Mine(claimed) = store.claim(&key)? else { panic!("nobody else asked") };
/// assert!(compute(claimed, Err(io::ErrorKind::NotFound.into())).is_err());
/// assert!(matches!(store.claim(&key)?, Claim::Mine(_)), "the next may try");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Claimed: Debug + Send {
    /// Stores the result's bytes. Returns how many there are. The claim ends, also after an error.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Store::put`].
    fn write(self: Box<Self>, write: WriteBytes<'_>) -> Result<u64, Error>;
}

/// Which results to clear.
///
/// ```
/// use joblib_store::{FunctionVersion, Key, Scope, StoreOptions, open};
///
/// let store = open("in_memory", &StoreOptions::new("scopes"))?;
/// let key = Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), [7; 16]);
/// store.put(&key, &mut |out| out.write_all(b"result"))?;
/// assert_eq!(store.clear(Scope::Function("demo::score"))?, 0);
/// assert_eq!(store.clear(Scope::Function("demo::fit"))?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Scope<'a> {
    /// All results of the store.
    All,
    /// All versions of the function with this name.
    Function(&'a str),
}

/// One stored result, as [`Store::visit`] shows it.
///
/// ```
/// use joblib_store::{FunctionVersion, Item};
/// use std::time::SystemTime;
///
/// let version = FunctionVersion::new("demo::fit", 1, "fn fit() {}");
/// let item = Item::new(version, [7; 16], 100, SystemTime::now(), true);
/// assert_eq!(item.key().call(), &item.call);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item {
    /// The function and its code. Of the code `local` knows only the 64 bits that [`FunctionVersion::path`] has, so
    /// the item's key finds the result but does not equal the key it was stored under. The source is empty if the store
    /// does not know it.
    pub version: Arc<FunctionVersion>,
    /// The digest of the call.
    pub call: [u8; 16],
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was stored or last read, whichever is later, as far as the store records it.
    pub used: SystemTime,
    /// Whether its code is the latest code of its function in the store.
    pub current: bool,
}

impl Item {
    /// Creates an item, for a backend outside this crate.
    pub fn new(
        version: Arc<FunctionVersion>,
        call: [u8; 16],
        bytes: u64,
        used: SystemTime,
        current: bool,
    ) -> Self {
        Self { version, call, bytes, used, current }
    }

    /// Returns a key that finds the result.
    pub fn key(&self) -> Key {
        Key::new(&self.version, self.call)
    }
}
