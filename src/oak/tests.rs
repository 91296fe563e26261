//! Stores that Oak 1.0, 1.4, 1.6 and a trunk of 2024 wrote: whole, and damaged.

use super::testing::Memory;
use super::{Budget, Node, OakError, Property, Store};
use crate::evidence::digest;

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
    for name in SAMPLES {
        let (files, _) = Memory::sample(name);
        for tar in files.0.keys().filter(|name| is_tar(name)) {
            for at in (0..files.0[tar].len()).step_by(509) {
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
fn good_copy_makes_up_for_a_damaged_one() {
    let (files, _) = Memory::sample("v12-closed");
    let mut both = files.change("data00000a.tar", |bytes| {
        bytes.iter_mut().skip(512).step_by(1000).for_each(|b| *b ^= 1);
    });
    assert!(keys(&both).is_err());
    both.0.insert("data00000a.tar.bak".to_owned(), files.0["data00000a.tar"].clone());
    assert_eq!(keys(&both), right(0));
}

#[test]
fn tar_that_lost_its_index_and_gained_zeros_is_walked() {
    for name in ["v10-closed", "v12-closed", "v13-closed"] {
        let (files, _) = Memory::sample(name);
        let tail = files.change("data00000a.tar", |bytes| {
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
    assert_eq!(budget(|b| b.entries_max = 10), "it takes more than 10 entries of a list or map");
    assert_eq!(budget(|b| b.segments_max = 1), "it takes more than 1 segments");
    assert_eq!(budget(|b| b.value_bytes_max = 17_000), "it takes more than 17000 bytes of a value");
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
    let bytes = zeroize::Zeroizing::new([b"0aK\x0e".as_slice(), &[0; 60]].concat());
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
