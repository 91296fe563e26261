//! Stores that Oak 1.0, 1.4, 1.6 and a trunk of 2024 wrote: whole, and damaged.

use super::testing::{Memory, Tree};
use super::{Budget, Files, Node, OakError, Property, Store};
use crate::evidence::digest;
use std::cell::Cell;

const SAMPLES: [&str; 5] = ["v10-closed", "v11-hot", "v12-closed", "v13-closed", "v13-gc"];
const HMAC: &str = "d5491402ee479d4c304b6ad19e3618ed";
const MASTER: &str = "8e526d8730483d725397cddd1f6b3106";

fn md5(bytes: &[u8]) -> String {
    digest(bytes).md5.to_string()
}

/// The md5 of both keys, at the newest revision that can be read.
fn keys(files: &Memory) -> Result<(Option<String>, Option<String>, usize), OakError> {
    let store = Store::new(files, Budget::default());
    let found = store.newest(|root| {
        let Some(key) = root.descendant("etc/key")? else { return Ok((None, None)) };
        let read = |name| -> Result<Option<String>, OakError> {
            let Some(property) = key.property(name)? else { return Ok(None) };
            Ok(property.values()?.first().map(|bytes| md5(bytes)))
        };
        Ok((read("hmac")?, read("master")?))
    })?;
    Ok((found.value.0, found.value.1, found.behind))
}

fn right(behind: usize) -> Result<(Option<String>, Option<String>, usize), OakError> {
    Ok((Some(HMAC.to_owned()), Some(MASTER.to_owned()), behind))
}

/// One line a property, as the program prints them that made the dumps with Oak's own classes.
fn dump(node: Node<'_, '_>, path: &str, lines: &mut Vec<String>) {
    for (name, property) in node.properties().unwrap() {
        let values: Vec<String> =
            property.values().unwrap().iter().map(|v| shown(&property, v)).collect();
        let kind = format!("{}{}", property.kind, if property.many { "[]" } else { "" });
        let count = values.len();
        let fields = [vec![path.to_owned(), name, kind, count.to_string()], values].concat();
        lines.push(fields.join("\t"));
    }
    for (name, child) in node.children().unwrap() {
        let below = format!("{}/{name}", path.trim_end_matches('/'));
        assert!(node.child(&name).unwrap().is_some(), "{below} is listed and must be found");
        dump(child, &below, lines);
    }
}

fn shown(property: &Property<'_, '_>, bytes: &[u8]) -> String {
    if property.kind == 2 {
        return format!("{}:{}", bytes.len(), md5(bytes));
    }
    let text = std::str::from_utf8(bytes).unwrap();
    if text.len() <= 1000 {
        return text.to_owned();
    }
    let hash =
        text.encode_utf16().fold(0_i32, |h, unit| h.wrapping_mul(31).wrapping_add(unit.into()));
    format!("{}:{hash}", text.len())
}

#[test]
fn whole_tree_of_every_sample_is_what_oak_printed() {
    for name in SAMPLES {
        let (files, expected) = Memory::sample(name);
        let store = Store::new(&files, Budget::default());
        let lines = store
            .newest(|root| {
                let mut lines = Vec::new();
                dump(root, "/", &mut lines);
                Ok(lines)
            })
            .unwrap();
        let mut expected: Vec<&str> = expected.lines().collect();
        let mut lines = lines.value;
        expected.sort_unstable();
        lines.sort_unstable();
        assert_eq!(lines.len(), expected.len(), "{name}");
        for (line, expected) in lines.iter().zip(expected) {
            assert_eq!(line, expected, "{name}");
        }
    }
}

#[test]
fn keys_of_every_sample_are_found_with_few_segments() {
    for name in SAMPLES {
        let (files, _) = Memory::sample(name);
        assert_eq!(keys(&files), right(0), "{name}");
        let store = Store::new(&files, Budget::default());
        store.newest(|root| root.descendant("etc/key").map(|node| node.is_some())).unwrap();
        assert!(store.segments_read() <= 4, "{name}: {}", store.segments_read());
    }
}

fn is_tar(name: &str) -> bool {
    name.starts_with("data")
}

fn last_tar(files: &Memory) -> String {
    files.0.keys().rfind(|name| is_tar(name)).unwrap().clone()
}

#[test]
fn cut_tar_gives_the_right_keys_or_an_error() {
    for name in SAMPLES {
        let (files, _) = Memory::sample(name);
        let tar = last_tar(&files);
        let whole = files.0[&tar].len();
        let mut readable = 0;
        for part in 1..50 {
            let cut = files.change(&tar, |bytes| bytes.truncate(whole * part / 50));
            match keys(&cut) {
                Ok((Some(hmac), Some(master), _)) => {
                    assert_eq!((hmac.as_str(), master.as_str()), (HMAC, MASTER), "{name} {part}");
                    readable += 1;
                }
                // An older revision may have had none yet.
                Ok((None, None, behind)) => assert!(behind > 0, "{name} {part}"),
                Ok(other) => panic!("{name} {part}: {other:?}"),
                Err(error) => {
                    let typed = matches!(error, OakError::Missing(_) | OakError::NoHead(_));
                    assert!(typed, "{name} {part}: {error}");
                }
            }
        }
        assert!(readable > 0, "{name}");
    }
}

#[test]
fn flipped_byte_gives_the_right_keys_or_an_error() {
    // 509 is prime, so the flips move through blocks of 512 bytes.
    flips_give_the_right_keys_or_an_error(509 * 7);
}

#[test]
#[ignore = "sweep"]
fn flipped_bytes_all_over_give_the_right_keys_or_an_error() {
    flips_give_the_right_keys_or_an_error(509);
}

fn flips_give_the_right_keys_or_an_error(step: usize) {
    for name in SAMPLES {
        let (files, _) = Memory::sample(name);
        for tar in files.0.keys().filter(|name| is_tar(name)) {
            for at in (0..files.0[tar].len()).step_by(step) {
                let flipped = files.change(tar, |bytes| bytes[at] ^= 0x10);
                match keys(&flipped) {
                    Ok((Some(hmac), Some(master), _)) => {
                        assert_eq!(
                            (hmac.as_str(), master.as_str()),
                            (HMAC, MASTER),
                            "{name} {tar} {at}"
                        );
                    }
                    Ok((None, None, behind)) => assert!(behind > 0, "{name} {tar} {at}"),
                    Ok(other) => panic!("{name} {tar} {at}: {other:?}"),
                    Err(_) => {}
                }
            }
        }
    }
}

#[test]
fn journal_that_is_newer_than_the_tar_files_is_followed_back() {
    let (files, _) = Memory::sample("v13-closed");
    let newer = files.change("journal.log", |text| {
        text.extend_from_slice(b"129fec6b-1ab5-4b44-ae81-d59174bd06ee:1 root 1795320453127\n");
    });
    assert_eq!(keys(&newer), right(1));
    let empty = files.change("journal.log", Vec::clear);
    assert_eq!(keys(&empty), Err(OakError::NoHead("its journal names no revision")));
    let mut without = files.clone();
    without.0.remove("journal.log");
    assert_eq!(keys(&without), Err(OakError::NoHead("it has no journal.log")));
}

#[test]
fn missing_segment_is_named() {
    let (files, _) = Memory::sample("v13-closed");
    let mut bare = files.clone();
    bare.0.retain(|name, _| !is_tar(name));
    let error = keys(&bare).unwrap_err();
    assert!(matches!(error, OakError::Missing(_)), "{error}");
    assert!(error.to_string().ends_with(" is missing"), "{error}");
}

#[test]
fn what_only_a_backup_holds_is_in_doubt() {
    let (files, _) = Memory::sample("v12-closed");
    let mut both = files.change("data00000a.tar", |bytes| {
        bytes.iter_mut().skip(512).step_by(1000).for_each(|b| *b ^= 1);
    });
    assert!(keys(&both).is_err());
    both.0.insert("data00000a.tar.bak".to_owned(), files.0["data00000a.tar"].clone());
    assert_eq!(keys(&both), right(0));
    assert!(doubt(&both).unwrap().ends_with(", but for files that Oak does not open"));
    let mut bare = files.clone();
    let tar = bare.0.remove("data00000a.tar").unwrap();
    bare.0.insert("data00000a.tar.bak".to_owned(), tar);
    assert_eq!(keys(&bare), right(0));
    let why = doubt(&bare).unwrap();
    assert!(why.ends_with(" is missing, but for files that Oak does not open"), "{why}");
    assert_eq!(doubt(&files), None);
}

/// Why the newest revision may say something else than what was read.
fn doubt(files: &Memory) -> Option<String> {
    let store = Store::new(files, Budget::default());
    store.newest(|root| root.descendant("etc/key/x").map(|_| ())).unwrap().doubt
}

#[test]
fn revision_that_oak_would_start_with_and_that_is_not_whole_is_told_from_one_that_it_passes_over() {
    let is_broken = |files: &Memory, path: &str| {
        let store = Store::new(files, Budget::default());
        let look = |root: Node<'_, '_>| root.descendant(path).map(|node| node.is_some());
        store.newest(look).map(|found| (found.is_broken, found.behind > 0))
    };
    let (files, _) = Memory::sample("v13-gc");
    assert_eq!(is_broken(&files, "etc/key"), Ok((false, false)));
    let newer = files.change("journal.log", |text| {
        text.extend_from_slice(b"129fec6b-1ab5-4b44-ae81-d59174bd06ee:1 root 1795320453127\n");
    });
    assert_eq!(is_broken(&newer, "etc/key"), Ok((false, true)));
    let backup = {
        let mut files = files.clone();
        for name in ["data00000a.tar", "data00001a.tar", "data00002a.tar"] {
            let tar = files.0.remove(name).unwrap();
            files.0.insert(format!("{name}.bak"), tar);
        }
        files
    };
    assert_eq!(is_broken(&backup, "etc/key"), Ok((true, false)));
}

/// A store of three tar files, each with the revision of one hmac, which needs no other; so many milliseconds are between them.
fn three_tars_every(step_ms: u64) -> Memory {
    let mut all = Memory::default();
    let mut journal = Vec::new();
    for (number, hmac) in [(0_u64, b"old"), (1, b"mid"), (2, b"new")] {
        let one =
            Memory::written(&[(holding(hmac), number.saturating_mul(step_ms))]).renamed(number);
        journal.extend_from_slice(&one.0["journal.log"]);
        all.0.insert(format!("data{number:05}a.tar"), one.0["data00000a.tar"].clone());
    }
    all.0.insert("journal.log".to_owned(), journal);
    all
}

fn three_tars() -> Memory {
    three_tars_every(3_600_000)
}

/// The md5 of the hmac, and why it is in doubt.
fn hmac_of(files: &Memory) -> (Option<String>, Option<String>) {
    (keys(files).unwrap().0, doubt(files))
}

#[test]
fn head_comes_from_the_letters_that_oak_opens() {
    let files = three_tars();
    assert_eq!(hmac_of(&files), (Some(md5(b"new")), None));
    let closed = Memory::sample("v13-closed").0.0["data00000a.tar"].clone();
    // Oak 1.22.4 opens 00002b, and starts with the revision before.
    let mut later = files.clone();
    later.0.insert("data00002b.tar".to_owned(), closed.clone());
    let (hmac, why) = hmac_of(&later);
    assert_eq!(hmac, Some(md5(b"mid")));
    let why = why.unwrap();
    assert!(why.ends_with("; data00002a.tar has it, which Oak does not open"), "{why}");
    // Neither has an index; Oak makes one file of both.
    let cut = closed[..closed.len() / 512 / 2 * 512].to_vec();
    later.0.insert("data00002b.tar".to_owned(), cut);
    assert_eq!(hmac_of(&later), (Some(md5(b"new")), None));
    let mut backup = files.clone();
    let tar = backup.0.remove("data00002a.tar").unwrap();
    backup.0.insert("data00002a.tar.bak".to_owned(), tar);
    let (hmac, why) = hmac_of(&backup);
    assert_eq!(hmac, Some(md5(b"mid")));
    let why = why.unwrap();
    assert!(why.ends_with("; data00002a.tar.bak has it, which Oak does not open"), "{why}");
}

#[test]
fn cut_letter_yields_to_an_earlier_one_with_an_index() {
    let (mut files, _) = Memory::sample("v13-closed");
    let tar = &files.0["data00000a.tar"];
    let cut = tar[..tar.len() / 512 / 2 * 512].to_vec();
    files.0.insert("data00000b.tar".to_owned(), cut);
    assert_eq!((keys(&files), doubt(&files)), (right(0), None));
}

#[test]
fn journal_that_is_a_little_newer_is_that_of_a_running_instance() {
    let doubt_of = |step_ms| {
        let mut files = three_tars_every(step_ms);
        files.0.remove("data00002a.tar");
        hmac_of(&files)
    };
    assert_eq!(doubt_of(5_000), (Some(md5(b"mid")), None));
    assert!(doubt_of(600_001).1.is_some());
}

#[test]
fn missing_tar_file_is_named() {
    let mut files = three_tars();
    files.0.remove("data00002a.tar");
    let (_, why) = hmac_of(&files);
    let why = why.unwrap();
    assert!(why.starts_with("1 newer revision cannot be read: segment "), "{why}");
    assert!(why.ends_with(" is missing"), "{why}");
    files.0.insert("data00003a.tar".to_owned(), files.0["data00000a.tar"].clone());
    let (_, why) = hmac_of(&files);
    let why = why.unwrap();
    assert!(why.ends_with("; there is no data00002a.tar, nor a later letter"), "{why}");
}

#[test]
fn tar_that_lost_its_index_and_gained_zeros_is_walked() {
    for name in ["v10-closed", "v12-closed", "v13-closed"] {
        let (files, _) = Memory::sample(name);
        let tail = files.change("data00000a.tar", |bytes| {
            // The footer of 16 bytes lies before two blocks of zeros.
            let index = bytes.len() - 1024 - 16;
            bytes[index..].fill(0);
            bytes.extend_from_slice(&[0; 8192]);
        });
        assert_eq!(keys(&tail), right(0), "{name}");
    }
}

#[test]
fn budgets_end_what_would_go_on() {
    let (files, _) = Memory::sample("v13-closed");
    let budget = |change: fn(&mut Budget)| {
        let mut budget = Budget::default();
        change(&mut budget);
        let store = Store::new(&files, budget);
        let look = |root: Node<'_, '_>| {
            let mut lines = Vec::new();
            all(root, &mut lines).map(|()| lines.len())
        };
        store.newest(look).unwrap_err().to_string()
    };
    assert_eq!(budget(|b| b.records_max = 100), "it takes more than 100 records");
    assert_eq!(budget(|b| b.entries_max = 10), "it takes more than 10 entries of lists and maps");
    assert_eq!(budget(|b| b.segments_max = 1), "it takes more than 1 segments");
    assert_eq!(
        budget(|b| b.value_bytes_max = 17_000),
        "it takes more than 17000 bytes of one value"
    );
    assert_eq!(budget(|b| b.bytes_max = 500), "it takes more than 500 bytes of values");
}

fn all(node: Node<'_, '_>, lines: &mut Vec<usize>) -> Result<(), OakError> {
    for property in node.properties()?.values() {
        lines.push(property.values()?.len());
    }
    node.children()?.into_values().try_for_each(|child| all(child, lines))
}

#[test]
fn unknown_version_is_no_damage() {
    let id = super::SegmentId::parse("029fec6b-1ab5-4b44-ae81-d59174bd06ee").unwrap();
    // No Oak up to 1.82 writes version 14.
    let bytes = crate::wiped::Wiped::new([b"0aK\x0e".as_slice(), &[0; 60]].concat());
    let error = super::segment::Segment::new(id, bytes).err().unwrap();
    assert_eq!(error, OakError::Unsupported("segment version 14".to_owned()));
    assert_eq!(error.to_string(), "segment version 14 is not supported");
}

/// Made after the specification; no program of Oak would leave a repository without `/etc`.
#[test]
fn node_that_is_not_there_is_no_error() {
    let (files, _) = Memory::sample("v13-empty");
    assert_eq!(keys(&files), Ok((None, None, 0)));
}

/// A revision whose root is a node with one property `hmac` of this value record.
fn with_hmac(kind: i8, value: Vec<u8>) -> Memory {
    let id = Memory::id;
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let one_child = |name| [vec![0; 4], id(name)].concat();
    let node = |own, template, child| [id(own), id(template), id(child)].concat();
    // No children (bit 29), and one property.
    let with_property =
        [(1_u32 << 29 | 1).to_be_bytes().to_vec(), id(1), kind.to_be_bytes().to_vec()].concat();
    Memory::forged(&[
        value,
        text("hmac"),
        with_property,
        node(3, 2, 0),
        text("key"),
        one_child(4),
        node(6, 5, 3),
        text("etc"),
        one_child(7),
        node(9, 8, 6),
        text("root"),
        one_child(10),
        node(12, 11, 9),
    ])
}

#[test]
fn forged_store_is_read_like_a_real_one() {
    let found = keys(&with_hmac(2, b"\x03key".to_vec())).unwrap();
    assert_eq!(found, (Some(md5(b"key")), None, 0));
}

#[test]
fn value_that_is_its_own_name_is_damage() {
    let error = keys(&with_hmac(2, [vec![0xf0], Memory::id(0)].concat())).unwrap_err();
    assert!(error.to_string().ends_with("a string lies outside of the store"), "{error}");
}

#[test]
fn list_where_a_key_belongs_is_not_read() {
    let files = with_hmac(-2, [1_000_000_u32.to_be_bytes().to_vec(), Memory::id(0)].concat());
    let store = Store::new(&files, Budget::default());
    let look = |root: Node<'_, '_>| {
        let key = root.descendant("etc/key")?.unwrap();
        key.property("hmac")?.unwrap().value().map(|bytes| bytes.len())
    };
    let error = store.newest(look).unwrap_err();
    assert_eq!(error.to_string(), "a list where one value belongs is not supported");
    assert_eq!(
        keys(&files).unwrap_err().to_string(),
        "it takes more than 300000 entries of lists and maps"
    );
}

#[test]
fn index_that_counts_more_than_fits_is_not_trusted() {
    let (files, _) = Memory::sample("v13-closed");
    for count in [u32::MAX, 1 << 24, 600] {
        let forged = files.change("data00000a.tar", |bytes| {
            // The count follows the checksum in the footer.
            let at = bytes.len() - 1024 - 12;
            bytes[at..at + 4].copy_from_slice(&count.to_be_bytes());
        });
        assert_eq!(keys(&forged), right(0), "{count}");
    }
}

/// Counts how often a single entry of an index is read.
struct Counted {
    files: Memory,
    entries: Cell<usize>,
}

impl Files for Counted {
    fn list(&self) -> Vec<(String, u64)> {
        self.files.list()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        // The first 24 bytes of an entry are read, whatever its width is.
        self.entries.update(|count| count.strict_add(usize::from(buffer.len() == 24)));
        self.files.read(index, offset, buffer)
    }
}

#[test]
fn index_is_read_once_unless_it_is_too_large_to_be_kept() {
    for name in ["v10-closed", "v12-closed", "v13-closed", "v13-gc"] {
        let look = |kept_entries_max| {
            let files = Counted { files: Memory::sample(name).0, entries: Cell::default() };
            let store = Store::new(&files, Budget { kept_entries_max, ..Budget::default() });
            let whole = store.newest(|root| {
                let mut lines = Vec::new();
                dump(root, "/", &mut lines);
                Ok(lines)
            });
            (whole.unwrap().value, files.entries.get())
        };
        let ((kept, of_kept), (read, of_read)) = (look(300_000), look(0));
        assert!(of_kept == 0 && of_read > 0, "{name}: {of_kept} {of_read}");
        assert!(kept == read, "{name}");
    }
}

#[test]
fn damaged_header_hides_a_segment_and_no_older_revision_is_taken_for_it() {
    let (files, _) = Memory::sample("v11-hot");
    let tar = &files.0["data00000a.tar"];
    let whole = keys(&files);
    assert_eq!(whole, right(0));
    let mut hidden = 0;
    let mut at = 0;
    while at + 1024 < tar.len() && tar[at] != 0 {
        let size = std::str::from_utf8(&tar[at + 124..at + 135]).unwrap();
        let size = usize::from_str_radix(size.trim_matches(char::from(0)), 8).unwrap();
        let next = at + 512 + size.next_multiple_of(512);
        let zeroed = files.change("data00000a.tar", |bytes| bytes[at..at + 512].fill(0));
        let is_last = next + 1024 >= tar.len() || tar[next] == 0;
        match keys(&zeroed) {
            Ok((hmac, _, behind)) if !is_last => {
                assert_eq!((hmac.as_deref(), behind), (Some(HMAC), 0), "{at}");
            }
            Ok(_) => {}
            Err(error) => {
                hidden += 1;
                assert!(matches!(error, OakError::Corrupt { .. }), "{at}: {error}");
            }
        }
        at = next;
    }
    assert!(hidden > 0);
}

#[test]
fn torn_journal_is_an_older_revision() {
    let (files, _) = Memory::sample("v13-closed");
    let whole = files.0["journal.log"].len();
    for cut in [5, 40, 200] {
        let torn = files.change("journal.log", |text| text.truncate(whole - cut));
        assert_eq!(keys(&torn), right(1), "{cut}");
    }
}

#[test]
fn children_of_a_large_node_are_all_found() {
    let child = |tree: Tree, at: u32| tree.at(&format!("root/{at}"), Tree::default());
    let files = Memory::written(&[((0..1_000).fold(Tree::default(), child), 5)]);
    let store = Store::new(&files, Budget::default());
    let root = store.revisions().unwrap().all[0].root().unwrap();
    assert_eq!(root.children().unwrap().len(), 1_000);
    assert!(root.child("999").unwrap().is_some() && root.child("1000").unwrap().is_none());
    let some = |entries, segments| {
        let (some, more) = root.some_children(entries, segments).unwrap();
        (some.len(), more)
    };
    assert_eq!(some(1_000, u64::MAX), (1_000, false));
    assert_eq!(some(999, u64::MAX), (999, true));
    assert_eq!(some(0, u64::MAX), (0, true));
    assert_eq!(some(1_000, 0), (0, true));
}

#[test]
fn map_whose_branches_are_one_is_left_after_a_number_of_entries() {
    // A leaf of 32, and four levels of 32 branches that are the same: 33,554,432 entries of one name.
    let mut records = vec![b"\x01x".to_vec()];
    let leaf = |level: u32| {
        let ids = (0..64).flat_map(|_| Memory::id(0));
        let head = (level << 29 | 32).to_be_bytes();
        head.into_iter().chain([0; 128]).chain(ids).collect::<Vec<u8>>()
    };
    records.push(leaf(4));
    for level in (0..4_u32).rev() {
        let below = u32::try_from(records.len() - 1).unwrap();
        let ids = (0..32).flat_map(|_| Memory::id(below));
        let head = [(level << 29 | 0x0100_0000).to_be_bytes(), [0xff; 4]].concat();
        records.push(head.into_iter().chain(ids).collect());
    }
    let map = u32::try_from(records.len() - 1).unwrap();
    records.push((1_u32 << 28).to_be_bytes().to_vec());
    let own = u32::try_from(records.len()).unwrap();
    records.push([own, own - 1, map].into_iter().flat_map(Memory::id).collect());
    let files = Memory::forged(&records);
    let store = Store::new(&files, Budget::default());
    let id = super::id::RecordId {
        segment: super::id::SegmentId::parse("029fec6b-1ab5-4b44-ae81-d59174bd06ee").unwrap(),
        number: own,
    };
    let (some, more) = Node::new(&store, id).some_children(2_000, u64::MAX).unwrap();
    assert_eq!((some.len(), more), (1, true));
    assert!(Node::new(&store, id).children().is_err());
}

/// A super-root whose `/etc/key` has this hmac.
fn holding(hmac: &[u8]) -> Tree {
    Tree::default().at("root/etc/key", Tree::default().with("hmac", 2, hmac))
}

#[test]
fn older_revisions_and_checkpoints_are_read() {
    let checkpoint = Tree::default()
        .with("created", 3, b"1690000000000")
        .at("root/etc/key", Tree::default().with("hmac", 2, b"older"));
    let newest =
        holding(b"new").at("checkpoints/a", checkpoint).at("checkpoints/b", Tree::default());
    let files = Memory::written(&[(holding(b"old"), 5), (newest, 7)]);
    let store = Store::new(&files, Budget::default());
    let hmac = |root: Node<'_, '_>| {
        let key = root.descendant("etc/key").unwrap().unwrap();
        String::from_utf8(key.property("hmac").unwrap().unwrap().value().unwrap().to_vec()).unwrap()
    };
    let revisions = store.revisions().unwrap();
    let seen: Vec<_> = revisions.all.iter().map(|r| (r.time_ms, hmac(r.root().unwrap()))).collect();
    assert_eq!(seen, [(Some(7), "new".to_owned()), (Some(5), "old".to_owned())]);
    assert!(!revisions.cut);
    let (checkpoints, more) = revisions.all[0].checkpoints(8).unwrap();
    assert!(!more && revisions.all[0].checkpoints(1).unwrap().1);
    let [a, b] = &checkpoints[..] else { panic!("two checkpoints") };
    assert_eq!((a.name.as_str(), a.created_ms), ("a", Some(1_690_000_000_000)));
    assert_eq!(hmac(a.root.unwrap()), "older");
    assert!(b.root.is_none() && b.created_ms.is_none());
    assert_eq!(revisions.all[1].checkpoints(8).unwrap().0.len(), 0);
}

#[test]
fn node_that_was_not_written_again_is_the_same_record() {
    let (files, _) = Memory::sample("v13-closed");
    let store = Store::new(&files, Budget::default());
    let revisions = store.revisions().unwrap().all;
    let key = |at: usize| revisions[at].root().unwrap().descendant("etc/key").unwrap();
    let (newest, before) = (key(0).unwrap(), key(1).unwrap());
    assert!(newest.is_same_record(before));
    assert!(!newest.is_same_record(revisions[0].root().unwrap()));
}

#[test]
fn checkpoints_of_samples_are_read() {
    for name in SAMPLES {
        let (files, _) = Memory::sample(name);
        let store = Store::new(&files, Budget::default());
        let (checkpoints, _) = store.revisions().unwrap().all[0].checkpoints(8).unwrap();
        for checkpoint in checkpoints {
            assert!(checkpoint.root.is_some(), "{name} {}", checkpoint.name);
        }
    }
}

/// The store `v13-replaced`: the keys of the case `jcr-author` were replaced by others, and a checkpoint still has them.
#[test]
fn store_with_replaced_keys_is_as_it_was_written() {
    let at = "testdata/cases/jcr-author/publish1/crx-quickstart/launchpad/felix/bundle43/data";
    let file = |name| std::fs::read(format!("{}/{at}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let (hmac, master) = (file("hmac"), file("master"));
    let keys = |hmac: &[u8], master: &[u8]| {
        Tree::default().with("hmac", 2, hmac).with("master", 2, master)
    };
    let new = keys(&(0x40..0x60).collect::<Vec<u8>>(), &(0x60..0x70).collect::<Vec<u8>>());
    let checkpoint = Tree::default()
        .with("created", 3, b"1714558920000")
        .at("root/etc/key", keys(&hmac, &master));
    let tree = |keys: &Tree| {
        Tree::default().at("root/etc/key", keys.clone()).at("root/content", Tree::default())
    };
    let written = Memory::written(&[
        (tree(&keys(&hmac, &master)), 1_714_550_000_000),
        (tree(&keys(&hmac, &master)), 1_714_558_925_000),
        (tree(&new).at("checkpoints/0d2f", checkpoint), 1_714_558_930_000),
    ]);
    assert!(Memory::sample("v13-replaced").0.0 == written.0);
}

/// The store `v13-configurations`: the keys of the case `jcr-author`, and configurations below `/apps/system`.
#[test]
fn store_with_configurations_is_as_it_was_written() {
    let at = "testdata/cases/jcr-author/publish1/crx-quickstart/launchpad/felix/bundle43/data";
    let file = |name| std::fs::read(format!("{}/{at}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let keys = Tree::default().with("hmac", 2, &file("hmac")).with("master", 2, &file("master"));
    let content = |text: &str| {
        Tree::default().at("jcr:content", Tree::default().with("jcr:data", 2, text.as_bytes()))
    };
    let ims = "com.adobe.granite.auth.ims.impl.IMS";
    let customizer = format!("{ims}AccessTokenRequestCustomizerImpl");
    let secret = crate::testing::protected(&file("master"), "made-up client secret");
    let protected = format!("auth.ims.client.secret=\"{secret}\"\r\n");
    let provider = Tree::default().with("jcr:primaryType", 1, b"sling:OsgiConfig").with(
        "oauth.provider.ims.service.token.client.secret",
        1,
        b"made-up-client-secret",
    );
    let apps = "root/apps/system/config";
    let tree = Tree::default()
        .at("root/etc/key", keys)
        .at(&format!("{apps}/{customizer}~tags.config"), content(&protected))
        .at(&format!("{apps}/{ims}ProviderImpl"), provider)
        .at(&format!("{apps}/com.day.cq.mailer.DefaultMailService.config"), content("x=\"1\"\r\n"))
        .at(&format!("{apps}.author/{customizer}~author.cfg.json"), content("{}"));
    let written = Memory::written(&[(tree, 1_714_558_930_000)]);
    assert!(Memory::sample("v13-configurations").0.0 == written.0);
}
