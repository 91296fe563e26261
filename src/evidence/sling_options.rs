//! `data/sling.options.file`: the install run modes, as the Java-serialized list that Sling writes at each start.
//!
//! An `ArrayList` of `SlingSettingsServiceImpl$Options`, one for each group of exclusive modes, with the fields `String[] modes`
//! and `String selected`. The latter is a reference back to one of the former, so the text alone does not show what is chosen.

use super::cursor::Problem;
use super::java_object::{Node, Objects};
use super::{Fact, Found, Kind, Names, ParseError, Reads, path, text};

pub(super) const KIND: Kind = Kind {
    name: "sling.options.file",
    names: Names::Are(&[FILE]),
    // That of an install has 401 bytes.
    reads: Reads::Whole(64 << 10),
    find,
    parse,
};

const FILE: &str = "sling.options.file";
const LIST: &str = "java.util.ArrayList";
const MODE_CHARS_MAX: usize = 256;

fn find(path: &str) -> Option<Found<'_>> {
    let bundle = path::in_data(path, FILE)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: FILE })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let (objects, first) = Objects::read(bytes)?;
    let Some(Node::Object { class, written, .. }) = objects.get(first) else {
        let problem =
            Problem::Unexpected { expected: "a list", found: "another object".to_owned() };
        return Err(ParseError { what: "run modes", offset: 4, problem });
    };
    // All versions of Sling Settings since 1.2 write this class. (`SlingSettingsServiceImpl`)
    if objects.class_name(*class) != Some(LIST) {
        let found = objects.class_name(*class).unwrap_or_default();
        return Err(ParseError::unexpected("run modes", 4, LIST, found.as_bytes()));
    }
    // No group, and so no mode, is an empty list: Sling itself without install options.
    let modes = written.iter().filter_map(|option| selected(&objects, *option));
    Ok(Fact::RunModes(modes.map(|mode| text::cut(mode, MODE_CHARS_MAX)).collect()))
}

fn selected(objects: &Objects, option: Option<usize>) -> Option<&str> {
    let Node::Object { fields, .. } = objects.get(option)? else { return None };
    let (_, value) = fields.iter().find(|(name, _)| name == "selected")?;
    match objects.get(*value)? {
        Node::Text(mode) => Some(mode),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::samples;

    const FOUND: Found<'_> = Found { root: "", bundle: "bundle7", name: FILE };

    fn sample() -> Vec<u8> {
        samples::file(samples::SLING, "launchpad/felix/bundle7/data/sling.options.file")
    }

    fn message(bytes: &[u8]) -> String {
        parse(&FOUND, bytes).unwrap_err().to_string()
    }

    #[test]
    fn the_selected_mode_of_each_group_is_found_through_its_reference() {
        let modes = ["publish", "crx3", "nosamplecontent"].map(str::to_owned).to_vec();
        assert_eq!(parse(&FOUND, &sample()), Ok(Fact::RunModes(modes)));
    }

    #[test]
    fn every_prefix_is_a_typed_error() {
        let sample = sample();
        for length in 0..sample.len() {
            let error = parse(&FOUND, &sample[..length]).unwrap_err();
            assert!(error.offset <= length, "{error}");
        }
    }

    #[test]
    fn every_changed_byte_is_an_error_or_a_value() {
        for index in 0..sample().len() {
            for value in [0, 1, 0x70, 0x71, 0x72, 0x73, 0x75, 0x7f, 0xff] {
                let mut bytes = sample();
                bytes[index] = value;
                drop(parse(&FOUND, &bytes));
            }
        }
    }

    #[test]
    fn other_objects_are_refused() {
        assert_eq!(message(b""), "stream header at byte 0: file ends here");
        assert!(message(b"PK\x03\x04").starts_with("stream header at byte 0: expected"));
        assert!(message(b"\xac\xed\0\x05\x70").starts_with("run modes at byte 4"));
        assert!(message(b"\xac\xed\0\x05\x74\0\x01a").starts_with("run modes at byte 4"));
    }

    #[test]
    fn nesting_and_lengths_end_at_their_bounds() {
        // An array of arrays of arrays: with a general reader this overflows the stack.
        let class = b"\x72\0\x02[[\0\0\0\0\0\0\0\0\x02\0\0\x78\x70";
        let array = [b"\x75".as_slice(), class, b"\0\0\0\x01"].concat();
        let bytes = [b"\xac\xed\0\x05".as_slice(), &array.repeat(2000)].concat();
        assert!(message(&bytes).ends_with("exceeds the limit of 8"));
        let name = [b"\xac\xed\0\x05\x73\x72\x40\0".as_slice(), &[b'a'; 0x4000]].concat();
        assert!(message(&name).ends_with("exceeds the limit of 256"));
        // A class that is its own ancestor.
        let class = b"\xac\xed\0\x05\x73\x72\0\x01a\0\0\0\0\0\0\0\0\x02\0\0\x78\x71\0\x7e\0\0";
        assert!(parse(&FOUND, class).is_err());
    }
}
