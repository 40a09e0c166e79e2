//! Arrays of the crate `ndarray` are arrays, whether their types are known or only their form.

use std::fmt::Debug;

use joblib_array::ndarray::{self, Array1, Array2, ArrayD, arr0, arr1, arr2, s};
use joblib_array::{Array, Order};
use joblib_encoding::{Error, MessageSource, Types, decode, from_slice, to_vec};
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
        let ours = Array::<f64>::from_buffer(joblib_array::Buffer::adopt(elements), shape, Order::F);
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
