//! How a PID becomes a path below `launchpad/config`, and whether a file lies where its PID says.

/// Ends the name of every configuration.
pub(super) const SUFFIX: &str = ".config";

/// How a file's place fits its PID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It lies where Felix puts it; on Windows that is under another name for a part that is named like a device.
    Plain,
    /// It lies where ConfigAdmin 1.8.2 to 1.8.6 puts it on Windows, and no other version looks.
    ///
    /// Those take every part that starts like a device for one (FELIX-4302), so that `com.day` is below `%0063om/day`.
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
    // Windows cannot make a file or directory named like a device, so ConfigAdmin there encodes the
    // first letter.
    let decoded: Vec<(String, bool)> = stem.split('/').map(decode_device).collect();
    let path: Vec<&str> = decoded.iter().map(|(name, _)| name.as_str()).collect();
    match path.join("/") == expected {
        true if decoded.iter().any(|(_, only_starts)| *only_starts) => Fit::Windows,
        true => Fit::Plain,
        false => Fit::None,
    }
}

/// Returns the path of a PID: dots and slashes part directories, other signs become `%` and four digits.
pub(super) fn encode(pid: &str) -> String {
    use std::fmt::Write as _;
    let mut path = String::with_capacity(pid.len());
    let mut buffer = [0; 2];
    for c in pid.chars() {
        match c {
            // Both become one sign, so a path does not say which PID it was; only `service.pid` in
            // the file does.
            '.' | '/' => path.push('/'),
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '_' | '-' => path.push(c),
            // The `~` before the name of one of several is `%007e`: 257 of the 434 files of an
            // install have it.
            _ => c.encode_utf16(&mut buffer).iter().for_each(|unit| {
                // Writing to a string cannot fail.
                let _ = write!(path, "%{unit:04x}");
            }),
        }
    }
    path
}

/// What the names of devices start with on Windows.
const STARTS: [&str; 7] = ["con", "prn", "aux", "clo", "nul", "com", "lpt"];

/// Decodes the first letter of a directory name that stands for a device, and says whether it only starts like one.
fn decode_device(segment: &str) -> (String, bool) {
    let decoded = segment.strip_prefix("%00").and_then(|rest| {
        let (digits, behind) = rest.split_at_checked(2)?;
        let letter = char::from(u8::from_str_radix(digits, 16).ok()?);
        let name = format!("{letter}{behind}");
        let lower = name.to_ascii_lowercase();
        STARTS.contains(&lower.get(..3)?).then(|| (name, !is_device(&lower)))
    });
    decoded.unwrap_or_else(|| (segment.to_owned(), false))
}

/// `COM1` to `COM8`, and the like; ConfigAdmin encodes these on Windows in every version since 1.8.2.
fn is_device(lower: &str) -> bool {
    let numbered = |start: &str| {
        lower.strip_prefix(start).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'8']))
    };
    // `CLOCK$`, whose dollar sign was encoded before.
    ["con", "prn", "aux", "nul", "clock%0024"].contains(&lower)
        || numbered("com")
        || numbered("lpt")
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
        // `con` is a device as a whole, so every version since 1.8.2 encodes it.
        assert_eq!(fit("org/%0063on/X", "org.con.X"), Fit::Plain);
        assert_eq!(fit("org/%0043OM1/X", "org.COM1.X"), Fit::Plain);
        // `COM9` is none of the devices that ConfigAdmin lists, so only 1.8.2 to 1.8.6 encode it.
        assert_eq!(fit("org/%0063om9/X", "org.com9.X"), Fit::Windows);
        assert_eq!(fit("%006frg/X", "org.X"), Fit::None);
        assert_eq!(fit("%00/X", "com.X"), Fit::None);
    }
}
