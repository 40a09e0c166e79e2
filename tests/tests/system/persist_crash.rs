//! A dump that is killed must never cost the value that was there: at 200 random moments of dumps over an existing file, a
//! real process gets SIGKILL, and what is then at the path loads, old or new.

use std::time::{Duration, Instant};

use joblib_array::Array;
use joblib_persist::{dump, load, verify};
use joblib_tests::child;

/// Values whose every part says which dump they are of.
fn value(number: u64) -> (u64, Array<u64>, Vec<String>) {
    (number, Array::from_vec(vec![number; 60_000], &[300, 200]).unwrap(), vec![number.to_string(); 100])
}

#[test]
#[ignore = "the role of a child process"]
fn dump_until_killed() {
    let path = child::argument();
    for number in 1.. {
        dump(&value(number), &path).unwrap();
    }
}

#[test]
fn a_dump_killed_at_200_random_moments_always_leaves_a_value_and_no_growing_litter() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kills) in [("plain", 120), ("packed.gz", 40), ("packed.z", 40)] {
        let path = folder.path().join(name);
        dump(&value(0), &path).unwrap();
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for kill in 0..kills {
            let before = load::<(u64, Array<u64>, Vec<String>)>(&path).unwrap().0;
            let mut child = child::command(dump_until_killed, path.to_str().unwrap()).spawn().unwrap();
            // The child's first dumps have begun when the file changes; from then on any moment will do.
            let started = Instant::now();
            let stamp = std::fs::metadata(&path).unwrap().modified().unwrap();
            while std::fs::metadata(&path).unwrap().modified().unwrap() == stamp {
                assert!(
                    started.elapsed() < Duration::from_mins(1),
                    "the child dumps nothing (after {before})"
                );
                std::thread::yield_now();
            }
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            std::thread::sleep(Duration::from_micros(random >> 51));
            child.kill().unwrap();
            child.wait().unwrap();

            let (number, array, texts) = load(&path).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
            assert_eq!((number, array, texts), value(number), "kill {kill}");
            verify(&path).unwrap();
            // At most the one file between the two steps of a replacement, which the next dump clears.
            let litter = std::fs::read_dir(folder.path())
                .unwrap()
                .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
                .count();
            assert!(litter <= 1, "kill {kill}: {litter} files of killed dumps");
        }
        dump(&value(0), &path).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "litter outlived the next dump");
}
