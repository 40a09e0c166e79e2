//! Opcodes of protocol 4, in frames.

use std::hash::{DefaultHasher, Hasher as _};
use std::io::Write;

use joblib_array::DType;

use crate::error::{Error, Result};

use crate::limits::DEPTH;
use crate::machine::opcode as op;

/// Where Python ends its frames, too.
const FRAME: usize = 64 * 1024;
/// Items that one `APPENDS` or `SETITEMS` takes: Python's number, which bounds its stack.
const BATCH: usize = 1000;
/// Texts up to this length are worth a look whether they were written before.
const SHORT: usize = 48;
/// Places of the table of texts, a power of two.
const TEXTS: usize = 1024;

/// Memo numbers of what arrays and objects refer to.
#[derive(Debug, Default)]
pub(super) struct Constants {
    pub(super) wrapper: Option<u32>,
    pub(super) ndarray: Option<u32>,
    pub(super) dtypes: [Option<u32>; DType::ALL.len()],
    /// Classes of Python's library: a few.
    classes: Vec<(&'static str, &'static str, u32)>,
}

/// Writes opcodes.
pub(super) struct Pickler<'w> {
    out: &'w mut dyn Write,
    /// Bytes that are in `out`.
    position: u64,
    frame: Vec<u8>,
    /// Containers that are open.
    depth: usize,
    /// Objects in the reader's memo.
    memo: u32,
    /// Texts in the memo, by their hash: keys come again and again.
    texts: Vec<Option<(Box<str>, u32)>>,
    pub(super) compressed: bool,
    pub(super) array_len: usize,
    pub(super) constants: Constants,
}

impl<'w> Pickler<'w> {
    pub(super) fn new(out: &'w mut dyn Write, compressed: bool, array_len: usize) -> Result<Self> {
        let mut pickler = Self {
            out,
            position: 0,
            frame: Vec::with_capacity(FRAME + 1024),
            depth: 0,
            memo: 0,
            texts: vec![None; TEXTS],
            compressed,
            array_len,
            constants: Constants::default(),
        };
        pickler.write(&[op::PROTO, 4])?;
        Ok(pickler)
    }

    /// Ends the pickle.
    pub(super) fn finish(mut self) -> Result<()> {
        self.frame.push(op::STOP);
        self.end_frame()?;
        self.out.flush().map_err(|error| Error::io("writing", error))
    }

    /// Goes into a container.
    #[inline]
    pub(super) fn enter(&mut self) -> Result<()> {
        if self.depth == DEPTH {
            return Err(too_deep());
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back from a container.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Ends the dict of one entry that an enum's variant is.
    pub(super) fn end_variant(&mut self) -> Result<()> {
        self.leave();
        self.opcode(op::SETITEM)
    }

    /// Offset of the next byte that is written outside of a frame.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Bytes outside of a frame.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| Error::io("writing", error))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Puts out what was gathered, as a frame.
    pub(super) fn end_frame(&mut self) -> Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        let frame = std::mem::take(&mut self.frame);
        let mut header = [op::FRAME; 9];
        header[1..].copy_from_slice(&(frame.len() as u64).to_le_bytes());
        self.write(&header)?;
        self.write(&frame)?;
        self.frame = frame;
        self.frame.clear();
        Ok(())
    }

    #[inline]
    fn end_of_opcode(&mut self) -> Result<()> {
        if self.frame.len() >= FRAME { self.end_frame() } else { Ok(()) }
    }

    #[inline]
    pub(super) fn opcode(&mut self, opcode: u8) -> Result<()> {
        self.frame.push(opcode);
        self.end_of_opcode()
    }

    #[inline]
    fn opcode_with(&mut self, opcode: u8, argument: &[u8]) -> Result<()> {
        self.frame.push(opcode);
        self.frame.extend_from_slice(argument);
        self.end_of_opcode()
    }

    pub(super) fn none(&mut self) -> Result<()> {
        self.opcode(op::NONE)
    }

    pub(super) fn bool(&mut self, value: bool) -> Result<()> {
        self.opcode(if value { op::NEWTRUE } else { op::NEWFALSE })
    }

    #[inline]
    pub(super) fn int(&mut self, value: i128) -> Result<()> {
        if let Ok(value) = u8::try_from(value) {
            return self.opcode_with(op::BININT1, &[value]);
        }
        if let Ok(value) = u16::try_from(value) {
            return self.opcode_with(op::BININT2, &value.to_le_bytes());
        }
        if let Ok(value) = i32::try_from(value) {
            return self.opcode_with(op::BININT, &value.to_le_bytes());
        }
        self.long(&value.to_le_bytes())
    }

    /// An integer from its two's complement, little-endian.
    pub(super) fn long(&mut self, bytes: &[u8]) -> Result<()> {
        let mut len = bytes.len();
        // A byte that only repeats the sign of the one before it is not needed.
        while len > 1 && bytes[len - 1] == if bytes[len - 2] & 0x80 == 0 { 0 } else { 0xff } {
            len -= 1;
        }
        if let Ok(short) = u8::try_from(len) {
            self.frame.extend_from_slice(&[op::LONG1, short]);
        } else {
            let long = i32::try_from(len).map_err(|_| Error::value("an integer of more than 2 GB"))?;
            self.frame.push(op::LONG4);
            self.frame.extend_from_slice(&long.to_le_bytes());
        }
        self.frame.extend_from_slice(&bytes[..len]);
        self.end_of_opcode()
    }

    pub(super) fn wide(&mut self, value: u128) -> Result<()> {
        if let Ok(value) = i128::try_from(value) {
            return self.int(value);
        }
        let mut bytes = value.to_le_bytes().to_vec();
        bytes.push(0);
        self.long(&bytes)
    }

    #[inline]
    pub(super) fn float(&mut self, value: f64) -> Result<()> {
        self.opcode_with(op::BINFLOAT, &value.to_be_bytes())
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        self.sized(text.as_bytes(), [op::SHORT_BINUNICODE, op::BINUNICODE, op::BINUNICODE8])
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.sized(bytes, [op::SHORT_BINBYTES, op::BINBYTES, op::BINBYTES8])
    }

    #[inline]
    fn sized(&mut self, bytes: &[u8], [short, normal, long]: [u8; 3]) -> Result<()> {
        if let Ok(len) = u8::try_from(bytes.len()) {
            self.frame.extend_from_slice(&[short, len]);
            self.frame.extend_from_slice(bytes);
            return self.end_of_opcode();
        }
        let mut header = Vec::with_capacity(9);
        if let Ok(len) = u32::try_from(bytes.len()) {
            header.push(normal);
            header.extend_from_slice(&len.to_le_bytes());
        } else {
            header.push(long);
            header.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        }
        if bytes.len() < FRAME {
            self.frame.extend_from_slice(&header);
            self.frame.extend_from_slice(bytes);
            return self.end_of_opcode();
        }
        // Large ones stand outside of frames, as Python writes them.
        self.end_frame()?;
        self.write(&header)?;
        self.write(bytes)
    }

    /// A text that may come again, such as a key: written once, referred to from then on.
    #[inline]
    pub(super) fn repeated_text(&mut self, text: &str) -> Result<()> {
        if text.len() > SHORT {
            return self.text(text);
        }
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        let hash = hasher.finish();
        let place = hash as usize % TEXTS;
        if let Some((found, number)) = &self.texts[place]
            && **found == *text
        {
            let number = *number;
            return self.get(number);
        }
        self.text(text)?;
        if let Some(number) = self.memoize()? {
            self.texts[place] = Some((text.into(), number));
        }
        Ok(())
    }

    /// Puts the top of the stack into the memo; `None` when that is full.
    pub(super) fn memoize(&mut self) -> Result<Option<u32>> {
        let number = self.memo;
        match number.checked_add(1) {
            Some(next) => self.memo = next,
            None => return Ok(None),
        }
        self.opcode(op::MEMOIZE)?;
        Ok(Some(number))
    }

    #[inline]
    pub(super) fn get(&mut self, number: u32) -> Result<()> {
        match u8::try_from(number) {
            Ok(number) => self.opcode_with(op::BINGET, &[number]),
            Err(_) => self.opcode_with(op::LONG_BINGET, &number.to_le_bytes()),
        }
    }

    /// A class by name, which is likely to come again: written once, referred to from then on.
    pub(super) fn class(&mut self, module: &'static str, name: &'static str) -> Result<()> {
        let found = self.constants.classes.iter().find(|class| (class.0, class.1) == (module, name));
        if let Some(&(.., number)) = found {
            return self.get(number);
        }
        self.global(module, name)?;
        if let Some(number) = self.memoize()? {
            self.constants.classes.push((module, name, number));
        }
        Ok(())
    }

    /// A class or function by name.
    pub(super) fn global(&mut self, module: &str, name: &str) -> Result<()> {
        self.text(module)?;
        self.text(name)?;
        self.opcode(op::STACK_GLOBAL)
    }
}

#[cold]
pub(super) fn too_deep() -> Error {
    Error::value(format!(
        "the value nests deeper than {DEPTH} levels, which could not be loaded: expected fewer; \
         save what is nested in one sequence, each by its place in it"
    ))
}

/// Items on their way into a list or dict, in batches.
#[derive(Debug, Default)]
pub(super) struct Batch {
    open: usize,
}

impl Batch {
    /// Before an item (a key, in a dict).
    #[inline]
    pub(super) fn item(&mut self, pickler: &mut Pickler<'_>, end: u8) -> Result<()> {
        if self.open == BATCH {
            pickler.opcode(end)?;
            self.open = 0;
        }
        if self.open == 0 {
            pickler.opcode(op::MARK)?;
        }
        self.open += 1;
        Ok(())
    }

    /// After the last one.
    pub(super) fn finish(self, pickler: &mut Pickler<'_>, end: u8) -> Result<()> {
        if self.open == 0 { Ok(()) } else { pickler.opcode(end) }
    }
}
