//! Digests of bytes that are never kept.

use std::fmt;

/// Bytes that print as lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Length and digests of some bytes: enough to compare them, not enough to have them.
///
/// Digests of a 128-bit random key cannot be reversed by guessing, so they may be shown. md5 is there because the
/// procedure of KA-23909 compares `md5sum` output; equality is decided by the whole value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    /// Length in bytes.
    pub bytes: u64,
    /// MD5, as `md5sum` prints it.
    pub md5: Hex<16>,
    /// SHA-256.
    pub sha256: Hex<32>,
}

impl Digest {
    /// Returns the first eight hexadecimal digits of the md5, for people to compare at a glance.
    pub fn short(&self) -> String {
        let mut text = self.md5.to_string();
        text.truncate(8);
        text
    }
}
