//! What look-ups remember.

use std::rc::Rc;

use crate::meaning::Target;
use crate::model::ScopeId;

/// What a name means, and the scope outside of which it does not, if there is one.
pub(super) type Binding = (Target, Option<ScopeId>);

/// What a name means in one scope.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) bindings: Rc<[Binding]>,
    /// The namespaces in which what is found leaves no other of the name in the scopes around.
    pub(super) covers: u8,
}

/// The conditions under which a trait's methods can be called, as they are written. `None` if they can't.
pub(crate) type Sight = Option<Rc<[Rc<str>]>>;

/// The path of what may be a trait from elsewhere, and the condition under which it is imported.
pub(crate) type Imported = (Rc<str>, Option<Rc<str>>);
