#![no_main]

use aemtrix_fuzz::merge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| merge(bytes));
