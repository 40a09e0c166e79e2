//! The host that this process runs on.

/// Its name, for messages.
pub(crate) fn name() -> String {
    let name = nix::sys::utsname::uname().ok().and_then(|names| names.nodename().to_str().map(str::to_owned));
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "a host without a name".to_owned())
}
