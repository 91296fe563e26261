//! `launchpad/conf/launchpad-timestamp.txt`: when the instance last started, milliseconds since 1970.
//!
//! Sling writes it at every start that passed the install stage, without a line end.

use super::cursor::Cursor;
use super::{Fact, Found, Kind, Names, ParseError, Reads, path};

pub(super) const KIND: Kind = Kind {
    name: "launchpad timestamp",
    names: Names::Are(&[FILE]),
    reads: Reads::Prefix(64),
    find,
    parse,
};

const FILE: &str = "launchpad-timestamp.txt";

fn find(path: &str) -> Option<Found<'_>> {
    Some(Found { root: path::conf_root(path, FILE)?, bundle: "", name: FILE })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // Sling writes 13 digits and no line end; an editor adds one.
    let line = Cursor::new(bytes.trim_ascii()).line("last start")?;
    line.number().map(Fact::LastStart)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Found<'_> = Found { root: "", bundle: "", name: FILE };

    #[test]
    fn milliseconds_are_read() {
        assert_eq!(parse(&FOUND, b"1752944445820"), Ok(Fact::LastStart(1_752_944_445_820)));
        assert_eq!(parse(&FOUND, b"1752944445820\r\n"), Ok(Fact::LastStart(1_752_944_445_820)));
    }

    #[test]
    fn other_text_is_an_error() {
        let message = |bytes: &[u8]| parse(&FOUND, bytes).unwrap_err().to_string();
        assert_eq!(message(b""), "last start at byte 0: file ends here");
        assert_eq!(
            message(b"soon"),
            "last start at byte 0: expected a number, found 4 bytes of text"
        );
        assert!(parse(&FOUND, b"-1").is_err());
    }

    #[test]
    fn found_in_both_conf_directories() {
        assert_eq!(find("q/launchpad/conf/launchpad-timestamp.txt").unwrap().root, "q");
        assert_eq!(find("conf/launchpad-timestamp.txt").unwrap().root, "");
        assert_eq!(find("q/launchpad/launchpad-timestamp.txt"), None);
    }
}
