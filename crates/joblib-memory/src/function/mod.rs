//! The functions that a memory has met: their names in the store and their counters.

pub(crate) mod code;
mod earlier;
mod image;
mod memo;
pub(crate) mod options;
pub(crate) mod pointee;
pub(crate) mod runtime;
pub(crate) mod site;
pub(crate) mod stats;
pub(crate) mod types;

use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

use joblib_store::{FunctionVersion, Store};
use once_cell::race::OnceBox;

use self::code::Code;
use self::earlier::Earlier;
use self::memo::Memo;
use self::runtime::Declared;
use self::site::{Known, Parts};
use self::stats::{Counters, Stats};
use crate::append_map::AppendMap;
use crate::lock::Inherited;
use crate::report::{self, Warnings};
use crate::tier::Tier;

/// A function, and what is made of it when it is first needed. Several threads may make the same, and one of it stays: so a
/// forked child waits for none of its parent's.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) version: Arc<FunctionVersion>,
    /// What its code is made of.
    pub(crate) parts: Parts,
    pub(crate) counters: Counters,
    /// The results that are kept in memory apart from those of other functions.
    tier: OnceBox<Tier>,
    memo: OnceBox<Memo>,
    earlier: OnceBox<Earlier>,
}

impl Function {
    fn new(version: Arc<FunctionVersion>, parts: Parts) -> Self {
        Self {
            version,
            parts,
            counters: Counters::default(),
            tier: OnceBox::new(),
            memo: OnceBox::new(),
            earlier: OnceBox::new(),
        }
    }

    /// The results that it keeps in memory, if it ever kept any.
    pub(crate) fn tier_in_use(&self) -> Option<&Tier> {
        self.tier.get()
    }

    /// The digests of calls that were made before.
    pub(crate) fn memo(&self) -> &Memo {
        self.memo.get_or_init(Box::default)
    }

    /// The results that the store had when one was missed first.
    pub(crate) fn earlier(&self, store: &dyn Store) -> &Earlier {
        self.earlier.get_or_init(|| Box::new(Earlier::read(store, &self.version)))
    }

    pub(crate) fn tier(&self) -> &Tier {
        self.tier.get_or_init(Box::default)
    }
}

/// The functions met, by where they are declared and the type they are methods of.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    sites: AppendMap<SiteId, Arc<Function>>,
    /// Those made at run time.
    named: Inherited<HashMap<NamedId, Arc<Function>>>,
    /// Those that `#[cached]` describes, by name and code.
    described: Inherited<HashMap<(String, u128), Arc<Function>>>,
    /// Where each name was declared first.
    declared: Inherited<HashMap<String, (String, u32)>>,
    /// The same for functions made at run time, by name and version.
    made: Inherited<HashMap<MadeId, (Declared, String)>>,
}

/// The addresses of a description and of a path, which are static.
type SiteId = (usize, usize);

/// The name, and the version if one was said.
type MadeId = (String, Option<u64>);

/// The same, and the type.
type NamedId = (String, Option<u64>, Declared);

/// What the build of a program is called in explanations.
const BUILD: &str = "the build of the program";

impl Functions {
    /// The function that `#[cached]` describes.
    pub(crate) fn of_site(&self, known: Known, warnings: Warnings) -> &Arc<Function> {
        let site = known.site;
        let id = (std::ptr::from_ref(site) as usize, known.path.as_ptr() as usize);
        self.sites.get_or_insert_with(id, || {
            let (name, code) = (known.name(), site.code.hash());
            self.note_declaration(&name, site.file, site.line, warnings);
            // An optimised program may have its description and its path several times.
            let mut described = self.described.lock();
            let known = described.entry((name.clone(), code)).or_insert_with(|| {
                Arc::new(Function::new(FunctionVersion::new(name, code, site.source), site.parts))
            });
            Arc::clone(known)
        })
    }

    /// A function made at run time; `place` is where it was cached, for display.
    pub(crate) fn named(
        &self,
        name: &str,
        version: Option<u64>,
        declared: &Declared,
        place: &'static Location<'static>,
        warnings: Warnings,
    ) -> Arc<Function> {
        let id = (name.to_owned(), version, declared.clone());
        if let Some(known) = self.named.lock().get(&id) {
            return Arc::clone(known);
        }
        // Without the lock: it may warn, and who listens to events may call a cached function.
        let key = self.note_made(name, version, declared, place, warnings);
        let own = Code::new(u128::from_be_bytes(*b"made at run time"))
            .and(Code::new(u128::from(version.unwrap_or_default())))
            .and(Code::of_text(&key));
        let mut source = format!("// made at run time, version {}: {key}", version.unwrap_or_default());
        let mut depends: &[_] = &[];
        if version.is_none() {
            let build = runtime::build(place);
            depends = Self::depends_on(build);
            source = format!("{source}\n// of the {build}");
        }
        let code = depends.iter().fold(own, |code, (_, other)| code.and(*other));
        let parts = Parts { own, depends, reached: "" };
        let made = Arc::new(Function::new(FunctionVersion::new(name, code.hash(), source), parts));
        Arc::clone(self.named.lock().entry(id).or_insert(made))
    }

    /// A build as what functions depend on.
    fn depends_on(build: &'static str) -> &'static [(&'static str, Code)] {
        static KNOWN: AppendMap<&str, [(&str, Code); 1]> = AppendMap::new();

        KNOWN.get_or_insert_with(build, || [(BUILD, Code::of_text(build))])
    }

    /// Calls `f` with the results that functions keep in memory for themselves.
    pub(crate) fn for_each_tier(&self, f: impl FnMut(&Tier)) {
        self.all().iter().filter_map(|function| function.tier.get()).for_each(f);
    }

    /// Every function once.
    fn all(&self) -> Vec<Arc<Function>> {
        let mut all: Vec<_> = self.sites.values().cloned().collect();
        all.extend(self.named.lock().values().cloned());
        all.sort_by_key(Arc::as_ptr);
        all.dedup_by(|next, kept| Arc::ptr_eq(next, kept));
        all
    }

    pub(crate) fn stats(&self) -> Stats {
        let known = self.all();
        let mut functions: Vec<_> =
            known.iter().map(|function| function.counters.read(function.version.function())).collect();
        functions.sort_by(|left, right| left.function.cmp(&right.function));
        // Versions of a function are one function.
        functions.dedup_by(|next, kept| next.function == kept.function && kept.add(next));
        Stats {
            tiers: Vec::new(),
            hits: functions.iter().map(|function| function.hits).sum(),
            hits_in_memory: functions.iter().map(|function| function.hits_in_memory).sum(),
            misses: functions.iter().map(|function| function.misses).sum(),
            time_saved: functions.iter().map(|function| function.time_saved).sum(),
            bytes_written: functions.iter().map(|function| function.bytes_written).sum(),
            functions,
        }
    }

    /// Warns if two functions have one name: each would replace the other as the latest code of it.
    fn note_declaration(&self, name: &str, file: &str, line: u32, warnings: Warnings) {
        let here = (file.to_owned(), line);
        let first = self.declared.lock().entry(name.to_owned()).or_insert_with(|| here.clone()).clone();
        if first != here {
            let (before, at) = first;
            report::warn_once(
                warnings,
                "collision",
                name,
                format_args!(
                    "two cached functions are called `{name}`, at {before}:{at} and {file}:{line}: \
                     results of one may be taken for the other's, or make way for them; rename one"
                ),
            );
        }
    }

    /// Returns what distinguishes the function from others of its name, and warns if there are any.
    fn note_made(
        &self,
        name: &str,
        version: Option<u64>,
        declared: &Declared,
        place: &'static Location<'static>,
        warnings: Warnings,
    ) -> String {
        let place = format!("{}:{}:{}", place.file(), place.line(), place.column());
        let here = || (declared.clone(), place.clone());
        let (first, before) = self.made.lock().entry((name.to_owned(), version)).or_insert_with(here).clone();
        if first != *declared {
            report::warn_once(
                warnings,
                "collision",
                name,
                format_args!(
                    "two cached functions are called `{name}`, at {before} and {place}: their results are kept apart, \
                     but those of one may make way for the other's; rename one"
                ),
            );
        }
        declared.key()
    }
}
