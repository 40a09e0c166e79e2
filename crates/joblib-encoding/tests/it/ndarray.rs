//! Arrays of the crate `ndarray` are arrays, whether their types are known or only their form.

use std::fmt::Debug;

use joblib_array::ndarray::{self, ArcArray2, Array1, Array2, ArrayD, arr0, arr1, arr2, s};
use joblib_array::{Array, Buffer, Order};
use joblib_encoding::{Block, Error, MessageSource, Source, Types, decode, from_slice, to_vec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};

/// A value whose type says nothing of what it is.
#[derive(Clone)]
struct Hidden<T>(T);

impl<T: Serialize> Serialize for Hidden<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn exact<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    decode(&mut MessageSource::new(bytes), Types::Exact)
}

fn matrix(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(row, column)| row as f64 - 0.25 * column as f64)
}

/// Checks that a value passes, and that its arrays are those of a value of `Array`s.
fn check<T, A>(value: &T, of_arrays: &A)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
    A: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let bytes = to_vec(value).expect("encodes");
    assert!(
        to_vec(&Hidden(value)).expect("encodes by its form") == bytes,
        "known by the type and by the form"
    );
    for back in [from_slice::<T>(&bytes), exact(&bytes)] {
        assert!(back.expect("decodes") == *value);
    }
    for back in [from_slice::<A>(&bytes), exact(&bytes)] {
        assert!(back.expect("is an Array") == *of_arrays);
    }
    let bytes = to_vec(of_arrays).expect("an Array encodes");
    for back in [from_slice::<T>(&bytes), exact(&bytes)] {
        assert!(back.expect("an Array is one of ndarray") == *value);
    }
}

#[test]
fn an_array_passes_and_is_an_array_of_the_other_crate_too() {
    for (rows, columns) in [(0, 3), (1, 1), (3, 4), (60, 70)] {
        let array = matrix(rows, columns);
        let ours = Array::from(array.clone());
        check(&array, &ours);
        check(&array.clone().into_dyn(), &ours);
        check(&(1, Some(array.clone()), vec![array.clone()]), &(1, Some(ours.clone()), vec![ours]));
    }
    check(&arr0(2.5), &Array::from_vec(vec![2.5], &[]).expect("one element"));
    check(&arr1(&[true, false]), &Array::from(vec![true, false]));
    check(&Array1::from_iter(0..5000_i16), &Array::from((0..5000_i16).collect::<Vec<_>>()));
    let complex = |i: u16| joblib_array::slice::Complex::new(f32::from(i), -1.0);
    check(&Array1::from_iter((0..3).map(complex)), &Array::from((0..3).map(complex).collect::<Vec<_>>()));
    check(&Array1::from_iter((0..999).map(complex)), &Array::from((0..999).map(complex).collect::<Vec<_>>()));
}

#[test]
fn an_array_of_half_precision_floats_passes_bit_for_bit() {
    let bits = |array: Array1<half::f16>| array.mapv(half::f16::to_bits);
    for len in [3, 3000_u16] {
        let halves = Array1::from_iter((0..len).map(|number| half::f16::from_bits(number * 21)));
        let bytes = to_vec(&halves).expect("encodes");
        for back in [from_slice(&bytes), exact(&bytes)] {
            assert!(bits(back.expect("decodes")) == bits(halves.clone()));
        }
    }
    let bytes = to_vec(&Array1::from_iter([1.5, -2.5].map(half::f16::from_f64))).expect("encodes");
    assert_eq!(from_slice::<Array1<f32>>(&bytes).expect("widened"), arr1(&[1.5, -2.5]));
}

#[test]
fn every_layout_arrives_as_the_elements_are() {
    let array = matrix(50, 40);
    let same = |bytes: Vec<u8>, expected: &Array2<f64>| {
        assert!(from_slice::<Array2<f64>>(&bytes).expect("decodes") == *expected);
        assert!(from_slice::<ArrayD<f64>>(&bytes).expect("decodes") == expected.clone().into_dyn());
    };
    same(to_vec(&array.view()).expect("a view"), &array);
    same(to_vec(&array.to_shared()).expect("a shared array"), &array);
    same(to_vec(&array.t()).expect("a transposed view"), &array.t().to_owned());
    same(to_vec(&array.slice(s![..;2, 3..])).expect("a part"), &array.slice(s![..;2, 3..]).to_owned());
    same(
        to_vec(&array.broadcast((2, 50, 40)).expect("broadcasts").slice(s![1, .., ..])).expect("broadcast"),
        &array,
    );
    // An `Array` in Fortran order, as a block and as a small one.
    for (rows, columns) in [(50, 40), (3, 2)] {
        let rows = matrix(rows, columns);
        let shape = rows.shape().to_vec();
        let elements: Vec<f64> = rows.t().iter().copied().collect();
        let ours = Array::<f64>::from_buffer(Buffer::adopt(elements), shape, Order::F);
        same(to_vec(&ours.expect("fits")).expect("encodes"), &rows);
    }
}

#[test]
fn types_that_serde_reads_ahead_find_their_arrays() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Text(String),
        Matrix(Array2<f64>),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        name: String,
        #[serde(flatten)]
        rest: Rest,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Rest {
        weights: Array2<f64>,
        ours: Array<f64>,
    }

    for array in [matrix(3, 2), matrix(60, 70)] {
        let untagged = [Untagged::Matrix(array.clone()), Untagged::Text("a".to_owned())];
        let bytes = to_vec(&untagged).expect("encodes");
        assert!(from_slice::<[Untagged; 2]>(&bytes).expect("decodes") == untagged);
        let rest = Rest { weights: array.clone(), ours: Array::from(array) };
        let flat = Flat { name: "a".to_owned(), rest };
        let bytes = to_vec(&flat).expect("encodes");
        assert!(from_slice::<Flat>(&bytes).expect("decodes") == flat);
    }
}

#[test]
fn rows_and_json_are_made_of_it_as_of_an_array() {
    for array in [matrix(3, 2), matrix(60, 70)] {
        let bytes = to_vec(&array).expect("encodes");
        let rows: Vec<Vec<f64>> = from_slice(&bytes).expect("rows");
        assert!(rows == array.outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>());
        let json: serde_json::Value = from_slice(&bytes).expect("any value");
        assert_eq!(json, serde_json::to_value(&array).expect("JSON"));
        serde::de::IgnoredAny::deserialize(&json).expect("is ignored");
        from_slice::<serde::de::IgnoredAny>(&bytes).expect("is moved over");
    }
}

#[test]
fn another_shape_or_element_type_is_an_error_or_converted_as_numbers_are() {
    let bytes = to_vec(&matrix(60, 70)).expect("encodes");
    assert!(from_slice::<Array1<f64>>(&bytes).is_err());
    assert!(exact::<Array2<f32>>(&bytes).is_err());
    assert!(from_slice::<Array2<String>>(&bytes).is_err());
    let bytes = to_vec(&arr2(&[[1_u8, 2], [3, 4]])).expect("encodes");
    assert_eq!(from_slice::<Array2<f64>>(&bytes).expect("widened"), arr2(&[[1.0, 2.0], [3.0, 4.0]]));
}

#[test]
fn an_array_of_what_is_no_number_is_a_struct() {
    let texts = arr2(&[["a", "b"], ["c", "d"]]).map(|text| (*text).to_owned());
    let bytes = to_vec(&texts).expect("encodes");
    assert_eq!(from_slice::<Array2<String>>(&bytes).expect("decodes"), texts);
    let places = Array1::from_iter(0_usize..3000);
    let bytes = to_vec(&places).expect("encodes");
    assert_eq!(from_slice::<ndarray::Array1<usize>>(&bytes).expect("decodes"), places);
    assert_eq!(to_vec(&Hidden(&places)).expect("encodes"), bytes);
}

/// A source that counts the blocks whose elements are asked for one after another.
struct Counting<'a> {
    message: MessageSource<'a>,
    one_by_one: usize,
}

impl Source for Counting<'_> {
    fn position(&self) -> u64 {
        self.message.position()
    }

    fn piece(&mut self, piece: &mut Vec<u8>) -> Result<u64, Error> {
        self.message.piece(piece)
    }

    fn block(&mut self) -> Result<Block, Error> {
        self.message.block()
    }

    fn buffer(&mut self) -> Result<Buffer, Error> {
        self.message.buffer()
    }

    fn block_into(&mut self, target: &mut [u8]) -> Result<(), Error> {
        self.message.block_into(target)
    }

    fn block_bytes(&mut self, bytes: &mut Vec<u8>) -> Result<(), Error> {
        self.one_by_one += 1;
        self.message.block_bytes(bytes)
    }

    fn end_block(&mut self) -> Result<(), Error> {
        self.message.end_block()
    }

    fn skip_block(&mut self) -> Result<(), Error> {
        self.message.skip_block()
    }
}

/// Checks that the value, which has large arrays, is read without a look at each of their elements.
fn check_whole<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let bytes = to_vec(value).expect("encodes");
    let mut source = Counting { message: MessageSource::new(&bytes), one_by_one: 0 };
    let back: T = decode(&mut source, Types::Exact).expect("decodes");
    assert!(back == *value);
    assert_eq!(source.one_by_one, 0, "{}", std::any::type_name::<T>());
}

#[test]
fn the_elements_are_read_in_one_piece_wherever_the_array_stands() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Fit {
        weights: Array1<f32>,
        residuals: Option<Array2<f64>>,
        steps: Vec<(u32, ArcArray2<i16>)>,
        kind: Kind,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Mask(Array2<bool>),
        Named { places: Array1<usize>, offsets: Array1<isize> },
    }

    let matrix = matrix(60, 70);
    check_whole(&matrix);
    check_whole(&matrix.clone().into_dyn());
    check_whole(&matrix.to_shared());
    check_whole(&matrix.mapv(|x| joblib_array::slice::Complex::new(x, -x)));
    check_whole(&[Kind::Mask(matrix.mapv(|x| x > 0.0)), Kind::Mask(matrix.mapv(|x| x < 0.0))]);
    check_whole(&Fit {
        weights: Array1::from_iter((0..900).map(|i| i as f32)),
        residuals: Some(matrix.clone()),
        steps: vec![(1, matrix.mapv(|x| x as i16).into_shared())],
        kind: Kind::Named { places: Array1::from_iter(0..999), offsets: Array1::from_iter(-99..999) },
    });
    // As what `nalgebra` makes of its matrices.
    check_whole(&(matrix.iter().copied().collect::<Vec<f64>>(), 60, 70));
}

#[test]
fn a_bool_that_is_neither_is_damage() {
    let mask = Array2::from_elem((60, 70), true);
    let mut bytes = to_vec(&mask).expect("encodes");
    let last = bytes.iter().rposition(|&byte| byte == 1).expect("an element");
    bytes[last] = 2;
    let error = from_slice::<Array2<bool>>(&bytes).unwrap_err();
    assert!(error.is_corrupt() && error.to_string().contains("a bool is stored as 2"), "{error}");
}
