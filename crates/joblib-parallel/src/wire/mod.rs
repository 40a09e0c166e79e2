//! How frames, and descriptors beside them, pass between two processes over a pair of sockets.

pub(crate) mod arrays;
pub(crate) mod connection;
pub(crate) mod message;
