//! The gaps of one source, of which only so many are kept.

use crate::facts::{Gap, GapKind, is_in_realm};
use std::collections::BTreeSet;

/// Gaps in the order in which they came.
#[derive(Debug)]
pub(super) struct GapList<'a> {
    source: &'a str,
    gaps: Vec<Gap>,
    /// Limits that were reached, and said.
    limits: BTreeSet<String>,
    gaps_max: usize,
    left_out: usize,
    /// The worst kind among those left out.
    worst: GapKind,
}

impl<'a> GapList<'a> {
    pub(super) fn new(source: &'a str, gaps_max: usize) -> Self {
        Self {
            source,
            gaps: Vec::new(),
            limits: BTreeSet::new(),
            gaps_max,
            left_out: 0,
            worst: GapKind::Duplicate,
        }
    }

    /// Adds a gap, or counts it where there are too many.
    pub(super) fn record(&mut self, path: Option<&str>, kind: GapKind, reason: String) {
        if self.gaps.len() >= self.gaps_max {
            self.left_out = self.left_out.saturating_add(1);
            self.worst = worse(self.worst, kind);
            return;
        }
        let source = self.source.to_owned();
        self.gaps.push(Gap { source, path: path.map(str::to_owned), kind, reason });
    }

    /// Returns gaps of which only so many are kept, sorted.
    pub(super) fn capped<'g>(
        source: &'a str,
        gaps: impl IntoIterator<Item = &'g Gap>,
        gaps_max: usize,
    ) -> Vec<Gap> {
        let mut list = Self::new(source, gaps_max);
        for gap in gaps {
            // Those that are only counted need no text of their own.
            let is_listed = list.gaps.len() < gaps_max;
            let reason = if is_listed { gap.reason.clone() } else { String::new() };
            list.record(gap.path.as_deref(), gap.kind, reason);
        }
        list.finish()
    }

    /// Says once that a limit was reached.
    pub(super) fn record_limit(&mut self, reason: String) {
        if self.limits.insert(reason.clone()) {
            self.record(None, GapKind::OverLimit, reason);
        }
    }

    /// Drops those that concern what lies in an archive inside the source.
    pub(super) fn drop_realm(&mut self, realm: &str) {
        let is_of = |gap: &Gap| gap.path.as_deref().is_some_and(|path| is_in_realm(path, realm));
        self.gaps.retain(|gap| !is_of(gap));
    }

    /// Returns all of them, sorted, with one more for those that were left out.
    pub(super) fn finish(mut self) -> Vec<Gap> {
        if self.left_out > 0 {
            let reason = format!("{} more problems of this source are not listed", self.left_out);
            let source = self.source.to_owned();
            self.gaps.push(Gap { source, path: None, kind: self.worst, reason });
        }
        self.gaps.sort();
        self.gaps.dedup();
        self.gaps
    }
}

/// Returns the kind that stands for gaps left out, with one more among them. A wrong checksum comes behind everything else that is
/// wrong with a source, and must not be lost for it.
fn worse(before: GapKind, kind: GapKind) -> GapKind {
    if before.taints() || kind.taints() {
        GapKind::CorruptStream
    } else if before.hides() || kind.hides() {
        GapKind::OverLimit
    } else {
        GapKind::Duplicate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_checksum_is_not_lost_among_gaps_that_are_left_out() {
        for (kind, told) in [
            (GapKind::Duplicate, GapKind::Duplicate),
            (GapKind::LinkLoop, GapKind::OverLimit),
            (GapKind::GlobalPath, GapKind::CorruptStream),
        ] {
            let mut list = GapList::new("s", 1);
            for kind in [GapKind::Duplicate, GapKind::Duplicate, kind, GapKind::Duplicate] {
                list.record(None, kind, String::new());
            }
            let gaps = list.finish();
            let left_out = gaps.iter().find(|gap| gap.reason.starts_with("3 more"));
            assert_eq!(left_out.map(|gap| gap.kind), Some(told));
        }
    }

    #[test]
    fn gaps_of_an_archive_inside_go_with_it() {
        let mut list = GapList::new("s", 9);
        for path in ["a.tar!", "a.tar!/x", "a.tar", "a.tar!x", "b.tar!"] {
            list.record(Some(path), GapKind::Partial, String::new());
        }
        list.drop_realm("a.tar!");
        let left: Vec<_> = list.finish().into_iter().filter_map(|gap| gap.path).collect();
        assert_eq!(left, ["a.tar", "a.tar!x", "b.tar!"]);
    }
}
