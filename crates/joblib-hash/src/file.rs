//! The digest of a file's content, or of a folder's: its listing with the contents of the files in it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::{Algorithm, Digest};

/// Returns the BLAKE3 digest of a file's content, or of a folder's listing with the contents of all files in it.
///
/// The digest of a file is that of its bytes, the same as that of other BLAKE3 programs. For a folder, the names of all
/// files and folders in it count, at any depth, with the contents of the files; permissions, times and the folder's own
/// name do not. A symbolic link counts as its target; if the target does not exist, or is a folder that contains the link,
/// it counts as the text of the link.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.csv");
/// std::fs::write(&path, "a,b\n1,2\n")?;
/// let (file, all) = (joblib_hash::hash_file(&path)?, joblib_hash::hash_file(folder.path())?);
/// std::fs::write(&path, "a,b\n1,3\n")?;
/// assert_ne!(joblib_hash::hash_file(&path)?, file);
/// assert_ne!(joblib_hash::hash_file(folder.path())?, all);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Returns an error that names the file or folder if it can't be read, does not exist, or is neither a file nor a folder,
/// such as a socket or a device.
pub fn hash_file(path: impl AsRef<Path>) -> io::Result<Digest> {
    hash_file_with(path.as_ref(), &mut hash_content)
}

/// Like [`hash_file`], with a function for the digest of one file, for example one that remembers digests.
#[doc(hidden)]
pub fn hash_file_with(path: &Path, of_file: OfFile<'_>) -> io::Result<Digest> {
    of_path(path, &mut Vec::new(), of_file)
}

/// Returns the digest of a file that is not a folder.
pub type OfFile<'f> = &'f mut dyn FnMut(&Path) -> io::Result<Digest>;

/// Returns the digest of the bytes of one file.
///
/// # Errors
///
/// Returns the same errors as [`hash_file`].
#[doc(hidden)]
pub fn hash_content(path: &Path) -> io::Result<Digest> {
    /// Large enough for BLAKE3's tree on several threads.
    const BUFFER: usize = 4 << 20;
    // What is no file may have no end, or wait for a writer when it is opened.
    let found = fs::metadata(path).map_err(|error| of(path, &error))?;
    if !found.is_file() {
        return Err(of(
            path,
            &io::Error::new(io::ErrorKind::InvalidInput, "it is neither a file nor a folder"),
        ));
    }
    let read = || {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; BUFFER.min(usize::try_from(found.len()).unwrap_or(BUFFER).max(4096))];
        let mut state = blake3::Hasher::new();
        loop {
            let mut filled = 0;
            while filled < buffer.len() {
                match file.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            if filled == 0 {
                break;
            }
            state.update_rayon(&buffer[..filled]);
        }
        Ok(Digest::new(Algorithm::Blake3, state.finalize().as_bytes()))
    };
    read().map_err(|error| of(path, &error))
}

/// `above` are the folders that the path is in, below the first.
fn of_path(path: &Path, above: &mut Vec<PathBuf>, of_file: OfFile<'_>) -> io::Result<Digest> {
    let found = fs::metadata(path).map_err(|error| of(path, &error))?;
    if !found.is_dir() {
        return of_file(path);
    }
    let whole = fs::canonicalize(path).map_err(|error| of(path, &error))?;
    above.push(whole);
    let digest = of_folder(path, above, of_file);
    above.pop();
    digest
}

fn of_folder(path: &Path, above: &mut Vec<PathBuf>, of_file: OfFile<'_>) -> io::Result<Digest> {
    let mut names: Vec<OsString> = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| of(path, &error))? {
        names.push(entry.map_err(|error| of(path, &error))?.file_name());
    }
    names.sort_unstable();
    let mut state = blake3::Hasher::new();
    state.update(b"a folder");
    for name in names {
        let inner = path.join(&name);
        let (kind, digest): (&[u8], Vec<u8>) = match link_that_stands_for_itself(&inner, above)? {
            Some(text) => (b"link", blake3::hash(text.as_os_str().as_encoded_bytes()).as_bytes().to_vec()),
            None if inner.is_dir() => (b"folder", of_path(&inner, above, of_file)?.as_bytes().to_vec()),
            None => (b"file", of_file(&inner)?.as_bytes().to_vec()),
        };
        for part in [kind, name.as_encoded_bytes(), &digest] {
            state.update(&(part.len() as u64).to_le_bytes());
            state.update(part);
        }
    }
    Ok(Digest::new(Algorithm::Blake3, state.finalize().as_bytes()))
}

/// The text of a link that leads nowhere or to a folder above it.
fn link_that_stands_for_itself(path: &Path, above: &[PathBuf]) -> io::Result<Option<PathBuf>> {
    let found = fs::symlink_metadata(path).map_err(|error| of(path, &error))?;
    if !found.is_symlink() {
        return Ok(None);
    }
    let stands_for_itself = match fs::canonicalize(path) {
        Ok(whole) => above.contains(&whole),
        // One that leads to itself is a circle, which has other kinds of errors.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(of(path, &error)),
        Err(_) => true,
    };
    if stands_for_itself { fs::read_link(path).map(Some).map_err(|error| of(path, &error)) } else { Ok(None) }
}

/// An error that names the path.
fn of(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_by_the_names_and_contents_in_it_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join("data").join(name);
        fs::create_dir_all(path("inner")).unwrap();
        fs::write(path("a"), "1").unwrap();
        fs::write(path("inner/b"), "2").unwrap();
        let digest = || hash_file(folder.path().join("data")).unwrap();
        let first = digest();
        fs::write(path("inner/b"), "3").unwrap();
        let changed = digest();
        fs::rename(path("inner/b"), path("inner/c")).unwrap();
        let renamed = digest();
        fs::create_dir(path("empty")).unwrap();
        let grown = digest();
        let all = [first, changed, renamed, grown];
        for (at, digest) in all.iter().enumerate() {
            assert!(!all[..at].contains(digest), "{at}");
        }
        fs::remove_dir(path("empty")).unwrap();
        fs::rename(path("inner/c"), path("inner/b")).unwrap();
        fs::write(path("inner/b"), "2").unwrap();
        assert_eq!(digest(), first);
    }

    #[test]
    fn the_digest_of_a_file_is_that_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        for len in [0, 1, 4096, 10_000_000] {
            let bytes = vec![7; len];
            fs::write(&path, &bytes).unwrap();
            assert_eq!(hash_file(&path).unwrap().as_bytes(), blake3::hash(&bytes).as_bytes(), "{len}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_count_as_what_they_lead_to_and_circles_of_them_end() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let (data, other) = (folder.path().join("data"), folder.path().join("other"));
        fs::create_dir_all(&data).unwrap();
        fs::write(&other, "1").unwrap();
        symlink(&other, data.join("file")).unwrap();
        symlink(&data, data.join("circle")).unwrap();
        symlink("itself", data.join("itself")).unwrap();
        symlink("nowhere", data.join("dangling")).unwrap();
        let first = hash_file(&data).unwrap();
        assert_eq!(hash_file(&data).unwrap(), first);
        fs::write(&other, "2").unwrap();
        assert_ne!(hash_file(&data).unwrap(), first);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = hash_file(&path).unwrap_err();
        assert!(error.to_string().contains("socket: it is neither a file nor a folder"), "{error}");
        let error = hash_file(folder.path().join("missing")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
