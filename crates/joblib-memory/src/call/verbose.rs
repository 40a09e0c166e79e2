//! The lines that a call prints where `verbose` asks for them.

use super::{Call, KeyedCall};
use crate::entry::metadata::Argument;
use crate::report;

impl Call<'_> {
    pub(crate) fn print_clearing(&self) {
        if self.settings.level.computing() {
            report::print(format_args!("Clearing the results of {}", self.name()));
        }
    }
}

impl KeyedCall<'_> {
    pub(crate) fn print_query(&self) {
        if !self.call.settings.level.querying() {
            return;
        }
        let digests: Vec<String> = self
            .call
            .content
            .arguments()
            .map(|(name, digest)| format!("{name} {:016x}", u128::from_be_bytes(digest) >> 64))
            .collect();
        report::print(format_args!(
            "Querying {} with the hashes {} (argument hash {}) in {}",
            self.call.name(),
            digests.join(", "),
            self.key.call_hex(),
            self.call.memory.location_text()
        ));
    }
}

/// The arguments of a call as a text.
pub(crate) fn texts(arguments: &[Argument]) -> String {
    let texts: Vec<String> = arguments
        .iter()
        .map(|argument| format!("{}={}", argument.name(), argument.text().unwrap_or_default()))
        .collect();
    texts.join(", ")
}
