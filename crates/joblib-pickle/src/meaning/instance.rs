//! Instances of classes that mean nothing special here.

use crate::class::Known;
use crate::tree::{Id, Node, Object, Tree, find};

/// An instance of a class that means nothing special, or the result of a call that was not made.
pub(crate) struct Instance<'t> {
    pub(crate) args: &'t [Id],
    /// Attributes: keys and values by turns, first those of `__dict__`, then those of `__slots__`.
    pub(crate) attributes: [&'t [Id]; 2],
    /// A state that is not a dict of attributes.
    pub(crate) other_state: Option<Id>,
    pub(crate) items: &'t [Id],
    pub(crate) pairs: &'t [Id],
    /// The member of an enum that was pickled by name.
    pub(crate) member: Option<&'t str>,
}

impl Instance<'_> {
    pub(crate) fn has_attributes(&self) -> bool {
        !self.attributes[0].is_empty() || !self.attributes[1].is_empty()
    }
}

/// What is there to see of an object of no known class.
pub(crate) fn instance<'t>(tree: &'t Tree, object: &'t Object) -> Instance<'t> {
    let mut attributes: [&[Id]; 2] = [&[], &[]];
    let mut other_state = None;
    if let Some(state) = object.state {
        match (tree.pairs(state), tree.sequence(state)) {
            // pydantic keeps its fields and its extra fields as attributes of the state.
            (Some(_), _) if is_pydantic(tree, state) => {
                let part = |name| tree.get(state, name).and_then(|id| tree.pairs(id)).unwrap_or_default();
                attributes = [part("__dict__"), part("__pydantic_extra__")];
            }
            (Some(pairs), _) => attributes[0] = pairs,
            // `(__dict__ or None, __slots__)`.
            (None, Some(&[dict, slots]))
                if matches!(tree.node(state), Node::Tuple(_))
                    && tree.pairs(slots).is_some()
                    && matches!(tree.node(dict), Node::None | Node::Dict(_)) =>
            {
                attributes = [tree.pairs(dict).unwrap_or_default(), tree.pairs(slots).unwrap_or_default()];
            }
            _ => other_state = Some(state),
        }
    }
    let args = tree.sequence(object.args).unwrap_or_default();
    let member = match (tree.known(object.class), args) {
        (Known::GetAttr, &[_, name]) => tree.text_of(name),
        _ => None,
    };
    Instance {
        args,
        attributes,
        other_state,
        items: tree.items(object.items),
        pairs: tree.items(object.pairs),
        member,
    }
}

/// The attribute of an object under a name.
pub(crate) fn attribute(tree: &Tree, object: &Object, name: &str) -> Option<Id> {
    let [dict, slots] = instance(tree, object).attributes;
    find(tree, dict, name).or_else(|| find(tree, slots, name))
}

fn is_pydantic(tree: &Tree, state: Id) -> bool {
    tree.get(state, "__dict__").is_some()
        && ["__pydantic_fields_set__", "__fields_set__"].iter().any(|name| tree.get(state, name).is_some())
}
