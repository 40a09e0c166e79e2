//! The stores through the public interface.

#[cfg(feature = "sqlite")]
mod sqlite;
mod stores;
