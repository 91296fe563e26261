//! Facts about tars, each fed whole, by single bytes, and with jumps.

use super::scanner::Scanner;
use crate::facts::GapKind;
use crate::intake::container::{Input, Opened, Repeats};
use crate::intake::depth::Depth;
use crate::intake::testing::{
    Event, Feed, Recorder, archive, bzip2, end, gzip, member, member_of, record, scan, scan_tar,
    walk_path, with_context, xz, zstd,
};
use crate::intake::{EntryKind, Extent, LinkTarget, Want};
use crate::limits::Limits;
use crate::wiped::Wiped;
use proptest::prelude::*;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

fn files(recorder: &Recorder) -> Vec<(String, String)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    recorder.files().into_iter().map(|(path, body)| (path, text(body))).collect()
}

fn pair(path: &str, body: &str) -> (String, String) {
    (path.to_owned(), body.to_owned())
}

fn hmac() -> Vec<u8> {
    member(b'0', "b12/data/hmac", b"key")
}

fn kinds(recorder: &Recorder) -> Vec<(String, EntryKind)> {
    let entry = |event: &Event| match event {
        Event::Entry { path, kind, .. } => Some((path.clone(), kind.clone())),
        _ => None,
    };
    recorder.events.iter().filter_map(entry).collect()
}

/// Checks gaps and files of an archive in one line.
fn check(bytes: &[u8], gaps: &[GapKind], expected: &[(&str, &str)]) {
    let recorder = scan_tar(bytes);
    let expected: Vec<_> = expected.iter().map(|(path, body)| pair(path, body)).collect();
    assert_eq!(
        (recorder.gaps(), files(&recorder)),
        (gaps.to_vec(), expected),
        "{:?}",
        recorder.events
    );
}

const HMAC: (&str, &str) = ("b12/data/hmac", "key");

#[test]
fn whole_archive_has_no_gap() {
    let big = member(b'0', "skip", &[1; 5000]);
    check(&archive(&[big, hmac(), member(b'0', "empty", b"")]), &[], &[HMAC, ("empty", "")]);
    check(&[archive(&[hmac()]), vec![0; 10240]].concat(), &[], &[HMAC]);
}

#[test]
fn archive_that_went_through_a_terminal_is_in_doubt_as_a_whole() {
    let text: String = "a line of text\n".repeat(40);
    let names: Vec<String> = (0..6).map(|number| format!("conf/{number}.txt")).collect();
    let plain =
        archive(&names.iter().map(|name| member(b'0', name, text.as_bytes())).collect::<Vec<_>>());
    let mut changed = Vec::new();
    for byte in &plain {
        changed.extend((*byte == b'\n').then_some(b'\r'));
        changed.push(*byte);
    }
    let gaps = scan_tar(&changed).gaps();
    assert_eq!(gaps.first(), Some(&GapKind::CorruptStream), "{gaps:?}");
    assert_eq!(gaps.iter().filter(|kind| **kind == GapKind::CorruptStream).count(), 1);
    assert_eq!(scan_tar(&plain).gaps(), []);
    // A damaged header before files of Windows.
    let of_windows = text.replace('\n', "\r\n");
    let mut damaged = archive(
        &names.iter().map(|name| member(b'0', name, of_windows.as_bytes())).collect::<Vec<_>>(),
    );
    damaged[1] ^= 1;
    assert!(!scan_tar(&damaged).gaps().contains(&GapKind::CorruptStream));
}

#[test]
fn owner_and_mode_are_told() {
    let recorder = scan_tar(&archive(&[hmac()]));
    let Some(Event::Entry { owner: Some(owner), .. }) = recorder.events.first() else { panic!() };
    assert_eq!(
        (owner.uid, owner.gid, owner.user.as_deref(), owner.mode),
        (7, 8, Some("aem"), 0o640)
    );
}

#[test]
fn cut_inside_an_entry_names_it() {
    let bytes = [hmac(), member(b'0', "skip/log", &[1; 3000])].concat();
    let recorder = scan_tar(&bytes[..bytes.len() - 600]);
    assert_eq!(files(&recorder), [pair(HMAC.0, HMAC.1)]);
    let Some(Event::Gap { path, kind: GapKind::Partial, .. }) = recorder.events.last() else {
        panic!()
    };
    assert_eq!(path.as_deref(), Some("skip/log"));
}

#[test]
fn cut_elsewhere_is_noticed() {
    check(&hmac(), &[GapKind::NoEoa], &[HMAC]);
    check(&[hmac(), vec![0; 512]].concat(), &[GapKind::NoEoa], &[HMAC]);
    check(&[hmac(), hmac()[..100].to_vec()].concat(), &[GapKind::Partial], &[HMAC]);
    check(
        &[hmac(), member(b'x', "x", &record("path", "y"))].concat(),
        &[GapKind::Partial],
        &[HMAC],
    );
}

#[test]
fn archive_without_entries_is_empty() {
    for bytes in [end(), vec![0; 512], vec![0; 10240]] {
        check(&bytes, &[GapKind::EmptyArchive], &[]);
    }
}

#[test]
fn reading_goes_on_behind_zeros() {
    let other = member(b'0', "b", b"2");
    let both = [HMAC, ("b", "2")];
    check(
        &[archive(&[hmac()]), archive(std::slice::from_ref(&other))].concat(),
        &[GapKind::Concatenated],
        &both,
    );
    check(&archive(&[hmac(), vec![0; 512], other.clone()]), &[GapKind::Concatenated], &both);
    check(&archive(&[vec![0; 512], hmac()]), &[GapKind::Concatenated], &[HMAC]);
    let three =
        [archive(&[hmac()]), archive(std::slice::from_ref(&other)), archive(&[other])].concat();
    check(&three, &[GapKind::Concatenated], &[HMAC, ("b", "2"), ("b", "2")]);
}

#[test]
fn more_zeros_than_padding_are_a_failed_download() {
    let zeros = |count: usize| vec![0; count];
    let whole = archive(&[hmac()]);
    let to_record = |record: usize| zeros(record - whole.len());
    check(&[whole.clone(), zeros(10_240)].concat(), &[], &[HMAC]);
    check(&[whole.clone(), to_record(1 << 18)].concat(), &[], &[HMAC]);
    check(&[whole.clone(), zeros(200_000)].concat(), &[GapKind::TrailingData], &[HMAC]);
    let hollow = [whole.clone(), zeros((1 << 20) + 1)].concat();
    check(&hollow, &[GapKind::TrailingData], &[HMAC]);
    let Some(Event::Gap { reason, .. }) = scan_tar(&hollow).events.pop() else { panic!() };
    assert!(reason.starts_with("1048577 bytes of zeros after"), "{reason}");
    let hole = [whole, zeros(3 << 20), archive(&[hmac()])].concat();
    check(&hole, &[GapKind::TrailingData, GapKind::Concatenated], &[HMAC, HMAC]);
}

#[test]
fn page_that_was_never_written_puts_all_in_doubt() {
    let noise = vec![7; 9000];
    let mut bytes =
        archive(&[hmac(), member(b'0', "a", &noise), member(b'0', "b", &noise), hmac()]);
    let whole = scan_tar(&bytes).files().len();
    // From the body of `a` into that of `b`.
    bytes[8192..8192 + 4096].fill(0);
    let recorder = scan_tar(&bytes);
    assert_eq!(recorder.gaps(), [GapKind::TrailingData, GapKind::CorruptStream]);
    assert_eq!(recorder.files().len(), whole - 1);
}

#[test]
fn other_bytes_behind_the_end_are_trailing_data() {
    check(&[archive(&[hmac()]), b"<html>".to_vec()].concat(), &[GapKind::TrailingData], &[HMAC]);
    check(&[archive(&[hmac()]), vec![b'x'; 2000]].concat(), &[GapKind::TrailingData], &[HMAC]);
}

#[test]
fn damaged_header_is_passed_over() {
    let mut bad = member(b'0', "bad", b"lost");
    bad[0] ^= 1;
    check(
        &archive(&[hmac(), bad.clone(), member(b'0', "b", b"2")]),
        &[GapKind::Corrupt],
        &[HMAC, ("b", "2")],
    );
    check(&archive(&[bad, hmac()]), &[GapKind::Corrupt], &[HMAC]);
}

#[test]
fn senseless_sizes_are_damage() {
    for size in [*b"0000000x004\0", [0xff; 12], *b"            "] {
        let bad = member_of(b'0', "bad", b"lost", |header| header.as_old_mut().size = size);
        check(&archive(&[bad, hmac()]), &[GapKind::Corrupt], &[HMAC]);
    }
}

#[test]
fn absurd_sizes_are_a_cut() {
    let huge = member_of(b'0', "skip", b"", |header| header.set_size(1 << 62));
    check(&[hmac(), huge].concat(), &[GapKind::Partial], &[HMAC]);
    let octal = member_of(b'0', "big", b"", |header| header.set_size(8 << 30));
    check(&[hmac(), octal].concat(), &[GapKind::TooLarge, GapKind::Partial], &[HMAC]);
    let pax = member(b'x', "x", &record("size", "100000000000000000"));
    check(&[hmac(), pax, member(b'0', "skip", b"")].concat(), &[GapKind::Partial], &[HMAC]);
}

#[test]
fn long_names_come_from_extensions() {
    let name = "d/".repeat(200) + "hmac";
    let gnu = member(b'L', "././@LongLink", format!("{name}\0").as_bytes());
    let pax = member(b'x', "x", &record("path", &name));
    for extension in [gnu, pax] {
        check(&archive(&[extension, hmac(), hmac()]), &[], &[(&name, "key"), HMAC]);
    }
    let size = member(b'x', "x", &record("size", "3"));
    let zero = member_of(b'0', "a", b"key", |header| header.set_size(0));
    check(&archive(&[size, zero]), &[], &[("a", "key")]);
}

#[test]
fn ustar_prefix_belongs_to_the_name() {
    let posix = member_of(b'0', "hmac", b"k", |header| {
        header.as_mut_bytes()[257..265].copy_from_slice(b"ustar\x0000");
        header.as_mut_bytes()[345..348].copy_from_slice(b"a/b");
    });
    check(&archive(&[posix]), &[], &[("a/b/hmac", "k")]);
    let gnu = member_of(b'0', "hmac", b"k", |header| {
        header.as_mut_bytes()[345..348].copy_from_slice(b"123");
    });
    check(&archive(&[gnu]), &[], &[("hmac", "k")]);
}

#[test]
fn entry_of_a_malformed_extension_is_skipped() {
    let bad = member(b'x', "x", b"99 path=y\n");
    check(&archive(&[bad, member(b'0', "wrong", b"1"), hmac()]), &[GapKind::Corrupt], &[HMAC]);
    let orphan = member(b'x', "x", &record("path", "y"));
    check(&archive(&[orphan]), &[GapKind::Corrupt, GapKind::EmptyArchive], &[]);
}

#[test]
fn entry_with_contradicting_extensions_is_skipped() {
    let long = |name: &str| member(b'L', "l", format!("{name}\0").as_bytes());
    let pax = |key: &str, value: &str| member(b'x', "x", &record(key, value));
    for (first, second) in [
        (pax("path", "y"), pax("mtime", "1")),
        (pax("mtime", "1"), pax("mtime", "1")),
        (long("y"), long("z")),
        (pax("path", "y"), long("z")),
        (long("z"), pax("path", "y")),
        (pax("linkpath", "y"), member(b'K', "l", b"z\0")),
    ] {
        let bytes = archive(&[first, second, member(b'0', "wrong", b"1"), hmac()]);
        check(&bytes, &[GapKind::Corrupt], &[HMAC]);
    }
    for (first, second) in [
        (pax("path", "y"), long("y")),
        (pax("mtime", "1"), long("y")),
        (long("y"), pax("mtime", "1")),
        (long("y"), long("y")),
        (long("y"), member(b'K', "l", b"z\0")),
    ] {
        check(
            &archive(&[first, second, member(b'0', "x", b"1"), hmac()]),
            &[],
            &[("y", "1"), HMAC],
        );
    }
}

#[test]
fn oversized_extension_is_skipped_with_its_entry() {
    let long = member(b'L', "l", &vec![b'a'; (1 << 20) + 1]);
    check(&archive(&[long, member(b'0', "wrong", b"1"), hmac()]), &[GapKind::OverLimit], &[HMAC]);
}

#[test]
fn path_longer_than_any_is_skipped_and_not_shown() {
    for (kind, key) in [(b'0', "path"), (b'0', "GNU.sparse.name"), (b'2', "linkpath")] {
        let entry = |length: usize| {
            let mut records = record(key, &"a".repeat(length));
            if key.starts_with("GNU") {
                records.extend(record("GNU.sparse.size", "1"));
                records.extend(record("GNU.sparse.map", "0,1"));
            }
            let body: &[u8] = if kind == b'2' { b"" } else { b"1" };
            archive(&[member(b'x', "x", &records), member(kind, "l", body), hmac()])
        };
        assert_eq!(scan_tar(&entry(4096)).gaps(), [], "{key}");
        let recorder = scan_tar(&entry(4097));
        assert_eq!((recorder.gaps(), kinds(&recorder).len()), (vec![GapKind::OverLimit], 1));
        let Some(Event::Gap { path: None, reason, .. }) = recorder.events.first() else { panic!() };
        assert!(reason.len() < 200, "{reason}");
    }
}

#[test]
fn user_name_longer_than_any_is_left_out() {
    let user = |length: usize| {
        let pax = member(b'x', "x", &record("uname", &"u".repeat(length)));
        let recorder = scan_tar(&archive(&[pax, hmac()]));
        let Some(Event::Entry { owner: Some(owner), .. }) = recorder.events.first() else {
            panic!()
        };
        owner.user.as_ref().map(String::len)
    };
    assert_eq!((user(256), user(257)), (Some(256), None));
}

#[test]
fn global_header_that_renames_is_not_applied() {
    let global = member(b'g', "g", &record("path", "y"));
    check(&archive(&[global, hmac()]), &[GapKind::GlobalPath], &[HMAC]);
    let comment = member(b'g', "g", &record("comment", "y"));
    check(&archive(&[comment, hmac()]), &[], &[HMAC]);
}

#[test]
fn links_and_devices_have_no_body() {
    let link = |kind, name, target: &str| {
        member_of(kind, name, b"", |header| {
            header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
            header.set_size(4096);
        })
    };
    let inside = |path: &str| LinkTarget::Inside(path.to_owned());
    let recorder = scan_tar(&archive(&[
        link(b'1', "d/h", "d/t"),
        link(b'2', "d/s", "../t"),
        link(b'2', "o", "/etc/passwd"),
        link(b'3', "dev", ""),
        link(b'6', "fifo", ""),
        link(b'5', "d/", ""),
    ]));
    assert_eq!(recorder.gaps(), []);
    let expected = [
        ("d/h", EntryKind::HardLink(inside("d/t"))),
        ("d/s", EntryKind::SymbolicLink(inside("t"))),
        ("o", EntryKind::SymbolicLink(LinkTarget::Outside("/etc/passwd".to_owned()))),
        ("dev", EntryKind::Other),
        ("fifo", EntryKind::Other),
        ("d", EntryKind::Directory),
    ];
    assert_eq!(kinds(&recorder), expected.map(|(path, kind)| (path.to_owned(), kind)));
}

#[test]
fn types_of_old_tars_are_known() {
    check(&archive(&[member(b'V', "label", b""), member(b'7', "a", b"1")]), &[], &[("a", "1")]);
    check(&archive(&[member(b'M', "a", b"1"), hmac()]), &[GapKind::Unsupported], &[HMAC]);
    let recorder = scan_tar(&archive(&[member(0, "d/", b""), member(b'D', "e/", b"Yx\0\0")]));
    assert_eq!(kinds(&recorder), ["d", "e"].map(|path| (path.to_owned(), EntryKind::Directory)));
}

#[test]
fn old_gnu_sparse_is_expanded() {
    let sparse = member_of(b'S', "sp", b"abcd", |header| {
        let gnu = header.as_gnu_mut().unwrap();
        gnu.sparse[0].set_offset(1);
        gnu.sparse[0].set_length(1);
        gnu.set_is_extended(true);
        gnu.set_real_size(9);
    });
    let mut map = vec![0; 512];
    map[..11].copy_from_slice(b"00000000003");
    map[12..23].copy_from_slice(b"00000000003");
    let bytes = archive(&[sparse[..512].to_vec(), map, sparse[512..].to_vec(), hmac()]);
    check(&bytes, &[], &[("sp", "\0a\0bcd\0\0\0"), HMAC]);
}

#[test]
fn pax_sparse_is_expanded() {
    let sparse = |records: &[(&str, &str)], body: &[u8]| {
        let records: Vec<_> = records
            .iter()
            .flat_map(|(key, value)| record(&format!("GNU.sparse.{key}"), value))
            .collect();
        archive(&[member(b'x', "x", &records), member(b'0', "GNUSparseFile.1/sp", body), hmac()])
    };
    let mut body = b"1\n2\n3\n".to_vec();
    body.resize(512, 0);
    body.extend_from_slice(b"abc");
    let v1 = [("major", "1"), ("minor", "0"), ("name", "sp"), ("realsize", "6")];
    check(&sparse(&v1, &body), &[], &[("sp", "\0\0abc\0"), HMAC]);
    let v01 = [("size", "6"), ("numblocks", "1"), ("name", "sp"), ("map", "2,3")];
    check(&sparse(&v01, b"abc"), &[], &[("sp", "\0\0abc\0"), HMAC]);
    let v00 = [("size", "6"), ("numblocks", "1"), ("offset", "2"), ("numbytes", "3")];
    check(&sparse(&v00, b"abc"), &[], &[("GNUSparseFile.1/sp", "\0\0abc\0"), HMAC]);
    check(&sparse(&v01, b"abcd"), &[GapKind::Unsupported], &[HMAC]);
    check(
        &sparse(&[("major", "2"), ("name", "sp"), ("realsize", "6")], b"abc"),
        &[GapKind::Unsupported],
        &[HMAC],
    );
}

#[test]
fn archive_inside_that_is_empty_or_sparse_is_told() {
    let sparse = |name: &str| {
        member_of(b'S', name, b"abcd", |header| header.as_gnu_mut().unwrap().set_real_size(9))
    };
    let inner = |inside: Vec<u8>| {
        let recorder = Recorder { want: Some(Want::Archive), ..Recorder::default() };
        let bytes = archive(&[inside, member(b'0', "skip", b"x")]);
        scan(&bytes, Feed::Whole, &Limits::default(), recorder, false).gaps()
    };
    assert_eq!(inner(member(b'0', "p.tar.gz", b"")), [GapKind::EmptyFile]);
    assert_eq!(inner(member(b'0', "p.gz", b"")), [GapKind::EmptyFile]);
    assert_eq!(inner(member(b'0', "p.lock", b"")), []);
    assert_eq!(inner(sparse("p.tar")), [GapKind::Unsupported]);
}

#[test]
fn faulty_sparse_map_matters_only_where_the_body_does() {
    let sparse = |name: &str| {
        member_of(b'S', name, b"abcd", |header| {
            header.as_gnu_mut().unwrap().sparse[0].offset = *b"nonsense1234";
        })
    };
    check(&archive(&[sparse("skip"), hmac()]), &[], &[HMAC]);
    check(&archive(&[sparse("sp"), hmac()]), &[GapKind::Unsupported], &[HMAC]);
}

#[test]
fn odd_names_are_normalised_and_noted_once() {
    let bytes =
        archive(&[member(b'0', "/a", b"1"), member(b'0', "../b", b"2"), member(b'5', "./", b"")]);
    check(&bytes, &[GapKind::UnsafeName], &[("a", "1"), ("b", "2")]);
}

#[test]
fn bodies_come_as_wanted() {
    let bytes = archive(&[member(b'0', "a", b"12345")]);
    let run = |want| {
        let recorder = Recorder { want: Some(want), ..Recorder::default() };
        let recorder = scan(&bytes, Feed::ByByte, &Limits::default(), recorder, false);
        (files(&recorder), recorder.gaps())
    };
    assert_eq!(run(Want::Nothing), (vec![], vec![]));
    assert_eq!(run(Want::Prefix { bytes_max: 2 }), (vec![pair("a", "12")], vec![]));
    assert_eq!(run(Want::Prefix { bytes_max: 9 }), (vec![pair("a", "12345")], vec![]));
    assert_eq!(run(Want::Prefix { bytes_max: 0 }), (vec![pair("a", "")], vec![]));
    assert_eq!(run(Want::Whole { bytes_max: 5 }), (vec![pair("a", "12345")], vec![]));
    assert_eq!(run(Want::Whole { bytes_max: 4 }), (vec![], vec![GapKind::TooLarge]));
    assert_eq!(run(Want::Stream), (vec![pair("a", "12345")], vec![]));
}

#[test]
fn streams_come_in_pieces_to_their_end_or_leave_a_gap() {
    let bytes = archive(&[member(b'0', "a", &[1; 5000]), member(b'0', "b", b""), hmac()]);
    let run = |bytes: &[u8], feed| {
        let recorder = Recorder { want: Some(Want::Stream), ..Recorder::default() };
        let recorder = scan(bytes, feed, &Limits::default(), recorder, false);
        let lengths: Vec<_> = recorder.files().iter().map(|(_, body)| body.len()).collect();
        (lengths, recorder.pieces.len(), recorder.gaps())
    };
    for feed in [Feed::Whole, Feed::ByByte, Feed::Jumping] {
        assert_eq!(run(&bytes, feed), (vec![5000, 0, 3], 0, vec![]), "{feed:?}");
        assert_eq!(run(&bytes[..4000], feed), (vec![], 4000 - 512, vec![GapKind::Partial]));
    }
}

#[test]
fn sparse_files_are_not_streamed() {
    let records = [("size", "6"), ("numblocks", "1"), ("name", "sp"), ("map", "2,3")]
        .map(|(key, value)| record(&format!("GNU.sparse.{key}"), value));
    let pax = member(b'x', "x", &records.concat());
    let bytes = archive(&[pax, member(b'0', "GNUSparseFile.1/sp", b"abc"), hmac()]);
    let recorder = Recorder { want: Some(Want::Stream), ..Recorder::default() };
    let recorder = scan(&bytes, Feed::Whole, &Limits::default(), recorder, false);
    assert_eq!(
        (files(&recorder), recorder.gaps()),
        (vec![pair(HMAC.0, HMAC.1)], vec![GapKind::Unsupported])
    );
}

#[test]
fn sparse_and_empty_archives_are_told_and_not_opened() {
    let records = [("size", "6"), ("numblocks", "1"), ("name", "b.tar"), ("map", "2,3")]
        .map(|(key, value)| record(&format!("GNU.sparse.{key}"), value));
    let pax = member(b'x', "x", &records.concat());
    let sparse = member(b'0', "GNUSparseFile.1/b.tar", b"abc");
    let bytes = archive(&[pax, sparse, member(b'0', "c.tgz", b""), member(b'0', "d.txt", b"")]);
    let recorder = Recorder { want: Some(Want::Archive), ..Recorder::default() };
    let recorder = scan(&bytes, Feed::Whole, &Limits::default(), recorder, false);
    assert_eq!(recorder.gaps(), [GapKind::Unsupported, GapKind::EmptyFile]);
}

#[test]
fn body_lies_at_the_offset_told_whatever_names_it() {
    let long = format!("{}/x", "d".repeat(200));
    let body = |byte: u8| vec![byte; 700];
    let archive = archive(&[
        member_of(b'0', "ustar", &body(1), |header| {
            header.as_mut_bytes()[257..265].copy_from_slice(b"ustar\x0000");
        }),
        member(b'x', "x", &record("path", &long)),
        member(b'0', "pax", &body(2)),
        member(b'L', "././@LongLink", format!("{long}\0").as_bytes()),
        member(b'0', "gnu", &body(3)),
        member(b'5', "directory", b""),
        member(b'2', "link", b""),
        member(b'0', "skip", &body(4)),
    ]);
    let recorder = scan_tar(&archive);
    let paths: Vec<_> = recorder.parts.iter().map(|(path, ..)| path.as_str()).collect();
    assert_eq!(paths, ["ustar", &long, &long, "skip"]);
    for ((_, bytes, extent), byte) in recorder.parts.into_iter().zip(1..) {
        let Extent::Plain { start } = extent else { panic!() };
        let start = usize::try_from(start).unwrap();
        assert_eq!((bytes, &archive[start..start + 700]), (700, &body(byte)[..]));
    }
}

#[test]
fn sparse_bodies_and_those_compressed_twice_cannot_be_read_again() {
    let sparse = archive(&[
        member(b'x', "x", &record("GNU.sparse.realsize", "9")),
        member(b'0', "skip", b"1"),
        member_of(b'S', "skip", b"1", |_| {}),
    ]);
    let recorder = scan_tar(&sparse);
    assert_eq!((kinds(&recorder).len(), recorder.parts), (2, vec![]));
    let packed = gzip(&archive(&[hmac()]));
    let home = tempfile::tempdir().unwrap();
    let extents = |packed: &[u8]| {
        let path = home.path().join("x");
        std::fs::write(&path, packed).unwrap();
        let (_, recorder) = walk_path(&path, &Limits::default(), Recorder::default());
        assert_eq!(recorder.files().len(), 1);
        recorder.parts.iter().map(|(.., extent)| *extent).collect::<Vec<_>>()
    };
    let once = vec![Extent::Plain { start: 512 }];
    assert_eq!((extents(&packed), extents(&gzip(&packed))), (once, vec![]));
}

#[test]
fn limits_end_the_scan() {
    let bytes = archive(&[hmac(), hmac(), hmac()]);
    for limits in [
        Limits { entries_max: 1, ..Limits::default() },
        Limits { unpacked_bytes_max: 1100, ..Limits::default() },
    ] {
        let recorder = scan(&bytes, Feed::ByByte, &limits, Recorder::default(), false);
        assert_eq!(
            (files(&recorder), recorder.gaps()),
            (vec![pair(HMAC.0, HMAC.1)], vec![GapKind::OverLimit])
        );
    }
}

/// Scans without the window of the driver, which costs more than a small tar does.
fn push(bytes: &[u8]) -> Recorder {
    let mut recorder = Recorder::default();
    let limits = Limits::default();
    let mut scanner = Scanner::new(&limits, &mut recorder, Repeats::Anywhere, Depth::default());
    scanner.push(bytes);
    scanner.finish();
    recorder
}

#[test]
fn failing_input_concerns_the_source_as_a_whole() {
    let bytes = archive(&[hmac(), member(b'0', "skip", &[1; 3000]), hmac()]);
    for length in [100, 600, 1100, 1600, 2000] {
        let mut recorder = Recorder::default();
        let limits = Limits::default();
        let mut scanner = Scanner::new(&limits, &mut recorder, Repeats::Anywhere, Depth::default());
        scanner.push(&bytes[..length]);
        scanner.fail(&io::Error::other("no medium"));
        let Some(Event::Gap { path: None, kind, reason }) = recorder.events.pop() else {
            panic!("{length}")
        };
        assert_eq!(kind, GapKind::Unreadable);
        assert!(reason.starts_with("no medium at byte"), "{reason}");
    }
}

/// A small tar with every kind of member that carries facts.
fn sample() -> Vec<u8> {
    let name = "d/".repeat(60) + "long";
    let pax = member(b'x', "x", &record("path", &name));
    archive(&[
        hmac(),
        pax,
        member(b'0', "short", b"1"),
        member(b'2', "s", b""),
        member(b'0', "z", &[7; 600]),
    ])
}

#[test]
fn every_prefix_keeps_what_came_and_has_a_gap() {
    let bytes = sample();
    let whole = scan_tar(&bytes).facts();
    for length in 0..bytes.len() {
        let recorder = push(&bytes[..length]);
        assert!(whole.starts_with(&recorder.facts()), "{length}");
        assert!(!recorder.gaps().is_empty(), "{length}");
    }
}

#[test]
fn flipped_header_byte_leaves_a_gap() {
    flips_leave_gaps(7);
}

#[test]
#[ignore = "sweep"]
fn every_flipped_header_byte_leaves_a_gap() {
    flips_leave_gaps(1);
}

fn flips_leave_gaps(step: usize) {
    let bytes = sample();
    let whole = scan_tar(&bytes).facts();
    for at in (0..bytes.len()).step_by(step) {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let recorder = push(&damaged);
            // A plain tar has no checksum over bodies; headers have one.
            let same_shape = kinds(&recorder).len() == 4 && recorder.facts().len() == whole.len();
            assert!(!recorder.gaps().is_empty() || same_shape, "byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn trees_packed_by_the_tar_crate_come_back(
        tree in proptest::collection::btree_map("[a-zA-Zä]{1,8}(/[a-z .]{0,60}[a-z]){0,5}", proptest::collection::vec(any::<u8>(), 0..2000), 0..12)
    ) {
        let mut builder = ::tar::Builder::new(Vec::new());
        for (path, body) in &tree {
            let mut header = ::tar::Header::new_gnu();
            header.set_size(body.len() as u64);
            builder.append_data(&mut header, path, body.as_slice()).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let recorder = scan(&bytes, Feed::Jumping, &Limits::default(), Recorder { want: Some(Want::Whole { bytes_max: 4096 }), ..Recorder::default() }, false);
        let mut expected: Vec<_> = tree.into_iter().collect();
        expected.retain(|(path, _)| !path.contains("skip"));
        let gaps = recorder.gaps();
        if expected.is_empty() {
            prop_assert_eq!(gaps, vec![GapKind::EmptyArchive]);
        } else {
            prop_assert_eq!(gaps, vec![]);
        }
        prop_assert_eq!(recorder.files(), expected);
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..4000), at in 0_usize..3000) {
        let mut bytes = sample();
        let end = bytes.len().min(at.saturating_add(noise.len()));
        bytes[at..end].copy_from_slice(&noise[..end.saturating_sub(at)]);
        scan(&bytes, Feed::Whole, &Limits::default(), Recorder::default(), false);
        scan(&noise, Feed::Whole, &Limits::default(), Recorder::default(), true);
    }
}

/// Bytes that can jump and count how many of them are read.
struct Counted<'a> {
    bytes: Cursor<&'a [u8]>,
    read: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.bytes.read(out)?;
        self.read = self.read.saturating_add(length);
        Ok(length)
    }
}

impl Input for Counted<'_> {
    fn jump(&mut self, bytes: u64) -> io::Result<u64> {
        self.bytes.seek(SeekFrom::Current(i64::try_from(bytes).unwrap()))?;
        Ok(bytes)
    }
}

#[test]
fn of_what_is_jumped_over_hardly_more_is_read_than_the_headers_and_what_is_wanted() {
    const WANTED: usize = 64 << 10;
    let body = vec![b'x'; 200_000];
    let jars: Vec<_> =
        (0..20).map(|number| member(b'0', &format!("{number}.jar"), &body)).collect();
    let packed = archive(&jars);
    let (limits, want) = (Limits::default(), Want::Prefix { bytes_max: WANTED as u64 });
    let mut input = Counted { bytes: Cursor::new(&packed), read: 0 };
    let recorder = Recorder { want: Some(want), ..Recorder::default() };
    let recorder = with_context(&limits, recorder, |context| {
        let opened = Opened { head: Wiped::default(), input: &mut input };
        (super::CONTAINER.walk)(opened, context);
    });
    assert_eq!((recorder.files().len(), recorder.gaps()), (20, vec![]));
    // The first read knows nothing of what comes.
    let most = super::WINDOW_BYTES + 20 * (WANTED + super::LANDING_BYTES);
    assert!(input.read <= most, "{} of {most}", input.read);
}

/// Long runs of small files, with something to jump over between them and archives at the ends of what is read at once.
fn dense_and_hollow() -> Vec<u8> {
    // Of a length that no compression takes away, so that it does not fit into what is read at once.
    let drawn: Vec<u8> =
        (0..600_000_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let inside = archive(&[member(b'0', "inside/skip", &drawn), hmac()]);
    let members = (0..6000).flat_map(|number| {
        let small = member(b'0', &format!("{number}/skip"), &[7; 1500]);
        let other = match number % 3000 {
            0 => hmac(),
            300 => member(b'0', &format!("{number}.tar"), &inside),
            2900 => member(b'0', "skip", &vec![1; 700_000]),
            // Behind something short to jump over.
            2800 => {
                [member(b'0', "skip", &vec![1; 220_000]), member(b'0', "a.tar", &inside)].concat()
            }
            _ => Vec::new(),
        };
        [small, other]
    });
    archive(&members.collect::<Vec<_>>())
}

#[test]
fn compressed_tar_reads_the_same_in_several_threads() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("x");
    let whole = dense_and_hollow();
    let whole = &whole[..7 << 20];
    for packed in [gzip(whole), zstd(whole), xz(whole), bzip2(whole)] {
        for length in [packed.len(), packed.len() * 9 / 10] {
            std::fs::write(&path, &packed[..length]).unwrap();
            // Where a limit ends the walk, no more is unpacked in one way than in the other.
            for entries_max in [u64::MAX, 3200] {
                let [one, several] = [1, 3].map(|source_threads_max| {
                    let limits = Limits { entries_max, source_threads_max, ..Limits::default() };
                    let want = Some(Want::Archive);
                    let recorder = Recorder { want, ..Recorder::default() };
                    let (walked, recorder) = walk_path(&path, &limits, recorder);
                    (walked.entries, recorder.events)
                });
                assert!(one.1.len() > 1000 && one == several, "{length} {entries_max}");
            }
        }
    }
}

#[test]
fn dense_tar_reads_the_same_in_two_threads() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("dense.tar");
    let whole = dense_and_hollow();
    for length in [whole.len(), whole.len() - 1024, 8 << 20, (6 << 20) + 77, 4_500_000] {
        std::fs::write(&path, &whole[..length]).unwrap();
        for want in [None, Some(Want::Archive)] {
            let [one, two] = [1, 2].map(|source_threads_max| {
                let limits = Limits { source_threads_max, ..Limits::default() };
                walk_path(&path, &limits, Recorder { want, ..Recorder::default() }).1.events
            });
            assert!(one.len() > 1000 && one == two, "{length} {want:?}");
        }
    }
}
