#![doc = include_str!("../README.md")]

/// The one of `known` that `name` probably stands for, if there is one: at most two in five of its letters, whatever their case,
/// were left out, added, changed or swapped with their neighbour. Of several the one with the fewest mistakes.
///
/// ```
/// use joblib_names::nearest;
///
/// let backends = ["loky", "threading", "sequential"];
/// assert_eq!(nearest("lokky", backends), Some("loky"));
/// assert_eq!(nearest("THREADNIG", backends), Some("threading"));
/// assert_eq!(nearest("spark", backends), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = letters(name);
    let near = known.into_iter().filter_map(|candidate| {
        let other = letters(candidate);
        let mistakes = mistakes(&name, &other);
        (mistakes * 5 <= name.len().max(other.len()) * 2).then_some((mistakes, candidate))
    });
    // The first one of those with as few.
    near.min_by_key(|(mistakes, _)| *mistakes).map(|(_, candidate)| candidate)
}

fn letters(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// How many letters to insert, drop, replace or swap with the next one to get from one word to the other, none of them twice.
fn mistakes(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut next = vec![i];
        for j in 1..=to.len() {
            let replaced = row[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut fewest = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                fewest = fewest.min(before[j - 2] + 1);
            }
            next.push(fewest);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_recognized() {
        for (name, known) in [
            ("verbos", "verbose"),
            ("alhpa", "alpha"),
            ("SHA-256", "sha256"),
            ("gzpi", "gzip"),
            ("zst", "zstd"),
            ("thread", "threads"),
            ("nodes", "nodes"),
        ] {
            assert_eq!(nearest(name, ["xxxxxx", known]), Some(known), "{name}");
        }
    }

    #[test]
    fn other_words_are_not_taken_for_misspellings() {
        for (name, known) in
            [("spark", "dask"), ("xxx", "xxxxxxxx"), ("x", "verbose"), ("s3", "gcs"), ("", "xz")]
        {
            assert_eq!(nearest(name, [known]), None, "{name} {known}");
        }
    }

    #[test]
    fn the_name_with_the_fewest_mistakes_is_meant() {
        assert_eq!(nearest("sha25", ["sha1", "sha256", "sha512"]), Some("sha256"));
        assert_eq!(nearest("ba", ["ab", "bb"]), None);
        assert_eq!(nearest("cat", ["hat", "bat"]), Some("hat"));
    }
}
