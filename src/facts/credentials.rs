//! Addresses hold passwords: `http://user:secret@host/x.jar?token=…`. What may be one is cut out of every text that is kept.

use super::remembered::{Check, passes};
use std::borrow::Cow;

/// Stands for what was cut out.
const CUT: &str = "***";
/// What the name of a host follows, in URLs and in those that Windows wrote.
const AUTHORITIES: [&str; 2] = ["://", ":\\\\"];

/// Where files lie: in their paths an `@` is common.
const LOCAL: [&str; 9] = [
    "file:",
    "fileinstall:",
    "initial@reference:",
    "inputstream:",
    "jcrinstall:",
    "launchpad:",
    "reference:",
    "slinginstall:",
    "wrap:",
];
/// Parts of the names of what nobody must see, in capitals.
const SECRETS: [&str; 7] = ["PASS", "SECRET", "TOKEN", "PWD", "CREDENTIAL", "APIKEY", "PRIVATEKEY"];
/// The same where they are the last word of a name.
const LAST_WORDS: [&str; 5] = ["API", "AUTH", "PIN", "PW", "SIG"];

/// Returns a text that is one value without the user of its addresses, without their parameters, and without what is called a secret.
pub(super) fn without_credentials(text: &str) -> Cow<'_, str> {
    let ends = [parameters(text), secret(text)];
    let kept = ends
        .into_iter()
        .flatten()
        .min()
        .map_or(Cow::Borrowed(text), |end| format!("{}{CUT}", upto(text, end)).into());
    match without_user(&kept).or_else(|| without_bare_user(&kept)) {
        Some(without) => Cow::Owned(without),
        None => kept,
    }
}

/// Cuts credentials out of every word of a sentence; returns `true` if there are any.
pub(super) fn cut_credentials(sentence: &mut String) -> bool {
    let mut without = None;
    passes(Check::Sentence, sentence, || {
        without = cut(sentence);
        without.is_none()
    });
    let is_changed = without.is_some();
    *sentence = without.unwrap_or_else(|| std::mem::take(sentence));
    is_changed
}

/// Returns a sentence without the credentials in it; `None` where there are none.
fn cut(sentence: &str) -> Option<String> {
    let mut follows_secret = false;
    let words = sentence.split(' ').map(|word| {
        let is_value = std::mem::replace(&mut follows_secret, is_option_of_secret(word));
        if is_value { CUT.into() } else { without_credentials(word) }
    });
    let words: Vec<Cow<'_, str>> = words.collect();
    let is_cut = words.iter().any(|word| matches!(word, Cow::Owned(_)) || word == CUT);
    is_cut.then(|| words.join(" ")).filter(|without| without != sentence)
}

/// Returns `true` if what has this name may be a secret: a variable, a property, an option.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let last = name.rsplit(['_', '.', '-']).next().unwrap_or_default();
    mentions_secret(&name) || last.ends_with("KEY") || LAST_WORDS.contains(&last)
}

/// Returns `true` if a word for a secret stands anywhere in a text.
pub(super) fn mentions_secret(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    SECRETS.iter().any(|part| text.contains(part))
}

/// Returns `true` if a word is an option whose value is the next word.
fn is_option_of_secret(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'']);
    word.starts_with('-') && word.bytes().all(is_of_name) && is_secret(word)
}

/// Returns where the parameters of an address begin, or the next assignment. What they are called does not matter: any of them may be a
/// token. Looks at every byte twice at most: no sign that a name follows is a part of one.
fn parameters(text: &str) -> Option<usize> {
    let is_address = AUTHORITIES.iter().any(|mark| text.contains(mark));
    let begins = |(at, mark): (usize, &str)| {
        let behind = at.saturating_add(mark.len());
        let rest = text.get(behind..)?;
        let is_query = is_address && mark == "?";
        // What was cut out before is not cut again: facts pass here each time they are read.
        let is_cut = rest.is_empty() || rest == CUT;
        (!is_cut && (is_query || is_assignment(rest))).then_some(behind)
    };
    let marks = |c: char| "?&;#,|\"'".contains(c) || c.is_whitespace();
    text.match_indices(marks).find_map(begins)
}

/// Returns `true` if a name and an equals sign come first.
fn is_assignment(text: &str) -> bool {
    let end = text.bytes().position(|b| !is_of_name(b) && b != b'%');
    end.is_some_and(|end| end > 0 && text.as_bytes().get(end) == Some(&b'='))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-".contains(&byte)
}

/// Returns where the value begins of what is called a secret: `AccountKey=…`, `"password":"…"`, `--password …`.
fn secret(text: &str) -> Option<usize> {
    let (mut start, mut end) = (0_usize, 0_usize);
    for (at, byte) in text.bytes().enumerate() {
        let behind = at.saturating_add(1);
        if is_of_name(byte) {
            start = if end == at { start } else { at };
            end = behind;
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let escaped = rest.get(..3).is_some_and(|sign| {
            ["%3A", "%3D"].iter().any(|known| known.eq_ignore_ascii_case(sign))
        });
        let value = if escaped { at.saturating_add(3) } else { behind };
        let has_value = || text.get(value..).is_some_and(|rest| !rest.is_empty() && rest != CUT);
        let name = || text.get(start..at).unwrap_or_default();
        let is_name = match byte {
            _ if end != at => false,
            b'=' | b':' => is_secret(name()),
            b' ' | b'\t' => names_value(name()),
            _ => escaped && is_secret(name()),
        };
        if is_name && has_value() {
            return Some(value);
        }
        // The quotes around a name do not end it.
        if matches!(byte, b'"' | b'\'') && end == at && start < at {
            let quoted = name();
            let colon = text.get(behind..).is_some_and(|rest| rest.starts_with([':', '=']));
            if colon && is_secret(quoted) {
                return Some(behind.saturating_add(1));
            }
        }
    }
    None
}

/// Returns `true` if a blank parts a name from its value: `--password x`, `pass x`.
fn names_value(name: &str) -> bool {
    let is_word = ["pass", "password", "passwd", "pwd", "secret", "token"];
    name.starts_with('-') && is_secret(name)
        || is_word.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// Cuts out what is before the host. A password may hold any sign, so all up to the last `@` may belong to it, unless no colon
/// comes before that: `@` is common in paths.
fn without_user(text: &str) -> Option<String> {
    let starts = AUTHORITIES.iter().flat_map(|mark| text.match_indices(mark));
    // `file:///` has no host.
    let mut starts: Vec<usize> = starts.map(|(at, mark)| at.saturating_add(mark.len())).collect();
    starts.sort_unstable();
    let last = text.rfind('@');
    let colon = last.and_then(|last| upto(text, last).rfind(':'));
    starts.into_iter().find_map(|start| {
        let rest = text.get(start..)?;
        let host = upto(rest, rest.find(['/', '\\']).unwrap_or(rest.len()));
        if host.is_empty() {
            return None;
        }
        let last = last.filter(|last| *last >= start && colon.is_some_and(|colon| colon >= start));
        let end = last.or_else(|| host.rfind('@').map(|at| start.saturating_add(at)))?;
        Some(format!("{}{CUT}{}", upto(text, start), text.get(end..)?))
    })
}

/// Cuts out a user and a password that follow no `://`: `u:secret@host:/x`, `jdbc:oracle:thin:u/secret@host`, `http%3A%2F%2Fu%3A…`.
fn without_bare_user(text: &str) -> Option<String> {
    let is_drive = text.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/");
    let is_local = is_drive || LOCAL.iter().any(|scheme| text.starts_with(scheme));
    if is_local || AUTHORITIES.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let end = text.rfind('@').or_else(|| text.rfind("%40"))?;
    let before = upto(text, end);
    let has_parts = before.contains(':') || before.contains("%3A") || before.contains("%3a");
    (has_parts && !before.ends_with(CUT))
        .then(|| format!("{CUT}{}", text.get(end..).unwrap_or_default()))
}

fn upto(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_parameters_are_cut_out() {
        for (text, kept) in [
            ("http://user:secret@host/x.jar", "http://***@host/x.jar"),
            ("http://secret@host/x.jar", "http://***@host/x.jar"),
            ("https://user:se/cr@et@host:8443/x.jar", "https://***@host:8443/x.jar"),
            ("mongodb://u:secret@h1:27017,h2:27017/aem", "mongodb://***@h1:27017,h2:27017/aem"),
            ("mongodb+srv://u:secret@h/aem?authSource=admin", "mongodb+srv://***@h/aem?***"),
            ("jar:http://u:secret@host/x.jar!/y.jar", "jar:http://***@host/x.jar!/y.jar"),
            ("file:///a, http://u:secret@host/b", "file:///a, http://***@host/b"),
            ("http://a:secret@b,http://c:secret@d", "http://***@d"),
            ("http:\\\\u:secret@host\\x.jar", "http:\\\\***@host\\x.jar"),
            ("http://host/x.jar?token=secret", "http://host/x.jar?***"),
            ("http://host/x.jar?secret", "http://host/x.jar?***"),
            ("http://host/x.jar#secret", "http://host/x.jar#secret"),
            ("http://host/x.jar#token=secret", "http://host/x.jar#***"),
            ("http://host/x.jar;jsessionid=secret?y=1", "http://host/x.jar;***"),
            ("launchpad:x.jar?a=1&password=secret", "launchpad:x.jar?***"),
            ("x&password=secret", "x&***"),
            ("/opt/keys,-Djavax.net.ssl.keyStorePassword=secret", "/opt/keys,***"),
            ("/opt/keys|-Dpassword=secret", "/opt/keys|***"),
            ("/opt/keys -Dx=secret", "/opt/keys ***"),
            ("C:\\keys','-Dpassword=secret'", "C:\\keys','***"),
            ("/opt/keys\",\"X\":\"-Dx=secret\"}", "/opt/keys\",\"X\":\"***"),
            ("/opt --keystorepass secret", "/opt --keystorepass ***"),
            ("/opt -Dmongo.password secret", "/opt -Dmongo.password ***"),
            ("/opt/x pass secret", "/opt/x pass ***"),
            ("password:secret", "password:***"),
            ("{\"password\":\"secret\"}", "{\"password\":***"),
            ("x?password%3Dsecret", "x?password%3D***"),
            ("AccountKey=secret", "AccountKey=***"),
            ("jdbc:oracle:thin:u/secret@host", "***@host"),
            ("//u:secret@host/share", "***@host/share"),
            ("u:secret@host:/x", "***@host:/x"),
            ("mongodb:/u:secret@h", "***@h"),
            ("http:/u:secret@h/x", "***@h/x"),
            ("http%3A%2F%2Fu%3Asecret%40h", "***%40h"),
        ] {
            assert_eq!(without_credentials(text), kept, "{text}");
            assert_eq!(without_credentials(kept), kept, "{kept}");
        }
    }

    #[test]
    fn what_is_no_credential_stays() {
        for text in [
            "",
            "slinginstall:C:\\aem @ home\\x.jar",
            "file:///C:/aem/x@1.jar",
            "file:/opt/aem@prod/a:b@c.jar",
            "jcrinstall:/apps/@scope/x.jar",
            "http://host:4502/apps/x.jar",
            "http://host/@scope/x.jar",
            "reference:file:/a%20b/x+y~1.jar",
            "wrap:mvn:a/b/1.0$Bundle-Version=1",
            "what?.jar",
            "${sling.home}/../keys",
            "C:/aem@prod/keys",
            "jcrinstall:/apps/token/install/passwords-1.0.jar",
            "givenName=profile/givenName",
            "com.x.token.secret",
        ] {
            assert_eq!(without_credentials(text), text);
        }
    }

    #[test]
    fn every_word_of_a_sentence_is_looked_at() {
        let mut text =
            "mongodb://u:secret@h is down; ask http://h/?token=secret or jane@h".to_owned();
        cut_credentials(&mut text);
        assert_eq!(text, "mongodb://***@h is down; ask http://h/?*** or jane@h");
        for (text, cut) in [
            ("runs x --password secret and y", "runs x --password *** and y"),
            ("is u:secret@h, not x", "is ***@h, not x"),
            ("says password:secret", "says password:***"),
            ("the token: it is not read", "the token: it is not read"),
            ("has a secret and a key file", "has a secret and a key file"),
        ] {
            let mut text = text.to_owned();
            cut_credentials(&mut text);
            assert_eq!(text, cut);
        }
    }

    #[test]
    fn long_texts_take_one_pass() {
        for part in [
            ";a",
            "://",
            "&a=",
            "a@",
            ":/@:",
            "?",
            "password",
            "a:",
            "\"",
            "-D",
            "%40",
            ",aaaaaaaaaaaaaaaa",
        ] {
            let text = part.repeat(400_000 / part.len());
            let start = std::time::Instant::now();
            let kept = without_credentials(&text).len();
            assert!(kept <= text.len().saturating_add(CUT.len()));
            assert!(start.elapsed().as_secs() < 5, "{part}");
        }
    }

    #[test]
    fn names_of_secrets_are_told() {
        for name in [
            "DB_PASSWORD",
            "DBKEY",
            "API",
            "ms.secret",
            "-Dmongo.password",
            "AccountKey",
            "sig",
            "x.api",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "KEYDIR",
            "KEYS_PATH",
            "com.adobe.granite.crypto.keys.path",
            "JAVA_OPTS",
            "APISERVER",
            "PORT",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
