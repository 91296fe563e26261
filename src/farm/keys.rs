//! Which keys an instance works with, decided from its own files and those of its peers.

use super::{KeyHealth, Member};
use crate::facts::{
    Alteration, CRYPTO_FILE, CRYPTO_KEYS_PATH, Digest, GapKind, JcrKey, JcrKeys, KeyDigest,
    KeyFile, KeyName, LineEnd, Place, Snapshot, StorageMode,
};
use crate::policy::ExpectedDigest;
use std::collections::{BTreeMap, BTreeSet};

/// The key an instance works with, or why that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It is known.
    Known(Box<EffectiveKey>),
    /// This is what was read, and the instance may have another: `Repository::doubt` says why, or a gap of a setting. It is shown, and never
    /// compared.
    Uncertain(Box<EffectiveKey>),
    /// The place where the key belongs, a file or `/etc/key`, was read in full, and the key is not there.
    Absent,
    /// A property moves the key files to a directory that is not in the snapshot.
    External,
    /// The instance keeps its keys in the repository, which was not read.
    InJcr,
    /// Several places claim to hold the key, and they differ.
    Ambiguous,
    /// It is there and could not be read; a gap, or the repository, says why.
    Unreadable,
    /// The source does not hold the part of the install where it would be.
    NotInSnapshot,
}

/// A key that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectiveKey {
    /// What to compare: the content, without its line end where that is a stray one, and as it was before it was altered.
    pub value: Digest,
    /// What keeps the instance from working with it, if anything.
    pub health: KeyHealth,
    /// The content as it was read.
    pub digest: KeyDigest,
    /// Where it was read from.
    pub origin: KeyOrigin,
}

/// Where the key that an instance works with comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOrigin {
    /// From a file in the data directory of the bundle.
    File(Box<KeyFile>),
    /// From a property in the repository.
    Jcr {
        /// The segment store.
        place: Place,
        /// The path of the property, such as `/etc/key/hmac`.
        path: String,
    },
}

impl EffectiveKey {
    /// Returns where it was read: the file, or the segment store.
    pub fn place(&self) -> &Place {
        match &self.origin {
            KeyOrigin::File(file) => &file.place,
            KeyOrigin::Jcr { place, .. } => place,
        }
    }

    /// Returns the file it was read from, where it is one that can be copied.
    pub fn file(&self) -> Option<&KeyFile> {
        match &self.origin {
            KeyOrigin::File(file) => Some(file),
            KeyOrigin::Jcr { .. } => None,
        }
    }

    /// Returns the stray line end, where there is one. Only files have one.
    pub fn line_end(&self) -> Option<LineEnd> {
        match self.health {
            KeyHealth::LineEnd(line_end) => Some(line_end),
            _ => None,
        }
    }

    /// Returns whether it lies in the repository.
    pub fn is_in_jcr(&self) -> bool {
        self.file().is_none()
    }
}

/// The keys of one name that the instances of a farm have, as far as their sources were verified.
#[derive(Debug, Default)]
struct Peers {
    /// As they were read.
    whole: BTreeSet<Digest>,
    /// What each would be if a tool dropped bytes of it: what it is, and how.
    lost: BTreeMap<Digest, (Digest, Alteration)>,
}

impl Peers {
    fn of(farm: &[&Snapshot], name: KeyName) -> Self {
        let mut peers = Self::default();
        for snapshot in farm.iter().filter(|snapshot| snapshot.is_verified()) {
            let files = snapshot.keys_in_use(name).map(|file| &file.digest);
            let jcr = snapshot.repository.iter().filter_map(|r| r.key(name)).map(|key| &key.digest);
            for digest in files.chain(jcr) {
                peers.whole.insert(digest.whole);
                let of = |by, rest| (rest, (digest.whole, by));
                peers.lost.extend(digest.lost.iter().map(|(by, rest)| of(*by, *rest)));
                let restored = digest.restored.iter();
                let without_cr = restored.filter(|(by, _)| *by == Alteration::LfToCrLf);
                let without_cr = without_cr.map(|(_, rest)| of(Alteration::CrLfToLf, *rest));
                peers.lost.extend(without_cr);
            }
        }
        peers
    }
}

/// What is known of both keys of an instance, hmac first.
pub(super) type KeyStates = [KeyState; 2];

/// Decides the keys of every snapshot of a farm.
pub(super) fn decide(farm: &[&Snapshot]) -> Vec<KeyStates> {
    let peers = KeyName::ALL.map(|name| (name, Peers::of(farm, name)));
    let of =
        |snapshot: &&Snapshot| peers.each_ref().map(|(name, peers)| state(snapshot, *name, peers));
    farm.iter().map(of).collect()
}

/// Takes the hmac of an instance as it lies in its file where the policy names it so.
///
/// Seen where `md5sum` of a file with a line end was written into a policy: all instances had that line end, and worked. A hmac may have
/// any length; a master may not, so the line end stays no part of that.
pub(super) fn as_expected([hmac, _]: &mut KeyStates, expected: &BTreeMap<KeyName, ExpectedDigest>) {
    let (KeyState::Known(key), Some(expected)) = (hmac, expected.get(&KeyName::Hmac)) else {
        return;
    };
    if key.health.is_flawed() && expected.is_of(&key.digest.whole) {
        (key.value, key.health) = (key.digest.whole, KeyHealth::Unusual);
    }
}

fn state(snapshot: &Snapshot, name: KeyName, peers: &Peers) -> KeyState {
    let modes: BTreeSet<StorageMode> =
        snapshot.storage_in_place().map(|file| file.storage.mode).collect();
    // Where this is set, AEM reads both keys from there and none from the data directory.
    // (Netcentric aem-crypto-support)
    if snapshot.setting(CRYPTO_KEYS_PATH).is_some() {
        let moved = snapshot.keys_in_use(name).next().map(|file| effective(file, peers));
        // In JCR mode the bundle that reads the setting is not asked for keys, so other ones in `/etc/key` may be those in use.
        if modes.iter().eq([&StorageMode::Jcr]) {
            return match (in_jcr(snapshot, name), moved) {
                (KeyState::Known(stored), Some(file)) if stored.value == file.value => {
                    KeyState::Known(Box::new(file))
                }
                (KeyState::Known(stored), _) => KeyState::Uncertain(stored),
                (state, _) => state,
            };
        }
        return moved
            .map_or_else(|| why_none_moved(snapshot, name), |key| KeyState::Known(Box::new(key)));
    }
    // In JCR mode, files that lie there are stale, or of a migration that was not finished.
    if modes.contains(&StorageMode::Jcr) {
        return if modes.len() == 1 { in_jcr(snapshot, name) } else { KeyState::Ambiguous };
    }
    let mut known: Vec<EffectiveKey> =
        candidates(snapshot, name).into_iter().map(|file| effective(file, peers)).collect();
    // Of `bundle21` and `bundle21.bak`, Felix takes the one that readdir lists last (`BundleCache.getArchives`), which no archive shows.
    // So equal keys are one, and others leave it open.
    known.dedup_by(|a, b| a.value == b.value && a.health.is_flawed() == b.health.is_flawed());
    match known.len() {
        0 => why_none(snapshot, name),
        // Where a setting moves the keys, AEM reads none of the data of the bundle, and that one may.
        1 => known.pop().map_or(KeyState::NotInSnapshot, |key| match snapshot.open_place() {
            Some(_) => KeyState::Uncertain(Box::new(key)),
            None => KeyState::Known(Box::new(key)),
        }),
        _ => KeyState::Ambiguous,
    }
}

/// Decides on the key of an instance in JCR mode. The reader has checked what it read, so a gap elsewhere in the source
/// takes nothing away from it.
fn in_jcr(snapshot: &Snapshot, name: KeyName) -> KeyState {
    let Some(repository) = &snapshot.repository else { return KeyState::InJcr };
    match (&repository.keys, repository.key(name)) {
        (_, Some(key)) => {
            let key = Box::new(EffectiveKey {
                value: key.digest.whole,
                health: KeyHealth::of(name, &key.digest),
                digest: key.digest.clone(),
                origin: KeyOrigin::Jcr { place: repository.place.clone(), path: key.path() },
            });
            // Of a store without `data00001a.tar`, a revision was read that was 51 older than the
            // newest. Oak 1.22.4 does not start with it.
            let is_outdated = repository.is_outdated();
            if is_outdated { KeyState::Uncertain(key) } else { KeyState::Known(key) }
        }
        // A newer revision, which could not be read, may have it.
        (JcrKeys::Read(_), None) if repository.is_outdated() => KeyState::Unreadable,
        (JcrKeys::Read(_), None) => KeyState::Absent,
        (JcrKeys::Unreadable(_), None) => KeyState::Unreadable,
        (JcrKeys::NotRead(_), None) => KeyState::InJcr,
    }
}

/// Returns the key files in their place. In an upload that says of no bundle what it is, a lone directory that holds
/// keys is taken for theirs; a gap tells that this was assumed.
fn candidates(snapshot: &Snapshot, name: KeyName) -> Vec<&KeyFile> {
    let in_place: Vec<&KeyFile> = snapshot.keys_in_place(name).collect();
    if !in_place.is_empty() || snapshot.bundles_named(CRYPTO_FILE).next().is_some() {
        return in_place;
    }
    let unnamed = |file: &&KeyFile| {
        snapshot.bundle_in(&file.directory).is_none_or(|bundle| bundle.symbolic_name.is_none())
    };
    snapshot.key_files.iter().filter(|file| file.name == name).filter(unnamed).collect()
}

fn why_none(snapshot: &Snapshot, name: KeyName) -> KeyState {
    let directories: Vec<String> = snapshot
        .bundles_named(CRYPTO_FILE)
        .map(|bundle| format!("{}/data/{}", snapshot.path_of(bundle), name.file_name()))
        .collect();
    if is_unreadable(snapshot, &directories) {
        return KeyState::Unreadable;
    }
    let shown = snapshot.bundles_named(CRYPTO_FILE).any(|bundle| snapshot.shows_data_of(bundle));
    // A property that was not read may keep the keys somewhere else.
    if shown && snapshot.parts.properties { KeyState::Absent } else { KeyState::NotInSnapshot }
}

/// Says why there is no key of a name where a setting moves the keys.
fn why_none_moved(snapshot: &Snapshot, name: KeyName) -> KeyState {
    let Some(directory) = &snapshot.keys_directory else { return KeyState::External };
    if is_unreadable(snapshot, &[format!("{}/{name}", directory.path)]) {
        KeyState::Unreadable
    } else if !directory.came {
        KeyState::External
    } else if snapshot.is_complete() {
        KeyState::Absent
    } else {
        KeyState::NotInSnapshot
    }
}

/// Returns `true` if one of these files of keys is there and could not be read.
fn is_unreadable(snapshot: &Snapshot, files: &[String]) -> bool {
    snapshot.gaps.iter().any(|gap| {
        gap.kind.hides()
            && gap.kind != GapKind::Unidentified
            && gap.path.as_ref().is_some_and(|path| files.contains(path))
    })
}

fn effective(file: &KeyFile, peers: &Peers) -> EffectiveKey {
    let (value, health) = match (altered(file, peers), KeyHealth::of(file.name, &file.digest)) {
        (Some((content, alteration)), _) => (content, KeyHealth::Altered(alteration)),
        (None, health @ (KeyHealth::Unusual | KeyHealth::NoKey)) => stray(file, &peers.whole)
            .map_or((file.digest.whole, health), |(content, line_end)| {
                (content, KeyHealth::LineEnd(line_end))
            }),
        (None, health) => (file.digest.whole, health),
    };
    EffectiveKey {
        value,
        health,
        digest: file.digest.clone(),
        origin: KeyOrigin::File(Box::new(file.clone())),
    }
}

/// Decides whether a key file is a peer's key that a tool altered.
///
/// The digest of what it was before is that of a peer's file, which has a length that this key has. A key may hold CR LF by
/// nature; so a file whose own length is right is never suspected of having grown, only of having lost none.
fn altered(file: &KeyFile, peers: &Peers) -> Option<(Digest, Alteration)> {
    let lengths = file.name.known_lengths();
    let whole = &file.digest.whole;
    let has_length = |digest: &Digest| lengths.contains(&digest.bytes);
    let is_undone = |(alteration, content): &&(Alteration, Digest)| {
        // One hmac in about 2,100 has a CR LF by nature. It is 32 bytes long, as it should be, and
        // nothing is undone.
        let may_be = *alteration != Alteration::LfToCrLf || !has_length(whole);
        may_be && has_length(content) && peers.whole.contains(content)
    };
    if let Some((alteration, content)) = file.digest.restored.iter().find(is_undone) {
        return Some((*content, *alteration));
    }
    // Which bytes are gone cannot be seen from the file; the digest of a peer without such bytes decides.
    let (before, by) = peers.lost.get(whole)?;
    // `echo "$(cat hmac)"` drops one zero and adds a line end: the length is right, and the key is not.
    let may_be = *by == Alteration::Dropped || !has_length(whole);
    (may_be && has_length(before)).then_some((*before, *by))
}

/// Decides whether a key file ends in a line end that is not part of the key.
///
/// Keys are random: one in 256 ends in `0A`, so the last byte alone says nothing. It is stray when the length is one that this
/// key never has and the length without it is one that it does have (17, 33, 49 with LF; 18, 34, 50 with CR LF), or when
/// a peer's whole file is the same without it. A file whose own length is right is never suspected, even if a peer's is
/// the same without its last byte: then it is the peer that lost one. Text is another fault, with another repair.
fn stray(file: &KeyFile, peers: &BTreeSet<Digest>) -> Option<(Digest, LineEnd)> {
    let lengths = file.name.known_lengths();
    let digest = &file.digest;
    let by_length = |(_, content): &&(LineEnd, Digest)| lengths.contains(&content.bytes);
    let by_peer = |(_, content): &&(LineEnd, Digest)| peers.contains(content);
    let trimmed = &digest.trimmed;
    // The last byte decides nothing, since one key in 256 ends in LF: the length does, or else a
    // peer.
    let (line_end, content) =
        trimmed.iter().find(by_length).or_else(|| trimmed.iter().find(by_peer))?;
    Some((*content, *line_end))
}

/// Returns a key in a file, and the other one that the repository has.
pub(crate) fn other_in_jcr(
    member: &Member,
    name: KeyName,
) -> Option<(&EffectiveKey, &KeyFile, &JcrKey)> {
    let (known, file) = member.key_in_file(name)?;
    let jcr = member.snapshot.repository.as_ref()?.key(name)?;
    (known.value != jcr.digest.whole).then_some((known, file, jcr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::NodeStoreKind;
    use crate::farm::{CellState, Farm, matrix};
    use crate::testing::{Instance, farm};

    /// State, text and group of the cells of a row.
    fn cells(farm: &Farm, fact: &str) -> Vec<(CellState, String, Option<usize>)> {
        let rows = matrix(farm).rows;
        let row = rows.into_iter().find(|row| row.fact == fact).expect("this row");
        row.cells.into_iter().map(|cell| (cell.state, cell.text, cell.group)).collect()
    }

    fn key() -> Vec<u8> {
        (1..33).collect()
    }

    fn state_of(change: impl FnOnce(Instance) -> Instance) -> KeyState {
        farm().with("a", change).build().members[0].key(KeyName::Hmac).clone()
    }

    #[test]
    fn key_in_the_jcr_equals_the_same_key_in_a_file() {
        let jcr = |i: Instance| i.jcr_mode(&key(), &key());
        let farm = farm().with("a", |i| i.hmac(&key())).with("b", jcr).build();
        let [file, jcr] = &cells(&farm, "hmac")[..] else { panic!("two instances") };
        assert_eq!(file, jcr);
        let origins = cells(&farm, "key-origin").into_iter().map(|(_, text, _)| text);
        assert_eq!(origins.collect::<Vec<_>>(), ["bundle", "JCR"]);
    }

    #[test]
    fn files_of_jcr_mode_do_not_count() {
        let KeyState::Known(known) = state_of(|i| i.jcr_mode(&key(), &key()).hmac(&[9; 32])) else {
            panic!("it is known")
        };
        assert!(known.is_in_jcr() && known.file().is_none());
        assert_eq!(known.place().path, "crx-quickstart/repository/segmentstore");
        assert_eq!(known.digest.whole.bytes, 32);
    }

    #[test]
    fn directory_of_a_setting_and_repository_in_jcr_mode_agree_or_leave_it_open() {
        let moved = |i: Instance, bytes: &[u8]| {
            i.setting(CRYPTO_KEYS_PATH, "keys").moved_key(KeyName::Hmac, bytes)
        };
        let stored = |i: Instance| i.jcr_mode(&key(), &key());
        let KeyState::Known(known) = state_of(|i| moved(stored(i), &key())) else {
            panic!("both are one key")
        };
        assert!(known.file().is_some());
        assert!(matches!(state_of(|i| moved(stored(i), &[9; 32])), KeyState::Uncertain(_)));
        let outside = |i: Instance| stored(i).setting(CRYPTO_KEYS_PATH, "/k");
        assert!(matches!(state_of(outside), KeyState::Uncertain(_)));
        assert_eq!(state_of(|i| moved(i.storage(b"JCR"), &key())), KeyState::InJcr);
    }

    #[test]
    fn key_is_not_known_where_its_place_is_not() {
        for kind in [GapKind::Unclear, GapKind::Elsewhere] {
            let open = |i: Instance| i.hmac(&key()).gap(kind, None);
            assert!(matches!(state_of(open), KeyState::Uncertain(_)));
            let none = |i: Instance| open(i).without_key(KeyName::Hmac);
            assert_eq!(state_of(none), KeyState::NotInSnapshot);
            // What is read where a setting says depends on no other one.
            let moved = |i: Instance| open(i).keys_directory(true).moved_key(KeyName::Hmac, &key());
            assert!(matches!(state_of(moved), KeyState::Known(_)));
        }
    }

    #[test]
    fn key_of_a_directory_that_came_is_absent_and_of_another_one_elsewhere() {
        assert_eq!(state_of(|i| i.keys_directory(true)), KeyState::Absent);
        assert_eq!(state_of(|i| i.keys_directory(false)), KeyState::External);
        let cut = |i: Instance| i.keys_directory(true).gap(GapKind::Partial, None);
        assert_eq!(state_of(cut), KeyState::NotInSnapshot);
        assert_eq!(state_of(|i| i.setting(CRYPTO_KEYS_PATH, "/k")), KeyState::External);
    }

    #[test]
    fn repository_does_not_count_in_bundle_mode() {
        let state = state_of(|i| i.jcr(&[(KeyName::Hmac, &[9; 32])]));
        let KeyState::Known(known) = state else { panic!("it is known") };
        assert!(known.file().is_some());
        let jcr = |i: Instance| i.jcr(&[(KeyName::Hmac, &[9; 32])]);
        assert_eq!(state_of(|i| jcr(i).without_key(KeyName::Hmac)), KeyState::Absent);
    }

    #[test]
    fn without_a_key_the_repository_says_why() {
        let jcr = |i: Instance| i.storage(b"JCR");
        assert_eq!(state_of(jcr), KeyState::InJcr);
        assert_eq!(
            state_of(|i| jcr(i).repository(JcrKeys::NotRead("it is in MongoDB".to_owned()))),
            KeyState::InJcr
        );
        assert_eq!(state_of(|i| jcr(i).jcr_unreadable("no journal")), KeyState::Unreadable);
        assert_eq!(state_of(|i| jcr(i).jcr(&[])), KeyState::Absent);
        assert_eq!(state_of(|i| jcr(i).jcr(&[]).revisions_behind(1)), KeyState::Unreadable);
    }

    #[test]
    fn keys_of_an_older_revision_are_shown_and_not_known() {
        let older = |i: Instance| i.jcr_mode(&key(), &key()).revisions_behind(51);
        let doubted = |i: Instance| i.jcr_mode(&key(), &key()).jcr_doubt("it has no manifest");
        for change in [older as fn(Instance) -> Instance, doubted] {
            assert!(matches!(state_of(change), KeyState::Uncertain(_)));
            let farm = farm().with("a", |i| i.hmac(&key())).with("b", change).build();
            assert!(farm.members[1].known_key(KeyName::Hmac).is_none());
            let [known, uncertain] = &cells(&farm, "hmac")[..] else { panic!("two instances") };
            assert_eq!(uncertain.0, CellState::Unreadable);
            assert_eq!((&uncertain.1, uncertain.2), (&format!("perhaps {}", known.1), None));
        }
    }

    #[test]
    fn keys_in_a_database_are_not_in_the_snapshot() {
        let jcr = |i: Instance| i.storage(b"JCR").node_store(NodeStoreKind::Mongo, false);
        assert_eq!(state_of(jcr), KeyState::InJcr);
        let farm = farm().with("a", jcr).build();
        let cell = &cells(&farm, "hmac")[0];
        assert_eq!(cell.0, CellState::NotInSnapshot);
        assert_eq!(cell.1, "in MongoDB, not in snapshot");
        assert_eq!(cells(&farm, "repository")[0].1, "MongoDB");
    }

    #[test]
    fn gaps_take_nothing_away_from_what_the_reader_verified() {
        let state = state_of(|i| i.jcr_mode(&key(), &key()).gap(GapKind::Partial, None));
        assert!(matches!(state, KeyState::Known(_)), "{state:?}");
    }
}
