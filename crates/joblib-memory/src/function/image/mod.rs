//! The files that this program's code was loaded from, and what tells one build of them from another.
//!
//! What can't be known of code at run time is known of its build: an address in it, and the compiler's number of a type, mean
//! the same in every run of one build, and nothing in another.

#[cfg(target_os = "linux")]
mod build_id;
#[cfg(target_os = "linux")]
mod mapping;

#[cfg(target_os = "linux")]
use std::path::Path;

use joblib_store::Holder;

use crate::append_map::AppendMap;

/// A text that stands for the same code or constant in every run of one build. `None` where the system does not tell.
pub(crate) fn lasting(address: usize) -> Option<&'static str> {
    static KNOWN: AppendMap<usize, Option<String>> = AppendMap::new();

    KNOWN.get_or_insert_with(address, || find_place(address)).as_deref()
}

/// A text that stands for the build of the program, at an address of whose code or constants it is asked for: another build has
/// another. Where the system does not tell, it stands for this process.
pub(crate) fn build(address: usize) -> &'static str {
    static KNOWN: AppendMap<usize, String> = AppendMap::new();

    KNOWN.get_or_insert_with(address, || {
        find_build(address).unwrap_or_else(|| format!("process {}", Holder::this_process()))
    })
}

#[cfg(target_os = "linux")]
fn find_place(address: usize) -> Option<String> {
    let mappings = mapping::all()?;
    let of = mappings.iter().find(|mapping| mapping.addresses.contains(&address))?;
    let place = address - of.addresses.start + of.offset;
    Some(format!("{place:x} in {}", id(&of.file()?)?))
}

/// The program itself, the library that holds the address, and libraries beside the program, as cargo puts them there.
#[cfg(target_os = "linux")]
fn find_build(address: usize) -> Option<String> {
    let mappings = mapping::all()?;
    let of = mappings.iter().find(|mapping| mapping.addresses.contains(&address))?;
    let program = mapping::program()?;
    let beside = folder_of(&program);
    let mut ids = std::collections::BTreeSet::from([id(Path::new(mapping::PROGRAM))?]);
    for mapping in &mappings {
        let is_beside = mapping.is_code && beside.is_some_and(|folder| mapping.path.starts_with(folder));
        if mapping.path == of.path || is_beside {
            ids.insert(id(&mapping.file()?)?);
        }
    }
    Some(ids.into_iter().collect::<Vec<_>>().join(" "))
}

/// Where cargo puts the libraries of a program: its folder, or the one around `deps` and `examples`. None of the whole system.
#[cfg(target_os = "linux")]
fn folder_of(program: &Path) -> Option<&Path> {
    let folder = program.parent()?;
    let is_part = folder.file_name().is_some_and(|name| name == "deps" || name == "examples");
    let folder = if is_part { folder.parent()? } else { folder };
    folder.parent().is_some().then_some(folder)
}

/// What tells a file from other builds of it: the linker's number of it, or else its content.
#[cfg(target_os = "linux")]
fn id(path: &Path) -> Option<String> {
    use std::collections::HashMap;
    use std::path::PathBuf;

    use joblib_store::{AfterFork, ProcessLock};

    static KNOWN: ProcessLock<HashMap<PathBuf, Option<String>>> = ProcessLock::new(AfterFork::Inherit);

    let mut known = KNOWN.lock();
    if let Some(id) = known.get(path) {
        return id.clone();
    }
    let id = build_id::of(path).map(|id| format!("build {id}")).or_else(|| content(path));
    known.insert(path.to_owned(), id.clone());
    id
}

#[cfg(target_os = "linux")]
fn content(path: &Path) -> Option<String> {
    Some(format!("content {}", joblib_hash::hash_content(path).ok()?))
}

#[cfg(not(target_os = "linux"))]
fn find_place(_: usize) -> Option<String> {
    None
}

/// The file at the program's path may be another by now, and the code may be a library's.
#[cfg(not(target_os = "linux"))]
fn find_build(_: usize) -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> u8 {
        1
    }

    fn two() -> u8 {
        2
    }

    #[test]
    fn functions_have_places_and_the_heap_has_none() {
        let place = |function: fn() -> u8| lasting(function as usize);
        assert!(place(one).is_some());
        assert_eq!(place(one), place(one));
        assert_ne!(place(one), place(two));
        let heap = Box::new([0; 64]);
        assert_eq!(lasting(std::ptr::from_ref(&*heap) as usize), None);
    }

    #[test]
    fn all_code_of_a_program_is_of_one_build() {
        let of = |function: fn() -> u8| build(function as usize);
        assert_eq!(of(one), of(two));
        assert!(!of(one).starts_with("process"), "{}", of(one));
    }

    #[test]
    fn files_without_a_number_are_known_by_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            id(&path).unwrap()
        };
        assert_eq!(file("a", "1"), file("b", "1"));
        assert_ne!(file("c", "1"), file("d", "2"));
        assert_eq!(id(&folder.path().join("missing")), None);
    }
}
