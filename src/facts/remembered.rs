//! Texts that passed a check before: those of 100,000 instances are mostly the same few thousand.

use std::cell::RefCell;

/// Texts that are remembered at once, by thread.
const TEXTS_MAX: usize = 4096;
/// Bytes of a text that is remembered. Longer ones are rare.
const TEXT_BYTES_MAX: usize = 256;

/// What was found of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// It has the shape of this number, and nothing in it is a credential.
    Shape(u8),
    /// It is a sentence without credentials.
    Sentence,
}

type Slot = Option<(Check, Box<str>)>;

thread_local! {
    /// One text a slot; the next one of the same slot takes its place.
    static PASSED: RefCell<Vec<Slot>> = const { RefCell::new(Vec::new()) };
}

/// Returns `true` if a text passes a check, which is made where it is not remembered.
pub(super) fn passes(check: Check, text: &str, is_passed: impl FnOnce() -> bool) -> bool {
    if text.len() > TEXT_BYTES_MAX {
        return is_passed();
    }
    PASSED.with_borrow_mut(|slots| {
        if slots.is_empty() {
            slots.resize(TEXTS_MAX, None);
        }
        let at = hash(text).checked_rem(TEXTS_MAX).unwrap_or_default();
        let Some(slot) = slots.get_mut(at) else { return is_passed() };
        if slot.as_ref().is_some_and(|(of, known)| *of == check && **known == *text) {
            return true;
        }
        let passes = is_passed();
        if passes {
            *slot = Some((check, text.into()));
        }
        passes
    })
}

/// FNV-1a.
fn hash(text: &str) -> usize {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    // The last letter of a text reaches the low bits and the high ones, and none between them.
    usize::try_from((hash ^ hash >> 32) & 0xFFFF_FFFF).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn text_is_checked_once_for_each_check_and_again_where_it_failed() {
        let mut checked = 0;
        let mut is = |check, text: &str, result| {
            passes(check, text, || {
                checked += 1;
                result
            })
        };
        for _ in 0..3 {
            assert!(is(Check::Sentence, "a", true));
            assert!(!is(Check::Sentence, "b", false));
        }
        assert!(!is(Check::Shape(2), "a", false));
        assert_eq!(checked, 1 + 3 + 1);
    }

    #[test]
    fn many_texts_take_no_more_memory_than_their_slots() {
        for number in 0..20_000 {
            assert!(passes(Check::Sentence, &format!("text {number}"), || true));
        }
        assert!(PASSED.with_borrow(Vec::len) <= TEXTS_MAX);
        let used: BTreeSet<usize> = (0..1000).map(|n| hash(&format!("text {n}")) % 4096).collect();
        assert!(used.len() > 800, "{}", used.len());
    }
}
