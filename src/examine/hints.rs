//! What may matter by its name although it is no evidence by its path.

use super::paths::{name, parent};
use crate::evidence::{classify, copied_key};
use crate::facts::{QUICKSTART, components, realm};
use crate::intake::{Entry, EntryKind, claims_archive};

/// Directories of an install and of packages: an archive in them is a part of those.
///
/// Names that are no one else's: `opt`, `bin` or `logs` may be any directory, and `crx-quickstart` is above those of an install.
const PARTS: [&str; 10] = [
    QUICKSTART,
    "launchpad",
    "felix",
    "repository",
    "segmentstore",
    "datastore",
    "jcr_root",
    "META-INF",
    "WEB-INF",
    "node_modules",
];

/// The files of the bundle that keeps the keys.
const OF_KEYS: [&str; 3] = ["hmac", "master", "storage"];

/// The other files that are looked for by their exact name.
const EXACT: [&str; 6] = [
    "bundle.info",
    "bundle.jar",
    "revision.location",
    "sling.properties",
    "sling.id.file",
    "sling.options.file",
];

/// Returns `true` if a file has a name that is looked for, if case did not matter.
pub(super) fn is_exact_in_any_case(path: &str) -> bool {
    let name = name(path);
    OF_KEYS.iter().chain(&EXACT).any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns `true` if a file of this name is looked at wherever it lies.
pub(super) fn is_telling(name: &str) -> bool {
    // Hundreds of thousands of files are asked, and few begin like one of these.
    let begins = matches!(
        name.bytes().next(),
        Some(b'b' | b'B' | b'c' | b'h' | b'H' | b'm' | b'M' | b'r' | b'R' | b's' | b'S')
    );
    begins && (is_exact_in_any_case(name) || copied_key(name).is_some() || name == QUICKSTART)
        || claims_archive(name)
}

/// Returns `true` if a file may be an archive with an install in it, as far as its path tells: it lies in none.
pub(super) fn may_hold_install(path: &str) -> bool {
    // What lies in an archive that is walked begins anew.
    let inside = path.strip_prefix(realm(path)).unwrap_or(path);
    !components(parent(inside)).any(is_part)
}

/// Returns `true` if a directory of this name is one of an install or of a package.
pub(super) fn is_part(name: &str) -> bool {
    let bundle = name.strip_prefix("bundle");
    PARTS.contains(&name)
        || bundle.is_some_and(|id| id.starts_with(|first: char| first.is_ascii_digit()))
}

/// Returns the bundle directory in whose data a file is named like `storage` and is not read as that: `storage.txt`, `storage (1)`, or one
/// level too deep.
pub(super) fn storage_by_another_name(path: &str) -> Option<&str> {
    let (directory, name) = (parent(path), name(path));
    let head = name.get(..STORAGE.len()).filter(|head| head.eq_ignore_ascii_case(STORAGE))?;
    let rest = name.get(head.len()..).unwrap_or_default();
    let is_named_so = rest.starts_with(['.', ' ', '~', '_', '-']);
    let data = directory.strip_suffix("/data")?;
    let bundle = data.strip_suffix("/data");
    let is_here = if bundle.is_some() { rest.is_empty() || is_named_so } else { is_named_so };
    is_here.then_some(bundle.unwrap_or(data))
}

const STORAGE: &str = "storage";

/// Returns `true` if an entry is what macOS adds to another: `._name`, beside it or below `__MACOSX` in the zips of the Finder.
pub(super) fn is_of_finder(entry: &Entry<'_>) -> bool {
    let is_below = || components(entry.path).any(|part| part == "__MACOSX");
    // macOS writes AppleDouble files for attributes that the archive has no place for.
    name(entry.path).starts_with("._") || (entry.kind == EntryKind::Directory && is_below())
}

/// Returns `true` if a path is one of a content package, whose archives are packages too.
pub(super) fn is_in_package(path: &str) -> bool {
    path.starts_with("jcr_root/") || path.contains("/jcr_root/")
}

/// Returns `true` if a path is one of the status that the Felix web console packs (`configuration-status-….zip`): a page of it, by
/// its title, after a number in older versions, or as JSON.
pub(super) fn is_status(path: &str) -> bool {
    if is_collected_status(name(path)) {
        return true;
    }
    let title = match path.split_once('/') {
        None => path.strip_suffix(".txt"),
        Some(("json", file)) => file.strip_suffix(".json"),
        Some(_) => None,
    };
    let title = title.map(|title| match title.split_once('-') {
        Some((number, title)) if number.bytes().all(|byte| byte.is_ascii_digit()) => title,
        _ => title,
    });
    matches!(
        title,
        Some("Bundles" | "Configurations" | "System Properties" | "Declarative Services")
    )
}

/// Returns `true` if a file of this name is a page of the console's status that a script saved.
fn is_collected_status(name: &str) -> bool {
    const PAGES: [&str; 6] = [
        "Bundlelist",
        "Configurations",
        "System Properties",
        "productinfo",
        "slingprops",
        "slingsettings",
    ];
    let page = name.strip_prefix("status-").and_then(|name| name.strip_suffix(".txt"));
    page.is_some_and(|page| PAGES.contains(&page))
}

/// Returns `true` if a path would be that of a key file if case did not matter. AEM finds its files by exact name, but on a file
/// system that ignores case it would read these.
pub(super) fn is_key_in_another_case(path: &str) -> bool {
    let name = name(path);
    OF_KEYS.iter().any(|known| name.eq_ignore_ascii_case(known))
        && classify(path).is_none()
        && classify(&path.to_ascii_lowercase()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::EntryTime;

    #[test]
    fn archives_in_an_install_are_parts_of_it() {
        for path in ["case/author.tar.gz", "author", "logs!/x.zip", "a/felix.tar"] {
            assert!(may_hold_install(path), "{path}");
        }
        for path in [
            "a/crx-quickstart/install/x.zip",
            "launchpad/felix/bundle7/version0.0/bundle.jar",
            "bundle7/x.tar",
            "p.zip!/jcr_root/etc/packages/q.zip",
        ] {
            assert!(!may_hold_install(path), "{path}");
        }
    }

    #[test]
    fn names_that_are_looked_for_are_telling_wherever_they_lie() {
        for known in OF_KEYS.iter().chain(&EXACT) {
            assert!(is_telling(known) && is_telling(&known.to_ascii_uppercase()), "{known}");
        }
        for name in [QUICKSTART, "Hmac.bak", "MASTER-1", "a.tgz", "a.zip.001", "xaa"] {
            assert!(is_telling(name), "{name}");
        }
        for name in ["", "0001.ser", "master.css", "storage.old", "a.tgz.md5", "x.jar"] {
            assert!(!is_telling(name), "{name}");
        }
    }

    #[test]
    fn pages_of_a_console_status_are_known() {
        for path in ["Bundles.txt", "002-Bundles.txt", "json/Bundles.json", "Configurations.txt"] {
            assert!(is_status(path), "{path}");
        }
        for path in ["x/Bundles.txt", "Bundles", "bundles.txt", "a-Bundles.txt", "timestamp.txt"] {
            assert!(!is_status(path), "{path}");
        }
    }

    #[test]
    fn pages_that_a_script_saved_are_known() {
        for path in ["status-Configurations.txt", "p1/status-System Properties.txt"] {
            assert!(is_status(path), "{path}");
        }
        for path in ["status-Bundlelist", "status-.txt", "status-page.txt", "Bundlelist.txt"] {
            assert!(!is_status(path), "{path}");
        }
    }

    #[test]
    fn notes_of_the_finder_are_no_entries_and_an_install_below_them_is_one() {
        let is_noise = |path, kind| {
            is_of_finder(&Entry {
                path,
                kind,
                size: 9,
                extent: None,
                owner: None,
                written: EntryTime::Unknown,
            })
        };
        assert!(is_noise("__MACOSX/crx-quickstart", EntryKind::Directory));
        assert!(is_noise("__MACOSX/crx-quickstart/conf/._sling.properties", EntryKind::File));
        assert!(is_noise("crx-quickstart/conf/._sling.properties", EntryKind::File));
        assert!(!is_noise("__MACOSX/crx-quickstart/conf/sling.properties", EntryKind::File));
    }

    #[test]
    fn any_part_of_the_path_may_be_in_another_case() {
        assert!(is_key_in_another_case("felix/bundle2/data/HMAC"));
        assert!(is_key_in_another_case("felix/Bundle2/Data/hmac"));
        assert!(!is_key_in_another_case("felix/bundle2/data/hmac"));
        assert!(!is_key_in_another_case("somewhere/Master"));
    }
}
