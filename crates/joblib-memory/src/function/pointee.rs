//! What a value leads to that its type does not tell: a pointer to a function leads to code, a `dyn` to the methods of the
//! type behind it.

use std::any::type_name;
use std::borrow::Cow;

use joblib_store::Holder;

use super::image;

/// What a value leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pointee {
    /// The type tells everything, as far as its name shows.
    Nothing,
    /// The code of a function.
    Function(usize),
    /// The table of methods of the type behind a `dyn`.
    Table(usize),
    /// There is a `dyn` in it, in a place that is not known.
    Unknown,
}

impl Pointee {
    /// What `value` leads to: itself, or through references and boxes.
    pub(crate) fn of<T: ?Sized>(value: &T) -> Self {
        let name = type_name::<T>();
        if name.starts_with("dyn ") && size_of::<&T>() == WIDE {
            // SAFETY: a reference to a `dyn` is two initialized words, of which the second is the table's address.
            let words = unsafe { std::mem::transmute_copy::<&T, [usize; 2]>(&value) };
            return Self::Table(words[1]);
        }
        // SAFETY: the name, the place and the size are those of the value.
        let found = unsafe { at(name, std::ptr::from_ref(value).cast(), size_of_val(value)) };
        found.unwrap_or(if name.contains("dyn ") { Self::Unknown } else { Self::Nothing })
    }

    /// What tells it from others, in every run of this build of the program. `None` where that is not known.
    pub(crate) fn lasting(self) -> Option<&'static str> {
        image::lasting(self.address()?)
    }

    /// The same; where it is not known, what tells it from others in this process.
    pub(crate) fn text(self) -> Option<Cow<'static, str>> {
        let address = self.address()?;
        Some(image::lasting(address).map_or_else(|| in_this_process(address).into(), Cow::Borrowed))
    }

    fn address(self) -> Option<usize> {
        match self {
            Self::Function(address) | Self::Table(address) => Some(address),
            Self::Nothing | Self::Unknown => None,
        }
    }

    /// Whether a value that leads to this may hold more than that: the type behind a `dyn` may have a size.
    pub(crate) fn may_hold_values(self) -> bool {
        match self {
            Self::Function(_) => false,
            Self::Table(table) => size_by(table) != Some(0),
            Self::Nothing | Self::Unknown => true,
        }
    }
}

/// What an address that means nothing in other processes stands for.
pub(super) fn in_this_process(address: usize) -> String {
    format!("{address:x} in {}", Holder::this_process())
}

/// The size of a pointer of two words.
const WIDE: usize = 2 * size_of::<usize>();

/// What a value leads to that is a pointer to a function or to a `dyn`, or a reference to one, or to a reference.
///
/// # Safety
///
/// At `place` is a value of the type that is called `name`, of `size` bytes, which lives as long as this runs.
unsafe fn at(mut name: &str, mut place: *const usize, mut size: usize) -> Option<Pointee> {
    /// Pointers that are two words: the data's address, then that of the table of methods.
    const POINTERS: [&str; 5] =
        ["&dyn ", "&mut dyn ", "alloc::boxed::Box<dyn ", "alloc::rc::Rc<dyn ", "alloc::sync::Arc<dyn "];

    let is_wide = |name: &str| POINTERS.iter().any(|of| name.starts_with(of));
    while !is_wide(name)
        && let Some(inner) = name.strip_prefix('&')
        && size == size_of::<usize>()
    {
        size = match inner {
            _ if is_wide(inner) => WIDE,
            _ if inner.starts_with('&') || is_function_pointer(inner) => size_of::<usize>(),
            // It may have any size, and nothing is read of it.
            _ => return None,
        };
        // SAFETY: by the compiler's present way to name types, this one is a reference to one that is sized, which is one
        // initialized word: the address of what the rest of the name is of. It lives as long as the value.
        place = unsafe { *place as *const usize };
        name = inner;
    }
    if is_wide(name) && size == WIDE {
        // SAFETY: as above; these pointers are two initialized words, of which the second is the table's address.
        return Some(Pointee::Table(unsafe { *place.add(1) }));
    }
    if is_function_pointer(name) && size == size_of::<usize>() {
        // SAFETY: as above, only types of pointers to functions begin so: others begin with a path, a reference, a tuple's
        // parenthesis or `dyn`. Such a pointer is as large as a number, and all of it is initialized.
        return Some(Pointee::Function(unsafe { *place }));
    }
    None
}

/// Whether a type is that of pointers to functions: `for<'a> extern "C" fn(&'a str)`, of which all but `fn` may be missing.
fn is_function_pointer(name: &str) -> bool {
    let without = |name: &str| -> Option<bool> {
        let name = if name.starts_with("for<") { name.split_once("> ")?.1 } else { name };
        let name = name.strip_prefix("unsafe ").unwrap_or(name);
        let name = if name.starts_with("extern ") { name.splitn(3, ' ').nth(2)? } else { name };
        Some(name.starts_with("fn("))
    };
    without(name).unwrap_or(false)
}

/// The size of the type that a table of methods is of. `None` where tables are not as they are known to be.
fn size_by(table: usize) -> Option<usize> {
    #[repr(align(4))]
    struct Empty;

    /// The size and the alignment, which follow the address of what drops a value.
    fn read(table: usize) -> (usize, usize) {
        let table = table as *const usize;
        // SAFETY: a table of methods is at least three initialized words: this is the compiler's layout for all of them.
        unsafe { (*table.add(1), *table.add(2)) }
    }
    fn of(value: &dyn Send) -> Option<(usize, usize)> {
        Some(read(Pointee::of(value).address()?))
    }
    // Another compiler may order them in another way.
    let is_known = of(&Empty) == Some((0, 4)) && of(&[0_u16; 3]) == Some((6, 2));
    is_known.then(|| read(table).0)
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::*;

    type Step = fn(f64) -> f64;

    fn named(x: f64) -> f64 {
        x
    }

    fn length(text: &str) -> usize {
        text.len()
    }

    extern "C" fn half(x: f64) -> f64 {
        x / 2.0
    }

    #[test]
    fn types_behind_a_dyn_are_told_apart() {
        let of = |value: &dyn Debug| Pointee::of(&value);
        let (a, b): (&dyn Debug, &dyn Debug) = (&1_u8, &'a');
        assert!(matches!(of(a), Pointee::Table(_)));
        assert_eq!(of(a).lasting().is_some(), cfg!(target_os = "linux"));
        assert_ne!(of(a).text(), of(b).text());
        assert_eq!([of(a), Pointee::of(a), Pointee::of(&&a), Pointee::of(&&&a)], [Pointee::of(&a); 4]);
        let boxed = |value: Box<dyn Debug + Send>| [Pointee::of(&value), Pointee::of(&&value)];
        assert_ne!(boxed(Box::new(1_u8))[0].text(), boxed(Box::new('a'))[0].text());
        assert!(boxed(Box::new(1_u8)).iter().all(|of| matches!(of, Pointee::Table(_))));
        let (shared, counted): (Arc<dyn Debug>, Rc<dyn Debug>) = (Arc::new(1_u8), Rc::new(1_u8));
        assert!(matches!(Pointee::of(&shared), Pointee::Table(_)));
        assert!(matches!(Pointee::of(&counted), Pointee::Table(_)));
        assert_eq!(Pointee::of(&vec![shared]), Pointee::Unknown);
    }

    #[test]
    fn pointers_to_functions_lead_to_them() {
        let of = |step: Step| Pointee::of(&step);
        assert_eq!(
            [of(named), Pointee::of(&&(named as Step))],
            [Pointee::Function(named as Step as usize); 2]
        );
        assert_ne!(of(named).text(), of(f64::sqrt).text());
        let (borrows, foreign): (fn(&str) -> usize, extern "C" fn(f64) -> f64) = (length, half);
        assert!(matches!(Pointee::of(&borrows), Pointee::Function(_)));
        assert!(matches!(Pointee::of(&foreign), Pointee::Function(_)));
    }

    #[test]
    fn other_values_lead_to_nothing() {
        let text = "text";
        let all = [
            Pointee::of(&1_u8),
            Pointee::of(text),
            Pointee::of(&text),
            Pointee::of(&&&text),
            Pointee::of(&&[named as Step][..]),
            Pointee::of(&named),
            Pointee::of(&&named),
            Pointee::of(&Box::new(1_u8)),
        ];
        assert_eq!(all, [Pointee::Nothing; 8]);
    }

    #[test]
    fn what_is_behind_a_dyn_may_hold_values_unless_it_has_no_size() {
        let holds = |value: Box<dyn Fn(f64) -> f64>| {
            let of = [Pointee::of(&value), Pointee::of(&&*value)].map(Pointee::may_hold_values);
            assert_eq!(of[0], of[1]);
            of[0]
        };
        let by = 2.0;
        assert!(!holds(Box::new(named)) && !holds(Box::new(|x| 2.0 * x)));
        assert!(holds(Box::new(move |x| by * x)) && holds(Box::new(named as Step)));
        assert!(!Pointee::of(&(named as Step)).may_hold_values());
    }
}
