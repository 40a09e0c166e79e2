//! Trees, and models that are made of them.

use ndarray::{Array1, Array2, Array3, Axis, array};
use serde::Deserialize;

use super::{Predict, largest};

#[derive(Deserialize)]
pub(super) struct Tree {
    tree_: Nodes,
    classes_: Option<Vec<f64>>,
}

#[derive(Deserialize)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// By node, output and class.
    values: Array3<f64>,
}

#[derive(Deserialize)]
pub(super) struct Node {
    left_child: isize,
    right_child: isize,
    feature: isize,
    threshold: f64,
}

impl Tree {
    /// The values of the leaf that the sample comes to.
    pub(super) fn leaf(&self, sample: &Array1<f64>) -> Array1<f64> {
        let mut place = 0;
        loop {
            let node = &self.tree_.nodes[place];
            let Ok(feature) = usize::try_from(node.feature) else {
                return self.tree_.values.index_axis(Axis(0), place).row(0).to_owned();
            };
            // scikit-learn compares single precision with the threshold.
            let goes_left = f64::from(sample[feature] as f32) <= node.threshold;
            place =
                usize::try_from(if goes_left { node.left_child } else { node.right_child }).expect("a node");
        }
    }
}

impl Predict for Tree {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let leaf = self.leaf(sample);
        match &self.classes_ {
            Some(classes) => array![classes[largest(&leaf)]],
            None => leaf,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Forest {
    estimators_: Vec<Tree>,
    classes_: Option<Vec<i32>>,
}

impl Predict for Forest {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let leaves = self.estimators_.iter().map(|tree| {
            let leaf = tree.leaf(sample);
            if self.classes_.is_some() { &leaf / leaf.sum() } else { leaf }
        });
        leaves.reduce(|sum, leaf| sum + leaf).expect("a tree") / self.estimators_.len() as f64
    }
}

#[derive(Deserialize)]
pub(super) struct GradientBoosting {
    estimators_: Vec<(Tree,)>,
    init_: Constant,
    learning_rate: f64,
}

#[derive(Deserialize)]
pub(super) struct Constant {
    constant_: Array2<f64>,
}

impl Predict for GradientBoosting {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let sum: f64 = self.estimators_.iter().map(|(tree,)| tree.leaf(sample)[0]).sum();
        array![self.init_.constant_[[0, 0]] + self.learning_rate * sum]
    }
}

#[derive(Deserialize)]
pub(super) struct HistogramBoosting {
    #[serde(rename = "_predictors")]
    steps: Vec<Vec<Predictor>>,
    #[serde(rename = "_baseline_prediction")]
    start: Array2<f64>,
}

#[derive(Deserialize)]
pub(super) struct Predictor {
    nodes: Vec<HistogramNode>,
}

#[derive(Deserialize)]
pub(super) struct HistogramNode {
    value: f64,
    feature_idx: u32,
    num_threshold: f64,
    left: u32,
    right: u32,
    is_leaf: u8,
}

impl Predict for HistogramBoosting {
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let leaf = |nodes: &[HistogramNode]| {
            let mut node = &nodes[0];
            while node.is_leaf == 0 {
                let goes_left = sample[node.feature_idx as usize] <= node.num_threshold;
                node = &nodes[if goes_left { node.left } else { node.right } as usize];
            }
            node.value
        };
        array![self.start[[0, 0]] + self.steps.iter().map(|step| leaf(&step[0].nodes)).sum::<f64>()]
    }
}

#[derive(Deserialize)]
pub(super) struct AdaBoost {
    estimators_: Vec<Tree>,
    estimator_weights_: Vec<f64>,
}

impl Predict for AdaBoost {
    /// The weighted median.
    fn predict(&self, sample: &Array1<f64>) -> Array1<f64> {
        let mut votes: Vec<(f64, f64)> = self
            .estimators_
            .iter()
            .zip(&self.estimator_weights_)
            .map(|(tree, &weight)| (tree.leaf(sample)[0], weight))
            .collect();
        votes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let half = self.estimator_weights_.iter().take(votes.len()).sum::<f64>() / 2.0;
        let mut sum = 0.0;
        let median = votes.iter().find(|(_, weight)| {
            sum += weight;
            sum >= half
        });
        array![median.expect("a vote").0]
    }
}
