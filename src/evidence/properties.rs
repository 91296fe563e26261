//! `conf/sling.properties`, `launchpad/sling.properties`, `conf/quickstart.properties`: a few settings by name.
//!
//! The grammar is that of `java.util.Properties`: Latin-1 with `\uXXXX`, `#` and `!` comments, continued lines, `=`, `:` or a
//! blank between name and value, the last of equal names wins. These files hold passwords too, so only listed names are kept.
//! `org.osgi.service.http.port` in `sling.properties` is only the default, 8080; the port in use comes from the command line.

use super::{Fact, Found, Kind, ParseError, Reads, path, text};
use crate::facts::{CONFIG_DIRECTORY, CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH};
use crate::wiped::Wiped;
use zeroize::Zeroizing;

pub(super) const KIND: Kind =
    Kind { name: "properties", reads: Reads::Whole(1 << 20), find, parse };

const SLING: &str = "sling.properties";
const QUICKSTART: &str = "quickstart.properties";

/// The only names whose values are kept.
const NAMES: [&str; 8] = [
    "quickstart.build",
    "granite.product.version",
    "PRODUCTINFO_VERSION",
    "sling.run.modes",
    "org.osgi.service.http.port",
    CRYPTO_FILE_DISABLE,
    CRYPTO_KEYS_PATH,
    CONFIG_DIRECTORY,
];
const VALUE_CHARS_MAX: usize = 1024;

fn find(path: &str) -> Option<Found<'_>> {
    let name = [SLING, QUICKSTART].into_iter().find(|name| path.ends_with(name))?;
    let in_launchpad = || path::launchpad_root(path, name).filter(|_| name == SLING);
    let root = path::conf_root(path, name).or_else(in_launchpad)?;
    Some(Found { root, bundle: "", name })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    Ok(Fact::Settings(settings(bytes, &NAMES)))
}

/// Returns the settings of these names, in file order.
pub(super) fn settings(bytes: &[u8], names: &[&str]) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut lines = Lines { rest: bytes };
    while let Some(line) = lines.next_logical() {
        let (name, value) = split(&line);
        let name = unescape(name);
        if names.contains(&name.as_str()) {
            settings.retain(|(earlier, _)| *earlier != name);
            settings.push((name, text::cut(unescape(value).trim(), VALUE_CHARS_MAX)));
        }
    }
    settings
}

/// Returns all names and values, in file order. Values may be secrets.
pub(super) fn pairs(bytes: &[u8]) -> Vec<(String, Zeroizing<String>)> {
    let mut lines = Lines { rest: bytes };
    let next = std::iter::from_fn(|| lines.next_logical().map(Wiped::new));
    let pair = |line: Wiped| {
        let (name, value) = split(&line);
        (unescape(name), Zeroizing::new(unescape(value)))
    };
    next.map(pair).collect()
}

/// Cuts a file into logical lines.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Returns the next natural line without its end and without leading blanks.
    fn next_natural(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, behind) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        let line_end = if behind.starts_with(b"\r\n") { 2 } else { 1 };
        self.rest = behind.get(line_end..).unwrap_or_default();
        let blanks = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
        line.get(blanks..)
    }

    /// Returns the next line that is neither empty nor a comment, with what continues it.
    fn next_logical(&mut self) -> Option<Vec<u8>> {
        let first = loop {
            let line = self.next_natural()?;
            if !matches!(line.first(), None | Some(b'#' | b'!')) {
                break line;
            }
        };
        let mut logical = first.to_vec();
        while is_continued(&logical) {
            logical.pop();
            let Some(next) = self.next_natural() else { break };
            logical.extend_from_slice(next);
        }
        Some(logical)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0c)
}

/// Says whether a line ends in an odd number of backslashes.
fn is_continued(line: &[u8]) -> bool {
    line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Splits a logical line at the first separator that no backslash protects.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let mut protected = false;
    let end = line.iter().position(|byte| {
        let ends = !protected && (is_blank(*byte) || matches!(byte, b'=' | b':'));
        protected = !protected && *byte == b'\\';
        ends
    });
    let (name, behind) = line.split_at_checked(end.unwrap_or(line.len())).unwrap_or((line, &[]));
    let value = skip_blanks(behind);
    match value {
        [b'=' | b':', value @ ..] => (name, skip_blanks(value)),
        _ => (name, value),
    }
}

fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_blank(*byte)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// Resolves escapes. A broken `\u`, on which Java gives up, becomes U+FFFD.
fn unescape(bytes: &[u8]) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => break,
            [b'\\', b'u', behind @ ..] => {
                let (unit, behind) = unicode(behind);
                units.push(unit);
                behind
            }
            [b'\\', escaped, behind @ ..] => {
                units.push(u16::from(control(*escaped)));
                behind
            }
            [plain, behind @ ..] => {
                units.push(u16::from(*plain));
                behind
            }
        };
    }
    String::from_utf16_lossy(&units)
}

fn control(letter: u8) -> u8 {
    match letter {
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'f' => 0x0c,
        other => other,
    }
}

fn unicode(bytes: &[u8]) -> (u16, &[u8]) {
    let digits =
        bytes.split_first_chunk::<4>().filter(|(d, _)| d.iter().all(u8::is_ascii_hexdigit));
    let unit = |digits: &[u8]| u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
    match digits {
        Some((digits, behind)) => (unit(digits).unwrap_or(0xfffd), behind),
        None => (0xfffd, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &[u8]) -> Vec<(String, String)> {
        let found = Found { root: "", bundle: "", name: SLING };
        match parse(&found, text) {
            Ok(Fact::Settings(settings)) => settings,
            other => panic!("{other:?}"),
        }
    }

    fn run_modes(text: &[u8]) -> String {
        let mut all = settings(text);
        assert_eq!(all.len(), 1, "{all:?}");
        let (name, value) = all.remove(0);
        assert_eq!(name, "sling.run.modes");
        value
    }

    #[test]
    fn every_separator_of_java_is_read() {
        for text in [
            &b"sling.run.modes=publish"[..],
            b"sling.run.modes:publish",
            b"sling.run.modes publish",
            b"  sling.run.modes \t=  publish  \r\n",
            b"sling.run\\\n   .modes=pub\\\r\n\tlish\n",
            b"sl\\u0069ng.run.modes=publis\\u0068",
            b"x=1\rsling.run.modes=publish\r",
        ] {
            assert_eq!(run_modes(text), "publish", "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn comments_do_not_continue_and_do_not_count() {
        assert_eq!(
            run_modes(b"# sling.run.modes=a\\\nsling.run.modes=b\n! sling.run.modes=c"),
            "b"
        );
    }

    #[test]
    fn the_last_of_equal_names_wins() {
        assert_eq!(run_modes(b"sling.run.modes=author\nsling.run.modes=publish\n"), "publish");
    }

    #[test]
    fn escapes_and_latin_1_are_resolved() {
        assert_eq!(
            run_modes(b"sling.run.modes=x\\ y\\=\\#\\u00E4\\u20AC\xe4\\n.\\q"),
            "x y=#ä€ä\n.q"
        );
        assert_eq!(run_modes(b"sling.run.modes=\\uD83D\\uDE00"), "😀");
        assert_eq!(run_modes(b"sling.run.modes=\\u12"), "\u{fffd}12");
        assert_eq!(run_modes(b"sling.run.modes=a\\\\\nb=c"), "a\\");
        assert_eq!(run_modes(b"sling.run.modes=a\\"), "a");
    }

    #[test]
    fn other_names_are_never_kept() {
        let text = b"some.password=CANARY\nsling.run.modes.x=CANARY\nquickstart.build = 6.5.0\n";
        assert_eq!(settings(text), [("quickstart.build".to_owned(), "6.5.0".to_owned())]);
    }

    #[test]
    fn found_in_conf_and_in_launchpad() {
        assert_eq!(find("q/conf/sling.properties").unwrap().root, "q");
        assert_eq!(find("q/launchpad/sling.properties").unwrap().root, "q");
        assert_eq!(find("conf/quickstart.properties").unwrap().name, QUICKSTART);
        assert_eq!(find("q/launchpad/quickstart.properties"), None);
        assert_eq!(find("q/sling.properties"), None);
        assert_eq!(find("q/conf/xsling.properties"), None);
    }
}
