//! The timeline on the page: a drawing with a lane an instance, and the events as a table.
//!
//! Moments stand side by side in their order, not to scale: an install lies years before the ten minutes in which keys are replaced
//! and the first secrets fail.

use super::super::timeline::time;
use crate::farm::{Certainty, EventKind, Farm, TimelineEvent, timeline};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// So many moments are drawn; where there are more, only those of keys and symptoms, and those of one day as one.
const COLUMNS_MAX: usize = 28;
/// So many lanes are drawn.
const LANES_MAX: usize = 200;
/// So many events are listed.
const ROWS_MAX: usize = 500;
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;

/// A drawing of so many lanes fits on a page of paper, below the heading; of more instances there are several.
// Chromium cut a drawing of 40 lanes at the end of a page, behind an empty one.
const STRIP_LANES_MAX: usize = 20;
/// What a character of a name takes at 12 pixels, and one that is not of ASCII, which may be twice as wide.
const CHARACTER_WIDTHS: [usize; 2] = [7, 13];
/// What is free around a name.
const NAME_MARGIN: usize = 16;
const COLUMN_WIDTH: usize = 34;
const LANE_HEIGHT: usize = 26;
const HEAD_HEIGHT: usize = 96;
/// The date of the last moment leans out of its column.
const LABEL_WIDTH: usize = 70;
/// Several events of one moment stand side by side; a mark is 16 pixels wide.
const STEP_WIDTH: usize = 18;
/// Characters of a name that fit before its lane.
const NAME_CHARS_MAX: usize = 24;
/// So many of these may be those that all names start with.
const COMMON_CHARS_MAX: usize = 8;

/// The drawing, and the list.
#[derive(Serialize)]
pub(super) struct TimelineView {
    width: usize,
    /// Where lanes begin.
    left: usize,
    columns: Vec<Column>,
    strips: Vec<Strip>,
    /// Why not everything is drawn, where that is so.
    reduced: Option<&'static str>,
    rows: Vec<[String; 4]>,
    /// How many more events there are.
    more: usize,
    /// Files have the time of a copy.
    copied: bool,
    /// Some times are local, of an unknown zone.
    local: bool,
}

/// A part of the drawing: some of the lanes, over all moments.
#[derive(Serialize)]
struct Strip {
    height: usize,
    lanes: Vec<Lane>,
    marks: Vec<MarkView>,
}

#[derive(Serialize)]
struct Lane {
    name: String,
    full_name: String,
    y: usize,
}

/// A moment.
#[derive(Serialize)]
struct Column {
    x: usize,
    label: String,
}

/// An event in the drawing.
#[derive(Serialize)]
struct MarkView {
    x: usize,
    y: usize,
    kind: &'static str,
    title: String,
}

/// What happened on one instance, by moment and kind.
type LaneEvents = BTreeMap<u64, BTreeMap<EventKind, Vec<String>>>;

impl From<&Farm> for TimelineView {
    fn from(farm: &Farm) -> Self {
        let all = timeline(farm);
        let (unit, drawn) = drawn(&all);
        let mut lanes: BTreeMap<&str, LaneEvents> = BTreeMap::new();
        for (at, event) in &drawn {
            let title = format!("{}, {}: {}", time(event), event.instance, event.event);
            let lane = lanes.entry(&event.instance).or_default();
            let cell = lane.entry(moment(*at, unit)).or_default();
            cell.entry(event.kind).or_default().push(title);
        }
        let has_more_lanes = lanes.len() > LANES_MAX;
        let lanes: Vec<(&str, LaneEvents)> = lanes.into_iter().take(LANES_MAX).collect();
        let names: Vec<&str> = lanes.iter().map(|(name, _)| *name).collect();
        let in_common = in_common(&names);
        let widths = names.iter().map(|name| name_width(&short(name, in_common)));
        let left = widths.max().unwrap_or_default().saturating_add(NAME_MARGIN);
        let (columns, end) = columns(&lanes, left);
        let is_whole = drawn.len() == all.iter().filter(|event| is_drawable(event)).count();
        Self {
            width: end.saturating_add(LABEL_WIDTH),
            left,
            strips: lanes
                .chunks(STRIP_LANES_MAX)
                .map(|lanes| strip(lanes, &columns, in_common))
                .collect(),
            columns: labelled(&columns, unit),
            reduced: (!is_whole || has_more_lanes || unit == DAY_MS).then_some(
                "There is too much to draw all of it: keys and signs of trouble are drawn, perhaps a day as one moment, of the latest days and the first instances. --format timeline has all.",
            ),
            rows: all.iter().take(ROWS_MAX).map(row).collect(),
            more: all.len().saturating_sub(ROWS_MAX),
            copied: all.iter().any(|event| event.certainty == Certainty::Copied),
            local: all.iter().any(|event| event.at_ms.is_none()),
        }
    }
}

/// Returns the middle of the column of each moment, and where the last one ends. A column is as wide as the most that it holds of one lane.
fn columns(lanes: &[(&str, LaneEvents)], left: usize) -> (BTreeMap<u64, usize>, usize) {
    let mut widths: BTreeMap<u64, usize> = BTreeMap::new();
    for (moment, kinds) in lanes.iter().flat_map(|(_, events)| events) {
        let width = kinds.len().saturating_add(1).saturating_mul(STEP_WIDTH);
        let known = widths.entry(*moment).or_insert(COLUMN_WIDTH);
        *known = width.max(*known);
    }
    let mut end = left;
    for width in widths.values_mut() {
        let middle = end.saturating_add(*width / 2);
        end = end.saturating_add(*width);
        *width = middle;
    }
    (widths, end)
}

/// Draws some lanes.
fn strip(lanes: &[(&str, LaneEvents)], columns: &BTreeMap<u64, usize>, in_common: usize) -> Strip {
    let height = |lanes: usize| HEAD_HEIGHT.saturating_add(lanes.saturating_mul(LANE_HEIGHT));
    let mut strip = Strip { height: height(lanes.len()), lanes: Vec::new(), marks: Vec::new() };
    for (at, (name, events)) in lanes.iter().enumerate() {
        let y = height(at).saturating_add(LANE_HEIGHT / 2);
        strip.lanes.push(Lane { name: short(name, in_common), full_name: (*name).to_owned(), y });
        for (moment, kinds) in events {
            let x = columns.get(moment).copied().unwrap_or_default();
            strip.marks.extend(marks(x, y, kinds));
        }
    }
    strip
}

/// Returns a mark for each kind of event of one moment on one instance.
fn marks(x: usize, y: usize, kinds: &BTreeMap<EventKind, Vec<String>>) -> Vec<MarkView> {
    let width = kinds.len().saturating_sub(1).saturating_mul(STEP_WIDTH);
    let first = x.saturating_sub(width / 2);
    let mark = |(at, (kind, titles)): (usize, (&EventKind, &Vec<String>))| MarkView {
        x: first.saturating_add(at.saturating_mul(STEP_WIDTH)),
        y,
        kind: kind.label(),
        title: titles.join("; "),
    };
    kinds.iter().enumerate().map(mark).collect()
}

/// Returns `true` if the drawing has a place for an event: its moment is known, and is not that of a copy.
fn is_drawable(event: &TimelineEvent) -> bool {
    event.certainty != Certainty::Copied && event.at_ms.is_some()
}

/// Returns what is drawn, with its moments, and the unit in which two of those are one.
fn drawn(all: &[TimelineEvent]) -> (u64, Vec<(u64, &TimelineEvent)>) {
    let known = all.iter().filter(|event| is_drawable(event));
    let known: Vec<(u64, &TimelineEvent)> =
        known.filter_map(|event| Some((event.at_ms?, event))).collect();
    let fits = |events: &[(u64, &TimelineEvent)], unit: u64| {
        let moments: BTreeSet<u64> = events.iter().map(|(at, _)| moment(*at, unit)).collect();
        moments.len() <= COLUMNS_MAX
    };
    if fits(&known, MINUTE_MS) {
        return (MINUTE_MS, known);
    }
    let is_grave = |kind| matches!(kind, EventKind::Key | EventKind::Symptom);
    let grave: Vec<_> = known.into_iter().filter(|(_, event)| is_grave(event.kind)).collect();
    let unit = if fits(&grave, MINUTE_MS) { MINUTE_MS } else { DAY_MS };
    // The last days tell most.
    let days: BTreeSet<u64> = grave.iter().map(|(at, _)| moment(*at, unit)).collect();
    let first = days.iter().rev().nth(COLUMNS_MAX.saturating_sub(1)).copied().unwrap_or(0);
    (unit, grave.into_iter().filter(|(at, _)| moment(*at, unit) >= first).collect())
}

/// Names the day of a moment where it is another one than that before it, else its time.
fn labelled(columns: &BTreeMap<u64, usize>, unit: u64) -> Vec<Column> {
    let mut day = String::new();
    let label = |number: u64, day: &mut String| {
        let text = crate::facts::Utc(number.saturating_mul(unit)).to_string();
        let (date, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let hour = rest.get(..5).filter(|_| unit == MINUTE_MS).unwrap_or_default();
        if *day == date {
            return hour.to_owned();
        }
        date.clone_into(day);
        format!("{date} {hour}").trim_end().to_owned()
    };
    columns.iter().map(|(at, x)| Column { x: *x, label: label(*at, &mut day) }).collect()
}

/// Returns the number of a moment, counted in units.
fn moment(at: u64, unit: u64) -> u64 {
    at.checked_div(unit).unwrap_or_default()
}

/// Cuts what all names have in common off a long one, but its last characters, and what is too much behind.
fn short(name: &str, in_common: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let last = characters.len().saturating_sub(NAME_CHARS_MAX);
    // Names of a farm mostly differ at their ends, and those were cut off.
    let first = in_common.saturating_sub(COMMON_CHARS_MAX).min(last);
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let shown: String = characters.iter().skip(first).take(NAME_CHARS_MAX).collect();
    format!("{}{shown}{}", cut(first > 0), cut(first < last))
}

/// Returns with how many characters all names start.
fn in_common(names: &[&str]) -> usize {
    let Some((first, others)) = names.split_first().filter(|(_, others)| !others.is_empty()) else {
        return 0;
    };
    let with = |other: &&str| first.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    others.iter().map(with).min().unwrap_or_default()
}

fn name_width(name: &str) -> usize {
    let [narrow, wide] = CHARACTER_WIDTHS;
    name.chars().map(|c| if c.is_ascii() { narrow } else { wide }).sum()
}

fn row(event: &TimelineEvent) -> [String; 4] {
    let certainty = match event.certainty {
        Certainty::Utc => "UTC",
        Certainty::Local if event.at_ms.is_some() => "by its log, of which the zone is known",
        Certainty::Local => "local, of an unknown zone",
        Certainty::Copied => "of a copy",
    };
    [time(event), event.instance.clone(), event.event.clone(), certainty.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FileTime;
    use crate::testing::{Instance, farm};

    const FIRST: u64 = 1_793_581_920_000;

    fn keys(i: Instance, hours: u64) -> Instance {
        let first = FIRST.saturating_add(hours.saturating_mul(3_600_000));
        let time = |more: u64| FileTime::UtcMs(first.saturating_add(more));
        i.written("launchpad/felix/bundle2/data/hmac", time(0))
            .written("launchpad/felix/bundle2/data/master", time(90_000))
    }

    #[test]
    fn every_instance_has_a_lane_and_every_moment_a_column() {
        let farm = farm().with("a", |i| keys(i, 0)).with("b", |i| keys(i, 30)).build();
        let view = TimelineView::from(&farm);
        let strip = &view.strips[0];
        assert_eq!((strip.lanes.len(), view.columns.len(), strip.marks.len()), (2, 4, 4));
        let labels: Vec<&str> = view.columns.iter().map(|column| column.label.as_str()).collect();
        assert_eq!(labels, ["2026-11-02 01:12", "01:13", "2026-11-03 07:12", "07:13"]);
        assert!(strip.marks.iter().all(|mark| mark.x < view.width && mark.y < strip.height));
        assert_eq!(view.rows.len(), 4);
    }

    #[test]
    fn drawing_is_bounded_however_many_moments_there_are() {
        let names: Vec<String> = (0..300).map(|at| format!("i{at:03}")).collect();
        let all = names.iter().enumerate().fold(farm(), |farm, (at, name)| {
            farm.with(name, move |i| keys(i, u64::try_from(at).unwrap() * 24))
        });
        let view = TimelineView::from(&all.build());
        let lanes: usize = view.strips.iter().map(|strip| strip.lanes.len()).sum();
        assert!(view.columns.len() <= COLUMNS_MAX && lanes <= LANES_MAX && view.reduced.is_some());
        assert!(view.rows.len() == ROWS_MAX && view.more == 100);
    }

    #[test]
    fn marks_of_one_moment_do_not_cover_each_other() {
        let start = |i: Instance| keys(i, 0).started_at(FIRST);
        let view = TimelineView::from(&farm().with("a", start).with("b", |i| keys(i, 0)).build());
        let mut of_first: Vec<usize> =
            view.strips[0].marks.iter().filter(|mark| mark.y < 120).map(|mark| mark.x).collect();
        of_first.sort_unstable();
        assert!(of_first.len() > 2);
        assert!(of_first.windows(2).all(|two| two[1] - two[0] >= 16), "{of_first:?}");
    }

    #[test]
    fn more_lanes_than_fit_on_paper_are_several_drawings() {
        let names: Vec<String> = (0..45).map(|at| format!("i{at:02}")).collect();
        let all = names.iter().fold(farm(), |farm, name| farm.with(name, |i| keys(i, 0)));
        let view = TimelineView::from(&all.build());
        let lanes: Vec<usize> = view.strips.iter().map(|strip| strip.lanes.len()).collect();
        assert_eq!((lanes, view.reduced), (vec![20, 20, 5], None));
    }

    #[test]
    fn long_names_keep_what_they_differ_in() {
        let shown = |names: &[&str]| {
            let in_common = in_common(names);
            names.iter().map(|name| short(name, in_common)).collect::<Vec<_>>()
        };
        let names = ["prod-eu-west-customer-publish1", "prod-eu-west-customer-publish2"];
        assert_eq!(shown(&names), ["…u-west-customer-publish1", "…u-west-customer-publish2"]);
        let names = ["prod-eu-west-1-publish01-of-the-customer", "prod-eu-west-1-publish12"];
        assert_eq!(shown(&names), ["…-publish01-of-the-custom…", "prod-eu-west-1-publish12"]);
        assert_eq!(shown(&["publish17"]), ["publish17"]);
    }
}
