//! Reports that are written farm by farm, each of which may be gone when the next is judged: 25,000 farms took 1 GB at the end.

use super::Report;
use crate::diagnosis::Judged;
use std::io::{self, Write};

/// Writes a report of which no more than one farm is in memory.
pub trait FarmWriter {
    /// Writes what is before the first farm.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be written.
    fn head(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Writes the next farm.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be written.
    fn farm(&mut self, judged: &Judged, out: &mut dyn Write) -> io::Result<()>;

    /// Writes what is after the last farm.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be written.
    fn tail(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Returns what writes a report farm by farm, where that is the same as all at once. Of the report it is given, nothing but the farms is
/// missing.
pub(super) type ByFarm = fn(&Report) -> Option<Box<dyn FarmWriter + '_>>;

/// What a format has that needs all farms at once.
pub(super) const ALL_AT_ONCE: ByFarm = |_| None;

/// Writes a report of which all farms are there.
pub(super) fn write(
    mut writer: impl FarmWriter,
    report: &Report,
    out: &mut dyn Write,
) -> io::Result<()> {
    writer.head(out)?;
    report.farms.iter().try_for_each(|judged| writer.farm(judged, out))?;
    writer.tail(out)
}
