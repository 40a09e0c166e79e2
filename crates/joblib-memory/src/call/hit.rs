//! What follows when a result is found: counting, recording and reporting it.

use std::time::Duration;

use super::read::Found;
use super::verbose::texts;
use super::{Call, Describe, KeyedCall, replay};
use crate::report::{self, Readable};

impl Call<'_> {
    /// Counts and reports a hit of the call with this digest, which waited so long for others.
    pub(super) fn hit(&self, call: [u8; 16], waited: Duration, found: &Found, describe: Describe<'_>) {
        let reading = self.clock.elapsed();
        self.record_hit(call, reading, waited, found, describe);
        if self.settings.replay
            && let Some(metadata) = &found.metadata
        {
            replay::emit(&metadata.events);
        }
        let name = self.name();
        let computing = found.times.duration();
        self.span.record("hit", true);
        tracing::debug!(target: "joblib::memory", function = name, hit = true, seconds = reading.as_secs_f64());
        let level = self.settings.level;
        if level.loading() {
            let arguments = found.metadata.as_deref().map(|metadata| texts(&metadata.arguments));
            let from = if level.locations() {
                format!(" from {}", self.memory.location_text_of(&self.key(call)))
            } else {
                String::new()
            };
            report::print(format_args!("Loading {name}({}){from}", arguments.unwrap_or_default()));
        }
        if level.loading_time() {
            report::print(format_args!(
                "{name} cache loaded - {}; computing it took {}",
                Readable(reading),
                Readable(computing)
            ));
        }
        if let Some((reading, computing)) = self.function.counters.hit(reading, computing) {
            self.memory.warn_once(
                "does not pay",
                name,
                format_args!(
                    "caching {name} does not pay: a hit takes {} and computing takes {}",
                    Readable(reading),
                    Readable(computing)
                ),
            );
        }
    }
}

impl KeyedCall<'_> {
    /// Counts and reports a hit.
    pub(super) fn hit(&self, found: &Found, describe: Describe<'_>) {
        self.call.hit(*self.key.call(), self.waited, found, describe);
    }
}
