//! `conf/sling.properties`, `launchpad/sling.properties`, `conf/quickstart.properties`, and what they may include: a few settings by
//! name.
//!
//! The grammar is that of `java.util.Properties`: Latin-1 with `\uXXXX`, `#` and `!` comments, continued lines, `=`, `:` or a
//! blank between name and value, the last of equal names wins. These files hold passwords too, so only listed names are kept.
//! `org.osgi.service.http.port` in `sling.properties` is only the default, 8080; the port in use comes from the command line.

use super::statements::{
    KEPT_BYTES_MAX, SETTINGS_MAX, Statements, Stores, VALUE_CHARS_MAX, mentions, mover, pair_bytes,
};
use super::{Fact, Found, Kind, Names, ParseError, Reads, path, start_script, text};
use crate::facts::{LOG_FILE, SLING_HOME, is_secret, java_trim};
use crate::wiped::Wiped;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use zeroize::Zeroizing;

pub(super) const KIND: Kind = Kind {
    name: "properties",
    names: Names::Are(&[SLING, QUICKSTART]),
    reads: Reads::Whole(BYTES_MAX),
    find,
    parse,
};
/// Any other file that may be a property file of an install.
pub(super) const SMALL: Kind = Kind {
    name: "property file",
    names: Names::Any,
    reads: Reads::Small(BYTES_MAX),
    find: find_small,
    parse: parse_any,
};

/// Bytes of a property file.
const BYTES_MAX: u64 = 1 << 20;

const SLING: &str = "sling.properties";
const QUICKSTART: &str = "quickstart.properties";

/// The only names whose values are kept, but for those that move something.
const NAMES: [&str; 6] = [
    "quickstart.build",
    "granite.product.version",
    "PRODUCTINFO_VERSION",
    "sling.run.modes",
    "org.osgi.service.http.port",
    LOG_FILE,
];
/// Names the groups of run modes of which the first start chooses one each.
const RUN_MODE_OPTIONS: &str = "sling.run.mode.install.options";
/// Ends of the names of property files.
const ENDS: [&str; 4] = [".properties", ".props", ".cfg", SCRIPT_END];
/// The end of the name of a property file or a script.
const SCRIPT_END: &str = ".conf";
/// Files in `conf` that hold the secret of a control port, or no text.
const NO_PROPERTIES: [&str; 3] = ["controlport", "cq.pid", "license.properties"];
/// How often a value that names another one is looked up.
const DEPTH_MAX: usize = 8;

fn find(path: &str) -> Option<Found<'_>> {
    let name = [SLING, QUICKSTART].into_iter().find(|name| path.ends_with(name))?;
    // Where AEM runs in an application server, the file is in `launchpad`. (AEM 6.5, upgrade for
    // application servers)
    let in_launchpad = || path::launchpad_root(path, name).filter(|_| name == SLING);
    let root = path::conf_root(path, name).or_else(in_launchpad)?;
    Some(Found { root, bundle: "", name })
}

fn find_small(path: &str) -> Option<Found<'_>> {
    let (directory, file) = path::split(path);
    let of_install =
        || path::is_directory_of_install(directory, "conf") && !path::may_be_archive(file);
    let is_property_file =
        !NO_PROPERTIES.contains(&file) && (path::ends_in(file, &ENDS) || of_install());
    is_property_file.then_some(Found { root: "", bundle: "", name: file })
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // Sling writes this one again at each start, so its form is known; others may be written by hand.
    if found.name == SLING {
        check(bytes)?;
    }
    parse_any(found, bytes)
}

fn parse_any(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let own = statements(bytes);
    // `JBoss` has `standalone.conf` and Tomcat `tomcat.conf`, which their start scripts run.
    let may_be_script = !own.unclear.is_empty() && path::ends_in(found.name, &[SCRIPT_END]);
    let script = may_be_script.then(|| start_script::read(found.name, &text::decode(bytes)));
    let script = script.filter(|script| script.unclear.is_empty());
    let said = script.map_or(own, |script| Statements {
        settings: script.settings,
        variables: script.variables,
        stores: script.stores,
        ..Statements::default()
    });
    Ok(Fact::Settings(Box::new(said)))
}

/// Says what is wrong with a file that Sling cannot have written: zeros of a failed copy, a page of a proxy, bytes of any other kind.
fn check(bytes: &[u8]) -> Result<(), ParseError> {
    let wrong = |offset, found| {
        Err(ParseError::unexpected("property", offset, "a name and a value", found))
    };
    if let Some(offset) =
        bytes.iter().position(|byte| *byte < b' ' && !b"\t\n\r\x0c".contains(byte))
    {
        return wrong(offset, bytes.get(offset..).unwrap_or_default());
    }
    let mut lines = Lines { rest: bytes };
    let mut has_pair = false;
    while let Some(line) = lines.next_logical() {
        let (name, _) = split(&line);
        if matches!(name.first(), None | Some(b'<' | b'{' | b'[' | b'"')) {
            return wrong(0, bytes);
        }
        let behind = skip_blanks(line.get(name.len()..).unwrap_or_default());
        // A blank parts a name from its value too, and the words of a message.
        has_pair |= match behind.first() {
            Some(b'=' | b':') => true,
            first => first.is_some() && name.contains(&b'.'),
        };
    }
    if has_pair { Ok(()) } else { wrong(0, bytes) }
}

/// Returns the settings of these names, in file order.
pub fn settings(bytes: &[u8], names: &[&str]) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs(bytes).iter().filter(|(name, _)| names.contains(&name.as_str())) {
        // Of equal names the last counts, as in `java.util.Properties`.
        settings.retain(|(earlier, _)| earlier != name);
        settings.push((name.clone(), text::cut(java_trim(value), VALUE_CHARS_MAX)));
    }
    settings
}

/// Returns what a file states. A name that is in a value, such as that of an option there, is not understood.
pub(super) fn statements(bytes: &[u8]) -> Statements {
    let mut last: BTreeMap<String, (usize, Zeroizing<String>)> = BTreeMap::new();
    let mut unclear: BTreeSet<&'static str> = BTreeSet::new();
    let mut mentioned = Stores::default();
    for (index, (name, value)) in each_pair(bytes).enumerate() {
        unclear.extend(mentions(&value));
        // `sling.run.mode.install.options` lists what may be chosen, and not what is.
        if name != RUN_MODE_OPTIONS {
            mentioned.add(&name);
            mentioned.add(&value);
        }
        if mover(&name).is_some() || NAMES.contains(&name.as_str()) {
            last.insert(name, (index, value));
        } else {
            unclear.extend(mentions(&name));
        }
    }
    let mut kept: Vec<_> = last.into_iter().collect();
    kept.sort_unstable_by_key(|(_, (index, _))| *index);
    // Few files name other properties, and of those all are kept until the values are known.
    let has_names = kept.iter().any(|(_, (_, value))| value.contains("${"));
    let pairs = if has_names { pairs(bytes) } else { Vec::new() };
    let all: BTreeMap<&str, &str> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut statements = Statements { unclear, stores: mentioned, ..Statements::default() };
    let mut kept_bytes = 0_usize;
    for (name, (_, value)) in &kept {
        // Java keeps blanks at the end of a value, and Sling's launcher trims them.
        let written = text::cut(java_trim(value), VALUE_CHARS_MAX);
        let resolved = resolve(&written, &all);
        let kept = text::cut(java_trim(&resolved), VALUE_CHARS_MAX);
        if written.len() < java_trim(value).len() || kept.len() < java_trim(&resolved).len() {
            statements.unclear.extend(mover(name));
        }
        let value = kept;
        kept_bytes = kept_bytes.saturating_add(pair_bytes(name, &value));
        if kept_bytes <= KEPT_BYTES_MAX && statements.settings.len() < SETTINGS_MAX {
            statements.settings.push((name.clone(), value));
        } else {
            statements.unclear.insert(mover(name).unwrap_or(SLING_HOME));
        }
    }
    statements
}

/// Puts in what other properties of the file say, where a value names them. What moves something is left to whoever knows all files.
fn resolve(value: &str, all: &BTreeMap<&str, &str>) -> String {
    let mut value = value.to_owned();
    for _ in 0..DEPTH_MAX {
        let Some((before, name, after)) = reference(&value) else { break };
        let Some(found) = all.get(name).filter(|_| value.len() <= VALUE_CHARS_MAX) else { break };
        // One character too many, so that what is cut off is missed.
        let found = text::cut(java_trim(found), VALUE_CHARS_MAX.saturating_add(1));
        value = format!("{before}{found}{after}");
    }
    value
}

/// Returns the first `${name}` that names no setting that moves something, and what is before and behind it.
fn reference(value: &str) -> Option<(&str, &str, &str)> {
    for (at, start) in value.match_indices("${") {
        let before = value.get(..at)?;
        let (name, after) = value.get(at.saturating_add(start.len())..)?.split_once('}')?;
        // A value that names a secret would show it.
        if mover(name).is_none() && !is_secret(name) {
            return Some((before, name, after));
        }
    }
    None
}

/// Returns all names and values, in file order. Values may be secrets.
pub(super) fn pairs(bytes: &[u8]) -> Vec<(String, Zeroizing<String>)> {
    each_pair(bytes).collect()
}

fn each_pair(bytes: &[u8]) -> impl Iterator<Item = (String, Zeroizing<String>)> {
    let mut lines = Lines { rest: bytes };
    std::iter::from_fn(move || {
        let line = lines.next_logical()?;
        let (name, value) = split(&line);
        Some((unescape(name), Zeroizing::new(unescape(value))))
    })
}

/// A logical line: one of the file, or several that were joined.
enum Line<'a> {
    Natural(&'a [u8]),
    Joined(Wiped),
}

impl Deref for Line<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Natural(line) => line,
            Self::Joined(line) => line,
        }
    }
}

/// Cuts a file into logical lines.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// Returns the next natural line without its end and without leading blanks.
    fn next_natural(&mut self) -> Option<&'a [u8]> {
        let line = text::next_line(&mut self.rest)?;
        let blanks = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
        line.get(blanks..)
    }

    /// Returns the next line that is neither empty nor a comment, with what continues it.
    fn next_logical(&mut self) -> Option<Line<'a>> {
        let first = loop {
            let line = self.next_natural()?;
            if !matches!(line.first(), None | Some(b'#' | b'!')) {
                break line;
            }
        };
        if !is_continued(first) {
            return Some(Line::Natural(first));
        }
        let (mut logical, mut last) = (Wiped::from(first), first);
        // Only the backslashes of the line itself count, not those that it was joined to.
        while is_continued(last) {
            logical.pop();
            let Some(next) = self.next_natural() else { break };
            logical.extend_from_slice(next);
            last = next;
        }
        Some(Line::Joined(logical))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0c)
}

/// Returns `true` if a line ends in an odd number of backslashes.
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
    // Blanks may be around one separator; a second separator is part of the value. (`Properties.load`)
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
    if bytes.is_ascii() && !bytes.contains(&b'\\') {
        return String::from_utf8_lossy(bytes).into_owned();
    }
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
            // Before any other letter a backslash is dropped, and no error. (`Properties.load`)
            [b'\\', escaped, behind @ ..] => {
                units.push(u16::from(control(*escaped)));
                behind
            }
            [plain, behind @ ..] => {
                // The file is Latin-1, in which a byte is its UTF-16 unit.
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
            Ok(Fact::Settings(statements)) => statements.settings,
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
    fn what_is_not_kept_of_too_many_settings_is_unclear() {
        let many: Vec<_> = (0..=SETTINGS_MAX).map(|at| format!("sling.include.{at}=x\n")).collect();
        let text = format!("{}sling.run.modes=publish\nsling.home=/elsewhere\n", many.concat());
        let found = Found { root: "", bundle: "", name: SLING };
        let Ok(Fact::Settings(statements)) = parse(&found, text.as_bytes()) else { panic!() };
        assert_eq!(statements.settings.len(), SETTINGS_MAX);
        assert!(statements.unclear.contains("sling.home"), "{:?}", statements.unclear);
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
    fn what_sling_cannot_have_written_is_no_property_file() {
        let found = Found { root: "", bundle: "", name: SLING };
        for bytes in [
            &[0; 64][..],
            b"",
            b"#x\n",
            b"<html><body>403</body></html>",
            b"<!DOCTYPE html>\n<meta charset=\"utf-8\">\n",
            b"{\"error\": 403}",
            b"\xff\xfea\0=\0b\0",
            b"a=b\n\x01\x02",
            b"Forbidden\n",
        ] {
            assert!(parse(&found, bytes).is_err(), "{bytes:?}");
        }
        for bytes in [&b"a=b"[..], b"#x\n\na.b : c\n", b"a = b\\\n  c\n", b"\xe4=1\n"] {
            assert!(parse(&found, bytes).is_ok(), "{bytes:?}");
        }
        let build = Found { name: QUICKSTART, ..found };
        assert!(parse(&build, b"<html>").is_ok());
    }

    #[test]
    fn settings_that_move_something_are_kept_with_what_they_name() {
        let text = b"a.dir=/mnt\nsling.include.x=b, c\norg.osgi.framework.storage=${a.dir}/${b}\nfelix.cm.dir=${sling.home}/${a.dir}\n";
        assert_eq!(
            settings(text),
            [
                ("sling.include.x", "b, c"),
                ("org.osgi.framework.storage", "/mnt/${b}"),
                ("felix.cm.dir", "${sling.home}//mnt"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(settings(b"repository.home=${x}\nx=${x}y\n")[0].0, "repository.home");
    }

    #[test]
    fn more_than_is_kept_is_not_understood() {
        let line = |index: usize| format!("sling.include.{index}={}\n", "x".repeat(2_000));
        let many: String = (0..100).map(line).collect();
        let statements = statements(many.as_bytes());
        assert!(statements.settings.len() < 40 && statements.unclear.contains("sling.include"));
    }

    #[test]
    fn long_values_and_many_joined_lines_are_read_once() {
        let open =
            format!("sling.run.modes={}\nsling.home={}", "${".repeat(400_000), "${".repeat(9_999));
        let open = statements(open.as_bytes());
        assert!(open.settings.iter().all(|(_, value)| value.len() <= VALUE_CHARS_MAX));
        assert!(open.unclear.contains("sling.home"));
        let joined =
            format!("a={}\n{}\nsling.run.modes=b", "\\".repeat(250_001), "\\\n".repeat(125_000));
        assert_eq!(run_modes(joined.as_bytes()), "b");
        let large = format!("a={}\nsling.home=${{a}}", "x".repeat(5_000));
        assert!(statements(large.as_bytes()).unclear.contains("sling.home"));
    }

    #[test]
    fn name_in_a_value_is_not_understood() {
        let unclear = |text: &[u8]| statements(text).unclear.into_iter().collect::<Vec<_>>();
        assert_eq!(unclear(b"jvm.opts=-Xmx1g -Dsling.home=/x\n"), ["sling.home"]);
        assert_eq!(
            unclear(b"<p name=\"org.osgi.framework.storage\"/>\n"),
            ["org.osgi.framework.storage"]
        );
        assert_eq!(unclear(b"#sling.home=/x\nx=${sling.home}/y\nsling.home=/z\n"), [""; 0]);
    }

    #[test]
    fn files_that_may_be_included_are_found() {
        for path in [
            "crx-quickstart/conf/x",
            "q/conf/crypto.properties",
            "q/etc/a.PROPS",
            "q/conf/x",
            "conf/x",
        ] {
            assert!(find_small(path).is_some(), "{path}");
        }
        for path in ["crx-quickstart/conf/controlport", "crx-quickstart/conf/x.zip", "q/etc/x"] {
            assert!(find_small(path).is_none(), "{path}");
        }
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
