//! Arguments and results in a message: in the encoding that files have too, with large memory beside the message.

use joblib_array::Buffer;
use joblib_array::transfer::RawArray;
use joblib_encoding::{Block, Error, MessageSink, MessageSource, Result, Sink, Types};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::arrays::{Arrays, Sender, SharedWriter};

/// Appends `value` to `out`. Large memory goes through `sender`, if there is one.
///
/// # Errors
///
/// Returns an error if the value can't be encoded; the text says why.
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
    sender: Option<&Sender>,
) -> std::result::Result<(), String> {
    let encoded = match sender {
        None => joblib_encoding::encode(value, &mut MessageSink::new(out)),
        Some(sender) => {
            let mut share = |buffer: &Buffer| sender.offer(buffer);
            let message = MessageSink::new(out).share(&mut share);
            joblib_encoding::encode(value, &mut SharingSink { message, sender, open: None })
        }
    };
    encoded.map_err(|error| error.to_string())
}

/// The value that `bytes` are, with the memory that was left out of them.
///
/// # Errors
///
/// Returns an error if `bytes` are not such a value; the text says why.
pub(crate) fn decode<T: DeserializeOwned>(
    bytes: &[u8],
    arrays: Arrays<'_>,
) -> std::result::Result<T, String> {
    let mut shared = |number: u64| arrays.get(number);
    let mut source = MessageSource::new(bytes).shared(&mut shared);
    let value = joblib_encoding::decode(&mut source, Types::Compatible).map_err(|error| error.to_string())?;
    match source.rest() {
        [] => Ok(value),
        rest => Err(format!("{} bytes follow the value", rest.len())),
    }
}

/// A message from which arrays, long texts and long sequences of numbers are left out.
struct SharingSink<'m> {
    message: MessageSink<'m>,
    sender: &'m Sender,
    /// The block that is being written beside the message.
    open: Option<(Block, SharedWriter)>,
}

impl Sink for SharingSink<'_> {
    /// An array that is mapped for writing is shared whatever its size.
    fn wants_small_arrays(&self) -> bool {
        true
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<()> {
        self.message.piece(bytes)
    }

    fn begin_block(&mut self, block: &Block) -> Result<()> {
        let writer = block.byte_len().and_then(|len| self.sender.begin(len));
        match writer {
            Some(writer) => {
                self.open = Some((block.clone(), writer));
                Ok(())
            }
            None => self.message.begin_block(block),
        }
    }

    fn block_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        match &mut self.open {
            Some((_, writer)) => writer.write(bytes).map_err(Error::other),
            None => self.message.block_bytes(bytes),
        }
    }

    fn end_block(&mut self) -> Result<()> {
        match self.open.take() {
            Some((block, writer)) => {
                let number = self.sender.finish(writer).map_err(Error::other)?;
                self.message.shared_block(&block, number);
                Ok(())
            }
            None => self.message.end_block(),
        }
    }

    fn block(&mut self, block: &Block, bytes: &[u8]) -> Result<()> {
        match self.sender.copy(bytes) {
            Some(number) => {
                self.message.shared_block(block, number);
                Ok(())
            }
            None => self.message.block(block, bytes),
        }
    }

    fn array(&mut self, array: &RawArray<'_>) -> Result<()> {
        match array.buffer {
            Some(_) => self.message.array(array),
            None => self.block(&Block::of(array), array.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use joblib_array::Array;

    use super::{decode, encode};
    use crate::wire::arrays::{ArraySharing, Arrays, Memories, Sender};

    type Value = (String, Vec<u8>, Vec<f64>, Array<f64>, Option<Option<u8>>);

    fn value() -> Value {
        let array = Array::from_vec((0..5000).map(f64::from).collect(), &[50, 100]).unwrap();
        ("x".repeat(100_000), vec![7; 70_000], vec![0.5; 9000], array, Some(None))
    }

    #[test]
    fn a_value_arrives_through_the_message_and_beside_it() {
        for from_bytes in [None, Some(1), Some(60_000), Some(u64::MAX)] {
            let sender = Sender::new(ArraySharing { from_bytes, ..ArraySharing::none() });
            let mut out = Vec::new();
            encode(&value(), &mut out, Some(&sender)).unwrap();
            let (parts, memories) = sender.take();
            let mut received = Memories::default();
            for memory in memories {
                let (introduction, descriptor) = sender.introduce(&memory);
                received.introduce(&introduction, descriptor.try_clone().unwrap()).unwrap();
            }
            let arrays = Arrays { parts: &parts, memories: &received };
            assert!(decode::<Value>(&out, arrays).unwrap() == value(), "{from_bytes:?}");
            if from_bytes == Some(1) {
                assert!(out.len() < 500, "all that is large travels beside the message");
            }
        }
    }

    #[test]
    fn a_message_that_was_cut_or_is_too_long_is_an_error() {
        let mut out = Vec::new();
        encode(&(1_u8, "text"), &mut out, None).unwrap();
        let none = Memories::default();
        let arrays = Arrays { parts: &[], memories: &none };
        for len in 0..out.len() {
            assert!(decode::<(u8, String)>(&out[..len], arrays).is_err());
        }
        out.push(0);
        assert!(decode::<(u8, String)>(&out, arrays).is_err());
    }
}
