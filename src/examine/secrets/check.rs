//! Does this key open this value? The only place where a plaintext exists: in a buffer that is wiped, until it is known whether it is text.
//!
//! A value is an initialisation vector of 16 bytes and behind it what AES-128 in CBC mode with the padding of PKCS#7 made of the text.

use crate::wiped::Wiped;
use aes::Aes128;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;

const BLOCK_BYTES: usize = 16;

/// Returns `true` if the padding is right and what is before it is text in UTF-8 without control characters other than those of lines.
///
/// By chance, a wrong key gives that for one value of a single block in 30 million, and for one of two blocks in 6 · 10^12: the test below
/// counts it.
pub(super) fn opens(key: &[u8], value: &[u8]) -> bool {
    // The padding is in the last block, and of wrong keys 255 in 256 go no further.
    // In CBC mode the block before the last is all that decrypting the last one needs.
    let last_two = value.len().checked_sub(2 * BLOCK_BYTES).and_then(|at| value.get(at..));
    let is_padded = last_two.is_some_and(|end| with_text(key, end, |_| true));
    is_padded && with_text(key, value, is_text)
}

/// Decrypts, and asks something of the text; `false` where the padding is wrong.
fn with_text(key: &[u8], value: &[u8], asks: fn(&[u8]) -> bool) -> bool {
    let Some((start, body)) = value.split_at_checked(BLOCK_BYTES) else { return false };
    let Ok(decryptor) = Decryptor::<Aes128>::new_from_slices(key, start) else { return false };
    let mut buffer = Wiped::from(body);
    decryptor.decrypt_padded::<Pkcs7>(&mut buffer).is_ok_and(asks)
}

fn is_text(bytes: &[u8]) -> bool {
    let is_fit = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_fit))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "a failing test may panic")]
mod tests {
    use super::*;
    use crate::examine::secrets::decoded;
    use crate::testing::congas_secrets;

    /// The key, and what it encrypted.
    fn congas() -> (Vec<u8>, Vec<Vec<u8>>) {
        let (master, values) = congas_secrets();
        let bytes = |(_, value): &(String, String)| decoded(value.as_bytes()).unwrap().to_vec();
        (master, values.iter().map(bytes).collect())
    }

    /// The probability that so many random bytes are text, for each length up to this one.
    fn chance_of_text(bytes_max: usize) -> Vec<f64> {
        // Characters by their length in UTF-8, and of each length all sequences of bytes.
        let (mut characters, mut sequences) = ([0_f64; 5], [1_f64; 5]);
        for c in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            if is_text(c.encode_utf8(&mut [0; 4]).as_bytes()) {
                characters[c.len_utf8()] += 1.0;
            }
        }
        (1..5).for_each(|length| sequences[length] = sequences[length - 1] * 256.0);
        let mut chance = vec![1.0];
        for length in 1..=bytes_max {
            let ends = 1..=length.min(4);
            chance.push(ends.map(|n| chance[length - n] * characters[n] / sequences[n]).sum());
        }
        chance
    }

    #[test]
    fn chance_of_a_wrong_key_is_as_said() {
        let chance = chance_of_text(64);
        let of_blocks = |blocks: usize| -> f64 {
            let bytes = blocks * BLOCK_BYTES;
            (1..=16)
                .map(|padding| {
                    chance[bytes - padding] / 256_f64.powi(i32::try_from(padding).unwrap())
                })
                .sum()
        };
        let (one, two) = (of_blocks(1), of_blocks(2));
        assert!(one < 1.0 / 30e6, "{one:e}");
        assert!(two < 1.0 / 6e12, "{two:e}");
    }

    #[test]
    fn values_of_another_implementation_open() {
        let (master, values) = congas();
        assert_eq!(values.len(), 9);
        for (at, value) in values.iter().enumerate() {
            assert!(opens(&master, value), "value {at}");
        }
    }

    #[test]
    fn wrong_keys_and_changed_values_do_not_open() {
        let (master, values) = congas();
        for (at, value) in values.iter().enumerate() {
            let mut key = master.clone();
            for seed in 1..=10_000_u32 {
                let bytes = seed.to_be_bytes();
                key.iter_mut()
                    .zip(&master)
                    .zip(bytes.iter().cycle())
                    .for_each(|((k, m), b)| *k = m.wrapping_add(*b));
                key[0] = master[0].wrapping_add(bytes[3] | 1);
                assert!(!opens(&key, value), "value {at}, key {seed}");
            }
            for byte in value.len() - 2 * BLOCK_BYTES..value.len() - BLOCK_BYTES {
                let mut changed = value.clone();
                changed[byte + BLOCK_BYTES] ^= 1;
                assert!(!opens(&master, &changed), "value {at}, byte {byte}");
            }
        }
    }

    #[test]
    fn what_is_no_value_or_no_key_opens_nothing() {
        let (master, values) = congas();
        for value in [&[][..], &[0; 16], &[0; 17], &[0; 31], &values[0][..31]] {
            assert!(!opens(&master, value), "{} bytes", value.len());
        }
        assert!(!opens(&master[..15], &values[0]));
        assert!(!opens(&[0; 32], &values[0]));
    }
}
