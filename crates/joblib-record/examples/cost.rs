//! What a record of a hit costs: `cargo run --release -p joblib-record --example cost`.
#![allow(clippy::print_stdout, reason = "an example prints")]

use std::time::Instant;

use joblib_record::{Argument, Begin, Hit, Recorder, enter};

fn main() -> std::io::Result<()> {
    const HITS: u32 = 50_000;
    let folder = tempfile::tempdir()?;
    let recorder = Recorder::begin_run(folder.path())?;
    let step = recorder.begin(&Begin { name: "study::fit".into(), ..Begin::call() });
    let _entered = enter(step.position());
    let mut rounds: Vec<u128> = (0..9)
        .map(|_| {
            let since = Instant::now();
            for took in 0..HITS {
                let argument = Argument { name: "x".into(), text: Some("float64[1000, 20]".into()) };
                recorder.hit(Hit {
                    name: "study::score".into(),
                    took: u64::from(took),
                    arguments: vec![argument],
                    ..Hit::default()
                });
            }
            since.elapsed().as_nanos() / u128::from(HITS)
        })
        .collect();
    rounds.sort_unstable();
    println!("{} ns a hit (median of {} rounds; {} to {})", rounds[4], rounds.len(), rounds[0], rounds[8]);
    Ok(())
}
