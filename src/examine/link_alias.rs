//! Where entries also stand, through links.

use super::paths::{first_below, join};
use super::prefixes::Prefixes;
use crate::limits::Limits;
use std::collections::BTreeMap;

const ALIASES_MAX: usize = Limits::DEFAULT.aliases_max;

/// Links inside a source, by target: entries at or below a target also stand at its aliases.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Aliases {
    by_target: BTreeMap<String, Vec<String>>,
    targets: Prefixes,
}

impl Aliases {
    /// Adds a link; refuses one more to a target that has as many as are followed, those to what is above it among them. So what is above
    /// comes first.
    pub(super) fn add(&mut self, target: String, alias: String) -> bool {
        let count: usize = self.above(&target).map(|(_, links)| links.len()).sum();
        let has_room = count < ALIASES_MAX;
        if has_room {
            self.targets.add(&target);
            self.by_target.entry(target).or_default().push(alias);
        }
        has_room
    }

    /// Returns the targets at and above a path, the shortest first: what follows each, and the links to it.
    fn above<'p>(&self, path: &'p str) -> impl Iterator<Item = (&'p str, &[String])> {
        self.targets
            .of(path)
            .filter_map(|(target, rest)| Some((rest, self.by_target.get(target)?.as_slice())))
    }

    /// Returns `true` if a link leads to exactly this path.
    pub(super) fn is_target(&self, path: &str) -> bool {
        self.by_target.contains_key(path)
    }

    /// Returns `true` if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.by_target.is_empty()
    }

    /// Returns the paths at which an entry also stands. An archive of hard-linked backups has many links and many entries, so
    /// only the entry's own path and those above it are looked up.
    pub(super) fn of(&self, path: &str) -> Vec<String> {
        self.through(path).into_iter().map(|(_, stands_at)| stands_at).collect()
    }

    /// Returns the links through which an entry also stands somewhere, and where.
    pub(super) fn through(&self, path: &str) -> Vec<(&str, String)> {
        let mut above: Vec<_> = self.above(path).collect();
        above.reverse();
        above
            .into_iter()
            .flat_map(|(rest, links)| {
                links.iter().map(move |link| (link.as_str(), join(link, rest)))
            })
            .collect()
    }

    /// Returns `true` if a directory leads to a target, or lies below one.
    pub(super) fn concern(&self, directory: &str) -> bool {
        let leads = first_below(&self.by_target, directory).is_some();
        leads || directory.is_empty() || self.above(directory).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases() -> Aliases {
        let mut aliases = Aliases::default();
        assert!(aliases.add("keys".into(), "felix/bundle2/data".into()));
        assert!(aliases.add("keys/hmac".into(), "felix/bundle3/data/hmac".into()));
        aliases
    }

    #[test]
    fn entry_stands_at_the_alias_of_itself_and_of_what_is_above() {
        assert_eq!(
            aliases().of("keys/hmac"),
            ["felix/bundle3/data/hmac", "felix/bundle2/data/hmac"]
        );
        assert_eq!(aliases().of("keys"), ["felix/bundle2/data"]);
        assert_eq!(aliases().of("keys2/hmac"), [""; 0]);
    }

    #[test]
    fn link_to_the_top_makes_everything_stand_twice() {
        let mut aliases = Aliases::default();
        assert!(aliases.add(String::new(), "launchpad".into()));
        assert_eq!(aliases.of("felix/x"), ["launchpad/felix/x"]);
    }

    #[test]
    fn directories_on_the_way_concern_it() {
        assert!(aliases().concern("keys") && aliases().concern("keys/deeper"));
        assert!(!aliases().concern("key") && !aliases().concern("keysafe"));
    }
}
