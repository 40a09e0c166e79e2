//! Sequences that a visitor has to take whole: a tuple of fewer elements would silently lose the others.

use serde::de::{IgnoredAny, SeqAccess, Visitor};

use super::problem::Problem;

/// Gives the elements to the visitor.
///
/// # Errors
///
/// Returns an error if the visitor leaves some of them.
#[inline]
pub(crate) fn visit<'de, V, A>(mut elements: A, visitor: V) -> Result<V::Value, Problem>
where
    V: Visitor<'de>,
    A: SeqAccess<'de, Error = Problem>,
{
    let value = visitor.visit_seq(&mut elements)?;
    match elements.next_element::<IgnoredAny>()? {
        None => Ok(value),
        Some(IgnoredAny) => Err(left_over(elements.size_hint())),
    }
}

/// The error of an element that is left, and of as many others as are known.
#[cold]
fn left_over(others: Option<usize>) -> Problem {
    let lost = others.map_or_else(String::new, |others| format!(": {} would be lost", others + 1));
    Problem::wrong(format!("the type takes fewer elements than there are{lost}"))
}
