//! Where the names of points go: beside them, where they cover neither another point nor another name.

/// A name's height in pixels.
const HEIGHT: i32 = 13;

/// The width of a character, about; sans-serif letters of that height are rarely wider.
const CHARACTER: i32 = 7;

/// How far a point reaches around its middle.
const POINT: i32 = 6;

/// A rectangle of pixels: left, top, right, bottom.
type Area = (i32, i32, i32, i32);

/// For each point at its pixels, the offset of its name's upper left corner. A name for which there is no free place gets
/// the first one, on the right.
pub(super) fn offsets(points: &[((i32, i32), &str)], page: (i32, i32)) -> Vec<(i32, i32)> {
    let mut taken: Vec<Area> =
        points.iter().map(|&((x, y), _)| (x - POINT, y - POINT, x + POINT, y + POINT)).collect();
    points
        .iter()
        .map(|&((x, y), name)| {
            let width = CHARACTER * name.chars().count() as i32;
            let (right, left, middle) = (POINT + 3, -width - POINT - 3, -width / 2);
            let (above, level, below) = (-HEIGHT - POINT - 1, -HEIGHT / 2, POINT + 1);
            let places = [
                (right, level),
                (left, level),
                (middle, above),
                (middle, below),
                (right, above),
                (right, below),
                (left, above),
                (left, below),
            ];
            let area = |(dx, dy)| (x + dx, y + dy, x + dx + width, y + dy + HEIGHT);
            let free = |&place: &(i32, i32)| {
                let area = area(place);
                let on_page = area.0 >= 0 && area.1 >= 0 && area.2 <= page.0 && area.3 <= page.1;
                on_page && !taken.iter().any(|&other| overlap(area, other))
            };
            let place = places.iter().copied().find(free).unwrap_or(places[0]);
            if width > 0 {
                taken.push(area(place));
            }
            place
        })
        .collect()
}

fn overlap(a: Area, b: Area) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

#[cfg(test)]
mod tests {
    use super::offsets;

    #[test]
    fn a_name_makes_way_for_a_point_and_stays_on_the_page() {
        let places = offsets(&[((50, 50), "zlib"), ((70, 50), "gzip"), ((190, 80), "xz")], (200, 100));
        assert_eq!(places[0].0, -37, "on the left, since gzip's point is on the right");
        assert_eq!(places[1].0, 9, "on the right");
        assert_eq!(places[2].0, -23, "on the left, since the page ends");
    }
}
