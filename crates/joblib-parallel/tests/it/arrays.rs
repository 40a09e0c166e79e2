//! Arrays on their way to workers: written in place where they are mapped for writing, on every backend.

use std::fs::File;
use std::io::Read;

use joblib_array::{Array, Buffer, MmapMode, Order};
use joblib_parallel::{Backend, Parallel, delayed};

/// The backends with worker processes that arrays reach as memory, each with its name.
fn with_processes() -> Vec<(&'static str, Backend)> {
    let mut backends = vec![("loky", Backend::Loky), ("multiprocessing", "multiprocessing".into())];
    if cfg!(feature = "cluster") {
        backends.push(("nodes", node()));
    }
    backends
}

/// This host again, as a node.
#[cfg(feature = "cluster")]
fn node() -> Backend {
    joblib_parallel::backend::Nodes::command(["env"]).into()
}

#[cfg(not(feature = "cluster"))]
fn node() -> Backend {
    "nodes".into()
}

const ROWS: usize = 6;
const COLUMNS: usize = 5;

/// A file of zeros, and the matrix that it is mapped as.
fn matrix(mode: MmapMode) -> (File, Array<f64>) {
    let file = tempfile::tempfile().unwrap();
    file.set_len((ROWS * COLUMNS * size_of::<f64>()) as u64).unwrap();
    let buffer = Buffer::map(&file, 0, ROWS * COLUMNS * size_of::<f64>(), mode).unwrap();
    (file, Array::from_buffer(buffer, vec![ROWS, COLUMNS], Order::C).unwrap())
}

fn fill(mut part: Array<f64>, value: f64) {
    part.as_mut_slice().unwrap().fill(value);
}

#[test]
fn what_workers_write_to_a_mapped_array_is_in_the_callers_array_and_in_the_file() {
    for backend in ["sequential", "threading", "loky", "multiprocessing"] {
        // However small it is, and whatever is said of arrays that are only read.
        for max_nbytes in [None, Some(1 << 20), Some(0)] {
            let (mut file, array) = matrix(MmapMode::ReadWrite);
            let rows = |k: usize| array.rows(k..k + 1).remap().unwrap();
            let parallel = Parallel::new().n_jobs(2).backend(backend).max_nbytes(max_nbytes).mmap_mode(None);
            parallel.run((0..ROWS).map(|k| delayed(fill, (rows(k), k as f64 + 1.0)))).unwrap();
            let expected: Vec<f64> = (0..ROWS * COLUMNS).map(|i| (i / COLUMNS) as f64 + 1.0).collect();
            assert_eq!(array.as_slice(), expected, "{backend}, {max_nbytes:?}");
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            let in_file: Vec<f64> =
                bytes.chunks_exact(8).map(|bytes| f64::from_ne_bytes(bytes.try_into().unwrap())).collect();
            assert_eq!(in_file, expected, "{backend}, {max_nbytes:?}");
        }
    }
}

#[test]
fn forks_write_in_place_to_the_mapping_that_they_captured() {
    let (_file, array) = matrix(MmapMode::ReadWrite);
    let array = &array;
    let tasks = (0..ROWS).map(|k| move || fill(array.rows(k..k + 1).remap().unwrap(), 2.0));
    Parallel::new().n_jobs(2).fork().run(tasks).unwrap();
    assert_eq!(array.as_slice(), [2.0; ROWS * COLUMNS]);
}

#[test]
fn threads_write_in_place_to_disjoint_rows_as_the_compiler_sees() {
    let (_file, mut array) = matrix(MmapMode::ReadWrite);
    let rows = array.as_mut_slice().unwrap().chunks_mut(COLUMNS);
    let tasks = rows.map(|row| move || row.fill(3.0));
    Parallel::new().n_jobs(2).require(joblib_parallel::SharedMem).run(tasks).unwrap();
    assert_eq!(array.as_slice(), [3.0; ROWS * COLUMNS]);
}

#[test]
fn mmap_mode_decides_what_workers_may_do_with_their_arrays() {
    // Can it be written as it is? Does the next task see that?
    fn probe(mut array: Array<f64>) -> (Option<String>, bool, f64) {
        let before = array.as_slice()[0];
        let mode = array.mmap_mode().map(|mode| mode.to_string());
        let writable = array.as_mut_slice().map(|elements| elements[0] += 1.0).is_ok();
        (mode, writable, before)
    }
    let modes = [
        (Some(MmapMode::Read), Some(MmapMode::Read), false, 0.0),
        (Some(MmapMode::CopyOnWrite), Some(MmapMode::CopyOnWrite), true, 0.0),
        (Some(MmapMode::ReadWrite), Some(MmapMode::ReadWrite), true, 1.0),
        (None, None, true, 0.0),
    ];
    for (mode, seen, writable, second) in modes {
        let array = Array::from_vec(vec![0.0; 1000], &[1000]).unwrap();
        let parallel = Parallel::new().n_jobs(1).backend("loky").max_nbytes(1).mmap_mode(mode);
        let probes = parallel.run((0..2).map(|_| delayed(probe, (array.clone(),)))).unwrap();
        let seen = || seen.map(|mode: MmapMode| mode.to_string());
        assert_eq!(probes, [(seen(), writable, 0.0), (seen(), writable, second)], "{mode:?}");
        assert_eq!(array.as_slice(), [0.0; 1000], "the caller's array is its own");
    }
}

/// What a worker has of arrays: mappings and descriptors of memory without a name.
#[cfg(target_os = "linux")]
fn shared_memories() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    maps.matches("/memfd:joblib").count()
        + targets.filter(|target| target.to_string_lossy().starts_with("/memfd:joblib")).count()
}

#[test]
#[cfg(target_os = "linux")]
fn a_worker_forgets_arrays_while_its_call_goes_on() {
    #[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
    fn count(array: Array<f64>, text: String) -> usize {
        assert!(array.is_mapped() && text.len() == 5000);
        shared_memories()
    }
    let load = |n: u32| Array::from_vec(vec![f64::from(n); 1000], &[1000]).unwrap();
    for (name, backend) in with_processes() {
        for mode in [MmapMode::Read, MmapMode::CopyOnWrite, MmapMode::ReadWrite] {
            let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).batch_size(1);
            let parallel = parallel.max_nbytes(1000).mmap_mode(mode).pre_dispatch(4);
            let tasks = (0..200).map(|n| delayed(count, (load(n), "text ".repeat(1000))));
            let counts = parallel.run(tasks).unwrap();
            let most = counts.into_iter().max().unwrap();
            assert!(most < 40, "{name}, {mode}: a worker has {most} mappings and descriptors of 200 arrays");
        }
    }
}

#[test]
#[cfg(all(target_os = "linux", feature = "cluster"))]
fn an_agent_forgets_arrays_while_its_call_goes_on_and_those_of_one_call_when_that_ends() {
    const LEN: usize = 8000;
    /// How many arrays the agent has, which is the parent of the process.
    fn kept() -> usize {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", nix::unistd::getppid())).unwrap();
        let lens = descriptors.filter_map(|entry| Some(std::fs::metadata(entry.ok()?.path()).ok()?.len()));
        lens.filter(|len| *len == (LEN * size_of::<f64>()) as u64).count()
    }
    #[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
    fn kept_beside(array: Array<f64>) -> usize {
        assert!(array.is_mapped());
        kept()
    }
    let load = |n: u32| Array::from_vec(vec![f64::from(n); LEN], &[LEN]).unwrap();
    let backend = node();
    for mode in [MmapMode::Read, MmapMode::CopyOnWrite, MmapMode::ReadWrite] {
        let parallel = || Parallel::new().n_jobs(2).backend(backend.clone()).max_nbytes(1000).mmap_mode(mode);
        let tasks = (0..200).map(|n| delayed(kept_beside, (load(n),)));
        let counts = parallel().batch_size(1).pre_dispatch(4).run(tasks).unwrap();
        let most = counts.into_iter().max().unwrap();
        assert!((1..20).contains(&most), "{mode}: the agent has {most} of 200 arrays");
        // As long as the caller has one, the next call need not send it again, unless tasks write to it.
        let array = load(1);
        parallel().run([0; 2].map(|_| delayed(kept_beside, (array.clone(),)))).unwrap();
        let after = parallel().run([delayed(kept, ())]).unwrap();
        assert_eq!(after, [usize::from(mode != MmapMode::ReadWrite)], "{mode}");
    }
}

#[test]
fn what_a_call_says_of_an_array_is_not_what_the_next_call_says() {
    /// Its first element, which is then another one, where the array can be written.
    fn read_and_write(mut array: Array<f64>) -> (bool, f64) {
        let first = array.as_slice()[0];
        if let Ok(elements) = array.as_mut_slice() {
            elements[0] = -1.0;
        }
        (array.mmap_mode().is_some_and(is_writable), first)
    }
    use MmapMode::{CopyOnWrite, Read, ReadWrite, Write};
    for (name, backend) in with_processes() {
        for modes in
            [[ReadWrite, Read], [Read, CopyOnWrite], [CopyOnWrite, ReadWrite], [ReadWrite, ReadWrite]]
                .into_iter()
                .chain([[Write, CopyOnWrite]])
        {
            let array = Array::from_vec(vec![7.0; 1000], &[1000]).unwrap();
            for mode in modes {
                let parallel =
                    Parallel::new().n_jobs(1).backend(backend.clone()).max_nbytes(1).mmap_mode(mode);
                let [(seen, first)] = parallel.run([delayed(read_and_write, (array.clone(),))]).unwrap()[..]
                else {
                    panic!("one task has one result")
                };
                assert_eq!(first.to_bits(), 7_f64.to_bits(), "{name}, {modes:?}, {mode}");
                assert_eq!(seen, is_writable(mode), "{name}, {modes:?}, {mode}");
            }
        }
    }
}

fn is_writable(mode: MmapMode) -> bool {
    mode != MmapMode::Read
}

#[test]
fn tasks_of_one_call_share_what_they_write_to_the_parts_of_an_array() {
    /// Adds to the first element, and returns it.
    fn add(mut part: Array<f64>) -> f64 {
        let elements = part.as_mut_slice().unwrap();
        elements[0] += 1.0;
        elements[0]
    }
    let array = Array::from_vec(vec![0.0; 1000], &[10, 100]).unwrap();
    // Equal to it, and another one.
    let equal = Array::from_vec(vec![0.0; 1000], &[10, 100]).unwrap();
    for (name, backend) in with_processes() {
        let parallel =
            Parallel::new().n_jobs(1).backend(backend).max_nbytes(1).mmap_mode(MmapMode::ReadWrite);
        for _ in 0..2 {
            let parts = [array.rows(0..10), array.rows(5..10), array.rows(5..6), equal.rows(0..10)];
            let tasks = parts.map(|part| delayed(add, (part,)));
            assert_eq!(parallel.run(tasks).unwrap(), [1.0, 1.0, 2.0, 1.0], "{name}");
        }
    }
    assert_eq!(array.as_slice(), [0.0; 1000]);
}
