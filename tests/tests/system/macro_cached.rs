//! `#[cached]` on the real runtime: what is hit, what is missed, and what is stored, through files.

use std::cell::Cell;
use std::future::Future;
use std::io::ErrorKind;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use joblib_array::Array;
use joblib_macros::{cached, tracked};
use joblib_memory::{Explanation, Memory, Metadata};
use serde::{Deserialize, Serialize};

thread_local! {
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

fn ran() {
    RUNS.set(RUNS.get() + 1);
}

/// The result, and how often bodies ran.
fn runs<R>(run: impl FnOnce() -> R) -> (R, usize) {
    let before = RUNS.get();
    let result = run();
    (result, RUNS.get() - before)
}

/// A memory in a folder that is empty at first, and this process's own: other tests run at the same time.
static MEMORY: LazyLock<Memory> = LazyLock::new(|| {
    let name = format!("macro_cached-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{}", folder.display());
    }
    Memory::new(folder).expect("a memory")
});

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Model {
    coefficients: Array<f64>,
    name: String,
}

#[cached(crate = joblib_memory, memory = MEMORY, ignore = "verbose", mmap_mode = "r")]
fn fit(x: &Array<f64>, alpha: f64, verbose: bool) -> Model {
    ran();
    let _ = verbose;
    let coefficients = x.as_slice().iter().map(|value| alpha * value).collect::<Vec<_>>();
    Model { coefficients: Array::from(coefficients), name: format!("alpha {alpha}") }
}

#[test]
fn a_result_is_computed_once_and_then_read() {
    let x = Array::from(vec![1.0; 10_000]);
    let (first, times) = runs(|| fit(&x, 0.5, true));
    assert_eq!(times, 1);
    let (second, times) = runs(|| fit(&x.clone(), 0.5, false));
    assert_eq!((times, &second), (0, &first));
    assert!(second.coefficients.is_mapped());
    assert!(fit::check_call_in_cache(&x, 0.5, false));
    assert!(matches!(fit::explain(&x, 0.5, false), Explanation::Hit(_)));
    match fit::explain(&x, 0.75, false) {
        Explanation::ArgumentsChanged { arguments, nearest } => {
            assert_eq!(arguments, ["alpha"]);
            assert_eq!(nearest.arguments()[1].text(), Some("0.5"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fit::call_and_shelve(&x, 0.5, false).get().expect("it is stored"), first);
    assert_eq!(runs(|| fit::call(&x, 0.5, false)).1, 1);
    assert_eq!(fit::clear().expect("the cache can be cleared"), 1);
    assert_eq!(runs(|| fit(&x, 0.5, true)).1, 1);
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn root(x: f64) -> Result<f64, &'static str> {
    ran();
    if x < 0.0 { Err("negative") } else { Ok(x.sqrt()) }
}

#[test]
fn an_error_is_not_kept_and_need_not_be_storable() {
    assert_eq!(runs(|| (root(4.0), root(4.0))), ((Ok(2.0), Ok(2.0)), 1));
    assert_eq!(runs(|| (root(-4.0), root(-4.0))), ((Err("negative"), Err("negative")), 2));
    assert!(root::call_and_shelve(-4.0).is_err());
    assert_eq!(root::call_and_shelve(4.0).map(|shelved| shelved.get().expect("it is stored")), Ok(2.0));
}

/// Is pending once, so that two futures take turns.
struct Pause(bool);

impl Future for Pause {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

static FETCHED: AtomicUsize = AtomicUsize::new(0);

#[cached(crate = joblib_memory, memory = MEMORY)]
async fn fetch(url: &str) -> String {
    Pause(false).await;
    FETCHED.fetch_add(1, Ordering::SeqCst);
    url.to_uppercase()
}

#[test]
fn two_tasks_of_one_thread_share_one_computation_without_a_runtime() {
    let (mut first, mut second) = (pin!(fetch("a")), pin!(fetch("a")));
    let (mut one, mut two) = (None, None);
    let mut context = Context::from_waker(Waker::noop());
    while one.is_none() || two.is_none() {
        if two.is_none()
            && let Poll::Ready(result) = second.as_mut().poll(&mut context)
        {
            two = Some(result);
        }
        if one.is_none()
            && let Poll::Ready(result) = first.as_mut().poll(&mut context)
        {
            one = Some(result);
        }
    }
    assert_eq!((one.as_deref(), two.as_deref()), (Some("A"), Some("A")));
    assert_eq!(FETCHED.load(Ordering::SeqCst), 1);
}

#[derive(Serialize)]
struct Scaler {
    factor: f64,
}

impl Scaler {
    #[cached(crate = joblib_memory, memory = MEMORY, self = "hash", depends(Self::shift))]
    fn scale(&self, x: f64) -> f64 {
        ran();
        self.factor * Self::shift(x)
    }

    #[tracked(crate = joblib_memory, associated)]
    fn shift(x: f64) -> f64 {
        x + 1.0
    }
}

struct Other(f64);

impl Other {
    #[cached(crate = joblib_memory, memory = MEMORY, self = "ignore")]
    fn scale(&self, x: f64) -> f64 {
        ran();
        self.0 * x
    }
}

#[test]
fn methods_of_one_name_on_two_types_are_two_functions() {
    assert_eq!(
        runs(|| (Scaler { factor: 2.0 }.scale(1.0), Scaler { factor: 2.0 }.scale(1.0))),
        ((4.0, 4.0), 1)
    );
    assert_eq!(
        runs(|| (Scaler { factor: 3.0 }.scale(1.0), Other(-1.0).scale(1.0), Other(-1.0).scale(1.0))),
        ((6.0, -1.0, -1.0), 2)
    );
    match (Scaler { factor: 2.0 }.scale_explain(1.0)) {
        Explanation::Hit(metadata) => {
            assert_eq!(metadata.function(), "joblib_tests::system::macro_cached::Scaler::scale");
        }
        other => panic!("{other:?}"),
    }
}

fn is_fresh(metadata: &Metadata) -> bool {
    metadata.age() < Duration::from_hours(1)
        && metadata.arguments().iter().all(|argument| argument.text().is_none())
}

#[cached(
    crate = joblib_memory,
    memory = MEMORY,
    compress = ("gzip", 1),
    expires_after(days = 7),
    validate = is_fresh,
    redact,
    verbose = 0,
    version = "2"
)]
fn with_options(password: &str) -> usize {
    ran();
    password.len()
}

#[cached(crate = joblib_memory, memory = MEMORY, validate = |_| false)]
fn never_valid(x: u8) -> u8 {
    ran();
    x
}

#[cached(crate = joblib_memory, memory = MEMORY, expires_after = 0.000_001)]
fn short_lived(x: u8) -> u8 {
    ran();
    x
}

#[test]
fn options_reach_the_runtime() {
    assert_eq!(runs(|| (with_options("secret"), with_options("secret"))), ((6, 6), 1));
    assert_eq!(runs(|| (never_valid(1), never_valid(1))), ((1, 1), 2));
    assert!(matches!(never_valid::explain(1), Explanation::Rejected(_)));
    short_lived(1);
    while !matches!(short_lived::explain(1), Explanation::Expired(_)) {
        std::thread::yield_now();
    }
    assert!(!short_lived::check_call_in_cache(1));
}
