//! `key-trailing-newline`: a key file ends in a line end that is not part of the key.

use super::steps::{self, KA_23909, OVERWRITE_WARNING, quoted};
use super::{Hit, Rule, Severity, Step};
use crate::facts::{KeyFile, KeyName, LineEnd};
use crate::farm::{EffectiveKey, Farm, Member, other_in_jcr};
use crate::repair::Need;

pub(super) static RULE: Rule = Rule {
    id: "key-trailing-newline",
    severity: Severity::Error,
    compares: false,
    summary: "a key file ends in a stray newline",
    why: "The key is the whole file. A line end that an editor, a copy through the clipboard or `echo` added makes it another \
          key, or one of a length that is refused. Keys are random and one in 256 ends in that byte by nature, so the length or \
          an equal key without it on another instance decides, never the last byte alone.",
    fix: "Copy the file again, in binary mode, from an instance whose file is right.",
    references: &[KA_23909],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    let pairs = farm.members.iter().flat_map(|m| KeyName::ALL.map(|name| (m, name)));
    pairs.filter_map(|(member, name)| on(farm, member, name)).collect()
}

fn on(farm: &Farm, member: &Member, name: KeyName) -> Option<Hit> {
    let (key, file) = member.key_in_file(name)?;
    let line_end = key.stray?;
    let (found, expected) = (key.digest.whole.bytes, key.value.bytes);
    let message = format!(
        "{name} of {} ends in {line_end}: {found} bytes instead of {expected}",
        member.name
    );
    Some(
        Hit::on(member, message)
            .at([&file.place])
            .fix(fix(farm, member, key, file, line_end))
            .needs([Need::TrimKey(member.name.clone(), name)]),
    )
}

fn fix(
    farm: &Farm,
    member: &Member,
    key: &EffectiveKey,
    file: &KeyFile,
    end: LineEnd,
) -> Vec<Step> {
    if other_in_jcr(member, file.name).is_some() {
        let which = "Settle jcr-key-mismatch there first, and scan again: it is not clear which key is the right one.";
        return vec![format!("On {}, nothing is to be cut off yet. {which}", member.name).into()];
    }
    let path = quoted(&file.place.path);
    let repair = bring(farm, member, key, file).unwrap_or_else(|| {
        let cut = if end == LineEnd::Lf { "byte" } else { "2 bytes" };
        let command = format!("truncate -s {} {path}", key.value.bytes);
        Step::command(&format!("Cut the last {cut} off"), &command)
    });
    replace(member, key, file, repair)
}

/// Brings a key as it belongs there from a peer that has it; `None` where none has.
pub(super) fn bring(
    farm: &Farm,
    member: &Member,
    key: &EffectiveKey,
    file: &KeyFile,
) -> Option<Step> {
    let right = |m: &&Member| {
        m.known_key(file.name).is_some_and(|peer| !peer.is_flawed() && peer.value == key.value)
    };
    let (path, name, key_name) = (quoted(&file.place.path), &member.name, file.name);
    let put = format!("cp {key_name} {path} && chmod 600 {path}");
    let peers = || farm.members.iter().filter(right);
    let in_file = peers().find_map(|m| Some((m, m.key_in_file(file.name)?.1)));
    let lead = if let Some((peer, theirs)) = in_file {
        let theirs = quoted(&theirs.place.path);
        format!(
            "Bring {theirs} of {} to {name} in binary mode, as the file {key_name}, and put it in place",
            peer.name
        )
    } else {
        format!(
            "Download the binary property {key_name} of /etc/key of {} (CRXDE Lite) as the file {key_name}, bring it to {name}, and put it in place",
            peers().next()?.name
        )
    };
    Some(Step::command(&lead, &put))
}

/// Replaces a key file while the instance stands, and has the result checked.
pub(super) fn replace(
    member: &Member,
    key: &EffectiveKey,
    file: &KeyFile,
    repair: Step,
) -> Vec<Step> {
    let (path, bytes) = (quoted(&file.place.path), key.value.bytes);
    let (name, key_name) = (&member.name, file.name);
    let check = format!(
        "It must have {bytes} bytes and the md5 sum {}; where it has not, put back what was kept",
        key.value.md5
    );
    let check = Step::command(&check, &format!("wc -c {path} && md5sum {path}"));
    let keep = steps::keep(key_name.file_name(), name, &[&path]);
    let before = [OVERWRITE_WARNING.into(), Step::stop(name), keep, repair, check];
    let after = [Step::start(name), steps::remove_kept(name)];
    steps::settled_by_copy(name, before.into_iter().chain(after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::farm;

    /// A key of the right length whose last byte happens to be a line feed.
    fn ending_in_0a(length: usize) -> Vec<u8> {
        (0x80..=0xBF).take(length.saturating_sub(1)).chain([b'\n']).collect()
    }

    fn messages(hmac: &[u8], peer: &[u8]) -> Vec<String> {
        let farm = farm().with("a", |i| i.hmac(hmac)).with("b", |i| i.hmac(peer)).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn key_that_ends_in_0a_by_nature_is_quiet() {
        assert_eq!(messages(&ending_in_0a(32), &ending_in_0a(32)), [""; 0]);
        assert_eq!(messages(&ending_in_0a(48), &[1; 31]), [""; 0]);
    }

    #[test]
    fn length_decides() {
        let lf = [&[200; 32][..], b"\n"].concat();
        let crlf = [&[200; 32][..], b"\r\n"].concat();
        assert_eq!(
            messages(&lf, &[1; 32]),
            ["hmac of a ends in a newline (LF): 33 bytes instead of 32"]
        );
        assert_eq!(
            messages(&crlf, &[1; 32]),
            ["hmac of a ends in a Windows line end (CR LF): 34 bytes instead of 32"]
        );
    }

    #[test]
    fn stray_newline_after_one_of_nature_is_one_byte() {
        let twice = [&ending_in_0a(32)[..], b"\n"].concat();
        assert_eq!(
            messages(&twice, &ending_in_0a(32)),
            ["hmac of a ends in a newline (LF): 33 bytes instead of 32"]
        );
    }

    #[test]
    fn peer_decides_where_the_length_is_unusual() {
        let odd: Vec<u8> = vec![200; 64];
        let with_newline = [&odd[..], b"\n"].concat();
        assert_eq!(
            messages(&with_newline, &odd),
            ["hmac of a ends in a newline (LF): 65 bytes instead of 64"]
        );
        assert_eq!(messages(&with_newline, &[1; 64]), [""; 0]);
    }

    #[test]
    fn peer_that_lost_its_last_byte_does_not_accuse_the_whole_key() {
        let whole = ending_in_0a(32);
        assert_eq!(messages(&whole, &whole[..31]), [""; 0]);
    }

    #[test]
    fn peer_with_its_keys_in_the_jcr_decides_too() {
        let odd: Vec<u8> = vec![200; 64];
        let with_newline = [&odd[..], b"\n"].concat();
        let farm =
            farm().with("a", |i| i.hmac(&with_newline)).with("b", |i| i.jcr_mode(&odd, &odd));
        let hits = check(&farm.build());
        assert_eq!(hits[0].message, "hmac of a ends in a newline (LF): 65 bytes instead of 64");
        let fix = hits[0].fix.join(" ");
        assert!(fix.contains("Download the binary property hmac of /etc/key of b"), "{fix}");
    }

    #[test]
    fn key_in_the_jcr_has_no_stray_newline() {
        let lf = [&[200; 32][..], b"\n"].concat();
        assert_eq!(check(&farm().with("a", |i| i.jcr_mode(&lf, &lf)).build()), []);
    }

    #[test]
    fn repair_copies_from_the_instance_that_has_it_right() {
        let lf = [&[200; 32][..], b"\n"].concat();
        let farm = farm().with("a", |i| i.hmac(&lf)).with("b", |i| i.hmac(&[200; 32])).build();
        let fix = check(&farm)[0].fix.join(" ");
        assert!(fix.contains("bundle2/data/hmac' of b to a in binary mode"), "{fix}");
    }
}
