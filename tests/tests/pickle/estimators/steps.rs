//! Models of several steps, and what prepares samples for others.

use std::collections::HashMap;

use ndarray::{Array1, Array2, array};
use serde::Deserialize;

use super::linear::Linear;
use super::{Predict, softmax};

#[derive(Deserialize)]
pub(super) struct Perceptron {
    coefs_: Vec<Array2<f64>>,
    intercepts_: Vec<Array1<f64>>,
    activation: Activation,
    out_activation_: Activation,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Activation {
    Identity,
    Relu,
    Softmax,
    Tanh,
}

impl Activation {
    fn of(&self, values: &Array1<f64>) -> Array1<f64> {
        match self {
            Self::Identity => values.clone(),
            Self::Relu => values.mapv(|value| value.max(0.0)),
            Self::Softmax => softmax(values),
            Self::Tanh => values.mapv(f64::tanh),
        }
    }
}

impl Predict for Perceptron {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let mut values = sample.clone();
        for (layer, (coefficients, intercepts)) in self.coefs_.iter().zip(&self.intercepts_).enumerate() {
            let is_last = layer + 1 == self.coefs_.len();
            let activation = if is_last { &self.out_activation_ } else { &self.activation };
            values = activation.of(&(values.dot(coefficients) + intercepts));
        }
        values
    }
}

#[derive(Deserialize)]
pub(super) struct PrincipalComponents {
    components_: Array2<f64>,
    mean_: Array1<f64>,
}

impl Predict for PrincipalComponents {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        self.components_.dot(&(sample - &self.mean_))
    }
}

#[derive(Deserialize)]
pub(super) struct Isotonic {
    #[serde(rename = "X_thresholds_")]
    x: Vec<f64>,
    y_thresholds_: Vec<f64>,
}

impl Predict for Isotonic {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let x = sample[0].clamp(self.x[0], self.x[self.x.len() - 1]);
        let after = self.x.partition_point(|&threshold| threshold < x).clamp(1, self.x.len() - 1);
        let part = (x - self.x[after - 1]) / (self.x[after] - self.x[after - 1]);
        array![self.y_thresholds_[after - 1] * (1.0 - part) + self.y_thresholds_[after] * part]
    }
}

#[derive(Deserialize)]
pub(super) struct Pipeline {
    steps: ((String, Scaler), (String, PrincipalComponents), (String, Linear)),
}

#[derive(Deserialize)]
pub(super) struct Scaler {
    mean_: Array1<f64>,
    scale_: Array1<f64>,
}

impl Predict for Pipeline {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let ((_, scaler), (_, components), (_, linear)) = &self.steps;
        let scaled = (sample - &scaler.mean_) / &scaler.scale_;
        linear.predict(&components.predict(&scaled))
    }
}

#[derive(Deserialize)]
pub(super) struct Words {
    vocabulary_: HashMap<String, usize>,
    #[serde(rename = "_tfidf")]
    weights: Frequencies,
}

#[derive(Deserialize)]
pub(super) struct Frequencies {
    idf_: Option<Array1<f64>>,
    /// A diagonal matrix, before scikit-learn 1.5.
    #[serde(rename = "_idf_diag")]
    diagonal: Option<Diagonal>,
}

#[derive(Deserialize)]
pub(super) struct Diagonal {
    data: Array1<f64>,
}

pub(super) fn weights_of_words(model: &Words, text: &str) -> Array1<f64> {
    let idf = match (&model.weights.idf_, &model.weights.diagonal) {
        (Some(idf), _) => idf.clone(),
        (None, Some(diagonal)) => diagonal.data.clone(),
        (None, None) => panic!("no weights"),
    };
    let mut counts = Array1::<f64>::zeros(idf.len());
    for word in text.split(' ').filter_map(|word| model.vocabulary_.get(word)) {
        counts[*word] += 1.0;
    }
    let weights = counts * idf;
    let length = weights.dot(&weights).sqrt();
    weights / length
}

#[derive(Deserialize)]
pub(super) struct OneHot {
    categories_: (Vec<String>, Vec<i64>),
}

pub(super) fn one_hot(model: &OneHot, (color, number): (String, i64)) -> Array1<f64> {
    let (colors, numbers) = &model.categories_;
    let flags = colors.iter().map(|it| *it == color).chain(numbers.iter().map(|it| *it == number));
    flags.map(|flag| f64::from(u8::from(flag))).collect()
}
