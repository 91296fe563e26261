//! Needs in, one plan of typed actions out, and what comes of it.
//!
//! Rules say what is to be changed ([`Need`]); the planner makes one plan of it ([`draft`]), in which every instance is stopped at most
//! once; the plan is applied to the facts, which are judged again ([`Draft::prove`]). Words and commands are made of it by reports alone.
//!
//! What holds for every plan: nothing is written while the instance runs; nothing is overwritten that was not kept; `storage` is written
//! only behind a check that passed; keys that the policy accepts are not touched.

mod action;
mod choose_source;
mod find_out;
mod index;
mod install;
mod mend;
mod need;
mod planner;
mod scope;
mod shell_word;
mod simulate;
mod stop;
mod text;

pub use action::{Action, Check, Decision, Do, KeyCheck, Outcome, Plan, Window};
pub use index::Index;
pub(crate) use install::directory_of;
pub use need::{Id, Need, RuleId, When};
pub use planner::{Collect, Standing, Want, draft, standing};
pub use scope::Scope;
pub use shell_word::shell_word;
pub(crate) use shell_word::{on_instance, quoted};
pub use text::{Span, Text};

use crate::farm::Farm;

/// A plan of which it is not known yet what comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Whose keys the farm gets.
    pub decision: Decision,
    /// The keys that are brought to other instances.
    pub collect: Option<Collect>,
    /// What is done while all instances run.
    pub before: Vec<Action>,
    /// What is done to each instance while it is stopped.
    pub windows: Vec<Window>,
    /// What is done when they run again.
    pub after: Vec<Action>,
}

impl Draft {
    /// Applies the plan to the facts, has them judged again, and puts them back.
    pub fn prove(self, farm: &mut Farm, judge: impl FnOnce(&mut Farm) -> Outcome) -> Plan {
        let undo = simulate::apply(farm, &self);
        let outcome = judge(farm);
        undo.restore(farm);
        let Self { decision, collect, before, windows, after } = self;
        Plan { decision, collect, before, windows, after, outcome }
    }
}
