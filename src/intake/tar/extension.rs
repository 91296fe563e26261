//! Extension headers: what is before an entry because its own header has no room for it.

use super::header::{self, Header};
use super::pax::{self, Extensions};
use super::scanner::{Scanner, cut, padded, to_u64};
use super::state::{Extension, SkipPlan, State};
use crate::facts::GapKind;

impl Scanner<'_> {
    /// Begins the extension header `header`.
    pub(super) fn enter_extension(&mut self, header: Header<'_>, kind: Extension) {
        let offset = self.header_offset();
        let entry = kind != Extension::Global;
        self.path.clear();
        self.extensions.any |= entry;
        let size = match header.size() {
            Ok(size) => size,
            Err(bad) => {
                self.extensions = Extensions::default();
                return self.damage(format!(
                    "size of the extension header at byte {offset} {}",
                    bad.problem()
                ));
            }
        };
        let padding = padded(size).saturating_sub(size);
        // A gzip of 1 MB can hold a name of 1 GiB, for which GNU tar 1.34 took 1,026 MB of memory, the tar crate 2,114.
        if size > self.limits.extension_bytes_max {
            // The entry has another name than its header says, and a file of the wrong name may
            // pass for a key.
            self.extensions.doubtful |= entry;
            let limit = self.limits.extension_bytes_max;
            self.gap(
                GapKind::OverLimit,
                format!("extension header of {size} bytes at byte {offset}, over the limit of {limit}; skipped with its entry"),
            );
            return self.follow(SkipPlan { need: None, stored: padded(size), map_follows: false });
        }
        self.tail = padding;
        self.left = size;
        self.state = State::Extension(kind);
        // No byte of it will come, so nothing else would end it.
        if size == 0 {
            self.apply_extension(kind, &[]);
        }
    }

    /// Takes the next bytes of an extension; returns those behind it.
    pub(super) fn push_extension<'b>(&mut self, kind: Extension, bytes: &'b [u8]) -> &'b [u8] {
        let (piece, rest) = cut(bytes, self.left);
        if self.buffer.is_empty() && to_u64(piece.len()) == self.left {
            self.position = self.position.saturating_add(self.left);
            self.apply_extension(kind, piece);
            return rest;
        }
        // Grows with what has come, never with what was announced.
        self.buffer.extend_from_slice(piece);
        self.left = self.left.saturating_sub(to_u64(piece.len()));
        if self.left == 0 {
            let whole = std::mem::take(&mut self.buffer);
            self.position = self.position.saturating_add(to_u64(whole.len()));
            self.apply_extension(kind, &whole);
        }
        rest
    }

    fn apply_extension(&mut self, kind: Extension, bytes: &[u8]) {
        self.enter_skip();
        // PAX and GNU names of one entry agree in honest archives, so only a change of what was known is a contradiction.
        let before = (self.extensions.name.clone(), self.extensions.link.clone());
        let understood = match kind {
            Extension::LongName => {
                self.extensions.name = Some(header::until_nul(bytes).to_vec());
                // GNU tar counts the NUL after the name in the
                // size, so the name ends before the record does.
                !header::until_nul(bytes).is_empty()
            }
            Extension::LongLink => {
                self.extensions.link = Some(header::until_nul(bytes).to_vec());
                true
            }
            Extension::Records => self.extensions.apply(bytes).is_ok(),
            Extension::Global => return self.apply_global(bytes),
        };
        if !understood {
            self.extensions.doubtful = true;
            let before = self.position;
            self.gap(
                GapKind::Corrupt,
                format!("malformed extension header before byte {before}; the entry it belongs to was skipped"),
            );
        } else if self.contradicts(kind, &before) && !self.extensions.doubtful {
            self.extensions.doubtful = true;
            let before = self.position;
            self.gap(
                GapKind::Corrupt,
                format!("another extension header of one entry before byte {before}; tools disagree on which of them counts, so the entry was skipped"),
            );
        }
    }

    /// Returns `true` if an extension is one too many. Of two headers of records, GNU tar takes the last alone and Python the
    /// first of each key; of two long names, GNU tar takes the last and Python the first.
    fn contradicts(
        &mut self,
        kind: Extension,
        before: &(Option<Vec<u8>>, Option<Vec<u8>>),
    ) -> bool {
        let again =
            kind == Extension::Records && std::mem::replace(&mut self.extensions.records, true);
        let renames =
            |before: &Option<Vec<u8>>, now: &Option<Vec<u8>>| before.is_some() && before != now;
        again
            || renames(&before.0, &self.extensions.name)
            || renames(&before.1, &self.extensions.link)
    }

    fn apply_global(&mut self, bytes: &[u8]) {
        let before = self.position;
        match pax::is_global_trouble(bytes) {
            // `git archive` writes a global header with a
            // comment, which renames nothing and is passed over.
            Ok(true) if self.is_first(GapKind::GlobalPath) => {
                let reason = format!(
                    "a global header before byte {before} renames or resizes what follows; tools disagree on its meaning"
                );
                self.gap(GapKind::GlobalPath, reason);
            }
            Ok(_) => {}
            // It belongs to no entry in particular, so none is skipped for it.
            Err(_) => {
                self.gap(GapKind::Corrupt, format!("malformed global header before byte {before}"));
            }
        }
    }
}
