//! How large a point is drawn: one that would cover an earlier one, or be covered by it, is drawn around it.

/// Of a point that stands alone, in pixels.
pub(super) const ALONE: i32 = 5;

/// Between a point and the one that is drawn around it.
const STEP: i32 = 4;

/// Centres that are nearer than this are taken for one place.
const NEAR: i32 = 6;

/// The radius of each point, in the order in which they are drawn.
pub(super) fn radii(points: &[(i32, i32)]) -> Vec<i32> {
    let near = |a: (i32, i32), b: (i32, i32)| (a.0 - b.0).pow(2) + (a.1 - b.1).pow(2) < NEAR.pow(2);
    let radius = |(index, &point): (usize, &(i32, i32))| {
        let earlier = points[..index].iter().filter(|&&other| near(point, other)).count();
        ALONE + STEP * i32::try_from(earlier).unwrap_or(i32::MAX / STEP)
    };
    points.iter().enumerate().map(radius).collect()
}

#[cfg(test)]
mod tests {
    use super::radii;

    #[test]
    fn points_at_one_place_are_drawn_around_each_other() {
        assert_eq!(radii(&[(10, 10), (12, 10), (40, 10), (10, 11)]), [5, 9, 5, 13]);
    }
}
