//! `data/hmac.bin`, `data/data/hmac`, `bundle43/hmac`: files in or beside a bundle's data directory that may be keys, where AEM does not look
//! for one.
//!
//! Observed: a browser or the Explorer names what it saves (`hmac.bin`, `hmac (1)`, `hmac.txt`), `scp -r data` onto a directory
//! that exists already puts it one level too deep, guides say "copy to bundle25", and what was there before stays in `data.bak`.

use super::{Fact, Found, Kind, Names, ParseError, Reads, key, path};
use crate::facts::KeyName;

// A key in base64 with the lines of PEM has under 200 bytes, so a much larger file is no key.
pub(super) const SMALL: Kind =
    Kind { name: "stray key", names: Names::Any, reads: Reads::Small(1 << 10), find, parse };

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, file) = path::split(path);
    let key = key_name(file)?;
    let (above, folder) = path::split(directory);
    let data = path::in_bundle(directory, path::DATA);
    // One in another case is reported as what it may be.
    if data.is_some() && file.eq_ignore_ascii_case(key.file_name()) {
        return None;
    }
    let beside = path::bundle_directory(above).filter(|_| path::is_data_copy(folder));
    let below = path::in_bundle(above, path::DATA).filter(|_| folder == path::DATA);
    let bundle = data.or(path::bundle_directory(directory)).or(beside).or(below)?;
    Some(Found { root: bundle.root, bundle: bundle.name, name: file })
}

/// Returns the key in the name of a file.
fn key_name(file: &str) -> Option<KeyName> {
    let holds = |part: &str| {
        file.as_bytes()
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    KeyName::ALL.into_iter().find(|key| holds(key.file_name()))
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // `find` gives no other name.
    let name = key_name(found.name).unwrap_or(KeyName::Hmac);
    Ok(Fact::StrayKey(name, Box::new(key::digest_key(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_and_one_level_more_are_found_in_data_directories_alone() {
        for file in
            ["hmac.bin", "hmac (1)", "HMAC.txt", "Copy of master", "data/hmac", "data/master.bak"]
                .map(|file| format!("data/{file}"))
                .into_iter()
                .chain(["hmac", "master.bin", "data.bak/hmac", "data_2024/hmac"].map(str::to_owned))
        {
            let path = format!("q/launchpad/felix/bundle7/{file}");
            assert!(crate::evidence::classify_small(&path).is_some(), "{path}");
            assert_eq!(
                find(&path).map(|found| (found.root, found.bundle)),
                Some(("q", "bundle7")),
                "{file}"
            );
        }
        for path in [
            "q/hmac.bin",
            "q/launchpad/felix/hmac.bin",
            "q/launchpad/felix/bundle7/data/HMAC",
            "q/launchpad/felix/bundle7/version0.0/hmac",
            "bundle7/data/a/hmac",
            "bundle7/data/x",
        ] {
            assert_eq!(find(path), None, "{path}");
        }
    }
}
