//! From two tables to a matrix: the join by airport and hour, then one column for each feature.

use std::collections::HashMap;

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

use crate::tables::{Flights, MEASUREMENTS, Names, Weather};

/// Flights that arrived, each with the hour of weather that it was to leave in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Departures {
    /// Row of the flight in its table.
    pub(crate) flight: Array<u32>,
    /// Row of the hour in the table of weather.
    pub(crate) hour: Array<u32>,
}

/// Joins each flight with the weather at its airport in the hour of its scheduled departure. Flights that were
/// cancelled or diverted, and those of hours that the weather table lacks, are left out.
#[cached(mmap_mode = "r", verify_mapped)]
pub(crate) fn join(flights: &Flights, weather: &Weather) -> Departures {
    let hour_of = |i: usize| {
        let origin = &weather.origin.names[usize::from(weather.origin.index[[i]])];
        (origin.as_str(), weather.month[[i]], weather.day[[i]], weather.hour[[i]])
    };
    let hours: HashMap<_, usize> = (0..weather.hour.len()).map(|i| (hour_of(i), i)).collect();

    let (mut flight, mut rows) = (Vec::new(), Vec::new());
    for i in 0..flights.month.len() {
        let origin = &flights.origin.names[usize::from(flights.origin.index[[i]])];
        let hour = (flights.sched_dep_time[[i]] / 100) as u8;
        let key = (origin.as_str(), flights.month[[i]], flights.day[[i]], hour);
        let Some(&row) = hours.get(&key) else { continue };
        if flights.arr_delay[[i]].is_nan() || flights.dep_delay[[i]].is_nan() {
            continue;
        }
        flight.push(i as u32);
        rows.push(row as u32);
    }
    Departures { flight: flight.into(), hour: rows.into() }
}

/// The groups of features that the study chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Group {
    /// Season, hour, weekday, carrier, airport, distance: known months before.
    Schedule,
    /// The weather of the hour of departure.
    Weather,
    /// The delay at departure.
    Departure,
}

/// The study's data, ready for least squares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Matrix {
    /// Name and group of each column.
    pub(crate) columns: Vec<(String, Group)>,
    /// Shape (departures, columns); each column has mean 0 and standard deviation 1.
    pub(crate) x: Array<f32>,
    /// Arrival delay in minutes, shape (departures).
    pub(crate) y: Array<f64>,
    /// Of the columns and the target: a step that takes the matrix is looked up by it instead of hashing 50 MB again.
    pub(crate) digest: String,
}

/// Builds the feature matrix. Missing measurements are replaced by their column's mean.
#[cached(mmap_mode = "r", verify_mapped)]
pub(crate) fn features(flights: &Flights, weather: &Weather, departures: &Departures) -> Matrix {
    let rows: Vec<usize> = departures.flight.iter().map(|&i| i as usize).collect();
    let mut columns: Vec<(String, Group, Vec<f64>)> = Vec::new();
    let mut add = |name: String, group, values: Vec<f64>| columns.push((name, group, values));
    let turn = std::f64::consts::TAU;

    let day = |i: usize| day_of_year(flights.month[[i]], flights.day[[i]]);
    let hour = |i: usize| {
        let time = flights.sched_dep_time[[i]];
        f64::from(time / 100) + f64::from(time % 100) / 60.0
    };
    for harmonic in [1.0, 2.0] {
        let season = |i: usize| turn * harmonic * f64::from(day(i)) / 365.0;
        let time = |i: usize| turn * harmonic * hour(i) / 24.0;
        add(
            format!("season cos {harmonic}"),
            Group::Schedule,
            rows.iter().map(|&i| season(i).cos()).collect(),
        );
        add(
            format!("season sin {harmonic}"),
            Group::Schedule,
            rows.iter().map(|&i| season(i).sin()).collect(),
        );
        add(format!("hour cos {harmonic}"), Group::Schedule, rows.iter().map(|&i| time(i).cos()).collect());
        add(format!("hour sin {harmonic}"), Group::Schedule, rows.iter().map(|&i| time(i).sin()).collect());
    }
    // The first day of 2013 was a Tuesday; it is the weekday that the others are compared with.
    for (weekday, name) in ["Wed", "Thu", "Fri", "Sat", "Sun", "Mon"].into_iter().enumerate() {
        let is = |&i: &usize| f64::from(usize::from(day(i)) % 7 == weekday + 1);
        add(name.to_owned(), Group::Schedule, rows.iter().map(is).collect());
    }
    for names in [&flights.carrier, &flights.origin] {
        for (name, values) in one_hot(names, &rows) {
            add(name, Group::Schedule, values);
        }
    }
    let distance = rows.iter().map(|&i| f64::from(flights.distance[[i]])).collect();
    add("distance".to_owned(), Group::Schedule, distance);
    for (m, name) in MEASUREMENTS.into_iter().enumerate() {
        let values = departures.hour.iter().map(|&hour| weather.measured[[hour as usize, m]]).collect();
        add(name.to_owned(), Group::Weather, filled(values));
    }
    let delay = rows.iter().map(|&i| f64::from(flights.dep_delay[[i]])).collect();
    add("dep_delay".to_owned(), Group::Departure, delay);

    let width = columns.len();
    let mut x = Array::zeros(&[rows.len(), width]);
    let cells = x.make_mut();
    for (column, (_, _, values)) in columns.iter_mut().enumerate() {
        standardize(values);
        for (row, value) in values.iter().enumerate() {
            cells[row * width + column] = *value as f32;
        }
    }
    let y: Array<f64> = rows.iter().map(|&i| f64::from(flights.arr_delay[[i]])).collect();
    let digest = joblib::hash(&(&x, &y)).expect("arrays have content").to_string();
    Matrix { columns: columns.into_iter().map(|(name, group, _)| (name, group)).collect(), x, y, digest }
}

/// Days since the first of January of 2013.
fn day_of_year(month: u8, day: u8) -> u16 {
    const BEFORE: [u16; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    BEFORE[usize::from(month - 1) % 12] + u16::from(day) - 1
}

/// A column of zeros and ones for each name but the first, which the others are compared with.
fn one_hot<'a>(column: &'a Names, rows: &'a [usize]) -> impl Iterator<Item = (String, Vec<f64>)> + 'a {
    column.names.iter().enumerate().skip(1).map(|(name, text)| {
        let is = |&i: &usize| f64::from(usize::from(column.index[[i]]) == name);
        (text.clone(), rows.iter().map(is).collect())
    })
}

/// Missing values replaced by the mean of the others.
fn filled(mut values: Vec<f64>) -> Vec<f64> {
    let (sum, count) = values
        .iter()
        .filter(|value| !value.is_nan())
        .fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    let mean = sum / f64::from(count.max(1));
    for value in values.iter_mut().filter(|value| value.is_nan()) {
        *value = mean;
    }
    values
}

/// Shifts and scales to mean 0 and (population) standard deviation 1. A constant column becomes zeros.
fn standardize(values: &mut [f64]) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    for value in values {
        *value = if deviation > 0.0 { (*value - mean) / deviation } else { 0.0 };
    }
}
