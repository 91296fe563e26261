//! `bundle<N>/version<R>.<N>/`: that a revision directory is there, and what its file `revision.location` says.
//!
//! Felix drops a bundle whose current revision lacks `revision.location`, or has an empty one. In AEM it is `inputstream:`, always.

use super::{Fact, Found, Kind, Names, ParseError, Reads, path};

pub(super) const DIRECTORY: Kind = Kind {
    name: "revision directory",
    names: Names::Begin(&["version"]),
    reads: Reads::Presence,
    find: find_directory,
    parse: seen,
};

pub(super) const LOCATION: Kind = Kind {
    name: "revision.location",
    names: Names::Are(&["revision.location"]),
    reads: Reads::Prefix(LOCATION_BYTES),
    find: find_location,
    parse: location,
};

/// Bytes that are read of a location. Real ones are paths.
const LOCATION_BYTES: u64 = 4096;
const REFERENCE: &[u8] = b"reference:";
const FILE: &[u8] = b"file:";

/// Where the jar of a revision is, as its `revision.location` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionLocation {
    /// The file has no bytes. Felix reads no line in it, and fails.
    Empty,
    /// In the revision directory. Whatever it was copied from, Felix does not fetch it again while that directory is there.
    Copied,
    /// In a file or directory elsewhere.
    Elsewhere,
    /// A reference to what is no file, or that cannot be decoded. Felix fails on it.
    BadReference,
}

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

fn location(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::RevisionLocation(read(bytes)))
}

/// Reads it as Felix does (`BundleArchive.createRevisionFromLocation`; run with 4.6.1, 6.0.2, 7.0.5): of any text but a reference only that it is there counts.
fn read(bytes: &[u8]) -> RevisionLocation {
    // Felix writes one line without an end, and reads no more than one.
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    match line.strip_prefix(REFERENCE) {
        _ if bytes.is_empty() => RevisionLocation::Empty,
        // `inputstream:` in AEM, since all ways of Sling to install a bundle pass a stream.
        None => RevisionLocation::Copied,
        Some(file) if file.starts_with(FILE) && is_decodable(file) => RevisionLocation::Elsewhere,
        Some(_) => RevisionLocation::BadReference,
    }
}

/// Returns `true` if two hexadecimal digits follow each `%`.
fn is_decodable(location: &[u8]) -> bool {
    let mut escapes = location.split(|byte| *byte == b'%').skip(1);
    escapes.all(|rest| {
        rest.first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
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
    fn what_felix_fails_on_is_told_from_what_it_takes() {
        use RevisionLocation::{BadReference, Copied, Elsewhere, Empty};
        for (bytes, location) in [
            (&b""[..], Empty),
            (b"inputstream:", Copied),
            // An empty line is a line: `readLine` gives null only for a file of no bytes.
            (b"\n", Copied),
            (b"\0\0\0", Copied),
            (b"file:/opt/x.jar", Copied),
            (b"no location", Copied),
            (b"reference:file:/opt/x.jar\r\nmore", Elsewhere),
            (b"reference:file:/opt/a%20b", Elsewhere),
            (b"reference:http://x/y.jar", BadReference),
            (b"reference:", BadReference),
            (b"reference:fil", BadReference),
            (b"reference:file:/opt/a%2", BadReference),
            (b"reference:file:/opt/a%zz", BadReference),
        ] {
            assert_eq!(read(bytes), location, "{}", bytes.escape_ascii());
        }
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
