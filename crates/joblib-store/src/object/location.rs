//! The location of an object store: a URL of a bucket and a prefix in it.

use crate::error::Error;

/// Who serves the bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
    /// The memory of this process.
    Memory,
}

/// The schemes of URLs that object stores serve.
const SCHEMES: &[(&str, Service)] = &[
    ("s3", Service::S3),
    ("s3a", Service::S3),
    ("gs", Service::Gcs),
    ("az", Service::Azure),
    ("azure", Service::Azure),
    ("abfs", Service::Azure),
    ("abfss", Service::Azure),
    ("memory", Service::Memory),
];

/// A bucket and the folder in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) service: Service,
    /// The bucket, which Azure calls container.
    pub(super) bucket: String,
    /// The names of the folders, without empty ones.
    pub(super) prefix: String,
    /// The URL.
    pub(super) text: String,
}

impl Location {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let refused = |reason: &str| Error::backend(shown(text), reason);
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refused("expected a URL, such as s3://bucket/prefix"));
        };
        let Some((_, service)) = SCHEMES.iter().find(|(known, _)| *known == scheme) else {
            let known: Vec<&str> = SCHEMES.iter().map(|(known, _)| *known).collect();
            let known = known.join("://, ");
            return Err(refused(&format!(
                "no object store serves URLs of {scheme}://; known are {known}://"
            )));
        };
        if rest.contains(['?', '#']) {
            return Err(refused("the URL has a query; settings and keys come from the environment"));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // The account of `abfss://container@account.dfs.core.windows.net/prefix` is no secret; others are users and keys.
        let bucket = match bucket.split_once('@') {
            Some((container, _)) if scheme.starts_with("abfs") && !container.contains(':') => container,
            Some(_) => return Err(refused("the URL names a user; keys come from the environment")),
            None => bucket,
        };
        if bucket.is_empty() {
            return Err(refused("the URL names no bucket: expected one such as s3://bucket/prefix"));
        }
        let names: Vec<&str> = prefix.split('/').filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| matches!(*name, "." | "..")) {
            return Err(refused("the URL's path holds `.` or `..`"));
        }
        let (bucket, prefix) = (bucket.to_owned(), names.join("/"));
        let mut text = format!("{scheme}://{}", rest.split('/').next().unwrap_or_default());
        if !prefix.is_empty() {
            text.extend(["/", &prefix]);
        }
        Ok(Self { service: *service, bucket, prefix, text })
    }
}

/// A refused URL without what may be secret in it.
fn shown(text: &str) -> String {
    super::redact::redacted(text.split('#').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_bucket_and_a_prefix() {
        let location = Location::parse("s3://team//flights/").unwrap();
        assert_eq!(
            (&*location.bucket, &*location.prefix, &*location.text),
            ("team", "flights", "s3://team/flights")
        );
        assert_eq!(Location::parse("memory://team").unwrap().text, "memory://team");
        let azure = Location::parse("abfss://results@account.dfs.core.windows.net/a").unwrap();
        assert_eq!((&*azure.bucket, &*azure.prefix), ("results", "a"));
        assert_eq!(azure.text, "abfss://results@account.dfs.core.windows.net/a");
    }

    #[test]
    fn a_url_with_a_key_is_refused_and_not_repeated() {
        for url in [
            "s3://AKIA:secret@team/a",
            "az://results/a?sig=secret",
            "s3:///a",
            "s3://",
            "ftp://x",
            "s3://a/../b",
        ] {
            let message = Location::parse(url).unwrap_err().to_string();
            assert!(!message.contains("secret") && !message.contains("AKIA"), "{message}");
        }
    }
}
