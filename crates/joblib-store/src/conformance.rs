//! The test suite that every store has to pass. To test your own backend, call [`run`] in a test.

use std::collections::HashSet;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::blob::Blob;
use crate::error::Subject;
use crate::key::{FunctionVersion, Key};
use crate::limits::Limits;
use crate::store::{Claim, Scope, Store};

/// Runs the whole suite. When `open` is called with the same name again, it has to open the same store.
///
/// # Panics
///
/// Panics if the store breaks a promise; the message says which.
///
/// ```
/// use joblib_store::{StoreOptions, open};
///
/// joblib_store::conformance::run(|name| open("in_memory", &StoreOptions::new(name)).unwrap());
/// ```
pub fn run(open: impl Fn(&str) -> Arc<dyn Store>) {
    run_with(&open, Dropped::IsGone);
}

/// The suite for tiers: results that the nearest tier drops to enforce its limits may be found in another tier.
///
/// # Panics
///
/// Panics in the same cases as [`run`].
///
/// ```
/// use joblib_store::{StoreOptions, Tiered, open};
/// use std::sync::Arc;
///
/// joblib_store::conformance::run_tiers(|name| {
///     let near = open("in_memory", &StoreOptions::new(format!("near {name}"))).unwrap();
///     let far = open("in_memory", &StoreOptions::new(format!("far {name}"))).unwrap();
///     Arc::new(Tiered::new(near, far))
/// });
/// ```
pub fn run_tiers(open: impl Fn(&str) -> Arc<dyn Store>) {
    run_with(&open, Dropped::MayBeElsewhere);
}

/// Whether a result that was dropped to keep to the limits can't be found.
#[derive(Clone, Copy, PartialEq)]
enum Dropped {
    IsGone,
    MayBeElsewhere,
}

fn run_with(open: &impl Fn(&str) -> Arc<dyn Store>, dropped: Dropped) {
    let mut outcomes = vec![
        ("keeps_what_it_is_given", keeps_what_it_is_given(&*open("values"))),
        ("finds_a_result_of_any_size_in_one_place", finds_a_result_of_any_size_in_one_place(open)),
        (
            "tells_a_failed_value_from_a_failed_store",
            tells_a_failed_value_from_a_failed_store(&*open("errors")),
        ),
        ("drops_what_others_chose", drops_what_others_chose(&*open("chosen"))),
        ("shows_others_what_changed", shows_others_what_changed(open, dropped)),
        ("makes_room_within_the_limits", makes_room_within_the_limits(&*open("room"))),
        ("is_the_same_when_opened_again", is_the_same_when_opened_again(open)),
        ("gives_a_claim_once", gives_a_claim_once(&*open("claims"))),
        ("reads_many_heads_at_once", reads_many_heads_at_once(&*open("heads"))),
        ("clears_what_is_asked", clears_what_is_asked(&*open("clear"))),
        ("drops_what_others_drop_too", drops_what_others_drop_too(open)),
        ("stays_within_its_limits", stays_within_its_limits(&*open("limits"))),
        ("serves_many_threads", serves_many_threads(&*open("threads"))),
    ];
    if dropped == Dropped::IsGone {
        outcomes.push(("looks_without_using", looks_without_using(&*open("looks"))));
        outcomes.push(("reduces_in_the_policys_order", reduces_in_the_policys_order(&*open("reduce"))));
    }
    for (case, outcome) in outcomes {
        if let Err(error) = outcome {
            // Documented above: a suite that is called in a test fails as a test does.
            panic!("{case}: {error}");
        }
    }
}

/// What a case ends with: the error of an operation that should have succeeded.
type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

fn version(name: &str, code: u128) -> Arc<FunctionVersion> {
    FunctionVersion::new(format!("conformance::{name}"), code, format!("fn {name}() {{}}"))
}

fn key(version: &Arc<FunctionVersion>, number: usize) -> Key {
    // Spread as digests are.
    let spread = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Key::new(version, spread.to_be_bytes())
}

fn put(store: &dyn Store, key: &Key, bytes: &[u8]) -> Outcome {
    let stored = store.put(key, &mut |out| out.write_all(bytes))?;
    assert_eq!(stored, bytes.len() as u64, "`put` returns the number of bytes");
    Ok(())
}

fn get(store: &dyn Store, key: &Key) -> Outcome<Option<Vec<u8>>> {
    Ok(store.get(key)?.map(Blob::into_bytes).transpose()?)
}

fn reads_many_heads_at_once(store: &dyn Store) -> Outcome {
    const HEAD: u64 = 1000;
    let (fit, size) = (version("fit", 1), |number: usize| [5, 100, 999, 1000, 1001, 200_000][number % 6]);
    let content =
        |number: usize| (0..size(number)).map(|at| (at % 251) as u8 ^ number as u8).collect::<Vec<_>>();
    let is_there = |number: usize| !number.is_multiple_of(7);
    for number in (0..60).filter(|number| is_there(*number)) {
        put(store, &key(&fit, number), &content(number))?;
    }
    let keys: Vec<Key> = (0..60).map(|number| key(&fit, number)).collect();
    let found = store.peek_all(&keys, HEAD);
    assert_eq!(found.len(), keys.len(), "an answer for each");
    for (number, blob) in found.into_iter().enumerate() {
        let head = blob?.map(Blob::into_bytes).transpose()?;
        assert_eq!(head.is_some(), is_there(number), "result {number} is there or not");
        if let Some(head) = head {
            let (content, least) = (content(number), size(number).min(HEAD as usize));
            assert!(head.len() >= least && content.starts_with(&head), "the head of result {number}");
        }
    }
    assert!(store.peek_all(&[], HEAD).is_empty());
    Ok(())
}

fn keeps_what_it_is_given(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    let (one, two) = (key(&fit, 1), key(&fit, 2));
    assert_eq!(get(store, &one)?, None, "a new store is empty");
    put(store, &one, b"first")?;
    assert_eq!(get(store, &one)?.as_deref(), Some(&b"first"[..]));
    put(store, &one, b"second, longer")?;
    assert_eq!(get(store, &one)?.as_deref(), Some(&b"second, longer"[..]), "`put` replaces");
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    put(store, &two, &large)?;
    assert!(get(store, &two)?.as_deref() == Some(&large[..]), "large results come back whole");
    assert!(store.contains(&two)?);
    let failed = store.put(&key(&fit, 3), &mut |out| {
        out.write_all(b"part")?;
        Err(std::io::Error::other("the writer gave up"))
    });
    assert!(failed.is_err(), "a writer's error is passed on");
    assert_eq!(get(store, &key(&fit, 3))?, None, "nothing is stored of a failed `put`");
    assert_eq!(get(store, &key(&version("fit", 2), 1))?, None, "other code has other results");
    assert!(store.remove(&one)?);
    assert!(!store.remove(&one)?, "`remove` tells whether there was something");
    assert_eq!(get(store, &one)?, None);
    Ok(())
}

fn finds_a_result_of_any_size_in_one_place(open: &impl Fn(&str) -> Arc<dyn Store>) -> Outcome {
    let (store, other) = (open("sizes"), open("sizes"));
    let key = key(&version("fit", 1), 1);
    for size in [10, 10_000, 20, 4095, 4096, 1, 0, 100_000, 0] {
        put(&*store, &key, &vec![size as u8; size])?;
        for store in [&store, &other] {
            assert_eq!(get(&**store, &key)?, Some(vec![size as u8; size]), "the latest of {size} bytes");
        }
        assert_eq!(items(&*store)?, [(*key.call(), size as u64)], "it is there once");
    }
    assert!(store.remove(&key)?);
    assert!(!other.contains(&key)?);
    Ok(())
}

/// The results that a visit shows.
fn items(store: &dyn Store) -> Outcome<Vec<([u8; 16], u64)>> {
    let mut items = Vec::new();
    store.visit(&mut |item| {
        items.push((item.call, item.bytes));
        ControlFlow::Continue(())
    })?;
    Ok(items)
}

fn tells_a_failed_value_from_a_failed_store(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    for before in [0, 100, 100_000] {
        let failed = store.put(&key(&fit, 1), &mut |out| {
            out.write_all(&vec![0; before])?;
            Err(std::io::ErrorKind::StorageFull.into())
        });
        let error = failed.expect_err("a writer's error is passed on");
        assert_eq!(error.subject(), Subject::Value, "it is not the store that failed: {error}");
        assert!(error.is_full(), "the reason is kept: {error}");
        let Claim::Mine(claim) = store.claim(&key(&fit, 1))? else { return Err("nothing is left".into()) };
        assert!(claim.write(&mut |_| Err(std::io::Error::other("no"))).is_err());
    }
    assert!(items(store)?.is_empty());
    Ok(())
}

fn looks_without_using(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    for (number, size) in [(0, 100), (1, 100), (2, 10_000), (3, 10_000)] {
        put(store, &key(&fit, number), &vec![number as u8; size])?;
        // The times of files advance in steps.
        thread::sleep(Duration::from_millis(20));
    }
    for number in [0, 2] {
        let found = store.peek(&key(&fit, number), 10)?.ok_or("it is there")?.into_bytes()?;
        assert!(found.len() >= 10 && found.iter().all(|byte| *byte == number as u8));
        assert!(store.contains(&key(&fit, number))?);
    }
    items(store)?;
    assert!(store.peek(&key(&fit, 9), 10)?.is_none());
    let none = |_: Blob| None;
    store.reduce(&Limits::default().items_limit(3), &none)?;
    assert!(!store.contains(&key(&fit, 0))?, "what was only looked at is the least recently used");
    assert!(get(store, &key(&fit, 1))?.is_some());
    store.remove(&key(&fit, 1))?;
    store.reduce(&Limits::default().items_limit(1), &none)?;
    assert!(!store.contains(&key(&fit, 2))?, "so it is with a large one");
    assert!(store.contains(&key(&fit, 3))?);
    Ok(())
}

fn drops_what_others_chose(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    for (number, size) in [(0, 100), (1, 100), (2, 10_000), (3, 10_000)] {
        put(store, &key(&fit, number), &vec![number as u8; size])?;
    }
    let wanted = [0, 2].map(|number| *key(&fit, number).call());
    let mut chosen = Vec::new();
    store.visit(&mut |item| {
        if wanted.contains(&item.call) {
            chosen.push(item);
        }
        ControlFlow::Continue(())
    })?;
    assert_eq!(chosen.len(), 2);
    let reduced = store.evict(&chosen)?;
    assert_eq!((reduced.items, reduced.bytes), (2, 10_100));
    for number in 0..4 {
        assert_eq!(store.contains(&key(&fit, number))?, number % 2 == 1, "result {number}");
    }
    assert_eq!(store.evict(&chosen)?.items, 0, "they are gone already");
    Ok(())
}

fn shows_others_what_changed(open: &impl Fn(&str) -> Arc<dyn Store>, dropped: Dropped) -> Outcome {
    let (store, other) = (open("others"), open("others"));
    let fit = version("fit", 1);
    // Enough that stores on a disk reorganise themselves.
    let many = if store.waits_for_network() { 40 } else { 500 };
    for number in 0..many {
        put(&*store, &key(&fit, number), b"first")?;
    }
    assert_eq!(get(&*other, &key(&fit, 5))?.as_deref(), Some(&b"first"[..]));
    put(&*store, &key(&fit, 5), b"second")?;
    assert_eq!(get(&*other, &key(&fit, 5))?.as_deref(), Some(&b"second"[..]), "replaced");
    store.remove(&key(&fit, 6))?;
    assert_eq!(get(&*other, &key(&fit, 6))?, None, "removed");
    store.reduce(&Limits::default().items_limit(10), &|_| None)?;
    let mut left = 0;
    for number in 0..many {
        left += u64::from(get(&*other, &key(&fit, number))?.is_some());
    }
    assert!(left == 10 || dropped == Dropped::MayBeElsewhere, "{left} are left of 10");
    assert!(store.clear(Scope::All)? >= 10);
    for number in 0..many {
        assert_eq!(get(&*other, &key(&fit, number))?, None, "cleared");
    }
    put(&*other, &key(&fit, 1), b"again")?;
    assert_eq!(get(&*store, &key(&fit, 1))?.as_deref(), Some(&b"again"[..]));
    Ok(())
}

fn makes_room_within_the_limits(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    for number in 0..20 {
        put(store, &key(&fit, number), &[0; 100])?;
    }
    let none = |_: Blob| None;
    assert_eq!(store.make_room(&Limits::default(), &none)?.items, 0, "nothing goes without a limit");
    assert_eq!(store.make_room(&Limits::default().items_limit(5), &none)?.items, 15);
    assert!(store.contains(&key(&fit, 19))?);
    store.flush()?;
    Ok(())
}

fn is_the_same_when_opened_again(open: &impl Fn(&str) -> Arc<dyn Store>) -> Outcome {
    let first = open("again");
    let key = key(&version("fit", 7), 1);
    put(&*first, &key, b"kept")?;
    assert_eq!(get(&*open("again"), &key)?.as_deref(), Some(&b"kept"[..]));
    Ok(())
}

fn gives_a_claim_once(store: &dyn Store) -> Outcome {
    let key = key(&version("fit", 1), 1);
    let Claim::Mine(claim) = store.claim(&key)? else { return Err("a free claim is given".into()) };
    let Claim::Taken(holder) = store.claim(&key)? else { return Err("a claim is given once".into()) };
    assert!(holder.is_this_process());
    drop(claim);
    let Claim::Mine(claim) = store.claim(&key)? else { return Err("a dropped claim is free again".into()) };
    let bytes = claim.write(&mut |out| out.write_all(b"x"))?;
    assert_eq!(bytes, 1);
    assert_eq!(get(store, &key)?.as_deref(), Some(&b"x"[..]), "a written claim is a result");
    assert!(matches!(store.claim(&key)?, Claim::Mine(_)), "a written claim is free again");
    let Claim::Mine(claim) = store.claim(&key)? else { return Err("free again".into()) };
    assert!(claim.write(&mut |_| Err(std::io::Error::other("no"))).is_err());
    assert_eq!(get(store, &key)?.as_deref(), Some(&b"x"[..]), "a failed write leaves what was there");
    assert!(matches!(store.claim(&key)?, Claim::Mine(_)), "a failed write frees the claim");
    Ok(())
}

fn clears_what_is_asked(store: &dyn Store) -> Outcome {
    let (fit, score) = (version("fit", 1), version("score", 1));
    for number in 0..3 {
        put(store, &key(&fit, number), b"f")?;
        put(store, &key(&score, number), b"s")?;
    }
    assert_eq!(store.clear(Scope::Function("conformance::fit"))?, 3);
    assert_eq!(get(store, &key(&fit, 0))?, None);
    assert!(get(store, &key(&score, 0))?.is_some());
    let mut seen = HashSet::new();
    store.visit(&mut |item| {
        assert_eq!(item.version.function(), "conformance::score");
        assert_eq!(item.bytes, 1);
        seen.insert(item.call);
        ControlFlow::Continue(())
    })?;
    assert_eq!(seen.len(), 3, "every result is visited once");
    assert_eq!(store.clear(Scope::All)?, 3);
    put(store, &key(&fit, 0), b"f")?;
    assert!(get(store, &key(&fit, 0))?.is_some(), "a cleared store can be used");
    Ok(())
}

fn reduces_in_the_policys_order(store: &dyn Store) -> Outcome {
    let (earlier, fit) = (version("fit", 1), version("fit", 2));
    put(store, &key(&earlier, 0), &[0; 100])?;
    for number in 0..10 {
        put(store, &key(&fit, number), &[0; 100])?;
    }
    let limits = |items| Limits { items: Some(items), ..Limits::default() };
    let none = |_: Blob| None;
    assert_eq!(store.reduce(&limits(10), &none)?.items, 1);
    assert_eq!(get(store, &key(&earlier, 0))?, None, "results of earlier code go first");
    assert!(store.was_evicted(&key(&earlier, 0))?);
    assert!(!store.was_evicted(&key(&fit, 0))?);
    assert!(get(store, &key(&fit, 0))?.is_some(), "this is a use");
    assert_eq!(store.reduce(&limits(3), &none)?.items, 7);
    assert!(get(store, &key(&fit, 0))?.is_some(), "what was used last stays");
    let by_bytes = Limits { bytes: Some(250), ..Limits::default() };
    assert_eq!(store.reduce(&by_bytes, &none)?.bytes, 100);
    let minute = Duration::from_mins(1);
    let by_age = Limits::default().age_limit(minute);
    assert_eq!(store.reduce(&by_age, &none)?.items, 0, "nothing is that old yet");
    let later = SystemTime::now() + minute * 2;
    assert_eq!(store.reduce(&by_age.as_of(later), &none)?.items, 2, "ages are counted to `Limits::now`");
    put(store, &key(&fit, 20), &[0; 100])?;
    let earlier = SystemTime::now() - minute * 2;
    let by_age = Limits::default().age_limit(Duration::ZERO).as_of(earlier);
    assert_eq!(store.reduce(&by_age, &none)?.items, 0, "a use in the future counts as one now");
    Ok(())
}

/// What is gone already is dropped.
fn drops_what_others_drop_too(open: &impl Fn(&str) -> Arc<dyn Store>) -> Outcome {
    let fit = version("fit", 1);
    let stores = [(); 4].map(|()| open("drops"));
    let (rounds, many) = if stores[0].waits_for_network() { (2, 8) } else { (40, 20) };
    let drop_by = &|who: usize, store: &dyn Store| -> Outcome {
        for round in 0..rounds {
            for number in 0..many {
                // A store may refuse a result whose place is being cleared.
                let _ = put(store, &key(&fit, number), &[7; 100]);
            }
            match (who + round) % 4 {
                0 => _ = store.clear(Scope::All)?,
                1 => _ = store.clear(Scope::Function("conformance::fit"))?,
                2 => _ = store.reduce(&Limits::default().items_limit(1), &|_| None)?,
                _ => {
                    for number in 0..many {
                        store.remove(&key(&fit, number))?;
                    }
                }
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(who, store)| scope.spawn(move || drop_by(who, &**store)))
            .collect();
        // A thread that panicked said why.
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err("a thread panicked".into())))
    })
}

fn stays_within_its_limits(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    let limits = Limits { items: Some(20), bytes: Some(1500), ..Limits::default() };
    for number in 0..if store.waits_for_network() { 60 } else { 300 } {
        let key = key(&fit, number);
        put(store, &key, &[0; 100])?;
        store.tidy(&key, &limits, &|_| None)?;
        assert!(store.contains(&key)?, "the newest is not the one to go");
        let mut count = 0;
        store.visit(&mut |_| {
            count += 1;
            ControlFlow::Continue(())
        })?;
        assert!(count <= 15, "{count} items of 100 bytes where 1500 bytes are allowed");
    }
    Ok(())
}

fn serves_many_threads(store: &dyn Store) -> Outcome {
    let fit = version("fit", 1);
    let many = if store.waits_for_network() { 15 } else { 50 };
    let computed = AtomicUsize::new(0);
    let compute = |number: usize| -> Outcome {
        let key = key(&fit, number);
        loop {
            if let Some(bytes) = get(store, &key)? {
                assert_eq!(bytes, format!("result {number}").into_bytes(), "a whole result or none");
                return Ok(());
            }
            if let Claim::Mine(claim) = store.claim(&key)? {
                if store.contains(&key)? {
                    continue;
                }
                computed.fetch_add(1, Ordering::Relaxed);
                claim.write(&mut |out| write!(out, "result {number}"))?;
            }
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| (0..many).try_for_each(compute)));
        // A thread that panicked said why.
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err("a thread panicked".into())))
    })?;
    assert_eq!(computed.into_inner(), many, "each is computed once");
    Ok(())
}
