//! Facts that are read part by part, each as if it were alone: what belongs together is a farm, mostly.
//!
//! They are read twice. The end of a run, which may be the last line of all, says which sources there were, and damage anywhere in a file
//! leaves open what is before it. So the first time only that is kept: a survey. Then each part is put together when its last line is
//! behind, and is gone when the next begins.

use super::fact::Fact;
use super::files::{Files, Seen, TakeLines};
use super::known_keys::KnownKeys;
use super::line::ReadLine;
use super::merge::{Merge, Saved};
use super::wire::SavedBundles;
use super::{End, GapRef, LineId, SourceRef};
use crate::facts::{Gap, GapKind, SourceRecord};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How the record of a source says that it is a directory.
const DIRECTORY: &str = "directory";

/// What a first reading keeps.
#[derive(Debug, Default)]
pub struct Survey {
    files: Files,
    /// Numbers of sources, by name.
    numbers: BTreeMap<String, usize>,
    /// By number.
    sources: Vec<SeenSource>,
    /// Numbers of sources in the order of their lines, each once in a row.
    order: Vec<usize>,
    /// Numbers of sources, and the roots and Sling ids of instances in them.
    instances: Vec<(usize, String, Option<String>)>,
    /// Paths in sources of which something was not read.
    gaps: BTreeSet<(usize, String)>,
    /// The line of a source, as a run names it.
    named: Vec<(usize, SourceRef)>,
    /// The line of a gap, as a run names it.
    named_gaps: Vec<(usize, GapRef)>,
    /// Lines of bundles that instances need.
    shared: BTreeMap<LineId, SharedLine>,
    keys: KnownKeys,
    /// Why the facts cannot be read in parts; one sentence without a full stop.
    refused: Option<String>,
}

/// A source.
#[derive(Debug, Default)]
struct SeenSource {
    label: Option<String>,
    is_directory: bool,
    /// What was not read of it may be of any farm.
    is_anywhere: bool,
}

/// Who needs a line of bundles, and where it is.
#[derive(Debug, Default)]
struct SharedLine {
    /// Numbers of the sources.
    first_and_last: Option<(usize, usize)>,
    /// How many sources were before it.
    came: Option<usize>,
}

impl TakeLines for Survey {
    fn take(&mut self, line: ReadLine) {
        if let Some((fact, id)) = self.files.fact_in(line) {
            // Only facts of older versions count the lines of a run.
            self.files.file.run.clear();
            self.fact(fact, id);
        }
    }

    fn files(&mut self) -> &mut Files {
        &mut self.files
    }
}

impl Survey {
    fn fact(&mut self, fact: Fact, id: LineId) {
        match fact {
            Fact::Source(record, holds) => {
                let source = self.line_of(&record.name);
                if holds.is_none() {
                    self.refuse_older();
                }
                if let Some(known) = self.sources.get_mut(source) {
                    known.is_directory |= is_directory(&record);
                }
            }
            Fact::Instance(instance) => {
                let source = self.line_of(&instance.snapshot.source);
                self.keys.extend(instance.snapshot.all_keys());
                self.needs(source, &instance.bundles);
                // Facts of older versions have them in the line of the instance.
                for (id, _) in &instance.shared {
                    self.came(*id);
                }
                if let Some(known) = self.sources.get_mut(source) {
                    // As where all is merged at once: of several names the least.
                    let labels = known.label.take().into_iter().chain(instance.snapshot.label);
                    known.label = labels.min();
                }
                let id = instance.snapshot.sling_id.map(|id| id.uuid);
                self.instances.push((source, instance.snapshot.root, id));
            }
            Fact::Shared(..) => self.came(id),
            Fact::Gap(gap, _) => self.gap(gap),
            Fact::End(end) => self.end_run(end),
        }
    }

    fn refuse_older(&mut self) {
        let why =
            "they are of an older version; `aemtrix report -f ndjson` writes them in this one";
        self.refused.get_or_insert(why.to_owned());
    }

    /// Takes note of a line about a source, and returns its number.
    fn line_of(&mut self, source: &str) -> usize {
        self.files.file.name(source);
        let number = self.number(source);
        if self.order.last() != Some(&number) {
            self.order.push(number);
        }
        number
    }

    fn number(&mut self, source: &str) -> usize {
        if let Some(number) = self.numbers.get(source) {
            return *number;
        }
        let number = self.sources.len();
        self.numbers.insert(source.to_owned(), number);
        self.sources.push(SeenSource::default());
        number
    }

    fn needs(&mut self, source: usize, bundles: &SavedBundles) {
        for id in bundles.sets.iter().chain(&bundles.numbers) {
            let need = self.shared.entry(*id).or_default();
            let (first, _) = need.first_and_last.unwrap_or((source, source));
            need.first_and_last = Some((first, source));
        }
    }

    fn came(&mut self, id: LineId) {
        let before = self.order.len();
        self.shared.entry(id).or_default().came.get_or_insert(before);
    }

    fn gap(&mut self, gap: Gap) {
        let source = self.line_of(&gap.source);
        if !gap.kind.hides() {
            return;
        }
        let is_local = gap.is_local();
        if let Some(known) = self.sources.get_mut(source) {
            // Nothing shows from where standard input came.
            known.is_anywhere |= gap.source == "-";
        }
        self.gaps.extend(gap.path.filter(|_| is_local).map(|path| (source, path)));
    }

    fn end_run(&mut self, end: End) {
        if end.sources.is_none() {
            self.refuse_older();
        }
        for source in end.sources.into_iter().flatten() {
            self.files.file.name(&source.name);
            let number = self.number(&source.name);
            // Its own line may be missing, and what is missing in a directory concerns the farm around it.
            if let Some(known) = self.sources.get_mut(number) {
                known.is_directory |= source.container == DIRECTORY;
            }
            self.named.push((number, source));
        }
        for gap in end.gaps {
            if gap.reach.is_some() {
                let why = "they name damage that concerns several sources, as merged facts do";
                self.refused.get_or_insert(why.to_owned());
            }
            let number = self.number(&gap.source);
            self.named_gaps.push((number, gap));
        }
    }

    /// Returns the names of the sources by number, and whether each is a directory.
    pub fn sources(&self) -> Vec<(&str, bool)> {
        let mut names = vec![("", false); self.sources.len()];
        for (name, number) in &self.numbers {
            let is_directory = self.sources.get(*number).is_some_and(|source| source.is_directory);
            if let Some(place) = names.get_mut(*number) {
                *place = (name, is_directory);
            }
        }
        names
    }

    /// Returns the names that the user gave sources.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let label = |number: &usize| self.sources.get(*number)?.label.clone();
        let labels = self.numbers.iter();
        labels.filter_map(|(name, number)| Some((name.clone(), label(number)?))).collect()
    }

    /// Returns the number of the source, the root and the Sling id of each instance.
    pub fn instances(&self) -> impl Iterator<Item = (usize, &str, Option<&str>)> {
        self.instances.iter().map(|(source, root, id)| (*source, root.as_str(), id.as_deref()))
    }

    /// Returns paths of which something was not read, each with the number of its source.
    pub fn gaps(&self) -> impl Iterator<Item = (usize, &str)> {
        self.gaps.iter().map(|(source, path)| (*source, path.as_str()))
    }

    /// Puts the sources into parts: those of one group belong together. `groups` has one for each number.
    ///
    /// # Errors
    ///
    /// Fails where lines of a group are not together, or the facts cannot be judged in parts; the message is one sentence.
    pub fn parts(self, groups: &[usize]) -> Result<Parts, String> {
        if let Some(why) = self.refused {
            return Err(format!("these facts cannot be judged in parts: {why}"));
        }
        let ranks = self.ranks(groups)?;
        let rank_of = |source: usize| ranks.get(groups.get(source)?).copied();
        let may_be_anywhere = self.sources.iter().any(|source| source.is_anywhere);
        if may_be_anywhere && ranks.len() > 1 {
            return Err("something of standard input was not read, and may be of any farm; judge the facts without --partitioned".to_owned());
        }
        let mut last_needs = BTreeMap::new();
        let mut to_forget = vec![Vec::new(); ranks.len()];
        for (id, need) in &self.shared {
            let Some((first, last)) = need.first_and_last else { continue };
            let (first, last) = (rank_of(first), rank_of(last));
            let before = need.came.and_then(|came| came.checked_sub(1));
            let came = before.and_then(|at| rank_of(*self.order.get(at)?));
            if came > first {
                return Err("the facts are not grouped: a line of bundles is behind a farm that needs it; `sort` and such move lines".to_owned());
            }
            if let Some(last) = last {
                last_needs.insert(*id, last);
                to_forget.get_mut(last).into_iter().for_each(|lines: &mut Vec<_>| lines.push(*id));
            }
        }
        // What a run names and no line is about comes last, unless it is of a farm.
        let rest = ranks.len();
        let mut ends: Vec<End> = vec![End::default(); rest.saturating_add(1)];
        for (source, named) in self.named {
            if let Some(end) = ends.get_mut(rank_of(source).unwrap_or(rest)) {
                end.sources.get_or_insert_default().insert(named);
            }
        }
        for (source, named) in self.named_gaps {
            if let Some(end) = ends.get_mut(rank_of(source).unwrap_or(rest)) {
                end.gaps.insert(named);
            }
        }
        let of_source: BTreeMap<String, usize> = self
            .numbers
            .into_iter()
            .filter_map(|(name, number)| Some((name, *ranks.get(groups.get(number)?)?)))
            .collect();
        let of_part = |source: &str| of_source.get(source).copied().unwrap_or(rest);
        let known = self.files.seen.iter().filter(|(_, seen)| is_faulty(seen));
        let known = known.map(|(name, seen)| (name.clone(), Fault::of(seen))).collect();
        let faults = faults(self.files.seen, rest, of_part);
        let keys = Arc::new(self.keys);
        Ok(Parts { of_source, ends, last_needs, to_forget, known, faults, keys })
    }

    /// Returns the groups of which there are lines, with their places in the order of these.
    fn ranks(&self, groups: &[usize]) -> Result<BTreeMap<usize, usize>, String> {
        let mut ranks = BTreeMap::new();
        let mut before = None;
        for source in &self.order {
            let Some(group) = groups.get(*source) else { continue };
            if before != Some(*group) && ranks.contains_key(group) {
                let name = self.numbers.iter().find(|(_, number)| *number == source);
                let name = name.map_or("", |(name, _)| name.as_str());
                return Err(format!(
                    "the facts are not grouped by farm: lines of {name} come behind those of other farms; put the lines of each farm together, or \
                     leave out --partitioned"
                ));
            }
            let rank = ranks.len();
            ranks.entry(*group).or_insert(rank);
            before = Some(*group);
        }
        Ok(ranks)
    }
}

fn is_directory(record: &SourceRecord) -> bool {
    record.container == DIRECTORY
}

fn is_faulty(seen: &Seen) -> bool {
    !seen.faults.is_empty() || seen.ends.is_some()
}

/// What is wrong with a file.
#[derive(Debug, Default)]
struct Fault {
    /// Whether it ends where it should not.
    ends: bool,
    all: BTreeSet<(GapKind, String)>,
}

impl Fault {
    fn of(seen: &Seen) -> Self {
        Self { ends: seen.ends.is_some(), all: seen.faults.iter().cloned().collect() }
    }

    /// Returns `true` if nothing else is wrong with it now.
    fn covers(&self, now: &Seen) -> bool {
        (self.ends || now.ends.is_none()) && now.faults.iter().all(|fault| self.all.contains(fault))
    }
}

/// Returns the files that something is wrong with, for each part that may lack something because of it.
fn faults(
    files: BTreeMap<String, Seen>,
    rest: usize,
    of_part: impl Fn(&str) -> usize,
) -> Vec<BTreeMap<String, Seen>> {
    let mut faults = vec![BTreeMap::new(); rest.saturating_add(1)];
    let mut everywhere = 0_usize;
    for (name, seen) in files.into_iter().filter(|(_, seen)| is_faulty(seen)) {
        let mut sources: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for source in &seen.sources {
            sources.entry(of_part(source)).or_default().insert(source.clone());
        }
        for (part, sources) in sources {
            if let Some(faults) = faults.get_mut(part) {
                let (of_file, ends) = (seen.faults.clone(), seen.ends.clone());
                faults.insert(name.clone(), Seen { sources, faults: of_file, ends });
            }
        }
        // What names no source may lack something of any. Thousands of such files say no more than the first.
        if seen.sources.is_empty() {
            let parts = if everywhere < Limits::DEFAULT.listed_max { 0 } else { rest };
            everywhere = everywhere.saturating_add(1);
            for faults in faults.iter_mut().skip(parts) {
                faults.insert(name.clone(), seen.clone());
            }
        }
    }
    faults
}

/// Which lines are of which part.
#[derive(Debug, Default)]
pub struct Parts {
    of_source: BTreeMap<String, usize>,
    /// What runs name, by part; at last what is of none.
    ends: Vec<End>,
    /// The last part that needs a line of bundles.
    last_needs: BTreeMap<LineId, usize>,
    /// The lines of bundles that a part is the last to need.
    to_forget: Vec<Vec<LineId>>,
    /// What the first reading found wrong with files, by name.
    known: BTreeMap<String, Fault>,
    /// Files that something is wrong with, by part, with the sources of it that they name.
    faults: Vec<BTreeMap<String, Seen>>,
    keys: Arc<KnownKeys>,
}

/// Takes lines a second time, and puts parts together.
pub struct PartReader {
    parts: Parts,
    merge: Merge,
    /// The part being read.
    part: usize,
    done: Vec<Saved>,
    is_changed: bool,
}

impl TakeLines for PartReader {
    fn take(&mut self, line: ReadLine) {
        let Some((fact, id)) = self.merge.files.fact_in(line) else { return };
        let source = match &fact {
            Fact::Source(record, _) => &record.name,
            Fact::Instance(instance) => &instance.snapshot.source,
            Fact::Gap(gap, _) => &gap.source,
            Fact::Shared(..) => {
                let needed = self.parts.last_needs.get(&id);
                if needed.is_some_and(|last| *last >= self.part) {
                    self.merge.fact(fact, id);
                }
                return;
            }
            // What it names was given to each part before.
            Fact::End(_) => return,
        };
        match self.parts.of_source.get(source) {
            Some(part) if *part < self.part => self.is_changed = true,
            Some(part) => {
                self.go_to(*part);
                self.merge.fact(fact, id);
            }
            None => self.is_changed = true,
        }
    }

    fn files(&mut self) -> &mut Files {
        &mut self.merge.files
    }
}

impl PartReader {
    /// Begins.
    pub fn new(parts: Parts, keeps_all: bool) -> Self {
        let mut merge = Merge::default();
        if keeps_all {
            merge = merge.keeping_all();
        }
        merge.keys = Some(Arc::clone(&parts.keys));
        Self { parts, merge, part: 0, done: Vec::new(), is_changed: false }
    }

    /// Returns the parts that are whole.
    pub fn done(&mut self) -> Vec<Saved> {
        std::mem::take(&mut self.done)
    }

    /// Ends, and returns the last parts; `None` where the lines are others than at the first time.
    pub fn end(mut self) -> Option<Vec<Saved>> {
        self.go_to(self.parts.ends.len());
        (!self.is_changed).then_some(self.done)
    }

    /// Puts together the parts before this one.
    fn go_to(&mut self, part: usize) {
        while self.part < part {
            self.close();
            self.part = self.part.saturating_add(1);
        }
    }

    /// Returns `true` if this reading found nothing wrong that the first did not: a disk may fail in between.
    fn finds_what_is_known(&self) -> bool {
        let known = |name: &String| self.parts.known.get(name);
        let as_known = |(name, now): (&String, &Seen)| {
            !is_faulty(now) || known(name).is_some_and(|fault| fault.covers(now))
        };
        self.merge.files.seen.iter().chain([self.merge.files.being_read()]).all(as_known)
    }

    fn close(&mut self) {
        if let Some(end) = self.parts.ends.get_mut(self.part) {
            self.merge.tally.end(std::mem::take(end));
        }
        self.is_changed |= !self.finds_what_is_known();
        self.merge.files.forget();
        if let Some(faults) = self.parts.faults.get_mut(self.part) {
            self.merge.files.seen = std::mem::take(faults);
        }
        self.done.push(self.merge.finish_part());
        let lines = self.parts.to_forget.get_mut(self.part).map(std::mem::take);
        self.merge.shelf.forget(&lines.unwrap_or_default());
    }
}
