//! `key-permissions`: others may read or write the keys, another user owns them, or root alone may read them.

use crate::facts::{KeyFile, KeyName, Owner, Right};
use crate::farm::{Farm, Groups, Member, names_of};
use crate::repair::{ManualCommand, Text};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-permissions",
    severity: Severity::Warning,
    compares: false,
    summary: "key files are open to others, or owned by another user",
    effect: "Other users of the machine can decrypt every secret and forge login tokens.",
    why: "Whoever reads the keys can decrypt every protected value and sign login tokens. Files owned by another user than on the \
          other instances (often root, after one start by hand) make later updates of the bundle fail without a message.",
    fix: "chown the files to the user that runs AEM, and chmod 600 them.",
    references: &["Adobe KA-15489: service pack fails after AEM was run as root"],
    explained_by: &["key-unreadable"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let open = if open_by_umask(farm).is_some() { None } else { open(farm) };
    open.into_iter().chain(other_owner(farm)).chain(shut(farm)).collect()
}

/// Returns the mode that every key file of the farm has, where it is one that lets all users read, and that a usual umask gives.
pub(super) fn open_by_umask(farm: &Farm) -> Option<u32> {
    let owners = farm.members.iter().flat_map(files).filter_map(|file| file.owner.as_ref());
    let modes: BTreeSet<u32> = owners.map(|owner| owner.mode & 0o7777).collect();
    let mode = modes.first().copied().filter(|_| modes.len() == 1)?;
    let (of_group, of_others) = (mode >> 3 & 0o7, mode & 0o7);
    // A umask takes no more from others than from the group's users.
    // Under a umask of 022, Felix writes what bundles keep in `data` with mode 0644.
    (of_others & 0o6 == 0o4 && of_group & of_others == of_others).then_some(mode)
}

/// Returns the key files that an instance works with.
pub(super) fn files(member: &Member) -> impl Iterator<Item = &KeyFile> {
    KeyName::ALL.into_iter().flat_map(|name| member.snapshot.keys_in_use(name))
}

/// Finds key files that others may open; several instances are reported once.
fn open(farm: &Farm) -> Option<Hit> {
    let open: Vec<(&Member, &KeyFile, u32)> = farm
        .members
        .iter()
        .flat_map(|member| files(member).map(move |file| (member, file)))
        .filter_map(|(member, file)| Some((member, file, file.owner.as_ref()?)))
        .filter(|(.., owner)| owner.open_to_others())
        .map(|(member, file, owner)| (member, file, owner.mode & 0o7777))
        .collect();
    let mut members: Vec<&Member> = open.iter().map(|(member, ..)| *member).collect();
    members.dedup_by_key(|member| &member.name);
    let modes: BTreeSet<String> = open.iter().map(|(.., mode)| format!("{mode:04o}")).collect();
    if members.is_empty() {
        return None;
    }
    let writable = open.iter().any(|(.., mode)| mode & 0o002 != 0);
    let message = format!(
        "every user of the machine may {} the keys of {} (mode {})",
        if writable { "read or write" } else { "read" },
        names_of(&members),
        modes.into_iter().collect::<Vec<_>>().join(", ")
    );
    let steps = open.iter().map(|(member, file, _)| close(member, file));
    Some(
        Hit::among(&members, message).at(open.iter().map(|(_, file, _)| &file.place)).advise(steps),
    )
}

fn close(member: &Member, file: &KeyFile) -> Text {
    Text::command(
        &format!("On {}, leave the key to its owner", member.name),
        ManualCommand::Close(vec![file.place.path.clone()]),
    )
}

/// Finds key files that root alone may read. Where AEM is known to run as another user, that is an error of its own.
fn shut(farm: &Farm) -> Option<Hit> {
    let shut: Vec<(&Member, &KeyFile)> = farm
        .members
        .iter()
        .flat_map(|member| files(member).map(move |file| (member, file)))
        .filter(|(member, file)| {
            // Root may read a file of any mode, and no other user may read this one.
            let owner = file.owner.as_ref().filter(|owner| owner.mode & 0o444 == 0);
            owner.is_some_and(|owner| !is_refused(member, owner))
        })
        .collect();
    let mut members: Vec<&Member> = shut.iter().map(|(member, _)| *member).collect();
    members.dedup_by_key(|member| &member.name);
    if members.is_empty() {
        return None;
    }
    let message = format!("no user but root may read the keys of {}", names_of(&members));
    let steps = shut.iter().map(|(member, file)| close(member, file));
    Some(Hit::among(&members, message).at(shut.iter().map(|(_, file)| &file.place)).advise(steps))
}

/// Returns `true` if AEM is known to run as a user that may not read a file of this owner.
fn is_refused(member: &Member, owner: &Owner) -> bool {
    let account = member.snapshot.account.as_ref();
    account.is_some_and(|account| owner.refuses(account, Right::Read))
}

/// Users are compared by name where every instance has names, since one user may have two numbers on two machines; a
/// directory never has names, so with one among the sources the numbers are compared.
fn other_owner(farm: &Farm) -> Option<Hit> {
    let owners = |member| files(member).filter_map(|file: &KeyFile| file.owner.as_ref());
    let named = farm.members.iter().flat_map(owners).all(|owner| owner.user.is_some());
    let who = |owner: &Owner| match &owner.user {
        Some(user) if named => user.clone(),
        _ => owner.uid.to_string(),
    };
    let groups = Groups::by(farm, |member| {
        let all: BTreeSet<String> = owners(member).map(who).collect();
        (!all.is_empty()).then_some(all)
    });
    // Without a majority there is nothing to say: two machines may well have two users.
    groups.majority().filter(|_| groups.differ())?;
    let odd = groups.odd();
    let places = odd.iter().flat_map(|member| files(member)).map(|file| &file.place);
    // The whole install, since a start as root leaves root's files in all of it. (Adobe KA-15489)
    // Where AEM cannot read a key for that, `key-unreadable` says what is to be done.
    let is_legible = |member: &&&Member| {
        let mut owners = files(member).filter_map(|file| file.owner.as_ref());
        !owners.any(|owner| is_refused(member, owner))
    };
    let steps = odd.iter().filter(is_legible).map(|member| {
        let lead =
            format!("On {}, as root, give the install to the user that runs AEM", member.name);
        let account = member.snapshot.account.as_ref();
        let user = account.map(|own| own.user.clone().unwrap_or_else(|| own.uid.to_string()));
        let path = member.snapshot.root.clone();
        Text::command(&lead, ManualCommand::GiveAll { path, user })
    });
    Some(Hit::among(&odd, groups.describe("key file owner")).at(places).advise(steps))
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
        let open = |i: crate::testing::Instance| i.owned_by(1000, 0o644);
        assert_eq!(messages(&farm().with("a", open).build()), [""; 0], "the umask does that");
        let farm = good_farm(&["b"]).with("a", open).build();
        assert_eq!(
            messages(&farm),
            ["every user of the machine may read the keys of a (mode 0644)"]
        );
    }

    #[test]
    fn what_others_may_do_is_told_once_for_all_instances() {
        let farm =
            farm().with("a", |i| i.owned_by(1000, 0o646)).with("b", |i| i.owned_by(1000, 0o644));
        assert_eq!(
            messages(&farm.build()),
            ["every user of the machine may read or write the keys of a, b (mode 0644, 0646)"]
        );
    }

    #[test]
    fn files_open_to_the_group_are_quiet() {
        assert_eq!(messages(&farm().with("a", |i| i.owned_by(1000, 0o640)).build()), [""; 0]);
    }

    #[test]
    fn files_that_root_alone_may_read_are_told() {
        let shut =
            |uid| messages(&farm().with("a", |i| i.runs_as(uid, uid).owned_by(uid, 0)).build());
        assert_eq!(shut(0), ["no user but root may read the keys of a"]);
        assert_eq!(shut(1000), [""; 0], "that is another rule's");
        let unknown = farm().with("a", |i| i.owned_by(1000, 0)).build();
        assert_eq!(messages(&unknown).len(), 1);
    }

    #[test]
    fn files_of_another_user_are_told() {
        let farm = good_farm(&["a", "b"]).with("c", |i| i.owned_by(0, 0o600)).build();
        assert_eq!(messages(&farm), ["c: key file owner differs from the other 2 instances"]);
    }

    #[test]
    fn install_is_given_to_the_user_that_is_known_unless_the_keys_are_told_already() {
        let steps = |mode: u32| {
            let odd = |i: crate::testing::Instance| i.runs_as(1000, 1000).owned_by(0, mode);
            let hits = check(&good_farm(&["a", "b"]).with("c", odd).build());
            hits.iter().flat_map(Hit::advice).collect::<Vec<_>>()
        };
        let step = "On c, as root, give the install to the user that runs AEM: chown -R '1000' 'crx-quickstart'";
        assert_eq!(steps(0o644).last().map(String::as_str), Some(step));
        assert_eq!(steps(0o600), [""; 0]);
    }

    #[test]
    fn names_are_not_compared_with_numbers() {
        let unnamed = |i: crate::testing::Instance| i.owned_by(1000, 0o600);
        assert_eq!(messages(&good_farm(&["a", "b"]).with("c", unnamed).build()), [""; 0]);
    }

    #[test]
    fn two_users_on_two_machines_are_quiet() {
        assert_eq!(
            messages(&good_farm(&["a"]).with("c", |i| i.owned_by(0, 0o600)).build()),
            [""; 0]
        );
    }
}
