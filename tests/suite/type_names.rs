//! One word, one type: what a report is made of has names that no other type of the crate has.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms whose types have names of their own.
const ROOMS: [&str; 4] = ["diagnosis", "repair", "report", "rules"];

/// What a type is declared with.
const KINDS: [&str; 4] = ["struct ", "enum ", "trait ", "type "];

/// Returns the types of the code proper that a file declares, those of its tests aside.
fn types(text: &str) -> Vec<String> {
    let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter_map(|line| {
        let line = match line.strip_prefix("pub") {
            Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
            Some(rest) => rest.trim_start(),
            None => line,
        };
        let name = KINDS.iter().find_map(|kind| line.strip_prefix(kind))?;
        let end = name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
        Some(name[..end].to_owned())
    });
    lines.collect()
}

#[test]
fn types_of_these_rooms_have_names_of_their_own() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut declared: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&home) {
        let path = entry.unwrap().into_path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_test = name.ends_with("tests.rs") || name == "testing.rs";
        if path.extension().is_none_or(|end| end != "rs") || is_test {
            continue;
        }
        for name in types(&fs::read_to_string(&path).unwrap()) {
            let path = path.strip_prefix(&home).unwrap().to_owned();
            declared.entry(name).or_default().push(path);
        }
    }
    assert!(declared.contains_key("Plan") && declared.contains_key("KeyHealth"));
    let is_ours = |path: &PathBuf| ROOMS.iter().any(|room| path.starts_with(room));
    declared.retain(|_, paths| paths.len() > 1 && paths.iter().any(is_ours));
    assert!(declared.is_empty(), "{declared:#?}");
}
