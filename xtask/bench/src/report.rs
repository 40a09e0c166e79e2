//! The figures of a run, and the file they are written to.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::Result;
use crate::row::{Bar, Unit, more_is_better};

/// The median of samples and how far they spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// Half the distance between the quartiles, as a share of the median.
    pub(crate) relative: f64,
}

impl Spread {
    /// Of samples in any order; `None` of no samples.
    pub(crate) fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let last = samples.len().checked_sub(1)?;
        let quantile = |q: f64| {
            let position = q * last as f64;
            let below = samples[position.floor() as usize];
            below + (samples[position.ceil() as usize] - below) * position.fract()
        };
        let median = quantile(0.5);
        let half = (quantile(0.75) - quantile(0.25)) / 2.0;
        Some(Self { median, relative: if half == 0.0 { 0.0 } else { half / median } })
    }
}

/// A measured row.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) peer_name: Option<&'static str>,
    pub(crate) ours: Spread,
    pub(crate) peer: Option<Spread>,
    pub(crate) limit: Option<Spread>,
    pub(crate) bars: Vec<Bar>,
}

impl Figure {
    /// Ours divided by the peer's, of the medians; `None` of a peer that takes nothing.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.peer.map(|peer| self.ours.median / peer.median).filter(|ratio| ratio.is_finite())
    }

    /// How much of what is possible is reached: 1 is the limit itself.
    pub(crate) fn share(&self) -> Option<f64> {
        let limit = self.limit?.median;
        let rate = more_is_better(self.unit.name());
        Some(if rate { self.ours.median / limit } else { limit / self.ours.median })
    }

    /// Whether a bar is met; `None` where what it speaks of was not measured.
    pub(crate) fn meets(&self, bar: Bar) -> Option<bool> {
        match bar {
            Bar::AtLeast(ratio) => self.ratio().map(|r| r >= ratio),
            Bar::AtMost(ratio) => self.ratio().map(|r| r <= ratio),
            Bar::OfLimit(multiple) => self.share().map(|share| share * multiple >= 1.0),
            Bar::Under(most) => Some(self.ours.median <= most),
        }
    }

    fn json(&self) -> Value {
        let median = |side: Option<Spread>| side.map(|spread| spread.median);
        let spread = |side: Option<Spread>| side.map(|spread| spread.relative);
        let bars: Vec<_> =
            self.bars.iter().map(|&bar| json!({ "bar": bar.to_string(), "met": self.meets(bar) })).collect();
        json!({
            "ours": self.ours.median,
            "peer": median(self.peer),
            "ratio": self.ratio(),
            "unit": self.unit.name(),
            "limit": median(self.limit),
            "share": self.share(),
            "peer_name": self.peer_name,
            "spread": { "ours": self.ours.relative, "peer": spread(self.peer), "limit": spread(self.limit) },
            "bars": bars,
        })
    }
}

impl std::fmt::Display for Bar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            // A bar that is one over a whole number reads best so.
            Self::AtMost(ratio) if ratio < 1.0 && (1.0 / ratio - (1.0 / ratio).round()).abs() < 1e-9 => {
                write!(f, "≤ 1/{}", (1.0 / ratio).round())
            }
            Self::AtMost(ratio) => write!(f, "≤ {ratio:.2}"),
            Self::AtLeast(ratio) => write!(f, "≥ {ratio}"),
            Self::OfLimit(multiple) => write!(f, "{multiple} × limit"),
            Self::Under(most) => write!(f, "ours ≤ {most}"),
        }
    }
}

/// All figures of a run.
pub(crate) struct Report {
    pub(crate) versions: Value,
    /// Whether it was only a look: see [`Scale`](crate::scale::Scale).
    pub(crate) quick: bool,
    pub(crate) figures: Vec<Figure>,
    /// Rows that could not be measured, with the reason.
    pub(crate) failures: Vec<String>,
}

impl Report {
    pub(crate) fn new(versions: Value, quick: bool) -> Self {
        Self { versions, quick, figures: Vec::new(), failures: Vec::new() }
    }

    /// The figures by name, as they stand in the file.
    pub(crate) fn results(&self) -> Map<String, Value> {
        self.figures.iter().map(|figure| (figure.name.clone(), figure.json())).collect()
    }

    /// Writes `{"versions": …, "quick": …, "results": {name: {…}}}`.
    pub(crate) fn write(&self, file: &Path) -> Result {
        let whole = json!({
            "versions": self.versions,
            "quick": self.quick,
            "results": self.results(),
            "failures": self.failures,
        });
        let mut text = serde_json::to_string_pretty(&whole)?;
        text.push('\n');
        fs::write(file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
        Ok(())
    }
}

/// What was read from a file of `--json`.
pub(crate) struct Written {
    pub(crate) quick: bool,
    pub(crate) results: Map<String, Value>,
}

/// Reads what [`Report::write`] wrote.
pub(crate) fn read(file: &Path) -> Result<Written> {
    let text = fs::read_to_string(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
    let whole: Value = serde_json::from_str(&text)
        .map_err(|e| format!("{} is not a file of --json: {e}", file.display()))?;
    match whole.get("results") {
        Some(Value::Object(results)) => {
            Ok(Written { quick: whole["quick"] == Value::Bool(true), results: results.clone() })
        }
        _ => Err(format!("{} has no \"results\": not a file of --json", file.display()).into()),
    }
}

/// Looks up figures of results by name.
pub(crate) struct Figures<'r>(pub(crate) &'r Map<String, Value>);

impl<'r> Figures<'r> {
    pub(crate) fn ours(&self, name: &str) -> Option<f64> {
        self.0.get(name)?["ours"].as_f64()
    }

    pub(crate) fn peer(&self, name: &str) -> Option<f64> {
        self.0.get(name)?["peer"].as_f64()
    }

    pub(crate) fn limit(&self, name: &str) -> Option<f64> {
        self.0.get(name)?["limit"].as_f64()
    }

    /// The rows `prefix.SIZE`, with their sizes.
    pub(crate) fn sizes(&self, prefix: &str) -> impl Iterator<Item = (u64, &'r str)> {
        self.0.keys().filter_map(move |name| {
            let size = name.strip_prefix(prefix)?.strip_prefix('.')?;
            Some((size.parse().ok()?, name.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_quartiles_interpolate() {
        let spread = Spread::of(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        assert!((spread.median - 2.5).abs() < 1e-12);
        assert!((spread.relative - 0.3).abs() < 1e-12);
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn a_bar_of_one_over_a_whole_number_reads_as_a_fraction() {
        assert_eq!(Bar::AtMost(1.0 / 3.0).to_string(), "≤ 1/3");
        assert_eq!(Bar::AtMost(0.75).to_string(), "≤ 0.75");
        assert_eq!(Bar::AtLeast(2.2).to_string(), "≥ 2.2");
    }
}
