#![no_main]

use aemtrix_fuzz::scan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| scan(bytes));
