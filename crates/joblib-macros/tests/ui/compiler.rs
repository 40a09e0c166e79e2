//! What only the compiler can know: types that serde does not know, and helpers whose code is not known.

#[path = "../runtime/mod.rs"]
mod runtime;

use joblib_macros::cached;

struct NotSerialize;

struct Model;

#[cached(crate = crate::runtime)]
fn argument(_x: NotSerialize, #[cached(skip)] _y: NotSerialize) -> u8 {
    1
}

#[cached(crate = crate::runtime)]
fn result(_x: u8) -> NotSerialize {
    NotSerialize
}

#[cached(crate = crate::runtime)]
async fn result_of_a_future(_x: u8) -> NotSerialize {
    NotSerialize
}

#[cached(crate = crate::runtime)]
fn result_in_ok(_x: u8) -> Result<Vec<NotSerialize>, String> {
    Ok(Vec::new())
}

fn helper(x: u8) -> u8 {
    x
}

#[cached(crate = crate::runtime, depends(helper, missing))]
fn depends_on_unknown(x: u8) -> u8 {
    helper(x)
}

#[cached(crate = crate::runtime, companions = false)]
fn closed(x: u8) -> u8 {
    x
}

#[cached(crate = crate::runtime, depends(closed))]
fn depends_on_one_without_companions(x: u8) -> u8 {
    closed(x)
}

impl Model {
    fn helper(x: u8) -> u8 {
        x
    }

    #[cached(crate = crate::runtime, associated, depends(Self::helper))]
    fn depends_on_unknown(x: u8) -> u8 {
        Self::helper(x)
    }
}

#[cached(crate = crate::runtime, memory = "cache")]
fn option_types(x: u8) -> u8 {
    x
}

fn main() {}
