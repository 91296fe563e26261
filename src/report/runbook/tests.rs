//! What a person who follows the text would do.

use super::{PACK, write};
use crate::diagnosis::Selection;
use crate::facts::{Gap, GapKind, SourceRecord};
use crate::farm::Farm;
use crate::policy::Suppression;
use crate::report::{Report, Screen};
use crate::testing::{FarmBuilder, Instance, farm, good_farm};

fn runbook(farm: FarmBuilder) -> String {
    let farm = farm.build();
    let gaps = farm.members.iter().flat_map(|m| m.snapshot.gaps.clone()).collect();
    runbook_of(vec![farm], gaps, &Selection::default())
}

fn runbook_of(farms: Vec<Farm>, gaps: Vec<Gap>, selection: &Selection) -> String {
    let record = |name: String| SourceRecord {
        name,
        container: "tar".to_owned(),
        entries: 9,
        instances: 1,
        complete: true,
        ..SourceRecord::default()
    };
    let sources = farms
        .iter()
        .flat_map(|farm| &farm.members)
        .map(|m| record(m.snapshot.source.clone()))
        .collect();
    let report = Report::new(farms, sources, gaps, selection, Screen::default());
    let mut out = Vec::new();
    write(&report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn other() -> Vec<u8> {
    (100..132).collect()
}

#[test]
fn consistent_farm_has_nothing_to_repair() {
    let text = runbook(good_farm(&["a", "b"]));
    assert!(text.contains("Nothing is to be repaired"), "{text}");
    assert!(!text.contains("```"), "{text}");
}

#[test]
fn undecided_farm_is_told_what_to_bring() {
    let text = runbook(good_farm(&["a"]));
    assert!(
        text.contains("fewer than two instances were found: bring the snapshots of the other"),
        "{text}"
    );
    assert!(text.contains(PACK) && text.contains("aemtrix scan \\\n  'a=a.tar'\n"), "{text}");
}

#[test]
fn names_neither_act_in_a_shell_nor_as_markup() {
    let name = "'; rm -rf ~ #`id`$(id)\n```\n<script>";
    let hostile = |mut i: Instance| {
        i.snapshot
            .bundles
            .change_each(|bundle| bundle.path = format!("/{name}/{}", bundle.directory));
        i.hmac(&other())
    };
    let text = runbook(farm().with("a", |i| i).with("b", |i| i).with(name, hostile));
    let commands = text.lines().filter(|line| line.trim_start().starts_with("cp farm-keys/hmac "));
    let commands: Vec<&str> = commands.map(str::trim).collect();
    assert_eq!(
        commands,
        [
            r#"cp farm-keys/hmac "$(printf '\047; rm -rf ~ #`id`$(id)\012```\012<script>/bundle2/data/hmac')" && chmod 600 "$(printf '\047; rm -rf ~ #`id`$(id)\012```\012<script>/bundle2/data/hmac')" &&"#
        ]
    );
    let fences = text.lines().filter(|line| line.trim_start().starts_with("```")).count();
    assert_eq!(fences % 2, 0);
    assert!(
        !text.lines().any(|line| line.contains("<script>")
            && !line.contains("$(printf")
            && !line.contains("````")),
        "{text}"
    );
}

fn cut(source: &str) -> Gap {
    let (source, reason) = (source.to_owned(), "ends early".to_owned());
    Gap { source, path: None, kind: GapKind::Partial, reason }
}

/// The command that verifies, up to the end of its block.
fn verify(text: &str) -> &str {
    let block = text.split("```").find(|block| block.starts_with("sh\naemtrix scan"));
    block.expect("a command").trim_start_matches("sh\n")
}

#[test]
fn source_that_was_not_read_is_told_and_verified_whatever_the_verdict() {
    for farm in [good_farm(&["a", "b"]), good_farm(&["a", "b"]).with("c", |i| i.hmac(&other()))] {
        let mut farm = farm.build();
        let gap = cut("-d.tar");
        farm.gaps.push(gap.clone());
        let text = runbook_of(vec![farm], vec![gap], &Selection::default());
        let told = "## Pack again\n\nThese sources were not read in full.";
        assert!(text.contains(told), "{text}");
        assert!(
            text.contains("`-d.tar`: ends early: pack it again, and send all of it."),
            "{text}"
        );
        assert!(verify(&text).contains("'./-d.tar'"), "{text}");
    }
    let text = runbook_of(Vec::new(), vec![cut("d.tar")], &Selection::default());
    assert!(text.contains("`d.tar`: ends early: pack"), "{text}");
}

#[test]
fn of_several_farms_each_is_verified_with_its_own_sources() {
    let mut west = good_farm(&["w1", "w2"]).with("w3", |i| i.hmac(&other())).build();
    west.name = "west".to_owned();
    let mut east = good_farm(&["e1", "e2"]).build();
    east.name = "east".to_owned();
    let gap = cut("cut.tar");
    east.gaps.push(gap.clone());
    let text = runbook_of(vec![west, east], vec![gap], &Selection::default());
    let (west, east) = text.split_once("Farm east").expect("both farms");
    assert!(verify(west).ends_with("'w1=w1.tar' \\\n  'w2=w2.tar' \\\n  'w3=w3.tar'\n"), "{west}");
    assert!(west.contains("It must say `Verdict of west: CONSISTENT`"), "{west}");
    assert!(verify(east).contains("'cut.tar' \\\n  'e1=e1.tar' \\\n  'e2=e2.tar'\n"), "{east}");
}

#[test]
fn standard_input_is_one_word_of_a_continued_command() {
    let from_stdin = |mut i: Instance| {
        i.snapshot.source = "-".to_owned();
        i.hmac(&other())
    };
    let farm = || good_farm(&["a"]).with("b", |i| i);
    let text = runbook(farm().with("c", from_stdin));
    assert_eq!(verify(&text), "aemtrix scan \\\n  'c=-' \\\n  'a=a.tar' \\\n  'b=b.tar'\n");
    assert!(text.contains("On standard input, give it"), "{text}");
    let text = runbook(farm().with("x/c", from_stdin));
    assert!(verify(&text).contains("\n  '-' \\\n"), "{text}");
    assert!(!verify(&text).contains('#'), "{text}");
}

#[test]
fn sources_are_verified_under_the_names_that_they_were_given() {
    let farm = good_farm(&["case/a", "east/c", "east/d"]).with("case/b", |i| i.hmac(&other()));
    let mut farm = farm.build();
    for member in &mut farm.members {
        let (label, source) = match member.name.as_str() {
            "case/a" | "case/b" => ("case", "case.tar"),
            "east/c" => ("east/c", "up/c.tar"),
            _ => ("east/d", "up/d.tar"),
        };
        member.snapshot.label = Some(label.to_owned());
        source.clone_into(&mut member.snapshot.source);
    }
    let text = runbook_of(vec![farm], Vec::new(), &Selection::default());
    assert_eq!(verify(&text), "aemtrix scan \\\n  'case=case.tar' \\\n  'east=up'\n");
}

#[test]
fn farm_of_which_nothing_came_has_a_whole_command() {
    let mut farm = good_farm(&["a"]).build();
    farm.members.clear();
    let text = runbook_of(vec![farm], Vec::new(), &Selection::default());
    assert_eq!(verify(&text), "aemtrix scan \\\n  'NAME=SNAPSHOT'\n");
}

#[test]
fn keys_that_the_policy_accepts_are_not_copied() {
    let accept = |rule: &str| Suppression {
        rule: rule.to_owned(),
        farm: None,
        instances: Vec::new(),
        reason: "two data centres".to_owned(),
        until: None,
    };
    let suppressions = vec![accept("hmac-differs"), accept("half-copied-pair")];
    let selection = Selection { suppressions, ..Selection::default() };
    let farm = good_farm(&["a", "b"]).with("c", |i| i.hmac(&other())).build();
    let text = runbook_of(vec![farm], Vec::new(), &selection);
    assert!(!text.contains("cp keys/"), "{text}");
    assert!(text.contains("2 findings suppressed by the policy: their repair is not"), "{text}");
    assert!(!text.contains("It must end with"), "what is suppressed stays: {text}");
    assert!(text.contains("It must find nothing that this text repairs."), "{text}");
}

#[test]
fn names_notify_nobody() {
    let text = runbook(good_farm(&["a", "b"]).with("www.@here_", |i| i.hmac(&other())));
    assert!(text.contains("## On `www.@here_,` stopped\n"), "{text}");
}
