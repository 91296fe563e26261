//! `old-copy`: an old copy of an install lies inside an instance.

use super::steps::quoted;
use super::{Hit, Rule, Severity};
use crate::facts::{INSIDE, Place, realm};
use crate::farm::Farm;

pub(super) static RULE: Rule = Rule {
    id: "old-copy",
    severity: Severity::Note,
    compares: false,
    summary: "an old copy of the bundle cache lies inside the instance",
    why: "A directory such as launchpad.old or felix_backup holds bundles, perhaps with keys of another time. It is not compared with \
          the farm. Whoever may read it may have those keys.",
    fix: "Delete the copy when it is not needed any more.",
    references: &["crx-quickstart/launchpad/felix"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let copies = farm.members.iter().flat_map(|m| m.copies.iter().map(move |copy| (m, copy)));
    copies
        .map(|(member, copy)| {
            let keys = if copy.key_files.is_empty() { "" } else { ", with key files" };
            let message = format!("{} has an old copy in {}{keys}", member.name, copy.root);
            let place = Place { source: copy.source.clone(), path: copy.root.clone() };
            let unless = if copy.key_files.is_empty() {
                ""
            } else {
                ", and when no secret is left that only its keys may read"
            };
            let step = format!(
                "On {}, delete {} when it is not needed any more{unless}.",
                member.name,
                quoted(on_disk(&copy.root, realm(&member.snapshot.root)))
            );
            Hit::on(member, message).at([&place]).fix([step])
        })
        .collect()
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
    use crate::facts::Snapshot;
    use crate::farm::{Plan, farms};
    use crate::testing::good_farm;

    fn farm_with(root: &str) -> Farm {
        let member = good_farm(&["a"]).build().members.remove(0).snapshot;
        let copy = Snapshot { root: root.to_owned(), ..member.clone() };
        farms(vec![(None, member), (None, copy)], &Plan::default()).expect("no policy").remove(0)
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
            "a has an old copy in crx-quickstart/launchpad.old, with key files"
        );
    }

    #[test]
    fn copy_in_an_archive_is_deleted_with_the_archive() {
        let farm = farm_with("crx-quickstart/backup.tar!/launchpad");
        let hit = check(&farm).remove(0);
        assert_eq!(
            hit.fix[0],
            "On a, delete 'crx-quickstart/backup.tar' when it is not needed any more, and when no secret is left that only its keys may read."
        );
        assert_eq!(on_disk("a.zip!/x/b.tar!", "a.zip!"), "/x/b.tar");
        assert_eq!(on_disk("a.zip!/x/launchpad.old", "a.zip!"), "/x/launchpad.old");
    }

    #[test]
    fn install_beside_the_install_is_an_instance() {
        let farm = farm_with("publish/crx-quickstart");
        assert_eq!(farm.members.len(), 2);
        assert_eq!(check(&farm), []);
    }
}
