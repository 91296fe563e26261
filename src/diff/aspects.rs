//! What an instance is like, in pieces that can be compared one by one.

use crate::facts::{
    Configuration, KeyName, ProtectedAt, SecretState, Snapshot, StorageFile, TOKEN_CONFIGURATION,
    TOKEN_HANDLER,
};
use crate::farm::{KeyOrigin, KeyState, KeyTime, Member, key_time};
use std::collections::BTreeMap;
use std::fmt;

/// What an aspect is about; in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A key that the instance works with.
    Key,
    /// The file `storage`.
    Storage,
    /// A bundle of the crypto support.
    CryptoBundle,
    /// The configuration of login tokens.
    Token,
    /// A configuration of IMS.
    Ims,
    /// Another configuration that matters.
    Configuration,
    /// A key in the repository that the instance does not work with.
    StoredKey,
    /// A protected value.
    Secret,
    /// The Sling id.
    SlingId,
    /// The role.
    Role,
    /// The run modes.
    RunModes,
    /// The version of AEM.
    Version,
    /// A setting of the framework or of the start.
    Setting,
    /// Another bundle.
    Bundle,
    /// The users in the repository.
    Users,
    /// The version of Java.
    Java,
}

impl Topic {
    /// Returns the word that reports have for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Storage => "storage",
            Self::CryptoBundle => "crypto-bundle",
            Self::Token => "token",
            Self::Ims => "ims",
            Self::Configuration => "configuration",
            Self::StoredKey => "stored-key",
            Self::Secret => "secret",
            Self::SlingId => "sling-id",
            Self::Role => "role",
            Self::RunModes => "run-modes",
            Self::Version => "version",
            Self::Setting => "setting",
            Self::Bundle => "bundle",
            Self::Users => "users",
            Self::Java => "java",
        }
    }

    /// Returns `true` if a change of it matters to the keys. Other bundles, users and Java change in any upgrade, users every day.
    pub fn matters(self) -> bool {
        !matches!(self, Self::Bundle | Self::Users | Self::Java)
    }

    /// Returns `true` if nothing can be said of the keys where it is not known on both sides.
    pub fn is_needed(self) -> bool {
        matches!(self, Self::Key | Self::Storage)
    }
}

/// One thing that an instance has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aspect {
    /// What it is about.
    pub topic: Topic,
    /// Which of its kind: `hmac`, the name of a bundle, a configuration and its property.
    pub subject: String,
}

/// What is known of an aspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// What it is.
    Is {
        /// For people.
        text: String,
        /// What to compare, where that is more than the text.
        compared: String,
        /// Since when it is so, where that is known; of keys. It is not compared.
        since: Option<KeyTime>,
    },
    /// It is not there.
    Absent,
    /// Nothing; why.
    Unknown(String),
}

impl Condition {
    pub(super) fn is(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Is { compared: text.clone(), text, since: None }
    }

    fn unknown(why: &str) -> Self {
        Self::Unknown(why.to_owned())
    }

    /// Returns what is compared in full: md5 and sha256 of a key, the text of anything else.
    pub fn compared(&self) -> Option<&str> {
        if let Self::Is { compared, .. } = self { Some(compared) } else { None }
    }

    /// Returns since when it is so, where that is known.
    pub fn since(&self) -> Option<KeyTime> {
        if let Self::Is { since, .. } = self { *since } else { None }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is { text, .. } => f.write_str(text),
            Self::Absent => f.write_str("absent"),
            Self::Unknown(why) => write!(f, "not known ({why})"),
        }
    }
}

/// The aspects of an instance.
pub(super) type Aspects = BTreeMap<Aspect, Condition>;

/// Returns what an instance is like, its bundles aside.
pub(super) fn aspects(member: &Member) -> Aspects {
    let snapshot = &member.snapshot;
    let mut all = Aspects::new();
    let mut add = |topic, subject: &str, known| {
        all.insert(Aspect { topic, subject: subject.to_owned() }, known);
    };
    for name in KeyName::ALL {
        add(Topic::Key, name.file_name(), key(member, name));
    }
    add(Topic::Storage, "storage", storage(member));
    for name in KeyName::ALL {
        if let Some(known) = stored_key(member, name) {
            add(Topic::StoredKey, &format!("{} in /etc/key", name.file_name()), known);
        }
    }
    let unless = |value: Option<String>| {
        value.map_or_else(|| Condition::unknown("not in the snapshot"), Condition::is)
    };
    add(Topic::SlingId, "Sling id", unless(snapshot.sling_id.as_ref().map(|id| id.uuid.clone())));
    add(Topic::Role, "role", unless(snapshot.role().map(|role| role.to_string())));
    let modes = snapshot.run_modes.as_ref().map(|modes| modes.selected.join(", "));
    add(Topic::RunModes, "run modes", unless(modes));
    add(Topic::Version, "AEM version", unless(snapshot.aem_version().map(str::to_owned)));
    add(Topic::Java, "Java", unless(snapshot.java_major.map(|java| java.to_string())));
    add(Topic::Users, "users", users(snapshot));
    for configuration in &snapshot.configurations {
        add_configuration(configuration, &mut all);
    }
    add_secrets(snapshot, &mut all);
    add_settings(snapshot, &mut all);
    all
}

fn key(member: &Member, name: KeyName) -> Condition {
    let key = match member.key(name) {
        KeyState::Known(key) => key,
        KeyState::Absent => return Condition::Absent,
        KeyState::External => {
            return Condition::unknown("in a directory that is not in the snapshot");
        }
        KeyState::InJcr => return Condition::unknown("in the repository, which was not read"),
        KeyState::Ambiguous => return Condition::unknown("several places have it, and differ"),
        KeyState::Uncertain(_) => {
            return Condition::unknown("read of a revision that may not be the newest");
        }
        KeyState::Unreadable => return Condition::unknown("could not be read"),
        KeyState::NotInSnapshot => return Condition::unknown("not in the snapshot"),
    };
    let origin = match key.origin {
        KeyOrigin::File(_) => "",
        KeyOrigin::Jcr { .. } => ", in the JCR",
    };
    // As it was read, so that a line end which was cut off since is a change.
    let digest = key.digest.whole;
    Condition::Is {
        text: format!("{} ({} bytes{origin})", digest.short(), digest.bytes),
        // The place too: a key that moved from `/etc/key` to a file changed, though its bytes did not.
        compared: format!("md5 {}, sha256 {}{origin}", digest.md5, digest.sha256),
        since: key_time(member, name),
    }
}

/// Returns what `/etc/key` holds, where an instance does not work with that; nothing where there is no repository.
fn stored_key(member: &Member, name: KeyName) -> Option<Condition> {
    let stored = member.snapshot.repository.as_ref()?;
    let is_used = member.is_in_jcr_mode()
        || member.known_key(name).is_some_and(|key| matches!(key.origin, KeyOrigin::Jcr { .. }));
    Some(match (stored.keys.reason(), stored.key(name)) {
        (Some(why), _) => Condition::unknown(why),
        _ if is_used => Condition::unknown("it is the one in use"),
        _ if stored.is_outdated() => {
            Condition::unknown("read of a revision that may not be the newest")
        }
        (None, None) => Condition::Absent,
        (None, Some(key)) => {
            let digest = key.digest.whole;
            Condition::Is {
                text: format!("{} ({} bytes)", digest.short(), digest.bytes),
                compared: format!("md5 {}, sha256 {}", digest.md5, digest.sha256),
                since: None,
            }
        }
    })
}

fn storage(member: &Member) -> Condition {
    if let Some(file) = member.storage() {
        return Condition::is(spoken_storage(file));
    }
    if member.is_storage_absent() {
        return Condition::Absent;
    }
    let is_there = member.snapshot.storage_in_place().next().is_some();
    Condition::unknown(if is_there { "several files, which differ" } else { "not in the snapshot" })
}

fn spoken_storage(file: &StorageFile) -> String {
    let storage = &file.storage;
    let line_end = storage.line_end.map(|line_end| format!(", then {line_end}"));
    let problem = storage.problem.map(|problem| format!(", which {problem}"));
    let both = [line_end, problem].into_iter().flatten().collect::<String>();
    format!("{}{both}", storage.mode)
}

fn users(snapshot: &Snapshot) -> Condition {
    let users = snapshot.repository.as_ref().and_then(|stored| stored.users.as_ref());
    match users.filter(|users| users.gap.is_none()) {
        Some(users) => Condition::Is {
            text: format!("{} users", users.count),
            compared: users.digest.to_string(),
            since: None,
        },
        None => Condition::unknown("not counted"),
    }
}

fn topic_of(configuration: &Configuration) -> Topic {
    if configuration.is(TOKEN_HANDLER) || configuration.is(TOKEN_CONFIGURATION) {
        Topic::Token
    } else if configuration.is_ims() {
        Topic::Ims
    } else {
        Topic::Configuration
    }
}

fn add_configuration(configuration: &Configuration, all: &mut Aspects) {
    let topic = topic_of(configuration);
    let pid = &configuration.pid;
    all.insert(Aspect { topic, subject: pid.clone() }, Condition::is("there"));
    for (property, values) in &configuration.properties {
        let aspect = Aspect { topic, subject: format!("{pid} {property}") };
        all.insert(aspect, Condition::is(values.join(", ")));
    }
    for (property, state) in &configuration.secrets {
        let aspect = Aspect { topic, subject: format!("{pid} {property}") };
        all.insert(aspect, Condition::is(SecretState::label(*state)));
    }
}

/// Returns what to call a protected value: where it stands, without the numbers that differ between installs.
fn secret_name(value: &ProtectedAt<'_>) -> String {
    let holder = value.pid.or(value.node).unwrap_or(value.place.path.as_str());
    format!("{holder} {}", value.property)
}

/// Adds protected values. A property may have several.
fn add_secrets(snapshot: &Snapshot, all: &mut Aspects) {
    let mut named: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for value in snapshot.protected_values() {
        let (sha256, short) = (value.digest.sha256.to_string(), value.digest.short());
        named.entry(secret_name(&value)).or_default().insert(sha256, short);
    }
    for (subject, values) in named {
        let plural = if values.len() == 1 { "" } else { "s" };
        let digests: Vec<&str> = values.values().map(String::as_str).collect();
        let text = format!("encrypted value{plural} {}", digests.join(", "));
        let compared = values.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
        let known = Condition::Is { text, compared, since: None };
        all.insert(Aspect { topic: Topic::Secret, subject }, known);
    }
}

fn add_settings(snapshot: &Snapshot, all: &mut Aspects) {
    let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for setting in &snapshot.settings {
        named.entry(&setting.name).or_default().push(&setting.value);
    }
    for (name, mut values) in named {
        values.sort_unstable();
        values.dedup();
        let aspect = Aspect { topic: Topic::Setting, subject: name.to_owned() };
        all.insert(aspect, Condition::is(values.join(", ")));
    }
}

/// Says what it means that an instance has no such aspect, where another state of it has one.
pub(super) fn without(snapshot: &Snapshot, topic: Topic) -> Condition {
    let is_shown = match topic {
        Topic::Token | Topic::Ims | Topic::Configuration => snapshot.shows_all_configurations(),
        Topic::Secret => snapshot.shows_all_configurations() && snapshot.is_complete(),
        Topic::Setting => snapshot.parts.properties && snapshot.is_complete(),
        Topic::CryptoBundle | Topic::Bundle => snapshot.shows_all_bundles(),
        _ => false,
    };
    if is_shown { Condition::Absent } else { Condition::unknown("not in the snapshot") }
}
