//! What the tests that cross crates share: one module per helper, named by the thing it stands for.

pub mod child;
pub mod events;
pub mod example;
pub mod files;
pub mod project;
pub mod proxy;
pub mod python;
pub mod server;
