//! What is between entries: the end of the archive, zeros, other archives, and what is unknown.

use super::header::{self, BLOCK_BYTES, Block};
use super::pax::Extensions;
use super::scanner::{Scanner, to_u64};
use crate::facts::GapKind;

/// Bytes of a record of tar where nothing else is said. (GNU tar, `--blocking-factor` of 20; bsdtar, Python)
const RECORD_BYTES: u64 = 20 * BLOCK_BYTES as u64;

/// Bytes of the two blocks that end an archive.
const END_BYTES: u64 = 2 * BLOCK_BYTES as u64;

/// `docker exec -t NAME tar c DIR > x.tar` makes such a file, and FTP in text mode.
const CHANGED: &str = "an archive in which each line end was changed to CR LF on its way (`docker exec -t`, `ssh -t`, FTP in text \
    mode), so that its content is lost";

impl Scanner<'_> {
    pub(super) fn take_zeros(&mut self) {
        if self.extensions.any {
            self.extensions = Extensions::default();
            let offset = self.header_offset();
            self.gap(
                GapKind::Corrupt,
                format!("zeros at byte {offset} where the entry of an extension header should be"),
            );
        }
        self.run.zeros = self.run.zeros.saturating_add(1);
        // POSIX ends an archive with two blocks of zeros;
        // GNU tar warns of a lone one and stops there too.
        self.run.ended |= self.run.zeros >= 2;
        let max = self.limits.zeros_bytes_max;
        if to_u64(BLOCK_BYTES).saturating_mul(self.run.zeros) > max {
            let offset = self.header_offset();
            self.stop(format!(
                "more than {max} bytes of zeros before byte {offset}; the rest was not read"
            ));
        }
    }

    /// A block that is neither header nor zeros. Like GNU tar, tries block by block until a header comes.
    pub(super) fn take_unknown(&mut self, block: &Block) {
        let offset = self.header_offset();
        self.run.line_ends.take(block);
        // Only zeros in one run end an archive; GNU tar counts them so.
        self.run.zeros = 0;
        // The entry that a long name was for may be the damaged one; the next must not get it.
        self.extensions = Extensions::default();
        if self.run.unknown {
            return;
        }
        self.run.unknown = true;
        if self.run.ended {
            self.say_trailing(offset);
        } else {
            // What these blocks are shows when a header or the end comes.
            self.run.damaged_at = Some(offset);
        }
    }

    /// Reports damage at one spot.
    pub(super) fn damage(&mut self, reason: String) {
        self.run.unknown = true;
        self.gap(GapKind::Corrupt, reason);
    }

    /// Reports the blocks that are no header. Of an archive that went through a terminal no body is known to be as it was.
    pub(super) fn say_damage(&mut self) {
        let Some(offset) = self.run.damaged_at.take() else { return };
        if self.run.line_ends.are_changed() {
            if self.is_first(GapKind::CorruptStream) {
                let reason = format!("{CHANGED}; make it again without -t, and copy it as binary");
                self.gap(GapKind::CorruptStream, reason);
            }
        } else {
            self.damage(format!(
                "no valid header at byte {offset}; reading went on at the next one"
            ));
        }
    }

    fn say_trailing(&mut self, offset: u64) {
        if self.is_first(GapKind::TrailingData) {
            self.gap(
                GapKind::TrailingData,
                format!("unknown bytes after the end of the archive, at byte {offset}"),
            );
        }
    }

    /// Reports more zeros than padding explains: the file was made in full length, and not filled.
    ///
    /// `end`: where the zeros end, in the middle of a block perhaps, of which `partial` bytes were read.
    fn say_hollow(&mut self, end: u64, partial: usize) {
        let zeros = to_u64(BLOCK_BYTES).saturating_mul(self.run.zeros);
        let behind = zeros.saturating_add(to_u64(partial)).saturating_sub(END_BYTES);
        // Tar pads to a record, of 10 KiB unless it was told otherwise (`-b`): then the archive is so many records long.
        let record = behind.checked_next_power_of_two().unwrap_or(u64::MAX);
        let is_padded = behind <= RECORD_BYTES || end.is_multiple_of(record);
        if !is_padded || behind > self.limits.padding_bytes_max {
            let reason = format!(
                "{behind} bytes of zeros after the end of the archive, more than any padding; perhaps a failed download"
            );
            self.gap(GapKind::TrailingData, reason);
        }
    }

    /// Zeros before a header: other tools stop there and show less.
    pub(super) fn note_zeros(&mut self) {
        self.say_hollow(self.header_offset(), 0);
        if self.run.ended && self.run.unknown && self.is_first(GapKind::CorruptStream) {
            // A page that was never written: the file before it ends in zeros, and the next ones have lost their headers.
            let offset = self.header_offset();
            let reason = format!(
                "zeros and unknown bytes before byte {offset}, where another entry follows; part of it is lost"
            );
            return self.gap(GapKind::CorruptStream, reason);
        }
        let zeros = self.run.zeros;
        if (zeros == 0 && !self.run.ended) || !self.is_first(GapKind::Concatenated) {
            return;
        }
        let offset = self.header_offset();
        let reason = if to_u64(BLOCK_BYTES).saturating_mul(zeros) == offset {
            format!(
                "zeros before the first header, at byte {offset}; other tools take them for the end"
            )
        } else if self.run.ended {
            // `cat a.tar b.tar` makes such a file, and other
            // tools silently show the first archive alone.
            format!("another archive follows the end of the first, at byte {offset}")
        } else {
            format!("a lone zero block before byte {offset}; other tools take it for the end")
        };
        self.gap(GapKind::Concatenated, reason);
    }

    pub(super) fn finish_between(&mut self, offset: u64) {
        // A file that was cut in the padding of its last
        // record has a part of a zero block at its end.
        let rest_is_zero = header::is_zero(self.block.get(..self.filled).unwrap_or_default());
        if !rest_is_zero && self.run.ended && !self.run.unknown {
            let start = self.position;
            self.say_trailing(start);
        } else if !rest_is_zero && !self.run.ended && !self.run.unknown {
            return self.gap(GapKind::Partial, format!("ends inside a header at byte {offset}"));
        }
        if rest_is_zero && self.entries > 0 {
            self.say_hollow(offset, self.filled);
        }
        if self.extensions.any {
            self.gap(GapKind::Partial, format!("ends after an extension header at byte {offset}"));
        } else if self.entries == 0 && !self.run.unknown {
            // GNU tar 1.34 and bsdtar 3.6 list such a file as empty and succeed, also where entries follow a zero block.
            self.gap(GapKind::EmptyArchive, "an archive without any entry".to_owned());
        } else if !self.run.ended {
            // GNU tar 1.34, bsdtar 3.6, Python 3.11 and the tar crate take such an end for that of a whole archive.
            let reason = format!(
                "ends at byte {offset} without end-of-archive blocks; perhaps cut between two entries"
            );
            self.gap(GapKind::NoEoa, reason);
        }
    }
}
