//! The figures as a Markdown table: on the terminal, and as it stands in the docs.

use std::fmt::Write as _;

use crate::report::{Figure, Report, Spread};

const HEADER: &str = "\
| name | unit | ours | joblib | ratio | limit | share | bar |
|---|---|---:|---:|---:|---:|---:|---|
";

/// The whole table, with the count of bars met below it.
pub(crate) fn render(report: &Report) -> String {
    let mut text = HEADER.to_owned();
    for figure in &report.figures {
        let _ =
            writeln!(text, "| {} | {} | {} |", figure.name, figure.unit.name(), cells(figure).join(" | "));
    }
    if report.quick {
        text.push_str("\nQuick: less data and few samples, so that no bars are judged. Medians; ± is half the distance between the quartiles.\n");
        return text;
    }
    let bars = || report.figures.iter().flat_map(|figure| figure.bars.iter().map(|&bar| figure.meets(bar)));
    let met = bars().filter(|&met| met == Some(true)).count();
    let _ = writeln!(
        text,
        "\n{met} of {} bars met. Medians; ± is half the distance between the quartiles.",
        bars().count()
    );
    text
}

/// A row's cells in one line, for the person who waits.
pub(crate) fn line(figure: &Figure) -> String {
    let [ours, peer, ratio, limit, share, bar] = cells(figure);
    format!("{ours:>14} {peer:>14} {ratio:>8} {limit:>14} {share:>6} {bar} {}", figure.unit.name())
}

fn cells(figure: &Figure) -> [String; 6] {
    let dash = || "–".to_owned();
    let peer = figure.peer.map_or_else(dash, |peer| match figure.peer_name {
        Some(name) if name != "joblib" => format!("{} ({name})", spread(peer)),
        _ => spread(peer),
    });
    let bars: Vec<String> = figure
        .bars
        .iter()
        .map(|&bar| match figure.meets(bar) {
            Some(true) => format!("{bar} ✓"),
            Some(false) => format!("{bar} ✗"),
            None => format!("{bar} not measured"),
        })
        .collect();
    [
        spread(figure.ours),
        peer,
        figure.ratio().map_or_else(dash, number),
        figure.limit.map_or_else(dash, spread),
        figure.share().map_or_else(dash, |share| format!("{:.0} %", 100.0 * share)),
        bars.join(", "),
    ]
}

fn spread(spread: Spread) -> String {
    format!("{} ±{:.0}%", number(spread.median), 100.0 * spread.relative)
}

/// Three significant digits, without an exponent.
fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let whole_digits = value.abs().max(1e-6).log10().floor() as i32 + 1;
    let decimals = (3 - whole_digits).clamp(0, 6) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_keep_three_significant_digits() {
        assert_eq!(number(1234.4), "1234");
        assert_eq!(number(12.345), "12.3");
        assert_eq!(number(0.012_345), "0.0123");
        assert_eq!(number(0.0), "0");
    }
}
