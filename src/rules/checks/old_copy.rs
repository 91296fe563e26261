//! `old-copy`: an old copy of an install lies inside an instance.

use super::copies::{has_same_keys, is_old};
use super::owners::FilesInUse;
use crate::facts::{INSIDE, Place, QUICKSTART, Snapshot, is_in_realm, realm, spoken};
use crate::farm::{Farm, InUse, Member, in_use, names_of};
use crate::repair::{When, quoted};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "old-copy",
    severity: Severity::Note,
    compares: false,
    summary: "the source also holds an old copy or an earlier state of the instance",
    effect: "None; its keys are shown because they may be the ones that are needed.",
    why: "A directory such as launchpad.old or felix_backup, or a backup beside the install, holds bundles, perhaps with keys of another time; so does a snapshot of before an upgrade. It is not compared with \
          the farm. Whoever may read it may have those keys.",
    fix: "Delete the copy when it is not needed any more.",
    references: &["crx-quickstart/launchpad/felix"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let files = FilesInUse::of(farm);
    let copies = farm.members.iter().flat_map(|m| m.copies.iter().map(move |copy| (m, copy)));
    copies.map(|(member, copy)| hit(&files, member, copy)).collect()
}

fn hit(files: &FilesInUse<'_>, member: &Member, copy: &Snapshot) -> Hit {
    let place = copy.place();
    if is_state(member, copy) && in_use(&member.snapshot, copy) == InUse::Untold {
        return Hit::on(member, of_state(files, member, copy, &place))
            .at([&place])
            .advise([step_of_state(member, copy)]);
    }
    let hit = Hit::on(member, message(files, member, copy)).at([&place]);
    let name = &member.name;
    if !is_old(member, copy) {
        return hit.advise([format!(
            "Find out which of both {name} works with (the command line of its JVM shows the directory), delete none, and scan again with that one alone."
        )]);
    }
    let unless = if copy.key_files.is_empty() {
        ""
    } else {
        ", and when no secret is left that only its keys may read"
    };
    let root = shown_root(member, copy);
    let directory = quoted(&member.snapshot, on_disk(&root, realm(&member.snapshot.root)));
    let step = format!("On {name}, delete {directory} when it is not needed any more{unless}.");
    // Not before: the keys that the farm gets may lie there.
    hit.advise_at(When::After, [step])
}

/// Returns `true` if a copy is a snapshot of its own, taken at another time: it lies neither in the install nor beside it.
fn is_state(member: &Member, copy: &Snapshot) -> bool {
    !is_in_realm(&copy.path(), &member.snapshot.home())
}

fn of_state(files: &FilesInUse<'_>, member: &Member, copy: &Snapshot, place: &Place) -> String {
    let keys = keys_in(files, member, copy);
    let path = match copy.root.as_str() {
        "" | QUICKSTART => spoken(&copy.source).to_owned(),
        _ => place.to_string(),
    };
    format!("{path} is an earlier state of {}{keys}", member.name)
}

fn step_of_state(member: &Member, copy: &Snapshot) -> String {
    if copy.key_files.is_empty() || has_same_keys(member, copy) {
        return "Leave the earlier state out where nothing is to be compared with it.".to_owned();
    }
    format!(
        "The keys of {} were replaced between the two states: what was encrypted before needs those of the earlier one. Where they are \
         to come back, that state has them.",
        member.name
    )
}

/// Returns where a copy is on the instance: of an archive beside the install its path in the same upload.
fn shown_root(member: &Member, copy: &Snapshot) -> String {
    if copy.source == member.snapshot.source {
        return copy.root.clone();
    }
    let below = copy.source.strip_prefix(&member.snapshot.source);
    below.map_or(&*copy.source, |below| below.trim_start_matches('/')).to_owned()
}

/// Says what keys are in it, and whether it may be in use.
fn message(files: &FilesInUse<'_>, member: &Member, copy: &Snapshot) -> String {
    let (name, root) = (&member.name, shown_root(member, copy));
    let keys = keys_in(files, member, copy);
    if let InUse::Own(link) = in_use(&member.snapshot, copy) {
        let used = &member.snapshot.root;
        return format!(
            "{name} has another install in {root}{keys}; the link {link} leads to {used}, so that is in use"
        );
    }
    if is_old(member, copy) {
        format!("{name} has an old copy in {root}{keys}")
    } else {
        format!(
            "{name} has a second install in {root}{keys}, and nothing shows that it is the older one"
        )
    }
}

/// Says whose keys are in a copy, as the end of a sentence.
fn keys_in(files: &FilesInUse<'_>, member: &Member, copy: &Snapshot) -> String {
    match copy.key_files.is_empty() {
        true => String::new(),
        false if has_same_keys(member, copy) => ", with the keys that are in use".to_owned(),
        false => match files.having(copy) {
            [] => ", with other keys than those in use".to_owned(),
            peers => {
                format!(
                    ", with the keys of {}, which are others than those in use",
                    names_of(peers)
                )
            }
        },
    }
}

/// Returns what of a copy is on the instance: the archive, for one that lies in an archive inside the instance. Its own path there
/// may be that of the install in use.
fn on_disk<'p>(copy: &'p str, realm_of_install: &str) -> &'p str {
    let below = copy.strip_prefix(realm_of_install).unwrap_or(copy);
    let archive = below.split_once("!/").map(|(archive, _)| archive);
    archive.unwrap_or(below.strip_suffix(INSIDE).unwrap_or(below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::farm::{FarmPlan, farms};
    use crate::testing::{farm, good_farm};

    fn farm_with(root: &str) -> Farm {
        let member = good_farm(&["a"]).build().members.remove(0).snapshot;
        let copy = Snapshot { root: root.to_owned(), ..member.clone() };
        farms(vec![(None, member), (None, copy)], &FarmPlan::default())
            .expect("no policy")
            .remove(0)
    }

    #[test]
    fn instance_alone_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn copy_below_the_install_is_told_and_not_compared() {
        let farm = farm_with("crx-quickstart/launchpad.old");
        assert_eq!(farm.members.len(), 1);
        assert_eq!(
            check(&farm)[0].message,
            "a has an old copy in crx-quickstart/launchpad.old, with the keys that are in use"
        );
    }

    #[test]
    fn copy_in_an_archive_is_deleted_with_the_archive() {
        let farm = farm_with("crx-quickstart/backup.tar!/launchpad");
        let hit = check(&farm).remove(0);
        assert_eq!(
            hit.advice()[0],
            "On a, delete 'crx-quickstart/backup.tar' when it is not needed any more, and when no secret is left that only its keys may read."
        );
        assert_eq!(on_disk("a.zip!/x/b.tar!", "a.zip!"), "/x/b.tar");
        assert_eq!(on_disk("a.zip!/x/launchpad.old", "a.zip!"), "/x/launchpad.old");
    }

    #[test]
    fn earlier_state_tells_whether_keys_were_replaced() {
        const ID: &str = "00000000-0000-4000-8000-000000000001";
        let one = |source: &str, hmac: u8| {
            let built = farm().with("a", |i| i.sling_id(ID).hmac(&[hmac; 32])).build();
            let mut snapshot = built.members.into_iter().next().expect("one").snapshot;
            source.clone_into(&mut snapshot.source);
            (None, snapshot)
        };
        let hit = |before: u8| {
            let all = vec![one("before/a.tgz", before), one("after/a.tgz", 1)];
            let farm = farms(all, &FarmPlan::default()).expect("no policy").remove(0);
            check(&farm).remove(0)
        };
        let message = "before/a.tgz is an earlier state of a, with the keys that are in use";
        assert_eq!(hit(1).message, message);
        let replaced = hit(2);
        let message = "before/a.tgz is an earlier state of a, with other keys than those in use";
        assert_eq!(replaced.message, message);
        assert!(
            replaced.advice()[0].starts_with("The keys of a were replaced"),
            "{:?}",
            replaced.advice()
        );
    }

    #[test]
    fn install_beside_the_install_is_an_instance() {
        let farm = farm_with("publish/crx-quickstart");
        assert_eq!(farm.members.len(), 2);
        assert_eq!(check(&farm), []);
    }
}
