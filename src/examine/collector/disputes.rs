//! Entries of which tools disagree where they lie, and files that an archive says it does not hold.

use super::{Collector, Item};
use crate::evidence::{Fact, Reads, classify, implied_revision};
use crate::examine::hints;
use crate::examine::links::{Follower, Resolved};
use crate::examine::paths::{first_below, join, name, parent};
use crate::examine::segments;
use crate::facts::{GapKind, INCREMENTAL};
use crate::intake::{LinkTarget, claims_archive};
use crate::limits::Limits;
use std::collections::BTreeSet;

const THROUGH: &str = "is below a link in the archive, and tools unpack it to different places; pack the instance again, or send the unpacked one";

const WRITTEN_THROUGH_MAX: usize = Limits::DEFAULT.written_through_max;

impl Collector<'_> {
    /// Tells of an entry that may lie elsewhere, where it matters at either place.
    pub(super) fn dispute(&mut self, path: &str, other: &str, reason: &str) {
        let at = [path, other].into_iter().find(|path| matters(path));
        if let Some(at) = at {
            self.gaps.record(Some(at), GapKind::Ambiguous, reason.to_owned());
        }
    }

    /// Tells of an entry that is unpacked through links before it. GNU tar and Python write through them, `unzip` makes links last.
    pub(super) fn see_written_through(&mut self, path: &str) {
        let directory = parent(path);
        // An archive may have thousands of links, and millions of files in few directories.
        if self.links.is_empty() || self.plain_directory == directory {
            return;
        }
        if !self.link_paths.of(directory).any(|(above, _)| self.links.contains_key(above)) {
            directory.clone_into(&mut self.plain_directory);
        } else if matters(path) {
            self.dispute(path, "", THROUGH);
        } else if let Some(Resolved::Inside(directory)) =
            self.write_through(&LinkTarget::Inside(directory.to_owned()))
        {
            self.dispute("", &join(&directory, name(path)), THROUGH);
        }
    }

    /// Returns where a tool writes to that follows links. Behind so many no more are followed, and what lies there is not known.
    fn write_through(&mut self, target: &LinkTarget) -> Option<Resolved> {
        self.written_through = self.written_through.saturating_add(1);
        if self.written_through > WRITTEN_THROUGH_MAX {
            let reason = format!(
                "has more than {WRITTEN_THROUGH_MAX} entries below links; where the rest is unpacked to is not known. Pack the instance again"
            );
            self.gaps.record_limit(reason);
            return None;
        }
        Some(Follower::new(&self.links).follow(target))
    }

    /// Tells of a file that replaces a link: Python writes it to where the link leads.
    pub(super) fn see_replaced_link(&mut self, path: &str, is_file: bool) {
        let Some(link) = self.links.remove(path) else { return };
        if is_file
            && let Some(Resolved::Inside(target)) = self.write_through(&link)
            && matters(&target)
        {
            let reason = "is replaced by some tools when the archive is unpacked, since a file has the name of a link to it; pack the instance again";
            self.gaps.record(Some(&target), GapKind::Ambiguous, reason.to_owned());
        }
    }

    /// Tells of what was read before a link to be put in its place.
    pub(super) fn see_behind_links(&mut self) {
        let first = |link: &String| first_below(&self.items, link).map(str::to_owned);
        let behind: Vec<String> = self.links.keys().filter_map(first).collect();
        for path in behind {
            self.dispute(&path, "", THROUGH);
        }
    }

    /// Notes a revision directory that is known by what lies in it alone.
    pub(super) fn see_revision(&mut self, path: &str) {
        if let Some(revision) = implied_revision(path)
            && !self.items.contains_key(revision)
        {
            self.put(revision.to_owned(), Item::Read { fact: Ok(Fact::Seen), owner: None });
        }
    }

    /// Notes a file that would be one of a bundle if case did not matter.
    pub(super) fn see_other_case(&mut self, path: &str) {
        if hints::is_exact_in_any_case(path)
            && classify(&path.to_ascii_lowercase()).is_some()
            && self.has_room(path.len())
        {
            self.other_case.push(path.to_owned());
        }
    }

    /// Tells of evidence that becomes one file with another where case is ignored, as on Windows and on a Mac.
    pub(super) fn tell_other_case(&mut self) {
        let has_case =
            |path: &&String| !path.is_ascii() || path.bytes().any(|byte| byte.is_ascii_uppercase());
        let cased = self.items.keys().filter(has_case).chain(&self.other_case);
        // NTFS and APFS fold case beyond ASCII, so bytes are not compared.
        let cased: BTreeSet<String> = cased.map(|path| path.to_lowercase()).collect();
        // Of two that become one at least one changes. Most evidence has none but small letters.
        let may_be_twice = |path: &&String| has_case(path) || cased.contains(*path);
        let mut seen: BTreeSet<String> =
            self.other_case.iter().map(|path| path.to_lowercase()).collect();
        let is_twice = |path: &&String| !seen.insert(path.to_lowercase()) && matters(path);
        let twice = self.items.keys().filter(may_be_twice).filter(is_twice);
        let twice: Vec<String> = twice.cloned().collect();
        for path in twice {
            let reason = "has the name of another file but for case, and on Windows and macOS one replaces the other; look on the instance which one is there";
            self.gaps.record(Some(&path), GapKind::Ambiguous, reason.to_owned());
        }
    }

    /// Notes a file that the archive says exists, and does not hold.
    pub(super) fn note_left_out(&mut self, path: &str) {
        // Any segment may be in the file that is left out, so such a store is not read.
        if let Some(store) = segments::store(path) {
            let reason = format!(
                "is not in the archive, which is {INCREMENTAL}; send the full archive, level 0, as well"
            );
            self.segments.lose(&store, path, reason);
        } else if matters(path) && self.has_room(path.len()) {
            self.left_out.insert(path.to_owned());
        }
    }

    /// Tells of files that the archive does not hold. In a series of archives one file, the full one may have come first.
    pub(super) fn tell_left_out(&mut self) {
        let mut left_out = std::mem::take(&mut self.left_out);
        left_out.retain(|path| !self.items.contains_key(path));
        // Without its jar a bundle is known by its location. Leaving those out is usual.
        let is_jar = |path: &&String| path.ends_with("/bundle.jar");
        let mut missed = left_out.iter().filter(|path| !is_jar(path));
        if let Some(first) = missed.next() {
            let others = match missed.count() {
                0 => String::new(),
                more => format!("and {more} more "),
            };
            let reason = format!(
                "{others}had not changed and is not in this archive, {INCREMENTAL}; send the full archive, level 0, as well"
            );
            self.gaps.record(Some(first), GapKind::Partial, reason);
        }
        for path in left_out {
            self.put(path, Item::Lost);
        }
    }
}

/// Returns `true` if what is at a path decides anything.
fn matters(path: &str) -> bool {
    let is_evidence =
        classify(path).is_some_and(|(kind, _)| !matches!(kind.reads, Reads::Stream(_)));
    let is_archive = || claims_archive(path) && hints::may_hold_install(path);
    !path.is_empty()
        && (is_evidence
            || implied_revision(path).is_some()
            || segments::store(path).is_some()
            || is_archive())
}
