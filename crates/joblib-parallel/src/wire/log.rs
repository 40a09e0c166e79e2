//! LOG: an event of `tracing` or `log` on its way from a worker to its parent, where it is emitted again.

use serde::{Deserialize, Serialize};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::codec;
use super::connection::Outgoing;

/// Worker to parent: an event.
pub(crate) const LOG: u32 = 8;

/// The crate that an event is from, and goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Facade {
    Tracing,
    Log,
}

/// The most verbose levels that somebody listens to, as [`level_number`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogLevels {
    pub(crate) tracing: u8,
    pub(crate) log: u8,
}

/// An event in a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogRecord {
    pub(crate) facade: Facade,
    /// As [`level_number`] counts.
    pub(crate) level: u8,
    pub(crate) target: String,
    pub(crate) message: String,
    pub(crate) spans: String,
}

impl LogRecord {
    pub(crate) fn frame(&self) -> Result<Outgoing, String> {
        codec::frame(LOG, self)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        codec::parse(bytes)
    }

    /// Emits the event in this process, inside the caller's spans.
    pub(crate) fn emit(&self, worker: &str) {
        let LogRecord { facade, level, target, message, spans } = self;
        if *facade == Facade::Log {
            return emit_log(*level, target, message);
        }
        // An event's level is fixed where it is written.
        match level {
            1 => tracing::error!(worker, origin = %target, %spans, "{message}"),
            2 => tracing::warn!(worker, origin = %target, %spans, "{message}"),
            3 => tracing::info!(worker, origin = %target, %spans, "{message}"),
            4 => tracing::debug!(worker, origin = %target, %spans, "{message}"),
            _ => tracing::trace!(worker, origin = %target, %spans, "{message}"),
        }
    }
}

/// 1 for errors to 5 for traces; 0 stands for none.
pub(crate) fn level_number(level: Level) -> u8 {
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// The filter that lets events up to `level` pass.
pub(crate) fn filter(level: u8) -> LevelFilter {
    match level {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// The most verbose levels that somebody in this process listens to.
pub(crate) fn wanted_levels() -> LogLevels {
    LogLevels {
        tracing: LevelFilter::current().into_level().map_or(0, level_number),
        log: wanted_log_level(),
    }
}

#[cfg(feature = "log")]
fn wanted_log_level() -> u8 {
    log::max_level() as u8
}

#[cfg(not(feature = "log"))]
fn wanted_log_level() -> u8 {
    0
}

#[cfg(feature = "log")]
fn emit_log(level: u8, target: &str, message: &str) {
    let level = match level {
        1 => log::Level::Error,
        2 => log::Level::Warn,
        3 => log::Level::Info,
        4 => log::Level::Debug,
        _ => log::Level::Trace,
    };
    log::log!(target: target, level, "{message}");
}

#[cfg(not(feature = "log"))]
fn emit_log(_level: u8, _target: &str, _message: &str) {}

#[cfg(test)]
mod tests {
    use super::{Facade, LOG, LogRecord, filter, level_number};

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let record = LogRecord {
            facade: Facade::Tracing,
            level: 2,
            target: "study".to_owned(),
            message: "slow".to_owned(),
            spans: "fit:fold".to_owned(),
        };
        let frame = record.frame().unwrap();
        assert_eq!(frame.kind(), LOG);
        assert_eq!(LogRecord::parse(frame.contents()).unwrap(), record);
    }

    #[test]
    fn the_number_of_a_level_is_its_filters() {
        for number in 1..=5 {
            assert_eq!(filter(number).into_level().map(level_number), Some(number));
        }
        assert_eq!(filter(0).into_level(), None);
    }
}
