//! What became of a source.

use super::{Gap, GapKind, SourceDigest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of one source. Every source has one, whatever its bytes are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRecord {
    /// The source as the user named it.
    pub name: String,
    /// The name that the user gave the instance in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How it is packed, outermost first, such as `gzip, tar`; empty when that is not known.
    pub container: String,
    /// Its length in bytes, where it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// When it was written to last, milliseconds since 1970, where it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime_ms: Option<u64>,
    /// What its bytes come to, where that was asked for and all of them could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<SourceDigest>,
    /// Entries seen.
    pub entries: u64,
    /// Instances found.
    pub instances: usize,
    /// Everything was read to the last byte.
    pub complete: bool,
    /// How it came to that; facts of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<SourceStatus>,
    /// Reading it again may give more: it could not be opened or read on, or changed meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retry: bool,
    /// The version of the tool that read it; facts of older versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The options that bear on what is read and are not as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
}

/// How a source was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceStatus {
    /// To the last byte, and it holds an instance.
    Whole,
    /// In part: it is cut, damaged, or over a limit.
    Damaged,
    /// To the last byte, or as far as is needed to tell that no instance is in it.
    NotAnUpload,
    /// Not at all: the operating system refused.
    Unreadable,
    /// The tool failed on it.
    Failed,
}

impl SourceRecord {
    /// Says how the source was read, by what was not read of it.
    #[must_use]
    pub fn with_status(mut self, gaps: &[Gap]) -> Self {
        let has = |kinds: &[GapKind]| gaps.iter().any(|gap| kinds.contains(&gap.kind));
        // The system may refuse one file of a directory, while the rest of it is read.
        let is_refused = has(&[GapKind::Missing, GapKind::Unreadable]) && self.entries == 0;
        self.status = Some(if has(&[GapKind::Internal]) {
            SourceStatus::Failed
        } else if is_refused {
            SourceStatus::Unreadable
        } else if self.instances == 0 && (self.complete || has(&[GapKind::NotAnArchive])) {
            SourceStatus::NotAnUpload
        } else if self.complete {
            SourceStatus::Whole
        } else {
            SourceStatus::Damaged
        });
        self.retry = has(&[GapKind::Missing, GapKind::Unreadable, GapKind::Changed]);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(instances: usize, complete: bool, kinds: &[GapKind]) -> (SourceStatus, bool) {
        let gap = |kind: &GapKind| {
            let (source, reason) = ("a".to_owned(), String::new());
            Gap { source, path: None, kind: *kind, reason }
        };
        let gaps: Vec<Gap> = kinds.iter().map(gap).collect();
        let record = SourceRecord { instances, complete, ..SourceRecord::default() };
        let record = record.with_status(&gaps);
        (record.status.unwrap(), record.retry)
    }

    #[test]
    fn gaps_say_how_a_source_was_read_and_whether_trying_again_may_help() {
        use SourceStatus::{Damaged, Failed, NotAnUpload, Unreadable, Whole};
        assert_eq!(status(1, true, &[]), (Whole, false));
        assert_eq!(status(1, true, &[GapKind::Duplicate]), (Whole, false));
        assert_eq!(status(1, false, &[GapKind::Partial]), (Damaged, false));
        assert_eq!(status(0, false, &[GapKind::Partial]), (Damaged, false));
        assert_eq!(status(0, false, &[GapKind::NotAnArchive]), (NotAnUpload, false));
        assert_eq!(status(0, true, &[]), (NotAnUpload, false));
        assert_eq!(status(0, false, &[GapKind::Unreadable]), (Unreadable, true));
        assert_eq!(status(1, false, &[GapKind::Changed]), (Damaged, true));
        assert_eq!(status(0, false, &[GapKind::Internal]), (Failed, false));
    }
}
