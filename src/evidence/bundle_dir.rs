//! `bundle<N>/`: that a bundle's directory was listed, so that what is not in it is not there.
//!
//! An archive made of a whole tree lists its directories; one made of chosen files does not.

use super::{Fact, Found, Kind, Names, ParseError, Reads, path};

pub(super) const KIND: Kind = Kind {
    name: "bundle directory",
    names: Names::Begin(&["bundle"]),
    reads: Reads::Presence,
    find,
    parse,
};

fn find(path: &str) -> Option<Found<'_>> {
    let bundle = path::bundle_directory(path)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: "" })
}

fn parse(_: &Found<'_>, _: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::Seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_below_felix_alone() {
        let found = Found { root: "q", bundle: "bundle39", name: "" };
        assert_eq!(find("q/launchpad/felix/bundle39"), Some(found));
        assert_eq!(find("q/launchpad/felix/bundle0"), None);
        assert_eq!(find("q/launchpad/felix/bundle39/data"), None);
    }
}
