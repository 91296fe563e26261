//! Since when an instance has the keys that it works with.

use super::timeline::local_text;
use super::{Clock, KeyOrigin, KeyState, Member};
use crate::facts::{FileTime, KeyName, Utc};
use std::fmt;

/// Since when an instance has a key, as far as times tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyTime {
    /// When its file was written.
    Written(FileTime),
    /// Since when `/etc/key` is known to hold it; milliseconds since 1970.
    InJcrSince(u64),
}

impl KeyTime {
    /// Returns the milliseconds since 1970, where they are known to be in UTC.
    pub fn utc_ms(self) -> Option<u64> {
        match self {
            Self::Written(time) => time.utc_ms(),
            Self::InJcrSince(ms) => Some(ms),
        }
    }
}

impl fmt::Display for KeyTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(FileTime::UtcMs(ms)) => write!(f, "written {}", Utc(*ms)),
            Self::Written(FileTime::LocalMs(ms)) => {
                write!(f, "written {}, local time", local_text(*ms))
            }
            Self::InJcrSince(ms) => write!(f, "there since {} or before", Utc(*ms)),
        }
    }
}

/// Returns since when an instance has the key that it works with, where that is known and not the time of a copy.
pub fn key_time(member: &Member, name: KeyName) -> Option<KeyTime> {
    let KeyState::Known(key) = member.key(name) else { return None };
    match &key.origin {
        KeyOrigin::File(_) => {
            let (_, time) = Clock::of(member).key(name)?;
            Some(KeyTime::Written(time))
        }
        KeyOrigin::Jcr { .. } => {
            let stored = member.snapshot.repository.as_ref()?;
            stored.history.same_since_ms.map(KeyTime::InJcrSince)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_with_what_is_known_of_them() {
        let text = |time: KeyTime| (time.to_string(), time.utc_ms());
        let ms = 1_714_558_925_000;
        let utc = text(KeyTime::Written(FileTime::UtcMs(ms)));
        assert_eq!(utc, ("written 2024-05-01 10:22:05 UTC".to_owned(), Some(ms)));
        let local = text(KeyTime::Written(FileTime::LocalMs(ms)));
        assert_eq!(local, ("written 2024-05-01 10:22:05, local time".to_owned(), None));
        let jcr = text(KeyTime::InJcrSince(ms));
        assert_eq!(jcr, ("there since 2024-05-01 10:22:05 UTC or before".to_owned(), Some(ms)));
    }
}
