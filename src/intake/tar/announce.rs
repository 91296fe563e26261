//! From a header and its extensions to an announced entry, and what becomes of its body.

use super::header::{BadNumber, Header};
use super::pax::Extensions;
use super::scanner::{Scanner, padded};
use super::sparse::Sparse;
use super::state::SkipPlan;
use crate::facts::{FileTime, GapKind, Owner};
use crate::intake::container::Repeats;
use crate::intake::{Entry, EntryKind, EntryTime, Want, path};
use std::sync::LazyLock;

/// Those of an entry that has none, as hardly one has: making and dropping them took longer than to read the size.
static NO_EXTENSIONS: LazyLock<Extensions> = LazyLock::new(Extensions::default);

impl Scanner<'_> {
    /// Announces the entry of `header` and plans what follows it.
    pub(super) fn announce(&mut self, header: Header<'_>) {
        self.sparse = None;
        self.path.clear();
        let taken = self.extensions.any.then(|| std::mem::take(&mut self.extensions));
        // Extensions hold for one entry alone, so they are taken whatever becomes of it: a name must not pass to the next.
        let extensions = taken.as_ref().unwrap_or(&NO_EXTENSIONS);
        let stored = match stored_size(header, extensions) {
            Ok(stored) => stored,
            // The next header lies behind a body of unknown length, so the search goes on block by block as after other damage.
            Err(bad) => {
                let offset = self.header_offset();
                return self
                    .damage(format!("size in the header at byte {offset} {}", bad.problem()));
            }
        };
        if !self.has_room() {
            let limit = self.limits.entries_max;
            return self.stop(format!("more than {limit} entries; the rest was not read"));
        }
        self.entries = self.entries.saturating_add(1);
        let mut plan = SkipPlan { need: None, stored: padded(stored), map_follows: false };
        // Also for an entry whose name is refused: the blocks of its map have to be passed before the next header.
        self.describe_sparse(header, extensions, &mut plan);
        // GNU tar writes `V` for the label of a volume (`tar
        // -V`): its name is no path and nothing follows it.
        if !extensions.doubtful && header.kind() != b'V' && !self.refuse_long(extensions) {
            self.take_name(header, extensions);
            plan.need = self.offer(header, extensions, stored);
            // With `--format=posix`, `tar -g` keeps the list in a PAX record; in the GNU format it
            // is the body of a `D` entry.
            self.take_listing(extensions.listing.as_deref().unwrap_or_default());
            if header.kind() == b'D' && stored > 0 {
                return self.enter_listing(stored);
            }
        }
        self.follow(plan);
    }

    fn describe_sparse(
        &mut self,
        header: Header<'_>,
        extensions: &Extensions,
        plan: &mut SkipPlan,
    ) {
        // In GNU's PAX formats a sparse file has the type of a
        // regular one; only its `GNU.sparse.*` records show it.
        if header.kind() != b'S' {
            self.sparse = extensions.sparse.describe();
            return;
        }
        let (map, more) = header.sparse();
        plan.map_follows = more;
        self.sparse = Some(match (map, header.real_size()) {
            (Ok(map), Ok(real_size)) => Sparse { real_size, map: Some(map), fault: None },
            _ => Sparse {
                real_size: 0,
                map: None,
                fault: Some("a sparse file whose map cannot be read"),
            },
        });
    }

    fn take_name(&mut self, header: Header<'_>, extensions: &Extensions) {
        let name = extensions.full_name();
        let prefix = header.prefix();
        let unsafe_name = match name {
            Some(name) => self.path.set(name),
            None if prefix.is_empty() => self.path.set(header.name()),
            None => self.path.set(&[prefix, b"/", header.name()].concat()),
        };
        // `tar -P` makes every name absolute, and one gap says it for all of them.
        if unsafe_name && self.is_first(GapKind::UnsafeName) {
            let reason =
                "names are absolute or climb with `..`; read as relative to the source".to_owned();
            self.path_gap(GapKind::UnsafeName, reason);
        }
    }

    /// Refuses an entry whose path or link target is too long to be one; neither is shown, since it may be a megabyte.
    fn refuse_long(&mut self, extensions: &Extensions) -> bool {
        let limit = self.limits.path_bytes_max;
        let texts = [&extensions.sparse.name, &extensions.name, &extensions.link];
        // Names in a header itself have 256 bytes at most (prefix, slash and name), so extensions alone can be too long.
        let longest = texts.into_iter().flatten().map(Vec::len).max().unwrap_or_default();
        if longest <= limit {
            return false;
        }
        let offset = self.header_offset();
        let reason = format!(
            "a path of {longest} bytes, over the limit of {limit}, for the entry at byte {offset}; skipped"
        );
        self.gap(GapKind::OverLimit, reason);
        true
    }

    /// Announces the entry; returns how many bytes of its body to collect.
    fn offer(&mut self, header: Header<'_>, extensions: &Extensions, stored: u64) -> Option<u64> {
        let kind = self.kind(header, extensions, stored)?;
        if self.path.is_empty() {
            return self.refuse_nameless(&kind);
        }
        let is_file = kind == EntryKind::File;
        // `data/hmac/.` of a regular file: its bytes pass for the key `data/hmac` only where a tool takes the dot away.
        if is_file && names_a_directory(extensions.full_name().unwrap_or(header.name())) {
            let reason = "has a name that ends in a dot, as of a directory; tools disagree on whether it is a file";
            self.visit.disputed(&self.path, "", reason);
        }
        let size = match &self.sparse {
            _ if !is_file => 0,
            // The size in the header is that of the stored pieces, not of the file.
            Some(sparse) => sparse.real_size,
            None => stored,
        };
        self.take_owner(header, extensions);
        let extent = self.body_extent().filter(|_| is_file);
        let written = extensions.mtime_ms.map_or_else(
            // The field is kept as it is: hardly any time is ever asked for, and parsing all of
            // them would cost more.
            || EntryTime::Tar(header.mtime()),
            |ms| EntryTime::Known(FileTime::UtcMs(ms)),
        );
        let owner = self.owner.take();
        let entry = Entry { path: &self.path, kind, size, extent, owner, written };
        let want = self.visit.entry(&entry);
        self.owner = entry.owner;
        if is_file { self.accept(want, size, stored) } else { None }
    }

    /// Notes whose the entry is.
    fn take_owner(&mut self, header: Header<'_>, extensions: &Extensions) {
        let is_extended =
            extensions.uid.is_some() || extensions.gid.is_some() || extensions.user.is_some();
        let fields = header.owner_fields().filter(|_| !is_extended);
        if fields.is_none() || fields != self.owner_fields {
            self.owner = owner(header, extensions, self.limits.user_bytes_max);
            self.owner_fields = fields;
        }
    }

    fn accept(&mut self, want: Want, size: u64, stored: u64) -> Option<u64> {
        let sparse = self.sparse.is_some();
        self.secret = !matches!(want, Want::Prefix { .. });
        self.want = want;
        let bytes_max = match want {
            Want::Nothing => return None,
            Want::Later { .. } => {
                if let Repeats::WhereTold(input) = &self.repeats {
                    // An input that ended too early listens no more.
                    drop(input.send(self.position..self.position.saturating_add(stored)));
                }
                return None;
            }
            // Expanding takes the whole body in memory, and an archive may have gigabytes.
            Want::Archive if sparse => {
                let reason =
                    "a sparse file, which may be an archive and was not opened; pack without -S";
                self.path_gap(GapKind::Unsupported, reason.to_owned());
                return None;
            }
            Want::Stream if sparse => {
                let reason = "a sparse file, which is not read piece by piece".to_owned();
                self.path_gap(GapKind::Unsupported, reason);
                return None;
            }
            Want::Stream | Want::Archive => return Some(stored),
            Want::Whole { bytes_max } | Want::Prefix { bytes_max } => bytes_max,
        };
        if let Some(fault) = self.sparse.as_ref().and_then(|sparse| sparse.fault) {
            self.path_gap(GapKind::Unsupported, fault.to_owned());
            return None;
        }
        // In format 1.0 the map lies at the head of the stored body, so that may be longer than the file.
        let stored_max = bytes_max.saturating_add(self.limits.extension_bytes_max);
        if sparse && size <= bytes_max && stored <= stored_max {
            return Some(stored);
        }
        match want {
            Want::Prefix { .. } if sparse => {
                self.path_gap(
                    GapKind::Unsupported,
                    "a sparse file too large to be expanded".to_owned(),
                );
                None
            }
            Want::Prefix { bytes_max } => Some(stored.min(bytes_max)),
            _ if size <= bytes_max && !sparse => Some(stored),
            _ => {
                self.path_gap(
                    GapKind::TooLarge,
                    format!("{size} bytes, more than the {bytes_max} of any real one"),
                );
                None
            }
        }
    }

    fn kind(
        &mut self,
        header: Header<'_>,
        extensions: &Extensions,
        stored: u64,
    ) -> Option<EntryKind> {
        let first = || {
            // A POSIX name over 100 bytes is split, and
            // then the prefix says whether it is absolute.
            let own = if header.prefix().is_empty() { header.name() } else { header.prefix() };
            extensions.name.as_deref().unwrap_or(own)
        };
        let name = || extensions.name.as_deref().unwrap_or(header.name());
        let link = || extensions.link.as_deref().unwrap_or(header.link());
        Some(match header.kind() {
            // A hard link names a path of the archive, a
            // symbolic one a path relative to its own directory.
            b'1' => EntryKind::HardLink(path::hard_link(first(), link())),
            b'2' => EntryKind::SymbolicLink(path::symbolic_link_named(first(), &self.path, link())),
            // Devices and FIFOs: no file of AEM is one, and what they would yield is of the
            // machine, not of the archive.
            b'3' | b'4' | b'6' => EntryKind::Other,
            b'5' | b'D' => EntryKind::Directory,
            b'M' | b'N' => {
                let reason =
                    "a part of a multi-volume archive, or names in an obsolete form".to_owned();
                self.path_gap(GapKind::Unsupported, reason);
                return None;
            }
            // Before POSIX a directory was a file whose name ends in a slash. One with bytes is neither.
            b'0' | 0 if name().ends_with(b"/") && stored > 0 => EntryKind::Other,
            b'0' | 0 if name().ends_with(b"/") => EntryKind::Directory,
            // POSIX: a type that is not known is to be read as a regular file.
            _ => EntryKind::File,
        })
    }

    fn refuse_nameless(&mut self, kind: &EntryKind) -> Option<u64> {
        // `tar -C DIR .` begins with the directory `./`, of which nothing is left as a path.
        if *kind != EntryKind::Directory {
            let offset = self.header_offset();
            self.gap(GapKind::Corrupt, format!("an entry without a name, at byte {offset}"));
        }
        None
    }
}

/// Returns `true` if the last part of a name is `.` or `..`: GNU tar cannot make a file of such a name, and Python may.
fn names_a_directory(name: &[u8]) -> bool {
    let above = name.strip_suffix(b".").map(|name| name.strip_suffix(b".").unwrap_or(name));
    above.is_some_and(|above| above.is_empty() || above.ends_with(b"/"))
}

/// Returns how many bytes of body are stored. Links, devices and directories have none, whatever their header says:
/// GNU and Solaris tar leave the size of the target or of the directory there.
fn stored_size(header: Header<'_>, extensions: &Extensions) -> Result<u64, BadNumber> {
    // `pax -o linkdata` stores a body behind a hard link all the same; the search for the next header reports it.
    if matches!(header.kind(), b'1'..=b'6' | b'V') {
        return Ok(0);
    }
    // The header has room for 8 GiB in octal; POSIX pax lets a `size` record replace it.
    extensions.size.map_or_else(|| header.size(), Ok)
}

fn owner(header: Header<'_>, extensions: &Extensions, user_bytes_max: usize) -> Option<Owner> {
    // Some writers keep the type of the file in the upper bits; only the permissions count here.
    let mode = u32::try_from(header.mode().ok()?).ok()? & 0o7777;
    let uid = extensions.uid.or_else(|| header.uid().ok())?;
    let gid = extensions.gid.or_else(|| header.gid().ok())?;
    let name = extensions.user.as_deref().unwrap_or(header.user());
    // A name that is too long is of no user, and the numeric ids say as much.
    let user = (1..=user_bytes_max).contains(&name.len()).then(|| path::text(name));
    Some(Owner { uid, gid, user, mode })
}
