//! Every built-in store passes the suite that outside backends pass.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use joblib_store::{
    ByteSize, Claim, FunctionVersion, Key, Limits, Scope, StoreOptions, Tiered, conformance, open,
};

#[test]
fn the_local_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    conformance::run(|name| open("local", &StoreOptions::new(folder.path().join(name))).unwrap());
}

#[test]
fn the_local_store_keeps_the_contract_where_locks_do_not_work() {
    let folder = tempfile::tempdir().unwrap();
    let options = |name: &str| StoreOptions::new(folder.path().join(name)).option("claims", "files");
    conformance::run(|name| open("local", &options(name)).unwrap());
    let error = open("local", &options("other").option("claims", "both")).unwrap_err();
    assert!(error.to_string().contains(r#""locks" or "files""#), "{error}");
}

#[test]
fn a_main_that_returns_the_error_of_a_text_that_is_no_size_prints_its_message() {
    let error = "50 apples".parse::<ByteSize>().unwrap_err();
    assert_eq!(format!("{error:?}"), format!("ParseByteSizeError({error})"));
}

#[test]
fn results_are_stored_while_others_clear_the_local_store() {
    let folder = tempfile::tempdir().unwrap();
    let open = || open("local", &StoreOptions::new(folder.path())).unwrap();
    let (store, other) = (open(), open());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for clearing in [&store, &other] {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    clearing.clear(Scope::All).unwrap();
                    // Without a pause the two leave a store no room on a machine of two processors.
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
        let stored: Result<(), _> = (0..500).try_for_each(|index| {
            let version = FunctionVersion::new(format!("demo::fit{}", index % 3), 1, "fn fit() {}");
            let key = Key::new(&version, [7; 16]);
            store.put(&key, &mut |out| out.write_all(b"result"))?;
            match store.claim(&key)? {
                Claim::Mine(claim) => claim.write(&mut |out| out.write_all(b"result")).map(|_| ()),
                Claim::Taken(holder) => panic!("nobody else claims, yet {holder} did"),
            }
        });
        done.store(true, Ordering::Relaxed);
        stored.unwrap();
    });
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    conformance::run(|name| open("in_memory", &StoreOptions::new(format!("suite {name}"))).unwrap());
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn a_missing_feature_is_named() {
    let error = open("sqlite", &StoreOptions::new("cache")).unwrap_err();
    assert!(error.is_unknown_backend());
    assert!(error.to_string().contains("`features = [\"sqlite\"]`"), "{error}");
}

#[cfg(feature = "sqlite")]
#[test]
fn the_sqlite_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    conformance::run(|name| open("sqlite", &StoreOptions::new(folder.path().join(name))).unwrap());
}

#[cfg(feature = "object")]
#[test]
fn the_object_store_keeps_the_contract() {
    // Its limits are kept from time to time, unless it is asked to look after each result.
    let exact = |name: &str| StoreOptions::new(format!("memory://suite/{name}")).option("sweep_every", "0");
    conformance::run(|name| open("object", &exact(name)).unwrap());
}

#[test]
fn tiers_keep_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let open = |backend: &str, place: String| open(backend, &StoreOptions::new(place)).unwrap();
    let near = |name: &str| open("local", folder.path().join("near").join(name).display().to_string());
    let far = |name: &str| open("local", folder.path().join("far").join(name).display().to_string());
    conformance::run_tiers(|name| Arc::new(Tiered::new(near(name), far(name))));
    let once = |name: &str| {
        let near = near(&format!("once-{name}"));
        Tiered::builder(near, far(&format!("once-{name}"))).compute_once(true).wait_for_uploads(true).build()
    };
    conformance::run_tiers(|name| Arc::new(once(name)));
    // A far store that is only read and has nothing changes nothing.
    let alone = |name: &str| {
        let near = near(&format!("alone-{name}"));
        Tiered::builder(near, far("nothing")).read_only(true).build()
    };
    conformance::run(|name| Arc::new(alone(name)));
}

#[cfg(feature = "object")]
#[test]
fn tiers_in_front_of_a_bucket_keep_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let near = |name: &str| open("local", &StoreOptions::new(folder.path().join(name))).unwrap();
    let far = |name: &str| open("object", &StoreOptions::new(format!("memory://tiers/{name}"))).unwrap();
    conformance::run_tiers(|name| Arc::new(Tiered::new(near(name), far(name))));
    let once = |name: &str| {
        let far = far(&format!("once-{name}"));
        Tiered::builder(near(&format!("once-{name}")), far).compute_once(true).build()
    };
    conformance::run_tiers(|name| Arc::new(once(name)));
}

#[test]
fn looking_at_a_store_that_was_not_made_makes_nothing() {
    for backend in crate::ON_DISK {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store(backend, &folder.path().join("not/made"));
        let key = crate::key(1);
        assert!(!store.is_there().unwrap() && !store.contains(&key).unwrap(), "{backend}");
        assert!(store.get(&key).unwrap().is_none() && store.peek(&key, 10).unwrap().is_none(), "{backend}");
        let all = store.peek_all(&[key.clone(), key.clone()], 10);
        assert!(all.len() == 2 && all.iter().all(|found| matches!(found, Ok(None))), "{backend}");
        assert!(!store.was_evicted(&key).unwrap(), "{backend}");
        assert!(store.visit(&mut |_| ControlFlow::Continue(())).unwrap().is_empty(), "{backend}");
        assert!(!store.remove(&key).unwrap(), "{backend}");
        assert_eq!(store.clear(Scope::All).unwrap(), 0, "{backend}");
        let limits = Limits::default().items_limit(1);
        assert_eq!(store.reduce(&limits, &|_| None).unwrap().items, 0, "{backend}");
        assert_eq!(store.make_room(&limits, &|_| None).unwrap().items, 0, "{backend}");
        store.flush().unwrap();
        drop(store);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{backend}");
    }
}

#[test]
fn a_journal_that_was_removed_costs_one_count_and_no_limit() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::default().items_limit(100);
    let first = crate::store("local", folder.path());
    (0..90).for_each(|number| crate::put(&*first, &crate::key(number), b"result"));
    std::fs::remove_file(folder.path().join("joblib-rs/usage")).unwrap();
    for store in [first, crate::store("local", folder.path())] {
        for number in 100..190 {
            crate::put(&*store, &crate::key(number), b"result");
            store.tidy(&crate::key(number), &limits, &|_| None).unwrap();
        }
        let mut count = 0;
        let count_one = &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        };
        store.visit(count_one).unwrap();
        assert!(count <= 101, "{count}");
    }
}
