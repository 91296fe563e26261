//! What is done to farms: plans as words, `-` before what a person does.

use super::{Selection, judge};
use crate::facts::{
    CRYPTO, CRYPTO_FILE, DiscardReason, GapKind, IMS_CUSTOMIZER, KeyName, STANDBY_SERVICES,
};
use crate::repair::{Action, Decision, Do, Outcome, Plan};
use crate::testing::{FarmBuilder, Instance, farm, good_farm};

fn plan(farm: FarmBuilder) -> Plan {
    judge(vec![farm.build()], &Selection::default()).remove(0).plan
}

fn other() -> Vec<u8> {
    (100..132).collect()
}

fn with_newline(key: &[u8]) -> Vec<u8> {
    [key, b"\n"].concat()
}

/// The words of actions, with the file name of what is changed.
fn words<'a>(actions: impl IntoIterator<Item = &'a Action>) -> String {
    let word = |action: &Action| {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let files: Vec<String> = action.does.touches().into_iter().map(name).collect();
        match action.does {
            Do::Manual(_) => "-".to_owned(),
            _ if files.is_empty() => action.does.word().to_owned(),
            _ => format!("{}({})", action.does.word(), files.join(" ")),
        }
    };
    actions.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

/// What is done to an instance while it is stopped.
fn stopped(plan: &Plan, name: &str) -> String {
    let window = plan.windows.iter().find(|window| window.instance == name);
    window.map(|window| words(&window.actions)).unwrap_or_default()
}

const COPY: &str = "back-up place(hmac) place(master) verify";
const COPY_AND_SWITCH: &str =
    "back-up place(hmac) place(master) verify write-storage(storage) verify";

/// The same where the directory of the keys was not seen.
fn with_directory(words: &str) -> String {
    words.replacen("back-up", "back-up ensure-directory", 1)
}

#[test]
fn nothing_is_done_to_a_farm_that_agrees() {
    let plan = plan(good_farm(&["a", "b"]));
    assert!(plan.is_empty(), "{plan:?}");
    assert_eq!(plan.outcome, Outcome::Consistent);
}

/// What people are asked to do.
fn asked(plan: &Plan) -> Vec<String> {
    let texts = plan.actions().filter_map(|action| match &action.does {
        Do::Manual(text) => Some(text.to_string()),
        _ => None,
    });
    texts.collect()
}

const STARTED: &str = "19.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";

#[test]
fn files_that_an_author_ignores_become_its_keys_again_and_are_given_to_the_others() {
    let author = |i: Instance| i.role("author").storage(b"JCR").jcr(&[]).log("error.log", STARTED);
    let publish = |i: Instance| i.hmac(&other()).role("publish");
    let plan = plan(good_farm(&[]).with("author", author).with("pub1", publish));
    assert!(matches!(&plan.decision, Decision::Copy { source, .. } if source == "author"));
    assert_eq!(stopped(&plan, "author"), "back-up verify write-storage(storage) verify");
    assert_eq!(stopped(&plan, "pub1"), COPY);
    assert!(plan.collect.as_ref().is_some_and(|collect| collect.files.is_some()));
    assert!(!asked(&plan).iter().any(|text| text.starts_with("Restart")), "{plan:?}");
    assert_eq!(plan.outcome, Outcome::Consistent);
}

#[test]
fn files_that_an_author_may_have_worked_with_are_not_touched() {
    let author = |i: Instance| i.role("author").storage(b"JCR").jcr(&[]).hmac(&other());
    let plan = plan(good_farm(&["pub1", "pub2"]).with("author", author));
    assert!(matches!(&plan.decision, Decision::FindOut(_)));
    assert_eq!(plan.windows, []);
}

#[test]
fn restart_is_the_last_step_and_none_where_the_instance_is_stopped_anyway() {
    let log = STARTED.replace("Bundle", "JCR");
    let steps = |hmac: Option<Vec<u8>>| {
        let pending = |i: Instance| {
            let i = i.role("publish").log("error.log", &log);
            hmac.iter().fold(i, |i, hmac| i.hmac(hmac))
        };
        asked(&plan(good_farm(&["a", "b"]).with("c", pending)))
    };
    let restart = "Restart c, and check that its error.log says: with Bundle storage.";
    assert_eq!(steps(None).last().map(String::as_str), Some(restart));
    assert!(!steps(Some(other())).iter().any(|text| text == restart));
}

#[test]
fn keys_of_the_author_are_copied_and_it_is_not_stopped() {
    let publish = |i: Instance| i.hmac(&other()).role("publish");
    let plan = plan(good_farm(&[]).with("author", |i| i.role("author")).with("pub1", publish));
    assert!(matches!(&plan.decision, Decision::Copy { source, .. } if source == "author"));
    assert_eq!((stopped(&plan, "author").as_str(), stopped(&plan, "pub1").as_str()), ("", COPY));
    assert_eq!(words(&plan.after), "remove-backup");
    assert_eq!(plan.outcome, Outcome::Consistent);
}

#[test]
fn standby_leaves_the_repository_with_the_files_of_its_primary() {
    let mode = |mode: &'static str| {
        move |i: Instance| {
            let service = STANDBY_SERVICES[0];
            let i = i.role("author").jcr_mode(&other(), &other()[16..]);
            i.config(service, &format!("mode=\"{mode}\"\r\n"))
        }
    };
    let plan = plan(farm().with("p", mode("primary")).with("s", mode("standby")));
    assert!(matches!(&plan.decision, Decision::Copy { source, .. } if source == "p"), "{plan:?}");
    for name in ["p", "s"] {
        assert_eq!(stopped(&plan, name), with_directory(COPY_AND_SWITCH), "{name}");
    }
    // Nobody can log in on a standby, and its repository is a mirror.
    let is_of_repository = |action: &&Action| {
        matches!(action.does, Do::ExportFromJcr { .. } | Do::DeleteFromJcr { .. })
    };
    let on: Vec<_> =
        plan.actions().filter(is_of_repository).filter_map(|a| a.instance.as_deref()).collect();
    assert_eq!(on, ["p", "p"]);
    assert_eq!(plan.outcome, Outcome::Consistent);
}

#[test]
fn storage_of_an_instance_that_gets_keys_is_written_behind_the_check_of_them() {
    let faults: [fn(Instance) -> Instance; 4] = [
        |i| i.storage(b"Bundle\n"),
        |i| i.storage(b"bundle"),
        Instance::without_storage,
        |i| i.jcr_mode(&other(), &other()[..16]).storage(b"JCR\n"),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let plan = plan(good_farm(&["p1", "p2"]).with("p3", |i| fault(i.hmac(&other()))));
        let wanted = match index {
            2 => COPY_AND_SWITCH.replace(" write-", " ensure-directory write-"),
            3 => with_directory(COPY_AND_SWITCH),
            _ => COPY_AND_SWITCH.to_owned(),
        };
        assert_eq!(stopped(&plan, "p3"), wanted);
        assert_eq!(plan.windows.len(), 1);
        assert_eq!(plan.outcome, Outcome::Consistent, "{plan:?}");
    }
}

#[test]
fn own_keys_in_the_jcr_are_saved_before_others_come_and_deleted_last() {
    let jcr = |i: Instance| i.jcr_mode(&other(), &other()[..16]);
    let plan = plan(good_farm(&["p1", "p2"]).with("p3", jcr));
    assert!(words(&plan.before).ends_with("export-from-jcr"));
    assert_eq!(stopped(&plan, "p3"), with_directory(COPY_AND_SWITCH));
    assert_eq!(words(&plan.after), "delete-from-jcr remove-backup");
}

#[test]
fn what_several_rules_say_in_the_same_words_is_said_once_and_last() {
    let line = |text: &str| format!("18.07.2025 08:00:00.000 *ERROR* [x] {text}\n");
    let log = [
        "com.adobe.granite.crypto.internal.Activator setupCryptoSupport: Failed creating CryptoSupport Implementation: x",
        "Unable to resolve com.adobe.granite.crypto [158](R 158.3): missing requirement [158](R 158.3) osgi.wiring.package",
    ];
    let plan = plan(good_farm(&["a"]).with("b", |i| i.log("error.log", &log.map(line).concat())));
    let restart = plan.after.last().expect("an action");
    assert_eq!(restart.because, ["log-crypto-acl", "log-crypto-unresolved"].into());
    assert_eq!(plan.after.len(), 3, "{:?}", plan.after);
}

#[test]
fn nobody_is_sent_to_look_for_a_reason_that_another_finding_gives() {
    const REJECTED: &str = "18.07.2025 08:00:00.000 *INFO* [x] com.adobe.granite.csrf.impl.CSRFFilter doFilter: the provided CSRF token is invalid\n";
    let of_log = |hmac: &[u8]| {
        let plan =
            plan(good_farm(&["a", "b"]).with("c", |i| i.hmac(hmac).log("error.log", REJECTED)));
        let rules = plan.actions().flat_map(|action| action.because.iter().copied());
        rules.filter(|rule| *rule == "log-csrf-rejected").count()
    };
    let same: Vec<u8> = (0x80..0xA0).collect();
    assert_eq!((of_log(&same), of_log(&other())), (2, 0));
}

#[test]
fn what_a_person_does_is_told_where_the_outcome_depends_on_it() {
    let left = |key: &[u8]| {
        let key = key.to_owned();
        move |i: Instance| i.hmac(&other()).jcr(&[(KeyName::Hmac, &key)])
    };
    let does = |plan: &Plan| -> Vec<&str> {
        let actions: Vec<&Action> = plan.actions().collect();
        plan.yours.iter().map(|number| actions[*number].does.word()).collect()
    };
    // Another key in the repository than the one that comes is an error until it is deleted.
    let other_left = plan(good_farm(&["p1", "p2"]).with("p3", left(&other())));
    assert_eq!(
        (does(&other_left), &other_left.outcome),
        (vec!["delete-from-jcr"], &Outcome::Consistent)
    );
    // The same key is none.
    let right: Vec<u8> = (0x80..0xA0).collect();
    let same_left = plan(good_farm(&["p1", "p2"]).with("p3", left(&right)));
    assert!(words(&same_left.after).starts_with("delete-from-jcr"));
    assert_eq!((does(&same_left), &same_left.outcome), (vec![], &Outcome::Consistent));
}

#[test]
fn what_is_not_known_is_told_besides_what_stays_wrong() {
    let lost = |i: Instance| i.bundle_in("bundle2.bak", 2, "x");
    let farm = good_farm(&["p1"]).with("p2", lost).with("p3", |i| i.gap(GapKind::Partial, None));
    let Outcome::StillWrong { rules, open } = plan(farm).outcome else { panic!("it is wrong") };
    assert!(!rules.is_empty());
    assert_eq!(open, ["p3.tar was not read in full"]);
}

#[test]
fn key_that_comes_from_what_was_not_read_is_not_called_unreadable() {
    let plan = plan(farm().with("a", |i| i.storage(b"JCR")).with("b", |i| i.storage(b"JCR")));
    let Outcome::StillOpen(open) = plan.outcome else { panic!("it is open") };
    assert_eq!(
        open[0],
        "the hmac of a is not known: it is the one of /etc/key, and shows when it is saved from there"
    );
}

#[test]
fn instance_that_leaves_the_jcr_keeps_its_keys_and_enters_its_secrets_again() {
    let sound: Vec<u8> = (0xC0..0xE0).collect();
    let jcr = |i: Instance| {
        let ims = "auth.ims.client.secret=\"x\"\r\n";
        i.jcr_mode(&sound, &sound[..16]).config(IMS_CUSTOMIZER, ims)
    };
    for farm in [farm(), farm().with("b", |i| i.hmac(&sound).master(&sound[..16]))] {
        let plan = plan(farm.with("a", jcr));
        assert!(words(&plan.before).ends_with("export-from-jcr"));
        assert_eq!(stopped(&plan, "a"), with_directory(COPY_AND_SWITCH));
        assert!(words(&plan.after).starts_with("enter-secret delete-from-jcr"), "{plan:?}");
    }
}

#[test]
fn several_faults_of_one_instance_are_mended_while_it_is_stopped_once() {
    let hmac: Vec<u8> = (0x80..0xA0).collect();
    let faults = |i: Instance| {
        let i = i.hmac(&with_newline(&hmac)).master(&with_newline(&hmac[..16]));
        i.storage(b"Bundle\r\n")
    };
    for farm in [farm(), good_farm(&["p1", "p2"])] {
        let plan = plan(farm.with("p3", faults));
        let mend = "back-up truncate(hmac) truncate(master) verify write-storage(storage) verify";
        assert_eq!((stopped(&plan, "p3").as_str(), plan.windows.len()), (mend, 1));
    }
}

#[test]
fn what_else_is_done_to_an_instance_that_gets_keys_is_done_while_it_is_stopped() {
    let faults = |i: Instance| i.hmac(&with_newline(&other())).bundle_in("bundle2.bak", 2, "x");
    let plan = plan(good_farm(&["p1", "p2"]).with("p3", faults));
    assert_eq!(stopped(&plan, "p3"), format!("{COPY} -"));
}

#[test]
fn directory_that_felix_would_delete_is_saved_before_the_start_that_deletes_it() {
    for reason in [
        DiscardReason::StrayRevision("version0.0.bak".into()),
        DiscardReason::NoInfo,
        DiscardReason::Uninstalled,
    ] {
        let is_gone = reason == DiscardReason::Uninstalled;
        let fault = |i: Instance| {
            i.hmac(&other()).change("bundle2", |bundle| bundle.discard = Some(reason.clone()))
        };
        let plan = plan(good_farm(&["p1", "p2"]).with("p3", fault));
        let (before, end) = if is_gone { (3, "") } else { (2, " -") };
        assert_eq!(plan.before.len(), before, "{:?}", plan.before);
        assert_eq!(stopped(&plan, "p3"), format!("{COPY}{end}"));
        assert_eq!(
            plan.outcome,
            Outcome::StillWrong { rules: vec!["felix-would-discard"], open: vec![] }
        );
    }
}

#[test]
fn file_in_the_wrong_place_replaces_none_that_was_copied() {
    let Some(hmac) = KeyName::ALL.first().copied() else { unreachable!() };
    let key = |i: Instance| i.without_key(hmac).key_in("bundle1", hmac, &other());
    let beside = |i: Instance| i.hmac(&other()).key_in("bundle1", hmac, &other());
    let aside = COPY.replace("place(hmac)", "move(hmac keys-before) place(hmac)");
    for fault in [&key as &dyn Fn(Instance) -> Instance, &beside] {
        let plan = plan(good_farm(&["p1", "p2"]).with("p3", fault));
        let told = stopped(&plan, "p3");
        let told = told.replace("crx-quickstart-launchpad-felix-bundle1-data-hmac", "keys-before");
        assert_eq!(told, aside);
        assert_eq!(plan.outcome, Outcome::Consistent);
    }
}

#[test]
fn key_alone_in_the_wrong_place_is_moved_and_one_beside_the_right_one_is_kept() {
    let hmac: Vec<u8> = (0x80..0xA0).collect();
    let key = |i: Instance| i.without_key(KeyName::Hmac).key_in("bundle1", KeyName::Hmac, &hmac);
    let plan = plan(good_farm(&["p1"]).with("p3", key));
    assert_eq!(stopped(&plan, "p3"), "back-up move(hmac hmac) verify");
    assert_eq!(plan.outcome, Outcome::Consistent);
}

#[test]
fn misplaced_key_that_opens_a_secret_is_never_removed() {
    let old: Vec<u8> = (0xC0..0xD0).collect();
    let wrong = |i: Instance| i.key_in("bundle1", KeyName::Master, &old);
    let plan = |secret: bool| {
        let publish = |i: Instance| if secret { i.mail_secret(&old, "x") } else { i };
        plan(good_farm(&[]).with("a", wrong).with("b", publish).tried())
    };
    assert_eq!(words(&plan(false).after), "remove-backup");
    assert_eq!(words(&plan(true).after), "- enter-secret");
}

#[test]
fn swapped_keys_are_exchanged_where_they_are_right_and_replaced_where_not() {
    let sound: Vec<u8> = (0xA0..0xC0).collect();
    let right = |i: Instance| i.hmac(&sound).master(&sound[..16]);
    let swapped = |i: Instance| i.hmac(&sound[..16]).master(&sound);
    let farm = || farm().with("a", right).with("b", right);
    let plan_of = plan(farm().with("c", swapped));
    assert_eq!(stopped(&plan_of, "c"), "back-up swap(hmac master) verify");
    assert_eq!(plan_of.outcome, Outcome::Consistent);
    let other_pair = |i: Instance| i.hmac(&other()[..16]).master(&other());
    assert_eq!(stopped(&plan(farm().with("c", other_pair)), "c"), COPY);
}

#[test]
fn directory_of_a_bundle_whose_number_is_not_known_is_never_made() {
    let twice =
        |i: Instance| i.hmac(&other()).storage(b"JCR").bundle(8, CRYPTO).bundle(9, CRYPTO_FILE);
    let told = plan(good_farm(&["p1", "p2"]).with("p3", twice));
    let makes = told.actions().any(|action| matches!(action.does, Do::EnsureDirectory { .. }));
    assert!(!makes, "{told:?}");
}

#[test]
fn where_nothing_tells_whose_keys_are_right_nothing_is_copied() {
    let plan = plan(good_farm(&["p1"]).with("p2", |i| i.hmac(&other())));
    assert!(matches!(plan.decision, Decision::FindOut(_)));
    assert_eq!(plan.windows, []);
    assert!(matches!(plan.outcome, Outcome::StillWrong { .. }));
}

#[test]
fn keys_that_were_not_read_leave_the_outcome_open() {
    let jcr = |i: Instance| i.storage(b"JCR");
    let plan = plan(farm().with("a", jcr).with("b", jcr));
    assert_eq!(plan.windows.len(), 2);
    assert!(matches!(plan.outcome, Outcome::StillOpen(_)), "{:?}", plan.outcome);
}

#[test]
fn farms_that_are_repaired_from_one_directory_keep_what_they_replace_apart() {
    let farm = |name: &str| {
        let mut farm = good_farm(&["p1", "p2"]).with("p3", |i| i.hmac(&other())).build();
        farm.name = name.to_owned();
        farm
    };
    let judged = judge(vec![farm("c1"), farm("c2")], &Selection::default());
    let kept = judged.iter().flat_map(|judged| judged.plan.actions()).filter_map(|action| {
        match &action.does {
            Do::BackUp { directory, .. } | Do::RemoveBackup { directory, .. } => Some(directory),
            _ => None,
        }
    });
    let kept: Vec<&String> = kept.collect();
    let [c1, c2] = ["keys-before-c1--p3", "keys-before-c2--p3"];
    assert_eq!(kept, [c1, c1, c2, c2]);
}

#[test]
fn keys_of_a_secret_of_kubernetes_are_changed_by_people() {
    let mounted = |mut i: Instance| {
        i.snapshot.keys_mounted = true;
        i.hmac(&other()).role("publish")
    };
    let plan = plan(good_farm(&[]).with("author", |i| i.role("author")).with("pub1", mounted));
    assert!(plan.windows.is_empty(), "{plan:?}");
    let advised = plan.actions().filter(|action| matches!(action.does, Do::Manual(_)));
    let advised: Vec<_> = advised.map(|action| action.instance.as_ref()).collect();
    assert!(matches!(advised[..], [Some(of)] if of == "pub1"), "{plan:?}");
}

#[test]
fn keys_that_a_setting_moved_are_mended_where_they_are() {
    let (sound, short): (Vec<u8>, Vec<u8>) = ((200..232).collect(), (150..166).collect());
    let moved = |hmac: &[u8], master: &[u8]| {
        let (hmac, master) = (hmac.to_vec(), master.to_vec());
        move |i: Instance| {
            let i = i.keys_directory(true).moved_key(KeyName::Hmac, &hmac);
            if master.is_empty() { i } else { i.moved_key(KeyName::Master, &master) }
        }
    };
    let swapped = moved(&short, &sound);
    let one = plan(farm().with("a", moved(&sound, &short)).with("b", swapped));
    assert_eq!(stopped(&one, "b"), "back-up swap(hmac master) verify");
    assert_eq!(one.outcome, Outcome::Consistent);
    let half = moved(&sound, &[]);
    let two = plan(farm().with("a", moved(&sound, &short)).with("b", half));
    assert_eq!(two.outcome, Outcome::Consistent, "{two:?}");
}

#[test]
fn keys_that_are_in_files_after_the_steps_are_deleted_from_the_repository() {
    let right: Vec<u8> = (0x80..0xA0).collect();
    let (hmac, master) = (&right, &right[..16]);
    let moved = |held: &[u8]| {
        let jcr = [(KeyName::Hmac, held), (KeyName::Master, master)];
        let misplaced = |i: Instance| {
            let i = i.without_key(KeyName::Hmac).without_key(KeyName::Master).jcr(&jcr);
            i.key_in("bundle1", KeyName::Hmac, hmac).key_in("bundle1", KeyName::Master, master)
        };
        plan(good_farm(&["p1"]).with("p3", misplaced))
    };
    let plan = moved(hmac);
    assert_eq!(
        stopped(&plan, "p3"),
        "back-up ensure-directory move(hmac hmac) move(master master) verify"
    );
    assert_eq!(words(&plan.after), "delete-from-jcr remove-backup");
    assert!(!words(&moved(&other()).after).contains("delete"), "another key may be needed");
}

#[test]
fn bundles_that_are_there_twice_are_not_called_unknown() {
    let told = |ids: &[u64]| {
        let twice = |i: Instance| {
            let i = i.hmac(&other());
            ids.iter().fold(i, |i, id| i.bundle(*id, CRYPTO_FILE))
        };
        let of_author = |i: Instance| i.role("author");
        // Another publisher asks for keys.
        let odd = |i: Instance| i.hmac(&other()).role("publish");
        plan(farm().with("a", of_author).with("p1", odd).with("p2", twice)).before
    };
    let texts: Vec<String> = told(&[43, 611])
        .iter()
        .filter_map(|action| match &action.does {
            Do::Manual(text) => Some(text.to_string()),
            _ => None,
        })
        .collect();
    assert!(texts.iter().all(|text| !text.contains("is not known")), "{texts:?}");
}

#[test]
fn secrets_of_a_mirror_are_entered_on_the_primary_alone() {
    let old: Vec<u8> = (0xC0..0xD0).collect();
    let of = |mode: &'static str, in_file: bool| {
        let ims = format!("{IMS_CUSTOMIZER}~a.config");
        let secret = crate::testing::protected(&old, "x");
        let text = format!("auth.ims.client.secret=\"{secret}\"\r\n");
        let old = old.clone();
        move |i: Instance| {
            let i = i.role("author").config(STANDBY_SERVICES[0], &format!("mode=\"{mode}\"\r\n"));
            let i = i.jcr_config("config", &ims, &text);
            if in_file { i.mail_secret(&old, "y") } else { i }
        }
    };
    let entered = |plan: &Plan| -> Vec<(String, bool)> {
        let of = |action: &Action| match action.does {
            Do::EnterSecret { on_standby, .. } => Some((action.instance.clone()?, on_standby)),
            _ => None,
        };
        plan.after.iter().filter_map(of).collect()
    };
    let spoken = |plan: &Plan| format!("{:?}", plan.after).matches("synchronisation").count();
    let both = |in_file| {
        plan(farm().with("p", of("primary", false)).with("s", of("standby", in_file)).tried())
    };
    let one = both(false);
    assert_eq!(entered(&one), [("p".to_owned(), false)], "{one:?}");
    assert_eq!((spoken(&one), &one.outcome), (1, &Outcome::Consistent));
    let two = both(true);
    assert_eq!(entered(&two), [("p".to_owned(), false), ("s".to_owned(), true)]);
    let alone = plan(farm().with("a", |i| i).with("s", of("standby", false)).tried());
    assert_eq!((entered(&alone), spoken(&alone)), (vec![], 1), "{alone:?}");
}
