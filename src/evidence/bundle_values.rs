//! `bundle<N>/bundle.id` and its like: what Felix before 4.0 wrote instead of `bundle.info`, one value a file.
//!
//! Felix 4 and 5 still accept them where there is no `bundle.info`, so they linger on instances that began as CQ 5.

use super::{Fact, Found, Kind, Names, ParseError, Reads, path, text};
use crate::facts::Shape;

pub(super) const KIND: Kind = Kind {
    name: "bundle value",
    names: Names::Are(&FILES),
    reads: Reads::Whole(64 << 10),
    find,
    parse,
};

/// Digits; from the directory's name where it is missing.
pub(super) const ID: &str = "bundle.id";
/// Where the bundle was installed from.
pub(super) const LOCATION: &str = "bundle.location";
/// `active`, `installed`, `starting` or `uninstalled`; absent until the first start or stop.
pub(super) const STATE: &str = "bundle.state";
/// Digits; absent stands for 0.
pub(super) const REFRESH: &str = "refresh.counter";

const FILES: [&str; 6] = [ID, LOCATION, STATE, REFRESH, "bundle.startlevel", "bundle.lastmodified"];
/// Letters of a number or of a state.
const WORD_CHARS_MAX: usize = 20;

fn find(path: &str) -> Option<Found<'_>> {
    let file = FILES.into_iter().find(|file| path.ends_with(file))?;
    let bundle = path::in_bundle(path, file)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: file })
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let first = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    // Felix writes no line end here; one shows that somebody edited the file.
    let first = first.trim_ascii();
    let text = text::decode(first);
    // Of what is no word or number nothing follows, whatever it says.
    let is_word = |text: &String| text.len() <= WORD_CHARS_MAX && text.is_ascii();
    Ok(Fact::BundleValue(match found.name {
        LOCATION => Shape::Location.kept(text.trim(), first.len()),
        _ => Some(text).filter(is_word).unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bytes: &[u8]) -> Fact {
        parse(&Found { root: "", bundle: "bundle1", name: ID }, bytes).unwrap()
    }

    #[test]
    fn a_value_is_the_first_line_trimmed() {
        assert_eq!(value(b"active"), Fact::BundleValue("active".to_owned()));
        assert_eq!(value(b"21\r\n"), Fact::BundleValue("21".to_owned()));
        assert_eq!(value(b""), Fact::BundleValue(String::new()));
    }

    #[test]
    fn value_is_kept_in_its_shape_alone() {
        let location = |bytes: &[u8]| {
            parse(&Found { root: "", bundle: "bundle1", name: LOCATION }, bytes).unwrap()
        };
        let kept = |text: &str| Fact::BundleValue(text.to_owned());
        assert_eq!(location(b"slinginstall:x.jar\n"), kept("slinginstall:x.jar"));
        let note = kept("not in the shape of a location (32 bytes)");
        assert_eq!(location(b"zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA\n"), note);
        assert_eq!(value(b"zQ7xW9vK2mT5pR8yL3nB6cJ4hG1dF0sA"), kept(""));
    }

    #[test]
    fn six_files_are_found_and_the_system_bundle_s_next_id_is_not() {
        for file in FILES {
            let path = format!("felix/bundle2/{file}");
            assert_eq!(find(&path), Some(Found { root: "", bundle: "bundle2", name: file }));
        }
        // `bundle0/bundle.id` is the next number that Felix gives, not that of a bundle.
        assert_eq!(find("felix/bundle0/bundle.id"), None);
        assert_eq!(find("felix/bundle2/current.location"), None);
    }
}
