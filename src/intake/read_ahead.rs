//! How far the operating system reads ahead of what is asked for, in a file of which parts are jumped over.
//!
//! Behind each jump it takes what is read for the start of a long run: of a tar of 2.1 GB, of which 70 MB were asked for, 304 MB came from the
//! disk. Without reading ahead, where entries are small and all is read, the same takes 20 times as long. So it is told which of the two
//! is the case.

use std::fs::File;

/// Bytes read without a jump from which on a run is taken for a long one. They are more than many systems read ahead: with an eighth of
/// them, each few small files between two jars cost some MB.
const RUN_BYTES: u64 = 4 << 20;

/// What a file was told to expect. Nothing depends on whether it heard.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    is_off: bool,
    /// Bytes read since the last jump.
    run: u64,
}

impl ReadAhead {
    /// Notes that bytes of a file were passed over.
    pub(super) fn jumped(&mut self, file: &File) {
        self.run = 0;
        if !self.is_off {
            self.is_off = true;
            advise(file, false);
        }
    }

    /// Notes that so many bytes were read, behind those read before.
    pub(super) fn read(&mut self, file: &File, bytes: u64) {
        self.run = self.run.saturating_add(bytes);
        if self.is_off && self.run >= RUN_BYTES {
            self.is_off = false;
            advise(file, true);
        }
    }
}

#[cfg(target_os = "linux")]
fn advise(file: &File, ahead: bool) {
    use rustix::fs::{Advice, fadvise};
    let advice = if ahead { Advice::Normal } else { Advice::Random };
    if let Err(error) = fadvise(file, 0, None, advice) {
        log::debug!("no advice on reading ahead: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &File, _: bool) {}
