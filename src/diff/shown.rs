//! Whether one state showed what something was found in, in the other one.
//!
//! An upload after a repair is often a smaller one. What was found in a log is not gone because no log was sent, and an instance of which
//! the repository did not come may still hold keys there.

use crate::diagnosis::Finding;
use crate::facts::{Place, Repository, Snapshot, is_in_realm, path_parts};
use crate::farm::{Farm, Member};
use std::path::Path;

/// Returns `true` if another state showed all that a finding was found in. `other` returns an instance as that state has it.
pub(super) fn is_shown<'m>(
    finding: &Finding,
    farm: &Farm,
    other: &dyn Fn(&str) -> Option<&'m Member>,
) -> bool {
    let hit = &finding.hit;
    let concerned = hit.instances.iter().all(|name| {
        other(name).is_some_and(|member| {
            (!is_of_log(finding.rule.id) || member.snapshot.log.is_some())
                && (finding.rule.id != "users-differ" || counts_users(&member.snapshot))
        })
    });
    concerned
        && hit.places.iter().all(|place| {
            holder(farm, place).is_none_or(|own| {
                other(&own.name).is_some_and(|member| shows(&own.snapshot, place, member))
            })
        })
}

fn is_of_log(rule: &str) -> bool {
    rule.starts_with("log-")
}

fn counts_users(snapshot: &Snapshot) -> bool {
    let users = snapshot.repository.as_ref().and_then(|stored| stored.users.as_ref());
    users.is_some_and(|users| users.gap.is_none())
}

/// Returns the instance that a place belongs to.
fn holder<'f>(farm: &'f Farm, place: &Place) -> Option<&'f Member> {
    let holds = |member: &&Member| {
        let snapshot = &member.snapshot;
        snapshot.source == place.source && is_in_realm(&place.path, &snapshot.root)
    };
    farm.members.iter().filter(holds).max_by_key(|member| member.snapshot.root.len())
}

/// Returns `true` if an instance showed in another state what lies in a place of it.
fn shows(own: &Snapshot, place: &Place, other: &Member) -> bool {
    let shown = &other.snapshot;
    let reads = |stored: &Repository| stored.keys.reason().is_none();
    if own.repository.as_ref().is_some_and(|stored| stored.place == *place) {
        return shown.repository.as_ref().is_some_and(reads);
    }
    let mut configurations = own.configurations.iter().filter(|one| one.place == *place);
    if let Some(first) = configurations.next() {
        let is_there = |pid: &str| shown.configurations_of(pid).next().is_some();
        return shown.shows_all_configurations()
            || is_there(&first.pid) && configurations.all(|one| is_there(&one.pid));
    }
    if own.sling_id.as_ref().is_some_and(|id| id.place == *place) {
        return shown.sling_id.is_some();
    }
    let mut settings = own.settings.iter().filter(|one| one.place == *place).peekable();
    if settings.peek().is_some() {
        return shown.parts.properties && shown.is_complete()
            || settings.all(|one| shown.setting(&one.name).is_some());
    }
    if own.storage_in_place().any(|file| file.place == *place) {
        return shown.storage_in_place().next().is_some() || other.is_storage_absent();
    }
    let keys = own.key_files.iter().chain(&own.stray_keys);
    let keys = keys.map(|file| (&file.place, &file.directory));
    let storage = own.storage_files.iter().map(|file| (&file.place, &file.directory));
    if let Some((_, directory)) = keys.chain(storage).find(|(file, _)| *file == place) {
        // The bundle may have another number by now: what is in use is compared as such.
        let is_seen = |bundle| shown.shows_data_of(bundle);
        return shown.shows_all_bundles() || shown.bundle_in(directory).is_some_and(is_seen);
    }
    if let Some(bundle) = own.bundles.iter().find(|bundle| own.place_of(bundle) == *place) {
        let is_there = |name: &String| shown.bundles_named(name).next().is_some();
        return shown.shows_all_bundles() || bundle.symbolic_name.as_ref().is_some_and(is_there);
    }
    let path = Path::new(&place.path);
    let is_named_so = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("log"));
    let is_log = is_named_so || path_parts(&place.path).any(|part| part == "logs");
    !is_log || shown.log.is_some()
}
