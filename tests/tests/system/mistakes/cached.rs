//! What `#[cached]` and `#[tracked]` are told that they can't know, and types that serde does not know.

use joblib::prelude::*;

struct Unknown;

#[derive(serde::Serialize)]
struct OnlySerialize;

// Results.

#[cached]
fn returns(_x: u8) -> Unknown { //~ `Unknown` can't be stored
    Unknown
}

#[cached]
fn returns_half(_x: u8) -> OnlySerialize { //~ `OnlySerialize` can't be stored
    OnlySerialize
}

#[cached]
fn returns_inside(_x: u8) -> Result<Vec<Unknown>, String> { //~ `Vec<Unknown>` can't be stored
    Ok(Vec::new())
}

#[cached]
async fn returns_later(_x: u8) -> Unknown { //~ `Unknown` can't be stored
    Unknown
}

#[cached(keep = "all")]
fn keeps_errors(_x: u8) -> Result<u8, Unknown> { //~ can't be stored
    Ok(1)
}

#[cached(in_memory, replay)]
fn returns_with_options(_x: u8) -> Unknown { //~ `Unknown` can't be stored
    Unknown
}

// Arguments.

#[cached]
fn takes(_x: Unknown) -> u8 { //~ Unknown` can't be hashed
    1
}

#[cached]
fn takes_reference(_x: &Unknown, _y: u8) -> u8 { //~ Unknown` can't be hashed
    1
}

#[cached]
fn takes_inside(_x: &[Option<Unknown>]) -> u8 { //~ can't be hashed
    1
}

#[cached]
async fn takes_later(_x: Unknown) -> u8 { //~ Unknown` can't be hashed
    1
}

#[cached]
fn takes_any<T>(_x: T) -> u8 { //~ `T` can't be hashed
    1
}

#[cached(key = Unknown)] //~ Unknown` can't be hashed
fn has_key(_x: u8) -> u8 {
    1
}

#[cached(file("a.csv"))]
fn takes_file(#[cached(file)] _x: u8) -> u8 { //~ `file` is for paths
    1
}

// Methods.

struct Model;

impl Model {
    #[cached(self = "hash")]
    fn method(&self, _x: u8) -> u8 { //~ Model` can't be hashed
        1
    }

    #[cached(self = "ignore")]
    fn returns(&self, _x: u8) -> Unknown { //~ `Unknown` can't be stored
        Unknown
    }
}

trait Score {
    const LIMIT: u8 = 1;
    fn score(&self, x: u8) -> u8;
    fn of(x: u8) -> u8;
}

impl Score for Model {
    // Without an option: both are fine.
    #[cached(self = "ignore")]
    fn score(&self, x: u8) -> u8 {
        x
    }

    #[cached]
    fn of(x: u8) -> u8 {
        x
    }
}

// What a function depends on.

fn helper(x: u8) -> u8 {
    x
}

mod inner {
    pub fn helper<T>(x: T) -> T {
        x
    }

    pub const LIMIT: u8 = 1;
}

impl Model {
    const LIMIT: u8 = 1;

    #[tracked]
    const KNOWN: u8 = 1;

    fn helper(x: u8) -> u8 {
        x
    }
}

#[cached(depends(helper))] //~ #[tracked]
fn depends_on_helper(x: u8) -> u8 {
    helper(x)
}

#[cached(depends(inner::helper::<u8>))] //~ #[tracked]
fn depends_on_generic(x: u8) -> u8 {
    inner::helper(x)
}

#[cached(depends(inner::LIMIT))] //~ #[tracked]
fn depends_on_constant(x: u8) -> u8 {
    inner::LIMIT + x
}

#[cached(depends(missing))] //~ missing
fn depends_on_missing(x: u8) -> u8 {
    x
}

#[cached(depends(inner::missing))] //~ missing
fn depends_on_missing_inside(x: u8) -> u8 {
    x
}

#[cached(depends(Model::helper))] //~ put `#[tracked]` above
fn depends_on_method(x: u8) -> u8 {
    Model::helper(x)
}

#[cached(depends(Model::LIMIT))] //~ put `#[tracked]` above
fn depends_on_associated_constant(x: u8) -> u8 {
    Model::LIMIT + x
}

// Not a mistake.
#[cached(depends(Model::KNOWN))]
fn depends_on_tracked_constant(x: u8) -> u8 {
    Model::KNOWN + x
}

#[cached(depends(Score::score))] //~ the code of a trait's method
fn depends_on_trait(x: u8) -> u8 {
    x
}

#[cached(depends(<Model as Score>::of))] //~ the code of a trait's method
fn depends_on_trait_of_type(x: u8) -> u8 {
    x
}

#[cached(depends(Model::score))] //~ the code of a trait's method
fn depends_on_method_of_trait(x: u8) -> u8 {
    Model.score(x)
}

#[cached(depends(ours))] //~ depends on `ours`, which depends on `depends_on_itself_by_others` again
fn depends_on_itself_by_others(x: u8) -> u8 {
    x
}

#[cached(depends(depends_on_itself_by_others))]
fn ours(x: u8) -> u8 {
    x
}

impl Score for Unknown {
    #[tracked]
    const LIMIT: u8 = 2; //~ of a trait

    #[tracked]
    fn score(&self, x: u8) -> u8 { //~ of a trait
        x
    }

    #[tracked]
    fn of(x: u8) -> u8 { //~ of a trait
        x
    }
}

fn main() {}
