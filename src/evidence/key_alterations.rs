//! What tools do to a key file on its way: what it would be without that, as digests, and whose output it is.
//!
//! A key is random bytes. A tool that takes it for text changes it in a way that can be undone, and the digest of the result is
//! that of a peer's key or it is not: there is nothing to guess. Observed: hmac of 33 bytes after a checkout of git on Windows,
//! of 48 bytes after `copy: content=` of Ansible and `Set-Content` of PowerShell.

use super::key_spellings::BASE64;
use super::key_text::{KEY_BYTES, bare, digest, text_kind};
use crate::facts::{Alteration, Digest, Wrapper};
use crate::wiped::Wiped;

/// The longest file that is looked at. A key in PEM-like base64 with a line end has under 200 bytes.
const BYTES_MAX: usize = 1024;

/// Digests what the content would be if an alteration were undone, one candidate for each that is possible.
pub(super) fn restored(bytes: &[u8]) -> Vec<(Alteration, Digest)> {
    let contents = undone(bytes).into_iter();
    let contents = contents.map(|(alteration, content)| (alteration, digest(&content)));
    let heads = heads(bytes).into_iter().map(|head| (Alteration::Appended, digest(head)));
    contents.chain(heads).collect()
}

/// Bytes of a rest that chance does not make: those of another key are the same once in 10^19.
const REST_MIN: usize = 8;

/// Digests what tools that take a key for text would leave of it, one for each that leaves less.
///
/// Which bytes are gone cannot be seen from what is left, so it is made of the whole key, and compared.
pub(super) fn lost(bytes: &[u8]) -> Vec<(Alteration, Digest)> {
    if bytes.len() > BYTES_MAX {
        return Vec::new();
    }
    let without = |dropped: u8| -> Wiped {
        // With room for a line end, so that nothing moves and leaves a copy behind.
        let mut rest = Wiped::with_capacity(bytes.len().saturating_add(1));
        rest.extend(bytes.iter().copied().filter(|byte| *byte != dropped));
        rest
    };
    let no_zeros = without(0);
    // A shell leaves the line ends behind a text out as well, and `echo` writes one of its own.
    let ends = no_zeros.iter().rev().take_while(|byte| **byte == b'\n').count();
    let of_shell = no_zeros.get(..no_zeros.len().saturating_sub(ends)).unwrap_or_default();
    let mut echoed = without(0);
    echoed.truncate(of_shell.len());
    echoed.push(b'\n');
    let end = |stop: u8| bytes.iter().position(|byte| *byte == stop);
    let first_line = end(b'\n');
    let with_end = first_line.and_then(|at| bytes.get(..=at));
    let cuts = [end(0), first_line].into_iter().flatten().filter_map(|at| bytes.get(..at));
    let dropped = [&no_zeros, of_shell, &echoed, &without(b'\r')].map(digest);
    let dropped = dropped.into_iter().map(|rest| (Alteration::Dropped, rest));
    let cut = cuts.chain(with_end).map(|rest| (Alteration::CutOff, digest(rest)));
    let (least, whole) = (u64::try_from(REST_MIN).unwrap_or(u64::MAX), digest(bytes));
    // What is longer lost nothing, and has a line end behind it.
    let is_less = |rest: &Digest| (least..=whole.bytes).contains(&rest.bytes) && *rest != whole;
    let mut lost: Vec<_> = dropped.chain(cut).filter(|(_, rest)| is_less(rest)).collect();
    lost.dedup();
    lost
}

/// Equal bytes at the end that are no accident: the last eight of random bytes are so once in 10^17.
const EQUAL_MIN: usize = 8;

/// Returns how many bytes at the end are equal, where those are not all, and more than chance makes.
pub(super) fn equal_tail(bytes: &[u8]) -> u64 {
    let last = bytes.last();
    let count = bytes.iter().rev().take_while(|byte| Some(*byte) == last).count();
    let is_tail = (EQUAL_MIN..bytes.len()).contains(&count) && text_kind(bytes).is_none();
    if is_tail { u64::try_from(count).unwrap_or(u64::MAX) } else { 0 }
}

/// Returns what a content begins with that may be a key, where other bytes follow: `dd conv=sync` fills a block up, `cat hmac master` makes one
/// file of two, and `>>` puts a key behind itself.
fn heads(bytes: &[u8]) -> Vec<&[u8]> {
    if text_kind(bytes).is_some() {
        return Vec::new();
    }
    let head = |length: &usize| {
        let (head, rest) = bytes.split_at_checked(*length)?;
        // A line end is another fault, and a key of a usual length is whole unless the rest shows that it is none.
        let is_end = rest.is_empty() || rest == b"\n" || rest == b"\r\n";
        let is_usual = bytes.len() <= 32 && KEY_BYTES.contains(&bytes.len());
        let is_filled = || head == rest || equal_tail(bytes) > 0;
        (!is_end && (!is_usual || is_filled())).then_some(head)
    };
    KEY_BYTES.iter().filter_map(head).collect()
}

/// Returns what the content would be if an alteration were undone.
pub(super) fn undone(bytes: &[u8]) -> Vec<(Alteration, Wiped)> {
    // UTF-16 with base64 of the longest key is far below that; anything longer is another file.
    if bytes.len() > BYTES_MAX {
        return Vec::new();
    }
    let undo: [(Alteration, Undo); 19] = [
        (Alteration::LfToCrLf, without_cr),
        (Alteration::Utf8, |bytes| from_utf8(bytes, latin)),
        (Alteration::Utf8, |bytes| from_utf8(bytes, |c| of_page(CP437, c))),
        (Alteration::Utf8, |bytes| from_utf8(bytes, |c| of_page(CP850, c))),
        (Alteration::Utf8, |bytes| from_utf8(bytes, |c| of_page(MAC_ROMAN, c))),
        (Alteration::Utf8, |bytes| from_utf8(bytes, |c| of_page(CP1250, c))),
        (Alteration::Utf8, |bytes| from_utf8(bytes, |c| of_page(CP1251, c))),
        (Alteration::Utf8, |bytes| from_utf8(bytes, |c| of_page(LATIN2, c))),
        (Alteration::Utf8, |bytes| from_utf8(&from_utf8(bytes, latin)?, latin)),
        (Alteration::Utf16, |bytes| from_utf16(bytes, latin)),
        (Alteration::Utf16, |bytes| from_utf16(bytes, |c| of_page(CP437, c))),
        (Alteration::Utf16, |bytes| from_utf16(bytes, |c| of_page(CP850, c))),
        (Alteration::Utf16, from_big_utf16),
        (Alteration::Utf16, digits_from_utf16),
        (Alteration::ByteOrderMark, without_mark),
        (Alteration::Base64, from_base64),
        (Alteration::Base64, |bytes| from_base64(&from_base64(bytes)?)),
        (Alteration::Hex, from_hex),
        (Alteration::Hex, from_dump),
    ];
    let mut all = Vec::new();
    for (alteration, undo) in undo {
        let Some(content) = undo(bytes) else { continue };
        let is_written = matches!(alteration, Alteration::Base64 | Alteration::Hex);
        // What was written as text twice is no key yet.
        if is_written && text_kind(&content).is_some() {
            continue;
        }
        // The tools that write text write a line end behind it as well, and those that write lines make CR LF of LF.
        let lines = |content: &Wiped| match alteration {
            Alteration::Utf8 | Alteration::Utf16 => without_cr(content),
            _ => None,
        };
        // Where the line end behind a key is the only one, nothing in it was turned: somebody wrote it there.
        let has_turned = || without_cr(without_line_end(bytes).unwrap_or(bytes)).is_some();
        let is_text = alteration != Alteration::LfToCrLf || has_turned();
        let of_text = without_end(alteration, &content).filter(|_| is_text);
        let of_lines = lines(&content);
        all.push((alteration, content));
        let of_lines = of_lines.into_iter().flat_map(|content| {
            let whole = without_end(alteration, &content);
            [Some(content), whole].into_iter().flatten()
        });
        all.extend(of_text.into_iter().chain(of_lines).map(|content| (alteration, content)));
    }
    all
}

/// Returns the content without the line end that a tool writes behind text.
fn without_end(alteration: Alteration, content: &[u8]) -> Option<Wiped> {
    let is_text = matches!(alteration, Alteration::LfToCrLf | Alteration::Utf8 | Alteration::Utf16);
    without_line_end(content).filter(|_| is_text).map(Wiped::from)
}

/// Returns the content without a line end behind it, where it has one.
fn without_line_end(content: &[u8]) -> Option<&[u8]> {
    // CR LF is tried first, since it ends in LF as well.
    [&b"\r\n"[..], b"\n"].into_iter().find_map(|end| content.strip_suffix(end))
}

/// Undoes an alteration, where the content may have gone through it.
type Undo = fn(&[u8]) -> Option<Wiped>;

/// Turns every CR LF into LF.
fn without_cr(bytes: &[u8]) -> Option<Wiped> {
    let mut content = Wiped::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        let next = at.checked_add(1).and_then(|next| bytes.get(next));
        // A CR alone is a byte of the key: git and FTP in text mode write CR LF for each LF.
        if *byte != b'\r' || next != Some(&b'\n') {
            content.push(*byte);
        }
    }
    (content.len() < bytes.len()).then_some(content)
}

/// Returns the byte that a character stood for.
type ToByte = fn(char) -> Option<u8>;

/// Turns every character back into its byte. A byte order mark goes.
fn from_utf8(bytes: &[u8], to_byte: ToByte) -> Option<Wiped> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // ASCII is the same in Latin-1, Windows-1252 and UTF-8: there would be nothing to undo.
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_ascii())?;
    let mut content = Wiped::with_capacity(bytes.len());
    for character in text.chars() {
        content.push(to_byte(character)?);
    }
    Some(content)
}

/// Turns every character back from UTF-16 into its byte. A byte order mark goes; without one it is little-endian.
fn from_utf16(bytes: &[u8], to_byte: ToByte) -> Option<Wiped> {
    let (is_big, bytes) = match bytes {
        [0xfe, 0xff, rest @ ..] => (true, rest),
        [0xff, 0xfe, rest @ ..] => (false, rest),
        // Windows writes UTF-16 little-endian, and some tools leave the mark out.
        other => (false, other),
    };
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    let mut content = Wiped::with_capacity(pairs.len());
    for pair in pairs {
        let unit = if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
        content.push(to_byte(char::from_u32(unit.into())?)?);
    }
    Some(content).filter(|content| !content.is_empty())
}

/// Turns every character back from UTF-16 that is big-endian and has no byte order mark: `iconv -t UTF-16BE`.
fn from_big_utf16(bytes: &[u8]) -> Option<Wiped> {
    let mut marked = Wiped::with_capacity(bytes.len().saturating_add(2));
    marked.extend([0xfe, 0xff].into_iter().chain(bytes.iter().copied()));
    from_utf16(&marked, latin)
}

/// Decodes base64 or hexadecimal digits that came as UTF-16.
fn digits_from_utf16(bytes: &[u8]) -> Option<Wiped> {
    let text = from_utf16(bytes, latin)?;
    from_hex(&text).or_else(|| from_base64(&text))
}

fn without_mark(bytes: &[u8]) -> Option<Wiped> {
    bytes.strip_prefix(b"\xef\xbb\xbf").map(Wiped::from)
}

fn latin(character: char) -> Option<u8> {
    let windows = || WINDOWS_1252.iter().find(|(_, shown)| *shown == character);
    u8::try_from(u32::from(character)).ok().or_else(|| windows().map(|(byte, _)| *byte))
}

/// What Windows-1252 has between 0x80 and 0x9F, where Latin-1 has controls. (WHATWG Encoding, index windows-1252)
const WINDOWS_1252: [(u8, char); 27] = [
    // 0x81, 0x8d, 0x8f, 0x90 and 0x9d are left out: Windows-1252 has controls there, too.
    (0x80, '€'),
    (0x82, '‚'),
    (0x83, 'ƒ'),
    (0x84, '„'),
    (0x85, '…'),
    (0x86, '†'),
    (0x87, '‡'),
    (0x88, 'ˆ'),
    (0x89, '‰'),
    (0x8a, 'Š'),
    (0x8b, '‹'),
    (0x8c, 'Œ'),
    (0x8e, 'Ž'),
    (0x91, '‘'),
    (0x92, '’'),
    (0x93, '“'),
    (0x94, '”'),
    (0x95, '•'),
    (0x96, '–'),
    (0x97, '—'),
    (0x98, '˜'),
    (0x99, '™'),
    (0x9a, 'š'),
    (0x9b, '›'),
    (0x9c, 'œ'),
    (0x9e, 'ž'),
    (0x9f, 'Ÿ'),
];

/// Returns the byte that a page of an OEM code has for a character; `page` is its upper half.
fn of_page(page: &str, character: char) -> Option<u8> {
    if character.is_ascii() {
        return u8::try_from(character).ok();
    }
    let at = page.chars().position(|known| known == character)?;
    u8::try_from(at).ok()?.checked_add(0x80)
}

/// The code page of a Windows console in the USA: `>` of PowerShell reads with it what a program writes. (Unicode, CP437.TXT)
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// That of one in Western Europe. (Unicode, CP850.TXT)
const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// That of a Mac in Western Europe. (Unicode, ROMAN.TXT)
const MAC_ROMAN: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// Windows in Central Europe. Bytes that have no character there stand for themselves. (WHATWG Encoding, index windows-1250)
const CP1250: &str = "€\u{81}‚\u{83}„…†‡\u{88}‰Š‹ŚŤŽŹ\u{90}‘’“”•–—\u{98}™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";

/// Windows with Cyrillic letters. (WHATWG Encoding, index windows-1251)
const CP1251: &str = "ЂЃ‚ѓ„…†‡€‰Љ‹ЊЌЋЏђ‘’“”•–—\u{98}™љ›њќћџ\u{a0}ЎўЈ¤Ґ¦§Ё©Є«¬\u{ad}®Ї°±Ііґµ¶·ё№є»јЅѕїАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщъыьэюя";

/// ISO 8859-2: Linux in Central Europe before UTF-8.
const LATIN2: &str = "\u{80}\u{81}\u{82}\u{83}\u{84}\u{85}\u{86}\u{87}\u{88}\u{89}\u{8a}\u{8b}\u{8c}\u{8d}\u{8e}\u{8f}\u{90}\u{91}\u{92}\u{93}\u{94}\u{95}\u{96}\u{97}\u{98}\u{99}\u{9a}\u{9b}\u{9c}\u{9d}\u{9e}\u{9f}\u{a0}Ą˘Ł¤ĽŚ§¨ŠŞŤŹ\u{ad}ŽŻ°ą˛ł´ľśˇ¸šşťź˝žżŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";

/// Decodes base64 of either alphabet; white space, quotes around it and the lines of a PEM document that name it do not count.
fn from_base64(bytes: &[u8]) -> Option<Wiped> {
    let mut content = Wiped::with_capacity(bytes.len());
    let (mut bits, mut count) = (0_u32, 0_u32);
    // `certutil -encode` puts lines like those of a certificate around any file.
    let lines =
        unquoted(bytes).split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"-----"));
    for byte in lines.flatten().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=') {
        bits = bits << 6 | u32::from(six_bits(*byte)?);
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            let [.., last] = (bits >> count).to_be_bytes();
            content.push(last);
        }
    }
    Some(content).filter(|content| !content.is_empty())
}

fn six_bits(digit: u8) -> Option<u8> {
    let digit = match digit {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    BASE64.iter().position(|known| *known == digit).and_then(|at| u8::try_from(at).ok())
}

/// Returns a text without white space and quotes around it, as a value has them that was cut out of JSON or YAML.
fn unquoted(bytes: &[u8]) -> &[u8] {
    let bytes = bare(bytes);
    let text = bytes.trim_ascii();
    let inner = |quote: u8| text.strip_prefix(&[quote])?.strip_suffix(&[quote]);
    inner(b'"').or_else(|| inner(b'\'')).unwrap_or(bytes)
}

/// Decodes hexadecimal digits; quotes around them, white space, colons, hyphens, commas, and a `0x` or `\x` in front of each byte do not
/// count: `BitConverter.ToString` of .NET writes `0A-FF`, C has `\x0a\xff`.
fn from_hex(bytes: &[u8]) -> Option<Wiped> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || b":-,".contains(byte);
    let groups = unquoted(bytes).split(is_between);
    let groups = groups.map(|group| group.strip_prefix(b"0x").unwrap_or(group));
    let mut digits = groups.flat_map(|group| {
        // In `\x0a\xff` nothing else stands between the bytes.
        let is_escaped = group.starts_with(b"\\x");
        group.iter().filter(move |byte| !is_escaped || !b"\\x".contains(byte))
    });
    let mut content = Wiped::with_capacity(bytes.len());
    while let Some(high) = digits.next() {
        let value = digit(high)?.saturating_mul(16).saturating_add(digit(digits.next()?)?);
        content.push(u8::try_from(value).ok()?);
    }
    Some(content).filter(|content| !content.is_empty())
}

/// Decodes a dump for people to read, as of `xxd`, `hexdump -C` and `od -t x1`: lines of an offset, bytes, and perhaps characters.
fn from_dump(bytes: &[u8]) -> Option<Wiped> {
    let mut content = Wiped::with_capacity(bytes.len());
    for line in bare(bytes).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let length = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (offset, rest) = line.split_at_checked(length)?;
        let plain = offset.strip_suffix(b":").unwrap_or(offset);
        if plain.len() < 6 || !plain.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        // Behind a colon `xxd` sets characters off with two spaces, and the others with a bar.
        let mark = if plain == offset { &b"|"[..] } else { b"  " };
        let end = rest.windows(mark.len()).position(|part| part == mark);
        let bytes = rest.get(..end.unwrap_or(rest.len())).and_then(from_hex);
        content.extend(bytes.iter().flat_map(|bytes| bytes.iter()));
    }
    Some(content).filter(|content| !content.is_empty())
}

/// Returns the tool whose output begins like this.
///
/// Starts of fewer than four bytes are taken for one only where the length is none of a key: of random keys one in 65,536 begins
/// with two bytes given.
pub(super) fn wrapper(bytes: &[u8]) -> Option<Wrapper> {
    // An editor of Windows may have saved a pointer of Git LFS with a byte order mark, or as UTF-16.
    let wide = if bytes.starts_with(b"\xff\xfe") { from_utf16(bytes, latin) } else { None };
    let plain = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let plain = wide.as_ref().map_or(plain, |wide| wide.as_slice());
    let begins = |(start, _): &&(&[u8], Wrapper)| plain.starts_with(start);
    let long = STARTS.iter().find(begins).map(|(_, wrapper)| *wrapper);
    let is_key_length = [16, 32, 48].contains(&bytes.len());
    let short =
        || SHORT_STARTS.iter().find(begins).filter(|_| !is_key_length).map(|(_, wrapper)| *wrapper);
    let whole = || {
        is_sops(bytes)
            .then_some(Wrapper::Sops)
            .or_else(|| is_tar(bytes).then_some(Wrapper::Tar))
            .or_else(|| is_lossy(bytes).then_some(Wrapper::Lossy))
            .or_else(|| is_utf8(plain).then_some(Wrapper::Utf8))
            .or_else(|| is_utf16(bytes).then_some(Wrapper::Utf16))
    };
    long.or_else(short).or_else(whole)
}

const STARTS: &[(&[u8], Wrapper)] = &[
    (b"version https://git-lfs.github.com/spec/", Wrapper::GitLfs),
    (b"\0GITCRYPT\0", Wrapper::GitCrypt),
    (b"-----BEGIN PGP ", Wrapper::OpenPgp),
    (b"age-encryption.org/", Wrapper::Age),
    (b"-----BEGIN AGE ENCRYPTED FILE", Wrapper::Age),
    (b"Salted__", Wrapper::OpenSsl),
    // `Salted__` in base64, as `openssl enc -a` writes it.
    (b"U2FsdGVkX1", Wrapper::OpenSsl),
    (b"-----BEGIN ", Wrapper::Pem),
    // JKS, and after it JCEKS.
    (b"\xfe\xed\xfe\xed", Wrapper::JavaKeyStore),
    (b"\xce\xce\xce\xce", Wrapper::JavaKeyStore),
    (b"PK\x03\x04", Wrapper::Zip),
    (b"\xfd7zXZ\0", Wrapper::Xz),
    (b"\x28\xb5\x2f\xfd", Wrapper::Zstd),
];

const SHORT_STARTS: &[(&[u8], Wrapper)] = &[
    (b"\x1f\x8b\x08", Wrapper::Gzip),
    (b"BZh", Wrapper::Bzip2),
    // A public-key or a symmetric-key encrypted session key: old format with two bytes of length, old with one, and new format.
    // (RFC 4880, 4.2 and 5.1)
    (b"\x85\x01", Wrapper::OpenPgp),
    (b"\x85\x02", Wrapper::OpenPgp),
    (b"\x84\x5e", Wrapper::OpenPgp),
    (b"\x8c\x0d", Wrapper::OpenPgp),
    (b"\xc1\xc0", Wrapper::OpenPgp),
    (b"\xc3\x0d", Wrapper::OpenPgp),
    // A sequence with its length in two bytes, and in it the version 3. (RFC 7292, 4)
    (b"\x30\x82", Wrapper::Pkcs12),
];

/// A document of sops says so in a field of its own, whatever comes before.
fn is_sops(bytes: &[u8]) -> bool {
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    holds(b"ENC[AES256_GCM,") || bytes.starts_with(b"sops:") || holds(b"\nsops:")
}

/// Returns `true` for a tar: its first header has this mark. (POSIX.1-1988, ustar)
fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(257..262).is_some_and(|mark| mark == b"ustar")
}

/// Returns `true` if bytes are text in UTF-8 and not just ASCII, and chance did not make that.
///
/// Of 32 random bytes, all are UTF-8 once in 10^8; of 16, once in 10^4, so that a shorter text has to have as many characters as a
/// master has bytes. Observed: every instance of a farm had the same hmac of 48 bytes, converted by one pipeline.
fn is_utf8(bytes: &[u8]) -> bool {
    if bytes.len() > BYTES_MAX || bytes.is_ascii() {
        return false;
    }
    let of_key = |text: &str| bytes.len() >= 32 || text.trim_end().chars().count() == 16;
    std::str::from_utf8(bytes).is_ok_and(of_key)
}

/// Returns `true` if every other byte is 0, as in UTF-16 of Latin-1, and not all are. Of 16 random bytes, eight are once in 10^19.
fn is_utf16(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xff\xfe").unwrap_or(bytes);
    let bytes = bytes.strip_prefix(b"\xfe\xff").unwrap_or(bytes);
    let (pairs, []) = bytes.as_chunks::<2>() else { return false };
    let is_wide =
        pairs.iter().all(|[first, _]| *first == 0) || pairs.iter().all(|[_, second]| *second == 0);
    let is_empty = || pairs.iter().all(|pair| *pair == [0, 0]);
    (8..=BYTES_MAX).contains(&pairs.len()) && is_wide && !is_empty()
}

/// Returns `true` if bytes are text with signs in the place of what could not be read.
///
/// Half of the bytes of a key are no ASCII. Of 16 random bytes, all are and four are `?` once in 10^11.
fn is_lossy(bytes: &[u8]) -> bool {
    let is_binary = |byte: &u8| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace();
    let replaced = || {
        let marks = std::str::from_utf8(bytes).map(|text| text.matches('\u{fffd}').count());
        marks.is_ok_and(|marks| marks > 1)
    };
    let asked = || memchr::memchr_iter(b'?', bytes).count();
    let is_ascii = || bytes.is_ascii() && bytes.iter().any(is_binary);
    bytes.len() <= BYTES_MAX && (replaced() || is_ascii() && asked() >= bytes.len().div_ceil(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::digest_key;
    use crate::facts::Hex;
    use crate::facts::TextKind;

    /// A key with what every alteration changes: line ends, bytes over 0x7F, some of them controls of Latin-1.
    const KEY: [u8; 32] = *b"\x01a\n\x80\x99\xe4\r\xff\x00\n0123456789abcdefgh\xc3\x28zz";

    fn finds(alteration: Alteration, altered: &[u8]) -> bool {
        restored(altered).contains(&(alteration, digest(&KEY)))
    }

    fn utf8(to_character: impl Fn(u8) -> char) -> Vec<u8> {
        KEY.iter().map(|byte| to_character(*byte)).collect::<String>().into_bytes()
    }

    #[test]
    fn line_ends_are_turned_back() {
        let grown: Vec<u8> = KEY
            .iter()
            .flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] })
            .collect();
        assert_eq!(grown.len(), 34);
        assert!(finds(Alteration::LfToCrLf, &grown));
        assert_eq!(restored(&KEY), []);
    }

    #[test]
    fn characters_are_turned_back_with_a_mark_before_and_a_line_end_behind() {
        let latin = utf8(char::from);
        let windows = utf8(|byte| {
            let shown = WINDOWS_1252.iter().find(|(known, _)| *known == byte);
            shown.map_or(char::from(byte), |(_, shown)| *shown)
        });
        for text in [latin, windows] {
            assert!(finds(Alteration::Utf8, &text));
            assert!(finds(Alteration::Utf8, &[&b"\xef\xbb\xbf"[..], &text, b"\r\n"].concat()));
            assert!(finds(Alteration::Utf8, &[&text[..], b"\n"].concat()));
        }
        // What could not be read was replaced: nothing brings it back.
        assert_eq!(restored("a\u{fffd}b".as_bytes()), []);
    }

    #[test]
    fn utf_16_and_byte_order_marks_are_turned_back() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let latin: String = KEY.iter().map(|byte| char::from(*byte)).collect();
        let hex = Hex(KEY).to_string();
        for text in [latin.clone(), format!("{latin}\r\n"), format!("{hex}\r\n")] {
            assert!(finds(Alteration::Utf16, &utf16(&text)), "{}", text.escape_debug());
            assert!(finds(Alteration::Utf16, &[&b"\xff\xfe"[..], &utf16(&text)].concat()));
        }
        let big: Vec<u8> = latin.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(finds(Alteration::Utf16, &[&b"\xfe\xff"[..], &big].concat()));
        assert!(finds(Alteration::ByteOrderMark, &[&b"\xef\xbb\xbf"[..], &KEY].concat()));
        let none = |bytes: &[u8]| from_utf16(bytes, super::latin).is_none();
        assert!(none(b"odd") && none(b"\xff\xfe"));
    }

    #[test]
    fn characters_of_a_console_are_turned_back_with_the_line_ends_that_it_writes() {
        for page in [CP437, CP850] {
            assert_eq!(page.chars().count(), 128);
            let shown = |byte: &u8| match byte.checked_sub(0x80) {
                Some(at) => page.chars().nth(at.into()).unwrap(),
                None => char::from(*byte),
            };
            let text: String = KEY.iter().map(shown).collect();
            let lines = format!("{}\r\n", text.replace('\n', "\r\n"));
            for text in [text, lines] {
                let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                assert!(finds(Alteration::Utf16, &[&b"\xff\xfe"[..], &utf16].concat()), "{text}");
                let utf8 = [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat();
                assert!(finds(Alteration::Utf8, &utf8), "{text}");
            }
        }
    }

    #[test]
    fn what_was_converted_twice_is_turned_back_twice() {
        let twice = |text: &[u8]| -> String { text.iter().map(|byte| char::from(*byte)).collect() };
        assert!(finds(Alteration::Utf8, twice(twice(&KEY).as_bytes()).as_bytes()));
        let base64 = b"QVdFS2dKbmtEZjhBQ2pBeE1qTTBOVFkzT0RsaFltTmtaV1puYU1NbmVubz0=";
        let once = from_base64(base64).unwrap();
        let content = from_base64(&once).unwrap();
        assert!(restored(base64).contains(&(Alteration::Base64, digest(&content))));
        let grown =
            [&without_end(Alteration::Utf8, b"a\r\n").unwrap()[..], b"\r\n\x80\r\n"].concat();
        assert!(restored(&grown).contains(&(Alteration::LfToCrLf, digest(b"a\n\x80"))));
    }

    #[test]
    fn bytes_behind_a_key_are_told() {
        let begins = |rest: &[u8]| finds(Alteration::Appended, &[&KEY[..], rest].concat());
        for rest in [&[0; 480][..], &[0xff; 16], &KEY, b"\x01\x02", &[0; 4064]] {
            assert!(begins(rest), "{rest:?}");
        }
        // Line ends have a rule of their own.
        assert!(!begins(b"\n") && !begins(b"\r\n") && !begins(b""));
        let master = &KEY[..16];
        let of_master =
            |bytes: &[u8]| restored(bytes).contains(&(Alteration::Appended, digest(master)));
        assert!(of_master(&[master, &[0; 16]].concat()) && of_master(&[master, master].concat()));
        // The form of older versions has 32 bytes, and every hmac.
        assert!(!of_master(&KEY));
        let tail = |bytes: &[u8]| equal_tail(bytes);
        assert_eq!(tail(&[master, &[0; 16]].concat()), 16);
        assert_eq!((tail(&KEY), tail(&[0; 32]), tail(b"textaaaaaaaaa")), (0, 0, 0));
    }

    #[test]
    fn text_that_lost_bytes_is_told() {
        let asked: Vec<u8> = KEY.iter().map(|b| if b.is_ascii() { *b } else { b'?' }).collect();
        let long = |seed: u8| -> Vec<u8> {
            (0..32_u8).map(|at| seed.wrapping_add(at.wrapping_mul(37))).collect()
        };
        let replaced = String::from_utf8_lossy(&KEY).into_owned().into_bytes();
        let asked_of = |key: &[u8]| -> Vec<u8> {
            key.iter().map(|b| if b.is_ascii() { *b } else { b'?' }).collect()
        };
        assert_eq!(wrapper(&replaced), Some(Wrapper::Lossy));
        assert_eq!(wrapper(&asked_of(&long(3))), Some(Wrapper::Lossy));
        // Too few to tell, a question in plain text, and keys.
        for bytes in [&asked[..], b"what? where? who?", &KEY, &long(3)] {
            assert_eq!(wrapper(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn digits_are_decoded_in_the_forms_that_tools_write() {
        // printf '…' | base64, and xxd -p.
        let base64 = "AWEKgJnkDf8ACjAxMjM0NTY3ODlhYmNkZWZnaMMoenpa";
        let hex = Hex(KEY).to_string();
        let decoded = from_base64(base64.as_bytes()).unwrap();
        assert_eq!(decoded[..30], KEY[..30]);
        for text in [hex.clone(), hex.to_uppercase(), format!("0x{hex}\n"), format!("{hex}\r\n")] {
            for (before, after) in [("", ""), ("\u{feff}", ""), ("", "\0"), ("\u{feff}", "\x1a")] {
                let text = format!("{before}{text}{after}");
                assert!(finds(Alteration::Hex, text.as_bytes()), "{text:?}");
                assert!(text_kind(text.as_bytes()).is_some(), "{text:?}");
            }
        }
        // 48 bytes, as many as a key may have.
        let marked = "\u{feff}AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
        let bytes: Vec<u8> = (0..32).collect();
        assert!(restored(marked.as_bytes()).contains(&(Alteration::Base64, digest(&bytes))));
        assert_eq!(text_kind(marked.as_bytes()), Some(TextKind::Base64));
        for (text, bytes) in [
            ("Zm9vYmE=", "fooba"),
            ("Zm9v\nYmE", "fooba"),
            ("-----BEGIN KEY-----\nZm9v\n-----END KEY-----\n", "foo"),
        ] {
            assert_eq!(*from_base64(text.as_bytes()).unwrap(), bytes.as_bytes(), "{text}");
        }
        assert_eq!(from_base64(b"-_+/").unwrap()[..], [0xfb, 0xff, 0xbf]);
        assert!(from_hex(b"abc").is_none() && from_hex(b"xy").is_none());
    }

    #[test]
    fn text_of_other_code_pages_is_turned_back() {
        for page in [CP437, CP850, MAC_ROMAN, CP1250, CP1251, LATIN2] {
            let upper: Vec<char> = page.chars().collect();
            assert_eq!(upper.len(), 128);
            let character = |byte: u8| match byte.checked_sub(0x80) {
                Some(at) => upper[usize::from(at)],
                None => char::from(byte),
            };
            let text: String = KEY.iter().map(|byte| character(*byte)).collect();
            assert!(finds(Alteration::Utf8, text.as_bytes()), "{page}");
        }
        let wide: Vec<u8> = KEY.iter().flat_map(|byte| u16::from(*byte).to_be_bytes()).collect();
        assert!(finds(Alteration::Utf16, &wide));
    }

    #[test]
    fn key_that_was_copied_as_text_is_told_without_a_peer() {
        let utf8 = |key: &[u8]| key.iter().map(|b| char::from(*b)).collect::<String>().into_bytes();
        let master: Vec<u8> = (0..16_u8).map(|at| at.wrapping_mul(37)).collect();
        for text in [utf8(&KEY), utf8(&utf8(&KEY)), utf8(&master)] {
            assert_eq!(wrapper(&text), Some(Wrapper::Utf8));
        }
        let big: Vec<u8> = KEY.iter().flat_map(|byte| [0, *byte]).collect();
        let little = [&[0xff, 0xfe], &big[1..], &[0]].concat();
        assert_eq!([wrapper(&big), wrapper(&little)], [Some(Wrapper::Utf16); 2]);
        // A master may be UTF-8 by chance: 14 characters in 16 bytes. And this is ASCII behind a mark.
        for bytes in ["0123456789abéà".as_bytes(), b"\xef\xbb\xbf0123456789abcdef0123456789abcdef"]
        {
            assert_eq!(wrapper(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn digits_are_decoded_with_what_stands_between_them() {
        let bytes = |start: &str, between: &str| {
            let all = KEY.iter().map(|byte| format!("{start}{byte:02X}"));
            all.collect::<Vec<_>>().join(between)
        };
        let base64 = "AWEKgJnkDf8ACjAxMjM0NTY3ODlhYmNkZWZnaMMoenpa";
        for text in [
            bytes("", "-"),
            bytes("\\x", ""),
            bytes("0x", ", "),
            format!("\"{}\"\n", bytes("", "")),
        ] {
            assert!(finds(Alteration::Hex, text.as_bytes()), "{text}");
        }
        for text in [format!("\"{base64}\"\n"), format!("'{base64}'")] {
            assert_eq!(from_base64(text.as_bytes()).unwrap()[..30], KEY[..30], "{text}");
        }
    }

    #[test]
    fn dumps_for_people_are_decoded() {
        let line = |bytes: &[u8], apart: usize| {
            let groups = bytes
                .chunks(apart)
                .map(|group| group.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>());
            groups.map(|group| group.concat()).collect::<Vec<_>>().join(" ")
        };
        let [first, second] = [&KEY[..16], &KEY[16..]];
        for dump in [
            format!(
                "00000000: {}  .a......\n00000010: {}  6789\n",
                line(first, 2),
                line(second, 2)
            ),
            format!(
                "00000000  {}  |.a..|\n00000010  {}  |ab|\n00000020\n",
                line(first, 1),
                line(second, 1)
            ),
            format!("0000000 {}\n0000020 {}\n0000040\n", line(first, 1), line(second, 1)),
        ] {
            assert!(finds(Alteration::Hex, dump.as_bytes()), "{dump}");
        }
        assert_eq!(from_dump(b"no dump at all"), None);
    }

    #[test]
    fn tools_are_known_by_how_their_output_begins() {
        let pointer = "\u{feff}version https://git-lfs.github.com/spec/v1\n";
        let wide: Vec<u8> = pointer.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, wrapper) in [
            (
                &b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 32\n"[..],
                Wrapper::GitLfs,
            ),
            (b"\xef\xbb\xbfversion https://git-lfs.github.com/spec/v1\r\n", Wrapper::GitLfs),
            (&wide, Wrapper::GitLfs),
            (b"\0GITCRYPT\0\x01\x02", Wrapper::GitCrypt),
            (b"-----BEGIN PGP MESSAGE-----\n", Wrapper::OpenPgp),
            (b"\x85\x01\x0c\x03", Wrapper::OpenPgp),
            (b"Salted__12345678", Wrapper::OpenSsl),
            (b"\xfe\xed\xfe\xed\0\0\0\x02", Wrapper::JavaKeyStore),
            (b"\x30\x82\x0a\x00\x02\x01\x03", Wrapper::Pkcs12),
            (b"-----BEGIN CERTIFICATE-----\n", Wrapper::Pem),
            (b"\x1f\x8b\x08\0", Wrapper::Gzip),
            (b"{\"data\":\"ENC[AES256_GCM,data:x]\"}", Wrapper::Sops),
            (b"\xfd7zXZ\0\0\x04", Wrapper::Xz),
            (b"BZh91AY&SY", Wrapper::Bzip2),
            (b"\x28\xb5\x2f\xfd\x24\x20", Wrapper::Zstd),
            (&[&[b'x'; 257][..], b"ustar", &[0; 250]].concat(), Wrapper::Tar),
        ] {
            assert_eq!(digest_key(bytes).wrapper, Some(wrapper), "{bytes:?}");
        }
        let gzip_like = [&b"\x1f\x8b\x08"[..], &[7; 29]].concat();
        assert_eq!(wrapper(&gzip_like), None, "a key may begin so");
        assert_eq!(wrapper(&KEY), None);
    }

    #[test]
    fn nothing_is_made_of_what_is_too_long() {
        assert_eq!(restored(&vec![b'\r'; BYTES_MAX + 1]), []);
        assert_eq!(restored(b""), []);
    }
}
