//! Help, completions and man pages, all made of the arguments.

use crate::run::aemtrix;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

const SHOWN: [&str; 9] =
    ["scan", "report", "diff", "verify", "rules", "schema", "help", "completions", "man"];
/// The topics of `aemtrix help`.
const TOPICS: [&str; 9] =
    ["inputs", "verdicts", "rules", "policy", "output", "scale-out", "page", "limits", "words"];

/// Standard output of a run that ends well.
fn said(arguments: &[&str]) -> String {
    let output = aemtrix().args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), errors.as_ref()), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The long options that a help describes.
fn options_in(help: &str) -> BTreeSet<&str> {
    let is_option = |line: &&str| line.trim_start().starts_with('-');
    let words = help.lines().filter(is_option).flat_map(str::split_whitespace);
    let options = words.filter(|word| word.starts_with("--"));
    options.map(|word| word.split(['=', '[', '.']).next().unwrap()).collect()
}

/// Returns `true` if a line of a text begins so.
fn has_line(text: &str, start: &str) -> bool {
    text.lines().any(|line| line.starts_with(start))
}

#[test]
fn every_subcommand_has_a_help() {
    let help = said(&["--help"]);
    for command in SHOWN {
        assert!(has_line(&help, &format!("  {command} ")), "{command}: {help}");
    }
    for command in SHOWN {
        let help = said(&[command, "--help"]);
        assert!(has_line(&help, &format!("Usage: aemtrix {command}")), "{help}");
        assert!(has_line(&said(&[command, "-h"]), "Usage: "), "{command}");
    }
    assert!(options_in(&said(&["scan", "--help"])).len() > 25);
}

/// Standard output of `-h`, at so many columns.
fn short_help(arguments: &[&str], columns: &str) -> String {
    let output = aemtrix().args(arguments).arg("-h").env("COLUMNS", columns).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn short_help_fits_a_terminal() {
    for columns in ["80", "100"] {
        for command in SHOWN {
            let help = short_help(&[command], columns);
            assert!(help.lines().count() <= 40, "{command}, {columns} columns:\n{help}");
        }
        let help = short_help(&[], columns);
        assert!(help.lines().count() <= 40, "{columns} columns:\n{help}");
    }
    let (short, long) = (short_help(&["scan"], "100"), said(&["scan", "--help"]));
    let usual = ["--output", "--policy", "--farm-by", "--facts-dir", "--max-unpacked"];
    let (short, long) = (options_in(&short), options_in(&long));
    assert!(short.is_superset(&BTreeSet::from(usual)), "{short:?}");
    assert!(long.difference(&short).any(|option| *option == "--max-window"), "{short:?}");
}

#[test]
fn help_ends_with_examples_and_exit_codes() {
    let help = said(&["--help"]);
    let (_, end) = help.split_once("\nExamples:\n").unwrap();
    let (examples, codes) = end.split_once("\n\nExit codes:\n").unwrap();
    assert!(examples.lines().all(|line| line.starts_with("  aemtrix ")), "{examples}");
    let numbers: Vec<_> = codes.lines().map(|line| &line[..3]).collect();
    assert_eq!(numbers, ["  0", "  1", "  2"], "{codes}");
}

#[test]
fn without_arguments_a_short_help_shows_how_to_begin() {
    let output = aemtrix().output().unwrap();
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let examples = shown.lines().filter(|line| line.starts_with("  aemtrix ")).count();
    assert!(examples == 3 && shown.lines().count() < 10, "{shown}");
}

#[test]
fn every_topic_is_shown_and_listed() {
    let list = said(&["help"]);
    for topic in TOPICS {
        assert!(has_line(&list, &format!("  {topic} ")), "{list}");
        let shown = said(&["help", topic]);
        assert!(shown.lines().count() > 10 && !shown.contains("|---"), "{topic}: {shown}");
    }
    assert_eq!(said(&["help", "scan"]), said(&["scan", "--help"]));
    assert_eq!(aemtrix().args(["help", "nonsense"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn completions_know_subcommands_and_options() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = said(&["completions", shell]);
        for word in ["scan", "report", "schema", "max-unpacked", "write-baseline"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(aemtrix().args(["completions", "csh"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn completions_know_what_stands_alone_after_a_subcommand() {
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completions", shell]);
        // After `rules` alone, not after `--select`.
        for word in ["hmac-differs", "facts", "scale-out"] {
            let values = script.lines().filter(|line| line.contains(word));
            let alone =
                values.filter(|line| !line.contains("-l select") && !line.contains("-l ignore"));
            assert!(alone.count() > 0, "{shell}: {word}");
        }
    }
    let script = said(&["completions", "fish"]);
    let of_rules = script.lines().filter(|line| line.contains("using_subcommand rules\" -f -a \""));
    let of_rules: Vec<&str> = of_rules.collect();
    assert_eq!(of_rules.len(), 1);
    assert!(of_rules[0].split('"').nth(3).unwrap().split(' ').any(|rule| rule == "hmac-differs"));
}

#[test]
fn reader_of_completions_or_a_schema_that_went_away_is_no_failure() {
    for arguments in [["completions", "bash"], ["schema", "facts"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aemtrix"));
        let output = command.args(arguments).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(output.stderr, b"", "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn full_disk_under_completions_or_a_schema_is_a_failure() {
    for arguments in [["completions", "bash"], ["schema", "facts"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_aemtrix"));
        let output = command.args(arguments).stdout(full).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
    }
}

fn pages_in(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn man_pages_tell_every_option() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    assert_eq!(said(&["man", directory]), "");
    let mut expected: BTreeSet<_> =
        SHOWN.iter().map(|command| format!("aemtrix-{command}.1")).collect();
    expected.insert("aemtrix.1".to_owned());
    assert_eq!(pages_in(&home.path().join("man1")), expected);
    let topics = TOPICS.iter().map(|topic| format!("aemtrix-{topic}.7")).collect();
    assert_eq!(pages_in(&home.path().join("man7")), topics);
    expected.extend(topics);
    let page = |name: &str| {
        // `man` looks for a page in the directory of its section.
        let path = home.path().join(format!("man{}", &name[name.len() - 1..])).join(name);
        // Hyphens are escaped, so that they are not taken for ends of words.
        fs::read_to_string(path).unwrap().replace("\\-", "-")
    };
    for command in SHOWN {
        let page = page(&format!("aemtrix-{command}.1"));
        for option in options_in(&said(&[command, "--help"])) {
            let bold = format!("\\fB{option}\\fR");
            assert!(page.contains(&bold), "{command} {option}: {page}");
        }
        let lines: Vec<&str> = page.lines().collect();
        let bare = lines.windows(3).find(|at| at[0] == ".TP" && at[2].starts_with('.'));
        assert_eq!(bare, None, "{command}: an option without a text");
        let title =
            format!(".TH aemtrix-{command} 1 \" \" \"aemtrix {}\"", env!("CARGO_PKG_VERSION"));
        assert!(has_line(&page, &title), "{page}");
    }
    let whole = page("aemtrix.1");
    assert!(
        SHOWN.iter().all(|command| whole.contains(&format!("aemtrix-{command}(1)"))),
        "{whole}"
    );
    for section in ["EXAMPLES", "\"EXIT STATUS\"", "\"SEE ALSO\""] {
        assert!(has_line(&whole, &format!(".SH {section}")), "{section}: {whole}");
    }
    // Written again, they are the same.
    let before: Vec<_> = expected.iter().map(|name| page(name)).collect();
    said(&["man", directory]);
    assert_eq!(expected.iter().map(|name| page(name)).collect::<Vec<_>>(), before);
    let entries = ["man1", "man7"].map(|name| pages_in(&home.path().join(name)).len());
    assert_eq!(entries.iter().sum::<usize>(), expected.len());
}

#[test]
fn man_pages_make_their_directory_where_it_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    let output = aemtrix().arg("man").arg(home.path().join("file")).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.lines().count()), (Some(2), 1), "{errors}");
    assert!(!errors.contains(".aemtrix-"), "{errors}");
    said(&["man", home.path().join("a/b").to_str().unwrap()]);
    assert_eq!(pages_in(&home.path().join("a/b/man1")).len(), SHOWN.len() + 1);
}
