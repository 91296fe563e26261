//! Progress on a terminal: bytes read, and the sources being read.

use crate::intake::Watch;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, PoisonError};

/// Sources named at a time.
const NAMES_MAX: usize = 3;

/// A bar on standard error.
pub(super) struct Bar {
    bar: ProgressBar,
    current: Mutex<Vec<String>>,
}

impl Bar {
    /// Makes a bar over so many bytes; `None` where nobody would see it.
    pub(super) fn new(bytes: u64, wanted: bool) -> Option<Self> {
        if !wanted || !stderr().is_terminal() {
            return None;
        }
        let style =
            ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {eta} {wide_msg}").ok()?;
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(8));
        Some(Self { bar: bar.with_style(style), current: Mutex::default() })
    }

    /// Wipes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn change(&self, change: impl FnOnce(&mut Vec<String>)) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut current);
        let names: Vec<&str> = current.iter().take(NAMES_MAX).map(String::as_str).collect();
        self.bar.set_message(crate::report::printable(&names.join(", ")).into_owned());
    }
}

impl Watch for Bar {
    fn started(&self, source: &str, _: u64) {
        self.change(|current| current.push(source.to_owned()));
    }

    fn advanced(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn finished(&self, source: &str) {
        self.change(|current| current.retain(|name| name != source));
    }
}
