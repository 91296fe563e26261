//! How a key is that was read: decided once, and read by cells, rules and the planner.

use crate::facts::{Alteration, Digest, KeyDigest, KeyName, LineEnd, TextKind, Wrapper};

/// What keeps an instance from working with a key that is there, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHealth {
    /// Nothing.
    Sound,
    /// Its length is not usual, though a key may have it.
    Unusual,
    /// No key has its length: it was cut, or is something else.
    NoKey,
    /// A line end follows it, which is no part of it.
    LineEnd(LineEnd),
    /// A tool altered it; a peer has it as it was.
    Altered(Alteration),
    /// A tool left its own file in its place.
    Wrapped(Wrapper),
    /// It is text.
    Text(TextKind),
    /// It holds no byte.
    Empty,
    /// All its bytes are alike.
    Uniform,
    /// So many bytes at its end are alike: a part of a key, filled up.
    FilledUp(u64),
}

impl KeyHealth {
    /// Decides it for a content that is the key itself, but for what may have been done to it.
    pub(super) fn of(name: KeyName, digest: &KeyDigest) -> Self {
        let bytes = digest.whole.bytes;
        match (digest.wrapper, digest.text) {
            // First, since blanks or the digit 0 alone are text too, and nothing to decode.
            _ if digest.uniform && bytes == 0 => Self::Empty,
            _ if digest.uniform => Self::Uniform,
            // Before text: a Git LFS pointer is ASCII, but the key that it stands for is not in it.
            (Some(wrapper), _) => Self::Wrapped(wrapper),
            (None, Some(text)) => Self::Text(text),
            _ if digest.equal_tail > 0 => Self::FilledUp(digest.equal_tail),
            _ if name.known_lengths().contains(&bytes) => Self::Sound,
            _ if name.may_have_length(bytes) => Self::Unusual,
            _ => Self::NoKey,
        }
    }

    /// Returns `true` if the content is a key, but not as it belongs there: a line end follows it, or a tool altered it.
    pub fn is_flawed(self) -> bool {
        matches!(self, Self::LineEnd(_) | Self::Altered(_))
    }

    /// Returns `true` if the content may be a key, with a flaw or without one.
    pub fn is_plausible(self) -> bool {
        self.is_flawed() || matches!(self, Self::Sound | Self::Unusual)
    }
}

/// Returns what has the length of a key in a file, whichever of both it is, and whether a line end follows it.
pub(crate) fn key_in(digest: &KeyDigest) -> Option<(Digest, bool)> {
    let lengths = KeyName::ALL.map(KeyName::known_lengths).concat();
    let is_length = |digest: &Digest| lengths.contains(&digest.bytes);
    let whole = Some((digest.whole, false)).filter(|(whole, _)| is_length(whole));
    let mut trimmed = digest.trimmed.iter().map(|(_, content)| (*content, true));
    let key = whole.or_else(|| trimmed.find(|(content, _)| is_length(content)));
    // 32 hexadecimal digits have the length of a key, and are none.
    key.filter(|_| digest.text.is_none())
}
