//! Secrets and the keys that open them, on the page: a row a secret, a column a key.

use crate::facts::{Hex, KeyName};
use crate::farm::{Farm, Holders, Member, Opens, Secret};
use crate::limits::Limits;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Secrets × keys.
#[derive(Serialize)]
pub(super) struct SecretsView {
    caption: String,
    /// Who has each key, and its digest.
    keys: Vec<String>,
    rows: Vec<SecretRow>,
}

#[derive(Serialize)]
struct SecretRow {
    instance: String,
    what: String,
    opens: &'static str,
    /// It does not open with the key in use.
    shut: bool,
    /// One a key: what a person reads there.
    cells: Vec<&'static str>,
    reason: Option<String>,
}

/// A master, by the md5 of what it lies in.
type Md5 = Hex<16>;

impl From<&Farm> for SecretsView {
    fn from(farm: &Farm) -> Self {
        let holders = Holders::of(farm);
        let of = |member| holders.secrets(member).into_iter().map(move |secret| (member, secret));
        let mut all: Vec<(&Member, Secret<'_>)> = farm.members.iter().flat_map(of).collect();
        all.retain(|(_, secret)| secret.at.in_effect);
        let keys = keys(farm, &all);
        // What does not open comes first.
        all.sort_by_key(|(_, secret)| Reverse(secret.opens == Opens::No));
        let (count, max) = (all.len(), Limits::DEFAULT.places_max);
        let rows = all.iter().take(max).map(|(member, secret)| row(member, secret, &keys));
        let more = count.saturating_sub(max);
        let beyond =
            if more > 0 { format!(" {more} more are in the JSON report.") } else { String::new() };
        Self {
            caption: format!("Secrets, and the masters that open them.{beyond}"),
            rows: rows.collect(),
            keys: keys.into_iter().map(|(md5, who)| heading(md5, &who)).collect(),
        }
    }
}

/// Returns the masters that the instances work with, and those that open something, each with who has it.
fn keys<'a>(farm: &'a Farm, secrets: &[(&'a Member, Secret<'a>)]) -> Vec<(Md5, BTreeSet<&'a str>)> {
    let mut all: BTreeMap<Md5, BTreeSet<&str>> = BTreeMap::new();
    let with = secrets.iter().flat_map(|(_, secret)| &secret.with);
    let opening = with.map(|key| (key.md5, key.instance));
    let used = farm.members.iter().filter_map(|member| {
        Some((member.known_key(KeyName::Master)?.digest.whole.md5, member.name.as_str()))
    });
    for (md5, instance) in opening.chain(used) {
        all.entry(md5).or_default().insert(instance);
    }
    let mut all: Vec<_> = all.into_iter().collect();
    all.sort_by_key(|(md5, who)| (Reverse(who.len()), *md5));
    all.truncate(Limits::DEFAULT.listed_max);
    all
}

fn heading(md5: Md5, who: &BTreeSet<&str>) -> String {
    let short: String = md5.to_string().chars().take(8).collect();
    match who.first() {
        Some(one) if who.len() > 1 => {
            format!("{short} ({one} and {} more)", who.len().saturating_sub(1))
        }
        Some(one) => format!("{short} ({one})"),
        None => short,
    }
}

fn row(member: &Member, secret: &Secret<'_>, keys: &[(Md5, BTreeSet<&str>)]) -> SecretRow {
    let at = secret.at;
    let of = at.pid.or(at.node).unwrap_or(&at.place.path);
    let cell = |(md5, _): &(Md5, _)| match secret.with.iter().find(|key| key.md5 == *md5) {
        Some(key) if key.flaw.is_some() => "opens without its flaw",
        Some(_) => "opens",
        None if member.snapshot.was_tried(at.digest.sha256, *md5) => "–",
        None => "not tried",
    };
    SecretRow {
        instance: member.name.clone(),
        what: format!("{} of {of}", at.property),
        opens: secret.opens.label(),
        shut: secret.opens == Opens::No,
        cells: keys.iter().map(cell).collect(),
        reason: secret.reason.clone(),
    }
}
