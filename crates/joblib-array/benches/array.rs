//! The inner loops of arrays: making them, changing their order, and handing them to a serializer.
//!
//! `cargo bench -p joblib-array`

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use joblib_array::{Array, Buffer, MmapMode, Order, transfer};

fn main() {
    divan::main();
}

/// Side of the matrices: 8 MB of `f64`.
const SIDE: usize = 1000;

fn bytes() -> BytesCount {
    BytesCount::of_many::<f64>(SIDE * SIDE)
}

#[divan::bench]
fn from_fn(bencher: Bencher<'_, '_>) {
    bencher.counter(bytes()).bench(|| Array::from_fn(&[SIDE, SIDE], |at| (at[0] * at[1]) as f64));
}

#[divan::bench]
fn zeros(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Array::<f64>::zeros(black_box(&[SIDE, SIDE])));
}

#[divan::bench]
fn copied_from_a_slice(bencher: Bencher<'_, '_>) {
    let elements = vec![1.0; SIDE * SIDE];
    bencher.counter(bytes()).bench(|| Array::from_slice(black_box(&elements), &[SIDE, SIDE]));
}

#[divan::bench]
fn fortran_order_to_c_order(bencher: Bencher<'_, '_>) {
    let elements = (0..SIDE * SIDE).map(|i| i as f64).collect::<Vec<f64>>();
    let columns = Array::<f64>::from_buffer(Buffer::adopt(elements), vec![SIDE, SIDE], Order::F).unwrap();
    bencher.counter(bytes()).bench(|| black_box(&columns).to_c_order());
}

#[divan::bench]
fn sum_of_rows(bencher: Bencher<'_, '_>) {
    let array = Array::from_fn(&[SIDE, SIDE], |at| at[1] as f64);
    bencher.counter(bytes()).bench(|| (0..SIDE).map(|i| array.row(i).iter().sum::<f64>()).sum::<f64>());
}

#[divan::bench]
fn sum_by_index(bencher: Bencher<'_, '_>) {
    let array = Array::from_fn(&[SIDE, SIDE], |at| at[1] as f64);
    let sum = || {
        let elements = (0..SIDE).flat_map(|i| (0..SIDE).map(move |j| [i, j]));
        elements.map(|at| array[at]).sum::<f64>()
    };
    bencher.counter(bytes()).bench(sum);
}

/// What a serializer does to get an array's memory: independent of the array's size.
#[divan::bench]
fn captured_whole(bencher: Bencher<'_, '_>) {
    let array = Array::<f64>::zeros(&[SIDE, SIDE]);
    bencher.bench(|| transfer::capture(black_box(&array), |raw| raw.bytes.len()));
}

#[divan::bench]
fn mapped_and_unmapped(bencher: Bencher<'_, '_>) {
    let file = tempfile::tempfile().unwrap();
    file.set_len((SIDE * SIDE * 8) as u64).unwrap();
    bencher.bench(|| Buffer::map(&file, 0, SIDE * SIDE * 8, MmapMode::Read).unwrap());
}
