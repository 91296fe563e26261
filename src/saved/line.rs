//! One line, as it was read: all that can be said of it without the lines around it, so that many are read at once.

use super::LineId;
use super::bad_lines::{BadLine, malformed, other_file, other_version};
use super::fact::{Fact, Instance, TEXT_BYTES_MAX, too_long};
use super::old_line;
use super::shelf::Shared;
use super::wire::{Head, SCHEMA, SavedBundle, SavedBundles, SavedLine, one};
use crate::facts::{Gap, GapKind, Snapshot};
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// A line that was read, to be taken in the order of the file.
#[derive(Debug)]
pub struct ReadLine {
    pub(super) content: Content,
}

/// What is in a line.
#[derive(Debug)]
pub(super) enum Content {
    /// A fact, and what its line is known by.
    Fact(Box<Fact>, LineId),
    Bad(BadLine),
    Blank,
    /// The start of a line in which the file ends.
    Cut,
}

/// PowerShell and editors put it before the first line; `cat` puts that line anywhere.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl ReadLine {
    /// Reads a whole line.
    pub fn whole(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Self { content: Content::Blank };
        }
        let content = match read(bytes) {
            Ok((fact, id)) => Content::Fact(Box::new(fact), id),
            Err(bad) => Content::Bad(BadLine { whole: other_file(bytes), ..bad }),
        };
        Self { content }
    }

    /// Reads the start of a line in which the file ends. What lacks its line end alone is whole.
    pub fn cut(bytes: &[u8]) -> Self {
        match Self::whole(bytes).content {
            Content::Blank => Self { content: Content::Cut },
            Content::Bad(bad) if bad.is_cut => Self { content: Content::Cut },
            content => Self { content },
        }
    }

    /// Says of a line that it is longer than any line of facts.
    pub fn too_long() -> Self {
        let reason = "is longer than any line of facts; it was not read";
        Self { content: Content::Bad(BadLine::new(GapKind::TooLarge, reason)) }
    }
}

/// Reads a line of the version that it says.
fn read(bytes: &[u8]) -> Result<(Fact, LineId), BadLine> {
    // A line as it was written is parsed once; one that another tool laid out is parsed for its version
    // first.
    let schema = match schema_first(bytes) {
        Some(schema) => Cow::Borrowed(schema),
        None => {
            serde_json::from_slice::<Head<'_>>(bytes).map_err(|error| malformed(&error))?.schema
        }
    };
    match schema.as_ref() {
        SCHEMA => fact(bytes),
        one::SCHEMA => old_line::fact(bytes),
        _ => {
            // What is no JSON behind its version is no line of another version.
            serde_json::from_slice::<Head<'_>>(bytes).map_err(|error| malformed(&error))?;
            Err(other_version())
        }
    }
}

/// Returns the version of a line that is laid out as it was written.
fn schema_first(bytes: &[u8]) -> Option<&'static str> {
    let rest = bytes.strip_prefix(b"{\"schema\":\"")?;
    let starts = |schema: &&'static str| {
        rest.strip_prefix(schema.as_bytes()).is_some_and(|rest| rest.starts_with(b"\""))
    };
    [SCHEMA, one::SCHEMA].into_iter().find(starts)
}

/// Reads a line of `aemtrix.facts/2`.
fn fact(bytes: &[u8]) -> Result<(Fact, LineId), BadLine> {
    let line: SavedLine<'static> =
        serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    check_texts(bytes)?;
    let Some(named) = line.id else {
        return Err(BadLine::new(GapKind::Malformed, "does not say what it is known by"));
    };
    let is_as_written = part_of(bytes).is_some_and(|part| LineId::of_part(part) == named);
    // Laid out anew or changed, it is known by what it says: as it was named, or as another line.
    let id = if is_as_written { named } else { line.part().0 };
    let is_of_later = line.minor.is_some_and(|minor| minor > 0);
    match one_part(line)? {
        Part::Other(fact) => Ok((fact, id)),
        Part::Numbers(numbers) => Ok((Fact::Shared(Shared::Numbers(numbers), id), id)),
        Part::Bundles(mut bundles) => {
            let is_less =
                bundles.iter_mut().map(SavedBundle::keep_shapes).fold(false, |a, b| a | b);
            let shared = Shared::Bundles(bundles);
            let now = if is_less || is_of_later { shared.line().part().0 } else { id };
            Ok((Fact::Shared(shared, now), id))
        }
        Part::Instance(mut snapshot, bundles) => {
            let is_changed = snapshot.keep_shapes() || is_of_later;
            let line = || SavedLine::instance(&snapshot, &bundles).part().0;
            let now = if is_changed { line() } else { id };
            Ok((Fact::Instance(Instance { snapshot, bundles, shared: Vec::new(), now }), id))
        }
        Part::Gap(mut gap) => {
            let is_changed = gap.keep_shapes() || is_of_later;
            let now = if is_changed { SavedLine::gap(&gap).part().0 } else { id };
            Ok((Fact::Gap(gap, now), id))
        }
    }
}

/// The part of a line before its texts were looked at.
enum Part {
    Instance(Snapshot, SavedBundles),
    Bundles(Vec<SavedBundle<'static>>),
    Gap(Gap),
    Numbers(Vec<u64>),
    Other(Fact),
}

/// Returns the part that is there.
fn one_part(line: SavedLine<'static>) -> Result<Part, BadLine> {
    let holds = line.holds.map(Cow::into_owned);
    let label = line.label.map(Cow::into_owned);
    let trials = line.trials.map(Cow::into_owned).unwrap_or_default();
    let instance = line.instance.map(|instance| {
        let (mut snapshot, bundles) = instance.into_facts();
        (snapshot.label, snapshot.trials) = (label, trials);
        Part::Instance(snapshot, bundles)
    });
    let parts = [
        line.source.map(|record| Part::Other(Fact::Source(record.into_owned(), holds))),
        instance,
        line.bundles.map(|bundles| Part::Bundles(bundles.into_owned())),
        line.numbers.map(|numbers| Part::Numbers(numbers.into_owned())),
        line.gap.map(|gap| Part::Gap(gap.into_owned())),
        line.end.map(|end| Part::Other(Fact::End(end.into_owned()))),
    ];
    let mut parts = parts.into_iter().flatten();
    if let (Some(part), None) = (parts.next(), parts.next()) {
        return Ok(part);
    }
    let reason = "holds none of source, instance, bundles, numbers, gap and end, or several";
    Err(BadLine::new(GapKind::Malformed, reason))
}

/// Returns the part of a line that is laid out as it was written, with the brace behind it.
fn part_of(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(b"{\"schema\":\"")?.strip_prefix(SCHEMA.as_bytes())?;
    let mut rest = rest.strip_prefix(b"\",\"id\":\"")?.get(ID_DIGITS..)?.strip_prefix(b"\",")?;
    // These are between the id and the part, and none of them is in the id.
    for field in [&b"\"minor\":"[..], b"\"label\":", b"\"trials\":"] {
        if let Some(value) = rest.strip_prefix(field) {
            let mut values = serde_json::Deserializer::from_slice(value).into_iter::<IgnoredAny>();
            values.next()?.ok()?;
            rest = value.get(values.byte_offset()..)?.strip_prefix(b",")?;
        }
    }
    Some(rest)
}

const ID_DIGITS: usize = 32;

/// Checks that no text in a line is longer than any path.
fn check_texts(bytes: &[u8]) -> Result<(), BadLine> {
    // Between two quotes there is at most one text, which is no longer than it is spelled.
    let (mut before, mut longest) = (0_usize, 0_usize);
    if bytes.len() > TEXT_BYTES_MAX {
        for at in memchr::memchr_iter(b'"', bytes).chain([bytes.len()]) {
            longest = longest.max(at.saturating_sub(before));
            before = at;
        }
    }
    if longest <= TEXT_BYTES_MAX {
        return Ok(());
    }
    let (_, longest) = LineId::of_old(bytes).map_err(|error| malformed(&error))?;
    if longest > TEXT_BYTES_MAX { Err(too_long()) } else { Ok(()) }
}
