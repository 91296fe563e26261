//! Facts as lines of JSON, `aemtrix.facts/1`: saved by one run, judged again by another.
//!
//! ```text
//! {"schema":"aemtrix.facts/1","source":{…},"holds":["5e0f…"]}   one a source, with the lines that belong to it
//! {"schema":"aemtrix.facts/1","instance":{…}}                    one an instance: all that the rules look at
//! {"schema":"aemtrix.facts/1","gap":{…}}                         one a gap
//! {"schema":"aemtrix.facts/1","end":{"lines":7,"sources":[…]}}   one a run, with its sources
//! ```
//!
//! Fields are never renamed, and are only added.
//!
//! **What is whole.** A source names the lines of its instances and gaps, and the end of a run names its sources. So the order of
//! lines, repeated lines and joined files do not matter, and no line can be lost unseen: a set of lines is whole when each line that
//! is named is there, and each line that is there is named. What is not whole is a gap of kind `facts-missing` and leaves open the
//! farm that it concerns. These gaps follow from the lines alone and are not saved: they go when the missing lines come.
//!
//! **Facts of versions up to 0.1.0** have no `holds`, and their `end` has nothing but the number of lines before it. They are taken
//! for whole when they are as they were written: so many lines before the end, in that order, and as many instances of each source as
//! its line says. In another order, or cut, they leave their farm open; scan the sources again, or give the file as it was written.
//! Saved again (`report -f ndjson`), they have what facts have now.

mod bad_lines;
mod ledger;
mod line;
mod line_id;
mod merge;
mod spelling;
mod tally;
mod wire;

pub use ledger::Ledger;
pub use line::ReadLine;
pub use line_id::LineId;
pub use merge::{Merge, Saved};
pub use wire::{End, GapRef, SCHEMA, SavedLine, SourceRef, schema};
