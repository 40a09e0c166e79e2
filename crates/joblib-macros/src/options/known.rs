//! Every option: its name, its form, where it can stand and how it is read, in one place.

use proc_macro2::Span;

use super::given::{Given, Wrong};
use super::model::{Attribute, Dependency, Options};
use super::value;

/// One option.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// What it looks like, for error messages.
    pub(super) form: &'static str,
    /// Whether `#[tracked]` has it too.
    tracked: bool,
    /// Whether it says what a key or a stored result means.
    code: bool,
    /// Whether it may be written more than once.
    pub(super) repeats: bool,
    /// Reads what stands after the name; the span is that of the name.
    pub(super) set: fn(&mut Options, Given, Span) -> Result<(), Wrong>,
}

impl Known {
    const fn new(
        name: &'static str,
        form: &'static str,
        set: fn(&mut Options, Given, Span) -> Result<(), Wrong>,
    ) -> Self {
        Self { name, form, tracked: false, code: false, repeats: false, set }
    }

    const fn tracked(self) -> Self {
        Self { tracked: true, ..self }
    }

    const fn code(self) -> Self {
        Self { code: true, ..self }
    }

    const fn repeats(self) -> Self {
        Self { repeats: true, ..self }
    }

    /// Whether the attribute has this option.
    pub(super) fn is_of(&self, attribute: Attribute) -> bool {
        match attribute {
            Attribute::Cached => true,
            Attribute::Tracked => self.tracked,
            Attribute::Task => self.name == "crate",
        }
    }
}

/// Whether an option says what a key or a stored result means, so that it counts as code. One that is not known is that of
/// another attribute of this name.
pub(crate) fn is_code(name: &str) -> bool {
    KNOWN.iter().find(|known| known.name == name).is_none_or(|known| known.code)
}

/// Every option, in the order of the documentation.
pub(super) const KNOWN: [Known; 23] = [
    Known::new("ignore", "`ignore = \"argument\"` or `ignore(\"one\", \"other\")`", |options, given, _| {
        value::strings(given, &mut options.ignore)
    })
    .code()
    .repeats(),
    Known::new("key", "`key = (&id, scale)`: an expression over the arguments", |options, given, _| {
        options.key = Some(value::value(given)?);
        Ok(())
    })
    .code(),
    Known::new(
        "file",
        "`file(\"data.csv\")` or `file(\"one\", DATA.join(\"other\"))`",
        |options, given, _| value::list(given, syn::parse::Parse::parse, &mut options.files),
    )
    .code()
    .repeats(),
    Known::new("depends", "`depends(helper, module::other)` or `depends(crates)`", |options, given, span| {
        let mut depends = Vec::new();
        let read = value::list(given, value::helper, &mut depends);
        options.crates =
            options.crates.or(depends.iter().any(|path| path.is_ident("crates")).then_some(span));
        depends.retain(|path| !path.is_ident("crates"));
        options.depends.extend(depends.into_iter().map(Dependency::from));
        read
    })
    .tracked()
    .code()
    .repeats(),
    Known::new("version", "`version = 2` or `version = \"text\"`", |options, given, _| {
        options.version = Some(value::version(&value::value(given)?)?);
        Ok(())
    })
    .tracked()
    .code(),
    Known::new("code", "`code = \"reach\"` or `code = \"own\"`", |options, given, _| {
        options.code = Some(value::extent(given)?);
        Ok(())
    })
    .code(),
    Known::new("name", "`name = \"study::fit\"`", |options, given, _| {
        options.name = Some(value::name(given)?);
        Ok(())
    }),
    Known::new(
        "memory",
        "`memory = MEMORY`: an expression of type `Memory` or `&Memory`",
        |options, given, _| {
            options.memory = Some(value::value(given)?);
            Ok(())
        },
    ),
    Known::new("mmap_mode", "`mmap_mode = \"r\"`", |options, given, _| {
        options.mmap_mode = Some(value::mmap_mode(value::value(given)?)?);
        Ok(())
    }),
    Known::new("verify_mapped", "`verify_mapped`", |options, given, span| {
        options.verify_mapped = Some(value::flag(&given, span)?);
        Ok(())
    }),
    Known::new("hasher", "`hasher = \"xxh3\"`", |options, given, _| {
        options.hasher = Some(value::hasher(value::value(given)?)?);
        Ok(())
    }),
    Known::new(
        "compress",
        "`compress = true`, `compress = 3`, `compress = \"lz4\"` or `compress = (\"xz\", 6)`",
        |options, given, _| {
            options.compress = Some(value::compress(value::value(given)?)?);
            Ok(())
        },
    ),
    Known::new("verbose", "`verbose = 1`", |options, given, _| {
        options.verbose = Some(value::verbose(value::value(given)?)?);
        Ok(())
    }),
    Known::new(
        "expires_after",
        "`expires_after = 3600` (seconds), `expires_after(days = 7)` or `expires_after = DURATION`",
        |options, given, _| {
            options.expires_after = Some(value::expires_after(given)?);
            Ok(())
        },
    ),
    Known::new(
        "validate",
        "`validate = path::of::a_function`, which takes `&Metadata` and returns `bool`",
        |options, given, _| {
            options.validate = Some(value::value(given)?);
            Ok(())
        },
    ),
    Known::new("redact", "`redact`", |options, given, span| {
        options.redact = Some(value::flag(&given, span)?);
        Ok(())
    }),
    Known::new("replay", "`replay`", |options, given, span| {
        options.replay = Some(value::flag(&given, span)?);
        Ok(())
    }),
    Known::new("in_memory", "`in_memory` or `in_memory = \"200M\"`", |options, given, _| {
        options.in_memory = Some(value::in_memory(given)?);
        Ok(())
    }),
    Known::new("keep", "`keep = \"all\"`, `keep = \"ok\"` or `keep = \"some\"`", |options, given, span| {
        options.keep = Some((value::keep(given)?, span));
        Ok(())
    })
    .code(),
    Known::new("self", "`self = \"hash\"` or `self = \"ignore\"`", |options, given, span| {
        options.on_self = Some((value::on_self(given)?, span));
        Ok(())
    })
    .code(),
    Known::new("associated", "`associated`", |options, given, span| {
        options.associated = Some(value::flag(&given, span)?);
        Ok(())
    })
    .tracked(),
    Known::new("companions", "`companions = false`", |options, given, _| {
        options.companions = Some(value::value(given).map_err(|_| Wrong::Form)?);
        Ok(())
    }),
    Known::new("crate", "`crate = path::to::joblib`", |options, given, _| {
        options.krate = Some(value::krate(given)?);
        Ok(())
    })
    .tracked(),
];

/// Names of joblib and of other crates for what is an option here.
pub(super) const ELSEWHERE: [(&str, &str); 8] = [
    ("cache_validation_callback", "validate"),
    ("ttl", "expires_after"),
    ("time", "expires_after"),
    ("skip", "ignore"),
    ("convert", "key"),
    ("result", "keep"),
    ("option", "keep"),
    ("location", "memory"),
];
