//! Archives inside archives: each is walked where it lies, as it comes, and what it holds stands below its own path and a `!`.

use super::container::{Context, Input, Opened};
use super::{Descend, Entry, EntryKind, LinkTarget, Visit, Want, read_head_of, sniff};
use crate::facts::{GapKind, INSIDE};
use crate::limits::Limits;
use std::io::{self, Read};

/// How far the walk of a source went into archives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Depth {
    /// Archives around the one at hand.
    level: u32,
    /// Archives opened inside the source.
    opened: u32,
}

/// Walks the body of an entry if it is an archive; returns how many entries that has. `size` is how many bytes it has at most.
pub(super) fn walk(
    body: &mut dyn Read,
    (path, size): (&str, u64),
    limits: &Limits,
    visit: &mut dyn Visit,
    depth: &mut Depth,
) -> u64 {
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
            below.gap(None, GapKind::Unreadable, error.to_string());
            return 0;
        }
    };
    let container = match sniff::sniff(&head) {
        Ok(container) => container,
        Err((kind, reason)) => {
            below.gap(None, kind, reason);
            return 0;
        }
    };
    if depth.level >= limits.inner_depth_max || depth.opened >= limits.inner_archives_max {
        let reason = "is an archive inside archives, too deep or one too many, and was not opened; unpack it and name it as a source";
        below.gap(None, GapKind::Nested, reason.to_owned());
        return 0;
    }
    let mut context = Context {
        limits,
        visit: &mut below,
        names: vec![container.name],
        entries: 0,
        nesting: 0,
        hint: None,
        depth: Depth {
            level: depth.level.saturating_add(1),
            opened: depth.opened.saturating_add(1),
        },
        state: None,
    };
    (container.walk)(Opened { head, input: &mut body }, &mut context);
    depth.opened = context.depth.opened;
    context.entries
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
