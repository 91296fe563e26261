//! From what the user named to the sources to read.

use super::sniff::{self, HEAD_BYTES};
use super::{Origin, Source};
use crate::facts::{Gap, GapKind};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The sources to read, and what is to be said about the operands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovered {
    /// Sources, sorted by name: the order of operands does not matter.
    pub sources: Vec<Source>,
    /// Notes on operands that named one source again.
    pub notes: Vec<Gap>,
}

/// Names that only an install, or a directory right above one, holds.
const INSTALL_PARTS: &[&str] = &["crx-quickstart", "launchpad", "felix", "repository"];

/// Endings that say somebody meant an archive, when its content does not.
const ARCHIVE_ENDINGS: &[&str] = &[".tar", ".tgz", ".gz", ".zip", ".xz", ".bz2", ".zst", ".7z"];

/// Returns the sources that `operands` name: `-`, a path, or `NAME=` before either.
///
/// A directory of uploads yields each archive in it; the directory itself stays a source when it has directories.
pub fn discover(operands: &[OsString]) -> Discovered {
    let mut sources: Vec<_> = operands.iter().flat_map(|operand| expand(parse(operand))).collect();
    sources.sort_by(|a, b| {
        (&a.name, a.label.is_none(), &a.label).cmp(&(&b.name, b.label.is_none(), &b.label))
    });
    let mut found = Discovered::default();
    let mut seen = BTreeMap::new();
    for source in sources {
        let identity = identity(&source.origin);
        if let Some(first) = seen.get(&identity) {
            let reason = format!("is the same as {first}; read once");
            found.notes.push(Gap {
                source: source.name,
                path: None,
                kind: GapKind::Repeated,
                reason,
            });
        } else {
            seen.insert(identity, source.name.clone());
            found.sources.push(source);
        }
    }
    found
}

/// A label is what stands before the first `=`, when that cannot be part of a path and no file has that very name.
fn parse(operand: &OsStr) -> Source {
    let split = operand.to_str().and_then(|text| text.split_once('='));
    match split {
        Some((label, rest))
            if !label.is_empty() && !label.contains('/') && !Path::new(operand).exists() =>
        {
            source(OsStr::new(rest), Some(label.to_owned()))
        }
        _ => source(operand, None),
    }
}

fn source(text: &OsStr, label: Option<String>) -> Source {
    let name = super::path::text(text.as_encoded_bytes());
    let origin = if text == "-" { Origin::Stdin } else { Origin::Path(PathBuf::from(text)) };
    Source { name, label, origin, folder: false }
}

fn identity(origin: &Origin) -> Option<PathBuf> {
    match origin {
        Origin::Stdin => None,
        Origin::Path(path) => Some(path.canonicalize().unwrap_or_else(|_| path.clone())),
    }
}

fn expand(source: Source) -> Vec<Source> {
    let Origin::Path(path) = &source.origin else { return vec![source] };
    let uploads = uploads(path);
    if uploads.is_empty() {
        return vec![source];
    }
    let mut sources: Vec<_> =
        uploads.iter().map(|file| self::source(file.as_os_str(), None)).collect();
    if let [only] = sources.as_mut_slice() {
        only.label.clone_from(&source.label);
    }
    if listing(path).iter().any(|entry| entry.is_dir()) {
        sources.push(Source { folder: true, ..source });
    }
    sources
}

/// Returns the archives of a directory of uploads; none when it is no such directory.
fn uploads(directory: &Path) -> Vec<PathBuf> {
    if !directory.is_dir() || INSTALL_PARTS.iter().any(|part| directory.join(part).exists()) {
        return Vec::new();
    }
    let files: Vec<_> = listing(directory).into_iter().filter(|path| path.is_file()).collect();
    if files.iter().any(|file| kind_of(file).is_ok()) {
        files.into_iter().filter(|file| is_upload(file)).collect()
    } else {
        Vec::new()
    }
}

/// Says whether a file beside archives is to be read: an archive, or what was meant to be one. A zip or a failed
/// download among the uploads of a farm is an instance that nobody looked at.
fn is_upload(file: &Path) -> bool {
    match kind_of(file) {
        Ok(()) | Err(GapKind::Unsupported) => true,
        Err(_) => {
            let name = file.to_string_lossy().to_ascii_lowercase();
            ARCHIVE_ENDINGS.iter().any(|ending| name.ends_with(ending))
        }
    }
}

fn kind_of(file: &Path) -> Result<(), GapKind> {
    let mut head = Vec::new();
    let limit = u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX);
    let opened = File::open(file).map_err(|_| GapKind::Unreadable)?;
    opened.take(limit).read_to_end(&mut head).map_err(|_| GapKind::Unreadable)?;
    sniff::sniff(&head).map(|_| ()).map_err(|(kind, _)| kind)
}

fn listing(directory: &Path) -> Vec<PathBuf> {
    // A directory that cannot be listed becomes a gap when it is walked.
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::testing::{archive, gzip, member};
    use std::fs;

    fn names(found: &Discovered, root: &Path) -> Vec<String> {
        let root = root.display().to_string();
        found.sources.iter().map(|source| source.name.replace(&root, "")).collect()
    }

    fn operand(path: &Path) -> OsString {
        path.as_os_str().to_owned()
    }

    #[test]
    fn label_stands_before_the_first_equals_sign() {
        let parse = |text: &str| {
            let source = parse(OsStr::new(text));
            (source.label, source.name)
        };
        let label = |label: &str, name: &str| (Some(label.to_owned()), name.to_owned());
        assert_eq!(parse("pub1=/x/a=b"), label("pub1", "/x/a=b"));
        assert_eq!(parse("pub1=-"), label("pub1", "-"));
        assert_eq!(parse("/x/a=b"), (None, "/x/a=b".to_owned()));
        assert_eq!(parse("=b"), (None, "=b".to_owned()));
    }

    #[test]
    fn folder_of_uploads_yields_each() {
        let root = tempfile::tempdir().unwrap();
        let tar = archive(&[member(b'0', "a", b"1")]);
        fs::write(root.path().join("two"), gzip(&tar)).unwrap();
        fs::write(root.path().join("one.tar"), tar).unwrap();
        fs::write(root.path().join("three.zip"), b"PK\x03\x04").unwrap();
        fs::write(root.path().join("four.tar.gz"), b"").unwrap();
        fs::write(root.path().join("readme.txt"), b"hello").unwrap();
        let found = discover(&[operand(root.path())]);
        assert_eq!(names(&found, root.path()), ["/four.tar.gz", "/one.tar", "/three.zip", "/two"]);
        fs::create_dir(root.path().join("unpacked")).unwrap();
        assert_eq!(
            names(&discover(&[operand(root.path())]), root.path()).first().map(String::as_str),
            Some("")
        );
    }

    #[test]
    fn install_root_is_one_source() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("backup.tar"), archive(&[])).unwrap();
        fs::create_dir(root.path().join("launchpad")).unwrap();
        assert_eq!(names(&discover(&[operand(root.path())]), root.path()), [""]);
    }

    #[test]
    fn order_does_not_matter_and_repetition_is_noted() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        fs::write(&a, b"1").unwrap();
        fs::write(&b, b"2").unwrap();
        let again = root.path().join(".").join("a");
        let found = discover(&[operand(&b), operand(&a), operand(&again)]);
        assert_eq!(found, discover(&[operand(&again), operand(&a), operand(&b)]));
        assert_eq!((found.sources.len(), found.notes.len()), (2, 1));
        assert_eq!(found.notes.first().map(|note| note.kind), Some(GapKind::Repeated));
    }
}
