//! `aemtrix rules [ID]`: the list of rules, or the explanation of one.

use super::{Exit, complain, output};
use crate::report::{Screen, explain_rule, list_rules};
use crate::rules::rule;

/// Lists the rules, or explains one. That the id is known was checked with the arguments.
pub(super) fn run(id: Option<&str>, screen: Screen) -> Exit {
    let written = output::to_stdout(|out| match id.and_then(rule) {
        Some(rule) => explain_rule(rule, screen, out),
        None => list_rules(out),
    });
    written.map_or_else(|error| complain(&format!("{error:#}")), |()| Exit::Clean)
}
