//! `aemtrix` examines install snapshots of Adobe Experience Manager offline and says whether a farm of instances agrees on its
//! crypto keys, and why not.
//!
//! Data flows one way, through rooms:
//!
//! ```text
//!  cli, browser ──> request ─────────────────────────┐ (choices only)
//!                                                    v
//!  intake ──> examine ──> farm ──> rules ──> diagnosis ──> report ──> stdout / files
//!    │           │          ^        │          ^
//!  limits    evidence ──> facts      └─> repair ┘   (needs in, a plan out)
//!               oak (segment store: bytes in, nodes out; knows nothing of AEM)
//! ```
//!
//! - [`facts`]: plain values: what was read, where, and what could not be read.
//! - [`limits`]: every bound on what is read.
//! - [`wiped`]: bytes that may be those of a key; used by every room that is given some.
//! - [`intake`]: finds sources, sniffs what they are, walks their entries. The only room that reads files.
//! - [`evidence`]: the files that matter, one file a kind: path pattern, size bound, parser.
//! - [`oak`]: reads nodes from segment stores, whose bytes it is given.
//! - [`examine`]: walks every source in parallel and makes snapshots; a panic in one source becomes a gap.
//! - [`policy`]: what the user expects of the farms, and which findings are known; parsers of text that `cli` reads.
//! - [`saved`]: facts as lines of JSON (`aemtrix.facts/2`), and how those of several runs are merged.
//! - [`farm`]: instances that must agree, their effective keys, and the matrix.
//! - [`repair`]: needs in, one plan of typed actions out, and what comes of it.
//! - [`rules`]: what is wrong, one file a rule.
//! - [`diagnosis`]: judging as a line: find, suppress, plan, causes, verdict.
//! - [`custody`]: on what evidence a report speaks, and whether other sources are the same.
//! - [`diff`]: what changed between two states of a farm.
//! - [`report`]: the formats, one file each. The only room that writes.
//! - [`request`]: what a run is asked for, by whoever asks, and the report that answers it.
//! - [`manual`]: the topics of `aemtrix help`, which is also where verdicts, rules, limits and words are explained.
//! - [`cli`]: arguments and exit codes (feature `cli`).
//! - [`browser`]: the same for a page (feature `browser`): files of a browser in, reports out.
//!
//! [`browser`]: manual::page
//!
//! Analysis never fails: it yields facts *and* gaps. What a source did not show is unknown, not absent, and no rule fires on
//! it. The bytes of a key exist only inside the function that digests them.
//!
//! The test `layers` holds the arrows between rooms. Containers, kinds of evidence, matrix rows, rules and formats are
//! registries of values (`CONTAINERS`, `KINDS`, `ROWS`, `RULES`, `FORMATS`): a new one is one file and its two lines in
//! the room's `mod.rs`.

#[cfg(all(feature = "browser", target_family = "wasm"))]
pub mod browser;
#[cfg(feature = "cli")]
pub mod cli;
pub mod custody;
pub mod diagnosis;
pub mod diff;
pub mod evidence;
pub mod examine;
pub mod facts;
pub mod farm;
pub mod intake;
pub mod limits;
pub mod manual;
pub mod oak;
pub mod policy;
pub mod repair;
pub mod report;
pub mod request;
pub mod rules;
pub mod saved;
#[cfg(test)]
pub(crate) mod testing;
pub mod wiped;
