//! Zips as packers write them, and as nobody should.

use crate::facts::{GapKind, Owner};
use crate::intake::testing::{Event, Recorder, archive, gzip, member, sniff_and_scan, walk_path};
use crate::intake::zip_writer::{Entry, zip};
use crate::intake::{EntryKind, LinkTarget, Want};
use crate::limits::Limits;
use crate::testing::Scenes;
use std::fs;

/// Reads a zip in a file.
fn in_file(bytes: &[u8]) -> Recorder {
    of_file(bytes, &Limits::default(), Recorder::default())
}

fn of_file(bytes: &[u8], limits: &Limits, recorder: Recorder) -> Recorder {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x");
    fs::write(&path, bytes).unwrap();
    walk_path(&path, limits, recorder).1
}

/// Reads a zip in a file and as a stream; both must say the same.
fn read(bytes: &[u8]) -> Recorder {
    let (file, stream) = (in_file(bytes), sniff_and_scan(bytes));
    assert_eq!(file.events, stream.events);
    file
}

fn noise() -> Vec<u8> {
    (0..700_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect()
}

fn files(recorder: &Recorder) -> Vec<String> {
    recorder.files().into_iter().map(|(path, _)| path).collect()
}

#[test]
fn every_way_of_packing_reads_the_same() {
    let (key, text, noise) = (Entry::file("b/hmac", b"key"), vec![b'x'; 9000], noise());
    let plain = vec![key, Entry::file("text", &text), Entry::file("skip", &noise)];
    let with = |change: &dyn Fn(&mut Entry<'_>)| {
        let mut entries = plain.clone();
        entries.iter_mut().for_each(change);
        read(&zip(&entries))
    };
    let whole = with(&|_| {});
    assert_eq!(whole.gaps(), []);
    assert_eq!(whole.files(), [("b/hmac".into(), b"key".to_vec()), ("text".into(), text.clone())]);
    for recorder in [
        with(&|entry| entry.deflate = false),
        with(&|entry| entry.zip64 = true),
        with(&|entry| entry.flags = 0x0806),
    ] {
        assert_eq!(recorder.events, whole.events);
    }
    for zip64 in [false, true] {
        let behind = with_sizes_behind(&plain, zip64);
        assert_eq!((in_file(&behind).gaps(), in_file(&behind).files()), (vec![], whole.files()));
        let stream = sniff_and_scan(&behind);
        assert_eq!((stream.gaps(), stream.files()), (vec![], whole.files()));
    }
    assert_eq!(sniff_and_scan(&gzip(&zip(&plain))).events, whole.events);
}

#[test]
fn zip_that_was_to_be_split_and_is_whole_is_read() {
    let plain = zip(&[Entry::file("b/hmac", b"key")]);
    let mut marked = [&b"PK00"[..], &plain].concat();
    let mut move_on = |at: usize| {
        let field: &mut [u8; 4] = (&mut marked[at..at + 4]).try_into().unwrap();
        let offset = u32::from_le_bytes(*field);
        *field = (offset + 4).to_le_bytes();
        offset as usize + 4
    };
    let directory = move_on(4 + plain.len() - 6);
    assert_eq!(move_on(directory + 42), 4);
    let read = read(&marked);
    assert_eq!((read.gaps(), read.files()), (vec![], vec![("b/hmac".into(), b"key".to_vec())]));
}

fn with_sizes_behind(entries: &[Entry<'_>], zip64: bool) -> Vec<u8> {
    let mut entries = entries.to_vec();
    for entry in &mut entries {
        (entry.sizes_behind, entry.zip64) = (true, zip64);
    }
    zip(&entries)
}

#[test]
fn backslashes_separate_where_there_are_no_slashes() {
    let mut directory = Entry::file("a\\b\\", b"");
    directory.deflate = false;
    let recorder = read(&zip(&[directory, Entry::file("a\\b\\hmac", b"key")]));
    assert_eq!((recorder.gaps(), files(&recorder)), (vec![], vec!["a/b/hmac".to_owned()]));
    assert!(
        matches!(&recorder.events[0], Event::Entry { path, kind: EntryKind::Directory, .. } if path == "a/b")
    );
    let climbing = read(&zip(&[Entry::file("../../hmac", b"key")]));
    assert_eq!(
        (climbing.gaps(), files(&climbing)),
        (vec![GapKind::UnsafeName], vec!["hmac".to_owned()])
    );
}

#[test]
fn unix_packers_keep_owner_mode_and_links() {
    let mut key = Entry::file("b/hmac", b"key");
    (key.mode, key.owner) = (0o100_600, Some((1000, 50)));
    let mut link = Entry::file("b/master", b"../keys/master");
    (link.mode, link.deflate) = (0o120_777, false);
    let recorder = in_file(&zip(&[key.clone(), link.clone()]));
    assert_eq!(recorder.gaps(), []);
    let Event::Entry { owner, .. } = &recorder.events[0] else { panic!() };
    assert_eq!(*owner, Some(Owner { uid: 1000, gid: 50, user: None, mode: 0o600 }));
    let Event::Entry { kind, .. } = &recorder.events[2] else { panic!() };
    assert_eq!(*kind, EntryKind::SymbolicLink(LinkTarget::Inside("keys/master".to_owned())));
    let stream = sniff_and_scan(&zip(&[key, link]));
    assert_eq!(stream.gaps(), [GapKind::LinkBroken]);
}

#[test]
fn what_may_be_a_link_is_no_content_where_the_zip_is_cut() {
    let mut link = Entry::file("b/master", b"../keys/master");
    (link.mode, link.deflate) = (0o120_777, false);
    let bytes = zip(&[Entry::file("b/hmac", b"a key"), link, Entry::file("z", b"z")]);
    let central = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for cut in [central, central + 60] {
        let recorder = read(&bytes[..cut]);
        assert_eq!(recorder.gaps(), [GapKind::Partial, GapKind::LinkBroken]);
        assert!(matches!(
            recorder.events.last(),
            Some(Event::Gap { path: Some(path), .. }) if path == "b/master"
        ));
    }
}

#[test]
fn directory_may_have_its_sizes_behind_it() {
    let mut directory = Entry::file("b/", b"");
    (directory.deflate, directory.sizes_behind) = (false, true);
    let recorder = sniff_and_scan(&zip(&[directory, Entry::file("b/hmac", b"key")]));
    assert_eq!((recorder.gaps(), files(&recorder)), (vec![], vec!["b/hmac".to_owned()]));
}

#[test]
fn what_is_encrypted_or_packed_in_an_odd_way_says_so_once() {
    let odd = |flags, method| {
        let mut entries = vec![Entry::file("a/hmac", b"key"), Entry::file("a/master", b"key2")];
        for entry in &mut entries {
            (entry.flags, entry.method) = (flags, method);
        }
        entries.push(Entry::file("z", b"z"));
        read(&zip(&entries))
    };
    let mut scenes = Scenes::default();
    for (flags, method, kind) in [
        (1, None, GapKind::Encrypted),
        (0, Some(9), GapKind::Unsupported),
        (0, Some(12), GapKind::Unsupported),
        (0, Some(14), GapKind::Unsupported),
        (0, Some(93), GapKind::Unsupported),
        (0, Some(777), GapKind::Unsupported),
    ] {
        let recorder = odd(flags, method);
        assert_eq!((recorder.gaps(), files(&recorder)), (vec![kind], vec!["z".to_owned()]));
        scenes.add(&format!("flags {flags}, method {method:?}"), &recorder.reasons().concat());
    }
    scenes.are("zip-entries");
}

#[test]
fn directory_and_headers_must_say_the_same() {
    let mut liar = Entry::file("a/hmac", b"key");
    liar.listed_name = Some(b"b/hmac");
    let bytes = zip(&[liar, Entry::file("z", b"z")]);
    for recorder in [in_file(&bytes), sniff_and_scan(&bytes)] {
        assert_eq!(recorder.gaps(), [GapKind::Corrupt]);
    }
    assert_eq!(files(&in_file(&bytes)), ["z"]);
}

#[test]
fn wrong_checksum_taints() {
    let mut bytes = zip(&[Entry { deflate: false, ..Entry::file("a/hmac", b"key") }]);
    bytes[30 + 6] ^= 1;
    let recorder = read(&bytes);
    assert_eq!(
        (recorder.gaps(), files(&recorder)),
        (vec![GapKind::CorruptStream], vec!["a/hmac".to_owned()])
    );
}

#[test]
fn later_of_two_entries_comes_later() {
    let recorder = read(&zip(&[Entry::file("a", b"1"), Entry::file("a", b"2")]));
    assert_eq!(recorder.files(), [("a".into(), b"1".to_vec()), ("a".into(), b"2".to_vec())]);
}

#[test]
fn ends_are_checked() {
    let whole = zip(&[Entry::file("a", b"1")]);
    assert_eq!(read(&[whole.clone(), vec![0; 512]].concat()).gaps(), []);
    for garbage in [&b"garbage"[..], &[0, 0, 7]] {
        let bytes = [&whole, garbage].concat();
        for recorder in [in_file(&bytes), sniff_and_scan(&bytes)] {
            assert_eq!((recorder.gaps(), recorder.files().len()), (vec![GapKind::TrailingData], 1));
        }
    }
    assert_eq!(read(&zip(&[])).gaps(), [GapKind::EmptyArchive]);
    let two = [zip(&[Entry::file("hidden", b"1")]), whole.clone()].concat();
    assert!(!in_file(&two).gaps().is_empty() && !sniff_and_scan(&two).gaps().is_empty());
    let mut split = whole.clone();
    let disk = split.len() - 18;
    split[disk] = 2;
    assert_eq!(in_file(&split).gaps(), [GapKind::Unsupported]);
}

#[test]
fn cut_zip_keeps_what_came_before() {
    let whole = zip(&[Entry::file("a", b"1"), Entry::file("b", &noise())]);
    let recorder = read(&whole[..whole.len() - 30]);
    assert_eq!(
        (recorder.gaps(), files(&recorder)),
        (vec![GapKind::Partial], vec!["a".to_owned(), "b".to_owned()])
    );
    let Some(Event::Gap { reason, .. }) = recorder.events.last() else { panic!() };
    assert!(reason.starts_with("cut: ends inside its directory"), "{reason}");
    let inside = read(&whole[..200]);
    assert_eq!((inside.gaps(), files(&inside)), (vec![GapKind::Partial], vec!["a".to_owned()]));
}

#[test]
fn large_bodies_are_bounded_as_asked() {
    let large = vec![b'x'; 2 << 20];
    for sizes_behind in [false, true] {
        let bytes =
            zip(&[Entry { sizes_behind, ..Entry::file("a", &large) }, Entry::file("z", b"z")]);
        for recorder in [in_file(&bytes), sniff_and_scan(&bytes)] {
            assert_eq!(
                (recorder.gaps(), files(&recorder)),
                (vec![GapKind::TooLarge], vec!["z".to_owned()])
            );
        }
        let wanting = |want| Recorder { want: Some(want), ..Recorder::default() };
        let prefix = of_file(&bytes, &Limits::default(), wanting(Want::Prefix { bytes_max: 10 }));
        assert_eq!(prefix.files()[0].1, [b'x'; 10]);
        let stream = of_file(&bytes, &Limits::default(), wanting(Want::Stream));
        assert_eq!(stream.files()[0].1, large);
    }
}

#[test]
fn limits_hold() {
    let entries = [Entry::file("a", b"1"), Entry::file("b", &[7; 5000]), Entry::file("c", b"1")];
    let bytes = zip(&entries);
    for limits in [
        Limits { entries_max: 2, ..Limits::default() },
        Limits { unpacked_bytes_max: 4000, ..Limits::default() },
    ] {
        let recorder = of_file(&bytes, &limits, Recorder::default());
        assert_eq!(recorder.gaps(), [GapKind::OverLimit]);
        assert!(recorder.files().len() < 3);
    }
    let long = "x/".repeat(3000);
    let recorder = read(&zip(&[Entry::file(&long, b"1"), Entry::file("z", b"z")]));
    assert_eq!(
        (recorder.gaps(), files(&recorder)),
        (vec![GapKind::OverLimit], vec!["z".to_owned()])
    );
}

#[test]
fn entries_that_lie_on_each_other_are_a_bomb() {
    let whole = zip(&[Entry::file("a", &vec![0; 100_000])]);
    let start = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let end = whole.len() - 22;
    let mut bytes = whole[..start].to_vec();
    (0..50).for_each(|_| bytes.extend(&whole[start..end]));
    let length = u32::try_from(50 * (end - start)).unwrap();
    bytes.extend(&whole[end..end + 8]);
    bytes.extend([50, 0, 50, 0]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(&whole[end + 16..]);
    let recorder = in_file(&bytes);
    assert_eq!(recorder.gaps(), [GapKind::Corrupt; 2]);
    assert!(recorder.files().len() <= 2);
}

/// Owner and type of an entry stand in the directory alone, and under no checksum.
fn without_owners(recorder: &Recorder) -> Vec<Event> {
    let mut facts = recorder.facts();
    for event in &mut facts {
        if let Event::Entry { owner, .. } = event {
            *owner = None;
        }
    }
    facts
}

#[test]
fn prefix_has_a_gap_and_keeps_the_order() {
    prefixes_have_gaps(13);
}

#[test]
#[ignore = "sweep"]
fn every_prefix_has_a_gap_and_keeps_the_order() {
    prefixes_have_gaps(1);
}

fn prefixes_have_gaps(step: usize) {
    let noise = noise();
    for sizes_behind in [false, true] {
        let mut entries = vec![Entry::file("b/hmac", b"key"), Entry::file("z", &noise)];
        for entry in &mut entries {
            entry.sizes_behind = sizes_behind;
        }
        let bytes = zip(&entries);
        let stream = sniff_and_scan(&bytes).facts();
        for length in (0..bytes.len()).step_by(step) {
            for recorder in [in_file(&bytes[..length]), sniff_and_scan(&bytes[..length])] {
                assert!(stream.starts_with(&recorder.facts()), "{length}: {:?}", recorder.events);
                assert!(!recorder.gaps().is_empty(), "{length}");
            }
        }
    }
}

#[test]
fn flipped_byte_leaves_a_gap_or_the_same_facts() {
    flips_leave_gaps(11);
}

#[test]
#[ignore = "sweep"]
fn every_flipped_byte_leaves_a_gap_or_the_same_facts() {
    flips_leave_gaps(1);
}

fn flips_leave_gaps(step: usize) {
    let noise = &noise()[..90];
    for sizes_behind in [false, true] {
        let mut entries = vec![Entry::file("b/hmac", b"key"), Entry::file("z", noise)];
        for entry in &mut entries {
            entry.sizes_behind = sizes_behind;
        }
        let bytes = zip(&entries);
        let whole = [in_file(&bytes), sniff_and_scan(&bytes)].map(|r| without_owners(&r));
        for at in (0..bytes.len()).step_by(step) {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                let recorders = [in_file(&damaged), sniff_and_scan(&damaged)];
                for (recorder, whole) in recorders.iter().zip(&whole) {
                    let same = without_owners(recorder) == *whole;
                    assert!(
                        !recorder.gaps().is_empty() || same,
                        "byte {at} ^ {flip:#x} of {}, {sizes_behind}: {:?}",
                        bytes.len(),
                        recorder.events
                    );
                }
            }
        }
    }
}

#[test]
fn tar_is_no_zip() {
    assert_eq!(read(&archive(&[member(b'0', "PK", b"PK\x03\x04")])).gaps(), []);
}

#[test]
fn entries_that_the_directory_does_not_list_are_told() {
    let whole = zip(&[Entry::file("a", b"1"), Entry::file("b", b"2")]);
    let hidden = zip(&[Entry::file("hmac", &noise())]);
    let start = whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let entry = hidden.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    let mut bytes = [&whole[..start], &hidden[..entry], &whole[start..]].concat();
    let end = bytes.len() - 22;
    let offset = u32::try_from(start + entry).unwrap().to_le_bytes();
    bytes[end + 16..end + 20].copy_from_slice(&offset);
    let recorder = in_file(&bytes);
    assert_eq!(
        (files(&recorder), recorder.gaps()),
        (vec!["a".into(), "b".into()], vec![GapKind::TrailingData])
    );
}

#[test]
fn cut_zip_is_not_taken_for_a_jar_in_it() {
    let jar = zip(&[Entry::file("META-INF/MANIFEST.MF", b"x")]);
    let mut stored = Entry::file("bundle.jar", &jar);
    stored.deflate = false;
    let whole = zip(&[Entry::file("hmac", b"key"), stored, Entry::file("skip", &noise())]);
    let jar_ends = whole.windows(jar.len()).position(|bytes| bytes == jar).unwrap() + jar.len();
    let recorder = in_file(&whole[..jar_ends + 100]);
    assert_eq!(files(&recorder), ["hmac", "bundle.jar"]);
    assert_eq!(recorder.gaps(), [GapKind::Partial]);
}

#[test]
fn comment_with_the_end_of_another_zip_is_told() {
    let mut bytes = zip(&[Entry::file("a", b"first")]);
    let other = zip(&[Entry::file("a", b"other")]);
    let length = bytes.len();
    bytes[length - 2..].copy_from_slice(&u16::try_from(other.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&other);
    for recorder in [in_file(&bytes), sniff_and_scan(&bytes)] {
        assert_eq!(recorder.gaps(), [GapKind::Corrupt]);
    }
}

#[test]
fn body_that_is_read_later_is_checked_where_that_is_wanted() {
    let text = [b'x'; 700];
    let entry = |deflate| Entry { deflate, ..Entry::file("journal", &text) };
    for (deflate, checked) in [(true, true), (false, true), (true, false)] {
        let gaps = |change: &dyn Fn(&mut Vec<u8>, usize)| {
            let mut bytes = zip(&[entry(deflate)]);
            // The same in the header before the body and in the directory.
            let listed = bytes.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
            change(&mut bytes, 14);
            change(&mut bytes, listed + 16);
            let recorder = Recorder { want: Some(Want::Later { checked }), ..Recorder::default() };
            let recorder = of_file(&bytes, &Limits::default(), recorder);
            assert!(recorder.parts.len() == 1 && recorder.files().is_empty());
            recorder.gaps()
        };
        let told = if checked { vec![GapKind::CorruptStream] } else { vec![] };
        assert_eq!(gaps(&|_, _| {}), []);
        assert_eq!(gaps(&|bytes, crc| bytes[crc] ^= 1), told);
        if deflate {
            for size in [699_u16, 701] {
                let change = |bytes: &mut Vec<u8>, crc: usize| {
                    bytes[crc + 8..crc + 10].copy_from_slice(&size.to_le_bytes());
                };
                assert_eq!(gaps(&change), told, "{size}");
            }
        }
    }
}
