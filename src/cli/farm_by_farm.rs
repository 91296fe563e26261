//! Reports that are judged and written farm by farm: of each that was written only counts are kept.

use crate::diagnosis::judge_each;
use crate::farm::Farm;
use crate::policy::Baseline;
use crate::report::{FarmWriter, Report, Totals};
use std::io::{self, Write};

/// What was judged and written so far.
pub(super) struct FarmByFarm {
    totals: Totals,
    /// What is known of findings that did not come yet.
    baseline: Option<Baseline>,
    written: io::Result<()>,
    has_head: bool,
}

impl FarmByFarm {
    /// Begins.
    pub(super) fn new() -> Self {
        Self { totals: Totals::default(), baseline: None, written: Ok(()), has_head: false }
    }

    /// Judges farms, and writes each; `report` is what there is to say beside them.
    pub(super) fn take(
        &mut self,
        mut writer: Box<dyn FarmWriter + '_>,
        report: &Report,
        farms: Vec<Farm>,
        out: &mut dyn Write,
    ) {
        self.totals.add_sources(report);
        if !self.has_head {
            self.write(|| writer.head(out));
        }
        self.has_head = true;
        let known = self.baseline.take();
        let mut baseline = known.unwrap_or_else(|| report.selection.baseline.clone());
        for judged in judge_each(farms, &report.selection, &mut baseline) {
            self.totals.add(&judged, report);
            self.write(|| writer.farm(&judged, out));
        }
        self.baseline = Some(baseline);
        self.write(|| writer.tail(out));
    }

    /// Writes, unless that has failed before. What nobody takes is judged all the same: the exit code speaks of everything.
    fn write(&mut self, write: impl FnOnce() -> io::Result<()>) {
        if self.written.is_ok() {
            self.written = write();
        }
    }

    /// Says how writing ended.
    ///
    /// # Errors
    ///
    /// Fails where something could not be written.
    pub(super) fn written(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.written, Ok(()))
    }

    /// Returns what all farms come to.
    pub(super) fn totals(&self) -> &Totals {
        &self.totals
    }
}
