//! Files of the page, read in slices: an archive of many gigabytes takes the memory of one.

use crate::intake::ReadAt;
use crate::intake::held::{self, HeldFile};
use crate::wiped::Wiped;
use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// Bytes of a slice after a jump. Each slice costs a browser about half a millisecond, whatever its size.
const SLICE_BYTES_MIN: usize = 64 << 10;

/// Bytes of a slice where one is read after the other.
const SLICE_BYTES_MAX: usize = 4 << 20;

#[wasm_bindgen]
extern "C" {
    /// Fills a slice with bytes of a file. The worker has it.
    #[wasm_bindgen(js_name = readSlice, catch)]
    fn read_slice(number: u32, offset: u64, slice: &mut [u8]) -> Result<(), JsValue>;
}

/// Takes a file of the page.
pub(super) fn hold(path: &str, number: u32, length: u64, modified_ms: u64) {
    let bytes = Rc::new(PageFile { number, length, slice: RefCell::default() });
    held::hold(Path::new(path), Some(HeldFile { bytes, length, modified_ms }));
}

/// Takes a folder of the page.
pub(super) fn hold_folder(path: &str) {
    held::hold(Path::new(path), None);
}

/// A file that the worker knows by its number.
struct PageFile {
    number: u32,
    length: u64,
    /// The slice that was read last.
    slice: RefCell<Slice>,
}

#[derive(Default)]
struct Slice {
    start: u64,
    bytes: Wiped,
}

impl Slice {
    /// Returns the bytes from an offset on that are at hand.
    fn from(&self, offset: u64) -> &[u8] {
        let within = offset.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        within.and_then(|at| self.bytes.get(at..)).unwrap_or_default()
    }

    fn end(&self) -> u64 {
        self.start.saturating_add(u64::try_from(self.bytes.len()).unwrap_or_default())
    }

    /// Returns how long the slice at an offset is to be: twice as long as the one before it, where it follows one.
    fn next_bytes(&self, offset: u64) -> usize {
        let doubled = self.bytes.len().saturating_mul(2);
        if offset == self.end() {
            doubled.clamp(SLICE_BYTES_MIN, SLICE_BYTES_MAX)
        } else {
            SLICE_BYTES_MIN
        }
    }
}

impl ReadAt for PageFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut slice = self.slice.borrow_mut();
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        if slice.from(offset).is_empty() && left > 0 {
            let bytes = slice.next_bytes(offset).min(left);
            // The old one goes first: two are more than is needed.
            *slice = Slice::default();
            let mut bytes = Wiped::zeros(bytes);
            read_slice(self.number, offset, &mut bytes).map_err(|error| refused(&error))?;
            *slice = Slice { start: offset, bytes };
        }
        let found = slice.from(offset);
        let length = found.len().min(buffer.len());
        if let (Some(room), Some(found)) = (buffer.get_mut(..length), found.get(..length)) {
            room.copy_from_slice(found);
        }
        Ok(length)
    }

    /// Returns `false`: a browser refuses to read a file that has changed since it was chosen.
    fn is_changed(&self) -> bool {
        false
    }
}

fn refused(error: &JsValue) -> io::Error {
    let why = error.as_string().unwrap_or_default();
    io::Error::other(format!("the browser could not read it: {why}"))
}
