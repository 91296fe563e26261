//! Which files the segment stores of a source have, and where each can be read.
//!
//! They are too large to be read on the way; whoever needs one opens its parts afterwards.

use super::paths::{join, name};
use crate::evidence::{
    SEGMENT_STORE, is_aside, is_barren, is_repository, is_segment_store, may_hold, segment_store,
};
use crate::facts::QUICKSTART;
use crate::intake::{Descend, Entry, EntryKind, Extent, Part};
use std::collections::BTreeMap;

/// The files directly inside one `repository/segmentstore`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Store {
    /// The regular files, sorted by path. The last entry of a path counts, as in tar.
    pub(super) parts: Vec<Part>,
    /// What of it could not be had, by path, and why. The path may be that of the store itself, or of the repository.
    pub(super) unread: BTreeMap<String, String>,
    /// All of it can be read at any place.
    pub(super) readable: bool,
}

/// Length of a file and where it lies, or why there is none.
type Found = Result<(u64, Option<Extent>), String>;

/// Collects the files of all segment stores of one source.
#[derive(Debug)]
pub(super) struct Segments {
    stores: BTreeMap<String, BTreeMap<String, Found>>,
    files: usize,
    files_max: usize,
    over_limit: bool,
}

impl Segments {
    pub(super) fn new(files_max: usize) -> Self {
        Self { stores: BTreeMap::new(), files: 0, files_max, over_limit: false }
    }

    /// Takes an entry for which [`store`] names a store. Returns `true` if it is a file that was read before.
    pub(super) fn take(&mut self, store: &str, entry: &Entry<'_>) -> bool {
        let files = self.stores.get(store);
        let came = files.is_some_and(|files| matches!(files.get(entry.path), Some(Ok(_))));
        match &entry.kind {
            EntryKind::File if segment_store(entry.path).is_some() => {
                self.put(store, entry.path, Ok((entry.size, entry.extent)));
                return came;
            }
            EntryKind::HardLink(_) | EntryKind::SymbolicLink(_) => {
                self.lose(store, entry.path, "is a link, and was not followed".to_owned());
            }
            EntryKind::Other | EntryKind::Directory if is_needed(entry.path) => {
                self.lose(store, entry.path, "is no regular file".to_owned());
            }
            // What stood there before is not there any more.
            _ => self.drop_path(store, entry.path),
        }
        false
    }

    /// Notes that something of a store could not be read.
    pub(super) fn lose(&mut self, store: &str, path: &str, reason: String) {
        self.put(store, path, Err(reason));
    }

    /// Drops the stores in an archive inside the source.
    pub(super) fn drop_realm(&mut self, realm: &str) {
        // `0` follows `/` in ASCII, so this is everything below the realm and nothing beside it.
        let below = format!("{realm}/")..format!("{realm}0");
        let dropped = self.stores.extract_if(below, |_, _| true);
        let files: usize = dropped.map(|(_, files)| files.len()).sum();
        self.files = self.files.saturating_sub(files);
    }

    /// Returns what is to be said when there were more files than are remembered.
    pub(super) fn over_limit(&self) -> Option<String> {
        let max = self.files_max;
        let reason =
            || format!("holds more than {max} files of segment stores; the rest is not read");
        self.over_limit.then(reason)
    }

    /// Returns the stores, by the path of their directory. In a directory, every file can be opened by itself.
    pub(super) fn finish(self, directory: bool) -> BTreeMap<String, Store> {
        let over_limit = self.over_limit;
        let store = |files: BTreeMap<String, Found>| {
            let mut store = Store { readable: !over_limit, ..Store::default() };
            for (path, found) in files {
                match found {
                    Ok((bytes, extent)) => {
                        store.readable &= directory || extent.is_some();
                        store.parts.push(Part { path, bytes, extent });
                    }
                    Err(reason) => {
                        store.readable = false;
                        store.unread.insert(path, reason);
                    }
                }
            }
            store
        };
        self.stores.into_iter().map(|(path, files)| (path, store(files))).collect()
    }

    fn put(&mut self, store: &str, path: &str, found: Found) {
        if let Some(old) = self.stores.get_mut(store).and_then(|files| files.get_mut(path)) {
            *old = found;
        } else if self.files >= self.files_max {
            self.over_limit = true;
        } else {
            self.files = self.files.saturating_add(1);
            self.stores.entry(store.to_owned()).or_default().insert(path.to_owned(), found);
        }
    }

    fn drop_path(&mut self, store: &str, path: &str) {
        let Some(files) = self.stores.get_mut(store) else { return };
        if files.remove(path).is_some() {
            self.files = self.files.saturating_sub(1);
        }
        if files.is_empty() {
            self.stores.remove(store);
        }
    }
}

/// Returns `true` if a file of this name belongs to every store, or holds segments.
fn is_needed(path: &str) -> bool {
    segment_store(path).is_some() && (is_journal(path) || name(path).starts_with("data"))
}

/// Returns `true` if a file of a store is its journal. Segments have a checksum each, its lines have none.
pub(super) fn is_journal(path: &str) -> bool {
    name(path) == "journal.log"
}

/// Returns the segment store that a path belongs to: one of its files, itself, or the repository that holds it.
pub(super) fn store(path: &str) -> Option<String> {
    if is_segment_store(path) {
        return Some(path.to_owned());
    }
    if is_repository(path) {
        return Some(join(path, SEGMENT_STORE));
    }
    segment_store(path).map(str::to_owned)
}

/// What shows that another install was put into a directory in which one has nothing.
const OF_ANOTHER: [&str; 2] = [QUICKSTART, "launchpad"];

/// Says what of a directory can matter: evidence, the files of a segment store, or another install.
pub(super) fn descend(directory: &str) -> Descend {
    // A repository has a handful of directories; those of a data store or an index have millions of files.
    if may_hold(directory)
        || is_segment_store(directory)
        || is_repository(directory)
        || is_aside(directory)
    {
        Descend::All
    } else if is_barren(directory) && name(directory) == "datastore" {
        // It has some hundred directories of two digits each, which hold all the rest and are passed by. (`datastore/publish2/crx-quickstart`)
        Descend::All
    } else if is_barren(directory) {
        Descend::Only(&OF_ANOTHER)
    } else {
        Descend::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::collector::{Collected, Collector};
    use crate::facts::GapKind;
    use crate::intake::{NoWatch, Source, Walked, discover, walk};
    use crate::limits::Limits;
    use std::fs;
    use std::io::Write;
    use std::path::Path;
    use tempfile::TempDir;

    const STORE: &str = "q/crx-quickstart/repository/segmentstore";

    fn collect(path: &Path, limits: &Limits) -> (Source, Collected) {
        let (source, _, collected) = walked(path, limits);
        (source, collected)
    }

    fn walked(path: &Path, limits: &Limits) -> (Source, Walked, Collected) {
        let source = discover(&[path.into()]).sources.remove(0);
        let mut collector = Collector::new("s", limits);
        let walked = walk(&source, limits, &NoWatch, &mut collector);
        let collected = collector.finish(true, source.is_directory());
        (source, walked, collected)
    }

    /// An install with a segment store and what lies beside it.
    fn install() -> Vec<(String, &'static str)> {
        let quickstart = [
            ("conf/sling.properties", "a=b"),
            ("repository/datastore/00/blob", "blob"),
            ("repository/index/x.tar", "index"),
            ("repository/segmentstore-backup/data00000a.tar", "copy"),
            ("repository/segmentstore.zip", "zip"),
            ("repository/segmentstore/journal.log", "journal"),
            ("repository/segmentstore/data00000a.tar", "data"),
            ("repository/segmentstore/x.bak/data00000a.tar", "copy"),
        ];
        quickstart.map(|(path, body)| (format!("q/crx-quickstart/{path}"), body)).to_vec()
    }

    fn header(kind: u8, bytes: usize) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::new(kind));
        header.set_size(bytes as u64);
        header.set_mode(0o600);
        header
    }

    fn tar(files: &[(String, &str)]) -> tar::Builder<Vec<u8>> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, body) in files {
            let mut header = header(b'0', body.len());
            builder.append_data(&mut header, path, body.as_bytes()).unwrap();
        }
        builder
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn written(bytes: &[u8]) -> TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("x"), bytes).unwrap();
        home
    }

    fn of_tar(bytes: &[u8]) -> Collected {
        collect(&written(bytes).path().join("x"), &Limits::default()).1
    }

    fn unpacked(files: &[(String, &str)]) -> TempDir {
        let home = tempfile::tempdir().unwrap();
        for (path, body) in files {
            let file = home.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, body).unwrap();
        }
        home
    }

    fn contents(source: &Source, mut walked: Walked, store: &Store) -> Vec<(String, String)> {
        let parts = source.open_parts(&store.parts, &mut walked, &Limits::default()).unwrap();
        let content = |(index, part): (usize, &Part)| {
            let mut bytes = vec![0; usize::try_from(part.bytes).unwrap()];
            parts.read_at(index, 0, &mut bytes).unwrap();
            let name = part.path.strip_prefix(STORE).unwrap().to_owned();
            (name, String::from_utf8(bytes).unwrap())
        };
        store.parts.iter().enumerate().map(content).collect()
    }

    #[test]
    fn files_of_a_store_can_be_read_in_a_directory_and_in_a_tar_compressed_or_not() {
        let directory = unpacked(&install());
        let tar = tar(&install()).into_inner().unwrap();
        let (packed, compressed) = (written(&tar), written(&gzip(&tar)));
        for path in [directory.path(), &packed.path().join("x"), &compressed.path().join("x")] {
            let (source, walked, collected) = walked(path, &Limits::default());
            assert_eq!(collected.segment_stores.keys().collect::<Vec<_>>(), [STORE]);
            let store = &collected.segment_stores[STORE];
            let expected = [("/data00000a.tar", "data"), ("/journal.log", "journal")];
            let expected = expected.map(|(name, body)| (name.to_owned(), body.to_owned()));
            assert_eq!(contents(&source, walked, store), expected);
            assert!(store.readable && store.unread.is_empty(), "{store:?}");
            assert_eq!(collected.gaps, []);
        }
    }

    #[test]
    fn nothing_else_in_a_repository_is_entered() {
        let (_, collected) = collect(unpacked(&install()).path(), &Limits::default());
        let zip = "q/crx-quickstart/repository/segmentstore.zip";
        assert_eq!(collected.archives.iter().collect::<Vec<_>>(), [zip]);
        let directory = unpacked(&install());
        let limits = Limits { entries_max: 14, ..Limits::default() };
        // q, crx-quickstart, conf, its file, repository and its five, two files and a directory of segmentstore, one of datastore.
        assert_eq!(collect(directory.path(), &limits).1.gaps, []);
        let limits = Limits { entries_max: 13, ..limits };
        assert_eq!(collect(directory.path(), &limits).1.gaps.len(), 1);
    }

    #[test]
    fn source_may_start_at_the_repository() {
        let path = "repository/segmentstore/data00000a.tar";
        let files = [(path.to_owned(), "data")];
        let collected = of_tar(&tar(&files).into_inner().unwrap());
        assert_eq!(collected.segment_stores["repository/segmentstore"].parts[0].path, path);
        assert!(collected.archives.is_empty());
        let (_, collected) = collect(unpacked(&files).path(), &Limits::default());
        assert_eq!(collected.segment_stores["repository/segmentstore"].parts[0].path, path);
    }

    #[test]
    fn store_that_is_compressed_twice_is_seen_and_cannot_be_read() {
        let twice = gzip(&gzip(&tar(&install()).into_inner().unwrap()));
        let collected = of_tar(&twice);
        let store = &collected.segment_stores[STORE];
        assert_eq!((store.parts.len(), store.readable), (2, false));
    }

    #[test]
    fn last_entry_of_a_path_counts() {
        let file = |name: &str| format!("{STORE}/{name}");
        let twice = [(file("journal.log"), "old"), (file("journal.log"), "newer")];
        let collected = of_tar(&tar(&twice).into_inner().unwrap());
        let parts = &collected.segment_stores[STORE].parts;
        assert_eq!(parts.iter().map(|part| part.bytes).collect::<Vec<_>>(), [5]);
        let mut builder = tar(&twice);
        builder.append_link(&mut header(b'2', 0), file("journal.log"), "../journal").unwrap();
        builder.append_link(&mut header(b'1', 0), file("manifest"), file("journal.log")).unwrap();
        let collected = of_tar(&builder.into_inner().unwrap());
        let store = &collected.segment_stores[STORE];
        assert_eq!((store.parts.len(), store.readable), (0, false));
        let unread: Vec<_> = store.unread.keys().cloned().collect();
        assert_eq!(unread, [file("journal.log"), file("manifest")]);
        let mut builder = tar(&twice);
        builder.append_data(&mut header(b'5', 0), file("journal.log"), &b""[..]).unwrap();
        let collected = of_tar(&builder.into_inner().unwrap());
        let store = &collected.segment_stores[STORE];
        assert_eq!(store.unread[&file("journal.log")], "is no regular file");
        assert!(!store.readable);
    }

    #[test]
    #[cfg(unix)]
    fn store_behind_a_link_is_told_and_not_read() {
        let home = unpacked(&[("else/data00000a.tar".to_owned(), "data")]);
        for link in ["repository/segmentstore", "repository"] {
            let root = tempfile::tempdir().unwrap();
            let link = root.path().join("q/crx-quickstart").join(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(home.path().join("else"), link).unwrap();
            let (_, collected) = collect(root.path(), &Limits::default());
            let store = &collected.segment_stores[STORE];
            assert_eq!((store.parts.len(), store.unread.len(), store.readable), (0, 1, false));
        }
    }

    #[test]
    fn what_cannot_be_read_of_a_store_is_kept_with_it() {
        let limits = Limits::default();
        for path in [STORE, "q/crx-quickstart/repository"] {
            let mut collector = Collector::new("s", &limits);
            let visit: &mut dyn crate::intake::Visit = &mut collector;
            visit.gap(Some(path), GapKind::Unreadable, "denied".to_owned());
            let collected = collector.finish(true, true);
            let store = &collected.segment_stores[STORE];
            assert_eq!((store.unread[path].as_str(), store.readable), ("denied", false));
            assert_eq!(collected.gaps, []);
        }
    }

    #[test]
    fn more_files_than_are_remembered_are_a_gap() {
        let home = written(&tar(&install()).into_inner().unwrap());
        let limits = Limits { segment_files_max: 1, ..Limits::default() };
        let (_, collected) = collect(&home.path().join("x"), &limits);
        let store = &collected.segment_stores[STORE];
        assert_eq!((store.parts.len(), store.readable), (1, false));
        let kinds: Vec<_> = collected.gaps.iter().map(|gap| gap.kind).collect();
        assert_eq!(kinds, [GapKind::OverLimit]);
    }
}
