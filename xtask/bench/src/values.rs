//! The small value that the rows dump and load, as the peer has it.

use serde::{Deserialize, Serialize};

/// The small value of `persist.small.*`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Small {
    alpha: f64,
    name: String,
    weights: Vec<f64>,
}

impl Small {
    pub(crate) fn new() -> Self {
        Self { alpha: 0.5, name: "ridge".into(), weights: vec![1.0, 2.0, 3.0] }
    }
}
