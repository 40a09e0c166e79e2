//! Colours that can be read on white and on a dark page: the pictures have no background of their own.

use plotters::style::RGBColor;

/// Text, axes and the limit.
pub(super) const INK: RGBColor = RGBColor(0x7d, 0x85, 0x90);
/// Lines of the grid; they may fade.
pub(super) const GRID: RGBColor = RGBColor(0xa0, 0xa6, 0xae);
/// This project.
pub(super) const OURS: RGBColor = RGBColor(0x2f, 0x81, 0xf7);
/// Python's joblib.
pub(super) const JOBLIB: RGBColor = RGBColor(0xd9, 0x73, 0x0d);
/// Further series of ours and of joblib's, in this order.
pub(super) const SERIES: [RGBColor; 3] = [OURS, RGBColor(0x2d, 0xa4, 0x4e), RGBColor(0xa3, 0x71, 0xf7)];

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast of two colours by WCAG 2: from 1, the same, to 21, black on white.
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let luminance = |RGBColor(r, g, b): RGBColor| {
            let linear = |c: u8| {
                let c = f64::from(c) / 255.0;
                if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn what_must_be_read_stands_out_from_white_and_from_a_dark_page() {
        for colour in [INK, OURS, JOBLIB].into_iter().chain(SERIES) {
            for page in [RGBColor(255, 255, 255), RGBColor(0x0d, 0x11, 0x17)] {
                assert!(contrast(colour, page) >= 3.0, "{colour:?} on {page:?}: {}", contrast(colour, page));
            }
        }
    }
}
