//! What the JSON report says of configurations.

use crate::facts::{Configuration, Hex, SecretState, Snapshot, TOKEN_HANDLER};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// How login tokens are made. A field is null where the configuration is not in the snapshot or does not state it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Token")]
pub(super) struct WireToken<'a> {
    /// Null only where the configuration is not in the snapshot: off is the default.
    encapsulated: Option<bool>,
    required_attributes: Option<&'a [String]>,
    skip_refresh: Option<&'a [String]>,
    expiration_ms: Option<u64>,
    refresh: Option<bool>,
    place: Option<&'a str>,
}

impl<'a> From<&'a Snapshot> for WireToken<'a> {
    fn from(snapshot: &'a Snapshot) -> Self {
        let handler = snapshot.configurations_of(TOKEN_HANDLER).next();
        let list = |name: &str| Some(handler?.properties.get(name)?.as_slice());
        Self {
            encapsulated: snapshot.encapsulated_token(),
            required_attributes: list("token.required.attr"),
            skip_refresh: list("skip.token.refresh"),
            expiration_ms: snapshot.token_expiration_ms(),
            refresh: snapshot.token_refresh(),
            place: handler.map(|handler| handler.place.path.as_str()),
        }
    }
}

/// A configuration that matters.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Configuration")]
pub(super) struct WireConfiguration<'a> {
    pid: &'a str,
    factory_pid: Option<&'a str>,
    /// `felix` for one in `launchpad/config`, `jcr` for one in the repository, which need not be in effect.
    #[schemars(extend("enum" = ["felix", "jcr"]))]
    origin: &'static str,
    jcr_path: Option<&'a str>,
    /// Since when the node of one of IMS is known to be as it is, by revisions of the repository; milliseconds since 1970.
    same_since_ms: Option<u64>,
    place: &'a str,
    /// Listed properties alone; never one that may hold a secret.
    properties: &'a BTreeMap<String, Vec<String>>,
    /// What is known of properties that hold secrets.
    #[schemars(with = "BTreeMap<String, SecretState>")]
    secrets: BTreeMap<&'a str, &'static str>,
    protected: Vec<WireProtected<'a>>,
}

/// A value encrypted with the master key: enough to find copies of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Protected")]
struct WireProtected<'a> {
    property: &'a str,
    bytes: u64,
    #[schemars(with = "Hex<32>")]
    sha256: String,
}

/// Lists those in `launchpad/config`, and behind them those in the repository.
pub(super) fn configurations(snapshot: &Snapshot) -> Vec<WireConfiguration<'_>> {
    let jcr = snapshot.repository.iter().flat_map(|repository| &repository.configurations);
    snapshot.configurations.iter().chain(jcr).map(WireConfiguration::from).collect()
}

impl<'a> From<&'a Configuration> for WireConfiguration<'a> {
    fn from(configuration: &'a Configuration) -> Self {
        let secrets = configuration.secrets.iter();
        let protected = configuration.protected.iter().map(|value| WireProtected {
            property: &value.property,
            bytes: value.digest.bytes,
            sha256: value.digest.sha256.to_string(),
        });
        Self {
            pid: &configuration.pid,
            factory_pid: configuration.factory_pid.as_deref(),
            origin: if configuration.jcr_path.is_some() { "jcr" } else { "felix" },
            jcr_path: configuration.jcr_path.as_deref(),
            same_since_ms: configuration.same_since_ms,
            place: &configuration.place.path,
            properties: &configuration.properties,
            secrets: secrets.map(|(name, state)| (name.as_str(), state.label())).collect(),
            protected: protected.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{IMS_CUSTOMIZER, TOKEN_HANDLER};
    use crate::testing::farm;
    use serde_json::json;

    #[test]
    fn configurations_of_the_repository_follow_with_their_path() {
        let name = format!("{IMS_CUSTOMIZER}~a.cfg.json");
        let farm = farm()
            .with("a", |i| i.config(TOKEN_HANDLER, "").jcr_config("config.author", &name, "{}"))
            .build();
        let wire = serde_json::to_value(configurations(&farm.members[0].snapshot)).unwrap();
        assert_eq!(wire[0]["origin"], "felix");
        assert_eq!(wire[0]["jcr_path"], json!(null));
        assert_eq!(wire[1]["origin"], "jcr");
        assert_eq!(wire[1]["pid"], format!("{IMS_CUSTOMIZER}~a"));
        assert_eq!(wire[1]["jcr_path"], format!("/apps/system/config.author/{name}"));
        assert_eq!(wire[1]["place"], "crx-quickstart/repository/segmentstore");
        assert_eq!(wire[1]["secrets"], json!({"auth.ims.client.secret": "missing"}));
    }
}
