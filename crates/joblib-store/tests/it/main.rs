//! The stores through the public interface.

mod claims;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod disk_errors;
mod forks;
mod kills;
mod limits_of_the_system;
#[cfg(feature = "object")]
mod object;
mod packed;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stores;
mod tiers;
mod vanished;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use joblib_store::{FunctionVersion, Key, Store, StoreOptions, open};

/// The built-in stores that use the disk.
const ON_DISK: &[&str] = if cfg!(feature = "sqlite") { &["local", "sqlite"] } else { &["local"] };

/// A handle of its own, as another process has one.
fn store(backend: &str, folder: &Path) -> Arc<dyn Store> {
    open(backend, &StoreOptions::new(folder)).unwrap()
}

/// A key of the function `fit`, spread as digests are.
fn key(number: u64) -> Key {
    let spread = (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    Key::new(&FunctionVersion::new("demo::fit", 1, "fn fit() {}"), spread.to_be_bytes())
}

fn put(store: &dyn Store, key: &Key, bytes: &[u8]) {
    store.put(key, &mut |out| out.write_all(bytes)).unwrap();
}

fn get(store: &dyn Store, key: &Key) -> Option<Vec<u8>> {
    store.get(key).unwrap().map(|blob| blob.into_bytes().unwrap())
}

/// This test program again, running one of its ignored tests with a folder.
fn role(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]).env("FOLDER", folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The folder that [`role`] gave.
fn folder_of_role() -> std::path::PathBuf {
    std::env::var_os("FOLDER").expect("a role is started by the test that needs it").into()
}
