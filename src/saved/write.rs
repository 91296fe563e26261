//! Lines as they are written: each instance and gap, then the source that holds them, and at last the end of the run.
//!
//! No line that instances share comes before one that needs it, so that what a file holds whose rest is lost is seen to lack
//! something.

use super::shelf::taken_apart;
use super::wire::SavedBundles;
use super::{GapRef, Ledger, LineId, SavedLine};
use crate::facts::{Bundles, Gap, RunRecord, Snapshot, SourceRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Writes what one run read, source by source.
pub struct RunWriter<W> {
    lines: LineWriter<W>,
    ledger: Ledger,
}

/// Writes lines, and once each those that instances share.
struct LineWriter<W> {
    out: W,
    /// Bundles that were taken apart, by their identity; they are kept so that no others get it.
    apart: BTreeMap<usize, (Bundles, SavedBundles)>,
    shared: BTreeSet<LineId>,
}

impl<W: Write> RunWriter<W> {
    /// Begins.
    pub fn new(out: W) -> Self {
        Self { lines: LineWriter::new(out), ledger: Ledger::default() }
    }

    /// Writes all lines of a source, which are a block: what buffers them is flushed.
    ///
    /// # Errors
    ///
    /// Fails where they cannot be written.
    pub fn source<'f>(
        &mut self,
        record: &SourceRecord,
        snapshots: impl IntoIterator<Item = &'f Snapshot>,
        gaps: impl IntoIterator<Item = &'f Gap>,
    ) -> io::Result<()> {
        let mut holds = BTreeSet::new();
        for snapshot in snapshots {
            holds.insert(self.lines.instance(snapshot, None)?);
        }
        for gap in gaps {
            holds.insert(SavedLine::gap(gap).write(&mut self.lines.out)?);
        }
        SavedLine::source(record, Some(&holds)).write(&mut self.lines.out)?;
        self.ledger.add(record.clone(), Some(holds), true);
        // Sources that were read have no bundles in common yet, but lines of them.
        self.lines.apart.clear();
        self.lines.out.flush()
    }

    /// Writes a gap that belongs to no source.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be written.
    pub fn gap(&mut self, gap: &Gap) -> io::Result<()> {
        let id = SavedLine::gap(gap).write(&mut self.lines.out)?;
        self.ledger.name_gap(GapRef { source: gap.source.clone(), id, reach: None });
        Ok(())
    }

    /// Ends the run, with what it says of itself.
    ///
    /// # Errors
    ///
    /// Fails where its end cannot be written.
    pub fn end(mut self, record: Option<RunRecord>) -> io::Result<()> {
        if let Some(record) = record {
            self.ledger.add_run(record);
        }
        ends(&self.ledger, &mut self.lines.out)?;
        self.lines.out.flush()
    }
}

/// Writes what was merged.
///
/// # Errors
///
/// Fails where it cannot be written.
pub fn write_merged<'f>(
    ledger: &Ledger,
    snapshots: impl IntoIterator<Item = &'f Snapshot>,
    gaps: impl IntoIterator<Item = &'f Gap>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut of_sources: BTreeMap<&str, (Vec<&Snapshot>, Vec<&Gap>)> = BTreeMap::new();
    for snapshot in snapshots {
        of_sources.entry(&snapshot.source).or_default().0.push(snapshot);
    }
    for gap in gaps {
        of_sources.entry(&gap.source).or_default().1.push(gap);
    }
    let mut lines = LineWriter::new(out);
    for (name, source) in ledger.sources() {
        lines.all(of_sources.remove(name).unwrap_or_default(), ledger)?;
        source.write(&mut lines.out)?;
    }
    for rest in of_sources.into_values() {
        lines.all(rest, ledger)?;
    }
    for (snapshot, bundles) in &ledger.unresolved {
        SavedLine::instance(snapshot, bundles).write(&mut lines.out)?;
    }
    for (id, shared) in ledger.shelf.unused() {
        lines.share(*id, || shared.line())?;
    }
    ends(ledger, &mut lines.out)
}

fn ends(ledger: &Ledger, out: &mut dyn Write) -> io::Result<()> {
    ledger.ends().iter().try_for_each(|end| SavedLine::end(end).write(out).map(drop))
}

impl<W: Write> LineWriter<W> {
    fn new(out: W) -> Self {
        Self { out, apart: BTreeMap::new(), shared: BTreeSet::new() }
    }

    /// Writes instances and gaps that were merged.
    fn all(&mut self, all: (Vec<&Snapshot>, Vec<&Gap>), ledger: &Ledger) -> io::Result<()> {
        for snapshot in all.0 {
            self.instance(snapshot, Some(ledger))?;
        }
        all.1.into_iter().try_for_each(|gap| SavedLine::gap(gap).write(&mut self.out).map(drop))
    }

    /// Writes an instance, and the lines of its bundles that were not written yet.
    fn instance(&mut self, snapshot: &Snapshot, ledger: Option<&Ledger>) -> io::Result<LineId> {
        if let Some(ledger) = ledger
            && let Some(found) = ledger.shelf.found(&snapshot.bundles)
        {
            let id = SavedLine::instance(snapshot, found).write(&mut self.out)?;
            for shared in found.sets.iter().chain(&found.numbers) {
                if let Some(line) = ledger.shelf.line(*shared) {
                    self.share(*shared, || line.line())?;
                }
            }
            return Ok(id);
        }
        let identity = snapshot.bundles.identity();
        if let Some((_, found)) = self.apart.get(&identity) {
            return SavedLine::instance(snapshot, found).write(&mut self.out);
        }
        let (found, shared) = taken_apart(&snapshot.bundles);
        let id = SavedLine::instance(snapshot, &found).write(&mut self.out)?;
        for (id, shared) in shared {
            self.share(id, || shared.line())?;
        }
        self.apart.insert(identity, (snapshot.bundles.clone(), found));
        Ok(id)
    }

    fn share<'l>(&mut self, id: LineId, line: impl FnOnce() -> SavedLine<'l>) -> io::Result<()> {
        if self.shared.insert(id) {
            line().write(&mut self.out)?;
        }
        Ok(())
    }
}
