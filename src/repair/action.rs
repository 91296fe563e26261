//! A plan: what is done to a farm, in which order, and what comes of it.

use super::{Id, RuleId, Text};
use crate::facts::{Digest, KeyName, TextKind};
use std::collections::BTreeSet;

/// The repair of a farm. It is the same in every format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose keys the farm gets.
    pub decision: Decision,
    /// The keys that are brought to other instances.
    pub collect: Option<Collect>,
    /// What is done while all instances run.
    pub before: Vec<Action>,
    /// What is done to each instance while it is stopped, one instance after the other.
    pub windows: Vec<Window>,
    /// What is done when they run again.
    pub after: Vec<Action>,
    /// What a scan of the repaired farm finds.
    pub outcome: Outcome,
    /// The actions that only a person can do and that decide the outcome: without them it is another one. Numbers are those of
    /// [`Plan::actions`].
    pub yours: Vec<usize>,
}

/// The keys that others get, before they are brought to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collect {
    /// The instance that has them.
    pub instance: Id,
    /// Its files hmac and master; `None` where they are saved from `/etc/key`.
    pub files: Option<[String; 2]>,
    /// What they are, hmac first.
    pub digests: [Digest; 2],
}

/// An instance is stopped once, everything is done to it, and it is started once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The instance.
    pub instance: Id,
    /// What is done, in order.
    pub actions: Vec<Action>,
}

/// One thing that is done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// The instance that it is done to; `None` where it is about several.
    pub instance: Option<Id>,
    /// What is done.
    pub does: Do,
    /// The rules that want it.
    pub because: BTreeSet<RuleId>,
}

/// What can be done. Paths are those on the instance, below the directory in which the paths of its source begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Files are copied to a directory that is not there yet. Those that are missing are noted as missing.
    BackUp {
        /// The directory, which only the user of AEM may read.
        directory: String,
        /// The files.
        files: Vec<String>,
    },
    /// A directory is made where it is missing.
    EnsureDirectory {
        /// The directory. Its parent has to be there.
        directory: String,
    },
    /// A key file that was brought along is put in place.
    Place {
        /// Which key.
        key: KeyName,
        /// The file that it becomes.
        to: String,
        /// What it has to be; `None` where that was not read.
        digest: Option<Digest>,
    },
    /// `hmac` and `master` change names.
    Swap {
        /// The file named `hmac`.
        hmac: String,
        /// The file named `master`.
        master: String,
    },
    /// A file is cut to its first bytes.
    Truncate {
        /// The file.
        file: String,
        /// The bytes that stay.
        bytes: u64,
    },
    /// A file of text becomes the bytes that the text stands for.
    Decode {
        /// The file.
        file: String,
        /// How it is written.
        text: TextKind,
    },
    /// A file is moved; one that is there already is not replaced.
    Move {
        /// Where it lies.
        from: String,
        /// Where it is to lie.
        to: String,
    },
    /// `storage` says `Bundle`, 6 bytes without a line end.
    WriteStorage {
        /// The file.
        file: String,
    },
    /// What was done is checked; where it is not right, what was kept is put back and nothing follows.
    Verify(PlanCheck),
    /// `hmac` and `master` of `/etc/key` are saved as files while the instance runs.
    ExportFromJcr {
        /// What they have to be, hmac first; `None` where that was not read.
        digests: [Option<Digest>; 2],
        /// Whether another instance, or this one, gets them as files; else they are kept in case they are needed.
        is_source: bool,
    },
    /// Properties of `/etc/key` are deleted.
    DeleteFromJcr {
        /// Which.
        keys: Vec<KeyName>,
    },
    /// A secret is entered again, since it was encrypted with a key that is gone.
    EnterSecret {
        /// The configuration.
        pid: String,
        /// The property that holds it.
        property: String,
        /// The instance is a cold standby: nobody enters anything there before it is promoted.
        on_standby: bool,
    },
    /// A property of a configuration gets a value.
    SetProperty {
        /// The configuration.
        pid: String,
        /// The property.
        property: String,
        /// Its value.
        value: String,
    },
    /// What was kept is removed: whoever reads it has the keys.
    RemoveBackup {
        /// The directory.
        directory: String,
        /// Keys were brought along, and are removed as well.
        brought: bool,
    },
    /// What a person has to do or decide.
    Manual(Text),
}

/// What is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanCheck {
    /// Files have these contents.
    Keys(Vec<KeyCheck>),
    /// `storage` holds the 6 bytes `Bundle`.
    Storage {
        /// The file.
        file: String,
    },
}

/// What a key file has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCheck {
    /// Which key.
    pub key: KeyName,
    /// The file.
    pub file: String,
    /// Its content; `None` where that was not read. Then only its length tells.
    pub digest: Option<Digest>,
}

/// Whose keys the instances of a farm get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Those of one instance.
    Copy {
        /// The instance.
        source: Id,
        /// The directory on it that they lie in, such as that of an old copy; `None` where it works with them.
        old_copy: Option<String>,
        /// Why they are right.
        reason: String,
    },
    /// That is not known; what shows it is done first.
    FindOut(String),
    /// No keys are copied.
    Nothing(String),
}

/// What a scan of the repaired farm finds: the plan was applied to the facts, and those were judged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The keys of all instances agree.
    Consistent,
    /// Nothing is wrong any more that is known; this is not known.
    StillOpen(Vec<String>),
    /// Errors are found still.
    StillWrong {
        /// The rules that find them.
        rules: Vec<RuleId>,
        /// What is not known besides.
        open: Vec<String>,
    },
}

impl Do {
    /// Returns the word for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::BackUp { .. } => "back-up",
            Self::EnsureDirectory { .. } => "ensure-directory",
            Self::Place { .. } => "place",
            Self::Swap { .. } => "swap",
            Self::Truncate { .. } => "truncate",
            Self::Decode { .. } => "decode",
            Self::Move { .. } => "move",
            Self::WriteStorage { .. } => "write-storage",
            Self::Verify(_) => "verify",
            Self::ExportFromJcr { .. } => "export-from-jcr",
            Self::DeleteFromJcr { .. } => "delete-from-jcr",
            Self::EnterSecret { .. } => "enter-secret",
            Self::SetProperty { .. } => "set-property",
            Self::RemoveBackup { .. } => "remove-backup",
            Self::Manual(_) => "manual",
        }
    }

    /// Returns `true` if a person changes by it what a scan reads, away from files: no script can see whether it was done.
    pub fn is_yours(&self) -> bool {
        matches!(
            self,
            Self::DeleteFromJcr { .. } | Self::EnterSecret { .. } | Self::SetProperty { .. }
        )
    }

    /// Returns `true` if it puts one of these keys in place.
    pub fn places(&self, digests: &[Digest; 2]) -> bool {
        matches!(self, Self::Place { digest: Some(digest), .. } if digests.contains(digest))
    }

    /// Returns the files that are changed by it, or appear or go.
    pub fn touches(&self) -> Vec<&str> {
        match self {
            Self::Place { to: file, .. }
            | Self::Truncate { file, .. }
            | Self::Decode { file, .. }
            | Self::WriteStorage { file } => vec![file],
            Self::Swap { hmac, master } => vec![hmac, master],
            Self::Move { from, to } => vec![from, to],
            _ => Vec::new(),
        }
    }
}

impl Plan {
    /// Returns every action in the order in which it is done.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        super::in_order(&self.before, &self.windows, &self.after)
    }

    /// Returns `true` if nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.windows.is_empty() && self.after.is_empty()
    }
}

/// Makes an action of what a person does.
pub(super) fn manual(instance: Option<&str>, text: Text, because: BTreeSet<RuleId>) -> Action {
    Action { instance: instance.map(str::to_owned), does: Do::Manual(text), because }
}
