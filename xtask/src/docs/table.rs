//! The tables of a Markdown document, as far as the checks need them.

/// A row of a table: its line number, the heading it stands under and its cells.
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) heading: String,
    pub(crate) cells: Vec<String>,
}

/// The rows of all tables, without their headers.
pub(crate) fn rows(document: &str) -> Vec<Row> {
    let mut heading = String::new();
    let mut in_body = false;
    let mut rows = Vec::new();
    for (number, line) in document.lines().enumerate() {
        if let Some(title) = line.strip_prefix('#') {
            title.trim_start_matches('#').trim().clone_into(&mut heading);
        }
        let Some(inner) = line.strip_prefix('|') else {
            in_body = false;
            continue;
        };
        if inner.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ')) {
            in_body = true;
        } else if in_body {
            rows.push(Row { line: number + 1, heading: heading.clone(), cells: cells(inner) });
        }
    }
    rows
}

/// The cells between unescaped bars.
fn cells(line: &str) -> Vec<String> {
    let escaped = line.replace("\\|", "\u{0}");
    let line = escaped.trim_end().trim_end_matches('|');
    line.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// The texts in backticks of a cell.
pub(crate) fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}
