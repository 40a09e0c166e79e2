//! The compressors that are known: ours, and those that a program adds.

use std::sync::{Arc, PoisonError, RwLock};

use super::Compressor;
use super::gzip::Gzip;
use super::xz::Xz;
use super::zlib::Zlib;
use crate::error::{Error, Result};

type List = Vec<Arc<dyn Compressor>>;

static REGISTRY: RwLock<Option<List>> = RwLock::new(None);

fn builtin() -> List {
    vec![Arc::new(Zlib), Arc::new(Gzip), Arc::new(Xz)]
}

/// Adds a compressor, which `dump` and `load` then know by its name, extensions and first bytes.
///
/// # Errors
///
/// When there is one of that name already, and `force` is `false`; with `force` the new one takes its place.
pub fn register_compressor(compressor: impl Compressor + 'static, force: bool) -> Result<()> {
    let mut registry = REGISTRY.write().unwrap_or_else(PoisonError::into_inner);
    let list = registry.get_or_insert_with(builtin);
    let name = compressor.name();
    if let Some(index) = list.iter().position(|known| known.name() == name) {
        if !force {
            return Err(Error::value(format!(
                "there is a compressor {name:?} already: choose another name, or replace it with force = true"
            )));
        }
        list.remove(index);
    }
    list.push(Arc::new(compressor));
    Ok(())
}

fn find(wanted: impl Fn(&dyn Compressor) -> bool) -> Option<Arc<dyn Compressor>> {
    let search = |list: &List| list.iter().rev().find(|known| wanted(known.as_ref())).cloned();
    let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
    match registry.as_ref() {
        Some(list) => search(list),
        None => search(&builtin()),
    }
}

/// The compressor of a name.
pub(crate) fn by_name(name: &str) -> Result<Arc<dyn Compressor>> {
    find(|known| known.name() == name).ok_or_else(|| {
        let registry = REGISTRY.read().unwrap_or_else(PoisonError::into_inner);
        let list = registry.clone().unwrap_or_else(builtin);
        let names: Vec<_> = list.iter().map(|known| known.name()).collect();
        Error::value(format!("unknown compressor {name:?}: expected one of {}", names.join(", ")))
    })
}

/// The compressor that a file name asks for.
pub(crate) fn by_extension(file_name: &str) -> Option<Arc<dyn Compressor>> {
    find(|known| known.extensions().iter().any(|extension| file_name.ends_with(extension)))
}

/// The compressor of a file that starts so.
pub(crate) fn detect(first: &[u8]) -> Option<Arc<dyn Compressor>> {
    find(|known| known.recognises(first))
}
