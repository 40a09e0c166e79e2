//! The data: hours of weather and demand, and the table that the model is fitted on.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use joblib::prelude::*;
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

/// What was measured in an hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hour {
    pub at: NaiveDateTime,
    pub station: u32,
    pub celsius: f64,
    pub demand: Option<f64>,
}

/// The hours of a station, made of waves and some noise that is the same each time.
pub fn hours(station: u32, from: NaiveDate, days: u32) -> Vec<Hour> {
    let start = from.and_hms_opt(0, 0, 0).expect("midnight exists");
    (0..24 * days)
        .map(|hour| {
            let at = start + chrono::TimeDelta::hours(hour.into());
            let noise = f64::from((hour * 7919 + station * 104_729) % 1000) / 1000.0 - 0.5;
            let celsius = 10.0 + 8.0 * (f64::from(hour) / 24.0).sin() + 2.0 * noise;
            let heating = (18.0 - celsius).max(0.0);
            let demand = 40.0 + 2.0 * heating + working(at) * 12.0 + noise;
            Hour { at, station, celsius, demand: (hour % 97 != 0).then_some(demand) }
        })
        .collect()
}

fn working(at: NaiveDateTime) -> f64 {
    let weekday = at.weekday().number_from_monday() < 6;
    f64::from(u8::from(weekday && (8..18).contains(&at.hour())))
}

/// A row of features for each hour, and its demand; where that is missing, that of the hour before.
#[cached]
pub fn design(hours: &[Hour]) -> (Array2<f64>, Array1<f64>) {
    let mut x = Array2::zeros((hours.len(), 7));
    let mut y = Array1::zeros(hours.len());
    let mut last = 0.0;
    for (row, hour) in hours.iter().enumerate() {
        last = hour.demand.unwrap_or(last);
        y[row] = last;
        let of_day = f64::from(hour.at.hour()) / 24.0 * std::f64::consts::TAU;
        let features = [
            1.0,
            hour.celsius,
            (18.0 - hour.celsius).max(0.0),
            of_day.sin(),
            of_day.cos(),
            working(hour.at),
            f64::from(hour.station),
        ];
        x.row_mut(row).assign(&Array1::from_iter(features));
    }
    (x, y)
}

/// The table with columns of the same scale.
#[cached]
pub fn normalised(x: &Array2<f64>) -> Array2<f64> {
    let deviation = x.std_axis(Axis(0), 0.0).mapv(|scale| if scale > 0.0 { scale } else { 1.0 });
    x / &deviation
}
