//! Fitted estimators of scikit-learn, loaded as structs of their fitted numbers, predict what Python predicts
//! (`python/pickle_estimators.py`).

#![expect(clippy::struct_field_names, reason = "the names are scikit-learn's")]

mod linear;
mod neighbors;
mod steps;
mod trees;

use std::path::Path;

use joblib_tests::python::{self, Release};
use ndarray::{Array1, Array2};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use self::linear::{GaussianBayes, Linear, LinearClasses, MultinomialBayes, QuadraticDiscriminant};
use self::neighbors::{Centers, Kernel, Neighbors};
use self::steps::{
    Isotonic, OneHot, Perceptron, Pipeline, PrincipalComponents, Words, one_hot, weights_of_words,
};
use self::trees::{AdaBoost, Forest, GradientBoosting, HistogramBoosting, Tree};

/// An estimator, samples, and what Python makes of each.
#[derive(Deserialize)]
struct Case<M, S> {
    model: M,
    samples: S,
    result: Array2<f64>,
}

/// What a model makes of a sample.
trait Predict {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64>;
}

struct Cases<'f> {
    folder: &'f Path,
    checked: usize,
}

impl Cases<'_> {
    /// Loads a case and compares what `predict` makes of each of its samples.
    fn check_with<M: DeserializeOwned, S: DeserializeOwned + IntoIterator>(
        &mut self,
        name: &str,
        predict: impl Fn(&M, S::Item) -> Array1<f64>,
    ) {
        let path = self.folder.join(format!("{name}.joblib"));
        let case: Case<M, S> =
            joblib_persist::load(&path).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let mut compared = 0;
        for (sample, expected) in case.samples.into_iter().zip(case.result.outer_iter()) {
            let found = predict(&case.model, sample);
            let near = found.len() == expected.len()
                && found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1e-7 * b.abs().max(1.0));
            assert!(near, "{name} predicts {found}, and in Python {expected}");
            compared += 1;
        }
        assert!(compared > 0 && compared == case.result.nrows(), "{name}: {compared} samples");
        self.checked += 1;
    }

    fn check<M: DeserializeOwned + Predict>(&mut self, name: &str) {
        self.check_with::<M, Vec<Array1<f64>>>(name, |model, sample| model.predict(&sample));
    }
}

/// The place of the largest value, the first of equal ones.
fn largest(values: &Array1<f64>) -> usize {
    (0..values.len()).rev().max_by(|&a, &b| values[a].total_cmp(&values[b])).expect("a value")
}

fn softmax(values: &Array1<f64>) -> Array1<f64> {
    let most = values[largest(values)];
    let powers = values.mapv(|value| (value - most).exp());
    &powers / powers.sum()
}

#[test]
fn structs_of_fitted_estimators_predict_what_python_predicts() {
    for release in Release::ALL {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/pickle_estimators.py");
        let run =
            "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')";
        python::run(release, run, &[script, folder.path().to_str().expect("a UTF-8 path")]);
        let mut cases = Cases { folder: folder.path(), checked: 0 };
        for name in ["linear", "ridge", "lasso", "bayesian_ridge"] {
            cases.check::<Linear>(name);
        }
        cases.check_with::<Linear, Vec<Array1<f64>>>("poisson", |model, sample| {
            model.predict(&sample).mapv(f64::exp)
        });
        cases.check_with::<LinearClasses, Vec<Array1<f64>>>("logistic", |model, sample| {
            model.probabilities(&sample)
        });
        for name in ["sgd", "linear_discriminant"] {
            cases.check_with::<LinearClasses, Vec<Array1<f64>>>(name, |model, sample| model.class(&sample));
        }
        cases.check::<QuadraticDiscriminant>("quadratic_discriminant");
        cases.check::<GaussianBayes>("gaussian_bayes");
        cases.check::<MultinomialBayes>("multinomial_bayes");
        for name in ["k_means", "nearest_centroid"] {
            cases.check::<Centers>(name);
        }
        for name in ["nearest_classes", "nearest_values"] {
            cases.check::<Neighbors>(name);
        }
        for name in ["svc", "svr", "kernel_ridge", "gaussian_process"] {
            cases.check::<Kernel>(name);
        }
        cases.check::<Tree>("tree");
        for name in ["forest", "extra_trees"] {
            cases.check::<Forest>(name);
        }
        cases.check::<GradientBoosting>("gradient_boosting");
        cases.check::<HistogramBoosting>("histogram_boosting");
        cases.check::<AdaBoost>("ada_boost");
        for name in ["perceptron", "perceptron_classes"] {
            cases.check::<Perceptron>(name);
        }
        cases.check::<PrincipalComponents>("principal_components");
        cases.check::<Isotonic>("isotonic");
        cases.check::<Pipeline>("pipeline");
        cases.check_with::<Words, Vec<String>>("words", |model, text| weights_of_words(model, &text));
        cases.check_with::<OneHot, Vec<(String, i64)>>("one_hot", one_hot);
        let written = std::fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!(cases.checked, written, "{release:?}");
        assert!(written >= 30, "the script wrote {written} estimators");
    }
}
