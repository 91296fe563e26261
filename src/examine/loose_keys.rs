//! Key files that were read without their install: reported as what they are, and compared with the other keys that were read.

use super::collector::LooseCopies;
use super::item::Item;
use super::paths::parent;
use crate::evidence::Fact;
use crate::facts::{Digest, Gap, GapKind, KeyName, Snapshot};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

/// A key file in a source without an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LooseKey {
    source: String,
    /// The directory that it lies in, or the file of another name, as people call it: with the source in front.
    place: String,
    name: KeyName,
    digest: Digest,
}

/// Returns the key files among the evidence of a source without an instance, and the copies of such by their names. (`hmac.bin`,
/// `author1-hmac`)
pub(super) fn loose_keys(
    source: &str,
    items: &BTreeMap<String, Item>,
    copies: &LooseCopies,
    installs: &BTreeSet<&str>,
) -> Vec<LooseKey> {
    if !installs.is_empty() {
        return Vec::new();
    }
    let at = |path: &str| match path {
        "" => source.to_owned(),
        path => format!("{source}/{path}"),
    };
    let loose = |place, name, digest| LooseKey { source: source.to_owned(), place, name, digest };
    let keys = items.iter().filter_map(|(path, item)| {
        let Item::Read { fact: Ok(Fact::Key(name, digest)), .. } = item else { return None };
        Some(loose(at(parent(path)), *name, digest.whole))
    });
    // Several of them may lie in one directory, so the file is named.
    let copies = copies.iter().map(|(path, (name, digest))| loose(at(path), *name, digest.whole));
    keys.chain(copies).collect()
}

/// Says of each source without an instance which key files it has, and with which others these agree.
pub(super) fn tell(gaps: &mut [Gap], loose: &[LooseKey], places: &Places) {
    let mut by_source: BTreeMap<&str, Vec<&LooseKey>> = BTreeMap::new();
    for key in loose {
        by_source.entry(&key.source).or_default().push(key);
    }
    for gap in gaps.iter_mut().filter(|gap| gap.kind == GapKind::NoInstance) {
        if let Some(own) = by_source.get(gap.source.as_str()) {
            gap.reason = reason(own, places);
        }
    }
}

/// Where a key with some content is.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_content: BTreeMap<KeyName, BTreeMap<Digest, BTreeSet<String>>>,
}

impl Places {
    /// Takes note of the keys that instances use, and of those without their install.
    pub(super) fn take<'s>(
        &mut self,
        snapshots: impl Iterator<Item = &'s Snapshot>,
        loose: &[LooseKey],
    ) {
        for snapshot in snapshots {
            // Only keys in use: a copy agrees with an instance where it is what that works with.
            for file in KeyName::ALL.into_iter().flat_map(|name| snapshot.keys_in_use(name)) {
                self.add(file.name, file.digest.whole, &snapshot.source);
            }
        }
        for key in loose {
            self.add(key.name, key.digest, &key.place);
        }
    }

    fn add(&mut self, name: KeyName, digest: Digest, place: &str) {
        let contents = self.by_content.entry(name).or_default();
        contents.entry(digest).or_default().insert(place.to_owned());
    }

    /// Says which others have the same content, and which have another one.
    fn told(&self, key: &LooseKey) -> String {
        let contents = self.by_content.get(&key.name).into_iter().flatten();
        let (same, others): (Vec<_>, Vec<_>) =
            contents.partition(|(digest, _)| **digest == key.digest);
        let same = same.iter().flat_map(|(_, places)| places.iter());
        let same = listed(same.filter(|place| **place != key.place));
        let others = listed(others.iter().flat_map(|(_, places)| places.iter()));
        match (same, others) {
            (None, None) => String::new(),
            (Some(same), None) => format!(" is the same as in {same}"),
            (None, Some(others)) => format!(" is another one than in {others}"),
            (Some(same), Some(others)) => {
                format!(" is the same as in {same}, and another one than in {others}")
            }
        }
    }
}

/// Names some, and counts the rest.
fn listed<'p>(places: impl Iterator<Item = &'p String>) -> Option<String> {
    let places: Vec<&str> = places.map(String::as_str).collect();
    let max = Limits::DEFAULT.listed_max;
    let shown = places.iter().take(max).copied().collect::<Vec<_>>().join(", ");
    let rest = places.len().saturating_sub(max);
    let shown = if rest > 0 { format!("{shown} and {rest} more") } else { shown };
    (!places.is_empty()).then_some(shown)
}

fn reason(keys: &[&LooseKey], places: &Places) -> String {
    let max = Limits::DEFAULT.listed_max;
    let is_alone = keys.iter().all(|key| Some(&key.place) == keys.first().map(|key| &key.place));
    let told = |key: &&LooseKey| {
        let at = if is_alone { String::new() } else { format!(" in {}", key.place) };
        let Digest { bytes, md5, .. } = key.digest;
        format!("{}{at} ({bytes} bytes, md5 {md5}){}", key.name, places.told(key))
    };
    let mut all: Vec<String> = keys.iter().take(max).map(told).collect();
    if let Some(rest) = keys.len().checked_sub(max).filter(|rest| *rest > 0) {
        all.push(format!("{rest} more"));
    }
    format!(
        "no AEM instance in it, only key files without their install: {}; nothing shows whether any instance uses them, so send `conf`, \
         `launchpad/config` and `launchpad/felix/bundle*` of its `crx-quickstart` (see --help)",
        all.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examine::examine;
    use crate::intake::{NoWatch, discover};
    use crate::testing::Scenes;

    /// Scans folders with an `hmac` each, and returns what is said of each.
    fn reasons(keys: &[(&str, &[u8])]) -> Vec<String> {
        let files: Vec<_> = keys.iter().map(|(name, key)| (*name, "hmac", *key)).collect();
        reasons_of(&files)
    }

    /// Scans folders with a file each, and returns what is said of each.
    fn reasons_of(files: &[(&str, &str, &[u8])]) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        let folders = files.iter().map(|(name, file, key)| {
            let folder = home.path().join(name);
            let file = folder.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, key).unwrap();
            folder.into()
        });
        let sources = discover(&folders.collect::<Vec<_>>()).sources;
        let examined = examine(&sources, &Limits::default(), 1, &NoWatch);
        assert!(examined.gaps.iter().all(|gap| gap.kind == GapKind::NoInstance));
        let home = format!("{}/", home.path().display());
        examined.gaps.into_iter().map(|gap| gap.reason.replace(&home, "")).collect()
    }

    #[test]
    fn keys_without_their_install_are_compared_and_told_with_what_to_send() {
        let mut scenes = Scenes::default();
        for (about, keys) in [
            ("one", &[("a", &[1; 32][..])][..]),
            ("two are the same", &[("a", &[1; 32]), ("b", &[1; 32]), ("c", &[2; 32])]),
        ] {
            scenes.add(about, &reasons(keys).join("\n"));
        }
        scenes.are("loose-keys");
    }

    #[test]
    fn keys_under_other_names_are_compared_too() {
        let key: Vec<u8> = (100..132).collect();
        let of = |file: &str| reasons_of(&[("a", file, &key), ("b", "hmac", &key)]).remove(0);
        let plain = of("hmac");
        for file in ["data/hmac", "hmac.bin", "author1-hmac", "hmac_author1", "x/Copy of hmac"] {
            assert_eq!(of(file), plain, "{file}");
        }
        // Nothing shows that these are keys.
        for (file, bytes) in [("hmac.md5", &b"0123  hmac"[..]), ("hmac.bin", &[200; 31])] {
            let reasons = reasons_of(&[("a", file, bytes)]);
            assert!(!reasons[0].contains("only key files"), "{file} {reasons:?}");
        }
    }
}
