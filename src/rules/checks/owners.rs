//! Who works with which keys, looked up: of thousands of instances, each may ask.

use crate::facts::{Digest, KeyName, Snapshot};
use crate::farm::{Farm, Member};
use std::collections::BTreeMap;

/// The instances of a farm by the keys that they have as they should be.
pub(super) struct Owners<'f> {
    sound: BTreeMap<(KeyName, Digest), Vec<&'f Member>>,
}

impl<'f> Owners<'f> {
    pub(super) fn of(farm: &'f Farm) -> Self {
        let mut sound: BTreeMap<_, Vec<&Member>> = BTreeMap::new();
        for member in &farm.members {
            for name in KeyName::ALL {
                if let Some(key) = member.known_key(name).filter(|key| !key.health.is_flawed()) {
                    sound.entry((name, key.value)).or_default().push(member);
                }
            }
        }
        Self { sound }
    }

    /// Returns the instances that have a key without a flaw.
    pub(super) fn having(&self, name: KeyName, key: Digest) -> &[&'f Member] {
        self.sound.get(&(name, key)).map_or(&[], Vec::as_slice)
    }
}

/// The keys of an instance, hmac first, each as it was read.
type AsRead = [Option<Digest>; 2];

/// The instances of a farm by the files that they work with, byte for byte: both, or one of them.
pub(super) struct FilesInUse<'f> {
    owners: BTreeMap<AsRead, Vec<&'f Member>>,
}

impl<'f> FilesInUse<'f> {
    pub(super) fn of(farm: &'f Farm) -> Self {
        let mut owners: BTreeMap<AsRead, Vec<&Member>> = BTreeMap::new();
        for member in &farm.members {
            let both = KeyName::ALL.map(|name| Some(member.known_key(name)?.digest.whole));
            let [hmac, master] = both;
            // A copy may hold one of both keys alone.
            for some in [both, [hmac, None], [None, master]] {
                let of_some = owners.entry(some).or_default();
                // Where one is not known, two of these are the same.
                if of_some.last().is_none_or(|last| last.name != member.name) {
                    of_some.push(member);
                }
            }
        }
        Self { owners }
    }

    /// Returns the instances that work with all key files of a copy.
    pub(super) fn having(&self, copy: &Snapshot) -> &[&'f Member] {
        let mut wanted: AsRead = [None; 2];
        for (name, wanted) in KeyName::ALL.into_iter().zip(&mut wanted) {
            for file in copy.key_files.iter().filter(|file| file.name == name) {
                if wanted.replace(file.digest.whole).is_some_and(|other| other != file.digest.whole)
                {
                    return &[];
                }
            }
        }
        let is_any = wanted.iter().any(Option::is_some);
        self.owners.get(&wanted).filter(|_| is_any).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    fn names(members: &[&Member]) -> String {
        members.iter().map(|member| member.name.as_str()).collect()
    }

    #[test]
    fn files_of_a_copy_are_those_of_whoever_works_with_all_of_them() {
        let hmac: Vec<u8> = (0x80..0xA0).collect();
        let farm = farm()
            .with("a", |i| i.hmac(&hmac).master(&hmac[16..]))
            .with("b", |i| i.hmac(&hmac).master(&hmac[..16]))
            .with("c", |i| i.hmac(&hmac).without_key(KeyName::Master))
            .build();
        let files = FilesInUse::of(&farm);
        let mut copy = farm.members[1].snapshot.clone();
        assert_eq!(names(files.having(&copy)), "b");
        copy.key_files.retain(|file| file.name == KeyName::Hmac);
        assert_eq!(names(files.having(&copy)), "abc");
        let mut other = copy.key_files[0].clone();
        copy.key_files.push(other.clone());
        assert_eq!(names(files.having(&copy)), "abc");
        other.digest = farm.members[1].known_key(KeyName::Master).unwrap().digest.clone();
        copy.key_files.push(other);
        assert_eq!(names(files.having(&copy)), "");
        copy.key_files.clear();
        assert_eq!(names(files.having(&copy)), "");
    }

    #[test]
    fn key_with_a_flaw_is_nobodys() {
        let hmac: Vec<u8> = (0x80..0xA0).collect();
        let newline = [&hmac[..], b"\n"].concat();
        let farm = farm().with("a", |i| i.hmac(&hmac)).with("b", |i| i.hmac(&newline)).build();
        let key = farm.members[0].known_key(KeyName::Hmac).unwrap().value;
        let owners = Owners::of(&farm);
        assert_eq!(names(owners.having(KeyName::Hmac, key)), "a");
        assert_eq!(names(owners.having(KeyName::Master, key)), "");
    }
}
