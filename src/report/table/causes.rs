//! The causes: who, what is wrong, what comes of it, what shows it, and how it is mended.

use super::super::repair::{
    RepairPart, as_whom, beginning, decision, gist, parts, result, warning,
};
use super::super::{CAUSES_NAMED_MAX, Screen};
use super::text::{Paint, command, labelled};
use crate::diagnosis::{Cause, Finding, Judged};
use crate::repair::Do;
use crate::rules::Severity;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// A repair of more lines is in the runbook and in the script, and named here.
const LINES_MAX: usize = 28;
/// So many symptoms and places are listed of one cause.
const EVIDENCE_MAX: usize = 4;
/// So many causes of one rule are spelled out.
const ALIKE_MAX: usize = 3;
/// What is before the first line of each thing that is said of a cause, and before the others.
const LABEL: usize = 10;

/// Writes the causes of a farm, each once, with its repair where that is short.
pub(super) fn write(judged: &Judged, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    // What notes ask for is done as well, but not shown here.
    let of_causes = judged.causes.iter().flat_map(|cause| cause.actions.iter().copied()).collect();
    let all = parts(judged, Some(&of_causes));
    let is_short = all.iter().map(lines).sum::<usize>() <= LINES_MAX;
    let mut shown: BTreeSet<usize> = BTreeSet::new();
    let (mut alike, mut before) = (0_usize, "");
    let mut more = 0_usize;
    for (index, cause) in judged.causes.iter().enumerate() {
        let Some(root) = judged.findings.get(cause.root) else { continue };
        if root.rule.id != before {
            and_more(more, before, screen, out)?;
            (alike, before, more) = (0, root.rule.id, 0);
        }
        alike = alike.saturating_add(1);
        if alike > CAUSES_NAMED_MAX {
            more = more.saturating_add(1);
            continue;
        }
        heading(index.saturating_add(1), root, screen, out)?;
        if alike <= ALIKE_MAX {
            // Two instances with one fault have one effect: a second reading of it would be for what differs.
            let number = index.saturating_add(1).saturating_sub(alike);
            let effect = match alike {
                1 => root.rule.effect.replace('`', ""),
                _ => format!("as of {}", number.saturating_add(1)),
            };
            line("effect", &effect, screen, out)?;
            evidence(judged, cause, screen, out)?;
            fix(judged, cause, &mut shown, is_short, screen, out)?;
        }
    }
    and_more(more, before, screen, out)?;
    if judged.causes.is_empty() || judged.plan.is_empty() {
        return Ok(());
    }
    let has_commands =
        all.iter().flat_map(|part| &part.steps).any(|step| !step.commands.is_empty());
    let how = match (is_short, has_commands) {
        (true, true) => format!(
            "Run the commands {}, where the paths of the upload begin; each block prints its last line only when all of it went right. Keep a backup.",
            as_whom(&judged.plan)
        ),
        (true, false) => "Keep a backup.".to_owned(),
        (false, _) => {
            "For the steps, run this again with --format runbook (or shell, or powershell)."
                .to_owned()
        }
    };
    let beginning = beginning(judged).filter(|_| is_short && has_commands);
    let how = beginning.map_or_else(|| how.clone(), |text| format!("{how} {text}"));
    labelled("Repair:", &whole(judged, &how), screen, out)?;
    writeln!(out)
}

fn heading(number: usize, root: &Finding, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let paint = match root.severity {
        Severity::Error => Paint::Red,
        Severity::Warning => Paint::Yellow,
        Severity::Note => Paint::Bold,
    };
    let severity = paint.on(&root.severity.label().to_uppercase(), screen);
    writeln!(out, "{severity} {number} {}", Paint::Bold.on(root.rule.id, screen))?;
    labelled(" ", &root.hit.message, screen, out)
}

/// Says how many causes of a rule are not named.
fn and_more(count: usize, rule: &str, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let text = format!("and {count} more of {rule}; --format findings lists each");
    labelled(" ", &text, screen, out)?;
    writeln!(out)
}

/// Writes a line, or several, after a word.
fn line(word: &str, text: &str, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    labelled(&format!("  {word:<width$}", width = LABEL.saturating_sub(2)), text, screen, out)
}

fn evidence(judged: &Judged, cause: &Cause, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let explained = cause.explains.iter().filter_map(|index| judged.findings.get(*index));
    let explained: Vec<String> =
        explained.map(|finding| format!("{} ({})", finding.hit.message, finding.rule.id)).collect();
    let places = judged.findings.get(cause.root).map(|root| root.hit.places.as_slice());
    let places = places.unwrap_or_default().iter().map(ToString::to_string);
    let (mut word, mut lines) =
        if explained.is_empty() { ("seen in", places.collect()) } else { ("explains", explained) };
    let more = lines.len().saturating_sub(EVIDENCE_MAX);
    lines.truncate(EVIDENCE_MAX);
    lines.extend((more > 0).then(|| format!("and {more} more")));
    for text in &lines {
        line(word, text, screen, out)?;
        word = "";
    }
    Ok(())
}

/// Writes the repair of a cause, but for what stands with another one.
fn fix(
    judged: &Judged,
    cause: &Cause,
    shown: &mut BTreeSet<usize>,
    is_short: bool,
    screen: Screen,
    out: &mut dyn Write,
) -> io::Result<()> {
    let own: BTreeSet<usize> =
        cause.actions.iter().copied().filter(|index| !shown.contains(index)).collect();
    shown.extend(&own);
    let parts = parts(judged, Some(&own));
    let text = match (own.is_empty(), cause.actions.is_empty()) {
        (true, true) => "nothing is to be done that is known here".to_owned(),
        (true, false) => "mended by the steps of the causes above".to_owned(),
        _ if is_short => String::new(),
        _ => {
            let said = gist(&judged.plan, &own);
            let first = || parts.iter().flat_map(|part| &part.steps).next();
            match (said.is_empty(), first()) {
                (false, _) => format!("{} (see Repair below)", said.join("; ")),
                (true, Some(step)) => format!("{} (all steps: see Repair below)", step.say),
                (true, None) => "see Repair below".to_owned(),
            }
        }
    };
    if !text.is_empty() {
        line("fix", &text, screen, out)?;
        return writeln!(out);
    }
    let mut word = "fix";
    for part in &parts {
        line(word, &format!("{}:", part.title), screen, out)?;
        word = "";
        for step in &part.steps {
            if step.is_all_in_commands {
                step.commands.iter().try_for_each(|line| command(line, screen, out))?;
                continue;
            }
            let end = if step.commands.is_empty() { "." } else { ":" };
            line("", &format!("- {}{end}", step.say), screen, out)?;
            step.commands.iter().try_for_each(|line| command(line, screen, out))?;
        }
    }
    writeln!(out)
}

/// Returns the lines of a part on the screen.
fn lines(part: &RepairPart) -> usize {
    let each = part
        .steps
        .iter()
        .map(|step| step.commands.len().saturating_add(usize::from(!step.is_all_in_commands)));
    each.sum::<usize>().saturating_add(1)
}

/// Says whose keys are copied and why, how all of it is done, and what comes of it.
fn whole(judged: &Judged, how: &str) -> String {
    let mut actions = judged.plan.actions();
    let enters = actions.any(|action| matches!(action.does, Do::EnterSecret { .. }));
    let warned = if enters {
        " The runbook lists the secrets to enter again."
    } else if warning(judged).is_some() {
        " The runbook lists secrets that may have to be entered again."
    } else {
        ""
    };
    let whose = decision(&judged.plan).map(|whose| whose + " ").unwrap_or_default();
    format!("{whose}{how}{warned} {}", result(&judged.plan))
}
