use std::collections::{BTreeMap, HashMap};

use joblib_array::Array;
use serde::Deserialize;

use super::of;

/// Two types whose modules differ in one word.
macro_rules! differ {
    ($what:literal, { $($one:tt)* }, { $($other:tt)* }) => {{
        #[allow(dead_code)]
        mod one { #[allow(unused_imports, clippy::wildcard_imports)] use super::*; $($one)* }
        mod other { #[allow(unused_imports, clippy::wildcard_imports)] use super::*; $($other)* }
        assert_ne!(of::<one::T>(), of::<other::T>(), $what);
    }};
}

#[test]
#[allow(dead_code, clippy::too_many_lines)]
fn whatever_changes_how_a_type_is_stored_changes_its_shape() {
    differ!(
        "a number",
        {
            pub(super) type T = f32;
        },
        {
            pub(super) type T = f64;
        }
    );
    differ!(
        "an array",
        {
            pub(super) type T = Array<f32>;
        },
        {
            pub(super) type T = Array<f64>;
        }
    );
    differ!(
        "an element",
        {
            pub(super) type T = Vec<Option<u8>>;
        },
        {
            pub(super) type T = Vec<Option<u16>>;
        }
    );
    differ!(
        "a later element of a tuple",
        {
            pub(super) type T = (String, u8);
        },
        {
            pub(super) type T = (String, u16);
        }
    );
    differ!(
        "a value in a map",
        {
            pub(super) type T = HashMap<u8, f32>;
        },
        {
            pub(super) type T = HashMap<u8, f64>;
        }
    );
    differ!(
        "a key of a map",
        {
            pub(super) type T = BTreeMap<u8, u8>;
        },
        {
            pub(super) type T = BTreeMap<u16, u8>;
        }
    );
    differ!(
        "the name of a type",
        {
            #[derive(Deserialize)]
            pub(super) struct T(Meters);
            #[derive(Deserialize)]
            struct Meters(f64);
        },
        {
            #[derive(Deserialize)]
            pub(super) struct T(Feet);
            #[derive(Deserialize)]
            struct Feet(f64);
        }
    );
    differ!(
        "the order of fields",
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: f64,
                b: f64,
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                b: f64,
                a: f64,
            }
        }
    );
    differ!(
        "a field with a default",
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: f64,
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: f64,
                #[serde(default)]
                b: f64,
            }
        }
    );
    differ!(
        "the name of a field",
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: f64,
                x: f64,
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: f64,
                #[serde(rename = "b")]
                x: f64,
            }
        }
    );
    differ!(
        "the type of a later field",
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: std::net::IpAddr,
                b: (String, Vec<f32>),
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                a: std::net::IpAddr,
                b: (String, Vec<f64>),
            }
        }
    );
    differ!(
        "a variant",
        {
            #[derive(Deserialize)]
            pub(super) enum T {
                A,
                B,
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) enum T {
                B,
                A,
            }
        }
    );
    differ!(
        "what a later variant holds",
        {
            #[derive(Deserialize)]
            pub(super) enum T {
                A(u8),
                B { x: (u8, f32) },
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) enum T {
                A(u8),
                B { x: (u8, f64) },
            }
        }
    );
    differ!(
        "a tag",
        {
            #[derive(Deserialize)]
            #[serde(tag = "kind")]
            pub(super) enum T {
                A { x: u8 },
            }
        },
        {
            #[derive(Deserialize)]
            #[serde(tag = "sort")]
            pub(super) enum T {
                A { x: u8 },
            }
        }
    );
    differ!(
        "the form of an enum",
        {
            #[derive(Deserialize)]
            #[serde(untagged)]
            pub(super) enum T {
                A { x: u8 },
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) enum T {
                A { x: u8 },
            }
        }
    );
    differ!(
        "transparency",
        {
            #[derive(Deserialize)]
            #[serde(transparent)]
            pub(super) struct T {
                x: u8,
            }
        },
        {
            #[derive(Deserialize)]
            pub(super) struct T {
                x: u8,
            }
        }
    );
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Tree {
    Leaf(f64),
    Fork(Box<Tree>, Box<Tree>),
    Many { children: Vec<Tree>, by_name: HashMap<String, Tree>, first: Option<Box<Tree>> },
}

#[test]
fn a_type_inside_of_itself_has_a_shape() {
    assert_eq!(of::<Tree>(), of::<Tree>());
    assert_ne!(of::<Tree>(), of::<Box<f64>>());
}

#[test]
fn a_type_that_refuses_what_it_is_given_has_a_shape() {
    struct Refuses;
    impl<'de> Deserialize<'de> for Refuses {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("never"))
        }
    }
    assert_eq!(of::<(Refuses, u8)>(), of::<(Refuses, u8)>());
}

#[test]
fn a_shape_is_the_same_in_every_build() {
    assert_eq!(of::<(f64, Vec<Point>)>(), 9_763_696_316_206_223_347);
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Point {
    x: f32,
    label: Option<String>,
}
