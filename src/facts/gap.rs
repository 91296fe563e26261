//! What could not be read, and whether that could hide a fact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that could not be read, or was read in a way the user must know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The source as the user named it.
    pub source: String,
    /// Path inside the source; `None` when the gap concerns the source as a whole.
    pub path: Option<String>,
    /// The kind, for programs.
    pub kind: GapKind,
    /// What happened, for people: one sentence without a full stop.
    pub reason: String,
}

/// What is said of an archive that lacks files which had not changed.
pub const INCREMENTAL: &str = "an incremental one (tar -g)";

/// The kinds of gap. Their names are part of the JSON output.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// The source ends before it should.
    Partial,
    /// Saved facts are not all that their run wrote. What is missing is seen again whenever they are read, so it is never saved itself.
    FactsMissing,
    /// The structure is damaged at one spot; reading went on behind it.
    Corrupt,
    /// A checksum over the content fails: every fact of the source is in doubt.
    CorruptStream,
    /// A tar without its end-of-archive blocks: perhaps cut exactly between two entries.
    NoEoa,
    /// Bytes after the end that belong to no known structure.
    TrailingData,
    /// A valid archive without any entry.
    EmptyArchive,
    /// A file of no bytes.
    EmptyFile,
    /// Not a container that is known.
    NotAnArchive,
    /// A known format or feature that is not supported.
    Unsupported,
    /// Encrypted, and so not read.
    Encrypted,
    /// A PAX global header renames or resizes entries; tools disagree on its meaning.
    GlobalPath,
    /// A link that leads out of the source.
    LinkOutside,
    /// A link that leads to itself.
    LinkLoop,
    /// A link whose target is not in the source.
    LinkBroken,
    /// Evidence larger than any real one; not read.
    TooLarge,
    /// A limit was reached; what came behind it was not read.
    OverLimit,
    /// The source does not exist.
    Missing,
    /// The operating system refused to read it.
    Unreadable,
    /// It changed while it was read.
    Changed,
    /// Evidence that does not follow its format.
    Malformed,
    /// An archive inside the source, outside any install; not opened.
    Nested,
    /// An archive beside an install, or a content package; no instance is in it.
    Package,
    /// A link beside an install that leads out of the source, perhaps to another install.
    LinkBeside,
    /// Two versions of one piece of evidence, and nothing shows which one the instance uses.
    Ambiguous,
    /// Files of two instances lie under one path: what was read there is of neither.
    Mixed,
    /// States of one install at several times, and nothing shows which is the newest. It follows from saved facts, and is never saved itself.
    Undated,
    /// A part of an install, of which another source has more. It follows from all sources, and is never saved itself.
    Torn,
    /// One level of a backup, of which another source has another level: what it holds may have been replaced. Never saved, either.
    Level,
    /// Key files in a bundle directory that says nothing of which bundle it is.
    Unidentified,
    /// A setting or a script names something that is not in the source.
    Elsewhere,
    /// A setting that decides where something is, in a form that is not understood.
    Unclear,
    /// No AEM instance in the source.
    NoInstance,
    /// The tool failed on this source; a bug.
    Internal,
    /// One path was there several times; the last one counts, as in tar.
    Duplicate,
    /// Several archives in one file, one after the other; all were read.
    Concatenated,
    /// Names were absolute or climbed with `..`; they were read as relative to the source.
    UnsafeName,
    /// The same source was named more than once; it was read once.
    Repeated,
    /// A file among the configurations that Felix does not use.
    Ignored,
    /// A configuration in a form that Felix does not write; versions of Felix read it differently.
    Lenient,
    /// A log was not read to its end. What logs say adds to the other facts and decides none of them.
    Log,
}

impl GapKind {
    /// Returns the name used in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Partial | Self::FactsMissing | Self::Torn | Self::Level => "partial",
            Self::Corrupt | Self::CorruptStream => "corrupt",
            Self::NoEoa => "no-eoa",
            Self::TrailingData => "trailing-data",
            Self::EmptyArchive => "empty-archive",
            Self::EmptyFile => "empty-file",
            Self::NotAnArchive => "not-an-archive",
            Self::Unsupported => "unsupported",
            Self::Encrypted => "encrypted",
            Self::GlobalPath => "global-path",
            Self::LinkOutside | Self::LinkBeside => "link-outside",
            Self::LinkLoop => "link-loop",
            Self::LinkBroken => "link-broken",
            Self::TooLarge => "too-large",
            Self::OverLimit => "over-limit",
            Self::Missing | Self::Unreadable => "unreadable",
            Self::Changed => "changed",
            Self::Malformed => "malformed",
            Self::Nested | Self::Package => "nested",
            Self::Ambiguous | Self::Mixed | Self::Undated => "ambiguous",
            Self::Unidentified => "unidentified",
            Self::Elsewhere => "elsewhere",
            Self::Unclear => "unclear-setting",
            Self::NoInstance => "no-instance",
            Self::Internal => "internal",
            Self::Duplicate => "duplicate",
            Self::Concatenated => "concatenated",
            Self::UnsafeName => "unsafe-name",
            Self::Repeated => "repeated",
            Self::Ignored => "ignored-config",
            Self::Lenient => "lenient-config",
            Self::Log => "log",
        }
    }

    /// Returns `true` if what it tells of ends too early, or may, or holds nothing, as the last part of a split tar may.
    pub fn is_cut(self) -> bool {
        matches!(self, Self::Partial | Self::NoEoa | Self::EmptyArchive)
    }

    /// Returns `true` if a fact may be missing because of it. The rest are notes.
    pub fn hides(self) -> bool {
        // Of equal names tar takes the last, and archives in a row are all read, so nothing is
        // missing there.
        !matches!(
            self,
            Self::Duplicate
                | Self::Concatenated
                | Self::UnsafeName
                | Self::Repeated
                | Self::Ignored
                | Self::Lenient
                | Self::Log
                | Self::Package
                | Self::LinkBeside
        )
    }

    /// Returns `true` if it is saved with the facts. The rest are seen again whenever these are read.
    pub fn is_saved(self) -> bool {
        !matches!(self, Self::FactsMissing | Self::Undated | Self::Torn | Self::Level)
    }

    /// Returns `true` if it puts even the facts that were read in doubt.
    pub fn taints(self) -> bool {
        // GNU tar and Python apply the path of a global header to what follows, and bsdtar ignores
        // it: one of them is wrong.
        matches!(
            self,
            Self::CorruptStream | Self::GlobalPath | Self::Mixed | Self::Undated | Self::Level
        )
    }

    /// Returns `true` if it concerns a path alone, when it names one.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            Self::LinkOutside
                | Self::LinkLoop
                | Self::LinkBroken
                | Self::TooLarge
                | Self::Unreadable
                | Self::Unsupported
                | Self::Changed
                | Self::Malformed
                | Self::Ambiguous
                | Self::Mixed
                | Self::Undated
                | Self::Unidentified
                | Self::Elsewhere
                | Self::Unclear
                | Self::Duplicate
                | Self::Ignored
                | Self::Lenient
                | Self::Log
        )
    }
}

impl Gap {
    /// Returns `true` if it concerns its path alone. The rest concern the source as a whole, even when they name a path.
    pub fn is_local(&self) -> bool {
        self.kind.is_local() && self.path.is_some()
    }
}
