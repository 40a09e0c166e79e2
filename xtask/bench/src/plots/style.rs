//! How texts and points are drawn.

use plotters::prelude::*;

use super::colour;

/// A font of this many pixels.
pub(super) fn text(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&colour::INK)
}

/// How a point is drawn: a ring or a disc.
pub(super) fn point(colour: RGBColor, hollow: bool) -> ShapeStyle {
    if hollow { colour.stroke_width(2) } else { colour.filled() }
}
