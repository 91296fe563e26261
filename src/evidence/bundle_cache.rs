//! What Felix makes of a bundle directory: which revision it opens, which bundle that is, whether it would delete it.

use super::bundle_values::{ID, LOCATION, REFRESH, STATE};
use super::{BundleInfo, Jar, RevisionLocation};
use crate::facts::{Bundle, BundleState, DiscardReason, IdentifiedBy, Place, Revision, Shape};
use std::collections::BTreeMap;

/// What was read of one bundle directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleParts<'a> {
    /// Its name, such as `bundle39`.
    pub directory: &'a str,
    /// Its place.
    pub place: Place,
    /// `bundle.info`; wins over the older files.
    pub info: Option<&'a BundleInfo>,
    /// Files that Felix wrote before 4.0, by name.
    pub values: BTreeMap<&'a str, &'a str>,
    /// Something of `data/` was seen.
    pub data: bool,
    /// Directories `version…`, by name.
    pub revisions: BTreeMap<&'a str, RevisionParts<'a>>,
}

/// What was read of one revision directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RevisionParts<'a> {
    /// Its `revision.location`.
    pub location: Option<RevisionLocation>,
    /// Its `bundle.jar`.
    pub jar: Option<&'a Jar>,
}

/// What a source holds of the bundles of one root.
///
/// Uploads are often selections: every `bundle.info`, say, and two directories whole. Only what most bundles came with may
/// count as missing from one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a part that was packed or was not")]
pub struct Packing {
    /// Most bundles have `bundle.info`.
    pub infos: bool,
    /// Most bundles have revision directories.
    pub revisions: bool,
    /// Most bundles have `revision.location`.
    pub revision_locations: bool,
    /// Nearly all bundles have the jars that belong into their revision directories.
    pub jars: bool,
    /// Felix 6 or a newer one was started on the cache: it reads `bundle.info` alone.
    pub infos_alone: bool,
}

/// Of so many bundles one may lack its jar where jars were packed. Uploads without large files leave out more.
const PER_MISSING_JAR: usize = 4;

impl Packing {
    /// Says what was packed of all bundles of one root.
    pub fn of<'p, 'a: 'p>(all: &(impl Iterator<Item = &'p BundleParts<'a>> + Clone)) -> Self {
        let count = |has: &dyn Fn(&BundleParts<'a>) -> bool| all.clone().filter(|p| has(p)).count();
        let total = count(&|_| true);
        let most = |has: &dyn Fn(&BundleParts<'a>) -> bool| count(has).saturating_mul(2) > total;
        let copied =
            |revision: &RevisionParts<'_>| revision.location == Some(RevisionLocation::Copied);
        let with_jar = |revision: &RevisionParts<'_>| copied(revision) && revision.jar.is_some();
        let with_jars = count(&|parts| parts.revisions.values().any(with_jar));
        let copied = count(&|parts| parts.revisions.values().any(copied));
        let without = copied.saturating_sub(with_jars);
        Self {
            infos: most(&|parts| parts.info.is_some()),
            revisions: most(&|parts| !parts.revisions.is_empty()),
            revision_locations: most(&|parts| {
                parts.revisions.values().any(|r| r.location.is_some())
            }),
            jars: with_jars > 0 && without.saturating_mul(PER_MISSING_JAR) <= copied,
            infos_alone: false,
        }
    }
}

/// Puts the parts of a bundle directory together as Felix would at its next start.
///
/// `packing` is given when the source was read in full, so that what did not come of this bundle may count as missing.
pub fn assemble(parts: &BundleParts<'_>, packing: Option<Packing>) -> Bundle {
    let choice = choose(parts);
    let identity = identify(parts, &choice);
    let location = parts.info.map_or_else(
        || parts.values.get(LOCATION).map(|&location| location.to_owned()),
        |info| info.location.clone(),
    );
    Bundle {
        id: id(parts),
        directory: parts.directory.to_owned(),
        symbolic_name: identity.name,
        version: identity.version,
        identified_by: identity.by,
        state: state(parts),
        location,
        revisions: revisions(parts, choice.current),
        fragment: identity.fragment,
        data_seen: parts.data,
        discard: discard(parts, &choice, packing),
        path: parts.place.path.clone(),
    }
}

fn is_old_layout(parts: &BundleParts<'_>) -> bool {
    parts.info.is_none() && !parts.values.is_empty()
}

fn id(parts: &BundleParts<'_>) -> Option<u64> {
    match (parts.info, parts.values.get(ID)) {
        (Some(info), _) => info.id,
        (None, Some(id)) => id.parse().ok(),
        // The only case in which the directory's name counts.
        (None, None) if is_old_layout(parts) => {
            parts.directory.strip_prefix("bundle")?.parse().ok()
        }
        (None, None) => None,
    }
}

fn state(parts: &BundleParts<'_>) -> Option<BundleState> {
    match parts.info {
        Some(info) => info.state,
        None if !is_old_layout(parts) => None,
        None => Some(match parts.values.get(STATE).copied() {
            Some("active") => BundleState::Active,
            Some("starting") => BundleState::Starting,
            Some("uninstalled") => BundleState::Uninstalled,
            _ => BundleState::Installed,
        }),
    }
}

/// The `R` of `version<R>.<N>`, where it is known.
fn refresh(parts: &BundleParts<'_>) -> Option<i64> {
    match (parts.info, parts.values.get(REFRESH)) {
        (Some(info), _) => info.refresh,
        (None, Some(count)) => count.parse().ok(),
        (None, None) => is_old_layout(parts).then_some(0),
    }
}

/// The revision directory that Felix opens.
struct Choice<'a> {
    current: Option<&'a str>,
    /// The name Felix would build, when no directory has it; `current` is then the best guess.
    missing: Option<String>,
}

fn choose<'a>(parts: &BundleParts<'a>) -> Choice<'a> {
    let refresh = refresh(parts);
    // Felix 3.0.6 to 3.2.2 write the old files too, but take the greatest. They leave one directory
    // such as `version2.2`, which counting from 0 never reaches.
    let counted = refresh.filter(|_| is_old_layout(parts)).and_then(|r| count_up(parts, r));
    if counted.is_some() {
        return Choice { current: counted, missing: None };
    }
    // An update makes a new directory, and the old one stays until a refresh or a clean stop, so a
    // killed instance has both.
    let Some((greatest, guess)) = greatest(parts) else {
        return Choice { current: None, missing: None };
    };
    // Felix takes only the number from the directory that it finds, and the rest from
    // `bundle.info`. (`BundleArchive`)
    let expected = refresh.map(|refresh| format!("version{refresh}.{greatest}"));
    let exact = expected.as_deref().and_then(|name| parts.revisions.get_key_value(name));
    match exact {
        Some((name, _)) => Choice { current: Some(name), missing: None },
        None => Choice { current: Some(guess), missing: expected },
    }
}

/// Felix up to 3.0.5: counts `version<R>.0`, `version<R>.1`, … upward and takes the last one there is.
fn count_up<'a>(parts: &BundleParts<'a>, refresh: i64) -> Option<&'a str> {
    let name = |number: usize| {
        let name = format!("version{refresh}.{number}");
        parts.revisions.get_key_value(name.as_str()).map(|(name, _)| *name)
    };
    (0..parts.revisions.len()).map_while(name).last()
}

/// Felix since 3.0.6: the numerically greatest suffix after the last dot. `version0.10` beats `version0.9`.
fn greatest<'a>(parts: &BundleParts<'a>) -> Option<(i64, &'a str)> {
    let numbered = parts.revisions.keys().filter_map(|name| Some((number(name)?, *name)));
    numbered.max_by_key(|(number, _)| *number)
}

fn number(revision: &str) -> Option<i64> {
    revision.rsplit_once('.').and_then(|(_, suffix)| decode_long(suffix))
}

/// Reads a number as `Long.decode` does: a leading `0x` or `#` means hexadecimal, a leading zero octal.
fn decode_long(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let hexadecimal = ["0x", "0X", "#"].into_iter().find_map(|prefix| digits.strip_prefix(prefix));
    let (digits, radix) = match (hexadecimal, digits.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(octal)) if !octal.is_empty() => (octal, 8),
        _ => (digits, 10),
    };
    // `from_str_radix` would take a second sign, on which `Long.decode` fails.
    let signed_twice = digits.starts_with(['+', '-']);
    if signed_twice { None } else { i64::from_str_radix(&format!("{sign}{digits}"), radix).ok() }
}

fn revisions(parts: &BundleParts<'_>, current: Option<&str>) -> Vec<Revision> {
    // The name is not unique: Felix allows several versions of a bundle that is no singleton side
    // by side.
    let revision = |(name, revision): (&&str, &RevisionParts<'_>)| {
        let (symbolic_name, version) = match revision.jar {
            Some(Jar::Manifest { symbolic_name, version, .. }) => {
                (symbolic_name.clone(), Some(version.clone()))
            }
            _ => (None, None),
        };
        let current = current == Some(*name);
        Revision { directory: (*name).to_owned(), symbolic_name, version, current }
    };
    parts.revisions.iter().map(revision).collect()
}

#[derive(Default)]
struct Identity {
    name: Option<String>,
    version: Option<String>,
    by: Option<IdentifiedBy>,
    fragment: bool,
}

/// Says which bundle it is: by the current revision's manifest, another one's, or the file name in the location.
fn identify(parts: &BundleParts<'_>, choice: &Choice<'_>) -> Identity {
    let manifest = |name: &str, by| by_manifest(parts.revisions.get(name)?.jar?, by);
    // Where the directory that Felix would open is missing, the manifest of another one shows no more than
    // the name.
    let chosen = choice.current.filter(|_| choice.missing.is_none());
    let exact = chosen.and_then(|name| manifest(name, IdentifiedBy::Manifest));
    // Where jars were left out of an upload, one of another revision may still be there; an update
    // hardly ever changes the name.
    let other = || {
        let mut names: Vec<_> = parts.revisions.keys().map(|name| (number(name), *name)).collect();
        names.sort_unstable();
        // The newest first: its version is the least stale.
        names.iter().rev().find_map(|(_, name)| manifest(name, IdentifiedBy::OtherRevision))
    };
    exact.or_else(other).or_else(|| by_location(parts)).unwrap_or_default()
}

fn by_manifest(jar: &Jar, by: IdentifiedBy) -> Option<Identity> {
    let Jar::Manifest { symbolic_name: Some(name), version, fragment } = jar else { return None };
    let (name, version) = (Some(name.clone()), Some(version.clone()));
    Some(Identity { name, version, by: Some(by), fragment: *fragment })
}

fn by_location(parts: &BundleParts<'_>) -> Option<Identity> {
    let location = match parts.info {
        Some(info) => info.location.as_deref(),
        None => parts.values.get(LOCATION).copied(),
    };
    // Felix keeps the location through all updates: `…-1.0.0.jar` may be 1.0.2 by now, so it comes
    // last.
    let location = location.filter(|location| Shape::Location.fits(location))?;
    let (name, version) = split_location(location)?;
    Some(Identity {
        name: Some(name.to_owned()),
        version: version.map(str::to_owned),
        by: Some(IdentifiedBy::Location),
        fragment: false,
    })
}

/// Splits the file name in a location at the first `-` that a digit follows. Windows paths come with back-slashes.
fn split_location(location: &str) -> Option<(&str, Option<&str>)> {
    // On Windows, Sling writes the whole path: `slinginstall:C:\…\startup\1\x.jar`. Uploads in the
    // console are `inputstream:x.jar`.
    let file = location.rsplit(['/', '\\', ':']).next()?;
    // Sling bootstraps both kinds from `startup/<level>`. (`BootstrapInstaller`)
    let stem = [".jar", ".war"].into_iter().find_map(|suffix| file.strip_suffix(suffix));
    let stem = stem.unwrap_or(file);
    // Versions may have qualifiers with more of these, such as `3.0.18-CQ610-B0004`.
    let version_at = stem.match_indices('-').find_map(|(at, dash)| {
        let version = stem.get(at..)?.strip_prefix(dash)?;
        version.starts_with(|c: char| c.is_ascii_digit()).then_some((stem.get(..at)?, version))
    });
    let (name, version) = version_at.map_or((stem, None), |(name, version)| (name, Some(version)));
    (!name.is_empty()).then_some((name, version))
}

/// Says why Felix would delete the directory, where that is certain from what was read.
fn discard(
    parts: &BundleParts<'_>,
    choice: &Choice<'_>,
    packing: Option<Packing>,
) -> Option<DiscardReason> {
    let packed = |part: fn(Packing) -> bool| packing.is_some_and(part);
    // Felix reads `bundle.info` first, and deletes the directory where that fails, whatever else is in it.
    // (run with 4.6.1 and 7.0.5)
    if let Some(problem) = unreadable(parts) {
        return Some(DiscardReason::Info(problem));
    }
    // A directory of which nothing but data came may be a selection.
    let came_whole = !parts.revisions.is_empty();
    if came_whole && packed(|p| p.infos) && !has_identity_file(parts, packing) {
        return Some(DiscardReason::NoInfo);
    }
    // Uninstalling only writes the state; the directory goes at a refresh, a clean stop or the next
    // start.
    if state(parts) == Some(BundleState::Uninstalled) {
        return Some(DiscardReason::Uninstalled);
    }
    if let Some(stray) = stray(parts) {
        return Some(DiscardReason::StrayRevision(stray.to_owned()));
    }
    let Some(current) = choice.current else {
        let missing = packed(|p| p.revisions) && has_identity_file(parts, packing);
        return missing.then_some(DiscardReason::NoRevision);
    };
    if let Some(expected) = &choice.missing {
        let expected = expected.clone();
        return packing.is_some().then_some(DiscardReason::RefreshMismatch { expected });
    }
    let revision = parts.revisions.get(current)?;
    let reason = match (revision.location, revision.jar) {
        (None, _) if packed(|p| p.revision_locations) => DiscardReason::NoRevisionLocation,
        (Some(RevisionLocation::Empty), _) => DiscardReason::EmptyRevisionLocation,
        (Some(RevisionLocation::BadReference), _) => DiscardReason::BadReference,
        // The feature launcher of Sling installs by `reference:file:…`, so no jar belongs into the
        // directory.
        (Some(RevisionLocation::Elsewhere), _) => return None,
        (_, Some(Jar::Bad)) => DiscardReason::BadJar,
        (Some(RevisionLocation::Copied), None) if packed(|p| p.jars) => DiscardReason::NoJar,
        _ => return None,
    };
    Some(reason(current.to_owned()))
}

fn has_identity_file(parts: &BundleParts<'_>, packing: Option<Packing>) -> bool {
    // Felix 6.0 lost the readers of the older files, and deletes a directory that has no others.
    let is_old_read = !packing.is_some_and(|packing| packing.infos_alone);
    parts.info.is_some() || is_old_read && is_old_layout(parts)
}

fn unreadable(parts: &BundleParts<'_>) -> Option<String> {
    if let Some(info) = parts.info {
        return info.problem.as_ref().map(ToString::to_string);
    }
    let id = parts.values.get(ID)?;
    id.parse::<i64>().is_err().then(|| format!("{ID} is not a number"))
}

/// Returns a revision directory on whose name Felix gives up. Only versions that write `bundle.info` surely do.
fn stray<'a>(parts: &BundleParts<'a>) -> Option<&'a str> {
    // `version0.0.bak` makes Felix delete the bundle; `versionbackup`, without a dot, is ignored.
    // (run with 4.6.1 and 7.0.5)
    let is_stray = |name: &&&str| name.contains('.') && number(name).is_none();
    parts.info.and_then(|_| parts.revisions.keys().find(is_stray).copied())
}

#[cfg(test)]
mod tests;
