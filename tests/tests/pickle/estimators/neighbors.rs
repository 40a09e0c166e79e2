//! Models that compare a sample with those that they keep.

use ndarray::{Array1, Array2, array};
use serde::Deserialize;

use super::{Predict, largest};

#[derive(Deserialize)]
pub(super) struct Centers {
    #[serde(alias = "cluster_centers_")]
    centroids_: Array2<f64>,
    classes_: Option<Vec<i32>>,
}

impl Predict for Centers {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let nearness: Array1<f64> =
            self.centroids_.outer_iter().map(|center| -square_distance(center, sample)).collect();
        let nearest = largest(&nearness);
        array![self.classes_.as_ref().map_or(nearest as f64, |classes| f64::from(classes[nearest]))]
    }
}

#[derive(Deserialize)]
pub(super) struct Neighbors {
    #[serde(rename = "_fit_X")]
    samples: Array2<f64>,
    #[serde(rename = "_y")]
    values: Vec<f64>,
    classes_: Option<Vec<i32>>,
    n_neighbors: usize,
}

impl Predict for Neighbors {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let mut nearest: Vec<(f64, f64)> = self
            .samples
            .outer_iter()
            .zip(&self.values)
            .map(|(other, &value)| (square_distance(other, sample).sqrt(), value))
            .collect();
        nearest.sort_by(|a, b| a.0.total_cmp(&b.0));
        nearest.truncate(self.n_neighbors);
        if let Some(classes) = &self.classes_ {
            let votes: Array1<f64> = (0..classes.len())
                .map(|class| {
                    nearest.iter().filter(|(_, value)| (value - class as f64).abs() < 0.5).count() as f64
                })
                .collect();
            return array![f64::from(classes[largest(&votes)])];
        }
        let weights: f64 = nearest.iter().map(|(distance, _)| 1.0 / distance).sum();
        array![nearest.iter().map(|(distance, value)| value / distance).sum::<f64>() / weights]
    }
}

/// What is a sum over samples of a function of the distance to them.
#[derive(Deserialize)]
pub(super) struct Kernel {
    #[serde(alias = "support_vectors_", alias = "X_fit_", alias = "X_train_")]
    samples: Array2<f64>,
    #[serde(alias = "dual_coef_", alias = "alpha_")]
    weights: Weights,
    #[serde(alias = "_gamma")]
    width: Option<f64>,
    kernel_: Option<Rbf>,
    intercept_: Option<Array1<f64>>,
    classes_: Option<Vec<i32>>,
    #[serde(rename = "_y_train_mean")]
    mean: Option<f64>,
    #[serde(rename = "_y_train_std")]
    deviation: Option<f64>,
    gamma: Option<Gamma>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Weights {
    Row([Vec<f64>; 1]),
    Flat(Vec<f64>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Gamma {
    Number(f64),
    #[expect(dead_code, reason = "the number is in another field then")]
    Rule(String),
}

#[derive(Deserialize)]
pub(super) struct Rbf {
    length_scale: f64,
}

impl Predict for Kernel {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let gamma = match (&self.kernel_, self.width, &self.gamma) {
            (Some(kernel), ..) => 0.5 / kernel.length_scale.powi(2),
            (_, Some(width), _) => width,
            (_, _, Some(Gamma::Number(gamma))) => *gamma,
            _ => panic!("no width of the kernel"),
        };
        let weights = match &self.weights {
            Weights::Row([weights]) | Weights::Flat(weights) => weights,
        };
        let near = self.samples.outer_iter().map(|other| (-gamma * square_distance(other, sample)).exp());
        let sum = near.zip(weights).map(|(near, weight)| near * weight).sum::<f64>();
        let score = sum * self.deviation.unwrap_or(1.0)
            + self.mean.unwrap_or(0.0)
            + self.intercept_.as_ref().map_or(0.0, |intercept| intercept[0]);
        match &self.classes_ {
            Some(classes) => array![f64::from(classes[usize::from(score > 0.0)])],
            None => array![score],
        }
    }
}

fn square_distance<'a>(a: impl IntoIterator<Item = &'a f64>, b: impl IntoIterator<Item = &'a f64>) -> f64 {
    a.into_iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}
