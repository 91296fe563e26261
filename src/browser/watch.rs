//! Progress, which the worker sends on to the page.

use crate::intake::Watch;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = sourceStarted)]
    fn source_started(name: &str, bytes: u64);
    #[wasm_bindgen(js_name = sourceAdvanced)]
    fn source_advanced(bytes: u64);
    #[wasm_bindgen(js_name = sourceFinished)]
    fn source_finished(name: &str);
}

/// Hands on what is read.
pub(super) struct PageWatch;

impl Watch for PageWatch {
    fn started(&self, source: &str, bytes: u64) {
        source_started(source, bytes);
    }

    fn advanced(&self, bytes: u64) {
        source_advanced(bytes);
    }

    fn finished(&self, source: &str) {
        source_finished(source);
    }
}
