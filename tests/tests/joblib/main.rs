//! What joblib's own tests hold, by the module of joblib: `docs/joblib-tests.md` has a row for each of them.

mod hashing;
mod memmapping;
mod memory;
mod numpy_pickle;
mod parallel;
