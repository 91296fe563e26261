//! Needs in, one plan of typed actions out, and what comes of it.
//!
//! Rules say what is to be changed ([`Need`]); the planner makes one plan of it ([`draft`]), in which every instance is stopped at most
//! once; the plan is applied to the facts, which are judged again ([`Draft::prove`]). Words and commands are made of it by reports alone.
//!
//! What holds for every plan: nothing is written while the instance runs; nothing is overwritten that was not kept; `storage` is written
//! only after a check that passed; keys that the policy accepts are not touched.

mod action;
mod choose_source;
mod command;
mod find_out;
mod flaw_words;
mod index;
mod install;
mod instance;
mod need;
mod planner;
mod powershell_word;
mod quoted;
mod right_keys;
mod scope;
mod shell_word;
mod simulate;
mod text;

pub use action::{Action, Collect, Decision, Do, KeyCheck, Outcome, Plan, PlanCheck, Window};
pub use command::ManualCommand;
pub(crate) use command::USER;
pub use index::PlanIndex;
pub(crate) use install::directory_of;
pub use need::{Id, Need, RuleId, RuleNeed, Unless, When};
pub use planner::{WhoseKeys, draft, standing};
pub(crate) use powershell_word::{powershell_path, powershell_word};
pub(crate) use quoted::quoted;
pub use scope::Scope;
pub(crate) use shell_word::on_instance;
pub use shell_word::shell_word;
pub use text::Text;

use crate::farm::Farm;
use std::collections::BTreeSet;

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
    /// Applies the plan to the facts, has them judged again, and puts them back. What only a person does is tried apart: each kind of it
    /// that the outcome depends on is reported.
    pub fn prove(self, farm: &mut Farm, judge: impl Fn(&mut Farm) -> Outcome) -> Plan {
        let mut comes_to = |is_done: &dyn Fn(&Do) -> bool| {
            let undo = simulate::apply(farm, &self, is_done);
            let outcome = judge(farm);
            undo.restore(farm);
            outcome
        };
        let outcome = comes_to(&|_| true);
        let kinds: BTreeSet<&str> = self
            .actions()
            .map(|action| &action.does)
            .filter(|does| does.is_yours())
            .map(Do::word)
            .collect();
        let decides = |kind: &&str| comes_to(&|does| does.word() != *kind) != outcome;
        let kinds: BTreeSet<&str> = kinds.into_iter().filter(decides).collect();
        let actions = self.actions().enumerate();
        let yours = actions.filter(|(_, action)| kinds.contains(action.does.word()));
        let yours = yours.map(|(number, _)| number).collect();
        let Self { decision, collect, before, windows, after } = self;
        Plan { decision, collect, before, windows, after, outcome, yours }
    }

    /// Returns every action in the order in which it is done.
    fn actions(&self) -> impl Iterator<Item = &Action> {
        in_order(&self.before, &self.windows, &self.after)
    }
}

/// Returns actions in the order in which they are done.
fn in_order<'p>(
    before: &'p [Action],
    windows: &'p [Window],
    after: &'p [Action],
) -> impl Iterator<Item = &'p Action> {
    let stopped = windows.iter().flat_map(|window| &window.actions);
    before.iter().chain(stopped).chain(after)
}
