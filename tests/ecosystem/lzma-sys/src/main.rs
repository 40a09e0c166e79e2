//! A program that links liblzma through `lzma-sys`, as `xz2` does: joblib without its feature `xz`, whose `liblzma-sys` links
//! the same library, of which cargo allows one.

use std::io::{Read, Write};

use joblib::prelude::*;

#[cached]
fn packed(text: &str) -> Vec<u8> {
    let mut writer = xz2::write::XzEncoder::new(Vec::new(), 6);
    writer.write_all(text.as_bytes()).and_then(|()| writer.finish()).expect("a vector can be written to")
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.compress(("zstd", 3)).install()?;

    let text = "the same line\n".repeat(1000);
    let bytes = packed(&text);
    let mut back = String::new();
    xz2::read::XzDecoder::new(&bytes[..]).read_to_string(&mut back)?;
    assert_eq!(back, text);
    assert_eq!(packed::stats().hits, u64::from(again));

    dump(&bytes, "bytes.joblib.zst")?;
    assert_eq!(load::<Vec<u8>>("bytes.joblib.zst")?, bytes);
    let error = dump(&bytes, "bytes.joblib.xz").unwrap_err().to_string();
    assert!(error.contains("xz"), "{error}");
    Ok(())
}
