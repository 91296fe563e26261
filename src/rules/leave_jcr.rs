//! The move of an instance from keys in the repository to keys in files.

use super::Step;
use super::steps::{
    OVERWRITE_WARNING, after_making, data_directory, delete_properties, keep, quoted, remove_kept,
    settled_by_copy, switch,
};
use crate::facts::{CRYPTO, CRYPTO_FILE, KeyName};
use crate::farm::{KeyState, Member};

/// Moves the keys of an instance from the repository to files: the steps of KA-23909 with this instance's numbers. What is to be
/// entered again comes right after the start.
pub(super) fn leave_the_jcr(member: &Member, secrets: Vec<Step>) -> Vec<Step> {
    let name = &member.name;
    let is_absent = |key: &KeyName| *member.key(*key) == KeyState::Absent;
    if member.is_in_jcr_mode() && KeyName::ALL.iter().any(is_absent) {
        let settle = format!(
            "Settle jcr-key-missing first: /etc/key of {name} does not hold both keys, so there is nothing to move."
        );
        return [settle.into()].into_iter().chain(secrets).collect();
    }
    let mut after: Vec<Step> = Vec::new();
    let is_read = |key| member.known_key(key).is_some();
    if sums_in_jcr(member).is_none() && !KeyName::ALL.into_iter().all(is_read) {
        after.push(
            format!(
                "The keys of {name} were not read here, so nothing says yet whether they are those of the farm: take a new snapshot, which has \
                 them as files, and scan again."
            )
            .into(),
        );
    }
    let end = [Step::from(delete_properties(name)).last(), remove_kept(name)];
    let mut steps = settled_by_copy(name, move_to_files(member).into_iter().chain(after));
    steps.extend(secrets);
    steps.extend(settled_by_copy(name, end));
    steps
}

/// Puts the keys in the repository of an instance in files, and makes it use them: `storage` last, when the sums are right.
fn move_to_files(member: &Member) -> Vec<Step> {
    let name = &member.name;
    let storage = quoted(&format!("{}/storage", data_directory(&member.snapshot, CRYPTO)));
    let keys = data_directory(&member.snapshot, CRYPTO_FILE);
    let (hmac, master) = (quoted(&format!("{keys}/hmac")), quoted(&format!("{keys}/master")));
    let keys = quoted(&format!("{keys}/"));
    let sums = sums_in_jcr(member).unwrap_or_default();
    let these = if member.is_in_jcr_mode() {
        format!("{name} has the same keys after this as before.")
    } else {
        format!("These are keys that {name} had, and its files hold no others.")
    };
    let mut steps: Vec<Step> = vec![
        format!(
            "On {name}, save the binary properties hmac and master of /etc/key (CRXDE Lite) as the files hmac and master."
        )
        .into(),
        format!("{these} {OVERWRITE_WARNING}").into(),
        Step::stop(name),
        keep("keys", name, &[&hmac, &master, &storage]),
        Step::command(
            "Put both saved files in place, in binary mode",
            &after_making(&keys, &format!("cp hmac master {keys} && chmod 600 {hmac} {master}")),
        ),
        Step::command(
            &format!(
                "The sums must be those of the saved properties{sums}; where they are not, put back what was kept, and leave storage as it is"
            ),
            &format!("md5sum hmac master {hmac} {master}"),
        ),
    ];
    steps.extend(switch(name, &storage));
    steps.push(Step::start(name));
    steps
}

/// Returns the sums of both keys in the repository, where they are known.
fn sums_in_jcr(member: &Member) -> Option<String> {
    let repository = member.snapshot.repository.as_ref()?;
    let [hmac, master] = KeyName::ALL.map(|name| repository.key(name));
    Some(format!(", {} and {}", hmac?.digest.whole.md5, master?.digest.whole.md5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::repair::key_repair;
    use crate::rules::storage_repair::write_storage;
    use crate::testing::farm;

    #[test]
    fn what_is_replaced_is_kept_while_the_instance_stands() {
        let key: Vec<u8> = (1..33).collect();
        let farm = farm()
            .with("east/a", |i| i.jcr_mode(&key, &key[..16]))
            .with("b", |i| i.storage(b"Bundle\n"))
            .with("c", |i| i.storage(b"JCR"))
            .build();
        let [b, c, a] = [0, 1, 2].map(|index| &farm.members[index]);
        for (steps, order) in [
            (
                leave_the_jcr(a, Vec::new()),
                [
                    "becomes unreadable",
                    "Stop east/a.",
                    "mkdir -m 700 'keys-before-east-a' && cp -p 'crx-quickstart/launchpad/felix/bundle2/data/hmac' ",
                    "mkdir 'crx-quickstart/launchpad/felix/bundle2/data/') && cp hmac master 'crx-quickstart/launchpad/felix/bundle2/data/' && chmod 600 ",
                    "md5sum hmac master 'crx",
                    "printf %s Bundle > ",
                    "Start east/a.",
                    "delete the properties",
                ]
                .as_slice(),
            ),
            (
                write_storage(&key_repair(&farm), b),
                &[
                    "Stop b.",
                    "mkdir -m 700 'storage-before-b' && cp -p ",
                    "printf %s Bundle > ",
                    "Start b.",
                ],
            ),
            (leave_the_jcr(c, Vec::new()), &["Start c.", "The keys of c were not read here", "delete the"]),
        ] {
            let text = steps.join("\n");
            let places: Vec<_> = order.iter().map(|part| text.find(part)).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?} {text}");
        }
    }

    #[test]
    fn keys_that_are_not_in_the_jcr_cannot_be_moved_out_of_it() {
        let key: Vec<u8> = (1..33).collect();
        let empty = farm().with("a", |i| i.storage(b"JCR").jcr(&[])).build();
        assert!(
            leave_the_jcr(&empty.members[0], Vec::new())[0]
                .starts_with("Settle jcr-key-missing first")
        );
        let whole = farm().with("a", |i| i.jcr_mode(&key, &key[..16])).build();
        assert!(leave_the_jcr(&whole.members[0], Vec::new()).len() > 1);
    }
}
