//! Saved facts of as many instances as are wanted: those of one real scan, with other names, ids and keys.
//!
//! Instances of a farm differ in their Sling ids and times of start; farms also in their keys and in the version of one bundle, so that
//! each has one line of bundles of its own.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the lines are ours; a wrong one may panic"
)]

use crate::snapshot::sink::TarSink;
use crate::snapshot::{self, random::uuid_of};
use aemtrix::examine::{Examined, examine};
use aemtrix::intake::{NoWatch, discover};
use aemtrix::limits::Limits;
use aemtrix::saved::{End, RunWriter, SCHEMA, SavedLine, SourceRef};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};

/// A line, without what it is known by.
type Part = String;

/// The lines of one instance of 600 bundles.
struct Model {
    instance: Part,
    shared: Vec<(String, Part)>,
    source: Part,
    /// How the source is named in them.
    name: String,
    sling_id: String,
    /// Digests of its keys.
    keys: Vec<String>,
}

/// Writes so many instances in farms of so many.
pub(crate) fn write(instances: u64, per_farm: u64, out: &mut dyn Write) -> Result<()> {
    let model = Model::scanned()?;
    let mut sources = Vec::new();
    for (_, part) in &model.shared[1..] {
        line(part, out)?;
    }
    for number in 0..instances {
        let farm = number / per_farm;
        let set =
            model.shared[0].1.replacen("\"version\":\"", &format!("\"version\":\"{farm}."), 1);
        let set_id = if number % per_farm == 0 { line(&set, out)? } else { id_of(&set) };
        let name = format!("farm{farm:06}/instance{}.tar.gz", number % per_farm);
        let mut instance = model.instance.replace(&model.name, &name);
        instance = instance.replace(&model.shared[0].0, &set_id);
        instance = instance.replace(&model.sling_id, &uuid_of(&format!("{number}")));
        for key in &model.keys {
            let other = &hex(&Sha256::digest(format!("{farm} {key}")))[..key.len()];
            instance = instance.replace(key.as_str(), other);
        }
        let id = line(&instance, out)?;
        let source = model.source.replace(&model.name, &name);
        let (record, _) = source.split_once(",\"holds\":").context("a source")?;
        sources.push((name, line(&format!("{record},\"holds\":[\"{id}\"]}}"), out)?));
    }
    for sources in sources.chunks(1000) {
        let named = sources.iter().map(|(name, id)| SourceRef {
            name: name.clone(),
            container: "tar".to_owned(),
            id: serde_json::from_value(id.as_str().into()).expect("an id"),
        });
        let end = End { sources: Some(named.collect()), ..End::default() };
        SavedLine::end(&end).write(out)?;
    }
    Ok(out.flush()?)
}

impl Model {
    fn scanned() -> Result<Self> {
        let home = tempfile::tempdir()?;
        let path = home.path().join("model.tar");
        let mut sink = TarSink::new(BufWriter::new(File::create(&path)?));
        snapshot::write(snapshot::profile("facts").context("the profile")?, 1, 1, &mut sink)?;
        sink.finish()?.flush()?;
        let sources = discover(&[path.into_os_string()]).sources;
        let Examined { snapshots, sources, gaps } =
            examine(&sources, &Limits::default(), 1, &NoWatch);
        let (_, snapshot) = snapshots.first().context("an instance")?;
        let mut text = Vec::new();
        let mut run = RunWriter::new(&mut text);
        run.source(&sources[0], [snapshot], &gaps)?;
        run.end(None)?;
        let text = String::from_utf8(text)?;
        let mut lines: Vec<(String, Part)> = text.lines().filter_map(parted).collect();
        lines.pop();
        let (mut instance, source) = (lines.remove(0).1, lines.pop().context("a source")?.1);
        // The generator draws keys for the repository of their own; those of most farms are the same in both.
        for file in &snapshot.key_files {
            let stored = snapshot.repository.as_ref().and_then(|stored| stored.key(file.name));
            if let Some(stored) = stored.map(|key| key.digest.whole) {
                let key = file.digest.whole;
                instance = instance.replace(&stored.md5.to_string(), &key.md5.to_string());
                instance = instance.replace(&stored.sha256.to_string(), &key.sha256.to_string());
            }
        }
        let keys = snapshot.key_files.iter().map(|file| file.digest.whole);
        let keys = keys.flat_map(|key| [key.md5.to_string(), key.sha256.to_string()]).collect();
        let (name, sling_id) = (sources[0].name.clone(), snapshot.sling_id.clone());
        let sling_id = sling_id.context("a Sling id")?.uuid;
        Ok(Self { instance, shared: lines, source, name, sling_id, keys })
    }
}

/// Returns what a line is known by, and its part.
fn parted(line: &str) -> Option<(String, Part)> {
    let (head, id_and_part) = line.split_once("\"id\":\"")?;
    assert!(head.contains(SCHEMA));
    let (id, part) = id_and_part.split_once("\",")?;
    Some((id.to_owned(), part.to_owned()))
}

fn id_of(part: &str) -> String {
    hex(&Sha256::digest(part))[..32].to_owned()
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a line, and returns what it is known by.
fn line(part: &str, out: &mut dyn Write) -> Result<String> {
    let id = id_of(part);
    writeln!(out, "{{\"schema\":\"{SCHEMA}\",\"id\":\"{id}\",{part}")?;
    Ok(id)
}
