//! What holds for every compressor, run on each: round trips in any sizes of writes and reads, damaged files, files of
//! several parts, use from many threads.

use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;

use joblib_array::{Array, MmapMode};
use joblib_persist::compress::{Compressor, by_extension, by_name, detect};
use joblib_persist::{DumpOptions, LoadOptions, PythonDumpOptions};
use proptest::prelude::*;

const NAMES: [&str; 7] = ["zlib", "gzip", "bz2", "lzma", "xz", "lz4", "zstd"];

fn all() -> impl Iterator<Item = Arc<dyn Compressor>> {
    NAMES.iter().map(|name| by_name(name).unwrap())
}

fn compress(compressor: &dyn Compressor, level: u32, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = compressor.encoder(Box::new(&mut file), level).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
    file
}

fn decompress(compressor: &dyn Compressor, file: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    compressor.decoder(Box::new(file))?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Bytes that look like a table of measurements: some order, some noise.
fn measurements(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = (state >> 50) as f64 * 0.25 + (bytes.len() / 1000) as f64;
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Bytes that no compressor makes smaller.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut step).flatten().take(len).collect()
}

#[track_caller]
fn assert_same(compressor: &dyn Compressor, got: &[u8], expected: &[u8]) {
    assert!(
        got == expected,
        "{}: {} bytes came back for {}, the first other one at {:?}",
        compressor.name(),
        got.len(),
        expected.len(),
        got.iter().zip(expected).position(|(a, b)| a != b)
    );
}

#[test]
fn bytes_of_every_length_come_back() {
    for compressor in all() {
        let level = compressor.default_level();
        for len in [0, 1, 2, 7, 1000, 299_900, 1 << 20, (1 << 20) + 1, 2_300_000] {
            for bytes in [measurements(len), noise(len), vec![0; len]] {
                let file = compress(&*compressor, level, &bytes);
                assert_same(&*compressor, &decompress(&*compressor, &file).unwrap(), &bytes);
            }
        }
    }
}

#[test]
fn every_level_comes_back_and_is_recognised_by_its_first_bytes() {
    let bytes = measurements(150_000);
    for compressor in all() {
        for level in compressor.levels() {
            let file = compress(&*compressor, level, &bytes);
            assert!(file.len() < bytes.len(), "{} level {level}", compressor.name());
            assert_eq!(
                detect(&file[..16]).map(|found| found.name().to_owned()),
                Some(compressor.name().to_owned())
            );
            assert_same(&*compressor, &decompress(&*compressor, &file).unwrap(), &bytes);
        }
    }
}

#[test]
fn a_level_beyond_the_levels_is_an_error() {
    for compressor in all() {
        let beyond = compressor.levels().end() + 1;
        assert!(compressor.encoder(Box::new(Vec::new()), beyond).is_err(), "{}", compressor.name());
    }
}

#[test]
fn the_highest_level_is_no_larger_than_the_lowest() {
    let bytes = measurements(200_000);
    for compressor in all() {
        let size = |level| compress(&*compressor, level, &bytes).len();
        let (lowest, highest) = (size(*compressor.levels().start()), size(*compressor.levels().end()));
        assert!(
            highest <= lowest,
            "{}: {highest} bytes at the highest level, {lowest} at the lowest",
            compressor.name()
        );
    }
}

#[test]
fn files_after_one_another_are_read_to_the_end() {
    let parts = [measurements(2_500_000), Vec::new(), b"short".to_vec(), noise(1_200_000), measurements(10)];
    for compressor in all() {
        let level = compressor.default_level();
        let files: Vec<u8> = parts.iter().flat_map(|part| compress(&*compressor, level, part)).collect();
        assert_same(&*compressor, &decompress(&*compressor, &files).unwrap(), &parts.concat());
    }
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_an_error() {
    for compressor in all() {
        for bytes in [measurements(3_000), measurements(2_600_000)] {
            let file = compress(&*compressor, compressor.default_level(), &bytes);
            let step = (file.len() / 12).max(1);
            let cuts = (1..24.min(file.len())).chain((24..file.len()).step_by(step)).chain([file.len() - 1]);
            for cut in cuts {
                match decompress(&*compressor, &file[..cut]) {
                    Err(error) => assert!(
                        matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData),
                        "{} cut at {cut} of {}: {error:?}",
                        compressor.name(),
                        file.len()
                    ),
                    // A cut between two members leaves a whole file, which is for the payload's own end mark to tell.
                    Ok(back) => assert!(
                        back.len() < bytes.len()
                            && bytes.starts_with(&back)
                            && matches!(compressor.name(), "gzip" | "bz2" | "zstd"),
                        "{} cut at {cut} of {} gave {} bytes of {}",
                        compressor.name(),
                        file.len(),
                        back.len(),
                        bytes.len()
                    ),
                }
            }
        }
    }
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    for compressor in all() {
        let bytes = measurements(1_500_000);
        let file = compress(&*compressor, compressor.default_level(), &bytes);
        for at in (0..20).chain((20..file.len()).step_by(file.len() / 20)) {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << (at % 8);
            match decompress(&*compressor, &damaged) {
                Err(error) => assert!(
                    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData),
                    "{} damaged at {at}: {error:?}",
                    compressor.name()
                ),
                // `.lzma` has no checksum at all.
                Ok(back) => assert!(
                    back == bytes || compressor.name() == "lzma",
                    "{} damaged at {at}",
                    compressor.name()
                ),
            }
        }
    }
}

#[test]
fn something_else_after_the_end_is_an_error() {
    for compressor in all() {
        for bytes in [measurements(100), measurements(2_500_000)] {
            let mut file = compress(&*compressor, compressor.default_level(), &bytes);
            file.extend_from_slice(b"\xffsomething else");
            let error = decompress(&*compressor, &file).expect_err(compressor.name());
            assert!(
                matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData),
                "{}: {error:?}",
                compressor.name()
            );
        }
    }
}

#[test]
fn an_error_of_the_sink_or_the_source_comes_through() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::TimedOut.into())
        }
    }
    for compressor in all() {
        let bytes = noise(1_800_000);
        let write = || {
            let mut encoder = compressor.encoder(Box::new(Broken), compressor.default_level())?;
            encoder.write_all(&bytes)?;
            encoder.finish()
        };
        assert_eq!(write().unwrap_err().kind(), io::ErrorKind::StorageFull, "{}", compressor.name());

        let file = compress(&*compressor, compressor.default_level(), &bytes);
        let half = &file[..file.len() / 2];
        let source = BufReader::new(half.chain(Broken));
        let error = compressor
            .decoder(Box::new(source))
            .and_then(|mut decoder| decoder.read_to_end(&mut Vec::new()))
            .expect_err(compressor.name());
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{}: {error:?}", compressor.name());
    }
}

#[test]
fn a_flush_brings_what_was_written_to_the_sink() {
    let bytes = measurements(500_000);
    for name in ["zlib", "gzip", "bz2", "xz", "lz4", "zstd"] {
        let compressor = by_name(name).unwrap();
        let mut file = Vec::new();
        let mut encoder = compressor.encoder(Box::new(&mut file), compressor.default_level()).unwrap();
        encoder.write_all(&bytes).unwrap();
        encoder.flush().unwrap();
        // No end of the file comes after it, but all of the bytes.
        std::mem::forget(encoder);
        let mut back = vec![0; bytes.len()];
        compressor.decoder(Box::new(&file[..])).unwrap().read_exact(&mut back).expect(name);
        assert_same(&*compressor, &back, &bytes);
    }
}

#[test]
fn every_thread_of_a_pool_may_compress_at_once() {
    use rayon::iter::{IntoParallelIterator, ParallelIterator};
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        (0..12).into_par_iter().for_each(|number| {
            let compressor = by_name(NAMES[number % 7]).unwrap();
            let bytes = measurements(2_200_000 + number);
            let file = compress(&*compressor, 1, &bytes);
            assert_same(&*compressor, &decompress(&*compressor, &file).unwrap(), &bytes);
        });
    });
}

#[test]
fn extensions_and_names_lead_to_the_same_compressor() {
    for compressor in all() {
        for extension in compressor.extensions() {
            assert!(
                by_extension(format!("some/file{extension}"))
                    .is_some_and(|found| found.name() == compressor.name())
            );
        }
    }
    assert!(by_extension(".gz").is_none());
    assert!(by_extension("folder.gz/").is_some(), "the end of the path counts");
    assert!(by_name("GZIP").is_err());
}

/// A way to cut a stream into writes or reads: sizes, used over and over.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..20_usize, 1..5_000_usize, 1..1_500_000_usize], 1..6)
}

/// Bytes of every kind, in pieces that follow each other.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        (0..600_000_usize).prop_map(noise),
        (0..900_000_usize).prop_map(measurements),
        (any::<u8>(), 0..1_500_000_usize).prop_map(|(byte, len)| vec![byte; len]),
        // What marks boundaries in one format or another.
        (0..50_usize).prop_map(|times| [0, 0, 0xff, 0xff].repeat(times)),
        (0..50_usize).prop_map(|times| b"BZh91AY&SY\x1f\x8b\x08\x04".repeat(times)),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_in_any_writes_and_reads_come_back(bytes in bytes(), writes in cuts(), reads in cuts(), source in 1..100_000_usize) {
        for compressor in all() {
            let mut file = Vec::new();
            let mut encoder = compressor.encoder(Box::new(&mut file), 1).unwrap();
            let mut rest = &bytes[..];
            for size in writes.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*size));
                encoder.write_all(now).unwrap();
                rest = later;
                if rest.is_empty() { break; }
            }
            encoder.finish().unwrap();

            let mut decoder = compressor.decoder(Box::new(BufReader::with_capacity(source, &file[..]))).unwrap();
            let mut back = Vec::new();
            let mut buffer = vec![0; 1_500_000];
            for size in reads.iter().cycle() {
                let read = decoder.read(&mut buffer[..*size]).unwrap();
                if read == 0 { break; }
                back.extend_from_slice(&buffer[..read]);
            }
            assert_same(&*compressor, &back, &bytes);
        }
    }

    #[test]
    fn bytes_that_are_no_file_are_an_error_or_few(bytes in prop::collection::vec(any::<u8>(), 0..3000), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        for compressor in all() {
            // Whatever comes of it, it is neither a panic nor more than deflate's like can make of so little.
            let most = 8 << 20;
            let read = |file: &[u8]| {
                let mut start = compressor.magic().to_vec();
                start.extend_from_slice(file);
                for file in [file, &start[..]] {
                    if let Ok(decoder) = compressor.decoder(Box::new(file)) {
                        let len = io::copy(&mut decoder.take(most), &mut io::sink()).unwrap_or(0);
                        assert!(len < most, "{}: {len} bytes", compressor.name());
                    }
                }
            };
            read(&bytes);
            let mut file = compress(&*compressor, 1, &bytes);
            for (at, value) in &flips {
                let at = at.index(file.len());
                file[at] ^= value;
            }
            read(&file);
        }
    }
}

#[test]
fn zeros_behind_a_file_are_padding() {
    for name in ["gzip", "bz2", "xz"] {
        let compressor = by_name(name).unwrap();
        let file = compress(&*compressor, 3, b"content");
        let padded = [&file[..], &vec![0; 100_000], &file, &[0; 8]].concat();
        assert_eq!(decompress(&*compressor, &padded).unwrap(), b"contentcontent", "{name}");
        let garbage = [&file[..], &[0; 4], b"x"].concat();
        assert!(decompress(&*compressor, &garbage).is_err(), "{name}");
    }
}

#[test]
fn frames_that_decoders_pass_over_may_stand_before_zstd_data() {
    let zstd = by_name("zstd").unwrap();
    let file = compress(&*zstd, 3, b"content");
    let skipped = [&b"\x50\x2a\x4d\x18\x04\0\0\0abcd"[..], &file].concat();
    assert_eq!(detect(&skipped[..16]).unwrap().name(), "zstd");
    assert_eq!(decompress(&*zstd, &skipped).unwrap(), b"content");
    // lz4 has frames of the same name.
    assert!(detect(b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x04\x22\x4d\x18").is_none());
}

#[test]
fn a_window_beyond_the_limit_is_an_error_that_the_limit_can_be_raised_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.zst");
    let mut pickle = Vec::new();
    PythonDumpOptions::new().dump_to(&noise(4_000_000), &mut pickle).unwrap();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.window_log(27).unwrap();
    io::Write::write_all(&mut encoder, &pickle).unwrap();
    std::fs::write(&path, encoder.finish().unwrap()).unwrap();

    let limited = LoadOptions::new().max_decompressor_memory(1 << 20);
    let error = limited.load::<Vec<u8>>(&path).unwrap_err();
    assert!(error.is_limit() && error.to_string().contains("max_decompressor_memory"), "{error}");
    assert_eq!(limited.max_decompressor_memory(1 << 27).load::<Vec<u8>>(&path).unwrap(), noise(4_000_000));
    assert!(LoadOptions::new().load::<Vec<u8>>(&path).is_ok());
}

#[test]
fn a_zstd_frame_with_a_long_window_is_read() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.window_log(30).unwrap();
    let content = noise(300_000);
    std::io::Write::write_all(&mut encoder, &content).unwrap();
    let file = encoder.finish().unwrap();
    let zstd = by_name("zstd").unwrap();
    assert_same(&*zstd, &decompress(&*zstd, &file).unwrap(), &content);
}

#[test]
fn an_array_of_any_size_is_the_same_after_its_file_was_decompressed_by_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    // The larger one is read by several threads where it is in a file.
    for elements in [1000, 5 << 20] {
        let array = Array::from_fn(&[elements], |index| index[0] as f64);
        for compressor in all().filter(|compressor| compressor.shuffle_helps()) {
            let mut compressed = Vec::new();
            DumpOptions::new().compress(compressor.name()).dump_to(&array, &mut compressed).unwrap();
            std::fs::write(&path, decompress(&*compressor, &compressed).unwrap()).unwrap();
            for options in [LoadOptions::new(), LoadOptions::new().mmap_mode(MmapMode::Read)] {
                let read: Array<f64> = options.load(&path).unwrap();
                assert!(read == array, "{} and {elements} elements", compressor.name());
            }
        }
    }
}
