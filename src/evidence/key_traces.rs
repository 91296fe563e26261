//! Parts of keys, by which a text is reported that holds eight bytes of one, whatever stands around and between them.
//!
//! A key was printed where `/opt/<key>.d`, the digits in pairs or the first half of them stood in a setting: only whole words were
//! looked up. So every run of a key leaves a hash, under a seed that no other run of the tool has, and never its bytes.

use super::key_decodings::{bytes_in_decimal, bytes_in_digits, bytes_in_words};
use super::key_spellings::{BASE64, base32, base64, text};
use crate::wiped::Wiped;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// Bytes of a run that is looked up. Fewer may come by chance.
const RUN_BYTES: usize = 8;
/// The same of text that looks like words: `-phrase-` is a part of many names.
const WORDS_BYTES: usize = 16;
/// Bytes of a body whose text leaves traces; keys have less than a hundred.
const TEXT_BYTES_MAX: usize = 1024;
/// Bytes of a body that leaves traces in digits.
const DIGITS_BYTES_MAX: usize = 256;
/// How often a body is decoded: digits of base64 are still text.
const DECODINGS_MAX: usize = 2;
/// Different bytes of a run, at least. Keys of zeros stand in every id.
const KINDS_MIN: usize = 3;

/// Texts that everyone knows. A file that is no key, in the place of one, must not hide them where they belong.
const PUBLIC: [&str; 4] = [
    "slinginstall:com.adobe.granite.crypto.file-",
    "launchpad:resources/install.author/15/com.adobe.granite.crypto.file-",
    "launchpad:resources/install.publish/15/com.adobe.granite.crypto-",
    "/opt/aem/crx-quickstart/launchpad/felix/bundle",
];

static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
static KNOWN: LazyLock<BTreeSet<u64>> = LazyLock::new(|| {
    let mut known = BTreeSet::new();
    for text in PUBLIC {
        add_text(text.as_bytes(), true, &mut |run| {
            known.insert(run);
        });
    }
    known
});

/// What a run is of, so that letters are not taken for bytes.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Bytes,
}

/// Returns what a body leaves of itself: hashes of its runs as bytes and as text, and in base64 and base32.
pub(super) fn traces(body: &[u8]) -> Vec<u64> {
    let mut all = Vec::new();
    // A page or a document is no key, though it may hold one.
    let is_document = matches!(body.trim_ascii_start().first(), Some(b'<' | b'{' | b'['));
    add(body, !is_document, DECODINGS_MAX, &mut all);
    all.sort_unstable();
    all.dedup();
    all.retain(|trace| !KNOWN.contains(trace));
    all
}

fn add(body: &[u8], has_words: bool, decodings: usize, all: &mut Vec<u64>) {
    let body = body.get(..TEXT_BYTES_MAX).unwrap_or(body);
    let mut put = |trace| all.push(trace);
    add_text(&folded(&text(body)), has_words, &mut put);
    add_text(body, has_words, &mut put);
    let first = body.get(..DIGITS_BYTES_MAX).unwrap_or(body);
    for run in first.windows(RUN_BYTES).filter(|run| is_telling(run)) {
        put(trace(Form::Bytes, run));
        let mut reversed = Wiped::from(run);
        reversed.reverse();
        put(trace(Form::Bytes, &reversed));
    }
    // Digits of base64 depend on where in a group of three their bytes stand.
    for start in 0..3 {
        add_text(&base64(first.get(start..).unwrap_or_default(), BASE64), false, &mut put);
    }
    let mut digits = base32(first);
    add_text(&digits, false, &mut put);
    digits.make_ascii_lowercase();
    add_text(&digits, false, &mut put);
    if let Some(left) = decodings.checked_sub(1) {
        for decode in [bytes_in_digits, bytes_in_decimal, bytes_in_words] {
            for decoded in decode(body) {
                add(&decoded, has_words, left, all);
            }
        }
    }
}

/// Gives the hashes of a text as it is, and of its letters and digits alone: what parts them differs from place to place.
fn add_text(text: &[u8], has_words: bool, put: &mut dyn FnMut(u64)) {
    let mut give = |run: &[u8]| {
        if is_telling(run) {
            put(trace(Form::Text, run));
        }
        false
    };
    for stream in [text, &dense(text)] {
        any_run(stream, has_words, &mut give);
    }
}

/// Asks for each run of a text whether it is one that is looked for: a short one that looks like drawn, a long one of words.
fn any_run(text: &[u8], has_words: bool, is_wanted: &mut dyn FnMut(&[u8]) -> bool) -> bool {
    let marks = &Marks::of(text);
    let of = |bytes: usize, is_drawn: bool| {
        let runs = text.windows(bytes).enumerate();
        runs.filter(move |(at, _)| marks.look_drawn(*at, bytes) == is_drawn).map(|(_, run)| run)
    };
    let (mut runs, mut words) = (of(RUN_BYTES, true), of(WORDS_BYTES, false));
    runs.any(&mut *is_wanted) || has_words && words.any(is_wanted)
}

/// Where a text looks like drawn letter by letter: a digit or a capital begins something, or an odd sign stands. Counted once from the
/// start of the text, since every run of it is asked for.
struct Marks {
    /// Odd signs, and begins, before each byte.
    before: Vec<[usize; 2]>,
}

impl Marks {
    fn of(text: &[u8]) -> Self {
        let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b" -_./\\:,=\"'".contains(&byte);
        let begins = |a: u8, b: u8| {
            let are_parts = a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric();
            let is_change = a.is_ascii_digit() != b.is_ascii_digit();
            are_parts && (is_change || a.is_ascii_lowercase() && b.is_ascii_uppercase())
        };
        let (mut odd, mut begun) = (0_usize, 0_usize);
        let mut before = Vec::with_capacity(text.len().saturating_add(1));
        before.push([odd, begun]);
        let next = text.iter().skip(1).map(Some).chain([None]);
        for (byte, next) in text.iter().zip(next) {
            odd = odd.saturating_add(is_odd(*byte).into());
            begun = begun.saturating_add(next.is_some_and(|next| begins(*byte, *next)).into());
            before.push([odd, begun]);
        }
        Self { before }
    }

    /// Returns `true` if a run of so many bytes has two of them.
    fn look_drawn(&self, at: usize, bytes: usize) -> bool {
        let before = |at: usize| self.before.get(at).copied().unwrap_or_default();
        let end = at.saturating_add(bytes);
        let ([odd, begun], [odd_then, _]) = (before(at), before(end));
        // The last byte of a run begins nothing in it.
        let [_, begun_then] = before(end.saturating_sub(1));
        odd_then.saturating_sub(odd).saturating_add(begun_then.saturating_sub(begun)) >= 2
    }
}

fn is_telling(run: &[u8]) -> bool {
    let mut seen = [0_u8; KINDS_MIN];
    let mut kinds = 0_usize;
    for byte in run {
        if !seen.iter().take(kinds).any(|known| known == byte) {
            let Some(place) = seen.get_mut(kinds) else { return true };
            *place = *byte;
            kinds = kinds.saturating_add(1);
        }
    }
    kinds >= KINDS_MIN
}

fn trace(form: Form, run: &[u8]) -> u64 {
    let mut hasher = SEED.build_hasher();
    hasher.write_u8(match form {
        Form::Text => 0,
        Form::Bytes => 1,
    });
    hasher.write(run);
    hasher.finish()
}

/// Makes one byte of each character: that of Latin-1, as far as it has the character.
fn folded(text: &[u8]) -> Wiped {
    let mut bytes = Wiped::with_capacity(text.len());
    let text = str::from_utf8(text).unwrap_or_default();
    bytes.extend(text.chars().map(|character| {
        let [low, high, ..] = u32::from(character).to_le_bytes();
        low ^ high
    }));
    bytes
}

fn dense(text: &[u8]) -> Wiped {
    let mut bytes = Wiped::with_capacity(text.len());
    bytes.extend(text.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()));
    bytes
}

/// The traces of many keys.
#[derive(Debug, Default)]
pub struct KeyTraces {
    /// Sorted.
    all: Vec<u64>,
    /// A bit for each trace, at the place that its last bits name. Most runs have none, and need not be looked up.
    bits: Vec<u64>,
}

impl FromIterator<u64> for KeyTraces {
    fn from_iter<I: IntoIterator<Item = u64>>(traces: I) -> Self {
        let mut all: Vec<u64> = traces.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        let mut bits = vec![0_u64; if all.is_empty() { 0 } else { all.len().next_power_of_two() }];
        for trace in &all {
            if let Some(word) = place(*trace, bits.len()).and_then(|at| bits.get_mut(at)) {
                *word |= bit(*trace);
            }
        }
        Self { all, bits }
    }
}

impl KeyTraces {
    /// Returns `true` if a text holds a run of a key: as it is, in digits of any base, or with something between its letters.
    pub fn are_in(&self, text: &str) -> bool {
        if self.all.is_empty() || text.len() < RUN_BYTES {
            return false;
        }
        let bytes = folded(text.as_bytes());
        let plain = without_escapes(&bytes);
        self.are_in_text(&bytes)
            || plain.len() < bytes.len() && self.are_in_text(&plain)
            || bytes_in_digits(&bytes).iter().any(|decoded| self.are_in_bytes(decoded))
            || bytes_in_decimal(&bytes).iter().any(|decoded| self.are_in_bytes(decoded))
    }

    fn are_in_text(&self, text: &[u8]) -> bool {
        let dense = dense(text);
        let mut is_known = |run: &[u8]| self.has(trace(Form::Text, run));
        any_run(text, true, &mut is_known)
            || dense.len() < text.len() && any_run(&dense, true, &mut is_known)
    }

    fn are_in_bytes(&self, bytes: &[u8]) -> bool {
        bytes.windows(RUN_BYTES).any(|run| self.has(trace(Form::Bytes, run)))
    }

    fn has(&self, trace: u64) -> bool {
        let word = place(trace, self.bits.len()).and_then(|at| self.bits.get(at));
        word.is_some_and(|word| word & bit(trace) != 0) && self.all.binary_search(&trace).is_ok()
    }
}

fn place(trace: u64, words: usize) -> Option<usize> {
    usize::try_from(trace >> 6)
        .ok()
        .or_else(|| usize::try_from(trace >> 38).ok())
        .map(|at| at & words.wrapping_sub(1))
}

fn bit(trace: u64) -> u64 {
    1 << (trace & 63)
}

/// Puts in the bytes that an address has as `%2B`.
fn without_escapes(text: &[u8]) -> Wiped {
    let mut plain = Wiped::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let escaped = match rest {
            [b'%', high, low, behind @ ..] => {
                value(high).zip(value(low)).map(|(high, low)| (high << 4 | low, behind))
            }
            _ => None,
        };
        let (byte, behind) = escaped.unwrap_or((*first, behind));
        plain.push(byte);
        rest = behind;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(key: &[u8], text: &str) -> bool {
        traces(key).into_iter().collect::<KeyTraces>().are_in(text)
    }

    /// Binary, as keys are.
    const KEY: [u8; 32] = *b"\x9f\x3a\xc2\x77\x1b\xe0\x4d\x55\x87\xa1\xc3\x0e\x66\x12\xf4\xd0\
        \xb8\x29\x7c\x55\xe1\xfa\x03\x39\x87\x44\x12\xce\x60\xab\x7d\x15";
    const HEX: &str = "9f3ac2771be04d5587a1c30e6612f4d0b8297c55e1fa0339874412ce60ab7d15";
    const DRAWN: &str = "zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA";
    const PHRASE: &str = "canary-words-of-a-pass-phrase-xx";

    fn groups(length: usize, between: &str) -> String {
        let digits: Vec<String> = HEX
            .as_bytes()
            .chunks(length)
            .map(|part| String::from_utf8_lossy(part).into())
            .collect();
        digits.join(between)
    }

    #[test]
    fn digits_are_seen_in_any_word_and_with_anything_between_them() {
        for text in [
            format!("/opt/{HEX}.d"),
            format!("/opt/keys-{HEX}"),
            format!("/opt/hmac_{}", HEX.to_uppercase()),
            "/opt/9f3ac2771be04d55".to_owned(),
            "6.5.0.ac2771be04d5587a1c".to_owned(),
            groups(2, ":"),
            groups(2, " "),
            format!("%{}", groups(2, "%")),
            format!("\\x{}", groups(2, "\\x")),
            format!("0x{}", groups(2, ", 0x")),
            groups(4, " "),
            groups(8, "."),
            "9f3ac277-1be0-4d55-87a1-c30e6612f4d0".to_owned(),
            "157dab60ce1244873903fae1557c29b8d0f412660ec3a187".to_owned(),
            KEY.map(|byte| byte.to_string()).join(","),
            KEY.map(|byte| i8::from_ne_bytes([byte]).to_string()).join(", "),
            "/opt/T45ME5Y34BGVL/B5BYMHGMEXU2C".to_owned(),
            "/opt/t45me5y34bgvl/b5bymhgmexu2c".to_owned(),
            "/opt/nzrCdxvgTVWHocMOZhL00LgpfFXh".to_owned(),
            KEY.map(char::from).iter().collect(),
        ] {
            assert!(holds(&KEY, &text), "{text}");
        }
    }

    #[test]
    fn text_is_seen_in_any_word_and_in_pieces() {
        for (key, text) in [
            (DRAWN, "6.5.0.zQ7xW9vK"),
            (DRAWN, "/opt/zQ7xW9/vK2mT5/pR8yL3"),
            (DRAWN, "x-5pR8yL3n.jar"),
            (DRAWN, "7a51377857397"),
            (DRAWN, "7A:51:37:78:57:39:76:4B"),
            (PHRASE, "/opt/canary-words-of-a-pass-phrase-xx.key"),
            (PHRASE, "/opt/canary/words/of/a/pass/phrase"),
        ] {
            assert_eq!(holds(key.as_bytes(), text), text.len() != 13, "{text}");
        }
    }

    #[test]
    fn key_is_known_whatever_else_its_file_holds() {
        let upper = HEX.to_uppercase();
        let lines = format!("# key\n{HEX}\n");
        let bodies: [&[u8]; 8] = [
            &[&KEY[..], b"\n"].concat(),
            &[&KEY[..], b"\r\n"].concat(),
            &[&KEY[..], &KEY].concat(),
            &[&[0; 16], &KEY[..]].concat(),
            upper.as_bytes(),
            b"nzrCdxvgTVWHocMOZhL00LgpfFXh+gM5h0QSzmCrfRU=\n",
            lines.as_bytes(),
            b"{\"hmac\": \"nzrCdxvgTVWHocMOZhL00LgpfFXh+gM5h0QSzmCrfRU=\"}",
        ];
        for body in bodies {
            assert!(holds(body, &format!("/opt/{HEX}.d")), "{body:?}");
        }
        let twice = "NGU3YTUxMzc3ODU3Mzk3NjRiMzI2ZDU0MzU3MDUyMzg3OTRj".as_bytes();
        assert!(holds(twice, "7a5137785739764b326d5435705238794c"));
        assert!(holds(PHRASE.repeat(40).as_bytes(), PHRASE));
    }

    #[test]
    fn real_text_stays_beside_any_key_and_any_file_in_its_place() {
        let page = "<html><a href=\"/libs/granite/core/content/login.html\">slinginstall:x</a>";
        let texts = [
            "com.adobe.granite.crypto",
            "slinginstall:com.adobe.granite.crypto.file-1.0.0.jar",
            "/libs/granite/core/content/login.html",
            "0f8fad5b-d9cb-469f-a165-70867728950e",
            "00000000-0000-0000-0000-000000000000",
            "1.0.0.201904081234",
            "/opt/aem/2024/05/12/10/30/00",
            "C:\\Program Files\\aem\\crx-quickstart",
        ];
        for body in [
            &KEY[..],
            DRAWN.as_bytes(),
            PHRASE.as_bytes(),
            &[0; 32],
            page.as_bytes(),
            b"com.adobe.granite.crypto",
        ] {
            for text in texts {
                assert!(!holds(body, text), "{text}");
            }
        }
    }

    #[test]
    fn traces_are_few_whatever_is_in_the_place_of_a_key() {
        assert!(traces(&KEY).len() < 500);
        let digits = "0f1e2d3c".repeat(8 << 10);
        assert!(traces(digits.as_bytes()).len() < 10_000);
        let drawn: Vec<u8> =
            (0..64_u32 << 10).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        assert!(traces(&drawn).len() < 10_000);
        assert!(traces(b"").is_empty());
    }
}
