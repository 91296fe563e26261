//! What an instance logs of itself when it starts: words of fixed patterns, each of a narrow character set.

use crate::evidence::mover;
use crate::facts::{
    BUNDLE_CACHE, CACHE_CLEAN, CLEAN_AT_START, CONFIG_DIRECTORY, CRYPTO_FILE_DISABLE, LogTopic,
    NodeStoreKind, OLD_BUNDLE_CACHE, REPOSITORY_HOME, SLING_HOME, SLING_LAUNCHPAD,
    SLING_PROPERTIES, Shape,
};

/// A text, and how to read what follows it in the line.
pub(super) struct StartupText {
    /// The text.
    pub(super) text: &'static str,
    /// Reads the words behind it; nothing where they are not of the form expected.
    pub(super) read: fn(&str) -> Vec<(LogTopic, String)>,
    /// Bytes after the text that are read, at most.
    pub(super) bytes_max: usize,
    /// It counts only where the launcher says it: at the start of a line, or as a message of the main thread.
    pub(super) by_launcher: bool,
}

/// All that is looked for. `P server port` begins in the middle of `HTTP`, which is in the line of every request.
pub(super) const STARTUP_TEXTS: &[StartupText] = &[
    text("Starting Crypto Support (com.adobe.granite.crypto, ", 128, crypto_start),
    text("Created new Sling ID ", UUID_CHARS + FROM_FILE.len(), sling_id),
    text("Read Sling ID ", UUID_CHARS + FROM_FILE.len(), sling_id),
    text("Active run modes: [", LINE_BYTES_MAX, run_modes),
    // Oak 1.0 to 1.2 logged the address behind this one, with its password. Nothing of it is read.
    text("Starting DocumentNodeStore with ", 0, mongodb),
    text("Initializing DocumentNodeStore with dataSource", 0, database),
    text("SegmentNodeStore initialized", 1, segments),
    text("P server port: ", PORT_CHARS, port),
    text("Setting org.osgi.service.http.port=", PORT_CHARS, port),
    StartupText { text: SETTING, read: setting, bytes_max: LINE_BYTES_MAX, by_launcher: true },
    // Tomcat says it of each argument of the JVM, where the WAR runs in one. (`VersionLoggerListener`)
    text("Command line argument: -D", LINE_BYTES_MAX, argument),
    text("Picked up JAVA_TOOL_OPTIONS: ", LINE_BYTES_MAX, picked_up),
    text("Picked up JDK_JAVA_OPTIONS: ", LINE_BYTES_MAX, picked_up),
    text("Picked up _JAVA_OPTIONS: ", LINE_BYTES_MAX, picked_up),
];

/// What the launcher says of each option of its command line.
pub(super) const SETTING: &str = "Setting '";

impl StartupText {
    /// Returns `true` if it is of options that the next start may be made without.
    pub(super) fn is_of_options(&self) -> bool {
        self.text == SETTING || self.text.starts_with("Picked up ")
    }
}

const fn text(
    text: &'static str,
    bytes_max: usize,
    read: fn(&str) -> Vec<(LogTopic, String)>,
) -> StartupText {
    StartupText { text, read, bytes_max, by_launcher: false }
}

/// Bytes of a line that may matter after the longest text.
const LINE_BYTES_MAX: usize = 1 << 10;
/// Digits of a port, and one that is too many.
const PORT_CHARS: usize = 6;
const UUID_CHARS: usize = 36;
/// What is behind a Sling id that was read.
const FROM_FILE: &str = " from file";
const RUN_MODES_MAX: usize = 32;

/// `3.4.24) with Bundle storage`.
fn crypto_start(line: &str) -> Vec<(LogTopic, String)> {
    let read = || {
        let (version, rest) = line.split_once(") with ")?;
        let (word, _) = rest.split_once(" storage")?;
        // The word that is kept is the known one: nothing of the log's own text goes into a fact.
        let mode = ["Bundle", "JCR"].into_iter().find(|mode| mode.eq_ignore_ascii_case(word))?;
        Some((version, mode.to_owned()))
    };
    let Some((version, mode)) = read() else { return Vec::new() };
    let mut statements = vec![(LogTopic::Storage, mode)];
    if Shape::Version.fits(version) {
        statements.push((LogTopic::CryptoVersion, version.to_owned()));
    }
    statements
}

/// A UUID; `null` before the first one is made.
fn sling_id(line: &str) -> Vec<(LogTopic, String)> {
    let Some((uuid, rest)) = line.split_at_checked(UUID_CHARS) else { return Vec::new() };
    // The line of a request may quote a path of any text.
    let ends = rest.trim().is_empty() || rest.starts_with(FROM_FILE);
    // The first start logs `Read Sling ID null from file …`, and then `Created new Sling ID …`.
    let uuid = uuid.to_ascii_lowercase();
    let is_uuid = ends && Shape::Uuid.fits(&uuid);
    is_uuid.then_some((LogTopic::SlingId, uuid)).into_iter().collect()
}

/// `s7connect, crx3, author]`.
fn run_modes(line: &str) -> Vec<(LogTopic, String)> {
    let Some((list, _)) = line.split_once(']') else { return Vec::new() };
    let modes: Vec<&str> = list.split(',').map(str::trim).collect();
    let fits = modes.len() <= RUN_MODES_MAX && modes.iter().all(|mode| Shape::RunMode.fits(mode));
    fits.then(|| (LogTopic::RunModes, modes.join(", "))).into_iter().collect()
}

fn mongodb(_: &str) -> Vec<(LogTopic, String)> {
    node_store(NodeStoreKind::Mongo)
}

fn database(_: &str) -> Vec<(LogTopic, String)> {
    node_store(NodeStoreKind::Relational)
}

/// Nothing; of one that is not the repository, its role follows. (`SegmentNodeStoreRegistrar`)
fn segments(line: &str) -> Vec<(LogTopic, String)> {
    if line.starts_with(',') { Vec::new() } else { node_store(NodeStoreKind::Segment) }
}

fn node_store(kind: NodeStoreKind) -> Vec<(LogTopic, String)> {
    vec![(LogTopic::NodeStore, kind.label().to_owned())]
}

/// A port number; what follows it does not matter.
fn port(line: &str) -> Vec<(LogTopic, String)> {
    let digits: String = line.chars().take_while(char::is_ascii_digit).take(PORT_CHARS).collect();
    let port = digits.parse::<u16>().ok().filter(|port| *port > 0);
    port.map(|port| (LogTopic::Port, port.to_string())).into_iter().collect()
}

/// `com.adobe.granite.crypto.file.disable' to 'true' from command line`.
fn setting(line: &str) -> Vec<(LogTopic, String)> {
    let read = || {
        let (name, rest) = line.split_once("' to '")?;
        let (value, rest) = rest.split_once('\'')?;
        rest.starts_with(" from command line").then(|| option(name, value))?
    };
    read().into_iter().collect()
}

/// `com.adobe.granite.crypto.keys.path=/etc/keys`: one argument, to the end of its line.
fn argument(line: &str) -> Vec<(LogTopic, String)> {
    let read = || {
        let (name, value) = line.trim_end().split_once('=')?;
        option(name, value.trim_matches('"'))
    };
    read().into_iter().collect()
}

/// What the JVM itself says of options in its environment: `-Dcom.adobe.granite.crypto.keys.path=/k -Xmx4g`.
fn picked_up(line: &str) -> Vec<(LogTopic, String)> {
    let options =
        line.split_whitespace().filter_map(|word| word.trim_matches('"').strip_prefix("-D"));
    options.filter_map(|word| word.split_once('=')).filter_map(|(n, v)| option(n, v)).collect()
}

/// Takes an option that moves the keys, or switches their files off. A path is not kept: it may hold names of people.
fn option(name: &str, value: &str) -> Option<(LogTopic, String)> {
    let known =
        |value: &str| ["true", "false"].into_iter().find(|known| known.eq_ignore_ascii_case(value));
    let name = mover(name)?;
    match name {
        CRYPTO_FILE_DISABLE => {
            known(value).map(|word| (LogTopic::KeyFilesDisabled, word.to_owned()))
        }
        CACHE_CLEAN if value != CLEAN_AT_START => None,
        // The launcher names the usual places, too.
        _ if value.is_empty() || is_usual(name, value) => None,
        _ => Some((LogTopic::KeysElsewhere, name.to_owned())),
    }
}

/// Returns `true` if a directory or file is called as most installs have it.
fn is_usual(name: &str, path: &str) -> bool {
    let usual = match name {
        SLING_HOME => "crx-quickstart",
        SLING_LAUNCHPAD => "launchpad",
        BUNDLE_CACHE | OLD_BUNDLE_CACHE => "felix",
        CONFIG_DIRECTORY => "config",
        REPOSITORY_HOME => "repository",
        SLING_PROPERTIES => SLING_PROPERTIES,
        _ => return false,
    };
    let last = path.trim_end_matches(['/', '\\', '.']).rsplit(['/', '\\']).next();
    last.is_some_and(|last| last == usual || last.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(statements: Vec<(LogTopic, String)>) -> Option<String> {
        statements.into_iter().next().map(|(_, value)| value)
    }

    #[test]
    fn storage_and_version_are_read() {
        let start = |mode: &str, version: &str| {
            vec![
                (LogTopic::Storage, mode.to_owned()),
                (LogTopic::CryptoVersion, version.to_owned()),
            ]
        };
        assert_eq!(crypto_start("3.4.24) with Bundle storage"), start("Bundle", "3.4.24"));
        assert_eq!(
            crypto_start("3.4.24.CQ650-B1) with jcr storage"),
            start("JCR", "3.4.24.CQ650-B1")
        );
        assert_eq!(one(crypto_start("secret) with Bundle storage")).unwrap(), "Bundle");
        for line in ["3.4.24) with secret storage", "3.4.24) with Bundle", "", "3.4.24"] {
            assert_eq!(crypto_start(line), [], "{line}");
        }
    }

    #[test]
    fn only_a_uuid_is_a_sling_id() {
        let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        assert_eq!(one(sling_id(&format!("{uuid} from file x"))).unwrap(), uuid);
        assert_eq!(one(sling_id(&uuid.to_uppercase())).unwrap(), uuid);
        for line in ["null from file /opt/aem/launchpad/felix/bundle7/data/sling.id.file", "ä", ""]
        {
            assert_eq!(sling_id(line), []);
        }
        assert_eq!(sling_id(&format!("{uuid}0")), []);
    }

    #[test]
    fn run_modes_are_names() {
        assert_eq!(one(run_modes("s7connect, crx3, author]")).unwrap(), "s7connect, crx3, author");
        for line in ["", "author", "a b]", "]", "jane@example.com]"] {
            assert_eq!(run_modes(line), [], "{line}");
        }
        assert_eq!(run_modes(&format!("{}]", "a, ".repeat(40))), []);
    }

    #[test]
    fn ports_are_numbers() {
        assert_eq!(one(port("4502")).unwrap(), "4502");
        assert_eq!(one(port("4502, x")).unwrap(), "4502");
        for line in ["", "0", "70000", "x4502", "45020000000000"] {
            assert_eq!(port(line), [], "{line}");
        }
    }

    #[test]
    fn store_is_that_of_the_repository() {
        assert_eq!(one(mongodb("")).unwrap(), "document-mongodb");
        assert_eq!(one(database("")).unwrap(), "document-rdb");
        assert_eq!(one(segments("")).unwrap(), "segment");
        assert_eq!(segments(", role=secondary"), []);
    }

    #[test]
    fn settings_of_the_command_line_are_read_without_their_paths() {
        let set = |name: &str, value: &str| {
            one(setting(&format!("{name}' to '{value}' from command line.")))
        };
        let crypto = "com.adobe.granite.crypto";
        assert_eq!(set(&format!("{crypto}.file.disable"), "true").unwrap(), "true");
        for (name, value) in [
            ("com.adobe.granite.crypto.keys.path", "/home/jane"),
            ("org.osgi.framework.storage", "/mnt/x"),
            ("sling.launchpad", "C:\\aem\\launchpad2"),
            ("sling.home", "/srv/other"),
            ("sling.include.a", "/etc/a.properties"),
        ] {
            assert!(set(name, value).is_some_and(|own| name.starts_with(&own)), "{name}");
        }
        for (name, value) in [
            ("com.adobe.granite.crypto.keys.path", ""),
            ("com.adobe.granite.crypto.file.disable", "secret"),
            ("sling.home", "/opt/aem/crx-quickstart/."),
            ("sling.launchpad", "crx-quickstart\\launchpad"),
            ("sling.run.modes", "author"),
        ] {
            assert_eq!(set(name, value), None, "{name}");
        }
        assert_eq!(setting("com.adobe.granite.crypto.file.disable' to 'true"), []);
        assert_eq!(setting("x"), []);
    }

    #[test]
    fn options_of_the_environment_are_logged_by_the_jvm() {
        let option = picked_up(
            "-Xmx4g \"-Dcom.adobe.granite.crypto.keys.path=/k\" -Dsling.run.modes=author",
        );
        assert_eq!(one(option).unwrap(), "com.adobe.granite.crypto.keys.path");
        assert_eq!(picked_up("-Djava.awt.headless=true -Dx"), []);
        let keys = "com.adobe.granite.crypto.keys.path";
        assert_eq!(one(argument(&format!("{keys}=/etc/keys"))).unwrap(), keys);
        for line in ["sling.home=/opt/aem/crx-quickstart", "java.awt.headless=true", keys, ""] {
            assert_eq!(argument(line), [], "{line}");
        }
    }
}
