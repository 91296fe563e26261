//! A walk, as it is heard of: every entry, body and gap of a source.

use super::logs::is_log_of_install;
use super::observe::may_be_opened;
use super::{Collector, Item};
use crate::evidence::{Fact, classify, is_barren, is_stored};
use crate::examine::hints;
use crate::examine::paths::join;
use crate::examine::segments;
use crate::facts::{GapKind, StorageMode};
use crate::intake::{Descend, Entry, EntryKind, Visit, Want, claims_archive};

impl Visit for Collector<'_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        self.settle();
        let paths = self.aliases.as_ref().map(|aliases| aliases.of(entry.path));
        match paths {
            None => self.see(entry),
            Some(_) if hints::is_of_finder(entry) => Want::Nothing,
            Some(paths) => self.see_again(entry, &paths),
        }
    }

    fn body(&mut self, bytes: &[u8]) {
        for pending in std::mem::take(&mut self.pending) {
            self.fulfil(pending, bytes);
        }
    }

    fn piece(&mut self, bytes: &[u8]) {
        for stream in self.pending.iter_mut().filter_map(|pending| pending.stream.as_mut()) {
            stream.begun = true;
            stream.scan.push(bytes);
        }
    }

    fn body_end(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let Some(stream) = pending.stream else { continue };
            let scanned = stream.scan.finish();
            if let Some(problem) = scanned.problem {
                self.gaps.record(Some(&pending.path), GapKind::Log, problem);
            }
            self.put(pending.path, Item::Read { fact: Ok(scanned.fact), owner: pending.owner });
        }
    }

    fn gap(&mut self, path: Option<&str>, kind: GapKind, reason: String) {
        // With `cat author.tar publish.tar`, two instances lie
        // under one path, and the last would win silently.
        self.concatenated |= kind == GapKind::Concatenated;
        if let Some(path) = path {
            self.see_realm(path);
        }
        if self.aliases.is_none() {
            // Most farms keep their keys in files, and what a repository holds is asked for only where it matters.
            let store = path.filter(|_| kind == GapKind::Unreadable).and_then(segments::store);
            if let (Some(store), Some(path)) = (store, path) {
                return self.segments.lose(&store, path, reason);
            }
            let of_a_log = kind.is_local() && path.is_some_and(concerns_logs);
            let kind = if of_a_log { GapKind::Log } else { kind };
            self.gaps.record(path, kind, reason);
            return;
        }
        // The second pass meets the damage of the first again; only what it came for is news.
        for pending in std::mem::take(&mut self.pending) {
            let kind = if pending.stream.is_some() { GapKind::Log } else { kind };
            self.gaps.record(Some(&pending.path), kind, reason.clone());
            self.items.insert(pending.path, Item::Lost);
        }
    }

    fn unknown(&mut self, path: &str, kind: GapKind, reason: String) {
        if self.aliases.is_none() {
            self.unknown.record(path, kind, reason, self.limits.gaps_max);
        }
    }

    fn was_link(&mut self, path: &str, certain: bool, reason: &str) {
        let is_doubtful = match self.items.get(path) {
            Some(Item::Read { fact: Ok(Fact::Key(..)), .. }) => true,
            // What a link leads to is a path, and no storage mode.
            Some(Item::Read { fact: Ok(Fact::Storage(storage)), .. }) => {
                storage.mode == StorageMode::Unknown
            }
            _ => false,
        };
        if self.aliases.is_none() && (certain || is_doubtful) {
            self.lose(path.to_owned(), GapKind::LinkBroken, reason);
        }
    }

    fn disputed(&mut self, path: &str, other: &str, reason: &str) {
        if self.aliases.is_none() {
            self.dispute(path, other, reason);
        }
    }

    fn left_out(&mut self, path: &str) {
        if self.aliases.is_none() {
            self.note_left_out(path);
        }
    }

    fn descend(&mut self, directory: &str) -> Descend {
        match &self.aliases {
            None if is_barren(directory)
                && !is_stored(directory)
                && !self.is_in_install(directory) =>
            {
                Descend::All
            }
            None => segments::descend(directory),
            Some(aliases) if aliases.concern(directory) => Descend::All,
            Some(_) => Descend::Nothing,
        }
    }
}

impl Collector<'_> {
    /// Takes an entry of the first pass.
    fn see(&mut self, entry: &Entry<'_>) -> Want {
        let is_known = entry.kind == EntryKind::File && self.surroundings.tell_all_of(entry.path);
        if (is_known && self.links.is_empty()) || hints::is_of_finder(entry) {
            return Want::Nothing;
        }
        self.see_links(entry);
        if is_known {
            return Want::Nothing;
        }
        self.unknown.hollow.see(entry.path, &entry.kind);
        self.log_directories.see(entry.path, &entry.kind);
        if entry.kind == EntryKind::File {
            self.surroundings.enter(entry.path);
        } else {
            self.surroundings.leave();
        }
        self.see_realm(entry.path);
        self.see_home(entry.path);
        match segments::store(entry.path) {
            Some(store) => self.take_stored(&store, entry),
            None => self.take(entry.path, entry),
        }
    }

    /// Takes an entry of a segment store, which is read when the walk is over.
    fn take_stored(&mut self, store: &str, entry: &Entry<'_>) -> Want {
        if self.segments.take(store, entry) {
            self.take_segments_again(store, entry.path);
        }
        // Nothing in a store is evidence by its path, and its tars are no archives of installs.
        let is_tar = entry.path.rsplit('.').next() == Some("tar");
        let want = if is_tar { Want::Nothing } else { self.take(entry.path, entry) };
        match want {
            Want::Nothing => Want::Later { checked: segments::is_journal(entry.path) },
            want => want,
        }
    }

    /// Takes an entry of the second pass, for what links to it stand at these paths.
    fn see_again(&mut self, entry: &Entry<'_>, paths: &[String]) -> Want {
        self.see_realm(entry.path);
        self.see_home(entry.path);
        for path in paths {
            self.see_revision(path);
        }
        let evidence = paths.iter().filter(|path| classify(path).is_some());
        let want = evidence.fold(Want::Nothing, |want, path| widest(want, self.take(path, entry)));
        // The first pass looked into it, and what is looked for now may lie there.
        let opens = want == Want::Nothing && self.opens && may_be_opened(entry.path, entry);
        if opens { Want::Archive } else { want }
    }

    fn see_links(&mut self, entry: &Entry<'_>) {
        self.see_written_through(entry.path);
        match &entry.kind {
            EntryKind::SymbolicLink(target) => self.remember_link(entry.path, target),
            EntryKind::HardLink(target) if claims_archive(entry.path) => {
                self.remember_link(entry.path, target);
            }
            // The last entry of a path counts: this one replaces a link of that name.
            kind if !self.links.is_empty() => {
                self.see_replaced_link(entry.path, *kind == EntryKind::File);
            }
            _ => {}
        }
    }
}

/// Returns what serves both wants. Only links that give one file two meanings ever mix them.
fn widest(a: Want, b: Want) -> Want {
    match (a, b) {
        (Want::Nothing | Want::Later { .. } | Want::Archive, other)
        | (other, Want::Nothing | Want::Later { .. } | Want::Archive) => other,
        (Want::Stream, _) | (_, Want::Stream) => Want::Stream,
        (Want::Prefix { bytes_max: a }, Want::Prefix { bytes_max: b }) => {
            Want::Prefix { bytes_max: a.max(b) }
        }
        (
            Want::Whole { bytes_max: a } | Want::Prefix { bytes_max: a },
            Want::Whole { bytes_max: b } | Want::Prefix { bytes_max: b },
        ) => Want::Whole { bytes_max: a.max(b) },
    }
}

/// Returns `true` if a path is that of a log, or of the directory of logs.
fn concerns_logs(path: &str) -> bool {
    is_log_of_install(path) || is_log_of_install(&join(path, "error.log"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::collector::Collected;
    use crate::intake::EntryTime;
    use crate::limits::Limits;

    #[test]
    fn gaps_of_logs_and_of_their_directory_concern_logs() {
        for path in ["logs", "q/logs", "q/logs/error.log", "q/logs/stdout.log.1.gz"] {
            assert!(concerns_logs(path), "{path}");
        }
        for path in ["", "q", "q/logs/access.log", "q/xlogs", "felix/bundle5/data/logs"] {
            assert!(!concerns_logs(path), "{path}");
        }
    }

    #[test]
    fn log_that_ends_early_keeps_what_came_and_one_that_cannot_be_opened_is_lost() {
        let limits = Limits::default();
        let mut collector = Collector::new("s", &limits);
        let entry = |path| Entry {
            path,
            kind: EntryKind::File,
            size: 9,
            extent: None,
            owner: None,
            written: EntryTime::Unknown,
        };
        assert_eq!(collector.entry(&entry("logs/error.log")), Want::Stream);
        collector.piece(b"x");
        assert_eq!(collector.entry(&entry("logs/stderr.log")), Want::Stream);
        collector.gap(Some("logs/stderr.log"), GapKind::Unreadable, String::new());
        let Collected { items, gaps, .. } = collector.finish(true, false);
        assert!(matches!(items["logs/error.log"], Item::Read { fact: Ok(Fact::Log(_)), .. }));
        assert_eq!(items["logs/stderr.log"], Item::Lost);
        assert_eq!(gaps.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [GapKind::Log]);
    }
}
