//! Values in an export of the registry of Windows (`.reg`) that are text, and are written as bytes.
//!
//! `reg export` writes a plain text in quotes, and one of several lines or with variables in hex: Procrun keeps the options of a JVM as
//! `"Options"=hex(7):2d,00,58,00,…`, in UTF-16, with a zero behind each.

/// The types of values that are text: `REG_SZ`, `REG_EXPAND_SZ` and `REG_MULTI_SZ`.
const TEXTS: [&str; 3] = ["1", "2", "7"];
/// The first line of exports in the charset of the host, by Windows up to NT 4.
const OLD: &str = "REGEDIT4";

/// Returns the lines of all such values of an export, and whether each could be read.
pub(super) fn texts(export: &str) -> (String, bool) {
    let is_old = export.trim_start_matches('\u{feff}').trim_start().starts_with(OLD);
    let (mut texts, mut is_whole) = (String::new(), true);
    let mut value = String::new();
    for line in export.lines() {
        let line = line.trim();
        // A backslash joins a line with the next.
        if let Some(part) = line.strip_suffix('\\') {
            value.push_str(part);
            continue;
        }
        value.push_str(line);
        if let Some(digits) = text_value(&value) {
            match decoded(digits, is_old) {
                Some(text) => texts.push_str(&text.replace('\0', "\n")),
                None => is_whole = false,
            }
            texts.push('\n');
        }
        value.clear();
    }
    // The file ends in the middle of a value.
    (texts, is_whole && text_value(&value).is_none())
}

/// Returns the digits of a value, if it is text.
fn text_value(value: &str) -> Option<&str> {
    let (_, typed) = value.split_once("=hex(")?;
    let (kind, digits) = typed.split_once("):")?;
    TEXTS.contains(&kind).then_some(digits)
}

fn decoded(digits: &str, is_old: bool) -> Option<String> {
    let digits = digits.split(',').map(str::trim).filter(|digits| !digits.is_empty());
    let bytes: Option<Vec<u8>> = digits.map(|digits| u8::from_str_radix(digits, 16).ok()).collect();
    let bytes = bytes?;
    if is_old {
        return Some(bytes.into_iter().map(char::from).collect());
    }
    let (pairs, rest) = bytes.as_chunks();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a value as `reg export` does: 25 bytes in a line.
    fn value(kind: u8, bytes: &[u8]) -> String {
        let line = |bytes: &[u8]| {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            digits.join(",")
        };
        let lines: Vec<String> = bytes.chunks(25).map(line).collect();
        format!("\"Options\"=hex({kind}):{}\r\n", lines.join(",\\\r\n  "))
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    const HEADER: &str = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\x]\r\n";

    #[test]
    fn text_in_hex_is_decoded() {
        let options = "-Xmx4g\0-Da.b=D:\\keys\0\0";
        for kind in [1, 2, 7] {
            let export = format!("{HEADER}{}", value(kind, &wide(options)));
            let expected = (format!("{}\n", options.replace('\0', "\n")), true);
            assert_eq!(texts(&export), expected, "{kind}");
        }
        let old = format!("REGEDIT4\r\n\r\n{}", value(7, options.as_bytes()));
        assert!(texts(&old).0.contains("\n-Da.b=D:\\keys\n"));
        for other in ["\"a\"=hex:2d,00\r\n", "\"a\"=dword:0000002d\r\n", "\"a\"=\"hex\"\r\n"] {
            assert_eq!(texts(&format!("{HEADER}{other}")), (String::new(), true), "{other}");
        }
    }

    #[test]
    fn what_is_no_text_is_told() {
        for value in [
            "\"a\"=hex(7):2d,00,5\r\n",
            "\"a\"=hex(7):2d,00,xx\r\n",
            "\"a\"=hex(2):00,d8\r\n",
            "\"a\"=hex(7):2d,00,\\",
        ] {
            assert!(!texts(&format!("{HEADER}{value}")).1, "{value}");
        }
    }
}
