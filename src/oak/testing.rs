//! The stores in `testdata/oak`, in memory; and damage to them.

use super::Files;
use std::collections::BTreeMap;
use std::io;

/// Files of a store, by name.
#[derive(Clone, Default)]
pub(super) struct Memory(pub(super) BTreeMap<String, Vec<u8>>);

impl Memory {
    /// Reads a sample: a tar file of the store's files, with the dump of the tree that Oak made.
    pub(super) fn sample(name: &str) -> (Self, String) {
        let path = format!("{}/testdata/oak/{name}.tar.gz", env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::File::open(path).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
        let (mut files, mut dump) = (BTreeMap::new(), String::new());
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            io::copy(&mut entry, &mut bytes).unwrap();
            match path.rsplit_once('/') {
                Some((_, file)) if !file.is_empty() => drop(files.insert(file.to_owned(), bytes)),
                Some(_) => {}
                None => dump = String::from_utf8(bytes).unwrap(),
            }
        }
        (Self(files), dump)
    }

    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut changed = self.clone();
        change(changed.0.get_mut(name).unwrap());
        changed
    }
}

impl Files for Memory {
    fn list(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.values().nth(index).unwrap();
        let behind = bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let here = behind.get(..buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(here);
        Ok(())
    }
}
