//! What paths tell of copies that were put aside.

use super::state_name::{Mark, split};
use crate::facts::{Snapshot, has_old_word, path_parts};

/// Returns `true` if the path of a copy tells that it was put aside, by a name that is not in the path of the install, and that of the
/// install tells no such thing. (`backups/2024-01-01/crx-quickstart`, `pre-upgrade/crx-quickstart`, `bundle25.bak`)
pub(crate) fn is_put_aside(copy: &Snapshot, install: &str) -> bool {
    let tells = |own: &str, other: &str| {
        let is_own = |part: &&str| path_parts(other).all(|of_other| of_other != *part);
        path_parts(own).filter(is_own).any(|part| says_so(part, other))
    };
    let is_aside = tells(&copy.root, install)
        || is_loose(copy) && copy.bundles.iter().all(|bundle| has_old_word(&bundle.directory));
    is_aside && !tells(install, &copy.root)
}

/// Returns `true` if a snapshot is of bundles alone, outside of any cache: nothing runs from there.
pub(crate) fn is_loose(snapshot: &Snapshot) -> bool {
    snapshot.sling_id.is_none()
        && !snapshot.bundles.is_empty()
        && snapshot.bundles.iter().all(|bundle| !bundle.path.contains('/'))
}

/// Returns `true` if a name tells of a role, and so of an instance.
pub(super) fn names_instance(part: &&str) -> bool {
    let name = part.to_lowercase();
    ["author", "publish", "preview"].iter().any(|role| name.contains(role))
}

fn says_so(part: &str, other: &str) -> bool {
    let last = path_parts(other).next_back().unwrap_or_default();
    let is_number = |rest: &str| matches!(rest.as_bytes(), [b'0'..=b'9']);
    has_old_word(part)
        || matches!(split(part).1, Some(Mark::Earlier | Mark::Rotated(..)))
        // What editors and `cp --backup` leave, and what is turned over as logs are.
        || part.ends_with('~')
        || part.strip_prefix(last).and_then(|rest| rest.strip_prefix('.')).is_some_and(is_number)
}
