//! A program that is optimised as a whole, aborts on panics and has no symbols: workers are started, functions are found in
//! them, and a panic of a task is the error of the task.

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Circle { radius: f64 },
    Square(f64),
}

#[cached]
fn area(shape: &Shape) -> f64 {
    match shape {
        Shape::Circle { radius } => std::f64::consts::PI * radius * radius,
        Shape::Square(side) => side * side,
    }
}

fn checked(n: u64) -> u64 {
    assert!(n != 3, "no threes");
    2 * n
}

fn main() -> joblib::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;
    assert_eq!([Shape::Square(2.0), Shape::Circle { radius: 0.0 }].map(|shape| area(&shape)), [4.0, 0.0]);
    assert_eq!(area::stats().hits, if again { 2 } else { 0 });
    for backend in ["threading", "loky", "multiprocessing"] {
        let parallel = Parallel::new().n_jobs(2).backend(backend);
        assert_eq!(parallel.run([1, 2].map(|n| delayed!(checked(n))))?, [2, 4], "{backend}");
        let areas = parallel.run((1..4).map(|side| area::delayed(&Shape::Square(f64::from(side)))))?;
        assert_eq!(areas, [1.0, 4.0, 9.0], "{backend}");
    }
    let parallel = Parallel::new().n_jobs(2).backend("loky").outcomes();
    let outcomes = parallel.run((1..5).map(|n| delayed!(checked(n))))?;
    let failed: Vec<bool> = outcomes.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, false, true, false]);
    Ok(())
}
