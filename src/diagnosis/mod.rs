//! Judging as a line: find, suppress, plan, causes, verdict.

mod causes;
mod find;
mod highlight;
mod judge;
#[cfg(test)]
mod plan_tests;
mod selection;
mod suppression;
mod verdict;

pub use causes::Cause;
pub use find::Finding;
pub use judge::{Judged, judge};
pub use selection::Selection;
pub use suppression::{Excuse, is_about_suppressions, known};
pub use verdict::{Doubt, Verdict, verdict};
