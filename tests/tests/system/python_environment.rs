//! The environments that the other tests compare with are the ones their requirements name.

use joblib_tests::python::{Release, run};

#[test]
fn each_environment_holds_the_joblib_it_is_made_for() {
    let version = "import joblib; print(joblib.__version__)";
    assert_eq!(run(Release::Today, version, &[]).trim(), "1.6.0");
    assert_eq!(run(Release::Old, version, &[]).trim(), "1.2.0");
}
