//! Which rows of the bundle map a report shows.

use crate::farm::{BundleMap, BundleRow, Farm, bundle_map};
use regex::bytes::{Regex, RegexBuilder};

/// Bytes that the program of a pattern may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Which bundles to show: those that differ, or those of certain names.
#[derive(Debug, Clone, Default)]
pub struct BundleFilter {
    /// What symbolic names must match. Without it, only bundles that differ are shown.
    pattern: Option<Regex>,
}

impl BundleFilter {
    /// Makes a filter of a regular expression on symbolic names; an empty one stands for all bundles that differ.
    ///
    /// # Errors
    ///
    /// Fails when it is no regular expression, or a very large one.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() {
            return Ok(Self::default());
        }
        // Symbolic names are ASCII, and the tables of Unicode are not built in.
        let built = RegexBuilder::new(pattern).unicode(false).size_limit(PATTERN_BYTES_MAX).build();
        built.map(|pattern| Self { pattern: Some(pattern) }).map_err(|error| error.to_string())
    }

    /// Returns `true` if it shows bundles that do not differ, too.
    pub fn is_by_name(&self) -> bool {
        self.pattern.is_some()
    }

    /// Returns the bundle map of a farm with the rows to show.
    pub fn map(&self, farm: &Farm) -> BundleMap {
        bundle_map(farm, &|row: &BundleRow| match &self.pattern {
            Some(pattern) => pattern.is_match(row.symbolic_name.as_bytes()),
            None => row.differs,
        })
    }
}

impl PartialEq for BundleFilter {
    fn eq(&self, other: &Self) -> bool {
        let text = |filter: &Self| filter.pattern.as_ref().map(|regex| regex.as_str().to_owned());
        text(self) == text(other)
    }
}

impl Eq for BundleFilter {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::good_farm;

    #[test]
    fn names_that_match_are_shown_whether_they_differ_or_not() {
        let farm = good_farm(&["a", "b"]).build();
        let rows = |pattern| BundleFilter::parse(pattern).unwrap().map(&farm).rows.len();
        assert_eq!((rows(""), rows(r"(?i)^COM\.adobe\b"), rows("."), rows("é")), (0, 2, 5, 0));
    }

    #[test]
    fn pattern_that_is_none_or_huge_is_refused() {
        assert!(BundleFilter::parse("(").is_err());
        assert!(BundleFilter::parse("((a{1000}){1000}){1000}").is_err());
    }
}
