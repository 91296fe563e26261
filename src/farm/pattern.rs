//! A regular expression that distinguishes farms by the names of sources, as cloud stores and trackers make them.

use regex::bytes::{Regex, RegexBuilder};

/// Bytes of a compiled pattern, at most.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// The group that names the farm, where it has a name.
const GROUP: &str = "farm";

/// A regular expression with a group that names the farm.
#[derive(Debug, Clone)]
pub struct FarmPattern {
    pattern: Regex,
    group: usize,
}

impl FarmPattern {
    /// Returns the expression as it was given.
    pub fn as_str(&self) -> &str {
        self.pattern.as_str()
    }

    /// Reads a pattern; its group `farm`, or else its first one, names the farm.
    ///
    /// # Errors
    ///
    /// Fails when it is no regular expression, a very large one, or has no group.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        // The tables of Unicode are not built in; names of sources may be of any bytes.
        let built = RegexBuilder::new(pattern).unicode(false).size_limit(PATTERN_BYTES_MAX).build();
        let pattern = built.map_err(|error| error.to_string())?;
        let group = pattern.capture_names().position(|name| name == Some(GROUP)).unwrap_or(1);
        if group >= pattern.captures_len() {
            return Err("has no group that names the farm; one is `^uploads/([^/]+)/`".to_owned());
        }
        Ok(Self { pattern, group })
    }

    /// Returns the farm that a path names, where it does.
    pub(super) fn farm_of(&self, path: &str) -> Option<String> {
        let found = self.pattern.captures(path.as_bytes())?.get(self.group)?;
        let name = String::from_utf8_lossy(found.as_bytes());
        (!name.trim().is_empty()).then(|| name.into_owned())
    }
}

impl PartialEq for FarmPattern {
    fn eq(&self, other: &Self) -> bool {
        self.pattern.as_str() == other.pattern.as_str()
    }
}

impl Eq for FarmPattern {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Scenes;

    #[test]
    fn group_names_the_farm() {
        let farm = |pattern: &str, path: &str| FarmPattern::parse(pattern).unwrap().farm_of(path);
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(farm("^up/([^/]+)/", "up/acme/author.tar"), name("acme"));
        assert_eq!(
            farm("(x)?(?<farm>[A-Z]+-[0-9]+)", "s3://b/GRANITE-17_author.tgz"),
            name("GRANITE-17")
        );
        assert_eq!(farm("^up/([^/]+)/", "up/ünï/a.tar"), name("ünï"));
        for (pattern, path) in [("^up/([^/]+)/", "down/acme/a"), ("a( *)", "a  "), ("(x)?a", "a")] {
            assert_eq!(farm(pattern, path), None, "{pattern}");
        }
    }

    #[test]
    fn pattern_without_a_group_names_no_farm() {
        let mut scenes = Scenes::default();
        for pattern in ["parents", "(?:x)", "(", "([a-z]{1000}){1000}"] {
            scenes.add(pattern, &FarmPattern::parse(pattern).unwrap_err());
        }
        scenes.are("farm-patterns");
    }
}
