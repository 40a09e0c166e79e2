//! The table of edits: what a module is, what is edited in it, and whether its function has to be computed again.

mod basics;
mod blocks;
mod conditions;
mod further;
mod inference;
mod language;
mod macros;
mod members;
mod modules;
mod placed;
mod sight;
mod traits;
mod types;

/// One edit. `@cached` is the attribute; `//- path` begins another file of the module's folder.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) source: &'static str,
    /// Texts and what takes their place, everywhere in the module.
    pub(crate) edits: &'static [(&'static str, &'static str)],
    /// Whether the function is computed again.
    pub(crate) computed: bool,
}

pub(crate) const fn counts(
    what: &'static str,
    source: &'static str,
    edits: &'static [(&'static str, &'static str)],
) -> Row {
    Row { what, source, edits, computed: true }
}

pub(crate) const fn does_not(
    what: &'static str,
    source: &'static str,
    edits: &'static [(&'static str, &'static str)],
) -> Row {
    Row { what, source, edits, computed: false }
}

/// All edits.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    [
        basics::ROWS,
        blocks::ROWS,
        conditions::ROWS,
        further::ROWS,
        inference::ROWS,
        language::ROWS,
        macros::ROWS,
        members::ROWS,
        modules::ROWS,
        placed::ROWS,
        sight::ROWS,
        traits::ROWS,
        types::ROWS,
    ]
    .into_iter()
    .flatten()
}
