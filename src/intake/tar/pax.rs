//! PAX extended headers: `LENGTH KEY=VALUE\n` records that describe the entry behind them.

use super::decimal::{Malformed, decimal};
use super::sparse::Records;

/// What extension headers (PAX records, GNU long names) say of the entry that follows them.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// The name, from PAX `path` or GNU `L`.
    pub(super) name: Option<Vec<u8>>,
    /// The link target, from PAX `linkpath` or GNU `K`.
    pub(super) link: Option<Vec<u8>>,
    /// The stored size of the body.
    pub(super) size: Option<u64>,
    /// Numeric user id.
    pub(super) uid: Option<u64>,
    /// Numeric group id.
    pub(super) gid: Option<u64>,
    /// User name.
    pub(super) user: Option<Vec<u8>>,
    /// When the file was written to last, milliseconds since 1970.
    pub(super) mtime_ms: Option<u64>,
    /// A header of records came already.
    pub(super) records: bool,
    /// `GNU.sparse.*`.
    pub(super) sparse: Records,
    /// `GNU.dumpdir`: what an incremental archive lists of a directory.
    pub(super) listing: Option<Vec<u8>>,
    /// An extension could not be read, so the name of the entry is not known.
    pub(super) doubtful: bool,
    /// Some extension came, read or not.
    pub(super) any: bool,
}

impl Extensions {
    /// Returns the name that replaces the one in the header.
    pub(super) fn full_name(&self) -> Option<&[u8]> {
        // In GNU's formats 0.1 and 1.0 the usual name is made up (`./GNUSparseFile.14266/hmac`); `GNU.sparse.name` is the real one.
        self.sparse.name.as_deref().or(self.name.as_deref())
    }

    /// Takes over the records of one extended header.
    ///
    /// # Errors
    ///
    /// Any malformed record: the tools then disagree on which of the others hold.
    pub(super) fn apply(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (key, value, behind) = record(rest)?;
            self.set(key, value)?;
            rest = behind;
        }
        Ok(())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) -> Result<(), Malformed> {
        match key {
            b"path" => self.name = name(value)?,
            b"linkpath" => self.link = name(value)?,
            b"size" => self.size = optional(value)?,
            // A bad id or time is no reason to refuse the entry:
            // no tool takes the name or the body from it.
            b"uid" => self.uid = decimal(value),
            b"gid" => self.gid = decimal(value),
            // GNU tar writes nanoseconds here; the field in the header has whole seconds only.
            b"mtime" => self.mtime_ms = whole_seconds(value),
            b"GNU.dumpdir" => self.listing = Some(value.to_vec()),
            b"uname" => self.user = (!value.is_empty()).then(|| value.to_vec()),
            // `hdrcharset` changes nothing, for names are taken as bytes; neither do `SCHILY.*` and `LIBARCHIVE.*`.
            key => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.set(key, value)?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the milliseconds of the whole seconds of a time, which may have a fraction.
fn whole_seconds(value: &[u8]) -> Option<u64> {
    let digits = value.iter().position(|byte| *byte == b'.').unwrap_or(value.len());
    decimal(value.get(..digits)?)?.checked_mul(1000)
}

/// Returns `true` if a global header holds a record that renames or resizes the entries behind it.
///
/// GNU tar and Python apply it, bsdtar and the tar crate do not.
pub(super) fn is_global_trouble(bytes: &[u8]) -> Result<bool, Malformed> {
    let mut rest = bytes;
    let mut trouble = false;
    while !rest.is_empty() {
        let (key, _, behind) = record(rest)?;
        trouble |=
            matches!(key, b"path" | b"linkpath" | b"size") || key.starts_with(b"GNU.sparse.");
        rest = behind;
    }
    Ok(trouble)
}

type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Splits off the first record: key, value, rest. A value may hold line ends, so only the length says where it stops.
fn record(bytes: &[u8]) -> Result<Record<'_>, Malformed> {
    // The length counts itself and the blank; more than 19 digits would be no length of anything.
    let blank = bytes.iter().take(20).position(|byte| *byte == b' ').ok_or(Malformed)?;
    let (digits, _) = bytes.split_at_checked(blank).ok_or(Malformed)?;
    let length = usize::try_from(decimal(digits).ok_or(Malformed)?).map_err(|_| Malformed)?;
    let (whole, rest) = bytes.split_at_checked(length).ok_or(Malformed)?;
    let pair = whole.get(blank.saturating_add(1)..).ok_or(Malformed)?;
    // Python and the tar crate pass over a malformed record,
    // GNU tar and bsdtar report it: they see other names.
    let pair = pair.strip_suffix(b"\n").ok_or(Malformed)?;
    let equals = pair.iter().position(|byte| *byte == b'=').ok_or(Malformed)?;
    let (key, value) = pair.split_at_checked(equals).ok_or(Malformed)?;
    let value = value.strip_prefix(b"=").ok_or(Malformed)?;
    if key.is_empty() { Err(Malformed) } else { Ok((key, value, rest)) }
}

/// An empty value takes an earlier one back. Tools written in C cut a name at a NUL, others do not.
fn name(value: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    if value.contains(&0) {
        return Err(Malformed);
    }
    Ok((!value.is_empty()).then(|| value.to_vec()))
}

fn optional(value: &[u8]) -> Result<Option<u64>, Malformed> {
    if value.is_empty() { Ok(None) } else { decimal(value).map(Some).ok_or(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_cut_by_length_alone() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.apply(b"12 path=a\nb\n11 uname=x\n9 size=7\n"), Ok(()));
        assert_eq!(extensions.name.as_deref(), Some(&b"a\nb"[..]));
        assert_eq!(extensions.user.as_deref(), Some(&b"x"[..]));
        assert_eq!(extensions.size, Some(7));
    }

    #[test]
    fn last_record_wins_and_an_empty_one_takes_back() {
        let mut extensions = Extensions::default();
        assert_eq!(extensions.apply(b"9 path=a\n9 path=b\n"), Ok(()));
        assert_eq!(extensions.name.as_deref(), Some(&b"b"[..]));
        assert_eq!(extensions.apply(b"8 path=\n"), Ok(()));
        assert_eq!(extensions.name, None);
    }

    #[test]
    fn malformed_records_are_refused() {
        for bytes in [
            &b"path=a\n"[..],
            b"8 path=a\n",
            b"11 path=a\n",
            b"9 path=a",
            b"9 path a\n",
            b"0 \n",
            b"6 =ab\n",
            b"99999999999999999999 path=a\n",
            b"-1 path=a\n",
            b"11 path=a\0\n",
            b"9 size=x\n",
            b"28 size=99999999999999999999\n",
            b"9 path=a\n\0\0",
        ] {
            assert_eq!(
                Extensions::default().apply(bytes),
                Err(Malformed),
                "{}",
                bytes.escape_ascii()
            );
        }
    }
}
