//! `key-degenerate`: a key that cannot be one: empty, all one byte, of an impossible length, equal to the other key, or swapped with it.

use super::references::ENCAPSULATED_TOKEN;
use crate::facts::{Alteration, CRYPTO_FILE, Digest, KeyName, Place};
use crate::farm::{EffectiveKey, Farm, Groups, KeyHealth, Member};
use crate::repair::{Need, directory_of, quoted};
use crate::rules::{Hit, Rule, Severity};
use std::collections::{BTreeMap, BTreeSet};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-degenerate",
    severity: Severity::Error,
    compares: false,
    summary: "a key is empty, uniform, doubled, swapped, or of an impossible length",
    effect: "The key protects nothing, or logins and secrets fail.",
    why: "A key is random and its own. An empty file, a file of one repeated byte, hmac and master with the same content, or a hmac \
          that is the master of another instance are all results of a copy that went wrong. AES takes keys of 16, 24 and 32 bytes, and the \
          obfuscated forms are blocks of 16: a master of 17 bytes is none, even if the whole farm has it.",
    fix: "Copy both files again, in binary mode, each under its own name.",
    references: &[ENCAPSULATED_TOKEN],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let masters = Masters::of(farm);
    farm.members
        .iter()
        .flat_map(|member| {
            let names = KeyName::ALL.into_iter();
            let uniform = names.filter_map(|name| uniform(member, name));
            let swapped = swapped(member).or_else(|| reversed(&masters, member));
            let hits = uniform.chain(impossible(member)).chain(doubled(member)).chain(swapped);
            hits.collect::<Vec<_>>()
        })
        .collect()
}

fn uniform(member: &Member, name: KeyName) -> Option<Hit> {
    let key = member.known_key(name)?;
    let what = match key.health {
        KeyHealth::Empty => "is empty".to_owned(),
        KeyHealth::Uniform => "is one repeated byte".to_owned(),
        KeyHealth::FilledUp(bytes) => format!("ends in {bytes} equal bytes"),
        _ => return None,
    };
    let message = format!("{name} of {} {what}", member.name);
    Some(Hit::on(member, message).at([key.place()]).needs([Need::FarmKeys(member.name.clone())]))
}

/// Finds a master that no cipher takes: it was changed before the farm got it, where all have it.
fn impossible(member: &Member) -> Option<Hit> {
    let key =
        member.known_key(KeyName::Master).filter(|key| is_impossible(KeyName::Master, key))?;
    let (name, bytes) = (&member.name, key.digest.whole.bytes);
    let lengths = KeyName::Master.known_lengths();
    let is_grown = |(how, content): &&(Alteration, Digest)| {
        *how == Alteration::LfToCrLf && lengths.contains(&content.bytes)
    };
    let grown =
        key.digest.restored.iter().find(is_grown).map_or_else(String::new, |(_, content)| {
            format!("; with each CR LF in it turned into LF it would have {}", content.bytes)
        });
    let message = format!("master of {name} has {bytes} bytes, which no AES key has{grown}");
    let bring = "Bring hmac and master once more, in binary mode, from where the keys of this farm come from: the first instance, a backup, a vault.";
    let hit = Hit::on(member, message).at([key.place()]);
    Some(hit.advise([bring]).until_copied().needs([Need::FarmKeys(name.clone())]))
}

/// Returns `true` if a key has a length that is neither one of AES nor one of an obfuscated form. A hmac may have any length, as far as the
/// algorithm goes.
pub(super) fn is_impossible(name: KeyName, key: &EffectiveKey) -> bool {
    name == KeyName::Master && key.health == KeyHealth::NoKey && key.digest.whole.bytes != AES_192
}

/// Bytes of a key of AES-192, which AEM is not known to make.
const AES_192: u64 = 24;

fn doubled(member: &Member) -> Option<Hit> {
    let [hmac, master] = KeyName::ALL.map(|name| member.known_key(name));
    let (hmac, master) = (hmac?, master?);
    // A master in the obfuscated form has the 32 bytes of a raw hmac, so lengths do not show this.
    if !member.has_doubled_keys() {
        return None;
    }
    let message = format!("hmac and master of {} are the same key", member.name);
    let files = [hmac.place(), master.place()];
    Some(Hit::on(member, message).at(files).needs([Need::FarmKeys(member.name.clone())]))
}

/// Finds a pair that is swapped by its lengths: in no form is master the longer key.
fn swapped(member: &Member) -> Option<Hit> {
    let [hmac, master] = KeyName::ALL.map(|name| member.known_key(name));
    let (hmac, master) = (hmac?, master?);
    if !member.pair().is_swapped() {
        return None;
    }
    let name = &member.name;
    let message = format!(
        "hmac and master of {name} are swapped: hmac has {} bytes, and master {}",
        hmac.digest.whole.bytes, master.digest.whole.bytes
    );
    let hit = Hit::on(member, message).at([hmac.place(), master.place()]);
    Some(if member.is_in_jcr_mode() {
        let exchange = format!(
            "On {name}, exchange the properties hmac and master of /etc/key (CRXDE Lite) after a copy of both, and restart it."
        );
        hit.advise([exchange]).until_copied()
    } else {
        hit.needs([Need::SwapPair(name.clone())])
    })
}

/// What a hmac is compared with, put in order once: of 4,000 instances, comparing each with each took 40 s.
struct Masters<'f> {
    /// Instances with two different keys, which are not swapped by their lengths, by master.
    by_key: BTreeMap<Digest, Vec<&'f Member>>,
    /// All instances by hmac.
    hmacs: Groups<'f>,
    /// Names of those with another hmac than most.
    odd: BTreeSet<&'f str>,
}

impl<'f> Masters<'f> {
    fn of(farm: &'f Farm) -> Self {
        let value = |member: &Member, name| member.known_key(name).map(|key| key.value);
        let mut by_key: BTreeMap<Digest, Vec<&Member>> = BTreeMap::new();
        for member in &farm.members {
            let [hmac, master] = KeyName::ALL.map(|name| value(member, name));
            let is_swapped = || member.pair().is_swapped();
            if let Some(master) =
                master.filter(|_| hmac.is_some() && hmac != master && !is_swapped())
            {
                by_key.entry(master).or_default().push(member);
            }
        }
        let hmacs = Groups::by(farm, |member| value(member, KeyName::Hmac));
        let odd = hmacs.odd().into_iter().map(|member| member.name.as_str()).collect();
        Self { by_key, hmacs, odd }
    }

    /// Returns the first other instance whose master is this hmac, and whose own hmac is another.
    fn peer(&self, member: &Member, hmac: &Digest) -> Option<&'f Member> {
        self.by_key.get(hmac)?.iter().find(|peer| peer.name != member.name).copied()
    }

    /// Returns `true` if of two instances this one has the wrong hmac.
    fn accuses(&self, member: &Member, peer: &Member) -> bool {
        match self.hmacs.majority() {
            Some(_) => self.odd.contains(member.name.as_str()),
            None => member.name < peer.name,
        }
    }
}

/// Finds a hmac that is another instance's master, where the lengths do not show. With most of the farm agreeing on hmac, the odd one is
/// accused; of two that are each other's reverse, the pair is reported once.
fn reversed(masters: &Masters<'_>, member: &Member) -> Option<Hit> {
    let hmac = member
        .known_key(KeyName::Hmac)
        .filter(|key| !matches!(key.health, KeyHealth::Uniform | KeyHealth::Empty))?;
    let peer = masters.peer(member, &hmac.value)?;
    if !masters.accuses(member, peer) {
        return None;
    }
    let in_files = !member.is_in_jcr_mode() && !peer.is_in_jcr_mode();
    let what = if in_files { "files" } else { "keys" };
    let message = format!(
        "hmac of {} is the master of {}: the {what} of one are swapped",
        member.name, peer.name
    );
    let of =
        |m: &'_ Member| KeyName::ALL.map(|name| m.known_key(name).map(|key| key.place().clone()));
    let places: Vec<Place> = of(member).into_iter().chain(of(peer)).flatten().collect();
    let exchange = format!(
        "On the instance that is wrong, exchange hmac and master, files while it is stopped and after a copy of both: in {} of {}, or in {} of {}.",
        directory(member),
        member.name,
        directory(peer),
        peer.name
    );
    let farm_keys = [member, peer].map(|one| Need::FarmKeys(one.name.clone()));
    Hit::on(member, message).at(&places).advise([exchange]).until_copied().needs(farm_keys).into()
}

fn directory(member: &Member) -> String {
    if member.is_in_jcr_mode() {
        return "/etc/key (CRXDE Lite; then restart)".to_owned();
    }
    quoted(&member.snapshot, &directory_of(member, CRYPTO_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{farm, good_farm};

    fn messages(farm: &Farm) -> Vec<String> {
        check(farm).into_iter().map(|hit| hit.message).collect()
    }

    fn key(seed: u8) -> Vec<u8> {
        (seed..).take(32).collect()
    }

    #[test]
    fn random_keys_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
    }

    #[test]
    fn empty_and_uniform_keys_are_told() {
        let farm = farm().with("a", |i| i.hmac(b"").master(&[0; 16])).build();
        assert_eq!(messages(&farm), ["hmac of a is empty", "master of a is one repeated byte"]);
    }

    #[test]
    fn key_that_was_filled_up_is_told_and_no_source() {
        let filled = [&key(1)[..16], &[0; 16]].concat();
        let farm = farm().with("author", |i| i.hmac(&filled)).with("b", |i| i.hmac(&key(1)));
        let farm = farm.build();
        assert_eq!(messages(&farm), ["hmac of author ends in 16 equal bytes"]);
        assert_eq!(farm.members[0].pair().keys(), None);
    }

    #[test]
    fn master_that_no_cipher_takes_is_told_though_all_have_it() {
        let grown = b"\x01\x80\xe4\r\n\x05\x06\x07\x08\xff\x00\x10\x20\x30\x40\x99\x50";
        let all = farm().with("a", |i| i.master(grown)).with("b", |i| i.master(grown)).build();
        let said = |name: &str| {
            format!(
                "master of {name} has 17 bytes, which no AES key has; with each CR LF in it turned into LF it would have 16"
            )
        };
        assert_eq!(messages(&all), [said("a"), said("b")]);
        let short = farm().with("a", |i| i.master(&key(1)[..15])).build();
        assert_eq!(messages(&short), ["master of a has 15 bytes, which no AES key has"]);
        for length in [16, 24, 32] {
            let long = farm().with("a", |i| i.hmac(&key(99)).master(&key(1)[..length])).build();
            assert_eq!(messages(&long), [""; 0], "{length}");
        }
    }

    #[test]
    fn one_key_for_both_is_told() {
        let farm = farm().with("a", |i| i.hmac(&key(1)).master(&key(1))).build();
        assert_eq!(messages(&farm), ["hmac and master of a are the same key"]);
    }

    #[test]
    fn swapped_files_are_told_of_the_odd_one() {
        let right = |i: crate::testing::Instance| i.hmac(&key(1)).master(&key(99));
        let farm = farm()
            .with("a", right)
            .with("b", |i| i.hmac(&key(99)).master(&key(1)))
            .with("c", right)
            .build();
        assert_eq!(messages(&farm), ["hmac of b is the master of a: the files of one are swapped"]);
    }

    #[test]
    fn two_instances_that_are_each_others_reverse_are_told_once() {
        let farm = farm()
            .with("a", |i| i.hmac(&key(1)).master(&key(99)))
            .with("b", |i| i.hmac(&key(99)).master(&key(1)));
        assert_eq!(
            messages(&farm.build()),
            ["hmac of a is the master of b: the files of one are swapped"]
        );
    }

    #[test]
    fn another_pair_of_keys_is_not_swapped() {
        let farm = good_farm(&["a"]).with("b", |i| i.hmac(&key(1)).master(&key(99))).build();
        assert_eq!(messages(&farm), [""; 0]);
    }
}
