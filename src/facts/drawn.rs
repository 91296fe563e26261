//! What text looks like that nobody chose: words drawn letter by letter, and bytes that are spelled out.

/// Digits of a run in hexadecimal that may be half a key; a git commit is cut to fewer, and a time has 14.
const HEX_DIGITS_MIN: usize = 16;
/// The same of digits without a letter, which may be a number.
const DECIMAL_DIGITS_MIN: usize = 24;
/// Numbers in a row that are those of bytes. Two addresses of IPv4 are eight.
const NUMBERS_MIN: usize = 12;
/// Letters of a UUID.
const UUID_CHARS: usize = 36;

/// Returns `true` if a word looks like drawn letter by letter: in words, digits and capitals begin something, so that they are few.
/// Of 32 letters and digits that are drawn, 14 differ so from the one before; of 16 hexadecimal digits, 7.
pub(super) fn is_random(word: &str) -> bool {
    let begins = |(before, c): (char, char)| {
        before.is_numeric() != c.is_numeric() || before.is_lowercase() && c.is_uppercase()
    };
    let beginnings = word.chars().zip(word.chars().skip(1)).filter(|pair| begins(*pair)).count();
    beginnings.saturating_mul(4) > word.chars().count()
}

/// Returns `true` if bytes are spelled out in a text: many hexadecimal digits in a row or in groups of one length, or many small numbers.
/// A UUID is none of it.
pub(super) fn spells_bytes(text: &str) -> bool {
    // Names of bundles have no digit, and whatever spells bytes has some.
    if text.len() < HEX_DIGITS_MIN || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let mut at = 0_usize;
    let (mut groups, mut numbers) = (Groups::default(), 0_usize);
    let is_part = |c: char| c.is_alphanumeric();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let begin = rest.find(is_part).unwrap_or(rest.len());
        let rest = rest.get(begin..).unwrap_or_default();
        let id = rest.get(..UUID_CHARS).filter(|id| is_uuid(id));
        let ends = rest.get(UUID_CHARS..).is_some_and(|rest| !rest.starts_with(is_part));
        let word = match id.filter(|_| ends) {
            Some(id) => id,
            None => rest.get(..rest.find(|c| !is_part(c)).unwrap_or(rest.len())).unwrap_or(rest),
        };
        let is_id = word.contains('-');
        let is_byte = !is_id && word.len() <= 3 && word.parse::<u8>().is_ok();
        numbers = if is_byte { numbers.saturating_add(1) } else { 0 };
        if numbers >= NUMBERS_MIN || !is_id && (has_long_run(word) || groups.are_bytes_with(word)) {
            return true;
        }
        at = at.saturating_add(begin).saturating_add(word.len());
    }
    false
}

/// Returns `true` if a text is a UUID, in either case.
fn is_uuid(text: &str) -> bool {
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == UUID_CHARS && text.bytes().enumerate().all(fits)
}

fn has_long_run(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_hexdigit()).any(|run| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let is_number = digits == run.len();
        run.len() >= if is_number { DECIMAL_DIGITS_MIN } else { HEX_DIGITS_MIN } && digits > 2
    })
}

/// Words of hexadecimal digits in a row that have one length.
#[derive(Default)]
struct Groups {
    length: usize,
    digits: usize,
    has_letter: bool,
    has_number: bool,
}

impl Groups {
    /// Takes the next word; says whether so many follow each other that they are bytes.
    fn are_bytes_with(&mut self, word: &str) -> bool {
        // `0x9f`
        let word = word.strip_prefix("0x").unwrap_or(word);
        let is_hex = word.len().is_multiple_of(2) && word.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_hex || word.len() != self.length {
            *self = Self::default();
        }
        if is_hex {
            self.length = word.len();
            self.digits = self.digits.saturating_add(word.len());
            self.has_letter |= word.bytes().any(|b| b.is_ascii_alphabetic());
            self.has_number |= word.bytes().any(|b| b.is_ascii_digit());
        }
        self.digits >= HEX_DIGITS_MIN && self.has_letter && self.has_number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelled_bytes_are_told() {
        for text in [
            "/opt/9f3ac2771be04d55.d",
            "keys-9F3AC2771BE04D55",
            "/opt/0x9f3ac2771be04d55",
            "9f:3a:c2:77:1b:e0:4d:55",
            "/opt/%9f%3a%c2%77%1b%e0%4d%55",
            "9f3a c277 1be0 4d55",
            "9f3ac277.1be04d55.87a1c30e",
            "0x9f,0x3a,0xc2,0x77,0x1b,0xe0,0x4d,0x55",
            "159,58,194,119,27,224,77,85,135,161,195,14",
            "/mnt/3f2a9c1b4d5e6f708192a3b4c5d6e7f8/keys",
        ] {
            assert!(spells_bytes(text), "{text}");
        }
    }

    #[test]
    fn ids_times_and_names_are_no_bytes() {
        for text in [
            "/mnt/0f8fad5b-d9cb-469f-a165-70867728950e/keys",
            "/backup/2024/05/12/10/30/00/keys",
            "/backup/20240512103000123",
            "1.0.0.201904081234",
            "x-1.2.3-5f3a9c1b2d.jar",
            "/opt/dead/beef/cafe/babe/face",
            "10.0.0.1-10.0.0.2",
            "00:1a:2b:3c:4d:5e",
            "gr\u{f6}\u{df}e",
            "",
        ] {
            assert!(!spells_bytes(text), "{text}");
        }
    }
}
