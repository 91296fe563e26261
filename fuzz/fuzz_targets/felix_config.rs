#![no_main]

use aemtrix_fuzz::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| parse(
    "crx-quickstart/launchpad/config/com/adobe/granite/auth/ims/impl/IMSAccessTokenRequestCustomizerImpl/x.config",
    bytes
));
