//! What is said of keys that are all there, and that their instance cannot work with.

use crate::facts::KeyName;
use crate::farm::{Flaw, Member};
use std::collections::BTreeSet;

/// Says what to mend on an instance before its keys are copied.
pub(super) fn mend(member: &Member, flaws: &BTreeSet<Flaw>) -> String {
    let name = &member.name;
    let first = if flaws.contains(&Flaw::Misplaced) {
        format!("settle key-misplaced on {name}")
    } else if flaws.contains(&Flaw::InJcr) {
        format!("move the keys of {name} from its /etc/key to files, as described below")
    } else if flaws.contains(&Flaw::Ignored) {
        format!("write Bundle into the storage of {name}, without a newline")
    } else if has_stray(member) {
        format!("settle key-trailing-newline on {name}")
    } else if flaws.contains(&Flaw::Altered) {
        format!("settle key-altered on {name}")
    } else {
        format!("settle key-degenerate on {name}")
    };
    let then = if flaws.len() > 1 { ", then what another scan finds of its keys" } else { "" };
    format!("First {first}{then}")
}

/// Says how the keys are once all is mended, as in "the keys are sound …".
pub(super) fn mended(flaws: &BTreeSet<Flaw>) -> String {
    let of = |flaw: &Flaw| match flaw {
        Flaw::Misplaced => "in their place",
        Flaw::InJcr => "as files",
        Flaw::LineEnd => "without the line end",
        Flaw::Altered => "as they were before a tool altered them",
        Flaw::Swapped => "each under its own name",
        Flaw::Ignored => "in use",
    };
    flaws.iter().map(of).collect::<Vec<_>>().join(" and ")
}

/// Says what is wrong with keys that another instance has as they should be, as in "the keys of a…".
pub(super) fn with_flaws(flaws: &BTreeSet<Flaw>) -> &'static str {
    let mut all = flaws.iter();
    match (all.next(), all.next()) {
        (Some(Flaw::Misplaced), None) => ", which lie in the wrong place there",
        (Some(Flaw::InJcr), None) => ", which lie in the JCR there",
        (Some(Flaw::LineEnd), None) => " without the line end that does not belong there",
        (Some(Flaw::Altered), None) => ", of which a file was altered there",
        (Some(Flaw::Ignored), None) => ", which ignores them, for its storage says JCR",
        (Some(Flaw::Swapped), None) => ", which are swapped there",
        _ => ", which are not as they should be there",
    }
}

/// Returns `true` if a line end follows a key in its place.
fn has_stray(member: &Member) -> bool {
    let has = |name| member.known_key(name).is_some_and(|key| key.line_end().is_some());
    KeyName::ALL.into_iter().any(has)
}
