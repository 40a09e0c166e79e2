//! A library that caches where its user says, and leaves the default `Memory` to the program.

use joblib::prelude::*;

/// Readings of stations, whose means are kept.
#[derive(Debug)]
pub struct Weather {
    memory: Memory,
    offset: f64,
}

impl Weather {
    /// Keeps results in this memory; in `Memory::none()`, none.
    pub fn new(memory: Memory, offset: f64) -> Self {
        Self { memory, offset }
    }

    /// The mean of a station's readings, in degrees.
    #[cached(key = (&readings, self.offset), memory = self.memory)]
    pub fn mean(&self, readings: &[f64]) -> f64 {
        readings.iter().sum::<f64>() / readings.len() as f64 + self.offset
    }

    /// Readings that are further from the mean than this.
    pub fn outliers(&self, readings: &[f64], distance: f64) -> Vec<f64> {
        outliers(&self.memory, readings, self.mean(readings), distance)
    }
}

#[cached(ignore = "memory", memory = memory)]
fn outliers(memory: &Memory, readings: &[f64], mean: f64, distance: f64) -> Vec<f64> {
    readings.iter().copied().filter(|reading| (reading - mean).abs() > distance).collect()
}
