//! The grid search: every set of features with every penalty, cross-validated, in parallel.

use joblib::prelude::*;
use serde::{Deserialize, Serialize};

use crate::features::Group;
use crate::ridge::{self, Moments, Score};

/// A choice of features, by their groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FeatureSet {
    pub(crate) name: &'static str,
    pub(crate) groups: &'static [Group],
}

/// The choices that are compared.
pub(crate) const FEATURE_SETS: [FeatureSet; 4] = [
    FeatureSet { name: "schedule", groups: &[Group::Schedule] },
    FeatureSet { name: "schedule + weather", groups: &[Group::Schedule, Group::Weather] },
    FeatureSet { name: "schedule + departure", groups: &[Group::Schedule, Group::Departure] },
    FeatureSet {
        name: "schedule + weather + departure",
        groups: &[Group::Schedule, Group::Weather, Group::Departure],
    },
];

/// The penalties that are compared.
pub(crate) const PENALTIES: [f64; 6] = [0.1, 10.0, 1e3, 1e4, 1e5, 1e6];

/// A line of the table of scores: means over the folds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) features: String,
    pub(crate) penalty: f64,
    pub(crate) rmse: f64,
    pub(crate) r2: f64,
}

/// The columns that belong to a set's groups.
pub(crate) fn columns_of(set: &FeatureSet, columns: &[(String, Group)]) -> Vec<usize> {
    (0..columns.len()).filter(|&i| set.groups.contains(&columns[i].1)).collect()
}

/// The scores of a grid point: for each fold, that of the model fitted to the other folds. The folds run in parallel.
#[cached]
fn cross_validate(
    folds: &[Moments],
    trains: &[Moments],
    columns: &[usize],
    penalty: f64,
) -> joblib::Result<Vec<Score>> {
    let tasks = folds
        .iter()
        .zip(trains)
        .map(|(fold, train)| move || Ok(ridge::score(&ridge::fit::uncached(train, columns, penalty)?, fold)));
    let scores: Vec<Result<Score, String>> = Parallel::new().require(SharedMem).run(tasks)?;
    scores.into_iter().collect::<Result<_, _>>().map_err(joblib::Error::other)
}

/// The table of scores, and which line of it is best: the one with the least error.
pub(crate) fn grid_search(
    columns: &[(String, Group)],
    folds: &[Moments],
) -> joblib::Result<(Vec<Line>, usize)> {
    let all = Moments::total(folds);
    let trains: Vec<Moments> = folds.iter().map(|fold| all.without(fold)).collect();
    let sets = FEATURE_SETS.map(|set| columns_of(&set, columns));
    let grid: Vec<(usize, f64)> =
        (0..sets.len()).flat_map(|set| PENALTIES.map(|penalty| (set, penalty))).collect();

    let (sets, trains) = (&sets, &trains);
    let tasks = grid.iter().map(|&(set, penalty)| move || cross_validate(folds, trains, &sets[set], penalty));
    let scores = Parallel::new().progress("cross-validation").require(SharedMem).run(tasks)?;
    let scores = scores.into_iter().collect::<joblib::Result<Vec<Vec<Score>>>>()?;

    let lines: Vec<Line> = grid
        .iter()
        .zip(&scores)
        .map(|(&(set, penalty), scores)| {
            let mean = |value: fn(&Score) -> f64| scores.iter().map(value).sum::<f64>() / scores.len() as f64;
            let features = FEATURE_SETS[set].name.to_owned();
            Line { features, penalty, rmse: mean(|score| score.rmse), r2: mean(|score| score.r2) }
        })
        .collect();
    let best = (0..lines.len()).min_by(|&a, &b| lines[a].rmse.total_cmp(&lines[b].rmse)).unwrap_or(0);
    Ok((lines, best))
}
