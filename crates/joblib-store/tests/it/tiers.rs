//! A near store in front of a far one.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use joblib_store::{
    Blob, Claim, Error, Item, Key, Limits, Reduced, Scope, Store, StoreOptions, Tiered, open,
};

use crate::{get, key, put};

type Cost<'a> = &'a dyn Fn(Blob) -> Option<std::time::Duration>;

fn memory(name: &str) -> Arc<dyn Store> {
    open("in_memory", &StoreOptions::new(format!("tiers {name}"))).unwrap()
}

/// A store that can't be reached, and counts how often it is asked.
#[derive(Debug, Default)]
struct Unreachable {
    asked: AtomicUsize,
}

impl Unreachable {
    fn fail<T>(&self) -> Result<T, Error> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Err(Error::backend("far://away", "no route").with_kind(std::io::ErrorKind::HostUnreachable))
    }
}

impl Store for Unreachable {
    fn backend(&self) -> &'static str {
        "unreachable"
    }
    fn location(&self) -> &'static str {
        "far://away"
    }
    fn get(&self, _: &Key) -> Result<Option<Blob>, Error> {
        self.fail()
    }
    fn contains(&self, _: &Key) -> Result<bool, Error> {
        self.fail()
    }
    fn claim(&self, _: &Key) -> Result<Claim, Error> {
        self.fail()
    }
    fn put(&self, _: &Key, _: joblib_store::WriteBytes<'_>) -> Result<u64, Error> {
        self.fail()
    }
    fn remove(&self, _: &Key) -> Result<bool, Error> {
        self.fail()
    }
    fn clear(&self, _: Scope<'_>) -> Result<u64, Error> {
        self.fail()
    }
    fn visit(&self, _: &mut dyn FnMut(Item) -> ControlFlow<()>) -> Result<Vec<Error>, Error> {
        self.fail()
    }
    fn reduce(&self, _: &Limits, _: Cost<'_>) -> Result<Reduced, Error> {
        self.fail()
    }
    fn tidy(&self, _: &Key, _: &Limits, _: Cost<'_>) -> Result<Reduced, Error> {
        self.fail()
    }
    fn was_evicted(&self, _: &Key) -> Result<bool, Error> {
        self.fail()
    }
}

#[test]
fn what_is_far_away_is_near_after_the_first_hit() {
    let folder = tempfile::tempdir().unwrap();
    let near = open("local", &StoreOptions::new(folder.path())).unwrap();
    let far = memory("fill");
    put(&*far, &key(1), &[7; 10_000]);
    put(&*far, &key(2), b"small");
    let tiers = Tiered::builder(Arc::clone(&near), Arc::clone(&far)).read_only(true).build();
    assert_eq!(tiers.location_with(&key(1)).unwrap().as_deref(), Some(far.location()));
    let mapped = tiers.get(&key(1).mappable(true)).unwrap().unwrap();
    assert!(mapped.path().is_some_and(|path| path.starts_with(folder.path())), "it can be mapped");
    assert_eq!(get(&tiers, &key(2)).as_deref(), Some(&b"small"[..]));
    assert!(tiers.is_tidying_due(), "the near store got more");
    tiers.tidy(&key(1), &Limits::default(), &|_| None).unwrap();
    assert!(!tiers.is_tidying_due());
    far.clear(Scope::All).unwrap();
    assert_eq!(get(&tiers, &key(1)).unwrap().len(), 10_000);
    assert_eq!(tiers.location_with(&key(1)).unwrap().as_deref(), Some(near.location()));
    let figures = tiers.tiers();
    assert_eq!((figures[0].hits, figures[1].hits, figures[1].bytes_read), (1, 2, 10_005));
}

#[test]
fn what_is_stored_is_uploaded_in_the_background_and_flush_waits_for_it() {
    let (near, far) = (memory("upload near"), memory("upload far"));
    let tiers = Tiered::new(Arc::clone(&near), Arc::clone(&far));
    for number in 0..3000 {
        put(&tiers, &key(number), b"result");
    }
    let Claim::Mine(claim) = tiers.claim(&key(9000)).unwrap() else { panic!("nobody else asked") };
    claim.write(&mut |out| out.write_all(b"claimed")).unwrap();
    tiers.flush().unwrap();
    assert!((0..3000).all(|number| far.contains(&key(number)).unwrap()));
    assert_eq!(get(&*far, &key(9000)).as_deref(), Some(&b"claimed"[..]));
    let far_figures = &tiers.tiers()[1];
    assert_eq!((far_figures.uploaded, far_figures.waiting, far_figures.bytes_written), (3001, 0, 18_007));
    put(&tiers, &key(1), b"replaced");
    drop(tiers);
    assert_eq!(get(&*far, &key(1)).as_deref(), Some(&b"replaced"[..]), "dropping waits too");
}

/// A store whose writes wait while somebody holds `gate`. It also counts reads that are uses.
#[derive(Debug)]
struct Gated {
    inner: Arc<dyn Store>,
    gate: Mutex<()>,
    uses: AtomicUsize,
}

impl Gated {
    fn new(name: &str) -> Arc<Self> {
        Arc::new(Self { inner: memory(name), gate: Mutex::default(), uses: AtomicUsize::new(0) })
    }
}

impl Store for Gated {
    fn backend(&self) -> &'static str {
        "gated"
    }
    fn location(&self) -> &str {
        self.inner.location()
    }
    fn get(&self, key: &Key) -> Result<Option<Blob>, Error> {
        self.uses.fetch_add(1, Ordering::Relaxed);
        self.inner.get(key)
    }
    fn peek(&self, key: &Key, bytes: u64) -> Result<Option<Blob>, Error> {
        self.inner.peek(key, bytes)
    }
    fn contains(&self, key: &Key) -> Result<bool, Error> {
        self.inner.contains(key)
    }
    fn claim(&self, key: &Key) -> Result<Claim, Error> {
        self.inner.claim(key)
    }
    fn put(&self, key: &Key, write: joblib_store::WriteBytes<'_>) -> Result<u64, Error> {
        let _open = self.gate.lock().unwrap();
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
    fn reduce(&self, limits: &Limits, cost: Cost<'_>) -> Result<Reduced, Error> {
        self.inner.reduce(limits, cost)
    }
    fn tidy(&self, key: &Key, limits: &Limits, cost: Cost<'_>) -> Result<Reduced, Error> {
        self.inner.tidy(key, limits, cost)
    }
    fn was_evicted(&self, key: &Key) -> Result<bool, Error> {
        self.inner.was_evicted(key)
    }
}

#[test]
fn what_the_near_store_drops_before_its_upload_is_uploaded_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for (name, near) in [
        ("folder", open("local", &StoreOptions::new(folder.path())).unwrap()),
        ("memory", memory("dropped near")),
    ] {
        let far = Gated::new(&format!("dropped far of {name}"));
        let tiers = Tiered::new(Arc::clone(&near), Arc::clone(&far) as Arc<dyn Store>);
        let content = |number: u8| vec![number; if number.is_multiple_of(2) { 100 } else { 100_000 }];
        let gate = far.gate.lock().unwrap();
        for number in 0..100 {
            put(&tiers, &key(u64::from(number)), &content(number));
        }
        near.reduce(&Limits::default().items_limit(0), &|_| None).unwrap();
        assert!((0..100).all(|number| !near.contains(&key(number)).unwrap()), "{name}: all are dropped");
        drop(gate);
        tiers.flush().unwrap();
        for number in 0..100 {
            assert_eq!(
                get(&*far.inner, &key(u64::from(number))).as_deref(),
                Some(&*content(number)),
                "{name}"
            );
        }
    }
}

#[test]
fn large_results_that_wait_for_their_upload_are_few_and_all_are_uploaded() {
    let folder = tempfile::tempdir().unwrap();
    let near = open("local", &StoreOptions::new(folder.path())).unwrap();
    let far = Gated::new("many large");
    let tiers = Tiered::new(near, Arc::clone(&far) as Arc<dyn Store>);
    let gate = far.gate.lock().unwrap();
    let open_files = || std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let (before, stored) = (open_files(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let store = scope.spawn({
            let (tiers, stored) = (&tiers, &stored);
            move || {
                for number in 0..400 {
                    put(tiers, &key(number), &vec![7; 100_000]);
                    stored.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        // One who stores waits when many do.
        while stored.load(Ordering::Relaxed) < 100 {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(stored.load(Ordering::Relaxed) < 200 && open_files() < before + 200);
        drop(gate);
        store.join().unwrap();
    });
    tiers.flush().unwrap();
    assert!((0..400).all(|number| far.contains(&key(number)).unwrap()));
}

#[test]
fn reading_a_read_only_store_is_no_use_of_what_it_has() {
    let far = Gated::new("colleague's");
    put(&*far, &key(1), b"result");
    let tiers = |name: &str, read_only| {
        let far = Arc::clone(&far) as Arc<dyn Store>;
        Tiered::builder(memory(name), far).read_only(read_only).build()
    };
    let read = |tiers: &Tiered| {
        let key = key(1);
        let mut future = tiers.get_async(&key).unwrap();
        let polled = future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        assert!(matches!(polled, std::task::Poll::Ready(Ok(Some(_)))));
    };
    assert!(get(&tiers("mine", true), &key(1)).is_some());
    read(&tiers("mine, by a task", true));
    assert_eq!(far.uses.load(Ordering::Relaxed), 0);
    read(&tiers("ours", false));
    assert_eq!(far.uses.load(Ordering::Relaxed), 1);
}

#[test]
fn what_is_removed_or_cleared_is_not_found_in_any_tier() {
    let (near, far) = (memory("clear near"), memory("clear far"));
    let tiers = Tiered::new(near, Arc::clone(&far));
    for number in 0..50 {
        put(&tiers, &key(number), b"result");
    }
    assert!(tiers.remove(&key(7)).unwrap());
    assert_eq!(tiers.clear(Scope::All).unwrap(), 49);
    tiers.flush().unwrap();
    assert!(
        (0..50).all(|number| get(&tiers, &key(number)).is_none() && !far.contains(&key(number)).unwrap())
    );
}

#[test]
fn a_read_only_tier_is_never_written() {
    let far = memory("colleague");
    put(&*far, &key(1), b"theirs");
    let tiers = Tiered::builder(memory("mine"), Arc::clone(&far)).read_only(true).compute_once(true).build();
    assert_eq!(get(&tiers, &key(1)).as_deref(), Some(&b"theirs"[..]));
    put(&tiers, &key(2), b"mine");
    let Claim::Mine(claim) = tiers.claim(&key(3)).unwrap() else { panic!("nobody else asked") };
    claim.write(&mut |out| out.write_all(b"mine")).unwrap();
    tiers.remove(&key(1)).unwrap();
    tiers.clear(Scope::All).unwrap();
    tiers.flush().unwrap();
    assert!(
        far.contains(&key(1)).unwrap() && !far.contains(&key(2)).unwrap() && !far.contains(&key(3)).unwrap()
    );
}

#[test]
fn a_far_store_that_fails_is_reported_and_changes_no_answer() {
    let far = Arc::new(Unreachable::default());
    let reported = Arc::new(Mutex::new(Vec::new()));
    let tiers = Tiered::builder(memory("alone"), Arc::clone(&far) as Arc<dyn Store>).compute_once(true);
    let report = Arc::clone(&reported);
    let tiers = tiers.on_failure(move |error| report.lock().unwrap().push(error.is_unreachable())).build();
    assert_eq!(get(&tiers, &key(1)), None);
    let Claim::Mine(claim) = tiers.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
    claim.write(&mut |out| out.write_all(b"result")).unwrap();
    assert_eq!(get(&tiers, &key(1)).as_deref(), Some(&b"result"[..]));
    let lost = tiers.flush().unwrap_err();
    assert!(lost.to_string().contains("no route"), "{lost}");
    assert!(tiers.tiers()[1].failures >= 3);
    assert!(reported.lock().unwrap().iter().all(|unreachable| *unreachable));
    let asked = far.asked.load(Ordering::Relaxed);
    assert!(
        get(&tiers, &key(1)).is_some() && far.asked.load(Ordering::Relaxed) == asked,
        "a near hit asks nobody"
    );
}

#[test]
fn one_process_of_all_machines_computes_when_that_is_asked_for() {
    let far = memory("once far");
    let machine = |name: &str| Tiered::builder(memory(name), Arc::clone(&far)).compute_once(true).build();
    let (one, two) = (machine("once one"), machine("once two"));
    let Claim::Mine(claim) = one.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
    assert!(matches!(two.claim(&key(1)).unwrap(), Claim::Taken(_)));
    claim.write(&mut |out| out.write_all(b"result")).unwrap();
    one.flush().unwrap();
    assert_eq!(get(&two, &key(1)).as_deref(), Some(&b"result"[..]));
    assert!(matches!(two.claim(&key(2)).unwrap(), Claim::Mine(_)), "a claim that was refused is not kept");
}

#[test]
fn a_lookup_and_its_claim_ask_the_far_store_once() {
    let far = Arc::new(Unreachable::default());
    let tiers = Tiered::new(memory("asked once"), Arc::clone(&far) as Arc<dyn Store>);
    assert_eq!(get(&tiers, &key(1)), None);
    let Claim::Mine(claim) = tiers.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
    assert_eq!(get(&tiers, &key(1)), None);
    assert_eq!(far.asked.load(Ordering::Relaxed), 1);
    drop(claim);
    assert_eq!(get(&tiers, &key(1)), None);
    assert_eq!(far.asked.load(Ordering::Relaxed), 2);
}
