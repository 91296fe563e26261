//! From the files of the page to its reports: what `aemtrix scan` does.

use super::asked::{Judging, Reading};
use super::watch::PageWatch;
use crate::examine::{Examined, examine, failed_on};
use crate::intake::{Choice, Discovered, Source, discover_chosen};
use crate::limits::Limits;
use crate::report::{FORMATS, Report};
use crate::request::ReadFacts;
use anyhow::anyhow;

/// What was read, and the report that was made of it last.
#[derive(Default)]
pub(super) struct Session {
    limits: Limits,
    read: ReadFacts,
    report: Option<Report>,
}

impl Session {
    /// Reads the sources, one after the other.
    pub(super) fn examine(&mut self, reading: &Reading) {
        self.limits = reading.limits();
        let Discovered { sources, notes } =
            discover_chosen(&reading.operands(), &Choice::default());
        let is_lost = |source: &Source| reading.lost.contains(&source.name);
        let (lost, sound): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_lost);
        let mut read = examine(&sound, &self.limits, 1, &PageWatch);
        for Examined { sources, gaps, .. } in
            lost.iter().map(|source| failed_on(source, &self.limits))
        {
            read.sources.extend(sources);
            read.gaps.extend(gaps);
        }
        read.sources.sort_by(|a, b| a.name.cmp(&b.name));
        read.gaps.extend(notes);
        let Examined { snapshots, sources, gaps } = read;
        self.read = ReadFacts { snapshots, sources, gaps, ..ReadFacts::default() };
    }

    /// Judges what was read; returns what comes of it in one line.
    ///
    /// # Errors
    ///
    /// Fails on options that cannot be; the message is one sentence.
    pub(super) fn judge(&mut self, judging: Judging) -> anyhow::Result<String> {
        let report = judging.request(&self.limits)?.report(self.read.clone())?;
        let summary = report.in_one_line();
        self.report = Some(report);
        Ok(summary)
    }

    /// Writes the report in a format.
    ///
    /// # Errors
    ///
    /// Fails where there is none, or no such format.
    pub(super) fn write(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let format = FORMATS.iter().find(|format| format.name == name);
        let format = format.ok_or_else(|| anyhow!("no format is called {name}"))?;
        let report = self.report.as_ref().ok_or_else(|| anyhow!("nothing was judged yet"))?;
        let mut bytes = Vec::new();
        (format.write)(report, &mut bytes)?;
        Ok(bytes)
    }
}

/// Returns all formats as JSON.
pub(super) fn formats() -> String {
    let format = |format: &crate::report::Format| {
        let extension = format.extensions.first().copied().unwrap_or(format.name);
        serde_json::json!({ "name": format.name, "extension": extension, "summary": format.summary })
    };
    FORMATS.iter().map(format).collect::<serde_json::Value>().to_string()
}
