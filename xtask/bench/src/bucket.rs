//! The server of the rows about buckets. Programs find it by the environment, so this one starts itself again in it.

use std::process::Command;

use joblib_tests::server::{Kind, Server};

use crate::Result;

pub(crate) use joblib_tests::server::BUCKET;

/// The variable with the port of the server.
pub(crate) const PORT: &str = "JOBLIB_BENCH_BUCKET_PORT";
/// What the names of the rows begin with.
const ROWS: &str = "memory.object.";

/// The port of the server that this process was started for.
pub(crate) fn port() -> Result<u16> {
    Ok(std::env::var(PORT).map_err(|_| "there is no server")?.parse()?)
}

/// Starts a server if one of the rows needs it, and this program again beside it. Returns whether all went well there;
/// nothing if there is no need.
pub(crate) fn beside_a_server<'r>(mut names: impl Iterator<Item = &'r str>) -> Result<Option<bool>> {
    if std::env::var_os(PORT).is_some() || !names.any(|name| name.starts_with(ROWS)) {
        return Ok(None);
    }
    let server = Server::start(Kind::SeaweedFs);
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .envs(server.variables(server.port()))
        .env(PORT, server.port().to_string())
        .status()?;
    Ok(Some(status.success()))
}
