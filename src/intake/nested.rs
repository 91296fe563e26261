//! Archives inside archives: each is walked where it lies, as it comes, and what it holds is below its own path and a `!`.

use super::archive_name::{
    claims_content, claims_nothing, claims_other, claims_program, kind_of_program, later_part,
    part_hint, program,
};
use super::container::{Container, Context, Input, Opened};
use super::depth::Depth;
use super::probe::{Held, Probe};
use super::{
    Descend, Entry, EntryKind, LinkTarget, Visit, Want, pack_errors, read_head_of, sniff, stand_in,
    ticket, wrapped,
};
use crate::facts::{GapKind, INSIDE, split_path};
use crate::limits::Limits;
use std::io::{self, Read};

/// What names in an install begin with, or the directories above.
const INSTALL_NAMES: [&str; 4] =
    ["crx-quickstart/", "launchpad/", "felix/bundle", "conf/sling.properties"];

/// An entry that may be an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'p> {
    pub(super) path: &'p str,
    /// Bytes that it has at most.
    pub(super) size: u64,
    /// Entries of the archive around it, so far.
    pub(super) entries: u64,
}

/// Walks the body of an entry if it is an archive.
pub(super) fn walk(
    body: &mut dyn Read,
    Member { path, size, entries }: Member<'_>,
    limits: &Limits,
    visit: &mut dyn Visit,
    depth: &mut Depth,
) {
    let mut below = Below::of(path, visit);
    let mut body = Body(body);
    let head = match read_head_of(&mut body, usize::try_from(size).unwrap_or(usize::MAX)) {
        Ok(head) => head,
        Err(error) => {
            return below.gap(None, GapKind::Unreadable, error.to_string());
        }
    };
    let container = match sniff::sniff(&head) {
        Ok(container) if container.packs_programs && is_program(path, &head) => {
            let (mut probe, too_deep) =
                (Probe::into_archives(), depth.level >= limits.inner_depth_max);
            if !too_deep {
                let mut context = context(container, limits, &mut probe, depth, entries);
                (container.walk)(Opened { head, input: &mut body }, &mut context);
                // What jars hold is no part of the source, and only what it takes to look counts.
                depth.unpacked = context.depth.unpacked.saturating_add(context.unpacked);
            }
            return below.tell_program(path, if too_deep { Held::Unclear } else { probe.held() });
        }
        Ok(container) => container,
        // Any entry that may be an archive gets here, and most are none; only what was meant for one is a gap.
        Err((kind, reason)) if is_none(kind) && !below.is_meant => {
            if let Some(said) = pack_errors::find(&head) {
                return below.visit.unknown(&below.prefix, GapKind::Partial, said);
            }
            let name = split_path(path).1;
            for (listed, reason) in stand_in::listed(name, &head) {
                let beside = path.strip_suffix(name).unwrap_or_default();
                let listed = format!("{beside}{listed}{INSIDE}");
                below.visit.unknown(&listed, GapKind::NotAnArchive, reason);
            }
            let reason = stand_in::said(path, reason);
            match wrapped::find(path, &head, &mut body) {
                Ok(Some((kind, reason))) => below.visit.unknown(&below.prefix, kind, reason),
                Ok(None) if ticket::is_known(path, &head) => {}
                // What ends early is told of by the walk around it.
                Ok(None) | Err(_) => below.visit.unknown(&below.prefix, kind, reason),
            }
            return;
        }
        Err((kind, reason)) => return below.gap(None, kind, reason),
    };
    // Packed, and named as nothing else: `publish2` that is the gzip of an error page.
    below.is_meant |= claims_nothing(path);
    below.is_known = ticket::is_known(path, &head);
    below.part.hint = part_hint(path);
    // An archive that holds itself would be opened without end.
    if depth.level >= limits.inner_depth_max || depth.opened >= limits.inner_archives_max {
        let reason = "is an archive inside archives, too deep or one too many, and was not opened; unpack it and name it as a source";
        return below.gap(None, GapKind::Nested, reason.to_owned());
    }
    let mut context = context(container, limits, &mut below, depth, entries);
    (container.walk)(Opened { head, input: &mut body }, &mut context);
    let is_tar = context.names == ["tar"];
    depth.opened = context.depth.opened;
    depth.entries = context.depth.entries.saturating_add(context.entries);
    // A bomb of many small bombs is bounded by what all of them come to.
    depth.unpacked = context.depth.unpacked.saturating_add(context.unpacked);
    below.tell_part(path, is_tar);
}

/// Returns what the walk of an archive inside another carries along. `entries`: those of the archive around it, so far.
fn context<'a>(
    container: &Container,
    limits: &'a Limits,
    visit: &'a mut dyn Visit,
    depth: &Depth,
    entries: u64,
) -> Context<'a> {
    Context {
        limits,
        visit,
        names: vec![container.name],
        entries: 0,
        unpacked: 0,
        nesting: 0,
        hint: None,
        depth: Depth {
            level: depth.level.saturating_add(1),
            opened: depth.opened.saturating_add(1),
            around: depth.around.saturating_add(entries),
            ..depth.clone()
        },
        state: None,
        digest: None,
        listing: None,
        random_access: None,
    }
}

/// Returns `true` if a zip is the program or document that its name claims: `jar cf publish2.jar crx-quickstart` names an install
/// in its first bytes.
fn is_program(path: &str, head: &[u8]) -> bool {
    let holds = |text: &str| head.windows(text.len()).any(|at| at == text.as_bytes());
    claims_program(path) && !INSTALL_NAMES.iter().any(|name| holds(name))
}

/// Returns `true` if a kind says that something is no archive.
fn is_none(kind: GapKind) -> bool {
    matches!(kind, GapKind::NotAnArchive | GapKind::EmptyFile)
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
    /// It is a log or a dump, as far as its name tells.
    is_other: bool,
    /// It is none of an instance, as far as its name and its first bytes tell.
    is_known: bool,
    /// Somebody meant it for an archive, as far as its name tells.
    is_meant: bool,
    part: Part,
}

/// What is said of an archive that may be a part of one.
#[derive(Default)]
struct Part {
    /// What its name says of it where it is cut.
    hint: Option<&'static str>,
    /// Something was said of it as a whole.
    is_told: bool,
}

impl<'v> Below<'v> {
    fn of(path: &str, visit: &'v mut dyn Visit) -> Self {
        Self {
            visit,
            prefix: format!("{path}{INSIDE}"),
            path: String::new(),
            is_meant: claims_content(path),
            is_other: claims_other(path),
            is_known: false,
            part: Part::default(),
        }
    }

    /// Says of what is whole, and by its name the end of something cut, that what came before it may be missing.
    fn tell_part(&mut self, path: &str, is_tar: bool) {
        self.part.hint = None;
        if let Some(part) = later_part(path, is_tar).filter(|_| !self.part.is_told) {
            self.gap(None, GapKind::Partial, format!("is {}", part.hint));
        }
    }

    /// Says what an archive of programs or a document holds.
    fn tell_program(&mut self, path: &str, held: Held) {
        const CURE: &str = "unpack it, and name it as a source";
        let what = kind_of_program(path);
        let (kind, reason) = match held {
            Held::Install => {
                let reason = format!("is {what} with an install in it, and was not opened; {CURE}");
                return self.gap(None, GapKind::Nested, reason);
            }
            Held::Unclear => {
                (GapKind::Nested, format!("is {what} that was not looked through; {CURE}"))
            }
            Held::Carried(refusal) => refusal,
            Held::Names | Held::None => (GapKind::Package, program(path)),
        };
        self.visit.unknown(&self.prefix, kind, reason);
    }

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
        let (size, written) = (entry.size, entry.written);
        // What lies in an archive inside the source cannot be
        // read at a place: its bytes are those of a stream.
        self.visit.entry(&Entry { path: &self.path, kind, size, extent: None, owner, written })
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
        // Zeros are an empty tar, and what a crash leaves of a log.
        let is_unknown = is_none(kind) && !self.is_meant;
        if path.is_none() && is_unknown && !self.is_other {
            return self.visit.unknown(&self.prefix, kind, reason);
        }
        let is_empty = kind == GapKind::EmptyArchive && !self.is_meant;
        if path.is_none() && is_empty && !self.is_other && !self.is_known {
            let (kind, reason) = sniff::zeros();
            return self.visit.unknown(&self.prefix, kind, reason);
        }
        let is_log = kind == GapKind::Unsupported && self.is_other;
        if path.is_none() && (is_unknown || is_empty || is_log) {
            return;
        }
        let reason = match self.part.hint.filter(|_| path.is_none() && kind.is_cut()) {
            Some(hint) if !self.part.is_told => format!("{reason}; {hint}"),
            _ => reason,
        };
        self.part.is_told |= path.is_none() && kind.hides();
        let path = path.map_or_else(|| self.prefix.clone(), |path| self.below(path));
        self.visit.gap(Some(&path), kind, reason);
    }

    fn unknown(&mut self, path: &str, kind: GapKind, reason: String) {
        let path = self.below(path);
        self.visit.unknown(&path, kind, reason);
    }

    fn was_link(&mut self, path: &str, certain: bool, reason: &str) {
        let path = self.below(path);
        self.visit.was_link(&path, certain, reason);
    }

    fn disputed(&mut self, path: &str, other: &str, reason: &str) {
        let other = if other.is_empty() { String::new() } else { self.below(other) };
        self.visit.disputed(&self.below(path), &other, reason);
    }

    fn left_out(&mut self, path: &str) {
        let path = self.below(path);
        self.visit.left_out(&path);
    }

    fn descend(&mut self, _: &str) -> Descend {
        Descend::All
    }
}
