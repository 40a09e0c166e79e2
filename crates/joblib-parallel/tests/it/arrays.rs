//! Arrays on their way to workers: written in place where they are mapped for writing, on every backend.

use std::fs::File;
use std::io::Read;

use joblib_array::{Array, Buffer, MmapMode, Order};
use joblib_parallel::{Parallel, delayed};

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
