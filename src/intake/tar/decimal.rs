//! Numbers in the records of PAX headers.

/// A record that does not follow the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Returns a decimal number, when it is one and no file offset is smaller.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value: u64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    // An offset in a file is signed, so nothing beyond 2^63 - 1 can be a size.
    i64::try_from(value).ok().map(|_| value)
}
