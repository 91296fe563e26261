//! What a finding wants changed, without saying how.

use super::Text;
use crate::facts::{Configuration, KeyName};
use crate::farm::Member;
use std::collections::BTreeSet;

/// The name of an instance in its farm.
pub type Id = String;

/// The id of a rule.
pub type RuleId = &'static str;

/// A need, and the rule that has it.
pub type RuleNeed<'n> = (RuleId, &'n Need);

/// What is to be changed. The planner makes one plan of the needs of all findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// The instance is to have the keys of its farm.
    FarmKeys(Id),
    /// Its `storage` is to say, in exactly that word, where its keys are.
    Storage(Id),
    /// Its keys are to leave the repository for files, as they are (KA-23909).
    LeaveJcr(Id),
    /// What is left in `/etc/key` of an instance that works with files is to go.
    DropJcrKeys(Id),
    /// A line end is to be cut off a key file.
    TrimKey(Id, KeyName),
    /// A key file is to hold the binary key that its text stands for.
    DecodeKey(Id, KeyName),
    /// `hmac` and `master` are to change names.
    SwapPair(Id),
    /// A key file, given as its path, lies where AEM does not read it.
    MoveKey {
        /// The instance.
        instance: Id,
        /// Which key it is.
        key: KeyName,
        /// Where it lies in the source.
        from: String,
    },
    /// A file `storage`, given as its path in the source, lies where AEM does not read it.
    MoveStorage {
        /// The instance.
        instance: Id,
        /// Where it lies in the source.
        from: String,
    },
    /// A secret is to be entered again once the keys are right.
    Secret {
        /// The instance.
        instance: Id,
        /// The configuration.
        pid: String,
        /// The property that holds it.
        property: String,
    },
    /// A property of a configuration is to have this value once the keys are right.
    ConfigValue {
        /// The instance.
        instance: Id,
        /// The configuration.
        pid: String,
        /// The property.
        property: String,
        /// Its value.
        value: String,
    },
    /// What a person has to do or decide; the plan takes it as it is.
    Advice {
        /// The instance that it is about; `None` where it is about several.
        instance: Option<Id>,
        /// When it is done.
        when: When,
        /// What to do.
        text: Text,
        /// Where nothing of it is left to do.
        unless: Option<Unless>,
    },
}

/// What leaves nothing to do of what a person was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unless {
    /// The instance gets other keys.
    Copied,
    /// Another finding says what the reason is.
    Explained,
    /// The instance is stopped for a change, or its keys or its `storage` are to be changed once it is known how.
    Changed,
}

/// When a person does what a plan cannot do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// Before anything is changed.
    Before,
    /// While the instance is stopped.
    Stopped,
    /// When all instances run again.
    After,
}

impl Need {
    /// What a person does to an instance before anything is changed.
    pub fn before(instance: &str, text: impl Into<Text>) -> Self {
        let instance = Some(instance.to_owned());
        Self::Advice { instance, when: When::Before, text: text.into(), unless: None }
    }

    /// A secret that is to be entered again.
    pub fn secret(member: &Member, configuration: &Configuration, property: &str) -> Self {
        Self::Secret {
            instance: member.name.clone(),
            pid: configuration.pid.clone(),
            property: property.to_owned(),
        }
    }

    /// A property that is to have a value.
    pub fn value(member: &Member, pid: &str, property: &str, value: &str) -> Self {
        Self::ConfigValue {
            instance: member.name.clone(),
            pid: pid.to_owned(),
            property: property.to_owned(),
            value: value.to_owned(),
        }
    }

    /// Returns `true` if it changes the keys of an instance.
    pub(super) fn is_of_keys(&self) -> bool {
        match self {
            Self::FarmKeys(_)
            | Self::LeaveJcr(_)
            | Self::TrimKey(..)
            | Self::DecodeKey(..)
            | Self::SwapPair(_)
            | Self::MoveKey { .. }
            | Self::Advice { unless: Some(Unless::Copied), .. } => true,
            Self::Storage(_)
            | Self::DropJcrKeys(_)
            | Self::MoveStorage { .. }
            | Self::Secret { .. }
            | Self::ConfigValue { .. }
            | Self::Advice { .. } => false,
        }
    }

    /// Returns the instance that is to be changed.
    pub fn instance(&self) -> Option<&str> {
        match self {
            Self::FarmKeys(id)
            | Self::Storage(id)
            | Self::LeaveJcr(id)
            | Self::DropJcrKeys(id)
            | Self::TrimKey(id, _)
            | Self::DecodeKey(id, _)
            | Self::SwapPair(id) => Some(id),
            Self::MoveKey { instance, .. }
            | Self::MoveStorage { instance, .. }
            | Self::Secret { instance, .. }
            | Self::ConfigValue { instance, .. } => Some(instance),
            Self::Advice { instance, .. } => instance.as_deref(),
        }
    }
}

/// Returns the rules whose needs are of a kind.
pub(super) fn because(wants: &[RuleNeed<'_>], is: impl Fn(&Need) -> bool) -> BTreeSet<RuleId> {
    wants.iter().filter(|(_, need)| is(need)).map(|(rule, _)| *rule).collect()
}
