//! Whole programs, many processes, crashes: what no crate can test alone.

mod corpus;
mod deep_values;
mod examples;
mod flights;
mod flights_runs;
mod guide_python;
mod macro_cached;
mod memory_async;
mod memory_cargo;
mod memory_hostile;
mod memory_made;
mod memory_processes;
mod memory_programs;
mod memory_reach;
mod memory_shared;
mod memory_verbose;
mod memory_warnings;
mod mistakes;
mod parallel_delayed;
mod parallel_memory;
mod persist_crash;
#[cfg(target_os = "linux")]
mod persist_memory;
mod progress_lines;
mod python_environment;
mod record_failures;
mod records;
mod replay;
mod text_forms;
#[cfg(target_os = "linux")]
mod worker_start;
