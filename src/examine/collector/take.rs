//! Evidence on its way in: what of an entry is read, and what is made of its body.

use super::{Collector, Item};
use crate::evidence::{
    Fact, KEY_COPY, Kind, Reads, Scan, classify, classify_small, is_key, is_of_server,
};
use crate::examine::mixed;
use crate::examine::paths::name;
use crate::facts::{GapKind, Owner};
use crate::intake::{Entry, EntryKind, Want};

/// A place that waits for the body on its way. Through links, one body can stand at several places.
pub(super) struct Pending {
    pub(super) path: String,
    kind: &'static Kind,
    pub(super) owner: Option<Owner>,
    pub(super) stream: Option<Stream>,
    /// It is a link to a file of another name.
    renamed: bool,
}

/// A body that is read piece by piece.
pub(super) struct Stream {
    pub(super) scan: Box<dyn Scan>,
    /// A piece has come.
    pub(super) begun: bool,
}

impl Collector<'_> {
    /// Takes an entry under the path at which it counts as evidence.
    pub(super) fn take(&mut self, path: &str, entry: &Entry<'_>) -> Want {
        let Some((kind, _)) = classify(path) else {
            if let Some(want) = self.take_small(path, entry) {
                return want;
            }
            let hinted = self.hint(path, entry);
            return if hinted == Want::Nothing { self.take_key_copy(path, entry) } else { hinted };
        };
        let item = match (&entry.kind, kind.reads) {
            (EntryKind::File, Reads::Stream(scan))
                if self.limits.logs && (self.aliases.is_none() || self.is_linked_log(path)) =>
            {
                self.expect(path, kind, entry, Some(Stream { scan: scan(), begun: false }));
                return Want::Stream;
            }
            // No key is missed in a log, so links to one file are not followed and odd shapes of one do not matter.
            (_, Reads::Stream(_)) | (EntryKind::File, Reads::Presence) => return Want::Nothing,
            (EntryKind::Directory, Reads::Presence) => {
                Item::Read { fact: Ok(Fact::Seen), owner: entry.owner.clone() }
            }
            (EntryKind::HardLink(target) | EntryKind::SymbolicLink(target), _) => {
                Item::Link(target.clone())
            }
            (EntryKind::File, Reads::Whole(bytes_max)) => {
                self.expect(path, kind, entry, None);
                return Want::Whole { bytes_max };
            }
            (EntryKind::File, Reads::Prefix(bytes_max)) => {
                self.expect(path, kind, entry, None);
                return Want::Prefix { bytes_max };
            }
            // Observed: keys copied to `data/hmac/hmac`. There is no key, which is known.
            (EntryKind::Directory, _) if is_key(path) && !self.items.contains_key(path) => {
                return Want::Nothing;
            }
            (EntryKind::Directory | EntryKind::Other, _) | (_, Reads::Small(_)) => Item::Odd,
        };
        self.put(path.to_owned(), item);
        Want::Nothing
    }

    pub(super) fn fulfil(&mut self, pending: Pending, bytes: &[u8]) {
        let Pending { path, kind, owner, renamed, .. } = pending;
        if kind.name == KEY_COPY.name {
            return self.see_key_copy(&path, bytes);
        }
        let Some(found) = (kind.find)(&path) else { return };
        let mut fact = (kind.parse)(&found, bytes);
        // Files of such names are everywhere, and there is room for so much evidence.
        let is_idle = |fact: &Fact| matches!(fact, Fact::Settings(said) if said.is_idle());
        if is_of_server(kind) && fact.as_ref().is_ok_and(is_idle) {
            return;
        }
        // A script may keep some KiB, a configuration more, and there may be as many of them as pieces of evidence.
        let kept_bytes = fact.as_ref().map(Fact::kept_bytes).unwrap_or_default();
        if let Ok(fact) = &mut fact {
            self.key_copies.see(&path, fact, bytes);
            self.keep_secrets(fact, bytes);
            if renamed {
                fact.hide_location(&found);
            }
        }
        if self.has_room(kept_bytes) {
            self.put(path, Item::Read { fact, owner });
        } else {
            self.put(path, Item::Lost);
        }
    }

    /// Has what may be a master, and what one may open, wait until all sources are read.
    fn keep_secrets(&self, fact: &mut Fact, bytes: &[u8]) {
        let values = match fact {
            Fact::Config(readings) => readings.take_ciphertexts(),
            _ => Vec::new(),
        };
        let Some(vault) = self.vault else { return };
        if let Fact::Key(name, digest) | Fact::StrayKey(name, digest) = fact {
            vault.key(*name, &digest.whole, bytes);
        }
        for (digest, text) in &values {
            vault.value(digest, text);
        }
    }

    /// An entry whose body never came is lost; a gap says why.
    pub(super) fn settle(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        for pending in std::mem::take(&mut self.pending) {
            if pending.kind.name == KEY_COPY.name {
                continue;
            }
            let item = match pending.stream {
                Some(stream) if stream.begun => {
                    Item::Read { fact: Ok(stream.scan.finish().fact), owner: pending.owner }
                }
                _ => Item::Lost,
            };
            self.put(pending.path, item);
        }
    }

    pub(super) fn put(&mut self, path: String, item: Item) {
        if self.items.len() >= self.limits.evidence_max && !self.items.contains_key(&path) {
            let max = self.limits.evidence_max;
            let reason = format!(
                "holds more than {max} files that matter; the rest was not read. Scan its instances one by one"
            );
            self.gaps.record_limit(reason);
            return;
        }
        let Some(old) = self.items.get(&path) else {
            if self.has_room(path.len()) {
                self.items.insert(path, item);
            }
            return;
        };
        // `tar r` and `tar u` append newer versions of a file, and unpacking leaves the last one.
        let differs = *old != item;
        match (&self.aliases, old) {
            // A log adds to the rest and decides nothing.
            (_, Item::Read { fact: Ok(Fact::Seen | Fact::Log(_)), .. })
            | (Some(_), Item::Link(_)) => {}
            // What is there may be a file that was read before the link, or a target that was there twice.
            (Some(_), _) if differs => {
                let reason = "is there both as a file and through a link, and the two differ, so neither counts; look on the instance which one it uses";
                return self.lose(path, GapKind::Ambiguous, reason);
            }
            (None, _) if differs && self.concatenated => {
                let reason = "is in two archives that were joined into one file, and differs, so neither counts; scan the archives separately";
                return self.lose(path, GapKind::Ambiguous, reason);
            }
            (Some(_), _) => {}
            (None, old) => {
                let versions = mixed::compare(old, &item);
                self.count_again(&path, versions);
            }
        }
        self.items.insert(path, item);
    }

    /// Takes a small file that may be one of the install's. Whoever needs one that is a link finds out where it leads.
    fn take_small(&mut self, path: &str, entry: &Entry<'_>) -> Option<Want> {
        let (kind, _) = classify_small(path).filter(|_| self.aliases.is_none())?;
        let Reads::Small(bytes_max) = kind.reads else { return None };
        match entry.kind {
            EntryKind::File if entry.size <= bytes_max => {
                self.expect(path, kind, entry, None);
                Some(Want::Whole { bytes_max })
            }
            _ if is_of_server(kind) => None,
            EntryKind::HardLink(ref target) | EntryKind::SymbolicLink(ref target) => {
                self.put(path.to_owned(), Item::Link(target.clone()));
                None
            }
            // One that is in use is reported; of the others it does not matter.
            EntryKind::File | EntryKind::Other if may_be_read(name(path)) => {
                self.put(path.to_owned(), Item::Lost);
                None
            }
            _ => None,
        }
    }

    /// Remembers when a file was written whose time tells something: the last one of a path counts, as its content does.
    fn note_time(&mut self, path: &str, entry: &Entry<'_>) {
        // Keys that are newer than the last start are not
        // in use before AEM or the bundle is started again.
        const DATED: [&str; 4] = ["hmac", "master", "storage", "sling.id.file"];
        let file = name(path);
        if !DATED.contains(&file) && !file.ends_with(".config") {
            return;
        }
        if let Some(time) = entry.written.read()
            && (self.times.contains_key(path) || self.has_room(path.len()))
        {
            self.times.insert(path.to_owned(), time);
        }
    }

    pub(super) fn expect(
        &mut self,
        path: &str,
        kind: &'static Kind,
        entry: &Entry<'_>,
        stream: Option<Stream>,
    ) {
        self.key_copies.share(path, entry.path);
        let renamed = name(path) != name(entry.path);
        self.note_time(path, entry);
        let (path, owner) = (path.to_owned(), entry.owner.clone());
        self.pending.push(Pending { path, kind, owner, stream, renamed });
    }
}

/// Returns `true` if a file may be a script or a property file by its name, however large it is: programs and logs are none.
fn may_be_read(file: &str) -> bool {
    const ENDS: [&str; 9] = ["exe", "dll", "so", "log", "out", "hprof", "pid", "sock", "lock"];
    file.rsplit_once('.').is_none_or(|(_, end)| !ENDS.iter().any(|e| end.eq_ignore_ascii_case(e)))
}
