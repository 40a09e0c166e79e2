//! Arrays keep shape, order and memory wherever they stand.

use joblib_array::{Array, Buffer, DType, Order};
use joblib_encoding::{MessageSink, MessageSource, Types, decode, encode, from_slice, to_vec};
use serde::{Deserialize, Serialize};

use crate::round_trip;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Model {
    name: String,
    #[serde(flatten)]
    fitted: Fitted,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Fitted {
    weights: Array<f64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Struct { values: Array<i32> },
    Newtype(Array<i32>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Floats { values: Array<f64> },
    Integers { values: Array<i64> },
    Bare(Array<u8>),
}

fn columns(shape: [usize; 2]) -> Array<f64> {
    let elements: Vec<f64> = (0..shape[0] * shape[1]).map(|i| i as f64).collect();
    Array::from_buffer(Buffer::adopt(elements), shape.to_vec(), Order::F).unwrap()
}

#[test]
fn a_flattened_array_keeps_its_order() {
    for shape in [[2, 3], [60, 70], [0, 3]] {
        let model = Model { name: "m".into(), fitted: Fitted { weights: columns(shape) } };
        let back = round_trip(&model);
        assert_eq!(back, model);
        assert_eq!(back.fitted.weights.order(), Order::F);
    }
}

#[test]
fn an_array_in_a_tagged_enum_keeps_its_order() {
    let values =
        Array::from_buffer(Buffer::adopt((0..600).collect::<Vec<i32>>()), vec![20, 30], Order::F).unwrap();
    for value in [Tagged::Struct { values: values.clone() }, Tagged::Newtype(values)] {
        let back = round_trip(&value);
        assert_eq!(back, value);
        let (Tagged::Struct { values } | Tagged::Newtype(values)) = back;
        assert_eq!(values.order(), Order::F);
    }
    assert_eq!(round_trip(&Tagged::Newtype(Array::zeros(&[0, 3]))), Tagged::Newtype(Array::zeros(&[0, 3])));
}

#[test]
fn an_untagged_enum_finds_the_variant_of_the_element_type() {
    for value in [
        Untagged::Floats { values: columns([3, 4]) },
        Untagged::Integers { values: Array::zeros(&[3, 0]) },
        Untagged::Bare(Array::zeros(&[50, 60])),
    ] {
        assert_eq!(round_trip(&value), value);
    }
}

#[test]
fn a_buffered_array_is_the_only_handle_of_its_memory() {
    let value = Untagged::Bare(Array::zeros(&[5000]));
    let Untagged::Bare(mut array) = from_slice(&to_vec(&value).unwrap()).unwrap() else {
        panic!("the variant")
    };
    assert!(array.as_mut_slice().is_ok());
}

#[test]
fn a_shared_array_keeps_its_memory_through_a_buffered_type() {
    let model = Model { name: "m".into(), fitted: Fitted { weights: columns([40, 50]) } };
    let mut kept = Vec::new();
    let mut share = |buffer: &Buffer| {
        kept.push(buffer.clone());
        Some(kept.len() as u64 - 1)
    };
    let mut bytes = Vec::new();
    encode(&model, &mut MessageSink::new(&mut bytes).share(&mut share)).unwrap();
    assert!(bytes.len() < 200, "the elements are not in the message");

    let mut shared = |number: u64| kept.get(number as usize).cloned();
    let mut source = MessageSource::new(&bytes).shared(&mut shared);
    let back: Model = decode(&mut source, Types::Exact).unwrap();
    assert_eq!(back, model);
    let address = |array: &Array<f64>| array.buffer().as_bytes().as_ptr();
    assert_eq!(address(&back.fitted.weights), address(&model.fitted.weights));

    let unknown = decode::<Model>(&mut MessageSource::new(&bytes), Types::Exact).unwrap_err();
    assert!(unknown.is_corrupt() && unknown.to_string().contains("array number 0"));
}

#[test]
fn an_array_and_a_sequence_are_read_as_each_other() {
    let array: Array<f64> = from_slice(&to_vec(&vec![vec![1.0, 2.0], vec![3.0, 4.0]]).unwrap()).unwrap();
    assert_eq!(array.shape(), [2, 2]);
    let rows: Vec<Vec<f64>> = from_slice(&to_vec(&columns([30, 40])).unwrap()).unwrap();
    assert_eq!(rows[1][..3], [1.0, 31.0, 61.0]);
    let scalar: f64 = from_slice(&to_vec(&Array::from_vec(vec![2.5], &[]).unwrap()).unwrap()).unwrap();
    assert_eq!(scalar, 2.5);
    assert_eq!(from_slice::<Array<f32>>(&to_vec(&vec![0.5_f32; 999]).unwrap()).unwrap().shape(), [999]);
}

#[test]
fn an_array_of_another_element_type_is_an_error_that_names_both() {
    let bytes = to_vec(&Array::<f64>::zeros(&[3])).unwrap();
    let error = from_slice::<Array<f32>>(&bytes).unwrap_err();
    assert!(error.is_wrong_type());
    assert!(error.to_string().contains("float32") && error.to_string().contains(DType::F64.name()));
}

#[test]
fn json_keeps_the_order_too() {
    let array = columns([2, 3]);
    let text = serde_json::to_string(&array).unwrap();
    assert_eq!(text, r#"{"dtype":"float64","shape":[2,3],"order":"F","data":[0.0,2.0,4.0,1.0,3.0,5.0]}"#);
    let back: Array<f64> = serde_json::from_str(&text).unwrap();
    assert_eq!((back.order(), &back), (Order::F, &array));
}
