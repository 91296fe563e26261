//! The text in facts that came from the body of a file, for those who find out later that the body is no business of anyone's.

use super::{ConfigFile, Fact, Found, Jar, bundle_values};
use crate::facts::HIDDEN_LINK;

impl Fact {
    /// Says whether anything of the body is in it: letters or digits, and not only what they mean. A key is no jar, and of a log
    /// words of fixed patterns alone are kept.
    pub fn quotes(&self) -> bool {
        match self {
            Self::Seen
            | Self::RevisionLocation
            | Self::Storage(_)
            | Self::Key(..)
            | Self::Jar(_)
            | Self::Log(_)
            | Self::Config(ConfigFile::Ignored(_)) => false,
            Self::Config(ConfigFile::Used(_))
            | Self::BundleInfo(_)
            | Self::BundleValue(_)
            | Self::SlingId(_)
            | Self::RunModes(_)
            | Self::Settings(_)
            | Self::LastStart(_)
            | Self::JavaMajor(_)
            | Self::Installed(_) => true,
        }
    }

    /// Returns every text in it that is shown as it stands in the file.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        match self {
            Self::BundleInfo(info) => info.location.iter_mut().collect(),
            Self::BundleValue(text) => vec![text],
            Self::Jar(Jar::Manifest { symbolic_name, version, .. }) => {
                symbolic_name.iter_mut().chain([version]).collect()
            }
            Self::RunModes(modes) => modes.iter_mut().collect(),
            Self::Settings(settings) => settings.iter_mut().map(|(_, value)| value).collect(),
            Self::Config(ConfigFile::Used(config)) => config.texts_mut().collect(),
            Self::Installed(options) => options.0.values_mut().collect(),
            Self::Log(file) => file.told.values_mut().map(|told| &mut told.value).collect(),
            // A UUID counts as one or not at all.
            _ => Vec::new(),
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
