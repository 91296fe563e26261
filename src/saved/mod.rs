//! Facts as lines of JSON, `aemtrix.facts/1`: saved by one run, judged again by another.
//!
//! ```text
//! {"schema":"aemtrix.facts/1","source":{…}}      one a source
//! {"schema":"aemtrix.facts/1","instance":{…}}    one an instance: all that the rules look at
//! {"schema":"aemtrix.facts/1","gap":{…}}         one a gap
//! {"schema":"aemtrix.facts/1","end":{"lines":7}} closes what one run wrote; so files may be joined with `cat`
//! ```
//!
//! Fields are never renamed, and are only added.

mod merge;
mod wire;

pub use merge::{Merge, Saved};
pub use wire::{End, SCHEMA, SavedLine, schema};
