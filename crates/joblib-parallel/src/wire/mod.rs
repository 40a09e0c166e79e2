//! What parent and worker exchange: frames on a socket, shared memory, a status page. Each frame has its writer and
//! its reader in one file.

pub(crate) mod arrays;
pub(crate) mod batch;
#[cfg(feature = "cluster")]
pub(crate) mod cluster;
pub(crate) mod codec;
pub(crate) mod connection;
#[cfg(feature = "cluster")]
pub(crate) mod content;
#[cfg(feature = "cluster")]
pub(crate) mod file_part;
pub(crate) mod function_id;
pub(crate) mod known;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod output;
pub(crate) mod own_copy;
pub(crate) mod packed;
pub(crate) mod reply;
pub(crate) mod shared_memory;
pub(crate) mod status_page;
pub(crate) mod values;
