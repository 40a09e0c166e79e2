//! A library of edition 2021.

use joblib::prelude::*;

pub trait Named {
    fn name(&self) -> String;
}

impl Named for u8 {
    fn name(&self) -> String {
        format!("number {self}")
    }
}

#[cached]
pub fn squares(n: u64) -> Vec<u64> {
    (0..n).map(|n| n * n).collect()
}

#[cached]
pub async fn gen(n: u64) -> u64 {
    // A name that is a keyword in later editions.
    let gen = n + 1;
    gen
}

pub fn all(n: u64) -> joblib::Result<Vec<Vec<u64>>> {
    Ok(Parallel::new().n_jobs(2).backend("loky").run((0..n).map(|n| delayed!(squares(n))))?)
}
