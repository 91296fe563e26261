//! `key-trailing-newline`: a key file ends in a line end that is not part of the key.

use super::each_key::each_key;
use super::references::KA_23909;
use crate::facts::KeyName;
use crate::farm::{Farm, Member};
use crate::repair::Need;
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-trailing-newline",
    severity: Severity::Error,
    compares: false,
    summary: "a key file ends in a stray newline",
    effect: "The key is another one: logins and secrets fail against the other instances.",
    why: "The key is the whole file. A line end that an editor, a copy through the clipboard or `echo` added makes it another \
          key, or one of a length that is refused. Keys are random and one in 256 ends in that byte by nature, so the length or \
          an equal key without it on another instance decides, never the last byte alone.",
    fix: "Copy the file again, in binary mode, from an instance whose file is right.",
    references: &[KA_23909],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    each_key(farm, on)
}

fn on(member: &Member, name: KeyName) -> Option<Hit> {
    let (key, file) = member.key_in_file(name)?;
    let line_end = key.line_end()?;
    let (found, expected) = (key.digest.whole.bytes, key.value.bytes);
    let message = format!(
        "{name} of {} ends in {line_end}: {found} bytes instead of {expected}",
        member.name
    );
    Some(
        Hit::on(member, message)
            .at([&file.place])
            .needs([Need::TrimKey(member.name.clone(), name)]),
    )
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
        // One random key in 256 ends in this byte, so the byte alone proves nothing.
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
    fn copy_in_text_mode_is_one_where_a_line_end_inside_was_turned() {
        let crlf = [&[200; 32][..], b"\r\n"].concat();
        assert_eq!(messages(&crlf, &[200; 32]).len(), 1, "nothing inside was turned");
        let with_lf = [&[200; 20][..], b"\n", &[200; 11]].concat();
        let turned = [&[200; 20][..], b"\r\n", &[200; 11], b"\r\n"].concat();
        assert_eq!(messages(&turned, &with_lf), [""; 0]);
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
    }

    #[test]
    fn key_in_the_jcr_has_no_stray_newline() {
        let lf = [&[200; 32][..], b"\n"].concat();
        assert_eq!(check(&farm().with("a", |i| i.jcr_mode(&lf, &lf)).build()), []);
    }

    #[test]
    fn line_end_is_to_be_cut_off() {
        let lf = [&[200; 32][..], b"\n"].concat();
        let farm = farm().with("a", |i| i.hmac(&lf)).with("b", |i| i.hmac(&[200; 32])).build();
        assert_eq!(check(&farm)[0].needs, [Need::TrimKey("a".to_owned(), KeyName::Hmac)]);
    }
}
