//! Folders of uploads: the archives in them and in the folders below.

use super::archive_name::{
    claims_archive, claims_closed, claims_compression, claims_content, claims_nothing,
    claims_other, claims_program, program,
};
use super::probe::{holds_archive, names_install};
use super::sniff::Refusal;
use super::{BesideInstalls, UploadPlaces, open, path, sniff, ticket};
use crate::facts::GapKind;
use crate::limits::Limits;
use crate::wiped::Wiped;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::fs::{self, FileType};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

const PEEK_BYTES: u64 = Limits::DEFAULT.peek_bytes_max;

const DEPTH_MAX: usize = Limits::DEFAULT.folder_depth_max;

const FOLDERS_MAX: usize = Limits::DEFAULT.folders_max;

const LINKED_MAX: usize = Limits::DEFAULT.linked_entries_max;

const LINKS_MAX: usize = Limits::DEFAULT.folder_links_max;

const UNKNOWN_MAX: usize = Limits::DEFAULT.folder_files_max;

/// What of a folder was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// Folders in it.
    Folders,
    /// Files that may be uploads.
    Files,
    /// Links.
    Links,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folders => write!(
                f,
                "has more than {FOLDERS_MAX} folders, or some more than {DEPTH_MAX} deep; not all were searched for archives"
            ),
            Self::Files => {
                write!(
                    f,
                    "has more than {UNKNOWN_MAX} files that may be uploads; the others are not listed"
                )
            }
            Self::Links => write!(f, "has more than {LINKS_MAX} links; the others are not listed"),
        }
    }
}

/// The directory that is an install.
const INSTALL: &str = "crx-quickstart";

/// Names that only an install holds.
const INSTALL_PARTS: &[&str] = &["launchpad", "felix", "repository"];

/// Directories beside an install that may have millions of files, none of them an upload.
const STORES: &[&str] = &["datastore", "segmentstore"];

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Archives, and what was meant to be one. A zip or a failed download among the uploads of a farm is an instance that
    /// nobody looked at.
    pub(super) uploads: Vec<PathBuf>,
    /// Symbolic links out of the folder, to what would be an upload or an install.
    pub(super) links: Vec<PathBuf>,
    /// Other symbolic links out of the folder.
    pub(super) other_links: Vec<PathBuf>,
    /// Archives of programs and documents among uploads, and what each is.
    pub(super) programs: Vec<(PathBuf, String)>,
    /// Files beside unpacked installs that may be instances and cannot be opened, and what each is.
    pub(super) closed: Vec<(PathBuf, Refusal)>,
    /// It has directories, which may hold instances.
    pub(super) directories: bool,
    /// Where installs lie unpacked.
    pub(super) installs: Installs,
    /// What was left out at a limit.
    pub(super) left_out: BTreeSet<LeftOut>,
}

/// What may be an upload, as far as can be told of it alone.
#[derive(Default)]
struct Maybe {
    /// Meant for an archive by its name.
    meant: Vec<PathBuf>,
    /// A file of which nothing is known, and why it is no archive.
    unknown: Vec<(PathBuf, Refusal)>,
    /// Directories that hold an install, or are one of another name.
    homes: Vec<PathBuf>,
    /// A zip that is named like a program or a document.
    programs: Vec<PathBuf>,
}

/// Where in a folder installs lie unpacked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Installs {
    /// Nowhere.
    #[default]
    Nowhere,
    /// In folders below.
    Below,
    /// In the folder itself.
    Here,
}

/// Where a directory stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It has nothing to do with an install.
    Apart,
    /// It holds `crx-quickstart`.
    Above,
    /// It lies below the home of an install.
    Below,
    /// It is an install, or inside one.
    Inside,
}

/// One entry of a directory.
struct Listed {
    path: PathBuf,
    name: String,
    kind: FileType,
}

impl Listed {
    fn of(entry: &fs::DirEntry) -> Option<Self> {
        let name = entry.file_name().to_string_lossy().into_owned();
        Some(Self { path: entry.path(), name, kind: entry.file_type().ok()? })
    }
}

/// Looks for archives in a directory and below. Goes through no symbolic link and into no install.
pub(super) fn look(root: &Path) -> Folder {
    let mut folder = Folder::default();
    let mut maybe = Maybe::default();
    let mut queue = VecDeque::from([(root.to_owned(), 0_usize, false)]);
    let mut entered = 0_usize;
    while let Some((directory, depth, below_home)) = queue.pop_front() {
        let entries = listing(&directory);
        let stand = match stand(&directory, &entries) {
            Stand::Inside => Stand::Inside,
            _ if below_home => Stand::Below,
            stand => stand,
        };
        if depth == 0 {
            folder.directories = entries.iter().any(|entry| entry.kind.is_dir());
        }
        folder.installs = folder.installs.max(match stand {
            Stand::Above if depth == 0 => Installs::Here,
            Stand::Above | Stand::Inside => Installs::Below,
            Stand::Apart | Stand::Below => Installs::Nowhere,
        });
        if matches!(stand, Stand::Above | Stand::Inside) {
            maybe.homes.push(home_of(&directory));
        }
        match stand {
            Stand::Inside => continue,
            Stand::Below => take_named(&entries, &mut folder, &mut maybe.meant),
            Stand::Apart | Stand::Above => take_files(&entries, &mut folder, &mut maybe),
        }
        let is_home = stand != Stand::Apart;
        let is_entered =
            |entry: &Listed| entry.kind.is_dir() && !(is_home && is_store(&entry.name));
        for entry in entries.into_iter().filter(is_entered) {
            if depth < DEPTH_MAX && entered < FOLDERS_MAX {
                entered = entered.saturating_add(1);
                queue.push_back((entry.path, depth.saturating_add(1), is_home));
            } else {
                // The walk of an install tells of the archives in its home that were not opened.
                if !is_home {
                    folder.left_out.insert(LeftOut::Folders);
                }
            }
        }
    }
    take_maybe(root, maybe, &mut folder);
    drop_links_inside(root, &mut folder);
    folder
}

/// Returns the directory that holds an install; that of one of another name is itself.
fn home_of(directory: &Path) -> PathBuf {
    let is_install = directory.file_name().is_some_and(|name| name == INSTALL);
    let home = directory.parent().filter(|_| is_install);
    home.unwrap_or(directory).to_owned()
}

/// Says whether a directory in the home of an install is the install, or one of its stores.
fn is_store(name: &str) -> bool {
    name == INSTALL || STORES.contains(&name)
}

fn stand(directory: &Path, entries: &[Listed]) -> Stand {
    let own = directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let holds = |known: &str| entries.iter().any(|entry| entry.name == known);
    let names = || entries.iter().map(|entry| entry.name.as_str());
    let is_bundle_itself = |own: &str| is_bundle(own) && names().any(is_of_bundle);
    if own.as_deref().is_some_and(|own| own == INSTALL || is_bundle_itself(own)) {
        Stand::Inside
    } else if holds(INSTALL) {
        Stand::Above
    } else if entries.iter().any(is_part) {
        Stand::Inside
    } else {
        Stand::Apart
    }
}

/// Says whether an entry is a directory that only an install holds, by its name and by what is in it: `repository` beside uploads may be
/// one of source code, and `bundle2024` a folder of them. One that cannot be listed may be an install's.
fn is_part(entry: &Listed) -> bool {
    let is_inside = match entry.name.as_str() {
        "launchpad" => is_of_launchpad,
        "felix" => is_of_cache,
        "repository" => is_of_repository,
        name if is_bundle(name) => is_of_bundle,
        _ => return false,
    };
    if !entry.kind.is_dir() {
        return entry.kind.is_symlink() && INSTALL_PARTS.contains(&entry.name.as_str());
    }
    let Ok(entries) = fs::read_dir(&entry.path) else { return true };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| is_inside(&name.to_string_lossy()))
}

fn is_of_launchpad(name: &str) -> bool {
    let known = ["felix", "config", "conf", "startup", "installer", "ext", "resources"];
    known.contains(&name) || name.starts_with("sling")
}

fn is_of_cache(name: &str) -> bool {
    is_bundle(name) || name == "cache.lock"
}

fn is_of_repository(name: &str) -> bool {
    let known = ["segmentstore", "datastore", "blobstore", "index", "workspaces", "version"];
    known.contains(&name)
}

fn is_of_bundle(name: &str) -> bool {
    name == "data" || name.starts_with("bundle.") || name.starts_with("version")
}

fn is_bundle(name: &str) -> bool {
    name.strip_prefix("bundle")
        .is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Takes the archives of one directory, and what stands beside them.
fn take_files(entries: &[Listed], folder: &mut Folder, maybe: &mut Maybe) {
    let mut unreadable = Vec::new();
    let uploads = folder.uploads.len();
    for entry in entries {
        if entry.kind.is_file() {
            take_file(entry, folder, maybe, &mut unreadable);
        } else if entry.kind.is_symlink() && entry.name != INSTALL {
            take_link(entry, folder);
        } else if !entry.kind.is_dir() && claims_content(&entry.name) {
            // A FIFO or a device in the place of an upload.
            maybe.meant.push(entry.path.clone());
        }
    }
    if folder.uploads.len() > uploads {
        maybe.meant.append(&mut unreadable);
    }
}

fn take_file(
    entry: &Listed,
    folder: &mut Folder,
    maybe: &mut Maybe,
    unreadable: &mut Vec<PathBuf>,
) {
    let head = match head_of(&entry.path) {
        Ok(head) => head,
        Err(error) if claims_closed(&entry.name) => {
            let refusal = (GapKind::Unreadable, error.to_string());
            return maybe.unknown.push((entry.path.clone(), refusal));
        }
        Err(_) => {
            let list = if claims_content(&entry.name) { &mut maybe.meant } else { unreadable };
            return list.push(entry.path.clone());
        }
    };
    let list = match kind_of(&head) {
        Ok(()) if claims_program(&entry.name) => &mut maybe.programs,
        Ok(()) | Err(GapKind::Unsupported) if is_packed_log(entry) => return,
        Err(GapKind::EmptyArchive) if !may_be_upload(&entry.name) => return,
        // What is known and not read is an archive all the same.
        Ok(()) | Err(GapKind::Unsupported | GapKind::EmptyArchive) => &mut folder.uploads,
        Err(_) if claims_content(&entry.name) => &mut maybe.meant,
        Err(_) if ticket::is_known(&entry.name, &head) => return,
        Err(_) => {
            let refusal = sniff::sniff(&head).err();
            maybe.unknown.extend(refusal.map(|refusal| (entry.path.clone(), refusal)));
            return;
        }
    };
    list.push(entry.path.clone());
}

/// Takes, where there are uploads at all, what else may be one. Of what lies beside an unpacked install only the name can tell.
fn take_maybe(root: &Path, maybe: Maybe, folder: &mut Folder) {
    let Maybe { mut meant, unknown, programs, homes } = maybe;
    let is_apart = folder.installs == Installs::Nowhere;
    if !is_apart {
        take_closed(root, &unknown, &homes, folder);
    }
    for file in programs {
        if names_install(&file) {
            folder.uploads.push(file);
        } else if is_apart && folder.programs.len() < UNKNOWN_MAX {
            let what = program(&file.to_string_lossy());
            folder.programs.push((file, what));
        } else if is_apart {
            folder.left_out.insert(LeftOut::Files);
        }
    }
    if folder.uploads.is_empty() {
        return folder.programs.clear();
    }
    folder.uploads.append(&mut meant);
    if is_apart {
        let below = |file: &Path| below(root, file);
        let names: Vec<String> = folder.uploads.iter().map(|file| below(file)).collect();
        let places = UploadPlaces::of(names.iter().map(String::as_str));
        let is_among = |file: &PathBuf| places.hold(&below(file)) || claims_closed(&below(file));
        folder.programs.retain(|(file, _)| is_among(file));
        let mut among = unknown.into_iter().map(|(file, _)| file).filter(is_among);
        folder.uploads.extend(among.by_ref().take(UNKNOWN_MAX));
        if among.next().is_some() {
            folder.left_out.insert(LeftOut::Files);
        }
    }
    folder.uploads.sort();
}

/// Takes what may be an instance beside unpacked installs.
fn take_closed(
    root: &Path,
    unknown: &[(PathBuf, Refusal)],
    homes: &[PathBuf],
    folder: &mut Folder,
) {
    let beside = BesideInstalls::of(homes.iter().map(|home| below(root, home)));
    let mut counts: BTreeMap<Option<&Path>, usize> = BTreeMap::new();
    for (file, _) in unknown {
        let count = counts.entry(file.parent()).or_default();
        *count = count.saturating_add(1);
    }
    for (file, refusal) in unknown {
        let is_alone = counts.get(&file.parent()) == Some(&1);
        if !beside.may_be_instance(&below(root, file), &refusal.1, is_alone) {
            continue;
        }
        if folder.closed.len() < UNKNOWN_MAX {
            folder.closed.push((file.clone(), refusal.clone()));
        } else {
            folder.left_out.insert(LeftOut::Files);
        }
    }
}

/// Returns the path of a file below its folder.
fn below(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    path::text(below.as_os_str().as_encoded_bytes())
}

/// Takes what may be an archive by its name below the home of an install, where anything else is its own.
fn take_named(entries: &[Listed], folder: &mut Folder, meant: &mut Vec<PathBuf>) {
    let files = entries.iter().filter(|entry| entry.kind.is_file() && may_be_upload(&entry.name));
    for entry in files {
        if is_packed(&entry.path) {
            folder.uploads.push(entry.path.clone());
        } else if claims_archive(&entry.name) {
            meant.push(entry.path.clone());
        }
    }
}

/// Says whether a name is that of an upload, or none at all.
fn may_be_upload(name: &str) -> bool {
    claims_content(name) || claims_nothing(name)
}

/// Says whether a file is a log that was packed, as most are, and no archive.
fn is_packed_log(file: &Listed) -> bool {
    claims_compression(&file.name) && claims_other(&file.name) && !holds_archive(&file.path)
}

/// Takes a link that would be an upload or an install were it followed. One that leads nowhere may have led to one.
///
/// Links are not followed, so nothing is opened there: names tell.
fn take_link(link: &Listed, folder: &mut Folder) {
    let is_install = match fs::metadata(&link.path) {
        Ok(target) if target.is_dir() => may_hold_install(&link.path),
        // What the link is called, or what it leads to.
        _ => {
            claims_content(&link.name)
                || fs::read_link(&link.path).is_ok_and(|to| claims_content(&to.to_string_lossy()))
        }
    };
    let links = if is_install { &mut folder.links } else { &mut folder.other_links };
    if links.len() < LINKS_MAX {
        links.push(link.path.clone());
    } else {
        folder.left_out.insert(LeftOut::Links);
    }
}

/// Says whether a directory is an install, the home of one, or holds homes or uploads, as far as can be told: where it cannot, it may.
/// Looks no deeper, since it is not in the folder.
fn may_hold_install(directory: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(directory) else { return true };
    let listed: Vec<_> = entries
        .by_ref()
        .take(LINKED_MAX)
        .flatten()
        .filter_map(|entry| Listed::of(&entry))
        .collect();
    let is_install = |directory: &Path| {
        let has = |name: &&str| directory.join(name).symlink_metadata().is_ok();
        INSTALL_PARTS.iter().chain(&[INSTALL]).any(has)
    };
    let holds = |entry: &Listed| match entry.kind {
        kind if kind.is_dir() => is_install(&entry.path),
        _ => claims_content(&entry.name),
    };
    stand(directory, &listed) != Stand::Apart
        || listed.iter().any(holds)
        || entries.next().is_some()
}

/// A link to what is read anyway hides nothing.
fn drop_links_inside(root: &Path, folder: &mut Folder) {
    let Folder { uploads, links, other_links, .. } = folder;
    if links.is_empty() && other_links.is_empty() {
        return;
    }
    let read: Vec<_> = uploads.iter().filter_map(|file| file.canonicalize().ok()).collect();
    let root = root.canonicalize().ok();
    let leads_out = |link: &PathBuf| {
        let Ok(target) = link.canonicalize() else { return true };
        let is_walked = || {
            let related = |root: &PathBuf| target.starts_with(root) || root.starts_with(&target);
            target.is_dir() && root.as_ref().is_some_and(related)
        };
        !read.contains(&target) && !is_walked()
    };
    links.retain(leads_out);
    other_links.retain(leads_out);
    // A file elsewhere that is named like something else is nobody's upload.
    other_links.retain(|link| !link.is_file() || claims_nothing(&link.to_string_lossy()));
}

/// Says whether a file is an archive or compressed data, by its content: of what is read, or only known.
pub fn is_packed(file: &Path) -> bool {
    let kind = head_of(file).map(|head| kind_of(&head));
    matches!(kind, Ok(Ok(()) | Err(GapKind::Unsupported)))
}

fn head_of(file: &Path) -> io::Result<Wiped> {
    let mut head = Wiped::default();
    open::named(file)?.take(PEEK_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

fn kind_of(head: &[u8]) -> Result<(), GapKind> {
    if !head.is_empty() && head.iter().all(|byte| *byte == 0) {
        // An empty tar, or what a crash leaves of a log.
        return Err(GapKind::EmptyArchive);
    }
    sniff::sniff(head).map(|_| ()).map_err(|(kind, _)| kind)
}

fn listing(directory: &Path) -> Vec<Listed> {
    // A directory that cannot be listed becomes a gap when it is walked.
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut entries: Vec<_> = entries.flatten().filter_map(|entry| Listed::of(&entry)).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::intake::testing::{archive, member};
    use std::ffi::OsStr;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    /// A folder of files; those named `*.tar` are archives.
    fn folder(paths: &[&str]) -> TempDir {
        let root = tempfile::tempdir().unwrap();
        for path in paths {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let tar = archive(&[member(b'0', "a", path.as_bytes())]);
            fs::write(file, if path.ends_with("tar") { tar } else { b"text".to_vec() }).unwrap();
        }
        root
    }

    fn uploads(root: &TempDir) -> Vec<String> {
        let below = |path: &PathBuf| path.strip_prefix(root.path()).unwrap().display().to_string();
        look(root.path()).uploads.iter().map(below).collect()
    }

    #[test]
    fn archives_are_found_in_folders_below() {
        let root = folder(&["a.tar", "s/b.tar", "s/t/c.tar", "s/t/d.tar.gz", "s/readme.txt"]);
        assert_eq!(uploads(&root), ["a.tar", "s/b.tar", "s/t/c.tar", "s/t/d.tar.gz"]);
        assert_eq!(uploads(&folder(&["s/d.tar.gz", "e.zip"])), [""; 0]);
    }

    #[test]
    fn installs_are_not_entered() {
        for inside in [
            "s/launchpad/felix/x",
            "s/felix/bundle0/x",
            "s/felix/cache.lock",
            "s/repository/segmentstore/x",
            "s/bundle7/data/x",
        ] {
            let root = folder(&["a.tar", inside, "s/b.tar", "s/sub/c.tar"]);
            assert_eq!(uploads(&root), ["a.tar"], "{inside}");
        }
        let root = folder(&["crx-quickstart/x.tar", "a.tar", "datastore/b.tar"]);
        assert_eq!(uploads(&root), ["a.tar"]);
        let root = folder(&[
            "s/crx-quickstart/x",
            "s/old/b.tar",
            "s/o/felix/bundle0/x",
            "s/o/felix/c.tar",
            "s/old/notes",
        ]);
        assert_eq!(uploads(&root), ["s/old/b.tar"]);
        let root = folder(&["crx-quickstart/x.tar", "a.tar", "datastore/b.tar"]);
        assert_eq!(look(root.path()).installs, Installs::Here);
        assert!(look(&root.path().join("crx-quickstart")).uploads.is_empty());
    }

    #[test]
    fn folder_with_the_name_of_a_part_of_an_install_hides_no_uploads() {
        for inside in ["repository/.git/x", "launchpad/notes.txt", "felix/x", "bundle2024/b.tar"] {
            let root = folder(&["a.tar", inside]);
            assert_eq!(uploads(&root)[0], "a.tar", "{inside}");
        }
        let root = folder(&["bundle2024/b.tar"]);
        assert_eq!(look(&root.path().join("bundle2024")).uploads.len(), 1);
    }

    #[test]
    fn depth_is_limited_and_that_is_told() {
        let deep = |depth: usize| folder(&["a.tar", &format!("{}b.tar", "s/".repeat(depth))]);
        let (whole, cut) = (deep(DEPTH_MAX), deep(DEPTH_MAX + 1));
        assert_eq!((uploads(&whole).len(), look(whole.path()).left_out), (2, BTreeSet::new()));
        assert_eq!(
            (uploads(&cut).len(), look(cut.path()).left_out),
            (1, [LeftOut::Folders].into())
        );
    }

    #[test]
    fn what_cannot_be_looked_through_may_hold_an_install() {
        let (root, other) = (folder(&["a.tar"]), tempfile::tempdir().unwrap());
        symlink(other.path(), root.path().join("homes")).unwrap();
        let fill = |homes: std::ops::Range<usize>| {
            homes.for_each(|home| {
                fs::create_dir(other.path().join(format!("home{home}"))).unwrap();
            });
            look(root.path()).links.len()
        };
        assert_eq!(fill(0..LINKED_MAX), 0);
        assert_eq!(fill(LINKED_MAX..LINKED_MAX + 1), 1);
    }

    #[test]
    fn what_is_meant_for_an_archive_counts_among_archives() {
        let root = folder(&["a.tar", "b.txz", "c.tar.gz.gpg", "d.tgz.md5", "e.zip.001"]);
        assert_eq!(uploads(&root), ["a.tar", "b.txz", "c.tar.gz.gpg", "e.zip.001"]);
    }

    #[test]
    fn logs_programs_and_documents_are_no_uploads() {
        let root = folder(&["a.tar", "._a.tar.gz"]);
        let packed = crate::intake::testing::gzip(b"text");
        for name in ["error.log.gz", "dump.sql.gz", "case.docx", "quickstart.jar"] {
            fs::write(root.path().join(name), &packed).unwrap();
        }
        assert_eq!(uploads(&root), ["a.tar"]);
        let tar = crate::intake::testing::gzip(&archive(&[member(b'0', "a", b"x")]));
        fs::write(root.path().join("aem.log.gz"), tar).unwrap();
        assert_eq!(uploads(&root), ["a.tar", "aem.log.gz"], "the content decides");
        fs::remove_file(root.path().join("aem.log.gz")).unwrap();
        fs::write(root.path().join("author.gz"), &packed).unwrap();
        fs::write(root.path().join("mailed.tgz.txt"), &packed).unwrap();
        assert_eq!(uploads(&root), ["a.tar", "author.gz", "mailed.tgz.txt"]);
    }

    #[test]
    fn links_are_told_unless_what_they_lead_to_is_read() {
        let root = folder(&["a.tar", "x.txt", "own/crx-quickstart/x"]);
        let other = folder(&[
            "b.tar",
            "y.txt",
            "s/c.tar",
            "t/crx-quickstart/x",
            "u/publish/launchpad/x",
            "v/notes.txt",
        ]);
        for (target, link) in [
            (root.path().join("a.tar"), "latest"),
            (other.path().join("b.tar"), "b"),
            (other.path().join("gone"), "gone.tgz"),
            (other.path().join("y.txt"), "y"),
            (other.path().join("s"), "s"),
            (other.path().join("t"), "t"),
            (other.path().join("u"), "u"),
            (other.path().join("v"), "v"),
            (root.path().join("own"), "w"),
            (root.path().join(".."), "x"),
            (other.path().join("gone"), "z"),
        ] {
            symlink(target, root.path().join(link)).unwrap();
        }
        let found = look(root.path());
        let links: Vec<_> = found.links.iter().filter_map(|link| link.file_name()).collect();
        assert_eq!(
            (found.uploads.len(), links),
            (1, ["b", "gone.tgz", "s", "t", "u"].map(OsStr::new).to_vec())
        );
    }
}
