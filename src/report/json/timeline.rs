//! When what happened on the instances of a farm.

use crate::farm::TimelineEvent;
use schemars::JsonSchema;
use serde::Serialize;

/// Something that happened. What has a moment comes first, sorted by it; then what has a local time of an unknown zone, by instance.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TimelineEvent")]
pub(super) struct WireEvent {
    /// Milliseconds since 1970; null where the zone is not known.
    at_ms: Option<u64>,
    /// The local time, where it is one.
    local: Option<String>,
    instance: String,
    /// A word for programs: `installed`, `key`, `written`, `start` or `symptom`; more may be added.
    kind: &'static str,
    /// What happened.
    event: String,
    place: WireEventPlace,
    /// `local`: of a log or a zip. `copied`: the time of a copy that did not keep times.
    #[schemars(extend("enum" = ["utc", "local", "copied"]))]
    certainty: &'static str,
}

/// What tells it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EventPlace")]
struct WireEventPlace {
    source: String,
    /// The path in the source.
    path: String,
}

impl From<TimelineEvent> for WireEvent {
    fn from(event: TimelineEvent) -> Self {
        let TimelineEvent { at_ms, local, instance, kind, event, place, certainty } = event;
        let place = WireEventPlace { source: place.source, path: place.path };
        let (kind, certainty) = (kind.label(), certainty.label());
        Self { at_ms, local, instance, kind, event, place, certainty }
    }
}
