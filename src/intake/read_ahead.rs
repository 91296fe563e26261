//! How far is read ahead of what is asked for, in a file of which parts are jumped over.
//!
//! Linux takes what is read after a jump for the start of a long run: of a tar of 2.1 GB, of which 70 MB were asked for, 304 MB came from the
//! disk. Nor does it stop at the end of a run, for it goes on where a jump lands in what it read too much. Without reading ahead at all,
//! many small files take 20 times as long. So from the first jump on the system is told what will be read.

use super::fs::File;

/// Bytes read without a jump from which on more are expected.
// Linux reads 128 KiB ahead by default, so what is longer is read through and no landing behind a jump.
const RUN_BYTES: u64 = 256 << 10;

/// Bytes that are read ahead at most.
const AHEAD_BYTES: u64 = 2 << 20;

/// What the system was advised on a file. Nothing depends on whether it follows.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    /// Parts were jumped over, and the system does not read ahead by itself any more.
    is_ours: bool,
    /// Bytes read since the last jump.
    run: u64,
    /// Bytes after those that were asked for.
    ahead: u64,
}

impl ReadAhead {
    /// Notes that bytes of a file were passed over.
    pub(super) fn jumped(&mut self, file: &File) {
        if !self.is_ours {
            nothing_ahead(file);
        }
        *self = Self { is_ours: true, run: 0, ahead: 0 };
    }

    /// Notes that so many bytes were read, up to `position`.
    pub(super) fn read(&mut self, file: &File, bytes: u64, position: u64) {
        self.run = self.run.saturating_add(bytes);
        self.ahead = self.ahead.saturating_sub(bytes);
        // As much as came, and when half of it is used up.
        let wanted = self.run.min(AHEAD_BYTES);
        if self.is_ours && self.run >= RUN_BYTES && self.ahead <= wanted / 2 {
            expect(file, position.saturating_add(self.ahead), wanted.saturating_sub(self.ahead));
            self.ahead = wanted;
        }
    }
}

#[cfg(target_os = "linux")]
fn nothing_ahead(file: &File) {
    ignore_refusal(rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::Random));
}

#[cfg(target_os = "linux")]
fn expect(file: &File, offset: u64, bytes: u64) {
    let bytes = std::num::NonZeroU64::new(bytes);
    ignore_refusal(rustix::fs::fadvise(file, offset, bytes, rustix::fs::Advice::WillNeed));
}

#[cfg(target_os = "linux")]
fn ignore_refusal(answer: rustix::io::Result<()>) {
    if let Err(error) = answer {
        log::debug!("no advice on reading ahead: {error}");
    }
}

#[cfg(not(target_os = "linux"))]
// macOS and Windows have no `posix_fadvise`.
fn nothing_ahead(_: &File) {}

#[cfg(not(target_os = "linux"))]
fn expect(_: &File, _: u64, _: u64) {}
