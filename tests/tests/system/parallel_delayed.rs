//! `delayed!` and the companion `delayed`: a call as it is written is a task on every backend.

#![expect(
    clippy::many_single_char_names,
    clippy::multiple_bound_locations,
    clippy::needless_pass_by_value,
    clippy::ptr_arg,
    clippy::trivially_copy_pass_by_ref,
    clippy::used_underscore_binding,
    reason = "the signatures are what is tested"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use joblib::parallel::{Function, Portable, task_seed};
use joblib::prelude::*;
use serde::{Deserialize, Serialize};

const BACKENDS: [&str; 4] = ["sequential", "threading", "loky", "multiprocessing"];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Config {
    folds: usize,
    name: String,
}

impl Config {
    fn scaled(&self, by: &[usize], offset: usize) -> usize {
        by.iter().map(|by| by * self.folds).sum::<usize>() + offset
    }

    fn doubled(self) -> usize {
        2 * self.folds
    }

    fn both(&self) -> Vec<usize> {
        Parallel::new().n_jobs(2).run([1, 2].map(|by| delayed!(self.scaled(&[by], 0)))).unwrap()
    }

    fn named(name: &str) -> Self {
        Self { folds: name.len(), name: name.into() }
    }
}

/// Runs the tasks on every backend.
#[track_caller]
fn everywhere<T: Portable<Output: PartialEq + std::fmt::Debug>>(
    tasks: impl Fn() -> Vec<T>,
    expected: &[T::Output],
) {
    for backend in BACKENDS {
        let results = Parallel::new().backend(backend).n_jobs(2).run(tasks()).unwrap();
        assert_eq!(results, expected, "{backend}");
    }
}

fn fit(x: &Array<f64>, alpha: f64, config: &Config) -> f64 {
    x.iter().sum::<f64>() * alpha + config.folds as f64
}

fn texts(text: &str, numbers: &[u16], path: &Path, bytes: &[u8; 2], optional: Option<&Config>) -> String {
    let name = optional.map_or("none", |config| &config.name);
    format!("{text} {numbers:?} {} {bytes:?} {name}", path.display())
}

mod generic {
    pub(super) fn length<T, const N: usize>(items: &[T]) -> usize {
        items.len() + N
    }
}

#[test]
fn a_call_with_borrowed_arguments_is_a_task_on_every_backend() {
    let x = Array::from(vec![1.0, 2.0]);
    let config = Config { folds: 5, name: "five".to_owned() };
    everywhere(|| [0.5, 1.0].iter().map(|&alpha| delayed!(fit(&x, alpha, &config))).collect(), &[6.5, 8.0]);
}

#[test]
fn references_of_every_kind_are_owned_and_lent() {
    let (text, numbers, path) = (String::from("text"), vec![1_u16, 2, 3], Path::new("a/b").to_owned());
    let config = Config { folds: 5, name: "five".to_owned() };
    let (by_reference, twice) = (&text, &&config);
    everywhere(
        || vec![delayed!(texts("text", &numbers[1..], &path, b"ab", None))],
        &["text [2, 3] a/b [97, 98] none".to_owned()],
    );
    everywhere(
        || vec![delayed!(texts(by_reference, &numbers, Path::new("c"), &[1, 2], Some(&config)))],
        &["text [1, 2, 3] c [1, 2] five".to_owned()],
    );
    let shared = Arc::new(config.clone());
    let x = Array::from(vec![0.5]);
    everywhere(|| vec![delayed!(fit(&x, 2.0, twice))], &[6.0]);
    everywhere(|| vec![delayed!(fit(&x.clone(), 2.0, &shared))], &[6.0]);
    everywhere(|| vec![delayed!(fit(&x, -2.0, &Config { folds: 1, ..config.clone() }))], &[0.0]);
}

#[test]
fn functions_with_paths_generics_and_methods_are_called_as_they_are_written() {
    let numbers = vec![1_u8, 2];
    let config = Config { folds: 3, name: "three".to_owned() };
    everywhere(|| vec![delayed!(generic::length::<_, 3>(&numbers))], &[5]);
    everywhere(|| vec![delayed!(config.scaled(&[1, 2], 4))], &[13]);
    everywhere(|| vec![delayed!(Config::doubled(config.clone()))], &[6]);
    everywhere(|| vec![delayed!(Config::named(&config.name))], &[Config::named("three")]);
    everywhere(|| vec![delayed!(usize::pow(2, 3))], &[8]);
    everywhere(|| vec![delayed!(Option::<u8>::is_some(&None))], &[false]);
    everywhere(|| vec![delayed!(task_seed())], &[task_seed()]);
    assert_eq!(config.both(), [3, 6]);
}

#[test]
fn arguments_have_the_types_that_the_function_gives_them() {
    fn many(a: u8, b: Option<i64>, c: Vec<f32>, d: String, e: f32, f: u64) -> String {
        format!("{a} {b:?} {c:?} {d} {e} {f}")
    }
    let small = 7;
    everywhere(
        || {
            vec![delayed!(many(
                small,
                None,
                [1.5].into_iter().collect(),
                "d".into(),
                Default::default(),
                "9".parse().unwrap()
            ))]
        },
        &["7 None [1.5] d 0 9".to_owned()],
    );
}

#[test]
fn tasks_made_of_calls_are_boxed_and_tried_as_others() {
    fn parse(text: &str) -> Result<i32, std::num::ParseIntError> {
        text.parse()
    }
    let texts = ["1".to_owned(), "x".to_owned()];
    for backend in BACKENDS {
        let parallel = Parallel::new().backend(backend).n_jobs(2);
        let outcomes = parallel.outcomes().try_run(texts.iter().map(|text| delayed!(parse(text)))).unwrap();
        assert_eq!(*outcomes[0].as_ref().unwrap(), 1, "{backend}");
        let error = outcomes[1].as_ref().unwrap_err();
        assert!(error.is_failure() && error.to_string().contains("invalid digit"), "{backend}: {error}");
        assert_eq!(error.function(), "parse");
        assert_eq!(error.arguments(), "\"x\"");
        let boxed = vec![delayed!(str::len("abc")).boxed(), delayed!(usize::pow(2, 2)).boxed()];
        assert_eq!(Parallel::new().backend(backend).n_jobs(2).run(boxed).unwrap(), [3, 4], "{backend}");
    }
}

/// Tells how often it was cloned.
#[derive(Debug, Serialize, Deserialize)]
struct Counted(Vec<u32>);

static CLONES: AtomicUsize = AtomicUsize::new(0);

impl Clone for Counted {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

fn total(of: &Counted, plus: u32) -> u32 {
    of.0.iter().sum::<u32>() + plus
}

#[test]
fn a_place_that_is_lent_again_is_cloned_once_for_each_call_of_run() {
    let (one, other) = (Counted(vec![1, 2]), Counted(vec![3]));
    for backend in BACKENDS {
        for _ in 0..2 {
            CLONES.store(0, Ordering::Relaxed);
            let tasks = (0..100).map(|n| delayed!(total(if n % 2 == 0 { &one } else { &other }, n)));
            let results = Parallel::new().backend(backend).n_jobs(2).run(tasks).unwrap();
            assert_eq!(results.iter().sum::<u32>(), 4950 + 50 * 6, "{backend}");
            assert_eq!(CLONES.load(Ordering::Relaxed), 2, "{backend}");
        }
        // A list that is made before the call.
        CLONES.store(0, Ordering::Relaxed);
        let tasks = [0, 1, 2].map(|n| delayed!(total(&one, n)));
        assert_eq!(Parallel::new().backend(backend).n_jobs(2).run(tasks).unwrap(), [3, 4, 5]);
        assert_eq!(CLONES.load(Ordering::Relaxed), 1, "{backend}");
    }
}

#[test]
fn a_place_that_was_written_or_is_another_value_is_lent_as_it_is() {
    fn first(x: &Array<i32>, y: &Vec<i32>, z: &i32) -> [i32; 3] {
        [x.as_slice()[0], y[0], *z]
    }
    let expected: Vec<[i32; 3]> = (0..50).map(|n| [n, n, n]).collect();
    for backend in BACKENDS {
        let mut array = Array::from(vec![-1]);
        let mut buffer = vec![-1];
        let results = Parallel::new().backend(backend).n_jobs(2).run((0..50).map(|n| {
            array.make_mut()[0] = n;
            buffer[0] = n;
            let local = n;
            delayed!(first(&array, &buffer, &local))
        }));
        assert_eq!(results.unwrap(), expected, "{backend}");
    }
}

#[test]
fn an_array_that_is_lent_is_not_copied() {
    fn address(x: &Array<u8>) -> usize {
        x.as_slice().as_ptr() as usize
    }
    let x = Array::<u8>::zeros(&[1000]);
    let addresses = Parallel::new().n_jobs(2).run((0..20).map(|_| delayed!(address(&x)))).unwrap();
    assert_eq!(addresses, [address(&x); 20]);
}

#[task]
fn scaled<T: Copy + Into<f64>, const N: usize>(x: &[T], by: f64, name: &str, config: Option<Config>) -> String
where
    T: Serialize + for<'de> Deserialize<'de> + Send + Sync + 'static,
{
    let total: f64 = x.iter().map(|&x| x.into()).sum();
    format!("{name}: {} {N} {}", total * by, config.is_some())
}

#[cached]
fn cached_fit(x: &Array<f64>, alpha: f64) -> f64 {
    x.iter().sum::<f64>() * alpha
}

#[test]
fn functions_have_the_companion_delayed_with_their_own_signature() {
    everywhere(
        || vec![scaled::delayed::<f32, 2>(&[1.0, 2.0], 2.0, "name", None)],
        &["name: 6 2 false".to_owned()],
    );
    let folder = tempfile::tempdir().unwrap();
    Memory::new(folder.path()).unwrap().install().unwrap();
    let x = Array::from(vec![1.0, 2.0]);
    everywhere(|| vec![cached_fit::delayed(&x, 0.5), cached_fit::delayed(&x, 1.0)], &[1.5, 3.0]);
    assert!(cached_fit::check_call_in_cache(&x, 0.5));
    let error =
        Parallel::new().outcomes().run([failing::delayed(&x, "why")]).unwrap().pop().unwrap().unwrap_err();
    assert!(error.function().ends_with("parallel_delayed::failing"), "{error}");
    assert!(error.arguments().contains("\"why\""), "{error}");
}

#[task]
fn owned(owned: &[u8], call: u8) -> u8 {
    owned.iter().sum::<u8>() + call
}

#[cached]
fn call(call: u8, owned: u8) -> u8 {
    call + owned
}

#[test]
fn a_function_may_have_any_name_and_an_argument_of_its_own_name() {
    let memory = tempfile::tempdir().unwrap();
    Memory::new(memory.path()).unwrap().install().unwrap();
    let parallel = Parallel::new().n_jobs(1);
    assert_eq!(parallel.run([owned::delayed(&[1, 2], 3), owned::delayed(&[], 1)]).unwrap(), [6, 1]);
    assert_eq!(parallel.run([call::delayed(1, 2), call::delayed(1, 2)]).unwrap(), [3, 3]);
    assert_eq!(parallel.run([delayed!(call(2, 2))]).unwrap(), [4]);
}

#[task]
fn failing(_x: &Array<f64>, why: &str) {
    panic!("{why}");
}

/// What a task can't have does not keep a function from being cached.
#[derive(Serialize)]
struct Unknown;

#[cached]
fn of_unknown(_unknown: &Unknown, #[cached(skip)] _show: &dyn Fn(u8), x: u8) -> u8 {
    x
}

#[test]
fn functions_that_no_task_can_call_are_cached_as_before() {
    let _ = of_unknown as fn(_, _, _) -> _;
}

fn _delayed_calls_are_functions<F: Function<(u8,)>>(_: F) {}
