//! Messages without secrets: what a server or a client says may repeat a request's signature or keys.

/// Longest message. Servers answer with whole pages.
const MAX: usize = 400;

/// Ends of the names of environment variables whose values are secret.
const SECRET: &[&str] = &["KEY", "KEY_ID", "TOKEN", "SECRET", "SAS", "PASSWORD", "CREDENTIALS"];

/// The text in one line, without the queries of URLs and without the values of secret environment variables.
pub(super) fn redacted(text: &str) -> String {
    let secrets = std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        is_secret(&name).then_some(value)
    });
    without(text, secrets)
}

fn is_secret(name: &str) -> bool {
    let ours = ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix));
    ours && SECRET.iter().any(|end| name.ends_with(end))
}

fn without(text: &str, secrets: impl Iterator<Item = String>) -> String {
    // A shorter value is not a key, and hiding it would hide common words.
    const SHORTEST: usize = 6;
    let mut text = text.to_owned();
    for secret in secrets.filter(|secret| secret.len() >= SHORTEST) {
        text = text.replace(&secret, "[redacted]");
    }
    let words: Vec<String> = text.split_whitespace().map(without_query).collect();
    let line = words.join(" ");
    if line.chars().count() > MAX { line.chars().take(MAX).chain(['…']).collect() } else { line }
}

/// A word, and of a URL what stands before its query and after its user.
fn without_query(word: &str) -> String {
    let Some(start) = word.find("://") else { return word.to_owned() };
    let (scheme, rest) = word.split_at(start + 3);
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?[redacted]"),
        None => (rest, ""),
    };
    let authority = rest.find('/').unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}[redacted]{}{query}", &rest[at..]),
        None => format!("{scheme}{rest}{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_neither_keys_nor_signatures() {
        let secrets = || ["s3cr3t-key".to_owned(), "id".to_owned()].into_iter();
        let message = "GET https://me:pass@host/a?sig=abc%3D&sv=1 failed:\n <Key>s3cr3t-key</Key>, id";
        assert_eq!(
            without(message, secrets()),
            "GET https://[redacted]@host/a?[redacted] failed: <Key>[redacted]</Key>, id"
        );
        assert!(without(&"x".repeat(10_000), secrets()).chars().count() < 500);
    }

    #[test]
    fn variables_are_secret_by_their_names() {
        for name in
            ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AZURE_STORAGE_ACCOUNT_KEY", "AWS_SESSION_TOKEN"]
        {
            assert!(is_secret(name), "{name}");
        }
        assert!(!is_secret("AWS_REGION") && !is_secret("HOME") && !is_secret("AWS_ENDPOINT"));
    }
}
