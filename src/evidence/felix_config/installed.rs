//! `install*/*.config`, `*.cfg`, `*.cfg.json`: configurations that lie ready for the Sling installer. Those of node stores and of a cold
//! standby alone are read, and of them the options that tell where the repository is; the address of a database may hold a password.
//!
//! What the installer made of them lies in `launchpad/config`, but for an instance whose upload was a selection.

use super::grammar;
use super::pid::{SUFFIX, encode};
use crate::evidence::cursor::{ParseError, Problem};
use crate::evidence::{Fact, Found, Kind, Names, Reads, path, properties};
use crate::facts::{
    AWS_SEGMENTS, AZURE_SEGMENTS, COMPOSITE_STORE, CUSTOM_SEGMENTS, DOCUMENT_STORE,
    DOCUMENT_STORE_TYPE, MORE_SEGMENTS, REPOSITORY_HOME, SEGMENT_STORES, SPLIT_SEGMENTS,
    STANDBY_MODE, STANDBY_SERVICES, components,
};
use grammar::{Dictionary, Generation, Scalar};
use std::collections::BTreeMap;

pub(in crate::evidence) const KIND: Kind = Kind {
    name: "installed configuration",
    names: Names::End(&[SUFFIX, CFG]),
    reads: Reads::Whole(1 << 20),
    find,
    parse,
};

const STORES: [&str; 7] = [
    DOCUMENT_STORE,
    SEGMENT_STORES[0],
    SEGMENT_STORES[1],
    AZURE_SEGMENTS,
    AWS_SEGMENTS,
    COMPOSITE_STORE,
    MORE_SEGMENTS,
];
const OPTIONS: [&str; 5] =
    [DOCUMENT_STORE_TYPE, CUSTOM_SEGMENTS, SPLIT_SEGMENTS, REPOSITORY_HOME, STANDBY_MODE];
/// The folder that the installer watches; with a suffix, the one for instances with these run modes alone.
const INSTALL: &str = "install";
const FOR_RUN_MODES: &str = "install.";
const CFG: &str = ".cfg";
const JSON: &str = ".cfg.json";
const ENDINGS: [&str; 3] = [SUFFIX, CFG, JSON];

/// The options that tell where the repository is, and which part of a cold standby the instance has, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed(pub BTreeMap<String, String>);

/// Returns the node store that a file in `install` configures, by the file's name.
pub fn store_pid(file: &str) -> Option<&'static str> {
    pid_of(file, &STORES)
}

/// Returns the component of a cold standby that a file in `install` configures, by the file's name.
pub fn standby_pid(file: &str) -> Option<&'static str> {
    pid_of(file, &STANDBY_SERVICES)
}

fn pid_of(file: &str, pids: &[&'static str]) -> Option<&'static str> {
    let stem = ENDINGS.into_iter().find_map(|ending| file.strip_suffix(ending))?;
    // Behind the PID of a factory comes the name of one of several.
    let is_of = |rest: &str| rest.is_empty() || rest.starts_with(['-', '~']);
    pids.iter().copied().find(|pid| stem.strip_prefix(pid).is_some_and(is_of))
}

/// Returns `true` if a path is that of a configuration of a node store, which matters only to an instance with its keys in the
/// repository.
pub fn concerns_store(path: &str) -> bool {
    let in_config = || {
        let (_, below) = path::below_config(path)?;
        STORES.into_iter().find(|pid| below.starts_with(&encode(pid)))
    };
    let in_install = find(path).is_some_and(|found| store_pid(found.name).is_some());
    in_install || in_config().is_some()
}

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, name) = path::split(path);
    store_pid(name).or_else(|| standby_pid(name))?;
    let is_install = |folder: &str| folder == INSTALL || folder.starts_with(FOR_RUN_MODES);
    let (mut root, folder) = path::split(directory);
    // The folder of a run mode may stand in that of all: `install/install.author`.
    let (outer, parent) = path::split(root);
    if folder != INSTALL && is_install(parent) {
        root = outer;
    }
    is_install(folder).then_some(Found { root, bundle: "", name })
}

/// Returns `true` if a file below `install` is for an instance with these run modes, by the folders on its way (`install.author.prod`).
pub fn is_for_run_modes(path: &str, modes: &[&str]) -> bool {
    let wanted = components(path).filter_map(|folder| folder.strip_prefix(FOR_RUN_MODES));
    wanted.flat_map(|suffix| suffix.split('.')).all(|mode| modes.contains(&mode))
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let options = if found.name.ends_with(JSON) {
        of_json(bytes)?
    } else if found.name.ends_with(CFG) {
        properties::settings(bytes, &OPTIONS).into_iter().collect()
    } else {
        let [options, older] = [Generation::Blanks, Generation::Comments]
            .map(|generation| grammar::read(bytes, generation).map(|read| of_felix(&read)));
        let options = options?;
        if older.as_ref() != Ok(&options) {
            return Err(grammar::open_error());
        }
        options
    };
    Ok(Fact::Installed(Installed(options)))
}

fn of_felix(dictionary: &Dictionary) -> BTreeMap<String, String> {
    // A flag may be `B"true"` or, written by hand, `"true"`.
    let option = |name: &&str| match dictionary.get(name)?.values.as_slice() {
        [Scalar::Text(text)] => Some(((*name).to_owned(), text.to_string())),
        [Scalar::Boolean(flag)] => Some(((*name).to_owned(), flag.to_string())),
        _ => None,
    };
    OPTIONS.iter().filter_map(option).collect()
}

/// A name may be followed by a colon and the type of the value.
fn of_json(bytes: &[u8]) -> Result<BTreeMap<String, String>, ParseError> {
    let wrong = |error: serde_json::Error| ParseError {
        what: "configuration",
        offset: error.column(),
        problem: Problem::Expected("a JSON object"),
    };
    let all: BTreeMap<String, serde_json::Value> = serde_json::from_slice(bytes).map_err(wrong)?;
    let option = |(name, value): (&String, &serde_json::Value)| {
        let name = name.split(':').next().filter(|name| OPTIONS.contains(name))?;
        let text = value.as_str().map(str::to_owned);
        let text = text.or_else(|| value.as_bool().map(|flag| flag.to_string()));
        Some((name.to_owned(), text?))
    };
    Ok(all.iter().filter_map(option).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(file: &str, text: &str) -> Vec<(String, String)> {
        let path = format!("crx-quickstart/install/{file}");
        let found = find(&path).unwrap();
        let Fact::Installed(Installed(options)) = parse(&found, text.as_bytes()).unwrap() else {
            panic!("it is an installed configuration")
        };
        options.into_iter().collect()
    }

    #[test]
    fn configurations_of_node_stores_are_found_in_install() {
        for path in [
            "crx-quickstart/install/org.apache.jackrabbit.oak.plugins.document.DocumentNodeStoreService.cfg",
            "install.author/org.apache.jackrabbit.oak.segment.SegmentNodeStoreService.config",
            "install/org.apache.jackrabbit.oak.segment.azure.AzureSegmentStoreService~x.cfg.json",
            "install/org.apache.jackrabbit.oak.segment.SegmentNodeStoreFactory-global.config",
            "install/org.apache.jackrabbit.oak.composite.CompositeNodeStoreService.config",
        ] {
            assert!(find(path).is_some() && concerns_store(path), "{path}");
        }
        for path in [
            "install/org.apache.jackrabbit.oak.segment.SegmentNodeStoreServiceX.config",
            "install/org.apache.jackrabbit.oak.segment.SegmentNodeStoreService.config.bak",
            "install/org.apache.jackrabbit.oak.plugins.blob.datastore.FileDataStore.config",
            "installed/org.apache.jackrabbit.oak.segment.SegmentNodeStoreService.config",
        ] {
            assert!(find(path).is_none() && !concerns_store(path), "{path}");
        }
        assert!(concerns_store(
            "launchpad/config/org/apache/jackrabbit/oak/segment/SegmentNodeStoreService.config"
        ));
    }

    #[test]
    fn folder_of_a_run_mode_belongs_to_the_install() {
        let file = format!("{DOCUMENT_STORE}.config");
        for folder in ["install", "install.author", "install/install.author", "install/install"] {
            let path = format!("a/crx-quickstart/{folder}/{file}");
            let root = if folder == "install/install" { "/install" } else { "" };
            assert_eq!(find(&path).unwrap().root, format!("a/crx-quickstart{root}"), "{folder}");
        }
        for (path, is_for) in [
            ("x/install/a.config", true),
            ("x/install.author/a.config", true),
            ("x/install/install.author.prod/a.config", true),
            ("x/install.publish/a.config", false),
            ("x/install.author.stage/a.config", false),
        ] {
            assert_eq!(is_for_run_modes(path, &["author", "prod"]), is_for, "{path}");
        }
    }

    #[test]
    fn options_are_read_in_all_three_forms_and_nothing_else_is() {
        let expected = [("customSegmentStore", "true"), ("documentStoreType", "RDB")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let pid = DOCUMENT_STORE;
        let config = "mongouri=\"mongodb://u:CANARY@h\"\r\ndocumentStoreType=\"RDB\"\r\ncustomSegmentStore=B\"true\"\r\n";
        assert_eq!(options(&format!("{pid}.config"), config), expected);
        let cfg = "# x\nmongouri=mongodb://u:CANARY@h\ndocumentStoreType = RDB\ncustomSegmentStore=true\n";
        assert_eq!(options(&format!("{pid}.cfg"), cfg), expected);
        let json = r#"{"mongouri": "mongodb://u:CANARY@h", "documentStoreType": "RDB", "customSegmentStore:Boolean": true}"#;
        assert_eq!(options(&format!("{pid}.cfg.json"), json), expected);
    }

    #[test]
    fn file_that_versions_read_otherwise_says_nothing() {
        let path = format!("install/{DOCUMENT_STORE}.config");
        let read = |text: &str| parse(&find(&path).unwrap(), text.as_bytes());
        let custom = "customSegmentStore=B\"true\"\n";
        assert!(read(&format!("mongouri = \"x\"\n{custom}")).is_err());
        assert!(read(&format!("{custom}mongouri = \"x\"\n")).is_ok());
        // Sling's installers put such a line in front when they write a configuration back.
        assert!(read(&format!("# Created by Apache Sling JCR Installer\n{custom}")).is_ok());
    }

    #[test]
    fn what_is_no_json_is_told() {
        let path = format!("install/{DOCUMENT_STORE}.cfg.json");
        let found = find(&path).unwrap();
        for text in ["", "[]", "{", "nul"] {
            assert!(parse(&found, text.as_bytes()).is_err(), "{text}");
        }
    }
}
