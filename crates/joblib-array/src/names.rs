//! Names that people write: which one was meant.

/// Whether a name is probably a misspelling of another one: equal but for case and a letter or two in one place, which were left
/// out, added, changed or swapped.
///
/// ```
/// use joblib_array::names::are_near;
///
/// assert!(are_near("lokky", "loky") && are_near("SHA-256", "sha256") && are_near("gzpi", "gzip"));
/// assert!(!are_near("spark", "dask") && !are_near("xxx", "xxxxxxxx"));
/// ```
pub fn are_near(name: &str, known: &str) -> bool {
    let (name, known) = (name.to_lowercase(), known.to_lowercase());
    let start = name.bytes().zip(known.bytes()).take_while(|(a, b)| a == b).count();
    // What is equal at the start is not counted again.
    let rest = name.len().min(known.len()) - start;
    let ends = name.bytes().rev().zip(known.bytes().rev()).take(rest);
    let end = ends.take_while(|(a, b)| a == b).count();
    let (equal, longer) = (start + end, name.len().max(known.len()));
    equal + 2 >= longer && 2 * equal >= longer
}
