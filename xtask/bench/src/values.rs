//! The small value and the records that the rows dump and load, as the peer has them.

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

/// A record of `python.records.*`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    id: i64,
    name: String,
    score: f64,
    ok: bool,
    tags: Vec<String>,
}
