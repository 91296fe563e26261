//! What a person who follows the text would do.

use super::{PACK, write};
use crate::facts::{Gap, GapKind, SourceRecord};
use crate::farm::Farm;
use crate::policy::Suppression;
use crate::report::{Report, Screen};
use crate::rules::Selection;
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

const FELIX: &str = "crx-quickstart/launchpad/felix";

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
        text.contains("fewer than two instances came: bring the snapshots of the other"),
        "{text}"
    );
    assert!(text.contains(PACK) && text.contains("aemtrix scan \\\n  'a=a.tar'\n"), "{text}");
}

#[test]
fn keys_are_copied_from_the_right_instance_with_its_paths_and_sums() {
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", |i| i.hmac(&other())));
    assert!(
        text.contains("Source of the keys: **p1**, for most of the farm has its keys."),
        "{text}"
    );
    for line in [
        format!(
            "mkdir -m 700 keys && cp '{FELIX}/bundle2/data/hmac' '{FELIX}/bundle2/data/master' keys/\n"
        ),
        format!("cp keys/hmac keys/master '{FELIX}/bundle2/data/'\n"),
        "## On p3: put the keys\n".to_owned(),
        "- com.adobe.granite.crypto.file is bundle 2.\n".to_owned(),
        "aemtrix scan \\\n  'p1=p1.tar' \\\n  'p2=p2.tar' \\\n  'p3=p3.tar'\n".to_owned(),
        "`Verdict: CONSISTENT`".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}\nis not in\n{text}");
    }
    assert!(!text.contains("On p2: put") && !text.contains("printf"), "{text}");
}

#[test]
fn instance_in_jcr_mode_is_switched_and_its_properties_are_deleted_last() {
    let jcr = |i: Instance| i.jcr_mode(&other(), &other()[..16]);
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", jcr));
    let storage = format!("'{FELIX}/bundle1/data/storage'");
    let places: Vec<usize> = [
        "put the keys".to_owned(),
        format!("printf %s Bundle > {storage}\n   wc -c {storage}\n"),
        "6. Start the instance.".to_owned(),
        "delete the properties hmac and master of `/etc/key`,".to_owned(),
    ]
    .iter()
    .map(|part| text.find(part.as_str()).unwrap_or_else(|| panic!("{part}\nis not in\n{text}")))
    .collect();
    assert!(places.is_sorted(), "{text}");
    // Moving its own keys out of the JCR would undo the copy.
    assert!(!text.contains("On p3, save the binary properties"), "{text}");
}

/// Says that parts stand in a text, each once, one after the other.
fn stand_once_in_order(text: &str, parts: &[&str]) {
    let count = |part: &&str| text.matches(*part).count();
    assert_eq!(parts.iter().map(count).collect::<Vec<_>>(), vec![1; parts.len()], "{text}");
    assert!(parts.iter().map(|part| text.find(part)).is_sorted(), "{text}");
}

#[test]
fn storage_of_an_instance_that_gets_keys_is_repaired_before_it_is_started() {
    let newline = |i: Instance| i.storage(b"Bundle\n");
    let faults: [fn(Instance) -> Instance; 5] = [
        newline,
        |i| i.storage(b"bundle"),
        Instance::without_storage,
        |i| i.jcr_mode(&other(), &other()[..16]),
        |i| i.jcr_mode(&other(), &other()[..16]).storage(b"JCR\n"),
    ];
    for fault in faults {
        let text = runbook(good_farm(&["p1", "p2"]).with("p3", |i| fault(i.hmac(&other()))));
        let write = format!("printf %s Bundle > '{FELIX}/bundle1/data/storage'");
        let parts = ["1. Stop the instance.", "cp keys/hmac", &write, "Start the", "Enter again"];
        stand_once_in_order(&text, &parts);
        for start in ["Stop p3", "Start p3", "Take p1 as the source"] {
            assert!(!text.contains(start), "{text}");
        }
    }
}

#[test]
fn what_else_is_done_to_an_instance_that_gets_keys_is_done_while_it_is_stopped() {
    let faults = |i: Instance| {
        i.hmac(&[other(), b"\n".to_vec()].concat())
            .bundle_in("bundle2.bak", 2, "x")
            .config(crate::facts::IMS_CUSTOMIZER, "auth.ims.client.secret=\"\"\r\n")
    };
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", faults));
    let parts = ["Stop the", "cp keys/hmac", "is the copy, then move it out", "Start the"];
    stand_once_in_order(&text, &parts);
    assert!(!text.contains("truncate") && !text.contains("Stop p3"), "{text}");
}

#[test]
fn directory_that_felix_would_delete_is_saved_before_the_start_that_deletes_it() {
    use crate::facts::DiscardReason;
    let fault = |reason: DiscardReason| {
        move |i: Instance| {
            i.hmac(&other()).change("bundle2", |bundle| bundle.discard = Some(reason))
        }
    };
    let save = "Before anything is restarted, copy ";
    let text_of = |reason| runbook(good_farm(&["p1", "p2"]).with("p3", fault(reason)));
    let text = text_of(DiscardReason::StrayRevision("version0.0.bak".into()));
    let parts = [save, "Stop the", "cp keys/hmac", "/version0.0.bak'` out of", "Start the"];
    stand_once_in_order(&text, &parts);
    assert!(!text.contains("Stop p3") && !text.contains("Start p3"), "{text}");
    let text = text_of(DiscardReason::NoInfo);
    stand_once_in_order(
        &text,
        &[save, "Stop the", "cp keys/hmac", "from a backup or", "Start the"],
    );
    let text = text_of(DiscardReason::Uninstalled);
    let install = "anew on p3 before its files are put in place";
    stand_once_in_order(&text, &[save, install, "Stop the", "cp keys/hmac", "Start the"]);
    assert!(!text.contains("copy the saved files"), "{text}");
}

#[test]
fn file_in_the_wrong_place_replaces_none_that_was_copied() {
    use crate::facts::KeyName::Hmac;
    let key = |i: Instance| i.without_key(Hmac).key_in("bundle1", Hmac, &other());
    let storage = |i: Instance| i.hmac(&other()).without_storage().storage_in("bundle2", b"JCR");
    let faults: [fn(Instance) -> Instance; 2] = [key, storage];
    for (fault, bundle) in faults.into_iter().zip(["bundle1", "bundle2"]) {
        let text = runbook(good_farm(&["p1", "p2"]).with("p3", fault));
        let away = format!("mv -i '{FELIX}/{bundle}/data/");
        let kept = format!("'keys-before-p3/{bundle}-");
        stand_once_in_order(&text, &["Stop the", "cp keys/hmac", &away, &kept, "Start the"]);
        assert!(!text.contains("to its place"), "{text}");
    }
    let beside = |i: Instance| i.hmac(&other()).key_in("bundle1", Hmac, &other());
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", beside));
    stand_once_in_order(&text, &["cp keys/hmac", "mv -i ", "'keys-before-p3/bundle1-hmac'"]);
    assert!(!text.contains("cmp ") && !text.contains("\nrm "), "the one with the old key: {text}");
}

#[test]
fn key_of_the_jcr_is_not_put_in_place_of_one_that_was_copied() {
    let leftover = |i: Instance| {
        i.hmac(&other()).jcr(&[(crate::facts::KeyName::Hmac, &(0xC0..0xE0).collect::<Vec<u8>>())])
    };
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", leftover));
    stand_once_in_order(&text, &["cp keys/hmac", "Start the", "on p3, delete the properties"]);
    assert!(!text.contains("If it is the JCR") && !text.contains("Stop p3"), "{text}");
    assert!(!text.contains("Find out which") && !text.contains("saved property"), "{text}");
}

#[test]
fn directory_of_a_bundle_whose_number_is_not_known_is_never_made() {
    let twice = |i: Instance| {
        i.hmac(&other())
            .storage(b"JCR")
            .bundle(8, crate::facts::CRYPTO)
            .bundle(9, crate::facts::CRYPTO_FILE)
    };
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", twice));
    assert!(
        !text.lines().any(|line| line.contains("mkdir -p") && line.contains("<id of")),
        "{text}"
    );
    let copy = |i: Instance| {
        i.hmac(&other()).storage(b"Bundle\n").bundle_in("bundle1.bak", 1, crate::facts::CRYPTO)
    };
    let text = runbook(good_farm(&["p1", "p2"]).with("p3", copy));
    assert!(!text.contains("<id of"), "{text}");
}

#[test]
fn several_faults_of_one_instance_are_mended_while_it_is_stopped_once() {
    let newline = |key: &[u8]| [key, b"\n"].concat();
    let hmac: Vec<u8> = (0x80..0xA0).collect();
    let faults =
        |i: Instance| i.hmac(&newline(&hmac)).master(&newline(&hmac[..16])).storage(b"Bundle\r\n");
    for (farm, cut) in [(farm(), "truncate -s 32"), (good_farm(&["p1", "p2"]), "cp hmac ")] {
        let text = runbook(farm.with("p3", faults));
        let parts = ["Stop p3", cut, "printf %s Bundle > ", "Start p3", "## Clean up"];
        stand_once_in_order(&text, &parts);
        assert!(text.contains("As for storage-trailing-newline above."), "{text}");
    }
}

#[test]
fn storage_is_switched_last_and_a_move_out_of_the_jcr_is_told_once() {
    let sound: Vec<u8> = (0xC0..0xE0).collect();
    let jcr = |i: Instance| {
        let ims = "auth.ims.client.secret=\"x\"\r\n";
        i.jcr_mode(&sound, &sound[..16]).config(crate::facts::IMS_CUSTOMIZER, ims)
    };
    for farm in [farm(), farm().with("b", |i| i.hmac(&sound).master(&sound[..16]))] {
        let text = runbook(farm.with("a", jcr));
        let parts = [
            "Stop a",
            "cp hmac master",
            "The sums must be",
            "printf %s Bundle",
            "Start a",
            "On a, encrypt the secret",
            "delete the properties",
        ];
        stand_once_in_order(&text, &parts);
        assert!(text.matches("above.\n").count() >= 1, "{text}");
    }
}

#[test]
fn keys_of_several_farms_do_not_meet() {
    let farm = |name: &str| {
        let mut farm = good_farm(&["p1", "p2"]).with("p3", |i| i.hmac(&other())).build();
        name.clone_into(&mut farm.name);
        farm
    };
    let farms = vec![farm("east"), farm("we st")];
    let text = runbook_of(farms, Vec::new(), &Selection::default());
    for name in ["keys-east", "keys-we-st"] {
        for part in ["mkdir -m 700 ", "the directory `"] {
            assert!(text.contains(&format!("{part}{name}")), "{text}");
        }
        assert!(text.contains(&format!("cp {name}/hmac {name}/master '")), "{text}");
    }
    assert!(!text.contains(" keys/"), "{text}");
}

#[test]
fn where_nothing_tells_whose_keys_are_right_nothing_is_copied() {
    let text = runbook(good_farm(&["p1"]).with("p2", |i| i.hmac(&other())));
    assert!(text.contains("## Find out whose keys are right\n"), "{text}");
    assert!(!text.contains("cp keys/"), "{text}");
}

#[test]
fn names_neither_act_in_a_shell_nor_as_markup() {
    let name = "'; rm -rf ~ #`id`$(id)\n```\n<script>";
    let hostile = |mut i: Instance| {
        for bundle in &mut i.snapshot.bundles {
            bundle.place.path = format!("{name}/{}", bundle.directory);
        }
        i.hmac(&other())
    };
    let text = runbook(farm().with("a", |i| i).with("b", |i| i).with(name, hostile));
    let commands = text.lines().filter(|line| line.trim_start().starts_with("cp keys/hmac"));
    let commands: Vec<&str> = commands.map(str::trim).collect();
    assert_eq!(
        commands,
        [
            r#"cp keys/hmac keys/master "$(printf '\047; rm -rf ~ #`id`$(id)\012```\012<script>/bundle2/data/')""#
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
        let told = "## Pack again\n\nThese were not read whole.";
        assert!(text.contains(told), "{text}");
        assert!(text.contains("`-d.tar`: ends early: pack and bring it again, whole."), "{text}");
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
    assert!(text.contains("Give it on standard input"), "{text}");
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
fn several_instances_that_leave_the_jcr_do_so_once_each() {
    let jcr = |i: Instance| i.jcr_mode(&other(), &other()[..16]).storage(b"JCR\n");
    let text = runbook(farm().with("a", jcr).with("b", jcr).with("c", jcr));
    for name in ["a", "b", "c"] {
        for part in [format!("Stop {name}"), format!("Start {name}"), format!("On {name}, write")] {
            assert_eq!(text.matches(&part).count(), 1, "{part}: {text}");
        }
    }
}

#[test]
fn swapped_keys_that_are_replaced_are_not_exchanged_as_well() {
    let sound: Vec<u8> = (0xA0..0xC0).collect();
    let right = |i: Instance| i.hmac(&sound).master(&sound[..16]);
    let swapped = |i: Instance| i.hmac(&sound[..16]).master(&sound);
    let farm = || farm().with("a", right).with("b", right).with("c", swapped);
    assert!(
        crate::rules::judge(vec![farm().build()], &Selection::default())[0]
            .findings
            .iter()
            .any(|found| found.rule.id == "key-degenerate")
    );
    let text = runbook(farm());
    stand_once_in_order(&text, &["On c: put the keys", "cp keys/hmac"]);
    assert!(!text.contains("exchange"), "{text}");
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
    assert!(!text.contains("Source of the keys") && !text.contains("cp keys/"), "{text}");
    assert!(text.contains("2 findings suppressed by the policy: their repair is not"), "{text}");
    assert!(!text.contains("It must end with"), "what is suppressed stays: {text}");
    assert!(text.contains("It must find nothing that this text repairs."), "{text}");
}

#[test]
fn names_notify_nobody() {
    let text = runbook(good_farm(&["a", "b"]).with("www.@here_", |i| i.hmac(&other())));
    assert!(text.contains("## On `www.@here_`: put the keys\n"), "{text}");
}
