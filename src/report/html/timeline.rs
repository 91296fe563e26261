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

const NAMES_WIDTH: usize = 190;
const COLUMN_WIDTH: usize = 34;
const LANE_HEIGHT: usize = 26;
const HEAD_HEIGHT: usize = 96;
/// The date of the last moment leans out of its column.
const LABEL_WIDTH: usize = 70;
/// Several events of one moment stand side by side.
const STEP_WIDTH: usize = 9;
/// Characters of a name that fit before its lane.
const NAME_CHARS_MAX: usize = 26;

/// The drawing, and the list.
#[derive(Serialize)]
pub(super) struct TimelineView {
    width: usize,
    height: usize,
    lanes: Vec<Lane>,
    columns: Vec<Column>,
    marks: Vec<MarkView>,
    rows: Vec<[String; 4]>,
    /// How many more events there are.
    more: usize,
    /// Files have the time of a copy.
    copied: bool,
    /// Some times are local, of an unknown zone.
    local: bool,
}

#[derive(Serialize)]
struct Lane {
    name: String,
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

impl From<&Farm> for TimelineView {
    fn from(farm: &Farm) -> Self {
        let all = timeline(farm);
        let (unit, drawn) = drawn(&all);
        let moments: BTreeSet<u64> = drawn.iter().map(|(at, _)| moment(*at, unit)).collect();
        let columns: BTreeMap<u64, usize> = moments
            .iter()
            .enumerate()
            .map(|(at, moment)| (*moment, NAMES_WIDTH.saturating_add(middle(at, COLUMN_WIDTH))))
            .collect();
        let names: BTreeSet<&str> =
            drawn.iter().map(|(_, event)| event.instance.as_str()).collect();
        let lanes: BTreeMap<&str, usize> = names
            .into_iter()
            .take(LANES_MAX)
            .enumerate()
            .map(|(at, name)| (name, HEAD_HEIGHT.saturating_add(middle(at, LANE_HEIGHT))))
            .collect();
        let mut cells: BTreeMap<(usize, usize), BTreeMap<EventKind, Vec<String>>> = BTreeMap::new();
        for (at, event) in &drawn {
            let place = (columns.get(&moment(*at, unit)), lanes.get(event.instance.as_str()));
            if let (Some(x), Some(y)) = place {
                let title = format!("{}, {}: {}", time(event), event.instance, event.event);
                cells.entry((*x, *y)).or_default().entry(event.kind).or_default().push(title);
            }
        }
        let rows = all.iter().take(ROWS_MAX).map(row).collect();
        Self {
            width: NAMES_WIDTH
                .saturating_add(columns.len().saturating_mul(COLUMN_WIDTH))
                .saturating_add(LABEL_WIDTH),
            height: HEAD_HEIGHT.saturating_add(lanes.len().saturating_mul(LANE_HEIGHT)),
            marks: cells.into_iter().flat_map(marks).collect(),
            columns: labelled(&columns, unit),
            lanes: lanes.iter().map(|(name, y)| Lane { name: short(name), y: *y }).collect(),
            rows,
            more: all.len().saturating_sub(ROWS_MAX),
            copied: all.iter().any(|event| event.certainty == Certainty::Copied),
            local: all.iter().any(|event| event.at_ms.is_none()),
        }
    }
}

/// Returns a mark for each kind of event of one moment on one instance.
fn marks(((x, y), kinds): ((usize, usize), BTreeMap<EventKind, Vec<String>>)) -> Vec<MarkView> {
    let width = kinds.len().saturating_sub(1).saturating_mul(STEP_WIDTH);
    let first = x.saturating_sub(width / 2);
    let mark = |(at, (kind, titles)): (usize, (EventKind, Vec<String>))| MarkView {
        x: first.saturating_add(at.saturating_mul(STEP_WIDTH)),
        y,
        kind: kind.label(),
        title: titles.join("; "),
    };
    kinds.into_iter().enumerate().map(mark).collect()
}

/// Returns the middle of one of several of one size, side by side.
fn middle(at: usize, size: usize) -> usize {
    at.saturating_mul(size).saturating_add(size / 2)
}

/// Returns what is drawn, with its moments, and the unit in which two of those are one.
fn drawn(all: &[TimelineEvent]) -> (u64, Vec<(u64, &TimelineEvent)>) {
    let is_sure = |event: &&TimelineEvent| event.certainty != Certainty::Copied;
    let known: Vec<(u64, &TimelineEvent)> =
        all.iter().filter(is_sure).filter_map(|event| Some((event.at_ms?, event))).collect();
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

fn short(name: &str) -> String {
    if name.chars().count() <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    name.chars().take(NAME_CHARS_MAX.saturating_sub(1)).chain(['…']).collect()
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
        assert_eq!((view.lanes.len(), view.columns.len(), view.marks.len()), (2, 4, 4));
        let labels: Vec<&str> = view.columns.iter().map(|column| column.label.as_str()).collect();
        assert_eq!(labels, ["2026-11-02 01:12", "01:13", "2026-11-03 07:12", "07:13"]);
        assert!(view.marks.iter().all(|mark| mark.x < view.width && mark.y < view.height));
        assert_eq!(view.rows.len(), 4);
    }

    #[test]
    fn drawing_is_bounded_however_many_moments_there_are() {
        let names: Vec<String> = (0..300).map(|at| format!("i{at:03}")).collect();
        let all = names.iter().enumerate().fold(farm(), |farm, (at, name)| {
            farm.with(name, move |i| keys(i, u64::try_from(at).unwrap() * 24))
        });
        let view = TimelineView::from(&all.build());
        assert!(view.columns.len() <= COLUMNS_MAX && view.lanes.len() <= LANES_MAX);
        assert!(view.rows.len() == ROWS_MAX && view.more == 100);
    }
}
