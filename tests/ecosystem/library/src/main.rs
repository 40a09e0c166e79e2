//! A program with a library that caches for itself: each has a memory of its own.

use joblib::prelude::*;
use weather::Weather;

#[cached]
fn readings(station: u32) -> Vec<f64> {
    (0..100).map(|hour| f64::from((station + hour) % 24)).collect()
}

fn main() -> joblib::Result<()> {
    let again = std::env::args().nth(1).as_deref() == Some("again");
    Memory::new("cache")?.install()?;
    let cached = Memory::new("weather-cache")?;
    let weather = Weather::new(cached.clone(), 0.5);
    let readings_7 = readings(7);
    let mean = weather.mean(&readings_7);
    assert_eq!(
        weather.outliers(&readings_7, 11.0),
        Weather::new(Memory::none(), 0.5).outliers(&readings_7, 11.0)
    );
    assert_eq!(cached.stats().hits, if again { 3 } else { 1 }, "the mean is asked for twice");
    assert_eq!(readings::stats().hits, u64::from(again));
    assert_ne!(Weather::new(cached, 1.5).mean(&readings_7), mean);
    Ok(())
}
