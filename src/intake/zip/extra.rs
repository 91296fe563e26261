//! Extra fields of a header, and numbers in one.

/// Returns every extra field of this kind.
pub(super) fn fields(mut extra: &[u8], wanted: u16) -> impl Iterator<Item = &[u8]> {
    let all = std::iter::from_fn(move || {
        // Each field is an id and a length of two bytes each, and its content (APPNOTE 4.5.1).
        let (head, rest) = extra.split_first_chunk::<4>()?;
        let (content, behind) = rest.split_at_checked(usize::from(u16_at(head, 2)))?;
        extra = behind;
        // A field that runs over the end of the extra bytes
        // ends the list; what was before it still holds.
        Some((u16_at(head, 0), content))
    });
    all.filter_map(move |(kind, content)| (kind == wanted).then_some(content))
}

/// Returns the number at an offset, zero where there is none.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let found = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    found.map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

/// Returns the number at an offset, zero where there is none.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
    found.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Returns the number at an offset.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
