//! Tells saved facts from sources.

use super::fs::{self, File};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::Path;

/// How a line of saved facts begins.
const START: &[u8] = b"{\"schema\":\"aemtrix.facts/";

/// How files of saved facts end, packed ones too.
const ENDINGS: [&str; 3] = [".ndjson", ".ndjson.gz", ".ndjson.zst"];

/// Returns the files of saved facts that a path names: itself, or those in a folder that has some; nothing where it names sources.
pub fn saved_facts(operand: &OsStr) -> Option<Vec<OsString>> {
    let path = Path::new(operand);
    if fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        let listed = fs::read_dir(path).ok()?;
        let names = listed.filter_map(|entry| Some(entry.ok()?.path().into_os_string()));
        let mut files: Vec<OsString> = names.filter(|name| is_named_so(name)).collect();
        files.sort();
        return (!files.is_empty()).then_some(files);
    }
    // A packed file has no such start, so those are known by their names alone.
    (is_named_so(operand) || begins_so(path)).then(|| vec![operand.to_owned()])
}

fn is_named_so(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn begins_so(path: &Path) -> bool {
    // Opening a FIFO waits for a writer.
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut start = [0; START.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == START
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_known_by_their_names_or_their_first_line() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name).into_os_string();
        fs::write(path("a.ndjson"), "").unwrap();
        fs::write(path("b"), "{\"schema\":\"aemtrix.facts/1\",\"source\":{}}").unwrap();
        fs::write(path("c.tgz"), "\x1f").unwrap();
        assert_eq!(saved_facts(&path("a.ndjson")), Some(vec![path("a.ndjson")]));
        assert_eq!(saved_facts(&path("b")), Some(vec![path("b")]));
        assert_eq!(saved_facts(&path("c.tgz")), None);
        assert_eq!(saved_facts(home.path().as_os_str()), Some(vec![path("a.ndjson")]));
        fs::remove_file(path("a.ndjson")).unwrap();
        assert_eq!(saved_facts(home.path().as_os_str()), None);
    }
}
