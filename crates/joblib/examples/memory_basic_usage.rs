//! Basic use of `Memory`: with functions, with methods, and looking at what is there.
//!
//! ```sh
//! cargo run -p joblib --example memory_basic_usage
//! ```

use joblib::prelude::*;
use serde::Serialize;

/// Stands for a computation that takes long.
#[cached]
fn transform(data: &Array<f64>, power: i32) -> Array<f64> {
    println!("  … transforming to the power of {power}");
    data.iter().map(|x| x.powi(power)).collect()
}

#[derive(Serialize)]
struct Scaler {
    factor: f64,
}

impl Scaler {
    /// A method says whether its object counts as an argument: here it does, by its content.
    #[cached(self = "hash")]
    fn apply(&self, data: &Array<f64>) -> Array<f64> {
        println!("  … scaling by {}", self.factor);
        data.iter().map(|x| self.factor * x).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    Memory::new(folder.path().join("cache"))?.install()?;
    let data = Array::from_fn(&[1000], |at| at[0] as f64);

    println!("The first call computes:");
    let squares = transform(&data, 2);
    println!("The second one reads:");
    assert_eq!(transform(&data, 2), squares);
    println!("Equal content is the same argument, wherever it lies:");
    assert_eq!(transform(&Array::from_fn(&[1000], |at| at[0] as f64), 2), squares);
    println!("Another argument is another call:");
    transform(&data, 3);

    println!("A method, on three objects, two of them equal:");
    for factor in [2.0, 2.0, 0.5] {
        Scaler { factor }.apply(&data);
    }

    println!(
        "Is it in the cache? power 2: {}, power 9: {}",
        transform::check_call_in_cache(&data, 2),
        transform::check_call_in_cache(&data, 9)
    );

    // A reference to a result: small, and read when it is needed, here or in another process.
    let reference = transform::call_and_shelve(&data, 2);
    println!("By reference: {} numbers", reference.get()?.len());

    transform::clear()?;
    println!("Cleared, it computes again:");
    transform(&data, 2);
    Ok(())
}
