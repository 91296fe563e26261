//! One install that came in several uploads: two levels of `tar -g`, or one archive of each part (`publish2-launchpad.tgz` and `publish2-conf.tgz`).
//!
//! Each looks like an instance of its own. What level 0 has was replaced by level 1, so neither is compared: as two with one Sling id they were
//! called clones, and one was to get a new id.

use super::copies::Labelled;
use crate::facts::{Gap, GapKind, INCREMENTAL, Snapshot, path_parts};
use std::collections::{BTreeMap, BTreeSet};

/// What levels of a backup are called, beside numbers and days.
const LEVELS: [&str; 10] =
    ["base", "delta", "diff", "differential", "full", "inc", "incr", "incremental", "l0", "l1"];

/// What archives of a part of an install are called.
const PARTS: [&str; 14] = [
    "bin",
    "bundles",
    "conf",
    "config",
    "datastore",
    "felix",
    "install",
    "keys",
    "launchpad",
    "logs",
    "repo",
    "repository",
    "rest",
    "segmentstore",
];

/// Endings of archives.
const ENDINGS: [&str; 12] =
    ["7z", "bz2", "gz", "tar", "tbz", "tbz2", "tgz", "txz", "tzst", "xz", "zip", "zst"];

/// Digits of a day without its century.
const DAY_DIGITS: usize = 6;

/// Finds the snapshots that together are one install. Each gets a gap, which is returned, too; levels are not compared.
pub(crate) fn tell_torn(snapshots: &mut Labelled) -> BTreeSet<Gap> {
    let mut by_name: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, (_, snapshot)) in snapshots.iter().enumerate() {
        for key in keys(snapshot) {
            by_name.entry(key).or_default().push(index);
        }
    }
    let mut told: BTreeMap<usize, Gap> = BTreeMap::new();
    for indices in by_name.into_values() {
        let all: Vec<(usize, &Snapshot)> = indices
            .into_iter()
            .filter_map(|index| Some((index, &snapshots.get(index)?.1)))
            .collect();
        let ids: BTreeSet<&str> = all.iter().filter_map(|(_, own)| uuid(own)).collect();
        let sources: BTreeSet<&str> = all.iter().map(|(_, own)| own.source.as_str()).collect();
        let Some(kind) = kind(&all).filter(|_| ids.len() < 2 && sources.len() > 1) else {
            continue;
        };
        for (index, own) in &all {
            let gap = gap(own, &sources, kind);
            // A level says more than a part, and of one kind the Sling id and the name say the same.
            if told.get(index).is_none_or(|old| old.kind < kind) {
                told.insert(*index, gap);
            }
        }
    }
    let mut gaps = BTreeSet::new();
    for (index, gap) in told {
        if let Some((_, snapshot)) = snapshots.get_mut(index)
            && gap.kind == GapKind::Level
        {
            snapshot.gaps.push(gap.clone());
            snapshot.gaps.sort();
        }
        gaps.insert(gap);
    }
    gaps
}

/// What uploads of one install have in common: the folder, the path inside, and the Sling id or the words of their names.
type Key = (String, String, Vec<String>);

fn keys(snapshot: &Snapshot) -> Vec<Key> {
    let folder = snapshot.source.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
    let key = |words| (folder.to_owned(), snapshot.root.clone(), words);
    let by_id = uuid(snapshot).map(|id| key(vec![id.to_owned()]));
    by_id
        .into_iter()
        .chain(Some(key(stem(&snapshot.source))).filter(|key| !key.2.is_empty()))
        .collect()
}

fn uuid(snapshot: &Snapshot) -> Option<&str> {
    snapshot.sling_id.as_ref().map(|id| id.uuid.as_str())
}

/// Returns the words of a name without the last one, where that is one of a level or a part.
fn stem(source: &str) -> Vec<String> {
    let name = path_parts(source).next_back().unwrap_or_default().to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    while words.last().is_some_and(|word| ENDINGS.contains(&word.as_str())) {
        words.pop();
    }
    if let [.., before, last] = words.as_slice() {
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
        // `web-1` and `web-2` are two instances, `web1-0` and `web1-1` two levels.
        let is_counted = before.bytes().any(|byte| byte.is_ascii_digit());
        let plain = last.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_level = LEVELS.contains(&last.as_str())
            || matches!(plain, "level" | "part" | "teil")
            || is_number && (is_counted || last.len() >= DAY_DIGITS);
        if is_level || PARTS.contains(&last.as_str()) {
            words.pop();
        }
    }
    words
}

/// Returns how uploads of one install differ: one is a level, or one has no keys and another has.
fn kind(all: &[(usize, &Snapshot)]) -> Option<GapKind> {
    let is_level = |own: &Snapshot| {
        own.gaps.iter().any(|gap| gap.kind == GapKind::Partial && gap.reason.contains(INCREMENTAL))
    };
    let has_keys = |own: &Snapshot| own.all_key_files().next().is_some();
    if all.iter().any(|(_, own)| is_level(own)) {
        Some(GapKind::Level)
    } else {
        let is_part = |own: &Snapshot| !has_keys(own) || !own.parts.properties;
        // Two that have all, or two that have keys, are two instances, or one twice.
        let with_keys = all.iter().filter(|(_, own)| has_keys(own)).count();
        (with_keys < 2 && all.iter().all(|(_, own)| is_part(own))).then_some(GapKind::Torn)
    }
}

fn gap(own: &Snapshot, sources: &BTreeSet<&str>, kind: GapKind) -> Gap {
    let name = |source: &str| path_parts(source).next_back().unwrap_or(source).to_owned();
    let mut others = sources.iter().filter(|source| **source != own.source).map(|s| name(s));
    let other = others.next().unwrap_or_default();
    let more = if others.next().is_some() { " and more" } else { "" };
    let reason = if kind == GapKind::Level {
        format!(
            "is one level of a backup (tar -g), and {other}{more} is another one of the same install; unpack all of them with `tar -xGf`, \
             level 0 first, into one directory, and scan that"
        )
    } else {
        format!(
            "seems to hold a part of an install, and {other}{more} the rest; unpack all of them into one directory, and scan that"
        )
    };
    Gap { source: own.source.clone(), path: None, kind, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    fn told(uploads: &[(&str, &dyn Fn(Instance) -> Instance)]) -> Vec<(String, GapKind)> {
        let one = |(source, change): &(&str, &dyn Fn(Instance) -> Instance)| {
            let mut built = farm().with("a", change).build();
            let snapshot = built.members.remove(0).snapshot;
            (None, Snapshot { source: (*source).to_owned(), ..snapshot })
        };
        let mut all: Labelled = uploads.iter().map(one).collect();
        tell_torn(&mut all).into_iter().map(|gap| (gap.source, gap.kind)).collect()
    }

    fn both(own: &str, other: &str, kind: GapKind) -> Vec<(String, GapKind)> {
        vec![(own.to_owned(), kind), (other.to_owned(), kind)]
    }

    fn level(mut i: Instance) -> Instance {
        let reason = format!("x is not in the archive, {INCREMENTAL}");
        let source = String::new();
        i.snapshot.gaps.push(Gap { source, path: None, kind: GapKind::Partial, reason });
        i
    }

    fn nameless(mut i: Instance) -> Instance {
        i.snapshot.sling_id = None;
        i
    }

    fn without_keys(mut i: Instance) -> Instance {
        i.snapshot.key_files.clear();
        i
    }

    fn without_properties(mut i: Instance) -> Instance {
        i.snapshot.parts.properties = false;
        i
    }

    #[test]
    fn levels_of_one_install_belong_together() {
        let second = |i| nameless(level(i));
        for (own, other) in [
            ("up/publish2-full.tgz", "up/publish2-incr.tgz"),
            ("up/publish2.0.tgz", "up/publish2.1.tgz"),
            ("up/publish2.tgz", "up/publish2-20240102.tgz"),
            ("up/prod-web1-level0.tar", "up/prod-web1-level1.tar"),
        ] {
            let mut found = told(&[(own, &|i| i), (other, &second)]);
            found.sort_by_key(|(source, _)| source != own);
            assert_eq!(found, both(own, other, GapKind::Level));
        }
        for (own, other) in [
            ("up/web-1.tgz", "up/web-2.tgz"),
            ("up/publish1.tgz", "up/publish2.tgz"),
            ("a/publish2-0.tgz", "b/publish2-1.tgz"),
        ] {
            assert_eq!(told(&[(own, &|i| i), (other, &second)]), [], "{own}");
        }
        // One Sling id says it whatever they are called.
        let (first, second) = (|i: Instance| i.sling_id(ID), |i: Instance| level(i.sling_id(ID)));
        let found = told(&[("up/a.tgz", &first), ("up/b.tgz", &second)]);
        assert_eq!(found, both("up/a.tgz", "up/b.tgz", GapKind::Level));
        assert_eq!(told(&[("up/a.tgz", &first), ("up/b.tgz", &first)]), [], "a clone");
    }

    #[test]
    fn parts_of_one_install_belong_together() {
        let (keys, rest) = (|i| nameless(without_properties(i)), |i| nameless(without_keys(i)));
        let (own, other) = ("up/publish2-launchpad.tgz", "up/publish2-repository.tgz");
        assert_eq!(told(&[(own, &keys), (other, &rest)]), both(own, other, GapKind::Torn));
        assert_eq!(told(&[(own, &nameless), (other, &rest)]), [], "the first has all");
        assert_eq!(told(&[(own, &keys), (other, &keys)]), []);
        assert_eq!(told(&[(own, &keys), ("up/publish3-conf.tgz", &rest)]), []);
    }
}
