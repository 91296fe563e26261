//! Judging as a line: find, suppress, plan, causes, verdict.

mod causes;
mod excuse;
mod find;
mod highlight;
mod identity;
mod judge;
#[cfg(test)]
mod plan_tests;
mod selection;
mod suppression;
mod verdict;

pub use causes::Cause;
pub use excuse::Excuse;
pub use find::Finding;
pub use identity::known;
pub use judge::{Judged, judge, judge_each};
pub use selection::Selection;
pub use suppression::is_about_suppressions;
pub use verdict::{Doubt, Verdict, verdict};
