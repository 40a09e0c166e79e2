//! A chart with logarithmic axes: series of points, joined or not, each point with a name or none; and one whose rows have names
//! in place of an axis.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use super::legend::{self, Entry};
use super::style::{point, text};
use super::{colour, labels, radius, ticks};
use crate::Result;

/// Points of one kind.
pub(super) struct Series {
    pub(super) label: String,
    pub(super) colour: RGBColor,
    /// Joined by a line; else each stands for itself.
    pub(super) joined: bool,
    /// Hollow points are the peer's, so that colour is not all that tells them apart.
    pub(super) hollow: bool,
    /// One that takes nothing has no place on a logarithmic axis, and stands on its edge.
    pub(super) points: Vec<(f64, f64, String)>,
}

/// Width and height of a picture in pixels.
const PAGE: (u32, u32) = (800, 500);

/// A point of a radius: a disc only where it covers no other.
fn sized(colour: RGBColor, hollow: bool, radius: i32) -> Circle<(i32, i32), i32> {
    Circle::new((0, 0), radius, point(colour, hollow || radius > radius::ALONE))
}

/// The chart around them.
pub(super) struct Chart {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) series: Vec<Series>,
}

impl Chart {
    /// Draws the chart; one without a point is not drawn, and that is told.
    pub(super) fn draw(&self, file: &Path) -> Result {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let (Some(x), Some(y)) = (range(points().map(|p| p.0)), range(points().map(|p| p.1))) else {
            eprintln!("{} is not drawn: its rows were not measured", file.display());
            return Ok(());
        };
        let page = SVGBackend::new(file, PAGE).into_drawing_area();
        page.titled(self.title, text(18))?;
        let entries = self.series.iter().map(|series| Entry {
            label: &series.label,
            colour: series.colour,
            hollow: series.hollow,
        });
        let (_, plot) = page.split_vertically(legend::draw(&page, entries)?);
        let x_ticks = ticks::ticks(points().map(|p| p.0), &x);
        let y_ticks = ticks::ticks(points().map(|p| p.1), &y);
        // What takes nothing stands on the lower edge.
        let lowest = y.start;
        let place = |&(x, y, ref name): &(f64, f64, String)| {
            if y > 0.0 { (x, y, name.clone()) } else { (x, lowest, "0".to_owned()) }
        };
        let mut chart = ChartBuilder::on(&plot)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(64)
            .build_cartesian_2d(
                x.log_scale().with_key_points(x_ticks),
                y.log_scale().with_key_points(y_ticks),
            )?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .axis_style(colour::INK)
            .bold_line_style(colour::GRID.mix(0.35))
            .light_line_style(TRANSPARENT)
            .label_style(text(13))
            .axis_desc_style(text(14))
            .x_label_formatter(&|x| tick(*x))
            .y_label_formatter(&|y| tick(*y))
            .draw()?;
        let placed: Vec<Vec<_>> =
            self.series.iter().map(|series| series.points.iter().map(place).collect()).collect();
        let pixels: Vec<_> =
            placed.iter().flatten().map(|(x, y, _)| chart.backend_coord(&(*x, *y))).collect();
        let names = placed.iter().flatten().map(|(_, _, name)| name.as_str());
        let named: Vec<_> = pixels.iter().copied().zip(names).collect();
        let offsets = labels::offsets(&named, (PAGE.0 as i32, PAGE.1 as i32));
        let mut drawn = offsets.into_iter().zip(radius::radii(&pixels));
        for (series, points) in self.series.iter().zip(&placed) {
            let (ink, hollow) = (series.colour, series.hollow);
            if series.joined {
                let line = points.iter().map(|&(x, y, _)| (x, y));
                chart.draw_series(LineSeries::new(line, ink.stroke_width(2)))?;
            }
            chart.draw_series(points.iter().zip(&mut drawn).map(|((x, y, name), (offset, radius))| {
                EmptyElement::at((*x, *y))
                    + sized(ink, hollow, radius)
                    + Text::new(name.clone(), offset, ("sans-serif", 13).into_font().color(&ink))
            }))?;
        }
        page.present()?;
        Ok(())
    }
}

/// One series of a [`Rows`]: a point for each row, where it was measured.
pub(super) struct Side {
    pub(super) label: &'static str,
    pub(super) colour: RGBColor,
    pub(super) hollow: bool,
    pub(super) values: Vec<Option<f64>>,
}

/// Rows with names, and the points of each side on them.
pub(super) struct Rows {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) names: Vec<String>,
    pub(super) sides: Vec<Side>,
}

impl Rows {
    /// Draws the chart, the first row on top; one without a point is not drawn, and that is told.
    pub(super) fn draw(&self, file: &Path) -> Result {
        let values = || self.sides.iter().flat_map(|side| side.values.iter().flatten().copied());
        let Some(x) = range(values()) else {
            eprintln!("{} is not drawn: its rows were not measured", file.display());
            return Ok(());
        };
        let rows = self.names.len();
        let page = SVGBackend::new(file, (PAGE.0, 120 + 48 * rows as u32)).into_drawing_area();
        page.titled(self.title, text(18))?;
        let entries = self.sides.iter().map(|side| Entry {
            label: side.label,
            colour: side.colour,
            hollow: side.hollow,
        });
        let (_, plot) = page.split_vertically(legend::draw(&page, entries)?);
        let x_ticks = ticks::ticks(values(), &x);
        let mut chart = ChartBuilder::on(&plot)
            .margin(12)
            .x_label_area_size(44)
            .y_label_area_size(220)
            .build_cartesian_2d(x.log_scale().with_key_points(x_ticks), 0.0..rows as f64)?;
        chart
            .configure_mesh()
            .x_desc(self.x)
            .axis_style(colour::INK)
            .bold_line_style(colour::GRID.mix(0.35))
            .light_line_style(TRANSPARENT)
            .disable_y_mesh()
            .y_label_formatter(&|_| String::new())
            .label_style(text(13))
            .axis_desc_style(text(14))
            .x_label_formatter(&|x| tick(*x))
            .draw()?;
        // The upper row is the first: heights grow upwards.
        let height = |row: usize| rows as f64 - row as f64 - 0.5;
        for (row, name) in self.names.iter().enumerate() {
            let (_, y) = chart.backend_coord(&(1.0, height(row)));
            page.draw(&Text::new(name.clone(), (20, y - 7), text(13)))?;
        }
        let placed: Vec<Vec<_>> = self
            .sides
            .iter()
            .map(|side| {
                side.values.iter().enumerate().filter_map(|(row, x)| Some(((*x)?, height(row)))).collect()
            })
            .collect();
        let pixels: Vec<_> = placed.iter().flatten().map(|place| chart.backend_coord(place)).collect();
        let mut radii = radius::radii(&pixels).into_iter();
        for (side, points) in self.sides.iter().zip(&placed) {
            let (ink, hollow) = (side.colour, side.hollow);
            chart.draw_series(
                points
                    .iter()
                    .zip(&mut radii)
                    .map(|(place, radius)| EmptyElement::at(*place) + sized(ink, hollow, radius)),
            )?;
        }
        page.present()?;
        Ok(())
    }
}

/// The range that holds all values, with room at both ends; `None` without a positive value.
fn range(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (low, high) = values
        .filter(|value| *value > 0.0)
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    (high > 0.0).then_some(low / 1.6..high * 2.2)
}

/// A number at a tick: no needless digits.
fn tick(value: f64) -> String {
    match value {
        1000.0.. => format!("{value:.0}"),
        1.0.. => format!("{}", (value * 10.0).round() / 10.0),
        _ => format!("{}", (value * 1e6).round() / 1e6),
    }
}
