//! What the name of a link says of the install that it leads to.

use super::{QUICKSTART, split_path};

/// Words for what is in use.
const LIVE: [&str; 3] = ["current", "live", "active"];

/// Words for what is not in use: not any more, or not yet.
const IDLE: [&str; 22] = [
    "before",
    "pre",
    "prior",
    "previous",
    "prev",
    "earlier",
    "last",
    "orig",
    "rollback",
    "new",
    "next",
    "staging",
    "staged",
    "stage",
    "test",
    "candidate",
    "idle",
    "standby",
    "inactive",
    "spare",
    "failed",
    "tmp",
];

/// Returns `true` if a link is called as what is in use is: `crx-quickstart`, or `current`.
pub fn says_live(link: &str) -> bool {
    let name = split_path(link).1;
    name == QUICKSTART || has_word(name, &LIVE)
}

/// Returns `true` if a link is called like what is not in use.
pub fn says_idle(link: &str) -> bool {
    let name = split_path(link).1;
    has_word(name, &IDLE) || super::has_old_word(name)
}

fn has_word(name: &str, words: &[&str]) -> bool {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_a_link_tells_what_is_in_use() {
        for (link, live, idle) in [
            ("opt/aem/crx-quickstart", true, false),
            ("current", true, false),
            ("aem/Current-Release", true, false),
            ("opt/aem/previous", false, true),
            ("opt/aem/crx-quickstart.old", false, true),
            ("opt/old/aem", false, false),
            ("concurrent", false, false),
            ("news", false, false),
        ] {
            assert_eq!((says_live(link), says_idle(link)), (live, idle), "{link}");
        }
    }
}
