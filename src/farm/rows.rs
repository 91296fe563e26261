//! The facts that the matrix shows, in the order it shows them.

use super::row::{Expect, Row};
use super::{Cell, CellState, Member};
use super::{config_rows, key_rows};
use crate::facts::{
    CRYPTO, CRYPTO_FILE, CRYPTO_KEYS_PATH, IdentifiedBy, JcrKeys, KeyName, LogStatement, LogTopic,
    Repository, Utc,
};

/// Every row of the matrix.
pub const ROWS: &[Row] = &[
    Row { fact: "read", title: "source read", expect: Expect::Any, cell: read },
    Row { fact: "role", title: "role", expect: Expect::Any, cell: role },
    Row { fact: "aem-version", title: "AEM version", expect: Expect::Equal, cell: aem_version },
    Row {
        fact: "storage-mode",
        title: "storage",
        expect: Expect::Equal,
        cell: key_rows::storage_mode,
    },
    Row { fact: "hmac", title: "hmac", expect: Expect::Equal, cell: key_rows::hmac },
    Row { fact: "master", title: "master", expect: Expect::Equal, cell: key_rows::master },
    Row { fact: "key-origin", title: "key location", expect: Expect::Equal, cell: key_origin },
    Row { fact: "repository", title: "repository", expect: Expect::Any, cell: repository },
    // Felix gives out ids in the order of installation: three instances of the AEM SDK had crypto as bundle 1, 2 and 33.
    Row { fact: "crypto-bundle-id", title: "crypto id", expect: Expect::Any, cell: crypto_id },
    Row { fact: "crypto-version", title: "crypto", expect: Expect::Equal, cell: crypto_version },
    Row {
        fact: "crypto-file-bundle-id",
        title: "crypto.file id",
        expect: Expect::Any,
        cell: crypto_file_id,
    },
    Row {
        fact: "crypto-file-version",
        title: "crypto.file",
        expect: Expect::Equal,
        cell: crypto_file_version,
    },
    Row { fact: "key-owner", title: "key owner", expect: Expect::Any, cell: key_owner },
    Row {
        fact: "encapsulated-token",
        title: "encapsulated token",
        expect: Expect::Equal,
        cell: config_rows::encapsulated_token,
    },
    Row {
        fact: "token-expiration",
        title: "token expiration",
        expect: Expect::Equal,
        cell: config_rows::token_expiration,
    },
    Row {
        fact: "saml-creates-users",
        title: "SAML creates users",
        expect: Expect::Any,
        cell: config_rows::saml_creates_users,
    },
    Row {
        fact: "ims-client-secret",
        title: "IMS client secret",
        expect: Expect::Any,
        cell: config_rows::ims_client_secret,
    },
    Row { fact: "secrets", title: "secrets", expect: Expect::Any, cell: config_rows::secrets },
    Row { fact: "users", title: "users", expect: Expect::Any, cell: users },
    Row { fact: "run-modes", title: "run modes", expect: Expect::Any, cell: run_modes },
    // User synchronization needs an id of its own on each instance. (AEM 6.5, Communities User Synchronization)
    Row { fact: "sling-id", title: "Sling id", expect: Expect::Distinct, cell: sling_id },
    Row { fact: "java-version", title: "Java", expect: Expect::Any, cell: java },
    Row {
        fact: "log-last-start",
        title: "started (log)",
        expect: Expect::Any,
        cell: log_last_start,
    },
    Row { fact: "log-storage", title: "storage (log)", expect: Expect::Equal, cell: log_storage },
    Row { fact: "bundle-count", title: "bundles", expect: Expect::Any, cell: bundle_count },
];

fn read(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    Cell::value(match (snapshot.is_verified(), snapshot.is_complete()) {
        (false, _) => "damaged",
        (true, false) => "in part",
        (true, true) => "in full",
    })
}

fn role(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    let role = snapshot.role().map(|role| match snapshot.standby() {
        Some(mode) => format!("{role}, {}", mode.label()),
        None => role.to_string(),
    });
    Cell::optional(role, false)
}

fn aem_version(member: &Member) -> Cell {
    match (member.snapshot.aem_version(), member.snapshot.aem_release()) {
        (Some(version), Some(release)) => Cell::compared(version.to_owned(), release),
        _ => Cell::optional(None, false),
    }
}

/// Where the repository is; of segments that were read, how new they are.
fn repository(member: &Member) -> Cell {
    let snapshot = &member.snapshot;
    let Some(store) = &snapshot.node_store else { return Cell::optional(None, false) };
    let place = store.kind.spoken();
    if let Some(text) = snapshot.repository.as_ref().and_then(revision) {
        return Cell::value(text);
    }
    match &store.leftover {
        Some(_) => Cell::value(format!("{place}, and segments beside it")),
        None => Cell::value(place),
    }
}

/// Says of which moment a repository was read.
fn revision(repository: &Repository) -> Option<String> {
    let read = matches!(repository.keys, JcrKeys::Read(_));
    let time = repository.head_ms.map(|time| format!(" of {}", Utc(time))).unwrap_or_default();
    let behind = match repository.revisions_behind {
        0 if repository.is_outdated() => ", in doubt".to_owned(),
        0 => String::new(),
        1 => ", 1 revision older than the newest".to_owned(),
        count => format!(", {count} revisions older than the newest"),
    };
    let since = repository.history.same_since_ms.filter(|_| !repository.history.others.is_empty());
    let since = since.map(|time| format!(", keys since {}", Utc(time))).unwrap_or_default();
    read.then(|| format!("segments{time}{behind}{since}"))
}

fn key_origin(member: &Member) -> Cell {
    if member.snapshot.setting(CRYPTO_KEYS_PATH).is_some() {
        Cell::value("another directory")
    } else if member.is_in_jcr_mode() {
        Cell::value("JCR")
    } else if KeyName::ALL.into_iter().any(|name| member.known_key(name).is_some()) {
        Cell::value("bundle")
    } else {
        Cell::without(CellState::NotInSnapshot, "unknown")
    }
}

fn crypto_id(member: &Member) -> Cell {
    bundle_id(member, CRYPTO)
}

fn crypto_file_id(member: &Member) -> Cell {
    bundle_id(member, CRYPTO_FILE)
}

fn crypto_version(member: &Member) -> Cell {
    bundle_version(member, CRYPTO)
}

fn crypto_file_version(member: &Member) -> Cell {
    bundle_version(member, CRYPTO_FILE)
}

fn bundle_id(member: &Member, symbolic_name: &str) -> Cell {
    let ids: Vec<u64> =
        member.snapshot.bundles_named(symbolic_name).filter_map(|bundle| bundle.id).collect();
    let is_twice = ids.iter().any(|id| Some(id) != ids.first());
    let ids: Vec<String> = ids.iter().map(u64::to_string).collect();
    bundle_cell(member, symbolic_name, &ids).wrong_if(is_twice)
}

/// A version that is in the location alone was true at install time, perhaps no longer: it is marked with `~`.
fn bundle_version(member: &Member, symbolic_name: &str) -> Cell {
    let versions: Vec<(&str, bool)> = member
        .snapshot
        .bundles_named(symbolic_name)
        .filter_map(|b| {
            Some((b.version.as_deref()?, b.identified_by == Some(IdentifiedBy::Manifest)))
        })
        .collect();
    let join = |text: &dyn Fn(&(&str, bool)) -> String| {
        versions.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    if versions.is_empty() {
        return bundle_cell(member, symbolic_name, &[]);
    }
    let text = join(&|(version, exact)| format!("{}{version}", if *exact { "" } else { "~" }));
    // What may be stale is shown, not compared.
    if versions.iter().all(|(_, exact)| *exact) {
        Cell::value(text)
    } else {
        Cell::without(CellState::Value, &text)
    }
}

/// A bundle that every instance has, by its version, is missed where all bundles were seen.
fn bundle_cell(member: &Member, symbolic_name: &str, values: &[String]) -> Cell {
    let seen = member.snapshot.shows_all_bundles();
    let is_due = symbolic_name == CRYPTO || member.has_key_files_by_version();
    let is_there = member.snapshot.bundles_named(symbolic_name).next().is_some();
    Cell::optional((!values.is_empty()).then(|| values.join(", ")), seen)
        .wrong_if(seen && is_due && !is_there)
}

fn key_owner(member: &Member) -> Cell {
    let mut owners: Vec<String> = member
        .snapshot
        .all_key_files()
        .filter_map(|file| file.owner.as_ref())
        .map(|owner| format!("{owner} {:04o}", owner.mode & 0o7777))
        .collect();
    owners.sort();
    owners.dedup();
    Cell::optional((!owners.is_empty()).then(|| owners.join(", ")), false)
}

/// How many users its repository has; those of the system do not count.
fn users(member: &Member) -> Cell {
    let users = member.snapshot.repository.as_ref().and_then(|stored| stored.users.as_ref());
    match users {
        Some(users) if users.gap.is_some() => Cell::without(CellState::Unreadable, "unreadable"),
        Some(users) => Cell::compared(users.count.to_string(), users.digest.to_string()),
        None => Cell::optional(None, false),
    }
}

fn run_modes(member: &Member) -> Cell {
    let modes = member.snapshot.run_modes.as_ref();
    Cell::optional(modes.map(|modes| modes.selected.join(", ")), false)
}

fn sling_id(member: &Member) -> Cell {
    match &member.snapshot.sling_id {
        Some(id) => Cell::compared(id.uuid.chars().take(8).collect(), id.uuid.clone()),
        None => Cell::optional(None, false),
    }
}

fn java(member: &Member) -> Cell {
    Cell::optional(member.snapshot.java_major.map(|major| major.to_string()), false)
}

fn log_last_start(member: &Member) -> Cell {
    let time = started(member).and_then(|told| told.time);
    Cell::optional(time.map(|time| time.to_string()), false)
}

fn log_storage(member: &Member) -> Cell {
    Cell::optional(started(member).map(|told| told.value.clone()), false)
}

fn started(member: &Member) -> Option<&LogStatement> {
    member.snapshot.own_log()?.statement(LogTopic::Storage)
}

fn bundle_count(member: &Member) -> Cell {
    let count = member.snapshot.bundles.len();
    Cell::optional((count > 0).then(|| count.to_string()), false)
}
