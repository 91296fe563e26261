//! What the logs of an instance say, on the wire.

use crate::facts::{Log, LogTopic};
use schemars::JsonSchema;
use serde::Serialize;

/// What the logs say; times are local, of an unknown zone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Log")]
pub(super) struct WireLog<'a> {
    /// Files that were read.
    files: usize,
    last_start: Option<WireStart<'a>>,
    sling_id: Option<&'a str>,
    run_modes: Vec<&'a str>,
    port: Option<u16>,
    key_files_disabled: Option<bool>,
    /// A start option moves the keys out of the install.
    keys_elsewhere: bool,
    signatures: Vec<WireSignature<'a>>,
}

/// The last start that the logs show.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Start")]
struct WireStart<'a> {
    time: Option<String>,
    #[schemars(extend("enum" = ["bundle", "jcr"]))]
    storage: &'static str,
    crypto_version: Option<&'a str>,
    place: &'a str,
}

/// A known sign of trouble.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Signature")]
struct WireSignature<'a> {
    /// Which, such as `crypto-decrypt`; more may be added.
    id: &'static str,
    /// How often it was seen.
    count: u64,
    first: Option<String>,
    last: Option<String>,
    /// The file that shows it.
    place: &'a str,
    line: u64,
}

impl<'a> From<&'a Log> for WireLog<'a> {
    fn from(log: &'a Log) -> Self {
        let last = |topic| log.statement(topic).map(|last| last.value.as_str());
        let signature = |(id, seen): (&crate::facts::LogSignature, &'a crate::facts::Seen)| {
            let sighting = seen.sighting;
            WireSignature {
                id: id.label(),
                count: sighting.count,
                first: sighting.first.map(|time| time.to_string()),
                last: sighting.last.map(|time| time.to_string()),
                place: &seen.place.path,
                line: sighting.line,
            }
        };
        let start = log.statements.get(&LogTopic::Storage).map(|(start, place)| WireStart {
            time: start.time.map(|time| time.to_string()),
            storage: if start.value == "JCR" { "jcr" } else { "bundle" },
            crypto_version: last(LogTopic::CryptoVersion),
            place: &place.path,
        });
        Self {
            files: log.files,
            last_start: start,
            sling_id: last(LogTopic::SlingId),
            run_modes: last(LogTopic::RunModes).map_or(Vec::new(), |t| t.split(", ").collect()),
            port: last(LogTopic::Port).and_then(|port| port.parse().ok()),
            key_files_disabled: last(LogTopic::KeyFilesDisabled).map(|word| word == "true"),
            keys_elsewhere: last(LogTopic::KeysElsewhere).is_some(),
            signatures: log.seen.iter().map(signature).collect(),
        }
    }
}
