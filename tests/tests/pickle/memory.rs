//! Peak memory of hostile pickles: megabytes, whatever they claim. Measured as the high-water mark of a child process that
//! does nothing else.

use std::path::Path;

use joblib_persist::load_from;
use joblib_persist::pickle::{self, Value};
use joblib_tests::child;

const MB: u64 = 1_000_000;

/// Pickles of at most a few hundred kilobytes that would be gigabytes if they were believed.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    // Each list holds the one before it ten times.
    let mut laughs = b"\x80\x04]\x94".to_vec();
    for level in 0..30_u8 {
        laughs.extend_from_slice(b"](");
        (0..10).for_each(|_| laughs.extend_from_slice(&[b'h', level]));
        laughs.extend_from_slice(b"e\x94");
    }
    laughs.push(b'.');
    let mut texts = b"\x80\x04X\x00\x00\x01\x00".to_vec();
    texts.extend_from_slice(&vec![b'x'; 1 << 16]);
    texts.extend_from_slice(b"\x940](");
    (0..100_000).for_each(|_| texts.extend_from_slice(b"h\x00"));
    texts.extend_from_slice(b"e.");
    let mut memo = b"N".to_vec();
    for number in 0..50_000_u32 {
        memo.push(b'r');
        memo.extend_from_slice(&(u32::MAX - number * 80_000).to_le_bytes());
    }
    // It is legal so far; then it ends.
    vec![
        ("billion laughs", laughs),
        ("one text again and again", texts),
        ("memo numbers out of line", memo),
        ("a text of 2^62 bytes", b"\x8d\x00\x00\x00\x00\x00\x00\x00\x40abc.".to_vec()),
        ("bytes of 2^40", b"\x8e\x00\x00\x00\x00\x00\x01\x00\x00abc.".to_vec()),
        ("a bytearray of 2^36", b"\x96\x00\x00\x00\x00\x10\x00\x00\x00abc.".to_vec()),
        ("an integer of 2 GB", b"\x8b\xff\xff\xff\x7fabc.".to_vec()),
        ("a range of 2^31", b"cbuiltins\nrange\nK\x00J\xff\xff\xff\x7fK\x01\x87R.".to_vec()),
        ("marks without end", vec![b'('; 300_000]),
        ("lists in lists", [vec![b']'; 100_000], vec![b'a'; 99_999], b".".to_vec()].concat()),
    ]
}

#[test]
#[ignore = "the role of a child process"]
fn read_every_hostile_pickle_and_write_the_peak() {
    for (name, bytes) in hostile() {
        assert!(pickle::from_slice::<Vec<Value>>(&bytes).is_err(), "{name}");
        assert!(pickle::from_slice::<Vec<Vec<i64>>>(&bytes).is_err(), "{name}");
        // From a stream, where nothing says how many bytes there are.
        assert!(load_from::<Vec<Value>, _>(&bytes[..]).is_err(), "{name}, as a stream");
    }
    std::fs::write(child::argument(), child::peak_memory().to_string()).expect("written");
}

#[test]
fn hostile_pickles_take_megabytes_whatever_they_claim() {
    let folder = tempfile::tempdir().expect("a folder");
    let result = folder.path().join("peak");
    child::run(read_every_hostile_pickle_and_write_the_peak, result.to_str().expect("a path"));
    let peak = peak(&result);
    // The default limit on repetition is 16 MiB and 64 times the file, counted as values of 16 bytes.
    assert!(peak < 160 * MB, "the peak was {} MB", peak / MB);
}

/// Four arrays of 64 MB, in joblib's form, as plain bytes, and as a file of numpy's.
const ARRAYS: usize = 4;
const ARRAY_BYTES: usize = 64 << 20;

#[test]
#[ignore = "the role of a child process"]
fn verify_files_and_write_the_peak() {
    let folder = child::argument();
    for name in ["arrays.joblib", "arrays.joblib.gz", "bytes.pkl"] {
        joblib_persist::verify(Path::new(&folder).join(name)).expect("sound");
    }
    std::fs::write(Path::new(&folder).join("peak"), child::peak_memory().to_string()).expect("written");
}

#[test]
fn verify_takes_no_more_memory_than_the_largest_array() {
    let folder = tempfile::tempdir().expect("a folder");
    let arrays: Vec<_> = (0..ARRAYS)
        .map(|number| {
            let numbers = vec![number as f64; ARRAY_BYTES / 8];
            joblib_array::Array::from_vec(numbers, &[ARRAY_BYTES / 8]).expect("a shape")
        })
        .collect();
    for name in ["arrays.joblib", "arrays.joblib.gz"] {
        joblib_persist::dump_python(&arrays, folder.path().join(name)).expect("written");
    }
    drop(arrays);
    // A list of bytes objects of protocol 4.
    let mut bytes = b"\x80\x04](".to_vec();
    for _ in 0..ARRAYS {
        bytes.push(0x8e);
        bytes.extend_from_slice(&(ARRAY_BYTES as u64).to_le_bytes());
        bytes.resize(bytes.len() + ARRAY_BYTES, 1);
    }
    bytes.extend_from_slice(b"e.");
    std::fs::write(folder.path().join("bytes.pkl"), bytes).expect("written");
    child::run(verify_files_and_write_the_peak, folder.path().to_str().expect("a path"));
    let peak = peak(&folder.path().join("peak"));
    assert!(peak < ARRAY_BYTES as u64, "the peak was {} MB", peak / MB);
}

fn peak(result: &Path) -> u64 {
    let text = std::fs::read_to_string(result).expect("the child wrote its peak");
    text.parse().expect("a number")
}
