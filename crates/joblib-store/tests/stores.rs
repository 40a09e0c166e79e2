//! Every built-in store passes the suite that outside backends pass.

use joblib_store::{StoreOptions, conformance, open};

#[test]
fn the_local_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    conformance::run(|name| open("local", &StoreOptions::new(folder.path().join(name))).unwrap());
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    conformance::run(|name| open("in_memory", &StoreOptions::new(format!("suite {name}"))).unwrap());
}

#[cfg(not(feature = "sqlite"))]
#[test]
fn a_missing_feature_is_named() {
    let error = open("sqlite", &StoreOptions::new("cache")).unwrap_err();
    assert!(error.is_unknown_backend());
    assert!(error.to_string().contains("`features = [\"sqlite\"]`"), "{error}");
}

#[cfg(feature = "sqlite")]
#[test]
fn the_sqlite_store_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    conformance::run(|name| open("sqlite", &StoreOptions::new(folder.path().join(name))).unwrap());
}
