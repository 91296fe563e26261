//! Keeps the evidence of one source while it is walked.

mod disputes;
mod duplicates;
mod key_copies;
mod logs;
mod observe;
mod second_pass;
mod surroundings;
mod take;
mod visit;

use self::duplicates::Duplicates;
use self::key_copies::KeyCopies;
pub(super) use self::key_copies::LooseCopies;
use self::logs::LogDirectories;
pub(super) use self::logs::{ERROR_LOG, LOGS, is_log_of_install};
use self::surroundings::Surroundings;
use self::take::Pending;
use super::gap_list::GapList;
use super::item::{Item, Versions};
use super::link_alias::Aliases;
use super::links::Links;
use super::paths::first_below;
use super::prefixes::Prefixes;
use super::secrets::Vault;
use super::segments::{Segments, Store};
use super::unknown::UnknownFiles;
use crate::evidence::classify;
use crate::facts::{FileTime, Gap, GapKind};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Directories and archives in it that are saved images of containers.
    pub(super) images: BTreeSet<String>,
    pub(super) gaps: Vec<Gap>,
    /// What was there more than once.
    pub(super) again: BTreeMap<String, Versions>,
    pub(super) links: Links,
    /// It is a directory, of whose links it is known where they lead: discovery tells of those that matter.
    pub(super) directory: bool,
    /// Segment stores, by the path of their directory.
    pub(super) segment_stores: BTreeMap<String, Store>,
    /// What its keys leave of themselves.
    pub(super) key_traces: BTreeSet<u64>,
    /// Files that are named like copies of keys.
    pub(super) loose_copies: LooseCopies,
    /// Logs that were not read, one of each directory.
    pub(super) unread_logs: Vec<String>,
    /// When files were written, by path.
    pub(super) times: BTreeMap<String, FileTime>,
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
    /// An image of a container, as `docker save` writes it.
    Image,
    /// Logs, dumps, pictures or the like, as its name says.
    Material,
    /// The status that the web console packs, as its name and its files say.
    Status,
}

/// Receives one source.
#[allow(clippy::struct_excessive_bools, reason = "each notes one thing that was seen or is wanted")]
pub(super) struct Collector<'a> {
    limits: &'a Limits,
    items: BTreeMap<String, Item>,
    /// When files were written, by path.
    times: BTreeMap<String, FileTime>,
    again: Duplicates,
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
    /// What may be a saved image: whether it has a list of layers, and whether it has digests.
    images: BTreeMap<String, (bool, bool)>,
    /// Paths that are named like an install.
    homes: BTreeSet<String>,
    segments: Segments,
    gaps: GapList<'a>,
    key_copies: KeyCopies,
    /// Where keys and protected values wait to be tried.
    vault: Option<&'a Vault>,
    pending: Vec<Pending>,
    /// Set for the second pass, which reads nothing but what these lead to.
    aliases: Option<Aliases>,
    /// Directories of logs, and the links to some of them that the second pass follows.
    log_directories: LogDirectories,
    log_links: BTreeSet<String>,
    /// Another archive followed after the first: what comes twice need not be of one instance.
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
            times: BTreeMap::new(),
            again: Duplicates::default(),
            names_bytes: 0,
            links: Links::new(),
            archives: BTreeSet::new(),
            is_status: false,
            opens: false,
            realms: BTreeSet::new(),
            packages: BTreeSet::new(),
            unknown: UnknownFiles::default(),
            content: None,
            images: BTreeMap::new(),
            homes: BTreeSet::new(),
            segments: Segments::new(limits.segment_files_max),
            gaps: GapList::new(source, limits.gaps_max),
            key_copies: KeyCopies::default(),
            vault: None,
            pending: Vec::new(),
            aliases: None,
            log_directories: LogDirectories::default(),
            log_links: BTreeSet::new(),
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

    /// Has keys and protected values kept until all sources are read.
    pub(super) fn keeping(mut self, vault: &'a Vault) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Ends the walk; what is still a link now has no target.
    ///
    /// `reread`: the source could be walked twice. `directory`: its files can be opened one by one.
    pub(super) fn finish(mut self, reread: bool, directory: bool) -> Collected {
        self.settle();
        self.tell_left_out();
        let (key_traces, loose_copies) = self.hide_keys();
        self.see_linked_directories();
        self.leave_to_links();
        let unread_logs = self.unread_logs();
        let unresolved: Vec<String> = self
            .items
            .iter()
            .filter(|(path, item)| matches!(item, Item::Link(_)) && classify(path).is_some())
            .map(|(path, _)| path.clone())
            .collect();
        let reason = if reread {
            "is a link, and what it leads to is not in the source; send that file too"
        } else {
            "is a link that was not followed, since standard input is read only once; save the archive, and name the file"
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
        let Self { items, times, archives, mut realms, packages, unknown, homes, .. } = self;
        let Self { is_status, content, images, gaps, links, .. } = self;
        realms.retain(|realm| !packages.contains(realm));
        let content = packages.get("").map(|_| Content::Package).or(content);
        // Lists of layers and directories of digests are in other things, too; only both together are an
        // image.
        let images = images.into_iter().filter(|(_, signs)| *signs == (true, true));
        let mut images: BTreeSet<String> = images.map(|(directory, _)| directory).collect();
        let content = if images.remove("") { Some(Content::Image) } else { content };
        let gaps = gaps.finish();
        Collected {
            items,
            archives,
            realms,
            unknown,
            homes,
            is_status,
            content,
            images,
            gaps,
            again,
            links,
            directory,
            segment_stores,
            key_traces,
            loose_copies,
            unread_logs,
            times,
        }
    }

    fn lose(&mut self, path: String, kind: GapKind, reason: &str) {
        self.gaps.record(Some(&path), kind, reason.to_owned());
        if classify(&path).is_some() {
            self.items.insert(path, Item::Lost);
        }
    }

    /// Returns `true` if names of so many bytes more may be remembered. A gap tells when not.
    fn has_room(&mut self, bytes: usize) -> bool {
        let max = self.limits.names_bytes_max;
        self.names_bytes = self.names_bytes.saturating_add(bytes);
        if self.names_bytes > max {
            let reason = format!(
                "has more than {max} bytes of names, settings and configurations; the rest was not read. Scan its instances one by one"
            );
            self.gaps.record_limit(reason);
        }
        self.names_bytes <= max
    }
}

/// Returns the first item below a directory, or in an archive.
fn below<'i>(items: &'i BTreeMap<String, Item>, directory: &str) -> Option<&'i Item> {
    items.get(first_below(items, directory)?)
}
