//! Where what is declared can be named.

use crate::model::{Model, ScopeId, Visibility};

impl Visibility {
    /// The scope outside of which a declaration in `scope` can't be named. `None` if there is none.
    pub(crate) fn within(self, model: &Model, scope: ScopeId) -> Option<ScopeId> {
        let module = model.module_of(scope);
        match self {
            Self::Public => None,
            Self::Crate => Some(model.crates[model.scopes[module].krate].root),
            Self::Super => Some(model.scopes[module].parent.map_or(module, |parent| model.module_of(parent))),
            Self::In(scope) => Some(scope),
            Self::Private => Some(module),
        }
    }
}

/// Whether what can be named within a scope, or everywhere, can be named in another one.
pub(crate) fn is_seen(model: &Model, within: Option<ScopeId>, from: ScopeId) -> bool {
    let Some(within) = within else { return true };
    std::iter::successors(Some(from), |scope| model.scopes[*scope].parent).any(|scope| scope == within)
}
