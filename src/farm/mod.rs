//! Instances that must agree, what their effective keys are, and the matrix of their facts.

mod bundle_map;
mod cell;
mod config_rows;
mod copies;
mod entries;
mod environments;
mod expected;
mod group;
mod ignored_keys;
mod in_use;
mod kept_keys;
mod key_health;
mod key_pair;
mod key_rows;
mod key_time;
mod keys;
mod like;
mod likeness;
mod listed;
mod log_signs;
mod matrix;
mod names;
mod open_gaps;
mod openings;
mod parts;
mod pattern;
mod peers;
mod place_doubt;
mod plan;
mod put_aside;
mod row;
mod rows;
mod sound_pair;
mod state_name;
mod states;
mod timeline;
mod torn;
mod undated;

pub use bundle_map::{BundleCell, BundleMap, BundleRow, Installed, bundle_map};
pub use cell::{Cell, CellState};
pub(crate) use environments::environments;
pub use expected::{Expected, ForeignKey, Like, Missing};
pub use group::{PolicyConflict, farms};
pub(crate) use ignored_keys::{ignored_pair, ignores_keys};
pub(crate) use in_use::{InUse, in_use};
use kept_keys::kept_for;
pub(crate) use kept_keys::older_pair;
pub use key_health::KeyHealth;
pub(crate) use key_health::key_in;
pub use key_pair::{Flaw, KeyPair};
pub(crate) use key_pair::{
    has_keys_in_jcr, is_contradicted, is_encrypted_by_jcr, is_in_doubt, is_open, pair_in_copy,
    pair_left_in_jcr, unused_pairs,
};
pub use key_time::{KeyTime, key_time};
use keys::KeyStates;
pub(crate) use keys::other_in_jcr;
pub use keys::{EffectiveKey, KeyOrigin, KeyState};
pub(crate) use likeness::{are_alike, is_misnamed, misnamed, pairs, twins};
pub(crate) use listed::{listed, listed_up_to};
pub(crate) use log_signs::{
    CANNOT_DECRYPT, cannot_decrypt, last as last_sight, last_storage, lost_its_data,
    seen as signs_seen, waits_for_restart,
};
pub use matrix::{Matrix, MatrixRow, alike, matrix};
pub(crate) use names::distinct;
pub use openings::{Encrypted, Holders, MasterOrigin, OpeningKey, Opens, Secret, SecretCounts};
pub(crate) use openings::{has_untried_master, masters_of_shut, opened, opens_value};
pub use parts::{SeenInstance, SeenSources, groups};
pub use pattern::FarmPattern;
pub(crate) use peers::{Groups, KeyUsers, names as names_of, others};
pub(crate) use place_doubt::{PlaceDoubt, place_doubt, unknown_place};
pub use plan::{FarmBy, FarmNames, FarmPlan, ONLY_FARM};
pub(crate) use put_aside::{is_loose, is_put_aside};
pub use row::{Expect, Row};
pub use rows::ROWS;
use sound_pair::{is_pair, pair_among};
pub(crate) use state_name::was_rotated_before;
pub use timeline::{Certainty, EventKind, TimelineEvent, timeline};
pub(crate) use timeline::{Clock, replaced_keys, spoken_span};
pub(crate) use torn::tell_torn;
pub(crate) use undated::tell_undated;

use crate::facts::{
    CRYPTO, Digest, Gap, KeyFile, KeyName, Role, Snapshot, StandbyMode, StorageFile, StorageMode,
};

/// Instances that must agree on their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Farm {
    /// Its name in reports, unique in the run.
    pub name: String,
    /// Its instances, sorted by name.
    pub members: Vec<Member>,
    /// The gaps of its sources, and of those that may have held an instance of it: one of each source and kind.
    pub gaps: Vec<Gap>,
    /// There are more gaps of the kind; where many farms are open, each is told of the first ones.
    pub has_more_gaps: bool,
    /// What a policy expects of it.
    pub expected: Expected,
}

/// One instance of a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name in reports, unique in its farm; without a policy, in the run.
    pub name: String,
    /// Only a number behind its name tells it from others.
    pub numbered: bool,
    /// Everything that was read of it.
    pub snapshot: Snapshot,
    /// Old copies inside its install root, such as `launchpad.old`. They are not compared.
    pub copies: Vec<Snapshot>,
    /// Its keys, decided in the light of its peers.
    keys: Keys,
}

/// What is known of the keys of an instance: it is decided once, and again where its facts change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// Each by itself, hmac first.
    states: KeyStates,
    /// Both together, wherever they lie.
    pair: KeyPair,
    /// See [`Member::keeps_keys_for`].
    kept_for: Option<Digest>,
}

impl Keys {
    /// Single keys, of which it is not decided yet which pair they are.
    fn single(states: KeyStates) -> Self {
        Self { states, pair: KeyPair::Unknown, kept_for: None }
    }
}

impl Farm {
    /// Lends the farm without the instances whose bytes fail a checksum: a wrong bit there would look like a wrong key.
    pub(crate) fn verified<T>(&mut self, look: impl FnOnce(&Self) -> T) -> T {
        let is_verified = |member: &Member| member.snapshot.is_verified();
        let members = std::mem::take(&mut self.members);
        let (verified, others): (Vec<Member>, Vec<Member>) =
            members.into_iter().partition(is_verified);
        self.members = verified;
        let seen = look(self);
        self.members.extend(others);
        self.members.sort_by(|a, b| a.name.cmp(&b.name));
        seen
    }

    /// Returns the role of an instance: what it shows itself, or else what the policy says.
    pub(crate) fn role_of(&self, member: &Member) -> Option<Role> {
        member.snapshot.role().or_else(|| self.expected.roles.get(&member.name).copied())
    }

    /// Returns `true` if the farm has the primary of a cold standby.
    pub(crate) fn has_primary(&self) -> bool {
        self.members.iter().any(|member| member.snapshot.standby() == Some(StandbyMode::Primary))
    }

    /// Returns `true` if an instance is a cold standby and shows nothing of its own in its repository: that is a mirror of the one of its
    /// primary, which was looked through.
    pub(crate) fn is_mirror(&self, member: &Member) -> bool {
        let is_primary = |other: &&Member| other.snapshot.standby() == Some(StandbyMode::Primary);
        let mut primaries = self.members.iter().filter(is_primary);
        member.snapshot.is_standby() && primaries.any(|it| it.snapshot.shows_stored_secrets())
    }

    /// Returns the cold standbys that have the repository of an instance, too.
    pub(crate) fn mirrors_of(&self, member: &Member) -> Vec<String> {
        if member.snapshot.standby() != Some(StandbyMode::Primary) {
            return Vec::new();
        }
        let standbys = self.members.iter().filter(|other| other.snapshot.is_standby());
        standbys.map(|standby| standby.name.clone()).collect()
    }

    /// Decides the keys of all instances anew, for their facts have changed; returns what was decided before.
    pub(crate) fn decide_keys(&mut self) -> Vec<Keys> {
        let snapshots: Vec<&Snapshot> =
            self.members.iter().map(|member| &member.snapshot).collect();
        let decided = keys::decide(&snapshots).into_iter().map(Keys::single).collect();
        let before = self.set_keys(decided);
        self.decide_pairs();
        before
    }

    /// Decides which pairs instances have, whose single keys are decided, and of which it is known what the policy expects.
    fn decide_pairs(&mut self) {
        for member in &mut self.members {
            keys::as_expected(&mut member.keys.states, &self.expected.keys);
        }
        let kept = kept_for(self);
        for (member, kept_for) in self.members.iter_mut().zip(kept) {
            member.keys.kept_for = kept_for;
            member.keys.pair = KeyPair::of(member);
        }
        let pairs = self.members.iter().filter_map(|member| member.pair().keys()).collect();
        for member in &mut self.members {
            let pair = member.pair().like_a_peers(member, &pairs);
            if let Some(pair) = pair {
                member.keys.pair = pair;
            }
        }
    }

    /// Says what the keys of all instances are; returns what was decided before.
    pub(crate) fn set_keys(&mut self, keys: Vec<Keys>) -> Vec<Keys> {
        let set = |(member, keys): (&mut Member, Keys)| std::mem::replace(&mut member.keys, keys);
        self.members.iter_mut().zip(keys).map(set).collect()
    }
}

impl Member {
    /// Returns the key the instance works with, or why that is not known.
    pub fn key(&self, name: KeyName) -> &KeyState {
        let [hmac, master] = &self.keys.states;
        match name {
            KeyName::Hmac => hmac,
            KeyName::Master => master,
        }
    }

    /// Returns the keys that the instance has for its own, both together, and what keeps it from working with them.
    pub fn pair(&self) -> &KeyPair {
        &self.keys.pair
    }

    /// Returns the master that opens secrets of the instance which its own does not, where it keeps its own all the same: that opens others
    /// of its secrets, the policy names it, or other instances work with it and do not want that master. Where one instance keeps its own, all
    /// do that want the same master. Nobody works with that one.
    pub(crate) fn keeps_keys_for(&self) -> Option<Digest> {
        self.keys.kept_for
    }

    /// Returns `true` if hmac and master are one key, which is no accident of all bytes being alike.
    pub fn has_doubled_keys(&self) -> bool {
        let [hmac, master] = KeyName::ALL.map(|name| self.known_key(name));
        let is_real =
            |key: &EffectiveKey| !matches!(key.health, KeyHealth::Uniform | KeyHealth::Empty);
        hmac.zip(master).is_some_and(|(hmac, master)| hmac.value == master.value && is_real(hmac))
    }

    /// Returns the key itself where it is known.
    pub fn known_key(&self, name: KeyName) -> Option<&EffectiveKey> {
        match self.key(name) {
            KeyState::Known(key) => Some(key),
            _ => None,
        }
    }

    /// Returns the key itself where it is known and lies in a file.
    pub fn key_in_file(&self, name: KeyName) -> Option<(&EffectiveKey, &KeyFile)> {
        let key = self.known_key(name)?;
        Some((key, key.file()?))
    }

    /// Returns the `storage` file of the crypto bundle. Of several, one that says something else than the others wins no
    /// favour: there is no answer then.
    pub fn storage(&self) -> Option<&StorageFile> {
        let mut files = self.snapshot.storage_in_place();
        let first = files.next()?;
        files.all(|other| other.storage == first.storage).then_some(first)
    }

    /// Returns `true` if the instance is known to be of a version (6.3 and newer) that keeps its keys in files.
    pub fn has_key_files_by_version(&self) -> bool {
        // AEM 6.3 brought `com.adobe.granite.crypto.file`; before it, keys were in `/etc/key`
        // alone.
        let old = ["5.", "6.0.", "6.1.", "6.2."];
        let is_old = |version: &str| old.iter().any(|start| version.starts_with(start));
        self.snapshot.aem_version().is_some_and(|version| !is_old(version))
    }

    /// Returns `true` if there is no `storage` file where the whole place for it was seen.
    pub fn is_storage_absent(&self) -> bool {
        let snapshot = &self.snapshot;
        snapshot.storage_in_place().next().is_none()
            && snapshot.bundles_named(CRYPTO).any(|bundle| snapshot.shows_data_of(bundle))
    }

    /// Returns `true` if the instance takes its keys from the repository.
    pub fn is_in_jcr_mode(&self) -> bool {
        let mut modes = self.snapshot.storage_in_place().map(|file| file.storage.mode);
        modes.next() == Some(StorageMode::Jcr) && modes.all(|mode| mode == StorageMode::Jcr)
    }

    /// Returns the storage mode that the file names, faults such as a stray newline aside.
    pub fn storage_mode(&self) -> Option<StorageMode> {
        self.storage().map(|file| file.storage.mode)
    }
}
