//! A long run of one number type: its elements go to a block as they come.

use joblib_array::DType;
use serde::Serialize;

use super::Encoder;
use crate::error::Result;
use crate::format::markers::Role;
use crate::numbers::{GATHER, Numbers};
use crate::output::run_header;

/// A run that is being written.
pub(crate) struct Run<'e, 'o, 'w> {
    encoder: &'e mut Encoder<'o, 'w>,
    numbers: Numbers,
}

impl<'e, 'o, 'w> Run<'e, 'o, 'w> {
    pub(super) fn begin(encoder: &'e mut Encoder<'o, 'w>, dtype: DType, len: usize) -> Result<Self> {
        encoder.refer(Role::Sequence)?;
        let size = len.saturating_mul(dtype.size());
        encoder.output.begin_block(run_header(dtype, len), size as u64);
        Ok(Self { encoder, numbers: Numbers { dtype, bytes: Vec::with_capacity(size.min(GATHER) + 8) } })
    }

    #[inline]
    pub(super) fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.numbers.push(value)?;
        if self.numbers.bytes.len() >= GATHER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.encoder.output.block_bytes(&self.numbers.bytes)?;
        self.numbers.bytes.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<()> {
        self.flush()?;
        self.encoder.output.end_block()
    }
}
