//! What GNU tar lists of a directory in an incremental archive (`tar -g`): which files are in the archive, and which were left out.
//!
//! The list is the body of a directory of type `D`, or its PAX record `GNU.dumpdir`. Each file is a letter and a name that a NUL ends:
//! `Y` is in the archive, `N` had not changed and is not, `D` is a directory. The first archive of a series, level 0, has no `N`
//! but for what was excluded.

use super::scanner::{Scanner, cut, padded, to_u64};
use super::state::State;
use crate::intake::path;

impl Scanner<'_> {
    /// Begins the list of the directory at hand, of so many bytes.
    pub(super) fn enter_listing(&mut self, bytes: u64) {
        self.left = bytes;
        self.tail = padded(bytes).saturating_sub(bytes);
        self.state = State::Listing;
    }

    /// Takes the next bytes of a list; returns those behind it. A list may be long, and no more than one name of it is kept.
    pub(super) fn push_listing<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let (piece, rest) = cut(bytes, self.left);
        let length = to_u64(piece.len());
        self.position = self.position.saturating_add(length);
        self.left = self.left.saturating_sub(length);
        let mut begun = std::mem::take(&mut self.buffer);
        for (index, part) in piece.split(|byte| *byte == 0).enumerate() {
            // A NUL ends a record, so only what is behind the last one is still unfinished.
            if index > 0 {
                self.take_listed(&begun);
                begun.clear();
            }
            // What is longer is no name of a file.
            let room = self.limits.path_bytes_max.saturating_sub(begun.len());
            begun.extend_from_slice(part.get(..room).unwrap_or(part));
        }
        if self.left == 0 {
            self.take_listed(&begun);
            begun.clear();
            self.enter_skip();
        }
        self.buffer = begun;
        rest
    }

    /// Takes a whole list.
    pub(super) fn take_listing(&mut self, listing: &[u8]) {
        for record in listing.split(|byte| *byte == 0) {
            self.take_listed(record);
        }
    }

    fn take_listed(&mut self, record: &[u8]) {
        // Only what is missing matters: a key that did not
        // change since the last level is not in this archive.
        if let Some(name) = record.strip_prefix(b"N").filter(|name| !name.is_empty()) {
            self.visit.left_out(&path::below(&self.path, name));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::GapKind;
    use crate::intake::testing::{Feed, Recorder, archive, member, record, scan, scan_tar};
    use crate::limits::Limits;

    const LISTING: &[u8] = b"Ybundle.info\0Nhmac\0Ddata\0N\0Rold\0Tnew\0Nmaster\0\0";

    fn left_out(bytes: &[u8]) -> Vec<String> {
        let recorder = scan_tar(bytes);
        assert_eq!(recorder.gaps(), []);
        recorder.left_out
    }

    #[test]
    fn files_that_were_left_out_are_told() {
        let behind = member(b'0', "x", b"1");
        let listed = archive(&[member(b'D', "d/", LISTING), behind.clone()]);
        assert_eq!(left_out(&listed), ["d/hmac", "d/master"]);
        assert_eq!(scan_tar(&listed).files().len(), 1);
        let text = std::str::from_utf8(LISTING).unwrap();
        let pax = member(b'x', "x", &record("GNU.dumpdir", text));
        let listed = archive(&[pax, member(b'5', "d/", b""), member(b'5', "e/", b""), behind]);
        assert_eq!(left_out(&listed), ["d/hmac", "d/master"]);
        assert_eq!(left_out(&archive(&[member(b'D', "./", LISTING)])), ["hmac", "master"]);
        assert_eq!(left_out(&archive(&[member(b'D', "d/", b"Ya\0Nb")])), ["d/b"]);
    }

    #[test]
    fn full_archive_leaves_nothing_out() {
        let nothing = [""; 0];
        assert_eq!(left_out(&archive(&[member(b'D', "d/", b"Yhmac\0Ddata\0\0")])), nothing);
        assert_eq!(left_out(&archive(&[member(b'D', "d/", b"")])), nothing);
    }

    #[test]
    fn long_list_is_read_in_pieces_and_a_cut_one_is_a_gap() {
        let name = |index: usize| format!("N{index}{}\0", "x".repeat(90));
        let listing: String = (0..20_000).map(name).collect();
        let whole = archive(&[member(b'D', "d/", listing.as_bytes()), member(b'0', "x", b"1")]);
        assert_eq!(left_out(&whole).len(), 20_000);
        let cut = scan(&whole[..9000], Feed::Whole, &Limits::default(), Recorder::default(), false);
        assert_eq!(cut.gaps(), [GapKind::Partial]);
        let endless = format!("N{}", "x".repeat(1 << 20)).into_bytes();
        let kept = left_out(&archive(&[member(b'D', "d/", &endless)]));
        assert!(kept[0].len() <= Limits::default().path_bytes_max + 2);
    }
}
