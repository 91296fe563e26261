//! Farms of a few instances, and whose keys are taken there.

use super::*;
use crate::facts::{FileTime, GapKind, JcrKeys, STANDBY_SERVICES, Snapshot};
use crate::farm::Farm;
use crate::testing::{FarmBuilder, Instance, Scenes, farm, good_farm};
use std::collections::BTreeSet;

#[test]
fn policy_says_whose_keys_are_right() {
    let tail: Vec<u8> = (0x81..0x91).collect();
    let other = |i: Instance| i.hmac(&[b"other hmac key 0".as_slice(), &tail].concat());
    let mut built = good_farm(&["publish1"])
        .with("author", |i| i.role("author"))
        .with("publish2", other)
        .build();
    let key = |farm: &Farm, name: &str| {
        let member = farm.members.iter().find(|member| member.name == name);
        member.and_then(|m| m.known_key(KeyName::Hmac)).expect("a key").value.md5.to_string()
    };
    for (pinned, source) in [("publish2", "publish2"), ("publish1", "author"), ("", "-")] {
        let md5 = if pinned.is_empty() { "0".repeat(32) } else { key(&built, pinned) };
        let text = format!(
            "[[farm]]\nname = \"farm\"\nhmac = \"{md5}\"\n[[farm.instance]]\nname = \"author\"\n"
        );
        let policy = crate::policy::parse(&text, &[]).expect("a policy");
        built.expected.keys = policy.farms[0].keys.clone();
        let chosen = match choose(all(&built)) {
            SourceChoice::Take { keys, .. } => keys.holder.name.clone(),
            _ => "-".to_owned(),
        };
        assert_eq!(chosen, source, "{pinned}");
    }
}

/// A farm of which no keys are accepted.
fn all(farm: &Farm) -> Scope<'_> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    Scope { farm, accepted: &NONE }
}

/// Whose keys are taken, and after how many steps; or how many settle it, or that it stays open. And the words of it.
fn chosen(farm: FarmBuilder) -> (String, String) {
    let farm = farm.build();
    let (choice, reason, steps) = match choose(all(&farm)) {
        SourceChoice::Take { keys, reason, first } if first.is_empty() => {
            (keys.holder.name.clone(), reason, first)
        }
        SourceChoice::Take { keys, reason, first } => {
            (format!("{} after {}", keys.holder.name, first.len()), reason, first)
        }
        SourceChoice::Settle(steps) => (format!("settle {}", steps.len()), String::new(), steps),
        SourceChoice::Open(why) => ("open".to_owned(), why, Vec::new()),
        SourceChoice::Apart(why) => ("apart".to_owned(), why, Vec::new()),
    };
    let steps = steps.iter().map(|step| format!("- {step}"));
    let reason = (!reason.is_empty()).then_some(reason);
    (choice, reason.into_iter().chain(steps).collect::<Vec<_>>().join("\n"))
}

fn choice(farm: FarmBuilder) -> String {
    chosen(farm).0
}

/// What is the case, what is chosen there, and the farm.
type Scene = (&'static str, &'static str, FarmBuilder);

#[test]
fn choices_and_their_words() {
    let (mut scenes, mut wrong) = (Scenes::default(), Vec::new());
    let all = [
        authors_without_usable_keys(),
        authors_with_a_flaw(),
        authors_whose_keys_are_not_known(),
        authors_that_ignore_their_files(),
        authors_with_new_keys(),
        keys_with_a_flaw(),
        other_keys_in_the_repository(),
        farms_without_an_author(),
        several_authors(),
        keys_that_may_be_elsewhere(),
        secrets_that_open(),
        environments(),
    ];
    for (about, expected, farm) in all.into_iter().flatten() {
        let (choice, words) = chosen(farm);
        if choice != expected {
            wrong.push(format!("{about}: {choice}, not {expected}: {words}"));
        }
        scenes.add(&format!("{about}: {choice}"), &words);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    scenes.are("choose-source");
}

fn key(first: u8) -> Vec<u8> {
    (first..first.saturating_add(32)).collect()
}

fn author(i: Instance) -> Instance {
    i.role("author")
}

fn no_keys(i: Instance) -> Instance {
    i.without_key(KeyName::Hmac).without_key(KeyName::Master)
}

fn authors_without_usable_keys() -> Vec<Scene> {
    let absent = |i| author(no_keys(i));
    let differ = || good_farm(&["p1", "p2"]).with("p3", |i| i.hmac(&key(1)));
    let left = || farm().with("author", |i| absent(i).master(&key(7)[..16]));
    let same = |i: Instance| i.hmac(&key(160)).master(&key(7)[..16]);
    let sound = |i| author(i).hmac(&key(1));
    vec![
        ("all others agree", "p1 after 1", good_farm(&["p1", "p2"]).with("author", absent)),
        ("there is one other", "p1 after 1", good_farm(&["p1"]).with("author", absent)),
        ("the others differ", "open", differ().with("author", absent)),
        ("one key is left, and another has it", "p3", left().with("p1", |i| i).with("p3", same)),
        ("another author is sound", "a1", good_farm(&["p1"]).with("a1", sound).with("a2", absent)),
    ]
}

#[test]
fn author_without_usable_keys_is_one_without_keys() {
    let empty = |i| author(i).master(&key(100)[..16]).hmac(b"");
    let short = |i| author(i).hmac(&key(100)).master(&key(1)[..15]);
    let text =
        |i| author(i).master(&key(100)[..16]).hmac(b"not a key, but a note of where to find it");
    let half = |i| author(i).hmac(&key(1)).without_key(KeyName::Master);
    let nothing_in_the_jcr = |i| author(no_keys(i)).storage(b"JCR").jcr(&[]);
    let all: [fn(Instance) -> Instance; 5] = [empty, short, text, half, nothing_in_the_jcr];
    for (index, fault) in all.into_iter().enumerate() {
        let farm = good_farm(&["p1", "p2"]).with("author", fault);
        assert_eq!(choice(farm), "p1 after 1", "{index}");
    }
}

#[test]
fn key_that_is_left_and_in_two_pairs_tells_neither() {
    let lost = |i: Instance| author(i).without_key(KeyName::Hmac).master(&key(7)[..16]);
    let same = |i: Instance| i.hmac(&key(160)).master(&key(7)[..16]);
    let half = |i: Instance| i.hmac(&key(200)).master(&key(7)[..16]);
    let two = good_farm(&["p1"]).with("author", lost).with("p3", same).with("p4", half);
    assert_eq!(choice(two), "open");
}

fn authors_with_a_flaw() -> Vec<Scene> {
    let newline = |i: Instance| author(i).hmac(&[&key(1)[..], b"\n"].concat());
    let misplaced = |i: Instance| {
        let names = KeyName::ALL.into_iter();
        names
            .zip([&key(1)[..], &key(1)[..16]])
            .fold(author(i), |i, (name, key)| i.without_key(name).key_in("bundle1", name, key))
    };
    let swapped = |i: Instance| author(i).hmac(&key(1)[..16]).master(&key(1));
    let farm = |fault: fn(Instance) -> Instance| good_farm(&["p1", "p2"]).with("author", fault);
    let same = |i: Instance| i.hmac(&key(1)).master(&key(1)[..16]);
    let text = |i: Instance| i.hmac(b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=");
    vec![
        ("a line end", "settle 1", farm(newline)),
        ("a line end, and p3 has no other", "p3", farm(newline).with("p3", |i| i.hmac(&key(1)))),
        ("a wrong place", "settle 1", farm(misplaced)),
        ("a wrong place, and p3 has them right", "p3", farm(misplaced).with("p3", same)),
        ("swapped", "settle 1", farm(swapped)),
        ("swapped, and p3 has them right", "p3", farm(swapped).with("p3", same)),
        ("text", "settle 1", good_farm(&["p1", "p2"]).with("author", |i| text(author(i)))),
        ("text of one that may be one", "p1 after 1", good_farm(&["p1", "p2"]).with("p3", text)),
    ]
}

fn authors_whose_keys_are_not_known() -> Vec<Scene> {
    let farm = || good_farm(&["p1", "p2"]);
    let external = |i| author(i).setting(CRYPTO_KEYS_PATH, "/k");
    // A setting may keep them elsewhere, so that none is known.
    let open = |i| author(i).gap(GapKind::Elsewhere, None);
    let differ = good_farm(&["p1"]).with("p2", |i| i.hmac(&key(1)));
    vec![
        ("not read", "settle 1", farm().with("author", |i| author(i).storage(b"JCR"))),
        ("external", "settle 1", farm().with("author", external)),
        ("they may be elsewhere", "settle 1", differ.with("author", open)),
    ]
}

#[test]
fn author_whose_repository_is_damaged_may_have_the_right_keys() {
    let unreadable =
        |i: Instance| author(i).storage(b"JCR").repository(JcrKeys::Unreadable("cut".into()));
    assert_eq!(choice(good_farm(&["p1", "p2"]).with("author", unreadable)), "settle 1");
}

fn authors_that_ignore_their_files() -> Vec<Scene> {
    const START: &str = "19.07.2025 19:00:52.176 *INFO* [x] y Starting Crypto Support (com.adobe.granite.crypto, 3.4.24) with Bundle storage\n";
    fn ignoring(i: Instance) -> Instance {
        author(i).hmac(&key(1)).storage(b"JCR").jcr(&[])
    }
    let started = |i| ignoring(i).log("error.log", START);
    let holding = |i| ignoring(i).mail_secret(&(0x80..0x90).collect::<Vec<u8>>(), "x");
    let half = |i| ignoring(i).without_key(KeyName::Master);
    let unread = |i| author(i).hmac(&key(1)).storage(b"JCR").log("error.log", START);
    let farm = |change: fn(Instance) -> Instance| good_farm(&["p1", "p2"]).with("author", change);
    let same = farm(ignoring).with("p3", |i| i.hmac(&key(1)));
    vec![
        ("nothing shows whose the files are", "settle 1", farm(ignoring)),
        ("one of the files is left", "settle 1", farm(half)),
        ("the last start was with the files", "author", farm(started)),
        ("so it was, and the repository was not read", "author", farm(unread)),
        ("p3 has the same keys", "author", same),
        ("secrets open with the files", "author", farm(holding).tried()),
    ]
}

fn authors_with_new_keys() -> Vec<Scene> {
    const WRITTEN: u64 = 1_793_581_920_000;
    const LOG: &str = "02.11.2026 01:13:00.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with Bundle storage\n\
                       02.11.2026 01:26:00.000 *ERROR* [x] c.C com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
    fn dated(i: Instance) -> Instance {
        let installed = 1_709_640_000_000;
        let i = author(i).hmac(&key(1)).modified(installed, installed).started_at(WRITTEN);
        let files = [("bundle2", "hmac", WRITTEN), ("bundle2", "master", WRITTEN)];
        files.into_iter().chain([("bundle1", "storage", installed)]).fold(i, |i, (at, name, ms)| {
            i.written(&format!("launchpad/felix/{at}/data/{name}"), FileTime::UtcMs(ms))
        })
    }
    let failing = |i| dated(i).log("error.log", LOG);
    let farm = |change: fn(Instance) -> Instance| good_farm(&["p1", "p2"]).with("author", change);
    let alone = crate::testing::farm().with("author", failing).with("p1", no_keys);
    vec![
        ("it logs nothing behind them", "author", farm(dated)),
        ("it cannot decrypt since", "open", farm(failing)),
        ("it cannot decrypt since, and no other has keys", "author", alone),
    ]
}

fn keys_with_a_flaw() -> Vec<Scene> {
    let flawed = |i: Instance| i.hmac(&[&key(1)[..], b"\n"].concat());
    let one = good_farm(&["p1"]).with("p2", flawed);
    let more = good_farm(&["p1"]).with("p2", flawed).with("p3", flawed);
    vec![("one has a line end", "open", one), ("most have a line end", "settle 2", more)]
}

fn other_keys_in_the_repository() -> Vec<Scene> {
    let doubted = |i: Instance| author(i).jcr(&[(KeyName::Hmac, &key(60))]);
    let flawed = |i: Instance| doubted(i).hmac(&[&key(1)[..], b"\n"].concat());
    let other = |i: Instance| i.hmac(&key(1));
    let alone = farm().with("author", doubted).with("p1", other);
    let shared = good_farm(&["p2"]).with("author", doubted).with("p1", other);
    let by_another = good_farm(&["p2"]).with("author", flawed).with("p1", other);
    vec![
        ("others in its repository", "settle 1", alone),
        ("others in its repository, and p2 has the same files", "author after 1", shared),
        ("others in its repository, and p1 the keys of its files", "p1 after 1", by_another),
    ]
}

fn farms_without_an_author() -> Vec<Scene> {
    let (empty, blind) = (|i: Instance| i.hmac(b""), |i: Instance| i.storage(b"JCR"));
    let publish = |i: Instance| i.role("publish").hmac(b"");
    let other = |i: Instance| i.hmac(&key(1));
    let two = || good_farm(&["p1", "p2"]);
    let alone = good_farm(&["p1"]).with("p2", empty).with("p3", empty);
    let more = two().with("p3", other).with("p4", empty).with("p5", empty);
    let publishers = two().with("p3", publish).with("p4", publish);
    vec![
        ("none is known", "settle 1", farm().with("p1", blind).with("p2", empty)),
        ("one is not known", "p1 after 1", two().with("p3", blind)),
        ("one alone has keys", "p1 after 1", alone),
        ("more than any others, but not most", "p1 after 2", more),
        (
            "half of them, the rest has none",
            "p1 after 1",
            two().with("p3", empty).with("p4", empty),
        ),
        ("half of them, the rest is known to publish", "p1", publishers),
        ("one of no known role has others", "p1 after 1", two().with("a", other)),
    ]
}

fn several_authors() -> Vec<Scene> {
    const LINE: &str = "03.09.2023 12:30:29.212 *WARN* [x] c.C Exception while decrypting the configuration mapcom.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
    const OTHER_ID: &str =
        "28.11.2026 10:00:00.000 *INFO* [x] y Read Sling ID 00000000-0000-4000-8000-00000000000f\n";
    let other = |i| author(i).hmac(&key(1)).master(&key(140)[..16]);
    let third = |i| author(i).hmac(&key(2)).master(&key(150)[..16]);
    let failing = |i: Instance| other(i).log("error.log", LINE);
    let both = |i: Instance| author(i).log("error.log", LINE);
    let logged = |i: Instance| author(i).log("error.log", "no sign\n");
    let of_another = |i: Instance| author(i).log("error.log", OTHER_ID);
    // Of a document of a user, which has nothing to do with keys.
    let document =
        "03.09.2023 12:30:29.212 *WARN* [x] c.C Failed to decrypt password protected PDF\n";
    let of_document = |i: Instance| other(i).log("error.log", document);
    let fails = || farm().with("a2", failing);
    vec![
        ("authors differ", "open", farm().with("a1", author).with("a2", other)),
        ("one cannot decrypt, and the other sent no log", "a1 after 1", fails().with("a1", author)),
        ("one cannot decrypt, and the other logs nothing", "a1", fails().with("a1", logged)),
        ("the log is of another instance", "a1 after 1", fails().with("a1", of_another)),
        ("both cannot decrypt", "open", fails().with("a1", both)),
        ("one cannot open a document", "open", farm().with("a1", author).with("a2", of_document)),
        ("there is a third", "open", fails().with("a1", author).with("a3", third)),
    ]
}

fn keys_that_may_be_elsewhere() -> Vec<Scene> {
    let start = format!("Setting '{CRYPTO_KEYS_PATH}' to '/k' from command line.\n");
    let moved = |i: Instance| author(i).hmac(&key(1)).log("stderr.log", &start);
    let unknown = |mut i: Instance| {
        i.snapshot.parts.properties = false;
        author(i).hmac(&key(1))
    };
    let two = good_farm(&["p1"]).with("a1", unknown).with("a2", |i| author(i).hmac(&key(1)));
    vec![
        ("a log shows it", "settle 1", good_farm(&["p1", "p2"]).with("author", moved)),
        ("properties are missing", "author after 1", good_farm(&["p1"]).with("author", unknown)),
        ("another author speaks for the keys, and is copied from", "a2", two),
    ]
}

fn secrets_that_open() -> Vec<Scene> {
    let right = key(0xC0)[..16].to_vec();
    let pair = |i: Instance| i.hmac(&key(100)).master(&right);
    let holds = |i: Instance| i.mail_secret(&right, "x");
    let own = |i: Instance| i.mail_secret(&(0x80..0x90).collect::<Vec<u8>>(), "y");
    let farm = || farm().with("p3", pair).with("author", author).with("p1", |i| holds(author(i)));
    let publisher = crate::testing::farm().with("author", author).with("p3", |i| holds(pair(i)));
    let unknown = crate::testing::farm().with("aem", |i| i).with("p3", |i| holds(pair(i)));
    let each =
        crate::testing::farm().with("author", |i| own(author(i))).with("p3", |i| holds(pair(i)));
    let in_another_form = farm().with("p4", |i| i.hmac(&key(200)).master(&key(0xA0)));
    let keys = [(KeyName::Hmac, &key(100)[..]), (KeyName::Master, &right[..])];
    let in_jcr = |i: Instance| holds(i.jcr(&keys));
    let alone = || crate::testing::farm().with("a", in_jcr);
    let copy = |i: Instance| put_aside(pair(i));
    let copied = || crate::testing::farm().with("a", |i| holds(author(i))).with("a", copy);
    let blind = |i: Instance| i.role("publish").storage(b"JCR");
    // What an upgrade left, in the repository of the author and in that of another one.
    let one_odd = |mode: &str| {
        let left = |i: Instance| holds(i.jcr(&keys));
        let odd = |i: Instance| left(i.setting("sling.run.modes", mode)).hmac(&key(7));
        let farm = crate::testing::farm().with("p1", |i| i.role("publish"));
        farm.with("a", |i| left(author(i))).with("odd", odd).tried()
    };
    // A standby serves no CRXDE Lite.
    let mirror = |i: Instance| in_jcr(i).setting("sling.run.modes", "author,standby");
    let mirrored = || crate::testing::farm().with("a1", mirror);
    vec![
        ("of an author, by the master of p3", "p3", farm().tried()),
        ("nothing was tried", "author", farm()),
        ("of a publisher: an author may hold others", "author", publisher.tried()),
        ("of p3: aem may be an author", "p3 after 1", unknown.tried()),
        ("each opens what it holds", "author", each.tried()),
        (
            "several open, and an author opens none of its own",
            "open",
            farm().with("p4", own).tried(),
        ),
        ("one has a master in a form that is not tried", "author", in_another_form.tried()),
        ("keys in the repository open them", "a", alone().tried()),
        ("keys in the repository, and b has them as files", "b", alone().with("b", pair).tried()),
        ("keys in an old copy open them", "a", copied().with("b", |i| i.hmac(&key(150))).tried()),
        ("an author keeps its keys, and an odd publisher wants others", "a", one_odd("publish")),
        ("so it does, and an odd standby", "a", one_odd("author,standby")),
        ("keys in a mirrored repository", "b", mirrored().with("b", in_jcr).tried()),
        ("so they do, and c keeps its own elsewhere", "a", copied().with("c", blind).tried()),
    ]
}

fn environments() -> Vec<Scene> {
    let farm = |all: &[(&str, u8)]| {
        all.iter().fold(good_farm(&[]), |farm, (name, first)| {
            let role = if name.contains("author") { "author" } else { "publish" };
            farm.with(name, |i| i.role(role).hmac(&key(*first)))
        })
    };
    let folders =
        [("prod/author1", 2), ("prod/publish1", 2), ("stage/publish1", 1), ("stage/publish2", 1)];
    let odd =
        [("prod/author", 2), ("prod/p1", 2), ("prod/p2", 3), ("stage/p3", 1), ("stage/p4", 1)];
    let nested = [
        ("prod/author/author", 2),
        ("prod/publish/publish1", 2),
        ("staging/author/author", 1),
        ("staging/publish/publish1", 1),
    ];
    let flat = [("p1-pre-prod", 1), ("p2-pre-prod", 1), ("p1-prod", 2), ("p2-prod", 2)];
    let unnamed = [("east/a/author", 1), ("east/p/p1", 1), ("west/p/p1", 2), ("west/p/p2", 2)];
    let one_each = [("prod-author", 1), ("prod-publish1", 1), ("stage-publish1", 2)];
    let by_role = [("a/author1", 1), ("a/author2", 1), ("p/publish1", 2), ("p/publish2", 2)];
    let hosts = [("x/author", 1), ("y/publish", 2)];
    let of_one = [("test/author-prod", 1), ("test/p1-prod", 1), ("test/p2-prod", 2)];
    let with_one = [("author", 1), ("publish", 2), ("publish-int", 2)];
    let same = [("prod-author", 1), ("prod-p1", 2), ("stage-p1", 1), ("stage-p2", 1)];
    vec![
        ("folders of two environments", "apart", farm(&folders)),
        ("an odd one in a folder", "apart", farm(&odd)),
        ("nested folders", "apart", farm(&nested)),
        ("names of two environments", "apart", farm(&flat)),
        ("folders without a known word", "apart", farm(&unnamed)),
        ("one instance of another environment", "apart", farm(&one_each)),
        ("folders of authors and of publishers", "a/author1", farm(&by_role)),
        ("folders of hosts", "x/author", farm(&hosts)),
        ("names of one environment", "test/author-prod", farm(&of_one)),
        ("one name only", "author", farm(&with_one)),
        ("environments that share their keys", "prod-author", farm(&same)),
    ]
}

#[test]
fn keys_that_an_author_had_before_are_right_where_others_have_them() {
    let mut built = good_farm(&["p1", "p2"]).with("a", |i| author(i).hmac(&key(1))).build();
    let old = Snapshot { root: "x/launchpad.old".to_owned(), ..built.members[1].snapshot.clone() };
    assert_eq!(built.members[0].name, "a");
    built.members[0].copies.push(old);
    let SourceChoice::Take { keys, reason, .. } = choose(all(&built)) else {
        panic!("they are known")
    };
    assert_eq!(keys.holder.name, "p1");
    assert_eq!(reason, "a had its keys before it got new ones, as x/launchpad.old there shows");
    // Keys that others work with as well were handed out: nobody makes the same by accident.
    let others = good_farm(&["p1"]).with("a", |i| author(i).hmac(&key(1)));
    let mut handed_out = others.with("p2", |i| i.hmac(&key(1))).build();
    handed_out.members[0].copies = built.members[0].copies.clone();
    assert!(
        matches!(choose(all(&handed_out)), SourceChoice::Take { keys, .. } if keys.holder.name == "a")
    );
    built.members[0].copies[0].key_files.clear();
    assert!(
        matches!(choose(all(&built)), SourceChoice::Take { keys, .. } if keys.holder.name == "a")
    );
}

#[test]
fn primary_is_the_source_and_not_its_cold_standby() {
    let mode = |mode: &str| format!("mode=\"{mode}\"\r\n");
    let primary = |i: Instance| author(i).config(STANDBY_SERVICES[0], &mode("primary"));
    let standby =
        |i: Instance| author(i).hmac(&key(1)).config(STANDBY_SERVICES[0], &mode("standby"));
    let farm = || good_farm(&["p1"]).with("a2", standby);
    assert_eq!(choice(farm().with("a1", primary)), "a1");
    let by_mode =
        |i: Instance| author(i).hmac(&key(1)).setting("sling.run.modes", "author,standby");
    assert_eq!(choice(good_farm(&["p1"]).with("a2", by_mode).with("a1", author)), "a1");
}

#[test]
fn author_is_known_by_its_log_its_setting_and_the_policy() {
    let log = "28.11.2026 10:00:00.000 *INFO* [x] org.apache.sling.settings.impl.SlingSettingsServiceImpl Active run modes: [author, crx3]\n";
    let by_log = |i: Instance| i.hmac(&key(1)).log("error.log", log);
    assert_eq!(choice(good_farm(&["p1", "p2"]).with("a", by_log)), "a");
    let by_setting = |i: Instance| i.hmac(&key(1)).setting("sling.run.modes", "crx3, author");
    assert_eq!(choice(good_farm(&["p1", "p2"]).with("a", by_setting)), "a");
    let mut built = good_farm(&["p1", "p2"]).with("a", |i| i.hmac(&key(1))).build();
    built.expected.roles.insert("a".to_owned(), Role::Author);
    assert!(
        matches!(choose(all(&built)), SourceChoice::Take { keys, .. } if keys.holder.name == "a")
    );
}

#[test]
fn keys_that_lie_where_none_are_looked_for_are_taken_where_they_alone_open_the_secrets() {
    let old = key(0xC0)[..16].to_vec();
    let misplaced = |i: Instance| {
        let i = author(i).mail_secret(&old, "x").key_in("bundle1", KeyName::Hmac, &key(100));
        i.key_in("bundle1", KeyName::Master, &old)
    };
    let built = farm().with("a", misplaced).with("b", |i| i.hmac(&key(150))).tried().build();
    let SourceChoice::Take { keys, .. } = choose(all(&built)) else { panic!("not taken") };
    let directory = "crx-quickstart/launchpad/felix/bundle1/data";
    assert_eq!(keys.aside().as_deref(), Some(directory));
    assert_eq!(keys.files().expect("they are files")[1], format!("{directory}/master"));
}

/// Where the old copy of an instance is.
const COPY: &str = "crx-quickstart/launchpad.old";

/// What was put aside before an instance got the keys that it works with.
fn put_aside(mut i: Instance) -> Instance {
    for file in &mut i.snapshot.key_files {
        file.place.path = format!("{COPY}/felix/{}/data/{}", file.directory, file.name);
    }
    COPY.clone_into(&mut i.snapshot.root);
    i
}

#[test]
fn keys_in_an_old_copy_are_taken_where_they_alone_open_the_secrets() {
    let old = key(0xC0)[..16].to_vec();
    let holds = |i: Instance| author(i).mail_secret(&old, "x");
    let copy = |i: Instance| put_aside(i.hmac(&key(100)).master(&old));
    let with_copy = || farm().with("a", holds).with("a", copy);
    let apart = |i: Instance| i.hmac(&key(150));
    let built = with_copy().with("b", apart).tried().build();
    let SourceChoice::Take { keys, .. } = choose(all(&built)) else { panic!("not taken") };
    assert_eq!(keys.aside().as_deref(), Some(COPY));
    let files = keys.files().expect("they are files");
    assert_eq!(files[1], format!("{COPY}/felix/bundle2/data/master"));

    let old_copy = |farm: FarmBuilder| match choose(all(&farm.build())) {
        SourceChoice::Take { keys, .. } => keys.aside(),
        _ => None,
    };
    let used = |i: Instance| i.mail_secret(&(0x80..0x90).collect::<Vec<u8>>(), "y");
    assert_eq!(old_copy(with_copy().with("b", apart)), None, "nothing was tried");
    let blind = |i: Instance| i.storage(b"JCR");
    let may_be_an_author = with_copy().with("b", apart).with("c", blind);
    assert_eq!(old_copy(may_be_an_author.tried()), None, "its keys may be the right ones");
    let publish = with_copy().with("b", apart).with("c", |i| blind(i.role("publish")));
    assert_eq!(old_copy(publish.tried()).as_deref(), Some(COPY), "what publishes is no author");
    let shared = with_copy().with("b", |i| i).tried();
    assert_eq!(old_copy(shared), None, "another works with the keys that open nothing");
    assert_eq!(old_copy(with_copy().with("b", used).tried()), None, "a key in use opens one too");
    let other = |i: Instance| author(i).hmac(&key(1)).master(&key(50)[..16]);
    assert_eq!(
        old_copy(with_copy().with("b", other).tried()),
        None,
        "another author may hold more"
    );
    let flawed = |i: Instance| put_aside(i.hmac(&key(100)).master(&[&old[..], b"\n"].concat()));
    let flawed = farm().with("a", holds).with("a", flawed);
    assert_eq!(old_copy(flawed.tried()), None, "it is not as it should be");
    let unknown = with_copy().with("b", |i| i.hmac(&key(200)).master(&key(0xA0)));
    assert_eq!(old_copy(unknown.tried()), None, "of 32 bytes, it is not tried");
}
