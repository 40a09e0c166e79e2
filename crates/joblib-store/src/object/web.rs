//! Buckets behind a network, with the settings and credentials of the environment.

use std::sync::Arc;
use std::time::Duration;

use object_store::RetryConfig;

use super::bucket::{self, Refusal};
#[cfg(feature = "azure")]
use super::location::Location;
use super::redact::redacted;

/// How long connecting may take; the variables `AWS_CONNECT_TIMEOUT` and so on set another time.
const CONNECT: &str = "1 second";

/// A few attempts: a program that waits for its cache would rather compute.
fn retry() -> RetryConfig {
    RetryConfig { max_retries: 1, retry_timeout: Duration::from_secs(5), ..RetryConfig::default() }
}

/// What the environment says.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The cryptography of TLS, unless the program chose one.
fn install_tls() {
    // An error says that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[allow(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn refusal(error: object_store::Error) -> Refusal {
    redacted(&error.to_string())
}

#[cfg(feature = "s3")]
pub(super) fn s3(bucket: &str) -> Result<bucket::Service, Refusal> {
    use object_store::ClientConfigKey;
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

    use super::aws_profile::of_environment;
    /// What the client reads by itself.
    const OTHER_SOURCES: [&str; 5] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_SKIP_SIGNATURE",
    ];
    install_tls();
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry());
    if variable("AWS_CONNECT_TIMEOUT").is_none() {
        let key = AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout);
        builder = builder.with_config(key, CONNECT);
    }
    // Who names an address without TLS means it.
    let endpoints = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
    if endpoints.into_iter().find_map(variable).is_some_and(|endpoint| endpoint.starts_with("http://")) {
        builder = builder.with_allow_http(true);
    }
    if OTHER_SOURCES.into_iter().find_map(variable).is_none() {
        let profile = of_environment()?;
        let region = profile.region.filter(|_| variable("AWS_REGION").is_none());
        if let Some(region) = region.filter(|_| variable("AWS_DEFAULT_REGION").is_none()) {
            builder = builder.with_region(region);
        }
        if let Some(keys) = profile.keys {
            builder = builder.with_access_key_id(keys.id).with_secret_access_key(keys.secret);
            if let Some(token) = keys.token {
                builder = builder.with_token(token);
            }
        } else if variable("AWS_EC2_METADATA_DISABLED")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
        {
            return Err("there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a \
                        profile in ~/.aws/credentials; for a public bucket, AWS_SKIP_SIGNATURE=true"
                .to_owned());
        }
    }
    Ok(Arc::new(builder.build().map_err(refusal)?))
}

#[cfg(feature = "gcs")]
pub(super) fn gcs(bucket: &str) -> Result<bucket::Service, Refusal> {
    use object_store::ClientConfigKey;
    use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
    install_tls();
    let mut builder = GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket).with_retry(retry());
    if variable("GOOGLE_CONNECT_TIMEOUT").is_none() {
        builder = builder.with_config(GoogleConfigKey::Client(ClientConfigKey::ConnectTimeout), CONNECT);
    }
    Ok(Arc::new(builder.build().map_err(refusal)?))
}

#[cfg(feature = "azure")]
pub(super) fn azure(location: &Location) -> Result<bucket::Service, Refusal> {
    use object_store::ClientConfigKey;
    use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
    install_tls();
    let mut builder = MicrosoftAzureBuilder::from_env().with_retry(retry());
    builder = if location.text.starts_with("abfs") {
        builder.with_url(&location.text)
    } else {
        builder.with_container_name(&location.bucket)
    };
    if variable("AZURE_CONNECT_TIMEOUT").is_none() {
        builder = builder.with_config(AzureConfigKey::Client(ClientConfigKey::ConnectTimeout), CONNECT);
    }
    // The emulator has no TLS.
    let emulator = ["AZURE_STORAGE_USE_EMULATOR", "AZURE_USE_EMULATOR"].into_iter().find_map(variable);
    if emulator.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        builder = builder.with_allow_http(true).with_use_emulator(true);
    }
    Ok(Arc::new(builder.build().map_err(refusal)?))
}
