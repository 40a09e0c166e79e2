//! What `#[cached]` makes of functions of every form. Each test counts how often the body ran.

use std::cell::Cell;
use std::fmt::Display;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use joblib_macros::{cached, tracked};
use joblib_memory::{Explanation, Memory};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::methods::{Model, model};

thread_local! {
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// A memory that is empty at first, and of this process.
pub(crate) static MEMORY: LazyLock<Memory> = LazyLock::new(|| in_memory("macros"));

fn in_memory(name: &str) -> Memory {
    Memory::with_backend("in_memory", name).expect("a memory")
}

pub(crate) fn ran() {
    RUNS.set(RUNS.get() + 1);
}

/// How often bodies run meanwhile.
pub(crate) fn runs_of<R>(run: impl FnOnce() -> R) -> (R, usize) {
    let before = RUNS.get();
    let result = run();
    (result, RUNS.get() - before)
}

fn is_send<T: Send>(future: T) -> T {
    future
}

/// Runs a future that never waits.
fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the future waits"),
    }
}

/// Adds.
#[cached(crate = joblib_memory, memory = MEMORY, ignore = "verbose")]
#[must_use]
pub fn add(a: i32, b: i32, verbose: bool) -> i32 {
    ran();
    if verbose {
        return a + b;
    }
    a + b
}

#[test]
fn the_body_runs_once_for_equal_arguments_that_are_not_ignored() {
    assert_eq!(runs_of(|| (add(1, 2, false), add(1, 2, true), add(1, 3, true))), ((3, 3, 4), 2));
}

#[test]
fn companions_do_everything_else_with_the_same_call() {
    assert!(!add::check_call_in_cache(10, 20, false));
    assert_eq!(runs_of(|| add::uncached(10, 20, false)), (30, 1));
    assert!(!add::check_call_in_cache(10, 20, false));
    assert_eq!(runs_of(|| (add::call(10, 20, false), add::call(10, 20, false))), ((30, 30), 2));
    assert!(add::check_call_in_cache(10, 20, true));
    assert_eq!(runs_of(|| add::call_and_shelve(10, 20, false).get().unwrap()), (30, 0));
    assert_eq!(runs_of(|| add::call_and_shelve(10, 21, false).get().unwrap()), (31, 1));
    let Explanation::Hit(metadata) = add::explain(10, 20, false) else { panic!("it is stored") };
    assert_eq!(metadata.function(), "joblib_tests::macros::cached::add");
    let arguments: Vec<_> = metadata.arguments().iter().map(|a| (a.name(), a.text())).collect();
    assert_eq!(arguments, [("a", Some("10")), ("b", Some("20"))]);
    assert_eq!(add::stats().function, "joblib_tests::macros::cached::add");
    assert!(add::clear().unwrap() >= 2);
    assert_eq!(runs_of(|| add(10, 20, false)), (30, 1));
}

#[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
fn laid_out(memory: &Memory, x: i32) -> i32 {
    ran();
    // One more.
    x + 1
}

#[test]
fn the_source_is_kept_as_its_author_laid_it_out() {
    let folder = tempfile::tempdir().unwrap();
    laid_out(&Memory::new(folder.path()).unwrap(), 1);
    let source = std::fs::read_to_string(find(folder.path(), "code.rs").expect("it is stored")).unwrap();
    let expected =
        "fn laid_out(memory: &Memory, x: i32) -> i32 {\n    ran();\n    // One more.\n    x + 1\n}";
    assert!(source.contains(expected), "{source}");
}

/// The file of this name in the folder or below it.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().flatten().find_map(|entry| {
        let path = entry.path();
        if path.is_dir() { find(&path, name) } else { path.ends_with(name).then_some(path) }
    })
}

#[cached(crate = joblib_memory, memory = MEMORY, ignore("a", "b"))]
fn borrowed(text: &str, numbers: &[f64], pair: &(u8, String), a: &dyn Display, b: &mut Vec<u8>) -> usize {
    ran();
    b.push(1);
    text.len() + numbers.len() + usize::from(pair.0) + pair.1.len() + a.to_string().len()
}

#[test]
fn borrowed_arguments_are_hashed_where_they_are() {
    let mut buffer = vec![];
    let mut call = |numbers: &[f64]| runs_of(|| borrowed("abc", numbers, &(1, "x".into()), &7, &mut buffer));
    assert_eq!(call(&[1.0, 2.0]), (8, 1));
    assert_eq!(call(&[1.0, 2.0]), (8, 0));
    assert_eq!(call(&[1.0, 3.0]), (8, 1));
    assert_eq!(buffer.len(), 2);
}

#[derive(Serialize, Debug)]
struct NotClone(String);

#[cached(crate = joblib_memory, memory = MEMORY)]
fn moved(value: NotClone, #[cached(skip)] sink: Box<dyn Fn(usize)>) -> String {
    ran();
    sink(value.0.len());
    value.0
}

#[test]
fn arguments_need_no_clone_and_move_into_the_body() {
    let call = || runs_of(|| moved(NotClone("text".into()), Box::new(|_| {})));
    assert_eq!(call(), ("text".into(), 1));
    assert_eq!(call(), ("text".into(), 0));
    moved(NotClone("other".into()), Box::new(|_| {}));
    let explained = moved::explain(NotClone("other".into()), Box::new(|_| {}));
    let Explanation::Hit(metadata) = explained else { panic!("it is stored") };
    assert_eq!(metadata.arguments()[0].text(), Some("\"other\""));
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn patterns((a, b): (f64, f64), mut x: u32, Point { x: px, .. }: Point, [first, ..]: [u8; 3], _: u8) -> f64 {
    ran();
    x += 1;
    a + b + f64::from(x) + f64::from(px) + f64::from(first)
}

#[derive(Serialize, Clone, Copy)]
struct Point {
    x: i16,
    y: i16,
}

#[test]
fn patterns_are_taken_apart_in_the_body() {
    let call = |y| runs_of(|| patterns((1.0, 2.0), 3, Point { x: 4, y }, [5, 6, 7], 0));
    assert_eq!(call(0), (16.0, 1));
    assert_eq!(call(0), (16.0, 0));
    assert_eq!(call(1), (16.0, 1));
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn generic<'a, T, const N: usize>(items: &'a [T; N], scale: impl Into<f64> + Serialize) -> Vec<T>
where
    T: Serialize + DeserializeOwned + Clone + 'a,
    [T; N]: Serialize,
{
    ran();
    let _ = scale.into();
    items.to_vec()
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn of_type<T: Default + Serialize + DeserializeOwned + 'static>() -> T {
    ran();
    T::default()
}

#[test]
fn generic_functions_are_cached_for_each_type() {
    assert_eq!(runs_of(|| (generic(&[1, 2], 0.5), generic(&[1, 2], 0.5))), ((vec![1, 2], vec![1, 2]), 1));
    assert_eq!(runs_of(|| generic(&[1_u8, 2], 1_u8).len()), (2, 1));
    assert_eq!(
        runs_of(|| (of_type::<u8>(), of_type::<String>(), of_type::<u8>())),
        ((0, String::new(), 0), 2)
    );
    assert_eq!(generic::call_and_shelve(&["a".to_owned()], 1_f32).get().unwrap(), ["a"]);
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn divide(a: i32, b: i32) -> Result<i32, std::num::TryFromIntError> {
    ran();
    if b == 0 { Err(u8::try_from(-1).unwrap_err()) } else { Ok(a / b) }
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn first(text: &str) -> Option<char> {
    ran();
    text.chars().next()
}

#[cached(crate = joblib_memory, memory = MEMORY, keep = "all")]
fn parse(text: &str) -> Result<i32, String> {
    ran();
    text.parse::<i32>().map_err(|error| error.to_string())
}

type Fallible<T> = Result<T, std::fmt::Error>;

#[cached(crate = joblib_memory, memory = MEMORY, keep = "ok")]
fn aliased(good: bool) -> Fallible<u8> {
    ran();
    if good { Ok(1) } else { Err(std::fmt::Error) }
}

#[test]
fn only_ok_and_some_are_kept_unless_told_otherwise() {
    assert_eq!(runs_of(|| (divide(6, 3).is_ok(), divide(6, 3).is_ok())).1, 1);
    assert_eq!(runs_of(|| (divide(6, 0).is_err(), divide(6, 0).is_err())).1, 2);
    assert_eq!(runs_of(|| (first("ab"), first("ab"), first(""), first(""))).1, 3);
    assert_eq!(runs_of(|| (parse("x").is_err(), parse("x").is_err())).1, 1);
    assert_eq!(runs_of(|| (aliased(true), aliased(true), aliased(false), aliased(false))).1, 3);
    assert_eq!(divide::call_and_shelve(6, 3).unwrap().get().unwrap(), 2);
    assert!(divide::call_and_shelve(6, 0).is_err());
    assert!(first::call_and_shelve("").is_none());
}

#[cached(crate = joblib_memory, memory = MEMORY)]
async fn fetch(url: &str, retries: u8) -> Result<String, std::io::Error> {
    ran();
    std::future::ready(()).await;
    Ok(format!("{url} {retries}"))
}

#[test]
fn an_async_function_stays_async() {
    let call = || runs_of(|| block_on(fetch("a", 1)).unwrap());
    assert_eq!(call(), ("a 1".into(), 1));
    assert_eq!(call(), ("a 1".into(), 0));
    assert!(fetch::check_call_in_cache("a", 1));
    assert_eq!(block_on(fetch::call_and_shelve("a", 1)).unwrap().get().unwrap(), "a 1");
    assert!(block_on(is_send(fetch("b", 1))).is_ok());
}

#[cached(crate = joblib_memory, memory = MEMORY, key = (id, a + b))]
fn keyed(id: u32, (a, b): (f64, f64), model: &Model) -> f64 {
    ran();
    a * b * model.weight + f64::from(id)
}

#[test]
fn a_key_says_all_that_a_call_is_known_by() {
    assert_eq!(runs_of(|| keyed(1, (2.0, 3.0), &model(1.0))), (7.0, 1));
    assert_eq!(runs_of(|| keyed(1, (1.0, 4.0), &model(5.0))), (7.0, 0));
    assert_eq!(runs_of(|| keyed(2, (1.0, 4.0), &model(5.0))), (22.0, 1));
}

#[cached(crate = joblib_memory, memory = MEMORY, key = x)]
fn stepped(x: u8, step: fn(u8) -> u8, also: &dyn Fn(u8) -> u8) -> u8 {
    ran();
    also(step(x))
}

#[cached(crate = joblib_memory, memory = MEMORY, key = x)]
fn watched(x: u8, #[cached(skip)] watch: &dyn Fn(u8), #[cached(skip)] seen: &mut Vec<u8>) -> u8 {
    ran();
    watch(x);
    seen.push(x);
    x
}

#[test]
fn functions_that_arguments_choose_beside_a_key_count_unless_they_are_skipped() {
    let (once, twice) = (|x: u8| x + 1, |x: u8| x + 2);
    for runs in [1, 0] {
        assert_eq!(runs_of(|| stepped(1, once, &twice)), (4, runs));
        assert_eq!(runs_of(|| stepped(1, twice, &once)), (4, runs));
        assert_eq!(runs_of(|| stepped(1, once, &once)), (3, runs));
    }
    let mut seen = Vec::new();
    let call =
        |seen: &mut Vec<u8>| (runs_of(|| watched(1, &|_| (), seen)), runs_of(|| watched(1, &drop, seen)));
    assert_eq!(call(&mut seen), ((1, 1), (1, 0)));
    assert_eq!(seen, [1]);
}

mod helpers {
    use super::*;

    #[tracked(crate = joblib_memory)]
    pub fn twice(x: u8) -> u8 {
        2 * x
    }

    #[tracked(crate = joblib_memory)]
    pub const LIMIT: u8 = 100;

    #[cached(crate = joblib_memory, memory = MEMORY, depends(twice))]
    pub fn four_times(x: u8) -> u8 {
        twice(twice(x))
    }
}

#[cached(crate = joblib_memory, memory = MEMORY, depends(helpers::twice, helpers::LIMIT, local_helper), version = "b")]
fn with_helpers(x: u8) -> u8 {
    ran();
    local_helper(helpers::twice(x).min(helpers::LIMIT))
}

#[tracked(crate = joblib_memory, depends(helpers::four_times))]
fn local_helper(x: u8) -> u8 {
    helpers::four_times(x)
}

#[test]
fn helpers_belong_to_the_code() {
    assert_eq!(with_helpers(1), 8);
    assert!(with_helpers::check_call_in_cache(1));
}

#[test]
fn a_function_in_a_function_sees_local_types_and_helpers() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Local(u8);

    #[tracked(crate = joblib_memory)]
    fn inner(x: u8) -> u8 {
        x + 1
    }

    #[cached(crate = joblib_memory, memory = MEMORY, depends(inner))]
    fn outer(local: Local) -> Local {
        ran();
        Local(inner(local.0))
    }

    assert_eq!(runs_of(|| (outer(Local(1)), outer(Local(1)))), ((Local(2), Local(2)), 1));
    assert!(outer::check_call_in_cache(Local(1)));
}

static OTHER: LazyLock<Memory> = LazyLock::new(|| in_memory("other"));

#[cached(crate = joblib_memory, memory = OTHER, mmap_mode = "c", compress = ("lz4", 1), verbose = 1, expires_after(days = 1, hours = 0.5), validate = |_| true, redact)]
fn with_options(x: u8) -> u8 {
    ran();
    x
}

#[cached(crate = joblib_memory, memory = memory, ignore = "memory")]
fn in_the_caller_s_memory(memory: &Memory, x: u8) -> u8 {
    ran();
    x
}

#[test]
fn the_memory_may_come_from_anywhere() {
    assert_eq!(runs_of(|| (with_options(1), with_options(1))), ((1, 1), 1));
    assert_eq!(with_options::clear().unwrap(), 1);
    let memories = [in_memory("a"), in_memory("b")];
    let call = |n: usize| runs_of(|| in_the_caller_s_memory(&memories[n], 1)).1;
    assert_eq!((call(0), call(1), call(0)), (1, 1, 0));
    assert_eq!(in_the_caller_s_memory::clear(&memories[0]).unwrap(), 1);
    assert_eq!((call(0), call(1)), (1, 0));
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn nothing() {
    ran();
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn fibonacci(n: u64) -> u64 {
    ran();
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

#[allow(clippy::non_minimal_cfg, reason = "conditions of an argument are what is tested")]
#[cached(crate = joblib_memory, memory = MEMORY)]
fn with_conditional_argument(a: u8, #[cfg(any())] b: Missing, #[cfg(all())] c: u8) -> u8 {
    ran();
    a + c
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn r#type(r#in: u8) -> u8 {
    ran();
    r#in
}

#[test]
fn odd_functions_work_too() {
    assert_eq!(runs_of(|| (nothing(), nothing())).1, 1);
    assert_eq!(runs_of(|| fibonacci(30)), (832_040, 31));
    assert_eq!(runs_of(|| (with_conditional_argument(1, 2), with_conditional_argument(1, 2))), ((3, 3), 1));
    assert_eq!(runs_of(|| (r#type(1), r#type(1))), ((1, 1), 1));
}

macro_rules! make {
    ($name:ident, $type:ty, $value:expr) => {
        #[cached(crate = joblib_memory, memory = MEMORY)]
        fn $name(x: $type) -> $type {
            ran();
            x + $value * 2
        }
    };
}

make!(made, u8, 1 + 1);

#[test]
fn functions_that_a_macro_makes_can_be_cached() {
    assert_eq!(runs_of(|| (made(1), made(1))), ((5, 5), 1));
}
