//! The slowest tests of a run, from the report that nextest writes.

use std::fs;

use crate::run::target;

/// How many are printed.
const COUNT: usize = 20;

/// Prints the slowest tests of the last run with their seconds.
pub(crate) fn print() {
    let path = target().join("nextest/default/junit.xml");
    // There is none when nothing was built.
    let Ok(report) = fs::read_to_string(&path) else { return };
    let mut tests = times(&report);
    tests.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    eprintln!("the slowest of {} tests:", tests.len());
    for (seconds, name) in tests.iter().take(COUNT) {
        eprintln!("{seconds:>9.1} s  {name}");
    }
}

/// The seconds and the name of each test of a report in the form of `JUnit`.
fn times(report: &str) -> Vec<(f64, String)> {
    let cases = report.split("<testcase ").skip(1).filter_map(|case| {
        let (attributes, _) = case.split_once('>')?;
        let attribute = |name: &str| {
            let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value)
        };
        let seconds = attribute("time")?.parse().ok()?;
        Some((seconds, format!("{} {}", attribute("classname")?, attribute("name")?)))
    });
    cases.collect()
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn each_test_of_a_report_has_its_time_and_its_name() {
        let report = r#"<testsuites name="run"><testsuite name="joblib-tests::system" time="9">
            <testcase name="flights::a" classname="joblib-tests::system" timestamp="t" time="1.250"></testcase>
            <testcase name="b" classname="joblib-hash" time="0.001"><failure type="x"/></testcase>"#;
        assert_eq!(
            times(report),
            [(1.25, "joblib-tests::system flights::a".to_owned()), (0.001, "joblib-hash b".to_owned())]
        );
    }
}
