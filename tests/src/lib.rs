//! What the tests that cross crates share: one module per helper, named by the thing it stands for.

pub mod child;
pub mod example;
pub mod project;
pub mod python;
pub mod python_value;
