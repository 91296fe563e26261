//! Many uploads: names that stay, facts that are kept, and exit codes for drivers.

use crate::cases;
use crate::pack::Packing;
use crate::run::{aemtrix, list, operand};
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::SystemTime;
use tempfile::TempDir;

/// The sources of a case, as archives in a directory.
fn packed(name: &str) -> (TempDir, Vec<OsString>) {
    let home = tempfile::tempdir().unwrap();
    let case = cases::all().into_iter().find(|case| case.name == name).unwrap();
    let pack = |(name, case): (&String, &crate::pack::Case)| {
        operand(name, &case.pack_into(home.path(), Packing::TarGz, name))
    };
    let sources = case.sources.iter().map(pack).collect();
    (home, sources)
}

fn run(arguments: &[&str], operands: &[OsString], input: &[u8]) -> (Vec<u8>, i32) {
    let output =
        aemtrix().args(arguments).args(operands).write_stdin(input.to_vec()).output().unwrap();
    (output.stdout, output.status.code().unwrap())
}

fn sources_of(report: &[u8]) -> Vec<String> {
    let report: Value = serde_json::from_slice(report).unwrap();
    list(&report["sources"]).map(|source| source["name"].as_str().unwrap().to_owned()).collect()
}

/// The files of a directory with the times they were written at.
fn files(directory: &Path) -> Vec<(OsString, SystemTime)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn facts_that_are_kept_are_judged_as_sources_are_and_read_once() {
    for name in ["odd-pair", "jcr-leftover", "log-signatures", "key-misplaced"] {
        let (home, sources) = packed(name);
        let scanned = run(&["scan", "-q", "-f", "json"], &sources, b"");
        let kept = home.path().join("kept");
        let arguments = ["scan", "-q", "-f", "json", "--facts-dir", kept.to_str().unwrap()];
        assert_eq!(run(&arguments, &sources, b""), scanned, "{name}");
        let first = files(&kept);
        assert_eq!(first.len(), sources.len(), "{name}");
        assert_eq!(run(&arguments, &sources, b""), scanned, "{name}, again");
        assert_eq!(files(&kept), first, "{name}: what was read is not read again");
        let all: Vec<OsString> = first.iter().map(|(file, _)| kept.join(file).into()).collect();
        assert_eq!(run(&["report", "-q", "-f", "json"], &all, b""), scanned, "{name}, merged");
    }
}

#[test]
fn facts_that_are_not_whole_or_of_another_time_or_other_options_are_read_again() {
    let (home, sources) = packed("odd-pair");
    let kept = home.path().join("kept");
    let arguments = ["scan", "-q", "-f", "json", "--facts-dir", kept.to_str().unwrap()];
    let scanned = run(&arguments, &sources, b"");
    let first = files(&kept);
    let file = kept.join(&first[0].0);
    let text = fs::read(&file).unwrap();
    for damage in [&text[..0], &text[..text.len() / 2], b"x", &text[text.len() / 3..]] {
        fs::write(&file, damage).unwrap();
        assert_eq!(run(&arguments, &sources, b""), scanned);
        assert_eq!(fs::read(&file).unwrap(), text);
    }
    run(&[&arguments[..], &["--no-logs"]].concat(), &sources, b"");
    assert_ne!(fs::read(&file).unwrap(), text, "other options");
    let path = home.path().join("author.tar.gz");
    let upload = if path.exists() {
        path
    } else {
        let mut archives = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        archives.find(|path| path.is_file()).unwrap()
    };
    let whole = fs::read(&upload).unwrap();
    let written = fs::metadata(&upload).unwrap().modified().unwrap();
    fs::write(&upload, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(run(&arguments, &sources, b"").1, 2, "it is cut by now");
    fs::write(&upload, &whole).unwrap();
    fs::File::options().append(true).open(&upload).unwrap().set_modified(written).unwrap();
    assert_eq!(run(&arguments, &sources, b""), scanned, "and whole again");
}

/// Messages of the findings of a rule.
fn told(report: &[u8], rule: &str) -> Vec<String> {
    let report: Value = serde_json::from_slice(report).unwrap();
    let found = list(&report["farms"]).flat_map(|farm| list(&farm["findings"]));
    let found = found.filter(|found| found["rule"] == rule);
    found.map(|found| found["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn keys_that_were_read_apart_are_said_not_to_have_been_tried() {
    let (home, sources) = packed("secret-unreadable");
    let (scanned, exit) = run(&["scan", "-q", "-f", "json"], &sources, b"");
    let rule = "secret-unreadable";
    assert!(
        told(&scanned, rule)[0].ends_with("but with that of publish2"),
        "{:?}",
        told(&scanned, rule)
    );
    let kept = home.path().join("kept");
    let arguments = ["scan", "-q", "-f", "json", "--facts-dir", kept.to_str().unwrap()];
    for source in &sources {
        run(&arguments, std::slice::from_ref(source), b"");
    }
    let (apart, exit_apart) = run(&arguments, &sources, b"");
    assert_eq!(exit_apart, exit);
    let end = "were not tried: they were read in another run";
    assert!(told(&apart, rule)[0].ends_with(end), "{:?}", told(&apart, rule));
    let facts = run(&["scan", "-q", "-f", "ndjson"], &sources, b"").0;
    let all = ["report", "-q", "-f", "json", kept.to_str().unwrap(), "-"];
    assert_eq!(run(&all, &[], &facts).0, scanned, "another run tried them");
    let together =
        ["scan", "-q", "-f", "json", "--facts-dir", home.path().join("new").to_str().unwrap()]
            .map(str::to_owned);
    let together: Vec<&str> = together.iter().map(String::as_str).collect();
    assert_eq!(run(&together, &sources, b"").0, scanned, "one run reads all");
}

/// The lines of a run by the source that they belong to, in the order in which sources are named.
fn blocks(facts: &[u8]) -> Vec<String> {
    let text = String::from_utf8(facts.to_vec()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut blocks = Vec::new();
    let mut open = BTreeSet::new();
    for line in &lines {
        let name = |of: &str| line[of]["source"].as_str().map(str::to_owned);
        open.extend(name("instance").into_iter().chain(name("gap")));
        if let Some(source) = line["source"]["name"].as_str() {
            open.insert(source.to_owned());
            assert_eq!(open.len(), 1, "lines of another source in between");
            blocks.extend(std::mem::take(&mut open));
        }
    }
    assert!(lines.last().unwrap()["end"].is_object());
    blocks
}

#[test]
fn lines_of_a_source_are_one_block_and_reports_sort_them() {
    let (home, mut sources) = packed("good-farm");
    let scanned = run(&["scan", "-q", "-f", "json"], &sources, b"");
    for threads in ["1", "3"] {
        let (facts, exit) = run(&["scan", "-q", "-f", "ndjson", "-j", threads], &sources, b"");
        assert_eq!((blocks(&facts).len(), exit), (sources.len(), 0));
        assert_eq!(run(&["report", "-q", "-f", "json", "-"], &[], &facts), scanned);
        sources.reverse();
    }
    let file = home.path().join("all.ndjson");
    run(&["scan", "-q", "-f", "json", "-o", file.to_str().unwrap()], &sources, b"");
    let facts = run(&["scan", "-q", "-f", "ndjson"], &sources, b"").0;
    assert_eq!(
        run(&["report", "-q", "-f", "ndjson", "-"], &[], &facts).0,
        fs::read(&file).unwrap()
    );
    let (odd, sources) = packed("odd-pair");
    assert_eq!(run(&["scan", "-q", "-f", "json"], &sources, b"").1, 1);
    assert_eq!(run(&["scan", "-q", "-f", "ndjson"], &sources, b"").1, 0, "nothing is judged");
    let missing = [&sources[..], &[odd.path().join("missing").into_os_string()]].concat();
    let (facts, exit) = run(&["scan", "-q", "-f", "ndjson"], &missing, b"");
    assert_eq!(exit, 2);
    assert_eq!(
        run(&["report", "-q", "-f", "json", "-"], &[], &facts),
        run(&["scan", "-q", "-f", "json"], &missing, b"")
    );
}

#[test]
fn facts_are_kept_in_no_source() {
    let (home, _) = packed("odd-pair");
    let kept = home.path().join("kept");
    let arguments = ["scan", "-q", "--facts-dir", kept.to_str().unwrap()];
    let folder = home.path().join("crx-quickstart");
    fs::create_dir_all(folder.join("launchpad")).unwrap();
    let inside = ["scan", "-q", "--facts-dir", folder.to_str().unwrap()];
    assert_eq!(run(&inside, &[folder.clone().into()], b"").1, 2);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is written there");
    assert_ne!(run(&arguments, &["missing.tar".into()], b"").1, 0);
}

#[test]
fn upload_has_its_own_name_whatever_file_it_was_copied_to() {
    let (home, sources) = packed("odd-pair");
    let upload = sources[0]
        .to_str()
        .unwrap()
        .split_once('=')
        .map_or_else(|| sources[0].to_str().unwrap().to_owned(), |(_, path)| path.to_owned());
    let name = "s3://uploads/2026-11/author.tar.gz";
    let named = ["scan", "-q", "-f", "json", "--as", name];
    let (by_file, _) = run(&named, &[upload.clone().into()], b"");
    assert_eq!(sources_of(&by_file), [name]);
    let (by_pipe, _) = run(&named, &["-".into()], &fs::read(&upload).unwrap());
    assert_eq!(sources_of(&by_pipe), [name]);
    let list = home.path().join("list");
    fs::write(&list, format!("{name}\t{upload}\n")).unwrap();
    let listed = ["scan", "-q", "-f", "json", "--files-from", list.to_str().unwrap()];
    assert_eq!(run(&listed, &[], b"").0, by_file);
    assert_eq!(run(&named, &sources, b"").1, 2, "one name for several");
    let twice = home.path().join("again.tar.gz");
    fs::copy(&upload, &twice).unwrap();
    fs::write(&list, format!("{name}\t{upload}\n{name}\t{}\n", twice.display())).unwrap();
    assert_eq!(run(&listed, &[], b"").1, 2, "two of one name");
}

#[test]
fn driver_gets_no_failure_for_what_the_record_says() {
    let home = tempfile::tempdir().unwrap();
    let damaged = home.path().join("damaged.tar.gz");
    fs::write(&damaged, b"\x1f\x8b\x08\0").unwrap();
    let source = [damaged.into_os_string()];
    let scan = |more: &[&str]| run(&[&["scan", "-q", "-f", "ndjson"], more].concat(), &source, b"");
    assert_eq!(scan(&["--exit-zero"]).1, 2);
    let (facts, exit) = scan(&["--exit-zero=all"]);
    assert_eq!(exit, 0);
    let line = facts
        .split(|byte| *byte == b'\n')
        .find(|line| String::from_utf8_lossy(line).contains("\"source\":{"));
    let line: Value = serde_json::from_slice(line.unwrap()).unwrap();
    assert_eq!(
        (&line["source"]["status"], &line["source"]["bytes"]),
        (&"damaged".into(), &4.into())
    );
    assert_eq!(line["source"]["tool"], env!("CARGO_PKG_VERSION"));
    assert!(line["source"]["mtime_ms"].as_u64().unwrap() > 1_700_000_000_000);
    assert_eq!(scan(&["--exit-zero=all", "-o", "/missing/x.json"]).1, 2, "output");
}

#[test]
fn facts_are_read_from_folders_lists_and_packed_files() {
    let (home, sources) = packed("odd-pair");
    let folder = home.path().join("facts");
    fs::create_dir(&folder).unwrap();
    let scanned = run(&["scan", "-q", "-f", "json"], &sources, b"");
    let mut files = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let facts = run(&["scan", "-q", "-f", "ndjson"], std::slice::from_ref(source), b"").0;
        let file = folder.join(format!("{number}.ndjson.gz"));
        let plain = folder.join(format!("{number}.ndjson"));
        if number == 0 {
            fs::write(&plain, facts).unwrap();
            files.push(plain);
        } else {
            // Two members, as `cat` joins them.
            let (one, other) = facts.split_at(facts.len() / 2);
            fs::write(&file, [crate::pack::gzip(one), crate::pack::gzip(other)].concat()).unwrap();
            files.push(file);
        }
    }
    fs::write(folder.join("farm.summary.ndjson"), b"{}\n").unwrap();
    let report = ["report", "-q", "-f", "json"];
    assert_eq!(run(&report, &[folder.clone().into()], b""), scanned);
    let lines = files.iter().flat_map(|file| [file.to_str().unwrap(), "\n"]);
    let list: String = lines.collect();
    let listed = [&report[..], &["--files-from", "-"]].concat();
    assert_eq!(run(&listed, &[], list.as_bytes()), scanned);
    assert_eq!(run(&listed, &[], b"").1, 2, "an empty list");
    let packed = fs::read(&files[1]).unwrap();
    fs::write(&files[1], &packed[..packed.len() - 9]).unwrap();
    assert_eq!(run(&report, &[folder.into()], b"").1, 2, "cut");
}

#[test]
fn many_farms_are_an_overview_and_one_is_shown_by_name() {
    let home = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo");
    for number in 1..=12 {
        let folder = home.path().join(format!("up/c{number}"));
        fs::create_dir_all(&folder).unwrap();
        let publish2 = if number == 3 { &["publish2"][..] } else { &[] };
        for name in ["author", "publish1"].iter().chain(publish2) {
            let file = format!("{name}.tar.gz");
            fs::copy(demo.join(&file), folder.join(&file)).unwrap();
        }
    }
    let uploads = [home.path().join("up").into_os_string()];
    let scan = |more: &[&str]| {
        let (out, exit) =
            run(&[&["scan", "-q", "--farm-by", "/up/([^/]+)/"], more].concat(), &uploads, b"");
        (String::from_utf8(out).unwrap(), exit)
    };
    let (table, exit) = scan(&[]);
    assert_eq!(exit, 1);
    assert!(table.starts_with("12 farms: 1 inconsistent, 11 consistent\n"), "{table}");
    assert!(table.contains("- hmac-differs [error]: 1 farm: c3"), "{table}");
    assert!(table.contains("12 farms: c1, c10, c11, "), "{table}");
    assert!(!table.contains("Farm c3"), "{table}");
    let (one, exit) = scan(&["--farm", "c3"]);
    assert_eq!((one.lines().next(), exit), (Some("Farm c3"), 1));
    assert!(!one.contains("c4"), "{one}");
    assert_eq!(scan(&["--farm", "c99"]).1, 2);
    assert_eq!(scan(&["--farm-by", "no-group"]).1, 2);
}

#[test]
fn farms_in_files_of_their_own_are_judged_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo");
    let (facts, by) = (home.path().join("facts"), ["--farm-by", "/up/([^/]+)/"]);
    fs::create_dir(&facts).unwrap();
    for (farm, names) in [("c1", &["author", "publish1"][..]), ("c2", &["author", "publish2"])] {
        let folder = home.path().join("up").join(farm);
        fs::create_dir_all(&folder).unwrap();
        for name in names.iter().map(|name| format!("{name}.tar.gz")) {
            fs::copy(demo.join(&name), folder.join(&name)).unwrap();
        }
        let lines = run(&["scan", "-q", "-f", "ndjson"], &[folder.into_os_string()], b"").0;
        fs::write(facts.join(format!("{farm}.ndjson")), lines).unwrap();
    }
    let operand = [facts.clone().into_os_string()];
    for format in ["summary", "csv", "findings"] {
        let whole = [&["report", "-q", "-f", format][..], &by].concat();
        let parts = [&whole[..], &["--partitioned"]].concat();
        assert_eq!(run(&parts, &operand, b""), run(&whole, &operand, b""), "{format}");
    }
    let refused = |more: &[&str]| {
        let start = ["report", "-q", "--partitioned", "-f"];
        run(&[&start[..], more].concat(), &operand, b"").1
    };
    assert_eq!(refused(&["json", "--farm-by", "/up/([^/]+)/"]), 2);
    assert_eq!(refused(&["summary", "--farm-by", "all"]), 2, "one farm in two files");
}
