//! The repository of an instance, on the wire.

use crate::facts::{JcrKeys, NodeStore, Repository};
use serde::Serialize;

/// What became of reading `/etc/key`; the keys that were found are among the keys of the instance.
#[derive(Serialize)]
pub(super) struct WireRepository<'a> {
    place: &'a str,
    state: &'static str,
    reason: Option<&'a str>,
    head_ms: Option<u64>,
    revisions_behind: usize,
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
        }
    }
}

/// Where the repository is, whether or not it can be read.
#[derive(Serialize)]
pub(super) struct WireNodeStore<'a> {
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
    use crate::facts::NodeStoreKind;
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
        let store = farm.members[0].snapshot.node_store.as_ref().map(WireNodeStore::from);
        let wire = serde_json::to_value(store).unwrap();
        assert_eq!(wire["kind"], "document-rdb");
        assert_eq!(wire["place"], "crx-quickstart/install/x.config");
        assert_eq!(wire["leftover"], "crx-quickstart/repository/segmentstore");
        assert!(wire["reason"].as_str().unwrap().contains("a relational database"), "{wire}");
    }

    #[test]
    fn snapshot_without_a_segment_store_has_none() {
        assert_eq!(wire(|i| i), Value::Null);
    }

    #[test]
    fn state_and_reason_are_told() {
        let place = "crx-quickstart/repository/segmentstore";
        assert_eq!(
            wire(|i| i.jcr(&[]).revisions_behind(2)),
            json!({ "place": place, "state": "read", "reason": null, "head_ms": 5, "revisions_behind": 2 })
        );
        let unreadable = wire(|i| i.jcr_unreadable("segment 1 is missing"));
        assert_eq!(unreadable["state"], "unreadable");
        assert_eq!(unreadable["reason"], "segment 1 is missing");
    }
}
