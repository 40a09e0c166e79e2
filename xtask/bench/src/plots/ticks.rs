//! Where a logarithmic axis has its ticks: at the points, where there is room for all of them.

use std::ops::Range;

/// As many labels as an axis has room for.
const MOST: usize = 12;

/// The ticks of an axis over a range: the values of its points, if each has room for a label; else 1, 2 and 5 of each
/// decade, or 1 alone where there are many decades.
pub(super) fn ticks(values: impl Iterator<Item = f64>, range: &Range<f64>) -> Vec<f64> {
    let mut points: Vec<f64> = values.filter(|value| range.contains(value)).collect();
    points.sort_by(f64::total_cmp);
    points.dedup();
    // The smallest ratio of two values whose labels stand beside each other.
    let nearest = (range.end / range.start).powf(1.0 / MOST as f64);
    if points.windows(2).all(|pair| pair[1] / pair[0] >= nearest) {
        return points;
    }
    let decades = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
    let steps: &[f64] = if decades.clone().count() > MOST / 3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let all = decades.flat_map(|decade| steps.iter().map(move |step| step * 10.0_f64.powi(decade)));
    all.filter(|tick| range.contains(tick)).collect()
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn few_points_have_the_ticks_and_crowded_ones_leave_them_to_the_decades() {
        let sizes = [1.0, 4.0, 16.0, 64.0, 256.0];
        assert_eq!(ticks(sizes.into_iter().chain(sizes), &(0.6..560.0)), sizes);
        assert_eq!(ticks([3.0, 3.1, 40.0].into_iter(), &(2.0..80.0)), [2.0, 5.0, 10.0, 20.0, 50.0]);
        assert_eq!(ticks([0.1, 0.11, 1e5].into_iter(), &(0.05..2e5)), [0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5]);
    }
}
