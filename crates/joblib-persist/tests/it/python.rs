//! Python's files: several pickles in a row, streams that go on behind a value, pipes, and files of other formats.

use std::fs;
use std::io::Write;

use joblib_array::Array;
use joblib_persist::{LoadOptions, PythonDumpOptions, Reader, dump_to, load, load_from};

fn pickle<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    PythonDumpOptions::new().dump_to(value, &mut bytes).unwrap();
    bytes
}

#[test]
fn every_pickle_of_a_file_is_read_compressed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = [pickle(&0), pickle(&Array::from(vec![1.5; 2000])), pickle(&"text")].concat();
    for name in ["plain.pkl", "packed.pkl.gz"] {
        let path = folder.path().join(name);
        if name.ends_with("gz") {
            let gzip = joblib_persist::compress::by_name("gzip").unwrap();
            let mut encoder = gzip.encoder(Box::new(fs::File::create(&path).unwrap()), 3).unwrap();
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap();
        } else {
            fs::write(&path, &bytes).unwrap();
        }
        let mut reader = Reader::open(&path, &LoadOptions::new()).unwrap();
        assert_eq!(reader.next::<i64>().unwrap(), Some(0));
        assert_eq!(reader.next::<Array<f64>>().unwrap().unwrap().shape(), [2000]);
        assert_eq!(reader.next::<String>().unwrap().as_deref(), Some("text"));
        assert_eq!(reader.next::<i64>().unwrap(), None);
        assert_eq!(load::<i64>(&path).unwrap(), 0, "the first one is the value of the file");
    }
}

#[test]
fn load_from_leaves_the_stream_at_the_next_value() {
    let mut native = Vec::new();
    dump_to("native", &mut native).unwrap();
    // The last one has protocol 1, without a magic number.
    let bytes = [pickle(&1), pickle(&2), native, b"K\x03.".to_vec(), pickle(&4)].concat();
    let mut source = &bytes[..];
    assert_eq!(load_from::<i64, _>(&mut source).unwrap(), 1);
    assert_eq!(load_from::<i64, _>(&mut source).unwrap(), 2);
    assert_eq!(load_from::<String, _>(&mut source).unwrap(), "native");
    assert_eq!(load_from::<i64, _>(&mut source).unwrap(), 3);
    assert_eq!(load_from::<i64, _>(&mut source).unwrap(), 4);
    assert!(source.is_empty());
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut native = Vec::new();
    dump_to(&vec![0.5; 5000], &mut native).unwrap();
    let gzip = joblib_persist::compress::by_name("gzip").unwrap();
    let mut packed = Vec::new();
    let mut encoder = gzip.encoder(Box::new(&mut packed), 3).unwrap();
    encoder.write_all(&native).unwrap();
    encoder.finish().unwrap();
    for (number, bytes) in [native, packed, pickle(&vec![0.5; 5000])].into_iter().enumerate() {
        let path = folder.path().join(format!("pipe{number}"));
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let writer = std::thread::spawn({
            let path = path.clone();
            move || fs::write(path, bytes).unwrap()
        });
        assert_eq!(load::<Vec<f64>>(&path).unwrap(), vec![0.5; 5000]);
        writer.join().unwrap();
    }
}

#[test]
fn a_file_of_another_format_is_called_by_its_name() {
    let zip = |name: &str| {
        let head =
            [&b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &[name.len() as u8, 0, 0, 0]]
                .concat();
        [&head[..], name.as_bytes()].concat()
    };
    let mut tar = vec![0; 600];
    tar[..5].copy_from_slice(b"a.npy");
    tar[257..262].copy_from_slice(b"ustar");
    let page = "an HTML page";
    let server = "that a server sent";
    for (bytes, what) in [
        (zip("x.txt"), "a zip archive"),
        (zip("archive/data.pkl"), "a torch checkpoint"),
        (zip("[Content_Types].xml"), "an Office document"),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec(), "a torch checkpoint"),
        (tar, "a tar archive"),
        (b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0".to_vec(), "an HDF5 file"),
        (b"PAR1\x15\x04\x15\0\0\0\0\0\0\0\0\0".to_vec(), "a Parquet file"),
        (b"ARROW1\0\0\xff\xff\xff\xff\0\0\0\0".to_vec(), "an Arrow IPC file"),
        (b"\xff\xff\xff\xff\x78\0\0\0\x10\0\0\0\0\0\x0a\0".to_vec(), "an Arrow IPC stream"),
        (b"MATLAB 5.0 MAT-file, Platform".to_vec(), "a MATLAB file"),
        (b"<!DOCTYPE html><html>".to_vec(), page),
        (b"\n\n  <HTML lang=\"en\">".to_vec(), page),
        (b"\xef\xbb\xbf<!doctype HTML>".to_vec(), page),
        (b"Not Found\n".to_vec(), server),
        (b"<Error><Code>AccessDenied</Code></Error>".to_vec(), "an XML document"),
        (b"version https://git-lfs.github.com/spec/v1".to_vec(), "a Git LFS pointer"),
        (b"\x40\0\0\0\0\0\0\0{\"weight\":{}}".to_vec(), "a safetensors file"),
        ("{\n  \"name\": \"é\"}".into(), "what may be JSON"),
        (b"just some text, nothing else".to_vec(), "text that starts with \"just some text"),
        (b"\x0b\x02\x80\x01".to_vec(), "starts with the bytes"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, &bytes).unwrap();
        let error = load::<f64>(&path).unwrap_err();
        assert!(error.is_foreign() && error.to_string().contains(what), "{error}");
    }
}
