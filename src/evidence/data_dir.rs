//! `bundle<N>/data/`: that a bundle's data directory is there. It comes with the first file a bundle asks for.

use super::{Fact, Found, Kind, Names, ParseError, Reads, path};

pub(super) const KIND: Kind = Kind {
    name: "data directory",
    names: Names::Are(&[path::DATA]),
    reads: Reads::Presence,
    find,
    parse,
};

fn find(path: &str) -> Option<Found<'_>> {
    let bundle = path::in_bundle(path, path::DATA)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: path::DATA })
}

fn parse(_: &Found<'_>, _: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::Seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_directly_in_a_bundle_directory() {
        let found = Found { root: "", bundle: "bundle39", name: "data" };
        assert_eq!(find("launchpad/felix/bundle39/data"), Some(found));
        assert_eq!(find("launchpad/felix/bundle0/data"), None);
        assert_eq!(find("launchpad/felix/data"), None);
        assert_eq!(find("data"), None);
    }
}
