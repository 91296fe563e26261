//! `aemtrix rules [ID]`: the list of rules, or the explanation of one.

use super::Exit;
use crate::rules::{RULES, Rule, rule};
use std::io::{self, ErrorKind, Write};

/// Lists the rules, or explains one.
pub(super) fn run(id: Option<&str>) -> Exit {
    let mut out = io::stdout().lock();
    let written = match id {
        None => RULES.iter().try_for_each(|rule| {
            writeln!(out, "{:<26} {:<8} {}", rule.id, rule.severity, rule.summary)
        }),
        Some(id) => match rule(id) {
            Some(rule) => explain(rule, &mut out),
            None => return unknown(id),
        },
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => Exit::Clean,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Clean,
        Err(error) => super::complain(&format!("standard output: {error}")),
    }
}

fn explain(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} ({})\n{}\n", rule.id, rule.severity, rule.summary)?;
    writeln!(out, "Why\n  {}\n", rule.why)?;
    writeln!(out, "Repair\n  {}\n", rule.fix)?;
    writeln!(out, "See")?;
    rule.references.iter().try_for_each(|reference| writeln!(out, "  {reference}"))
}

fn unknown(id: &str) -> Exit {
    let close = RULES.iter().filter(|rule| rule.id.contains(id) || id.contains(rule.id));
    let close: Vec<&str> = close.map(|rule| rule.id).collect();
    let hint = if close.is_empty() {
        "`aemtrix rules` lists them".to_owned()
    } else {
        format!("did you mean {}?", close.join(" or "))
    };
    super::complain(&format!("there is no rule `{}`; {hint}", crate::report::printable(id)))
}
