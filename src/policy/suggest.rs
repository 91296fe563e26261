//! The name that was perhaps meant.

/// Characters of a name that are compared; no name that is known has more.
const CHARS_MAX: usize = 64;

/// Returns a question with the known name that is most like a wrong one, to be put behind an error; nothing where none is like it.
pub(super) fn did_you_mean<'k>(wrong: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let of: Vec<char> = wrong.chars().take(CHARS_MAX).collect();
    // One letter of three may be wrong.
    let distance_max = (of.len() / 3).max(1);
    let scored = known.into_iter().map(|name| {
        let own: Vec<char> = name.chars().take(CHARS_MAX).collect();
        let is_part = of.len() > 3 && (name.contains(wrong) || wrong.contains(name));
        (if is_part { 1 } else { distance(&of, &own) }, name)
    });
    let best = scored.filter(|(distance, _)| *distance <= distance_max).min();
    best.map(|(_, name)| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// Counts the letters to change, leave out, add or swap with the next one.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, own) in a.iter().enumerate() {
        let mut next = vec![at.saturating_add(1)];
        for (to, other) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX);
            let left = next.last().copied().unwrap_or(usize::MAX).saturating_add(1);
            let above = cell(&row, to.saturating_add(1)).saturating_add(1);
            let mut least =
                cell(&row, to).saturating_add(usize::from(own != other)).min(left).min(above);
            // Two letters that changed places are one mistake. (Damerau, optimal string alignment)
            let is_swap = at > 0 && to > 0 && a.get(at.wrapping_sub(1)) == Some(other);
            if is_swap && b.get(to.wrapping_sub(1)) == Some(own) {
                least = least.min(cell(&before, to.saturating_sub(1)).saturating_add(1));
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_names_are_suggested_and_others_are_not() {
        let known = ["hmac-differs", "master-differs", "storage-jcr", "token-off"];
        for (wrong, meant) in [
            ("hmac-difers", "hmac-differs"),
            ("hmac_differs", "hmac-differs"),
            ("hamc-differs", "hmac-differs"),
            ("storage", "storage-jcr"),
            ("token-of", "token-off"),
        ] {
            let expected = format!("; did you mean `{meant}`?");
            assert_eq!(did_you_mean(wrong, known), expected, "{wrong}");
        }
        for other in ["x", "", "no-such-rule-at-all", &"h".repeat(10_000)] {
            assert_eq!(did_you_mean(other, known), "", "{other}");
        }
    }
}
