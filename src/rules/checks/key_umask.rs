//! `key-umask`: every user may read the keys of the whole farm, as the umask that AEM runs with makes every file.

use super::key_permissions::{files, open_by_umask};
use crate::farm::{Farm, Member, names_of};
use crate::repair::{ManualCommand, Text};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-umask",
    severity: Severity::Note,
    compares: false,
    summary: "key files are readable by every user, as the umask makes them",
    effect: "Every user of the machine can decrypt every secret and forge login tokens.",
    why: "Felix writes hmac and master like any other file; with the umask 022 that most systems have, every user of the machine may read \
          them. Nothing is broken, but anyone who reads the keys can decrypt every protected value and sign login tokens.",
    fix: "chmod 600 the files, and start AEM with umask 027 (UMask= in a unit of systemd).",
    references: &["Apache Felix Framework, BundleArchive; umask(2)"],
    explained_by: &["key-permissions", "key-unreadable"],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let Some(mode) = open_by_umask(farm) else { return Vec::new() };
    let members: Vec<&Member> = farm.members.iter().filter(|m| files(m).next().is_some()).collect();
    let message = format!(
        "the key files of {} have mode {mode:04o}, as the umask makes every file: every user of the machine may read them",
        names_of(&members)
    );
    let of = |member: &&Member| {
        let paths = files(member).map(|file| file.place.path.clone()).collect();
        Text::command(
            &format!("On {}, leave the keys to their owner", member.name),
            ManualCommand::Close(paths),
        )
    };
    let places = members.iter().flat_map(|member| files(member)).map(|file| &file.place);
    vec![Hit::among(&members, message).at(places).advise(members.iter().map(of))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn messages(modes: &[u32]) -> Vec<String> {
        let with = |farm: crate::testing::FarmBuilder, (index, mode): (usize, &u32)| {
            farm.with(&format!("i{index}"), |i| i.owned_by(1000, *mode))
        };
        let farm = modes.iter().enumerate().fold(farm(), with).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn files_of_their_owner_alone_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn mode_of_the_whole_farm_is_told_once() {
        let expected = "the key files of i0, i1 have mode 0644, as the umask makes every file: every user of the machine may read them";
        assert_eq!(messages(&[0o644, 0o644]), [expected]);
        assert_eq!(messages(&[0o664]).len(), 1);
    }

    #[test]
    fn mode_that_differs_or_lets_others_write_is_another_rules() {
        for modes in [&[0o644, 0o600][..], &[0o646, 0o646], &[0o644, 0o664], &[0o604]] {
            assert_eq!(messages(modes), [""; 0], "{modes:?}");
        }
    }
}
