//! Memory that processes of one host have in common, and what happens where they can't.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use joblib_array::Array;
use joblib_parallel::delayed;

use super::cluster::{Cluster, python};
use super::meet;

/// The file, without a name, that an array is mapped from: its number.
pub(super) fn memory_of(array: &Array<f64>) -> u64 {
    let address = array.as_slice().as_ptr() as u64;
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let of_line = |line: &str| {
        let mut fields = line.split_whitespace();
        let (start, end) = fields.next()?.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let holds = (number(start)?..number(end)?).contains(&address);
        holds.then(|| fields.nth(3)?.parse().ok()).flatten()
    };
    maps.lines().find_map(of_line).expect("the array is mapped")
}

/// The worker that ran a task, the memory that its array is in, and the array itself.
#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn look(array: Array<f64>, marks: PathBuf) -> (String, u64, Array<f64>) {
    (meet(&marks, 2), memory_of(&array), array)
}

/// The workers that ran tasks, and the memories that these found the array in. The results are right.
fn places(cluster: &Cluster) -> (HashSet<String>, HashSet<u64>) {
    let array = Array::from_vec((0..500_000).map(f64::from).collect(), &[500_000]).unwrap();
    let marks = tempfile::tempdir().unwrap();
    let tasks = (0..20).map(|_| delayed(look, (array.clone(), marks.path().to_owned())));
    let results = cluster.parallel().batch_size(1).run(tasks).unwrap();
    for (_, _, result) in &results {
        assert_eq!(result, &array);
    }
    results.into_iter().map(|(node, memory, _)| (node, memory)).unzip()
}

#[test]
fn workers_of_one_host_have_an_array_and_its_results_as_one_memory_without_a_copy() {
    let Some(python) = python() else { return };
    let cluster = Cluster::start(python, 2);
    let (nodes, memories) = places(&cluster);
    assert_eq!((nodes.len(), memories.len()), (2, 1), "{memories:?}");

    // A result is mapped from the memory that its worker wrote, and the caller may change it.
    let task = |n: u32| Array::from_vec(vec![f64::from(n); 200_000], &[200_000]).unwrap();
    for (n, mut array) in
        cluster.parallel().run((0..4).map(|n| delayed(task, (n,)))).unwrap().into_iter().enumerate()
    {
        assert!(array.is_mapped());
        array.make_mut()[1] = -1.0;
        assert_eq!((array.as_slice()[0], array.as_slice()[1]), (n as f64, -1.0));
    }

    // Through the scheduler nothing is shared.
    let through = joblib_parallel::Parallel::new().backend(cluster.backend().direct(false)).batch_size(1);
    let array = Array::from_vec(vec![0.5; 300_000], &[300_000]).unwrap();
    let marks = tempfile::tempdir().unwrap();
    let tasks = (0..20).map(|_| delayed(look, (array.clone(), marks.path().to_owned())));
    let results = through.run(tasks).unwrap();
    let (nodes, memories): (HashSet<_>, HashSet<_>) =
        results.iter().map(|(node, memory, _)| (node.clone(), *memory)).unzip();
    assert_eq!((nodes.len(), memories.len()), (2, 2), "{memories:?}");
    assert!(results.iter().all(|(_, _, result)| result == &array));
}

/// A worker in a container of its own, or another user's, finds the caller on its host, and can't open its memory.
#[test]
fn a_worker_that_can_not_have_the_callers_memory_is_sent_arrays() {
    let Some(python) = python() else { return };
    let without = std::env::var("JOBLIB_TEST_WITHOUT").unwrap_or_default();
    if without.split(',').any(|program| program == "unshare") {
        return;
    }
    let mut cluster = Cluster::start(python, 1);
    cluster.add_worker_by(&["unshare", "--user", "--map-root-user"], None);
    let (nodes, memories) = places(&cluster);
    assert_eq!((nodes.len(), memories.len()), (2, 2), "{memories:?}");
}
