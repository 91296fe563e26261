//! How a PID becomes a path below `launchpad/config`, and whether a file lies where its PID says.

/// Ends the name of every configuration.
pub(super) const SUFFIX: &str = ".config";

/// How a file's place fits its PID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It lies where Felix puts it.
    Plain,
    /// It lies where Felix on Windows puts it: names that start like a device are encoded.
    ///
    /// ConfigAdmin 1.8.2 to 1.8.6 takes `com` for the device `COM1` (FELIX-4302), so that `com.day` is below `%0063om/day`.
    Windows,
    /// Felix does not use it.
    None,
}

/// Compares a path below `launchpad/config`, without its ending, with that of a PID.
pub(super) fn fit(stem: &str, pid: &str) -> Fit {
    let expected = encode(pid);
    if expected == stem {
        return Fit::Plain;
    }
    let decoded: Vec<String> = stem.split('/').map(decode_device).collect();
    if decoded.join("/") == expected { Fit::Windows } else { Fit::None }
}

/// Returns the path of a PID: dots and slashes part directories, other signs become `%` and four digits.
pub(super) fn encode(pid: &str) -> String {
    use std::fmt::Write as _;
    let mut path = String::with_capacity(pid.len());
    let mut buffer = [0; 2];
    for c in pid.chars() {
        match c {
            '.' | '/' => path.push('/'),
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '_' | '-' => path.push(c),
            _ => c.encode_utf16(&mut buffer).iter().for_each(|unit| {
                // Writing to a string cannot fail.
                let _ = write!(path, "%{unit:04x}");
            }),
        }
    }
    path
}

/// What the names of devices start with on Windows.
const DEVICES: [&str; 7] = ["con", "prn", "aux", "clo", "nul", "com", "lpt"];

/// Decodes the first letter of a directory name that stands for a device.
fn decode_device(segment: &str) -> String {
    let decoded = segment.strip_prefix("%00").and_then(|rest| {
        let (digits, behind) = rest.split_at_checked(2)?;
        let letter = char::from(u8::from_str_radix(digits, 16).ok()?);
        let name = format!("{letter}{behind}");
        let start = name.get(..3)?.to_ascii_lowercase();
        DEVICES.contains(&start.as_str()).then_some(name)
    });
    decoded.unwrap_or_else(|| segment.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_part_directories_and_signs_are_encoded() {
        assert_eq!(encode("com.day.Handler"), "com/day/Handler");
        assert_eq!(encode("a.b.c~x.y-ä_1 €"), "a/b/c%007ex/y-%00e4_1 %20ac");
        assert_eq!(encode("😀"), "%d83d%de00");
    }

    #[test]
    fn file_fits_its_pid_alone() {
        assert_eq!(fit("com/day/Handler", "com.day.Handler"), Fit::Plain);
        assert_eq!(fit("com/day/Handler (1)", "com.day.Handler"), Fit::None);
        assert_eq!(fit("com/Day/Handler", "com.day.Handler"), Fit::None);
        assert_eq!(fit("", "com.day.Handler"), Fit::None);
    }

    #[test]
    fn windows_encodes_what_starts_like_a_device() {
        assert_eq!(fit("%0063om/day/Handler", "com.day.Handler"), Fit::Windows);
        assert_eq!(fit("org/%0063onfig/X", "org.config.X"), Fit::Windows);
        assert_eq!(fit("%006frg/X", "org.X"), Fit::None);
        assert_eq!(fit("%00/X", "com.X"), Fit::None);
    }
}
