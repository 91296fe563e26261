//! `bundle<N>/bundle.info`: number, location and state of a bundle.

use super::ParseError;
use crate::facts::BundleState;

/// What `bundle.info` says, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundleInfo {
    /// Line 1.
    pub id: Option<u64>,
    /// Line 2.
    pub location: Option<String>,
    /// Line 3.
    pub state: Option<BundleState>,
    /// Line 6: the `R` of `version<R>.<N>`.
    pub refresh: Option<u64>,
    /// The first fault. Felix deletes the bundle directory when there is one.
    pub problem: Option<ParseError>,
}
