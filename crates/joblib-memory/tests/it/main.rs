//! What the crate promises, through its public interface.

mod captures;
mod failures;
mod limits;
mod memory;
mod options;
mod recursion;
mod refused;
mod stores;
mod tier;
mod waiting;
