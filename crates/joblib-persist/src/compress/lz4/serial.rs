//! Frames of any kind on one core, which also names what is wrong with damaged ones.

use std::io::{self, BufRead, Read};

use lz4_flex::block;

use super::frame::{Frame, Size, Start, xxh32};
use crate::compress::pieces::cut_off;
use crate::compress::{Source, invalid};

/// Bytes that a block may look back at in earlier ones.
const WINDOW: usize = 64 << 10;

/// Reads frames one after the other, starting inside of one if there is a `frame`.
pub(super) struct Serial<'a> {
    source: Source<'a>,
    frame: Option<Frame>,
    block: Vec<u8>,
    /// The last bytes of earlier blocks, then the current block.
    output: Vec<u8>,
    /// The part of `output` that was not given out.
    start: usize,
    end: usize,
}

impl<'a> Serial<'a> {
    pub(super) fn new(source: Source<'a>, frame: Option<Frame>) -> Self {
        Self { source, frame, block: Vec::new(), output: Vec::new(), start: 0, end: 0 }
    }

    /// Reads a frame's header; false at the end of the file.
    fn begin(&mut self) -> io::Result<bool> {
        (self.start, self.end) = (0, 0);
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            let mut header = Vec::with_capacity(19);
            let start = loop {
                if let Some((start, _)) = Start::read(&header)? {
                    break start;
                }
                let mut byte = [0];
                self.source.read_exact(&mut byte).map_err(eof)?;
                header.extend(byte);
            };
            match start {
                Start::Frame(frame) => {
                    self.frame = Some(frame);
                    return Ok(true);
                }
                Start::Skippable(len) => {
                    if io::copy(&mut (&mut self.source).take(len), &mut io::sink())? < len {
                        return Err(cut_off());
                    }
                }
            }
        }
    }

    /// Decompresses the next block of the frame; false at the frame's end.
    fn next_block(&mut self) -> io::Result<bool> {
        let Some(frame) = &mut self.frame else { return Ok(false) };
        let mut size = [0; 4];
        self.source.read_exact(&mut size).map_err(eof)?;
        let size = Size::decode(size);
        if size.len == 0 {
            let mut trailer = [0; 4];
            let trailer = &mut trailer[..frame.trailer_len()];
            self.source.read_exact(trailer).map_err(eof)?;
            frame.end(trailer)?;
            self.frame = None;
            return Ok(false);
        }
        if size.len > frame.max_block {
            return Err(invalid("damaged lz4 data: a block is longer than its frame allows"));
        }
        self.block.resize(size.len, 0);
        self.source.read_exact(&mut self.block).map_err(eof)?;
        if frame.has_block_checks {
            let mut check = [0; 4];
            self.source.read_exact(&mut check).map_err(eof)?;
            if u32::from_le_bytes(check) != xxh32(&self.block) {
                return Err(invalid("damaged lz4 data: the checksum of a block is another"));
            }
        }
        let window = if frame.is_independent { 0 } else { self.end.min(WINDOW) };
        self.output.copy_within(self.end - window..self.end, 0);
        self.output.resize(WINDOW + frame.max_block, 0);
        let (window, target) = self.output.split_at_mut(window);
        let target = &mut target[..frame.max_block];
        let len = if size.is_compressed {
            block::decompress_into_with_dict(&self.block, target, window)
                .map_err(|error| invalid(format!("damaged lz4 data: {error}")))?
        } else {
            target[..size.len].copy_from_slice(&self.block);
            size.len
        };
        frame.add(&target[..len]);
        self.start = window.len();
        self.end = self.start + len;
        Ok(true)
    }
}

impl Read for Serial<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        while self.start == self.end {
            if self.frame.is_none() && !self.begin()? {
                return Ok(0);
            }
            self.next_block()?;
        }
        let now = target.len().min(self.end - self.start);
        target[..now].copy_from_slice(&self.output[self.start..self.start + now]);
        self.start += now;
        Ok(now)
    }
}

/// The error of reading on where nothing is.
fn eof(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { cut_off() } else { error }
}
