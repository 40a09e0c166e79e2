//! The examples of joblib's manual, each run as a user runs it and held to what it prints.

use std::process::Command;

use joblib_tests::dask::{self, Cluster};
use joblib_tests::example::{self, printed};

/// Runs an example and gives what it printed.
fn run(name: &str) -> String {
    let output = Command::new(example::program(name)).output().expect("the program starts");
    assert!(output.status.success(), "{name}: {}", printed(&output));
    // Nothing is printed but by the example itself: no warning, no message of a worker.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name} on standard error");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_loop_of_cached_tasks_goes_on_where_it_failed() {
    assert_eq!(
        run("checkpoint"),
        "\
first run: task 7 failed, the others are kept
first run: 9 computed
second run: 1 computed
means: [499.5, 999.0, 1498.5, 1998.0, 2497.5, 2997.0, 3496.5, 3996.0, 4495.5, 4995.0]
third run: 0 computed
"
    );
}

#[test]
fn functions_and_methods_are_computed_once_for_each_content_of_their_arguments() {
    assert_eq!(
        run("memory_basic_usage"),
        "\
The first call computes:
  … transforming to the power of 2
The second one reads:
Equal content is the same argument, wherever it lies:
Another argument is another call:
  … transforming to the power of 3
A method, on three objects, two of them equal:
  … scaling by 2
  … scaling by 0.5
Is it in the cache? power 2: true, power 9: false
By reference: 1000 numbers
Cleared, it computes again:
  … transforming to the power of 2
"
    );
}

#[test]
fn mapped_arrays_are_read_by_threads_and_processes_and_written_in_place() {
    assert_eq!(
        run("parallel_memmap"),
        "\
the input is mapped: true
means of windows on threading: [10.499, 26.499, 42.499, 58.499]
means of windows on loky: [10.499, 26.499, 42.499, 58.499]
the file holds the means of all rows: true
"
    );
}

#[test]
fn a_generator_keeps_few_results_in_memory_and_a_list_all() {
    assert_eq!(
        run("parallel_generator"),
        "\
The sum of 200 simulations is 1303937347 in each way.
list:                200 results in memory at once
generator:           few results in memory at once: true
unordered generator: few results in memory at once: true
"
    );
}

#[test]
fn random_numbers_are_the_same_on_every_backend() {
    let printed = run("parallel_random_state");
    let lines: Vec<&str> = printed.lines().collect();
    let digits = |line: &str| line.split_once(": ").map(|(_, digits)| digits.to_owned()).expect("digits");
    assert_eq!(lines.len(), 5, "{printed}");
    assert!(lines[..3].iter().all(|line| digits(line) == digits(lines[0])), "{printed}");
    assert_ne!(digits(lines[3]), digits(lines[0]), "{printed}");
    assert_eq!(lines[4], "The same seed gives the same digits on every backend.");
}

#[test]
fn values_of_every_kind_travel_to_worker_processes() {
    assert_eq!(
        run("serialization"),
        "\
a struct: [9, 9, 9]
a closure: [0, 1, 4]
an array: [499500.0, 1499500.0, 2499500.0]
a path in place of a file: [5]
a file that is gone: task 0 fails
"
    );
}

#[test]
fn every_compressor_has_a_row_in_the_comparison_and_makes_the_table_smaller() {
    let printed = run("compressors_comparison");
    let rows: Vec<Vec<&str>> =
        printed.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(names, ["joblib", "lz4", "zst", "z", "gz", "bz2", "xz", "lzma"], "{printed}");
    for row in &rows {
        let share: f64 = row[4].trim_end_matches('%').parse().expect("a share in percent");
        assert!((row[0] == "joblib") == (share >= 100.0), "{printed}");
    }
}

#[test]
fn a_backend_of_ones_own_runs_a_loop_unchanged() {
    assert_eq!(
        run("custom_backend"),
        "\
9999 tasks in processes of our own
the longest way to 1 below 10000: Some((6171, 261))
"
    );
}

#[test]
fn a_store_of_ones_own_sees_every_read_and_every_result_once() {
    assert_eq!(
        run("custom_store"),
        "\
20 calls
10 results claimed to be computed
10 results read
10 results kept
"
    );
}

#[test]
fn a_compressor_of_ones_own_is_found_by_name_by_extension_and_by_how_a_file_begins() {
    assert_eq!(
        run("custom_compressor"),
        "\
registering it again is an error: true
by name and by extension the same size: true
at least 50 times smaller: true
it loads
"
    );
}

#[test]
fn a_loop_on_a_dask_cluster_gives_what_threads_give_and_says_where_it_ran() {
    let Some(python) = dask::python() else { return };
    let cluster = Cluster::start(python, 2, &[]);
    let mut program = Command::new(example::program("dask"));
    program.arg(&cluster.address).env("JOBLIB_PYTHON", &cluster.python).env("JOBLIB_DASK_WAIT", "60");
    let output = program.output().expect("the program starts");
    assert!(output.status.success(), "{}", printed(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    let starts = ["two threads: ", "the cluster: ", "once more: "];
    assert!(starts.iter().zip(&lines).all(|(start, line)| line.starts_with(start)), "{text}");
    let tasks =
        lines[3..].iter().filter_map(|line| line.split_once(" tasks in process ")?.0.parse::<u32>().ok());
    assert_eq!(tasks.sum::<u32>(), 200, "{text}");
}
