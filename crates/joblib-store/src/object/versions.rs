//! What results' folders stand for: the function, its code, and which code is the latest.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as Failure, ObjectStoreExt};

use super::bucket::Bucket;
use super::client::{Action, Client, Refused};
use super::layout::{Layout, parse_version, version_text};
use super::transfer;
use crate::error::Error;
use crate::key::FunctionVersion;
use crate::process_lock::{AfterFork, ProcessLock};

/// Requests at a time.
const AT_ONCE: usize = 16;

/// What this process knows of functions.
#[derive(Debug)]
pub(super) struct Versions {
    /// The folder of the latest code of each function's folder that this process stored something of.
    current: ProcessLock<HashMap<String, String>>,
    /// Versions that were read, by the paths of their folders. They never change.
    read: ProcessLock<HashMap<String, Arc<FunctionVersion>>>,
}

/// All functions of a store.
#[derive(Debug, Default)]
pub(super) struct Functions {
    /// The versions by function's and code's folder.
    pub(super) versions: HashMap<String, Arc<FunctionVersion>>,
    /// The latest code's folder, of functions that have several.
    current: HashMap<String, String>,
}

impl Functions {
    pub(super) fn is_current(&self, function: &str, code: &str) -> bool {
        self.current.get(function).is_none_or(|current| current == code)
    }
}

impl Default for Versions {
    fn default() -> Self {
        Self { current: ProcessLock::new(AfterFork::Inherit), read: ProcessLock::new(AfterFork::Inherit) }
    }
}

impl Versions {
    /// Describes the version, if that was not done yet, and makes it the latest. Called before a result of it is stored.
    pub(super) fn note(
        &self,
        client: &Client,
        layout: &Layout,
        version: &Arc<FunctionVersion>,
    ) -> Result<(), Error> {
        let (function, code) = (version.function_folder(), version.code_folder());
        if self.current.lock().get(function).is_some_and(|current| current == code) {
            return Ok(());
        }
        let path = layout.current(version);
        let before = path.clone();
        let before = client.run(Action::Read, |bucket| read(bucket, before))?;
        let is_new = match before {
            Ok(before) => before.as_ref() != code.as_bytes(),
            Err(Refused::Missing) => true,
            Err(refused) => return Err(client.refused(Action::Read, refused)),
        };
        if is_new {
            let text = version_text(version).into_bytes();
            transfer::put(client, &layout.version(version), text.into())?;
            transfer::put(client, &path, code.as_bytes().to_vec().into())?;
        }
        self.current.lock().insert(function.to_owned(), code.to_owned());
        Ok(())
    }

    /// All functions and their versions.
    pub(super) fn all(&self, client: &Client, layout: &Layout) -> Result<Functions, Error> {
        let folder = layout.functions();
        let paths = client.run(Action::List, |bucket| async move {
            bucket.list(Some(&folder)).map_ok(|meta| meta.location).try_collect::<Vec<Path>>().await
        })?;
        let mut codes: HashMap<String, Vec<String>> = HashMap::new();
        for path in paths.unwrap_or_default() {
            let mut names = path.as_ref().rsplit('/');
            if let (Some(code), Some(function)) = (names.next(), names.next()) {
                codes.entry(function.to_owned()).or_default().push(code.to_owned());
            }
        }
        let mut functions = Functions::default();
        let mut unread = Vec::new();
        let read_before = self.read.lock();
        for (function, codes) in codes {
            // One of the names is `current`.
            if codes.len() > 2 {
                unread.push((function.clone(), "current".to_owned()));
            }
            for code in codes.into_iter().filter(|code| code != "current") {
                let name = format!("{function}/{code}");
                match read_before.get(&name) {
                    Some(version) => _ = functions.versions.insert(name, Arc::clone(version)),
                    None => unread.push((function.clone(), code)),
                }
            }
        }
        drop(read_before);
        let folder = layout.functions();
        let texts = client.run(Action::List, |bucket| async move {
            let texts = unread.into_iter().map(|(function, code)| {
                let path = folder.clone().join(function.as_str()).join(code.as_str());
                let bucket = bucket.clone();
                async move {
                    match read(bucket, path).await {
                        Ok(bytes) => Ok(Some((function, code, String::from_utf8_lossy(&bytes).into_owned()))),
                        Err(Failure::NotFound { .. }) => Ok(None),
                        Err(error) => Err(error),
                    }
                }
            });
            stream::iter(texts).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await
        })?;
        for (function, code, text) in texts.unwrap_or_default().into_iter().flatten() {
            if code == "current" {
                functions.current.insert(function, text);
            } else if let Some(version) = parse_version(&text) {
                let name = format!("{function}/{code}");
                self.read.lock().insert(name.clone(), Arc::clone(&version));
                functions.versions.insert(name, version);
            }
        }
        Ok(functions)
    }
}

async fn read(bucket: Bucket, path: Path) -> Result<bytes::Bytes, Failure> {
    bucket.get(&path).await?.bytes().await
}
