//! When things were written, as files, Felix and the launchpad tell it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When a file was written to last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum FileTime {
    /// Milliseconds since 1970.
    UtcMs(u64),
    /// Of a zip that keeps no other: local, of an unknown zone and even seconds; the milliseconds since 1970 that it would be in UTC.
    LocalMs(u64),
}

impl FileTime {
    /// Returns the milliseconds since 1970, in whatever zone.
    pub fn ms(self) -> u64 {
        match self {
            Self::UtcMs(ms) | Self::LocalMs(ms) => ms,
        }
    }

    /// Returns the milliseconds since 1970, where they are known to be in UTC.
    pub fn utc_ms(self) -> Option<u64> {
        if let Self::UtcMs(ms) = self { Some(ms) } else { None }
    }

    /// Returns by how many milliseconds it is later than another one of the same kind; nothing where it is not, or of another kind.
    pub fn later_than(self, other: Self) -> Option<u64> {
        let is_alike = matches!(self, Self::UtcMs(_)) == matches!(other, Self::UtcMs(_));
        self.ms().checked_sub(other.ms()).filter(|later| is_alike && *later > 0)
    }
}

/// The times of one instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// When files of keys, of the storage mode and the Sling id, and configurations were written; by path, as [`super::Bundle::path`] is kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileTime>,
    /// When Felix last modified the bundles of the crypto support, by directory; milliseconds since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bundles: BTreeMap<String, u64>,
    /// When Felix first modified one of all bundles, of which some are as they were installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bundle_ms: Option<u64>,
    /// When it last did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_bundle_ms: Option<u64>,
}

impl Times {
    /// Returns `true` if nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_two_kinds_are_not_compared() {
        let (utc, local) = (FileTime::UtcMs, FileTime::LocalMs);
        assert_eq!(utc(9).later_than(utc(5)), Some(4));
        assert_eq!(utc(5).later_than(utc(5)), None);
        assert_eq!(utc(5).later_than(utc(9)), None);
        assert_eq!(local(9).later_than(local(5)), Some(4));
        assert_eq!(utc(9).later_than(local(5)), None);
    }
}
