//! What Python says that a value is, compared with what was read: the JSON of `python/pickle_cases.py`.

use joblib_persist::pickle::Value;
use serde_json::Value as Json;

/// That `found` is what `expected` spells.
/// Otherwise, the error says where they differ, and how.
pub(crate) fn check(found: &Value, expected: &Json) -> Result<(), String> {
    compare(found, expected, "value")
}

#[expect(clippy::too_many_lines, reason = "one arm for each spelling that the script has")]
fn compare(found: &Value, expected: &Json, at: &str) -> Result<(), String> {
    let differ = || {
        Err(format!(
            "at {at}: found {}, expected {}",
            short(&format!("{found:?}")),
            short(&expected.to_string())
        ))
    };
    let same = |holds: bool| if holds { Ok(()) } else { differ() };
    match (expected, found) {
        (Json::Null, _) => same(*found == Value::None),
        (Json::Bool(expected), _) => same(*found == Value::Bool(*expected)),
        (Json::String(expected), Value::Str(found)) => same(found == expected),
        (Json::Array(expected), Value::List(found)) => all(found, expected, at),
        (Json::Object(fields), _) => {
            let field = |name: &str| fields.get(name).unwrap_or(&Json::Null);
            if let Some(digits) = field("int").as_str() {
                return match found {
                    Value::Int(found) => same(found.to_string() == digits),
                    Value::BigInt(found) => same(found == digits),
                    _ => differ(),
                };
            }
            if let Some(text) = field("float").as_str() {
                return match found {
                    Value::Float(found) => same(same_float(*found, text)),
                    _ => differ(),
                };
            }
            if let Some(parts) = field("complex").as_array() {
                return match found {
                    Value::Complex(re, im) => same(
                        same_float(*re, parts[0].as_str().unwrap_or(""))
                            && same_float(*im, parts[1].as_str().unwrap_or("")),
                    ),
                    _ => differ(),
                };
            }
            if let Some(hex) = field("bytes").as_str() {
                return match found {
                    Value::Bytes(bytes) => same(spells(hex, bytes)),
                    _ => differ(),
                };
            }
            if let Some(items) = field("tuple").as_array() {
                return match found {
                    Value::Tuple(found) => all(found, items, at),
                    _ => differ(),
                };
            }
            if let Some(items) = field("items").as_array() {
                return match found {
                    Value::Object(object) => all(&object.items, items, at),
                    _ => differ(),
                };
            }
            if let Some(items) = field("set").as_array() {
                return match found {
                    Value::Set(found) if found.len() == items.len() => {
                        let missing = items
                            .iter()
                            .find(|item| !found.iter().any(|found| compare(found, item, at).is_ok()));
                        same(missing.is_none())
                    }
                    _ => differ(),
                };
            }
            if let Some(pairs) = field("dict").as_array() {
                return match found {
                    Value::Dict(found) => entries(found, pairs, at),
                    _ => differ(),
                };
            }
            if let Some(pairs) = field("entries").as_array() {
                return match found {
                    Value::Object(object) => entries(&object.entries, pairs, at),
                    _ => differ(),
                };
            }
            if let Some(text) = field("is").as_str() {
                return match found {
                    Value::Text { class, text: found } => {
                        same(found == text && field("text").as_str().is_none_or(|expected| expected == class))
                    }
                    _ => differ(),
                };
            }
            if let Some(shape) = field("array").as_array() {
                return match found {
                    // An array within a structured element.
                    Value::List(found) => {
                        all(found, field("elements").as_array().map_or(&[][..], Vec::as_slice), at)
                    }
                    Value::Array(array) => {
                        let shape: Vec<usize> = shape
                            .iter()
                            .map(|len| usize::try_from(len.as_u64().unwrap_or(0)).unwrap_or(0))
                            .collect();
                        same(array.shape() == shape)?;
                        let found: Vec<Value> = array.elements().collect();
                        all(&found, field("elements").as_array().map_or(&[][..], Vec::as_slice), at)
                    }
                    _ => differ(),
                };
            }
            if let Some(columns) = field("frame").as_array() {
                let Value::Object(object) = found else { return differ() };
                same(object.attributes.len() == columns.len())?;
                for ((label, found), expected) in object.attributes.iter().zip(columns) {
                    compare(label, &expected[0], at)?;
                    column(found, &expected[1], &format!("{at}[{label:?}]"))?;
                }
                return Ok(());
            }
            if !field("series").is_null() {
                column(&found["values"], field("series"), at)?;
                return compare(&found["name"], field("name"), at);
            }
            if !field("column").is_null() {
                return column(found, field("column"), at);
            }
            if let Some(class) = field("object").as_str() {
                let Value::Object(object) = found else { return differ() };
                same(object.class == class)?;
                if let Some(args) = field("args").as_array() {
                    all(&object.args, args, at)?;
                }
                if let Some(expected) = fields.get("state") {
                    compare(object.state.as_ref().unwrap_or(&Value::None), expected, at)?;
                }
                return fields_of(found, field("attributes"), at);
            }
            if !field("fields").is_null() {
                return fields_of(found, field("fields"), at);
            }
            differ()
        }
        _ => differ(),
    }
}

fn all(found: &[Value], expected: &[Json], at: &str) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("at {at}: found {} items, expected {}", found.len(), expected.len()));
    }
    found
        .iter()
        .zip(expected)
        .enumerate()
        .try_for_each(|(index, (found, expected))| compare(found, expected, &format!("{at}[{index}]")))
}

fn entries(found: &[(Value, Value)], expected: &[Json], at: &str) -> Result<(), String> {
    if found.len() != expected.len() {
        return Err(format!("at {at}: found {} entries, expected {}", found.len(), expected.len()));
    }
    for ((key, value), expected) in found.iter().zip(expected) {
        compare(key, &expected[0], &format!("{at} key"))?;
        compare(value, &expected[1], &format!("{at}[{}]", expected[0]))?;
    }
    Ok(())
}

fn fields_of(found: &Value, expected: &Json, at: &str) -> Result<(), String> {
    for pair in expected.as_array().map_or(&[][..], Vec::as_slice) {
        let name = pair[0].as_str().unwrap_or("");
        let value = found
            .get(name)
            .ok_or_else(|| format!("at {at}: there is no {name} in {}", short(&format!("{found:?}"))))?;
        compare(value, &pair[1], &format!("{at}.{name}"))?;
    }
    Ok(())
}

/// A column of pandas: an array or a list, with times in any unit.
fn column(found: &Value, expected: &Json, at: &str) -> Result<(), String> {
    let found: Vec<Value> = match found {
        Value::Array(array) => array.elements().collect(),
        Value::List(items) => items.clone(),
        other => return Err(format!("at {at}: {} is no column", short(&format!("{other:?}")))),
    };
    let expected = expected.as_array().map_or(&[][..], Vec::as_slice);
    if found.len() != expected.len() {
        return Err(format!("at {at}: found {} values, expected {}", found.len(), expected.len()));
    }
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let at = format!("{at}[{index}]");
        if let Some(nanos) = expected["time"].as_i64() {
            let text = found.as_str().ok_or_else(|| format!("at {at}: found {found:?}, expected a time"))?;
            if nanoseconds(text) != Some(i128::from(nanos)) {
                return Err(format!("at {at}: found {text}, expected {nanos} ns since 1970"));
            }
        } else if expected["seconds"].is_string() {
            if found.as_str().is_none() {
                return Err(format!("at {at}: found {found:?}, expected a span"));
            }
        } else if expected.is_null() && matches!(found, Value::Float(value) if value.is_nan()) {
            // An object column says None or NaN for the same thing.
        } else {
            compare(found, expected, &at)?;
        }
    }
    Ok(())
}

/// `2020-01-02T03:04:05.123456+00:00` as nanoseconds since 1970.
fn nanoseconds(text: &str) -> Option<i128> {
    let text = text.strip_suffix("+00:00").unwrap_or(text);
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00"));
    let mut date = date.split('-').map(|part| part.parse::<i128>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.split(':').map(|part| part.parse::<i128>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    // Days of the civil calendar, month by month.
    let leap = |year: i128| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut days = 0;
    for y in 1970..year {
        days += if leap(y) { 366 } else { 365 };
    }
    for y in year..1970 {
        days -= if leap(y) { 366 } else { 365 };
    }
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += lengths.iter().take(usize::try_from(month - 1).ok()?).sum::<i128>() + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000_000 + fraction)
}

fn same_float(found: f64, expected: &str) -> bool {
    match expected.parse::<f64>() {
        Ok(expected) => found.to_bits() == expected.to_bits() || (found.is_nan() && expected.is_nan()),
        Err(_) => false,
    }
}

/// Whether digits of two a byte spell the bytes.
fn spells(hex: &str, bytes: &[u8]) -> bool {
    let digits = |index: usize| hex.get(2 * index..2 * index + 2);
    hex.len() == 2 * bytes.len()
        && bytes.iter().enumerate().all(|(index, byte)| {
            digits(index).and_then(|digits| u8::from_str_radix(digits, 16).ok()) == Some(*byte)
        })
}

fn short(text: &str) -> String {
    if text.len() < 300 { text.to_owned() } else { text.chars().take(300).chain("…".chars()).collect() }
}
