//! What the crate asks of the operating system.

pub(crate) mod child_signal;
pub(crate) mod cpu;
pub(crate) mod fork;
pub(crate) mod image;
pub(crate) mod interrupt;
pub(crate) mod pidfd;
pub(crate) mod unnamed_file;
