//! The mending of key files in place: each change proves itself, for what the file is afterwards is known.

use super::action::{Do, KeyCheck};
use super::{Need, RuleNeed, on_instance};
use crate::facts::{Alteration, Digest, KeyDigest, KeyFile, KeyName, TextKind};
use crate::farm::{Member, key_in};

/// How files are mended.
pub(super) struct Mended {
    pub(super) actions: Vec<Do>,
    /// The files that change, and are kept before.
    pub(super) files: Vec<String>,
    /// What they have to be afterwards.
    pub(super) checks: Vec<KeyCheck>,
}

/// Says how the key files of an instance are mended. `files` are those in their place, hmac first.
pub(super) fn mend(
    member: &Member,
    wants: &[RuleNeed<'_>],
    files: &[String; 2],
    backup: &str,
) -> Mended {
    let mut mended = Mended { actions: Vec::new(), files: Vec::new(), checks: Vec::new() };
    for (key, file) in KeyName::ALL.into_iter().zip(files) {
        one(member, wants, key, file, backup, &mut mended);
    }
    if wants.iter().any(|(_, need)| matches!(need, Need::SwapPair(_))) {
        swap(member, files, &mut mended);
    }
    mended
}

fn one(
    member: &Member,
    wants: &[RuleNeed<'_>],
    key: KeyName,
    file: &str,
    backup: &str,
    mended: &mut Mended,
) {
    let in_place = member.snapshot.keys_in_use(key).next();
    let misplaced: Vec<&str> = wants
        .iter()
        .filter_map(|(_, need)| match need {
            Need::MoveKey { key: moved, from, .. } if *moved == key => Some(from.as_str()),
            _ => None,
        })
        .collect();
    let mut current: Option<&KeyFile> = in_place;
    for from in misplaced {
        let path = on_instance(from).to_owned();
        let is_it = |other: &&KeyFile| other.place.path == from;
        let stray = member.snapshot.key_files.iter().chain(&member.snapshot.stray_keys).find(is_it);
        let to = match current {
            None if !member.is_in_jcr_mode() => {
                current = stray;
                // It may be changed where it comes to lie: what is undone then is more than the move.
                mended.files.push(path.clone());
                file.to_owned()
            }
            _ => format!("{backup}/{}", flat(&path)),
        };
        mended.actions.push(Do::Move { from: path, to });
    }
    let Some(current) = current else { return };
    mended.files.push(file.to_owned());
    let mut digest = Some(current.digest.whole);
    if wants.iter().any(|(_, need)| matches!(need, Need::DecodeKey(_, wanted) if *wanted == key)) {
        let text = current.digest.text.unwrap_or(TextKind::Other);
        digest = decoded(&current.digest, text);
        mended.actions.push(Do::Decode { file: file.to_owned(), text });
    }
    let trims =
        wants.iter().any(|(_, need)| matches!(need, Need::TrimKey(_, wanted) if *wanted == key));
    let has_line_end = key_in(&current.digest).filter(|(_, has_line_end)| *has_line_end);
    let known =
        member.known_key(key).filter(|known| known.line_end().is_some()).map(|known| known.value);
    if let Some(content) = known.filter(|_| trims).or(has_line_end.map(|(content, _)| content))
        && content.bytes < current.digest.whole.bytes
    {
        mended.actions.push(Do::Truncate { file: file.to_owned(), bytes: content.bytes });
        digest = Some(content);
    }
    mended.checks.push(KeyCheck { key, file: file.to_owned(), digest });
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
fn swap(member: &Member, files: &[String; 2], mended: &mut Mended) {
    let [hmac, master] = files.clone();
    for (key, file) in KeyName::ALL.into_iter().zip(files) {
        if !mended.checks.iter().any(|check| check.file == *file) {
            let digest = member.known_key(key).map(|known| known.digest.whole);
            mended.files.push(file.clone());
            mended.checks.push(KeyCheck { key, file: file.clone(), digest });
        }
    }
    let digests: Vec<Option<Digest>> =
        mended.checks.iter().rev().map(|check| check.digest).collect();
    for (check, digest) in mended.checks.iter_mut().zip(digests) {
        check.digest = digest;
    }
    mended.actions.push(Do::Swap { hmac, master });
}

/// Returns a path as one file name.
pub(super) fn flat(path: &str) -> String {
    path.trim_matches('/').replace(['/', '\\'], "-")
}
