//! The repair of `storage`: the file says where the keys are, so what it is to say follows from where they are.

use super::leave_jcr::leave_the_jcr;
use super::steps::{self, keep, make_directory, quoted, settled_by_copy, switch};
use super::{KeyRepair, Step};
use crate::facts::{CRYPTO, KeyName, StorageMode};
use crate::farm::{Flaw, Member, OwnKeys, is_contradicted, is_open};

/// Writes `storage` anew, without a line end: the word that the key files speak for. An instance that keeps its keys in the JCR
/// leaves it instead: one stop is enough, and what would be written would have to be replaced at once.
pub(super) fn write_storage(repair: &KeyRepair, member: &Member) -> Vec<Step> {
    let flaws = OwnKeys::of(member).flaws();
    let are_files = KeyName::ALL.into_iter().all(|name| member.key_in_file(name).is_some());
    match member.storage_mode() {
        Some(StorageMode::Bundle) => say_bundle(member),
        Some(StorageMode::Jcr) => leave_the_jcr(member, Vec::new()),
        _ if is_open(member) => find_keys(member),
        _ if flaws.contains(&Flaw::InJcr) => leave_the_jcr(member, Vec::new()),
        // Those in a wrong place are moved to theirs, as another finding says.
        _ if are_files || flaws.contains(&Flaw::Misplaced) => say_bundle(member),
        _ => search(repair, member),
    }
}

fn say_bundle(member: &Member) -> Vec<Step> {
    let directory = steps::data_directory(&member.snapshot, CRYPTO);
    let path = quoted(&format!("{directory}/storage"));
    let name = &member.name;
    let mut steps: Vec<Step> = vec![Step::stop(name)];
    if member.snapshot.storage_in_place().next().is_some() {
        steps.push(keep("storage", name, &[&path]).last());
    } else {
        steps.extend(make_directory(&quoted(&format!("{directory}/"))).map(Step::last));
    }
    steps.extend(switch(name, &path));
    steps.push(Step::start(name));
    settled_by_copy(name, steps)
}

/// Neither `storage` nor the files tell which keys the instance has: what would be put in place could be the wrong ones.
fn find_keys(member: &Member) -> Vec<Step> {
    let name = &member.name;
    let text = if is_contradicted(member) {
        format!(
            "The files of {name} are other keys than its /etc/key has, and storage does not say which count. Find out which have encrypted its \
             data (CRXDE Lite shows those of /etc/key): where they are the files, write Bundle into storage, without a newline. Where they are \
             not, save the properties, put them in place of the files while {name} is stopped, keep those, and then write Bundle."
        )
    } else {
        format!(
            "Nothing here tells which keys {name} has: storage does not, and hmac and master are not both among its files. Take another snapshot, \
             with the whole repository, and scan again: where /etc/key holds both, the repair moves them to files."
        )
    };
    vec![text.into()]
}

/// Both places were seen, and the keys are in neither.
fn search(repair: &KeyRepair, member: &Member) -> Vec<Step> {
    let name = &member.name;
    let search = format!(
        "Neither the files of {name} nor its /etc/key hold both keys. Search its backups for them: only those read what it has encrypted."
    );
    if !repair.replaces(&[member]) {
        return vec![search.into()];
    }
    let take = Step::from("Where they are not found, take the keys of the farm:");
    let copy = repair.steps_to(member);
    [search.into(), take.settled_by_copy(name)].into_iter().chain(copy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::repair::key_repair;
    use crate::testing::{FarmBuilder, Instance, farm, good_farm};

    fn steps_of(farm: FarmBuilder, name: &str) -> String {
        let farm = farm.build();
        let member = farm.members.iter().find(|member| member.name == name).expect("it");
        write_storage(&key_repair(&farm), member).join("\n")
    }

    fn key() -> Vec<u8> {
        (0xC0..0xE0).collect()
    }

    #[test]
    fn files_speak_for_bundle() {
        let text = steps_of(good_farm(&["a"]).with("b", |i| i.storage(b"???")), "b");
        assert!(text.contains("printf %s Bundle > '"), "{text}");
        let text = steps_of(good_farm(&["a"]).with("b", Instance::without_storage), "b");
        assert!(text.contains("printf %s Bundle > '") && !text.contains("cp -p"), "{text}");
    }

    #[test]
    fn keys_that_nothing_shows_are_not_taken_to_be_in_the_jcr() {
        let half = |i: Instance| i.storage(b"???").without_key(KeyName::Master);
        let other = |i: Instance| i.hmac(&key());
        let farm = || good_farm(&["p1", "p2"]).with("p4", other);
        let text = steps_of(farm().with("p3", half), "p3");
        assert!(text.starts_with("Nothing here tells which keys p3 has"), "{text}");
        assert!(!text.contains("Stop p") && !text.contains("as before"), "{text}");
        let looked = |i: Instance| half(i).jcr(&[]);
        let text = steps_of(farm().with("p3", looked), "p3");
        assert!(text.starts_with("Neither the files of p3 nor its /etc/key hold both"), "{text}");
        assert!(text.contains("take the keys of the farm:\nTake p1 as the source"), "{text}");
        assert!(text.contains("Stop p3.") && !text.contains("Stop p4."), "{text}");
        let alone = steps_of(crate::testing::farm().with("p3", looked), "p3");
        assert!(!alone.contains("Stop p3.") && !alone.contains("take the keys"), "{alone}");
    }

    #[test]
    fn keys_that_were_seen_in_the_jcr_are_moved_unless_a_file_says_otherwise() {
        let keys = key();
        let jcr = |i: Instance| {
            i.without_storage().jcr(&[(KeyName::Hmac, &keys), (KeyName::Master, &keys[..16])])
        };
        let none = |i: Instance| jcr(i).without_key(KeyName::Hmac).without_key(KeyName::Master);
        let text = steps_of(farm().with("a", none), "a");
        assert!(text.contains("printf %s Bundle") && !text.contains("not read here"), "{text}");
        let other = |i: Instance| jcr(i).without_key(KeyName::Master);
        let text = steps_of(farm().with("a", other), "a");
        assert!(text.starts_with("The files of a are other keys than its /etc/key has"), "{text}");
        assert!(!text.contains("Stop a."), "{text}");
        let both = |i: Instance| jcr(i).storage(b"???");
        let text = steps_of(farm().with("a", both), "a");
        assert!(text.starts_with("The files of a are other keys than its /etc/key has"), "{text}");
    }

    #[test]
    fn keys_in_a_wrong_place_are_files_once_they_are_moved() {
        let misplaced = |i: Instance| {
            let keys = [(KeyName::Hmac, key()), (KeyName::Master, key()[..16].to_vec())];
            keys.iter()
                .fold(i.without_storage().storage_in("bundle2", b"Bundle"), |i, (name, key)| {
                    i.without_key(*name).key_in("bundle1", *name, key)
                })
        };
        let text = steps_of(farm().with("a", misplaced), "a");
        assert!(text.contains("printf %s Bundle > '") && !text.contains("/etc/key"), "{text}");
    }
}
