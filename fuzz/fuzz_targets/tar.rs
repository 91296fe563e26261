#![no_main]

use aemtrix_fuzz::{scan, with_checksums};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| scan(&with_checksums(bytes)));
