//! A cache folder that somebody prepared, clocks that jump, and paths at their limits: never a wrong value, nothing
//! outside of the folder touched, no endless wait.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use joblib_memory::{Limits, Memory, StoreOptions};
use joblib_tests::files;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

fn own(folder: &TempDir) -> PathBuf {
    folder.path().join("cache/joblib-rs")
}

/// A memory whose results have files of their own, small as they are.
fn memory(folder: &TempDir) -> Memory {
    let options = StoreOptions::new(folder.path().join("cache")).option("pack_below", "0");
    Memory::with_options("local", &options).unwrap()
}

fn results(folder: &TempDir) -> Vec<PathBuf> {
    files::results(&own(folder))
}

/// A folder of somebody's with a file in a folder.
fn victim(folder: &TempDir) -> PathBuf {
    let victim = folder.path().join("victim");
    fs::create_dir_all(victim.join("documents")).unwrap();
    fs::write(victim.join("documents/thesis.joblib"), "years of work").unwrap();
    victim
}

fn assert_untouched(victim: &Path) {
    assert_eq!(files::below(victim), [victim.join("documents/thesis.joblib")]);
    assert_eq!(fs::read_to_string(victim.join("documents/thesis.joblib")).unwrap(), "years of work");
}

/// Everything that can be asked of a memory.
fn use_all(memory: &Memory) {
    let memory = memory.clone().items_limit(1).age_limit(Duration::ZERO);
    let double = memory.cache("double", |x: u64| 2 * x);
    for x in 0..20 {
        assert_eq!(double.eval((x,)), 2 * x);
        assert_eq!(double.eval((x,)), 2 * x);
    }
    double.explain((100,));
    // What can't be done may be an error, and nothing worse.
    let _ = memory.items();
    let _ = memory.reduce_size(&Limits::default().items_limit(0));
    let _ = double.clear();
    let _ = memory.clear();
}

#[test]
fn links_out_of_the_cache_lead_nowhere() {
    // Each of the folders and files that the cache has, in turn, is a link.
    let all: [&str; 6] = ["", "claims", "claims.lock", "usage", "CACHEDIR.TAG", ".gitignore"];
    for name in all {
        let folder = tempfile::tempdir().unwrap();
        let victim = victim(&folder);
        let link = own(&folder).join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        let target = if matches!(name, "" | "claims") {
            victim.clone()
        } else {
            victim.join("documents/thesis.joblib")
        };
        symlink(target, if name.is_empty() { own(&folder) } else { link }).unwrap();
        use_all(&memory(&folder));
        assert_untouched(&victim);
    }
}

#[test]
fn links_in_the_place_of_folders_of_functions_lead_nowhere() {
    for depth in 1..=2 {
        let folder = tempfile::tempdir().unwrap();
        let victim = victim(&folder);
        memory(&folder).cache("double", |x: u64| 2 * x).eval((1,));
        let mut place = results(&folder).remove(0);
        for _ in 0..depth {
            place.pop();
        }
        fs::remove_dir_all(&place).unwrap();
        symlink(&victim, &place).unwrap();
        use_all(&memory(&folder));
        assert_untouched(&victim);
    }
}

#[test]
fn pipes_and_folders_in_the_place_of_files_are_no_endless_wait() {
    let pipe: fn(&Path) = |path| mkfifo(path, Mode::S_IRWXU).unwrap();
    let directory: fn(&Path) = |path| fs::create_dir(path).unwrap();
    for make in [pipe, directory] {
        let folder = tempfile::tempdir().unwrap();
        memory(&folder).cache("double", |x: u64| 2 * x).eval((1,));
        let everything = files::below(&own(&folder));
        assert!(everything.len() >= 7, "a result, notes, marks and the journal: {everything:?}");
        for path in everything {
            fs::remove_file(&path).unwrap();
            make(&path);
        }
        use_all(&memory(&folder));
    }
}

#[test]
fn notes_that_name_other_places_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let victim = victim(&folder);
    memory(&folder).cache("double", |x: u64| 2 * x).eval((1,));
    for path in files::below(&own(&folder)) {
        if ["name", "current"].iter().any(|name| path.ends_with(name)) {
            fs::write(path, "../../../victim/documents").unwrap();
        }
    }
    // Names that are no names of ours, in every folder.
    for folder in [own(&folder), own(&folder).join("claims"), results(&folder)[0].parent().unwrap().into()] {
        for name in ["..joblib", "%2e%2e%2f.joblib", "\u{202e}.joblib", "thesis.joblib"] {
            fs::write(folder.join(name), "x").unwrap();
        }
    }
    use_all(&memory(&folder));
    assert_untouched(&victim);
}

#[test]
fn a_journal_of_any_content_and_size_costs_a_count_at_most() {
    let folder = tempfile::tempdir().unwrap();
    memory(&folder).cache("double", |x: u64| 2 * x).eval((1,));
    let journal = own(&folder).join("usage");
    for content in [Vec::new(), vec![0xff; 1000], vec![0; 1 << 20]] {
        fs::write(&journal, content).unwrap();
        use_all(&memory(&folder));
    }
    // A terabyte that takes no room.
    File::create(&journal).unwrap().set_len(1 << 40).unwrap();
    use_all(&memory(&folder));
}

fn set_times(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_accessed(time).set_modified(time)).unwrap();
}

#[test]
fn times_far_in_the_past_or_the_future_change_the_order_of_eviction_and_nothing_else() {
    let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let future = SystemTime::now() + Duration::from_hours(50 * 365 * 24);
    for time in [epoch, future] {
        let folder = tempfile::tempdir().unwrap();
        let runs = AtomicUsize::new(0);
        let memory = memory(&folder).items_limit(10);
        let double = memory
            .cache("double", |x: u64| {
                runs.fetch_add(1, Ordering::Relaxed);
                2 * x
            })
            .captures(());
        for x in 0..10 {
            double.eval((x,));
        }
        for path in results(&folder) {
            set_times(&path, time);
        }
        for x in 0..10 {
            assert_eq!(double.eval((x,)), 2 * x);
        }
        assert_eq!(runs.load(Ordering::Relaxed), 10, "they are all hits");
        for x in 10..40 {
            assert_eq!(double.eval((x,)), 2 * x);
        }
        assert!(results(&folder).len() <= 10, "the limit holds");
        assert_eq!(memory.reduce_size(&Limits::default().items_limit(2)).unwrap().items, 8);
    }
}

#[test]
fn a_result_from_the_future_is_as_old_as_one_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let memory = memory(&folder);
    let double = memory.cache("double", |x: u64| 2 * x).expires_after(Duration::from_hours(1));
    double.eval((1,));
    set_times(&results(&folder)[0], SystemTime::now() + Duration::from_hours(1000));
    assert!(double.check_call_in_cache((1,)));
    let age = memory.items().unwrap()[0].1.as_ref().unwrap().age();
    assert!(age < Duration::from_mins(5), "{age:?}");
}

/// How long a call waits for a claim; taking over an abandoned one takes far less, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(2);

#[test]
fn a_claim_from_another_host_is_believed_by_what_is_seen_of_it_and_not_by_its_time() {
    let epoch = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let future = SystemTime::now() + Duration::from_hours(1000);
    for (time, abandoned) in [(epoch, true), (future, false)] {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions::new(folder.path().join("cache")).option("claims", "files");
        let memory = Memory::with_options("local", &options).unwrap().waiting_time(PATIENCE);
        let (sent, received) = std::sync::mpsc::channel();
        let double = |x: u64| {
            // Slow while somebody listens.
            if sent.send(()).is_ok() {
                std::thread::sleep(Duration::from_millis(100));
            }
            2 * x
        };
        let claimed = std::thread::scope(|scope| {
            let computing = scope.spawn(|| memory.cache("double", double).captures(()).eval((1,)));
            received.recv().unwrap();
            let claim = files::below(&own(&folder).join("claims")).remove(0);
            let text = fs::read_to_string(&claim).unwrap();
            computing.join().unwrap();
            memory.clear().unwrap();
            (claim, text)
        });
        drop(received);
        // The same claim, of a process that can't be seen from here.
        let (claim, text) = claimed;
        fs::write(&claim, foreign(&text)).unwrap();
        set_times(&claim, time);
        let start = std::time::Instant::now();
        assert_eq!(memory.cache("double", double).captures(()).eval((1,)), 2);
        let waited = start.elapsed() >= PATIENCE;
        assert_eq!(waited, !abandoned, "after {:?}", start.elapsed());
    }
}

/// A claim's text with another host in it.
fn foreign(text: &str) -> String {
    let holder = joblib_store::Holder::this_process();
    let other = text.replace(holder.host(), "elsewhere");
    assert_ne!(other, text);
    other
}

#[test]
fn names_and_places_of_any_length_work_or_cost_the_caching() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a_function_with_a_very_long_name".repeat(300);
    let memory_here = memory(&folder);
    let long = memory_here.cache(name, |x: u64| 2 * x);
    assert_eq!(long.eval((1,)), 2);
    assert!(long.check_call_in_cache((1,)));
    assert!(results(&folder)[0].to_string_lossy().len() < folder.path().to_string_lossy().len() + 200);
    // Beyond what the system takes: first only for what stands in the location, then for the location itself.
    for length in [3800, 4000, 4090, 5000] {
        let mut place = folder.path().to_owned();
        while place.as_os_str().len() + 201 < length {
            place.push("d".repeat(200));
        }
        let left = length.saturating_sub(place.as_os_str().len() + 1).max(1);
        place.push("d".repeat(left));
        use_all(&Memory::new(&place).unwrap());
    }
    // A name that no file system has.
    use_all(&Memory::new(folder.path().join("e".repeat(300))).unwrap());
}
