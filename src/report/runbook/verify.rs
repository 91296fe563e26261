//! How to see that all is well, with a command that leaves nothing out.

use super::super::Report;
use super::super::repair::result;
use super::incomplete_sources::IncompleteSources;
use super::text::{code, commands, prose};
use crate::diagnosis::{Judged, Verdict};
use crate::farm::Member;
use crate::repair::{Outcome, shell_word};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::ops::Bound;

/// Standard input, as an operand.
const STDIN: &str = "-";

/// Says how to see that all is well.
pub(super) fn write(
    judged: &Judged,
    report: &Report,
    incomplete: &IncompleteSources<'_>,
    has_others: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (settled, then) = match judged.verdict {
        Verdict::Undecided(_) => ("When the snapshots are there", "add what has no line here"),
        _ => ("When all is done", "take new snapshots of all instances, under the same names"),
    };
    let again = match (incomplete.is_empty(), has_others) {
        (true, false) => "",
        (false, false) => ", those to pack again too",
        (true, true) => ", those at the end of this text too that are of this farm",
        (false, true) => ", those to pack again too, also at the end of this text,",
    };
    let options = match report.farms.len() {
        1 => ", with the `--policy` of the run that wrote this, if it had one",
        _ => ", with the `--policy` and the `--farm-by` of the run that wrote this, if it had them",
    };
    let sources = sources(judged, incomplete);
    writeln!(out, "## Verify\n\n{settled}, {then}{again}, and run{options}:")?;
    commands("", &command(judged, &sources), out)?;
    if sources.contains(STDIN) {
        writeln!(out, "On standard input, give it what was there when this text was written.\n")?;
    }
    // The keys of those that the policy accepts are others still.
    let accepted = judged.accepted.len();
    let unsaid = judged.left_out.saturating_add(judged.suppressed()).saturating_add(accepted);
    let ends = match (&judged.plan.outcome, report.farms.len()) {
        // What this text does not repair still stands then.
        _ if unsaid > 0 => "It must find nothing that this text repairs.".to_owned(),
        (Outcome::Consistent, 1) => {
            "It must end with `Verdict: CONSISTENT`, and exit with 0 where it finds no warning."
                .to_owned()
        }
        (Outcome::Consistent, _) => format!(
            "It must say {}, or `Verdict: CONSISTENT` where no other farm is in these sources.",
            code(&format!("Verdict of {}: CONSISTENT", judged.farm.name))
        ),
        (Outcome::StillOpen(_) | Outcome::StillWrong { .. }, _) => {
            format!("{} That scan then says what is left.", prose(&result(&judged.plan)))
        }
    };
    writeln!(out, "{ends}{}\n", tried(judged))
}

/// Says what is tried at last. Nobody logs in on a cold standby: there the keys themselves are all that shows it, as the block of commands did.
fn tried(judged: &Judged) -> &'static str {
    let changed = judged.plan.windows.iter().map(|window| window.instance.as_str());
    let (standbys, others): (Vec<&str>, Vec<&str>) = changed.partition(|name| {
        let mut members = judged.farm.members.iter();
        members.any(|member| member.name == *name && member.snapshot.is_standby())
    });
    match (standbys.is_empty(), others.is_empty()) {
        (true, _) => " Then try a login and one secret on each instance that was changed.",
        (false, true) => " A cold standby serves no logins: the md5 of its keys is the check.",
        (false, false) => {
            " Then try a login and one secret on each instance that was changed. A cold standby serves no logins: the md5 of its keys is the check."
        }
    }
}

/// Returns the sources of the members of a farm, and those that may hold others.
fn sources<'s>(judged: &'s Judged, incomplete: &IncompleteSources<'s>) -> BTreeSet<&'s str> {
    let members = judged.farm.members.iter().map(|member| member.snapshot.source.as_str());
    members.chain(incomplete.keys().copied()).collect()
}

fn command(judged: &Judged, sources: &BTreeSet<&str>) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut members: BTreeMap<&str, Vec<&Member>> = BTreeMap::new();
    for member in &judged.farm.members {
        members.entry(&member.snapshot.source).or_default().push(member);
    }
    let operands = sources.iter().map(|source| {
        operand(members.get(source).map(Vec::as_slice).unwrap_or_default(), source, sources)
    });
    let operands = operands.filter(|operand| told.insert(operand.clone()));
    let mut words: Vec<String> = operands.map(|operand| shell_word(&operand)).collect();
    if words.is_empty() {
        words.push(shell_word("NAME=SNAPSHOT"));
    }
    let last = words.len();
    let lines = words.into_iter().enumerate().map(|(index, word)| {
        let more = if index.saturating_add(1) < last { " \\" } else { "" };
        format!("  {word}{more}")
    });
    std::iter::once("aemtrix scan \\".to_owned()).chain(lines).collect()
}

/// Returns a source as an operand: with the name that the user gave it, else, for a single instance, the one that it has in this text.
fn operand(members: &[&Member], source: &str, sources: &BTreeSet<&str>) -> String {
    let label = members.first().and_then(|member| member.snapshot.label.as_deref());
    // A name would go to all that lies in a folder of uploads.
    let below = format!("{source}/");
    let next = sources.range::<str, _>((Bound::Included(below.as_str()), Bound::Unbounded)).next();
    let holds_others = next.is_some_and(|other| other.starts_with(&below));
    let named = match (label, members) {
        (Some(label), _) => labelled(label, source),
        (None, [member]) if !holds_others && is_label(&member.name) => {
            Some(format!("{}={source}", member.name))
        }
        _ => None,
    };
    named.unwrap_or_else(|| plain(source))
}

/// Returns a source with a name before it. What lies in a folder with a name has one with the path below the folder: it is the folder that
/// has the name then.
fn labelled(name: &str, source: &str) -> Option<String> {
    if is_label(name) {
        return Some(format!("{name}={source}"));
    }
    let (name, below) = name.split_once('/').filter(|(name, _)| is_label(name))?;
    let (folder, ending) = source.rsplit_once(&format!("/{below}"))?;
    let is_whole = ending.is_empty() || ending.starts_with('.');
    (is_whole && !folder.is_empty()).then(|| format!("{name}={folder}"))
}

/// Returns `true` if a name before `=` is read as a name again.
fn is_label(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && !name.contains(['/', '='])
}

/// Returns a source without a name, so that it is neither an option nor a name with a source.
fn plain(source: &str) -> String {
    let is_option = source.starts_with('-') && source != STDIN;
    let has_label = source.split_once('=').is_some_and(|(label, _)| !label.contains('/'));
    if is_option || has_label { format!("./{source}") } else { source.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_given_only_where_it_is_read_back() {
        for (name, is) in [
            ("a", true),
            ("a b.tar", true),
            ("", false),
            // The command line would take the first for an option, and split the last at its `=`.
            ("-a", false),
            ("a/b", false),
            ("a=b", false),
        ] {
            assert_eq!(is_label(name), is, "{name}");
        }
    }

    #[test]
    fn name_of_a_folder_is_given_to_the_folder() {
        for (name, source, operand) in [
            ("a", "x/a.tar", Some("a=x/a.tar")),
            ("east/b", "x/b.tar.gz", Some("east=x")),
            ("east/s/b", "/y/x/s/b.tar.gz", Some("east=/y/x")),
            ("east/b", "x/c.tar.gz", None),
            ("east/b", "x/bc.tar.gz", None),
            ("/b", "x/b.tar.gz", None),
            ("east/b", "/b.tar.gz", None),
        ] {
            assert_eq!(labelled(name, source).as_deref(), operand);
        }
    }

    #[test]
    fn source_without_a_name_is_no_option_and_no_name() {
        for (source, word) in [
            ("a.tar", "a.tar"),
            ("-a.tar", "./-a.tar"),
            ("a=b.tar", "./a=b.tar"),
            ("/x/a=b.tar", "/x/a=b.tar"),
            ("-", "-"),
        ] {
            assert_eq!(plain(source), word);
        }
    }
}
