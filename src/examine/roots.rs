//! Sorts evidence by the install root that it lies below.

use super::item::Item;
use super::layout::{Cache, Layout};
use super::paths::{parent, with_those_above};
use crate::evidence::{ConfigFile, Fact, Found, classify, is_in_barren};
use crate::facts::{Gap, GapKind, components};
use std::collections::{BTreeMap, BTreeSet};

/// The evidence of one install root, by path.
pub(super) type Evidence<'a> = Vec<(&'a str, Found<'a>, &'a Item)>;

/// Returns all evidence of a source.
pub(super) fn all_evidence(items: &BTreeMap<String, Item>) -> Evidence<'_> {
    let found = |(path, item)| Some((String::as_str(path), classify(path)?.1, item));
    items.iter().filter_map(found).collect()
}

/// Sorts evidence by install root. Of several bundle caches below one root, such as `launchpad/felix` and a copy in
/// `felix`, the one that a setting names is the instance's, or else the launchpad's; the others become roots of their own.
pub(super) fn by_root<'a>(
    found: &Evidence<'a>,
    layouts: &BTreeMap<String, Layout>,
) -> BTreeMap<String, Evidence<'a>> {
    let mut caches: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (path, found, _) in found.iter().filter(|(_, found, _)| !found.bundle.is_empty()) {
        caches.entry(found.root).or_default().insert(cache(path, found));
    }
    let main: BTreeMap<&str, Option<&str>> =
        caches.iter().map(|(root, caches)| (*root, main_cache(caches))).collect();
    let named = Named::of(layouts);
    let mut roots: BTreeMap<String, Evidence<'_>> = BTreeMap::new();
    for &(path, found, item) in found {
        let Some(root) = named.root(path, &found).or_else(|| {
            let usual = layouts.get(found.root).is_none_or(|layout| layout.cache == Cache::Usual);
            let own = main.get(found.root).copied().flatten().filter(|_| usual);
            usual_root(path, &found, own)
        }) else {
            continue;
        };
        roots.entry(root.to_owned()).or_default().push((path, found, item));
    }
    // Snapshots are made of these while all else is still there.
    roots.values_mut().for_each(Vec::shrink_to_fit);
    roots
}

/// Returns the root of what lies where most installs have it; `own` is the cache of the root. What lies in no cache has none.
fn usual_root<'p>(path: &'p str, found: &Found<'p>, own: Option<&str>) -> Option<&'p str> {
    let here = cache(path, found);
    if found.bundle.is_empty() || own == Some(here) {
        Some(found.root)
    } else {
        Some(here).filter(|here| *here != found.root)
    }
}

/// Bundle caches that settings name, and whose they are.
struct Named<'a> {
    caches: BTreeMap<&'a str, &'a str>,
    /// What their files take for a root, which is the launchpad or the cache itself.
    homes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Named<'a> {
    fn of(layouts: &'a BTreeMap<String, Layout>) -> Self {
        let mut named = Self { caches: BTreeMap::new(), homes: BTreeMap::new() };
        for (root, layout) in layouts {
            let Cache::At(cache) = &layout.cache else { continue };
            named.caches.insert(cache, root);
            named.homes.insert(cache, root);
            let home = cache.strip_suffix("/felix").unwrap_or(cache);
            // Another install may have its cache there, and keeps the rest of it.
            if layouts.get(home).is_none_or(|layout| !layout.properties) {
                named.homes.insert(home, root);
            }
        }
        named
    }

    fn root(&self, path: &str, found: &Found<'_>) -> Option<&'a str> {
        if found.bundle.is_empty() {
            self.homes.get(found.root).copied()
        } else {
            self.caches.get(cache(path, found)).copied()
        }
    }
}

/// Drops what lies in a directory of an install that holds nothing of one, such as a cache that a bundle keeps in its data. A walk of a
/// directory passes that by.
pub(super) fn drop_barren(items: &mut BTreeMap<String, Item>) {
    let is_bundle = |found: &Found<'_>, item: &Item| {
        !found.bundle.is_empty() && !matches!(item, Item::Read { fact: Ok(Fact::Seen), .. })
    };
    let found = all_evidence(items);
    let bundles = found.iter().filter(|(_, found, item)| is_bundle(found, item));
    let roots: BTreeSet<&str> = bundles.map(|(_, found, _)| found.root).collect();
    let roots: BTreeSet<String> = roots
        .into_iter()
        .map(|root| format!("{root}/").trim_start_matches('/').to_owned())
        .collect();
    // Of roots one in the other the outermost tells.
    let mut outermost: BTreeSet<&str> = BTreeSet::new();
    for root in &roots {
        if outermost.last().is_none_or(|last| !root.starts_with(last)) {
            outermost.insert(root);
        }
    }
    let is_barren = |path: &str| {
        let root = outermost.range(..=path).next_back().filter(|root| path.starts_with(**root));
        root.is_some_and(|root| is_in_barren(path, root.trim_end_matches('/')))
    };
    // The files of a directory stand one after the other, and are in one of these or not as that is.
    let mut last = (String::new(), false);
    items.retain(|path, _| {
        let directory = parent(path);
        if directory.is_empty() || last.0 != directory {
            last = (directory.to_owned(), is_barren(path));
        }
        !last.1
    });
}

/// Bundle directories in an install root itself, beside a cache, belong to nothing that Felix reads.
pub(super) fn strays(source: &str, found: &Evidence<'_>) -> Vec<Gap> {
    let bundles = found.iter().filter(|(_, found, _)| !found.bundle.is_empty());
    // `cp -r felix/bundle21 .` leaves one where Felix does not look.
    let (loose, cached): (Vec<_>, Vec<_>) =
        bundles.partition(|(path, found, _)| cache(path, found) == found.root);
    let cached: BTreeSet<&str> = cached.into_iter().map(|(_, found, _)| found.root).collect();
    let strays: BTreeSet<String> = loose
        .into_iter()
        .filter(|(_, found, _)| cached.contains(found.root))
        .map(|(path, found, _)| bundle_directory(path, found.root, found.bundle))
        .collect();
    let gap = |path| {
        let reason =
            "is a bundle directory beside the cache and not in it; it was not read".to_owned();
        Gap { source: source.to_owned(), path: Some(path), kind: GapKind::Unidentified, reason }
    };
    strays.into_iter().map(gap).collect()
}

/// Returns the directory that holds the bundle directories.
fn cache<'p>(path: &'p str, found: &Found<'_>) -> &'p str {
    let below_root = below(path, found.root);
    let before = components(below_root).take_while(|part| *part != found.bundle);
    let length: usize = before.map(|part| part.len().saturating_add(1)).sum();
    let start = path.len().saturating_sub(below_root.len());
    path.get(..start.saturating_add(length)).unwrap_or(path).trim_end_matches('/')
}

fn main_cache<'p>(caches: &BTreeSet<&'p str>) -> Option<&'p str> {
    let ends = |end: &str| {
        caches.iter().find(|cache| **cache == end || cache.ends_with(&format!("/{end}")))
    };
    ends("launchpad/felix")
        .or_else(|| ends("felix"))
        // Sling's feature launcher (Sling 12) keeps its cache in `framework`.
        .or_else(|| ends("framework"))
        .or_else(|| caches.first())
        .copied()
}

/// Start scripts and ids alone make no instance: `bin/start` is a common name. Nor do empty directories, which some tools
/// leave beside the real ones.
pub(super) fn marks_instance(found: &Found<'_>, item: &Item) -> bool {
    let Item::Read { fact, .. } = item else { return !found.bundle.is_empty() };
    match fact {
        Ok(Fact::Seen) => false,
        Ok(Fact::LastStart(_) | Fact::JavaMajor(_)) => true,
        Ok(Fact::Config(readings)) => matches!(readings.newest, ConfigFile::Used(_)),
        Ok(Fact::Settings(all)) => all
            .settings
            .iter()
            // Plain Sling has a `sling.properties` too; only AEM's
            // names its product, as in `granite.product.version`.
            .any(|(name, _)| name.starts_with("quickstart.") || name.starts_with("granite.")),
        _ => !found.bundle.is_empty(),
    }
}

/// Returns the innermost root that a path lies below.
pub(super) fn owner<'r>(path: &str, roots: &BTreeSet<&'r str>) -> Option<&'r str> {
    with_those_above(parent(path)).find_map(|directory| roots.get(directory).copied())
}

/// Returns the part of `path` below `root`.
pub(super) fn below<'p>(path: &'p str, root: &str) -> &'p str {
    if root.is_empty() {
        return path;
    }
    path.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}

/// Returns the path up to and including the bundle directory.
pub(super) fn bundle_directory(path: &str, root: &str, bundle: &str) -> String {
    let rest = below(path, root);
    // A cache that a setting names may lie beside its install.
    let above = if rest == path { "" } else { root };
    let mut kept: Vec<&str> = above.split('/').filter(|part| !part.is_empty()).collect();
    for part in rest.split('/') {
        kept.push(part);
        if part == bundle {
            break;
        }
    }
    kept.join("/")
}
