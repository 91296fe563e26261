//! Facts as lines of JSON, `aemtrix.facts/2`: saved by one run, judged again by another.
//!
//! ```text
//! {"schema":"aemtrix.facts/2","id":"5e0f…","instance":{…}}                    one an instance: all that the rules look at, but its bundles
//! {"schema":"aemtrix.facts/2","id":"a113…","bundles":[{…},…]}                 bundles, which instances name by this id
//! {"schema":"aemtrix.facts/2","id":"07bc…","numbers":[21,40,…]}               their numbers on an instance, named the same way
//! {"schema":"aemtrix.facts/2","id":"99d2…","gap":{…}}                         one a gap
//! {"schema":"aemtrix.facts/2","id":"c3a0…","source":{…},"holds":["5e0f…"]}    one a source, with the lines that belong to it
//! {"schema":"aemtrix.facts/2","id":"f00b…","end":{"sources":[…],"runs":[…]}}  the end of a run, with its sources and what it says of itself
//! ```
//!
//! Fields are never renamed, and are only added.
//!
//! **What is whole.** A source names the lines of its instances and gaps, an instance those of its bundles, and the end of a run its
//! sources. So the order of lines, repeated lines and joined files do not matter, and no line can be lost unseen: a set of lines is
//! whole when each line that is named is there, and each line that is there is named. What is not whole is a gap of kind
//! `facts-missing` and leaves open the farm that it concerns. These gaps follow from the lines alone and are not saved: they go when
//! the missing lines come.
//!
//! **Runs.** What a run says of itself (who asked for it, with which options) is in the line that ends it, so that it cannot be lost
//! apart from it. Merged facts have what each run said, once.
//!
//! **Bundles** are all but 3 KB of an instance, and most of a farm have the same. They are written once, without what differs: their
//! numbers, and where the cache lies.
//!
//! **`aemtrix.facts/1`**, which versions up to 0.1.0 wrote, is read: each instance with its bundles in its line, and no line says what
//! it is known by. The first of these versions have no `holds`, and their `end` has nothing but the number of lines before it. They
//! are taken for whole when they are as they were written: so many lines before the end, in that order, and as many instances of
//! each source as its line says. In another order, or cut, they leave their farm open; scan the sources again, or give the file as
//! it was written. Saved again (`report -f ndjson`), they have what facts have now.

mod bad_lines;
mod escaped_json;
mod fact;
mod files;
mod known_keys;
mod ledger;
mod line;
mod line_id;
mod merge;
mod newest;
mod old_line;
mod parts;
mod shelf;
mod spelling;
mod tally;
mod whole;
mod wire;
mod write;

pub use escaped_json::EscapedJson;
pub use files::{Files, TakeLines};
pub use ledger::Ledger;
pub use line::ReadLine;
pub use line_id::LineId;
pub use merge::{Merge, Saved};
#[cfg(feature = "cli")]
pub(crate) use newest::comes_again;
pub use parts::{PartReader, Parts, Survey};
pub use wire::{End, GapRef, SCHEMA, SavedLine, SourceRef, schema};
pub use write::{RunWriter, write_merged};
