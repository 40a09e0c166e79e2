//! A long sequence of one number type: its elements go to a block as they come.

use joblib_array::DType;
use joblib_array::run::Run as Numbers;
use serde::Serialize;

use super::Encoder;
use crate::block::Block;
use crate::error::{Error, Result};
use crate::markers::Role;

/// Bytes of a run that are gathered before they are written.
const GATHER: usize = 64 << 10;

/// A run that is being written.
pub(crate) struct Run<'e, 's> {
    encoder: &'e mut Encoder<'s>,
    numbers: Numbers<Error>,
}

impl<'e, 's> Run<'e, 's> {
    pub(super) fn begin(encoder: &'e mut Encoder<'s>, dtype: DType, len: usize) -> Result<Self> {
        encoder.refer(Role::Sequence)?;
        let size = len.saturating_mul(dtype.size());
        encoder.sink.begin_block(&Block::run(dtype, len))?;
        Ok(Self { encoder, numbers: Numbers::new(dtype, size.min(GATHER) + 8) })
    }

    #[inline]
    pub(super) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.numbers.push(value)?;
        if self.numbers.bytes.len() >= GATHER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.encoder.sink.block_bytes(&self.numbers.bytes)?;
        self.numbers.bytes.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.encoder.sink.end_block()
    }
}
