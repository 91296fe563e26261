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

    /// Makes a store of one segment of version 13 with these records, numbered from 0; the journal names the last one.
    pub(super) fn forged(records: &[Vec<u8>]) -> Self {
        const UUID: &str = "029fec6b-1ab5-4b44-ae81-d59174bd06ee";
        let (mut body, mut table) = (Vec::new(), Vec::new());
        for (number, record) in records.iter().enumerate() {
            let padded = record
                .iter()
                .copied()
                .chain([0; 3])
                .take(record.len().next_multiple_of(4))
                .collect::<Vec<_>>();
            body.splice(0..0, padded);
            table.extend(u32::try_from(number).unwrap().to_be_bytes());
            table.push(7);
            table.extend(
                (256_u32 << 10).strict_sub(u32::try_from(body.len()).unwrap()).to_be_bytes(),
            );
        }
        let count = u32::try_from(records.len()).unwrap();
        let mut segment =
            [b"0aK\x0d".as_slice(), &[0; 14], &count.to_be_bytes(), &[0; 10]].concat();
        segment.extend(table);
        let whole = segment.len().strict_add(body.len()).next_multiple_of(16);
        segment.resize(whole.strict_sub(body.len()), 0);
        segment.extend(body);
        let mut crc = flate2::Crc::new();
        crc.update(&segment);
        let mut header = tar::Header::new_old();
        header.set_path(format!("{UUID}.{:08x}", crc.sum())).unwrap();
        header.set_size(segment.len() as u64);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        segment.resize(segment.len().next_multiple_of(512), 0);
        let tar = [header.as_bytes().as_slice(), &segment].concat();
        let journal = format!("{UUID}:{} root 1700000000000\n", count.strict_sub(1));
        Self(
            [("data00000a.tar".to_owned(), tar), ("journal.log".to_owned(), journal.into_bytes())]
                .into(),
        )
    }

    /// The id of a record in the same segment.
    pub(super) fn id(number: u32) -> Vec<u8> {
        [&[0, 0], number.to_be_bytes().as_slice()].concat()
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
