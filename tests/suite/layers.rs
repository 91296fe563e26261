//! Data flows one way: which room may use which, and who may touch the world.
//!
//! A new arrow is a decision: add it here first, and say why in the commit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room and the rooms it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("limits", &[]),
    // A buffer, which knows of nothing: whoever is given bytes that may be a key keeps them in one.
    ("wiped", &[]),
    // Texts, which reports show.
    ("manual", &[]),
    ("oak", &["wiped"]),
    ("intake", &["facts", "limits", "wiped"]),
    // What is kept of one file is bounded too.
    ("evidence", &["facts", "limits", "wiped"]),
    ("examine", &["facts", "limits", "wiped", "intake", "evidence", "oak"]),
    // What is made of the facts is bounded too: the numbers stand in one place, and no room changes them.
    ("policy", &["facts", "limits"]),
    // Lines in, facts out, and back: it is given the bytes, so that only `intake` reads.
    // Lines of saved facts are bounded like everything that is read. What a text in them spells may be a key.
    ("saved", &["facts", "limits", "wiped"]),
    // A policy says which instances make a farm, and a farm carries what is expected of it to the rules.
    ("farm", &["facts", "limits", "policy"]),
    // Needs in, a plan out: of the facts of a farm, and of nothing that was found.
    ("repair", &["facts", "limits", "farm"]),
    // Two states, each judged by itself, are compared; nothing is judged again.
    ("diff", &["diagnosis", "facts", "farm", "rules"]),
    // What a report says of its sources, beside the facts of others: given as text, and compared.
    ("custody", &["facts"]),
    // Rules compare with what was expected, and say what they need changed.
    ("rules", &["facts", "limits", "farm", "policy", "repair"]),
    // Judging knows all rules, what the policy excuses, and makes the plan.
    ("diagnosis", &["facts", "farm", "limits", "policy", "repair", "rules"]),
    // A report says what a baseline of it is, and facts are saved as a format.
    // … and on what evidence it speaks.
    (
        "report",
        &[
            "custody",
            "diagnosis",
            "diff",
            "facts",
            "limits",
            "farm",
            "manual",
            "policy",
            "repair",
            "rules",
            "saved",
        ],
    ),
    // What is asked for is the same whether a command line or a page asks: a policy, which findings count, what to show.
    ("request", &["custody", "diagnosis", "facts", "farm", "limits", "policy", "report", "rules"]),
    (
        "cli",
        &[
            "request",
            "custody",
            "diagnosis",
            "diff",
            "facts",
            "limits",
            "intake",
            "evidence",
            "examine",
            "manual",
            "policy",
            "saved",
            "farm",
            "repair",
            "repair",
            "rules",
            "report",
        ],
    ),
    // What a command line does for a page: it hands over its files and its choices.
    (
        "browser",
        &[
            "custody",
            "diagnosis",
            "examine",
            "facts",
            "intake",
            "limits",
            "report",
            "request",
            "rules",
            "wiped",
        ],
    ),
    ("main", &["cli"]),
];

/// What only some files may contain.
const RESERVED: &[(&[&str], &[&str])] = &[
    (
        &["std::fs", "fs::", "File::open", "File::create", "OpenOptions", "walkdir"],
        // The policy, the baseline and a report to verify are choices, not sources.
        &["intake/", "cli/output.rs", "cli/stream.rs", "cli/terms.rs", "cli/verify.rs"],
    ),
    (&["tempfile::"], &["cli/output.rs"]),
    (&["stdin("], &["intake/"]),
    (&["stdout(", "stderr("], &["cli/"]),
    (&["std::env", "env::var", "env::args"], &["cli/"]),
    (&["println!", "eprintln!", "print!", "eprint!", "dbg!"], &["cli/mod.rs"]),
    (&["std::net", "TcpStream", "process::Command"], &[]),
    // Suppressions end on a day, --as-of names another than today; and --stamp is asked for.
    (&["SystemTime::now"], &["cli/terms.rs"]),
    (&["Instant::now"], &[]),
    (&["process::exit", "process::abort"], &[]),
    // Only zlib's own interface copies a fast inflater, and a file that is mapped may change under its reader.
    (
        &["unsafe {", "unsafe fn", "unsafe impl", "unsafe_code"],
        &["intake/inflater.rs", "intake/mapped.rs"],
    ),
];

/// A source file of the product.
pub(crate) struct Source {
    /// Its path below `src`, with slashes.
    pub(crate) path: String,
    /// Its module path, such as `report::table::grid`.
    pub(crate) module: Vec<String>,
    /// Its code without comments, texts and tests.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, code: &str) -> Self {
        let (code, _) = without_tests(&bare(code));
        Self { path: path.to_owned(), module: module_of(path), code }
    }

    fn room(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file that is not for tests alone.
pub(crate) fn sources() -> Vec<Source> {
    let files = walkdir::WalkDir::new(home()).sort_by_file_name().into_iter().map(Result::unwrap);
    let is_code = |file: &walkdir::DirEntry| {
        file.file_type().is_file() && file.path().extension().is_some_and(|end| end == "rs")
    };
    let files: Vec<_> = files.filter(is_code).collect();
    let (mut sources, mut tests) = (Vec::new(), BTreeSet::new());
    for file in files {
        let relative = file.path().strip_prefix(home()).unwrap().to_str().unwrap();
        let path = relative.replace(std::path::MAIN_SEPARATOR, "/");
        let (code, of_tests) = without_tests(&bare(&fs::read_to_string(file.path()).unwrap()));
        let module = module_of(&path);
        tests.extend(of_tests.into_iter().map(|name| [module.clone(), vec![name]].concat()));
        sources.push(Source { path, module, code });
    }
    sources.retain(|source| !tests.contains(&source.module));
    sources
}

fn module_of(path: &str) -> Vec<String> {
    let stem = path.strip_suffix(".rs").expect("a source file");
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
}

/// Removes comments, and the content of texts and characters.
fn bare(text: &str) -> String {
    let (mut bare, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let skipped = skipped(rest);
        if skipped == 0 {
            bare.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            bare.push_str(if first == '/' { " " } else { "\"\"" });
            rest = &rest[skipped..];
        }
    }
    bare
}

/// The length of the comment, text or character that begins here.
pub(crate) fn skipped(rest: &str) -> usize {
    let until = |start: usize, end: &str| {
        rest[start..].find(end).map_or(rest.len(), |at| start + at + end.len())
    };
    let hashes =
        rest.strip_prefix('r').map_or(0, |rest| rest.len() - rest.trim_start_matches('#').len());
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        until(2, "*/")
    } else if rest.starts_with(&format!("r{}\"", "#".repeat(hashes))) {
        until(hashes + 2, &format!("\"{}", "#".repeat(hashes)))
    } else if rest.starts_with('"') {
        quoted(rest, b'"')
    } else if rest.starts_with("'\\") || rest.strip_prefix('\'').is_some_and(is_character) {
        quoted(rest, b'\'')
    } else {
        0
    }
}

/// A character rather than a lifetime: one of anything, and the closing quote.
fn is_character(rest: &str) -> bool {
    let mut characters = rest.chars();
    characters.next().is_some() && characters.next() == Some('\'')
}

fn quoted(rest: &str, quote: u8) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while bytes.get(at).is_some_and(|byte| *byte != quote) {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Removes modules for tests; returns the names of those in files of their own.
fn without_tests(code: &str) -> (String, Vec<String>) {
    let mut pieces = code.split("#[cfg(test)]");
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    let mut names = Vec::new();
    for piece in pieces {
        let (item, end) = item(piece);
        if let Some((_, name)) = item.strip_suffix(';').and_then(|head| head.split_once("mod ")) {
            names.push(name.trim().to_owned());
        }
        kept.push_str(&piece[end..]);
    }
    (kept, names)
}

/// The item that begins here, up to its semicolon or the brace that closes it.
fn item(code: &str) -> (&str, usize) {
    let mut depth = 0_usize;
    for (at, character) in code.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(character, '}' | ';') {
            return (&code[..=at], at + 1);
        }
    }
    (code, code.len())
}

/// The rooms that a file names by `crate::`, by `super::` or, in the binary, by the name of the library.
fn used(source: &Source) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for start in ["crate::", "aemtrix::"] {
        source.code.split(start).skip(1).for_each(|rest| rooms.extend(first_names(rest)));
    }
    for (at, _) in source.code.match_indices("super::") {
        let rest = &source.code[at..];
        let names = rest.trim_start_matches("super::");
        let ups = (rest.len() - names.len()) / "super::".len();
        // The later ones of a chain were counted with its first.
        if !source.code[..at].ends_with("super::") && ups == source.module.len() {
            rooms.extend(first_names(names));
        }
    }
    rooms
}

/// The names that a path goes on with: one, or those in braces.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut names, mut depth, mut begins) = (Vec::new(), 0_usize, true);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            _ if begins && !character.is_whitespace() => {
                names.push(name(&group[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn rooms_use_only_the_rooms_they_may() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.room() != "lib") {
        let allowed = ARROWS.iter().find(|(room, _)| *room == source.room());
        let Some((room, allowed)) = allowed else {
            wrong.push(format!("src/{}: no arrows are known of this room", source.path));
            continue;
        };
        let arrows = used(source)
            .into_iter()
            .filter(|used| used != room && !allowed.contains(&used.as_str()));
        wrong.extend(arrows.map(|used| format!("src/{}: {room} -> {used}", source.path)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_some_files_touch_the_world() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (words, places) in RESERVED {
            let allowed = places.iter().any(|place| source.path.starts_with(place));
            let found = words.iter().filter(|word| !allowed && contains(&source.code, word));
            wrong.extend(found.map(|word| format!("src/{}: {word}", source.path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns `true` if code has a word, not merely the end of a longer one.
fn contains(code: &str, word: &str) -> bool {
    let is_start = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| is_start(at))
}

#[test]
fn every_room_is_named_in_the_library() {
    let library = fs::read_to_string(home().join("lib.rs")).unwrap();
    for (room, _) in ARROWS.iter().filter(|(room, _)| *room != "main") {
        assert!(library.contains(&format!("pub mod {room};")), "{room}");
        assert!(library.contains(&format!("//! - [`{room}`]")), "{room}");
    }
}

#[test]
fn arrows_are_seen_in_every_form() {
    let used_in =
        |path: &str, code: &str| used(&Source::new(path, code)).into_iter().collect::<Vec<_>>();
    assert_eq!(used_in("a/b.rs", "use crate::x::y; fn f(_: &crate::z::Q) {}"), ["x", "z"]);
    assert_eq!(used_in("a/b.rs", "use crate::{x, y::{p, q},\n z as w};"), ["x", "y", "z"]);
    assert_eq!(used_in("a/b.rs", "use super::x; use super::super::y::Z;"), ["y"]);
    assert_eq!(used_in("a/mod.rs", "use super::x;"), ["x"]);
    assert_eq!(used_in("main.rs", "fn main() { aemtrix::cli::run() }"), ["cli"]);
    let hidden = "// crate::a\n/* crate::b */ \"crate::c \\\" crate::d\" 'x' fn f<'a>() { crate::e }\n\
        #[cfg(test)]\nmod tests { use crate::f; fn g() {} }\nuse crate::h;";
    assert_eq!(used_in("r.rs", hidden), ["e", "h"]);
}

#[test]
fn files_for_tests_alone_are_left_out() {
    let paths: Vec<_> = sources().into_iter().map(|source| source.path).collect();
    assert!(paths.iter().any(|path| path == "evidence/key.rs"));
    for path in ["testing.rs", "evidence/samples.rs", "evidence/bundle_cache/tests.rs"] {
        assert!(!paths.iter().any(|known| known == path), "{path}");
    }
}
