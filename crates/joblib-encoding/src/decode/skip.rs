//! Values that nobody asked for.

use super::Decoder;
use super::token::Head;
use crate::error::Result;
use crate::markers::{
    ARRAY16, ARRAY32, BIN8, BIN16, BIN32, EXT_BLOCK, F32, F64, FALSE, I8, I16, I32, I64, MAP16, MAP32, NIL,
    STR8, STR16, STR32, TRUE, U8, U16, U32, U64,
};

impl Decoder<'_> {
    /// Moves over a value without looking at its elements; a loop, so that depth costs nothing.
    pub(super) fn ignore(&mut self) -> Result<()> {
        self.somes = 0;
        let mut left: u64 = 1;
        // Containers that go on in another header, with the number of values left when it is due.
        let mut continued: Vec<(u64, bool)> = Vec::new();
        loop {
            while let Some(&(due, map)) = continued.last()
                && left == due
            {
                continued.pop();
                let (len, more) = self.continuation(map)?;
                left += u64::from(len) * if map { 2 } else { 1 };
                if more {
                    continued.push((due, map));
                }
            }
            if left == 0 {
                return Ok(());
            }
            left -= 1;
            let marker = self.peek()?;
            self.at += 1;
            let bytes = match marker {
                0..=0x7f | 0xe0.. | NIL | FALSE | TRUE => 0,
                0xa0..=0xbf => usize::from(marker & 0x1f),
                U8 | I8 => 1,
                U16 | I16 => 2,
                U32 | I32 | F32 => 4,
                U64 | I64 | F64 => 8,
                BIN8 | STR8 => self.take_array::<1>()?[0].into(),
                BIN16 | STR16 => u16::from_be_bytes(self.take_array()?).into(),
                BIN32 | STR32 => u32::from_be_bytes(self.take_array()?) as usize,
                _ => match self.long_head(marker)? {
                    Head::Array { len, continued: more } => {
                        if more {
                            continued.push((left, false));
                        }
                        left += u64::from(len);
                        0
                    }
                    Head::Map { len, continued: more } => {
                        if more {
                            continued.push((left, true));
                        }
                        left += 2 * u64::from(len);
                        0
                    }
                    Head::Ext { kind: EXT_BLOCK, len } => {
                        let role = self.ext_role(len)?;
                        self.block(role)?;
                        self.source.skip_block()?;
                        self.block_done();
                        0
                    }
                    Head::Ext { len, .. } => len,
                },
            };
            self.take(bytes)?;
        }
    }

    /// The header that goes on a container.
    pub(super) fn continuation(&mut self, map: bool) -> Result<(u32, bool)> {
        let marker = self.peek()?;
        self.at += 1;
        match (marker, map) {
            (0x80..=0x8f | MAP16 | MAP32, true) | (0x90..=0x9f | ARRAY16 | ARRAY32, false) => {}
            _ => return Err(self.corrupt("expected the rest of an array or map")),
        }
        match self.long_head(marker)? {
            Head::Array { len, continued } | Head::Map { len, continued } => Ok((len, continued)),
            Head::Ext { .. } => Err(self.corrupt("expected the rest of an array or map")),
        }
    }
}
