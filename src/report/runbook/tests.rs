//! What a person who follows the text would do.

use super::write;
use crate::diagnosis::Selection;
use crate::facts::{Gap, GapKind, SourceRecord};
use crate::farm::Farm;
use crate::policy::Suppression;
use crate::report::{Report, Screen};
use crate::testing::{FarmBuilder, Instance, Scenes, farm, good_farm};

const VERIFY: &str = "## Verify\n";

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

/// A part of a text, with its heading.
fn part<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, part) = text.split_once(heading).unwrap_or_else(|| panic!("{heading}: {text}"));
    part.split_once("\n## ").map_or(part, |(part, _)| part)
}

#[test]
fn what_is_read_of_farms_in_which_little_is_to_be_done() {
    let mut scenes = Scenes::default();
    scenes.add("nothing is wrong", &runbook(good_farm(&["a", "b"])));
    scenes.add("of one instance alone", &runbook(good_farm(&["a"])));
    scenes.add("of a source without an instance", &of_cut(Vec::new(), "d.tar"));
    scenes.add("keys on standard input", part(&runbook(from_stdin("c")), VERIFY));
    scenes.add("a key is accepted by the policy", &accepted());
    scenes.add("of two farms, a source was cut: the first", part(&of_two()[0], VERIFY));
    scenes.add("of two farms, a source was cut: the second", part(&of_two()[1], VERIFY));
    scenes.are("runbook");
}

#[test]
fn keys_are_brought_to_those_that_save_none_and_removed_where_they_came_from() {
    let master: Vec<u8> = (0x80..0x90).collect();
    let hmac: Vec<u8> = (1..33).collect();
    let files = |i: Instance| i.role("author").hmac(&hmac).master(&master);
    let stored = |i: Instance| i.jcr_mode(&hmac, &master);
    let text = runbook(farm().with("a", files).with("b", stored).with("c", |i| i.hmac(&other())));
    assert!(part(&text, "## On b, before").contains("as `farm-keys/hmac`"), "{text}");
    let taken = part(&text, "## On a, take the keys");
    assert!(taken.contains("Copy the directory farm-keys to c in"), "{text}");
    let guard = "{ test ! -e 'farm-keys' || ! echo 'farm-keys is there already, from another repair: move it away'; } &&";
    assert!(taken.contains(guard), "{text}");
    assert!(taken.contains("remove farm-keys here too"), "{text}");
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

/// The runbook of farms of which one source is cut.
fn of_cut(mut farms: Vec<Farm>, source: &str) -> String {
    let gap = cut(source);
    if let Some(farm) = farms.last_mut() {
        farm.gaps.push(gap.clone());
    }
    runbook_of(farms, vec![gap], &Selection::default())
}

#[test]
fn source_that_was_not_read_is_told_and_verified_whatever_the_verdict() {
    for farm in [good_farm(&["a", "b"]), good_farm(&["a", "b"]).with("c", |i| i.hmac(&other()))] {
        let text = of_cut(vec![farm.build()], "-d.tar");
        let told = part(&text, "## Pack again\n").lines().find(|line| line.starts_with("- "));
        assert_eq!(told, Some("- `-d.tar`: ends early: pack it again, and send all of it."));
        let sources = verify(&text).lines().filter(|line| line.trim().starts_with("'./-d.tar'"));
        assert_eq!(sources.count(), 1, "{text}");
    }
}

/// Two farms with a source that was not read in full, which is of the second.
fn of_two() -> [String; 2] {
    let mut west = good_farm(&["w1", "w2"]).with("w3", |i| i.hmac(&other())).build();
    west.name = "west".to_owned();
    let mut east = good_farm(&["e1", "e2"]).build();
    east.name = "east".to_owned();
    let text = of_cut(vec![west, east], "cut.tar");
    let (west, east) = text.split_once("Farm east").expect("both farms");
    [west, east].map(str::to_owned)
}

#[test]
fn of_several_farms_each_is_verified_with_its_own_sources() {
    let of = |text: &str| verify(text).matches(".tar'").count();
    assert_eq!(of_two().map(|text| of(&text)), [3, 3]);
}

/// A farm of three, of which one that has another key came on standard input.
fn from_stdin(name: &str) -> FarmBuilder {
    good_farm(&["a"]).with("b", |i| i).with(name, |mut i| {
        i.snapshot.source = "-".to_owned();
        i.hmac(&other())
    })
}

#[test]
fn standard_input_is_one_word_of_a_continued_command() {
    for (name, source) in [("c", "'c=-'"), ("x/c", "'-'")] {
        let expected = format!("aemtrix scan \\\n  {source} \\\n  'a=a.tar' \\\n  'b=b.tar'\n");
        assert_eq!(verify(&runbook(from_stdin(name))), expected);
    }
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

/// A farm of which one instance keeps its keys by the policy.
fn accepted() -> String {
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
    runbook_of(vec![farm], Vec::new(), &selection)
}

#[test]
fn names_notify_nobody() {
    let text = runbook(good_farm(&["a", "b"]).with("www.@here_", |i| i.hmac(&other())));
    let heads: Vec<&str> = text.lines().filter(|line| line.ends_with(" stopped")).collect();
    assert_eq!(heads, ["## On `www.@here_,` stopped"]);
}
