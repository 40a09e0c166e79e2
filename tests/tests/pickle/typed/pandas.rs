//! Tables of pandas, and the estimators of scikit-learn.

use joblib_array::Array;
use serde::Deserialize;

use super::each;

#[derive(Deserialize)]
struct Pandas {
    series: Vec<f64>,
    series_parts: Series,
    index: Vec<i64>,
    labels: Vec<String>,
    days: Vec<String>,
    range: Vec<i64>,
    frame: Table,
    timestamp: std::time::SystemTime,
    timedelta: std::time::Duration,
    missing: Option<i64>,
}

#[derive(Deserialize)]
struct Series {
    name: String,
    index: Vec<String>,
    values: Array<i64>,
}

#[derive(Deserialize)]
struct Table {
    ints: Array<i64>,
    flags: Vec<bool>,
    texts: Vec<Option<String>>,
    kinds: Vec<Option<String>>,
    times: Vec<Option<f64>>,
    zoned: Vec<Option<String>>,
    spans: Vec<Option<f64>>,
    nullable: Vec<Option<i64>>,
    maybe: Vec<Option<bool>>,
}

#[test]
fn series_indexes_and_frames_become_structs_of_columns() {
    let script = r#"
import pandas as pd
times = pd.to_datetime(["1970-01-01 00:00:01.5", None])
value = {
    "series": pd.Series([1.5, 2.5], name="x"), "series_parts": pd.Series([1, 2], index=["a", "b"], name="n"),
    "index": pd.Index([3, 1]), "labels": pd.Index(["p", "q"]), "days": pd.DatetimeIndex(["2020-01-02"]),
    "range": pd.RangeIndex(2, 8, 3),
    "frame": pd.DataFrame({
        "ints": [1, 2], "flags": [True, False], "texts": ["a", None], "kinds": pd.Categorical(["k", None]), "times": times,
        "zoned": times.tz_localize("UTC"), "spans": pd.to_timedelta(["2 s", None]), "nullable": pd.array([1, None], "Int64"),
        "maybe": pd.array([True, None], "boolean"),
    }),
    "timestamp": pd.Timestamp("1970-01-01 00:00:02"), "timedelta": pd.Timedelta("1 s"), "missing": pd.NA,
}
"#;
    each::<Pandas>(script, |value| {
        assert_eq!(value.series, [1.5, 2.5]);
        assert_eq!(value.series_parts.name, "n");
        assert_eq!(
            (value.series_parts.index, value.series_parts.values.as_slice()),
            (vec!["a".to_owned(), "b".to_owned()], &[1, 2][..])
        );
        assert_eq!(
            (value.index, value.labels, value.range),
            (vec![3, 1], vec!["p".to_owned(), "q".to_owned()], vec![2, 5])
        );
        assert!(value.days[0].starts_with("2020-01-02"), "{:?}", value.days);
        assert_eq!((value.frame.ints.as_slice(), value.frame.flags), (&[1, 2][..], vec![true, false]));
        assert_eq!(
            (value.frame.texts, value.frame.kinds),
            (vec![Some("a".to_owned()), None], vec![Some("k".to_owned()), None])
        );
        assert_eq!((value.frame.times, value.frame.spans), (vec![Some(1.5), None], vec![Some(2.0), None]));
        let zoned = value.frame.zoned;
        assert!(
            zoned[0]
                .as_ref()
                .is_some_and(|text| text.starts_with("1970-01-01T00:00:01.5") && text.ends_with("+00:00")),
            "{zoned:?}"
        );
        assert_eq!(zoned[1], None);
        assert_eq!((value.frame.nullable, value.frame.maybe), (vec![Some(1), None], vec![Some(true), None]));
        assert_eq!(value.timestamp, std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2));
        assert_eq!((value.timedelta, value.missing), (std::time::Duration::from_secs(1), None));
    });
}

#[derive(Deserialize)]
struct Pipeline {
    steps: Vec<(String, joblib_persist::pickle::Value)>,
}

#[derive(Deserialize)]
struct Forest {
    estimators_: Vec<Tree>,
    n_features_in_: usize,
}

#[derive(Deserialize)]
struct Tree {
    max_depth: Option<usize>,
}

#[test]
fn the_fitted_arrays_of_estimators_within_estimators_can_be_reached_by_name() {
    let script = r"
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
x, y = np.arange(20.0).reshape(10, 2), np.arange(10) % 2
value = (make_pipeline(StandardScaler(), Ridge()).fit(x, y), RandomForestClassifier(3, max_depth=2, random_state=0).fit(x, y))
";
    each::<(Pipeline, Forest)>(script, |(pipeline, forest)| {
        let (name, scaler) = &pipeline.steps[0];
        assert_eq!(name, "standardscaler");
        assert!(scaler.type_name().ends_with("StandardScaler"), "{}", scaler.type_name());
        let mean =
            scaler["mean_"].as_array().expect("an array").to_array::<f64>().expect("floats").expect("valid");
        assert_eq!(mean.as_slice(), [9.0, 10.0]);
        assert_eq!(pipeline.steps[1].1["coef_"].as_array().expect("an array").shape(), [2]);
        assert_eq!((forest.estimators_.len(), forest.n_features_in_), (3, 2));
        assert_eq!(forest.estimators_[0].max_depth, Some(2));
    });
}
