//! The shapes that text of evidence must have to be kept. What has none of them may be a key, or hold a password.
//!
//! A key file may stand where a bundle's location belongs, by mistake or through a link, and must not be shown letter by letter. So
//! what a text is of decides which letters it may have, how many, and in which order; of any other text only the length is kept.

use super::credentials::{mentions_secret, without_credentials};
use super::drawn::{is_random, spells_bytes};
use super::remembered::{Check, passes};
use super::{
    CONFIG_DIRECTORY, CQ_RUN_MODES, CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH, GRANT_OF_CLIENT,
    LOG_FILE, RUN_MODES_OPTION, SLING_RUN_MODES,
};

/// What a text is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Where a bundle was installed from.
    Location,
    /// The version of a bundle or of AEM.
    Version,
    /// The name of a bundle, a property or a checkpoint.
    Name,
    /// The number of a TCP port.
    Port,
    /// A choice between on and off.
    Switch,
    /// A run mode.
    RunMode,
    /// Run modes, with commas between them.
    RunModes,
    /// A path of a file system.
    Path,
    /// A UUID in lower case.
    Uuid,
    /// Words, numbers or a path: what a setting may be.
    Value,
}

/// Stands for a text that has the bytes of a key.
pub const HIDDEN_KEY: &str = "not shown: these are the bytes of a key";
/// Stands for a text that was reached through a link from a file of another name.
pub const HIDDEN_LINK: &str = "not shown: it was reached through a link to a file of another name";

/// What a note of a text that is not kept starts with.
const NOTE: &str = "not in the shape of ";

/// What the location of a bundle starts with: installers of Sling and AEM, then what Felix itself and its shells know.
const SCHEMES: [&str; 21] = [
    "launchpad",
    "slinginstall",
    "jcrinstall",
    "fileinstall",
    "inputstream",
    "reference",
    "file",
    "jar",
    "http",
    "https",
    "ftp",
    "mvn",
    "wrap",
    "war",
    "webbundle",
    "obr",
    "bundle",
    "classpath",
    "initial@reference",
    "assembly",
    "blueprint",
];
/// How the names of files end that bundles are installed from.
const ENDINGS: [&str; 5] = [".jar", ".war", ".zip", ".esa", ".wab"];
/// The location of Felix itself. (OSGi core, `Constants.SYSTEM_BUNDLE_LOCATION`)
const SYSTEM_BUNDLE: &str = "System Bundle";

const LOCATION_CHARS_MAX: usize = 4096;
/// Bytes of any text that is kept: four for each character of a location, and as many again for what is cut out.
const TEXT_BYTES_MAX: usize = 8 * LOCATION_CHARS_MAX;
const VALUE_CHARS_MAX: usize = 1024;
const NAME_CHARS_MAX: usize = 512;
/// Digits of a number in a version; dates have 8, with a time 12.
const NUMBER_CHARS_MAX: usize = 12;
const NUMBERS_MAX: usize = 6;
/// Letters after the numbers of a version, such as `CQ650-B0001` or `B008_20150828-SNAPSHOT`.
const QUALIFIER_CHARS_MAX: usize = 30;
const RUN_MODE_CHARS_MAX: usize = 64;
const RUN_MODES_MAX: usize = 64;
/// Letters of a word. A key in hexadecimal has 32.
const WORD_CHARS_MAX: usize = 31;
/// From so many letters on a word shows whether it is one.
const RANDOM_CHARS_MIN: usize = 12;
/// Names hold UUIDs, whose parts are random, and short words such as `S3DataStoreV2`.
const RANDOM_IN_NAME_CHARS_MIN: usize = 20;
const RANDOM_IN_VALUE_CHARS_MIN: usize = 16;

impl Shape {
    const ALL: [Self; 10] = [
        Self::Location,
        Self::Version,
        Self::Name,
        Self::Port,
        Self::Switch,
        Self::RunMode,
        Self::RunModes,
        Self::Path,
        Self::Uuid,
        Self::Value,
    ];

    /// Returns what the value of a setting is.
    pub fn of_setting(name: &str) -> Self {
        match name {
            "quickstart.build" | "granite.product.version" | "PRODUCTINFO_VERSION" => Self::Version,
            SLING_RUN_MODES | CQ_RUN_MODES | RUN_MODES_OPTION => Self::RunModes,
            "org.osgi.service.http.port" | "CQ_PORT" => Self::Port,
            CRYPTO_FILE_DISABLE => Self::Switch,
            CRYPTO_KEYS_PATH | CONFIG_DIRECTORY | LOG_FILE => Self::Path,
            _ => Self::Value,
        }
    }

    /// Returns `true` if a text has this shape.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Location => is_location(text),
            Self::Version => is_version(text),
            Self::Name => is_name(text),
            Self::Port => text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok(),
            Self::Switch => is_switch(text),
            Self::RunMode => is_run_mode(text),
            Self::RunModes => is_run_modes(text),
            Self::Path | Self::Value => is_value(text),
            Self::Uuid => is_uuid(text),
        }
    }

    /// Returns a text of a file for a sentence about that file; not at all where it is not in this shape, or may name a user or give
    /// something a value.
    pub fn shown(self, text: &str) -> String {
        let kept = self.kept(text, text.len());
        if is_note(&kept) || kept != text || text.contains(['@', '=', '?']) {
            format!("something that is not shown ({} bytes)", text.len())
        } else {
            kept
        }
    }

    /// Returns what is kept of a text that has so many bytes: all of it but credentials, or how long it is.
    pub fn kept(self, text: &str, bytes: usize) -> String {
        if text.is_empty() || is_note(text) {
            return text.to_owned();
        }
        // A text of another length is none of any shape, whatever is cut out of it.
        if text.len() <= TEXT_BYTES_MAX {
            let kept = without_credentials(text);
            if self.fits(&kept) {
                return kept.into_owned();
            }
        }
        let unit = if bytes == 1 { "byte" } else { "bytes" };
        format!("{NOTE}{} ({bytes} {unit})", self.spoken())
    }

    /// Keeps of a text what is kept; returns `true` if that is less. What was kept before does not change.
    pub fn keep(self, text: &mut String) -> bool {
        let mut changed = None;
        passes(Check::Shape(self as u8), text, || {
            changed = Some(self.kept(text, text.len())).filter(|kept| kept != text);
            changed.is_none()
        });
        let is_changed = changed.is_some();
        *text = changed.unwrap_or_else(|| std::mem::take(text));
        is_changed
    }

    fn spoken(self) -> &'static str {
        match self {
            Self::Location => "a location",
            Self::Version => "a version",
            Self::Name => "a name",
            Self::Port => "a port",
            Self::Switch => "a switch",
            Self::RunMode => "a run mode",
            Self::RunModes => "run modes",
            Self::Path => "a path",
            Self::Uuid => "a UUID",
            Self::Value => "a value",
        }
    }
}

/// Returns `true` if a text stands for one that was not kept.
fn is_note(text: &str) -> bool {
    let is_length = |rest: &str| {
        let behind = Shape::ALL.iter().find_map(|shape| rest.strip_prefix(shape.spoken()));
        let count = behind.and_then(|behind| behind.strip_prefix(" (")).unwrap_or_default();
        let digits = count.strip_suffix(" bytes)").or_else(|| count.strip_suffix(" byte)"));
        digits.is_some_and(is_number)
    };
    text == HIDDEN_KEY || text == HIDDEN_LINK || text.strip_prefix(NOTE).is_some_and(is_length)
}

/// Felix takes any text for a location. Those that were seen name their installer, or end like a file of a bundle.
fn is_location(text: &str) -> bool {
    let scheme = text.split_once(':').map(|(scheme, _)| scheme);
    let path = text.split(['?', '#']).next().unwrap_or(text).to_ascii_lowercase();
    let is_known = scheme.is_some_and(|scheme| SCHEMES.contains(&scheme));
    is_printable(text, LOCATION_CHARS_MAX)
        && (text == SYSTEM_BUNDLE || is_known || ENDINGS.iter().any(|end| path.ends_with(end)))
        && has_no_random_word(text)
        && !spells_bytes(text)
}

/// Numbers, and behind them a qualifier: `3.4.24.CQ650-B0001`, `1.0-SNAPSHOT`. Words alone are none.
fn is_version(text: &str) -> bool {
    let numbers = text.split('.').take(NUMBERS_MAX).take_while(|part| is_number(part)).count();
    let qualifier = text.splitn(numbers.saturating_add(1), '.').nth(numbers);
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    let fits = |rest: &str| {
        // Where a number is missing, that number comes with the qualifier.
        (numbers >= 3 || rest.starts_with(|first: char| first.is_ascii_digit()))
            && rest.starts_with(is_letter)
            && rest.ends_with(is_letter)
            && rest.len() <= QUALIFIER_CHARS_MAX
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b))
            && words(rest).all(|word| word.len() < RANDOM_CHARS_MIN || !is_random(word))
            && !spells_bytes(rest)
    };
    match (numbers, qualifier) {
        (_, None) => numbers > 0,
        // `1-SNAPSHOT` of a file name.
        (0, Some(rest)) => {
            rest.contains('-')
                && fits(rest)
                && is_number(rest.split('-').next().unwrap_or_default())
        }
        (_, Some(rest)) => fits(rest),
    }
}

fn is_number(text: &str) -> bool {
    (1..=NUMBER_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_name(text: &str) -> bool {
    is_printable(text, NAME_CHARS_MAX) && has_no_random_word(text) && !spells_bytes(text)
}

fn has_no_random_word(text: &str) -> bool {
    words(text).all(|word| word.len() < RANDOM_IN_NAME_CHARS_MIN || !is_random(word))
}

fn is_switch(text: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "1", "0"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(text))
}

fn is_run_mode(text: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let is_word = |word: &str| {
        word.len() <= WORD_CHARS_MAX && (word.len() < RANDOM_CHARS_MIN || !is_random(word))
    };
    (1..=RUN_MODE_CHARS_MAX).contains(&text.len())
        && text.bytes().all(is_letter)
        && words(text).all(is_word)
        && !spells_bytes(text)
}

fn is_run_modes(text: &str) -> bool {
    let mut modes = text.split(',').map(str::trim);
    modes.clone().count() <= RUN_MODES_MAX
        && modes.all(|mode| mode.is_empty() || is_run_mode(mode))
        && !spells_bytes(text)
}

fn is_uuid(text: &str) -> bool {
    let fits = |(index, byte): (usize, u8)| match index {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// A value that is no path may be a sentence on a secret: `my client-secret is …`. The name of a kind of grant is none.
fn is_value(text: &str) -> bool {
    let is_path = is_like_path(text);
    let is_word = |word: &str| {
        let is_random = word.len() >= RANDOM_IN_VALUE_CHARS_MIN && is_random(word);
        !is_random && (is_path || word.len() <= WORD_CHARS_MAX)
    };
    is_printable(text, VALUE_CHARS_MAX)
        && (is_path || !mentions_secret(&text.replace(GRANT_OF_CLIENT, "")))
        && words(text).all(is_word)
        && !spells_bytes(text)
}

/// Returns `true` if a text begins as paths do: at a root, a drive, a variable or a directory that is named by dots.
fn is_like_path(text: &str) -> bool {
    let drive = |rest: &str| rest.starts_with(":\\") || rest.starts_with(":/");
    text.starts_with(['/', '\\', '~', '.', '$', '%'])
        || text.get(1..).is_some_and(drive)
        || text.starts_with("file:")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
}

/// Returns `true` if all of a text can be seen. Keys are random bytes, and half of all bytes are no letters in any encoding.
fn is_printable(text: &str, chars_max: usize) -> bool {
    let is_hidden = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffd}');
    text.chars().count() <= chars_max && !text.chars().any(is_hidden)
}

#[cfg(test)]
mod tests;
