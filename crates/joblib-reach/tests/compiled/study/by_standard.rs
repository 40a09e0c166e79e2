//! What the standard library calls: it sorts, formats, parses, hashes, collects and reads by traits of this package's types.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Display, Write as _};
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::iter::Sum;
use std::str::FromStr;

#[derive(Debug, Clone)]
struct Name(String);

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        folded(&self.0).cmp(&folded(&other.0))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Name {}

fn folded(text: &str) -> String {
    text.to_lowercase()
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        folded(&self.0).hash(state);
        salted(state);
    }
}

fn salted<H: Hasher>(state: &mut H) {
    state.write_u8(7);
}

pub fn sorted(mut names: Vec<String>) -> Vec<String> {
    let mut own: Vec<Name> = names.drain(..).map(Name).collect();
    own.sort();
    own.into_iter().map(|name| name.0).collect()
}

pub fn distinct(names: &[String]) -> usize {
    let set: HashSet<Name> = names.iter().cloned().map(Name).collect();
    set.len()
}

struct Angle(f64);

impl Display for Angle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}°", turned(self.0))
    }
}

fn turned(x: f64) -> f64 {
    x % 360.0
}

impl FromStr for Angle {
    type Err = Bad;

    fn from_str(text: &str) -> Result<Self, Bad> {
        text.parse().map(Self).map_err(|_| Bad(text.len()))
    }
}

#[derive(Debug)]
struct Bad(usize);

impl Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&"?".repeat(counted(self.0)))
    }
}

impl std::error::Error for Bad {}

fn counted(n: usize) -> usize {
    n + 1
}

pub fn told(text: &str) -> String {
    text.parse::<Angle>().map_or_else(|bad| bad.to_string(), |angle| format!("{angle:>8}"))
}

pub fn boxed(text: &str) -> Result<f64, Box<dyn std::error::Error>> {
    Ok(text.parse::<Angle>()?.0)
}

struct Total(f64);

impl Sum<f64> for Total {
    fn sum<I: Iterator<Item = f64>>(of: I) -> Self {
        Self(of.fold(start(), |sum, x| sum + x))
    }
}

fn start() -> f64 {
    0.125
}

impl FromIterator<Total> for Total {
    fn from_iter<I: IntoIterator<Item = Total>>(of: I) -> Self {
        Self(of.into_iter().map(|total| weighed(total.0)).sum())
    }
}

fn weighed(x: f64) -> f64 {
    x * 1.5
}

pub fn summed(x: &[f64]) -> f64 {
    let one: Total = x.iter().copied().sum();
    let all: Total = [one].into_iter().collect();
    all.0
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key(String);

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        bare(&self.0)
    }
}

fn bare(text: &str) -> &str {
    text.trim()
}

pub fn looked_up(key: &str) -> Option<u8> {
    BTreeMap::from([(Key("a".to_owned()), 1)]).get(key).copied()
}

struct Zeros(usize);

impl Read for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.min(buffer.len());
        buffer[..count].fill(filler());
        self.0 -= count;
        Ok(count)
    }
}

fn filler() -> u8 {
    0
}

pub fn read() -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    Zeros(10).read_to_end(&mut all)?;
    Ok(all)
}

struct Quoted(String);

impl fmt::Write for Quoted {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(escaped(text));
        Ok(())
    }
}

fn escaped(text: &str) -> &str {
    text.trim_matches('"')
}

pub fn quoted(x: f64) -> String {
    let mut out = Quoted(String::new());
    let _ = write!(out, "{x}");
    out.0
}
