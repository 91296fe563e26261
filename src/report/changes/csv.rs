//! `csv`: one line a change, for spreadsheets.

use super::{DiffFormat, DiffReport};
use crate::diff::{Change, FindingChange, InstanceChange, Presence};
use crate::report::csv::line;
use std::io::{self, Write};

pub(super) const FORMAT: DiffFormat =
    DiffFormat { name: "csv", extension: "csv", summary: "one line a change", write };

const HEAD: [&str; 9] =
    ["farm", "instance", "topic", "subject", "old", "new", "matters", "old since", "new since"];

fn write(report: &DiffReport, out: &mut dyn Write) -> io::Result<()> {
    line(HEAD.into_iter(), out)?;
    for instance in &report.diff.instances {
        presence(instance, out)?;
        for change in &instance.changes {
            one(instance, change, out)?;
        }
    }
    for farm in &report.diff.farms {
        let [old, new] = farm.verdicts.map(|verdict| verdict.unwrap_or("not there"));
        let matters = yes(old != new);
        let name = farm.name.as_str();
        line([name, "", "verdict", "verdict", old, new, matters, "", ""].into_iter(), out)?;
        for found in &farm.findings {
            finding(&farm.name, found, out)?;
        }
    }
    Ok(())
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn presence(instance: &InstanceChange, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = match instance.presence {
        Presence::Both if instance.old_name.is_none() => return Ok(()),
        Presence::Both => (instance.old_name.as_deref().unwrap_or_default(), &*instance.name),
        Presence::Gone => (instance.name.as_str(), ""),
        Presence::New => ("", instance.name.as_str()),
    };
    let matters = yes(instance.presence != Presence::Both);
    let fields = [&instance.farm, &instance.name, "instance", "name", old, new, matters, "", ""];
    line(fields.into_iter(), out)
}

fn one(instance: &InstanceChange, change: &Change, out: &mut dyn Write) -> io::Result<()> {
    // Of a key the digests are reported in full.
    let [old, new] = [&change.old, &change.new].map(|known| {
        let compared = known.compared().filter(|_| change.aspect.topic.is_needed());
        compared.map_or_else(|| known.to_string(), str::to_owned)
    });
    let (topic, subject) = (change.aspect.topic.label(), &*change.aspect.subject);
    let matters = if change.is_known() { yes(change.matters()) } else { "not known" };
    let [was, is] = [&change.old, &change.new]
        .map(|known| known.since().map_or_else(String::new, |since| since.to_string()));
    let (farm, name) = (&*instance.farm, &*instance.name);
    line([farm, name, topic, subject, &old, &new, matters, &was, &is].into_iter(), out)
}

fn finding(farm: &str, found: &FindingChange, out: &mut dyn Write) -> io::Result<()> {
    use crate::diff::Fate;
    let message = found.message.as_str();
    let [old, new] = match found.fate {
        Fate::New => ["", message],
        Fate::Gone => [message, ""],
        Fate::NotShown => [message, Fate::NotShown.label()],
        Fate::NotShownBefore => [Fate::NotShown.label(), message],
        Fate::Altered | Fate::Still => [found.old_message.as_deref().unwrap_or(message), message],
    };
    let instances = found.instances.join("; ");
    let matters = if found.is_open() { "not known" } else { yes(found.matters()) };
    line([farm, &instances, "finding", found.rule, old, new, matters, "", ""].into_iter(), out)
}
