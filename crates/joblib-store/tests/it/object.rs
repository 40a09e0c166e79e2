//! The object store, in a bucket of this process's memory: what it promises beyond the contract.

use std::sync::Arc;
use std::time::{Duration, Instant};

use joblib_store::{Claim, Limits, Store, StoreOptions, Subject, open};

use crate::{get, key, put};

fn store(name: &str, options: &[(&str, &str)]) -> Arc<dyn Store> {
    let all = StoreOptions::new(format!("memory://object-tests/{name}"));
    let all = options.iter().fold(all, |all, (name, value)| all.option(*name, *value));
    open("object", &all).unwrap()
}

#[test]
fn a_result_of_many_parts_comes_back_whole() {
    let store = store("parts", &[]);
    for size in [511, 512, (8 << 20) - 1, 8 << 20, (16 << 20) - 1, 16 << 20, (40 << 20) + 7] {
        let bytes: Vec<u8> =
            (0..size as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        put(&*store, &key(1), &bytes);
        assert!(get(&*store, &key(1)).unwrap() == bytes, "{size} bytes");
        let mut sizes = Vec::new();
        store
            .visit(&mut |item| {
                sizes.push(item.bytes);
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(sizes, [size as u64]);
        let Claim::Mine(claim) = store.claim(&key(2)).unwrap() else { panic!("nobody else asked") };
        assert_eq!(claim.write(&mut |out| out.write_all(&bytes)).unwrap(), size as u64);
        assert!(get(&*store, &key(2)).unwrap() == bytes, "{size} bytes, claimed");
        assert!(store.remove(&key(2)).unwrap());
    }
}

#[test]
fn a_large_value_that_fails_leaves_what_was_there() {
    let store = store("failed-parts", &[]);
    put(&*store, &key(1), b"before");
    let failed = store.put(&key(1), &mut |out| {
        out.write_all(&vec![1; 30 << 20])?;
        Err(std::io::Error::other("the value can't be encoded"))
    });
    assert_eq!(failed.unwrap_err().subject(), Subject::Value);
    assert_eq!(get(&*store, &key(1)).as_deref(), Some(&b"before"[..]));
}

#[test]
fn the_head_of_a_large_result_is_not_all_of_it() {
    let store = store("head", &[]);
    put(&*store, &key(1), &vec![7; 100_000]);
    assert_eq!(store.peek(&key(1), 4096).unwrap().unwrap().into_bytes().unwrap(), [7; 4096]);
    assert_eq!(store.peek(&key(1), u64::MAX).unwrap().unwrap().into_bytes().unwrap().len(), 100_000);
}

#[test]
fn a_claim_on_a_result_that_is_there_leaves_it_there() {
    let (store, other) = (store("again", &[]), store("again", &[]));
    put(&*store, &key(1), b"expired");
    let Claim::Mine(claim) = store.claim(&key(1)).unwrap() else { panic!("nobody else asked") };
    assert!(matches!(other.claim(&key(1)).unwrap(), Claim::Taken(holder) if holder.is_this_process()));
    assert_eq!(get(&*other, &key(1)).as_deref(), Some(&b"expired"[..]));
    claim.write(&mut |out| out.write_all(b"new")).unwrap();
    assert_eq!(get(&*other, &key(1)).as_deref(), Some(&b"new"[..]));
}

#[test]
fn limits_are_kept_eventually_by_processes_that_know_of_each_other() {
    let options = [("sweep_every", "0.05")];
    let (one, two) = (store("limits", &options), store("limits", &options));
    let limits = Limits::default().items_limit(20);
    let since = Instant::now();
    for number in 0..100 {
        let store = if number % 2 == 0 { &one } else { &two };
        put(&**store, &key(number), &[1; 100]);
        store.flush().unwrap();
        store.tidy(&key(number), &limits, &|_| None).unwrap();
    }
    let count = || {
        let mut count = 0;
        two.visit(&mut |_| {
            count += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        count
    };
    while count() > 20 {
        assert!(since.elapsed() < Duration::from_secs(30), "{} results where 20 are allowed", count());
        std::thread::sleep(Duration::from_millis(20));
        one.tidy(&key(0), &limits, &|_| None).unwrap();
    }
    assert!(two.was_evicted(&key(0)).unwrap(), "also by another process");
    assert!(!two.was_evicted(&key(99)).unwrap());
}

#[test]
fn no_option_and_no_part_of_a_url_is_ignored() {
    let refused = |location: &str, option: &str| {
        let options = StoreOptions::new(location).option(option, "x");
        open("object", &options).unwrap_err().to_string()
    };
    assert!(refused("memory://a", "colour").contains("no option"));
    assert!(refused("memory://a", "sweep_every").contains("a time such as"));
    assert!(
        open("object", &StoreOptions::new("cache")).unwrap_err().to_string().contains("s3://bucket/prefix")
    );
    let with_key = open("object", &StoreOptions::new("s3://KEY:secret@bucket/a")).unwrap_err().to_string();
    assert!(!with_key.contains("secret"), "{with_key}");
}
