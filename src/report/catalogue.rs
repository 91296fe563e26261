//! The rules themselves, as text: the list, and the explanation of one.

use super::Screen;
use super::table::{Paint, labelled};
use crate::rules::{RULES, Rule, url};
use std::io::{self, Write};

/// Writes one line for each rule.
pub fn list_rules(out: &mut dyn Write) -> io::Result<()> {
    let line = |rule: &&Rule| (rule.id, rule.severity, rule.summary);
    RULES
        .iter()
        .map(line)
        .try_for_each(|(id, severity, summary)| writeln!(out, "{id:<26} {severity:<8} {summary}"))
}

/// Writes what a rule looks for, why it matters, how to repair it, and where that is documented.
pub fn explain_rule(rule: &Rule, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{} ({})", Paint::Bold.on(rule.id, screen), rule.severity)?;
    labelled(" ", rule.summary, screen, out)?;
    for (title, text) in [("effect", rule.effect), ("why", rule.why), ("repair", rule.fix)] {
        writeln!(out, "\n{}", Paint::Bold.on(title, screen))?;
        labelled(" ", text, screen, out)?;
    }
    writeln!(out, "\n{}", Paint::Bold.on("see", screen))?;
    for reference in rule.references {
        labelled(" ", reference, screen, out)?;
        url(reference).map_or(Ok(()), |url| labelled("   ", &url, screen, out))?;
    }
    Ok(())
}
