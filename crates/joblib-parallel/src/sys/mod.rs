//! What the crate asks of the operating system.

pub(crate) mod child_signal;
pub(crate) mod children;
pub(crate) mod cpu;
pub(crate) mod death_watch;
pub(crate) mod fork;
#[cfg(feature = "cluster")]
pub(crate) mod host;
pub(crate) mod image;
pub(crate) mod interrupt;
pub(crate) mod job_control;
pub(crate) mod memory;
pub(crate) mod monotonic;
pub(crate) mod pidfd;
#[cfg_attr(not(feature = "progress"), allow(dead_code, reason = "only bars need turns"))]
pub(crate) mod terminal;
pub(crate) mod unnamed_file;
