//! What joblib's own tests of `dump` and `load` hold, where `joblib-persist`'s tests do not hold it already.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use joblib_array::{Array, Buffer, MmapMode, Order};
use joblib_persist::{Compress, DumpOptions, LoadOptions, dump, dump_to, load, load_from};
use joblib_tests::python::{self, Release};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Each compressor that joblib has, with its extension and how its files begin.
const COMPRESSORS: [(&str, &str, &[u8]); 6] = [
    ("zlib", "z", b"\x78"),
    ("gzip", "gz", b"\x1f\x8b"),
    ("bz2", "bz2", b"BZh"),
    ("xz", "xz", b"\xfd7zXZ"),
    ("lzma", "lzma", b"\x5d\0\0"),
    ("lz4", "lz4", b"\x04\x22\x4d\x18"),
];

/// An object with arrays and other things inside, as joblib's tests have one.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Complex {
    floats: Array<f64>,
    integers: Array<i32>,
    others: (String, i64, f64),
}

fn complex() -> Complex {
    Complex {
        floats: (0..1000).map(f64::from).collect(),
        integers: Array::from_vec(vec![1; 1000], &[10, 100]).unwrap(),
        others: ("a".to_owned(), 10, 20.0),
    }
}

fn map(path: &Path, mode: MmapMode) -> Complex {
    LoadOptions::new().mmap_mode(mode).load(path).unwrap()
}

fn starts_with(path: &Path, magic: &[u8]) -> bool {
    fs::read(path).unwrap().starts_with(magic)
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
    path: &Path,
    options: &DumpOptions,
) {
    options.dump(value, path).unwrap();
    assert_eq!(load::<T>(path).unwrap(), *value);
}

#[test]
fn values_of_every_kind_come_back_with_each_compressor_and_level() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    for (name, _, magic) in COMPRESSORS {
        let levels = if name == "lz4" { &[1][..] } else { &[1, 3, 6] };
        for &level in levels {
            let options = DumpOptions::new().compress((name, level));
            comes_back(&Array::from_vec(vec![1.0; 10_000], &[100, 100]).unwrap(), &path, &options);
            assert!(starts_with(&path, magic), "{name} at {level}");
            comes_back(&(0..10).collect::<Vec<i32>>(), &path, &options);
            comes_back(&BTreeMap::from([("a".to_owned(), 1)]), &path, &options);
            comes_back(&Vec::<u8>::new(), &path, &options);
            comes_back(&(), &path, &options);
            comes_back(&BTreeMap::<u8, u8>::new(), &path, &options);
            comes_back(&0, &path, &options);
            comes_back(&1.0, &path, &options);
            comes_back(&None::<bool>, &path, &options);
            comes_back(&"C'est l'été !".to_owned(), &path, &options);
            comes_back(&complex(), &path, &options);
        }
    }
}

#[test]
fn one_array_in_several_places_comes_back_in_each_whether_compressed_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays");
    let a = Array::from_fn(&[10, 2], |at| (at[0] * at[1]) as f64);
    let options = [
        DumpOptions::new().compress(false),
        DumpOptions::new().compress(true),
        DumpOptions::new().compress(0),
        DumpOptions::new().compress(3),
        DumpOptions::new().compress("zlib"),
    ];
    for options in options {
        comes_back(&(a.clone(),), &path, &options);
        comes_back(&(a.clone(), a.clone()), &path, &options);
        comes_back(&vec![a.clone(), a.clone(), a.clone()], &path, &options);
        comes_back(&complex(), &path, &options);
        // Longer than any buffer on the way.
        comes_back(&Array::from_vec(vec![1_u8; 16_777_316], &[16_777_316]).unwrap(), &path, &options);
    }
}

#[test]
fn the_compressor_is_chosen_by_name_by_name_and_level_or_by_the_extension() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, extension, magic) in COMPRESSORS {
        let by_name = path("by-name");
        comes_back(&"dummy".to_owned(), &by_name, &DumpOptions::new().compress(name));
        assert!(starts_with(&by_name, magic), "{name}");
        let by_extension = path(&format!("test.pkl.{extension}"));
        comes_back(&"dummy".to_owned(), &by_extension, &DumpOptions::new());
        assert!(starts_with(&by_extension, magic), ".{extension}");
    }
    for name in ["test.pkl", "test"] {
        comes_back(&"dummy".to_owned(), &path(name), &DumpOptions::new());
        assert!(COMPRESSORS.iter().all(|(_, _, magic)| !starts_with(&path(name), magic)), "{name}");
    }
}

#[test]
fn a_level_or_name_that_does_not_exist_is_an_error_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    for options in [
        DumpOptions::new().compress(10),
        DumpOptions::new().compress("wrong"),
        DumpOptions::new().compress(("wrong", 3)),
        DumpOptions::new().compress(("zlib", 99)),
    ] {
        let error = options.dump("dummy", &path).unwrap_err().to_string();
        assert!(["10", "wrong", "99"].iter().any(|part| error.contains(part)), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{error}");
    }
}

#[test]
fn the_error_of_a_level_or_name_says_what_was_given_what_there_is_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    let said = |compress: Compress| {
        DumpOptions::new().compress(compress).dump("dummy", &path).unwrap_err().to_string()
    };
    let known = "zlib, gzip, bz2, lzma, xz, lz4, zstd";
    for (compress, expected) in [
        (10.into(), vec!["\"zlib\" has no level 10", "give one from 1 to 9", "0 for no compression"]),
        ((-1).into(), vec!["has no level -1", "give one from 1 to 9"]),
        (("lz4", 2).into(), vec!["\"lz4\" has no level 2", "give 1, its only one"]),
        (
            "wrong".into(),
            vec!["unknown compressor \"wrong\"", "expected one of", known, "register_compressor"],
        ),
        (("wrong", 0).into(), vec!["unknown compressor \"wrong\""]),
        ("GZIP".into(), vec!["unknown compressor \"GZIP\": did you mean \"gzip\"?", known]),
        (".bz2".into(), vec!["unknown compressor \".bz2\": did you mean \"bz2\"?"]),
        ("zst".into(), vec!["did you mean \"zstd\"?"]),
        ("gzpi".into(), vec!["unknown compressor \"gzpi\": did you mean \"gzip\"?", known]),
        (("zsdt", 3).into(), vec!["did you mean \"zstd\"?"]),
    ] {
        let error = said(compress);
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(expected.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn arrays_inside_of_a_value_are_mapped_and_r_plus_writes_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    dump(&complex(), &path).unwrap();

    let mut read = map(&path, MmapMode::Read);
    assert_eq!(read, complex());
    assert!(read.floats.is_mapped() && read.integers.is_mapped());
    assert!(read.floats.as_mut_slice().is_err(), "mode r is read-only");
    drop(read);

    let mut written = map(&path, MmapMode::ReadWrite);
    written.floats.as_mut_slice().unwrap()[..10].fill(10.0);
    written.integers.as_mut_slice().unwrap()[..10].fill(10);
    drop(written);
    let again = map(&path, MmapMode::Read);
    assert_eq!(again.floats.as_slice()[..11], [[10.0; 10].as_slice(), &[10.0]].concat());
    assert_eq!(again.integers.as_slice()[8..12], [10, 10, 1, 1]);
    drop(again);

    // Mode w+ is r+ for a file that is there, as in joblib; c keeps what is written to itself.
    map(&path, MmapMode::Write).floats.as_mut_slice().unwrap()[0] = 7.0;
    map(&path, MmapMode::CopyOnWrite).floats.as_mut_slice().unwrap()[0] = 9.0;
    assert_eq!(load::<Complex>(&path).unwrap().floats.as_slice()[..1], [7.0]);
}

#[test]
fn a_compressed_file_or_a_stream_loads_into_memory_when_a_mapping_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value.gz");
    dump(&complex(), &path).unwrap();
    let loaded = map(&path, MmapMode::ReadWrite);
    assert!(!loaded.floats.is_mapped());
    assert_eq!(loaded, complex());

    let mut bytes = Vec::new();
    dump_to(&complex(), &mut bytes).unwrap();
    let options = LoadOptions::new().mmap_mode(MmapMode::ReadWrite);
    let loaded: Complex = options.load_from(&bytes[..]).unwrap();
    assert!(!loaded.floats.is_mapped());
    assert_eq!(loaded, complex());
}

#[test]
fn every_mapped_array_starts_at_a_multiple_of_64_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays");
    let arrays: BTreeMap<String, Array<u8>> =
        [1025, 1031, 1033, 2003, 4099].map(|n| (format!("a{n}"), vec![n as u8; n].into())).into();
    dump(&arrays, &path).unwrap();
    let mapped: BTreeMap<String, Array<u8>> =
        LoadOptions::new().mmap_mode(MmapMode::Read).load(&path).unwrap();
    assert_eq!(mapped, arrays);
    for (name, array) in &mapped {
        assert!(array.is_mapped(), "{name}");
        assert_eq!(array.as_slice().as_ptr() as usize % 64, 0, "{name}");
    }
}

#[test]
fn an_array_far_into_the_file_is_mapped_at_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays");
    let pages = 16 * 4096;
    let arrays: [Array<u8>; 2] = [vec![0; pages].into(), vec![1; pages].into()];
    dump(&arrays, &path).unwrap();
    let mapped: [Array<u8>; 2] = LoadOptions::new().mmap_mode(MmapMode::Read).load(&path).unwrap();
    assert!(mapped[1].is_mapped());
    assert_eq!(mapped, arrays);
}

#[test]
fn arrays_keep_their_order_of_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array");
    let columns: Vec<f64> = (0..600).map(f64::from).collect();
    let fortran = Array::<f64>::from_buffer(Buffer::adopt(columns), vec![10, 6, 10], Order::F).unwrap();
    dump(&fortran, &path).unwrap();
    let loaded: Array<f64> = load(&path).unwrap();
    assert_eq!(loaded.order(), Order::F);
    assert_eq!(loaded, fortran);
    // Rows cut out of an array are an array of their own.
    comes_back(&loaded.to_c_order().rows(1..3), &path, &DumpOptions::new());
}

#[test]
fn a_path_may_have_any_type_of_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("value");
    let text: String = path.to_str().unwrap().to_owned();
    dump(&123, &path).unwrap();
    assert_eq!(load::<i32>(text.as_str()).unwrap(), 123);
    dump(&124, &text).unwrap();
    assert_eq!(load::<i32>(path.as_path()).unwrap(), 124);
    dump(&125, path.as_os_str()).unwrap();
    assert_eq!(load::<i32>(&path).unwrap(), 125);
}

#[test]
fn values_go_through_a_socket_one_after_another() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    let array: Array<i64> = (0..1000).collect();
    dump_to(&array, &mut server).unwrap();
    dump_to("and more", &mut server).unwrap();
    server.flush().unwrap();
    assert_eq!(load_from::<Array<i64>, _>(&mut client).unwrap(), array);
    assert_eq!(load_from::<String, _>(&mut client).unwrap(), "and more");
}

#[test]
fn pythons_own_modules_open_our_compressed_files_and_ours_opens_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    dump(&complex(), &plain).unwrap();
    let script = "
import bz2, gzip, lzma, sys, zlib
import lz4.frame
folder, direction, *names = sys.argv[1:]
class Zlib:
    compress = staticmethod(zlib.compress)
    decompress = staticmethod(zlib.decompress)
class Alone:
    compress = staticmethod(lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE))
    decompress = staticmethod(lzma.decompress)
modules = {'zlib': Zlib, 'gzip': gzip, 'bz2': bz2, 'xz': lzma, 'lzma': Alone, 'lz4': lz4.frame}
for name in names:
    module = modules[name]
    if direction == 'compress':
        data = module.compress(open(f'{folder}/plain', 'rb').read())
        open(f'{folder}/theirs-{name}', 'wb').write(data)
    else:
        data = module.decompress(open(f'{folder}/ours-{name}', 'rb').read())
        open(f'{folder}/opened-{name}', 'wb').write(data)
";
    let root = folder.path().to_str().unwrap();
    let names = COMPRESSORS.map(|(name, ..)| name);
    for name in names {
        let ours = folder.path().join(format!("ours-{name}"));
        DumpOptions::new().compress(name).dump(&complex(), ours).unwrap();
    }
    for direction in ["compress", "decompress"] {
        let mut args = vec![root, direction];
        args.extend(names);
        python::run(Release::Today, script, &args);
    }
    for name in names {
        for from in ["theirs", "opened"] {
            let path = folder.path().join(format!("{from}-{name}"));
            assert_eq!(load::<Complex>(&path).unwrap(), complex(), "{from} {name}");
        }
    }
}
