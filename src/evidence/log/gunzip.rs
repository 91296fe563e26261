//! A log that was packed when it was rotated.

use super::block::Blocks;
use crate::limits::Limits;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// The first bytes of a gzip.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Unpacks a log that is pushed into it.
pub(super) struct Gunzip {
    decoder: MultiGzDecoder<Unpacked>,
    problem: Option<String>,
}

/// Where unpacked bytes go.
#[derive(Default)]
struct Unpacked {
    blocks: Blocks,
    packed_bytes: u64,
    bytes: u64,
}

impl Default for Gunzip {
    fn default() -> Self {
        // A log that was packed in pieces has several members, which are one file. (RFC 1952 §2.2)
        Self { decoder: MultiGzDecoder::new(Unpacked::default()), problem: None }
    }
}

impl Gunzip {
    /// Takes the next bytes. Behind damage nothing more is read.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.problem.is_some() {
            return;
        }
        let unpacked = self.decoder.get_mut();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        unpacked.packed_bytes = unpacked.packed_bytes.saturating_add(length);
        if let Err(error) = self.decoder.write_all(bytes) {
            self.fail(&error);
        }
    }

    /// Returns what came out, and why that is not all.
    pub(super) fn finish(mut self) -> (Blocks, Option<String>) {
        // Without its trailer, nothing shows that the content is what was packed. (RFC 1952 §2.3.1)
        if self.problem.is_none()
            && let Err(error) = self.decoder.try_finish()
        {
            self.fail(&error);
        }
        (std::mem::take(&mut self.decoder.get_mut().blocks), self.problem)
    }

    fn fail(&mut self, error: &io::Error) {
        let at = self.decoder.get_ref().bytes;
        self.problem = Some(match error.kind() {
            io::ErrorKind::FileTooLarge => {
                format!("unpacks to more than any log; not read after byte {at} of its content")
            }
            _ => {
                format!("is a gzip that is cut or damaged; not read after byte {at} of its content")
            }
        });
    }
}

impl Write for Unpacked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let sum = self.bytes.saturating_add(length);
        let Limits { log_bytes_max, log_ratio_max, log_unratioed_bytes_max, .. } = Limits::DEFAULT;
        // A log of one repeated line packs very well, so the ratio counts only above a size that no
        // small log unpacks to.
        let ratioed_max = self.packed_bytes.saturating_mul(log_ratio_max);
        if sum > ratioed_max.max(log_unratioed_bytes_max).min(log_bytes_max) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes = sum;
        self.blocks.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
