//! Addresses hold passwords: `http://user:secret@host/x.jar?token=…`. What may be one is cut out of every text that is kept.

use std::borrow::Cow;

/// Stands for what was cut out.
const CUT: &str = "***";
/// What the name of a host follows, in URLs and in those that Windows wrote.
const AUTHORITIES: [&str; 2] = ["://", ":\\\\"];

/// Returns a text that is one value without the user of its addresses and without their parameters.
pub(super) fn without_credentials(text: &str) -> Cow<'_, str> {
    let kept = parameters(text)
        .map_or(Cow::Borrowed(text), |end| format!("{}{CUT}", upto(text, end)).into());
    match without_user(&kept) {
        Some(without) => Cow::Owned(without),
        None => kept,
    }
}

/// Cuts credentials out of every word of a sentence.
pub(super) fn cut_credentials(sentence: &mut String) {
    if !AUTHORITIES.iter().any(|mark| sentence.contains(mark)) {
        return;
    }
    let words: Vec<Cow<'_, str>> = sentence.split(' ').map(without_credentials).collect();
    *sentence = words.join(" ");
}

/// Returns where the parameters of an address begin. What they are called does not matter: any of them may be a token.
fn parameters(text: &str) -> Option<usize> {
    let is_address = AUTHORITIES.iter().any(|mark| text.contains(mark));
    let begins = |(at, mark): (usize, &str)| {
        let behind = at.saturating_add(mark.len());
        let rest = text.get(behind..)?;
        let is_query = is_address && mark == "?";
        let is_cut = rest.is_empty() || rest == CUT;
        (!is_cut && (is_query || is_assignment(rest))).then_some(behind)
    };
    text.match_indices(['?', '&', ';', '#']).find_map(begins)
}

/// Returns `true` if a name and an equals sign come first.
fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-%".contains(&b))
    })
}

/// Cuts out what stands before the host. A password may hold any sign, so all up to the last `@` may belong to it, unless no colon
/// comes before that: `@` is common in paths.
fn without_user(text: &str) -> Option<String> {
    let starts = AUTHORITIES.iter().flat_map(|mark| text.match_indices(mark));
    // `file:///` has no host.
    let mut starts: Vec<usize> = starts.map(|(at, mark)| at.saturating_add(mark.len())).collect();
    starts.sort_unstable();
    starts.into_iter().find_map(|start| {
        let rest = text.get(start..)?;
        let host = upto(rest, rest.find(['/', '\\']).unwrap_or(rest.len()));
        if host.is_empty() {
            return None;
        }
        let last = rest.rfind('@').filter(|last| upto(rest, *last).contains(':'));
        let end = last.or_else(|| host.rfind('@'))?;
        Some(format!("{}{CUT}{}", upto(text, start), rest.get(end..)?))
    })
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
    }
}
