//! Packed bytes that are written as text: in base64, uuencoded, in hex, armoured or as a shell archive.

use std::collections::BTreeSet;

/// Lines of one length that show base64, and how long they are at least.
const LINES: usize = 3;
// `base64` and MIME write 76 characters a line, `openssl`, PEM and `certutil` 64.
const LINE_BYTES: usize = 60;

/// Bytes of one line of base64 or hex (`base64 -w 0`) that no key and no digest has. Of a file in a folder 1 KiB is looked at.
const LONG_LINE_BYTES: usize = 1_000;

/// How texts begin that are something packed, encrypted and armoured, or dumped.
const STARTS: [&[u8]; 5] = [
    b"-----BEGIN PGP MESSAGE",
    b"-----BEGIN AGE ENCRYPTED",
    b"-----BEGIN PKCS7",
    b"-----BEGIN CMS",
    b"begin-base64 ",
];

/// How archives begin in base64: gzip, zip, xz, bzip2, zstd, 7z, rar.
const IN_BASE64: [&[u8]; 7] =
    [b"H4sI", b"UEsDB", b"/Td6WF", b"Qlpo", b"KLUv/", b"N3q8ryc", b"UmFyIRo"];

/// The same in hex.
const IN_HEX: [&[u8]; 7] =
    [b"1f8b08", b"504b0304", b"fd377a585a", b"425a68", b"28b52ffd", b"377abcaf", b"52617221"];

/// Digits of a dump in hex that are looked at.
const HEX_DIGITS: usize = 16;

/// What GNU and BSD `shar` write below `#!/bin/sh`.
const SHELL_ARCHIVE: &[u8] = b"# This is a shell archive";

/// Returns `true` if a text is something packed, by its first bytes.
pub(super) fn is_packed_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    STARTS.iter().chain(&IN_BASE64).any(|text| head.starts_with(text))
        || is_uuencoded(head)
        || is_dump(head)
        || lines(head).take(5).any(|line| line.starts_with(SHELL_ARCHIVE))
        || is_base64(head)
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end)
}

/// Returns `true` if a line begins a file of `uuencode`, and the next one is full: `begin 644 publish2.tgz`.
fn is_uuencoded(head: &[u8]) -> bool {
    let is_start = |line: &[u8]| {
        let mode = line.strip_prefix(b"begin ").and_then(|rest| rest.first_chunk::<3>());
        mode.is_some_and(|mode| mode.iter().all(|digit| matches!(digit, b'0'..=b'7')))
    };
    lines(head)
        .zip(lines(head).skip(1))
        // A full line of uuencode has 45 bytes, and the letter for 45 is `M`.
        .any(|(line, next)| is_start(line) && next.starts_with(b"M"))
}

/// Returns `true` if a text is a dump of an archive in hex, by its first digits: of `xxd`, `od -t x1`, `od -x`, `hexdump -C`,
/// `certutil -encodehex`, `[BitConverter]::ToString`.
fn is_dump(head: &[u8]) -> bool {
    let start = head.get(..100).unwrap_or(head);
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'-' | b',' | b':');
    let words = start.split(is_between).filter(|word| !word.is_empty());
    // `od` and `xxd` write before each line how many bytes came before it.
    let words = words.enumerate().filter_map(|(index, word)| {
        let is_offset = index == 0 && word.iter().all(|digit| *digit == b'0');
        (!is_offset).then(|| word.strip_prefix(b"0x").unwrap_or(word))
    });
    let (mut digits, mut swapped) = (Vec::new(), Vec::new());
    for word in words.take_while(|word| word.iter().all(u8::is_ascii_hexdigit)) {
        digits.extend(word.to_ascii_lowercase());
        // `od -x` and `hexdump` write numbers of two bytes, and the last byte of each is first.
        if let Some([a, b, c, d]) = word.as_array::<4>() {
            swapped.extend([*c, *d, *a, *b].map(|digit| digit.to_ascii_lowercase()));
        }
        if digits.len() >= HEX_DIGITS {
            break;
        }
    }
    let begins = |digits: &[u8]| {
        digits.len() >= HEX_DIGITS && IN_HEX.iter().any(|magic| digits.starts_with(magic))
    };
    begins(&digits) || begins(&swapped)
}

/// Returns `true` if several long lines of one length are of letters and digits alone, or one very long line is. Certificates and
/// public keys are such too, and say so.
fn is_base64(head: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_full = |line: &[u8]| line.len() >= LINE_BYTES && line.iter().all(is_digit);
    // Digests stand one a line, and 60 digits are of none.
    let is_digest = |line: &[u8]| {
        line.len() != 60 && line.len() < LONG_LINE_BYTES && line.iter().all(u8::is_ascii_hexdigit)
    };
    let (mut length, mut count) = (0, 0_usize);
    let mut lines = lines(head);
    while let Some(line) = lines.next() {
        if let Some(label) = line.strip_prefix(b"-----BEGIN ") {
            return lines.next().is_some_and(|first| is_other_than(label, first));
        }
        if !is_full(line) || is_digest(line) {
            count = 0;
        } else if line.len() == length && count > 0 {
            count = count.saturating_add(1);
        } else {
            (length, count) = (line.len(), 1);
        }
        if count >= LINES || (count > 0 && length >= LONG_LINE_BYTES && is_varied(line)) {
            return true;
        }
    }
    false
}

/// Returns `true` if a line has more than a few digits: one of `xxxx` is of a person, or fills something.
fn is_varied(line: &[u8]) -> bool {
    line.iter().collect::<BTreeSet<_>>().len() > 8
}

/// Returns `true` if the first line behind `-----BEGIN ` and a label is not of what that says: `certutil -encode` of Windows calls
/// anything a certificate.
fn is_other_than(label: &[u8], first: &[u8]) -> bool {
    // A certificate is a sequence in DER: 0x30, and a length.
    let is_der = || matches!(first, [b'M', b'A'..=b'P', ..]);
    IN_BASE64.iter().any(|text| first.starts_with(text))
        || (label.starts_with(b"CERTIFICATE") && !first.is_empty() && !is_der())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bytes_as_text_are_known() {
        let line = format!("{}\n", "Ab3+".repeat(19));
        for text in [
            "H4sIAAAA",
            "/Td6WFoAAATm",
            "QlpoOTFBWSZT",
            &line.repeat(3),
            &format!("see below\n{}", line.repeat(3)),
            &"H8sIAb3+xYz/".repeat(90),
            "begin 644 publish2.tgz\nM'XL(\n",
            "00000000: 1f8b 0800 0000 0000 0003 edcf\n",
            "00000000  1f 8b 08 00 00 00 00 00  00 03 ed cf\n",
            "0000000 8b1f 0008 0000 0000 0300 cfed\n",
            " 1f 8b 08 00 00 00 00 00 00 03 ed cf\n",
            "\t0000  50 4b 03 04 14 00 00 00  00 00 ...\n",
            "1F-8B-08-00-00-00-00-00-00-03",
            "1f8b0800000000000003edcf",
            &"0123456789abcdef".repeat(64),
            "-----BEGIN CERTIFICATE-----\nH4sIAAAA",
            "-----BEGIN CERTIFICATE-----\r\ncHVibGlzaDIv",
            "see below\n-----BEGIN X-----\nN3q8ryccAA",
            "#!/bin/sh\n# This is a shell archive (produced by GNU sharutils 4.15.2).\n",
        ] {
            assert!(is_packed_text(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn certificates_keys_and_digests_are_not_packed() {
        let line = format!("{}\n", "Ab3+".repeat(19));
        for text in [
            "see the ticket",
            &format!("-----BEGIN CERTIFICATE-----\nMIID{}", line.repeat(3)),
            &format!("-----BEGIN PUBLIC KEY-----\n{}", line.repeat(3)),
            &format!("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXkt{}", line.repeat(3)),
            "-----BEGIN CERTIFICATE-----\n",
            &format!("{}\n", "0123456789abcdef".repeat(4)).repeat(4),
            "0000000000000000000000000000000000000000  a.tgz\n",
            "2024-11-02 10:00:00 start\n",
            "1f8b08 is the magic of gzip",
            "begin 644 talks\nwith him\n",
            &"x".repeat(3_000),
            &line,
        ] {
            assert!(!is_packed_text(text.as_bytes()), "{text}");
        }
    }
}
