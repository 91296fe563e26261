//! Decides where an instance keeps its repository: by its files, its configurations and its run modes.
//!
//! A database or a cloud leaves no content in a snapshot, so that what is not found there is not missing. Files beat configurations, but
//! not where a configuration of another store stands beside them: after a migration either may be left over.

use super::item::Item;
use super::paths::{join, name};
use super::segments::Store as Stored;
use crate::evidence::{
    CRX3_MONGO, CRX3_RDB, Fact, Found, Installed, OAK_MONGO, OAK_RDB, SEGMENT_STORE, SPLIT_STORE,
    is_for_run_modes, named_settings, store_pid,
};
use crate::facts::{
    AWS_SEGMENTS, AZURE_SEGMENTS, COMPOSITE_STORE, CONFIG_DIRECTORY, CQ_RUN_MODES, CUSTOM_SEGMENTS,
    DOCUMENT_STORE, DOCUMENT_STORE_TYPE, LogTopic, MORE_SEGMENTS, NodeStore, NodeStoreKind, Place,
    REPOSITORY_HOME, RUN_MODES_OPTION, SEGMENT_STORES, SLING_RUN_MODES, SPLIT_SEGMENTS, Snapshot,
    StorageMode,
};
use crate::oak::Files;
use std::collections::BTreeMap;

/// Where an install has its segment store.
pub(super) const REPOSITORY: &str = "repository";

/// Run modes of AEM that choose a store at the first start. (AEM 6.5, Running AEM in Production Ready Mode)
const RUN_MODES: [(&str, NodeStoreKind); 3] = [
    (CRX3_MONGO, NodeStoreKind::Mongo),
    (CRX3_RDB, NodeStoreKind::Relational),
    ("crx3tar", NodeStoreKind::Segment),
];
/// Settings that ask for run modes.
const ASKED_MODES: [&str; 3] = [SLING_RUN_MODES, RUN_MODES_OPTION, CQ_RUN_MODES];
/// The property file in a segment store.
const MANIFEST: &str = "manifest";
const MANIFEST_BYTES_MAX: u64 = 64 << 10;
const SPLIT: &str = "split.initialized";
const VERSION: &str = "store.version";
/// Oak 1.6 writes 1, and 1.8 to 1.82 write 2; they refuse any other.
const VERSIONS: [i32; 2] = [1, 2];

/// What one configuration of a node store says.
struct Statement {
    pid: &'static str,
    options: BTreeMap<String, String>,
    place: Place,
}

impl Statement {
    fn is_true(&self, option: &str) -> bool {
        self.options.get(option).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }
}

/// Returns the store that configurations, run modes or options name; `mentioned` are those that files in use mention.
pub(super) fn configured(
    snapshot: &Snapshot,
    evidence: &[(&str, Found<'_>, &Item)],
    mentioned: &[(&str, Place)],
) -> Option<NodeStore> {
    let mut all = in_use(snapshot);
    if all.is_empty() {
        all = installed(snapshot, evidence);
    }
    let of = |kind, place: &Place| NodeStore { kind, place: place.clone(), leftover: None };
    let elsewhere =
        elsewhere(&all, &snapshot.root).map(|(kind, statement)| of(kind, &statement.place));
    // Oak looks the directory up in its configuration, then in the framework properties.
    let is_configured = all.iter().any(|statement| statement.options.contains_key(REPOSITORY_HOME));
    let of_framework = snapshot.setting(REPOSITORY_HOME).filter(|_| !is_configured);
    let elsewhere =
        elsewhere.or_else(|| of_framework.map(|home| of(NodeStoreKind::Custom, &home.place)));
    // A store that was chosen by run mode need not have a configuration that was packed.
    let chosen = || chosen(snapshot, mentioned).map(|(kind, place)| of(kind, place));
    let segment = || all.first().map(|statement| of(NodeStoreKind::Segment, &statement.place));
    elsewhere.or_else(chosen).or_else(segment)
}

/// Returns the store that run modes, options or logs tell.
fn chosen<'a>(
    snapshot: &'a Snapshot,
    mentioned: &'a [(&str, Place)],
) -> Option<(NodeStoreKind, &'a Place)> {
    let is_elsewhere = |(kind, _): &(NodeStoreKind, &Place)| *kind != NodeStoreKind::Segment;
    let selected = snapshot.run_modes.as_ref();
    let selected = selected.and_then(|modes| {
        let kind = modes.selected.iter().find_map(|mode| of_run_mode(mode))?;
        Some((kind, &modes.place))
    });
    let told = || {
        let (modes, place) = snapshot.logged(LogTopic::RunModes)?;
        Some((modes.value.split(", ").find_map(of_run_mode)?, place))
    };
    let opened = || {
        let (kind, place) = snapshot.logged(LogTopic::NodeStore)?;
        let kinds = [NodeStoreKind::Mongo, NodeStoreKind::Relational, NodeStoreKind::Segment];
        Some((kinds.into_iter().find(|known| known.label() == kind.value)?, place))
    };
    let asked = || {
        let (modes, place) = asked_modes(snapshot)?;
        Some((modes.into_iter().find_map(of_run_mode)?, place))
    };
    let option = || {
        mentioned.iter().find_map(|(name, place)| match *name {
            OAK_MONGO => Some((NodeStoreKind::Mongo, place)),
            OAK_RDB => Some((NodeStoreKind::Relational, place)),
            _ => None,
        })
    };
    let mode = || mentioned.iter().find_map(|(name, place)| Some((of_run_mode(name)?, place)));
    // The first start chooses one run mode of a group, and what a later one asks for is left out. (Sling Settings)
    let is_open = selected.is_none();
    let others = [opened(), told(), option()];
    let asked = [asked(), mode()].map(|found| found.filter(|_| is_open));
    let all = [selected].into_iter().chain(others).chain(asked).flatten();
    // What says that it is elsewhere may be newer than what does not.
    all.clone().find(is_elsewhere).or_else(|| all.clone().next())
}

/// Returns the store that a run mode stands for.
fn of_run_mode(mode: &str) -> Option<NodeStoreKind> {
    RUN_MODES.into_iter().find(|(name, _)| mode.starts_with(name)).map(|(_, kind)| kind)
}

/// Returns the run modes that were selected; those that are asked for, where that is not known.
fn run_modes(snapshot: &Snapshot) -> Option<(Vec<&str>, &Place)> {
    if let Some(modes) = &snapshot.run_modes {
        return Some((modes.selected.iter().map(String::as_str).collect(), &modes.place));
    }
    asked_modes(snapshot)
}

/// Returns the run modes that a setting asks for.
fn asked_modes(snapshot: &Snapshot) -> Option<(Vec<&str>, &Place)> {
    let asked = ASKED_MODES.iter().find_map(|name| snapshot.setting(name))?;
    Some((asked.value.split(',').map(str::trim).collect(), &asked.place))
}

/// Returns what the configurations say that are in use.
fn in_use(snapshot: &Snapshot) -> Vec<Statement> {
    // The segment store has had two PIDs: `oak.plugins.segment` up to AEM 6.2, `oak.segment` since.
    // An upgraded install may have both.
    let pids = [
        DOCUMENT_STORE,
        SEGMENT_STORES[0],
        SEGMENT_STORES[1],
        AZURE_SEGMENTS,
        AWS_SEGMENTS,
        COMPOSITE_STORE,
        MORE_SEGMENTS,
    ];
    let of = |pid: &'static str| {
        snapshot.configurations_of(pid).map(move |configuration| {
            let options = configuration.properties.iter();
            let single = options.filter_map(|(name, values)| match values.as_slice() {
                [value] => Some((name.clone(), value.clone())),
                _ => None,
            });
            Statement { pid, options: single.collect(), place: configuration.place.clone() }
        })
    };
    pids.into_iter().flat_map(of).collect()
}

/// Returns what the configurations say that lie ready for the installer, but for those of run modes that the instance does not have.
/// One that could not be read still has a name.
fn installed(snapshot: &Snapshot, evidence: &[(&str, Found<'_>, &Item)]) -> Vec<Statement> {
    let modes = run_modes(snapshot);
    let statement = |(path, found, item): &(&str, Found<'_>, &Item)| {
        let below = path.get(snapshot.root.len()..).unwrap_or_default();
        if modes.as_ref().is_some_and(|(modes, _)| !is_for_run_modes(below, modes)) {
            return None;
        }
        let options = match item {
            Item::Read { fact: Ok(Fact::Installed(Installed(options))), .. } => options.clone(),
            Item::Read { fact: Ok(_), .. } => return None,
            _ => BTreeMap::new(),
        };
        let pid = store_pid(found.name)?;
        let place = Place { source: snapshot.source.clone(), path: (*path).to_owned() };
        Some(Statement { pid, options, place })
    };
    evidence.iter().filter_map(statement).collect()
}

/// Returns the store that is not in a directory of the install, and what names it.
fn elsewhere<'a>(all: &'a [Statement], root: &str) -> Option<(NodeStoreKind, &'a Statement)> {
    let of = |pid: &str| all.iter().find(|statement| statement.pid == pid);
    if let Some(document) = of(DOCUMENT_STORE) {
        // Without `documentStoreType` the document store is one of MongoDB.
        let relational = document
            .options
            .get(DOCUMENT_STORE_TYPE)
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("rdb"));
        let kind = if relational { NodeStoreKind::Relational } else { NodeStoreKind::Mongo };
        return Some((kind, document));
    }
    // A factory's store is of use to another one alone; to the repository, where no service of its own is configured.
    let composed = of(COMPOSITE_STORE).or_else(|| {
        let has_own = || all.iter().any(|statement| SEGMENT_STORES.contains(&statement.pid));
        of(MORE_SEGMENTS).filter(|_| !has_own())
    });
    if let Some(composed) = composed {
        return Some((NodeStoreKind::Composite, composed));
    }
    // Only with `customSegmentStore` does the segment store look for one of these services.
    let cloud = of(AZURE_SEGMENTS)
        .map(|azure| (NodeStoreKind::Azure, azure))
        .or_else(|| of(AWS_SEGMENTS).map(|aws| (NodeStoreKind::Aws, aws)));
    let mut segments = all.iter().filter(|statement| SEGMENT_STORES.contains(&statement.pid));
    let is_outside = |segments: &&Statement| {
        segments.options.get(REPOSITORY_HOME).is_some_and(|home| !is_inside(home, root))
    };
    if let Some(outside) = segments.clone().find(is_outside) {
        return Some((NodeStoreKind::Custom, outside));
    }
    let Some(custom) = segments.clone().find(|segments| segments.is_true(CUSTOM_SEGMENTS)) else {
        // The service of the cloud alone does nothing while another configuration keeps segments here.
        return cloud.filter(|_| segments.next().is_none());
    };
    // With `splitPersistence`, `segmentstore-split` holds
    // the newer segments alone, and older ones are remote.
    if custom.is_true(SPLIT_SEGMENTS) {
        return Some((NodeStoreKind::Split, custom));
    }
    cloud.or(Some((NodeStoreKind::Custom, custom)))
}

/// Returns `true` if a `repository.home` is the directory `repository` of the install: by its end, for nobody knows where the
/// install lay.
fn is_inside(home: &str, root: &str) -> bool {
    let home = home.trim().replace('\\', "/");
    let parts: Vec<&str> = home.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let install = name(root);
    match parts.as_slice() {
        [] => true,
        [REPOSITORY] => !home.starts_with('/'),
        [.., parent, REPOSITORY] => {
            *parent == "crx-quickstart" || *parent == install || parent.starts_with("${")
        }
        _ => false,
    }
}

/// Returns the store of an install in the light of its files.
pub(super) fn with_files(
    configured: Option<NodeStore>,
    snapshot: &Snapshot,
    stores: &BTreeMap<String, Stored>,
) -> Option<NodeStore> {
    let found = |name| {
        let path = join(&join(&snapshot.root, REPOSITORY), name);
        let place = Place { source: snapshot.source.clone(), path };
        stores.get(&place.path).map(|stored| (place, stored))
    };
    let local = found(SEGMENT_STORE);
    let whole = local.as_ref().filter(|(_, stored)| is_whole(stored));
    let leftover = whole.map(|(place, _)| place.clone());
    // What of a split store is there or is reported of, be it a link, means that the newest segments are not in the other one.
    if let Some((place, _)) = found(SPLIT_STORE).filter(|(_, stored)| is_begun(stored)) {
        return Some(NodeStore { kind: NodeStoreKind::Split, place, leftover });
    }
    // Where configurations lie elsewhere, one of another store may be among them.
    if let Some(elsewhere) = snapshot.setting(CONFIG_DIRECTORY).filter(|_| is_in_jcr(snapshot))
        && configured.as_ref().is_none_or(|store| store.kind == NodeStoreKind::Segment)
    {
        let place = elsewhere.place.clone();
        return Some(NodeStore { kind: NodeStoreKind::Custom, place, leftover });
    }
    match (configured, local) {
        (Some(other), _) if other.kind != NodeStoreKind::Segment => {
            Some(NodeStore { leftover, ..other })
        }
        (_, Some((place, _))) => {
            Some(NodeStore { kind: NodeStoreKind::Segment, place, leftover: None })
        }
        (configured, None) => configured,
    }
}

/// Returns `true` if the instance works with keys in its repository.
fn is_in_jcr(snapshot: &Snapshot) -> bool {
    snapshot.storage_in_place().any(|file| file.storage.mode == StorageMode::Jcr)
}

/// Returns `true` if anything of a store is there, or could not be read.
fn is_begun(stored: &Stored) -> bool {
    let is_its_own =
        |name: &str| name == MANIFEST || name == "journal.log" || name.starts_with("data");
    let mut names = stored.parts.iter().map(|part| name(&part.path));
    !stored.unread.is_empty() || names.any(is_its_own)
}

/// Returns `true` if it has a journal and segments.
fn is_whole(stored: &Stored) -> bool {
    let has = |is: fn(&str) -> bool| stored.parts.iter().any(|part| is(name(&part.path)));
    has(|name| name == "journal.log") && has(|name| name.starts_with("data"))
}

/// What the manifest of a segment store says of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// There is none, as before Oak 1.5.2 (AEM 6.3).
    Missing,
    /// It cannot be read; why.
    Unreadable(String),
    /// The store is the newer part of a split one. (`SplitPersistence`)
    Split,
    /// Oak refuses the store, which is of this version. (`ManifestChecker`)
    Refused(String),
    /// It states no version, as Oak never leaves it: something of it is lost.
    Unclear,
    /// The version is one that is read.
    Supported,
}

impl Manifest {
    /// Reads the one among the files of a store.
    pub(super) fn of(files: &dyn Files) -> Self {
        let all = files.list();
        let manifest = all.iter().enumerate().find(|(_, (name, _))| name == MANIFEST);
        let Some((index, (_, bytes))) = manifest else { return Self::Missing };
        let mut text =
            vec![0; usize::try_from((*bytes).min(MANIFEST_BYTES_MAX)).unwrap_or_default()];
        if let Err(error) = files.read(index, 0, &mut text) {
            return Self::Unreadable(format!("{MANIFEST} cannot be read: {error}"));
        }
        let stated = named_settings(&text, &[SPLIT, VERSION]);
        let value = |name| stated.iter().find(|(own, _)| own == name).map(|(_, value)| value);
        if value(SPLIT).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return Self::Split;
        }
        match value(VERSION).and_then(|version| version.parse::<i32>().ok()) {
            _ if *bytes > MANIFEST_BYTES_MAX => Self::Unclear,
            Some(version) if VERSIONS.contains(&version) => Self::Supported,
            Some(version) => {
                Self::Refused(format!("version {version} of the segment store is not supported"))
            }
            // Oak 1.22.4 takes such a store for one of its own version.
            None => Self::Unclear,
        }
    }

    /// Says why what is read of the store may not be what the instance has. Oak `needs` the manifest, or wrote none.
    pub(super) fn doubt(&self, needs: bool) -> Option<&'static str> {
        match self {
            // "Using oak-segment-tar, but oak-segment should be used" (Oak 1.22.4)
            Self::Missing if needs => {
                Some("the segment store has no manifest, without which Oak does not open it")
            }
            Self::Unclear => Some("the manifest of the segment store states no version"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Setting;
    use crate::intake::Part;
    use crate::testing::{Instance, farm};
    use std::io;

    const STORE: &str = "crx-quickstart/repository/segmentstore";
    const SEGMENT: &str = SEGMENT_STORES[0];

    fn snapshot(change: impl FnOnce(Instance) -> Instance) -> Snapshot {
        farm().with("a", change).build().members.remove(0).snapshot
    }

    /// The kind that configurations and run modes give.
    fn kind(change: impl FnOnce(Instance) -> Instance) -> Option<&'static str> {
        configured(&snapshot(change), &[], &[]).map(|store| store.kind.label())
    }

    fn stores(all: &[(&str, &[&str])]) -> BTreeMap<String, Stored> {
        let store = |(path, names): &(&str, &[&str])| {
            let part =
                |name: &&str| Part { path: format!("{path}/{name}"), bytes: 1, extent: None };
            let parts = names.iter().map(part).collect();
            ((*path).to_owned(), Stored { parts, ..Stored::default() })
        };
        all.iter().map(store).collect()
    }

    const WHOLE: &[&str] = &["data00000a.tar", "journal.log"];

    #[test]
    fn configurations_in_use_tell_the_store() {
        assert_eq!(kind(|i| i), None);
        assert_eq!(kind(|i| i.config(SEGMENT, "customBlobStore=B\"true\"\r\n")), Some("segment"));
        let uri = "mongouri=\"mongodb://u:p@h\"\r\n";
        assert_eq!(kind(|i| i.config(DOCUMENT_STORE, uri)), Some("document-mongodb"));
        let rdb = "documentStoreType=\"RDB\"\r\n";
        assert_eq!(kind(|i| i.config(DOCUMENT_STORE, rdb)), Some("document-rdb"));
        let custom = |i: Instance| i.config(SEGMENT, "customSegmentStore=B\"true\"\r\n");
        assert_eq!(kind(custom), Some("segment-custom"));
        assert_eq!(kind(|i| custom(i).config(AZURE_SEGMENTS, "")), Some("segment-azure"));
        assert_eq!(kind(|i| custom(i).config(AWS_SEGMENTS, "")), Some("segment-aws"));
        let split = "customSegmentStore=B\"true\"\r\nsplitPersistence=B\"true\"\r\n";
        assert_eq!(kind(|i| i.config(SEGMENT, split)), Some("segment-split"));
    }

    #[test]
    fn service_of_a_cloud_alone_moves_no_segments() {
        assert_eq!(kind(|i| i.config(AZURE_SEGMENTS, "").config(SEGMENT, "")), Some("segment"));
        assert_eq!(kind(|i| i.config(AZURE_SEGMENTS, "")), Some("segment-azure"));
    }

    #[test]
    fn run_modes_tell_the_store_where_no_configuration_does() {
        assert_eq!(kind(|i| i.role("crx3mongo")), Some("document-mongodb"));
        assert_eq!(kind(|i| i.role("crx3tar-nofds")), Some("segment"));
        assert_eq!(kind(|i| i.role("author")), None);
    }

    fn decided(
        change: impl FnOnce(Instance) -> Instance,
        all: &[(&str, &[&str])],
    ) -> Option<(&'static str, bool)> {
        let snapshot = snapshot(change);
        let configured = configured(&snapshot, &[], &[]);
        let store = with_files(configured, &snapshot, &stores(all))?;
        Some((store.kind.label(), store.leftover.is_some()))
    }

    #[test]
    fn files_tell_the_store_where_nothing_contradicts_them() {
        assert_eq!(decided(|i| i, &[(STORE, WHOLE)]), Some(("segment", false)));
        assert_eq!(decided(|i| i.config(SEGMENT, ""), &[]), Some(("segment", false)));
        let split = format!("{STORE}-split");
        assert_eq!(decided(|i| i, &[(&split, WHOLE)]), Some(("segment-split", false)));
        assert_eq!(decided(|i| i, &[(&split, &["repo.lock"])]), None);
        let both = [(STORE, WHOLE), (split.as_str(), &["manifest"][..])];
        assert_eq!(decided(|i| i, &both), Some(("segment-split", true)));
    }

    #[test]
    fn split_store_that_cannot_be_read_is_one() {
        let mut stores = stores(&[(STORE, WHOLE)]);
        let unread = [(format!("{STORE}-split"), "is a link".to_owned())].into();
        let split = Stored { unread, ..Stored::default() };
        stores.insert(format!("{STORE}-split"), split);
        let store = with_files(None, &snapshot(|i| i), &stores).unwrap();
        assert_eq!(store.kind, NodeStoreKind::Split);
    }

    fn setting(name: &str, value: &str) -> Setting {
        let place = Place { source: "s".to_owned(), path: "conf/sling.properties".to_owned() };
        Setting { name: name.to_owned(), value: value.to_owned(), place }
    }

    #[test]
    fn configurations_elsewhere_may_name_another_store() {
        let decided = |mode, value: Option<&str>| {
            let mut snapshot = snapshot(|i| i);
            for file in &mut snapshot.storage_files {
                file.storage.mode = mode;
            }
            snapshot.settings.extend(value.map(|value| setting(CONFIG_DIRECTORY, value)));
            let store = with_files(None, &snapshot, &stores(&[(STORE, WHOLE)]));
            store.map(|store| (store.kind.label(), store.leftover.is_some()))
        };
        assert_eq!(decided(StorageMode::Jcr, None), Some(("segment", false)));
        assert_eq!(decided(StorageMode::Bundle, Some("/mnt/cfg")), Some(("segment", false)));
        assert_eq!(decided(StorageMode::Jcr, Some("/mnt/cfg")), Some(("segment-custom", true)));
    }

    #[test]
    fn run_modes_that_are_asked_for_tell_the_store_where_none_is_known() {
        for name in ASKED_MODES {
            let mut snapshot = snapshot(|i| i);
            snapshot.run_modes = None;
            snapshot.settings.push(setting(name, "publish, crx3mongo"));
            let store = configured(&snapshot, &[], &[]).map(|store| store.kind.label());
            assert_eq!(store, Some("document-mongodb"), "{name}");
        }
    }

    #[test]
    fn options_and_run_modes_that_a_script_mentions_tell_the_store() {
        let place = Place { source: "s".to_owned(), path: "bin/start".to_owned() };
        let kind = |selected: Option<&str>, name: &'static str| {
            let mut snapshot = snapshot(|i| i.role(selected.unwrap_or("publish")));
            snapshot.run_modes = snapshot.run_modes.filter(|_| selected.is_some());
            let mentioned = [(name, place.clone())];
            configured(&snapshot, &[], &mentioned).map(|store| store.kind.label())
        };
        for selected in [None, Some("publish")] {
            assert_eq!(kind(selected, CRX3_MONGO), Some("document-mongodb"));
            assert_eq!(kind(selected, CRX3_RDB), Some("document-rdb"));
            assert_eq!(kind(selected, OAK_MONGO), Some("document-mongodb"));
            assert_eq!(kind(selected, OAK_RDB), Some("document-rdb"));
        }
        // The run mode of the first start stays; an address of a database has no other use.
        assert_eq!(kind(Some("crx3tar"), CRX3_MONGO), Some("segment"));
        assert_eq!(kind(Some("crx3tar"), OAK_MONGO), Some("document-mongodb"));
    }

    #[test]
    fn logs_tell_the_store_where_nothing_else_does() {
        let modes = "org.apache.sling.settings.impl.SlingSettingsServiceImpl Active run modes: ";
        let service = "org.apache.jackrabbit.oak.plugins.document.DocumentNodeStoreService ";
        for (said, store) in [
            (format!("{modes}[crx3, publish, crx3mongo]"), Some("document-mongodb")),
            (format!("{modes}[crx3, publish, crx3tar]"), Some("segment")),
            (format!("{modes}[crx3, publish]"), None),
            (
                format!("{service}Starting DocumentNodeStore with uri=mongodb://u:p@h"),
                Some("document-mongodb"),
            ),
            (
                format!("{service}Initializing DocumentNodeStore with dataSource x"),
                Some("document-rdb"),
            ),
            ("Primary SegmentNodeStore initialized".to_owned(), Some("segment")),
            ("Secondary SegmentNodeStore initialized, role=x".to_owned(), None),
        ] {
            let line = format!("19.07.2025 19:00:53.176 *INFO* [x] {said}\n");
            assert_eq!(kind(|i| i.log("error.log", &line)), store, "{said}");
        }
    }

    #[test]
    fn repository_of_several_stores_is_none_of_segments() {
        let composite = |i: Instance| i.config(COMPOSITE_STORE, "");
        assert_eq!(kind(composite), Some("composite"));
        assert_eq!(kind(|i| composite(i).config(SEGMENT, "")), Some("composite"));
        assert_eq!(kind(|i| composite(i).config(DOCUMENT_STORE, "")), Some("document-mongodb"));
        assert_eq!(kind(|i| i.config(MORE_SEGMENTS, "")), Some("composite"));
        assert_eq!(kind(|i| i.config(MORE_SEGMENTS, "").config(SEGMENT, "")), Some("segment"));
    }

    #[test]
    fn home_of_the_repository_elsewhere_is_told_from_one_in_the_install() {
        let of = |home: &str| {
            let home = format!("repository.home=\"{home}\"\r\n");
            decided(|i| i.config(SEGMENT, &home), &[(STORE, WHOLE)])
        };
        for inside in [
            "",
            "repository",
            "./crx-quickstart/repository/",
            "/opt/aem/crx-quickstart/repository",
            "C:\\\\aem\\\\crx-quickstart\\\\repository",
        ] {
            assert_eq!(of(inside), Some(("segment", false)), "{inside}");
        }
        for outside in ["/mnt/other/repository", "/repository", "/mnt/fast/crx-quickstart/repo"] {
            assert_eq!(of(outside), Some(("segment-custom", true)), "{outside}");
        }
    }

    #[test]
    fn files_beside_another_store_may_be_left_over() {
        let mongo = |i: Instance| i.config(DOCUMENT_STORE, "");
        assert_eq!(decided(mongo, &[]), Some(("document-mongodb", false)));
        assert_eq!(decided(mongo, &[(STORE, WHOLE)]), Some(("document-mongodb", true)));
        for part in [&["repo.lock"][..], &["journal.log"], &["data00000a.tar"]] {
            assert_eq!(decided(mongo, &[(STORE, part)]), Some(("document-mongodb", false)));
        }
    }

    struct Text<'t>(&'t str);

    impl Files for Text<'_> {
        fn list(&self) -> Vec<(String, u64)> {
            vec![(MANIFEST.to_owned(), self.0.len() as u64)]
        }

        fn read(&self, _: usize, _: u64, buffer: &mut [u8]) -> io::Result<()> {
            buffer.copy_from_slice(self.0.as_bytes());
            Ok(())
        }
    }

    #[test]
    fn manifest_says_whether_the_store_is_split_or_refused() {
        let of = |text: &str| Manifest::of(&Text(text));
        let split = "#x\nstore.version=2\r\nsplit.initialized = true\r\n";
        assert_eq!(of(split), Manifest::Split);
        for text in
            ["#split.initialized=true\nstore.version=2\n", "store.version:1", "store.version +2"]
        {
            assert_eq!(of(text), Manifest::Supported, "{text}");
        }
        for version in ["3", "0", "-1", "13"] {
            let reason = format!("version {version} of the segment store is not supported");
            assert_eq!(of(&format!("store.version={version}\n")), Manifest::Refused(reason));
        }
        for text in ["", "store.version=two\n", "store.version=\n", "\0\0\0\0"] {
            assert_eq!(of(text), Manifest::Unclear, "{text}");
            assert!(of(text).doubt(true).is_some());
        }
        assert!(
            Manifest::Missing.doubt(true).is_some() && Manifest::Missing.doubt(false).is_none()
        );
        assert_eq!(Manifest::Supported.doubt(true), None);
    }
}
