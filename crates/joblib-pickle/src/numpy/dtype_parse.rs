//! Layouts out of pickled dtypes.

use super::array::element_count;
use super::dtype::{Base, Field, Kind, Layout, Unit};
use super::ndarray::shape_of;
use super::small;
use crate::class::{Class, Known};
use crate::machine::fault::Fault;
use crate::tree::{Id, Node, Object, Tree};

/// Structured dtypes within structured dtypes.
const MAX_DEPTH: usize = 32;
/// Fields of one dtype, those of its fields included.
const MAX_FIELDS: usize = 16 * 1024;

impl Layout {
    /// The dtype that a node is.
    pub(crate) fn from_tree(tree: &Tree, id: Id) -> Result<Self, Fault> {
        let mut fields_left = MAX_FIELDS;
        parse(tree, id, 0, &mut fields_left)
    }

    /// The dtype that an object is.
    pub(crate) fn of_object(tree: &Tree, object: &Object) -> Result<Self, Fault> {
        let mut fields_left = MAX_FIELDS;
        parse_object(tree, object, 0, &mut fields_left)
    }
}

fn parse(tree: &Tree, id: Id, depth: usize, fields_left: &mut usize) -> Result<Layout, Fault> {
    match tree.node(id) {
        Node::Object(index) => parse_object(tree, tree.object(index), depth, fields_left),
        _ => Err(Fault::corrupt("not a valid dtype: it is not an object")),
    }
}

fn parse_object(
    tree: &Tree,
    object: &Object,
    depth: usize,
    fields_left: &mut usize,
) -> Result<Layout, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::limit(format!("a dtype is nested more than {MAX_DEPTH} levels deep")));
    }
    let bad = |what: &str| Fault::corrupt(format!("not a valid dtype: {what}"));
    if tree.known(object.class) != Known::DType {
        let class = tree.class_of(object.class).map_or_else(String::new, Class::path);
        // Texts of any length are pickled as a list of them, as objects are.
        if class.ends_with("._convert_to_stringdtype_kwargs") || class.ends_with(".StringDType") {
            return Ok(Layout::strings());
        }
        return Err(Fault::unsupported(format!(
            "arrays of {class} can't be read: only numpy.dtype has a known layout"
        )));
    }
    let spec = tree.sequence(object.args).and_then(|args| args.first().copied());
    let spec = spec.ok_or_else(|| bad("no type string"))?;
    let state_size = || {
        let size = object.state.and_then(|state| tree.sequence(state))?.get(5).copied()?;
        tree.int_of(size).and_then(|size| usize::try_from(size).ok()).filter(|&size| size > 0)
    };
    let mut layout = match (tree.text_of(spec), tree.class_of(spec)) {
        (Some(spec), _) => Layout::from_descr(spec)
            .or_else(|| {
                Some(Layout { kind: Kind::Unknown(spec.to_owned()), size: state_size()?, big_endian: false })
            })
            .ok_or_else(|| {
                Fault::unsupported(format!("arrays of dtype {spec:?} can't be read: its layout is not known"))
            })?,
        // `numpy.record`: a structured dtype whose rows have attributes.
        (None, Some(class)) if &*class.name == "record" && class.module.starts_with("numpy") => {
            Layout { kind: Kind::Void, size: 0, big_endian: false }
        }
        // The scalar class of another package: the size says how many bytes an element has.
        (None, Some(class)) => {
            let size = state_size().ok_or_else(|| bad("no item size"))?;
            let kind = match (small::Format::of(&class.name), small::Narrow::of(&class.name)) {
                (Some(format), _) if size == format.size() => Kind::Small(format),
                (_, Some(narrow)) if size == 1 => Kind::Narrow(narrow),
                _ => Kind::Unknown(class.path()),
            };
            Layout { kind, size, big_endian: false }
        }
        (None, None) => return Err(bad("no type string")),
    };
    let Some(state) = object.state else {
        return Ok(layout);
    };
    let state = tree.sequence(state).ok_or_else(|| bad("its state is not a tuple"))?;
    let at = |index: usize| state.get(index).copied();
    if at(1).and_then(|id| tree.text_of(id)) == Some(">") && layout.size != 1 {
        layout.big_endian = true;
    }
    if matches!(layout.kind, Kind::Void | Kind::Struct(_)) {
        if let Some(size) = at(5).and_then(|id| tree.int_of(id)).filter(|&size| size >= 0) {
            layout.size = usize::try_from(size).map_err(|_| bad("its item size is too large"))?;
        }
        if let Some(sub) = at(2).and_then(|id| tree.sequence(id)) {
            layout.kind = sub_array(tree, sub, depth, fields_left)?;
            let Kind::Sub(inner, shape) = &layout.kind else { return Err(bad("its sub-array")) };
            let size = shape.iter().try_fold(inner.size, |size, &len| size.checked_mul(len));
            layout.size = size.ok_or_else(|| bad("its sub-array is too large"))?;
        } else if let (Some(names), Some(fields)) =
            (at(3).and_then(|id| tree.sequence(id)), at(4).filter(|&id| tree.pairs(id).is_some()))
        {
            let names: Vec<Id> = names.to_vec();
            layout.kind = Kind::Struct(struct_fields(tree, &names, fields, layout.size, depth, fields_left)?);
        }
    }
    if let (Kind::DateTime(unit) | Kind::TimeDelta(unit), Some(metadata)) = (&mut layout.kind, at(8)) {
        *unit = time_unit(tree, metadata).ok_or_else(|| bad("its time unit"))?;
    }
    Ok(layout)
}

fn sub_array(tree: &Tree, sub: &[Id], depth: usize, fields_left: &mut usize) -> Result<Kind, Fault> {
    let bad = || Fault::corrupt("a dtype whose sub-array is not (dtype, shape)");
    let &[base, shape] = sub else { return Err(bad()) };
    let inner = parse(tree, base, depth + 1, fields_left)?;
    let shape = match tree.int_of(shape) {
        Some(len) => vec![usize::try_from(len).map_err(|_| bad())?],
        None => shape_of(tree, shape)?,
    };
    element_count(&shape)?;
    Ok(Kind::Sub(Box::new(inner), shape))
}

fn struct_fields(
    tree: &Tree,
    names: &[Id],
    fields: Id,
    size: usize,
    depth: usize,
    fields_left: &mut usize,
) -> Result<Vec<Field>, Fault> {
    let bad = |what: &str| Fault::corrupt(format!("a structured dtype with an invalid field: {what}"));
    let mut result = Vec::new();
    for &name in names {
        *fields_left = fields_left
            .checked_sub(1)
            .ok_or_else(|| Fault::limit(format!("a dtype has more than {MAX_FIELDS} fields")))?;
        let name = tree.text_of(name).ok_or_else(|| bad("its name is not text"))?;
        let parts = tree.get(fields, name).and_then(|id| tree.sequence(id)).ok_or_else(|| bad(name))?;
        let (&dtype, offset) = match parts {
            [dtype, offset, ..] => (dtype, tree.int_of(*offset)),
            _ => return Err(bad(name)),
        };
        let layout = parse(tree, dtype, depth + 1, fields_left)?;
        let offset = offset.and_then(|offset| usize::try_from(offset).ok()).ok_or_else(|| bad(name))?;
        if offset.checked_add(layout.size).is_none_or(|end| end > size) {
            return Err(bad(name));
        }
        result.push(Field { name: name.to_owned(), offset, layout });
    }
    Ok(result)
}

/// `(metadata, (b'ns', 1, 1, 1))`.
fn time_unit(tree: &Tree, metadata: Id) -> Option<Unit> {
    let parts = tree.sequence(*tree.sequence(metadata)?.get(1)?)?;
    let name = match tree.text_of(*parts.first()?) {
        Some(name) => name,
        None => std::str::from_utf8(tree.bytes_of(parts[0])?).ok()?,
    };
    let count = parts.get(1).and_then(|&id| tree.int_of(id)).unwrap_or(1);
    Some(Unit { base: Base::of(name)?, count })
}
