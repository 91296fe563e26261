//! Damage: what is read before it stands, what it hides is unknown, and it costs no other source anything.

use crate::instance::{Instance, hmac_of};
use crate::pack::{Packing, gzip};
use crate::run::{self, aemtrix, list, texts};
use crate::scenes::Scenes;
use crate::snapshot::body::{Body, Like};
use aemtrix::diagnosis::Selection;
use aemtrix::examine::{Examined, examine};
use aemtrix::facts::GapKind;
use aemtrix::farm::{FarmPlan, farms};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use aemtrix::report::{Report, Screen};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Sound instances beside one whose bytes are set at will.
struct Farm {
    home: TempDir,
    sound: Examined,
    names: Vec<String>,
}

impl Farm {
    /// A farm of two, as small as the archive that is damaged: some tests judge it thousands of times.
    fn new() -> Self {
        Self::made(&["author"], small)
    }

    fn of(names: &[&str]) -> Self {
        Self::made(names, Instance::new)
    }

    fn made(names: &[&str], instance: impl Fn(&str) -> Instance) -> Self {
        let home = tempfile::tempdir().unwrap();
        for name in names {
            instance(name).case().pack_into(home.path(), Packing::TarGz, name);
        }
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let paths = names.iter().map(|name| home.path().join(format!("{name}.tar.gz")));
        let sound = examined(&paths.collect::<Vec<_>>());
        Self { home, sound, names }
    }

    fn damaged(&self) -> PathBuf {
        self.home.path().join("damaged")
    }

    /// Judges the farm with these bytes as its last member.
    fn with(&self, bytes: &[u8]) -> Report {
        fs::write(self.damaged(), bytes).unwrap();
        let damaged = examined(&[self.damaged()]);
        let snapshots = [self.sound.snapshots.clone(), damaged.snapshots].concat();
        let sources = [self.sound.sources.clone(), damaged.sources].concat();
        let gaps = [self.sound.gaps.clone(), damaged.gaps].concat();
        Report::new(
            farms(snapshots, &FarmPlan { gaps: &gaps, ..FarmPlan::default() }).unwrap(),
            sources,
            gaps,
            &Selection::default(),
            Screen::default(),
        )
    }

    /// Runs the binary on the same.
    fn run(&self, bytes: &[u8]) -> (Value, Option<i32>) {
        fs::write(self.damaged(), bytes).unwrap();
        let sound = self.names.iter().map(|name| self.home.path().join(format!("{name}.tar.gz")));
        let output = aemtrix()
            .args(["scan", "-f", "json"])
            .args(sound.chain([self.damaged()]))
            .output()
            .unwrap();
        (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
    }
}

fn examined(paths: &[PathBuf]) -> Examined {
    let operands: Vec<_> = paths.iter().map(|path| path.clone().into_os_string()).collect();
    examine(&discover(&operands).sources, &Limits::default(), 1, &NoWatch)
}

/// The smallest archive that decides: seven files, and no directories.
fn small(name: &str) -> Instance {
    Instance::new(name)
        .without("conf/quickstart.properties")
        .file("conf/sling.properties", b"a=b\n")
        .without("launchpad/conf")
        .without("launchpad/felix/bundle7/bundle.info")
        .without("launchpad/felix/bundle7/version0.0")
        .without("launchpad/felix/bundle7/data/sling.options.file")
        .without("launchpad/felix/bundle502")
        .without("launchpad/felix/bundle503")
        .without("launchpad/felix/bundle21/version0.0")
        .without("launchpad/felix/bundle43/version0.0")
        .root("")
}

fn small_tar() -> Vec<u8> {
    small("damaged").case().tar(Packing::NoDirectories)
}

/// Where the body of an entry lies.
pub(crate) fn body(tar: &[u8], name: &str) -> std::ops::Range<usize> {
    let mut archive = tar::Archive::new(tar);
    let mut entries = archive.entries().unwrap().map(Result::unwrap);
    let entry = entries.find(|entry| entry.path_bytes().ends_with(name.as_bytes())).unwrap();
    let start = usize::try_from(entry.raw_file_position()).unwrap();
    start..start + usize::try_from(entry.size()).unwrap()
}

fn verdict(report: &Report) -> &str {
    report.farms.first().map_or("none", |farm| farm.verdict.label())
}

fn findings(report: &Report) -> Vec<&str> {
    let findings = report.farms.iter().flat_map(|farm| &farm.findings);
    findings.map(|finding| finding.hit.message.as_str()).collect()
}

fn gap_kinds(report: &Value) -> Vec<&str> {
    list(&report["gaps"]).map(|gap| gap["kind"].as_str().unwrap()).collect()
}

fn rules(report: &Value) -> Vec<&str> {
    list(&report["farms"][0]["findings"]).map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn instance<'r>(report: &'r Value, name: &str) -> &'r Value {
    let found = list(&report["farms"][0]["instances"]).find(|instance| instance["name"] == name);
    found.unwrap_or(&Value::Null)
}

/// A report passes when nobody could take it for a clean bill, or when it is the undamaged one.
fn is_safe(report: &Report, undamaged: &str) -> bool {
    let is_clean = verdict(report) == "consistent" || run::exit_code(report) == 0;
    !is_clean || told(report) == undamaged
}

#[test]
fn undamaged_farm_is_consistent() {
    let farm = Farm::new();
    for bytes in [small_tar(), gzip(&small_tar())] {
        let report = farm.with(&bytes);
        assert_eq!((verdict(&report), run::exit_code(&report)), ("consistent", 0));
        assert_eq!(farm.run(&bytes).1, Some(0));
    }
}

#[test]
fn cut_keeps_the_facts_before_it_and_accuses_nobody_of_what_is_behind() {
    let farm = Farm::of(&["author", "publish1"]);
    let tar = small_tar();
    let cut = &tar[..body(&tar, "data/master").start + 7];
    let (report, exit) = farm.run(cut);
    assert_eq!(exit, Some(2));
    assert_eq!(report["farms"][0]["verdict"], "undecided");
    assert_eq!(rules(&report), [""; 0]);
    assert_eq!(gap_kinds(&report), ["partial"]);
    let damaged = instance(&report, "damaged");
    assert_eq!(damaged["complete"], false);
    assert_eq!(damaged["storage"]["mode"], "bundle");
    assert_eq!(damaged["keys"]["hmac"][0]["bytes"], 32);
    assert_eq!(damaged["keys"]["master"], serde_json::json!([]));
}

#[test]
fn cut_gzip_is_like_a_cut_tar() {
    let farm = Farm::new();
    let instance =
        Instance::new("damaged").file("logs/noise.hprof", &Body::bytes(Like::Media, 1, 60_000));
    let whole = gzip(&instance.case().tar(Packing::Tar));
    let (report, exit) = farm.run(&whole[..whole.len() / 2]);
    assert_eq!((exit, report["farms"][0]["verdict"].as_str()), (Some(2), Some("undecided")));
    assert_eq!(rules(&report), [""; 0]);
    assert!(gap_kinds(&report).iter().all(|kind| *kind == "partial"), "{}", report["gaps"]);
}

#[test]
fn fault_before_the_cut_is_still_found() {
    let farm = Farm::of(&["author", "publish1"]);
    let tar = small("damaged").hmac("another").case().tar(Packing::NoDirectories);
    let (report, exit) = farm.run(&tar[..body(&tar, "data/master").start]);
    assert_eq!((rules(&report), exit), (vec!["hmac-differs"], Some(2)));
    assert_eq!(texts(&report["farms"][0]["findings"][0]["instances"]), ["damaged"]);
}

#[test]
fn wrong_checksum_silences_every_rule_on_that_instance() {
    let farm = Farm::of(&["author", "publish1"]);
    let mut bytes =
        gzip(&small("damaged").hmac("another").storage(b"Bundle\n").case().tar(Packing::Tar));
    let crc = bytes.len() - 8;
    bytes[crc] ^= 1;
    let (report, exit) = farm.run(&bytes);
    assert_eq!(exit, Some(2));
    assert_eq!(report["farms"][0]["verdict"], "undecided");
    assert_eq!((rules(&report), gap_kinds(&report)), (vec![], vec!["corrupt"]));
    assert_eq!(instance(&report, "damaged")["verified"], false);
    assert_eq!(instance(&report, "damaged")["keys"]["hmac"][0]["bytes"], 32);
    assert_eq!(instance(&report, "author")["verified"], true);
}

/// Every so manieth prefix or flip is a sample of all; the step has no divisor in common with blocks of a tar.
const SAMPLE: usize = 61;

/// How many bytes or cases a sweep goes on at a time: one, where `STEP` does not say another number.
pub(crate) fn sweep() -> usize {
    std::env::var("STEP").map_or(1, |text| text.parse().unwrap())
}

#[test]
fn prefix_of_an_archive_does_not_pass_or_accuse() {
    no_prefix_passes_or_accuses(&small_tar(), SAMPLE);
    no_prefix_passes_or_accuses(&gzip(&small_tar()), SAMPLE);
}

#[test]
#[ignore = "sweep"]
fn no_prefix_of_a_tar_passes_or_accuses() {
    no_prefix_passes_or_accuses(&small_tar(), sweep());
}

#[test]
#[ignore = "sweep"]
fn no_prefix_of_a_gzip_passes_or_accuses() {
    no_prefix_passes_or_accuses(&gzip(&small_tar()), sweep());
}

#[test]
fn gzip_that_ends_in_zeros_does_not_pass_or_accuse() {
    no_gzip_that_ends_in_zeros_passes_or_accuses(SAMPLE);
}

#[test]
#[ignore = "sweep"]
fn no_gzip_whose_end_never_came_passes_or_accuses() {
    no_gzip_that_ends_in_zeros_passes_or_accuses(sweep());
}

/// What makes a file in its full length before it is filled leaves zeros behind, which deflate takes for symbols.
fn no_gzip_that_ends_in_zeros_passes_or_accuses(step: usize) {
    let farm = Farm::new();
    let whole = gzip(&small_tar());
    let end = whole.len() - 100;
    for length in (0..end).step_by(step) {
        let hollow = [&whole[..length], &vec![0; whole.len() - length]].concat();
        let report = farm.with(&hollow);
        assert_eq!(verdict(&report), "undecided", "{length} bytes");
        assert_eq!(findings(&report), [""; 0], "{length} bytes");
    }
}

#[test]
fn gzip_that_is_cut_and_damaged_accuses_nobody() {
    let farm = Farm::new();
    let mut tar = small_tar();
    // The header of the file before the last one, as garbage of the decoder would leave it.
    let header = body(&tar, "data/master").start - 512;
    tar[header..header + 100].fill(b'x');
    let whole = gzip(&tar);
    let report = farm.with(&whole[..whole.len() - 8]);
    assert_eq!(verdict(&report), "undecided");
    assert_eq!(findings(&report), [""; 0]);
}

#[test]
fn configuration_with_more_than_is_read_leaves_the_verdict_open() {
    let values = |count: usize| {
        let value = |at: usize| format!("p{at}=\"{{{at:064x}}}\"\r\n");
        let pid = ["service.pid=\"com.x.a\"\r\n".to_owned()].into_iter();
        pid.chain((0..count).map(value)).collect::<String>()
    };
    let farm = Farm::of(&["author", "publish1"]);
    for (count, is_open, gaps) in [(1024, false, vec![]), (1025, true, vec!["too-large"])] {
        let instance = Instance::new("damaged")
            .file("launchpad/config/com/x/a.config", values(count).as_bytes());
        let (report, code) = farm.run(&instance.case().tar(Packing::Tar));
        assert_eq!((code == Some(2), gap_kinds(&report)), (is_open, gaps), "{count}");
    }
}

fn no_prefix_passes_or_accuses(whole: &[u8], step: usize) {
    let farm = Farm::new();
    let undamaged = told(&farm.with(whole));
    for length in (0..whole.len()).step_by(step) {
        let report = farm.with(&whole[..length]);
        assert!(is_safe(&report, &undamaged), "{length} bytes pass:\n{}", run::json(&report));
        assert_eq!(findings(&report), [""; 0], "{length} bytes");
    }
}

#[test]
fn flipped_bit_of_a_gzip_does_not_pass_or_accuse() {
    no_flip_of_a_gzip_passes_or_accuses(SAMPLE);
}

#[test]
#[ignore = "sweep"]
fn no_flipped_bit_of_a_gzip_passes_or_accuses() {
    no_flip_of_a_gzip_passes_or_accuses(sweep());
}

fn no_flip_of_a_gzip_passes_or_accuses(step: usize) {
    let farm = Farm::new();
    let whole = gzip(&small_tar());
    let undamaged = told(&farm.with(&whole));
    for (index, flipped) in flips(&whole, step) {
        let report = farm.with(&flipped);
        assert!(is_safe(&report, &undamaged), "byte {index} passes:\n{}", run::json(&report));
        // A changed bit can make the decoder run off the end, which looks like a cut; facts from before a cut are judged.
        let looks_cut = report.gaps.iter().any(|gap| gap.kind == GapKind::Partial);
        assert!(looks_cut || findings(&report).is_empty(), "byte {index}: {:?}", findings(&report));
        let same = unpacked(&flipped).is_some_and(|bytes| bytes == small_tar());
        let is_noticed = !report.gaps.is_empty() || told(&report) != undamaged;
        assert!(is_noticed || same, "byte {index} goes unnoticed");
    }
}

/// What a report says, without when what was written: the damaged file itself is new, and no verdict rests on times.
fn told(report: &Report) -> String {
    let mut told = run::json(report);
    told["examined"] = Value::Null;
    for farm in told["farms"].as_array_mut().unwrap() {
        farm["timeline"] = Value::Null;
    }
    told.to_string()
}

/// What an independent decoder makes of a gzip; some bits carry no data, such as those of the time.
fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut unpacked).ok()?;
    Some(unpacked)
}

/// A tar has no checksum over what is in the files. So a flip in a body may go unnoticed, but only where nothing that
/// decides stands; and the keys that are compared are then those of the undamaged farm.
fn no_flip_of_a_tar_passes_but_in_a_body_that_does_not_decide(step: usize) {
    let farm = Farm::new();
    let whole = small_tar();
    let report = farm.with(&whole);
    let (undamaged, decided) = (told(&report), deciding(&report));
    let free: Vec<_> = ["bundle21/bundle.info", "bundle43/bundle.info", "sling.id.file"]
        .map(|name| body(&whole, name))
        .into();
    for (index, flipped) in flips(&whole, step) {
        let report = farm.with(&flipped);
        let text = || run::json(&report);
        if free.iter().any(|body| body.contains(&index)) {
            assert!(
                verdict(&report) != "consistent" || deciding(&report) == decided,
                "byte {index}:\n{}",
                text()
            );
        } else {
            assert!(is_safe(&report, &undamaged), "byte {index} passes:\n{}", text());
        }
    }
}

#[test]
fn flipped_bit_of_a_tar_does_not_pass_but_in_a_body_that_does_not_decide() {
    no_flip_of_a_tar_passes_but_in_a_body_that_does_not_decide(SAMPLE);
}

#[test]
#[ignore = "sweep"]
fn no_flipped_bit_of_a_tar_passes_but_in_a_body_that_does_not_decide() {
    no_flip_of_a_tar_passes_but_in_a_body_that_does_not_decide(sweep());
}

/// Every `step`th byte with one bit flipped, another one in each, and with all bits flipped.
fn flips(whole: &[u8], step: usize) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..whole.len()).step_by(step).flat_map(|index| {
        [1 << (index % 8), 0xff].map(|bits| {
            let mut flipped = whole.to_vec();
            flipped[index] ^= bits;
            (index, flipped)
        })
    })
}

/// The cells on which a verdict rests.
fn deciding(report: &Report) -> Vec<aemtrix::farm::MatrixRow> {
    let rows = report.farms.iter().flat_map(|farm| farm.matrix.rows.clone());
    rows.filter(|row| ["storage-mode", "hmac", "master"].contains(&row.fact)).collect()
}

#[test]
fn bomb_of_a_name_is_a_gap_and_costs_no_other_source_anything() {
    let farm = Farm::of(&["author", "publish1"]);
    let (report, exit) = farm.run(&name_of_a_gibibyte());
    assert_eq!(exit, Some(2));
    assert!(!gap_kinds(&report).is_empty());
    assert_eq!(rules(&report), [""; 0]);
    for name in ["author", "publish1"] {
        assert_eq!(instance(&report, name)["complete"], true);
    }
}

/// A gzip of one megabyte: a long name of 1 GiB before one small file.
pub(crate) fn name_of_a_gibibyte() -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 30);
    header.set_cksum();
    let mebibytes = gzip(&vec![b'a'; 16 << 20]);
    let mut bytes = gzip(header.as_bytes());
    (0..64).for_each(|_| bytes.extend(&mebibytes));
    bytes.extend(gzip(&small_tar()));
    bytes
}

#[test]
fn header_that_announces_more_than_there_is_is_a_cut() {
    let farm = Farm::new();
    let mut header = tar::Header::new_gnu();
    header.set_path("launchpad/felix/bundle43/data/hmac").unwrap();
    header.set_size(u64::MAX >> 1);
    header.set_cksum();
    let (report, exit) = farm.run(&[header.as_bytes().as_slice(), &[0; 1024]].concat());
    assert_eq!((rules(&report), exit), (vec![], Some(2)));
    assert!(instance(&report, "author")["complete"].as_bool().unwrap());
}

/// Scans a farm with something that is no snapshot; returns exit code, what is in the gaps, and standard error.
fn beside_a_sound_one(path: &Path) -> (Option<i32>, String, String) {
    let packed = Instance::new("author").tar_gz();
    let output =
        aemtrix().args(["scan", "-f", "json"]).arg(packed.path()).arg(path).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(instance(&report, "author")["complete"], true);
    let gaps: Vec<_> = list(&report["gaps"])
        .map(|gap| {
            format!("{}: {}", gap["kind"].as_str().unwrap(), gap["reason"].as_str().unwrap())
        })
        .collect();
    (output.status.code(), gaps.join("\n"), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_is_no_archive_is_named_for_what_it_is() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut scenes = Scenes::default();
    for path in [
        write("page.tar.gz", b"<!DOCTYPE html><html><body>403 Forbidden</body></html>"),
        write("empty.tar.gz", b""),
        home.path().join("missing.tar.gz"),
        PathBuf::from("/dev/null"),
    ] {
        let (exit, gaps, stderr) = beside_a_sound_one(&path);
        assert_eq!((exit, gaps.lines().count()), (Some(2), 1), "{gaps}");
        let said = format!("{gaps}\n{}", stderr.lines().last().unwrap());
        let name = path.file_name().unwrap().to_str().unwrap();
        scenes.add(name, &said.replace(home.path().to_str().unwrap(), "HOME"));
        // What is not there is said at once, before a scan of an hour.
        let lines = if path.exists() { 1 } else { 2 };
        assert_eq!(stderr.lines().count(), lines, "{stderr}");
    }
    scenes.are("beside-a-sound-one");
}

#[test]
fn keys_of_a_damaged_instance_take_no_part_in_the_comparison() {
    let farm = Farm::of(&["author"]);
    let mut bytes = gzip(
        &small("damaged")
            .hmac_bytes(&[hmac_of("farm"), b"\n".to_vec()].concat())
            .case()
            .tar(Packing::Tar),
    );
    let length = bytes.len();
    bytes[length - 1] ^= 0x40;
    let (report, exit) = farm.run(&bytes);
    assert_eq!((rules(&report), exit), (vec![], Some(2)));
}
