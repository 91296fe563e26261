//! Where things lie in an install, decided from the path alone, by whole components and with their case.
//!
//! The root is the directory that stands for `crx-quickstart`. A source may start above, at or inside it, so `launchpad/…`,
//! `felix/…` and `bundle5/…` are recognised too. A copy such as `launchpad/felix_backup/` becomes a root of its own.

pub(super) use crate::facts::split_path as split;
use crate::facts::{QUICKSTART, components};

/// A bundle directory of the Felix cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BundleDirectory<'p> {
    /// The install root.
    pub(super) root: &'p str,
    /// The directory's own name.
    pub(super) name: &'p str,
}

/// Returns the directory that holds `path`, when its last component is `name`.
pub(super) fn parent_of<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    let before = path.strip_suffix(name)?;
    if before.is_empty() { Some("") } else { before.strip_suffix('/').filter(|p| !p.is_empty()) }
}

/// Recognises a bundle directory, the system bundle's `bundle0` excepted.
///
/// Felix takes every child of `felix/` whose name starts with `bundle`, so `bundle21.bak` and `bundle-old` are live to it. Where
/// the parent has another name, a digit must follow: a folder of uploads may well be called `bundle-check`.
pub(super) fn bundle_directory(path: &str) -> Option<BundleDirectory<'_>> {
    let (parent, name) = split(path);
    let suffix = name.strip_prefix("bundle")?;
    // `bundle0` is Felix's own: it has no `bundle.info`, no revision and no `data`.
    if name == SYSTEM_BUNDLE {
        return None;
    }
    let is_numbered = suffix.starts_with(|c: char| c.is_ascii_digit());
    let root = felix_root(parent).or_else(|| framework_root(parent).filter(|_| is_numbered));
    // A source may start in the cache itself, and then its bundles have no parent. `scp -r bundle31` onto a bundle directory, or its
    // data, makes no bundle of it.
    let loose = parent.is_empty() || is_numbered && !is_in_bundle(parent);
    let root = root.or(loose.then_some(parent))?;
    Some(BundleDirectory { root, name })
}

/// Returns `true` if a directory is one of a bundle in a cache called `felix`, or the data of one in any.
fn is_in_bundle(directory: &str) -> bool {
    let data_of = parent_of(directory, DATA);
    let (cache, name) = split(data_of.unwrap_or(directory));
    let is_of_felix = name.starts_with("bundle") && name != SYSTEM_BUNDLE;
    // A folder of bundles may well be called `bundle2024`.
    is_of_felix && felix_root(cache).is_some() || data_of.is_some() && is_numbered_bundle(name)
}

/// Returns the root of the system bundle's directory `bundle0`.
pub(super) fn system_bundle_root(path: &str) -> Option<&str> {
    let parent = parent_of(path, SYSTEM_BUNDLE)?;
    Some(felix_root(parent).or_else(|| framework_root(parent)).unwrap_or(parent))
}

/// Recognises a file directly in a bundle directory.
pub(super) fn in_bundle<'p>(path: &'p str, file: &str) -> Option<BundleDirectory<'p>> {
    bundle_directory(parent_of(path, file)?)
}

/// Recognises a file directly in a bundle's data directory.
pub(super) fn in_data<'p>(path: &'p str, file: &str) -> Option<BundleDirectory<'p>> {
    in_bundle(parent_of(path, file)?, DATA)
}

/// Recognises a revision directory; returns its name too.
pub(super) fn revision_directory(path: &str) -> Option<(BundleDirectory<'_>, &str)> {
    let (parent, name) = split(path);
    if !name.starts_with(REVISION) {
        return None;
    }
    Some((bundle_directory(parent)?, name))
}

/// Returns the revision directory that a path leads through. Archives need not list directories, and Felix looks at no more of one
/// than that it is there.
pub fn implied_revision(path: &str) -> Option<&str> {
    let mut begin = 0_usize;
    for part in components(split(path).0) {
        let end = begin.saturating_add(part.len());
        let directory = path.get(..end).filter(|_| begin > 0 && part.starts_with(REVISION));
        if let Some(found) = directory.filter(|found| revision_directory(found).is_some()) {
            return Some(found);
        }
        begin = end.saturating_add(1);
    }
    None
}

/// Returns `true` if a directory is the one of this name in an install, as far as its path tells. A source may start in an install,
/// or have it under another name; `conf` is the name of few other directories.
pub(super) fn is_directory_of_install(directory: &str, name: &str) -> bool {
    parent_of(directory, name)
        .is_some_and(|root| root.is_empty() || name == CONF || split(root).1 == QUICKSTART)
}

/// Returns `true` if a file's name ends in one of these, in any case. No name is copied for it: it is asked of every entry.
pub(super) fn ends_in(file: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| {
        let tail = file.len().checked_sub(end.len()).and_then(|at| file.as_bytes().get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    })
}

/// Returns `true` if a file's name is one of an archive, or of a copy or a part of one (`a.tar.gz.1`).
pub(super) fn may_be_archive(file: &str) -> bool {
    const ENDS: [&str; 9] = ["tar", "gz", "tgz", "zip", "jar", "bz2", "xz", "zst", "7z"];
    file.split('.').skip(1).any(|part| ENDS.iter().any(|end| part.eq_ignore_ascii_case(end)))
}

/// Returns the root for a file in `conf/` or `launchpad/conf/`.
pub(super) fn conf_root<'p>(path: &'p str, file: &str) -> Option<&'p str> {
    // `conf` of the install has the properties, and that of the launchpad the time of the last
    // start.
    let home = parent_of(parent_of(path, file)?, "conf")?;
    Some(parent_of(home, LAUNCHPAD).unwrap_or(home))
}

/// Returns the root for a file in `launchpad/`.
pub(super) fn launchpad_root<'p>(path: &'p str, file: &str) -> Option<&'p str> {
    parent_of(parent_of(path, file)?, LAUNCHPAD)
}

/// Splits the path of a file below `launchpad/config/` into root and path below that. A source may start in `launchpad`.
pub(super) fn below_config(path: &str) -> Option<(&str, &str)> {
    if let Some(below) = path.strip_prefix("config/") {
        return Some(("", below));
    }
    // No PID that starts with `launchpad.config` is known, so the first one is the directory.
    let (before, below) = path.split_once("launchpad/config/")?;
    if before.is_empty() { Some(("", below)) } else { Some((before.strip_suffix('/')?, below)) }
}

/// Splits the path of a file below `data/config/` of a bundle into the bundle directory and the path below that.
pub(super) fn below_bundle_config(path: &str) -> Option<(BundleDirectory<'_>, &str)> {
    let (bundle, below) = path.split_once("/data/config/")?;
    Some((bundle_directory(bundle)?, below))
}

/// The data directory of a bundle.
pub(super) const DATA: &str = "data";
const REVISION: &str = "version";
/// The directory of the log files.
pub(super) const LOGS: &str = "logs";
const SYSTEM_BUNDLE: &str = "bundle0";
const FELIX: &str = "felix";
const FRAMEWORK: &str = "framework";
const CONFIG: &str = "config";
const CONF: &str = "conf";
const LAUNCHPAD: &str = "launchpad";
const REPOSITORY: &str = "repository";
/// The directory of the segment store's files.
pub const SEGMENT_STORE: &str = "segmentstore";
/// The directory of the newer segments of a store that is split. (`SegmentNodeStoreRegistrar`)
pub const SPLIT_STORE: &str = "segmentstore-split";
/// Both, in a repository.
pub const STORE_DIRECTORIES: [&str; 2] = [SEGMENT_STORE, SPLIT_STORE];

/// Large directories of `crx-quickstart` that hold no evidence.
const QUICKSTART_STORED: [&str; 3] = [REPOSITORY, "datastore", "segmentstore"];
/// Small ones that hold none.
const QUICKSTART_ASIDE: [&str; 4] = ["threaddumps", "monitoring", "app", "installer"];
/// The same below `repository`, for an install root of another name.
const REPOSITORY_BARREN: [&str; 5] = ["datastore", "segmentstore", "index", "cache", "blobids"];
/// Directories of an install that hold no evidence wherever they are.
const BARREN: [&str; 6] =
    [".git", "node_modules", ".octopus", "outputcache", "bundle.jar-lib", "bundle.jar-embedded"];

/// Returns the root for a directory `felix` (or the empty path's, when the source starts there).
fn felix_root(felix: &str) -> Option<&str> {
    let home = parent_of(felix, FELIX)?;
    Some(parent_of(home, LAUNCHPAD).unwrap_or(home))
}

/// Returns the root for a directory `framework`, in which Sling's feature launcher has its bundle cache.
fn framework_root(framework: &str) -> Option<&str> {
    parent_of(framework, FRAMEWORK)
}

/// Directories with which an install begins, wherever it lies.
const STARTS: [&str; 3] = [QUICKSTART, LAUNCHPAD, FELIX];

/// What a directory can hold itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Nothing that counts.
    Nothing,
    /// Keys that were put there by mistake, and nothing else.
    MisplacedKeys,
    /// Evidence of any kind.
    Evidence,
}

/// Returns what a directory can hold itself.
///
/// `classify` finds nothing but in directories of evidence, so an archive and the directory it was unpacked to give the
/// same facts. Names are judged by where they stand: `/opt/app` and `/mnt/logs` are as good a home for installs as any.
pub fn holds(directory: &str) -> Holds {
    match level(directory) {
        None | Some(Level::Barren | Level::Stored | Level::Aside) => Holds::Nothing,
        Some(Level::MisplacedKeys) => Holds::MisplacedKeys,
        Some(_) => Holds::Evidence,
    }
}

/// Returns `true` if a directory can hold evidence itself, or misplaced keys.
pub fn may_hold(directory: &str) -> bool {
    holds(directory) != Holds::Nothing
}

/// Returns `true` if a directory holds nothing in an install, and another install anywhere else: a home of installs may be called
/// `repository/cache` or `felix/bundles`. A walk passes it by where the install around it is known.
pub fn is_barren(directory: &str) -> bool {
    matches!(level(directory), Some(Level::Barren | Level::Stored | Level::Aside))
}

/// Returns `true` if a directory is one of the repository or the data store of `crx-quickstart`, which may have millions of files.
pub fn is_stored(directory: &str) -> bool {
    level(directory) == Some(Level::Stored)
}

/// Returns `true` if a directory holds nothing of the install that it is part of, and is so small that a walk looks for another install there.
pub fn is_aside(directory: &str) -> bool {
    level(directory) == Some(Level::Aside)
}

/// Returns `true` if a path below an install root leads through a directory that holds nothing of an install.
///
/// Another install may have been unpacked there: one is known by its `crx-quickstart`, and anywhere but among the files of a bundle by its cache.
/// Bundles keep caches of their own in their data.
pub fn is_in_barren(path: &str, root: &str) -> bool {
    let (mut level, mut parent, mut end) = (Level::Outside, "", 0_usize);
    let (mut is_of_bundle, mut is_lost) = (false, false);
    // The directory that holds nothing may lie around the root; then it tells nothing of what is in it.
    let mut is_around = false;
    for name in components(split(path).0) {
        let Some(next) = level.enter(parent, name) else { return is_lost };
        end = end.saturating_add(name.len()).saturating_add(1);
        let starts_anew = level.is_closed() && next == Level::Outside;
        if end <= root.len().saturating_add(1) {
            is_around = next.is_closed();
        } else if is_around {
            is_around = !starts_anew;
        } else if starts_anew && is_of_bundle && name != QUICKSTART {
            return true;
        } else {
            is_lost = matches!(next, Level::Barren | Level::Stored | Level::Aside);
        }
        is_of_bundle = !starts_anew && (is_of_bundle || next.is_of_bundle());
        (level, parent) = (next, name);
    }
    is_lost
}

/// Returns `true` if a directory is the segment store of an install root, which holds no evidence by path: it is a file format of
/// its own, read at any place.
pub fn is_segment_store(directory: &str) -> bool {
    STORE_DIRECTORIES
        .into_iter()
        .find_map(|name| parent_of(directory, name))
        .and_then(|repository| parent_of(repository, REPOSITORY))
        .is_some_and(may_be_root)
}

/// Returns the segment store directory that a path lies directly in.
pub fn segment_store(path: &str) -> Option<&str> {
    Some(split(path).0).filter(|directory| is_segment_store(directory))
}

/// Returns `true` if a directory is a repository, in which nothing but the segment store matters.
pub fn is_repository(directory: &str) -> bool {
    parent_of(directory, REPOSITORY)
        .is_some_and(|root| split(root).1 == QUICKSTART && may_be_root(root))
}

fn may_be_root(directory: &str) -> bool {
    matches!(level(directory), Some(Level::Outside | Level::MaybeBundle))
}

/// Returns what is known of a directory; `None` if it holds nothing, at any depth.
fn level(directory: &str) -> Option<Level> {
    let mut level = Level::Outside;
    let mut parent = "";
    for name in components(directory) {
        level = level.enter(parent, name)?;
        parent = name;
    }
    Some(level)
}

/// What is known of a directory from the names above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Anything.
    Outside,
    /// `launchpad/config`, where directory names are parts of service names, so that no name may be barred.
    Config,
    /// A child of `felix` that Felix takes for a bundle.
    Bundle,
    /// Named like a bundle, elsewhere.
    MaybeBundle,
    /// The data directory of a bundle, one of that name in it, a copy of it, a revision directory, or `bundle0`: only direct children count.
    Leaf,
    /// Any directory in the data of a bundle: only keys count that were put there by mistake.
    MisplacedKeys,
    /// `logs`: only direct children count.
    Logs,
    /// It holds nothing of the install that it seems to be part of.
    Barren,
    /// The same, and it holds all else: content.
    Stored,
    /// The same, and it holds little else.
    Aside,
}

impl Level {
    /// Returns what is known of the directory `name` in this one, which is called `parent`; `None` if it holds nothing.
    fn enter(self, parent: &str, name: &str) -> Option<Self> {
        let leaf = name == DATA || name.starts_with(REVISION) || is_data_copy(name);
        match self {
            Self::Config => Some(Self::Config),
            Self::Bundle | Self::MaybeBundle if leaf => Some(Self::Leaf),
            // The directory of another instance, copied into the one it should have replaced.
            Self::Leaf if parent == DATA && (name == DATA || is_numbered_bundle(name)) => {
                Some(Self::Leaf)
            }
            Self::Bundle if is_numbered_bundle(name) => Some(Self::Leaf),
            Self::Leaf if name == DATA && is_numbered_bundle(parent) => Some(Self::Leaf),
            // Where no setting names a directory, ConfigAdmin keeps configurations in the data of its bundle.
            Self::Leaf if parent == DATA && name == CONFIG => Some(Self::Config),
            level if level.is_closed() && STARTS.contains(&name) => Some(Self::Outside),
            // Keys that were put aside or copied too deep: `data/farm-keys`, `data/author1`, `data/hmac`, `version0.0/data`.
            Self::Leaf if parent == DATA && !is_of_digest(name) && !BARREN.contains(&name) => {
                Some(Self::MisplacedKeys)
            }
            Self::Leaf if name == DATA && parent.starts_with(REVISION) => Some(Self::MisplacedKeys),
            // Data stores and the objects of git have two digits of a digest at the top, and millions of files below.
            Self::Barren | Self::Stored if is_of_digest(name) => None,
            Self::Stored => Some(Self::Stored),
            Self::Leaf | Self::MisplacedKeys | Self::Bundle | Self::Barren => Some(Self::Barren),
            Self::Logs | Self::Aside => Some(Self::Aside),
            Self::Outside | Self::MaybeBundle => Self::outside(parent, name),
        }
    }

    /// Returns `true` if nothing deeper is of the install.
    fn is_closed(self) -> bool {
        !matches!(self, Self::Outside | Self::Config | Self::MaybeBundle)
    }

    /// Returns `true` if it is a directory of a bundle, or one directly in that.
    fn is_of_bundle(self) -> bool {
        matches!(self, Self::Leaf | Self::Bundle | Self::MaybeBundle)
    }

    fn outside(parent: &str, name: &str) -> Option<Self> {
        if parent == QUICKSTART && QUICKSTART_ASIDE.contains(&name) {
            return Some(Self::Aside);
        }
        if parent == QUICKSTART && QUICKSTART_STORED.contains(&name) {
            return Some(Self::Stored);
        }
        let barren = BARREN.contains(&name)
            || (parent == REPOSITORY && REPOSITORY_BARREN.contains(&name))
            || (parent == LAUNCHPAD && name == "installer");
        if barren {
            return Some(Self::Barren);
        }
        Some(match name.strip_prefix("bundle") {
            // It holds the Java version of the last start.
            Some("0") if parent == FELIX => Self::Leaf,
            Some(_) if parent == FELIX => Self::Bundle,
            Some(suffix) if suffix.starts_with(|c: char| c.is_ascii_digit()) => Self::MaybeBundle,
            _ if parent == QUICKSTART && name == LOGS => Self::Logs,
            _ if parent == LAUNCHPAD && name == CONFIG => Self::Config,
            _ => Self::Outside,
        })
    }
}

fn is_numbered_bundle(name: &str) -> bool {
    let id = name.strip_prefix("bundle");
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns `true` if a directory is named like a copy of a bundle's data directory: `data.bak`, `data_2024`, `data (1)`.
pub(super) fn is_data_copy(name: &str) -> bool {
    let behind = name.strip_prefix(DATA).unwrap_or_default();
    behind.starts_with(|c: char| !c.is_alphanumeric())
}

fn is_of_digest(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_and_name(path: &str) -> Option<(&str, &str)> {
        bundle_directory(path).map(|directory| (directory.root, directory.name))
    }

    #[test]
    fn root_is_found_wherever_the_source_starts() {
        let at = "mnt/crx/author/crx-quickstart";
        let path = format!("{at}/launchpad/felix/bundle5");
        assert_eq!(root_and_name(&path), Some((at, "bundle5")));
        assert_eq!(root_and_name("launchpad/felix/bundle5"), Some(("", "bundle5")));
        assert_eq!(root_and_name("felix/bundle5"), Some(("", "bundle5")));
        assert_eq!(root_and_name("bundle5"), Some(("", "bundle5")));
        assert_eq!(root_and_name("sling/felix/bundle5"), Some(("sling", "bundle5")));
        assert_eq!(root_and_name("a/launchpad/felix/bundle5"), Some(("a", "bundle5")));
    }

    #[test]
    fn bundle_directory_that_was_copied_into_another_is_none_and_may_hold_keys() {
        for directory in [
            "felix/bundle5/bundle7",
            "felix/bundle5/data/bundle7",
            "framework/bundle5/data/bundle7",
        ] {
            assert_eq!(root_and_name(directory), None, "{directory}");
        }
        assert!(may_hold("felix/bundle5/bundle7/data"));
        assert!(!may_hold("felix/bundle5/data/bundle7/x"));
        for directory in ["data/keys", "data/author1", "data/hmac", "version0.0/data"] {
            let directory = format!("felix/bundle5/{directory}");
            assert_eq!(holds(&directory), Holds::MisplacedKeys, "{directory}");
            assert!(!may_hold(&format!("{directory}/x")), "{directory}");
        }
        assert_eq!(holds("felix/bundle5/data/0f"), Holds::Nothing);
        assert_eq!(holds("felix/bundle5/data"), Holds::Evidence);
        assert_eq!(root_and_name("bundle2024/bundle7"), Some(("bundle2024", "bundle7")));
    }

    #[test]
    fn a_backup_is_a_root_of_its_own() {
        assert_eq!(
            root_and_name("launchpad/felix_backup/bundle5"),
            Some(("launchpad/felix_backup", "bundle5"))
        );
        assert_eq!(
            root_and_name("q/launchpad.old/felix/bundle5"),
            Some(("q/launchpad.old", "bundle5"))
        );
        assert_eq!(root_and_name("q/.felix/bundle5"), Some(("q/.felix", "bundle5")));
    }

    #[test]
    fn every_name_that_felix_takes_is_a_bundle() {
        // Felix takes all of these for bundles, and `bundle0` alone for its own. (`BundleCache.getArchives`)
        for name in ["bundle21.bak", "bundle-old", "bundle21_copy", "bundle00", "bundle"] {
            assert_eq!(root_and_name(&format!("felix/{name}")), Some(("", name)));
        }
        for name in ["bundle0", "Bundle5", "abundle5", "cache.lock", ""] {
            assert_eq!(root_and_name(&format!("felix/{name}")), None, "{name}");
        }
        assert_eq!(root_and_name("uploads/bundle-check"), None);
        assert_eq!(root_and_name("bundle-old"), Some(("", "bundle-old")));
    }

    #[test]
    fn components_are_compared_whole() {
        assert_eq!(parent_of("a/hmac", "hmac"), Some("a"));
        assert_eq!(parent_of("hmac", "hmac"), Some(""));
        assert_eq!(parent_of("a/xhmac", "hmac"), None);
        assert_eq!(parent_of("/hmac", "hmac"), None);
        assert_eq!(root_and_name("xlaunchpad/felix/bundle5"), Some(("xlaunchpad", "bundle5")));
        assert_eq!(
            root_and_name("launchpad/xfelix/bundle5"),
            Some(("launchpad/xfelix", "bundle5"))
        );
    }

    #[test]
    fn revision_is_implied_by_what_lies_in_it() {
        for (path, revision) in [
            (
                "q/launchpad/felix/bundle6/version0.1/lib/x.jar",
                "q/launchpad/felix/bundle6/version0.1",
            ),
            ("felix/bundle6/version0.0.bak/x", "felix/bundle6/version0.0.bak"),
            ("a/version1/felix/bundle6/version0.1/x", "a/version1/felix/bundle6/version0.1"),
            ("felix/bundle6/version0.1/version/x", "felix/bundle6/version0.1"),
        ] {
            assert_eq!(implied_revision(path), Some(revision), "{path}");
        }
        for path in [
            "felix/bundle6/version0.1",
            "felix/bundle6/data/version0.1/x",
            "felix/bundle0/version0.1/x",
            "felix/bundle6/Version0.1/x",
            "lib/version0.1/x",
        ] {
            assert_eq!(implied_revision(path), None, "{path}");
        }
    }

    #[test]
    fn conf_belongs_to_its_parent_or_to_that_of_launchpad() {
        assert_eq!(conf_root("q/conf/x", "x"), Some("q"));
        assert_eq!(conf_root("conf/x", "x"), Some(""));
        assert_eq!(conf_root("q/launchpad/conf/x", "x"), Some("q"));
        assert_eq!(conf_root("launchpad/conf/x", "x"), Some(""));
        assert_eq!(conf_root("q/config/x", "x"), None);
        assert_eq!(launchpad_root("q/launchpad/x", "x"), Some("q"));
        assert_eq!(launchpad_root("q/x", "x"), None);
    }

    #[test]
    fn configurations_lie_below_launchpad() {
        assert_eq!(below_config("q/launchpad/config/a/b.config"), Some(("q", "a/b.config")));
        assert_eq!(below_config("launchpad/config/b.config"), Some(("", "b.config")));
        assert_eq!(below_config("config/a/b.config"), Some(("", "a/b.config")));
        assert_eq!(below_config("q/config/a/b.config"), None);
        assert_eq!(below_config("xlaunchpad/config/b.config"), None);
    }

    #[test]
    fn barren_directories_are_passed_by() {
        for path in [
            "a/crx-quickstart/repository",
            "a/crx-quickstart/repository/segmentstore",
            "repository/datastore",
            "author/repository/segmentstore",
            "crx-quickstart/logs/archive",
            "crx-quickstart/app",
            "launchpad/installer",
            "felix/bundle5/classes",
            "felix/bundle5/data/classes/x",
            "felix/bundle5/version0.0/bundle.jar-lib",
            "felix/bundle5/version0.0/bundle.jar-lib/0",
            "bundle5/data/outputcache",
            "bundle5/version0.0/x",
            "felix/bundle0/modules",
            "project/node_modules/x",
            ".git",
        ] {
            assert!(!may_hold(path), "{path}");
        }
    }

    #[test]
    fn install_begins_anew_below_a_barren_name() {
        for path in [
            "srv/repository/cache/publish2/crx-quickstart/launchpad/felix",
            "bundle2024/data/publish2/crx-quickstart/conf",
            "felix/bundles/publish2/launchpad/felix/bundle5/data",
            "a/node_modules/publish2/felix/bundle5",
            "launchpad/installer/crx-quickstart/conf",
        ] {
            assert!(may_hold(path), "{path}");
        }
        assert!(!is_in_barren("srv/repository/cache/p/crx-quickstart/conf/x", "srv"));
        assert!(!is_in_barren("srv/repository/cache/p/launchpad/conf/x", "srv/repository/cache/p"));
        assert!(!is_in_barren("srv/crx-quickstart/conf/x", "srv"));
        assert!(is_in_barren("q/felix/bundle5/data/launchpad/conf/x", "q"));
        for path in ["repository/datastore/ab", "x/.git/objects/0f/x"] {
            assert_eq!(level(path), None, "{path}");
        }
    }

    #[test]
    fn another_install_may_lie_among_what_an_install_has_no_evidence_in() {
        for path in [
            "q/crx-quickstart/logs/p2/crx-quickstart/conf/x",
            "q/crx-quickstart/logs/p2/launchpad/felix/bundle5/data/x",
            "q/crx-quickstart/app/p2/crx-quickstart/conf/x",
            "q/crx-quickstart/repository/p2/crx-quickstart/conf/x",
            "q/crx-quickstart/monitoring/felix/bundle5/data/x",
            "q/crx-quickstart/launchpad/felix/bundle5/data/p2/crx-quickstart/conf/x",
        ] {
            assert!(may_hold(split(path).0), "{path}");
            assert!(!is_in_barren(path, "q/crx-quickstart"), "{path}");
        }
        for path in [
            "q/crx-quickstart/launchpad/felix/bundle5/data/p2/launchpad/conf/x",
            "q/crx-quickstart/launchpad/felix/bundle5/data/p2/felix/bundle3/data/x",
            "q/crx-quickstart/logs/p2/crx-quickstart/felix/bundle5/data/launchpad/conf/x",
            "q/crx-quickstart/logs/p2/x",
            "q/crx-quickstart/repository/index/x",
        ] {
            assert!(is_in_barren(path, "q/crx-quickstart"), "{path}");
        }
    }

    #[test]
    fn segment_store_lies_in_the_repository_of_an_install_root() {
        for root in ["", "crx-quickstart/", "a/crx-quickstart/", "author/", "bundle1/", "q.bak/"] {
            let store = format!("{root}repository/segmentstore");
            assert_eq!(segment_store(&format!("{store}/journal.log")), Some(store.as_str()));
            assert_eq!(segment_store(&format!("{store}/x/journal.log")), None);
            assert_eq!(segment_store(&store), None);
            assert!(is_segment_store(&format!("{store}-split")));
        }
        for directory in [
            "segmentstore",
            "crx-quickstart/segmentstore",
            "repository/segmentstore-backup",
            "repository/segmentstore.bak",
            "repository/x.bak/segmentstore",
            "xrepository/segmentstore",
            "repository.bak/segmentstore",
            "repository/segmentstore/repository/segmentstore",
            "crx-quickstart/repository/repository/segmentstore",
            "crx-quickstart/repository/x.bak/repository/segmentstore",
            "launchpad/config/repository/segmentstore",
            "felix/bundle5/repository/segmentstore",
        ] {
            assert!(!is_segment_store(directory), "{directory}");
        }
        assert!(is_repository("a/crx-quickstart/repository"));
        assert!(!is_repository("a/repository") && !is_repository("crx-quickstart/xrepository"));
    }

    #[test]
    fn like_names_elsewhere_are_walked() {
        for path in [
            "",
            "opt/app/crx-quickstart",
            "mnt/logs/author/crx-quickstart/conf",
            "mnt/repository/author/crx-quickstart",
            "bundle1/author/crx-quickstart/launchpad/felix/bundle5/data",
            "bundle-check/data/author",
            "launchpad/config/com/adobe/granite/repository/index",
            "felix/bundle5/version0.10",
            "felix/bundle0",
            "crx-quickstart/opt/helpers",
            "crx-quickstart/logs",
        ] {
            assert!(may_hold(path), "{path}");
        }
    }
}
