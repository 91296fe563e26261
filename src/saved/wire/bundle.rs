//! Bundles: those that instances have in common are written once, without what differs from one instance to the other.

use super::super::LineId;
use crate::facts::{Bundle, BundleState, DiscardReason, IdentifiedBy, Revision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Where the bundles of an instance are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(in super::super) struct SavedBundles {
    /// Path of the cache from the install root, from the top of the source where it starts with a slash; not there for
    /// `launchpad/felix`.
    #[serde(default = "usual_cache", skip_serializing_if = "is_usual_cache")]
    pub(in super::super) cache: String,
    /// Lines of bundles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) sets: Vec<LineId>,
    /// The line of their numbers, in the order of the bundles in these lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) numbers: Option<LineId>,
    /// Bundles in directories that are not named after their number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in super::super) own: Vec<SavedBundle<'static>>,
}

impl Default for SavedBundles {
    fn default() -> Self {
        Self { cache: usual_cache(), sets: Vec::new(), numbers: None, own: Vec::new() }
    }
}

/// A bundle. What is not there is as in most bundles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct SavedBundle<'a> {
    /// Its directory, where that is not `bundle` and its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<Cow<'a, str>>,
    /// The path of the directory as in the cache, where it has a directory here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<Cow<'a, str>>,
    /// Its number, where it has a directory here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// Symbolic name, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    /// Version, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<Cow<'a, str>>,
    /// Where it was installed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<Cow<'a, str>>,
    /// How name and version became known; by the manifest where it is not there, not at all where it is null.
    #[serde(default = "by_manifest", skip_serializing_if = "is_by_manifest")]
    identified_by: Option<IdentifiedBy>,
    /// Persistent state; active where it is not there, unknown where it is null.
    #[serde(default = "active", skip_serializing_if = "is_active")]
    state: Option<BundleState>,
    /// Revision directories, sorted by name. Where it is not there, that is `version0.0` with the name and version of the bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revisions: Option<Cow<'a, [Revision]>>,
    /// A fragment is never started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    fragment: bool,
    /// Nothing of its `data/` came, and its directory was not listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    data_unseen: bool,
    /// Why Felix would delete the directory at the next start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discard: Option<Cow<'a, DiscardReason>>,
}

/// Where the cache is unless a setting names another place.
pub(in super::super) const USUAL_CACHE: &str = "launchpad/felix";
const USUAL_REVISION: &str = "version0.0";

fn usual_cache() -> String {
    USUAL_CACHE.to_owned()
}

fn is_usual_cache(cache: &str) -> bool {
    cache == USUAL_CACHE
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for a field that is not there")]
fn by_manifest() -> Option<IdentifiedBy> {
    Some(IdentifiedBy::Manifest)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature of `skip_serializing_if`")]
#[expect(clippy::ref_option, reason = "the signature of `skip_serializing_if`")]
fn is_by_manifest(by: &Option<IdentifiedBy>) -> bool {
    *by == by_manifest()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for a field that is not there")]
fn active() -> Option<BundleState> {
    Some(BundleState::Active)
}

#[expect(clippy::ref_option, reason = "the signature of `skip_serializing_if`")]
fn is_active(state: &Option<BundleState>) -> bool {
    *state == active()
}

impl SavedBundle<'static> {
    /// Keeps of every text what its shape allows; returns `true` if that is less.
    pub(in super::super) fn keep_shapes(&mut self) -> bool {
        self.change(Bundle::keep_shapes)
    }

    /// Hides every text that is a key; returns `true` if there is one.
    pub(in super::super) fn hide_keys(&mut self, is_key: &impl Fn(&str) -> bool) -> bool {
        self.change(|bundle| bundle.hide_keys(is_key))
    }

    fn change(&mut self, change: impl FnOnce(&mut Bundle) -> bool) -> bool {
        let mut bundle = self.bundle();
        let is_changed = change(&mut bundle);
        if is_changed {
            let (directory, path, id) = (self.directory.take(), self.path.take(), self.id);
            let kept = SavedBundle::shared(&bundle).into_owned();
            *self = SavedBundle { directory, path, id, ..kept };
        }
        is_changed
    }
}

impl<'a> SavedBundle<'a> {
    /// Makes one that instances can share: without number, directory and path.
    pub(in super::super) fn shared(bundle: &'a Bundle) -> Self {
        let text = |text: &'a Option<String>| text.as_deref().map(Cow::Borrowed);
        Self {
            directory: None,
            path: None,
            id: None,
            name: text(&bundle.symbolic_name),
            version: text(&bundle.version),
            location: text(&bundle.location),
            identified_by: bundle.identified_by,
            state: bundle.state,
            revisions: (!has_usual_revision(bundle)).then(|| Cow::Borrowed(&*bundle.revisions)),
            fragment: bundle.fragment,
            data_unseen: !bundle.data_seen,
            discard: bundle.discard.as_ref().map(Cow::Borrowed),
        }
    }

    /// Makes one of a single instance.
    pub(in super::super) fn own(bundle: &'a Bundle) -> Self {
        Self {
            directory: Some(Cow::Borrowed(&bundle.directory)),
            path: Some(Cow::Borrowed(&bundle.path)),
            id: bundle.id,
            ..Self::shared(bundle)
        }
    }

    /// Returns the same that borrows nothing.
    pub(in super::super) fn into_owned(self) -> SavedBundle<'static> {
        let text = |text: Option<Cow<'a, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        SavedBundle {
            directory: text(self.directory),
            path: text(self.path),
            id: self.id,
            name: text(self.name),
            version: text(self.version),
            location: text(self.location),
            identified_by: self.identified_by,
            state: self.state,
            revisions: self.revisions.map(|revisions| Cow::Owned(revisions.into_owned())),
            fragment: self.fragment,
            data_unseen: self.data_unseen,
            discard: self.discard.map(|discard| Cow::Owned(discard.into_owned())),
        }
    }

    /// Returns the bundle of this number in a cache.
    pub(in super::super) fn numbered(&self, number: u64, cache: &str) -> Bundle {
        let directory = format!("bundle{number}");
        let path = format!("{cache}/{directory}");
        Bundle { id: Some(number), directory, path, ..self.bundle() }
    }

    /// Returns the bundle as it is here.
    pub(in super::super) fn bundle(&self) -> Bundle {
        let text = |text: &Option<Cow<'a, str>>| text.as_deref().map(str::to_owned);
        let (name, version) = (text(&self.name), text(&self.version));
        let usual = || Revision {
            directory: USUAL_REVISION.to_owned(),
            symbolic_name: name.clone(),
            version: version.clone(),
            current: true,
        };
        Bundle {
            id: self.id,
            directory: text(&self.directory).unwrap_or_default(),
            revisions: self.revisions.as_ref().map_or_else(|| vec![usual()], |r| r.to_vec()),
            symbolic_name: name,
            version,
            identified_by: self.identified_by,
            state: self.state,
            location: text(&self.location),
            fragment: self.fragment,
            data_seen: !self.data_unseen,
            discard: self.discard.as_deref().cloned(),
            path: text(&self.path).unwrap_or_default(),
        }
    }
}

fn has_usual_revision(bundle: &Bundle) -> bool {
    let [revision] = bundle.revisions.as_slice() else { return false };
    // A fresh install has `version0.0` in every bundle, so that this is left out of most lines.
    revision.current
        && revision.directory == USUAL_REVISION
        && revision.symbolic_name == bundle.symbolic_name
        && revision.version == bundle.version
}
