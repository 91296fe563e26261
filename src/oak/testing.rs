//! The stores in `testdata/oak`, in memory; damage to them; and stores that no sample is like.

use super::Files;
use super::map::{bucket, hash};
use std::collections::BTreeMap;
use std::io;

const UUID: &str = "029fec6b-1ab5-4b44-ae81-d59174bd06ee";

/// Files of a store, by name.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<String, Vec<u8>>);

impl Memory {
    /// Reads a sample: a tar file of the store's files, with the dump of the tree that Oak made.
    pub(crate) fn sample(name: &str) -> (Self, String) {
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
        let (mut body, mut table) = (Vec::new(), Vec::new());
        for (number, record) in records.iter().enumerate() {
            // Oak aligns records to four bytes, and fills a segment from its end.
            let padded = record
                .iter()
                .copied()
                .chain([0; 3])
                .take(record.len().next_multiple_of(4))
                .collect::<Vec<_>>();
            body.splice(0..0, padded);
            table.extend(u32::try_from(number).unwrap().to_be_bytes());
            // Type 7 is that of a node. (`RecordType`) Records are found by number, whatever their type.
            table.push(7);
            table.extend(
                (256_u32 << 10).strict_sub(u32::try_from(body.len()).unwrap()).to_be_bytes(),
            );
        }
        let count = u32::try_from(records.len()).unwrap();
        // Magic, version 13, generations, no references, the number of records, and zeros up to byte 32.
        let mut segment =
            [b"0aK\x0d".as_slice(), &[0; 14], &count.to_be_bytes(), &[0; 10]].concat();
        segment.extend(table);
        // Oak makes the length a multiple of 16. (`SegmentBufferWriter.flush`)
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
            [
                ("data00000a.tar".to_owned(), tar),
                ("journal.log".to_owned(), journal.into_bytes()),
                // Without it, Oak 1.22.4 takes the store for one of the older module `oak-segment`, and
                // refuses it.
                ("manifest".to_owned(), b"store.version=2\n".to_vec()),
            ]
            .into(),
        )
    }

    /// The id of a record in the same segment.
    pub(super) fn id(number: u32) -> Vec<u8> {
        // Reference 0 is the segment itself.
        [&[0, 0], number.to_be_bytes().as_slice()].concat()
    }

    /// Gives a forged store's segment another UUID, in its tar file and its journal.
    pub(crate) fn renamed(&self, number: u64) -> Self {
        let uuid = format!("{number:08x}-1ab5-4b44-ae81-d59174bd06ee");
        let tar = self.change("data00000a.tar", |tar| {
            let crc = tar[UUID.len()..100].to_vec();
            let mut header = tar::Header::new_old();
            header.as_mut_bytes().copy_from_slice(&tar[..512]);
            header.as_mut_bytes()[..UUID.len()].copy_from_slice(uuid.as_bytes());
            header.as_mut_bytes()[UUID.len()..100].copy_from_slice(&crc);
            header.set_cksum();
            tar[..512].copy_from_slice(header.as_bytes());
        });
        tar.change("journal.log", |text| {
            *text = String::from_utf8(text.clone()).unwrap().replace(UUID, &uuid).into_bytes();
        })
    }

    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Self {
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

/// A node to be written: properties that are no lists, with name, type and value; and children.
#[derive(Clone, Default)]
pub(crate) struct Tree {
    properties: Vec<(String, u8, Vec<u8>)>,
    children: BTreeMap<String, Self>,
}

impl Tree {
    pub(crate) fn with(mut self, name: &str, kind: u8, value: &[u8]) -> Self {
        self.properties.push((name.to_owned(), kind, value.to_vec()));
        self
    }

    /// Adds a node at a path, and those on the way.
    pub(crate) fn at(mut self, path: &str, node: Self) -> Self {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let child = self.children.remove(first).unwrap_or_default();
        let child = if rest.is_empty() { node } else { child.at(rest, node) };
        self.children.insert(first.to_owned(), child);
        self
    }
}

impl Memory {
    /// Makes a store whose journal names these super-roots with their times, the oldest first.
    pub(crate) fn written(revisions: &[(Tree, u64)]) -> Self {
        let mut records = Vec::new();
        let roots: Vec<(u32, u64)> =
            revisions.iter().map(|(tree, time)| (node(tree, &mut records), *time)).collect();
        Self::forged(&records).change("journal.log", |text| {
            let lines = roots.iter().map(|(root, time)| format!("{UUID}:{root} root {time}\n"));
            *text = lines.collect::<String>().into_bytes();
        })
    }
}

impl Memory {
    /// Makes a store in which the node at this path is its own only child.
    pub(crate) fn cycle(path: &str) -> Self {
        let mut records = Vec::new();
        let mut with_child = |name: &str, child: Option<u32>| {
            let name = value(name.as_bytes(), &mut records);
            let template = push([[0; 4].to_vec(), Self::id(name)].concat(), &mut records);
            let own = u32::try_from(records.len()).unwrap();
            push([own, template, child.unwrap_or(own)].map(Self::id).concat(), &mut records)
        };
        let own = with_child("again", None);
        path.rsplit('/').fold(own, |child, name| with_child(name, Some(child)));
        Self::forged(&records)
    }
}

fn push(record: Vec<u8>, records: &mut Vec<Vec<u8>>) -> u32 {
    records.push(record);
    u32::try_from(records.len()).unwrap().strict_sub(1)
}

fn value(bytes: &[u8], records: &mut Vec<Vec<u8>>) -> u32 {
    let head = match u8::try_from(bytes.len()) {
        Ok(length) if length < 0x80 => vec![length],
        // The bits `10` mark a length from 128 on, of which 128 are taken off. (`SegmentBlob`)
        _ => (u16::try_from(bytes.len()).unwrap().strict_sub(128) | 0x8000).to_be_bytes().to_vec(),
    };
    push([head, bytes.to_vec()].concat(), records)
}

/// A list of one is its element.
fn list(ids: &[u32], records: &mut Vec<Vec<u8>>) -> u32 {
    match ids {
        [one] => *one,
        _ => push(ids.iter().flat_map(|id| Memory::id(*id)).collect(), records),
    }
}

fn map(children: &[(String, u32)], records: &mut Vec<Vec<u8>>) -> u32 {
    let mut entries: Vec<(u32, u32, u32)> = children
        .iter()
        .map(|(name, node)| (hash(name), value(name.as_bytes(), records), *node))
        .collect();
    entries.sort_unstable();
    branch(&entries, 0, records)
}

fn branch(entries: &[(u32, u32, u32)], level: u32, records: &mut Vec<Vec<u8>>) -> u32 {
    let size = u32::try_from(entries.len()).unwrap();
    let head = (level << 29 | size).to_be_bytes();
    if size <= 32 {
        let hashes = entries.iter().flat_map(|(hash, ..)| hash.to_be_bytes());
        let pairs = entries.iter().flat_map(|(_, key, node)| [Memory::id(*key), Memory::id(*node)]);
        return push(head.into_iter().chain(hashes).chain(pairs.flatten()).collect(), records);
    }
    let (mut bitmap, mut ids) = (0_u32, Vec::new());
    for at in 0..32 {
        let of = |entry: &&(u32, u32, u32)| bucket(entry.0, level) == at;
        let below: Vec<_> = entries.iter().filter(of).copied().collect();
        if !below.is_empty() {
            bitmap |= 1 << at;
            ids.extend(Memory::id(branch(&below, level.strict_add(1), records)));
        }
    }
    push([head.to_vec(), bitmap.to_be_bytes().to_vec(), ids].concat(), records)
}

/// Writes a node and all below it, and returns its number.
fn node(tree: &Tree, records: &mut Vec<Vec<u8>>) -> u32 {
    let children: Vec<(String, u32)> =
        tree.children.iter().map(|(name, child)| (name.clone(), node(child, records))).collect();
    let (flags, name, child) = match children.as_slice() {
        [] => (1 << 29, None, None),
        [(name, child)] => (0, Some(value(name.as_bytes(), records)), Some(*child)),
        _ => (1 << 28, None, Some(map(&children, records))),
    };
    let count = u32::try_from(tree.properties.len()).unwrap();
    let names: Vec<u32> =
        tree.properties.iter().map(|(name, ..)| value(name.as_bytes(), records)).collect();
    let values: Vec<u32> =
        tree.properties.iter().map(|(.., bytes)| value(bytes, records)).collect();
    let lists = (count > 0).then(|| (list(&names, records), list(&values, records)));
    let ids = |ids: [Option<u32>; 2]| ids.into_iter().flatten().flat_map(Memory::id);
    let mut template = (flags | count).to_be_bytes().to_vec();
    template.extend(ids([name, lists.map(|(names, _)| names)]));
    template.extend(tree.properties.iter().map(|(_, kind, _)| *kind));
    let template = push(template, records);
    let own = u32::try_from(records.len()).unwrap();
    let record = ids([Some(own), Some(template)])
        .chain(ids([child, lists.map(|(_, values)| values)]))
        .collect();
    push(record, records)
}
