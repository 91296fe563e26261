//! What others write before a line of a log: Docker, Kubernetes, syslog, and the colours of a terminal.

use super::time;
use crate::facts::LogTime;
use std::borrow::Cow;

/// So far into a line a prefix reaches.
const PREFIX_BYTES: usize = 256;
/// Prefixes of one line, at most: Docker Compose writes one before that of syslog.
const PREFIXES_MAX: usize = 4;

/// Returns `true` if nothing but what others write is before a place in a line.
pub(super) fn is_start_of_line(before: &[u8]) -> bool {
    let before = without_colors(before);
    let (rest, _) = without_prefix(&before);
    // As Docker's log driver `json-file` begins a line.
    matches!(rest, b"" | b"{\"log\":\"" | b"{\"log\": \"")
}

/// Leaves out what switches the colours of a terminal, as it is or as JSON has it.
pub(super) fn without_colors(text: &[u8]) -> Cow<'_, [u8]> {
    const ESCAPES: [&[u8]; 3] = [b"\x1b[", b"\\u001b[", b"\\u001B["];
    if memchr::memchr2(b'\x1b', b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let (mut left, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, behind)) = rest.split_first() {
        let code = ESCAPES.iter().find_map(|escape| rest.strip_prefix(*escape));
        if let Some(code) = code {
            let end = code.iter().position(u8::is_ascii_alphabetic).unwrap_or(code.len());
            rest = code.get(end.saturating_add(1)..).unwrap_or_default();
        } else {
            left.push(*first);
            rest = behind;
        }
    }
    Cow::Owned(left)
}

/// Returns a line without what others write before it, and the time that they say.
pub(super) fn without_prefix(line: &[u8]) -> (&[u8], Option<LogTime>) {
    let (mut rest, mut outer) = (line, None);
    for _ in 0..PREFIXES_MAX {
        let plain = of_kubectl(rest).or_else(|| of_compose(rest)).or_else(|| of_syslog(rest));
        let stamped = || of_runtime(rest).map(|(behind, time)| (behind, Some(time)));
        let Some((behind, time)) = plain.map(|behind| (behind, None)).or_else(stamped) else {
            break;
        };
        (rest, outer) = (behind, time.or(outer));
    }
    (rest, outer)
}

/// `[pod/aem-publish-0/aem] `, as `kubectl logs --prefix` writes it.
fn of_kubectl(line: &[u8]) -> Option<&[u8]> {
    let inner = line.strip_prefix(b"[")?;
    let end = inner.iter().take(PREFIX_BYTES).position(|byte| *byte == b']')?;
    let name = inner.get(..end)?;
    let is_name = name.contains(&b'/') && !name.contains(&b' ') && time::read(name).is_none();
    inner.get(end..)?.strip_prefix(b"] ").filter(|_| is_name)
}

/// `aem-publish-1  | `, as Docker Compose writes it.
fn of_compose(line: &[u8]) -> Option<&[u8]> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    // Names are of any colour.
    let end = line.iter().take(PREFIX_BYTES).position(|byte| !is_of_name(byte))?;
    let behind = line.get(end..).filter(|_| end > 0)?;
    let bar = behind.iter().take(PREFIX_BYTES).position(|byte| *byte != b' ')?;
    let behind = behind.get(bar..)?.strip_prefix(b"|")?;
    Some(behind.strip_prefix(b" ").unwrap_or(behind)).filter(|_| bar > 0)
}

/// `Nov 28 10:00:01 host aem[1234]: `
fn of_syslog(line: &[u8]) -> Option<&[u8]> {
    let behind = time::behind_time_of_syslog(behind_priority(line))?;
    behind_program(behind, |tag| tag.ends_with(b":"))
}

/// `<13>`, which syslog writes first where it sends a line.
fn behind_priority(line: &[u8]) -> &[u8] {
    let read = || {
        let inner = line.strip_prefix(b"<")?;
        let end = inner.iter().take(4).position(|byte| *byte == b'>')?;
        inner.get(end.saturating_add(1)..)
    };
    read().unwrap_or(line)
}

/// Passes over the name of a host and that of a program.
fn behind_program(line: &[u8], is_tag: fn(&[u8]) -> bool) -> Option<&[u8]> {
    let mut words = line.get(..PREFIX_BYTES).unwrap_or(line).split(|byte| *byte == b' ');
    let (host, tag) = (words.next()?, words.next().filter(|tag| is_tag(tag))?);
    let bytes = host.len().saturating_add(tag.len()).saturating_add(2);
    line.get(bytes..).or(Some(&[]))
}

/// `2025-11-28T10:00:01.123456789Z stdout F `, as the runtime of a container writes it, `kubectl logs --timestamps` without the words, or
/// `2025-11-28T10:00:01+0100 host aem[1234]: ` of `journalctl -o short-iso`.
fn of_runtime(line: &[u8]) -> Option<(&[u8], LogTime)> {
    let stamp = time::read(line)?;
    let is_of_zone = |byte: &u8| byte.is_ascii_digit() || b"+-:Z".contains(byte);
    let zone = stamp.rest.iter().take_while(|byte| is_of_zone(byte)).count();
    let behind = stamp.rest.get(zone..)?.strip_prefix(b" ")?;
    let streams: [&[u8]; 4] = [b"stdout F ", b"stderr F ", b"stdout P ", b"stderr P "];
    let of_stream = || streams.iter().find_map(|stream| behind.strip_prefix(*stream));
    let is_numbered = |tag: &[u8]| tag.ends_with(b"]:");
    let of_program = || behind_program(behind, is_numbered);
    // AEM writes milliseconds, and the runtime of a container nanoseconds.
    let is_fine = stamp.fraction_digits > 3 && zone > 0;
    let rest = of_stream().or_else(of_program).or_else(|| is_fine.then_some(behind))?;
    Some((rest, stamp.time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_begins_behind_what_others_write() {
        for before in ["", "[pod/a/b] ", "aem-1  | ", "{\"log\":\"", "Jul 19 17:00:53 p aem[1]: "] {
            assert!(is_start_of_line(before.as_bytes()), "{before}");
        }
        for before in ["x", "GET /x?q=", "[1.2.3.4 [1] GET /x?q=", "{\"x\":\""] {
            assert!(!is_start_of_line(before.as_bytes()), "{before}");
        }
    }
}
