//! Which steps of the example `flights` an edit computes again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use joblib_reach::{Index, Place};

/// The digest of each cached function of the example, with a text in one of its files replaced.
fn codes(edit: Option<(&str, &str, &str)>) -> BTreeMap<String, u128> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../joblib/examples/flights");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), "[package]\nname = \"flights\"\n").unwrap();
    let mut cached = Vec::new();
    for entry in std::fs::read_dir(example).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if let Some((file, from, to)) = edit
            && file == name
        {
            assert!(text.contains(from), "{from} is not in {file}");
            text = text.replace(from, to);
        }
        let copy = folder.path().join(&name);
        std::fs::write(&copy, &text).unwrap();
        let attributes = text.lines().enumerate().filter(|(_, line)| line.starts_with("#[cached"));
        cached.extend(attributes.map(|(line, _)| (copy.clone(), line + 1)));
    }
    let root = folder.path().join("main.rs");
    let mut index = Index::of_crate("flights", &root, folder.path(), |name| name == "key").unwrap();
    let code = |(file, line): (PathBuf, usize)| {
        let place = Place { file: &file, line, column: 1 };
        let code = index.code(&place, &String::new, false).unwrap();
        (code.items[0].name.clone(), code.digest)
    };
    cached.into_iter().map(code).collect()
}

fn changed(edit: (&str, &str, &str)) -> Vec<String> {
    let (before, after) = (codes(None), codes(Some(edit)));
    before.into_iter().filter(|(name, digest)| after[name] != *digest).map(|(name, _)| name).collect()
}

#[test]
fn the_steps_below_an_edit_are_computed_again_and_the_others_are_not() {
    assert_eq!(changed(("features.rs", "/ 365.0", "/ 365.25")), ["fn features"]);
    assert_eq!(changed(("features.rs", "/ 100) as u8", "/ 100 % 24) as u8")), ["fn join"]);
    assert_eq!(changed(("report.rs", "fn ", "fn  ")), [""; 0]);
    assert_eq!(
        changed(("ridge.rs", "covariance + penalty", "covariance + 2.0 * penalty")),
        ["fn cross_validate", "fn fit"]
    );
}
