//! `data/sling.id.file`: the id that Sling gave the instance at its first start.
//!
//! 36 bytes, a UUID, without a line end. Sling reads the first 36 bytes of a longer file too.

use super::cursor::Cursor;
use super::{Fact, Found, Kind, Names, ParseError, Reads, path};
use crate::facts::Shape;

pub(super) const KIND: Kind = Kind {
    name: "sling.id.file",
    names: Names::Are(&[FILE]),
    reads: Reads::Prefix(64),
    find,
    parse,
};

const FILE: &str = "sling.id.file";

fn find(path: &str) -> Option<Found<'_>> {
    let bundle = path::in_data(path, FILE)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: FILE })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // Sling makes a new id where there are fewer bytes, so a shorter file is damage, and a line end
    // at the end is not.
    let uuid: [u8; 36] = Cursor::new(bytes).array("Sling id")?;
    let uuid: String = uuid.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    if !Shape::Uuid.fits(&uuid) {
        return Err(ParseError::unexpected("Sling id", 0, "a UUID", bytes));
    }
    Ok(Fact::SlingId(uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Found<'_> = Found { root: "", bundle: "bundle7", name: FILE };
    const UUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    #[test]
    fn the_first_36_bytes_are_the_id_in_lower_case() {
        let expect = Ok(Fact::SlingId(UUID.to_owned()));
        assert_eq!(parse(&FOUND, UUID.as_bytes()), expect);
        assert_eq!(parse(&FOUND, UUID.to_uppercase().as_bytes()), expect);
        assert_eq!(parse(&FOUND, format!("{UUID}\nx").as_bytes()), expect);
    }

    #[test]
    fn anything_else_is_an_error() {
        let short = parse(&FOUND, &UUID.as_bytes()[..35]).unwrap_err();
        assert_eq!(short.to_string(), "Sling id at byte 0: file ends here");
        assert!(parse(&FOUND, UUID.replace('-', "_").as_bytes()).is_err());
        assert!(parse(&FOUND, &[0xff; 36]).is_err());
        let other = parse(&FOUND, &[b'k'; 44]).unwrap_err();
        assert_eq!(
            other.to_string(),
            "Sling id at byte 0: expected a UUID, found 44 bytes of text"
        );
    }
}
