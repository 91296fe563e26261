//! Long lists of names, cut short.

use crate::limits::Limits;

/// Lists things by name, the first ones; the rest is counted.
pub(crate) fn listed<T: AsRef<str>>(all: &[T]) -> String {
    listed_up_to(Limits::DEFAULT.listed_max, all, ", ")
}

/// Lists the first `max` things by name with this between them; the rest is counted.
pub(crate) fn listed_up_to<T: AsRef<str>>(max: usize, all: &[T], between: &str) -> String {
    let (first, rest) = all.split_at_checked(max).unwrap_or((all, &[]));
    let names: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    names.join(between) + &more
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..12).map(|number| number.to_string()).collect();
        assert_eq!(listed(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
        assert_eq!(listed(&names[..2]), "0, 1");
    }
}
