//! What the user's types do while they are encoded, decoded and shown: they may panic, and that costs one task.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use joblib_parallel::{Backend, Generator, Parallel, delayed};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const BACKENDS: [Backend; 4] =
    [Backend::Sequential, Backend::Threading, Backend::Loky, Backend::Multiprocessing];

/// Panics when number 1 is encoded.
#[derive(Deserialize)]
struct Unwritable(u32);

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 != 1, "it panics when it is encoded");
        serializer.serialize_newtype_struct("Unwritable", &self.0)
    }
}

/// Panics when number 1 is decoded.
#[derive(Serialize)]
struct Unreadable(u32);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        assert!(number != 1, "it panics when it is decoded");
        Ok(Unreadable(number))
    }
}

fn is_in_process(backend: &Backend) -> bool {
    matches!(backend, Backend::Sequential | Backend::Threading)
}

#[test]
fn arguments_that_panic_when_they_are_encoded_cost_their_task_where_they_are_sent_and_none_elsewhere() {
    for backend in BACKENDS {
        for timeout in [Duration::from_mins(5), Duration::MAX] {
            let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).timeout(timeout).outcomes();
            let tasks = (0..20).map(|n| delayed(|number: Unwritable| number.0, (Unwritable(n),)));
            let outcomes = parallel.run(tasks).unwrap();
            for (n, outcome) in (0..).zip(outcomes) {
                match outcome {
                    Ok(number) => assert_eq!(number, n, "{backend}"),
                    Err(error) => {
                        assert!(n == 1 && !is_in_process(&backend), "{backend}: {error}");
                        assert!(error.to_string().contains("it panics when it is encoded"), "{error}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_task_that_fails_is_described_though_its_arguments_panic_when_they_are_shown() {
    for backend in [Backend::Sequential, Backend::Threading] {
        let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).outcomes();
        let fails = |number: Unwritable| assert!(number.0 != 1, "the task's own panic");
        let outcomes = parallel.run((0..3).map(|n| delayed(fails, (Unwritable(n),)))).unwrap();
        let error = outcomes[1].as_ref().unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("the task's own panic"), "{backend}: {error}");
        assert_eq!(error.arguments(), "");
        assert!(outcomes[0].is_ok() && outcomes[2].is_ok());
    }
}

#[test]
fn values_that_panic_when_they_are_decoded_cost_their_task_and_no_worker() {
    for backend in [Backend::Loky, Backend::Multiprocessing] {
        let parallel = || Parallel::new().n_jobs(2).backend(backend.clone()).outcomes();
        let arguments = (0..10).map(|n| delayed(|number: Unreadable| number.0, (Unreadable(n),)));
        let arguments = parallel().run(arguments).unwrap();
        let results = parallel().run((0..10).map(|n| delayed(Unreadable, (n,)))).unwrap();
        let results = results.into_iter().map(|outcome| outcome.map(|number| number.0)).collect::<Vec<_>>();
        for outcomes in [arguments, results] {
            for (n, outcome) in (0..).zip(outcomes) {
                match outcome {
                    Ok(number) => assert!(number == n && n != 1, "{backend}"),
                    Err(error) => {
                        assert!(n == 1 && !error.is_crash(), "{backend}: {error}");
                        assert!(error.to_string().contains("it panics when it is decoded"), "{error}");
                    }
                }
            }
        }
    }
}

#[test]
fn results_after_a_panic_of_the_producer_are_those_of_their_tasks() {
    for backend in BACKENDS {
        let parallel = Parallel::new().n_jobs(2).backend(backend.clone()).batch_size(4);
        let tasks = (0..100_u32).map(|n| {
            assert!(n != 42, "the producer's own panic");
            delayed(|number: u32| number, (n,))
        });
        let Ok(mut results) =
            catch_unwind(AssertUnwindSafe(|| parallel.return_as(Generator).run(tasks).unwrap()))
        else {
            continue;
        };
        let mut expected = 0;
        // A producer that panicked is not asked again.
        for _ in 0..200 {
            if let Ok(Some(Ok(number))) = catch_unwind(AssertUnwindSafe(|| results.next())) {
                assert_eq!(number, expected, "{backend}");
                expected += 1;
            }
        }
        assert!(expected <= 42, "{backend}");
    }
}
