//! Short looks into a file, to see whether it is worth a walk.

use super::archive_name::{claims_content, claims_nothing, claims_program};
use super::container::Refusal;
use super::sniff;
use super::{Descend, Entry, EntryKind, NoWatch, Origin, Source, Visit, Want, walk};
use crate::facts::{GapKind, INSIDE, QUICKSTART, components};
use crate::limits::Limits;
use std::path::Path;

/// Directories of an install.
const INSTALL: [&str; 3] = [QUICKSTART, "launchpad", "felix"];

/// Directories of programs, whose archives are parts of those.
const OF_PROGRAMS: [&str; 4] = ["META-INF", "WEB-INF", "jcr_root", "node_modules"];

/// What is in an archive of programs or a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// An install, by the names in it or in archives in it.
    Install,
    /// Directories that are called like those of an install, as packages of Java are too: `org/apache/felix`.
    Names,
    /// It ends early, has too much in it, or an archive that cannot be opened.
    Unclear,
    /// A file with an archive in it that is not read.
    Carried(Refusal),
    /// No install.
    None,
}

/// Returns `true` if a compression holds an archive. One entry with a name tells, and stands near the start.
pub(super) fn holds_archive(file: &Path) -> bool {
    let mut probe = Probe::default();
    look(file, Limits::DEFAULT.probe_first_entries_max, &mut probe);
    probe.entered
}

/// Says what an archive of programs or a document holds.
pub(super) fn held(file: &Path) -> Held {
    let mut probe = Probe::into_archives();
    look(file, Limits::DEFAULT.probe_entries_max, &mut probe);
    probe.held()
}

fn look(file: &Path, entries_max: u64, probe: &mut Probe) {
    let source = Source::named(file.display().to_string(), Origin::Path(file.to_owned()));
    let unpacked_bytes_max = Limits::DEFAULT.probe_bytes_max;
    // A folder may hold hundreds of packed logs, and each is unpacked for this look.
    let limits = Limits { unpacked_bytes_max, entries_max, ..Limits::DEFAULT };
    walk(&source, &limits, &NoWatch, probe);
}

/// Notes what there is.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is found by itself, in any order")]
pub(super) struct Probe {
    /// Looks into the archives inside, too.
    opens: bool,
    /// There is an entry.
    entered: bool,
    /// A name is one of an install.
    has_install: bool,
    /// A name may be one.
    names_install: bool,
    /// Not all of it could be read.
    cut: bool,
    /// What was said of a file with an archive in it that is not read.
    carried: Option<Refusal>,
}

impl Probe {
    /// Looks into archives inside, but for those that are parts of programs.
    pub(super) fn into_archives() -> Self {
        Self { opens: true, ..Self::default() }
    }

    pub(super) fn held(self) -> Held {
        match self.carried {
            _ if self.has_install => Held::Install,
            Some(refusal) => Held::Carried(refusal),
            None if self.names_install => Held::Names,
            None if self.entered && self.cut => Held::Unclear,
            None => Held::None,
        }
    }
}

impl Visit for Probe {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        self.entered = true;
        self.has_install |= is_of_install(entry.path);
        self.names_install |= entry.path.split('/').any(|part| INSTALL.contains(&part))
            || entry.path.ends_with("conf/sling.properties");
        let opens = self.opens && entry.kind == EntryKind::File && may_carry(entry.path);
        if opens { Want::Archive } else { Want::Nothing }
    }

    fn body(&mut self, _: &[u8]) {}

    fn gap(&mut self, _: Option<&str>, kind: GapKind, _: String) {
        self.cut |= kind.hides();
    }

    fn unknown(&mut self, _: &str, kind: GapKind, reason: String) {
        if sniff::tells_closed(&reason) {
            self.carried.get_or_insert((kind, reason));
        }
    }

    fn was_link(&mut self, _: &str, _: bool, _: &str) {}

    fn descend(&mut self, _: &str) -> Descend {
        Descend::Nothing
    }
}

/// Returns `true` if a path is one that only an install has: `crx-quickstart/…`, or a bundle in the cache of Felix.
fn is_of_install(path: &str) -> bool {
    let is_bundle = |(_, after): (&str, &str)| after.starts_with(|id: char| id.is_ascii_digit());
    path.split('/').any(|part| part == QUICKSTART)
        || path.split_once("felix/bundle").is_some_and(is_bundle)
}

/// Returns `true` if an entry of a program or a document may be an archive that somebody put there.
fn may_carry(path: &str) -> bool {
    let inside = path.rsplit_once(INSIDE).map_or(path, |(_, inside)| inside);
    let is_part = || components(inside).any(|part| OF_PROGRAMS.contains(&part));
    // Word puts what is embedded into `word/embeddings/oleObject1.bin`.
    let is_embedded = || components(inside).any(|part| part == "embeddings");
    // A program has jars by the hundred, and not at the top.
    let is_program = || claims_program(path) && components(inside).count() == 1;
    (claims_content(path) || claims_nothing(path) || is_program() || is_embedded()) && !is_part()
}
