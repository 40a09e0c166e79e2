//! What a program writes to the terminal while progress bars are there.

use std::io::{self, Stderr, Stdout, Write};

#[cfg(feature = "progress")]
use super::progress_bar;

/// Runs `f`, which may write to the terminal, with the progress bars of [`Parallel`](crate::Parallel) calls removed. The
/// bars are drawn again below what was written.
///
/// Can be called anywhere, also by tasks, on threads and in processes: without a bar it only runs `f`. A call of `Parallel`
/// within `f` shows no bar. What `f` writes has to end with a newline.
///
/// ```
/// use joblib_parallel::{Parallel, delayed, suspend_progress};
///
/// fn half(n: u32) -> u32 {
///     if n % 2 == 1 {
///         suspend_progress(|| println!("{n} is odd"));
///     }
///     n / 2
/// }
///
/// Parallel::new().n_jobs(2).progress("halving").run((0..4).map(|n| delayed(half, (n,))))?;
/// # Ok::<(), joblib_parallel::Error>(())
/// ```
pub fn suspend_progress<R>(f: impl FnOnce() -> R) -> R {
    #[cfg(feature = "progress")]
    return progress_bar::suspend(f);
    #[cfg(not(feature = "progress"))]
    f()
}

/// A writer that does not break progress bars: each line is written while the bars are suspended. Its constructors can be
/// passed to `tracing_subscriber::fmt().with_writer(…)`, and the writer to any logger that writes to an [`io::Write`]. Text
/// without a newline at its end is buffered until the newline, a flush, or the drop of the writer.
///
/// ```
/// use joblib_parallel::ProgressWriter;
/// use std::io::Write;
///
/// // tracing_subscriber::fmt().with_writer(ProgressWriter::stderr).init();
/// writeln!(ProgressWriter::stderr(), "a line beside the bar")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ProgressWriter<W: Write> {
    to: W,
    /// The begin of a line.
    line: Vec<u8>,
}

impl ProgressWriter<Stderr> {
    /// Writes to standard error.
    pub fn stderr() -> Self {
        Self::new(io::stderr())
    }
}

impl ProgressWriter<Stdout> {
    /// Writes to standard output.
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write> ProgressWriter<W> {
    /// Writes to any writer that ends at the terminal.
    pub fn new(to: W) -> Self {
        Self { to, line: Vec::new() }
    }
}

impl<W: Write> Write for ProgressWriter<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
            self.line.extend_from_slice(text);
            return Ok(text.len());
        };
        let (lines, rest) = text.split_at(end + 1);
        self.line.extend_from_slice(lines);
        let lines = std::mem::replace(&mut self.line, rest.to_vec());
        suspend_progress(|| {
            self.to.write_all(&lines)?;
            self.to.flush()
        })?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            return self.to.flush();
        }
        suspend_progress(|| {
            self.to.write_all(&line)?;
            self.to.flush()
        })
    }
}

impl<W: Write> Drop for ProgressWriter<W> {
    fn drop(&mut self) {
        if !self.line.is_empty() {
            // There is nobody left to tell.
            let _ = self.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::ProgressWriter;

    #[test]
    fn whole_lines_are_written_at_once_and_the_rest_at_the_end() {
        let mut written = Vec::new();
        {
            let mut writer = ProgressWriter::new(&mut written);
            write!(writer, "a{}b", 1).unwrap();
            assert!(writer.to.is_empty());
            write!(writer, "c\nd\ne").unwrap();
            assert_eq!(*writer.to, b"a1bc\nd\n");
            writer.flush().unwrap();
            assert_eq!(*writer.to, b"a1bc\nd\ne");
            write!(writer, "f").unwrap();
        }
        assert_eq!(written, b"a1bc\nd\nef");
    }
}
