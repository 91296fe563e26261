#![no_main]

use aemtrix_fuzz::{Memory, read_store};
use flate2::Crc;
use libfuzzer_sys::fuzz_target;

const UUID: &str = "029fec6b-1ab5-4b44-ae81-d59174bd06ee";

// The first four bytes are the number of the record that the journal names, the rest is the segment; its checksum is right.
fuzz_target!(|bytes: &[u8]| {
    let Some((number, segment)) = bytes.split_first_chunk() else { return };
    let mut crc = Crc::new();
    crc.update(segment);
    let mut header = tar::Header::new_old();
    header.set_path(format!("{UUID}.{:08x}", crc.sum())).unwrap();
    header.set_size(segment.len() as u64);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut tar = [header.as_bytes().as_slice(), segment].concat();
    tar.resize(tar.len().next_multiple_of(512), 0);
    let journal = format!("{UUID}:{} root 1\n", u32::from_le_bytes(*number)).into_bytes();
    let files = [("data00000a.tar", tar), ("journal.log", journal)];
    read_store(&Memory(files.map(|(name, bytes)| (name.to_owned(), bytes)).into()));
});
