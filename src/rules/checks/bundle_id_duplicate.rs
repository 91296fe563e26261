//! `bundle-id-duplicate`: two directories of the Felix cache claim one bundle number.

use super::fold::{first_of, folded};
use super::references::FELIX_CACHE;
use crate::facts::Bundle;
use crate::farm::{Farm, Member, listed};
use crate::repair::{When, quoted};
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeMap;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "bundle-id-duplicate",
    severity: Severity::Error,
    compares: false,
    summary: "two directories claim one bundle number",
    effect: "Felix uses one of the directories and may delete the other, with the keys in it.",
    why: "Felix reads the number from bundle.info, not from the directory's name, and takes every directory that starts with \
          `bundle`. With a copy such as bundle21.bak beside bundle21, the one that the file system lists last wins, data and keys \
          included; that can change with any restore.",
    fix: "Move the copy out of launchpad/felix while the instance is stopped.",
    references: &[FELIX_CACHE],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(on).collect()
}

fn on(member: &Member) -> Vec<Hit> {
    // By line 1 of `bundle.info`: the name of the directory is nothing to Felix.
    // (`BundleCache.getArchives`)
    let mut by_id: BTreeMap<u64, Vec<&Bundle>> = BTreeMap::new();
    for bundle in &member.snapshot.bundles {
        if let Some(id) = bundle.id {
            by_id.entry(id).or_default().push(bundle);
        }
    }
    let twice = by_id.into_iter().filter(|(_, bundles)| bundles.len() > 1).collect();
    let places = |(_, bundles): &(u64, Vec<&Bundle>)| {
        bundles.iter().map(|bundle| member.snapshot.place_of(bundle)).collect()
    };
    folded(twice, places, |(id, bundles)| hit(member, id, &bundles))
}

fn hit(member: &Member, id: u64, bundles: &[&Bundle]) -> Hit {
    let directories: Vec<&str> = bundles.iter().map(|bundle| bundle.directory.as_str()).collect();
    let message = format!(
        "{} has more than one directory for bundle {id}: {}",
        member.name,
        listed(&directories)
    );
    // Felix names a directory after its id, so another name was given by somebody.
    let copies = bundles.iter().filter(|bundle| bundle.directory != format!("bundle{id}"));
    let away = |copy: &&Bundle| {
        format!(
            "Make sure that {} is the copy, then move it out of launchpad/felix.",
            quoted(&member.snapshot, &member.snapshot.path_of(copy))
        )
    };
    let steps = first_of(copies, away, |rest| format!("Do so with the {rest} others, too."));
    let hit =
        Hit::on(member, message).at(bundles.iter().map(|bundle| member.snapshot.place_of(bundle)));
    hit.advise_at(When::Stopped, steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    #[test]
    fn one_directory_a_number_is_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn copy_beside_the_original_is_told() {
        // A copy that was made by hand: Felix takes it too, since its name begins with `bundle`.
        let hits = check(&farm().with("a", |i| i.bundle_in("bundle2.bak", 2, "x")).build());
        assert_eq!(
            hits[0].message,
            "a has more than one directory for bundle 2: bundle2, bundle2.bak"
        );
        assert!(hits[0].advice()[0].contains("bundle2.bak"), "{:?}", hits[0].advice());
    }

    #[test]
    fn odd_directory_name_alone_is_no_duplicate() {
        // The number stands in `bundle.info`, so a directory that was renamed works as before.
        assert_eq!(check(&farm().with("a", |i| i.bundle_in("bundle-old", 9, "x")).build()), []);
    }
}
