//! What of a configuration is kept: listed properties, the state of known secrets, digests of protected values.
//!
//! This is where secrets end: nothing of a value leaves this file unless its property is listed.

use super::grammar::{Dictionary, Entry, Scalar};
use crate::evidence::cursor::{ParseError, Problem};
use crate::evidence::{digest, text};
use crate::facts::{
    ACCESS_TOKEN_PROVIDER, AWS_SEGMENTS, AZURE_SEGMENTS, COMPOSITE_STORE, CUSTOM_SEGMENTS,
    CUSTOMIZER_TYPE, DOCUMENT_STORE, DOCUMENT_STORE_TYPE, Digest, EXTERNAL_LOGIN,
    IMS_CLIENT_SECRET, IMS_CUSTOMIZER, IMS_PROVIDER, IMS_SERVICE_SECRET, LOG_FILE, LOG_MANAGER,
    LOG_WRITERS, MORE_SEGMENTS, OAUTH_PROVIDER, PROVIDER_CUSTOMIZER, PROVIDER_GRANTS,
    ProtectedValue, REPOSITORY_HOME, SAML_HANDLER, SEGMENT_STORES, SPLIT_SEGMENTS, STANDBY_MODE,
    STANDBY_SERVICES, SYNC_HANDLER, SecretState, TOKEN_CONFIGURATION, TOKEN_ENCAPSULATED,
    TOKEN_EXPIRATION, TOKEN_HANDLER, TOKEN_INACTIVITY, TOKEN_REFRESH, placeholder, placeholders,
};
use crate::wiped::Wiped;
use std::collections::BTreeMap;

/// A component whose configuration matters.
pub(super) struct Wanted {
    /// Its PID, or that of its factory.
    pub(super) pid: &'static str,
    /// The properties whose values are kept. None of them holds a secret.
    properties: &'static [&'static str],
    /// The secrets that it cannot do without.
    secrets: &'static [&'static str],
}

/// Every component whose configuration matters.
pub(super) const WANTED: [Wanted; 21] = [
    Wanted {
        pid: TOKEN_HANDLER,
        properties: &[
            TOKEN_ENCAPSULATED,
            TOKEN_INACTIVITY,
            "token.required.attr",
            "skip.token.refresh",
        ],
        secrets: &[],
    },
    Wanted {
        pid: TOKEN_CONFIGURATION,
        properties: &[TOKEN_EXPIRATION, TOKEN_REFRESH, "tokenLength"],
        secrets: &[],
    },
    Wanted {
        pid: SAML_HANDLER,
        properties: &[
            "createUser",
            "path",
            "idpUrl",
            "serviceProviderEntityId",
            "idpCertAlias",
            "synchronizeAttributes",
            "addGroupMemberships",
        ],
        secrets: &[],
    },
    Wanted {
        pid: OAUTH_PROVIDER,
        properties: &["oauth.create.users", "oauth.config.id"],
        secrets: &["oauth.client.secret"],
    },
    Wanted {
        pid: SYNC_HANDLER,
        properties: &[
            "handler.name",
            "user.dynamicMembership",
            "user.enforceDynamicMembership",
            "group.dynamicGroups",
        ],
        secrets: &[],
    },
    Wanted { pid: EXTERNAL_LOGIN, properties: &["sync.handlerName"], secrets: &[] },
    Wanted { pid: IMS_CUSTOMIZER, properties: &[CUSTOMIZER_TYPE], secrets: &[IMS_CLIENT_SECRET] },
    Wanted { pid: IMS_PROVIDER, properties: &[], secrets: &[IMS_SERVICE_SECRET] },
    // The address of the database is not kept: it may hold a password.
    Wanted { pid: DOCUMENT_STORE, properties: &[DOCUMENT_STORE_TYPE], secrets: &[] },
    Wanted { pid: SEGMENT_STORES[0], properties: &SEGMENT_OPTIONS, secrets: &[] },
    Wanted { pid: SEGMENT_STORES[1], properties: &SEGMENT_OPTIONS, secrets: &[] },
    Wanted { pid: AZURE_SEGMENTS, properties: &[], secrets: &[] },
    Wanted { pid: AWS_SEGMENTS, properties: &[], secrets: &[] },
    Wanted { pid: COMPOSITE_STORE, properties: &[], secrets: &[] },
    Wanted { pid: MORE_SEGMENTS, properties: &[], secrets: &[] },
    Wanted {
        pid: ACCESS_TOKEN_PROVIDER,
        properties: &["name", PROVIDER_GRANTS, PROVIDER_CUSTOMIZER],
        secrets: &[],
    },
    Wanted { pid: LOG_MANAGER, properties: &[LOG_FILE], secrets: &[] },
    Wanted { pid: LOG_WRITERS[0], properties: &[LOG_FILE], secrets: &[] },
    Wanted { pid: LOG_WRITERS[1], properties: &[LOG_FILE], secrets: &[] },
    Wanted { pid: STANDBY_SERVICES[0], properties: &[STANDBY_MODE], secrets: &[] },
    Wanted { pid: STANDBY_SERVICES[1], properties: &[STANDBY_MODE], secrets: &[] },
];

const SEGMENT_OPTIONS: [&str; 3] = [CUSTOM_SEGMENTS, SPLIT_SEGMENTS, REPOSITORY_HOME];

/// Properties that hold secrets, of any component.
const SECRETS: [&str; 13] = [
    IMS_CLIENT_SECRET,
    IMS_SERVICE_SECRET,
    "oauth.client.secret",
    "keyStorePassword",
    "encryptedPassword",
    "com.adobe.granite.jetty.ssl.keystore.password",
    "smtp.password",
    "bind.password",
    "jdbc.password",
    "proxy.password",
    "org.apache.felix.https.keystore.password",
    "org.apache.felix.https.keystore.key.password",
    "org.apache.felix.https.truststore.password",
];

/// Kept only as whether they are set: an address may hold a password, and the others matter for nothing else.
const PRESENCE: [&str; 4] = ["path", "idpUrl", "serviceProviderEntityId", "idpCertAlias"];
/// Stands for a value that is not kept.
const SET: &str = "set";

/// Stands for the name of a property that may be what is left of a value.
const UNREADABLE_NAME: &str = "a property whose name cannot be read";

const VALUE_CHARS_MAX: usize = 256;
const PROTECTED_MAX: usize = 1024;
/// How the directive of a placeholder begins that has the text for where nothing else resolves it.
const DEFAULT: &str = "default=";

/// The digits of a block of AES.
const BLOCK_DIGITS: usize = 32;
/// The digits of 16 bytes of IV and at least one block of AES-CBC.
const PROTECTED_DIGITS_MIN: usize = 64;
/// Braces as they are, and as in an address.
const BRACES: [&str; 6] = ["{", "}", "%7B", "%7b", "%7D", "%7d"];
/// What else stands around a value that was damaged.
const QUOTES: [&str; 3] = ["\"", "'", "\\"];

/// Returns the component that a configuration is for, if it is one that matters.
pub(super) fn wanted(pid: &str, factory_pid: Option<&str>) -> Option<&'static Wanted> {
    WANTED.iter().find(|wanted| wanted.pid == pid || Some(wanted.pid) == factory_pid)
}

/// Returns the listed properties.
pub(super) fn properties(
    wanted: &Wanted,
    dictionary: &Dictionary,
) -> BTreeMap<String, Vec<String>> {
    let kept = |name: &&'static str| {
        let entry = dictionary.get(name)?;
        Some(((*name).to_owned(), values(name, entry)))
    };
    wanted.properties.iter().filter_map(kept).collect()
}

fn values(name: &str, entry: &Entry) -> Vec<String> {
    entry.values.iter().map(|value| shown(name, value)).collect()
}

fn shown(name: &str, value: &Scalar) -> String {
    match value {
        Scalar::Text(text) if text.is_empty() => String::new(),
        Scalar::Text(_) if PRESENCE.contains(&name) => SET.to_owned(),
        // AEM decrypts protected values in any property, so one may stand in a listed one, too.
        Scalar::Text(text) if next_protected(text).is_some() => {
            SecretState::Protected.label().to_owned()
        }
        // A default in it may be long, and be cut, or hold what no report may show.
        Scalar::Text(text) => placeholder(text).unwrap_or_else(|| text::cut(text, VALUE_CHARS_MAX)),
        Scalar::Number(number) => number.to_string(),
        Scalar::Float(bits) => f32::from_bits(*bits).to_string(),
        Scalar::Double(bits) => f64::from_bits(*bits).to_string(),
        Scalar::Boolean(flag) => flag.to_string(),
    }
}

/// Returns what is known of each secret that is there, and of each that should be.
pub(super) fn secrets(
    wanted: Option<&Wanted>,
    dictionary: &Dictionary,
) -> BTreeMap<String, SecretState> {
    let needed = |name: &&str| wanted.is_some_and(|wanted| wanted.secrets.contains(name));
    SECRETS
        .iter()
        .filter(|name| needed(name) || dictionary.get(name).is_some())
        .map(|name| ((*name).to_owned(), dictionary.get(name).map_or(SecretState::Missing, state)))
        .collect()
}

/// Of several values the most exposed counts.
fn state(entry: &Entry) -> SecretState {
    let states = entry.values.iter().map(|value| match value {
        Scalar::Text(text) if text.is_empty() => SecretState::Missing,
        Scalar::Text(text) if next_protected(text).is_some_and(|(whole, _)| whole == **text) => {
            SecretState::Protected
        }
        // Resolved by a plugin when the component gets its values; the file keeps the mark for
        // good.
        Scalar::Text(text) if placeholders(text).next().is_some() => {
            let has_default = placeholders(text).any(has_plain_default);
            if has_default { SecretState::PlainDefault } else { SecretState::Interpolated }
        }
        Scalar::Text(text) if is_prefixed(text) => SecretState::Prefixed,
        Scalar::Text(text) if is_damaged(text) => SecretState::Damaged,
        Scalar::Text(text) if is_in_capitals(text) => SecretState::Unclear,
        _ => SecretState::Plain,
    });
    let exposure = |state: &SecretState| (*state == SecretState::Plain, *state);
    states.max_by_key(exposure).unwrap_or(SecretState::Missing)
}

/// Returns `true` if a placeholder has a default that is neither empty, nor a placeholder, nor encrypted: `secret:ims;default=p8e-…`.
fn has_plain_default(placeholder: &str) -> bool {
    let directives = placeholder.split(';').skip(1);
    let mut defaults = directives.filter_map(|directive| directive.trim().strip_prefix(DEFAULT));
    // One in a default may have a default of its own.
    let is_plain = |text: &str| !text.is_empty() && !text.starts_with("$[");
    defaults.any(|text| is_plain(text.trim_matches([' ', ']'])) && next_protected(text).is_none())
}

/// Returns `true` if a protected value stands after the type of a property, as content packages write it. (`{String}{hex}`)
fn is_prefixed(text: &str) -> bool {
    next_protected(text).is_some_and(|(whole, behind)| {
        let before = text.strip_suffix(behind).and_then(|text| text.strip_suffix(whole));
        // The plugin that decrypts does not take the prefix off, so the component gets the text as
        // it is.
        let name = before.and_then(|prefix| prefix.strip_prefix('{')?.strip_suffix('}'));
        behind.is_empty()
            && name.is_some_and(|name| !name.is_empty() && name.chars().all(char::is_alphabetic))
    })
}

/// Returns `true` for what would be a protected value if its digits were lower-case, as AEM and all tools for it write them.
fn is_in_capitals(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text != lower && next_protected(&lower).is_some_and(|(whole, _)| whole == lower)
}

/// Returns `true` for a protected value with something around it, without its braces, or cut off.
fn is_damaged(text: &str) -> bool {
    if next_protected(text).is_some() {
        return true;
    }
    // Templates and shells leave quotes, second braces and `%7B` for `{`.
    let (mut inner, mut braced) = (text, false);
    loop {
        let of_brace = |part: &&str| inner.starts_with(*part) || inner.ends_with(*part);
        braced |= BRACES.iter().any(of_brace);
        let rest = BRACES.iter().chain(&QUOTES).fold(inner, |rest, part| {
            let rest = rest.strip_prefix(part).unwrap_or(rest);
            rest.strip_suffix(part).unwrap_or(rest)
        });
        let rest = rest.trim();
        if rest == inner {
            break;
        }
        inner = rest;
    }
    // A console that shows no more than the beginning leaves `{0123...}`.
    let shown = ["...", "…"].iter().find_map(|dots| inner.strip_suffix(dots));
    let (digits, cut) = (shown.unwrap_or(inner), shown.is_some());
    let count = digits.len();
    let is_hex = count > 0 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    is_hex
        && match (braced, cut) {
            (true, true) => true,
            (true, false) => count >= BLOCK_DIGITS,
            _ => count >= PROTECTED_DIGITS_MIN && count.is_multiple_of(BLOCK_DIGITS),
        }
}

/// Protected values as facts, sorted, and each once as it is there.
type Protected = (Vec<ProtectedValue>, Vec<(Digest, Wiped)>);

/// Returns every protected value.
pub(super) fn protected(dictionary: &Dictionary) -> Result<Protected, ParseError> {
    let mut all = Vec::new();
    let mut texts = BTreeMap::new();
    for entry in dictionary.entries.values() {
        for value in &entry.values {
            let Scalar::Text(text) = value else { continue };
            for found in protected_values(text) {
                let (property, digest) = (property_name(entry), digest(found.as_bytes()));
                all.push(ProtectedValue { property, digest });
                texts.entry(digest).or_insert_with(|| Wiped::from(found.as_bytes()));
            }
        }
        if all.len() > PROTECTED_MAX {
            let problem = Problem::Limit(PROTECTED_MAX);
            return Err(ParseError { what: "protected values", offset: 0, problem });
        }
    }
    all.sort();
    all.dedup();
    Ok((all, texts.into_iter().collect()))
}

/// Returns the protected values in a text, as they stand there.
pub fn protected_values(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (found, behind) = next_protected(rest)?;
        rest = behind;
        Some(found)
    })
}

/// A name that is not on a line of its own may be what is left of a value.
fn property_name(entry: &Entry) -> String {
    if entry.garbled || next_protected(&entry.name).is_some() {
        return UNREADABLE_NAME.to_owned();
    }
    text::cut(&entry.name, VALUE_CHARS_MAX)
}

/// Finds the next `{…}` of at least 64 lower-case hexadecimal digits, in blocks of 32, and what follows it.
fn next_protected(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    while let Some((_, inner)) = rest.split_once('{') {
        // The digits of a protected value are lower-case. (`CryptoString` of the CONGA AEM plugin)
        let digits = inner.bytes().take_while(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).count();
        let closed = inner.get(digits..).and_then(|behind| behind.strip_prefix('}'));
        match closed {
            // Patterns such as `{0,date,…}` and `{Boolean}` are in braces, too.
            Some(behind)
                if digits >= PROTECTED_DIGITS_MIN && digits.is_multiple_of(BLOCK_DIGITS) =>
            {
                let start = text.len().checked_sub(inner.len())?.checked_sub(1)?;
                let end = text.len().checked_sub(behind.len())?;
                return Some((text.get(start..end)?, behind));
            }
            _ => rest = inner,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::grammar::{Generation, read as read_as};
    use super::*;

    fn read(bytes: &[u8]) -> Result<Dictionary, ParseError> {
        read_as(bytes, Generation::Blanks)
    }

    fn hex(blocks: usize) -> String {
        format!("{{{}}}", "0123456789abcdef0123456789abcdef".repeat(blocks))
    }

    #[test]
    fn protected_values_are_whole_blocks_in_braces() {
        let value = hex(2);
        assert_eq!(next_protected(&value), Some((value.as_str(), "")));
        let around = format!("{{x}}{}{{{value}!", hex(1));
        assert_eq!(next_protected(&around), Some((value.as_str(), "!")));
        let (upper, uneven, open) =
            (hex(2).to_uppercase(), hex(2).replace('{', "{0"), hex(2).replace('}', ""));
        for text in ["", "{", "{}", "{0,date}", &hex(1), &upper, &uneven, &open] {
            assert_eq!(next_protected(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_are_states() {
        let of = |value: &str| {
            let text = format!("smtp.password={value}\r\n");
            secrets(None, &read(text.as_bytes()).unwrap()).remove("smtp.password").unwrap()
        };
        assert_eq!(of("\"\""), SecretState::Missing);
        assert_eq!(of("\"hunter2\""), SecretState::Plain);
        assert_eq!(of(&format!("\"{}\"", hex(3))), SecretState::Protected);
        assert_eq!(of(&format!("\"{{String}}{}\"", hex(3))), SecretState::Prefixed);
        for text in ["$[secret:mail]", "$[env:M;default\\=]", "$[env:M;default\\=$[secret:m]]"] {
            assert_eq!(of(&format!("\"{text}\"")), SecretState::Interpolated, "{text}");
        }
        let default = format!("\"$[secret:mail;default\\={}]\"", hex(3));
        assert_eq!(of(&default), SecretState::Interpolated);
        for text in ["$[env:M;default\\=hunter2]", "$[env:M;default\\=$[env:N;default\\=hunter2]]"]
        {
            assert_eq!(of(&format!("\"{text}\"")), SecretState::PlainDefault, "{text}");
        }
        // The component gets these as they are.
        for text in ["$[secret:mail", "\\\\$[secret:mail]"] {
            assert_eq!(of(&format!("\"{text}\"")), SecretState::Plain, "{text}");
        }
        assert_eq!(of(&format!("[\"{}\",\"hunter2\"]", hex(2))), SecretState::Plain);
        assert_eq!(of("[]"), SecretState::Missing);
        assert_eq!(of(&format!("\"{}\"", hex(3).to_uppercase())), SecretState::Unclear);
        assert_eq!(of(&format!("\"{}\"", hex(3).replacen('a', "A", 1))), SecretState::Unclear);
    }

    #[test]
    fn what_is_left_of_a_protected_value_is_no_plain_text() {
        let state = |text: &str| {
            let values = vec![Scalar::Text(text.to_owned().into())];
            state(&Entry { values, ..read(b"a=\"1\"\r\n").unwrap().get("a").unwrap().clone() })
        };
        let (whole, bare) = (hex(3), hex(3).trim_matches(['{', '}']).to_owned());
        let damaged = [
            format!("{whole} "),
            format!(" {whole}"),
            format!("{whole}\n"),
            format!("'{whole}'"),
            format!("{{{whole}}}"),
            format!("x{whole}"),
            format!("{{String}} {whole}"),
            format!("%7B{bare}%7D"),
            format!("%7b{bare}%7d"),
            format!("{{{bare}"),
            format!("{bare}}}"),
            format!("{{{}}}", bare.get(2..).unwrap()),
            format!("{{{}...}}", bare.get(..3).unwrap()),
            bare,
        ];
        for text in damaged {
            assert_eq!(state(&text), SecretState::Damaged, "{text}");
        }
        // Nothing tells these from secrets of that form.
        for text in ["{abc}", "abc...", "{}", "{...}", "{{ secret }}", "%7B", &"0a".repeat(20)] {
            assert_eq!(state(text), SecretState::Plain, "{text}");
        }
    }

    #[test]
    fn secret_that_is_needed_and_not_there_is_missing() {
        let ims = wanted("x", Some(IMS_CUSTOMIZER));
        let states = secrets(ims, &read(b"a=\"1\"\r\n").unwrap());
        assert_eq!(states.get(IMS_CLIENT_SECRET), Some(&SecretState::Missing));
        assert_eq!(states.len(), 1);
    }

    #[test]
    fn names_that_may_be_left_of_a_value_are_not_kept() {
        // A value without quotes, or with an equals sign, leaves a part of itself as the name of the next
        // entry.
        let text = format!("a=\"1\"CANARY=\"{0}\"\r\nb=CANARY\r\nc=\"{0}\"\r\nd=[\"{0}\"]", hex(2));
        let (found, texts) = protected(&read(text.as_bytes()).unwrap()).unwrap();
        let names: Vec<_> = found.iter().map(|value| value.property.as_str()).collect();
        assert_eq!(names, [UNREADABLE_NAME, "d"]);
        let texts: Vec<_> = texts.iter().map(|(digest, text)| (*digest, text.as_slice())).collect();
        assert_eq!(texts, [(found[0].digest, hex(2).as_bytes())]);
    }
}
