//! `bundle<N>/bundle.info`: number, location and state of a bundle.
//!
//! Felix (4.0 to 7.0.5) writes six lines: id, location, persistent state, start level, last modified (milliseconds since
//! 1970), refresh count. It ends them as its platform does and reads any line end, no final one, and more lines. A number that
//! it cannot read makes it delete the whole directory at the next start.

use super::cursor::Cursor;
use super::{Fact, Found, Kind, Names, ParseError, Problem, Reads, path};
use crate::facts::{BundleState, Shape};

pub(super) const KIND: Kind = Kind {
    name: "bundle.info",
    names: Names::Are(&["bundle.info"]),
    // Those of an install have 73 to 160 bytes.
    reads: Reads::Whole(64 << 10),
    find,
    parse,
};

const UNREAD: i64 = -1;

/// What `bundle.info` says, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundleInfo {
    /// Line 1.
    pub id: Option<u64>,
    /// Line 2, in the shape of a location, or a note of what is there.
    pub location: Option<String>,
    /// Line 3.
    pub state: Option<BundleState>,
    /// Line 5.
    pub modified: LastModified,
    /// Line 6: the `R` of `version<R>.<N>`. Felix reads a negative one too, and then opens `version-2.<N>`, say.
    pub refresh: Option<i64>,
    /// The first fault. Felix deletes the bundle directory when there is one.
    pub problem: Option<ParseError>,
}

/// When a bundle was modified last, milliseconds since 1970. It distinguishes no two versions of a file: Felix writes it anew at every change.
#[derive(Debug, Clone, Copy, Default)]
pub struct LastModified(pub Option<u64>);

impl PartialEq for LastModified {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LastModified {}

fn find(path: &str) -> Option<Found<'_>> {
    let bundle = path::in_bundle(path, "bundle.info")?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: "bundle.info" })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let info = read(bytes);
    // Felix 4 and 5 take -1 for a count that was not read yet, and open `version0.<N>`. Felix 6 opens `version-1.<N>`, and deletes
    // the bundle where there is none. (run with 4.6.1, 6.0.2, 7.0.5)
    if info.refresh == Some(UNREAD) && info.problem.is_none() {
        let problem =
            Problem::Expected("a count from 0 on, since versions of Felix disagree on -1");
        return Err(ParseError { what: "refresh count", offset: bytes.len(), problem });
    }
    Ok(Fact::BundleInfo(Box::new(info)))
}

fn read(bytes: &[u8]) -> BundleInfo {
    let mut info = BundleInfo::default();
    let mut cursor = Cursor::new(bytes);
    if let Err(missing) = read_lines(&mut cursor, &mut info) {
        info.problem.get_or_insert(missing);
    }
    info
}

/// Reads all six lines; fails only where one is missing. The types are those that Felix parses into.
fn read_lines(cursor: &mut Cursor<'_>, info: &mut BundleInfo) -> Result<(), ParseError> {
    // Felix takes the id from here and never from the name of the directory: `bundle21.bak` is
    // bundle 21, too.
    let id = cursor.line("bundle id")?.number::<i64>();
    info.id = note(info, id).and_then(|id| u64::try_from(id).ok());
    info.location = Some(cursor.line("bundle location")?.kept(Shape::Location));
    // This is what is to be at the next start, not what was: 4 and 16, resolved and stopping, are
    // never written.
    let state = cursor.line("bundle state")?.number::<i32>();
    info.state = note(info, state).map(|state| BundleState::from_number(i64::from(state)));
    // The level is not used, but Felix deletes the bundle where it is no number.
    let level = cursor.line("start level")?.number::<i32>();
    note(info, level);
    // The time of an installation, an update or an uninstallation; starts and stops leave it. Felix
    // reads a negative one, too.
    let modified = cursor.line("last modified")?.number::<i64>();
    info.modified = LastModified(note(info, modified).and_then(|ms| u64::try_from(ms).ok()));
    let refresh = cursor.line("refresh count")?.number::<i64>();
    info.refresh = note(info, refresh);
    Ok(())
}

fn note<T>(info: &mut BundleInfo, field: Result<T, ParseError>) -> Option<T> {
    field.map_err(|error| info.problem.get_or_insert(error).offset).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[u8] =
        b"2\nslinginstall:com.adobe.granite.crypto.file-1.0.0.jar\n32\n15\n1795320442644\n0\n";

    fn problem(bytes: &[u8]) -> Option<String> {
        read(bytes).problem.map(|problem| problem.to_string())
    }

    #[test]
    fn six_lines_are_read() {
        let info = read(SAMPLE);
        assert_eq!(info.id, Some(2));
        assert_eq!(
            info.location.as_deref(),
            Some("slinginstall:com.adobe.granite.crypto.file-1.0.0.jar")
        );
        assert_eq!(info.state, Some(BundleState::Active));
        assert_eq!(info.refresh, Some(0));
        assert_eq!(info.problem, None);
    }

    #[test]
    fn what_felix_accepts_is_no_problem() {
        // Felix reads all of these: line ends of Windows, CR alone, no last line end, more lines, a negative
        // time, a state by hand.
        for bytes in [
            &b"2\r\nx\r\n32\r\n1\r\n5\r\n0\r\n"[..],
            b"2\rx\r32\r1\r5\r0\r",
            b"2\nx\n32\n1\n5\n0",
            b"2\nx\n32\n1\n5\n0\nmore\nlines\n",
            b"2\n\n32\n1\n-5\n0\n",
            b"+2\nx\n16\n1\n5\n0\n",
        ] {
            let info = read(bytes);
            assert_eq!((info.id, info.problem), (Some(2), None), "{bytes:?}");
        }
    }

    #[test]
    fn every_missing_line_is_named() {
        let expect = [
            (&b""[..], "bundle id at byte 0: file ends here"),
            (b"17\n", "bundle location at byte 3: file ends here"),
            (b"17\nx\n", "bundle state at byte 5: file ends here"),
            (b"17\nx\n32\n", "start level at byte 8: file ends here"),
            (b"17\nx\n32\n1\n", "last modified at byte 10: file ends here"),
            (b"17\nx\n32\n1\n5\n", "refresh count at byte 12: file ends here"),
        ];
        for (bytes, message) in expect {
            assert_eq!(problem(bytes).as_deref(), Some(message));
        }
    }

    #[test]
    fn the_first_bad_number_is_the_problem_and_the_rest_is_kept() {
        let info = read(b" 17\nx\nactive\n1\n5\n3\n");
        assert_eq!(
            info.problem.unwrap().to_string(),
            "bundle id at byte 0: expected a number, found 3 bytes of text"
        );
        assert_eq!((info.id, info.state, info.refresh), (None, None, Some(3)));
        assert!(problem(b"1\nx\n32\nhigh\n5\n0\n").unwrap().starts_with("start level at byte 7"));
        assert!(problem(b"1\nx\n32\n1\n\n0\n").unwrap().starts_with("last modified at byte 9"));
        assert!(problem(b"1\nx\n4294967296\n1\n5\n0\n").is_some());
        assert!(problem(&[0; 80]).unwrap().starts_with("bundle id at byte 0: expected a number"));
    }

    #[test]
    fn odd_ids_and_states_are_read_as_felix_does() {
        assert_eq!(read(b"0\nx\n4\n1\n5\n0\n").id, Some(0));
        let negative = read(b"-7\nx\n4\n1\n5\n-1\n");
        assert_eq!((negative.id, negative.refresh, negative.problem), (None, Some(-1), None));
        assert_eq!(negative.state, Some(BundleState::Other(4)));
        assert!(problem(b"99999999999999999999\nx\n4\n1\n5\n0\n").is_some());
    }

    #[test]
    fn refresh_count_that_versions_of_felix_disagree_on_is_refused() {
        let found = Found { root: "", bundle: "bundle1", name: "bundle.info" };
        let count = |count: &str| parse(&found, format!("1\nx\n2\n1\n5\n{count}\n").as_bytes());
        assert!(count("-1").unwrap_err().to_string().starts_with("refresh count at byte 13"));
        assert!(count("-2").is_ok() && count("+0").is_ok());
    }

    #[test]
    fn location_is_decoded_and_kept_in_its_shape_alone() {
        let location = |bytes: &[u8]| read(bytes).location.unwrap();
        assert_eq!(location(b"1\nfile:/gr\xf6\xdfe.jar\n2"), "file:/größe.jar");
        assert_eq!(location("1\nfile:/größe.jar\n2".as_bytes()), "file:/größe.jar");
        assert_eq!(location(b"1\nslinginstall:C:\\a b\\x.jar\n2"), "slinginstall:C:\\a b\\x.jar");
        let long = [b"1\nfile:".as_slice(), &[b'x'; 9000]].concat();
        assert_eq!(location(&long), "not in the shape of a location (9005 bytes)");
        let vault = b"$ANSIBLE_VAULT;1.1;AES256\n36343362CANARYcipher3137\n";
        assert_eq!(location(vault), "not in the shape of a location (24 bytes)");
        let binary = b"1\n\x81\xc3ABCD\xe9\xf1EFGHI\x9fJK\n2";
        assert_eq!(location(binary), "not in the shape of a location (16 bytes)");
    }

    #[test]
    fn found_only_directly_in_a_bundle_directory() {
        let found = find("q/launchpad/felix/bundle5/bundle.info").unwrap();
        assert_eq!((found.root, found.bundle), ("q", "bundle5"));
        assert_eq!(find("felix/bundle0/bundle.info"), None);
        assert_eq!(find("felix/bundle5/data/bundle.info"), None);
        assert_eq!(find("felix/bundle5/xbundle.info"), None);
        assert_eq!(find("bundle.info"), None);
    }

    #[test]
    fn every_prefix_of_a_sample_is_a_value() {
        for length in 0..SAMPLE.len() - 1 {
            let info = read(&SAMPLE[..length]);
            // Only the cut final line end, which Felix does not need, leaves nothing to report.
            assert_eq!(info.problem.is_none(), length == SAMPLE.len() - 1, "{length}");
        }
    }
}
