//! Models that are linear, and those of classes whose probabilities have a formula.

use ndarray::{Array1, Array2, array};
use serde::Deserialize;

use super::{Predict, largest, softmax};

#[derive(Deserialize)]
pub(super) struct Linear {
    coef_: Array1<f64>,
    intercept_: f64,
}

impl Predict for Linear {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        array![self.coef_.dot(sample) + self.intercept_]
    }
}

#[derive(Deserialize)]
pub(super) struct LinearClasses {
    coef_: Array2<f64>,
    intercept_: Array1<f64>,
    classes_: Vec<i32>,
}

impl LinearClasses {
    pub(super) fn class(&self, sample: &Array1<f64>) -> Array1<f64> {
        let scores = self.coef_.dot(sample) + &self.intercept_;
        let class = if scores.len() == 1 { usize::from(scores[0] > 0.0) } else { largest(&scores) };
        array![f64::from(self.classes_[class])]
    }

    pub(super) fn probabilities(&self, sample: &Array1<f64>) -> Array1<f64> {
        softmax(&(self.coef_.dot(sample) + &self.intercept_))
    }
}

#[derive(Deserialize)]
pub(super) struct QuadraticDiscriminant {
    means_: Array2<f64>,
    priors_: Array1<f64>,
    rotations_: Vec<Array2<f64>>,
    scalings_: Vec<Array1<f64>>,
}

impl Predict for QuadraticDiscriminant {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let scores = (0..self.priors_.len()).map(|class| {
            let scale = &self.scalings_[class];
            let turned = (sample - &self.means_.row(class)).dot(&self.rotations_[class]);
            let distance: f64 = turned.iter().zip(scale).map(|(x, s)| x * x / s).sum();
            -0.5 * (distance + scale.mapv(f64::ln).sum()) + self.priors_[class].ln()
        });
        softmax(&scores.collect())
    }
}

#[derive(Deserialize)]
pub(super) struct GaussianBayes {
    theta_: Array2<f64>,
    var_: Array2<f64>,
    class_prior_: Array1<f64>,
}

impl Predict for GaussianBayes {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let scores = (0..self.class_prior_.len()).map(|class| {
            let parts = sample.iter().zip(self.theta_.row(class)).zip(self.var_.row(class));
            let log: f64 = parts
                .map(|((x, mean), var)| (std::f64::consts::TAU * var).ln() + (x - mean).powi(2) / var)
                .sum();
            self.class_prior_[class].ln() - 0.5 * log
        });
        softmax(&scores.collect())
    }
}

#[derive(Deserialize)]
pub(super) struct MultinomialBayes {
    feature_log_prob_: Array2<f64>,
    class_log_prior_: Array1<f64>,
}

impl Predict for MultinomialBayes {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        softmax(&(self.feature_log_prob_.dot(sample) + &self.class_log_prior_))
    }
}
