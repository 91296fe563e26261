use super::*;
use crate::diagnosis::{Judged, Selection, judge};
use crate::diff::{Side, diff};
use crate::testing::{FarmBuilder, Instance, good_farm};

fn judged(farm: FarmBuilder) -> Vec<Judged> {
    judge(vec![farm.build()], &Selection::default())
}

fn report(old: FarmBuilder, new: FarmBuilder) -> DiffReport {
    let (old, new) = (judged(old), judged(new));
    let side = |farms| Side { farms, is_complete: true };
    let state = |name: &str| {
        let (sources, gaps) = (Vec::new(), Vec::new());
        StateReport { name: name.to_owned(), sources, gaps }
    };
    DiffReport {
        diff: diff(side(&old), side(&new)),
        states: [state("before"), state("after")],
        custody: Custody::default(),
        screen: Screen::default(),
        bundles: false,
    }
}

fn written(report: &DiffReport, name: &str) -> String {
    let format = DIFF_FORMATS.iter().find(|format| format.name == name).expect("a format");
    let mut out = Vec::new();
    (format.write)(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn changed() -> DiffReport {
    let odd = |i: Instance| i.hmac(&[9; 31]);
    report(good_farm(&["a", "b", "<i>=x|y"]), good_farm(&["a", "b"]).with("<i>=x|y", odd))
}

#[test]
fn every_format_names_the_instance_and_what_changed() {
    let report = changed();
    for format in DIFF_FORMATS {
        let text = written(&report, format.name);
        for part in ["hmac", "31 bytes", "hmac-differs"] {
            let is_full = matches!(format.name, "csv") && part == "31 bytes";
            assert!(is_full || text.contains(part), "{}: {part}: {text}", format.name);
        }
        assert!(text.contains(if format.name == "html" { "&lt;i&gt;=x" } else { "<i>=x" }));
    }
}

#[test]
fn what_all_have_in_common_is_told_once() {
    let jcr = |i: Instance| i.storage(b"JCR");
    let all = ["a", "b", "c"];
    let new = all.into_iter().fold(crate::testing::farm(), |farm, name| farm.with(name, jcr));
    let text = written(&report(good_farm(&all), new), "table");
    assert_eq!(text.matches("storage: Bundle -> JCR").count(), 1, "{text}");
    let heads = text.lines().filter(|line| line.starts_with("All 3 instances"));
    assert_eq!(heads.count(), 1, "{text}");
}

#[test]
fn csv_has_a_line_a_change_and_full_digests_of_keys() {
    let text = written(&changed(), "csv");
    let head = "farm,instance,topic,subject,old,new,matters,old since,new since\r\n";
    assert!(text.starts_with(head), "{text}");
    assert_eq!(text.matches("sha256 ").count(), 2, "{text}");
    assert!(text.lines().all(|line| !line.starts_with('=')));
}

#[test]
fn same_states_are_said_to_be_the_same() {
    let report = report(good_farm(&["a", "b"]), good_farm(&["a", "b"]));
    assert!(
        written(&report, "table").ends_with("SAME: nothing changed that matters to the keys\n")
    );
    assert!(written(&report, "markdown").starts_with("# SAME"));
}
