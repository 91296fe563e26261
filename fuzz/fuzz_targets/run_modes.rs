#![no_main]

use aemtrix_fuzz::parse_in_bundle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse_in_bundle("5/data/sling.options.file", bytes));
