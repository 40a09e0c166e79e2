//! Whether the order of a list or a map counts: serde shows a set as a list, and maps with and without an order alike.

use serde::{Serialize, Serializer};

/// The name of the newtype struct that the encoder recognises.
pub(crate) const NAME: &str = "joblib::Unordered";

/// A list or a map whose order does not affect its hash.
///
/// ```
/// use joblib_hash::{Unordered, hash};
///
/// assert_eq!(hash(&Unordered(vec!["a", "b"]))?, hash(&Unordered(vec!["b", "a"]))?);
/// # Ok::<(), joblib_hash::HashError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unordered<T>(pub T);

impl<T: Serialize> Serialize for Unordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        unordered(&self.0, serializer)
    }
}

/// For a field that is a set or a map without an order, but whose type is not known to be one:
/// `#[serde(serialize_with = "joblib_hash::unordered")]`. A `HashSet` and a `HashMap` do not need it. Other serializers are
/// not affected.
///
/// ```
/// use std::collections::HashSet;
///
/// #[derive(serde::Serialize)]
/// struct Selection {
///     #[serde(serialize_with = "joblib_hash::unordered")]
///     columns: HashSet<String>,
/// }
/// let columns = |names: [&str; 3]| Selection { columns: names.map(str::to_owned).into() };
/// assert_eq!(joblib_hash::hash(&columns(["a", "b", "c"]))?, joblib_hash::hash(&columns(["c", "b", "a"]))?);
/// # Ok::<(), joblib_hash::HashError>(())
/// ```
///
/// # Errors
///
/// Returns the error of the serializer.
pub fn unordered<T: Serialize, S: Serializer>(set: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(NAME, set)
}

/// Whether `T` is a hash set, behind any references.
///
/// `type_name` is not promised to stay as it is. If it changed, a set's hash would depend on its order: results would
/// be computed again, never confused.
pub(crate) fn is_set<T: ?Sized>() -> bool {
    let name = std::any::type_name::<T>().trim_start_matches('&');
    name.starts_with("std::collections::hash::set::HashSet<") || name.starts_with("hashbrown::set::HashSet<")
}

/// Whether `T` is a map without an order of its own, or one that is always sorted, or an iterator over one. What is said of
/// `type_name` above holds here too: a map that is not known counts with the order in which its entries come.
pub(crate) fn is_unordered_map<T: ?Sized>() -> bool {
    let mut name = std::any::type_name::<T>().trim_start_matches('&');
    // What an adapter goes over is the first of its parameters.
    while let Some((adapter, inner)) = name.split_once('<')
        && adapter.starts_with("core::iter::adapters::")
    {
        name = inner.trim_start_matches('&');
    }
    ["std::collections::hash::map::", "hashbrown::map::", "alloc::collections::btree::map::"]
        .iter()
        .any(|known| name.starts_with(known))
}

/// Whether `T` is a map that keeps its entries in an order of its own, behind any references. What is said of `type_name`
/// above holds here too.
pub(crate) fn is_ordered_map<T: ?Sized>() -> bool {
    let name = std::any::type_name::<T>().trim_start_matches('&');
    [
        "indexmap::map::IndexMap<",
        "linked_hash_map::LinkedHashMap<",
        "hashlink::linked_hash_map::LinkedHashMap<",
    ]
    .iter()
    .any(|known| name.starts_with(known))
}
