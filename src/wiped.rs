//! Bytes that may be those of a key: they are wiped when they go, and no message shows them.

use std::fmt;
use std::ops::{Deref, DerefMut};
use zeroize::{Zeroize, optimization_barrier};

/// A byte buffer that is wiped, all that was ever allocated for it, when it is dropped.
///
/// A buffer that grows leaves a copy of its bytes behind; so the room that it needs is made before bytes are added.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wiped(Vec<u8>);

impl Wiped {
    /// Takes bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Makes an empty buffer that takes so many bytes without growing.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// Makes a buffer of so many zeros.
    pub fn zeros(bytes: usize) -> Self {
        Self(vec![0; bytes])
    }

    /// Overwrites all bytes, those after the end too, and leaves the buffer empty.
    ///
    /// `Vec::zeroize` writes byte by byte through a generic function, which costs 20 ns a byte in a build without optimisation,
    /// four fifths of the time of the tests. So what is in use is set at once; the barrier keeps the compiler from
    /// leaving that out.
    pub fn wipe(&mut self) {
        self.0.fill(0);
        optimization_barrier(self.0.as_slice());
        self.0.spare_capacity_mut().zeroize();
        self.0.clear();
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl Deref for Wiped {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl From<&[u8]> for Wiped {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code, reason = "what was wiped can be seen in no other way")]
    fn nothing_is_left_of_what_a_buffer_held_in_use_or_behind_its_end() {
        let mut buffer = Wiped::new((1..=100).collect());
        buffer.truncate(40);
        buffer.wipe();
        assert!(buffer.is_empty());
        // SAFETY: the buffer has this room, and all of it was written to.
        let room = unsafe { std::slice::from_raw_parts(buffer.as_ptr(), buffer.capacity()) };
        assert_eq!(room, vec![0; room.len()]);
    }

    #[test]
    fn debug_shows_no_byte() {
        assert_eq!(format!("{:?}", Wiped::from(b"secret".as_slice())), "6 bytes");
    }
}
