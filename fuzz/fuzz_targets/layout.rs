#![no_main]

use aemtrix_fuzz::install;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| install(bytes));
