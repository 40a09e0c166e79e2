//! What a call prints where `verbose` asks for it.

use joblib_store::Key;

use super::Call;
use crate::entry::metadata::Argument;
use crate::report;

impl Call<'_> {
    /// Whether people want to know that the function's results are dropped.
    pub(crate) fn tell_clearing(&self) {
        if self.level().computing() {
            report::say(format_args!("Clearing the results of {}", self.function.version.function()));
        }
    }

    pub(crate) fn tell_querying(&self, key: &Key) {
        if !self.level().querying() {
            return;
        }
        let digests: Vec<String> = self
            .arguments
            .iter()
            .map(|(name, digest)| format!("{name} {:016x}", u128::from_be_bytes(*digest) >> 64))
            .collect();
        report::say(format_args!(
            "Querying {} with the hashes {} (argument hash {}) in {}",
            self.function.version.function(),
            digests.join(", "),
            key.call_hex(),
            self.memory.place()
        ));
    }
}

pub(crate) fn texts(arguments: &[Argument]) -> String {
    let texts: Vec<String> =
        arguments.iter().map(|argument| format!("{}={}", argument.name, argument.text)).collect();
    texts.join(", ")
}
