//! `joblib cache rm`.

use std::io::Write;

use joblib_store::{Scope, Store};
use serde::Serialize;

use super::args::Rm;
use super::{contents, key};
use crate::confirm::confirm;
use crate::document;
use crate::failure::Failure;
use crate::text::{Visible, count};

/// What was deleted.
#[derive(Serialize)]
pub(crate) struct Deleted {
    pub(crate) results: u64,
    pub(crate) bytes: u64,
}

impl Deleted {
    pub(crate) fn print(&self, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
        if json {
            return document::print(self, out);
        }
        writeln!(out, "deleted {}", contents::amount(self.results, self.bytes))?;
        Ok(())
    }
}

pub(crate) fn run(options: &Rm, store: &dyn Store, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let items = contents::all(store)?.items;
    let deleted = match contents::function(&items, &options.what) {
        Ok(function) => {
            let of_function = items.iter().filter(|item| item.version.function() == function);
            let (number, bytes) =
                of_function.fold((0usize, 0), |(number, bytes), item| (number + 1, bytes + item.bytes));
            let results = count(number, "result", "results");
            let size = crate::text::bytes(bytes);
            confirm(&format!("Delete {results} ({size}) of {}?", Visible(&function)), options.yes)?;
            Deleted { results: store.clear(Scope::Function(&function))?, bytes }
        }
        // What is no function and no key is a function that is not there.
        Err(not_found) if key::Written::parse(&options.what).is_none() => return Err(not_found),
        Err(_) => {
            let item = key::find(&items, &options.what)?;
            let function = Visible(item.version.function());
            confirm(&format!("Delete the result {} of {function}?", key::whole(&item)), options.yes)?;
            let removed = store.remove(&item.key())?;
            Deleted { results: u64::from(removed), bytes: if removed { item.bytes } else { 0 } }
        }
    };
    deleted.print(json, out)
}
