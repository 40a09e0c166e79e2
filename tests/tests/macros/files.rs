//! Arguments that are known by the content of the files that they name.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use joblib_macros::cached;
use joblib_memory::{Explanation, Memory};

use crate::cached::{MEMORY, ran, runs_of};

/// Of the folders in it, each test has one.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fn folder(name: &str) -> PathBuf {
    let folder = FOLDER.path().join(name);
    fs::create_dir(&folder).expect("a folder");
    folder
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn lines(#[cached(file)] path: &Path) -> usize {
    ran();
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn a_file_is_known_by_its_content_and_not_by_its_name() {
    let folder = folder("content");
    let (path, other) = (folder.join("a"), folder.join("b"));
    fs::write(&path, "1\n2\n").unwrap();
    assert_eq!(runs_of(|| lines(&path)), (2, 1));
    assert_eq!(runs_of(|| lines(&path)), (2, 0));
    fs::rename(&path, &other).unwrap();
    assert_eq!(runs_of(|| lines(&other)), (2, 0));
    // In the same tick of the clock, of the same size.
    fs::write(&other, "12\n3").unwrap();
    fs::write(&other, "1\n23").unwrap();
    assert_eq!(runs_of(|| lines(&other)), (2, 1));
    fs::write(&other, "1234").unwrap();
    assert_eq!(runs_of(|| lines(&other)), (1, 1));
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn lines_then(#[cached(file)] path: &Path, #[cached(skip)] meanwhile: &dyn Fn()) -> usize {
    ran();
    meanwhile();
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

#[test]
fn a_result_is_not_stored_of_a_file_that_changed_while_it_was_computed() {
    let folder = folder("meanwhile");
    let path = folder.join("a");
    for (at, text) in [(&path, "1\n"), (&folder, "")] {
        fs::write(&path, "1\n").unwrap();
        let replaced = || fs::write(&path, "1\n2\n").unwrap();
        let counted = runs_of(|| lines_then(at, &replaced)).0;
        assert_eq!(counted, if text.is_empty() { 0 } else { 2 });
        fs::write(&path, "1\n").unwrap();
        assert_eq!(runs_of(|| lines_then(at, &|| ())), (text.lines().count(), 1));
        assert_eq!(runs_of(|| lines_then(at, &|| ())), (text.lines().count(), 0));
    }
}

#[test]
fn a_missing_file_is_a_call_like_any_other() {
    let path = folder("missing").join("later");
    assert_eq!(runs_of(|| lines(&path)), (0, 1));
    assert_eq!(runs_of(|| lines(&path)), (0, 0));
    fs::write(&path, "").unwrap();
    assert_eq!(runs_of(|| lines(&path)), (0, 1), "an empty file is not a missing one");
}

#[test]
fn a_folder_is_known_by_its_listing_and_contents() {
    let folder = folder("folder");
    let count = || runs_of(|| lines(&folder)).1;
    assert_eq!((count(), count()), (1, 0));
    fs::create_dir(folder.join("inner")).unwrap();
    fs::write(folder.join("inner/a"), "1").unwrap();
    assert_eq!((count(), count()), (1, 0));
    fs::write(folder.join("inner/a"), "2").unwrap();
    assert_eq!((count(), count()), (1, 0));
}

#[cfg(unix)]
#[test]
fn links_are_followed_in_every_call() {
    use std::os::unix::fs::symlink;

    // Of other tests' files it knows nothing.
    #[cached(crate = joblib_memory, memory = MEMORY)]
    fn lines(#[cached(file)] path: &Path) -> usize {
        ran();
        fs::read_to_string(path).map_or(0, |text| text.lines().count())
    }

    let folder = folder("links");
    let (one, two, link) = (folder.join("one"), folder.join("two"), folder.join("link"));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&two).unwrap();
    fs::write(one.join("a"), "1\n").unwrap();
    fs::write(two.join("a"), "1\n2\n").unwrap();
    symlink(&one, &link).unwrap();
    assert_eq!((runs_of(|| lines(&link.join("a"))), runs_of(|| lines(&link))), ((1, 1), (0, 1)));
    fs::remove_file(&link).unwrap();
    symlink(&two, &link).unwrap();
    assert_eq!((runs_of(|| lines(&link.join("a"))), runs_of(|| lines(&link))), ((2, 1), (0, 1)));
    assert_eq!((runs_of(|| lines(&two.join("a"))), runs_of(|| lines(&two))), ((2, 0), (0, 0)));
    // What a link in a folder leads to.
    symlink(&one, two.join("inner")).unwrap();
    assert_eq!((runs_of(|| lines(&link)).1, runs_of(|| lines(&link)).1), (1, 0));
    fs::write(one.join("a"), "3\n").unwrap();
    assert_eq!((runs_of(|| lines(&link)).1, runs_of(|| lines(&link)).1), (1, 0));
}

#[cfg(unix)]
#[test]
fn a_file_that_can_not_be_read_is_computed_each_time_and_explained() {
    let path = folder("unreadable").join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert_eq!(runs_of(|| (lines(&path), lines(&path))), ((0, 0), 2));
    let Explanation::Unhashable(reason) = lines::explain(&path) else {
        panic!("{:?}", lines::explain(&path))
    };
    assert!(reason.contains("the file path of") && reason.contains("socket"), "{reason}");
}

#[cached(crate = joblib_memory, memory = MEMORY)]
fn all_forms<P: AsRef<Path> + ?Sized>(
    #[cached(file)] chosen: &P,
    #[cached(file)] unnamed: impl AsRef<Path>,
    #[cached(file)] text: &str,
    #[cached(file)] owned: String,
    #[cached(file)] option: Option<PathBuf>,
    #[cached(file)] several: &[&Path],
    factor: usize,
) -> usize {
    ran();
    let count = |path: &Path| fs::read_to_string(path).unwrap().len();
    let one = count(chosen.as_ref()) + count(unnamed.as_ref()) + count(text.as_ref()) + count(owned.as_ref());
    let all: usize = several.iter().map(|path| count(path)).sum();
    factor * (one + option.map_or(0, |path| count(&path)) + all)
}

#[test]
fn paths_are_given_in_many_forms() {
    let folder = folder("forms");
    let path = |name: &str| folder.join(name);
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        fs::write(path(name), name).unwrap();
    }
    let call = |with: bool| {
        let text = |name| path(name).to_str().unwrap().to_owned();
        let option = with.then(|| path("e"));
        let several = [&*path("f"), &*path("g")];
        runs_of(|| all_forms(&path("a"), path("b"), &text("c"), text("d"), option, &several, 2))
    };
    assert_eq!((call(true), call(true)), ((14, 1), (14, 0)));
    assert_eq!((call(false), call(false)), ((12, 1), (12, 0)));
    for (name, sum) in ["a", "b", "c", "d", "e", "f", "g"].into_iter().zip(8..) {
        fs::write(path(name), format!("{name}{name}")).unwrap();
        assert_eq!((call(true), call(true)), ((2 * sum, 1), (2 * sum, 0)), "{name}");
    }
}

static TABLE: LazyLock<PathBuf> = LazyLock::new(|| FOLDER.path().join("table"));

#[cached(crate = joblib_memory, memory = MEMORY, file(TABLE.join("data"), "no/such/file"))]
fn table_times(factor: usize) -> usize {
    ran();
    factor * fs::read_to_string(TABLE.join("data")).map_or(0, |text| text.len())
}

#[cached(crate = joblib_memory, memory = MEMORY, key = id, file(&options.0))]
fn beside_a_key(id: u8, options: (PathBuf, u8)) -> usize {
    ran();
    usize::from(id) + fs::read_to_string(&options.0).unwrap().len() + usize::from(options.1)
}

#[test]
fn files_beside_the_arguments_count() {
    fs::create_dir_all(&*TABLE).unwrap();
    assert_eq!((runs_of(|| table_times(2)), runs_of(|| table_times(2))), ((0, 1), (0, 0)));
    fs::write(TABLE.join("data"), "12").unwrap();
    assert_eq!((runs_of(|| table_times(2)), runs_of(|| table_times(2))), ((4, 1), (4, 0)));
    assert_eq!(runs_of(|| beside_a_key(1, (TABLE.join("data"), 1))), (4, 1));
    assert_eq!(runs_of(|| beside_a_key(1, (TABLE.join("data"), 2))), (4, 0), "not in the key");
    fs::write(TABLE.join("data"), "123").unwrap();
    assert_eq!(runs_of(|| beside_a_key(1, (TABLE.join("data"), 1))), (5, 1));
}

#[test]
fn explain_names_the_file_that_changed() {
    let folder = folder("explained");
    let path = folder.join("table.csv");
    fs::write(&path, "1").unwrap();
    fs::write(folder.join("other"), "1").unwrap();
    lines(&path);
    lines(&folder);
    fs::write(&path, "2").unwrap();
    for argument in [&path, &folder] {
        let Explanation::FilesChanged { files, nearest } = lines::explain(argument) else {
            panic!("{:?}", lines::explain(argument))
        };
        assert_eq!(files, [format!("{} changed", path.display())]);
        assert_eq!(nearest.arguments()[0].text(), Some(&*format!("{:?}", argument.display().to_string())));
    }
    fs::remove_file(&path).unwrap();
    let text = lines::explain(&folder).to_string();
    assert!(text.contains("table.csv is gone"), "{text}");
    let text = lines::explain(&path).to_string();
    assert!(text.contains("table.csv is missing"), "{text}");
}

#[test]
fn the_digests_of_files_are_found_beside_the_results() {
    #[cached(crate = joblib_memory, memory = memory)]
    fn length(#[cached(file)] path: &Path, #[cached(skip)] memory: &Memory) -> usize {
        fs::read_to_string(path).unwrap().len()
    }
    let folder = folder("remembered");
    let path = folder.join("data");
    fs::write(&path, "123").unwrap();
    // Old enough to be remembered, but for the time of change, which nobody can set: until that is over, it waits.
    let cache = folder.join("cache");
    let digests = cache.join("joblib-rs/file-digests");
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while !digests.exists() {
        let memory = Memory::new(&cache).unwrap();
        assert_eq!(length(&path, &memory), 3);
        assert!(std::time::Instant::now() < deadline, "nothing is remembered");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(fs::read_to_string(digests).unwrap().contains(&joblib_hash(&path)));
}

/// The digest of a file, as it is noted.
fn joblib_hash(path: &Path) -> String {
    joblib_hash::hash_file(path).unwrap().to_string()
}
