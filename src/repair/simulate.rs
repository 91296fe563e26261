//! Applies a plan to the facts of a farm: what a scan of the repaired farm would read.

use super::action::{Action, Do};
use super::{Draft, on_instance};
use crate::facts::{
    Alteration, Configuration, Digest, Gap, GapKind, JcrKeys, KeyDigest, KeyFile, KeyName,
    KeysDirectory, Place, Repository, SecretState, Snapshot, Storage, StorageFile, StorageMode,
    TextKind,
};
use crate::farm::{Farm, Keys};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Where ConfigAdmin keeps configurations below an install.
const CONFIG_DIRECTORY: &str = "launchpad/config";

/// The facts that a plan changed, as they were.
pub(super) struct FactsBefore {
    members: Vec<(usize, Changed)>,
    keys: Vec<Keys>,
}

/// The facts of one instance that a plan may change.
struct Changed {
    storage_files: Vec<StorageFile>,
    key_files: Vec<KeyFile>,
    keys_directory: Option<KeysDirectory>,
    moved_keys: Vec<KeyFile>,
    stray_keys: Vec<KeyFile>,
    configurations: Vec<Configuration>,
    repository: Option<Repository>,
    gaps: Vec<Gap>,
}

impl Changed {
    fn of(snapshot: &Snapshot) -> Self {
        Self {
            storage_files: snapshot.storage_files.clone(),
            key_files: snapshot.key_files.clone(),
            keys_directory: snapshot.keys_directory.clone(),
            moved_keys: snapshot.moved_keys.clone(),
            stray_keys: snapshot.stray_keys.clone(),
            configurations: snapshot.configurations.clone(),
            repository: snapshot.repository.clone(),
            gaps: snapshot.gaps.clone(),
        }
    }
}

impl FactsBefore {
    /// Puts the facts back.
    pub(super) fn restore(self, farm: &mut Farm) {
        for (index, was) in self.members {
            let Some(member) = farm.members.get_mut(index) else { continue };
            let snapshot = &mut member.snapshot;
            snapshot.storage_files = was.storage_files;
            snapshot.key_files = was.key_files;
            snapshot.keys_directory = was.keys_directory;
            snapshot.moved_keys = was.moved_keys;
            snapshot.stray_keys = was.stray_keys;
            snapshot.configurations = was.configurations;
            snapshot.repository = was.repository;
            snapshot.gaps = was.gaps;
        }
        farm.set_keys(self.keys);
    }
}

/// Applies what of a plan is done.
pub(super) fn apply(farm: &mut Farm, draft: &Draft, is_done: &dyn Fn(&Do) -> bool) -> FactsBefore {
    let known = known_digests(farm);
    let mut of_instance: BTreeMap<&str, Vec<&Action>> = BTreeMap::new();
    for action in draft.actions().filter(|action| is_done(&action.does)) {
        if let Some(name) = &action.instance {
            of_instance.entry(name).or_default().push(action);
        }
    }
    let mut members = Vec::new();
    for (index, member) in farm.members.iter_mut().enumerate() {
        let Some(actions) = of_instance.get(member.name.as_str()) else { continue };
        members.push((index, Changed::of(&member.snapshot)));
        // While keys are swapped there are none in the directory.
        let moved = member.snapshot.moved_directory().map(|path| on_instance(path).to_owned());
        let mut applied = Applied { snapshot: &mut member.snapshot, known: &known, moved };
        let mut entered: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for action in actions {
            applied.apply(&action.does);
            if let Do::EnterSecret { pid, property, .. } = &action.does {
                entered.entry(pid).or_default().insert(property);
            }
        }
        applied.enter_secrets(&entered);
    }
    let keys = farm.decide_keys();
    FactsBefore { members, keys }
}

/// Every digest that was read somewhere, with all that is known of the content.
fn known_digests(farm: &Farm) -> BTreeMap<Digest, KeyDigest> {
    let files = farm.members.iter().flat_map(|member| {
        let snapshot = &member.snapshot;
        let stored = snapshot.repository.iter().flat_map(Repository::keys);
        let files = snapshot.all_key_files().chain(&snapshot.stray_keys);
        let files = files.chain(member.copies.iter().flat_map(|copy| &copy.key_files));
        files.map(|file| &file.digest).chain(stored.map(|key| &key.digest))
    });
    files.map(|digest| (digest.whole, digest.clone())).collect()
}

/// The facts of an instance while a plan is applied.
struct Applied<'f> {
    snapshot: &'f mut Snapshot,
    known: &'f BTreeMap<Digest, KeyDigest>,
    /// The directory that a setting names as that of the keys.
    moved: Option<String>,
}

impl Applied<'_> {
    /// Takes the secrets that were entered again, by place: there may be thousands, so all go in at once. What was entered opens; which
    /// value it becomes nobody knows.
    fn enter_secrets(&mut self, entered: &BTreeMap<&str, BTreeSet<&str>>) {
        if entered.is_empty() {
            return;
        }
        let of = |place: &str| entered.get(place);
        if let Some(stored) = &mut self.snapshot.repository {
            let is_entered = |path: &str, property: &str| {
                of(path).is_some_and(|properties| properties.contains(property))
            };
            stored.secrets.retain(|one| !is_entered(&one.path, &one.property));
        }
        let stored = self.snapshot.repository.iter_mut();
        let stored = stored.flat_map(|stored| &mut stored.configurations);
        for configuration in self.snapshot.configurations.iter_mut().chain(stored) {
            let Some(properties) = of(&configuration.pid) else { continue };
            configuration.protected.retain(|value| !properties.contains(value.property.as_str()));
            let secrets =
                properties.iter().map(|name| ((*name).to_owned(), SecretState::Protected));
            configuration.secrets.extend(secrets);
        }
    }

    fn apply(&mut self, does: &Do) {
        match does {
            Do::Place { key, to, digest: Some(digest) } => self.put(*key, to, *digest),
            Do::Place { to, digest: None, .. } => {
                self.hide(to, "it is the one of /etc/key, and shows when it is saved from there");
            }
            Do::Swap { hmac, master } => self.swap(hmac, master),
            // What is cut off is a line end, and the content without it was digested when the file
            // was read.
            Do::Truncate { file, bytes } => {
                let content = self.file(file).and_then(|file| {
                    let mut trimmed = file.digest.trimmed.iter().map(|(_, content)| *content);
                    Some((file.name, trimmed.find(|content| content.bytes == *bytes)?))
                });
                if let Some((name, content)) = content {
                    self.put(name, file, content);
                }
            }
            Do::Decode { file, text } => {
                let name = self.file(file).map(|file| (file.name, decoded(file, *text)));
                match name {
                    Some((name, Some(content))) => self.put(name, file, content),
                    Some((_, None)) => self.hide(file, "its text is to be decoded first"),
                    None => {}
                }
            }
            Do::Move { from, to } => self.move_file(from, to),
            Do::SetProperty { pid, property, value } => self.set_property(pid, property, value),
            Do::WriteStorage { file } => self.write_storage(file),
            Do::DeleteFromJcr { keys } => {
                if let Some(Repository { keys: JcrKeys::Read(held), .. }) =
                    &mut self.snapshot.repository
                {
                    held.retain(|key| !keys.contains(&key.name));
                }
            }
            Do::EnterSecret { .. }
            | Do::BackUp { .. }
            | Do::EnsureDirectory { .. }
            | Do::Verify(_)
            | Do::ExportFromJcr { .. }
            | Do::RemoveBackup { .. }
            | Do::Manual(_) => {}
        }
    }

    /// Sets a property in a configuration, which is made where there is none.
    fn set_property(&mut self, pid: &str, property: &str, value: &str) {
        if self.snapshot.configurations_of(pid).next().is_none() {
            let root = on_instance(&self.snapshot.root);
            let place = self.place(&format!("{root}/{CONFIG_DIRECTORY}/{pid}.config"));
            self.snapshot.configurations.push(Configuration {
                pid: pid.to_owned(),
                factory_pid: None,
                properties: BTreeMap::new(),
                secrets: BTreeMap::new(),
                protected: Vec::new(),
                jcr_path: None,
                same_since_ms: None,
                place,
            });
        }
        let all = self.snapshot.configurations.iter_mut();
        for configuration in all.filter(|configuration| configuration.is(pid)) {
            configuration.properties.insert(property.to_owned(), vec![value.to_owned()]);
        }
    }

    fn file(&self, path: &str) -> Option<&KeyFile> {
        let all = self.snapshot.all_key_files().chain(&self.snapshot.stray_keys);
        all.into_iter().find(|file| on_instance(&file.place.path) == path)
    }

    /// Puts content that is not known into a key file: nothing is said of it.
    fn hide(&mut self, path: &str, why: &str) {
        let place = self.take(path).map_or_else(|| self.place(path), |file| file.place);
        let (path, reason) = (Some(place.path), why.to_owned());
        self.snapshot.gaps.push(Gap {
            source: place.source,
            path,
            reason,
            kind: GapKind::Unreadable,
        });
    }

    /// Puts content into a key file.
    fn put(&mut self, name: KeyName, path: &str, digest: Digest) {
        let old = self.take(path);
        let place = old.as_ref().map_or_else(|| self.place(path), |file| file.place.clone());
        let digest = self.known.get(&digest).cloned().unwrap_or_else(|| plain(digest));
        let directory =
            old.as_ref().map_or_else(|| directory_of(path), |file| file.directory.clone());
        let owner = old.and_then(|file| file.owner);
        let file = KeyFile { name, digest, directory, place, owner };
        let parent = path.rsplit_once('/').map(|(parent, _)| parent);
        if self.moved.as_deref().is_some_and(|moved| parent == Some(moved)) {
            self.snapshot.moved_keys.push(file);
            let directory = self.snapshot.keys_directory.iter_mut();
            directory.for_each(|directory| directory.came = true);
        } else {
            self.snapshot.key_files.push(file);
        }
    }

    fn take(&mut self, path: &str) -> Option<KeyFile> {
        let Snapshot { key_files, moved_keys, stray_keys, .. } = &mut *self.snapshot;
        [key_files, moved_keys, stray_keys].into_iter().find_map(|files| {
            let index = files.iter().position(|file| on_instance(&file.place.path) == path)?;
            Some(files.remove(index))
        })
    }

    /// Returns the place of a file that is not there yet.
    fn place(&self, path: &str) -> Place {
        let root = &self.snapshot.root;
        let above = root.strip_suffix(on_instance(root)).unwrap_or_default();
        Place { source: self.snapshot.source.clone(), path: format!("{above}{path}") }
    }

    fn swap(&mut self, hmac: &str, master: &str) {
        let [first, second] = [hmac, master].map(|path| self.take(path));
        if let Some(file) = second {
            self.put(KeyName::Hmac, hmac, file.digest.whole);
        }
        if let Some(file) = first {
            self.put(KeyName::Master, master, file.digest.whole);
        }
    }

    fn move_file(&mut self, from: &str, to: &str) {
        let storage = &mut self.snapshot.storage_files;
        storage.retain(|file| on_instance(&file.place.path) != from);
        let Some(file) = self.take(from) else { return };
        // What was moved to what is kept is not in the install any more.
        if to.rsplit('/').next() == Some(file.name.file_name()) {
            self.put(file.name, to, file.digest.whole);
        }
    }

    fn write_storage(&mut self, path: &str) {
        let is_it = |file: &&StorageFile| on_instance(&file.place.path) == path;
        let old = self.snapshot.storage_files.iter().find(is_it).cloned();
        let file = StorageFile {
            // `printf %s Bundle` writes six bytes, as AEM does.
            storage: Storage { mode: StorageMode::Bundle, line_end: None, problem: None, bytes: 6 },
            directory: directory_of(path),
            place: self.place(path),
            owner: old.as_ref().and_then(|file| file.owner.clone()),
        };
        let files = &mut self.snapshot.storage_files;
        files.retain(|file| on_instance(&file.place.path) != path);
        files.push(file);
    }
}

/// Returns the directory of the bundle in whose data directory a file lies.
fn directory_of(path: &str) -> String {
    path.rsplit('/').nth(2).unwrap_or_default().to_owned()
}

/// Returns what a text stands for, where that was tried when the file was read.
fn decoded(file: &KeyFile, text: TextKind) -> Option<Digest> {
    let by = match text {
        TextKind::Hex => Alteration::Hex,
        TextKind::Base64 => Alteration::Base64,
        _ => return None,
    };
    file.digest.restored.iter().find(|(how, _)| *how == by).map(|(_, content)| *content)
}

/// A content of which only its digest is known. Keys are random bytes, which are no text; whether they are all alike, the digest tells.
fn plain(whole: Digest) -> KeyDigest {
    KeyDigest {
        whole,
        trimmed: Vec::new(),
        uniform: is_uniform(&whole),
        equal_tail: 0,
        text: None,
        spelled: Vec::new(),
        traces: Vec::new(),
        restored: Vec::new(),
        lost: Vec::new(),
        wrapper: None,
    }
}

/// The longest content that is looked at: no key has more bytes.
const KEY_BYTES_MAX: u64 = 64;

/// Returns `true` if all bytes of a short content are alike, as where zeros were written as text.
fn is_uniform(whole: &Digest) -> bool {
    let Some(bytes) = usize::try_from(whole.bytes).ok().filter(|_| whole.bytes <= KEY_BYTES_MAX)
    else {
        return false;
    };
    // Facts hold no bytes of keys, so all 256 contents that it may be are digested.
    let is_it = |byte: u8| Sha256::digest(vec![byte; bytes]).as_slice() == whole.sha256.0;
    (0..=u8::MAX).any(is_it)
}
