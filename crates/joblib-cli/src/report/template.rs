//! The page as text: a template that escapes every value, and the policy that allows its own style and script only.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use sha2::{Digest, Sha256};

use super::page::Page;
use crate::failure::Failure;

const PAGE: &str = include_str!("page/report.html");
const STYLE: &str = include_str!("page/report.css");
const SCRIPT: &str = include_str!("page/report.js");

/// Renders the page.
pub(super) fn render(page: &Page) -> Result<String, Failure> {
    let mut templates = Environment::new();
    // Templates whose name ends so are escaped.
    let rendered = templates.add_template("report.html", PAGE).and_then(|()| {
        templates.get_template("report.html")?.render(context! {
            style => Value::from_safe_string(STYLE.to_owned()),
            script => Value::from_safe_string(SCRIPT.to_owned()),
            style_digest => Value::from_safe_string(digest(STYLE)),
            script_digest => Value::from_safe_string(digest(SCRIPT)),
            ..Value::from(Serde(page))
        })
    });
    rendered.map_err(|error| Failure::Other(format!("the template of the report: {error:#}")))
}

/// A digest as content security policies name it.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text.as_bytes())))
}
