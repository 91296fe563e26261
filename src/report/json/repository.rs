//! The repository of an instance, on the wire.

use crate::facts::{JcrKeys, Repository};
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
