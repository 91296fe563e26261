//! What the JSON report says of configurations.

use crate::facts::{Configuration, Snapshot, TOKEN_HANDLER};
use serde::Serialize;
use std::collections::BTreeMap;

/// How login tokens are made. A field is null where the configuration is not in the snapshot or does not state it.
#[derive(Serialize)]
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
#[derive(Serialize)]
pub(super) struct WireConfiguration<'a> {
    pid: &'a str,
    factory_pid: Option<&'a str>,
    place: &'a str,
    /// Listed properties alone; never one that may hold a secret.
    properties: &'a BTreeMap<String, Vec<String>>,
    secrets: BTreeMap<&'a str, &'static str>,
    protected: Vec<WireProtected<'a>>,
}

/// A value encrypted with the master key: enough to find copies of it.
#[derive(Serialize)]
struct WireProtected<'a> {
    property: &'a str,
    bytes: u64,
    sha256: String,
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
            place: &configuration.place.path,
            properties: &configuration.properties,
            secrets: secrets.map(|(name, state)| (name.as_str(), state.label())).collect(),
            protected: protected.collect(),
        }
    }
}
