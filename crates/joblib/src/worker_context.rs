//! Connects `joblib-memory` and `joblib-parallel`, which don't depend on each other, before `main`.
//!
//! Worker processes get the caller's default `Memory`, so that a cached function finds the same results wherever it runs, and
//! the position of the call in the run's record, so that the record includes what workers do. Warnings of caches are printed
//! without breaking a progress bar.

use std::any::Any;

use joblib_memory::Memory;
use joblib_memory::internal::already_installed;
use joblib_record::{Recorder, is_wanted};

// The loader calls every function in this section, which the compiler keeps in programs that use this crate.
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
static REGISTER: extern "C" fn() = register;

extern "C" fn register() {
    joblib_parallel::register_carrier("joblib-memory", capture, apply);
    joblib_memory::internal::print_beside(|print| joblib_parallel::suspend_progress(print));
    joblib_parallel::register_carrier("joblib-record", joblib_record::capture, joblib_record::apply);
    joblib_record::set_default(recorder);
}

/// The record of this run, if the default `Memory` keeps one.
fn recorder() -> Option<Recorder> {
    let memory = already_installed().or_else(|| is_wanted().unwrap_or(false).then(Memory::installed))?;
    memory.recorder().cloned()
}

/// The default `Memory`: its location and settings. If none was installed, a worker finds it from its environment; with a
/// shared cache it is sent anyway, so that the worker waits for uploads.
fn capture() -> Option<Vec<u8>> {
    let shared = || std::env::var_os("JOBLIB_CACHE_SHARED").map(|_| Memory::installed());
    encoded(&already_installed().or_else(shared)?)
}

fn encoded(memory: &Memory) -> Option<Vec<u8>> {
    joblib_encoding::to_vec(memory)
        .map_err(
            |error| tracing::warn!(%error, "the default `Memory` can't be brought along to worker processes"),
        )
        .ok()
}

/// Installs that memory in a worker. It is kept between batches, so that it is opened only once.
fn apply(memory: &[u8]) -> Box<dyn Any> {
    let known = already_installed().and_then(|memory| encoded(&memory));
    if known.as_deref() != Some(memory) {
        let memory = joblib_encoding::from_slice::<Memory>(memory).map_err(|error| error.to_string());
        let installed = memory.and_then(|memory| memory.install().map_err(|error| error.to_string()));
        // After an error the worker uses the memory of its environment.
        if let Err(error) = installed {
            tracing::warn!(%error, "a worker process can't open the default `Memory` of its caller");
        }
    }
    Box::new(())
}
