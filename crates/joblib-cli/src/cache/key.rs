//! How results are named on the command line: by the first digits of the digest of their call.

use joblib_store::Item;

use crate::failure::Failure;

/// Digits that are shown of a call's digest.
const SHOWN: usize = 12;
/// Results that an error lists.
const LISTED: usize = 10;

/// The key of a result in a list, where results of earlier code name their code.
pub(crate) fn short(item: &Item) -> String {
    let call = item.key().call_hex();
    if item.current {
        call[..SHOWN].to_owned()
    } else {
        format!("{}/{}", &item.version.code_folder()[..8], &call[..SHOWN])
    }
}

/// The key of a result in full.
pub(crate) fn whole(item: &Item) -> String {
    format!("{}/{}", item.version.code_folder(), item.key().call_hex())
}

/// A key as it was written: the beginning of a call's digest, perhaps after that of a code's.
pub(crate) struct Written {
    code: String,
    call: String,
}

impl Written {
    /// `None` if the text is not a key.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (code, call) = text.split_once('/').unwrap_or(("", text));
        let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_hex(code) && is_hex(call) && !call.is_empty() && code.len() <= 16 && call.len() <= 32)
            .then(|| Self { code: code.to_ascii_lowercase(), call: call.to_ascii_lowercase() })
    }

    pub(crate) fn matches(&self, item: &Item) -> bool {
        item.version.code_folder().starts_with(&self.code) && item.key().call_hex().starts_with(&self.call)
    }
}

/// The one result that a key names. Of the results of one call with two versions of the code, it is that of the
/// latest.
pub(crate) fn find(items: &[Item], text: &str) -> Result<Item, Failure> {
    let written = Written::parse(text).ok_or_else(|| {
        Failure::Usage(format!(
            "{text:?} is not a key; expected digits from 0 to f, as `joblib cache ls FUNCTION` shows"
        ))
    })?;
    let found: Vec<&Item> = items.iter().filter(|item| written.matches(item)).collect();
    match found.as_slice() {
        [] => Err(Failure::Other(format!(
            "no result has a key that begins with {text}; there are {}",
            crate::text::count(items.len(), "result", "results")
        ))),
        [only] => Ok((*only).clone()),
        several => {
            let same_call = several.iter().all(|item| item.call == several[0].call);
            let mut current = several.iter().filter(|item| item.current);
            if let (true, Some(only), None) = (same_call, current.next(), current.next()) {
                return Ok((*only).clone());
            }
            let mut keys: Vec<String> = several.iter().take(LISTED).map(|item| whole(item)).collect();
            if several.len() > LISTED {
                keys.push("…".to_owned());
            }
            Err(Failure::Other(format!("{text} is the beginning of several keys: {}", keys.join(", "))))
        }
    }
}
