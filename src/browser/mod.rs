//! The page: files of a browser in, reports out. It decides nothing about instances, and is the one room that knows the browser.
//!
//! The page reads in a worker, which holds one of this. It hands over its files ([`hold_file`]), has them read ([`examine`]), judged
//! ([`judge`]) and written ([`write`](fn@write)), in this order; what was read may be judged again, on other terms.

mod asked;
mod files;
mod session;
mod watch;

use crate::report::printable;
use asked::{Judging, Reading};
use session::Session;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

thread_local! {
    /// What was read and judged so far. A worker has one thread.
    static SESSION: RefCell<Session> = RefCell::default();
}

/// Takes a file of the page: where it lies in the folder that was dropped, and the number by which the worker knows it.
#[wasm_bindgen]
pub fn hold_file(path: &str, number: u32, length: u64, modified_ms: u64) {
    files::hold(path, number, length, modified_ms);
}

/// Takes a folder of the page. Those around files need not be named.
#[wasm_bindgen]
pub fn hold_folder(path: &str) {
    files::hold_folder(path);
}

/// Reads the sources; `reading` is JSON.
///
/// # Errors
///
/// Fails on options that cannot be. What cannot be read is part of the result.
#[wasm_bindgen]
pub fn examine(reading: &str) -> Result<(), JsError> {
    let reading: Reading = serde_json::from_str(reading)?;
    SESSION.with_borrow_mut(|session| session.examine(&reading));
    Ok(())
}

/// Judges what was read; `judging` is JSON. Returns what comes of it in one line.
///
/// # Errors
///
/// Fails on options that cannot be; the message is one sentence.
#[wasm_bindgen]
pub fn judge(judging: &str) -> Result<String, JsError> {
    let judging: Judging = serde_json::from_str(judging)?;
    SESSION.with_borrow_mut(|session| session.judge(judging)).map_err(|error| js_error(&error))
}

/// Writes the report that was judged last, in a format.
///
/// # Errors
///
/// Fails where there is no report, or no such format.
#[wasm_bindgen]
pub fn write(format: &str) -> Result<Vec<u8>, JsError> {
    SESSION.with_borrow(|session| session.write(format)).map_err(|error| js_error(&error))
}

/// Returns the formats as JSON: name, extension, and what each is.
#[wasm_bindgen]
pub fn formats() -> String {
    session::formats()
}

fn js_error(error: &anyhow::Error) -> JsError {
    // A pattern that is none is shown over several lines.
    let text = format!("{error:#}");
    JsError::new(&printable(&text.split_whitespace().collect::<Vec<_>>().join(" ")))
}
