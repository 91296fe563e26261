//! Whether the name of an exception stands where one is thrown, or is quoted: in the path of a request, the title of a page, a search.

use super::prefix;

/// How an exception stands in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thrown {
    /// As a stack trace has it, which counts at any level.
    InTrace,
    /// With its package, in a message.
    InMessage,
}

/// Returns how an exception stands there, by what is before it in its line; `is_whole` says that this is all that is before it.
pub(super) fn how(before: &[u8], is_whole: bool) -> Option<Thrown> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._$".contains(byte);
    let name = before.iter().rev().take_while(|byte| is_of_name(byte)).count();
    let (head, package) = before.split_at_checked(before.len().checked_sub(name)?)?;
    if !package.is_empty() && !package.ends_with(b".") {
        return None;
    }
    // In JSON, lines of a trace end with `\n`, of which the letter looks like one of the package.
    let is_trace = is_whole && prefix::is_start_of_line(head)
        || [&b"Caused by: "[..], b"Suppressed: ", b"at ", b"\\"]
            .iter()
            .any(|end| head.ends_with(end));
    if is_trace {
        return Some(Thrown::InTrace);
    }
    (!package.is_empty() && !is_quoted(head)).then_some(Thrown::InMessage)
}

/// Returns `true` if what follows is in a path, a query or in quotes. A value of JSON is in quotes, too, behind a colon.
fn is_quoted(head: &[u8]) -> bool {
    match head.last() {
        Some(b'"') => {
            let is_around = |byte: &u8| matches!(byte, b'"' | b'\\' | b' ');
            let before = head.iter().rev().find(|byte| !is_around(byte));
            before != Some(&b':')
        }
        Some(byte) => b"/?&%'`".contains(byte),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exception_of_a_trace_counts_at_any_level() {
        for before in [
            "com.adobe.granite.crypto.",
            "",
            "Caused by: com.adobe.granite.crypto.",
            "java.lang.SecurityException: x\\nCaused by: com.adobe.granite.crypto.",
            "{\"stack\":\"x\\ncom.adobe.granite.crypto.",
            "\tat com.adobe.granite.keystore.internal.",
            "[pod/a/b] com.adobe.granite.crypto.",
        ] {
            assert_eq!(how(before.as_bytes(), true), Some(Thrown::InTrace), "{before}");
        }
    }

    #[test]
    fn exception_in_a_message_has_its_package() {
        for before in [
            "java.lang.SecurityException: com.adobe.granite.crypto.",
            "*ERROR* [x] a.B failed (com.adobe.granite.crypto.",
            "{\"exception\": \"com.adobe.granite.crypto.",
        ] {
            assert_eq!(how(before.as_bytes(), true), Some(Thrown::InMessage), "{before}");
        }
        assert_eq!(how(b"com.adobe.", false), Some(Thrown::InMessage));
    }

    #[test]
    fn exception_that_is_quoted_is_none() {
        for before in [
            "*INFO* [x] a.B Indexed page title=\"",
            "*INFO* [x] a.B Indexed page title=\"com.adobe.granite.crypto.",
            "*INFO* [10.0.0.1 [1] GET /content/docs/",
            "*INFO* [10.0.0.1 [1] GET /content/docs/a.",
            "*WARN* [x] a.B see '",
            "uses ",
            "com.acme.My",
        ] {
            assert_eq!(how(before.as_bytes(), true), None, "{before}");
        }
    }
}
