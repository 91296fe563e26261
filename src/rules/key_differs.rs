//! What `hmac-differs` and `master-differs` have in common.

use super::Hit;
use super::groups::Groups;
use super::repair;
use crate::facts::{KeyName, Role};
use crate::farm::{Farm, Member};

/// Finds instances whose effective key is another one than their peers'.
pub(super) fn check(farm: &Farm, name: KeyName) -> Vec<Hit> {
    let groups = Groups::by(farm, |member| member.known_key(name).map(|key| key.value));
    if !groups.differ() {
        return Vec::new();
    }
    let odd = groups.odd();
    let witnesses = groups.witnesses();
    let files = witnesses.iter().filter_map(|m| m.known_key(name)).map(|key| &key.file.place);
    let mut message = groups.describe(name.file_name());
    if splits_by_role(&groups) {
        message.push_str(" (authors have one, publishers the other)");
    }
    vec![Hit::among(&odd, message).at(files).fix(repair::copy_keys(farm))]
}

/// Says whether there are two groups, one of authors and one of publishers.
fn splits_by_role(groups: &Groups<'_>) -> bool {
    let role = |group: &[&Member]| {
        let first = group.first()?.snapshot.role()?;
        group.iter().all(|member| member.snapshot.role() == Some(first)).then_some(first)
    };
    let roles: Vec<Option<Role>> = groups.iter().map(role).collect();
    matches!(
        roles.as_slice(),
        [Some(Role::Author), Some(Role::Publish)] | [Some(Role::Publish), Some(Role::Author)]
    )
}
