//! Installs written by real Felix and Sling, read from end to end; names, versions and keys in them are made up.

use super::{BundleInfo, BundleParts, Fact, Jar, KINDS, Packing, Reads, RevisionParts};
use super::{assemble, classify, is_barren, may_hold, path};
use crate::facts::{Bundle, BundleState, DiscardReason, Hex, IdentifiedBy, KeyName, Place};
use flate2::read::GzDecoder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Read;

pub(super) const FELIX_3: &[u8] = include_bytes!("../../testdata/samples/felix/felix-3.0.4.tar.gz");
pub(super) const FELIX_4: &[u8] =
    include_bytes!("../../testdata/samples/felix/felix-debian-4.6.1.tar.gz");
pub(super) const FELIX_4_LIVE: &[u8] =
    include_bytes!("../../testdata/samples/felix/felix-debian-4.6.1-live.tar.gz");
pub(super) const FELIX_6: &[u8] = include_bytes!("../../testdata/samples/felix/felix-6.0.2.tar.gz");
pub(super) const SLING: &[u8] = include_bytes!("../../testdata/samples/felix/sling-formats.tar.gz");

/// Unpacks a sample to path and content; directories have no content.
fn unpack(sample: &[u8]) -> Vec<(String, Option<Vec<u8>>)> {
    let mut archive = tar::Archive::new(GzDecoder::new(sample));
    let entry = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (path, entry.header().entry_type().is_file().then_some(bytes))
    };
    archive.entries().unwrap().map(entry).collect()
}

/// Returns the content of one file of a sample.
pub(super) fn file(sample: &[u8], path: &str) -> Vec<u8> {
    let found = unpack(sample).into_iter().find(|(name, _)| name == path);
    found.and_then(|(_, bytes)| bytes).unwrap()
}

/// All facts of a sample, as bundle, name and fact.
fn facts(sample: &[u8]) -> Vec<(String, String, Fact)> {
    let mut facts = Vec::new();
    for (path, bytes) in unpack(sample) {
        let Some((kind, found)) = classify(&path) else { continue };
        assert_eq!(found.root, "", "{path}");
        assert_eq!(matches!(kind.reads, Reads::Presence), bytes.is_none(), "{path}");
        let fact = (kind.parse)(&found, &bytes.unwrap_or_default()).unwrap();
        facts.push((found.bundle.to_owned(), found.name.to_owned(), fact));
    }
    facts
}

fn bundle(sample: &[u8], directory: &str) -> Bundle {
    let all = facts(sample);
    let place = Place { source: "sample".to_owned(), path: directory.to_owned() };
    let (values, revisions) = (BTreeMap::new(), BTreeMap::new());
    let mut parts = BundleParts { directory, place, info: None, values, data: true, revisions };
    for (_, name, fact) in all.iter().filter(|(bundle, ..)| bundle == directory) {
        match fact {
            Fact::BundleInfo(info) => parts.info = Some(info),
            Fact::BundleValue(text) => drop(parts.values.insert(name, text)),
            Fact::Seen if name.starts_with("version") => {
                parts.revisions.entry(name).or_default();
            }
            Fact::RevisionLocation(location) => {
                parts.revisions.entry(name).or_default().location = Some(*location);
            }
            Fact::Jar(jar) => parts.revisions.entry(name).or_default().jar = Some(jar),
            _ => {}
        }
    }
    let all = Packing {
        infos: true,
        revisions: true,
        revision_locations: true,
        jars: true,
        infos_alone: false,
    };
    assemble(&parts, Some(all))
}

/// Id, name, version, state and chosen revision.
type Row<'a> = (u64, &'a str, &'a str, BundleState, &'a str);

fn check(sample: &[u8], rows: &[Row<'_>]) {
    for (id, name, version, state, revision) in rows {
        let bundle = bundle(sample, &format!("bundle{id}"));
        assert_eq!(bundle.id, Some(*id));
        assert_eq!(bundle.symbolic_name.as_deref(), Some(*name));
        assert_eq!(bundle.version.as_deref(), Some(*version), "{name}");
        assert_eq!(bundle.identified_by, Some(IdentifiedBy::Manifest), "{name}");
        assert_eq!(bundle.state, Some(*state), "{name}");
        let current = bundle.revisions.iter().find(|revision| revision.current).unwrap();
        assert_eq!(current.directory, *revision, "{name}");
        assert_eq!(bundle.discard.is_some(), *state == Uninstalled, "{name}");
    }
    let directories: std::collections::BTreeSet<_> = facts(sample)
        .into_iter()
        .map(|(bundle, ..)| bundle)
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(directories.len(), rows.len());
}

const CRYPTO: &str = "com.adobe.granite.crypto";
const CRYPTO_FILE: &str = "com.adobe.granite.crypto.file";
use BundleState::{Active, Installed, Starting, Uninstalled};

#[test]
fn felix_3_0_4_wrote_one_file_a_value() {
    check(
        FELIX_3,
        &[
            (1, CRYPTO, "3.4.18", Starting, "version0.0"),
            (2, CRYPTO_FILE, "1.0.2", Active, "version2.0"),
            (3, "com.example.native", "1.1.0", Active, "version1.0"),
            (4, "com.example.frag", "1.0.0", Installed, "version0.0"),
        ],
    );
    assert!(bundle(FELIX_3, "bundle4").fragment);
}

#[test]
fn felix_4_6_1_stopped_cleanly() {
    let rows = [
        (1, CRYPTO, "3.4.18", Starting, "version0.0"),
        (2, CRYPTO_FILE, "1.0.2", Active, "version0.2"),
        (3, "com.example.native", "1.1.0", Active, "version1.1"),
        (4, "com.example.frag", "1.0.0", Installed, "version0.0"),
    ];
    check(FELIX_4, &rows);
    check(FELIX_6, &rows);
    let crypto_file = bundle(FELIX_4, "bundle2");
    assert_eq!(
        crypto_file.location.as_deref(),
        Some("slinginstall:com.adobe.granite.crypto.file-1.0.0.jar")
    );
    assert!(bundle(FELIX_6, "bundle4").fragment);
}

#[test]
fn felix_4_6_1_killed_leaves_what_a_stop_would_clear() {
    check(
        FELIX_4_LIVE,
        &[
            (1, CRYPTO, "3.4.22", Active, "version0.1"),
            (2, CRYPTO_FILE, "1.0.0", Active, "version0.0"),
            (3, "com.example.frag", "1.0.0", Uninstalled, "version0.0"),
            (4, "com.example.exp", "1.1.0", Active, "version0.1"),
            (5, "com.example.imp", "1.0.0", Active, "version0.0"),
        ],
    );
    assert_eq!(bundle(FELIX_4_LIVE, "bundle3").discard, Some(DiscardReason::Uninstalled));
    assert_eq!(bundle(FELIX_4_LIVE, "bundle4").revisions.len(), 2);
}

#[test]
fn keys_and_storage_lie_in_their_bundles() {
    for sample in [FELIX_3, FELIX_4, FELIX_4_LIVE, FELIX_6] {
        let mut keys = Vec::new();
        let mut storages = 0;
        for (bundle, _, fact) in facts(sample) {
            match fact {
                Fact::Key(name, digest) => {
                    assert_eq!(bundle, "bundle2");
                    assert!(digest.trimmed.is_empty() && digest.text.is_none() && !digest.uniform);
                    keys.push((name, digest.whole.bytes, digest.whole.md5.to_string()));
                }
                Fact::Storage(storage) => {
                    assert!(bundle == "bundle1" && storage.is_exact());
                    storages += 1;
                }
                _ => {}
            }
        }
        keys.sort();
        let hmac = (KeyName::Hmac, 32, "d5491402ee479d4c304b6ad19e3618ed".to_owned());
        let master = (KeyName::Master, 16, "8e526d8730483d725397cddd1f6b3106".to_owned());
        assert_eq!((keys, storages), (vec![hmac, master], 1));
    }
}

#[test]
fn key_bytes_of_a_sample_show_in_no_fact() {
    let all = format!("{:?}", facts(FELIX_4));
    for name in ["hmac", "master"] {
        let key = file(FELIX_4, &format!("felix/bundle2/data/{name}"));
        for window in key.array_windows::<4>() {
            let (hex, list) = (Hex(*window).to_string(), format!("{window:?}"));
            assert!(!all.contains(&hex) && !all.contains(list.trim_matches(['[', ']'])));
        }
    }
}

#[test]
fn sling_s_own_files_are_read() {
    let all = facts(SLING);
    let uuids: Vec<_> = all.iter().filter(|(.., fact)| matches!(fact, Fact::SlingId(_))).collect();
    assert_eq!(uuids.len(), 1);
    let modes = Fact::RunModes(["publish", "crx3", "nosamplecontent"].map(str::to_owned).to_vec());
    assert!(all.contains(&("bundle7".to_owned(), "sling.options.file".to_owned(), modes)));
    let settings = |fact: &Fact| match fact {
        Fact::Settings(statements) => Some(statements.settings.clone()),
        _ => None,
    };
    let settings: Vec<_> = all.iter().filter_map(|(.., fact)| settings(fact)).collect();
    let run_modes = ("sling.run.modes".to_owned(), "publish,nosamplecontent".to_owned());
    let [settings] = &settings[..] else { panic!("{settings:?}") };
    assert!(settings.contains(&run_modes), "{settings:?}");
    let java = facts(FELIX_6).into_iter().any(|(.., fact)| fact == Fact::JavaMajor(17));
    assert!(java);
}

#[test]
fn every_prefix_of_every_file_is_an_error_or_a_value() {
    for sample in [FELIX_3, FELIX_4, FELIX_4_LIVE, FELIX_6, SLING] {
        for (path, bytes) in unpack(sample) {
            let (Some((kind, found)), Some(bytes)) = (classify(&path), bytes) else { continue };
            for length in 0..bytes.len() {
                if let Err(error) = (kind.parse)(&found, &bytes[..length]) {
                    assert!(error.offset <= length, "{path}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_cut_jar_is_bad_at_every_length() {
    let jar = file(FELIX_4, "felix/bundle2/version0.2/bundle.jar");
    let (kind, found) = classify("felix/bundle2/version0.2/bundle.jar").unwrap();
    for length in 0..jar.len() {
        assert_eq!((kind.parse)(&found, &jar[..length]), Ok(Fact::Jar(Jar::Bad)), "{length}");
    }
}

#[test]
fn every_kind_is_found_under_its_own_name() {
    for path in [
        "felix/bundle5/bundle.info",
        "felix/bundle5/bundle.id",
        "felix/bundle5/version0.0",
        "felix/bundle5/version0.0/revision.location",
        "felix/bundle5/version0.0/bundle.jar",
        "felix/bundle5/data",
        "felix/bundle5/data/storage",
        "felix/bundle5/data/hmac",
        "felix/bundle5/data/sling.id.file",
        "felix/bundle5/data/sling.options.file",
        "conf/sling.properties",
        "bin/start",
        "launchpad/conf/launchpad-timestamp.txt",
        "felix/bundle0/last.java.version",
    ] {
        let kinds: Vec<_> = KINDS.iter().filter(|kind| (kind.find)(path).is_some()).collect();
        assert_eq!(kinds.len(), 1, "{path}");
    }
    let mut names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KINDS.len());
}

#[test]
fn nothing_is_found_where_a_walk_would_not_go() {
    for path in [
        "crx-quickstart/repository/x/bundle5/data/hmac",
        "felix/bundle5/data/cache/bundle6/data/hmac",
        "felix/bundle5/version0.0/bundle.jar-embedded/conf/sling.properties",
        "crx-quickstart/app/bin/start",
        "felix/bundle5/conf/sling.properties",
        "project/.git/bin/start",
    ] {
        assert!(classify(path).is_none(), "{path}");
    }
}

/// Paths made of the words that matter, in any order.
fn any_path() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "crx-quickstart",
        "launchpad",
        "felix",
        "bundle5",
        "bundle0",
        "bundle21.bak",
        "bundle-old",
        "data",
        "version0.0",
        "version0.0.bak",
        "conf",
        "bin",
        "opt",
        "helpers",
        "config",
        "mnt",
        "repository",
        "datastore",
        "index",
        "logs",
        "app",
        "outputcache",
        "installer",
        "x",
    ]);
    let file = prop::sample::select(vec![
        "bundle.info",
        "bundle.id",
        "revision.location",
        "bundle.jar",
        "data",
        "version1.2",
        "hmac",
        "master",
        "storage",
        "sling.id.file",
        "sling.options.file",
        "sling.properties",
        "quickstart.properties",
        "start",
        "instsrv.bat",
        "launchpad-timestamp.txt",
        "last.java.version",
    ]);
    (prop::collection::vec(word, 0..7), file).prop_map(|(mut words, file)| {
        words.push(file);
        words.join("/")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_found_a_pruned_walk_reaches(path in any_path()) {
        if let Some((_, found)) = classify(&path) {
            prop_assert!(path.starts_with(found.root));
            let mut at = path.as_str();
            while !at.is_empty() {
                at = path::split(at).0;
                prop_assert!(may_hold(at) || is_barren(at), "{} of {}", at, path);
            }
        }
    }

    #[test]
    fn a_directory_that_holds_nothing_has_no_child_that_does(path in any_path()) {
        let parent = path::split(&path).0;
        prop_assert!(may_hold(parent) || is_barren(parent) || !may_hold(&path));
    }

    #[test]
    fn no_path_panics(path in "[a-z./é\\\\-]{0,40}") {
        prop_assert!(classify(&path).is_none() || may_hold(path::split(&path).0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_parser_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let found = super::Found { root: "", bundle: "bundle5", name: "hmac" };
        for kind in KINDS {
            drop((kind.parse)(&found, &bytes));
            for start in [&b"PK\x03\x04"[..], b"\xac\xed\0\x05", b"1\n", b"a=\\u"] {
                drop((kind.parse)(&found, &[start, &bytes].concat()));
            }
        }
    }

    #[test]
    fn no_parser_panics_on_a_damaged_sample(index in 0_usize..400, value in any::<u8>()) {
        for (path, bytes) in unpack(FELIX_6).into_iter().chain(unpack(SLING)) {
            let (Some((kind, found)), Some(mut bytes)) = (classify(&path), bytes) else { continue };
            if let Some(byte) = bytes.get_mut(index) {
                *byte = value;
                drop((kind.parse)(&found, &bytes));
            }
        }
    }

    #[test]
    fn assembling_never_panics(names in prop::collection::btree_set("version[0-9a-fx.#+-]{0,6}", 0..5), refresh in any::<i64>()) {
        let info = BundleInfo { refresh: Some(refresh), ..BundleInfo::default() };
        let place = Place { source: String::new(), path: String::new() };
        let revisions = names.iter().map(|name| (name.as_str(), RevisionParts::default())).collect();
        let parts = BundleParts { directory: "bundle5", place, info: Some(&info), values: BTreeMap::new(), data: true, revisions };
        let bundle = assemble(&parts, None);
        prop_assert!(bundle.revisions.iter().filter(|revision| revision.current).count() <= 1);
    }
}
