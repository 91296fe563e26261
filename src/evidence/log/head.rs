//! How a line of a log begins: whether it is a record of its own, when it was written, and at which level.

use super::prefix::{without_colors, without_prefix};
use super::time;
use crate::facts::LogTime;
use memchr::memmem;

/// So many bytes of a line tell, unless it is JSON: a pattern has the time first, or behind little else.
const HEAD_BYTES: usize = 256;
/// How far into a line of JSON its time and its level are looked for: they may be behind a stack trace.
pub(super) const JSON_BYTES: usize = 16 << 10;
/// Words and brackets before the time, at most.
const BEFORE_TIME_MAX: usize = 4;
/// Words among which a level is looked for.
const WORDS_MAX: usize = 8;

/// Levels, and whether they are of what is no trouble.
const LEVELS: [(&str, bool); 12] = [
    ("ERROR", false),
    ("WARN", false),
    ("INFO", true),
    ("DEBUG", true),
    ("TRACE", true),
    ("WARNING", false),
    ("SEVERE", false),
    ("FATAL", false),
    ("FINE", true),
    ("FINER", true),
    ("FINEST", true),
    ("VERBOSE", true),
];

/// The beginning of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// When it was written; `None` where that is in no form that is known.
    pub(super) time: Option<LogTime>,
    /// Its level is one of what is no trouble: information, or less.
    pub(super) is_quiet: bool,
}

/// Reads how a line begins. Lines that continue a record, as those of a stack trace do, begin with none.
pub(super) fn read(line: &[u8]) -> Option<Head> {
    // Times have colons, and levels without one have asterisks. All lines of a log without times are looked at.
    memchr::memchr2(b':', b'*', first_line(line, HEAD_BYTES))?;
    let line = first_line(line, JSON_BYTES);
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let (rest, outer) = without_prefix(line);
    if rest.first() == Some(&b'{') {
        return of_json(rest);
    }
    let head = without_colors(rest.get(..HEAD_BYTES).unwrap_or(rest));
    of_text(&head, outer)
}

fn first_line(line: &[u8], bytes_max: usize) -> &[u8] {
    let line = line.get(..bytes_max).unwrap_or(line);
    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
    line.get(..end).unwrap_or(line)
}

/// Reads the start of a line in the pattern of a log.
fn of_text(text: &[u8], outer: Option<LogTime>) -> Option<Head> {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    // In JSON, blanks that begin a line are escaped.
    if text.first().is_none_or(is_blank) || text.starts_with(b"\\t") || text.starts_with(b"\\n") {
        return None;
    }
    let (mut rest, mut level) = (text, None);
    for _ in 0..BEFORE_TIME_MAX {
        let inner = rest.trim_ascii_start();
        let inner = inner.strip_prefix(b"[").or(inner.strip_prefix(b"(")).unwrap_or(inner);
        if let Some(stamp) = time::read(inner) {
            let is_quiet = level.or_else(|| level_among(stamp.rest)).unwrap_or_default();
            return Some(Head { time: Some(stamp.time), is_quiet });
        }
        // `*ERROR* 28.11.2025 …`, or `[qtp-1] 28.11.2025 …`
        let Some((word, behind)) = first_word(rest) else { break };
        let known = level_of(word);
        if known.is_none() && !rest.starts_with(b"[") {
            break;
        }
        (rest, level) = (behind.trim_ascii_start(), level.or(known));
    }
    let is_record = has_clock(text) || is_marked(text);
    let level = level.or_else(|| level_among(text)).filter(|_| is_record)?;
    Some(Head { time: outer, is_quiet: level })
}

/// Splits off the first word, or what is in brackets.
fn first_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = if text.starts_with(b"[") {
        text.iter().position(|byte| *byte == b']')?.saturating_add(1)
    } else {
        text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len())
    };
    let (word, mut behind) = text.split_at_checked(end)?;
    // AEM pads the level within its asterisks.
    if word.starts_with(b"*") && !word.get(1..)?.ends_with(b"*") {
        behind = behind.trim_ascii_start().strip_prefix(b"*")?;
    }
    (!word.is_empty()).then_some((word, behind))
}

/// Returns whether a word is of a level of what is no trouble, if it is one of a level.
fn level_of(word: &[u8]) -> Option<bool> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric();
    let from = word.iter().position(is_letter)?;
    let to = word.iter().rposition(is_letter)?.saturating_add(1);
    let name = word.get(from..to)?;
    LEVELS.iter().find(|(level, _)| level.as_bytes() == name).map(|(_, is_quiet)| *is_quiet)
}

fn level_among(text: &[u8]) -> Option<bool> {
    let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.take(WORDS_MAX).find_map(level_of)
}

/// Returns `true` if there is a time of day, in whatever form the day is.
fn has_clock(text: &[u8]) -> bool {
    text.windows(5).any(|part| match part {
        [a, b, b':', c, d] => [a, b, c, d].into_iter().all(u8::is_ascii_digit),
        _ => false,
    })
}

/// Returns `true` if a level is marked as AEM does it: `*ERROR*`
fn is_marked(text: &[u8]) -> bool {
    let words = text.split(u8::is_ascii_whitespace).take(WORDS_MAX);
    words.filter(|word| word.starts_with(b"*")).any(|word| level_of(word).is_some())
}

/// Reads a line of JSON. Without a time it is one that is part of a message.
fn of_json(line: &[u8]) -> Option<Head> {
    // Docker's log driver `json-file` has the line of the log in a string.
    if let Some(content) = behind_key(line, b"log").and_then(|text| text.strip_prefix(b"\"")) {
        let head = content.get(..HEAD_BYTES).unwrap_or(content);
        let outer = time_in(line);
        return if content.starts_with(b"{") {
            of_object(&unescaped(content))
        } else {
            of_text(&without_colors(head), outer)
        };
    }
    of_object(line)
}

fn of_object(line: &[u8]) -> Option<Head> {
    let time = Some(time_in(line)?);
    let levels = [&b"level"[..], b"log.level", b"severity", b"levelname"];
    let level = levels.into_iter().find_map(|key| behind_key(line, key)).map(|text| {
        let word = text.strip_prefix(b"\"").unwrap_or(text);
        let end = word.iter().position(|byte| *byte == b'"').unwrap_or_default();
        level_of(&word.get(..end).unwrap_or_default().to_ascii_uppercase()).unwrap_or_default()
    });
    Some(Head { time, is_quiet: level.unwrap_or_default() })
}

/// Returns what is behind a key and its colon.
fn behind_key<'l>(line: &'l [u8], key: &[u8]) -> Option<&'l [u8]> {
    let quoted = [b"\"", key, b"\":"].concat();
    let at = memmem::find(line, &quoted)?.checked_add(quoted.len())?;
    line.get(at..).map(<[u8]>::trim_ascii_start)
}

/// Returns the first time that a string of JSON begins with.
fn time_in(line: &[u8]) -> Option<LogTime> {
    let mut quotes = memchr::memchr_iter(b'"', line);
    quotes.find_map(|at| {
        // A quote in a string may begin a text of any kind.
        let is_escaped = at.checked_sub(1).and_then(|at| line.get(at)) == Some(&b'\\');
        let text = line.get(at.saturating_add(1)..).filter(|_| !is_escaped)?;
        time::read(text).map(|stamp| stamp.time)
    })
}

/// Returns a string of JSON up to its end, with the quotes in it as they were.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut plain, mut bytes) = (Vec::new(), text.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => plain.extend(bytes.next()),
            other => plain.push(*other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(String, bool)> {
        let head = read(line.as_bytes())?;
        Some((head.time.map_or("-".to_owned(), |time| time.to_string()), head.is_quiet))
    }

    const RECORD: &str = "19.07.2025 19:00:52.176 *ERROR* [x] y";

    #[test]
    fn time_is_found_behind_what_others_write() {
        let loud = told(RECORD);
        assert_eq!(loud, Some(("2025-07-19 19:00:52".to_owned(), false)));
        for line in [
            "2025-07-19 19:00:52.176 ERROR [x] y",
            "[19.07.2025 19:00:52.176] *ERROR* [x] y",
            "19.07.2025 19:00:52 *ERROR * [x] y",
            "*ERROR* 19.07.2025 19:00:52.176 [x] y",
            "*WARN * [x] 19.07.2025 19:00:52.176 y",
            "[ERROR] [2025-07-19T19:00:52.176] y",
            "[pod/aem-publish-0/aem] 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "aem-publish-1  | 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "Jul 19 17:00:53 pub2 aem[1234]: 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "<13>Jul  9 17:00:53 pub2 aem: 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "2025-07-19T17:00:53.123456789Z stdout F 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "2025-07-19T17:00:53.123456789Z 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "2025-07-19T17:00:53+0000 pub2 aem[12]: 19.07.2025 19:00:52.176 *ERROR* [x] y",
            "\u{1b}[31m19.07.2025 19:00:52.176\u{1b}[0m \u{1b}[1mERROR\u{1b}[0m [x] y",
            "\u{feff}19.07.2025 19:00:52.176 *ERROR* [x] y",
            "{\"log\":\"19.07.2025 19:00:52.176 *WARN* [x] y\\n\",\"stream\":\"stdout\"}",
            "{\"log\":\"\\u001b[31m19.07.2025 19:00:52.176 *WARN* [x] y\\n\",\"stream\":\"stdout\"}",
            "{\"level\":\"WARN\",\"@timestamp\":\"2025-07-19T19:00:52.176Z\"}",
            "{\"log\":\"{\\\"level\\\":\\\"WARN\\\",\\\"t\\\":\\\"2025-07-19T19:00:52.176Z\\\"}\\n\"}",
        ] {
            assert_eq!(told(line), loud, "{line}");
        }
        let last = format!(
            "{{\"level\":\"ERROR\",\"stack\":\"{}\",\"time\":\"2025-07-19 19:00:52\"}}",
            "x".repeat(9000)
        );
        assert_eq!(told(&last), loud);
    }

    #[test]
    fn level_tells_what_is_no_trouble() {
        let quiet = |line: &str| told(line).is_some_and(|(_, is_quiet)| is_quiet);
        for line in [
            "19.07.2025 19:00:52.176 *INFO* [x] y",
            "19.07.2025 19:00:52.176 *INFO * [x] y",
            "2025-07-19 19:00:52.176 [main] DEBUG a.B - y",
            "[DEBUG] 2025-07-19 19:00:52.176 a.B - y",
            "{\"level\": \"info\",\"time\":\"2025-07-19T19:00:52.176Z\"}",
            "19. Juli 2025 19:00:52 *INFO* [x] y",
        ] {
            assert!(quiet(line), "{line}");
        }
        assert!(!quiet("19.07.2025 19:00:52.176 a.B y"));
        assert!(!quiet("19.07.2025 19:00:52.176 *WARN* [INFO] y"));
    }

    #[test]
    fn record_of_an_unknown_time_is_one_of_its_own() {
        let untimed = Some(("-".to_owned(), false));
        for line in [
            "19. Juli 2025 19:00:52 *ERROR* [x] y",
            "07/19/2025 19:00:52 ERROR y",
            "19:00:52.176 [main] ERROR a.B - y",
            "*ERROR* [x] y",
            "Jul 19 17:00:53 pub2 aem[1234]: *ERROR* [x] y",
        ] {
            assert_eq!(told(line), untimed, "{line}");
        }
        let outer = "2025-07-19T17:00:53.123456789Z stdout F *ERROR* [x] y";
        assert_eq!(told(outer), Some(("2025-07-19 17:00:53".to_owned(), false)));
    }

    #[test]
    fn line_that_continues_a_record_is_none() {
        for line in [
            "",
            "\tat a.b.C(D.java:1)",
            "\tat 19.07.2025 19:00:52.176",
            "  19.07.2025 19:00:52.176",
            "Caused by: a.B: ERROR: no such table",
            "com.adobe.granite.crypto.CryptoException: Cannot convert byte data",
            "[pod/aem-publish-0/aem] \tat a.b.C(D.java:1)",
            "[pod/aem-publish-0/aem] a.B: c",
            "aem-publish-1  | \tat a.b.C(D.java:1)",
            "Jul 19 17:00:53 pub2 aem[1234]: a.B: c",
            "2025-07-19T17:00:53.123456789Z stderr F \tat a.b.C(D.java:1)",
            "{\"log\":\"\\tat a.b.C(D.java:1)\\n\",\"time\":\"2025-07-19T17:00:53.123456789Z\"}",
            "{\"error\":\"invalid_client\"}",
            "{",
            "{\"a\":1\n\"19.07.2025 19:00:52.176",
            "{\"a\":\"b \\\"19.07.2025 19:00:52.176\\\"\"}",
            "SEVERE: x",
        ] {
            assert_eq!(told(line), None, "{line}");
        }
    }
}
