//! The table of `docs/guide/ecosystem.md` against the programs that there are.

use std::path::Path;

use super::markdown::read;
use super::table::{code, rows};
use crate::ecosystem;
use crate::run::Result;

const PAGE: &str = "docs/guide/ecosystem.md";

/// Adds a line for each program without a row, and for each row without a program.
pub(crate) fn check(wrong: &mut Vec<String>) -> Result {
    let text = read(Path::new(PAGE))?;
    wrong.extend(faults(&text, &ecosystem::names()?));
    Ok(())
}

fn faults(text: &str, programs: &[String]) -> Vec<String> {
    let rows: Vec<_> = rows(text).into_iter().filter(|row| row.heading == "What works").collect();
    let name = |cells: &[String]| cells.first().and_then(|cell| code(cell).next().map(str::to_owned));
    let told: Vec<(usize, String)> =
        rows.iter().filter_map(|row| Some((row.line, name(&row.cells)?))).collect();
    let missing = programs.iter().filter(|program| !told.iter().any(|(_, name)| name == *program));
    let unknown = told.iter().filter(|(_, name)| !programs.contains(name));
    missing
        .map(|program| format!("{PAGE}: the program `{program}` has no row"))
        .chain(unknown.map(|(line, name)| format!("{PAGE}:{line}: there is no program `{name}`")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::faults;

    #[test]
    fn each_program_has_a_row_and_each_row_a_program() {
        let text = "## What works\n| program | what |\n|---|---|\n| `a` | x |\n| `b` | x |\n";
        let wrong = faults(text, &["a".to_owned(), "c".to_owned()]);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].contains("`c`") && wrong[1].contains(":5: there is no program `b`"));
    }
}
