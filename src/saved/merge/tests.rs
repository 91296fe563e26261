//! Tests of merging, and of lines that are no facts.

use super::super::files::TakeLines;
use super::super::wire::SavedBundles;
use super::super::{PartReader, RunWriter, Survey, write_merged};
use super::*;
use crate::facts::{Hex, KeyName, Opening, SlingId, Trials};
use crate::testing::{Scenes, farm};
use proptest::prelude::*;
use std::fmt::Write as _;

fn snapshot(name: &str, label: Option<&str>) -> Snapshot {
    let farm = farm().with(name, |i| i.role("author").log("error.log", "x\n")).build();
    let mut snapshot = farm.members[0].snapshot.clone();
    snapshot.label = label.map(str::to_owned);
    snapshot.forget_spellings();
    snapshot
}

fn gap(source: &str) -> Gap {
    let (source, reason) = (source.to_owned(), "a reason".to_owned());
    Gap { source, path: None, kind: GapKind::Duplicate, reason }
}

fn record(snapshot: &Snapshot) -> SourceRecord {
    let (name, container) = (snapshot.source.clone(), "tar".to_owned());
    let complete = true;
    SourceRecord { name, container, entries: 9, instances: 1, complete, ..SourceRecord::default() }
}

/// What a run writes that reads one instance from each source.
fn run(snapshots: &[&Snapshot], gaps: &[Gap]) -> String {
    let mut text = Vec::new();
    let mut run = RunWriter::new(&mut text);
    for snapshot in snapshots {
        let own = gaps.iter().filter(|gap| gap.source == snapshot.source);
        run.source(&record(snapshot), [*snapshot], own).unwrap();
    }
    let is_of_none = |gap: &&Gap| snapshots.iter().all(|snapshot| snapshot.source != gap.source);
    gaps.iter().filter(is_of_none).for_each(|gap| run.gap(gap).unwrap());
    run.end(None).unwrap();
    String::from_utf8(text).unwrap()
}

/// What is in a line.
fn part(line: &str) -> &'static str {
    let parts = ["instance", "bundles", "numbers", "gap", "source", "end"];
    let is_in = |part: &&str| line.contains(&format!("\",\"{part}\":"));
    parts.into_iter().find(is_in).expect("a part")
}

/// Facts of an older version that were written by it.
const OLD: &str = include_str!("../../../testdata/facts/one.ndjson");

/// The same of the first version of all, which did not say which lines belong together.
fn oldest(facts: &str) -> String {
    let mut lines: Vec<serde_json::Value> =
        facts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("holds");
        if let Some(end) = line.get_mut("end") {
            end.as_object_mut().unwrap().remove("sources");
        }
    }
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

/// Merges files, each under the same name.
fn merged(files: &[&str]) -> Saved {
    let mut merge = Merge::default();
    for file in files {
        merge.begin("facts");
        for line in file.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => merge.take(ReadLine::whole(line.as_bytes())),
                None => merge.take(ReadLine::cut(line.as_bytes())),
            }
        }
        merge.end();
    }
    merge.finish()
}

fn gaps(text: &str) -> Vec<(GapKind, String)> {
    merged(&[text]).gaps.into_iter().map(|gap| (gap.kind, gap.reason)).collect()
}

/// Gaps as `source: reason`.
fn said(saved: &Saved) -> Vec<String> {
    saved.gaps.iter().map(|gap| format!("{}: {}", gap.source, gap.reason)).collect()
}

/// What is saved when all this is saved again.
fn again(saved: &Saved) -> String {
    let gaps = saved.gaps.iter().filter(|gap| gap.kind != GapKind::FactsMissing);
    let snapshots = saved.snapshots.iter().map(|(_, snapshot)| snapshot);
    let mut text = Vec::new();
    write_merged(&saved.ledger, snapshots, gaps, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn facts_come_back_as_they_were() {
    let (one, other) = (snapshot("a", Some("author")), snapshot("b", None));
    let saved = merged(&[&run(&[&one, &other], &[])]);
    assert_eq!(saved.sources, [record(&one), record(&other)]);
    assert_eq!(saved.snapshots, [(Some("author".to_owned()), one), (None, other)]);
    assert_eq!(saved.gaps, []);
}

#[test]
fn same_instance_counts_once_and_keeps_the_name_that_was_given() {
    let [named, nameless, other] = [Some("x"), None, Some("w")].map(|l| snapshot("a", l));
    let [a, b, c] = [&named, &nameless, &other].map(|s| run(&[s], &[]));
    for files in [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c]] {
        let saved = merged(&files.map(String::as_str));
        assert_eq!(saved.snapshots, [(Some("w".to_owned()), other.clone())]);
        assert_eq!((saved.sources.len(), saved.gaps), (1, vec![]));
    }
}

#[test]
fn two_versions_of_one_source_are_both_kept_and_each_must_be_whole() {
    let one = snapshot("a", None);
    let other = Snapshot { last_start_ms: Some(5), ..one.clone() };
    let [a, b] = [&one, &other].map(|s| run(&[s], &[]));
    let both = merged(&[&a, &b]);
    assert_eq!((both.snapshots.len(), both.sources.len(), &both.gaps), (2, 1, &vec![]));
    assert_eq!(both, merged(&[&b, &a]));
    let lines: Vec<&str> =
        a.lines().chain(b.lines()).collect::<BTreeSet<_>>().into_iter().collect();
    for lost in 0..lines.len() {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != lost).map(|(_, line)| *line).collect();
        let saved = merged(&[&rest.join("\n")]);
        assert!(saved.gaps.iter().any(|gap| gap.kind.hides()), "{}", lines[lost]);
    }
}

/// What a run writes of an upload that was written at a time, cut or whole.
fn upload(mtime_ms: u64, start: Option<u64>, is_cut: bool) -> String {
    upload_of(mtime_ms, &[Snapshot { last_start_ms: start, ..snapshot("a", None) }], is_cut)
}

/// What a run writes of an upload of these instances, all of which are of one source.
fn upload_of(mtime_ms: u64, snapshots: &[Snapshot], is_cut: bool) -> String {
    let instances = snapshots.len();
    let (complete, mtime_ms) = (!is_cut, Some(mtime_ms));
    let record = SourceRecord {
        complete,
        mtime_ms,
        bytes: mtime_ms.map(|time| time.saturating_mul(7)),
        instances,
        ..record(&snapshot("a", None))
    };
    let kind = GapKind::Partial;
    let cut = Gap { kind, ..gap("a.tar") };
    let mut text = Vec::new();
    let mut run = RunWriter::new(&mut text);
    run.source(&record, snapshots, is_cut.then_some(&cut)).unwrap();
    run.end(None).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn upload_that_was_cut_and_came_whole_later_is_whole_whichever_is_read_first() {
    let (monday, tuesday) = (upload(1, Some(5), true), upload(2, Some(6), false));
    let saved = merged(&[&monday, &tuesday]);
    assert_eq!(saved.snapshots, merged(&[&tuesday]).snapshots);
    assert_eq!(
        said(&saved),
        ["a.tar: was read before, when it had 7 bytes; what it was later took its place"]
    );
    assert!(saved.sources.iter().all(|record| record.complete) && saved.sources.len() == 1);
    assert_eq!(merged(&[&tuesday, &monday]), saved);
    assert_eq!(merged(&[&again(&saved)]), saved, "saved again");
    assert_eq!(merged(&[&again(&saved), &monday]), saved, "and the old one came again");
    let wednesday = upload(3, Some(6), false);
    assert_eq!(merged(&[&saved_text(&[&monday, &tuesday]), &wednesday]).snapshots, saved.snapshots);
}

#[test]
fn upload_takes_the_place_of_an_older_one_only_where_all_of_it_is_there() {
    let (monday, tuesday) = (upload(1, Some(5), true), upload(2, Some(6), false));
    let lost: String = tuesday.split_inclusive('\n').skip(1).collect();
    let saved = merged(&[&monday, &lost]);
    assert!(saved.gaps.iter().any(|gap| gap.kind == GapKind::FactsMissing));
    assert_eq!(merged(&[&again(&saved), &tuesday]), merged(&[&monday, &tuesday]));
    let same_time = merged(&[&monday, &upload(1, Some(6), false)]);
    assert_eq!(same_time.snapshots.len(), 2, "nothing says which is newer");
}

/// An instance of `a.tar` with this Sling id, hmac and root.
fn member(id: Option<u8>, hmac: u8, root: &str) -> Snapshot {
    let farm = farm().with("a", |i| i.role("publish").hmac(&[hmac; 32])).build();
    let mut snapshot = farm.members[0].snapshot.clone();
    let place = snapshot.place();
    let uuid = |id: u8| format!("00000000-0000-4000-8000-00000000000{id}");
    snapshot.sling_id = id.map(|id| SlingId { uuid: uuid(id), place });
    root.clone_into(&mut snapshot.root);
    snapshot.forget_spellings();
    snapshot
}

/// Sling id and hmac of each instance that is left of these uploads, the older one first.
fn left([monday, tuesday]: [&[&Snapshot]; 2]) -> Vec<String> {
    let upload = |time: u64, snapshots: &[&Snapshot]| {
        let all: Vec<Snapshot> = snapshots.iter().copied().cloned().collect();
        upload_of(time, &all, false)
    };
    let (monday, tuesday) = (upload(1, monday), upload(2, tuesday));
    let saved = merged(&[&monday, &tuesday]);
    assert_eq!(merged(&[&tuesday, &monday]), saved);
    assert_eq!(merged(&[&again(&saved)]), saved, "saved again");
    assert_eq!(merged(&[&again(&saved), &monday]), saved, "and the old one came again");
    assert_eq!(merged(&[&again(&saved), &tuesday]), saved);
    assert!(saved.gaps.iter().all(|gap| gap.kind == GapKind::Repeated), "{:?}", said(&saved));
    let one = |(_, snapshot): &(_, Snapshot)| {
        let id = snapshot.sling_id.as_ref().map_or("", |id| id.uuid.get(35..).unwrap());
        format!("{id} {}", if hmac_of(snapshot) == hmac_of(&member(None, 1, "")) { 1 } else { 2 })
    };
    let mut left: Vec<String> = saved.snapshots.iter().map(one).collect();
    left.sort();
    left
}

fn hmac_of(snapshot: &Snapshot) -> String {
    let mut keys = snapshot.named_keys().filter(|(name, _)| *name == KeyName::Hmac);
    keys.next().unwrap().1.whole.sha256.to_string()
}

#[test]
fn name_of_a_file_is_none_of_an_instance() {
    let [one, other] = [member(Some(1), 1, "x"), member(Some(2), 2, "x")];
    let all = ["1 1", "2 2"];
    assert_eq!(left([&[&one], &[&other]]), all, "another Sling id");
    let repaired = member(Some(2), 1, "x");
    assert_eq!(left([&[&other], &[&repaired]]), ["2 1"]);
    let third = member(Some(3), 2, "y");
    let of_two = [&one, &third];
    assert_eq!(left([&of_two, &[&one]]), ["1 1", "3 2"], "one did not come again");
    assert_eq!(left([&of_two, &[&member(Some(1), 2, "x")]]), ["1 2", "3 2"]);
    assert_eq!(left([&[&member(Some(1), 2, "y")], &[&one]]), ["1 1", "1 2"], "another root");
}

#[test]
fn instance_without_a_sling_id_comes_again_where_all_of_its_keys_do() {
    let [one, other] = [1, 2].map(|hmac| member(None, hmac, "x"));
    let named = member(Some(1), 1, "x");
    assert_eq!(left([&[&one], &[&named]]), ["1 1"]);
    assert_eq!(left([&[&one], &[&other]]), [" 1", " 2"], "nothing shows that it is one");
    assert_eq!(left([&[&named], &[&other]]), [" 2", "1 1"]);
}

#[test]
fn upload_that_showed_no_instance_may_have_been_another_one() {
    let (monday, tuesday) = (upload_of(1, &[], true), upload(2, Some(6), false));
    let saved = merged(&[&monday, &tuesday]);
    assert!(saved.gaps.iter().any(|gap| gap.kind == GapKind::Partial));
    assert!(said(&saved).iter().any(|said| said.ends_with("leave the older facts out if it is")));
    assert_eq!(merged(&[&again(&saved), &monday]), saved);
}

#[test]
fn every_upload_is_kept_where_that_is_asked_for() {
    let mut merge = Merge::default().keeping_all();
    for text in [upload(1, Some(5), true), upload(2, Some(6), false)] {
        merge.begin("facts");
        text.lines().for_each(|line| merge.take(ReadLine::whole(line.as_bytes())));
        merge.end();
    }
    assert_eq!(merge.finish().snapshots.len(), 2);
}

fn saved_text(files: &[&str]) -> String {
    again(&merged(files))
}

#[test]
fn runs_over_overlapping_sources_make_one_set() {
    let [a, b, c] = ["a", "b", "c"].map(|name| snapshot(name, None));
    let (one, other) = (run(&[&a, &b], &[gap("b.tar")]), run(&[&b, &c], &[gap("b.tar")]));
    let saved = merged(&[&one, &other]);
    assert_eq!((saved.snapshots.len(), saved.sources.len(), saved.gaps.len()), (3, 3, 1));
    assert_eq!(saved, merged(&[&(other + &one)]));
}

#[test]
fn every_line_that_is_lost_leaves_a_gap_that_saving_again_keeps_and_the_line_closes() {
    let [a, b] = ["a", "b"].map(|name| snapshot(name, None));
    let text = run(&[&a, &b], &[gap("a.tar"), gap("elsewhere")]);
    let whole = merged(&[&text]);
    assert_eq!(whole.gaps.iter().filter(|gap| gap.kind.hides()).count(), 0);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let parts: Vec<&str> = lines.iter().map(|line| part(line)).collect();
    let mut kinds = parts.clone();
    kinds.dedup();
    assert!(kinds.starts_with(&["instance", "bundles", "numbers"]), "{parts:?}");
    for lost in 0..lines.len() {
        let rest: String =
            lines.iter().enumerate().filter(|(at, _)| *at != lost).map(|(_, line)| *line).collect();
        let saved = merged(&[&rest]);
        let is_hole = |gap: &&Gap| gap.kind == GapKind::FactsMissing;
        assert!(saved.gaps.iter().any(|gap| is_hole(&gap)), "{}", lines[lost]);
        assert_eq!(merged(&[&again(&saved)]), saved, "{}", lines[lost]);
        assert_eq!(merged(&[&again(&saved), lines[lost]]), whole, "{}", lines[lost]);
        assert_eq!(merged(&[&again(&saved), &text]), whole, "{}", lines[lost]);
    }
}

#[test]
fn what_is_missing_is_named_at_its_source() {
    let [a, b] = ["a", "b"].map(|name| snapshot(name, None));
    let text = run(&[&a, &b], &[gap("a.tar"), gap("elsewhere")]);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without = |lost: &str, number: usize| {
        let mut like = lines.iter().filter(|line| part(line) == lost);
        let lost = *like.nth(number).unwrap();
        let kept: String = lines.iter().filter(|line| **line != lost).copied().collect();
        let hides = |line: &String| !line.ends_with(": a reason");
        said(&merged(&[&kept])).into_iter().filter(hides).collect::<Vec<_>>()
    };
    assert_eq!(
        without("source", 0),
        ["a.tar: facts of it are missing; the run that read it names it"]
    );
    assert_eq!(without("instance", 1), ["b.tar: the facts of its instance are missing"]);
    assert_eq!(without("gap", 0), ["a.tar: a line that says what was not read of it is missing"]);
    assert_eq!(without("gap", 1), ["elsewhere: a line that says what was not read is missing"]);
    let no_bundles = "a line of bundles of its instance is missing";
    let of_both = [format!("a.tar: {no_bundles}"), format!("b.tar: {no_bundles}")];
    assert_eq!(without("bundles", 0), of_both);
    assert_eq!(without("numbers", 0), of_both);
    let no_end = "facts: the line that ends the run is missing; sources may be missing beside a.tar and 1 more";
    let no_line = "the line that says which of its facts belong together is missing";
    assert_eq!(without("end", 0), [&format!("elsewhere: {no_line}"), no_end]);
    let incomplete = merged(&[&lines[1..].concat()]).sources;
    assert_eq!(incomplete.iter().map(|record| record.complete).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn order_layout_and_marks_of_windows_do_not_matter() {
    let [a, b] = ["a", "b"].map(|name| snapshot(name, None));
    let text = run(&[&a, &b], &[gap("a.tar")]);
    let whole = merged(&[&text]);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let spaced = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        serde_json::to_string_pretty(&value).unwrap().replace('\n', " ")
    };
    for same in [
        lines.join("\n"),
        lines.iter().rev().flat_map(|line| [line, "\n", line, "\n"]).collect(),
        lines.iter().flat_map(|line| ["\u{feff}", line, "\r\n\r\n"]).collect(),
        lines.iter().map(|line| spaced(line) + "\n").collect(),
    ] {
        assert_eq!(merged(&[&same]), whole, "{same}");
    }
}

#[test]
fn fields_of_a_later_version_are_known_lines() {
    let text = run(&[&snapshot("a", None)], &[gap("a.tar")]);
    let saved = merged(&[&text]);
    // A later version counts its own fields, and says that it has some. Lines come before those that name them.
    let mut ids: Vec<(String, String)> = Vec::new();
    let mut later = String::new();
    for line in text.lines() {
        let (head, rest) = line.split_once("\"id\":\"").unwrap();
        let (old_id, rest) = rest.split_once("\",").unwrap();
        let renamed = |text: String, (old, new): &(String, String)| text.replace(old, new);
        let mut part_text = ids.iter().fold(rest.to_owned(), renamed);
        if part(line) == "gap" {
            part_text = part_text.replace("\"gap\":{", "\"gap\":{\"later\":\"says something\",");
        }
        let id = LineId::of_part(part_text.as_bytes()).to_string();
        writeln!(later, "{head}\"id\":\"{id}\",\"minor\":1,{part_text}").unwrap();
        ids.push((old_id.to_owned(), id));
    }
    let seen = merged(&[&later]);
    assert_eq!((&seen.gaps, &seen.snapshots), (&saved.gaps, &saved.snapshots));
    assert_eq!(merged(&[&again(&seen)]), seen, "saved again, without the field");
    assert_eq!(merged(&[&later, &text]), merged(&[&text, &later]));
}

#[test]
fn facts_of_an_older_version_are_whole_as_they_were_written() {
    let whole = merged(&[OLD]);
    assert!(!whole.snapshots.is_empty());
    assert!(!whole.gaps.iter().any(|gap| gap.kind == GapKind::FactsMissing), "{:?}", said(&whole));
    let (oldest, new) = (oldest(OLD), again(&whole));
    assert_eq!(merged(&[&new]), whole, "saved again, they are as facts are now");
    assert_eq!(merged(&[&oldest]), whole);
    assert_eq!(merged(&[&(oldest.clone() + &oldest)]), whole, "joined");
    assert_eq!(merged(&[&oldest, &new]), whole);
    assert_eq!(merged(&[OLD, &new]), whole);
}

#[test]
fn golden_facts_of_each_version_say_the_same() {
    let two = include_str!("../../../testdata/facts/two.ndjson");
    assert_eq!(merged(&[OLD]), merged(&[two]));
    assert_eq!(again(&merged(&[OLD])), two);
    assert_eq!(again(&merged(&[two])), two);
}

#[test]
fn facts_of_an_older_version_that_are_not_as_they_were_written_are_open() {
    let text = oldest(OLD);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let sources = lines.iter().filter(|line| line.contains("\"source\":{")).count();
    let first_instance = lines.iter().position(|line| line.contains("\"instance\":{")).unwrap();
    let all: Vec<usize> = (0..lines.len()).collect();
    let without = |lost: usize| all.iter().copied().filter(|at| *at != lost).collect::<Vec<_>>();
    let pick = |order: &[usize]| -> String { order.iter().map(|at| lines[*at]).collect() };
    let moved = [&[lines.len() - 1][..], &all[..lines.len() - 1]].concat();
    for (what, order) in [
        ("the end comes first", moved),
        ("without an end", all[..lines.len() - 1].to_vec()),
        ("without an instance", without(first_instance)),
        ("without a source", without(0)),
        ("the start is lost", all[sources..].to_vec()),
        ("the end alone", vec![lines.len() - 1]),
    ] {
        let saved = merged(&[&pick(&order)]);
        let is_missing = |gap: &Gap| matches!(gap.kind, GapKind::FactsMissing | GapKind::Partial);
        assert!(saved.gaps.iter().any(is_missing), "{what}");
        assert!(merged(&[&again(&saved)]).gaps.iter().any(is_missing), "{what}, saved again");
    }
}

#[test]
fn cut_is_told_wherever_it_is() {
    let whole = run(&[&snapshot("a", None)], &[]);
    assert_eq!(gaps(&whole), []);
    assert_eq!(gaps(whole.trim_end()), [], "the last line end alone is missing");
    for length in (1..whole.len() - 1).step_by(97).chain([whole.len() - 2]) {
        let gaps = gaps(whole.get(..length).unwrap());
        assert!(!gaps.is_empty(), "{length}");
        assert!(gaps.iter().all(|(kind, _)| kind.hides() && kind.label() == "partial"), "{length}");
    }
    assert_eq!(gaps("")[0].0, GapKind::EmptyFile);
}

#[test]
fn damage_concerns_the_sources_of_its_file_and_all_where_it_names_none() {
    let [a, b] = ["a", "b"].map(|name| run(&[&snapshot(name, None)], &[]));
    let mut merge = Merge::default();
    for (file, text) in [("1", a + "x\n"), ("2", b), ("3", "x\n".to_owned())] {
        merge.begin(file);
        text.lines().for_each(|line| merge.take(ReadLine::whole(line.as_bytes())));
        merge.end();
    }
    let saved = merge.finish();
    let reach = |saved: &Saved| -> Vec<(String, Vec<String>)> {
        let reach = saved.reach.iter();
        reach.map(|(gap, of)| (gap.source.clone(), of.iter().cloned().collect())).collect()
    };
    let expected = [("1".to_owned(), vec!["a.tar".to_owned()]), ("3".to_owned(), vec![])];
    assert_eq!(reach(&saved), expected);
    assert_eq!(reach(&merged(&[&again(&saved)])), expected, "saved again");
}

#[test]
fn line_that_is_no_fact_says_why_and_costs_no_other() {
    let whole = run(&[&snapshot("a", None)], &[]);
    let schema = "\"schema\":\"aemtrix.facts/2\",\"id\":\"00112233445566778899aabbccddeeff\"";
    let mut scenes = Scenes::default();
    for line in [
        "secret".to_owned(),
        "[".repeat(100_000),
        "{\"schema\":\"aemtrix.facts/3\"}".to_owned(),
        "{\"schema\":\"aemtrix.facts/2\"}".to_owned(),
        "{}".to_owned(),
        format!("{{{schema},{schema}}}"),
        format!("{{{schema}}}"),
        format!("{{{schema},\"end\":{{}},\"gap\":null,\"gap\":null}}"),
        format!("{{{schema},\"gap\":{{\"source\":5}}}}"),
        format!("{{{schema},\"numbers\":[-1]}}"),
        format!("{{{schema},\"end\":{{\"sources\":[5]}}}}"),
        format!("{{{schema},\"instance\":{{\"root\":\"secret\"}}}}"),
    ] {
        let saved = merged(&[&format!("{line}\n{whole}")]);
        let shown: String = line.replace(schema, "…").chars().take(99).collect();
        assert_eq!(saved.snapshots.len(), 1, "{shown}");
        let [gap] = &saved.gaps[..] else { panic!("{shown}: {:?}", saved.gaps) };
        assert!(gap.kind.hides() && !gap.reason.contains("secret"), "{gap:?}");
        scenes.add(&shown, &gap.reason);
    }
    scenes.add("a file that is cut", &gaps(whole.get(..whole.len() / 2).unwrap())[0].1);
    scenes.are("lines-of-facts");
}

#[test]
fn other_files_are_named_in_one_line() {
    let facts = run(&[&snapshot("a", None)], &[]);
    let rest = "\"farms\":[\n{}\n]\n}\n";
    for (start, what) in [
        ("{\n  \"schema\": \"aemtrix.report/1\",\n", "is a report, not saved facts; name"),
        ("\u{feff}{\r\n  \"schema\": \"aemtrix.report/1\",\r\n", "is a report"),
        ("{\"schema\":\"aemtrix.report/2\",", "is a report"),
        ("{\n\t\"schema\" : \"aemtrix.baseline/1\",\n", "is a baseline, not saved facts; it goes"),
    ] {
        let document = format!("{start}{rest}");
        let told = gaps(&document);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].1.starts_with(what), "{told:?}");
        let behind = gaps(&(facts.clone() + &document));
        assert_eq!(behind.len(), 1, "{behind:?}");
        assert!(
            behind[0].1.starts_with(&format!("line {}: {what}", facts.lines().count() + 1)),
            "{behind:?}"
        );
    }
    for (start, what) in [
        ("a/\0\0\0", "is no text, as saved facts are; to examine an upload: `aemtrix scan`"),
        ("<!DOCTYPE html>\n", "is a page or XML"),
        ("farm,instance,fact,value,mark\n", "is a table"),
        (
            "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n",
            "is a SARIF report",
        ),
    ] {
        let told = gaps(&format!("{start}{rest}"));
        assert!(told.len() == 1 && told[0].1.starts_with(what), "{told:?}");
    }
    let mut merge = Merge::default();
    merge.begin("utf-16");
    merge.take(ReadLine::whole(b"\xFF\xFE{\0"));
    assert!(merge.files.is_other_file());
    merge.end();
    assert!(merge.finish().gaps[0].reason.starts_with("is UTF-16 text"));
}

#[test]
fn bad_lines_in_a_row_are_one_fault() {
    let facts = run(&[&snapshot("a", None)], &[]);
    let told = gaps(&format!("x\n\ny\nz\n{facts}x\ny\n"));
    let reasons: Vec<&str> = told.iter().map(|(_, reason)| reason.as_str()).collect();
    let line = facts.lines().count() + 5;
    let first = "line 1: is no fact: at byte 1 it is no JSON; so are the next 2 lines".to_owned();
    let last = format!("line {line}: is no fact: at byte 1 it is no JSON; so is the next line");
    assert_eq!(reasons, [last, first]);
}

#[test]
fn no_byte_of_a_key_is_in_a_line() {
    let key: Vec<u8> = (0xC0..0xE0).collect();
    let farm = farm().with("a", |i| i.hmac(&key)).build();
    let line = run(&[&farm.members[0].snapshot], &[]);
    assert!(
        line.contains(&farm.members[0].known_key(KeyName::Hmac).unwrap().value.sha256.to_string())
    );
    assert!(!line.contains("c0c1c2c3") && !line.contains("192,193"));
}

proptest! {
    #[test]
    fn nothing_that_is_read_as_facts_fails(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut merge = Merge::default();
        merge.begin("facts");
        merge.take(ReadLine::whole(&bytes));
        merge.take(ReadLine::cut(&bytes));
        merge.end();
        merge.finish();
    }

    #[test]
    fn order_and_repetition_do_not_show(order in proptest::collection::vec(0_usize..4, 1..8)) {
        let files: Vec<String> = ["a", "b"]
            .iter()
            .flat_map(|name| [None, Some("x")].map(|label| run(&[&snapshot(name, label)], &[])))
            .collect();
        let chosen: Vec<&str> = order.iter().map(|index| files[*index].as_str()).collect();
        let mut sorted = chosen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(merged(&chosen), merged(&sorted));
    }

    #[test]
    fn merging_in_parts_is_merging_at_once(parts in proptest::collection::vec(0_usize..3, 30)) {
        let [a, b, c] = ["a", "b", "c"].map(|name| snapshot(name, None));
        let run_of = |snapshots: &[&Snapshot]| run(snapshots, &[gap("b.tar")]);
        let text = run_of(&[&a, &b]) + &run_of(&[&b, &c]);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        prop_assert!(lines.len() <= parts.len());
        // Each line goes to one part, or is lost.
        let part = |wanted: usize| -> String {
            lines.iter().enumerate().filter(|(at, _)| parts[*at] == wanted).map(|(_, line)| *line).collect()
        };
        let (one, other) = (part(0), part(1));
        prop_assume!(!one.is_empty() && !other.is_empty());
        let at_once = merged(&[&one, &other]);
        let in_parts = merged(&[&again(&merged(&[&one])), &again(&merged(&[&other]))]);
        prop_assert_eq!(&in_parts, &at_once);
        prop_assert_eq!(merged(&[&other, &one]), at_once);
    }
}

#[test]
fn line_with_a_text_longer_than_any_path_is_no_fact() {
    let max = 4 * Limits::DEFAULT.path_bytes_max;
    let line = |field: &str, bytes: usize| {
        let mut snapshot = Snapshot { label: Some("x".to_owned()), ..Snapshot::default() };
        let text = "a".repeat(bytes);
        match field {
            "source" => snapshot.source = text,
            "root" => snapshot.root = text,
            _ => snapshot.label = Some(text),
        }
        let mut line = Vec::new();
        SavedLine::instance(&snapshot, &SavedBundles::default()).write(&mut line).unwrap();
        line
    };
    for field in ["source", "root", "label"] {
        let mut merge = Merge::default();
        merge.begin("f");
        merge.take(ReadLine::whole(&line(field, max)));
        merge.take(ReadLine::whole(&line(field, max + 1)));
        merge.end();
        let saved = merge.finish();
        assert_eq!(saved.snapshots.len(), 1, "{field}");
        let told = saved.gaps.iter().filter(|gap| gap.kind == GapKind::TooLarge);
        assert_eq!(
            told.map(|gap| gap.reason.as_str()).collect::<Vec<_>>(),
            ["line 2: holds a name, path or text of more than 16384 bytes, as no scan writes it"]
        );
    }
}

#[test]
fn what_several_runs_tried_is_kept_of_all() {
    let with = |master: u8, opens: bool| {
        let mut snapshot = snapshot("a", None);
        let master = Hex([master; 16]);
        let opening = Opening { master, flaw: None };
        let openings = opens.then_some(opening).into_iter().collect();
        let values = [(Hex([7; 32]), openings)].into();
        let masters = [master].into();
        snapshot.trials = [Trials { masters, values, gap: None }].into();
        run(&[&snapshot], &[])
    };
    let (one, two) = (with(1, false), with(2, true));
    let both = merged(&[&one, &two]);
    assert_eq!(both, merged(&[&two, &one]));
    assert_eq!(both, merged(&[&one, &two, &one]));
    assert_eq!((both.snapshots.len(), &both.gaps), (1, &vec![]));
    let snapshot = &both.snapshots[0].1;
    let value = Hex([7; 32]);
    for (master, tried) in [(1, true), (2, true), (3, false)] {
        assert_eq!(snapshot.was_tried(value, Hex([master; 16])), tried);
    }
    assert_eq!(snapshot.openings(value).unwrap().len(), 1);
}

#[test]
fn text_that_is_a_key_of_another_source_is_hidden_when_both_are_merged() {
    const KEY: &str = "kqzrvbnmtwpxscdf";
    let key = farm().with("a", |i| i.hmac(KEY.as_bytes())).build().members.remove(0).snapshot;
    let pasted = farm().with("b", |i| {
        let location = format!("slinginstall:/x/{KEY}/y.jar");
        i.setting("x", KEY).change("bundle6", |bundle| bundle.location = Some(location))
    });
    let pasted = pasted.build().members.remove(0).snapshot;
    let reason = format!("says {KEY}, which is not in the source");
    let told = Gap { reason, ..gap("b") };
    let (key, pasted) = (run(&[&key], &[]), run(&[&pasted], &[told]));
    assert_eq!(pasted.matches(KEY).count(), 3, "it was read without that key");
    let all = saved_text(&[&key, &pasted]);
    assert!(!all.contains(KEY), "{all}");
    assert_eq!(merged(&[&key, &pasted]).gaps.len(), 1, "nothing is missing");
    for files in [&[&pasted, &key][..], &[&all], &[&all, &pasted], &[&pasted, &all, &key]] {
        let files: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
        assert_eq!(saved_text(&files), all, "{}", files.len());
    }
}

#[test]
fn what_was_tried_stands_beside_what_a_line_is_known_by() {
    let mut tried = snapshot("a", Some("author"));
    let ids = |text: &str| -> Vec<String> {
        let id = |line: &str| line.split('"').nth(7).unwrap().to_owned();
        text.lines().map(id).collect()
    };
    let before = ids(&run(&[&tried], &[]));
    let values = [(Hex([7; 32]), [].into())].into();
    tried.trials = [Trials { masters: [Hex([1; 16])].into(), values, gap: None }].into();
    let facts = run(&[&tried], &[]);
    assert_eq!(ids(&facts), before);
    assert_eq!(saved_text(&[&facts]), facts);
    assert_eq!(merged(&[&facts]).snapshots[0].1.trials, tried.trials);
}

#[test]
fn disk_that_fails_in_the_second_reading_alone_ends_reading_in_parts() {
    let (one, other) = (snapshot("a", None), snapshot("b", None));
    let facts = run(&[&one, &other], &[]);
    let bad = format!("{{}}\n{facts}");
    let read = |text: &str, is_lost: bool, reader: &mut dyn TakeLines| {
        reader.files().begin("facts.ndjson");
        for line in text.lines() {
            reader.take(ReadLine::whole(line.as_bytes()));
        }
        if is_lost {
            reader.files().lost(GapKind::Unreadable, "the disk failed");
        } else {
            reader.files().end();
        }
    };
    for (text, is_lost, is_read) in
        [(&facts, false, true), (&bad, false, true), (&facts, true, false), (&bad, true, false)]
    {
        let mut survey = Survey::default();
        read(text, false, &mut survey);
        let mut parts = PartReader::new(survey.parts(&[0, 1]).unwrap(), false);
        read(text, is_lost, &mut parts);
        assert_eq!(parts.end().is_some(), is_read, "{text}");
    }
}
