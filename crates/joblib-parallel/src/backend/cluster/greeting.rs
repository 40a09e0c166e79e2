//! What is said before the first frame: lines, of which those that begin with `joblib-node` are for us.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::peer::Launched;

pub(crate) const PREFIX: &str = "joblib-node ";
pub(crate) const REFUSES: &str = "joblib-node refuses: ";
/// What others may say first, at most.
const MAX_NOISE: usize = 64 << 10;

/// Why there is no agent.
pub(crate) enum NoAgent {
    Refused(String),
    Late,
    /// The connection ended, after this had come.
    Gone(String),
}

impl NoAgent {
    /// The reason as a text. `advice` is how to have it wait longer than `patience`.
    pub(crate) fn explain(self, launched: &mut Launched, patience: Duration, advice: &str) -> String {
        match self {
            NoAgent::Refused(reason) => reason,
            NoAgent::Late => {
                format!("there was no agent within {patience:?}; {}. {advice}", launched.end(Duration::ZERO))
            }
            NoAgent::Gone(noise) => {
                let end = launched.end(Duration::from_secs(1));
                let noise = noise.trim();
                if noise.is_empty() { end } else { format!("{end}; its output was: {noise}") }
            }
        }
    }
}

/// The time that is left, at least a little: none at all would mean any.
pub(crate) fn time_left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))
}

/// The next line, without its end.
pub(crate) fn read_line(socket: &mut UnixStream, until: Instant, noise: &str) -> Result<String, NoAgent> {
    let mut line = Vec::new();
    loop {
        if Instant::now() >= until {
            return Err(NoAgent::Late);
        }
        // Byte by byte: what follows the last line is not for this function.
        let mut byte = [0];
        let read = socket.set_read_timeout(Some(time_left(until))).and_then(|()| socket.read(&mut byte));
        match read {
            Ok(1) if byte == *b"\n" => {
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            Ok(1) if line.len() + noise.len() < MAX_NOISE => line.push(byte[0]),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                ) => {}
            _ => return Err(NoAgent::Gone(format!("{noise}{}", String::from_utf8_lossy(&line)))),
        }
    }
}
