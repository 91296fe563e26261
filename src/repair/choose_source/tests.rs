//! Farms of a few instances, and whose keys are taken there.

use super::*;
use crate::facts::{GapKind, JcrKeys, STANDBY_SERVICES, Snapshot};
use crate::farm::Farm;
use crate::testing::{FarmBuilder, Instance, farm, good_farm};
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
            SourceChoice::Settle(_) | SourceChoice::Open(_) => "-".to_owned(),
        };
        assert_eq!(chosen, source, "{pinned}");
    }
}

/// A farm of which no keys are accepted.
fn all(farm: &Farm) -> Scope<'_> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    Scope { farm, accepted: &NONE }
}

fn joined(texts: &[Text]) -> String {
    texts.iter().map(Text::to_string).collect::<Vec<_>>().join(" ")
}

/// Whose keys are taken and what is said of it first; or why nobody's are.
fn said(farm: FarmBuilder) -> (String, String) {
    let farm = farm.build();
    match choose(all(&farm)) {
        SourceChoice::Take { keys, reason, first } => {
            (keys.holder.name.clone(), format!("{reason}. {}", joined(&first)))
        }
        SourceChoice::Settle(steps) => ("-".to_owned(), joined(&steps)),
        SourceChoice::Open(why) => ("-".to_owned(), why),
    }
}

fn key(first: u8) -> Vec<u8> {
    (first..first.saturating_add(32)).collect()
}

fn author(i: Instance) -> Instance {
    i.role("author")
}

#[test]
fn where_all_others_agree_they_stand_in_for_an_author_without_usable_keys() {
    let absent = |i| author(i).without_key(KeyName::Hmac).without_key(KeyName::Master);
    let empty = |i| author(i).master(&key(100)[..16]).hmac(b"");
    let short = |i| author(i).hmac(&key(100)).master(&key(1)[..15]);
    let text =
        |i| author(i).master(&key(100)[..16]).hmac(b"not a key, but a note of where to find it");
    let half = |i| author(i).hmac(&key(1)).without_key(KeyName::Master);
    let nothing_in_the_jcr = |i| author(i).storage(b"JCR").jcr(&[]);
    let all: [fn(Instance) -> Instance; 6] = [absent, empty, short, text, half, nothing_in_the_jcr];
    for (index, fault) in all.into_iter().enumerate() {
        let (source, text) = said(good_farm(&["p1", "p2"]).with("author", fault));
        assert_eq!(source, "p1", "{index}: {text}");
        assert!(
            text.starts_with("all other instances that are known to have one have the same, and")
        );
        assert!(text.contains("First search the backups of author for its own hmac"), "{text}");
    }
}

#[test]
fn one_other_instance_alone_is_not_called_all() {
    let (source, text) =
        said(good_farm(&["p1"]).with("author", |i| author(i).hmac(b"").master(b"")));
    assert_eq!(source, "p1");
    assert!(text.starts_with("no other instance is known to have one but it, and"), "{text}");
}

#[test]
fn others_that_differ_are_compared_with_what_a_backup_of_the_author_has() {
    let (source, text) = said(
        good_farm(&["p1", "p2"])
            .with("p3", |i| i.hmac(&key(1)))
            .with("author", |i| author(i).hmac(b"")),
    );
    assert_eq!(source, "-");
    assert!(text.contains("keys are right: p1, p2 | p3. author, which"), "{text}");
    assert!(text.contains("search its backups for hmac and master"), "{text}");
}

#[test]
fn author_whose_keys_are_not_known_may_have_the_right_ones() {
    let unread = |i: Instance| author(i).storage(b"JCR");
    let unreadable =
        |i: Instance| author(i).storage(b"JCR").repository(JcrKeys::Unreadable("cut".into()));
    let external = |i: Instance| author(i).setting("com.adobe.granite.crypto.keys.path", "/k");
    for unknown in [unread, unreadable, external] {
        let (source, text) = said(good_farm(&["p1", "p2"]).with("author", unknown));
        assert_eq!(source, "-");
        assert!(text.starts_with("Settle first which keys author has"), "{text}");
    }
}

#[test]
fn keys_of_an_author_are_its_own_despite_a_line_end() {
    let newline = [&key(1)[..], b"\n"].concat();
    let faulty = |i: Instance| author(i).hmac(&newline);
    let same = good_farm(&["p1", "p2"]).with("author", faulty).with("p3", |i| i.hmac(&key(1)));
    let (source, text) = said(same);
    assert_eq!(source, "p3");
    assert!(text.starts_with("it has the keys of author without the line end"), "{text}");
    let (source, text) = said(good_farm(&["p1", "p2"]).with("author", faulty));
    assert_eq!(source, "-");
    assert!(text.starts_with("First settle key-trailing-newline on author: "), "{text}");
    assert!(text.ends_with("The pairs of the others: p1, p2."), "{text}");
}

#[test]
fn keys_of_an_author_are_its_own_in_a_wrong_place_and_under_wrong_names() {
    let misplaced = |i: Instance| {
        let names = KeyName::ALL.into_iter();
        names
            .zip([&key(1)[..], &key(1)[..16]])
            .fold(author(i), |i, (name, key)| i.without_key(name).key_in("bundle1", name, key))
    };
    let swapped = |i: Instance| author(i).hmac(&key(1)[..16]).master(&key(1));
    let same = |i: Instance| i.hmac(&key(1)).master(&key(1)[..16]);
    let faults: [fn(Instance) -> Instance; 2] = [misplaced, swapped];
    let reasons = [", which lie in the wrong place there", ", which are swapped there"];
    let starts =
        ["First settle key-misplaced on author: ", "First settle key-degenerate on author: "];
    for (fault, (reason, settle)) in faults.into_iter().zip(reasons.into_iter().zip(starts)) {
        let farm = || good_farm(&["p1", "p2"]).with("author", fault);
        let (source, text) = said(farm().with("p3", same));
        assert_eq!((source.as_str(), text), ("p3", format!("it has the keys of author{reason}. ")));
        let (source, text) = said(farm());
        assert_eq!(source, "-");
        assert!(text.starts_with(settle) && text.ends_with("the others: p1, p2."), "{text}");
    }
}

#[test]
fn keys_of_an_author_that_are_there_as_text_are_decoded_before_others_are_copied() {
    let text = |i: Instance| i.hmac(b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=");
    let (source, told) = said(good_farm(&["p1", "p2"]).with("author", |i| text(author(i))));
    assert_eq!(source, "-");
    assert!(told.starts_with("First decode the keys of author, "), "{told}");
    // Its role is not known, and it may be the author.
    let (source, told) = said(good_farm(&["p1", "p2"]).with("p3", text));
    assert_eq!(source, "p1");
    assert!(told.contains("First decode a copy of the keys of p3"), "{told}");
}

#[test]
fn keys_with_a_flaw_count_among_those_that_may_be_right() {
    let newline = [&key(1)[..], b"\n"].concat();
    let flawed = |i: Instance| i.hmac(&newline);
    let (source, text) = said(good_farm(&["p1"]).with("p2", flawed));
    assert_eq!(source, "-");
    assert!(text.starts_with("The snapshots do not show whose keys are right: p1 | p2."), "{text}");
    let (source, text) = said(good_farm(&["p1"]).with("p2", flawed).with("p3", flawed));
    assert_eq!(source, "-");
    assert!(text.starts_with("First settle key-trailing-newline on p2: "), "{text}");
}

#[test]
fn other_keys_in_the_repository_of_the_source_are_settled_first() {
    let doubted = |i: Instance| author(i).jcr(&[(KeyName::Hmac, &key(60))]);
    let (source, text) =
        said(good_farm(&[]).with("author", doubted).with("p1", |i| i.hmac(&key(1))));
    assert_eq!(source, "-");
    assert!(text.starts_with("First find out which keys of author are the right"), "{text}");
    let farm = good_farm(&["p2"]).with("author", doubted).with("p1", |i| i.hmac(&key(1)));
    let (source, text) = said(farm);
    assert_eq!(source, "author");
    assert!(text.contains(". First find out which keys of author are the right"), "{text}");
    assert!(text.contains("copy nothing: put them in place"), "{text}");
    // So it is where another one has the keys of its files.
    let newline = [&key(1)[..], b"\n"].concat();
    let flawed = |i: Instance| doubted(i).hmac(&newline);
    let farm = good_farm(&["p2"]).with("author", flawed).with("p1", |i| i.hmac(&key(1)));
    let (source, text) = said(farm);
    assert_eq!(source, "p1");
    assert!(text.contains(". First find out which keys of author are the right"), "{text}");
}

#[test]
fn key_that_is_left_of_an_author_tells_its_pair() {
    let lost = |i: Instance| author(i).without_key(KeyName::Hmac).master(&key(7)[..16]);
    let same = |i: Instance| i.hmac(&key(160)).master(&key(7)[..16]);
    let (source, text) = said(good_farm(&["p1", "p2"]).with("author", lost).with("p3", same));
    assert_eq!(source, "p3", "{text}");
    assert!(text.starts_with("it has the master that is left of the keys of author"), "{text}");
    let half = |i: Instance| i.hmac(&key(200)).master(&key(7)[..16]);
    let two = good_farm(&["p1"]).with("author", lost).with("p3", same).with("p4", half);
    assert_eq!(said(two).0, "-", "two pairs have it");
}

#[test]
fn what_is_not_known_is_not_called_none() {
    let blind = |i: Instance| i.storage(b"JCR");
    let text = said(farm().with("p1", blind).with("p2", |i| i.hmac(b""))).1;
    assert!(text.ends_with("Find out first which keys p1 has; here they are not known."), "{text}");
    let text = said(good_farm(&["p1", "p2"]).with("p3", blind)).1;
    assert!(text.contains("First find out which keys p3 has"), "{text}");
}

#[test]
fn sound_author_is_taken_though_another_has_none() {
    let (source, text) = said(
        good_farm(&["p1"])
            .with("a1", |i| author(i).hmac(&key(1)))
            .with("a2", |i| author(i).hmac(b"")),
    );
    assert_eq!(source, "a1");
    assert!(text.starts_with("it is an author"), "{text}");
}

#[test]
fn authors_that_differ_are_told_as_such() {
    let (source, text) = said(farm().with("a1", author).with("a2", |i| author(i).hmac(&key(1))));
    assert_eq!(source, "-");
    assert!(text.contains("a1 | a2, and more than one of these is of an author"), "{text}");
}

#[test]
fn majority_is_claimed_only_where_there_is_one() {
    let empty = |i: Instance| i.hmac(b"");
    let lone = good_farm(&["p1"]).with("p2", empty).with("p3", empty);
    let (source, text) = said(lone);
    assert_eq!(source, "p1");
    assert!(text.starts_with("no other instance is known to have a pair of keys. "), "{text}");
    assert!(text.contains("First search the backups of p2, p3 for"), "their roles are unknown");
    let more = good_farm(&["p1", "p2"])
        .with("p3", |i| i.hmac(&key(1)))
        .with("p4", empty)
        .with("p5", empty);
    assert!(said(more).1.starts_with("more instances have its keys than any others. "));
    let alike = good_farm(&["p1", "p2"]).with("p3", empty).with("p4", empty);
    let text = said(alike).1;
    assert!(text.starts_with("all instances that are known to have a pair of keys have the"));
    let publish = |i: Instance| i.role("publish").hmac(b"");
    let known = good_farm(&["p1", "p2"]).with("p3", publish).with("p4", publish);
    let text = "all instances that are known to have a pair of keys have the same. ";
    assert_eq!(said(known).1, text);
}

#[test]
fn keys_that_a_log_shows_to_be_elsewhere_go_nowhere() {
    let start = format!("Setting '{CRYPTO_KEYS_PATH}' to '/k' from command line.\n");
    let moved = |i: Instance| author(i).hmac(&key(1)).log("stderr.log", &start);
    let (source, text) = said(good_farm(&["p1", "p2"]).with("author", moved));
    assert_eq!(source, "-", "{text}");
    assert!(text.starts_with(
        "First find out whether author works with the key files in the snapshot: a log shows"
    ));
}

#[test]
fn where_the_keys_may_be_elsewhere_that_is_found_out_first() {
    let unknown = |mut i: Instance| {
        i.snapshot.parts.properties = false;
        author(i).hmac(&key(1))
    };
    let (source, text) = said(good_farm(&["p1", "p2"]).with("author", unknown));
    assert_eq!(source, "author", "{text}");
    assert!(
        text.contains("First find out whether author works with the key files in the snapshot")
    );
    assert!(text.contains("copy nothing"), "{text}");
    // A setting may keep them elsewhere, so that none is known.
    let open = |i: Instance| author(i).gap(GapKind::Elsewhere, None);
    let (source, text) =
        said(good_farm(&["p1"]).with("p2", |i| i.hmac(&key(1))).with("author", open));
    assert_eq!(source, "-");
    assert!(text.starts_with("Settle first which keys author has"), "{text}");
    let two = good_farm(&["p1"]).with("a1", unknown).with("a2", |i| author(i).hmac(&key(1)));
    assert_eq!(said(two).0, "a2", "it speaks for the keys, and is copied from");
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
    assert_eq!(said(farm().with("a1", primary)).0, "a1");
    let by_mode =
        |i: Instance| author(i).hmac(&key(1)).setting("sling.run.modes", "author,standby");
    assert_eq!(said(good_farm(&["p1"]).with("a2", by_mode).with("a1", author)).0, "a1");
}

#[test]
fn instance_of_no_known_role_may_be_an_author() {
    let (source, text) = said(good_farm(&["p1", "p2"]).with("a", |i| i.hmac(&key(1))));
    assert_eq!(source, "p1");
    assert!(text.contains("First make sure that no author is among a, which"), "{text}");
    let log = "28.11.2026 10:00:00.000 *INFO* [x] org.apache.sling.settings.impl.SlingSettingsServiceImpl Active run modes: [author, crx3]\n";
    let by_log = |i: Instance| i.hmac(&key(1)).log("error.log", log);
    assert_eq!(said(good_farm(&["p1", "p2"]).with("a", by_log)).0, "a");
    let by_setting = |i: Instance| i.hmac(&key(1)).setting("sling.run.modes", "crx3, author");
    assert_eq!(said(good_farm(&["p1", "p2"]).with("a", by_setting)).0, "a");
    let mut built = good_farm(&["p1", "p2"]).with("a", |i| i.hmac(&key(1))).build();
    built.expected.roles.insert("a".to_owned(), Role::Author);
    assert!(
        matches!(choose(all(&built)), SourceChoice::Take { keys, .. } if keys.holder.name == "a")
    );
}

#[test]
fn author_that_cannot_decrypt_has_not_the_keys_that_encrypted() {
    const LINE: &str = "03.09.2023 12:30:29.212 *WARN* [x] c.C Exception while decrypting the configuration mapcom.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
    let other = |i| author(i).hmac(&key(1)).master(&key(140)[..16]);
    let failing = |i: Instance| other(i).log("error.log", LINE);
    let (source, text) = said(farm().with("a1", author).with("a2", failing));
    assert_eq!(source, "a1");
    assert!(text.contains("a2 logs that it cannot decrypt"), "{text}");
    assert!(text.contains("make sure that the log of a1, which is not in the upload"), "{text}");
    let logged = |i: Instance| author(i).log("error.log", "no sign\n");
    let (_, text) = said(farm().with("a1", logged).with("a2", failing));
    assert!(!text.contains("did not come"), "{text}");
    let id =
        "28.11.2026 10:00:00.000 *INFO* [x] y Read Sling ID 00000000-0000-4000-8000-00000000000f\n";
    let of_another = |i: Instance| author(i).log("error.log", id);
    let (_, text) = said(farm().with("a1", of_another).with("a2", failing));
    assert!(text.contains("make sure that the log of a1"), "{text}");
    let both = |i: Instance| author(i).log("error.log", LINE);
    assert_eq!(said(farm().with("a1", both).with("a2", failing)).0, "-");
    assert_eq!(said(farm().with("a1", author).with("a2", other)).0, "-");
    let third = |i| author(i).hmac(&key(2)).master(&key(150)[..16]);
    assert_eq!(said(farm().with("a1", author).with("a2", failing).with("a3", third)).0, "-");
}

#[test]
fn pair_that_opens_secrets_comes_before_authors_and_the_majority() {
    let right = key(0xC0)[..16].to_vec();
    let of = |i: Instance| i.hmac(&key(100)).master(&right);
    let holds = |i: Instance| i.mail_secret(&right, "x");
    let farm = || farm().with("p3", of).with("author", author).with("p1", |i| holds(author(i)));
    let (source, why) = said(farm().tried());
    assert_eq!(source, "p3");
    let reason =
        "its master opens 1 of the 1 secrets of the farm, and that of author, p1 opens none";
    assert!(why.starts_with(reason), "{why}");
    assert_eq!(said(farm()).0, "author", "nothing was tried");
    // What a publisher has encrypted itself says nothing of what an author holds.
    let publisher = crate::testing::farm().with("author", author).with("p3", |i| holds(of(i)));
    assert_eq!(said(publisher.tried()).0, "author");
    let own = |i: Instance| i.mail_secret(&(0x80..0x90).collect::<Vec<u8>>(), "y");
    // One of no known role may be an author, of which no secret was tried.
    let unknown = crate::testing::farm().with("aem", |i| i).with("p3", |i| holds(of(i)));
    let (source, why) = said(unknown.tried());
    assert_eq!(source, "p3");
    assert!(why.contains("First make sure that no author is among aem, which"), "{why}");
    // Each opens what it holds: that shows nothing.
    let each =
        crate::testing::farm().with("author", |i| own(author(i))).with("p3", |i| holds(of(i)));
    assert_eq!(said(each.tried()).0, "author");
    // An author whose secrets open with the keys of another has not the keys that they were encrypted with.
    let (source, why) = said(farm().with("p4", own).tried());
    assert_eq!(source, "-");
    assert!(why.contains("Secrets of p1 open with the master of another instance"), "{why}");
    // Of one in a form that is not tried, nobody knows what it opens.
    let other = farm().with("p4", |i| i.hmac(&key(200)).master(&key(0xA0)));
    let (source, why) = said(other.tried());
    assert_eq!(source, "author", "{why}");
}

#[test]
fn keys_in_the_repository_that_open_the_secrets_are_those_of_the_instance() {
    let right = key(0xC0)[..16].to_vec();
    let keys = [(KeyName::Hmac, &key(100)[..]), (KeyName::Master, &right[..])];
    let member = |i: Instance| i.jcr(&keys).mail_secret(&right, "x");
    let farm = farm().with("a", member).with("b", |i| i.hmac(&key(100)).master(&right));
    let (source, why) = said(farm.tried());
    assert_eq!(source, "b", "{why}");
    assert_eq!(why, "its master opens 1 of the 1 secrets of the farm. ");
    let alone = crate::testing::farm().with("a", member).tried();
    let (source, why) = said(alone);
    assert_eq!(
        (source.as_str(), why.as_str()),
        ("a", "its master opens 1 of the 1 secrets of the farm. ")
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

/// What was put aside before an instance got the keys that it works with.
fn put_aside(mut i: Instance) -> Instance {
    const ROOT: &str = "crx-quickstart/launchpad.old";
    for file in &mut i.snapshot.key_files {
        file.place.path = format!("{ROOT}/felix/{}/data/{}", file.directory, file.name);
    }
    ROOT.clone_into(&mut i.snapshot.root);
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
    let SourceChoice::Take { keys, reason, .. } = choose(all(&built)) else { panic!("not taken") };
    assert_eq!(keys.aside().as_deref(), Some("crx-quickstart/launchpad.old"));
    let files = keys.files().expect("they are files");
    assert_eq!(files[1], "crx-quickstart/launchpad.old/felix/bundle2/data/master");
    let right =
        "the master there opens 1 of the 1 secrets of the farm, and none that is in use opens any";
    assert_eq!(reason, right);

    let old_copy = |farm: FarmBuilder| match choose(all(&farm.build())) {
        SourceChoice::Take { keys, .. } => keys.aside(),
        SourceChoice::Settle(_) | SourceChoice::Open(_) => None,
    };
    let used = |i: Instance| i.mail_secret(&(0x80..0x90).collect::<Vec<u8>>(), "y");
    assert_eq!(old_copy(with_copy().with("b", apart)), None, "nothing was tried");
    let blind = |i: Instance| i.storage(b"JCR");
    let may_be_an_author = with_copy().with("b", apart).with("c", blind);
    assert_eq!(old_copy(may_be_an_author.tried()), None, "its keys may be the right ones");
    let publish = with_copy().with("b", apart).with("c", |i| blind(i.role("publish")));
    let (_, why) = said(publish.tried());
    assert!(why.ends_with("and none that is known to be in use opens any. "), "{why}");
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

#[test]
fn environments_in_folders_of_their_own_get_no_keys_of_each_other() {
    let publisher = |i: Instance| i.role("publish");
    let other = |i: Instance| publisher(i).hmac(&key(1));
    let stage = good_farm(&[]).with("stage/publish1", other).with("stage/publish2", other);
    let both = stage.with("prod/author1", author).with("prod/publish1", publisher);
    let (source, text) = said(both);
    assert_eq!(source, "-");
    let listed =
        "prod (prod/author1, prod/publish1) | stage (stage/publish1, stage/publish2). Where";
    assert!(text.contains(listed), "{text}");
    // Authors and publishers are sorted into folders of one farm.
    let by_role = good_farm(&[]).with("p/publish1", other).with("p/publish2", other);
    let by_role = by_role.with("a/author1", author).with("a/author2", author);
    assert_eq!(said(by_role).0, "a/author1");
    // So are hosts.
    let by_host = good_farm(&[]).with("x/author", author).with("y/publish", other);
    assert_eq!(said(by_host).0, "x/author");
}
