//! Histories of stores that were written for the test, and of samples.

use super::*;
use crate::examine::jcr_keys::keys;
use crate::examine::secrets::Vault;
use crate::facts::{GapKind, KeyName};
use crate::oak::Budget;
use crate::oak::testing::{Memory, Tree};
use crate::testing::{Instance, farm};

fn key(hmac: &[u8]) -> Tree {
    Tree::default().with("hmac", 2, hmac).with("master", 2, &hmac[..hmac.len().min(16)])
}

fn holding(hmac: &[u8]) -> Tree {
    Tree::default().at("root/etc/key", key(hmac)).at("root/content", Tree::default())
}

fn history(files: &Memory) -> KeyHistory {
    history_within(512, files)
}

fn history_within(segments_max: u64, files: &Memory) -> KeyHistory {
    let store = Store::new(files, Budget::default());
    let vault = Vault::new(&Limits::DEFAULT);
    let head = store.newest(|root| keys(root, &vault)).unwrap();
    read(&store, &head.value, segments_max, &vault)
}

fn of(revisions: &[(Tree, u64)]) -> KeyHistory {
    history(&Memory::written(revisions))
}

fn told(history: &KeyHistory) -> Vec<(usize, PastState)> {
    history.others.iter().map(|past| (past.keys.len(), past.state.clone())).collect()
}

fn revisions(newest: u64, oldest: u64) -> PastState {
    PastState::Revisions { newest_ms: Some(newest), oldest_ms: Some(oldest) }
}

const NEW: &[u8] = &[1; 32];
const OLD: &[u8] = &[2; 32];

#[test]
fn keys_that_never_changed_have_no_past() {
    let history = of(&[(holding(NEW), 3), (holding(NEW), 5), (holding(NEW), 7)]);
    assert_eq!(told(&history), []);
    assert_eq!((history.same_since_ms, history.gap.as_deref()), (Some(3), None));
    assert_eq!((history.revisions, history.revisions_read), (3, 3));
}

#[test]
fn replaced_keys_are_told_with_the_times_they_were_seen() {
    let none = Tree::default().at("root/etc", Tree::default());
    let history = of(&[
        (none, 1),
        (holding(OLD), 3),
        (holding(OLD), 5),
        (holding(NEW), 7),
        (holding(NEW), 9),
    ]);
    assert_eq!(told(&history), [(2, revisions(5, 3)), (0, revisions(1, 1))]);
    assert_eq!(history.same_since_ms, Some(7));
    let hmac = history.others[0].key(KeyName::Hmac).unwrap();
    assert_eq!(hmac.digest, crate::evidence::digest_key(OLD));
}

#[test]
fn keys_that_came_back_are_told_from_those_that_stayed() {
    let history = of(&[(holding(NEW), 1), (holding(OLD), 3), (holding(NEW), 5)]);
    assert_eq!(told(&history), [(2, revisions(3, 3))]);
    assert_eq!(history.same_since_ms, Some(5));
}

#[test]
fn change_is_found_to_the_revision_in_a_long_journal() {
    let two = [(holding(OLD), 0), (holding(OLD), 0), (holding(NEW), 0), (holding(NEW), 0)];
    let files = Memory::written(&two).change("journal.log", |text| {
        let lines = String::from_utf8(text.clone()).unwrap();
        let roots: Vec<_> = lines.lines().map(|line| line.split(' ').next().unwrap()).collect();
        // Lines in a row that are alike count once, so that two records take turns.
        let root = |time: usize| roots[time % 2 + if time < 777 { 0 } else { 2 }];
        let long = (0..1000).map(|time| format!("{} root {time}\n", root(time)));
        *text = long.collect::<String>().into_bytes();
    });
    let history = history(&files);
    assert_eq!(told(&history), [(2, revisions(776, 0))]);
    assert_eq!(history.same_since_ms, Some(777));
    assert!(history.revisions_read <= 72, "{}", history.revisions_read);
}

#[test]
fn checkpoint_with_other_keys_is_told() {
    let checkpoint = |hmac| Tree::default().with("created", 3, b"5").at("root/etc/key", key(hmac));
    let tree = holding(NEW)
        .at("checkpoints/a", checkpoint(NEW))
        .at("checkpoints/b", checkpoint(OLD))
        .at("checkpoints/c", Tree::default());
    let history = of(&[(tree, 9)]);
    let state = PastState::Checkpoint { name: "b".to_owned(), created_ms: Some(5) };
    assert_eq!(told(&history), [(2, state)]);
    assert_eq!(history.checkpoints_read, 2);
}

#[test]
fn checkpoints_are_read_before_the_journal_takes_what_may_be_read() {
    let checkpoint = Tree::default().with("created", 3, b"5").at("root/etc/key", key(OLD));
    let newest = Memory::written(&[(holding(NEW).at("checkpoints/b", checkpoint), 9)]);
    let mut files = Memory::sample("v13-closed").0;
    let mut add = |name: &str, bytes: &[u8]| {
        files.0.entry(name.to_owned()).or_default().extend_from_slice(bytes);
    };
    add("data00001a.tar", &newest.0["data00000a.tar"]);
    add("journal.log", &newest.0["journal.log"]);
    let history = history_within(1, &files);
    let state = PastState::Checkpoint { name: "b".to_owned(), created_ms: Some(5) };
    assert!(told(&history).contains(&(2, state)), "{history:?}");
    assert!(history.gap.unwrap().starts_with("older states take more segments"));
}

#[test]
fn checkpoints_are_read_where_the_journal_is_much_newer_than_the_tars() {
    let checkpoint = Tree::default().with("created", 3, b"5").at("root/etc/key", key(OLD));
    let files = Memory::written(&[(holding(NEW).at("checkpoints/b", checkpoint), 9)]);
    let gone = |number: usize| format!("{number:08x}-1ab5-4b44-ae81-d59174bd06ee:1 root 1\n");
    let newer = files.change("journal.log", |text| {
        text.extend((0..20).map(gone).collect::<String>().into_bytes());
    });
    let history = history(&newer);
    assert_eq!(history.checkpoints_read, 1);
    let state = PastState::Checkpoint { name: "b".to_owned(), created_ms: Some(5) };
    assert_eq!(told(&history), [(2, state)]);
}

#[test]
fn revisions_without_their_segments_leave_a_gap_and_the_rest_stands() {
    let files = Memory::written(&[(holding(OLD), 3), (holding(NEW), 5)]);
    let gone = |number: usize| format!("{number:08x}-1ab5-4b44-ae81-d59174bd06ee:1 root 1\n");
    let older = files.change("journal.log", |text| {
        *text = [(0..100).map(gone).collect::<String>().into_bytes(), text.clone()].concat();
    });
    let history = history(&older);
    assert_eq!(told(&history), [(2, revisions(3, 3))]);
    let gap = history.gap.unwrap();
    assert!(gap.starts_with("an older revision cannot be read: segment "), "{gap}");
    assert!(gap.ends_with(" is missing"), "{gap}");
    assert_eq!(history.revisions_read, 2);
}

/// A store whose tar file has another name, and whose journal names these revisions, the oldest first: those of a time that was
/// written, or of segments that are nowhere.
fn store(tar: &str, revisions: &[(u64, bool)]) -> Memory {
    let there: Vec<_> = revisions.iter().filter(|(_, there)| *there).collect();
    let trees: Vec<_> = there.iter().map(|(time, _)| (holding(NEW), *time)).collect();
    let mut files = Memory::written(&trees).change("journal.log", |text| {
        let own = String::from_utf8(text.clone()).unwrap();
        let mut own = own.lines();
        let line = |(time, there): &(u64, bool)| match there {
            true => format!("{}\n", own.next().unwrap()),
            false => format!("{time:08x}-1ab5-4b44-ae81-d59174bd06ee:1 root {time}\n"),
        };
        *text = revisions.iter().map(line).collect::<String>().into_bytes();
    });
    let bytes = files.0.remove("data00000a.tar").unwrap();
    files.0.insert(tar.to_owned(), bytes);
    files
}

/// Revisions of which those before a time are gone.
fn since(first: u64, count: u64) -> Vec<(u64, bool)> {
    (1..=count).map(|time| (time, time >= first)).collect()
}

#[test]
fn revisions_that_were_collected_are_a_fact() {
    for tar in ["data00000b.tar", "data00004a.tar"] {
        let history = history(&store(tar, &since(98, 100)));
        assert_eq!((history.collected, history.oldest_ms), (97, Some(98)), "{tar}");
        assert_eq!(history.gap, None, "{tar}");
        assert_eq!(history.same_since_ms, Some(98), "{tar}");
    }
}

#[test]
fn what_is_missing_may_have_been_in_a_file_that_is_cut() {
    let closed = Memory::sample("v13-closed").0.0.remove("data00000a.tar").unwrap();
    let beside = |name: &str, bytes: &[u8]| {
        let mut files = store("data00004b.tar", &since(98, 100));
        files.0.insert(name.to_owned(), bytes.to_vec());
        let history = history(&files);
        assert_eq!(history.collected == 0, history.gap.is_some());
        history.collected
    };
    assert_eq!(beside("data00001b.tar", &closed), 97);
    // What Oak left of a file that it repaired.
    assert_eq!(beside("data00001a.tar.bak", &closed[..9 << 10]), 97);
    for cut in [0, 512, 9 << 10, closed.len() - 512] {
        assert_eq!(beside("data00001b.tar", &closed[..cut]), 0, "{cut}");
        let zeros = [&closed[..cut], &vec![0; closed.len() - cut]].concat();
        assert_eq!(beside("data00004a.tar", &zeros) == 0, cut < closed.len() - 512, "{cut}");
    }
}

#[test]
fn oldest_revision_that_is_left_is_found_in_a_long_journal() {
    let history = history(&store("data00004a.tar", &since(777, 1000)));
    assert_eq!((history.collected, history.oldest_ms), (776, Some(777)));
    assert!(history.revisions_read <= 32, "{}", history.revisions_read);
}

#[test]
fn revisions_that_are_all_there_were_not_collected() {
    let history = history(&store("data00000b.tar", &since(1, 5)));
    assert_eq!((history.collected, history.oldest_ms), (0, Some(1)));
    assert_eq!(history.gap, None);
}

#[test]
fn revision_lost_between_others_is_a_gap() {
    let revisions = [(1, true), (2, false), (3, false), (4, false), (5, false), (6, true)];
    let history = history(&store("data00000b.tar", &revisions));
    assert_eq!((history.collected, history.revisions_read), (0, 2));
    assert!(history.gap.unwrap().ends_with("is missing"));
}

#[test]
fn cut_source_may_hold_what_is_missing() {
    let history = history(&store("data00000b.tar", &since(4, 5)));
    assert_eq!(history.collected, 3);
    let told = |change: fn(Instance) -> Instance| {
        let mut farm = farm().with("a", |i| change(i.jcr(&[]))).build();
        let snapshot = &mut farm.members[0].snapshot;
        snapshot.repository.as_mut().unwrap().history = history.clone();
        doubt(snapshot);
        snapshot.repository.take().unwrap().history
    };
    assert_eq!(told(|i| i), history);
    let cut = told(|i| i.gap(GapKind::Partial, None));
    assert_eq!((cut.collected, cut.gap.is_some()), (0, true));
}

#[test]
fn store_that_gave_nothing_up_has_a_gap() {
    let history = history(&store("data00000a.tar", &since(4, 5)));
    assert_eq!(history.collected, 0);
    assert!(history.gap.unwrap().ends_with("is missing"));
}

#[test]
fn older_revision_that_is_damaged_is_a_gap() {
    let journal = |text: &mut Vec<u8>| {
        let torn = b"029fec6b-1ab5-4b44-ae81-d59174bd06ee:9999 root 1\n";
        *text = [torn, text.as_slice()].concat();
    };
    let history = history(&store("data00000b.tar", &since(1, 2)).change("journal.log", journal));
    assert_eq!(history.collected, 0);
    assert!(history.gap.unwrap().contains("is damaged"));
}

#[test]
fn samples_hold_no_other_keys() {
    for name in ["v10-closed", "v11-hot", "v12-closed", "v13-closed", "v13-gc"] {
        let history = history(&Memory::sample(name).0);
        assert!(history.others.iter().all(|past| past.keys.is_empty()), "{name}: {history:?}");
        assert_eq!(history.gap, None, "{name}");
        assert_eq!(history.revisions, history.revisions_read, "{name}");
    }
}
