//! `timeline`: when what happened on the instances of a farm, as a table.

use super::by_farm::ALL_AT_ONCE;
use super::table::Paint;
use super::{Format, Report, printable};
use crate::diagnosis::Judged;
use crate::facts::Utc;
use crate::farm::{Certainty, TimelineEvent, timeline};
use std::io::{self, Write};

pub(super) const FORMAT: Format = Format {
    name: "timeline",
    extensions: &["timeline", "timeline.txt"],
    summary: "when what happened, one line an event",
    write,
    by_farm: ALL_AT_ONCE,
};

/// What a moment takes: `2026-11-02 01:12:00 UTC`.
const TIME_CHARS: usize = 23;
/// Names of instances are shown whole up to so many characters.
const NAME_CHARS_MAX: usize = 32;

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.farms.is_empty() {
        writeln!(out, "No AEM instance was found.")?;
    }
    report.farms.iter().try_for_each(|judged| farm(judged, report, out))
}

fn farm(judged: &Judged, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let screen = report.screen;
    let title = format!("Timeline of {}", printable(&judged.farm.name));
    writeln!(out, "{}\n", Paint::Bold.on(&title, screen))?;
    let all = timeline(&judged.farm);
    let width = |event: &TimelineEvent| printable(&event.instance).chars().count();
    let names = all.iter().map(width).max().unwrap_or(0).min(NAME_CHARS_MAX);
    let mut is_local = false;
    for event in &all {
        if event.at_ms.is_none() && !is_local {
            is_local = true;
            writeln!(
                out,
                "\nLocal times of an unknown zone: their order against those above, and against other instances, is not known."
            )?;
        }
        let time = format!("{:<TIME_CHARS$}", time(event));
        let name = format!("{:<names$}", printable(&event.instance));
        let event_text = printable(&event.event).into_owned();
        let line = format!("{time}  {name}  {event_text}{}", behind(event));
        writeln!(out, "{}", ascii(&line, screen.ascii))?;
    }
    if all.is_empty() {
        writeln!(out, "Nothing shows when anything happened.")?;
    }
    if all.iter().any(|event| event.certainty == Certainty::Copied) {
        writeln!(
            out,
            "\nFiles marked (copied) have the time of a copy that did not keep times; nothing is concluded from it."
        )?;
    }
    writeln!(out)
}

/// Says when an event was: in UTC, or locally.
pub(super) fn time(event: &TimelineEvent) -> String {
    match (event.at_ms, &event.local) {
        (Some(ms), _) => Utc(ms).to_string(),
        (None, Some(local)) => local.clone(),
        (None, None) => String::new(),
    }
}

fn behind(event: &TimelineEvent) -> String {
    match (event.certainty, event.at_ms, &event.local) {
        (Certainty::Copied, ..) => " (copied)".to_owned(),
        (Certainty::Local, Some(_), Some(local)) => format!(" ({local} in its log)"),
        _ => String::new(),
    }
}

fn ascii(line: &str, is_wanted: bool) -> String {
    if !is_wanted {
        return line.to_owned();
    }
    let escape =
        |c: char| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() };
    line.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Selection;
    use crate::facts::FileTime;
    use crate::report::Screen;
    use crate::testing::{Instance, Scenes, good_farm};

    fn written(change: impl FnOnce(Instance) -> Instance) -> String {
        let farm = good_farm(&["a"]).with("b", change).build();
        let selection = Selection::default();
        let report = Report::new(vec![farm], Vec::new(), Vec::new(), &selection, Screen::default());
        let mut out = Vec::new();
        write(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn events_stand_in_their_order_and_local_ones_apart() {
        let log = "02.11.2026 03:13:00.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with Bundle storage\n";
        let at = |hour: u64| FileTime::UtcMs(1_793_581_920_000 + hour * 3_600_000);
        let text = written(|i| {
            i.written("launchpad/felix/bundle2/data/hmac", at(5))
                .written("launchpad/felix/bundle2/data/master", at(1))
                .log("error.log", log)
        });
        let mut scenes = Scenes::default();
        scenes.add("of known zones, and of none", &text);
        scenes.add("nothing shows when", &written(|i| i));
        scenes.are("timeline");
    }
}
