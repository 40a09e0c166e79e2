//! Arrays: in memory, mapped, in parts, in both orders.

use std::io::Write as _;

use joblib_array::{Array, Buffer, Element, MmapMode, Order};
use joblib_hash::{Algorithm, hash_with};
use num_complex::Complex;
use serde::Serialize;

use super::of;

#[test]
fn owned_borrowed_and_mapped_arrays_hash_alike_and_so_do_both_orders() {
    let owned = Array::from_vec((0..600_000).map(f64::from).collect(), &[600, 1000]).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(owned.buffer().as_bytes()).unwrap();
    let buffer = Buffer::map(&file, 0, owned.nbytes(), MmapMode::Read).unwrap();
    let mapped = Array::<f64>::from_buffer(buffer, vec![600, 1000], Order::C).unwrap();
    let columns: Vec<f64> = (0..1000).flat_map(|j| (0..600).map(move |i| f64::from(i * 1000 + j))).collect();
    let fortran = Array::<f64>::from_buffer(Buffer::adopt(columns), vec![600, 1000], Order::F).unwrap();
    assert_eq!(fortran, owned);
    for &algorithm in Algorithm::ALL {
        for other in [&mapped, &fortran, &owned.clone()] {
            assert_eq!(hash_with(algorithm, &owned).unwrap(), hash_with(algorithm, other).unwrap());
        }
    }
    assert_eq!(of(&vec!["a".to_owned()]), of(["a"].as_slice()));
}

#[test]
fn an_array_in_fortran_order_of_any_shape_and_size_hashes_as_the_same_in_c_order() {
    fn check<T: Element + Serialize>(shape: &[usize], element: impl Fn(usize) -> T) {
        let number_of = |index: &[usize]| index.iter().zip(shape).fold(0, |at, (i, length)| at * length + i);
        let rows = Array::from_fn(shape, |index| element(number_of(index)));
        let backwards: Vec<usize> = shape.iter().rev().copied().collect();
        let columns = Array::from_fn(&backwards, |index| {
            element(number_of(&index.iter().rev().copied().collect::<Vec<_>>()))
        });
        let (buffer, ..) = columns.into_buffer();
        let columns = Array::<T>::from_buffer(buffer, shape.to_vec(), Order::F).unwrap();
        assert_eq!(of(&columns), of(&rows), "{shape:?}");
        assert_eq!(of(&vec![columns; 2]), of(&vec![rows; 2]), "{shape:?}");
    }
    for shape in [
        &[][..],
        &[7],
        &[0, 3],
        &[3, 0, 2],
        &[1, 400_000],
        &[400_000, 1],
        &[2, 3, 4],
        &[70_000, 3],
        &[3, 70_000],
        &[2, 30, 7, 500],
        &[200, 11, 3, 60],
    ] {
        check(shape, |number| number as u8);
        check(shape, |number| number as i16);
        check(shape, |number| number as f32);
        check(shape, |number| number as f64);
        check(shape, |number| Complex::new(number as f64, -1.0));
    }
}

#[test]
fn an_array_that_was_hashed_and_then_written_has_the_hash_of_its_new_elements() {
    let fresh = |first: f64| {
        let mut numbers = vec![1.0; 500_000];
        numbers[0] = first;
        Array::from_vec(numbers, &[1000, 500]).unwrap()
    };
    let mut array = fresh(0.0);
    assert_eq!(of(&array), of(&fresh(0.0)));
    array[[0, 0]] = 2.0;
    assert_eq!(of(&array), of(&fresh(2.0)));
    let clone = array.clone();
    array.make_mut()[0] = 3.0;
    assert_eq!((of(&array), of(&clone)), (of(&fresh(3.0)), of(&fresh(2.0))));
    array.as_mut_slice().unwrap()[0] = 4.0;
    assert_eq!(of(&(1, &array)), of(&(1, fresh(4.0))));
}

#[test]
fn a_part_of_a_hashed_array_and_another_shape_of_it_have_hashes_of_their_own() {
    let array = Array::from_fn(&[600, 500], |at| (at[0] * at[1]) as f64);
    let part = |rows: std::ops::Range<usize>| {
        Array::from_fn(&[rows.len(), 500], |at| ((at[0] + rows.start) * at[1]) as f64)
    };
    let whole = of(&array);
    for rows in [0..300, 300..600, 0..600] {
        assert_eq!(of(&array.rows(rows.clone())), of(&part(rows)));
    }
    assert_ne!(of(&array.clone().reshape(&[500, 600]).unwrap()), whole);
    let (buffer, shape, _) = array.into_buffer();
    let fortran = Array::<f64>::from_buffer(buffer, shape, Order::F).unwrap();
    assert_eq!(of(&fortran), of(&Array::from_vec(fortran.to_vec(), &[600, 500]).unwrap()));
    assert_ne!(of(&fortran), whole);
}

#[test]
fn a_mapped_array_is_hashed_as_its_file_is_now() {
    let file = tempfile::tempfile().unwrap();
    file.set_len(2 << 20).unwrap();
    let map = |mode| {
        let buffer = Buffer::map(&file, 0, 2 << 20, mode).unwrap();
        Array::<f64>::from_buffer(buffer, vec![1 << 18], Order::C).unwrap()
    };
    let reader = map(MmapMode::Read);
    let before = of(&reader);
    map(MmapMode::ReadWrite).as_mut_slice().unwrap()[7] = 1.0;
    assert_ne!(of(&reader), before);
    assert_eq!(of(&reader), of(&Array::from_slice(reader.as_slice(), reader.shape()).unwrap()));
}
