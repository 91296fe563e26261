//! The text in facts that came from the body of a file, for those who find out later that the body is no business of anyone's.

use super::{Fact, Found, bundle_values};
use crate::facts::HIDDEN_LINK;

impl Fact {
    /// Returns how many bytes are kept of what a source may have any number of; 0 for what has a small bound of its own.
    pub fn kept_bytes(&self) -> usize {
        match self {
            Self::Settings(statements) => statements.text_bytes(),
            Self::Config(readings) => readings.kept_bytes(),
            Self::Key(_, digest) => size_of_val(digest.traces.as_slice()),
            _ => 0,
        }
    }

    /// Returns `true` if anything of the body is in it: letters or digits, and not only what they mean. A key is no jar, and of a
    /// log words of fixed patterns alone are kept.
    pub fn quotes(&self) -> bool {
        match self {
            Self::Seen
            | Self::RevisionLocation(_)
            | Self::Storage(_)
            | Self::Key(..)
            | Self::StrayKey(..)
            | Self::Jar(_)
            | Self::Log(_) => false,
            Self::Config(readings) => readings.may_be_used(),
            Self::BundleInfo(_)
            | Self::BundleValue(_)
            | Self::SlingId(_)
            | Self::RunModes(_)
            | Self::Settings(_)
            | Self::LastStart(_)
            | Self::JavaMajor(_)
            | Self::Installed(_) => true,
        }
    }

    /// Drops the location in it. Any line of any file may be taken for one, so a link must lead to a file that is meant to hold one.
    pub fn hide_location(&mut self, found: &Found<'_>) {
        let location = match self {
            Self::BundleInfo(info) => info.location.as_mut(),
            Self::BundleValue(text) if found.name == bundle_values::LOCATION => Some(text),
            _ => None,
        };
        if let Some(location) = location.filter(|location| !location.is_empty()) {
            HIDDEN_LINK.clone_into(location);
        }
    }
}
