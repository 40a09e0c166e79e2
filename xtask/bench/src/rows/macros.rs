//! What `#[cached]` adds to the compilation of a package, by everything that its functions reach.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::data::Data;
use crate::package::{Manifest, after_edit, write_manifest};
use crate::row::{Bar, Peer, Row, Sides, Unit};

/// The modules of the package.
const MODULES: usize = 100;
/// The lines of each, without those of cached functions.
const LINES: usize = 200;

/// How much of the package a cached function reaches.
#[derive(Clone, Copy, PartialEq)]
enum Reaches {
    /// Its module and a part of the next one.
    Little,
    /// All modules, in which values have a `Drop` that asks for its line, and macros write members of traits.
    Everything,
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("macros.expand.100", Unit::Milliseconds, |data| {
            let package = Package::new(data, 1, Reaches::Little)?;
            Ok(Sides::new(move || package.added()))
        })
        .against(Peer::Nobody)
        .bar(Bar::Under(400.0)),
        Row::new("macros.expand.further", Unit::Milliseconds, |data| {
            let package = |functions| Package::new(data, functions, Reaches::Little);
            let (few, many) = (package(1)?, package(4)?);
            Ok(Sides::new(move || Ok((many.added()? - few.added()?) / (3 * MODULES) as f64)))
        })
        .against(Peer::Nobody)
        .bar(Bar::Under(1.0)),
        Row::new("macros.expand.connected", Unit::Milliseconds, |data| {
            let package = Package::new(data, 1, Reaches::Everything)?;
            Ok(Sides::new(move || Ok(package.added()? / MODULES as f64)))
        })
        .against(Peer::Nobody)
        .bar(Bar::Under(30.0)),
    ]
}

/// A package of 20,000 lines with this many cached functions in each of its modules, twice: by everything that they reach,
/// and by their own tokens.
struct Package {
    reach: PathBuf,
    own: PathBuf,
}

impl Package {
    fn new(data: &Data, functions: usize, reaches: Reaches) -> Result<Self> {
        let write = |options: &str| {
            let connected = if reaches == Reaches::Everything { "-connected" } else { "" };
            let own = if options.is_empty() { "" } else { "-own" };
            let folder = data.path(&format!("expand-{functions}{connected}{own}"));
            write(&folder, functions, reaches, options).map(|()| folder)
        };
        let package = Self { reach: write("")?, own: write("(code = \"own\")")? };
        // What it depends on is compiled once, before the clock starts.
        check(&package.reach)?;
        check(&package.own)?;
        Ok(package)
    }

    /// The milliseconds that a compilation takes longer because everything counts.
    fn added(&self) -> Result<f64> {
        Ok(check(&self.reach)? - check(&self.own)?)
    }
}

/// The milliseconds of `cargo check` after an edit.
fn check(folder: &Path) -> Result<f64> {
    after_edit(folder, &["check"])
}

fn write(folder: &Path, functions: usize, reaches: Reaches, options: &str) -> Result<()> {
    write_manifest(folder, &Manifest { joblib: ", default-features = false", others: "" })?;
    let mut main = "#![allow(dead_code, unused_macros)]\n".to_owned();
    main.push_str(
        "macro_rules! scored {\n    ($name:ident) => {\n        fn $name(&self) -> f64 {\n            0.5\n        }\n    };\n}\n",
    );
    for module in 0..MODULES {
        writeln!(main, "mod m{module};")?;
        fs::write(
            folder.join(format!("src/m{module}.rs")),
            module_text(module, functions, reaches, options)?,
        )?;
    }
    main.push_str("fn main() {}\n");
    Ok(fs::write(folder.join("src/main.rs"), main)?)
}

/// A module: a model, its trait, helpers that call each other and those of the next module, and cached functions.
fn module_text(module: usize, functions: usize, reaches: Reaches, options: &str) -> Result<String> {
    let next = (module + 1) % MODULES;
    let mut text = format!(
        "use crate::m{next}::h0 as next;\n\
         pub struct Model {{\n    weights: Vec<f64>,\n    bias: f64,\n}}\n\
         const BIAS: f64 = {module}.5;\n\
         impl Model {{\n    fn new(n: usize) -> Self {{\n        Self {{ weights: vec![0.5; n], bias: BIAS }}\n    }}\n\
         \x20   fn predict(&self, x: f64) -> f64 {{\n        self.weights.iter().map(|weight| weight * x + self.bias).sum()\n    }}\n}}\n\
         trait Score {{\n    fn score(&self, x: f64) -> f64 {{\n        x * 2.0\n    }}\n}}\nimpl Score for Model {{}}\n"
    );
    if reaches == Reaches::Everything {
        text.push_str(
            "impl Drop for Model {\n    fn drop(&mut self) {\n        self.bias = f64::from(line!());\n    }\n}\n\
             trait Scored {\n    scored!(half);\n}\nimpl Scored for Model {}\n",
        );
    }
    for function in 0..functions {
        writeln!(
            text,
            "#[joblib::cached{options}]\npub fn fit{function}(n: usize, alpha: f64) -> f64 {{\n    let model = Model::new(n);\n    \
             model.predict(h{function}(alpha)) + model.score(next(alpha))\n}}"
        )?;
    }
    let mut helper = 0;
    while text.lines().count() < LINES {
        let inner = if helper % 4 == 3 && reaches == Reaches::Little {
            "total".to_owned()
        } else {
            format!("h{}(total)", helper + 1)
        };
        writeln!(
            text,
            "pub fn h{helper}(x: f64) -> f64 {{\n    let mut total = x;\n    \
             let values: Vec<f64> = (0..10).map(|n| f64::from(n) * x).collect();\n    \
             for (index, value) in values.iter().enumerate() {{\n        if index % 2 == 0 {{\n            \
             total += value * BIAS;\n        }} else {{\n            total -= value.sqrt().max(1.0);\n        }}\n    }}\n    \
             if x > 100.0 {{\n        return total;\n    }}\n    {inner}\n}}"
        )?;
        helper += 1;
    }
    // The last one may call another, and this one goes on to the next module.
    let inner = if reaches == Reaches::Little { "x" } else { "next(x) + Model::new(1).half()" };
    writeln!(text, "pub fn h{helper}(x: f64) -> f64 {{\n    {inner}\n}}")?;
    Ok(text)
}
