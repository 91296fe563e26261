//! Tests of merging, and of lines that are no facts.

use super::*;
use crate::facts::{Hex, KeyName, Opening, Trials};
use crate::limits::Limits;
use crate::testing::farm;
use proptest::prelude::*;

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

fn json(line: &SavedLine<'_>) -> String {
    serde_json::to_string(line).unwrap() + "\n"
}

fn record(snapshot: &Snapshot) -> SourceRecord {
    let (name, container) = (snapshot.source.clone(), "tar".to_owned());
    SourceRecord { name, container, entries: 9, instances: 1, complete: true }
}

/// What a run writes that reads one instance from each source.
fn run(snapshots: &[&Snapshot], gaps: &[Gap]) -> String {
    let records: Vec<SourceRecord> = snapshots.iter().map(|snapshot| record(snapshot)).collect();
    let ledger = Ledger::of_run(&records, snapshots.iter().copied(), gaps.iter());
    let instances = snapshots.iter().map(|snapshot| SavedLine::instance(snapshot));
    let lines = ledger.sources().chain(instances).chain(gaps.iter().map(SavedLine::gap));
    let lines: Vec<String> = lines.map(|line| json(&line)).collect();
    let end = ledger.end(u64::try_from(lines.len()).unwrap());
    lines.concat() + &json(&SavedLine::end(&end))
}

fn joined(lines: &[serde_json::Value]) -> String {
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

fn line_id(line: &serde_json::Value) -> LineId {
    LineId::of_text(line.to_string().as_bytes()).unwrap().0
}

/// What an older version wrote.
fn old_run(snapshots: &[&Snapshot]) -> String {
    let text = run(snapshots, &[]);
    let mut lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("holds");
        if let Some(end) = line.get_mut("end") {
            end.as_object_mut().unwrap().remove("sources");
        }
    }
    joined(&lines)
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
    let kept = |gap: &&Gap| gap.kind != GapKind::FactsMissing;
    let instances = saved.snapshots.iter().map(|(_, snapshot)| SavedLine::instance(snapshot));
    let gaps = saved.gaps.iter().filter(kept).map(SavedLine::gap);
    let lines = saved.ledger.sources().chain(instances).chain(gaps);
    let lines: Vec<String> = lines.map(|line| json(&line)).collect();
    let end = saved.ledger.end(u64::try_from(lines.len()).unwrap());
    lines.concat() + &json(&SavedLine::end(&end))
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
    let lines: Vec<&str> = a.lines().chain(b.lines()).collect();
    for lost in 0..lines.len() {
        let rest: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != lost).map(|(_, line)| *line).collect();
        let saved = merged(&[&rest.join("\n")]);
        assert!(saved.gaps.iter().any(|gap| gap.kind.hides()), "{}", lines[lost]);
    }
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
    assert_eq!(lines.len(), 7);
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
    let without = |lost: &[usize]| {
        let kept = lines.iter().enumerate().filter(|(at, _)| !lost.contains(at));
        let saved = merged(&[&kept.map(|(_, line)| *line).collect::<String>()]);
        let hides = |line: &String| !line.ends_with(": a reason");
        said(&saved).into_iter().filter(hides).collect::<Vec<_>>()
    };
    assert_eq!(without(&[]), [""; 0]);
    assert_eq!(without(&[0]), ["a.tar: facts of it are missing; the run that read it names it"]);
    assert_eq!(without(&[3]), ["b.tar: the facts of its instance are missing"]);
    assert_eq!(without(&[4]), ["a.tar: a line that says what was not read of it is missing"]);
    assert_eq!(without(&[5]), ["elsewhere: a line that says what was not read is missing"]);
    let no_end = "facts: the line that ends the run is missing; sources may be missing beside a.tar and 1 more";
    let no_line = "the line that says which of its facts belong together is missing";
    assert_eq!(without(&[6]), [&format!("elsewhere: {no_line}"), no_end]);
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
    let mut saved = merged(&[&text]);
    // A later version counts its own fields.
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut lines: Vec<serde_json::Value> = lines.collect();
    lines[1]["instance"]["later"] = "says something".into();
    let id = line_id(&lines[1]);
    let old = lines[0]["holds"].as_array().unwrap().clone();
    let gap_id = serde_json::to_value(line_id(&lines[2])).unwrap();
    assert!(old.contains(&gap_id));
    let mut holds = vec![serde_json::to_value(id).unwrap(), gap_id];
    holds.sort_by_key(ToString::to_string);
    lines[0]["holds"] = holds.into();
    lines[3]["end"]["sources"][0]["id"] = serde_json::to_value(line_id(&lines[0])).unwrap();
    let later = joined(&lines);
    assert_eq!(merged(&[&later]).gaps, saved.gaps);
    saved.gaps.clear();
    assert_eq!(merged(&[&later, &text]).sources, saved.sources);
}

#[test]
fn facts_of_an_older_version_are_whole_as_they_were_written() {
    let [a, b] = ["a", "b"].map(|name| snapshot(name, None));
    let (old, new) = (old_run(&[&a, &b]), run(&[&a, &b], &[]));
    let whole = merged(&[&new]);
    assert_eq!(merged(&[&old]), whole);
    assert_eq!(merged(&[&(old.clone() + &old)]), whole, "joined");
    assert_eq!(merged(&[&old, &new]), whole);
    assert_eq!(again(&merged(&[&old])), new, "saved again, they are as facts are now");
}

#[test]
fn facts_of_an_older_version_that_are_not_as_they_were_written_are_open() {
    let [a, b, c] = ["a", "b", "c"].map(|name| snapshot(name, None));
    let (old, other) = (old_run(&[&a, &b]), old_run(&[&c]));
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let pick = |order: &[usize]| -> String { order.iter().map(|at| lines[*at]).collect() };
    for (what, order) in [
        ("the end comes first", vec![4, 0, 1, 2, 3]),
        ("without an end", vec![0, 1, 2, 3]),
        ("without an instance", vec![0, 1, 2, 4]),
        ("one instance in place of the other", vec![0, 1, 2, 2, 4]),
        ("one source in place of the other", vec![0, 0, 2, 3, 4]),
        ("the start is lost", vec![3, 4]),
        ("the end alone", vec![4]),
    ] {
        let saved = merged(&[&pick(&order)]);
        assert!(saved.gaps.iter().any(|gap| gap.kind.hides()), "{what}");
        assert!(!merged(&[&again(&saved)]).gaps.is_empty(), "{what}, saved again");
        let joined = merged(&[&(pick(&order) + &other)]);
        let reaches_c = |gap: &Gap| {
            let reach = joined.reach.get(gap);
            reach.is_some_and(|reach| reach.contains("c.tar")) || gap.source == "c.tar"
        };
        // A start that is lost may have been of any run of the file.
        if order.contains(&0) {
            assert!(!joined.gaps.iter().any(reaches_c), "{what}: {:?}", said(&joined));
        }
        assert!(joined.gaps.iter().any(|gap| gap.kind.hides()), "{what}, joined");
    }
}

#[test]
fn cut_is_told_wherever_it_is() {
    let whole = run(&[&snapshot("a", None)], &[]);
    assert_eq!(gaps(&whole), []);
    assert_eq!(gaps(whole.trim_end()), [], "the last line end alone is missing");
    for length in (1..whole.len() - 1).step_by(97).chain([whole.len() - 2]) {
        let gaps = gaps(whole.get(..length).unwrap());
        assert!(gaps.iter().any(|(_, reason)| reason.contains("is cut after line")), "{length}");
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
    let schema = "\"schema\":\"aemtrix.facts/1\"";
    for (line, reason) in [
        ("secret".to_owned(), "it is no JSON"),
        ("[".repeat(100_000), "not of the kind"),
        ("{\"schema\":\"aemtrix.facts/2\"}".to_owned(), "is of another version"),
        ("{}".to_owned(), "missing field `schema`"),
        (format!("{{{schema},{schema}}}"), "duplicate field `schema`"),
        (format!("{{{schema}}}"), "holds none of"),
        (format!("{{{schema},\"end\":{{\"lines\":0}},\"gap\":null,\"gap\":null}}"), "duplicate"),
        (format!("{{{schema},\"gap\":{{\"source\":5}}}}"), "not of the kind"),
        (format!("{{{schema},\"end\":{{\"lines\":-1}}}}"), "not of the kind"),
        (format!("{{{schema},\"end\":{{\"lines\":0,\"sources\":[5]}}}}"), "not of the kind"),
        (format!("{{{schema},\"instance\":{{\"source\":\"secret\"}}}}"), "missing field"),
    ] {
        let saved = merged(&[&format!("{line}\n{whole}")]);
        assert_eq!(saved.snapshots.len(), 1, "{reason}");
        let [gap] = &saved.gaps[..] else { panic!("{reason}: {:?}", saved.gaps) };
        assert!(gap.reason.starts_with("line 1: ") && gap.reason.contains(reason), "{gap:?}");
        assert!(gap.kind.hides() && !gap.reason.contains("secret"), "{gap:?}");
    }
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
        assert!(behind[0].1.starts_with(&format!("line 4: {what}")), "{behind:?}");
    }
    let mut merge = Merge::default();
    merge.begin("utf-16");
    merge.take(ReadLine::whole(b"\xFF\xFE{\0"));
    assert!(merge.is_other_file());
    merge.end();
    assert!(merge.finish().gaps[0].reason.starts_with("is UTF-16 text"));
}

#[test]
fn bad_lines_in_a_row_are_one_fault() {
    let facts = run(&[&snapshot("a", None)], &[]);
    let told = gaps(&format!("x\n\ny\nz\n{facts}x\ny\n"));
    let reasons: Vec<&str> = told.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "line 1: is no fact: at byte 1 it is no JSON; so are the next 2 lines",
            "line 8: is no fact: at byte 1 it is no JSON; so is the next line",
        ]
    );
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
    fn merging_in_parts_is_merging_at_once(parts in proptest::collection::vec(0_usize..3, 12), old in any::<bool>()) {
        let [a, b, c] = ["a", "b", "c"].map(|name| snapshot(name, None));
        let run_of = |snapshots: &[&Snapshot]| if old { old_run(snapshots) } else { run(snapshots, &[gap("b.tar")]) };
        let text = run_of(&[&a, &b]) + &run_of(&[&b, &c]);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        // Each line goes to one part, or is lost; in facts of older versions runs stay together.
        let part = |wanted: usize| -> String {
            let of = |at: usize| if old { parts[at / 5] } else { parts[at] };
            lines.iter().enumerate().filter(|(at, _)| of(*at) == wanted).map(|(_, line)| *line).collect()
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
        let mut line = serde_json::to_value(SavedLine::instance(&Snapshot::default())).unwrap();
        line["instance"][field] = "a".repeat(bytes).into();
        line.to_string()
    };
    for field in ["source", "root", "label"] {
        let mut merge = Merge::default();
        merge.begin("f");
        merge.take(ReadLine::whole(line(field, max).as_bytes()));
        merge.take(ReadLine::whole(line(field, max + 1).as_bytes()));
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
