//! Tests of the crate through its public interface, as one program.

mod arrays;
mod carriers;
mod child;
#[cfg(feature = "conformance")]
mod conformance;
mod connections;
#[cfg(feature = "dask")]
mod dask;
mod errors;
mod forks;
mod job_control;
mod kills;
mod limits;
#[cfg(feature = "cluster")]
mod nodes;
#[cfg(feature = "cluster")]
mod nodes_environment;
#[cfg(feature = "cluster")]
mod nodes_losses;
#[cfg(feature = "cluster")]
mod nodes_slurm;
#[cfg(feature = "cluster")]
mod nodes_ssh;
mod output;
mod portable;
mod processes;
mod rayon;
mod sequential;
#[cfg(feature = "cluster")]
mod settings;
mod shutdown;
#[cfg(feature = "cluster")]
mod strikes;
mod timeouts_and_panics;
mod user_code;
