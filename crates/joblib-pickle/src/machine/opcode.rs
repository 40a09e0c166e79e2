//! The opcodes of pickle's protocols 0 to 5 and their names, as in Python's `pickletools`.

macro_rules! opcodes {
    ($($name:ident = $byte:literal),* $(,)?) => {
        $(pub(crate) const $name: u8 = $byte;)*

        /// The name of an opcode; `None` when no protocol has it.
        pub(crate) const fn name(opcode: u8) -> Option<&'static str> {
            match opcode {
                $($byte => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

opcodes! {
    // Protocol 0: text.
    MARK = b'(', STOP = b'.', POP = b'0', POP_MARK = b'1', DUP = b'2', FLOAT = b'F', INT = b'I', LONG = b'L',
    NONE = b'N', PERSID = b'P', REDUCE = b'R', STRING = b'S', UNICODE = b'V', APPEND = b'a', BUILD = b'b',
    GLOBAL = b'c', DICT = b'd', GET = b'g', INST = b'i', LIST = b'l', PUT = b'p', SETITEM = b's', TUPLE = b't',
    // Protocol 1: binary.
    BININT = b'J', BININT1 = b'K', BININT2 = b'M', BINPERSID = b'Q', BINSTRING = b'T', SHORT_BINSTRING = b'U',
    BINUNICODE = b'X', EMPTY_DICT = b'}', APPENDS = b'e', BINGET = b'h', LONG_BINGET = b'j', EMPTY_LIST = b']',
    OBJ = b'o', BINPUT = b'q', LONG_BINPUT = b'r', EMPTY_TUPLE = b')', SETITEMS = b'u', BINFLOAT = b'G',
    // Protocol 2.
    PROTO = 0x80, NEWOBJ = 0x81, EXT1 = 0x82, EXT2 = 0x83, EXT4 = 0x84, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87,
    NEWTRUE = 0x88, NEWFALSE = 0x89, LONG1 = 0x8a, LONG4 = 0x8b,
    // Protocol 3.
    BINBYTES = b'B', SHORT_BINBYTES = b'C',
    // Protocol 4.
    SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d, BINBYTES8 = 0x8e, EMPTY_SET = 0x8f, ADDITEMS = 0x90,
    FROZENSET = 0x91, NEWOBJ_EX = 0x92, STACK_GLOBAL = 0x93, MEMOIZE = 0x94, FRAME = 0x95,
    // Protocol 5.
    BYTEARRAY8 = 0x96, NEXT_BUFFER = 0x97, READONLY_BUFFER = 0x98,
}

/// The latest protocol.
pub(crate) const HIGHEST_PROTOCOL: u8 = 5;

/// Whether a stream that starts with these bytes looks like a pickle.
///
/// Protocols 2 to 5 start with `PROTO` and the protocol's number. Older pickles have no magic number: the first
/// opcode must be one that makes a value, and for those with a text argument the argument must look like one.
pub(crate) fn looks_like_pickle(start: &[u8]) -> bool {
    match start {
        [PROTO, protocol, ..] => *protocol <= HIGHEST_PROTOCOL,
        [MARK, next, ..] => name(*next).is_some() && *next != STOP,
        [EMPTY_LIST | EMPTY_DICT | EMPTY_TUPLE | NONE, next, ..] => name(*next).is_some(),
        [INT | LONG | FLOAT, next, ..] => matches!(next, b'0'..=b'9' | b'-' | b'+' | b'n' | b'i'),
        [STRING, quote, ..] => matches!(quote, b'\'' | b'"'),
        [GLOBAL, next, ..] => next.is_ascii_alphabetic() || *next == b'_',
        [UNICODE, ..] => start.contains(&b'\n'),
        [BININT1, _, next, ..] | [BININT2, _, _, next, ..] | [BININT, _, _, _, _, next, ..] => {
            name(*next).is_some()
        }
        [BINFLOAT, rest @ ..] => rest.get(8).is_some_and(|&next| name(next).is_some()),
        [SHORT_BINSTRING, len, rest @ ..] => {
            rest.get(usize::from(*len)).is_none_or(|&next| name(next).is_some())
        }
        [BINUNICODE | BINSTRING, _, _, _, 0, ..] => true,
        _ => false,
    }
}
