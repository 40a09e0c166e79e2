//! Operators, indices, conversions, the end of values, and what stands behind `?`, `for` and `==`.

use std::ops::{Add, AddAssign, Deref, Index, Mul, Neg, Not};

#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Meters(f64);

impl Add for Meters {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(rounded(self.0 + other.0))
    }
}

impl Mul<f64> for Meters {
    type Output = Self;

    fn mul(self, by: f64) -> Self {
        Self(self.0 * by)
    }
}

impl Neg for Meters {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign<f64> for Meters {
    fn add_assign(&mut self, other: f64) {
        self.0 = rounded(self.0 + other);
    }
}

fn rounded(x: f64) -> f64 {
    x.round()
}

struct Track {
    points: Vec<Meters>,
}

impl Index<usize> for Track {
    type Output = Meters;

    fn index(&self, at: usize) -> &Meters {
        &self.points[wrapped(at, self.points.len())]
    }
}

fn wrapped(at: usize, len: usize) -> usize {
    at % len
}

impl Deref for Track {
    type Target = [Meters];

    fn deref(&self) -> &[Meters] {
        &self.points
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        forget(&mut self.points);
    }
}

fn forget(points: &mut Vec<Meters>) {
    points.clear();
}

impl IntoIterator for &Track {
    type Item = Meters;
    type IntoIter = Steps;

    fn into_iter(self) -> Steps {
        Steps { left: self.len(), at: self[0] }
    }
}

struct Steps {
    left: usize,
    at: Meters,
}

impl Iterator for Steps {
    type Item = Meters;

    fn next(&mut self) -> Option<Meters> {
        self.left = self.left.checked_sub(1)?;
        self.at += 1.0;
        Some(self.at)
    }
}

struct Short(usize);

impl From<Short> for String {
    fn from(short: Short) -> Self {
        told(short.0)
    }
}

fn told(length: usize) -> String {
    format!("only {length}")
}

fn checked(track: &Track) -> Result<usize, Short> {
    if track.len() < 2 { Err(Short(track.len())) } else { Ok(track.len()) }
}

pub fn walked(points: &[f64]) -> Result<f64, String> {
    let track = Track { points: points.iter().map(|x| Meters(*x)).collect() };
    let length = checked(&track)?;
    let mut sum = Meters(0.0);
    for step in &track {
        sum = sum + -step * 2.0;
    }
    Ok(if sum == track[length] { sum.0 } else { 0.0 })
}

#[derive(Clone)]
struct Switch(bool);

impl Not for Switch {
    type Output = bool;

    fn not(self) -> bool {
        !self.0
    }
}

pub fn switched(x: bool) -> bool {
    !Switch(x).clone()
}
