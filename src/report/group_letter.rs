//! Names for groups of equals.

/// Returns A, B, … Z, AA, AB… for the groups 0, 1, … 25, 26, 27…
pub(super) fn group_letter(group: usize) -> String {
    let letter = |n: usize| {
        char::from_u32(u32::from(b'A').saturating_add(u32::try_from(n % 26).unwrap_or(0)))
    };
    let (high, low) = (group / 26, group % 26);
    let front = high.checked_sub(1).map(group_letter).unwrap_or_default();
    front + &letter(low).map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_lettered_beyond_z() {
        assert_eq!(
            (group_letter(0), group_letter(25), group_letter(26), group_letter(701)),
            ("A".into(), "Z".into(), "AA".into(), "ZZ".into())
        );
    }
}
