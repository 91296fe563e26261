//! `key-altered`: a key file is a peer's key that a tool altered, or what a tool made of a key.

use super::each_key::each_key;
use super::owners::Owners;
use crate::facts::{Alteration, KeyName, Wrapper};
use crate::farm::{EffectiveKey, Farm, KeyHealth, KeyOrigin, Member, names_of};
use crate::repair::{Need, When, quoted};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-altered",
    severity: Severity::Error,
    summary: "a tool altered a key file on its way",
    effect: "The instance works with a key that no other instance has.",
    why: "A key is random bytes, and AEM takes the file as it is. A tool that copies it as text changes line ends or the encoding; one \
          that keeps secrets leaves its own file, pointer or envelope where the key belongs. Undone, the digest is that of \
          another instance's key, which proves the cause.",
    fix: "Copy the file again, in binary mode, from an instance that has it, or put the decrypted key in its place.",
    compares: false,
    references: &[
        "git: gitattributes(5), end-of-line conversion",
        "Git LFS: pointer file specification",
        "git-crypt: file format",
    ],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let owners = Owners::of(farm);
    each_key(farm, |member, name| on(&owners, member, name))
}

fn on(owners: &Owners<'_>, member: &Member, name: KeyName) -> Option<Hit> {
    let key = member.known_key(name)?;
    match key.health {
        KeyHealth::Altered(alteration) => altered(owners, member, name, key, alteration),
        KeyHealth::Wrapped(wrapper) => Some(wrapped(member, name, key, wrapper)),
        _ => None,
    }
}

fn altered(
    owners: &Owners<'_>,
    member: &Member,
    name: KeyName,
    key: &EffectiveKey,
    alteration: Alteration,
) -> Option<Hit> {
    let (_, file) = member.key_in_file(name)?;
    let message = format!(
        "{}: {name} is the {name} of {} {alteration}: {} bytes instead of {}",
        member.name,
        names_of(owners.having(name, key.value)),
        key.digest.whole.bytes,
        key.value.bytes
    );
    Some(Hit::on(member, message).at([&file.place]).needs([Need::FarmKeys(member.name.clone())]))
}

fn wrapped(member: &Member, name: KeyName, key: &EffectiveKey, wrapper: Wrapper) -> Hit {
    let message = format!("{}: {name} is {wrapper}, not a key", member.name);
    let what = match &key.origin {
        KeyOrigin::File(file) => quoted(&member.snapshot, &file.place.path),
        KeyOrigin::Jcr { path, .. } => path.clone(),
    };
    let [raw, obfuscated] = name.known_lengths();
    let needs = [Need::FarmKeys(member.name.clone())];
    let replace = format!(
        "Replace {what} of {} by the key itself, decrypted, of {raw} or {obfuscated} bytes: from where it is kept, or from an instance that has it.",
        member.name
    );
    Hit::on(member, message)
        .at([key.place()])
        .advise_at(When::Stopped, [replace])
        .until_copied()
        .needs(needs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Selection, judge};
    use crate::facts::Hex;
    use crate::testing::{farm, good_farm};

    /// It has what tools change: line ends, and bytes that are no ASCII.
    const KEY: [u8; 32] = *b"\x01a\n\x80\x99\xe4\r\xff\x00\n0123456789abcdefgh\xc3\x28zz";
    /// It holds CR LF by nature.
    const CRLF: [u8; 32] = *b"\x01a\r\n\x80\x99\xe4\r\xff\x00zz0123456789abcdefghij";

    /// The findings on a farm in which one instance has another hmac than the two others: rule and message.
    fn findings(right: &[u8], other: &[u8]) -> Vec<(&'static str, String)> {
        let farm = farm()
            .with("a", |i| i.hmac(right))
            .with("b", |i| i.hmac(right))
            .with("c", |i| i.hmac(other))
            .build();
        let judged = judge(vec![farm], &Selection::default());
        let findings = judged.into_iter().flat_map(|judged| judged.findings);
        findings.map(|finding| (finding.rule.id, finding.hit.message)).collect()
    }

    fn grown(key: &[u8]) -> Vec<u8> {
        let grow = |byte: &u8| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] };
        key.iter().flat_map(grow).collect()
    }

    fn hex(key: &[u8]) -> String {
        Hex(<[u8; 32]>::try_from(key).expect("32 bytes")).to_string()
    }

    #[test]
    fn sound_keys_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
        assert_eq!(findings(&CRLF, &CRLF), []);
    }

    #[test]
    fn what_the_digest_proves_is_the_only_finding() {
        let utf8 = KEY.iter().map(|byte| char::from(*byte)).collect::<String>();
        for (altered, how) in [
            (grown(&KEY), "with its line ends turned into CR LF"),
            (utf8.into_bytes(), "converted to UTF-8"),
            (hex(&KEY).into_bytes(), "written as hexadecimal text"),
        ] {
            let found = findings(&KEY, &altered);
            assert_eq!(found.len(), 1, "{found:?}");
            let start = format!("c: hmac is the hmac of a, b {how}");
            assert!(found[0].0 == "key-altered" && found[0].1.starts_with(&start), "{found:?}");
        }
    }

    #[test]
    fn key_that_lost_a_byte_is_the_altered_one_not_the_peer_it_came_from() {
        let lost = [&CRLF[..2], &CRLF[3..]].concat();
        assert_eq!(CRLF[2..4], *b"\r\n");
        let found = findings(&CRLF, &lost);
        let start = "c: hmac is the hmac of a, b with its line ends turned into LF";
        assert!(found.len() == 1 && found[0].1.starts_with(start), "{found:?}");
    }

    #[test]
    fn key_that_lost_what_text_does_not_have_is_told_by_a_peer() {
        let with_end = [&KEY[..31], b"\n"].concat();
        let without = |key: &[u8], gone: u8| -> Vec<u8> {
            key.iter().copied().filter(|byte| *byte != gone).collect()
        };
        for (key, lost, how) in [
            (&KEY[..], without(&KEY, 0), "without its zero bytes"),
            (&KEY, [without(&KEY, 0), b"\n".to_vec()].concat(), "without its zero bytes"),
            (&with_end, without(&with_end, 0)[..30].to_vec(), "without its zero bytes"),
            (&KEY, without(&KEY, b'\r'), "without its zero bytes, CRs"),
            (&KEY, KEY[..8].to_vec(), "cut off at its first zero byte"),
        ] {
            let found = findings(key, &lost);
            let start = format!("c: hmac is the hmac of a, b {how}");
            assert!(found.len() == 1 && found[0].1.starts_with(&start), "{start}: {found:?}");
        }
        // So few bytes are left of many keys.
        let rules = findings(&KEY, &KEY[..2]).into_iter().map(|(rule, _)| rule);
        assert!(rules.into_iter().all(|rule| rule != "key-altered"));
    }

    #[test]
    fn nearly_a_peers_key_is_another_key() {
        let mut altered = grown(&KEY);
        altered[0] ^= 1;
        let rules: Vec<_> = findings(&KEY, &altered).into_iter().map(|(rule, _)| rule).collect();
        assert!(rules.contains(&"hmac-differs") && !rules.contains(&"key-altered"), "{rules:?}");
    }

    #[test]
    fn output_of_a_tool_is_named() {
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 32\n";
        let crypt = [&b"\0GITCRYPT\0"[..], &[7; 44]].concat();
        for (bytes, what) in
            [(&pointer[..], "a Git LFS pointer"), (&crypt, "a file encrypted by git-crypt")]
        {
            let found = findings(&KEY, bytes);
            let message = format!("c: hmac is {what}, not a key");
            assert!(found.contains(&("key-altered", message)), "{found:?}");
            let others = ["key-length", "key-not-binary", "half-copied-pair"];
            assert!(!found.iter().any(|(rule, _)| others.contains(rule)), "{found:?}");
        }
    }

    #[test]
    fn it_is_to_have_the_keys_of_the_farm() {
        let farm = farm().with("a", |i| i.hmac(&KEY)).with("c", |i| i.hmac(&grown(&KEY))).build();
        assert_eq!(check(&farm)[0].needs, [Need::FarmKeys("c".to_owned())]);
    }
}
