//! What a source holds that no snapshot shows, and whether that can matter.

use super::collector::Content;
use super::expected_installs::is_beside_install;
use super::hints::storage_by_another_name;
use super::item::Item;
use super::paths::{has_at_or_below, name, parent};
use super::roots::{below, owner};
use crate::evidence::{Fact, Problem, classify, concerns_store, may_matter};
use crate::facts::{
    CRYPTO, CRYPTO_FILE, Gap, GapKind, INSIDE, Snapshot, StorageMode, realm, says_old,
};
use crate::intake::{
    Origin, Source, Standing, Walked, claims_archive, claims_program, is_of_material, is_of_status,
    no_archive,
};
use std::collections::{BTreeMap, BTreeSet};

const IMAGE: &str = "is an image saved with docker save: its layers are parts of one file system, and were not put \
            together; send what docker export writes of a container of it, or its crx-quickstart (docker cp)";

/// Tells of a saved image of a container inside the source.
pub(super) fn image(source: &str, path: &str) -> Gap {
    let (source, path) = (source.to_owned(), Some(path.to_owned()));
    Gap { source, path, kind: GapKind::NoInstance, reason: IMAGE.to_owned() }
}

/// One that could be opened is a source of its own, or was walked where it lies. Of a file in a directory its content says whether it is one:
/// an unpacked `publish2.tgz/` may hold the page that came in place of an archive.
pub(super) fn nested(source: &Source, is_directory: bool, path: &str) -> Gap {
    let refusal = match &source.origin {
        Origin::Path(directory) if is_directory => no_archive(&directory.join(path)),
        _ => None,
    };
    let (kind, reason) = refusal.unwrap_or_else(|| {
        let reason =
            "is an archive inside the source and was not opened; unpack it and name it as a source";
        (GapKind::Nested, reason.to_owned())
    });
    Gap { source: source.name.clone(), path: Some(path.to_owned()), kind, reason }
}

/// Tells of an archive that somebody put into an install, where AEM has none. Others are packages, libraries and logs.
pub(super) fn within(source: &str, path: &str, root: &str) -> Option<Gap> {
    const FREE: [&str; 9] = [
        "",
        "app",
        "datastore",
        "monitoring",
        "opt/helpers",
        "repository",
        "repository/datastore",
        "threaddumps",
        "tmp",
    ];
    let below = below(path, root);
    let name = name(below);
    let is_free = FREE.contains(&parent(below)) && !claims_program(name);
    if !is_free && !is_upload_among_packages(below) {
        return None;
    }
    // `felix.tgz` and `crx-quickstart-backup.tar.gz` are what somebody kept before a change.
    let is_kept = says_old(name) || PARTS.iter().any(|part| name.starts_with(part));
    // Support packs thread dumps where they lie, Vault leaves `vlt*.zip` in `tmp`, and a service pack waits at the top.
    let (kind, reason) = if is_kept {
        (GapKind::Package, "is an archive in an install, kept by its name, and was not opened")
    } else if !names_role(name) {
        (GapKind::Package, "is an archive in an install, and was not opened")
    } else {
        let reason = "is an archive in an install, where AEM has none, and was not opened; if an instance is in it, take it out and name it as a \
                      source";
        (GapKind::Nested, reason)
    };
    let (source, path) = (source.to_owned(), Some(path.to_owned()));
    Some(Gap { source, path, kind, reason: reason.to_owned() })
}

/// Returns `true` if an archive in `install` is called like an instance and is none that the installer takes: packages and bundles are `.zip` and
/// `.jar`. (`install/publish2.tgz`)
fn is_upload_among_packages(below: &str) -> bool {
    let name = name(below).to_ascii_lowercase();
    let is_taken = [".zip", ".jar", ".war"].iter().any(|end| name.ends_with(end));
    is_installed(below) && !is_taken && names_role(&name)
}

/// Returns `true` if a path from an install root is one in `install` or in that of a run mode, which the installer reads.
fn is_installed(below: &str) -> bool {
    let folder = below.split_once('/').map_or("", |(folder, _)| folder);
    folder == "install" || folder.starts_with("install.")
}

fn names_role(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["author", "publish"].iter().any(|role| name.contains(role))
}

/// How archives of a part of an install begin.
const PARTS: [&str; 7] =
    ["crx-quickstart", "launchpad", "felix", "bundle", "repository", "segmentstore", "logs"];

pub(super) fn malformed(source: &str, items: &BTreeMap<String, Item>) -> Vec<Gap> {
    let gap = |path: &String, kind, reason| Gap {
        source: source.to_owned(),
        path: Some(path.clone()),
        kind,
        reason,
    };
    items
        .iter()
        .filter_map(|(path, item)| match item {
            Item::Read { fact: Err(error), .. } => {
                let kind = classify(path).map_or("evidence", |(kind, _)| kind.name);
                let is_configuration = kind == "configuration";
                Some(match error.problem {
                    // Felix has no such bound.
                    Problem::Limit(_) if is_configuration => {
                        let reason =
                            format!("is a configuration with more in it than is read: {error}");
                        gap(path, GapKind::TooLarge, reason)
                    }
                    _ => {
                        // What Felix cannot parse it ignores; that hides something only where a rule asks for it.
                        let is_ignored = is_configuration && !may_matter(path);
                        let gap_kind =
                            if is_ignored { GapKind::Ignored } else { GapKind::Malformed };
                        gap(path, gap_kind, format!("is no valid {kind}: {error}"))
                    }
                })
            }
            Item::Odd => {
                let reason = "is a directory or a device where a file belongs".to_owned();
                Some(gap(path, GapKind::Malformed, reason))
            }
            _ => None,
        })
        .collect()
}

/// Returns `true` if what is no archive need not be one: beside an install the name has to claim it. `installs`: archives in which
/// one lies.
pub(super) fn is_other_content(gap: &Gap, standing: Standing, installs: &BTreeSet<&str>) -> bool {
    // An archive that is damaged may have held an instance, whatever it is called.
    if !matches!(gap.kind, GapKind::NotAnArchive | GapKind::EmptyFile) {
        return false;
    }
    match gap.path.as_deref().and_then(|path| path.strip_suffix(INSIDE)) {
        Some(path) => !claims_archive(path) && is_beside_install(path, installs),
        None => {
            gap.path.is_none()
                && matches!(standing, Standing::Beside | Standing::InPlace)
                && !claims_archive(&gap.source)
        }
    }
}

/// Returns `true` if a gap is one of an archive in `install` or `install.publish` of an install: a package for AEM, and no upload.
pub(super) fn is_packages(gap: &Gap, roots: &BTreeSet<&str>) -> bool {
    let Some(path) = gap.path.as_deref().filter(|path| !realm(path).is_empty()) else {
        return false;
    };
    let Some(root) = owner(path, roots) else { return false };
    let below = below(path, root);
    is_installed(below) && !is_upload_among_packages(below)
}

/// Says that no instance is in a source, as far as one should be. `traces`: there are gaps, archives, and directories named like an install.
pub(super) fn no_instance(
    Source { name: source, standing, .. }: &Source,
    walked: &Walked,
    is_status: bool,
    content: Option<Content>,
    items: &BTreeMap<String, Item>,
    traces @ [_, _, has_homes]: [bool; 3],
) -> Option<Gap> {
    // What an archive holds by its name counts where nothing in it says otherwise.
    let is_plain = walked.entries > 0 && traces == [false; 3];
    let named = match name(source) {
        named if is_status && is_of_status(named) => Some(Content::Status),
        named if is_of_material(named) => Some(Content::Material),
        _ => None,
    };
    let content = content.or(named.filter(|_| is_plain));
    // What is named like an install was meant for one wherever it lies.
    let standing = if has_homes { Standing::Named } else { *standing };
    let is_log = |item: &Item| matches!(item, Item::Read { fact: Ok(Fact::Log(_)), .. });
    let gap = |kind, reason| Some(Gap { source: source.to_owned(), path: None, kind, reason });
    let reason = match (standing, walked.entries) {
        (Standing::Folder, _) => return None,
        _ if content == Some(Content::Image) => IMAGE
            .to_owned(),
        (Standing::Upload | Standing::InPlace, _) if content.is_some() => {
            let what = content.map_or("", said);
            // A log may show what keys do not.
            let logs = if content == Some(Content::Material) { "; logs in it were not read" } else { "" };
            return gap(GapKind::Package, format!("is {what}, and no instance is in it{logs}"));
        }
        (Standing::Beside, _) if !is_status => {
            let reason = "lies beside an install, and no instance is in it".to_owned();
            return gap(GapKind::Package, reason);
        }
        // Support asks for the ZIP of `/system/console/config` (KA-17494), so people have one at
        // hand and send it.
        _ if is_status => "no AEM instance in it: it is a status of the web console, which holds no key files; send `conf`, \
            `launchpad/config` and `launchpad/felix/bundle*` of `crx-quickstart` instead (see --help)"
            .to_owned(),
        _ if content.is_some() => {
            let what = content.map_or("", said);
            format!("no AEM instance in it: it is {what}, which holds no keys; send `crx-quickstart` instead")
        }
        (_, 0) => "no AEM instance in it: it is empty".to_owned(),
        // Asked for again, they would be sent again as they are.
        _ if !items.is_empty() && items.values().all(is_log) => "no AEM instance in it: it has the logs of one alone; they are read where they \
            lie in crx-quickstart/logs of its install"
            .to_owned(),
        (_, 1) => "no AEM instance in it: its only entry is neither a bundle below `felix/` nor a property file of \
            `crx-quickstart/conf`"
            .to_owned(),
        (_, entries) => format!(
            "no AEM instance in it: none of its {entries} entries is a bundle below `felix/` or a property file of \
             `crx-quickstart/conf`"
        ),
    };
    gap(GapKind::NoInstance, reason)
}

fn said(content: Content) -> &'static str {
    match content {
        Content::Package => "an AEM content package",
        Content::Java => "a Java archive",
        Content::Document => "an Office document",
        Content::Image => "an image of a container",
        Content::Material => "an archive of logs, dumps or the like by its name",
        Content::Status => "a status of the web console",
    }
}

/// Returns `true` if a file is named like `storage` and matters to nobody: it is another bundle's, or `storage` says `Bundle` beside it.
pub(super) fn is_idle_storage(gap: &Gap, snapshots: &[Snapshot]) -> bool {
    let path = gap.path.as_deref().filter(|_| gap.kind == GapKind::Ignored);
    let Some(bundle) = path.and_then(storage_by_another_name) else { return false };
    let storage = format!("{bundle}/data/storage");
    let Some((_, found)) = classify(&storage) else { return true };
    let index = snapshots.binary_search_by(|snapshot| snapshot.root.as_str().cmp(found.root)).ok();
    let snapshot = index.and_then(|index| snapshots.get(index));
    let is_of_crypto = |snapshot: &&Snapshot| {
        snapshot.bundle_in(found.bundle).is_some_and(|bundle| bundle.is(CRYPTO))
    };
    let Some(snapshot) = snapshot.filter(is_of_crypto) else { return true };
    let mut modes = snapshot.storage_in_place().map(|file| file.storage.mode).peekable();
    modes.peek().is_some() && modes.all(|mode| mode == StorageMode::Bundle)
}

/// Other bundles may well have a directory or a large file of such a name. Where the bundle is known not to be one that holds
/// keys, it hides none.
pub(super) fn is_moot(gap: &Gap, snapshots: &[Snapshot]) -> bool {
    let Some((path, (_, found))) = gap.path.as_deref().and_then(|p| Some((p, classify(p)?))) else {
        return false;
    };
    // Snapshots are sorted by root, and each has its own.
    let index = snapshots.binary_search_by(|snapshot| snapshot.root.as_str().cmp(found.root)).ok();
    let of_root = index.and_then(|index| snapshots.get(index));
    if gap.is_local() && concerns_store(path) {
        // Where the repository is matters only where the keys are in it.
        let is_bundle_mode = |snapshot: &Snapshot| {
            let mut modes = snapshot.storage_in_place().map(|file| file.storage.mode).peekable();
            modes.peek().is_some() && modes.all(|mode| mode == StorageMode::Bundle)
        };
        return of_root.is_none_or(is_bundle_mode);
    }
    let is_key_like = ["hmac", "master", "storage"].contains(&found.name);
    let of_odd_shape = matches!(gap.kind, GapKind::TooLarge | GapKind::Malformed);
    let bundle = of_root.and_then(|snapshot| snapshot.bundle_in(found.bundle));
    let other = |name: &str| name != CRYPTO && name != CRYPTO_FILE;
    is_key_like
        && of_odd_shape
        && path.contains("/data/")
        && bundle.and_then(|bundle| bundle.symbolic_name.as_deref()).is_some_and(other)
}

/// Key files in a bundle directory of unknown name may or may not be the keys.
pub(super) fn unidentified(snapshot: &Snapshot) -> Vec<Gap> {
    let keys = snapshot.key_files.iter().map(|file| (&file.directory, &file.place));
    let storage = snapshot.storage_files.iter().map(|file| (&file.directory, &file.place));
    let unknown = keys.chain(storage).filter(|(directory, _)| {
        snapshot.bundle_in(directory).is_none_or(|bundle| bundle.symbolic_name.is_none())
    });
    unknown
        .map(|(directory, place)| Gap {
            source: snapshot.source.clone(),
            path: Some(place.path.clone()),
            kind: GapKind::Unidentified,
            reason: format!("nothing in the source says which bundle {directory} is"),
        })
        .collect()
}

/// Returns claims that no gap explains.
pub(super) fn untold<'g>(claims: Vec<Gap>, gaps: impl Iterator<Item = &'g Gap>) -> Vec<Gap> {
    let hiding: BTreeSet<&str> =
        gaps.filter(|gap| gap.kind.hides()).filter_map(|gap| gap.path.as_deref()).collect();
    let is_told = |claimed: &str| has_at_or_below(&hiding, claimed);
    let is_untold = |claim: &Gap| !claim.path.as_deref().is_some_and(is_told);
    claims.into_iter().filter(is_untold).collect()
}
