//! What `hmac-differs` and `master-differs` have in common.

use crate::facts::{KeyName, Role};
use crate::farm::{EffectiveKey, Farm, Groups, Member};
use crate::rules::{Hit, farm_keys};

/// Finds instances whose effective key is another one than their peers'.
pub(super) fn check(farm: &Farm, name: KeyName) -> Vec<Hit> {
    let groups = Groups::by(farm, |member| member.known_key(name).map(|key| key.value));
    if !groups.differ() {
        return Vec::new();
    }
    let odd = groups.odd();
    let witnesses = groups.witnesses();
    let files = witnesses.iter().filter_map(|m| m.known_key(name)).map(EffectiveKey::place);
    let mut message = groups.describe(name.file_name());
    // Both sides work by themselves then, and what authors encrypted fails on publishers. (Adobe KA-26706)
    if splits_by_role(&groups) {
        message.push_str(" (authors have one, publishers the other)");
    }
    let hit = Hit::among(&odd, message).at(files).needs(farm_keys(farm));
    // One instance that works with its repository has keys of its own. Of several, each would have the same if their stores had.
    let in_jcr = odd.iter().filter(|member| member.is_in_jcr_mode()).count();
    // A standby serves no requests: where nobody else has other keys, nobody is logged out.
    let without_standbys = Groups::by(farm, |member| {
        let key = member.known_key(name).filter(|_| !member.snapshot.is_standby());
        key.map(|key| key.value)
    });
    let unexplained_by: &[&str] = match (in_jcr > 1, without_standbys.differ()) {
        (false, false) => &[],
        (false, true) => &["standby-not-ready"],
        (true, false) => &["storage-jcr", "storage-jcr-with-ims"],
        (true, true) => &["storage-jcr", "storage-jcr-with-ims", "standby-not-ready"],
    };
    vec![hit.unexplained_by(unexplained_by)]
}

/// Returns `true` if there are two groups, one of authors and one of publishers.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::Need;
    use crate::testing::{Instance, farm, good_farm};

    /// Gives an instance another key of this name.
    fn other(name: KeyName) -> impl Fn(Instance) -> Instance {
        let bytes: Vec<u8> = (100..132).collect();
        move |instance| with(instance, name, &bytes)
    }

    fn with(instance: Instance, name: KeyName, bytes: &[u8]) -> Instance {
        match name {
            KeyName::Hmac => instance.hmac(bytes),
            KeyName::Master => instance.master(bytes),
        }
    }

    #[test]
    fn equal_keys_are_quiet() {
        let farm = good_farm(&["author", "pub1", "pub2"]).build();
        assert_eq!(KeyName::ALL.map(|name| check(&farm, name)), [[], []]);
    }

    #[test]
    fn odd_one_out_is_named_first_and_only_in_the_key_that_differs() {
        let [hmac, master] = KeyName::ALL;
        for (name, same) in [(hmac, master), (master, hmac)] {
            let farm = good_farm(&["author", "pub1"]).with("pub2", other(name)).build();
            let hits = check(&farm, name);
            assert_eq!(hits[0].message, format!("pub2: {name} differs from the other 2 instances"));
            assert_eq!(hits[0].instances, ["pub2"]);
            assert_eq!((hits.len(), check(&farm, same)), (1, Vec::new()));
        }
    }

    #[test]
    fn split_between_authors_and_publishers_is_said() {
        let publish = |i: Instance| other(KeyName::Hmac)(i).role("publish");
        let farm =
            farm().with("a", |i| i.role("author")).with("p", publish).with("q", publish).build();
        let message = &check(&farm, KeyName::Hmac)[0].message;
        assert!(message.ends_with("(authors have one, publishers the other)"), "{message}");
    }

    #[test]
    fn every_instance_is_to_have_the_keys_of_the_farm() {
        let farm = farm().with("a", |i| i).with("b", other(KeyName::Hmac)).build();
        let needs = ["a", "b"].map(|name| Need::FarmKeys(name.to_owned()));
        assert_eq!(check(&farm, KeyName::Hmac)[0].needs, needs);
    }

    #[test]
    fn stray_newline_alone_is_not_another_key() {
        let key: Vec<u8> = (100..132).collect();
        let with_newline = [&key[..], b"\n"].concat();
        for name in KeyName::ALL {
            let farm = farm()
                .with("a", |i| with(i, name, &key))
                .with("b", |i| with(i, name, &with_newline));
            assert_eq!(check(&farm.build(), name), []);
        }
    }

    #[test]
    fn key_in_the_jcr_is_compared_with_files() {
        let key: Vec<u8> = (0xC0..0xE0).collect();
        let jcr = |i: Instance| i.jcr_mode(&key, &key[..16]);
        let same = |i: Instance| i.hmac(&key).master(&key[..16]);
        let farm = farm().with("a", same).with("b", jcr).build();
        assert_eq!(KeyName::ALL.map(|name| check(&farm, name)), [[], []]);
        let farm = good_farm(&["a", "b"]).with("c", jcr).build();
        let hits = check(&farm, KeyName::Hmac);
        assert_eq!(hits[0].message, "c: hmac differs from the other 2 instances");
        assert_eq!(hits[0].places[1].path, "crx-quickstart/repository/segmentstore");
    }

    #[test]
    fn mode_of_one_instance_explains_its_keys_and_that_of_several_does_not() {
        let of = |last: u8| -> Vec<u8> { (last..last + 32).collect() };
        let jcr = |key: Vec<u8>| move |i: Instance| i.jcr_mode(&key, &key[..16]);
        let both = farm().with("a", jcr(of(1))).with("b", jcr(of(60))).build();
        assert_eq!(check(&both, KeyName::Hmac)[0].unexplained_by.len(), 3);
        let one = good_farm(&["a", "b"]).with("c", jcr(of(60))).build();
        assert_eq!(check(&one, KeyName::Hmac)[0].unexplained_by, ["standby-not-ready"]);
    }

    #[test]
    fn key_that_is_not_known_is_not_another_key() {
        let jcr = |i: Instance| other(KeyName::Hmac)(i).storage(b"JCR");
        assert_eq!(check(&good_farm(&["a"]).with("b", jcr).build(), KeyName::Hmac), []);
    }
}
