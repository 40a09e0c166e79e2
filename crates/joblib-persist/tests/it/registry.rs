//! Compressors that a program registers. The registry is the whole program's, so each test has names of its own.

use std::io::{self, Read, Write};
use std::ops::RangeInclusive;

use joblib_persist::compress::{
    Compressor, Encoder, Sink, Source, by_extension, by_name, detect, register_compressor,
};
use joblib_persist::{DumpOptions, dump, load};

/// No compression at all, behind a magic number.
struct Stored {
    name: &'static str,
    extension: &'static str,
    magic: &'static [u8],
    default_level: u32,
    levels: RangeInclusive<u32>,
}

impl Stored {
    const fn new(name: &'static str, extension: &'static str, magic: &'static [u8]) -> Self {
        Self { name, extension, magic, default_level: 2, levels: 1..=4 }
    }
}

struct Plain<'a>(Sink<'a>);

impl Write for Plain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Encoder for Plain<'_> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

impl Compressor for Stored {
    fn name(&self) -> &str {
        self.name
    }
    fn extensions(&self) -> &[&str] {
        std::slice::from_ref(&self.extension)
    }
    fn magic(&self) -> &[u8] {
        self.magic
    }
    fn default_level(&self) -> u32 {
        self.default_level
    }
    fn levels(&self) -> RangeInclusive<u32> {
        self.levels.clone()
    }
    fn shuffle_helps(&self) -> bool {
        false
    }
    /// The level is the byte after the magic number, so that a test can see it.
    fn encoder<'a>(&self, mut sink: Sink<'a>, level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
        sink.write_all(self.magic)?;
        sink.write_all(&[level as u8])?;
        Ok(Box::new(Plain(sink)))
    }
    fn decoder<'a>(&self, mut source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
        source.read_exact(&mut vec![0; self.magic.len() + 1])?;
        Ok(Box::new(source))
    }
}

#[test]
fn a_registered_compressor_is_used_by_name_extension_and_magic_number() {
    register_compressor(Stored::new("stored", ".stored", b"STORED"), false).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let value = vec!["a", "b"];

    let by_its_extension = folder.path().join("value.stored");
    dump(&value, &by_its_extension).unwrap();
    assert_eq!(std::fs::read(&by_its_extension).unwrap()[..7], *b"STORED\x02", "its default level");
    assert_eq!(load::<Vec<String>>(&by_its_extension).unwrap(), value);

    let by_its_name = folder.path().join("value");
    DumpOptions::new().compress(("stored", 4)).dump(&value, &by_its_name).unwrap();
    assert_eq!(std::fs::read(&by_its_name).unwrap()[..7], *b"STORED\x04");
    assert_eq!(load::<Vec<String>>(&by_its_name).unwrap(), value);

    let error = DumpOptions::new().compress(("stored", 5)).dump(&value, &by_its_name).unwrap_err();
    assert!(error.to_string().contains("1 to 4"), "{error}");
}

#[test]
fn a_name_an_extension_or_a_magic_number_that_is_taken_is_an_error_that_says_by_whom() {
    let taken = [
        (Stored::new("gzip", ".mine1", b"MINE1"), "name", "gzip"),
        (Stored::new("mine2", ".bz2", b"MINE2"), "\".bz2\"", "bz2"),
        (Stored::new("mine3", ".mine3", b"\xfd7zXZ\0"), "magic number", "xz"),
        // Every gzip file starts with these two bytes, though they are not all of its magic number.
        (Stored::new("mine4", ".mine4", b"\x1f\x8b"), "magic number", "gzip"),
    ];
    for (compressor, what, owner) in taken {
        let name = compressor.name;
        let error = register_compressor(compressor, false).unwrap_err().to_string();
        assert!(
            error.contains(what) && error.contains(owner) && error.contains("second argument"),
            "{error}"
        );
        assert!(name == "gzip" || by_name(name).is_err(), "a refused compressor is not there");
    }
}

#[test]
fn a_forced_registration_takes_the_place_of_the_one_of_its_name() {
    register_compressor(Stored::new("twice", ".twice", b"TWICE1"), false).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value.twice");
    dump(&1, &path).unwrap();
    register_compressor(Stored::new("twice", ".twice", b"TWICE2"), true).unwrap();
    assert!(load::<i32>(&path).is_err(), "the first one is gone, and its files with it");
    dump(&2, &path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap()[..6], *b"TWICE2");
    assert_eq!(load::<i32>(&path).unwrap(), 2);
}

#[test]
fn a_forced_registration_goes_before_others_with_its_extension_or_magic_number() {
    register_compressor(Stored::new("older", ".shared", b"SHARED"), false).unwrap();
    register_compressor(Stored::new("newer", ".shared", b"SHARED"), true).unwrap();
    assert_eq!(by_extension("x.shared").unwrap().name(), "newer");
    assert_eq!(detect(b"SHARED and more").unwrap().name(), "newer");
    assert_eq!(by_name("older").unwrap().name(), "older", "by its name it is still there");
}

#[test]
fn a_compressor_whose_files_could_not_be_loaded_or_named_is_refused() {
    let wrong = [
        (Stored::new("", ".w1", b"W1"), "name"),
        (Stored::new("w2", "w2", b"W2"), "dot"),
        (Stored::new("w3", ".w3", b""), "magic number"),
        (Stored::new("w4", ".w4", b"longer than the sixteen bytes"), "magic number"),
        (Stored { default_level: 9, ..Stored::new("w5", ".w5", b"W5") }, "level"),
    ];
    for (compressor, what) in wrong {
        let error = register_compressor(compressor, true).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn what_a_compressor_does_not_say_of_levels_and_shuffling_is_as_with_most() {
    /// A format that says no more than it must.
    struct Terse;

    impl Compressor for Terse {
        fn name(&self) -> &'static str {
            "terse"
        }
        fn extensions(&self) -> &[&str] {
            &[]
        }
        fn magic(&self) -> &[u8] {
            b"TERSE"
        }
        fn encoder<'a>(&self, sink: Sink<'a>, _level: u32) -> io::Result<Box<dyn Encoder + 'a>> {
            Ok(Box::new(Plain(sink)))
        }
        fn decoder<'a>(&self, source: Source<'a>) -> io::Result<Box<dyn Read + 'a>> {
            Ok(Box::new(source))
        }
    }

    assert_eq!((Terse.levels(), Terse.default_level(), Terse.shuffle_helps()), (1..=9, 3, false));
    let built_in = |name| {
        let compressor = by_name(name).unwrap();
        (compressor.levels(), compressor.default_level(), compressor.shuffle_helps())
    };
    for name in ["zlib", "gzip"] {
        assert_eq!(built_in(name), (1..=9, 3, true), "{name}");
    }
    for name in ["bz2", "xz", "lzma"] {
        assert_eq!(built_in(name), (1..=9, 3, false), "{name}");
    }
    assert_eq!(built_in("lz4"), (1..=1, 1, true), "the level nearest to 3 that there is");
    assert_eq!(built_in("zstd"), (1..=22, 3, true));
}
