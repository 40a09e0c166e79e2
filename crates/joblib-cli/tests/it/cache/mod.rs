//! `joblib cache` on real caches, which other programs fill.

mod changing;
mod looking;
mod unreadable;

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use joblib_memory::Memory;
use serde_json::Value;

use crate::joblib::Place;

fn power(x: f64, n: i32) -> f64 {
    x.powi(n)
}

fn table(rows: usize) -> Vec<f64> {
    vec![1.5; rows]
}

/// A cache of a program that has ended.
struct Cache(Place);

impl Deref for Cache {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.0
    }
}

impl Cache {
    fn new() -> Self {
        Self(Place::new("cache"))
    }

    /// A cache of two functions, one with two versions of its code.
    fn filled() -> Self {
        let cache = Self::new();
        let memory = cache.memory();
        let cached = memory.cache("study::power", power);
        for n in 1..=3 {
            cached.eval((2.0, n));
        }
        memory.eval("study::table", table, (1000,));
        let later = memory.cache("study::power", power).version(2);
        later.eval((2.0, 3));
        cache
    }

    fn memory(&self) -> Memory {
        Memory::new(self.path()).expect("a memory")
    }

    /// The keys of a function's calls whose argument texts are these.
    fn keys(&self, function: &str, arguments: &[&str]) -> Vec<String> {
        let listed = self.json(&["ls", function, "--limit", "0"]);
        let calls = listed["calls"].as_array().expect("a list").iter();
        let texts = |call: &Value| -> Vec<String> {
            let arguments = call["arguments"].as_array().expect("a list").iter();
            arguments.map(|argument| argument["text"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let wanted = calls.filter(|call| texts(call) == arguments);
        wanted
            .map(|call| format!("{}/{}", call["code"].as_str().unwrap(), call["key"].as_str().unwrap()))
            .collect()
    }

    /// The file of a large result, and the folders of all.
    fn files(&self, suffix: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().join("joblib-rs")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder").flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.to_string_lossy().ends_with(suffix) {
                    found.push(path);
                }
            }
        }
        found
    }
}
