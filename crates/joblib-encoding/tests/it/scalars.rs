//! A number alone, and a tuple of one, are written and read by a way of their own, which gives what the usual way gives.

use std::fmt::Debug;

use joblib_encoding::{MessageSource, Types, decode, to_vec};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Serializes as its field does, and is not of its type.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Usual<T>(T);

fn read<T: DeserializeOwned>(bytes: &[u8], types: Types) -> Result<T, String> {
    let mut source = MessageSource::new(bytes);
    let value = decode(&mut source, types).map_err(|error| error.to_string())?;
    assert!(source.rest().is_empty());
    Ok(value)
}

/// What `bytes` are as a `T`, the same both ways.
fn reads_the_same<T: DeserializeOwned + Debug>(bytes: &[u8]) {
    for types in [Types::Compatible, Types::Exact] {
        let alone = read::<T>(bytes, types);
        let usual = read::<Usual<T>>(bytes, types).map(|usual| usual.0);
        assert_eq!(format!("{alone:?}"), format!("{usual:?}"), "{bytes:?} as {}", std::any::type_name::<T>());
    }
}

fn passes<T: Serialize + Copy>(value: T) {
    passes_as(&value, &Usual(value));
    passes_as(&(value,), &Usual((value,)));
}

fn passes_as(value: &impl Serialize, usual: &impl Serialize) {
    let bytes = to_vec(value).expect("a number");
    assert_eq!(bytes, to_vec(usual).expect("a number"));
    macro_rules! as_each {
        ($($type:ty)*) => {
            $(
                reads_the_same::<$type>(&bytes);
                reads_the_same::<($type,)>(&bytes);
            )*
        };
    }
    as_each!(bool u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 char String Option<u8>);
}

#[test]
fn a_number_has_the_bytes_that_it_has_inside_of_other_values() {
    for shift in 0..64 {
        for near in [0_u64, 1, 2, 3] {
            let value = (1_u64 << shift).wrapping_add(near).wrapping_sub(2);
            passes(value);
            passes(value as u8);
            passes(value as u16);
            passes(value as u32);
            passes(value as usize);
            passes(value as i8);
            passes(value as i16);
            passes(value as i32);
            passes(value as i64);
            passes((value as i64).wrapping_neg());
            passes(value as f64);
            passes(f64::from_bits(value));
            passes(f32::from_bits(value as u32));
        }
    }
    passes(true);
    passes(false);
}

#[test]
fn a_number_that_was_cut_or_is_not_one_is_the_usual_error() {
    let message = |piece: &[u8]| {
        let mut bytes = vec![0];
        bytes.extend((piece.len() as u32).to_le_bytes());
        bytes.extend(piece);
        bytes
    };
    for marker in 0..=u8::MAX {
        for len in [0, 1, 2, 4, 8, 9] {
            let mut piece = vec![marker];
            piece.extend(vec![1; len]);
            let bytes = message(&piece);
            let alone = read::<u64>(&bytes, Types::Exact);
            let usual = read::<Usual<u64>>(&bytes, Types::Exact).map(|usual| usual.0);
            assert_eq!(alone, usual, "{piece:?}");
            piece.insert(0, 0x91);
            let in_tuple = message(&piece);
            let alone = read::<(u64,)>(&in_tuple, Types::Exact);
            let usual = read::<Usual<(u64,)>>(&in_tuple, Types::Exact).map(|usual| usual.0);
            assert_eq!(alone, usual, "{piece:?}");
            for cut in 0..bytes.len() {
                assert!(read::<f64>(&bytes[..cut], Types::Compatible).is_err());
                assert!(read::<(f64,)>(&in_tuple[..cut], Types::Compatible).is_err());
            }
        }
    }
}
