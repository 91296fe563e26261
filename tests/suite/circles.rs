//! No circles: of two modules side by side in a room, at most one needs the other, however many are between them.
//!
//! A parent may use its children, and they what it declares. What it imports from one of them for another is an arrow between the two.

use crate::layers::{Source, sources};
use std::collections::{BTreeMap, BTreeSet};

type Path = Vec<String>;

/// The modules of the library, and what their code names.
struct Modules {
    sources: BTreeMap<Path, Source>,
    /// By module and name: what is imported under the name.
    imports: BTreeMap<Path, BTreeMap<String, Path>>,
}

/// By parent and child: the children beside it that it names, each with the first line that shows it.
type Arrows = BTreeMap<Path, BTreeMap<String, BTreeMap<String, String>>>;

impl Modules {
    fn new(sources: Vec<Source>) -> Self {
        let sources = sources.into_iter().map(|source| (source.module.clone(), source)).collect();
        let mut modules = Self { sources, imports: BTreeMap::new() };
        for (module, source) in &modules.sources {
            let imported = uses(&source.code).into_iter().filter_map(|(path, alias)| {
                Some((alias.or_else(|| path.last().cloned())?, modules.absolute(module, &path)?))
            });
            modules.imports.insert(module.clone(), imported.collect());
        }
        modules
    }

    /// Returns a path from the root of the crate; `None` for one that leads out of it.
    fn absolute(&self, module: &Path, path: &[String]) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" | "aemtrix" => Path::new(),
            "self" => module.clone(),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let parent = module[..module.len().checked_sub(ups)?].to_vec();
                return Some([&parent, &path[ups..]].concat());
            }
            child => {
                let child = [&module[..], &[child.to_owned()]].concat();
                return self.sources.contains_key(&child).then(|| [&child, rest].concat());
            }
        };
        Some([&start, rest].concat())
    }

    /// Returns the module that declares what a path names: imports on the way are followed.
    fn declares(&self, path: &[String], hops: usize) -> Option<Path> {
        let (at, module) = (0..=path.len())
            .rev()
            .find_map(|at| Some((at, self.sources.get(&path[..at])?.module.clone())))?;
        let name = path.get(at);
        match name.and_then(|name| self.imports.get(&module)?.get(name)) {
            Some(target) if hops > 0 && target[..] != path[..=at] => {
                self.declares(&[target, &path[at + 1..]].concat(), hops - 1)
            }
            _ => Some(module),
        }
    }

    fn arrows(&self) -> Arrows {
        let mut arrows = Arrows::new();
        for (module, source) in &self.sources {
            let used = uses(&source.code).into_iter().map(|(path, _)| path);
            for path in used.chain(inline(&source.code)) {
                let Some(path) = self.absolute(module, &path) else { continue };
                let Some(target) = self.declares(&path, 5) else { continue };
                let same = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
                // One of the two is above the other, or both are one.
                let (Some(from), Some(to)) = (module.get(same), target.get(same)) else { continue };
                let siblings = arrows.entry(module[..same].to_vec()).or_default();
                let line = format!("src/{}: {}", source.path, path.join("::"));
                let of = siblings.entry(from.clone()).or_default();
                of.entry(to.clone()).or_insert(line);
            }
        }
        arrows
    }

    /// Returns the circles inside rooms. Those between rooms are what `layers` is about.
    fn circles(&self) -> Vec<String> {
        let rooms = self.arrows().into_iter().filter(|(parent, _)| !parent.is_empty());
        rooms.filter_map(|(parent, arrows)| circle(&parent.join("/"), &arrows)).collect()
    }
}

/// Says which modules of a parent are in a circle: what is left when those that need nobody, or that nobody needs, are taken away.
fn circle(parent: &str, arrows: &BTreeMap<String, BTreeMap<String, String>>) -> Option<String> {
    let mut left = arrows.clone();
    loop {
        let needed: BTreeSet<String> = left.values().flat_map(BTreeMap::keys).cloned().collect();
        let before = left.len();
        left.retain(|from, to| !to.is_empty() && needed.contains(from));
        let those: BTreeSet<String> = left.keys().cloned().collect();
        for to in left.values_mut() {
            to.retain(|name, _| those.contains(name));
        }
        if left.len() == before {
            break;
        }
    }
    let lines: Vec<&str> = left.values().flat_map(BTreeMap::values).map(String::as_str).collect();
    let names: Vec<&str> = left.keys().map(String::as_str).collect();
    let text = || format!("{parent}: a circle of {}\n  {}", names.join(", "), lines.join("\n  "));
    (!left.is_empty()).then(text)
}

/// Returns the paths that `use` names, each with its other name.
fn uses(code: &str) -> Vec<(Path, Option<String>)> {
    let mut all = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let is_word =
            code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if let (true, Some((tree, _))) = (is_word, code[at + 4..].split_once(';')) {
            expand(&[], tree, &mut all);
        }
    }
    all
}

/// Adds the paths of a tree of imports.
fn expand(before: &[String], tree: &str, all: &mut Vec<(Path, Option<String>)>) {
    let names = |text: &str| -> Path {
        let parts = text.split("::").map(str::trim).filter(|part| !part.is_empty());
        parts.map(str::to_owned).collect()
    };
    let Some((head, group)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path = [before, &names(path)].concat();
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let alias = (!alias.is_empty()).then(|| alias.trim().to_owned());
        return all.push((path, alias));
    };
    let before = [before, &names(head)].concat();
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut start) = (0_usize, 0);
    for (at, character) in group.char_indices().chain([(group.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = &group[start..at];
                if !part.trim().is_empty() {
                    expand(&before, part, all);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Returns the paths in code that begin at the crate or above the module.
fn inline(code: &str) -> Vec<Path> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c: char| !is_part(c)).map(|word| word.trim_matches(':'));
    let starts = ["crate::", "super::", "aemtrix::"];
    let paths = words.filter(|word| starts.iter().any(|start| word.starts_with(start)));
    paths.map(|path| path.split("::").map(str::to_owned).collect()).collect()
}

#[test]
fn modules_of_a_room_are_in_no_circle() {
    let circles = Modules::new(sources()).circles();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn circles_are_seen_in_every_form() {
    let found = |files: &[(&str, &str)]| {
        let sources = files.iter().map(|(path, code)| Source::new(path, code));
        let circles = Modules::new(sources.collect()).circles();
        let names = |text: &String| text.lines().next().unwrap_or_default().to_owned();
        circles.iter().map(names).collect::<Vec<_>>()
    };
    let both = ["r: a circle of a, b"];
    assert_eq!(found(&[("r/a.rs", "use super::b::X;"), ("r/b.rs", "use super::a::Y;")]), both);
    assert_eq!(
        found(&[("r/a.rs", "use super::{c, b};"), ("r/b.rs", "fn f(_: super::a::Y) {}")]),
        both
    );
    let by_parent = [
        ("r/mod.rs", "mod a; mod b; pub use b::X as Z;"),
        ("r/a.rs", "use crate::r::{self, Z};"),
        ("r/b/c.rs", "use crate::r::a::Y;"),
        ("r/b.rs", ""),
    ];
    assert_eq!(found(&by_parent), both);
    let three = [("a", "b"), ("b", "c"), ("c", "a")];
    let three =
        three.map(|(from, to)| (format!("r/{from}.rs"), format!("use super::{to}::X{to};")));
    let three: Vec<(&str, &str)> = three.iter().map(|(p, c)| (p.as_str(), c.as_str())).collect();
    assert_eq!(found(&three), ["r: a circle of a, b, c"]);
    for quiet in [
        [("r/a.rs", "use super::b::X;"), ("r/b.rs", "use super::Y;")],
        [
            ("r/a.rs", "use super::b::X;"),
            ("r/b.rs", "#[cfg(test)]\nmod tests { use crate::r::a::Y; }"),
        ],
        [("r/a.rs", "use super::a::b::X;"), ("r/a/b.rs", "use super::Y;")],
    ] {
        assert_eq!(found(&quiet), Vec::<String>::new(), "{quiet:?}");
    }
}
