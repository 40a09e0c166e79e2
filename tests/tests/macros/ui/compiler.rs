//! What only the compiler can know: types that serde does not know, and helpers whose code is not known.

use joblib_macros::cached;

struct NotSerialize;

struct Model;

#[cached(crate = joblib_memory)]
fn argument(_x: NotSerialize, #[cached(skip)] _y: NotSerialize) -> u8 {
    1
}

#[cached(crate = joblib_memory)]
fn result(_x: u8) -> NotSerialize {
    NotSerialize
}

#[cached(crate = joblib_memory)]
async fn result_of_a_future(_x: u8) -> NotSerialize {
    NotSerialize
}

#[cached(crate = joblib_memory)]
fn result_in_ok(_x: u8) -> Result<Vec<NotSerialize>, String> {
    Ok(Vec::new())
}

fn helper(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(helper, missing))]
fn depends_on_unknown(x: u8) -> u8 {
    helper(x)
}

#[cached(crate = joblib_memory, companions = false)]
fn closed(x: u8) -> u8 {
    x
}

#[cached(crate = joblib_memory, depends(closed))]
fn depends_on_one_without_companions(x: u8) -> u8 {
    closed(x)
}

impl Model {
    fn helper(x: u8) -> u8 {
        x
    }

    #[cached(crate = joblib_memory, associated, depends(Self::helper))]
    fn depends_on_unknown(x: u8) -> u8 {
        Self::helper(x)
    }
}

#[cached(crate = joblib_memory, memory = "cache")]
fn option_types(x: u8) -> u8 {
    x
}

fn main() {}
