//! Each file of `tests/data` holds what Python says is in it, cell by cell: see `tests/python/pickle_fixtures.py`.

use std::fs;
use std::path::{Path, PathBuf};

use joblib_pickle::{NdArray, Value, from_slice};
use serde_json::{Value as Json, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A value in the form that the script writes.
fn shown(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(value) => json!(value),
        Value::Int(value) => json!(value),
        Value::Float(value) if value.is_nan() => Json::Null,
        // As JSON has none, the script spells it.
        Value::Float(value) if value.is_infinite() => json!(value.to_string()),
        Value::Float(value) => json!(value),
        Value::BigInt(digits) => serde_json::from_str(digits).unwrap(),
        Value::Str(text) | Value::Text { text, .. } => json!(text),
        Value::Bytes(bytes) => json!(bytes),
        Value::List(items) | Value::Tuple(items) => items.iter().map(shown).collect(),
        Value::Dict(entries) => fields(entries),
        Value::Array(array) => elements(array),
        Value::Object(object)
            if object.class.ends_with("DataFrame") || object.class.contains("pyarrow.lib._reconstruct_") =>
        {
            let columns: Json = object
                .attributes
                .iter()
                .map(|(label, column)| json!([shown(label), shown(column)]))
                .collect();
            json!({ "frame": columns })
        }
        Value::Object(object) if object.class == "numpy.ma.MaskedArray" => {
            json!({ "data": shown(&object.attributes[0].1), "mask": shown(&object.attributes[1].1), "fill_value": null })
        }
        Value::Object(object) if object.class.ends_with("Interval") => {
            let ends = [&object.args[0], &object.args[1]].map(|end| match shown(end) {
                Json::String(text) => text,
                other => other.to_string(),
            });
            let closed = object.args[2].as_str().unwrap();
            let open = if matches!(closed, "left" | "both") { '[' } else { '(' };
            let close = if matches!(closed, "right" | "both") { ']' } else { ')' };
            json!(format!("{open}{}, {}{close}", ends[0], ends[1]))
        }
        Value::Object(object) => fields(&object.attributes),
        other => json!(format!("a value of type {}", other.type_name())),
    }
}

fn fields(entries: &[(Value, Value)]) -> Json {
    Json::Object(
        entries.iter().map(|(name, value)| (name.as_str().unwrap().to_owned(), shown(value))).collect(),
    )
}

fn elements(array: &NdArray) -> Json {
    let elements: Vec<Json> = array.elements().map(|element| shown(&element)).collect();
    match array.shape() {
        [] => elements.into_iter().next().unwrap_or_default(),
        [_] => elements.into(),
        shape => json!(format!("an array of shape {shape:?}")),
    }
}

/// JSON has one type of number; Python's `1.0` and ours are the same one.
fn same(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(found), Json::Number(expected)) => {
            // serde_json reads some digits as the float beside theirs.
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            (found - expected).abs() <= 4.0 * f64::EPSILON * expected.abs()
        }
        (Json::Array(found), Json::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| same(found, expected))
        }
        (Json::Object(found), Json::Object(expected)) => {
            found.len() == expected.len()
                && found.iter().all(|(key, value)| expected.get(key).is_some_and(|other| same(value, other)))
        }
        _ => found == expected,
    }
}

#[test]
fn every_cell_is_what_python_shows() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "pkl") {
            continue;
        }
        // Those without are the other tests'.
        let Ok(expected) = fs::read_to_string(path.with_extension("json")) else { continue };
        let expected: Json = serde_json::from_str(&expected).unwrap();
        count += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        match from_slice::<Value>(&fs::read(&path).unwrap()) {
            Ok(value) => {
                let found = shown(&value);
                if !same(&found, &expected) {
                    wrong.push(format!("{name}\n    found    {found}\n    expected {expected}"));
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(count > 128, "found {count} files");
    assert!(wrong.is_empty(), "{} of {count} files:\n{}", wrong.len(), wrong.join("\n"));
}
