#![no_main]

use aemtrix_fuzz::{LINE_BYTES, Memory, read_store};
use libfuzzer_sys::fuzz_target;

// The line of the journal, filled up with zeros, and then the tar file.
fuzz_target!(|bytes: &[u8]| {
    let Some((line, tar)) = bytes.split_first_chunk::<LINE_BYTES>() else { return };
    let files = [("data00000a.tar", tar), ("journal.log", line.as_slice())];
    read_store(&Memory(files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).into()));
});
