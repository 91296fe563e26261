//! The mending of key files in place: each change proves itself, for what the file is afterwards is known.

use super::InstanceRepair;
use super::keys::KeyChange;
use crate::facts::{Alteration, Digest, KeyDigest, KeyFile, KeyName, TextKind};
use crate::farm::{KeyHealth, Member, key_in};
use crate::repair::action::{Do, KeyCheck};
use crate::repair::{Need, on_instance};

impl InstanceRepair<'_> {
    /// Says how the key files are mended. `files` are those in their place, hmac first.
    pub(super) fn mended(&self, files: &[String; 2]) -> KeyChange {
        let mut change = KeyChange::default();
        for (key, file) in KeyName::ALL.into_iter().zip(files) {
            self.mend_one(key, file, &mut change);
        }
        if self.has(|need| matches!(need, Need::SwapPair(_))) {
            swap(self.member, files, &mut change);
        }
        change
    }

    fn mend_one(&self, key: KeyName, file: &str, change: &mut KeyChange) {
        let Some(current) = self.move_misplaced(key, file, change) else { return };
        change.files.push(file.to_owned());
        let mut digest = Some(current.digest.whole);
        if self.has(|need| matches!(need, Need::DecodeKey(_, wanted) if *wanted == key)) {
            let text = current.digest.text.unwrap_or(TextKind::Other);
            digest = decoded(&current.digest, text);
            change.does.push(Do::Decode { file: file.to_owned(), text });
        }
        if let Some(content) = self.trimmed(key, current)
            && content.bytes < current.digest.whole.bytes
        {
            change.does.push(Do::Truncate { file: file.to_owned(), bytes: content.bytes });
            digest = Some(content);
        }
        change.checks.push(KeyCheck { key, file: file.to_owned(), digest });
    }

    /// Moves what lies in the wrong place: to the right one where that is free, else away. Returns the file that is in place then.
    fn move_misplaced(&self, key: KeyName, file: &str, change: &mut KeyChange) -> Option<&KeyFile> {
        let snapshot = &self.member.snapshot;
        let mut current: Option<&KeyFile> = snapshot.keys_in_use(key).next();
        for (_, need) in &self.wants {
            let Need::MoveKey { key: moved, from, .. } = need else { continue };
            if *moved != key {
                continue;
            }
            let path = on_instance(from).to_owned();
            let to = if current.is_none() && !self.member.is_in_jcr_mode() {
                let mut files = snapshot.key_files.iter().chain(&snapshot.stray_keys);
                current = files.find(|other| other.place.path == *from);
                // It may be changed where it comes to lie: what is undone then is more than the move.
                change.files.push(path.clone());
                file.to_owned()
            } else {
                self.install.aside(&path)
            };
            change.does.push(Do::Move { from: path, to });
        }
        current
    }

    /// Returns what a file is without its line end, where that is to go.
    fn trimmed(&self, key: KeyName, file: &KeyFile) -> Option<Digest> {
        let is_wanted = self.has(|need| matches!(need, Need::TrimKey(_, wanted) if *wanted == key));
        let known = self.member.known_key(key);
        // The policy may name it with its line end.
        if known.is_some_and(|known| known.health == KeyHealth::Unusual) {
            return None;
        }
        let known = known.filter(|known| known.line_end().is_some());
        let has_line_end = key_in(&file.digest).filter(|(_, has_line_end)| *has_line_end);
        let content = known.map(|known| known.value).filter(|_| is_wanted);
        content.or(has_line_end.map(|(content, _)| content))
    }
}

/// Returns what a text stands for, where that was tried when the file was read.
fn decoded(digest: &KeyDigest, text: TextKind) -> Option<Digest> {
    let by = match text {
        TextKind::Hex => Alteration::Hex,
        TextKind::Base64 => Alteration::Base64,
        _ => return None,
    };
    digest.restored.iter().find(|(how, _)| *how == by).map(|(_, content)| *content)
}

/// Gives each file the name of the other, last: what was cut or moved before had the other name.
fn swap(member: &Member, files: &[String; 2], change: &mut KeyChange) {
    let [hmac, master] = files.clone();
    for (key, file) in KeyName::ALL.into_iter().zip(files) {
        if !change.checks.iter().any(|check| check.file == *file) {
            let digest = member.known_key(key).map(|known| known.digest.whole);
            change.files.push(file.clone());
            change.checks.push(KeyCheck { key, file: file.clone(), digest });
        }
    }
    let digests: Vec<Option<Digest>> =
        change.checks.iter().rev().map(|check| check.digest).collect();
    for (check, digest) in change.checks.iter_mut().zip(digests) {
        check.digest = digest;
    }
    change.does.push(Do::Swap { hmac, master });
}
