//! Bytes that a text spells in hexadecimal, in decimal or in base64, with anything that is no letter between the digits.

use super::key_spellings::BASE64;
use crate::wiped::Wiped;

/// Bytes that are worth a look.
const BYTES_MIN: usize = 8;

/// Returns the bytes of each run of hexadecimal digits, once from its first digit and once from its second: what is before a
/// key may end in a letter that is a digit.
pub(super) fn bytes_in_digits(text: &[u8]) -> Vec<Wiped> {
    let mut runs = Runs::new(text.len());
    let mut before = 0;
    for byte in text {
        match char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()) {
            Some(digit) => runs.values.push(digit),
            // `0x9f` and `\x9f` are what programs write.
            None if matches!(byte, b'x' | b'X') && before == b'0' => runs.forget_last(),
            None if matches!(byte, b'x' | b'X') && before == b'\\' => {}
            None if byte.is_ascii_alphabetic() => runs.end(BYTES_MIN.saturating_mul(2)),
            None => {}
        }
        before = *byte;
    }
    runs.end(BYTES_MIN.saturating_mul(2));
    let even = |digits: &[u8]| {
        let mut bytes = Wiped::with_capacity(digits.len());
        bytes.extend(digits.chunks_exact(2).filter_map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        }));
        bytes
    };
    runs.each().flat_map(|run| [even(run), even(run.get(1..).unwrap_or_default())]).collect()
}

/// Returns the bytes of each run of numbers that are those of bytes, with a sign or without.
pub(super) fn bytes_in_decimal(text: &[u8]) -> Vec<Wiped> {
    let mut runs = Runs::new(text.len());
    let (mut number, mut is_negative, mut before) = (None::<u32>, false, 0);
    // The blank at the end closes the last number.
    for byte in text.iter().chain(b" ") {
        if byte.is_ascii_digit() {
            is_negative = if number.is_none() { before == b'-' } else { is_negative };
            let digit = u32::from(byte.wrapping_sub(b'0'));
            number = Some(number.unwrap_or_default().saturating_mul(10).saturating_add(digit));
            before = *byte;
            continue;
        }
        if let Some(number) = number.take() {
            match u8::try_from(number) {
                // Bytes have a sign in Java, which prints 0x9f as -97.
                Ok(byte) if is_negative && number <= 128 => runs.values.push(byte.wrapping_neg()),
                Ok(byte) => runs.values.push(byte),
                Err(_) => runs.end(BYTES_MIN),
            }
        }
        if byte.is_ascii_alphabetic() {
            runs.end(BYTES_MIN);
        }
        // `1-2` is no negative number.
        before = if *byte == b'-' && !before.is_ascii_digit() { b'-' } else { b' ' };
    }
    runs.end(BYTES_MIN);
    runs.each().map(Wiped::from).collect()
}

/// Returns the bytes of each word of base64, of either alphabet.
pub(super) fn bytes_in_words(text: &[u8]) -> Vec<Wiped> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let words = text.split(move |byte| !is_part(byte));
    words.map(from_base64).filter(|bytes| bytes.len() >= BYTES_MIN).collect()
}

fn from_base64(word: &[u8]) -> Wiped {
    let six = |byte: &u8| {
        let byte = match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        };
        BASE64.iter().position(|digit| *digit == byte).and_then(|six| u32::try_from(six).ok())
    };
    let mut bytes = Wiped::with_capacity(word.len());
    for group in word.chunks(4) {
        let bits = group.iter().filter_map(six).fold(0, |bits: u32, six| bits << 6 | six);
        let missing = u32::try_from(4_usize.saturating_sub(group.len())).unwrap_or_default();
        let [_, all @ ..] = (bits << missing.saturating_mul(6)).to_be_bytes();
        bytes.extend(all.iter().take(group.len().saturating_sub(1)));
    }
    bytes
}

/// Values, in runs of which the short ones are forgotten.
struct Runs {
    values: Wiped,
    /// Where the run begins to which values are added.
    start: usize,
    ended: Vec<(usize, usize)>,
}

impl Runs {
    fn new(values_max: usize) -> Self {
        Self { values: Wiped::with_capacity(values_max), start: 0, ended: Vec::new() }
    }

    fn forget_last(&mut self) {
        self.values.pop();
    }

    fn end(&mut self, least: usize) {
        let end = self.values.len();
        if end.saturating_sub(self.start) < least {
            self.values.truncate(self.start);
        } else {
            self.ended.push((self.start, end));
            self.start = end;
        }
    }

    fn each(&self) -> impl Iterator<Item = &[u8]> {
        self.ended.iter().filter_map(|(start, end)| self.values.get(*start..*end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(found: &[Wiped]) -> Vec<Vec<u8>> {
        found.iter().map(|bytes| bytes.to_vec()).collect()
    }

    #[test]
    fn digits_are_read_over_what_parts_them_and_not_over_letters() {
        let counted: Vec<u8> = (1..=8).collect();
        for text in [
            "01:02:03:04:05:06:07:08",
            "0102 0304 0506 0708",
            "0x01,0x02,0x03,0x04,0x5,0x6,0x7,0x8",
        ] {
            let found = all(&bytes_in_digits(text.as_bytes()));
            assert!(found.contains(&counted) || text.contains("0x5"), "{text} {found:?}");
        }
        assert_eq!(all(&bytes_in_digits(b"01020304z05060708")), [[0; 0]; 0]);
        let two = all(&bytes_in_digits(b"/1/0102030405060708/x/1112131415161718"));
        assert!(two.contains(&counted) && two.contains(&(0x11..=0x18).collect()), "{two:?}");
    }

    #[test]
    fn numbers_are_bytes_with_a_sign_or_without() {
        let bytes = [1, 255, 128, 0, 5, 6, 7, 8];
        for text in ["1,255,128,0,5,6,7,8", "[1, -1, -128, 0, 5, 6, 7, 8]", "1-255-128-0-5-6-7-8"] {
            assert_eq!(all(&bytes_in_decimal(text.as_bytes())), [bytes], "{text}");
        }
        assert_eq!(all(&bytes_in_decimal(b"1.2.3.4 x 5.6.7.8")), [[0; 0]; 0]);
        assert_eq!(all(&bytes_in_decimal(b"1,2,3,4,256,5,6,7")), [[0; 0]; 0]);
    }

    #[test]
    fn words_of_base64_are_decoded() {
        let text = b"{\"hmac\": \"Y2FuYXJ5LWtleQ==\", \"x\": \"Y2FuYXJ5LWtlZXk\"}";
        assert_eq!(all(&bytes_in_words(text)), [b"canary-key".to_vec(), b"canary-keey".to_vec()]);
    }
}
