//! `sling-id-duplicate`: two different instances share a Sling id.

use crate::facts::{Snapshot, has_old_word, is_in_realm, path_parts, realm};
use crate::farm::{Farm, Member, are_alike, names_of};
use crate::limits::Limits;
use crate::repair::quoted;
use crate::rules::{Hit, Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "sling-id-duplicate",
    severity: Severity::Error,
    compares: true,
    summary: "two instances share a Sling id",
    effect: "Discovery, user synchronisation and unencapsulated login tokens confuse the two.",
    why: "The Sling id distinguishes instances: in discovery, in user synchronisation, and in login tokens that are not encapsulated. \
          Two instances with one id were cloned without a new one (or one was sent twice, taken at different times).",
    fix: "Stop the clone, delete its sling.id.file, and start it: it makes a new id.",
    references: &["AEM 6.5, user synchronisation: unique Sling id", "Adobe KA-16875"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let max = Limits::DEFAULT.compared_max;
    let mut by_id: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
    for member in &farm.members {
        if let Some(id) = &member.snapshot.sling_id {
            let members = by_id.entry(&id.uuid).or_default();
            // An instance that was sent twice is no clone: `same-instance-twice` reports it.
            if !members.iter().take(max).any(|other| are_alike(other, member)) {
                members.push(member);
            }
        }
    }
    let shared = by_id.into_iter().filter(|(_, members)| members.len() > 1);
    shared.map(|(id, members)| hit(id, &members)).collect()
}

fn hit(id: &str, members: &[&Member]) -> Hit {
    let message = format!("{} share the Sling id {id}", names_of(members));
    let files: Vec<_> =
        members.iter().filter_map(|m| Some((m, &m.snapshot.sling_id.as_ref()?.place))).collect();
    let choice =
        "Find out which of them was made of a copy of another, and do on it alone what follows.";
    let steps = files.iter().map(|(member, place)| {
        format!(
            "If {} is the copy: stop it, delete {}, start it.",
            member.name,
            quoted(&member.snapshot, &place.path)
        )
    });
    let steps = [choice.to_owned()].into_iter().chain(steps);
    let hit = Hit::among(members, message).at(files.iter().map(|(_, place)| *place));
    let shared = shared_parts(members);
    hit.advise(members.iter().filter_map(|member| leave_out(member, members, &shared)))
        .advise(at_two_times(members))
        .advise(steps)
}

/// Says that instances may be one, taken twice, of which nothing is to be deleted: by one name in two folders, or by names of which one goes on
/// from the other, as `publish2 (1)` and `publish2-corrected` do. `publish1` and `publish10` are two.
fn at_two_times(members: &[&Member]) -> Option<String> {
    let last = |member: &&Member| {
        let name = path_parts(&member.snapshot.source).next_back()?;
        Some(name.split('.').next().unwrap_or(name).to_owned())
    };
    let names: BTreeSet<String> = members.iter().filter_map(last).collect();
    let sources: BTreeSet<&str> = members.iter().map(|m| m.snapshot.source.as_str()).collect();
    let goes_on = |(short, long): (&String, &String)| {
        long.strip_prefix(short.as_str()).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_digit() || c.is_alphabetic())
        })
    };
    // Neighbours in their order alone: there may be thousands of clones.
    let may_be_one =
        names.len() < sources.len() || names.iter().zip(names.iter().skip(1)).any(goes_on);
    may_be_one.then(|| {
        "Where these are snapshots of one instance at different times, delete nothing: scan those of each time for themselves (in folders, \
         --farm-by parent)."
            .to_owned()
    })
}

/// Returns the parts of paths that lead to all of the instances: a folder in which all of them lie tells nothing of one.
fn shared_parts<'m>(members: &[&'m Member]) -> BTreeSet<&'m str> {
    let mut all = members.iter().map(|m| parts(&m.snapshot).collect::<BTreeSet<&str>>());
    let first = all.next().unwrap_or_default();
    all.fold(first, |shared, own| &shared & &own)
}

/// Says that an instance may be an old copy of another one, by where it lies: then nothing of it, or of the other, is to be deleted.
fn leave_out(member: &Member, all: &[&Member], shared: &BTreeSet<&str>) -> Option<String> {
    let Snapshot { source, root, .. } = &member.snapshot;
    let is_own = |part: &&str| !shared.contains(part);
    let is_packed = |other: &&&Member| {
        let theirs = &other.snapshot;
        let (own, their) = (realm(root), realm(&theirs.root));
        theirs.source == *source && own.len() > their.len() && is_in_realm(own, their)
    };
    if !parts(&member.snapshot).filter(is_own).any(has_old_word)
        && !all.iter().any(|other| is_packed(&other))
    {
        return None;
    }
    let others: Vec<&Member> = all.iter().filter(|m| m.name != member.name).copied().collect();
    Some(format!(
        "{} may be an old copy of {}, by where it lies ({}). If it is, leave it out, an archive in a folder with --exclude, and scan again before \
         anything is deleted.",
        member.name,
        names_of(&others),
        member.snapshot.place()
    ))
}

/// Returns the parts of the path to an instance.
fn parts(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    [&snapshot.source, &snapshot.root].into_iter().flat_map(|path| path_parts(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn replicas_of_one_image_are_told_apart_by_their_logs() {
        let replica = |day: &str| {
            let log = format!(
                "{day}.11.2026 08:00:12.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with Bundle storage\n"
            );
            move |i: crate::testing::Instance| {
                i.sling_id("00000000-0000-4000-8000-000000000001").log("error.log", &log)
            }
        };
        let count = |other: &str| {
            check(&farm().with("a", replica("26")).with("b", replica(other)).build()).len()
        };
        assert_eq!((count("27"), count("26")), (1, 0));
        let stamped = |day: &str, port: &str| {
            let (replica, port) = (replica(day), port.to_owned());
            move |i| {
                let mut i = replica(i).setting("CQ_PORT", &port);
                i.snapshot.last_start_ms = Some(1);
                i
            }
        };
        let count = |day: &str, port: &str| {
            let farm = farm().with("a", stamped("26", "4503")).with("b", stamped(day, port));
            check(&farm.build()).len()
        };
        assert_eq!((count("27", "4503"), count("26", "4504"), count("26", "4503")), (1, 1, 0));
    }

    #[test]
    fn own_ids_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn clone_is_told() {
        let farm = farm()
            .with("a", |i| i.sling_id(ID).started_at(5))
            .with("b", |i| i.sling_id(ID).started_at(6));
        assert_eq!(check(&farm.build())[0].message, format!("a, b share the Sling id {ID}"));
    }

    #[test]
    fn what_may_be_an_old_copy_is_left_out_before_anything_is_deleted() {
        let at = |source: &'static str, root: &'static str, start| {
            move |mut i: crate::testing::Instance| {
                i.snapshot.source = source.to_owned();
                i.snapshot.root = root.to_owned();
                i.sling_id(ID).started_at(start)
            }
        };
        for (source, root, is_told) in [
            ("b.tar", "crx-quickstart", false),
            ("goldfish/b.tar", "crx-quickstart", false),
            ("u/Backups/b.tar", "crx-quickstart", true),
            ("b.tar", "aem_old/crx-quickstart", true),
            ("a.tar", "b.tar!/crx-quickstart", true),
            ("b.tar", "b.tar!/crx-quickstart", false),
        ] {
            let farm = farm()
                .with("a", at("a.tar", "crx-quickstart", 5))
                .with("b", at(source, root, 6))
                .build();
            let fix = &check(&farm)[0].advice();
            assert_eq!(fix.len(), 3 + usize::from(is_told), "{fix:?}");
        }
    }

    #[test]
    fn one_name_in_two_folders_may_be_one_instance_at_two_times() {
        let fix = |one: &'static str, other: &'static str| {
            let at = |source: &'static str, start| {
                move |mut i: crate::testing::Instance| {
                    source.clone_into(&mut i.snapshot.source);
                    i.sling_id(ID).started_at(start)
                }
            };
            check(&farm().with("a", at(one, 5)).with("b", at(other, 6)).build())[0].advice().len()
        };
        assert_eq!(fix("x/publish1.tgz", "y/publish1.tgz"), 4);
        assert_eq!(fix("x/publish1.tgz", "y/publish2.tgz"), 3);
        // A browser, or whoever sends the corrected one, gives the second upload such a name.
        assert_eq!(fix("publish1.tgz", "publish1 (1).tgz"), 4);
        assert_eq!(fix("publish1.tgz", "publish1-corrected.tgz"), 4);
    }

    #[test]
    fn same_instance_sent_twice_is_no_clone() {
        let farm = farm()
            .with("a", |i| i.sling_id(ID).started_at(5))
            .with("b", |i| i.sling_id(ID).started_at(5));
        assert_eq!(check(&farm.build()), []);
    }
}
