//! Keeps the evidence of one source while it is walked.

mod again;
mod disputes;
mod follow;
mod key_copies;
mod seen;

use self::again::Again;
pub(super) use self::again::Versions;
use self::key_copies::KeyCopies;
use self::seen::{Surroundings, may_be_opened};
use super::alias::Aliases;
use super::gap_list::GapList;
use super::hints;
use super::links::Links;
use super::mixed;
use super::paths::{first_below, join, name};
use super::prefixes::Prefixes;
use super::segments::{self, Segments, Store};
use super::unknown::UnknownFiles;
use crate::evidence::{Fact, Kind, ParseError, Reads, Scan, classify, classify_small, is_barren};
use crate::facts::{Gap, GapKind, Owner, StorageMode};
use crate::intake::{Descend, Entry, EntryKind, LinkTarget, Visit, Want, claims_archive};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// What stands at one evidence path. The last entry of a path counts, as in tar.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// It was read.
    Read {
        /// What it says, or where it fails to follow its format.
        fact: Result<Fact, ParseError>,
        /// Owner and mode, where the container keeps them.
        owner: Option<Owner>,
    },
    /// It is a link that was not resolved (yet).
    Link(LinkTarget),
    /// It is there, but could not be read; a gap says why.
    Lost,
    /// Something else stands there: a directory instead of a file, a device.
    Odd,
}

/// Evidence by path, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) items: BTreeMap<String, Item>,
    /// Files that are named like archives.
    pub(super) archives: BTreeSet<String>,
    /// Archives inside it that were opened, but for packages.
    pub(super) realms: BTreeSet<String>,
    /// Files of which nothing is known.
    pub(super) unknown: UnknownFiles,
    /// Paths that are named like an install.
    pub(super) homes: BTreeSet<String>,
    /// It has a file that only the status of a web console has.
    pub(super) is_status: bool,
    /// What it is, where that is known and is no archive of instances.
    pub(super) content: Option<Content>,
    pub(super) gaps: Vec<Gap>,
    /// What came more than once.
    pub(super) again: BTreeMap<String, Versions>,
    pub(super) links: Links,
    /// It is a directory, of whose links it is known where they lead: discovery tells of those that matter.
    pub(super) directory: bool,
    /// Segment stores, by the path of their directory.
    pub(super) segment_stores: BTreeMap<String, Store>,
}

/// What a source is that is no archive of instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// A package of content.
    Package,
    /// An archive of Java classes, such as the quickstart jar.
    Java,
    /// A document of Office.
    Document,
}

/// A place that waits for the body on its way. Through links, one body can stand at several places.
struct Pending {
    path: String,
    kind: &'static Kind,
    owner: Option<Owner>,
    stream: Option<Stream>,
    /// It is a link to a file of another name.
    renamed: bool,
}

/// A body that is read piece by piece.
struct Stream {
    scan: Box<dyn Scan>,
    /// A piece has come.
    begun: bool,
}

/// Receives one source.
#[allow(clippy::struct_excessive_bools, reason = "each notes one thing that was seen or is wanted")]
pub(super) struct Collector<'a> {
    limits: &'a Limits,
    items: BTreeMap<String, Item>,
    again: Again,
    /// Bytes of the names and settings that are remembered.
    names_bytes: usize,
    links: Links,
    archives: BTreeSet<String>,
    /// It has a file that only the status of a web console has.
    is_status: bool,
    /// Archives inside it can be walked where they lie.
    opens: bool,
    /// Archives inside it that held or told something.
    realms: BTreeSet<String>,
    /// Of them, those of packages; empty where the source is one.
    packages: BTreeSet<String>,
    unknown: UnknownFiles,
    content: Option<Content>,
    /// Paths that are named like an install.
    homes: BTreeSet<String>,
    segments: Segments,
    gaps: GapList<'a>,
    key_copies: KeyCopies,
    pending: Vec<Pending>,
    /// Set for the second pass, which reads nothing but what these lead to.
    aliases: Option<Aliases>,
    /// Another archive followed behind the first: what comes twice need not be of one instance.
    concatenated: bool,
    surroundings: Surroundings,
    /// The last directory to which no link leads.
    plain_directory: String,
    /// The paths of links, by which those above a path are found.
    link_paths: Prefixes,
    /// Entries behind links that were followed.
    written_through: usize,
    /// Files that would be evidence if case did not matter.
    other_case: Vec<String>,
    /// Evidence that the archive says it does not hold.
    left_out: BTreeSet<String>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(source: &'a str, limits: &'a Limits) -> Self {
        Self {
            limits,
            items: BTreeMap::new(),
            again: Again::default(),
            names_bytes: 0,
            links: Links::new(),
            archives: BTreeSet::new(),
            is_status: false,
            opens: false,
            realms: BTreeSet::new(),
            packages: BTreeSet::new(),
            unknown: UnknownFiles::default(),
            content: None,
            homes: BTreeSet::new(),
            segments: Segments::new(limits.segment_files_max),
            gaps: GapList::new(source, limits.gaps_max),
            key_copies: KeyCopies::default(),
            pending: Vec::new(),
            aliases: None,
            concatenated: false,
            surroundings: Surroundings::default(),
            plain_directory: String::new(),
            link_paths: Prefixes::default(),
            written_through: 0,
            other_case: Vec::new(),
            left_out: BTreeSet::new(),
        }
    }

    /// Has archives inside the source walked, rather than told.
    pub(super) fn opening(mut self) -> Self {
        self.opens = true;
        self
    }

    /// Ends the walk; what is still a link now has no target.
    ///
    /// `reread`: the source could be walked twice. `directory`: its files can be opened one by one.
    pub(super) fn finish(mut self, reread: bool, directory: bool) -> Collected {
        self.settle();
        self.tell_left_out();
        self.hide_keys();
        self.see_linked_directories();
        self.leave_to_links();
        let unresolved: Vec<String> = self
            .items
            .iter()
            .filter(|(path, item)| matches!(item, Item::Link(_)) && classify(path).is_some())
            .map(|(path, _)| path.clone())
            .collect();
        let reason = if reread {
            "is a link whose target is no file of the source"
        } else {
            "is a link, and standard input cannot be read twice to follow it; name a file instead"
        };
        for path in unresolved {
            self.lose(path, GapKind::LinkBroken, reason);
        }
        let again = self.tell_again();
        self.tell_other_case();
        if let Some(reason) = self.segments.over_limit() {
            self.gaps.record_limit(reason);
        }
        let segment_stores = self.segments.finish(directory);
        let Self { items, archives, mut realms, packages, unknown, homes, .. } = self;
        let Self { is_status, content, gaps, links, .. } = self;
        realms.retain(|realm| !packages.contains(realm));
        let content = packages.get("").map(|_| Content::Package).or(content);
        let gaps = gaps.finish();
        Collected {
            items,
            archives,
            realms,
            unknown,
            homes,
            is_status,
            content,
            gaps,
            again,
            links,
            directory,
            segment_stores,
        }
    }

    fn lose(&mut self, path: String, kind: GapKind, reason: &str) {
        self.gaps.record(Some(&path), kind, reason.to_owned());
        if classify(&path).is_some() {
            self.items.insert(path, Item::Lost);
        }
    }

    /// Says whether names of so many bytes more may be remembered. A gap tells when not.
    fn has_room(&mut self, bytes: usize) -> bool {
        let max = self.limits.names_bytes_max;
        self.names_bytes = self.names_bytes.saturating_add(bytes);
        if self.names_bytes > max {
            let reason = format!(
                "has more than {max} bytes of names, settings and configurations; the rest is left out"
            );
            self.gaps.record_limit(reason);
        }
        self.names_bytes <= max
    }

    /// An entry whose body never came is lost; a gap says why.
    fn settle(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            let item = match pending.stream {
                Some(stream) if stream.begun => {
                    Item::Read { fact: Ok(stream.scan.finish().fact), owner: pending.owner }
                }
                _ => Item::Lost,
            };
            self.put(pending.path, item);
        }
    }

    fn put(&mut self, path: String, item: Item) {
        if self.items.len() >= self.limits.evidence_max && !self.items.contains_key(&path) {
            let max = self.limits.evidence_max;
            let reason = format!("holds more than {max} pieces of evidence; the rest is not read");
            self.gaps.record_limit(reason);
            return;
        }
        let Some(old) = self.items.get(&path) else {
            if self.has_room(path.len()) {
                self.items.insert(path, item);
            }
            return;
        };
        let differs = *old != item;
        match (&self.aliases, old) {
            // A log adds to the rest and decides nothing.
            (_, Item::Read { fact: Ok(Fact::Seen | Fact::Log(_)), .. })
            | (Some(_), Item::Link(_)) => {}
            // What stands there may be a file that came before the link, or a target that came twice.
            (Some(_), _) if differs => {
                let reason = "stands there both by itself and through a link, and the two differ";
                return self.lose(path, GapKind::Ambiguous, reason);
            }
            (None, _) if differs && self.concatenated => {
                let reason = "came again in the next of several archives, and differs; whose it is nobody can tell";
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

    /// Takes an entry under the path at which it counts as evidence.
    fn take(&mut self, path: &str, entry: &Entry<'_>) -> Want {
        let Some((kind, _)) = classify(path) else {
            return self.take_small(path, entry).unwrap_or_else(|| self.hint(path, entry));
        };
        let item = match (&entry.kind, kind.reads) {
            (EntryKind::File, Reads::Stream(scan))
                if self.limits.logs && self.aliases.is_none() =>
            {
                self.expect(path, kind, entry, Some(Stream { scan: scan(), begun: false }));
                return Want::Stream;
            }
            // No key is missed in a log, so links to one are not followed and odd shapes of one do not matter.
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
            (EntryKind::Directory | EntryKind::Other, _) | (_, Reads::Small(_)) => Item::Odd,
        };
        self.put(path.to_owned(), item);
        Want::Nothing
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
            EntryKind::HardLink(ref target) | EntryKind::SymbolicLink(ref target) => {
                self.put(path.to_owned(), Item::Link(target.clone()));
                None
            }
            // One that is in use is told; of the others it does not matter.
            EntryKind::File | EntryKind::Other if may_be_read(name(path)) => {
                self.put(path.to_owned(), Item::Lost);
                None
            }
            _ => None,
        }
    }

    fn expect(
        &mut self,
        path: &str,
        kind: &'static Kind,
        entry: &Entry<'_>,
        stream: Option<Stream>,
    ) {
        self.key_copies.share(path, entry.path);
        let renamed = name(path) != name(entry.path);
        let (path, owner) = (path.to_owned(), entry.owner.clone());
        self.pending.push(Pending { path, kind, owner, stream, renamed });
    }

    fn fulfil(&mut self, pending: Pending, bytes: &[u8]) {
        let Pending { path, kind, owner, renamed, .. } = pending;
        let Some((_, found)) = classify(&path).or_else(|| classify_small(&path)) else { return };
        let mut fact = (kind.parse)(&found, bytes);
        if let Ok(fact) = &mut fact {
            self.key_copies.see(&path, fact, bytes);
            if renamed {
                fact.hide_location(&found);
            }
        }
        // A script may keep some KiB, a configuration more, and there may be as many of them as pieces of evidence.
        let kept_bytes = fact.as_ref().map(Fact::kept_bytes).unwrap_or_default();
        if self.has_room(kept_bytes) {
            self.put(path, Item::Read { fact, owner });
        } else {
            self.put(path, Item::Lost);
        }
    }
}

/// Says whether a file may be a script or a property file by its name, however large it is: programs and logs are none.
fn may_be_read(file: &str) -> bool {
    const ENDS: [&str; 9] = ["exe", "dll", "so", "log", "out", "hprof", "pid", "sock", "lock"];
    file.rsplit_once('.').is_none_or(|(_, end)| !ENDS.iter().any(|e| end.eq_ignore_ascii_case(e)))
}

/// Returns what serves both wants. Only links that give one file two meanings ever mix them.
fn widest(a: Want, b: Want) -> Want {
    match (a, b) {
        (Want::Nothing | Want::Archive, other) | (other, Want::Nothing | Want::Archive) => other,
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

impl Visit for Collector<'_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        self.settle();
        if hints::is_of_finder(entry) {
            return Want::Nothing;
        }
        let Some(aliases) = &self.aliases else {
            self.see_links(entry);
            self.unknown.hollow.see(entry.path, &entry.kind);
            if entry.kind == EntryKind::File {
                if self.surroundings.tell_all_of(entry.path) {
                    return Want::Nothing;
                }
                self.surroundings.enter(entry.path, self.opens);
            }
            self.see_realm(entry.path);
            self.see_home(entry.path);
            if let Some(store) = segments::store(entry.path) {
                if self.segments.take(&store, entry) {
                    self.take_segments_again(&store, entry.path);
                }
                // Nothing in a store is evidence by its path, and its tars are no archives of installs.
                if entry.path.rsplit('.').next() == Some("tar") {
                    return Want::Nothing;
                }
            }
            return self.take(entry.path, entry);
        };
        let paths = aliases.of(entry.path);
        self.see_realm(entry.path);
        self.see_home(entry.path);
        for path in &paths {
            self.see_revision(path);
        }
        let evidence = paths.iter().filter(|path| classify(path).is_some());
        let want = evidence.fold(Want::Nothing, |want, path| widest(want, self.take(path, entry)));
        // The first pass looked into it, and what is looked for now may lie there.
        let opens = want == Want::Nothing && self.opens && may_be_opened(entry.path, entry);
        if opens { Want::Archive } else { want }
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
            None if is_barren(directory) && !self.is_in_install(directory) => Descend::All,
            None => segments::descend(directory),
            Some(aliases) if aliases.concern(directory) => Descend::All,
            Some(_) => Descend::Nothing,
        }
    }
}

/// Returns the first item below a directory, or in an archive.
fn below<'i>(items: &'i BTreeMap<String, Item>, directory: &str) -> Option<&'i Item> {
    items.get(first_below(items, directory)?)
}

/// Says whether a path is that of a log, or of the directory of logs.
fn concerns_logs(path: &str) -> bool {
    let streams =
        |path: &str| classify(path).is_some_and(|(kind, _)| matches!(kind.reads, Reads::Stream(_)));
    streams(path) || streams(&join(path, "error.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let entry =
            |path| Entry { path, kind: EntryKind::File, size: 9, offset: None, owner: None };
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
