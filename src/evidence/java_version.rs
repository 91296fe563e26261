//! `felix/bundle0/last.java.version`: Java major version of the last start. Felix writes it since 6.0, with a line end.

use super::cursor::Cursor;
use super::{Fact, Found, Kind, Names, ParseError, Reads, path};

pub(super) const KIND: Kind = Kind {
    name: "last.java.version",
    names: Names::Are(&[FILE]),
    reads: Reads::Prefix(64),
    find,
    parse,
};

const FILE: &str = "last.java.version";

fn find(path: &str) -> Option<Found<'_>> {
    let directory = path::parent_of(path, FILE)?;
    Some(Found { root: path::system_bundle_root(directory)?, bundle: "", name: FILE })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // Felix ends the line as its platform does: `17` and LF, or CR LF on Windows.
    let line = Cursor::new(bytes.trim_ascii()).line("Java version")?;
    // Two digits; what has ten is no version.
    line.number::<u16>().map(|major| Fact::JavaMajor(major.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Found<'_> = Found { root: "", bundle: "", name: FILE };

    #[test]
    fn major_version_is_read() {
        assert_eq!(parse(&FOUND, b"17\n"), Ok(Fact::JavaMajor(17)));
        assert_eq!(parse(&FOUND, b"8\r\n"), Ok(Fact::JavaMajor(8)));
    }

    #[test]
    fn other_text_is_an_error() {
        assert!(parse(&FOUND, b"").is_err());
        // Felix writes the major version alone.
        assert!(parse(&FOUND, b"1.8").is_err());
        assert!(parse(&FOUND, b"1234567890").is_err());
    }

    #[test]
    fn found_only_in_the_system_bundle() {
        assert_eq!(find("q/launchpad/felix/bundle0/last.java.version").unwrap().root, "q");
        assert_eq!(find("bundle0/last.java.version").unwrap().root, "");
        assert_eq!(find("felix/bundle1/last.java.version"), None);
    }
}
