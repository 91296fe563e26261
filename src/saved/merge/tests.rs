//! Tests of merging, and of lines that are no facts.

use super::*;
use crate::facts::KeyName;
use crate::testing::farm;
use proptest::prelude::*;

fn snapshot(name: &str, label: Option<&str>) -> Snapshot {
    let farm = farm().with(name, |i| i.role("author").log("error.log", "x\n")).build();
    let mut snapshot = farm.members[0].snapshot.clone();
    snapshot.label = label.map(str::to_owned);
    snapshot
}

fn text(lines: &[SavedLine<'_>]) -> String {
    let end = SavedLine::end(u64::try_from(lines.len()).unwrap());
    let json = |line: &SavedLine<'_>| serde_json::to_string(line).unwrap() + "\n";
    lines.iter().chain([&end]).map(json).collect()
}

/// Merges files, each under the same name.
fn merged(files: &[&str]) -> Saved {
    let mut merge = Merge::default();
    for file in files {
        merge.begin("facts");
        for line in file.split_inclusive('\n') {
            match line.strip_suffix('\n') {
                Some(line) => merge.whole(line.as_bytes()),
                None => merge.cut(line.as_bytes()),
            }
        }
        merge.end();
    }
    merge.finish()
}

fn gaps(text: &str) -> Vec<(GapKind, String)> {
    merged(&[text]).gaps.into_iter().map(|gap| (gap.kind, gap.reason)).collect()
}

#[test]
fn facts_come_back_as_they_were() {
    let (one, other) = (snapshot("a", Some("author")), snapshot("b", None));
    let saved = merged(&[&text(&[SavedLine::instance(&one), SavedLine::instance(&other)])]);
    assert_eq!(saved.snapshots, [(Some("author".to_owned()), one), (None, other)]);
    assert_eq!(saved.gaps, []);
}

#[test]
fn same_instance_counts_once_and_keeps_the_name_that_was_given() {
    let [named, nameless, other] = [Some("x"), None, Some("w")].map(|l| snapshot("a", l));
    let [a, b, c] = [&named, &nameless, &other].map(|s| text(&[SavedLine::instance(s)]));
    for files in [[&a, &b, &c], [&c, &b, &a], [&b, &a, &c]] {
        let saved = merged(&files.map(String::as_str));
        assert_eq!(saved.snapshots, [(Some("w".to_owned()), other.clone())]);
    }
}

#[test]
fn two_versions_of_one_source_are_both_kept() {
    let one = snapshot("a", None);
    let other = Snapshot { last_start_ms: Some(5), ..one.clone() };
    let [a, b] = [&one, &other].map(|s| text(&[SavedLine::instance(s)]));
    assert_eq!(merged(&[&a, &b]).snapshots.len(), 2);
    assert_eq!(merged(&[&a, &b]), merged(&[&b, &a]));
}

#[test]
fn joined_files_are_read_like_single_ones() {
    let [a, b] = ["a", "b"].map(|name| text(&[SavedLine::instance(&snapshot(name, None))]));
    assert_eq!(merged(&[&(a.clone() + &b)]), merged(&[&a, &b]));
}

#[test]
fn cut_is_told_wherever_it_is() {
    let whole = text(&[SavedLine::instance(&snapshot("a", None))]);
    assert_eq!(gaps(&whole), []);
    assert_eq!(gaps(whole.trim_end()), [], "the last line end alone is missing");
    for length in (1..whole.len() - 1).step_by(97).chain([whole.len() - 2]) {
        let kinds: Vec<_> =
            gaps(whole.get(..length).unwrap()).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [GapKind::Partial], "{length}");
    }
    let end = whole.lines().last().unwrap();
    assert_eq!(gaps(&format!("{end}\n"))[0].0, GapKind::Partial);
    assert_eq!(gaps("")[0].0, GapKind::EmptyFile);
}

#[test]
fn line_that_is_no_fact_says_why_and_costs_no_other() {
    let whole = text(&[SavedLine::instance(&snapshot("a", None))]);
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
fn no_byte_of_a_key_is_in_a_line() {
    let key: Vec<u8> = (0xC0..0xE0).collect();
    let farm = farm().with("a", |i| i.hmac(&key)).build();
    let line = text(&[SavedLine::instance(&farm.members[0].snapshot)]);
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
        merge.whole(&bytes);
        merge.cut(&bytes);
        merge.end();
        merge.finish();
    }

    #[test]
    fn order_and_repetition_do_not_show(order in proptest::collection::vec(0_usize..4, 1..8)) {
        let files: Vec<String> = ["a", "b"]
            .iter()
            .flat_map(|name| [None, Some("x")].map(|label| text(&[SavedLine::instance(&snapshot(name, label))])))
            .collect();
        let chosen: Vec<&str> = order.iter().map(|index| files[*index].as_str()).collect();
        let mut sorted = chosen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert_eq!(merged(&chosen), merged(&sorted));
    }
}
