//! The profiles of `~/.aws/credentials` and `~/.aws/config`, which the client does not read.

use std::collections::HashMap;
use std::path::PathBuf;

/// What a profile gives.
#[derive(Default)]
pub(super) struct Profile {
    pub(super) keys: Option<Keys>,
    pub(super) region: Option<String>,
}

/// Keys that are written down.
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

/// The profile that `AWS_PROFILE` names, or `default`. An error if one is named that can't be used.
pub(super) fn of_environment() -> Result<Profile, String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = variable("AWS_PROFILE");
    let file = |name: &str, default: &str| {
        variable(name).map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".aws").join(default)))
    };
    let read =
        |path: Option<PathBuf>| path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    profile(
        named.as_deref(),
        &read(file("AWS_SHARED_CREDENTIALS_FILE", "credentials")),
        &read(file("AWS_CONFIG_FILE", "config")),
    )
}

fn profile(named: Option<&str>, credentials: &str, config: &str) -> Result<Profile, String> {
    let name = named.unwrap_or("default");
    let mut settings = section(config, &[name, &format!("profile {name}")]);
    settings.extend(section(credentials, &[name]));
    let region = settings.remove("region");
    let keys = match (settings.remove("aws_access_key_id"), settings.remove("aws_secret_access_key")) {
        (Some(id), Some(secret)) => Some(Keys { id, secret, token: settings.remove("aws_session_token") }),
        _ => None,
    };
    let other = ["credential_process", "sso_session", "sso_start_url", "role_arn"];
    match (&keys, named) {
        (None, Some(name)) if settings.keys().any(|key| other.contains(&key.as_str())) => Err(format!(
            "the profile {name:?} has no keys of its own: `eval \"$(aws configure export-credentials --profile {name} \
             --format env)\"` puts its keys into the environment"
        )),
        (None, Some(name)) if settings.is_empty() && region.is_none() => Err(format!(
            "there is no profile {name:?} in ~/.aws/credentials or ~/.aws/config; AWS_PROFILE names it"
        )),
        _ => Ok(Profile { keys, region }),
    }
}

/// The settings under any of these headings.
fn section(text: &str, headings: &[&str]) -> HashMap<String, String> {
    let mut settings = HashMap::new();
    let mut inside = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(heading) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = headings.contains(&heading.trim());
        } else if inside
            && !trimmed.starts_with(['#', ';'])
            // Indented lines belong to a setting of their own.
            && !line.starts_with([' ', '\t'])
            && let Some((name, value)) = trimmed.split_once('=')
        {
            settings.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "[default]\naws_access_key_id = A\naws_secret_access_key=b\n\n# other\n[team]\n\
                               aws_access_key_id=C\naws_secret_access_key = d=\naws_session_token=e\n";
    const CONFIG: &str = "[default]\nregion = eu-west-1\ns3 =\n  region = x\n[profile team]\nregion=us-east-2\n\
                          [profile sso]\nsso_session = corp\n";

    #[test]
    fn a_profile_gives_keys_and_a_region() {
        let keys =
            |profile: &Profile| profile.keys.as_ref().map(|keys| (keys.id.clone(), keys.secret.clone()));
        let default = profile(None, CREDENTIALS, CONFIG).unwrap();
        assert_eq!(keys(&default), Some(("A".into(), "b".into())));
        assert_eq!(default.region.as_deref(), Some("eu-west-1"));
        let team = profile(Some("team"), CREDENTIALS, CONFIG).unwrap();
        assert_eq!(keys(&team), Some(("C".into(), "d=".into())));
        assert_eq!(team.region.as_deref(), Some("us-east-2"));
        assert_eq!(team.keys.unwrap().token.as_deref(), Some("e"));
    }

    #[test]
    fn a_profile_that_cannot_be_used_is_refused_when_it_was_asked_for() {
        assert!(profile(None, "", "").unwrap().keys.is_none(), "then the machine may have a role");
        let refused = |name| profile(Some(name), CREDENTIALS, CONFIG).err().unwrap_or_default();
        assert!(refused("nobody").contains("no profile \"nobody\""));
        assert!(refused("sso").contains("export-credentials"));
    }
}
