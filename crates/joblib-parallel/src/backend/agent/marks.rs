//! How a process knows that it is to be an agent, and says that it is one. `nodes/bootstrap.sh` has the same words.

/// The variable that makes an agent of the program, and its value.
pub(crate) const VARIABLE: (&str, &str) =
    ("JOBLIB_PARALLEL_AGENT", concat!("joblib-parallel ", env!("CARGO_PKG_VERSION")));
/// The argument that does so together with it: one of the two may be left somewhere by accident.
pub(crate) const ARGUMENT: &str = "joblib-parallel-agent";
/// The argument of a process that is only to see whether the program runs on the host.
pub(crate) const PROBE: &str = "joblib-parallel-probe";
/// The line that comes before the first frame: anything before it, such as the greeting of a login shell, is ignored.
pub(crate) const GREETING: &str = "joblib-node runs";
