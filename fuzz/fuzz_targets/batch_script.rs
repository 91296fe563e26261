#![no_main]

use aemtrix_fuzz::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse("crx-quickstart/bin/start.bat", bytes));
