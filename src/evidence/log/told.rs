//! What an instance tells of itself when it starts: words of fixed patterns, each of a narrow character set.

use crate::facts::{LogTopic, Shape};

/// A text, and how to read what follows it in the line.
pub(super) struct Tell {
    /// The text.
    pub(super) text: &'static str,
    /// Reads the words behind it; nothing where they are not of the form expected.
    pub(super) read: fn(&str) -> Vec<(LogTopic, String)>,
    /// It counts only where the launcher says it: at the start of a line, or as a message of the main thread.
    pub(super) by_launcher: bool,
}

/// All that is looked for. `P server port` begins in the middle of `HTTP`, which stands in the line of every request.
pub(super) const TELLS: &[Tell] = &[
    tell("Starting Crypto Support (com.adobe.granite.crypto, ", crypto_start),
    tell("Created new Sling ID ", sling_id),
    tell("Read Sling ID ", sling_id),
    tell("Active run modes: [", run_modes),
    tell("P server port: ", port),
    tell("Setting org.osgi.service.http.port=", port),
    Tell { text: "Setting 'com.adobe.granite.crypto.", read: setting, by_launcher: true },
];

const fn tell(text: &'static str, read: fn(&str) -> Vec<(LogTopic, String)>) -> Tell {
    Tell { text, read, by_launcher: false }
}

const UUID_CHARS: usize = 36;
const RUN_MODES_MAX: usize = 32;

/// `3.4.24) with Bundle storage`.
fn crypto_start(line: &str) -> Vec<(LogTopic, String)> {
    let read = || {
        let (version, rest) = line.split_once(") with ")?;
        let (word, _) = rest.split_once(" storage")?;
        let mode = ["Bundle", "JCR"].into_iter().find(|mode| mode.eq_ignore_ascii_case(word))?;
        Some((version, mode.to_owned()))
    };
    let Some((version, mode)) = read() else { return Vec::new() };
    let mut told = vec![(LogTopic::Storage, mode)];
    if Shape::Version.fits(version) {
        told.push((LogTopic::CryptoVersion, version.to_owned()));
    }
    told
}

/// A UUID; `null` before the first one is made.
fn sling_id(line: &str) -> Vec<(LogTopic, String)> {
    let Some((uuid, rest)) = line.split_at_checked(UUID_CHARS) else { return Vec::new() };
    let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
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

/// A port number; what follows it does not matter.
fn port(line: &str) -> Vec<(LogTopic, String)> {
    let digits: String = line.chars().take_while(char::is_ascii_digit).take(6).collect();
    let port = digits.parse::<u16>().ok().filter(|port| *port > 0);
    port.map(|port| (LogTopic::Port, port.to_string())).into_iter().collect()
}

/// `file.disable' to 'true' from command line`. A path is told of, not kept: it may hold names of people.
fn setting(line: &str) -> Vec<(LogTopic, String)> {
    let value = |name: &str| {
        let (value, rest) = line.strip_prefix(name)?.strip_prefix("' to '")?.split_once('\'')?;
        rest.starts_with(" from command line").then_some(value)
    };
    if value("keys.path").is_some_and(|path| !path.is_empty()) {
        return vec![(LogTopic::KeysElsewhere, "set".to_owned())];
    }
    let known =
        |value: &str| ["true", "false"].into_iter().find(|known| known.eq_ignore_ascii_case(value));
    let disabled = value("file.disable").and_then(known);
    disabled.map(|word| (LogTopic::KeyFilesDisabled, word.to_owned())).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(told: Vec<(LogTopic, String)>) -> Option<String> {
        told.into_iter().next().map(|(_, value)| value)
    }

    #[test]
    fn storage_and_version_are_read() {
        let told = |mode: &str, version: &str| {
            vec![
                (LogTopic::Storage, mode.to_owned()),
                (LogTopic::CryptoVersion, version.to_owned()),
            ]
        };
        assert_eq!(crypto_start("3.4.24) with Bundle storage"), told("Bundle", "3.4.24"));
        assert_eq!(
            crypto_start("3.4.24.CQ650-B1) with jcr storage"),
            told("JCR", "3.4.24.CQ650-B1")
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
    fn settings_of_the_command_line_are_read_without_their_paths() {
        assert_eq!(one(setting("file.disable' to 'true' from command line.")).unwrap(), "true");
        assert_eq!(one(setting("keys.path' to '/home/jane' from command line.")).unwrap(), "set");
        for line in [
            "keys.path' to '' from command line.",
            "file.disable' to 'secret' from command line.",
            "file.disable' to 'true",
            "x",
        ] {
            assert_eq!(setting(line), [], "{line}");
        }
    }
}
