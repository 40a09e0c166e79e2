//! The bytes of a column that count, in pieces: read where they lie, or copied where they don't lie in their normal form.

use std::ops::Range;

use arrow_array::types::ByteViewType;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};
use joblib_array::content::Part;

/// Bytes of a piece, but for those whose values have several lengths.
const PIECE: usize = 1 << 20;
/// Values of a piece of texts that are found by views.
const VIEWS: usize = 1 << 14;

/// One item after another, whatever the chunks they are in. Items are rows, or bytes.
pub(crate) struct Stream {
    /// Items of a piece.
    piece: usize,
    /// Where each chunk ends.
    ends: Vec<usize>,
    chunks: Vec<Chunk>,
}

pub(crate) enum Chunk {
    /// Items of `width` bytes. Where they are null, zeros count.
    Fixed {
        bytes: Buffer,
        width: usize,
        nulls: Option<NullBuffer>,
    },
    /// The length of each item, of which there is one less than offsets.
    Lengths {
        offsets: ScalarBuffer<i32>,
        nulls: Option<NullBuffer>,
    },
    LargeLengths {
        offsets: ScalarBuffer<i64>,
        nulls: Option<NullBuffer>,
    },
    ViewLengths {
        views: ScalarBuffer<u128>,
        nulls: Option<NullBuffer>,
    },
    Views {
        views: ScalarBuffer<u128>,
        buffers: Vec<Buffer>,
        nulls: Option<NullBuffer>,
    },
}

impl Stream {
    /// Items of a fixed number of bytes.
    pub(crate) fn of_width(width: usize) -> Self {
        Self::of_pieces((PIECE / width.max(1)).max(1))
    }

    /// What views show.
    pub(crate) fn of_views() -> Self {
        Self::of_pieces(VIEWS)
    }

    fn of_pieces(piece: usize) -> Self {
        Self { piece, ends: Vec::new(), chunks: Vec::new() }
    }

    pub(crate) fn push(&mut self, chunk: Chunk) {
        let len = chunk.len();
        if len > 0 {
            self.ends.push(self.len() + len);
            self.chunks.push(chunk);
        }
    }

    fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }
}

impl Part for Stream {
    fn pieces(&self) -> usize {
        self.len().div_ceil(self.piece)
    }

    fn piece<'a>(&'a self, number: usize, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        let start = number * self.piece;
        let end = self.len().min(start + self.piece);
        let mut at = start;
        let first = self.ends.partition_point(|&chunk_end| chunk_end <= start);
        for (chunk, &chunk_end) in self.chunks[first..].iter().zip(&self.ends[first..]) {
            let chunk_start = chunk_end - chunk.len();
            let part = at - chunk_start..end.min(chunk_end) - chunk_start;
            if part.len() == end - start
                && let Some(bytes) = chunk.in_place(part.clone())
            {
                return bytes;
            }
            at += part.len();
            chunk.append(part, buffer);
            if at == end {
                break;
            }
        }
        buffer
    }
}

impl Chunk {
    fn len(&self) -> usize {
        match self {
            // Items without bytes are not a part of any piece.
            Self::Fixed { bytes, width, .. } => bytes.len().checked_div(*width).unwrap_or(0),
            Self::Lengths { offsets, .. } => offsets.len().saturating_sub(1),
            Self::LargeLengths { offsets, .. } => offsets.len().saturating_sub(1),
            Self::ViewLengths { views, .. } | Self::Views { views, .. } => views.len(),
        }
    }

    fn in_place(&self, items: Range<usize>) -> Option<&[u8]> {
        match self {
            Self::Fixed { bytes, width, nulls }
                if nulls
                    .as_ref()
                    .is_none_or(|nulls| !nulls.inner().slice(items.start, items.len()).has_false()) =>
            {
                Some(&bytes[items.start * width..items.end * width])
            }
            _ => None,
        }
    }

    fn append(&self, items: Range<usize>, to: &mut Vec<u8>) {
        match self {
            Self::Fixed { bytes, width, nulls } => {
                let start = to.len();
                to.extend_from_slice(&bytes[items.start * width..items.end * width]);
                clear_nulls(&mut to[start..], *width, nulls.as_ref(), items);
            }
            Self::Lengths { offsets, nulls } => {
                let lengths =
                    offsets[items.start..=items.end].windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
                append_numbers(lengths.map(i32::to_le_bytes), to, nulls.as_ref(), items);
            }
            Self::LargeLengths { offsets, nulls } => {
                let lengths =
                    offsets[items.start..=items.end].windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
                append_numbers(lengths.map(i64::to_le_bytes), to, nulls.as_ref(), items);
            }
            Self::ViewLengths { views, nulls } => {
                let lengths = views[items.clone()].iter().map(|&view| (view as u32).to_le_bytes());
                append_numbers(lengths, to, nulls.as_ref(), items);
            }
            Self::Views { views, buffers, nulls } => {
                let views = views[items.clone()].iter().zip(items);
                for (view, item) in views {
                    if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(item)) {
                        append_view(view, buffers, to);
                    }
                }
            }
        }
    }
}

/// Up to 12 bytes are in the view, behind their number. Of more, the number of their buffer and where they begin.
fn append_view(view: &u128, buffers: &[Buffer], to: &mut Vec<u8>) {
    let bytes = view.to_le_bytes();
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
    let len = word(0);
    if len <= 12 {
        to.extend_from_slice(&bytes[4..4 + len]);
    } else {
        to.extend_from_slice(&buffers[word(8)][word(12)..][..len]);
    }
}

fn append_numbers<const N: usize>(
    numbers: impl Iterator<Item = [u8; N]>,
    to: &mut Vec<u8>,
    nulls: Option<&NullBuffer>,
    items: Range<usize>,
) {
    let start = to.len();
    to.resize(start + items.len() * N, 0);
    for (place, number) in to[start..].as_chunks_mut::<N>().0.iter_mut().zip(numbers) {
        *place = number;
    }
    clear_nulls(&mut to[start..], N, nulls, items);
}

/// Overwrites items that are null with zeros.
fn clear_nulls(bytes: &mut [u8], width: usize, nulls: Option<&NullBuffer>, items: Range<usize>) {
    let Some(nulls) = nulls else { return };
    let valid = nulls.inner().slice(items.start, items.len());
    match width {
        1 => clear(bytes.as_chunks_mut::<1>().0, &valid),
        2 => clear(bytes.as_chunks_mut::<2>().0, &valid),
        4 => clear(bytes.as_chunks_mut::<4>().0, &valid),
        8 => clear(bytes.as_chunks_mut::<8>().0, &valid),
        16 => clear(bytes.as_chunks_mut::<16>().0, &valid),
        _ => {
            for item in (!&valid).set_indices() {
                bytes[item * width..(item + 1) * width].fill(0);
            }
        }
    }
}

/// The same, 64 items at a time, without a branch for each.
fn clear<const N: usize>(items: &mut [[u8; N]], valid: &BooleanBuffer) {
    for (items, bits) in items.chunks_mut(64).zip(valid.bit_chunks().iter_padded()) {
        if bits == u64::MAX {
            continue;
        }
        for (number, item) in items.iter_mut().enumerate() {
            if bits >> number & 1 == 0 {
                *item = [0; N];
            }
        }
    }
}

/// Bits of chunks, one after the other from the first bit of a byte. Behind the last are zeros.
pub(crate) fn packed<'a>(
    chunks: impl Iterator<Item = (&'a BooleanBuffer, Option<&'a NullBuffer>)>,
) -> Stream {
    let mut builder = BooleanBufferBuilder::new(0);
    for (bits, nulls) in chunks {
        match nulls {
            None => builder.append_buffer(bits),
            Some(nulls) => builder.append_buffer(&(bits & nulls.inner())),
        }
    }
    let mut stream = Stream::of_width(1);
    stream.push(Chunk::Fixed { bytes: builder.build().into_inner(), width: 1, nulls: None });
    stream
}

/// Bytes as they are.
pub(crate) fn bytes(bytes: Buffer) -> Chunk {
    Chunk::Fixed { bytes, width: 1, nulls: None }
}

/// Views of texts or bytes.
pub(crate) fn views<T: ByteViewType + ?Sized>(
    array: &arrow_array::GenericByteViewArray<T>,
    nulls: Option<NullBuffer>,
) -> [Chunk; 2] {
    let views = array.views();
    [
        Chunk::ViewLengths { views: views.clone(), nulls: nulls.clone() },
        Chunk::Views { views: views.clone(), buffers: array.data_buffers().to_vec(), nulls },
    ]
}
