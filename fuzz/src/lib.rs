//! What the fuzz targets share. A target passes when nothing panics, hangs or takes more memory than libFuzzer is told to allow.

use aemtrix::evidence::classify;
use aemtrix::examine::{Examined, examine};
use aemtrix::farm::{FarmPlan, farms};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use aemtrix::oak::{Budget, Files, Node, OakError, Store};
use aemtrix::report::{FORMATS, Report, Screen};
use aemtrix::rules::Selection;
use aemtrix::saved::{Merge, ReadLine, Saved};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use tempfile::NamedTempFile;

/// The bundles, and the files in them, for which seeds are made.
const BUNDLE: &str = "crx-quickstart/launchpad/felix/bundle";

/// Bytes of a journal line in the seeds of `oak_index`.
pub const LINE_BYTES: usize = 80;

thread_local! {
    static FILE: RefCell<Option<NamedTempFile>> = const { RefCell::new(None) };
}

/// Bounds under which no input of a fuzzer takes long.
fn limits() -> Limits {
    Limits { unpacked_bytes_max: 16 << 20, entries_max: 20_000, ..Limits::default() }
}

/// Scans bytes as a source of any kind, judges what came of it, and writes it in every format.
pub fn scan(bytes: &[u8]) {
    let examined = examined(bytes);
    assert_eq!(examined.sources.len(), 1, "every source yields a record");
    let Examined { snapshots, sources, gaps } = examined;
    let internal = gaps.iter().find(|gap| gap.kind.label() == "internal");
    assert_eq!(internal, None, "a panic was caught");
    let screen = Screen { columns: Some(80), ..Screen::default() };
    let plan = FarmPlan { gaps: &gaps, ..FarmPlan::default() };
    let farms = farms(snapshots, &plan).expect("no policy, no conflict");
    let report = Report::new(farms, sources, gaps, &Selection::default(), screen);
    for format in FORMATS {
        let mut out = Vec::new();
        (format.write)(&report, &mut out).expect("a vector takes everything");
        assert!(!out.contains(&0x1b), "{}: an escape sequence came through", format.name);
        let is_key = out.windows(KEY.len()).any(|bytes| bytes == KEY.as_bytes());
        assert!(!is_key, "{}: a key came through", format.name);
    }
}

/// What may say where an install keeps its keys; the last three are in use where another one names them.
const SETTINGS: [&str; 6] = [
    "conf/sling.properties",
    "bin/start",
    "bin/start.bat",
    "bin/start-env",
    "conf/more.properties",
    "keys/again.properties",
];

/// The key files that an install has, some of them elsewhere; no output may hold what is in them.
const KEYS: [&str; 3] =
    ["launchpad/felix/bundle21/data/hmac", "launchpad/felix/bundle21/data/master", "keys/hmac"];
const KEY: &str = "Fuzz0Key1That2No3Output4May5Hold";

/// Scans an install whose property files and scripts are the parts of the bytes between those that no text has.
pub fn install(bytes: &[u8]) {
    let parts = bytes.split(|byte| *byte == 0xff);
    let settings = SETTINGS.into_iter().zip(parts);
    let keys = KEYS.into_iter().map(|path| (path, KEY.as_bytes()));
    let bundle = [("launchpad/felix/bundle21/data/storage", b"file".as_slice())];
    let mut tar = tar::Builder::new(Vec::new());
    for (path, body) in settings.chain(keys).chain(bundle) {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        header.set_mode(0o600);
        let path = format!("crx-quickstart/{path}");
        tar.append_data(&mut header, path, body).expect("a vector takes everything");
    }
    scan(&tar.into_inner().expect("a vector takes everything"));
}

/// Merges bytes as a file of facts, judges and writes what came of it, and merges that again: what was open stays open.
pub fn merge(bytes: &[u8]) {
    let saved = merged(bytes);
    let is_open = |saved: &Saved| saved.gaps.iter().any(|gap| gap.kind.hides());
    let (was_open, snapshots) = (is_open(&saved), saved.snapshots.len());
    let again = merged(&saved_again(saved));
    assert!(is_open(&again) || !was_open, "what was open is whole when saved again");
    assert_eq!(again.snapshots.len(), snapshots, "an instance is lost");
}

fn merged(bytes: &[u8]) -> Saved {
    let mut merge = Merge::default();
    merge.begin("facts");
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => merge.take(ReadLine::whole(line)),
            None => merge.take(ReadLine::cut(line)),
        }
    }
    merge.end();
    merge.finish()
}

/// Writes facts in every format, and returns them as facts.
fn saved_again(saved: Saved) -> Vec<u8> {
    let Saved { snapshots, sources, gaps, reach, ledger } = saved;
    let plan = FarmPlan { gaps: &gaps, reach: Some(&reach), ..FarmPlan::default() };
    let farms = farms(snapshots, &plan).expect("no policy, no conflict");
    let report = Report::new(farms, sources, gaps, &Selection::default(), Screen::default());
    let report = Report { ledger: Some(ledger), ..report };
    let mut facts = Vec::new();
    for format in FORMATS {
        let mut out = Vec::new();
        (format.write)(&report, &mut out).expect("a vector takes everything");
        if format.name == "ndjson" {
            facts = out;
        }
    }
    facts
}

/// Scans bytes as a source of any kind, and returns its facts.
pub fn facts_of(bytes: &[u8]) -> Vec<u8> {
    let Examined { snapshots, sources, gaps } = examined(bytes);
    let plan = FarmPlan { gaps: &gaps, ..FarmPlan::default() };
    let farms = farms(snapshots, &plan).expect("no policy, no conflict");
    let report = Report::new(farms, sources, gaps, &Selection::default(), Screen::default());
    let format = FORMATS.iter().find(|format| format.name == "ndjson").expect("this format");
    let mut out = Vec::new();
    (format.write)(&report, &mut out).expect("a vector takes everything");
    out
}

fn examined(bytes: &[u8]) -> Examined {
    FILE.with_borrow_mut(|slot| {
        let file = slot.get_or_insert_with(|| {
            tempfile::Builder::new()
                .prefix("fuzz")
                .tempfile_in("/dev/shm")
                .expect("a file in memory")
        });
        file.as_file().set_len(0).expect("a file that is ours");
        io::Seek::rewind(file).expect("a file that is ours");
        file.write_all(bytes).expect("room in memory");
        let sources = discover(&[file.path().as_os_str().to_owned()]).sources;
        examine(&sources, &limits(), 1, &NoWatch)
    })
}

/// Parses bytes as the evidence that a path means.
pub fn parse(path: &str, bytes: &[u8]) {
    let (kind, found) = classify(path).expect("the path of a target is that of evidence");
    drop((kind.parse)(&found, bytes));
}

/// Parses bytes as a file of a bundle directory.
pub fn parse_in_bundle(path: &str, bytes: &[u8]) {
    parse(&format!("{BUNDLE}{path}"), bytes);
}

/// Corrects the checksum of everything that looks like a tar header: a fuzzer does not come upon it.
pub fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for block in bytes.chunks_exact_mut(512) {
        if &block[257..262] == b"ustar" {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().copied().map(u32::from).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    bytes
}

/// Files of a store, by name.
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Files for Memory {
    fn list(&self) -> Vec<(String, u64)> {
        self.0.iter().map(|(name, bytes)| (name.clone(), bytes.len() as u64)).collect()
    }

    fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = self.0.values().nth(index).ok_or(io::ErrorKind::NotFound)?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start.checked_add(buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// Reads a store as a scan does, and then all of it.
pub fn read_store(files: &Memory) {
    let budget = Budget { records_max: 5_000, entries_max: 5_000, ..Budget::default() };
    let store = Store::new(files, budget);
    drop(store.newest(|root| root.descendant("etc/key")?.map_or(Ok(()), all)));
    drop(store.newest(all));
}

fn all(node: Node<'_, '_>) -> Result<(), OakError> {
    let mut left = vec![node];
    while let Some(node) = left.pop() {
        for property in node.properties()?.values() {
            property.values()?;
        }
        left.extend(node.children()?.into_values());
    }
    Ok(())
}
