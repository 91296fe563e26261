//! `bundle<N>/version<R>.<N>/`: that a revision directory, and the file `revision.location` in it, are there.
//!
//! Felix drops a bundle whose current revision lacks `revision.location`. What it says is `inputstream:` in AEM, always.

use super::{Fact, Found, Kind, ParseError, Reads, path};

pub(super) const DIRECTORY: Kind =
    Kind { name: "revision directory", reads: Reads::Presence, find: find_directory, parse: seen };

pub(super) const LOCATION: Kind = Kind {
    name: "revision.location",
    reads: Reads::Prefix(1),
    find: find_location,
    parse: location,
};

fn find_directory(path: &str) -> Option<Found<'_>> {
    let (bundle, name) = path::revision_directory(path)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name })
}

fn find_location(path: &str) -> Option<Found<'_>> {
    find_directory(path::parent_of(path, "revision.location")?)
}

fn seen(_: &Found<'_>, _: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::Seen)
}

fn location(_: &Found<'_>, _: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::RevisionLocation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_that_of_the_revision_directory() {
        let found = Found { root: "q", bundle: "bundle5", name: "version0.10" };
        assert_eq!(find_directory("q/launchpad/felix/bundle5/version0.10"), Some(found));
        assert_eq!(
            find_location("q/launchpad/felix/bundle5/version0.10/revision.location"),
            Some(found)
        );
    }

    #[test]
    fn names_that_felix_ignores_or_dies_of_are_seen_too() {
        for name in ["version0.0.bak", "versionbackup", "version"] {
            let path = format!("felix/bundle5/{name}");
            assert_eq!(find_directory(&path).unwrap().name, name);
        }
        assert_eq!(find_directory("felix/bundle5/Version0.0"), None);
        assert_eq!(find_directory("felix/bundle5/data/version0.0"), None);
    }
}
