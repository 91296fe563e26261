//! Short looks into a file, to see whether it is worth a walk.

use super::{Descend, Entry, NoWatch, Origin, Source, Visit, Want, walk};
use crate::facts::{GapKind, QUICKSTART};
use crate::limits::Limits;
use std::path::Path;

/// Directories of an install.
const INSTALL: [&str; 3] = [QUICKSTART, "launchpad", "felix"];

/// Returns `true` if a compression holds an archive. One entry with a name tells, and stands near the start.
pub(super) fn holds_archive(file: &Path) -> bool {
    let mut probe = Probe::default();
    look(file, Limits::DEFAULT.probe_first_entries_max, &mut probe);
    probe.entered
}

/// Returns `true` if an archive has names of an install. One that ends early, or has too many, may have them behind.
pub(super) fn names_install(file: &Path) -> bool {
    let mut probe = Probe::default();
    look(file, Limits::DEFAULT.probe_entries_max, &mut probe);
    probe.names_install || (probe.entered && probe.cut)
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
struct Probe {
    /// There is an entry.
    entered: bool,
    /// A name is one of an install.
    names_install: bool,
    /// Not all of it could be read.
    cut: bool,
}

impl Visit for Probe {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        self.entered = true;
        self.names_install |= entry.path.split('/').any(|part| INSTALL.contains(&part))
            || entry.path.ends_with("conf/sling.properties");
        Want::Nothing
    }

    fn body(&mut self, _: &[u8]) {}

    fn gap(&mut self, _: Option<&str>, kind: GapKind, _: String) {
        self.cut |= kind.hides();
    }

    fn was_link(&mut self, _: &str, _: bool, _: &str) {}

    fn descend(&mut self, _: &str) -> Descend {
        Descend::Nothing
    }
}
