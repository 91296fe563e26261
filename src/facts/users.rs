//! The users in a repository: how many, and digests by which two repositories are compared. Their ids are not kept.

use super::Hex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The users of an instance; those of the system are none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Users {
    /// How many there are.
    pub count: u64,
    /// The sum of the SHA-256 of all ids, as four numbers of 64 bits: the same for the same set, in whatever order it was read.
    pub digest: Hex<32>,
    /// The first 64 bits of the SHA-256 of each id, sorted; empty where there are more users than are kept.
    pub ids: Vec<Hex<8>>,
    /// Why not all were read; one clause without a full stop.
    pub gap: Option<String>,
}

impl Users {
    /// Returns `true` if it is known of each user whether it is among them.
    pub fn are_listed(&self) -> bool {
        self.gap.is_none() && u64::try_from(self.ids.len()).is_ok_and(|ids| ids == self.count)
    }

    /// Counts how many of some users, sorted, are not among them.
    pub fn lacks(&self, all: &[Hex<8>]) -> usize {
        all.iter().filter(|id| self.ids.binary_search(id).is_err()).count()
    }
}
