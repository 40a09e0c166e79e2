//! Every compressor on a table of numbers, both ways.

use std::io::{self, Read, Write};

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use joblib_persist::compress::{Compressor, by_name};

const NAMES: [&str; 7] = ["zlib", "gzip", "bz2", "lzma", "xz", "lz4", "zstd"];

fn main() {
    divan::main();
}

/// 8 MB of measurements as they stand in memory: counters, rounded values and a little noise.
fn table() -> Vec<u8> {
    let mut state = 1_u64;
    (0..1_000_000_u64)
        .flat_map(|row| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = if row % 4 == 0 { row as f64 } else { ((state >> 54) + row / 5000) as f64 };
            value.to_le_bytes()
        })
        .collect()
}

fn write(compressor: &dyn Compressor, bytes: &[u8], sink: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = compressor.encoder(Box::new(sink), compressor.default_level())?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[divan::bench(args = NAMES, sample_count = 5)]
fn compress(bencher: Bencher<'_, '_>, name: &str) {
    let compressor = by_name(name).expect("a compressor of this crate");
    let bytes = table();
    bencher.counter(BytesCount::of_slice(&bytes[..])).bench_local(|| {
        let mut file = Vec::new();
        write(&*compressor, black_box(&bytes), &mut file).map(|()| file)
    });
}

#[divan::bench(args = NAMES, sample_count = 5)]
fn decompress(bencher: Bencher<'_, '_>, name: &str) {
    let compressor = by_name(name).expect("a compressor of this crate");
    let bytes = table();
    let mut file = Vec::new();
    write(&*compressor, &bytes, &mut file).expect("memory takes all that is written");
    let mut buffer = vec![0; 128 << 10];
    bencher.counter(BytesCount::of_slice(&bytes[..])).bench_local(|| -> io::Result<()> {
        let mut decoder = compressor.decoder(Box::new(black_box(&file[..])))?;
        while decoder.read(&mut buffer)? > 0 {}
        Ok(())
    });
}
