//! Packs a case, a tree of plain files, in every way in which a snapshot may come.

#![allow(dead_code, reason = "support for tests; not each needs all of it")]

use crate::snapshot::random::Random;
use crate::zip;
use flate2::{Compression, write::GzEncoder};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// 1 January 2024, for every entry.
const MTIME: u64 = 1_704_067_200;

/// Bytes of a name that fit a tar header.
const NAME_BYTES: usize = 100;

/// A tree to be packed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Case {
    /// Regular files by path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Links by path.
    pub(crate) links: BTreeMap<String, Link>,
    /// Directories without files.
    pub(crate) empty: Vec<String>,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// `path -> target`: the target is stored as it is.
    Symbolic(String),
    /// `path => target`: another path of the case.
    Hard(String),
}

/// A way to pack a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Copied to a directory.
    Directory,
    /// As `tar cf` does.
    Tar,
    /// As `tar czf` does.
    TarGz,
    /// A gzip of three members; one begins inside a file, one inside a header.
    TarGzMembers,
    /// As `tar c | zstd` does.
    TarZst,
    /// As `tar cJf` does.
    TarXz,
    /// As `tar cjf` does.
    TarBz2,
    /// As `zip -ry` does.
    Zip,
    /// As `zip -ry - . | cat` does: checksums and sizes come behind the bodies.
    ZipSizesBehind,
    /// As old packers on Windows do: backslashes, and nothing of Unix.
    ZipBackslashes,
    /// A tar whose entries come in an order made from the seed.
    Shuffled(u64),
    /// The same, compressed.
    ShuffledGz(u64),
    /// A tar of files and links alone.
    NoDirectories,
    /// As `tar cf x.tar .` does: every name begins with `./`.
    DotSlash,
    /// A POSIX tar; every name comes in a PAX record and the header holds another.
    Pax,
    /// A GNU tar; every name comes in a long-name entry and the header holds another.
    GnuLongName,
}

impl Packing {
    /// All of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::Directory,
        Self::Tar,
        Self::TarGz,
        Self::TarGzMembers,
        Self::TarZst,
        Self::TarXz,
        Self::TarBz2,
        Self::Zip,
        Self::ZipSizesBehind,
        Self::ZipBackslashes,
        Self::Shuffled(1),
        Self::ShuffledGz(2),
        Self::NoDirectories,
        Self::DotSlash,
        Self::Pax,
        Self::GnuLongName,
    ];

    /// Returns `true` if it is a zip, which has no hard links, and with backslashes no links at all.
    pub(crate) fn is_zip(self) -> bool {
        matches!(self, Self::Zip | Self::ZipSizesBehind | Self::ZipBackslashes)
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Directory => "",
            Self::TarGz | Self::TarGzMembers | Self::ShuffledGz(_) => ".tar.gz",
            Self::TarZst => ".tar.zst",
            Self::TarXz => ".tar.xz",
            Self::TarBz2 => ".tar.bz2",
            Self::Zip | Self::ZipSizesBehind | Self::ZipBackslashes => ".zip",
            _ => ".tar",
        }
    }
}

/// A packed case, removed when dropped.
pub(crate) struct Packed {
    path: PathBuf,
    _home: TempDir,
}

impl Packed {
    /// The archive or directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Case {
    /// Reads a case directory; `@links`, `@empty` and `@oak` are instructions, not files.
    ///
    /// A line of `@oak` names a directory, a store of `testdata/oak` that lies there, and how many lines its journal has: all
    /// without a number.
    pub(crate) fn read(directory: &Path) -> Self {
        let mut case = Self::default();
        for entry in walkdir::WalkDir::new(directory).sort_by_file_name() {
            let entry = entry.unwrap();
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(directory).unwrap();
                let path = path.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "/");
                case.files.insert(path, fs::read(entry.path()).unwrap());
            }
        }
        if let Some(text) = case.files.remove("@links") {
            case.links = instructions(&text).iter().map(|line| link(line)).collect();
        }
        if let Some(text) = case.files.remove("@empty") {
            case.empty = instructions(&text);
        }
        if let Some(text) = case.files.remove("@oak") {
            for line in instructions(&text) {
                case.add_store(&line);
            }
        }
        case
    }

    /// Adds a segment store, as a line of `@oak` says.
    pub(crate) fn add_store(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (directory, name) = (words.next().unwrap(), words.next().unwrap());
        let home = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/oak");
        let file = fs::File::open(format!("{home}/{name}.tar.gz")).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let Some((_, file)) = path.rsplit_once('/').filter(|(_, file)| !file.is_empty()) else {
                continue;
            };
            let mut bytes = Vec::new();
            std::io::copy(&mut entry, &mut bytes).unwrap();
            self.files.insert(format!("{directory}/{file}"), bytes);
        }
        if let Some(lines) = words.next() {
            let journal = self.files.get_mut(&format!("{directory}/journal.log")).unwrap();
            let text = String::from_utf8(journal.clone()).unwrap();
            *journal =
                text.split_inclusive('\n').take(lines.parse().unwrap()).collect::<String>().into();
        }
    }

    /// Packs the case into a new temporary directory under `name` and the usual extension.
    pub(crate) fn pack(&self, packing: Packing, name: &str) -> Packed {
        let home = tempfile::tempdir().unwrap();
        let path = self.pack_into(home.path(), packing, name);
        Packed { path, _home: home }
    }

    /// Packs the case into `home` under `name` and the usual extension.
    pub(crate) fn pack_into(&self, home: &Path, packing: Packing, name: &str) -> PathBuf {
        let path = home.join(format!("{name}{}", packing.extension()));
        match packing {
            Packing::Directory => self.copy(&path),
            Packing::TarGz | Packing::ShuffledGz(_) => {
                fs::write(&path, gzip(&self.tar(packing))).unwrap();
            }
            Packing::TarGzMembers => fs::write(&path, gzip_members(&self.tar(packing))).unwrap(),
            Packing::TarZst => fs::write(&path, zstd(&self.tar(packing))).unwrap(),
            Packing::TarXz => fs::write(&path, xz(&self.tar(packing))).unwrap(),
            Packing::TarBz2 => fs::write(&path, bzip2(&self.tar(packing))).unwrap(),
            _ if packing.is_zip() => fs::write(&path, self.zip(packing)).unwrap(),
            _ => fs::write(&path, self.tar(packing)).unwrap(),
        }
        path
    }

    /// The bytes of a plain tar.
    pub(crate) fn tar(&self, packing: Packing) -> Vec<u8> {
        let mut entries = self.entries();
        match packing {
            Packing::Shuffled(seed) | Packing::ShuffledGz(seed) => {
                Random::new(seed).shuffle(&mut entries);
            }
            Packing::NoDirectories => entries.retain(|entry| entry.kind != EntryType::Directory),
            Packing::DotSlash => entries.iter_mut().for_each(Stored::dot_slash),
            _ => {}
        }
        let mut builder = Builder::new(Vec::new());
        for entry in &entries {
            match packing {
                Packing::Pax => entry.append_pax(&mut builder),
                Packing::GnuLongName => entry.append_gnu(&mut builder),
                _ => entry.append(&mut builder),
            }
        }
        builder.into_inner().unwrap()
    }

    /// The bytes of a zip.
    pub(crate) fn zip(&self, packing: Packing) -> Vec<u8> {
        let entries = self.entries();
        let names: Vec<_> = entries
            .iter()
            .map(|entry| match packing {
                Packing::ZipBackslashes => entry.path.replace('/', "\\"),
                _ => entry.path.clone(),
            })
            .collect();
        let zipped = names.iter().zip(&entries).map(|(name, stored)| {
            let (kind, body) = match (stored.kind, stored.target.as_deref()) {
                (EntryType::Directory, _) => (0o040_000, stored.bytes),
                (EntryType::Symlink, Some(target)) => (0o120_000, target.as_bytes()),
                _ => (0o100_000, stored.bytes),
            };
            let is_small = body.len() < 20;
            let mut entry = zip::Entry::file(name, body);
            entry.deflate = !is_small || packing == Packing::ZipSizesBehind;
            entry.sizes_behind = packing == Packing::ZipSizesBehind;
            if packing != Packing::ZipBackslashes {
                (entry.mode, entry.owner) = (kind | stored.mode, Some((1000, 1000)));
            }
            entry
        });
        zip::zip(&zipped.collect::<Vec<_>>())
    }

    /// Every entry in the order of the names, directories before what they hold.
    fn entries(&self) -> Vec<Stored<'_>> {
        let mut entries = Vec::new();
        for path in self.directories() {
            entries.push(Stored {
                path,
                kind: EntryType::Directory,
                mode: 0o755,
                target: None,
                bytes: b"",
            });
        }
        for (path, link) in &self.links {
            let (kind, mode, target) = match link {
                Link::Symbolic(target) => (EntryType::Symlink, 0o777, target),
                Link::Hard(target) => (EntryType::Link, mode_of(target), target),
            };
            entries.push(Stored {
                path: path.clone(),
                kind,
                mode,
                target: Some(target.clone()),
                bytes: b"",
            });
        }
        for (path, bytes) in &self.files {
            let kind = EntryType::Regular;
            entries.push(Stored {
                path: path.clone(),
                kind,
                mode: mode_of(path),
                target: None,
                bytes,
            });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    /// Every directory, with a slash at its end.
    fn directories(&self) -> Vec<String> {
        let paths = self.files.keys().chain(self.links.keys()).cloned();
        let empty = self.empty.iter().map(|path| format!("{}/", path.trim_end_matches('/')));
        let mut directories: Vec<_> = paths
            .chain(empty)
            .flat_map(|path| {
                path.match_indices('/').map(|(end, _)| path[..=end].to_owned()).collect::<Vec<_>>()
            })
            .collect();
        directories.sort();
        directories.dedup();
        directories
    }

    fn copy(&self, root: &Path) {
        fs::create_dir_all(root).unwrap();
        for directory in self.directories() {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        for (path, bytes) in &self.files {
            fs::write(root.join(path), bytes).unwrap();
            set_mode(&root.join(path), mode_of(path));
        }
        for (path, link) in &self.links {
            match link {
                Link::Symbolic(target) => symbolic_link(target, &root.join(path)),
                Link::Hard(target) => fs::hard_link(root.join(target), root.join(path)).unwrap(),
            }
        }
    }
}

/// One entry of a tar.
struct Stored<'c> {
    path: String,
    kind: EntryType,
    mode: u32,
    target: Option<String>,
    bytes: &'c [u8],
}

impl Stored<'_> {
    fn dot_slash(&mut self) {
        self.path.insert_str(0, "./");
        if let Some(target) = self.target.as_mut().filter(|_| self.kind == EntryType::Link) {
            target.insert_str(0, "./");
        }
    }

    fn header(&self, mut header: Header) -> Header {
        header.set_entry_type(self.kind);
        header.set_mode(self.mode);
        header.set_size(self.bytes.len() as u64);
        header.set_mtime(MTIME);
        header.set_uid(1000);
        header.set_gid(1000);
        header.set_username("aem").unwrap();
        header.set_groupname("aem").unwrap();
        header
    }

    /// Appends the entry as GNU tar does. The crate's own way would tidy odd names up.
    fn append(&self, builder: &mut Builder<Vec<u8>>) {
        let mut header = self.header(Header::new_gnu());
        if let Some(target) = &self.target {
            if target.len() > NAME_BYTES {
                append_long(builder, EntryType::GNULongLink, target);
            }
            header.set_link_name_literal(cut(target)).unwrap();
        }
        if self.path.len() > NAME_BYTES {
            append_long(builder, EntryType::GNULongName, &self.path);
        }
        set_name(&mut header, cut(&self.path));
        header.set_cksum();
        builder.append(&header, self.bytes).unwrap();
    }

    fn append_pax(&self, builder: &mut Builder<Vec<u8>>) {
        let target = self.target.iter().map(|target| ("linkpath", target.as_bytes()));
        let records = [("path", self.path.as_bytes())].into_iter().chain(target);
        builder
            .append_pax_extensions(records.chain([("mtime", b"1704067200.5".as_slice())]))
            .unwrap();
        self.append_nameless(builder, Header::new_ustar());
    }

    fn append_gnu(&self, builder: &mut Builder<Vec<u8>>) {
        if let Some(target) = &self.target {
            append_long(builder, EntryType::GNULongLink, target);
        }
        append_long(builder, EntryType::GNULongName, &self.path);
        self.append_nameless(builder, Header::new_gnu());
    }

    /// Appends the entry under a name that no reader may use.
    fn append_nameless(&self, builder: &mut Builder<Vec<u8>>, header: Header) {
        let mut header = self.header(header);
        set_name(&mut header, b"name-before-this");
        if self.target.is_some() {
            header.set_link_name_literal("target-before-this").unwrap();
        }
        header.set_cksum();
        builder.append(&header, self.bytes).unwrap();
    }
}

/// Appends what GNU tar puts before an entry whose name does not fit the header.
fn append_long(builder: &mut Builder<Vec<u8>>, kind: EntryType, name: &str) {
    let bytes = [name.as_bytes(), b"\0"].concat();
    let mut header = Header::new_gnu();
    set_name(&mut header, b"././@LongLink");
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    builder.append(&header, bytes.as_slice()).unwrap();
}

/// Sets a name of at most 100 bytes as it is.
fn set_name(header: &mut Header, name: &[u8]) {
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
}

/// What a header keeps of a name.
fn cut(name: &str) -> &[u8] {
    &name.as_bytes()[..name.len().min(NAME_BYTES)]
}

/// Compresses into one member.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// Compresses into one frame.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Compresses into one stream.
pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

/// Compresses into one stream.
pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    bzip2.finish().unwrap()
}

/// Compresses a tar into three members: one begins in the middle of the largest file, one in the last header.
pub(crate) fn gzip_members(tar: &[u8]) -> Vec<u8> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap().map(Result::unwrap);
    let places: Vec<_> =
        entries.map(|e| (e.size(), e.raw_file_position(), e.raw_header_position())).collect();
    let (size, body, _) = *places.iter().max().expect("a case has entries");
    let (_, _, header) = *places.last().unwrap();
    let mut cuts = [body + size / 2, header + 100].map(|cut| usize::try_from(cut).unwrap());
    cuts.sort_unstable();
    let [first, second] = cuts;
    [&tar[..first], &tar[first..second], &tar[second..]].map(gzip).concat()
}

/// The lines of an instruction file that are neither blank nor comments.
fn instructions(text: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(text).unwrap().lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

fn link(line: &str) -> (String, Link) {
    if let Some((path, target)) = line.split_once(" => ") {
        return (path.trim().to_owned(), Link::Hard(target.trim().to_owned()));
    }
    let (path, target) =
        line.split_once(" -> ").unwrap_or_else(|| panic!("@links: no arrow in {line:?}"));
    (path.trim().to_owned(), Link::Symbolic(target.trim().to_owned()))
}

/// Keys are for their owner alone, as an install has them.
fn mode_of(path: &str) -> u32 {
    let secret =
        ["/data/hmac", "/data/master", "/data/storage"].iter().any(|end| path.ends_with(end));
    if secret { 0o600 } else { 0o644 }
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) {}

#[cfg(unix)]
fn symbolic_link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[cfg(not(unix))]
fn symbolic_link(target: &str, path: &Path) {
    std::os::windows::fs::symlink_file(target, path).unwrap();
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::{GzDecoder, MultiGzDecoder};
    use std::io::Read;

    const HMAC: &str = "a/launchpad/felix/bundle43/data/hmac";

    fn case() -> Case {
        let mut case = Case { empty: vec!["a/install".to_owned()], ..Case::default() };
        case.files.insert(HMAC.to_owned(), vec![7; 32]);
        case.files.insert("a/logs/error.log".to_owned(), vec![b'x'; 3000]);
        case.files.insert(format!("a/{}/deep", "long".repeat(40)), b"deep".to_vec());
        case.links.insert("a/link".to_owned(), Link::Symbolic("logs/error.log".to_owned()));
        case.links.insert("a/hard".to_owned(), Link::Hard(HMAC.to_owned()));
        case
    }

    /// Path, kind, mode, link target and content.
    type Row = (String, EntryType, u32, Option<String>, Vec<u8>);

    fn read_back(tar: &[u8]) -> Vec<Row> {
        let mut archive = tar::Archive::new(tar);
        let row = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
            let mut entry = entry.unwrap();
            assert_eq!(
                (entry.header().uid().unwrap(), entry.header().gid().unwrap()),
                (1000, 1000)
            );
            assert_eq!(entry.header().username().unwrap(), Some("aem"));
            assert_eq!(entry.header().mtime().unwrap(), MTIME);
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let target =
                entry.link_name_bytes().map(|name| String::from_utf8(name.into_owned()).unwrap());
            let (kind, mode) = (entry.header().entry_type(), entry.header().mode().unwrap());
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            (path, kind, mode, target, content)
        };
        archive.entries().unwrap().map(row).collect()
    }

    #[test]
    fn keys_are_private_and_all_else_is_public() {
        let rows = read_back(&case().tar(Packing::Tar));
        let modes: Vec<_> = rows
            .iter()
            .filter(|row| row.1 == EntryType::Regular)
            .map(|row| (&*row.0, row.2))
            .collect();
        assert_eq!(modes[0], (HMAC, 0o600));
        assert!(modes[1..].iter().all(|(_, mode)| *mode == 0o644), "{modes:?}");
    }

    #[test]
    fn plain_tar_holds_directories_files_links_and_empty_directories() {
        let rows = read_back(&case().tar(Packing::Tar));
        let names: Vec<_> =
            rows.iter().map(|row| row.0.as_str()).filter(|name| !name.contains("long")).collect();
        assert_eq!(
            names,
            [
                "a/",
                "a/hard",
                "a/install/",
                "a/launchpad/",
                "a/launchpad/felix/",
                "a/launchpad/felix/bundle43/",
                "a/launchpad/felix/bundle43/data/",
                HMAC,
                "a/link",
                "a/logs/",
                "a/logs/error.log",
            ]
        );
        assert_eq!(rows[1].3.as_deref(), Some(HMAC));
    }

    #[test]
    fn pax_and_long_names_read_back_as_the_plain_tar() {
        let plain = read_back(&case().tar(Packing::Tar));
        assert_eq!(read_back(&case().tar(Packing::Pax)), plain);
        assert_eq!(read_back(&case().tar(Packing::GnuLongName)), plain);
    }

    #[test]
    fn shuffled_order_differs_by_seed_and_holds_the_same() {
        let shuffled = |seed| read_back(&case().tar(Packing::Shuffled(seed)));
        let (one, two) = (shuffled(1), shuffled(2));
        assert_ne!(one, two);
        let sorted = |mut rows: Vec<Row>| {
            rows.sort_by(|a, b| a.0.cmp(&b.0));
            rows
        };
        assert_eq!(sorted(one), sorted(read_back(&case().tar(Packing::Tar))));
    }

    #[test]
    fn no_directories_means_none() {
        let rows = read_back(&case().tar(Packing::NoDirectories));
        assert_eq!(rows.len(), 5);
        assert!(rows.iter().all(|row| row.1 != EntryType::Directory));
    }

    #[test]
    fn dot_slash_stands_before_names_and_hard_link_targets_only() {
        let rows = read_back(&case().tar(Packing::DotSlash));
        assert!(rows.iter().all(|row| row.0.starts_with("./")));
        let targets: Vec<_> = rows.iter().filter_map(|row| row.3.as_deref()).collect();
        assert_eq!(targets, ["./a/launchpad/felix/bundle43/data/hmac", "logs/error.log"]);
    }

    #[test]
    fn gzip_members_join_to_the_plain_tar() {
        let packed = case().pack(Packing::TarGzMembers, "case");
        let bytes = fs::read(packed.path()).unwrap();
        let (mut all, mut first) = (Vec::new(), Vec::new());
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut all).unwrap();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut first).unwrap();
        assert_eq!(all, case().tar(Packing::Tar));
        assert_ne!(first.len() % 512, 0, "the boundary is inside an entry");
    }

    #[test]
    fn directory_holds_the_case() {
        let packed = case().pack(Packing::Directory, "case");
        let root = packed.path();
        assert_eq!(fs::read(root.join(HMAC)).unwrap(), vec![7; 32]);
        assert_eq!(fs::read(root.join("a/hard")).unwrap(), vec![7; 32]);
        assert_eq!(fs::read_link(root.join("a/link")).unwrap(), Path::new("logs/error.log"));
        assert!(root.join("a/install").is_dir());
    }

    #[test]
    fn case_directory_is_read_with_its_instructions() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("a")).unwrap();
        fs::write(home.path().join("a/file"), b"x").unwrap();
        fs::write(home.path().join("@links"), "# both kinds\na/s -> /etc/key\n\na/h => a/file\n")
            .unwrap();
        fs::write(home.path().join("@empty"), "a/install\n").unwrap();
        let case = Case::read(home.path());
        assert_eq!(case.files.keys().collect::<Vec<_>>(), ["a/file"]);
        assert_eq!(case.links["a/s"], Link::Symbolic("/etc/key".to_owned()));
        assert_eq!(case.links["a/h"], Link::Hard("a/file".to_owned()));
        assert_eq!(case.empty, ["a/install"]);
    }
}
