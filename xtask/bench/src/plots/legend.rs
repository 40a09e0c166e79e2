//! The legend of a picture: above its plot, where it covers no point.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::radius;
use super::style::{point, text};
use crate::Result;

/// What a colour and a form stand for.
pub(super) struct Entry<'a> {
    pub(super) label: &'a str,
    pub(super) colour: RGBColor,
    pub(super) hollow: bool,
}

/// The width of a character of a label, about.
const CHARACTER: i32 = 8;

/// The height of a line.
const LINE: i32 = 20;

/// Where the first line begins: below the title.
const TOP: i32 = 44;

/// Draws a legend of as many columns as fit, and gives the height that it takes below the page's edge.
pub(super) fn draw<'a>(
    page: &DrawingArea<SVGBackend<'_>, Shift>,
    entries: impl Iterator<Item = Entry<'a>>,
) -> Result<i32> {
    let entries: Vec<_> = entries.collect();
    let longest = entries.iter().map(|entry| entry.label.chars().count()).max().unwrap_or(0);
    let column = CHARACTER * i32::try_from(longest)? + 40;
    let left = 76;
    let fit = ((i32::try_from(page.dim_in_pixel().0)? - left) / column).max(1);
    // Both sides of a curve stand on one line.
    let columns = if fit > 1 && entries.len() > fit as usize { fit / 2 * 2 } else { fit };
    for (at, entry) in (0..).zip(&entries) {
        let (x, y) = (left + at % columns * column, TOP + at / columns * LINE);
        page.draw(&Circle::new((x, y), radius::ALONE, point(entry.colour, entry.hollow)))?;
        page.draw(&Text::new(entry.label.to_owned(), (x + 14, y - 7), text(13)))?;
    }
    let lines = (i32::try_from(entries.len())? + columns - 1) / columns;
    Ok(TOP - LINE / 2 + lines * LINE)
}
