//! Many uploads: names that stay, facts that are kept, and exit codes for drivers.

use crate::cases;
use crate::instance::Instance;
use crate::pack::Packing;
use crate::run::{aemtrix, list, operand, texts};
use crate::scenes::Scenes;
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
    let mut scenes = Scenes::default();
    scenes.add("twelve farms", &table.replace(home.path().to_str().unwrap(), "HOME"));
    scenes.are("many-farms");
    let (one, exit) = scan(&["--farm", "c3"]);
    let farms: Vec<_> = one.lines().filter(|line| line.starts_with("Farm ")).collect();
    assert_eq!((farms, exit), (vec!["Farm c3"], 1));
    assert_eq!(scan(&["--farm", "c99"]).1, 2);
    assert_eq!(scan(&["--farm-by", "no-group"]).1, 2);
}

/// The facts of two farms, a file each.
fn two_farms() -> (TempDir, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo");
    let facts = home.path().join("facts");
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
    (home, facts)
}

const BY_CUSTOMER: [&str; 2] = ["--farm-by", "/up/([^/]+)/"];

/// What is written, and the exit code, of all farms at once and of one after the other.
fn whole_and_parted(format: &str, more: &[&str], operand: &Path) -> [(String, i32); 2] {
    [&[][..], &["--partitioned"]].map(|parted| {
        let arguments = [&["report", "-q", "-f", format], &BY_CUSTOMER[..], more, parted].concat();
        let (out, exit) = run(&arguments, &[operand.to_owned().into_os_string()], b"");
        (String::from_utf8(out).unwrap(), exit)
    })
}

#[test]
fn farms_that_are_judged_one_after_the_other_are_as_all_at_once() {
    let (home, folder) = two_farms();
    let file = |name: &str, text: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let read = |name: &str| fs::read(folder.join(name)).unwrap();
    let joined = [read("c1.ndjson"), read("c2.ndjson")].concat();
    // Runs end in the last line here, and lines of bundles are there once.
    let merged = run(&["report", "-q", "-f", "ndjson"], &[folder.clone().into()], b"").0;
    let lines: Vec<&[u8]> = merged.split_inclusive(|byte| *byte == b'\n').collect();
    let mut bundles_first = lines.clone();
    bundles_first.sort_by_key(|line| !String::from_utf8_lossy(line).contains("\"bundles\":[{"));
    let in_the_middle =
        lines.iter().position(|line| String::from_utf8_lossy(line).contains("/c2/"));
    let (one, other) = lines.split_at(in_the_middle.unwrap() - 1);
    let halves = home.path().join("halves");
    fs::create_dir(&halves).unwrap();
    fs::write(halves.join("1.ndjson"), one.concat()).unwrap();
    fs::write(halves.join("2.ndjson"), other.concat()).unwrap();
    let known = home.path().join("known.json");
    let policy = file("policy.toml", b"[severity]\nhmac-differs = \"note\"\n");
    let written = [&["report", "-q", "-f", "summary"], &BY_CUSTOMER[..], &["--write-baseline"]];
    let written = [&written.concat()[..], &[known.to_str().unwrap()]].concat();
    assert_eq!(run(&written, &[folder.clone().into()], b"").1, 1);
    let baseline = ["--baseline", known.to_str().unwrap()];
    let policy = ["--policy", policy.to_str().unwrap()];
    for (what, operand) in [
        ("folder", folder.clone()),
        ("one file", file("joined.ndjson", &joined)),
        ("merged", file("merged.ndjson", &merged)),
        ("bundles first", file("bundles.ndjson", &bundles_first.concat())),
        ("packed", file("packed.ndjson.gz", &crate::pack::gzip(&merged))),
        ("a farm in two files", halves),
    ] {
        for format in ["summary", "csv", "findings"] {
            let [whole, parted] = whole_and_parted(format, &[], &operand);
            assert_eq!(parted, whole, "{what}, {format}");
        }
        for more in [&baseline, &policy, &["--farm-by", "all"]] {
            let [whole, parted] = whole_and_parted("findings", more, &operand);
            assert_eq!(parted, whole, "{what}, {more:?}");
        }
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "it unpacks an archive of the project, into a directory of its own"
)]
fn only_backups_join_farms_that_are_judged_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo");
    // Three folders that are called old have nothing in common; one backup is of another farm than its folder says.
    for (folder, name) in [
        ("gold/c1", "author"),
        ("hold/c2", "publish1"),
        ("old/c3", "publish2"),
        ("plain/c4/backups", "author"),
        ("plain/backups", "publish1"),
    ] {
        let folder = home.path().join("up").join(folder);
        fs::create_dir_all(&folder).unwrap();
        let name = format!("{name}.tar.gz");
        fs::copy(demo.join(&name), folder.join(&name)).unwrap();
    }
    let up = |folder: &str| home.path().join("up").join(folder);
    let packed = fs::File::open(demo.join("author.tar.gz")).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
    archive.unpack(up("plain/c4")).unwrap();
    let operands = [
        "gold/c1/author.tar.gz",
        "hold/c2/publish1.tar.gz",
        "old/c3/publish2.tar.gz",
        "plain/c4",
        "plain/backups/publish1.tar.gz",
    ];
    let operands = operands.map(|operand| up(operand).into_os_string());
    let facts = home.path().join("facts.ndjson");
    fs::write(&facts, run(&["scan", "-q", "-f", "ndjson"], &operands, b"").0).unwrap();
    let merged = run(&["report", "-q", "-f", "ndjson"], &[facts.clone().into()], b"").0;
    let lines = merged.split_inclusive(|byte| *byte == b'\n');
    // As files of one folder each come, whatever they are called.
    let mut lines: Vec<&[u8]> = lines.collect();
    let folders = ["/gold", "/plain/backups", "/hold", "/plain/c4", "/old"];
    let place = |line: &[u8]| {
        let line: Value = serde_json::from_slice(line).unwrap();
        let source = [&line["source"]["name"], &line["instance"]["source"]];
        let source = source.into_iter().find_map(Value::as_str).unwrap_or_default();
        let folder = folders.iter().position(|folder| source.contains(folder));
        (line["end"].is_object(), folder)
    };
    lines.sort_by_key(|line| place(line));
    fs::write(&facts, lines.concat()).unwrap();
    let [whole, parted] = [&[][..], &["--partitioned"]].map(|parted| {
        let arguments = [&["report", "-q", "-f", "summary", "--farm-by", "parent"], parted];
        let (out, exit) = run(&arguments.concat(), &[facts.clone().into()], b"");
        (String::from_utf8(out).unwrap(), exit)
    });
    let farm = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["farm"].as_str().unwrap().to_owned()
    };
    let farms: Vec<String> = whole.0.lines().map(farm).collect();
    assert_eq!(farms, ["backups", "c1", "c2", "c3", "plain"]);
    // Each comes when its last line was read.
    let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!((sorted(&parted.0), parted.1), (sorted(&whole.0), whole.1));
}

#[test]
fn damage_at_the_end_of_facts_leaves_open_the_farms_before_it() {
    let (home, folder) = two_farms();
    let merged = run(&["report", "-q", "-f", "ndjson"], &[folder.into()], b"").0;
    let cut = home.path().join("cut.ndjson");
    for (what, text) in [
        ("cut", merged[..merged.len() - 30].to_vec()),
        ("no fact", [&merged[..], b"{}\n"].concat()),
    ] {
        fs::write(&cut, text).unwrap();
        let [whole, parted] = whole_and_parted("summary", &[], &cut);
        assert_eq!((parted.1, whole.1), (2, 2), "{what}");
        let is_open = |text: &str| {
            text.lines().all(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                line["damaged"].as_array().unwrap().iter().any(|name| name == cut.to_str().unwrap())
            })
        };
        assert!(is_open(&whole.0) && is_open(&parted.0), "{what}: {}", parted.0);
        assert_eq!(parted.0.lines().count(), 2);
    }
}

#[test]
fn directory_whose_line_is_missing_leaves_open_the_farms_around_it() {
    let (home, folder) = two_farms();
    drop(folder);
    let up = home.path().join("up");
    Instance::new("x").case().pack_into(&up.join("c9"), Packing::Directory, "x");
    let facts = run(&["scan", "-q", "-f", "ndjson"], &[up.clone().into_os_string()], b"").0;
    let merged = home.path().join("merged.ndjson");
    fs::write(&merged, facts).unwrap();
    let merged_facts = run(&["report", "-q", "-f", "ndjson"], &[merged.clone().into()], b"").0;
    let is_of_directory = |line: &&[u8]| {
        let line: Value = serde_json::from_slice(line).unwrap();
        let source = [&line["source"]["name"], &line["instance"]["source"], &line["gap"]["source"]];
        source.into_iter().any(|name| *name == *up.to_str().unwrap())
    };
    let lines = merged_facts.split_inclusive(|byte| *byte == b'\n');
    let (lost, rest): (Vec<&[u8]>, Vec<&[u8]>) = lines.partition(is_of_directory);
    assert!(!lost.is_empty());
    fs::write(&merged, rest.concat()).unwrap();
    for by in ["parent", "input"] {
        let [whole, parted] = [&[][..], &["--partitioned"]].map(|parted| {
            let arguments = [&["report", "-q", "-f", "summary", "--farm-by", by], parted].concat();
            let (out, exit) = run(&arguments, &[merged.clone().into()], b"");
            (String::from_utf8(out).unwrap(), exit)
        });
        assert!(whole.0.contains("\"undecided\""), "{}", whole.0);
        assert_eq!(parted, whole, "{by}");
    }
}

#[test]
fn facts_that_are_not_grouped_by_farm_are_refused_and_nothing_is_judged() {
    let (home, folder) = two_farms();
    let merged = run(&["report", "-q", "-f", "ndjson"], &[folder.clone().into()], b"").0;
    let merged = String::from_utf8(merged).unwrap();
    let line = |part: &'static str| merged.lines().filter(move |line| line.contains(part));
    let of_farm = |farm: &str| {
        let farm = format!("/{farm}/");
        let lines = merged.lines().filter(|line| !line.contains("\"end\":{"));
        lines.filter(move |line| line.contains(&farm)).map(str::to_owned).collect::<Vec<_>>()
    };
    let (c1, c2) = (of_farm("c1"), of_farm("c2"));
    let shared: Vec<String> =
        line("\"bundles\":[{").chain(line("\"numbers\":[")).map(str::to_owned).collect();
    let end: Vec<String> = line("\"end\":{").map(str::to_owned).collect();
    let path = home.path().join("mixed.ndjson");
    let mut scenes = Scenes::default();
    let mut refused = |about: &str, lines: &[&[String]]| {
        let lines: Vec<String> = lines.concat();
        fs::write(&path, format!("{}\n", lines.join("\n"))).unwrap();
        let arguments = [&["report", "-q", "--partitioned", "-f", "summary"], &BY_CUSTOMER[..]];
        let output = aemtrix().args(arguments.concat()).arg(&path).output().unwrap();
        assert_eq!((output.stdout.len(), output.status.code()), (0, Some(2)));
        let said = String::from_utf8(output.stderr).unwrap();
        scenes.add(about, &said.replace(home.path().to_str().unwrap(), "HOME"));
        assert_eq!(whole_and_parted("summary", &[], &path)[0].1, 1, "all at once it is whole");
    };
    refused("a farm in another", &[&shared, &c1[..1], &c2, &c1[1..], &end]);
    refused("bundles behind their farms", &[&c1, &c2, &shared, &end]);
    scenes.are("facts-not-grouped");
}

/// Runs in a directory.
fn run_in(directory: &Path, arguments: &[&str]) -> (String, i32) {
    let output = aemtrix().current_dir(directory).args(arguments).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

/// Three uploads of one name, each in a directory of its own, of an author and two publishers of which one has another hmac.
fn of_one_name() -> (TempDir, [std::path::PathBuf; 3]) {
    let home = tempfile::tempdir().unwrap();
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/demo");
    let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    let folders = ["author", "publish2", "publish1"].map(|name| home.path().join(name));
    for (seconds, folder) in (0..).zip(&folders) {
        fs::create_dir(folder).unwrap();
        let upload = folder.join("aem.tar.gz");
        let name = folder.file_name().unwrap().to_str().unwrap();
        fs::copy(demo.join(format!("{name}.tar.gz")), &upload).unwrap();
        let file = fs::File::options().append(true).open(&upload).unwrap();
        file.set_modified(time + std::time::Duration::from_secs(seconds)).unwrap();
    }
    (home, folders)
}

#[test]
fn uploads_of_one_name_that_are_of_several_instances_count_each() {
    let (home, folders) = of_one_name();
    for folder in &folders {
        let (facts, _) = run_in(folder, &["scan", "-q", "-f", "ndjson", "aem.tar.gz"]);
        fs::write(folder.with_extension("ndjson"), facts).unwrap();
    }
    for format in ["summary", "csv", "findings"] {
        let arguments = ["report", "-q", "-f", format];
        let whole = run(&arguments, &[home.path().into()], b"");
        let parted = [&arguments[..], &["--partitioned"]].concat();
        assert_eq!((&run(&parted, &[home.path().into()], b""), whole.1), (&whole, 1), "{format}");
    }
    let (report, exit) = run(&["report", "-q", "-f", "json"], &[home.path().into()], b"");
    assert_eq!((told(&report, "hmac-differs").len(), exit), (1, 1));
}

#[test]
fn kept_facts_of_one_name_and_several_instances_are_kept_each() {
    let (home, folders) = of_one_name();
    let scan = |folder: &Path| {
        run_in(folder, &["scan", "-q", "-f", "json", "--facts-dir", "../kept", "aem.tar.gz"]).0
    };
    let kept = home.path().join("kept");
    let first: Vec<String> = folders.iter().map(|folder| scan(folder)).collect();
    let after = files(&kept);
    assert_eq!(after.len(), 3);
    for (folder, first) in folders.iter().zip(&first) {
        assert_eq!(&scan(folder), first, "one instance");
        assert_eq!(sources_of(first.as_bytes()).len(), 1);
    }
    assert_eq!(files(&kept), after, "nothing is read again");
    let (report, exit) = run(&["report", "-q", "-f", "json"], &[kept.clone().into()], b"");
    assert_eq!((told(&report, "hmac-differs").len(), exit), (1, 1));
    // The same instance, changed: its facts take the place of the older ones.
    let mut changed = fs::read(folders[0].join("aem.tar.gz")).unwrap();
    changed.extend(crate::pack::gzip(&[0; 512]));
    fs::write(folders[0].join("aem.tar.gz"), changed).unwrap();
    scan(&folders[0]);
    assert_eq!(files(&kept).len(), 3);
    assert_ne!(files(&kept), after);
}

#[test]
fn directory_before_and_after_a_repair_is_no_clone() {
    let home = tempfile::tempdir().unwrap();
    let facts = home.path().join("facts");
    fs::create_dir(&facts).unwrap();
    for (state, hmac) in [("monday", "other"), ("tuesday", "hmac")] {
        let folder = home.path().join(state);
        fs::create_dir(&folder).unwrap();
        for name in ["author", "publish2"] {
            let instance = Instance::new(name).role(name.trim_end_matches('2'));
            let is_odd = name == "publish2" && hmac == "other";
            let instance = if is_odd { instance.hmac(hmac) } else { instance };
            instance.case().pack_into(&folder, Packing::Directory, name);
        }
        let (lines, _) = run_in(&folder, &["scan", "-q", "-f", "ndjson", "author", "publish2"]);
        fs::write(facts.join(format!("{state}.ndjson")), lines).unwrap();
    }
    let (report, exit) = run(&["report", "-q", "-f", "json"], &[facts.clone().into()], b"");
    let text = String::from_utf8(report.clone()).unwrap();
    assert_eq!((told(&report, "sling-id-duplicate").len(), exit), (0, 2), "{text}");
    let value: Value = serde_json::from_slice(&report).unwrap();
    let farm = &value["farms"][0];
    assert_eq!(farm["verdict"], "undecided");
    let reason = "publish2 was read at two times and differs; nothing shows what it is now";
    assert_eq!(texts(&farm["verdict_reasons"]), [reason]);
    let saved = run(&["report", "-q", "-f", "ndjson"], &[facts.into()], b"").0;
    assert_eq!(run(&["report", "-q", "-f", "json", "-"], &[], &saved).0, report, "saved again");
}
