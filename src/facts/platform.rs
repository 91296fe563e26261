//! Which system an instance runs on, as far as its files show it.

use super::Snapshot;

/// How the names of scripts end that only Windows runs.
const OF_WINDOWS: [&str; 3] = [".bat", ".cmd", ".ps1"];

impl Snapshot {
    /// Returns `true` if the instance runs on Windows: a bundle was installed from a drive, or all scripts that set something are of Windows.
    ///
    /// AEM unpacks `start` and `start.bat` on every system, so that one beside the other says nothing. Nor do line ends: Felix writes
    /// `bundle.info` with CR LF on Windows, and so does a tool that sends text.
    pub fn is_on_windows(&self) -> bool {
        let locations = self.bundles.iter().filter_map(|bundle| bundle.location.as_deref());
        let scripts = self.settings.iter().map(|setting| setting.place.path.as_str());
        let mut scripts = scripts.filter(|path| !path.ends_with(".properties")).peekable();
        let is_of_windows = |path: &str| {
            let path = path.to_ascii_lowercase();
            OF_WINDOWS.iter().any(|end| path.ends_with(end))
        };
        locations.into_iter().any(names_drive)
            || scripts.peek().is_some() && scripts.all(is_of_windows)
    }
}

/// Returns `true` if a text holds a path with a drive: `slinginstall:D:\AEM\x.jar`, `file:/C:/x.jar`.
fn names_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = |at: usize| {
        // A letter in front is the end of a scheme: the `e:/` of `file:/` is no drive.
        at.checked_sub(1).is_none_or(|before| matches!(bytes.get(before), Some(b':' | b'/')))
    };
    let mut parts = bytes.windows(3).enumerate();
    parts.any(|(at, part)| match part {
        [letter, b':', b'\\' | b'/'] => letter.is_ascii_alphabetic() && begins(at),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Bundle, Place, Setting};
    use crate::testing::farm;

    #[test]
    fn drive_is_one_letter_before_a_path() {
        for text in
            ["slinginstall:D:\\AEM\\x.jar", "file:/C:/x.jar", "C:\\x", "reference:file:/d:/x"]
        {
            assert!(names_drive(text), "{text}");
        }
        for text in ["", "slinginstall:/opt/x.jar", "http://host/x.jar", "mvn:a/b", "x:", "ab:\\c"]
        {
            assert!(!names_drive(text), "{text}");
        }
    }

    fn is_on_windows(location: &str, scripts: &[&str]) -> bool {
        let set = |bundle: &mut Bundle| bundle.location = Some(location.to_owned());
        let mut farm = farm().with("a", |i| i.change("bundle6", set)).build();
        let snapshot = &mut farm.members[0].snapshot;
        let setting = |script: &&str| {
            let place = Place { source: String::new(), path: format!("crx-quickstart/{script}") };
            Setting { name: "CQ_PORT".to_owned(), value: "4502".to_owned(), place }
        };
        snapshot.settings = scripts.iter().map(setting).collect();
        snapshot.is_on_windows()
    }

    #[test]
    fn locations_and_scripts_tell_windows() {
        let unix = "slinginstall:/opt/aem/x.jar";
        assert!(is_on_windows("slinginstall:D:\\AEM\\x.jar", &["bin/start"]));
        assert!(is_on_windows(unix, &["bin/Start.BAT", "conf/sling.properties"]));
        for scripts in [&["bin/start", "bin/start.bat"][..], &["conf/sling.properties"], &[]] {
            assert!(!is_on_windows(unix, scripts), "{scripts:?}");
        }
    }
}
