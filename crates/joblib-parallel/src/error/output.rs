//! [`TaskOutput`]: what a task printed.

use std::fmt;

/// Bytes of one stream that are kept of its beginning.
const BEGIN: usize = 512 << 10;
/// And from its end.
const END: usize = 64 << 10;
/// Lines of a stream that an error shows.
const SHOWN_LINES: usize = 100;

/// What a task printed on its standard output and standard error, if its call [captures](crate::Parallel::capture_output)
/// output.
///
/// If a stream has more than half a megabyte, the beginning and the end are kept, with a line between them that says how
/// many bytes are left out.
///
/// ```
/// use joblib_parallel::{Parallel, TaskOutput, delayed};
///
/// fn load(path: String) {
///     println!("reads {path}");
///     panic!("there is no such file");
/// }
///
/// let parallel = Parallel::new().backend("loky").capture_output(true);
/// let error = parallel.run([delayed(load, ("flights.csv".to_owned(),))]).unwrap_err();
/// let output: &TaskOutput = error.task().unwrap().output();
/// assert_eq!(output.stdout(), b"reads flights.csv\n");
/// assert!(output.stderr().is_empty());
/// assert!(error.to_string().ends_with("\n  stdout: reads flights.csv"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskOutput {
    pub(crate) stdout: Printed,
    pub(crate) stderr: Printed,
}

/// What was printed on one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Printed {
    kept: Vec<u8>,
    /// What came behind that and is not kept yet.
    last: Vec<u8>,
    left_out: u64,
}

impl TaskOutput {
    /// What it printed on its standard output.
    pub fn stdout(&self) -> &[u8] {
        &self.stdout.kept
    }

    /// What it printed on its standard error.
    pub fn stderr(&self) -> &[u8] {
        &self.stderr.kept
    }

    /// Returns `true` if it printed nothing, or nothing was captured.
    pub fn is_empty(&self) -> bool {
        self.stdout().is_empty() && self.stderr().is_empty()
    }
}

/// Writes the last lines of each stream, each after a newline and the name of its stream.
impl fmt::Display for TaskOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, bytes) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            let text = String::from_utf8_lossy(bytes);
            let before = text.lines().count().saturating_sub(SHOWN_LINES);
            if before > 0 {
                write!(f, "\n  {name}: … {before} lines before")?;
            }
            for line in text.lines().skip(before) {
                write!(f, "\n  {name}: {line}")?;
            }
        }
        Ok(())
    }
}

impl Printed {
    /// Appends what was printed; returns how many of the bytes are kept for certain.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        let room = if self.last.is_empty() { BEGIN.saturating_sub(self.kept.len()) } else { 0 };
        let (kept, rest) = bytes.split_at(room.min(bytes.len()));
        self.kept.extend_from_slice(kept);
        self.last.extend_from_slice(rest);
        if self.last.len() > 2 * END {
            self.shorten();
        }
        kept.len()
    }

    /// Appends what is kept on another host of an attempt at the task there.
    #[cfg(feature = "cluster")]
    pub(crate) fn push_kept(&mut self, bytes: &[u8]) {
        self.end();
        self.kept.extend_from_slice(bytes);
    }

    /// No more comes, from this attempt at the task. Returns what is kept besides.
    pub(crate) fn end(&mut self) -> Vec<u8> {
        self.shorten();
        let mut end = Vec::new();
        if self.left_out > 0 {
            let separator = if self.kept.ends_with(b"\n") { "" } else { "\n" };
            end.extend_from_slice(
                format!("{separator}[{} bytes are left out here]\n", self.left_out).as_bytes(),
            );
        }
        end.append(&mut self.last);
        self.left_out = 0;
        self.kept.extend_from_slice(&end);
        end
    }

    fn shorten(&mut self) {
        let cut = self.last.len().saturating_sub(END);
        self.left_out += cut as u64;
        self.last.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, Printed, TaskOutput};

    #[test]
    fn of_much_output_the_begin_and_the_end_are_kept_and_what_is_between_is_counted() {
        let mut printed = Printed::default();
        let mut kept_at_once = 0;
        for n in 0..1_000_000_u32 {
            kept_at_once += printed.push(format!("line {n:06}\n").as_bytes());
        }
        assert_eq!(kept_at_once, BEGIN);
        let end = printed.end();
        let text = String::from_utf8(printed.kept.clone()).unwrap();
        assert!(text.starts_with("line 000000\nline 000001\n"));
        assert!(text.ends_with("line 999998\nline 999999\n"));
        let left_out = 12_000_000 - BEGIN - END;
        assert!(text.contains(&format!("\n[{left_out} bytes are left out here]\n")));
        assert_eq!(text.len(), BEGIN + end.len());
        assert_eq!(printed.push(b"again\n"), 0);
        assert_eq!(printed.end(), b"again\n");
    }

    #[test]
    fn each_line_is_shown_with_its_stream_and_of_many_the_last() {
        let mut output = TaskOutput::default();
        output.stderr.push(b"one\ntwo");
        (0..150).for_each(|n| _ = output.stdout.push(format!("{n}\n").as_bytes()));
        let text = output.to_string();
        assert!(text.starts_with("\n  stdout: … 50 lines before\n  stdout: 50\n"), "{text}");
        assert!(text.ends_with("\n  stdout: 149\n  stderr: one\n  stderr: two"), "{text}");
    }
}
