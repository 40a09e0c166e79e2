//! `--check BEFORE AFTER`: what a change made slower.

use std::path::Path;

use serde_json::{Map, Value};

use crate::Result;
use crate::report::read;
use crate::row::more_is_better;

/// What is worse by more than this share is listed.
const TOLERANCE: f64 = 0.10;

/// Prints what became slower, and gives whether nothing did.
pub(crate) fn execute(before: &Path, after: &Path) -> Result<bool> {
    let (old, new) = (read(before)?, read(after)?);
    if old.quick != new.quick {
        let quick = if old.quick { before } else { after };
        return Err(format!(
            "{} is of a quick run, on less data: compare it with another quick run",
            quick.display()
        )
        .into());
    }
    let slower = slower(&old.results, &new.results)?;
    if slower.is_empty() {
        println!("nothing became slower by over {:.0} %", 100.0 * TOLERANCE);
    }
    for line in &slower {
        println!("{line}");
    }
    Ok(slower.is_empty())
}

/// A line for each figure that is worse in the second, or that only the first has.
fn slower(before: &Map<String, Value>, after: &Map<String, Value>) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (name, old) in before {
        let Some(new) = after.get(name) else {
            lines.push(format!("{name}: no longer measured"));
            continue;
        };
        let figure =
            |row: &Value| row["ours"].as_f64().ok_or_else(|| format!("{name} has no figure of ours"));
        let unit = old["unit"].as_str().unwrap_or_default();
        let (old, new) = (figure(old)?, figure(new)?);
        let cost = if more_is_better(unit) { old / new } else { new / old };
        if cost > 1.0 + TOLERANCE {
            lines.push(format!("{name}: {old:.4} → {new:.4} {unit}, worse by {:.0} %", 100.0 * (cost - 1.0)));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::slower;

    fn results(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_costs_over_a_tenth_more_is_listed_whichever_way_its_unit_counts() {
        let before = results(json!({
            "rate": { "ours": 10.0, "unit": "GB/s" }, "time": { "ours": 10.0, "unit": "us" },
            "better": { "ours": 10.0, "unit": "us" }, "gone": { "ours": 1.0, "unit": "us" },
        }));
        let after = results(json!({
            "rate": { "ours": 8.0, "unit": "GB/s" }, "time": { "ours": 11.5, "unit": "us" },
            "better": { "ours": 5.0, "unit": "us" }, "new": { "ours": 1.0, "unit": "us" },
        }));
        let lines = slower(&before, &after).unwrap();
        assert_eq!(
            lines,
            [
                "gone: no longer measured",
                "rate: 10.0000 → 8.0000 GB/s, worse by 25 %",
                "time: 10.0000 → 11.5000 us, worse by 15 %"
            ]
        );
    }

    #[test]
    fn equal_files_list_nothing() {
        let same = results(json!({ "a": { "ours": 1.0, "unit": "us" } }));
        assert!(slower(&same, &same).unwrap().is_empty());
    }
}
