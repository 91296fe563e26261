//! Archives inside archives: each is walked where it lies, as it comes, and what it holds stands below its own path and a `!`.

use super::container::{Context, Input, Opened};
use super::{Descend, Entry, EntryKind, LinkTarget, Visit, Want, read_head_of, sniff};
use crate::facts::{GapKind, INSIDE};
use crate::limits::Limits;
use std::io::{self, Read};

/// How far the walk of a source went into archives, and what it met there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Depth {
    /// Archives around the one at hand.
    level: u32,
    /// Archives opened inside the source.
    opened: u32,
    /// Entries of archives inside the one at hand.
    pub(super) entries: u64,
    /// Bytes that compressions inside the one at hand unpacked to.
    unpacked: u64,
}

impl Depth {
    /// Returns the bounds of the next archive: what those before it left of those of the whole.
    fn left(self, limits: &Limits) -> Limits {
        Limits {
            entries_max: limits.entries_max.saturating_sub(self.entries),
            unpacked_bytes_max: limits.unpacked_bytes_max.saturating_sub(self.unpacked),
            ..*limits
        }
    }
}

/// Walks the body of an entry if it is an archive. `size` is how many bytes it has at most.
pub(super) fn walk(
    body: &mut dyn Read,
    (path, size): (&str, u64),
    limits: &Limits,
    visit: &mut dyn Visit,
    depth: &mut Depth,
) {
    let mut below = Below {
        prefix: format!("{path}{INSIDE}"),
        path: String::new(),
        is_named_so: is_named_so(path),
        visit,
    };
    let mut body = Body(body);
    let head = match read_head_of(&mut body, usize::try_from(size).unwrap_or(usize::MAX)) {
        Ok(head) => head,
        Err(error) => {
            return below.gap(None, GapKind::Unreadable, error.to_string());
        }
    };
    let container = match sniff::sniff(&head) {
        Ok(container) => container,
        Err((kind, reason)) => return below.gap(None, kind, reason),
    };
    if depth.level >= limits.inner_depth_max || depth.opened >= limits.inner_archives_max {
        let reason = "is an archive inside archives, too deep or one too many, and was not opened; unpack it and name it as a source";
        return below.gap(None, GapKind::Nested, reason.to_owned());
    }
    let limits = depth.left(limits);
    let mut context = Context {
        limits: &limits,
        visit: &mut below,
        names: vec![container.name],
        entries: 0,
        unpacked: 0,
        nesting: 0,
        hint: None,
        depth: Depth {
            level: depth.level.saturating_add(1),
            opened: depth.opened.saturating_add(1),
            ..Depth::default()
        },
        state: None,
    };
    (container.walk)(Opened { head, input: &mut body }, &mut context);
    let Context { entries, unpacked, depth: inside, .. } = context;
    depth.opened = inside.opened;
    depth.entries = depth.entries.saturating_add(entries).saturating_add(inside.entries);
    depth.unpacked = depth.unpacked.saturating_add(unpacked).saturating_add(inside.unpacked);
}

/// Says whether a name claims an archive of several files; `.gz` alone may be anything.
pub(super) fn is_named_so(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = ["tar", "tgz", "taz", "tbz", "tbz2", "txz", "tlz", "tzst", "zip", "7z", "rar"];
    // Encrypted, split or kept copies have another ending behind it: `.tgz.gpg`, `.zip.001`, `.tar.gz.bak`.
    name.split('.').skip(1).any(|end| ends.contains(&end))
}

/// The bytes of an entry.
struct Body<'a>(&'a mut dyn Read);

impl Read for Body<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Input for Body<'_> {
    fn jump(&mut self, _: u64) -> io::Result<u64> {
        Ok(0)
    }
}

/// Puts what an archive holds below its path.
struct Below<'v> {
    visit: &'v mut dyn Visit,
    prefix: String,
    /// Path of the entry at hand; reused, since an archive may have millions.
    path: String,
    /// Its name says that it is an archive.
    is_named_so: bool,
}

impl Below<'_> {
    fn below(&self, path: &str) -> String {
        format!("{}/{path}", self.prefix)
    }

    fn target(&self, target: &LinkTarget) -> LinkTarget {
        match target {
            LinkTarget::Inside(path) => LinkTarget::Inside(self.below(path)),
            LinkTarget::Outside(path) => LinkTarget::Outside(path.clone()),
        }
    }
}

impl Visit for Below<'_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        self.path.clear();
        self.path.extend([self.prefix.as_str(), "/", entry.path]);
        let kind = match &entry.kind {
            EntryKind::HardLink(target) => EntryKind::HardLink(self.target(target)),
            EntryKind::SymbolicLink(target) => EntryKind::SymbolicLink(self.target(target)),
            kind => kind.clone(),
        };
        let owner = entry.owner.clone();
        self.visit.entry(&Entry { path: &self.path, kind, size: entry.size, offset: None, owner })
    }

    fn body(&mut self, bytes: &[u8]) {
        self.visit.body(bytes);
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.visit.piece(bytes);
    }

    fn body_end(&mut self) {
        self.visit.body_end();
    }

    fn gap(&mut self, path: Option<&str>, kind: GapKind, reason: String) {
        // Anything may lie beside an install, packed or not; only what was meant to be an archive can hide one.
        let is_no_archive = matches!(kind, GapKind::NotAnArchive | GapKind::EmptyFile);
        if path.is_none() && is_no_archive && !self.is_named_so {
            return;
        }
        let path = path.map_or_else(|| self.prefix.clone(), |path| self.below(path));
        self.visit.gap(Some(&path), kind, reason);
    }

    fn descend(&mut self, _: &str) -> Descend {
        Descend::All
    }
}
