//! What a policy expects of a farm, as far as rules look at it.

use crate::facts::{Digest, KeyName, Place, Role};
use crate::policy::ExpectedDigest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a policy expects of a farm; nothing where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// The digests its keys must have.
    pub keys: BTreeMap<KeyName, ExpectedDigest>,
    /// The roles its instances must have, by name.
    pub roles: BTreeMap<String, Role>,
    /// Instances that the policy names and that were not found.
    pub missing: Vec<Missing>,
    /// The policy has farms, and none of them has these instances.
    pub unnamed: bool,
    /// Keys in use on farms that must have other ones.
    pub apart: Vec<ForeignKey>,
    /// Farms that must have other keys and whose keys are not all known, of each demand; this farm may be among them.
    pub perhaps_shared: Vec<Arc<[String]>>,
}

/// An instance that was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name in the policy.
    pub name: String,
    /// What its source was to match.
    pub source: String,
    /// Instances that no entry of the policy means and whose names look like it.
    pub like: Vec<Like>,
    /// Sources that were not read in full and may have held it, the same for all. Where there are any, it is not known to be missing.
    pub maybe_in: Arc<[String]>,
}

/// An instance that may be one that was not found, under another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    /// The name that it has.
    pub name: String,
    /// Its source.
    pub source: String,
    /// It is the only instance of its source, so that a name given to that goes to it.
    pub alone: bool,
}

/// A key in use on another farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The farm.
    pub farm: String,
    /// The instance.
    pub instance: String,
    /// Which key.
    pub key: KeyName,
    /// Its content, as it is compared.
    pub value: Digest,
    /// Where it was read.
    pub place: Place,
}
