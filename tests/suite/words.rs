//! Plain English: what is printed, and the manual, keep clear of words that readers have to guess at.

use crate::layers::skipped;
use std::fs;
use std::path::Path;

/// Words and shapes that are refused, and what to write.
const REFUSED: &[(&str, &str)] = &[
    ("told", "reported, listed, said"),
    ("tells", "says, shows"),
    ("came", "was found, was sent, was read"),
    ("did not come", "is missing"),
    ("whoever", "anyone who"),
    ("anew", "again"),
    ("lest", "so that … not"),
    ("stood", "was"),
    ("stands there", "is there"),
    ("Says whether", "Returns `true` if, or: checks whether"),
    ("is no day of the form", "is not a date such as 2026-12-31"),
];

/// Values and names in these files are no prose.
const NOT_PROSE: &[&str] = &["src/report/repair/script.rs", "src/evidence/log/signature.rs"];

/// The texts of a source file, each with its line, without those of its tests.
fn texts(source: &str) -> Vec<(usize, &str)> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let (mut texts, mut at) = (Vec::new(), 0);
    while let Some(first) = source[at..].chars().next() {
        let length = skipped(&source[at..]);
        if length > 0 && matches!(first, '"' | 'r') {
            texts.push((source[..at].lines().count(), &source[at..at + length]));
        }
        at += if length > 0 { length } else { first.len_utf8() };
    }
    texts
}

/// What is refused in a text. A name in braces is a value.
fn refused(text: &str) -> Option<&'static str> {
    let mut prose = String::new();
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => prose.push(character),
            _ => {}
        }
    }
    let is_word = |word: &&str| {
        prose.match_indices(*word).any(|(at, _)| {
            let before = prose[..at].chars().next_back();
            let after = prose[at + word.len()..].chars().next();
            let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !is_letter(before) && !is_letter(after)
        })
    };
    REFUSED.iter().map(|(word, _)| *word).find(is_word)
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn printed_texts_are_plain() {
    let mut wrong = Vec::new();
    for file in walkdir::WalkDir::new(home().join("src")).sort_by_file_name() {
        let file = file.unwrap();
        let name = file.path().strip_prefix(home()).unwrap().to_string_lossy().replace('\\', "/");
        let is_code = file.path().extension().is_some_and(|end| end == "rs");
        if !is_code
            || file.path().ends_with("tests.rs")
            || name.contains("testing")
            || NOT_PROSE.contains(&name.as_str())
        {
            continue;
        }
        let source = fs::read_to_string(file.path()).unwrap();
        for (line, text) in texts(&source) {
            // One word is a value, not a sentence.
            let Some(word) = refused(text).filter(|_| text.contains(' ')) else { continue };
            wrong.push(format!("{name}:{}: {word}: {text}", line + 1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn manual_is_plain() {
    let topics =
        fs::read_dir(home().join("src/manual")).unwrap().map(|entry| entry.unwrap().path());
    let topics = topics.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let pages = ["README.md", "CONTRIBUTING.md"].map(|name| home().join(name));
    let mut wrong = Vec::new();
    for path in topics.chain(pages) {
        for (at, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if let Some(word) = refused(line) {
                wrong.push(format!("{}:{}: {word}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_refused_is_seen() {
    assert_eq!(refused("no instance came"), Some("came"));
    assert_eq!(refused("{told} and {came:?}"), None);
    assert_eq!(refused("camera, untold"), None);
    let source = "// came\nfn f() { let came = \"x came\"; }\n#[cfg(test)]\nmod tests { \"told\" }";
    assert_eq!(texts(source), [(2, "\"x came\"")]);
}
