//! Dtypes that stand alone, as in what `DataFrame.dtypes` gives: the text that `str` of one is.

use super::instance::attribute;
use super::zone::{Zone, zone};
use crate::class::Known;
use crate::numpy::dtype::Layout;
use crate::tree::{Id, Node, Object, Tree};

/// The name of a dtype of numpy: `float64`, `<U3`, `datetime64[ns]`.
pub(crate) fn of_numpy(tree: &Tree, object: &Object) -> Option<String> {
    Layout::of_object(tree, object).ok().map(|layout| layout.name())
}

/// The name of a dtype of pandas that its name says all of: not that of categories, which are its own.
pub(crate) fn of_pandas(tree: &Tree, object: &Object) -> Option<String> {
    let class = tree.class_of(object.class)?;
    if &*class.module != "pandas" && !class.module.starts_with("pandas.") {
        return None;
    }
    let args = tree.sequence(object.args)?;
    match &*class.name {
        "Int8Dtype" | "Int16Dtype" | "Int32Dtype" | "Int64Dtype" | "UInt8Dtype" | "UInt16Dtype"
        | "UInt32Dtype" | "UInt64Dtype" | "Float32Dtype" | "Float64Dtype" => {
            Some(class.name.trim_end_matches("Dtype").to_owned())
        }
        "BooleanDtype" => Some("boolean".to_owned()),
        // With `NaN` for what is missing it is the type of text that columns have unless they are told otherwise.
        "StringDtype" => Some(match args.get(1).map(|&id| tree.node(id)) {
            Some(Node::Float(_)) => "str".to_owned(),
            _ => "string".to_owned(),
        }),
        "PeriodDtype" => Some(tree.text_of(*args.first()?)?.to_owned()),
        "DatetimeTZDtype" => {
            let unit = tree.text_of(attribute(tree, object, "unit")?)?;
            Some(format!("datetime64[{unit}, {}]", zone_name(tree, attribute(tree, object, "tz")?)?))
        }
        "IntervalDtype" => {
            let subtype = numpy_name(tree, attribute(tree, object, "subtype")?)?;
            let closed = attribute(tree, object, "closed").or_else(|| attribute(tree, object, "_closed"))?;
            Some(format!("interval[{subtype}, {}]", tree.text_of(closed)?))
        }
        _ => None,
    }
}

fn zone_name(tree: &Tree, id: Id) -> Option<String> {
    // pytz's zones have a name beside the offset of one moment.
    if let Node::Object(index) = tree.node(id)
        && tree.known(tree.object(index).class) == Known::PytzZone
    {
        return tree.text_of(*tree.sequence(tree.object(index).args)?.first()?).map(str::to_owned);
    }
    match zone(tree, id, None)? {
        Zone::None => None,
        Zone::Offset(0) => Some("UTC".to_owned()),
        Zone::Offset(micros) => {
            let (sign, minutes) = (if micros < 0 { '-' } else { '+' }, micros.unsigned_abs() / 60_000_000);
            Some(format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60))
        }
        Zone::Both(_, name) | Zone::Name(name) | Zone::Second(name) => Some(name),
    }
}

fn numpy_name(tree: &Tree, dtype: Id) -> Option<String> {
    Layout::from_tree(tree, dtype).ok().map(|layout| layout.name())
}
