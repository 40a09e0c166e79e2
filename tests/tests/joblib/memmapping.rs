//! What joblib's own tests of arrays that are shared with workers hold, where `joblib-parallel`'s tests do not hold it
//! already.

use joblib_array::{Array, Buffer, MmapMode, Order};
use joblib_parallel::{Parallel, delayed, parallel_config};
use joblib_persist::{LoadOptions, dump};
use serde::{Deserialize, Serialize};

/// Not forks: a test's threads may hold locks at the moment of a fork, which nobody in the child would ever release.
const PROCESSES: [&str; 1] = ["loky"];

fn parallel(backend: &str) -> Parallel {
    Parallel::new().backend(backend).n_jobs(2)
}

#[allow(clippy::needless_pass_by_value, reason = "tasks own their arguments")]
fn looks_like(array: Array<f64>) -> (Vec<f64>, Vec<usize>, bool) {
    (array.to_vec(), array.shape().to_vec(), array.is_mapped())
}

#[test]
fn mapped_arrays_of_any_shape_order_and_place_in_their_file_arrive_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays");
    let high: Array<f64> =
        Array::from_fn(&[10, 5, 5, 3], |at| (at[0] * 100 + at[1] * 10 + at[2] + at[3]) as f64);
    let columns: Vec<f64> = (0..6000).map(f64::from).collect();
    let fortran = Array::<f64>::from_buffer(Buffer::adopt(columns), vec![100, 60], Order::F).unwrap();
    dump(&[&high, &fortran], &path).unwrap();
    let [high, fortran]: [Array<f64>; 2] = LoadOptions::new().mmap_mode(MmapMode::Read).load(&path).unwrap();
    assert!(high.is_mapped() && fortran.is_mapped());
    for backend in PROCESSES {
        for array in [high.clone(), fortran.clone(), high.rows(3..7)] {
            let seen = parallel(backend).max_nbytes(1).run([delayed(looks_like, (array.clone(),))]).unwrap();
            assert_eq!(seen[0].0, array.to_vec(), "{backend}");
            assert_eq!(seen[0].1, array.shape(), "{backend}");
        }
    }
}

#[test]
fn arrays_from_a_lazy_producer_are_shared_although_each_lives_for_one_task() {
    let array = |n: usize| Array::from_vec(vec![n as f64; 10], &[10]).unwrap();
    let tasks = (0..100).map(|n| delayed(looks_like, (array(n),)));
    for (n, (elements, _, mapped)) in
        parallel("loky").max_nbytes(1).run(tasks).unwrap().into_iter().enumerate()
    {
        assert_eq!((elements, mapped), (vec![n as f64; 10], true));
    }
}

#[test]
fn results_are_arrays_that_can_be_written_whatever_the_arguments_were() {
    let array = Array::from_vec(vec![1.0; 1000], &[1000]).unwrap();
    for backend in PROCESSES {
        let same = |array: Array<f64>| array;
        let results = parallel(backend).max_nbytes(100).run([delayed(same, (array.clone(),))]).unwrap();
        for mut result in results {
            result.make_mut()[0] = 2.0;
            assert_eq!(result.as_slice()[..2], [2.0, 1.0]);
        }
    }
    assert_eq!(array.as_slice()[..1], [1.0], "the argument is as it was");
}

#[test]
fn workers_that_write_copies_of_different_arrays_do_not_meet() {
    fn fill(mut array: Array<f64>, value: f64) -> Array<f64> {
        array.make_mut().fill(value);
        array
    }
    let tasks = (0..10).map(|n| delayed(fill, (Array::zeros(&[10, 10]), f64::from(n))));
    for (n, array) in parallel("loky").max_nbytes(0).run(tasks).unwrap().into_iter().enumerate() {
        assert_eq!(array.as_slice(), [n as f64; 100]);
    }
}

#[test]
fn a_call_on_one_array_after_another_leaves_nothing_in_the_folder_for_temporary_files() {
    let folder = tempfile::tempdir().unwrap();
    let array = Array::from_vec(vec![0.5; 1000], &[1000]).unwrap();
    for backend in PROCESSES {
        for _ in 0..5 {
            let parallel = parallel(backend).max_nbytes(1).temp_folder(folder.path());
            parallel.run((0..4).map(|_| delayed(looks_like, (array.clone(),)))).unwrap();
        }
        let refuses = |_: Array<f64>| -> () { panic!("no") };
        let parallel = parallel(backend).max_nbytes(1).temp_folder(folder.path());
        assert!(parallel.run([delayed(refuses, (array.clone(),))]).unwrap_err().is_panic());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{backend}");
    }
}

#[test]
fn an_argument_that_refuses_to_be_serialized_is_an_error_with_its_message() {
    #[derive(Clone, Deserialize)]
    struct Socket;
    impl Serialize for Socket {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a socket has no content"))
        }
    }
    let error = parallel("loky").run((0..10).map(|_| delayed(|_: Socket| 1, (Socket,)))).unwrap_err();
    assert!(error.to_string().contains("a socket has no content"), "{error}");
}

#[test]
fn the_first_failure_stops_tasks_that_still_run_in_worker_processes() {
    fn task(n: u64) {
        assert!(n != 0, "zero");
        std::thread::sleep(std::time::Duration::from_hours(1));
    }
    for backend in PROCESSES {
        // It would take hours if they were not stopped.
        let error = parallel(backend).batch_size(1).run((0..100).map(|n| delayed(task, (n,)))).unwrap_err();
        assert!(error.is_panic(), "{error}");
    }
}

#[test]
fn workers_limit_the_threads_of_numerical_libraries_to_their_share() {
    fn threads(variable: String) -> Option<String> {
        std::env::var(variable).ok()
    }
    for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        let ask = || [delayed(threads, (variable.to_owned(),))];
        let _scope = parallel_config().backend("loky").n_jobs(2).inner_max_num_threads(1).enter();
        assert_eq!(Parallel::new().run(ask()).unwrap(), [Some("1".to_owned())], "{variable}");
        let set = Parallel::new().env(variable, "4").run(ask()).unwrap();
        assert_eq!(set, [Some("4".to_owned())], "what is set on purpose stays: {variable}");
    }
}

#[test]
fn workers_are_kept_for_calls_with_the_same_settings_and_started_for_others() {
    fn set_up(_name: String) {}
    let pids = |name: &str| {
        let parallel = parallel("loky").batch_size(1).initializer(delayed(set_up, (name.to_owned(),)));
        let pids = parallel.run((0..20).map(|_| delayed(std::process::id, ()))).unwrap();
        pids.into_iter().collect::<std::collections::BTreeSet<u32>>()
    };
    let first = pids("one");
    assert!((0..3).all(|_| pids("one").is_subset(&first)), "the same initializer: the same workers");
    assert!(pids("two").is_disjoint(&first), "another initializer: other workers");
}
