//! From what the user named to the sources to read.

use super::archive_name::stem;
use super::folder::{self, Folder, Installs};
use super::fs;
use super::missing::Missing;
use super::stand_in::LOG;
use super::{Choice, Origin, Source, Standing};
use crate::facts::{Gap, GapKind};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The sources to read, and what is to be said about the operands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovered {
    /// Sources, sorted by name: the order of operands does not matter.
    pub sources: Vec<Source>,
    /// Notes: operands that name nothing, or one source again, and what in a folder was not looked at.
    pub notes: Vec<Gap>,
}

/// Returns the sources that `operands` name: `-`, a path, or `NAME=` before either.
///
/// A folder of uploads yields each archive in it and below; the folder itself stays a source when it has directories.
pub fn discover(operands: &[OsString]) -> Discovered {
    let operands: Vec<Operand> = operands.iter().cloned().map(Operand::from).collect();
    discover_chosen(&operands, &Choice::default())
}

/// Something that the user named, and what to call it: `s3://uploads/author.tgz`, whatever file it was copied to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operand {
    /// As it was given.
    pub text: OsString,
    /// What to call it in place of its path.
    pub logical: Option<String>,
}

impl From<OsString> for Operand {
    fn from(text: OsString) -> Self {
        Self { text, logical: None }
    }
}

/// Returns the sources that `operands` name, as [`discover`] does; of folders only the uploads that are chosen.
pub fn discover_chosen(operands: &[Operand], choice: &Choice) -> Discovered {
    let mut found = Discovered::default();
    let mut sources = Vec::new();
    let mut missing = Missing::default();
    for operand in each_twice(operands) {
        let mut source = parse(&operand.text);
        let logical = operand.logical.as_deref();
        if let Some(name) = logical {
            name.clone_into(&mut source.name);
        }
        expand(source, logical, choice, &mut missing, &mut sources, &mut found.notes);
    }
    // Of a file that was named twice the one with a label is first, and so the one that is kept.
    sources.sort_by(|a, b| {
        (&a.name, a.label.is_none(), &a.label).cmp(&(&b.name, b.label.is_none(), &b.label))
    });
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
    found.notes.sort();
    found.notes.dedup();
    found
}

/// Returns `true` if one of the operands names something that is there.
pub fn is_any_there(operands: &[OsString]) -> bool {
    each_twice(operands).into_iter().any(|operand| match parse(operand).origin {
        Origin::Stdin => true,
        // What may not be looked at may be there.
        Origin::Path(path) => match fs::symlink_metadata(&path) {
            Ok(_) => true,
            Err(error) => error.kind() == ErrorKind::PermissionDenied,
        },
    })
}

/// Returns operands in order, each no more than twice: that it came again is said once.
fn each_twice<T: Ord>(operands: &[T]) -> Vec<&T> {
    let mut sorted: Vec<&T> = operands.iter().collect();
    sorted.sort();
    sorted.chunk_by(|a, b| a == b).flat_map(|same| same.iter().take(2)).copied().collect()
}

/// A label is what is before the first `=`, when that cannot be part of a path and no file has that very name.
fn parse(operand: &OsStr) -> Source {
    let split = operand.to_str().and_then(|text| text.split_once('='));
    match split {
        Some((label, rest))
            if !label.is_empty() && !label.contains('/') && fs::metadata(operand).is_err() =>
        {
            source(OsStr::new(rest), Some(label.to_owned()))
        }
        _ => source(operand, None),
    }
}

fn source(text: &OsStr, label: Option<String>) -> Source {
    let name = super::path::text(text.as_encoded_bytes());
    // As in `tar -f -`; a file of that name is `./-`.
    let origin = if text == "-" { Origin::Stdin } else { Origin::Path(PathBuf::from(text)) };
    Source { label, ..Source::named(name, origin) }
}

fn identity(origin: &Origin) -> Option<PathBuf> {
    match origin {
        // Standard input can be read once, so every further `-` is a repetition.
        Origin::Stdin => None,
        // A link, or a `./` before it, makes another path of one file, which would be two instances with one Sling id.
        Origin::Path(path) => Some(fs::canonicalize(path).unwrap_or_else(|_| path.clone())),
    }
}

/// Puts a folder's archives in its place. The folder stays a source beside them when it has directories.
fn expand(
    source: Source,
    logical: Option<&str>,
    choice: &Choice,
    missing: &mut Missing,
    sources: &mut Vec<Source>,
    notes: &mut Vec<Gap>,
) {
    let Origin::Path(path) = &source.origin else { return sources.push(source) };
    // What does not exist is no source, and was not read by half.
    if let Some(reason) = missing.why(path) {
        return notes.push(Gap { source: source.name, path: None, kind: GapKind::Missing, reason });
    }
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return sources.push(source);
    }
    let folder = folder::look(path);
    // Globs see the path below the folder, so that they mean the same wherever the folder lies.
    let is_chosen = |file: &&PathBuf| choice.takes(file.strip_prefix(path).unwrap_or(file));
    let chosen: Vec<_> = folder.uploads.iter().filter(is_chosen).collect();
    tell_beside(&source.name, &folder, is_chosen, notes);
    if folder.uploads.is_empty() {
        return sources.push(source);
    }
    if chosen.is_empty() {
        let reason = "holds archives, none of which --include and --exclude choose".to_owned();
        let kind = GapKind::NoInstance;
        notes.push(Gap { source: source.name.clone(), path: None, kind, reason });
    }
    let is_home = folder.installs == Installs::Here;
    // `publish3=uploads/` with one archive names that one; of several, each has its own path behind the name.
    let alone = chosen.len() == 1 && !is_home;
    for file in chosen {
        let label = source.label.as_ref().map(|label| {
            if alone { label.clone() } else { format!("{label}/{}", short(path, file)) }
        });
        let standing = match folder.installs {
            Installs::Nowhere => Standing::Upload,
            _ if folder.in_place.contains(file) => Standing::InPlace,
            Installs::Below | Installs::Here => Standing::Beside,
        };
        let mut upload = Source { standing, ..self::source(file.as_os_str(), label) };
        if let Some(logical) = logical {
            let below = file.strip_prefix(path).unwrap_or(file).as_os_str().as_encoded_bytes();
            upload.name = format!("{logical}/{}", super::path::text(below));
        }
        sources.push(upload);
    }
    if folder.directories || is_home {
        let below = |file: &PathBuf| file.strip_prefix(path).ok().map(Path::to_owned);
        let text = |file: PathBuf| super::path::text(file.as_os_str().as_encoded_bytes());
        let apart = folder.uploads.iter().filter_map(below).map(text).collect();
        let standing = if is_home { Standing::Named } else { Standing::Folder };
        sources.push(Source { standing, apart, ..source });
    }
}

/// Tells of what lies in a folder and is no source.
fn tell_beside(
    source: &str,
    folder: &Folder,
    is_chosen: impl Fn(&&PathBuf) -> bool,
    notes: &mut Vec<Gap>,
) {
    notes.extend(folder.links.iter().filter(&is_chosen).map(|link| Gap {
        source: super::path::text(link.as_os_str().as_encoded_bytes()),
        path: None,
        kind: GapKind::LinkOutside,
        reason: "is a link; name its target itself".to_owned(),
    }));
    notes.extend(folder.links_in_place.iter().filter(&is_chosen).map(|link| Gap {
        source: super::path::text(link.as_os_str().as_encoded_bytes()),
        path: None,
        kind: GapKind::LinkOutside,
        reason: "is a link beside instances, and nothing is where it leads (a mount that is down?); send what it leads to, or take it out".to_owned(),
    }));
    notes.extend(folder.other_links.iter().map(|link| Gap {
        source: super::path::text(link.as_os_str().as_encoded_bytes()),
        path: None,
        kind: GapKind::LinkBeside,
        reason: "is a link, and what it leads to was not looked through; if an instance is there, name it as a source".to_owned(),
    }));
    notes.extend(folder.programs.iter().filter(|(file, _)| is_chosen(&file)).map(
        |(file, what)| Gap {
            source: super::path::text(file.as_os_str().as_encoded_bytes()),
            path: None,
            kind: GapKind::Package,
            reason: what.clone(),
        },
    ));
    let logs = folder.logs.values().filter(|(file, _)| is_chosen(&file));
    notes.extend(logs.map(|(file, count)| {
        let more = match count.saturating_sub(1) {
            0 => String::new(),
            more => format!(" ({more} more beside it)"),
        };
        Gap {
            source: super::path::text(file.as_os_str().as_encoded_bytes()),
            path: None,
            kind: GapKind::Log,
            reason: format!("{LOG}{more}"),
        }
    }));
    let closed = folder.closed.iter().filter(|(file, _)| is_chosen(&file));
    notes.extend(closed.map(|(file, (kind, reason))| Gap {
        source: super::path::text(file.as_os_str().as_encoded_bytes()),
        path: None,
        kind: *kind,
        reason: reason.clone(),
    }));
    notes.extend(folder.left_out.iter().map(|left_out| Gap {
        source: source.to_owned(),
        path: None,
        kind: GapKind::OverLimit,
        reason: format!("{left_out}; name each archive or install as a source of its own"),
    }));
}

/// Returns the path of an upload below its folder, without the endings of archives.
fn short(folder: &Path, file: &Path) -> String {
    let below = file.strip_prefix(folder).unwrap_or(file);
    stem(&super::path::text(below.as_os_str().as_encoded_bytes())).to_owned()
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
    fn what_does_not_exist_is_no_source() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.tar"), archive(&[])).unwrap();
        let found =
            discover(&[operand(&root.path().join("a.tar")), operand(&root.path().join("b"))]);
        assert_eq!(names(&found, root.path()), ["/a.tar"]);
        assert_eq!(
            found.notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
            [GapKind::Missing]
        );
    }

    #[test]
    fn operand_is_looked_for_no_more_than_twice() {
        let operands = ["b", "a", "b", "b", "a", "c", "b"].map(OsString::from);
        assert_eq!(each_twice(&operands), ["a", "a", "b", "b", "c"]);
    }

    #[test]
    fn folder_of_uploads_yields_each() {
        let root = tempfile::tempdir().unwrap();
        let tar = archive(&[member(b'0', "a", b"1")]);
        fs::write(root.path().join("two"), gzip(&tar)).unwrap();
        fs::write(root.path().join("one.tar"), tar).unwrap();
        fs::write(root.path().join("three.zip"), b"PK\x03\x04").unwrap();
        fs::write(root.path().join("four.tar.gz"), b"").unwrap();
        fs::write(root.path().join("five"), b"").unwrap();
        fs::write(root.path().join("six.gpg"), b"\x85\x02").unwrap();
        fs::write(root.path().join("readme.txt"), b"hello").unwrap();
        let found = discover(&[operand(root.path())]);
        assert_eq!(
            names(&found, root.path()),
            ["/five", "/four.tar.gz", "/one.tar", "/six.gpg", "/three.zip", "/two"]
        );
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
        fs::create_dir_all(root.path().join("launchpad/felix")).unwrap();
        assert_eq!(names(&discover(&[operand(root.path())]), root.path()), [""]);
    }

    #[test]
    fn folder_with_an_install_yields_what_lies_beside_it_too() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("b.tar"), archive(&[])).unwrap();
        fs::create_dir(root.path().join("crx-quickstart")).unwrap();
        let found = discover(&[operand(root.path())]);
        assert_eq!(names(&found, root.path()), ["", "/b.tar"]);
        let standings = found.sources.iter().map(|source| source.standing).collect::<Vec<_>>();
        assert_eq!(standings, [Standing::Named, Standing::Beside]);
    }

    #[test]
    fn name_of_a_folder_stands_before_those_of_its_archives() {
        let root = tempfile::tempdir().unwrap();
        let labels = || {
            let mut operand = OsString::from("prod=");
            operand.push(root.path());
            let found = discover(&[operand]);
            found.sources.into_iter().map(|source| source.label.unwrap()).collect::<Vec<_>>()
        };
        fs::write(root.path().join("a.tar"), archive(&[])).unwrap();
        assert_eq!(labels(), ["prod"]);
        fs::create_dir(root.path().join("s")).unwrap();
        fs::write(root.path().join("s/b.tar.gz"), gzip(&archive(&[]))).unwrap();
        assert_eq!(labels(), ["prod", "prod/a", "prod/s/b"]);
    }

    #[test]
    #[cfg(unix)]
    fn link_in_a_folder_is_noted() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(root.path().join("a.tar"), archive(&[])).unwrap();
        fs::write(other.path().join("b.tar"), archive(&[])).unwrap();
        std::os::unix::fs::symlink(other.path().join("b.tar"), root.path().join("b.tar")).unwrap();
        let found = discover(&[operand(root.path())]);
        assert_eq!(names(&found, root.path()), ["/a.tar"]);
        assert_eq!(found.notes.len(), 1);
        assert_eq!(found.notes[0].kind, GapKind::LinkOutside);
        assert!(found.notes[0].source.ends_with("/b.tar"));
    }

    #[test]
    fn of_a_folder_only_what_is_chosen_is_read() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a.tar", "b.tar", "old.tar"] {
            fs::write(root.path().join(name), archive(&[])).unwrap();
        }
        let chosen = |include: &[&str], exclude: &[&str]| {
            let texts =
                |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
            let choice = Choice::new(&texts(include), &texts(exclude)).unwrap();
            let operands = [operand(root.path()), operand(&root.path().join("a.tar"))];
            let found = discover_chosen(&operands.map(Operand::from), &choice);
            (
                names(&found, root.path()),
                found.notes.iter().map(|note| note.kind).collect::<Vec<_>>(),
            )
        };
        assert_eq!(chosen(&["b*"], &[]).0, ["/a.tar", "/b.tar"], "what is named itself is read");
        assert_eq!(chosen(&[], &["old*"]), chosen(&["[ab].tar"], &[]));
        assert_eq!(chosen(&["*.zip"], &[]), (vec!["/a.tar".to_owned()], vec![GapKind::NoInstance]));
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
