//! Bytes that no encoder wrote are errors.

use joblib_array::Array;
use joblib_encoding::{Error, from_slice, to_vec};
use serde::{Deserialize, Serialize};

type Everything = (String, Vec<u64>, Array<f32>, Option<Option<u8>>, Vec<(i128, f64)>);

fn everything() -> Vec<u8> {
    let value: Everything =
        ("text".repeat(30_000), vec![7; 300], Array::zeros(&[30, 40]), Some(None), vec![(i128::MAX, 0.5); 3]);
    to_vec(&value).unwrap()
}

#[test]
fn every_cut_is_an_error() {
    let bytes = everything();
    for end in (0..bytes.len()).step_by(97).chain(bytes.len() - 200..bytes.len()) {
        assert!(from_slice::<Everything>(&bytes[..end]).is_err(), "cut at {end}");
    }
    assert!(from_slice::<Everything>(&[&bytes[..], b"\0"].concat()).unwrap_err().is_corrupt());
}

#[test]
fn no_changed_byte_panics_or_takes_memory_by_its_word() {
    let bytes = everything();
    for at in (0..bytes.len()).filter(|at| *at < 64 || at % 211 == 0 || bytes.len() - at < 300) {
        for value in [0, 0x7f, 0xc1, 0xdd, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            let _: Result<Everything, Error> = from_slice(&changed);
            let _: Result<serde_json::Value, Error> = from_slice(&changed);
        }
    }
}

/// A message of one array of `f64` without elements: small, in the piece, or a block.
fn empty_array(shape: &[u64], order: u8, small: bool) -> Vec<u8> {
    const F64: u8 = 12;
    let head = [F64, order, shape.len() as u8];
    let dimensions: Vec<u8> = shape.iter().flat_map(|dimension| dimension.to_le_bytes()).collect();
    let mut piece = vec![0xc7, (head.len() + dimensions.len()) as u8, 4];
    let mut block = Vec::new();
    if small {
        piece.extend(head.iter().chain(&dimensions));
    } else {
        piece = vec![0xd4, 5, 0];
        block = [&[1], &head[..], &dimensions].concat();
    }
    [&[0], &(piece.len() as u32).to_le_bytes()[..], &piece, &block].concat()
}

#[test]
fn an_array_without_elements_may_have_dimensions_of_any_length() {
    type Rows = Vec<Vec<Vec<f64>>>;
    for shape in [[0, u64::MAX, u64::MAX], [0, 1 << 40, 1 << 40], [3, 0, u64::MAX]] {
        for (order, small) in [(0, true), (1, true), (0, false), (1, false)] {
            let bytes = empty_array(&shape, order, small);
            // Whether it is an error is the reader's business.
            let rows: Result<Rows, Error> = from_slice(&bytes);
            assert!(rows.is_ok_and(|rows| rows.len() as u64 == shape[0]), "{shape:?} {order} {small}");
            let _: Result<Array<f64>, Error> = from_slice(&bytes);
            let _: Result<serde::de::IgnoredAny, Error> = from_slice(&bytes);
            let _: Result<Vec<serde::de::IgnoredAny>, Error> = from_slice(&bytes);
        }
    }
}

#[test]
fn an_array_without_elements_is_not_read_as_more_sequences_than_bytes_could_tell() {
    for shape in [[1 << 60, 0, 1], [1 << 30, 1 << 30, 0], [(1 << 20) + 1, 0, 0]] {
        for (order, small) in [(0, true), (1, true), (0, false), (1, false)] {
            let bytes = empty_array(&shape, order, small);
            let rows: Result<Vec<Vec<Vec<f64>>>, Error> = from_slice(&bytes);
            assert!(rows.unwrap_err().is_wrong_type(), "{shape:?} {order} {small}");
            let rows: Result<Vec<serde::de::IgnoredAny>, Error> = from_slice(&bytes);
            assert!(rows.is_err(), "{shape:?} {order} {small}");
            let whole: Array<f64> = from_slice(&bytes).unwrap();
            assert_eq!(whole.shape()[0] as u64, shape[0]);
            let _: serde::de::IgnoredAny = from_slice(&bytes).unwrap();
        }
    }
    let rows: Vec<Vec<Vec<f64>>> = from_slice(&empty_array(&[1 << 20, 0, 3], 0, true)).unwrap();
    assert_eq!(rows.len(), 1 << 20);
}

#[test]
fn an_error_of_a_type_is_kept() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Percent(#[serde(deserialize_with = "percent")] u8);

    fn percent<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        let value = u8::deserialize(deserializer)?;
        if value > 100 { Err(serde::de::Error::custom("more than all")) } else { Ok(value) }
    }

    let error = from_slice::<Percent>(&to_vec(&101_u8).unwrap()).unwrap_err();
    assert!(error.is_wrong_type() && error.to_string().ends_with("more than all"));
    assert!(error.offset().is_some());
}
