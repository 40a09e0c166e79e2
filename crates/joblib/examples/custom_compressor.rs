//! A compressor of one's own: run-length coding, good for nothing but long runs.
//!
//! ```sh
//! cargo run -p joblib --example custom_compressor
//! ```

use std::io::{self, BufRead, Read, Write};
use std::ops::RangeInclusive;

use joblib::persist::compress::{Sink, Source};
use joblib::persist::{Compressor, Encoder};
use joblib::prelude::*;
use joblib::register_compressor;

/// How a file of this format begins: what `load` knows it by.
const MAGIC: &[u8] = b"RUNS\x01";

/// Pairs of a byte and how often it follows itself.
struct RunLength;

impl Compressor for RunLength {
    fn name(&self) -> &'static str {
        "runs"
    }

    fn extensions(&self) -> &[&str] {
        &[".rle"]
    }

    fn magic(&self) -> &[u8] {
        MAGIC
    }

    fn levels(&self) -> RangeInclusive<u32> {
        1..=1
    }

    fn shuffle_helps(&self) -> bool {
        // Bytes of the same significance side by side make longer runs.
        true
    }

    fn encoder<'a>(&self, mut sink: Sink<'a>, _level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        sink.write_all(MAGIC)?;
        Ok(Box::new(RunEncoder { sink, run: None }))
    }

    fn decoder<'a>(&self, mut source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        let mut magic = [0; MAGIC.len()];
        source.read_exact(&mut magic)?;
        Ok(Box::new(RunDecoder { source, byte: 0, left: 0 }))
    }
}

struct RunEncoder<W> {
    sink: W,
    /// The byte that repeats, and how often so far.
    run: Option<(u8, u8)>,
}

impl<W: Write> RunEncoder<W> {
    fn end_run(&mut self) -> io::Result<()> {
        match self.run.take() {
            Some((byte, count)) => self.sink.write_all(&[byte, count]),
            None => Ok(()),
        }
    }
}

impl<W: Write> Write for RunEncoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            match &mut self.run {
                Some((repeated, count)) if *repeated == byte && *count < u8::MAX => *count += 1,
                _ => {
                    self.end_run()?;
                    self.run = Some((byte, 1));
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl<W: Write> Encoder for RunEncoder<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.end_run()?;
        self.sink.flush()
    }
}

struct RunDecoder<R> {
    source: R,
    byte: u8,
    left: u8,
}

impl<R: BufRead> Read for RunDecoder<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < bytes.len() {
            if self.left == 0 {
                // The end of the file is an end only between two pairs.
                if self.source.fill_buf()?.is_empty() {
                    break;
                }
                let mut pair = [0; 2];
                self.source.read_exact(&mut pair)?;
                [self.byte, self.left] = pair;
            }
            let take = bytes.len().saturating_sub(filled).min(self.left.into());
            bytes[filled..filled + take].fill(self.byte);
            filled += take;
            self.left -= take as u8;
        }
        Ok(filled)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    register_compressor(RunLength, false)?;
    let taken = register_compressor(RunLength, false).is_err();
    println!("registering it again is an error: {taken}");

    let folder = tempfile::tempdir()?;
    let sparse: Array<f64> = Array::from_fn(&[1000, 100], |at| if at[0] == at[1] { 1.0 } else { 0.0 });
    let plain = folder.path().join("sparse.joblib");
    let by_name = folder.path().join("by-name.joblib");
    let by_extension = folder.path().join("sparse.rle");
    dump(&sparse, &plain)?;
    DumpOptions::new().compress("runs").dump(&sparse, &by_name)?;
    dump(&sparse, &by_extension)?;

    let size = |path: &std::path::Path| std::fs::metadata(path).map(|file| file.len());
    println!("by name and by extension the same size: {}", size(&by_name)? == size(&by_extension)?);
    println!("at least 50 times smaller: {}", size(&plain)? > 50 * size(&by_name)?);
    // Nothing says how it was compressed but its beginning.
    assert_eq!(load::<Array<f64>>(&by_name)?, sparse);
    println!("it loads");
    Ok(())
}
