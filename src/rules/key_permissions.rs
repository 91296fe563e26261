//! `key-permissions`: others may read or write the keys, or another user owns them.

use super::groups::Groups;
use super::{Hit, Rule, Severity};
use crate::facts::{KeyFile, KeyName};
use crate::farm::{Farm, Member};

pub(super) static RULE: Rule = Rule {
    id: "key-permissions",
    severity: Severity::Warning,
    summary: "key files are open to others, or owned by another user",
    why: "Whoever reads the keys can decrypt every protected value and sign login tokens. Files owned by another user than on the \
          other instances (often root, after one start by hand) make later updates of the bundle fail without a message.",
    fix: "chown the files to the user that runs AEM, and chmod 600 them.",
    references: &["Adobe KA-15489: service pack fails after AEM was run as root"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let mut hits: Vec<Hit> = farm.members.iter().filter_map(open).collect();
    hits.extend(other_owner(farm));
    hits
}

fn files(member: &Member) -> impl Iterator<Item = &KeyFile> {
    KeyName::ALL.into_iter().flat_map(|name| member.snapshot.keys_in_place(name))
}

fn open(member: &Member) -> Option<Hit> {
    let open: Vec<(&KeyFile, u32)> = files(member)
        .filter_map(|file| Some((file, file.owner.as_ref()?)))
        .filter(|(_, owner)| owner.open_to_others())
        .map(|(file, owner)| (file, owner.mode & 0o7777))
        .collect();
    let listed: Vec<String> =
        open.iter().map(|(file, mode)| format!("{} (mode {mode:04o})", file.name)).collect();
    if listed.is_empty() {
        return None;
    }
    let message = format!(
        "every user of the machine of {} may read or write {}",
        member.name,
        listed.join(" and ")
    );
    let steps =
        open.iter().map(|(file, _)| format!("On {}: chmod 600 '{}'", member.name, file.place.path));
    Some(Hit::on(member, message).at(open.iter().map(|(file, _)| &file.place)).fix(steps))
}

/// User ids are compared by name where there are names: the same user may have another number on another machine.
fn other_owner(farm: &Farm) -> Option<Hit> {
    let groups = Groups::by(farm, |member| {
        let owner = files(member).find_map(|file| file.owner.as_ref())?;
        Some(owner.user.clone().unwrap_or_else(|| format!("uid {}", owner.uid)))
    });
    // Without a majority there is nothing to say: two machines may well have two users.
    groups.majority().filter(|_| groups.differ())?;
    let odd = groups.odd();
    let places = odd.iter().flat_map(|member| files(member)).map(|file| &file.place);
    let steps = odd.iter().map(|member| {
        format!(
            "On {}, give the whole of crx-quickstart to the user that runs AEM: chown -R",
            member.name
        )
    });
    Some(Hit::among(&odd, groups.describe("owner of the key files")).at(places).fix(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn messages(farm: &Farm) -> Vec<String> {
        check(farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn files_of_one_user_are_quiet() {
        assert_eq!(messages(&good_farm(&["a", "b", "c"]).build()), [""; 0]);
    }

    #[test]
    fn files_open_to_others_are_told() {
        let farm = farm().with("a", |i| i.owned_by(1000, 0o644)).build();
        assert_eq!(
            messages(&farm),
            [
                "every user of the machine of a may read or write hmac (mode 0644) and master (mode 0644)"
            ]
        );
    }

    #[test]
    fn files_open_to_the_group_are_quiet() {
        assert_eq!(messages(&farm().with("a", |i| i.owned_by(1000, 0o640)).build()), [""; 0]);
    }

    #[test]
    fn files_of_another_user_are_told() {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.owned_by(0, 0o600)).build();
        assert_eq!(messages(&farm), ["c has another owner of the key files than the other 2"]);
    }

    #[test]
    fn two_users_on_two_machines_are_quiet() {
        assert_eq!(
            messages(&good_farm(&["a"]).with("c", |i| i.owned_by(0, 0o600)).build()),
            [""; 0]
        );
    }
}
