//! The repository of an instance, on the wire.

use crate::facts::{Hex, JcrKey, JcrKeys, KeyHistory, NodeStore, PastKeys, PastState, Repository};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What became of reading `/etc/key`; the keys that were found are among the keys of the instance.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Repository")]
pub(super) struct WireRepository<'a> {
    place: &'a str,
    #[schemars(extend("enum" = ["read", "unreadable", "not-read"]))]
    state: &'static str,
    /// Why it was not read.
    reason: Option<&'a str>,
    /// The moment it was read of, milliseconds since 1970.
    head_ms: Option<u64>,
    /// Newer revisions than that one, which are not whole.
    revisions_behind: usize,
    /// Why what was read may not be what the instance has: keys and configurations are then not compared. Null where that is not so.
    doubt: Option<&'a str>,
    history: Option<WireHistory<'a>>,
    /// Why not all configurations in it are listed; null where they are, and where the repository was not read.
    configurations_gap: Option<&'a str>,
    /// What of it was not looked through for protected values; null where all places were in which they are looked for.
    secrets_gap: Option<&'a str>,
}

/// How many users there are, and a digest by which sets of them are compared.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Users")]
pub(super) struct WireUsers {
    /// Those of the system do not count.
    count: u64,
    #[schemars(with = "Hex<32>")]
    digest: String,
}

impl WireUsers {
    /// Shows the users of a repository, where all were read.
    pub(super) fn of(repository: &Repository) -> Option<Self> {
        let users = repository.users.as_ref().filter(|users| users.gap.is_none())?;
        Some(Self { count: users.count, digest: users.digest.to_string() })
    }
}

/// What older states hold; null where the repository was not read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "History")]
struct WireHistory<'a> {
    same_since_ms: Option<u64>,
    others: Vec<WirePast<'a>>,
    revisions: usize,
    revisions_read: usize,
    /// How many older ones garbage collection took: that they cannot be read is no gap.
    collected: usize,
    /// When the oldest one was made that is still there, milliseconds since 1970.
    oldest_ms: Option<u64>,
    checkpoints_read: usize,
    gap: Option<&'a str>,
}

/// An older state that holds other keys, or none.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Past")]
struct WirePast<'a> {
    #[schemars(extend("enum" = ["revisions", "checkpoint"]))]
    state: &'static str,
    /// Its name; null for revisions.
    checkpoint: Option<&'a str>,
    newest_ms: Option<u64>,
    oldest_ms: Option<u64>,
    /// By name, `hmac` and `master`.
    keys: BTreeMap<&'static str, WirePastKey>,
}

/// A key that it held.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PastKey")]
struct WirePastKey {
    bytes: u64,
    #[schemars(with = "Hex<16>")]
    md5: String,
    #[schemars(with = "Hex<32>")]
    sha256: String,
}

impl<'a> From<&'a KeyHistory> for WireHistory<'a> {
    fn from(history: &'a KeyHistory) -> Self {
        Self {
            same_since_ms: history.same_since_ms,
            others: history.others.iter().map(WirePast::from).collect(),
            revisions: history.revisions,
            revisions_read: history.revisions_read,
            collected: history.collected,
            oldest_ms: history.oldest_ms,
            checkpoints_read: history.checkpoints_read,
            gap: history.gap.as_deref(),
        }
    }
}

impl<'a> From<&'a PastKeys> for WirePast<'a> {
    fn from(past: &'a PastKeys) -> Self {
        let (state, checkpoint, newest_ms, oldest_ms) = match &past.state {
            PastState::Revisions { newest_ms, oldest_ms } => {
                ("revisions", None, *newest_ms, *oldest_ms)
            }
            PastState::Checkpoint { name, created_ms } => {
                ("checkpoint", Some(name.as_str()), *created_ms, *created_ms)
            }
        };
        let keys = past.keys.iter().map(past_key).collect();
        Self { state, checkpoint, newest_ms, oldest_ms, keys }
    }
}

fn past_key(key: &JcrKey) -> (&'static str, WirePastKey) {
    let digest = key.digest.whole;
    let (md5, sha256) = (digest.md5.to_string(), digest.sha256.to_string());
    (key.name.file_name(), WirePastKey { bytes: digest.bytes, md5, sha256 })
}

impl<'a> From<&'a Repository> for WireRepository<'a> {
    fn from(repository: &'a Repository) -> Self {
        Self {
            place: &repository.place.path,
            state: match repository.keys {
                JcrKeys::Read(_) => "read",
                JcrKeys::Unreadable(_) => "unreadable",
                JcrKeys::NotRead(_) => "not-read",
            },
            reason: repository.keys.reason(),
            head_ms: repository.head_ms,
            revisions_behind: repository.revisions_behind,
            doubt: repository.doubt.as_deref(),
            history: matches!(repository.keys, JcrKeys::Read(_))
                .then(|| WireHistory::from(&repository.history)),
            configurations_gap: repository.configurations_gap.as_deref(),
            secrets_gap: repository.secrets_gap.as_deref(),
        }
    }
}

/// Where the repository is, whether or not it can be read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "NodeStore")]
pub(super) struct WireNodeStore<'a> {
    /// Which, such as `segment` or `document-mongodb`; more may be added.
    kind: &'static str,
    /// The directory of segments, or the file that says where the repository is.
    place: &'a str,
    /// A segment store beside it that may be left over, or the one in use.
    leftover: Option<&'a str>,
    /// Why nothing of its content is in the snapshot.
    reason: Option<String>,
}

impl<'a> From<&'a NodeStore> for WireNodeStore<'a> {
    fn from(store: &'a NodeStore) -> Self {
        Self {
            kind: store.kind.label(),
            place: &store.place.path,
            leftover: store.leftover.as_ref().map(|place| place.path.as_str()),
            reason: store.out_of_reach(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{KeyName, NodeStoreKind};
    use crate::testing::farm;
    use serde_json::{Value, json};

    fn wire(change: impl FnOnce(crate::testing::Instance) -> crate::testing::Instance) -> Value {
        let farm = farm().with("a", change).build();
        let repository = farm.members[0].snapshot.repository.as_ref().map(WireRepository::from);
        serde_json::to_value(repository).unwrap()
    }

    #[test]
    fn place_of_the_repository_is_told_without_one() {
        let farm = farm().with("a", |i| i.node_store(NodeStoreKind::Relational, true)).build();
        let store = farm.members[0].snapshot.node_store.as_ref().expect("a store");
        let wire = serde_json::to_value(WireNodeStore::from(store)).unwrap();
        assert_eq!(wire["kind"], "document-rdb");
        assert_eq!(wire["place"], "crx-quickstart/install/x.config");
        assert_eq!(wire["leftover"], "crx-quickstart/repository/segmentstore");
        assert_eq!(wire["reason"], json!(store.out_of_reach()));
    }

    #[test]
    fn snapshot_without_a_segment_store_has_none() {
        assert_eq!(wire(|i| i), Value::Null);
    }

    #[test]
    fn state_and_reason_are_told() {
        let place = "crx-quickstart/repository/segmentstore";
        let mut read = wire(|i| i.jcr(&[]).revisions_behind(2));
        assert_eq!(read["history"].take()["others"], json!([]));
        assert_eq!(
            read,
            json!({
                "place": place, "state": "read", "reason": null, "head_ms": 5, "revisions_behind": 2,
                "doubt": "newer revisions cannot be read", "history": null,
                "configurations_gap": null,
                "secrets_gap": null
            })
        );
        let unreadable = wire(|i| i.jcr_unreadable("segment 1 is missing"));
        assert_eq!(unreadable["state"], "unreadable");
        assert_eq!(unreadable["reason"], "segment 1 is missing");
        assert_eq!(unreadable["history"], Value::Null);
    }

    #[test]
    fn older_states_are_told_with_digests() {
        let past = PastState::Checkpoint { name: "c".to_owned(), created_ms: Some(3) };
        let wire = wire(|i| i.jcr(&[]).held(past, &[(KeyName::Hmac, b"x")]));
        let other = &wire["history"]["others"][0];
        assert_eq!((&other["state"], &other["checkpoint"]), (&json!("checkpoint"), &json!("c")));
        assert_eq!((&other["newest_ms"], &other["oldest_ms"]), (&json!(3), &json!(3)));
        assert_eq!(other["keys"]["hmac"]["md5"], "9dd4e461268c8034f5c8564e155c67a6");
    }
}
