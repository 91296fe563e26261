//! Names and values are chosen by whoever made the archive; none may act on the reader's terminal or screen.

use crate::instance::{Instance, sling_options};
use crate::pack::{Case, Packing};
use crate::run::{aemtrix, list};
use crate::snapshot::jar::Jar;
use aemtrix::report::{FORMATS, Report};
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

/// What a terminal, a spreadsheet, a page or a table would obey.
const HOSTILE: [&str; 16] = [
    "\x1b]0;pwn\x07\x1b[2J",
    "\u{9b}31mred",
    "line\nbreak",
    "carriage\rreturn",
    "tab\tand\x08back\x7f",
    "\u{202e}gpj.exe",
    "\u{2066}isolate\u{2069}",
    "zero\u{200b}width\u{feff}",
    "line\u{2028}separator",
    "\u{e0041}tag",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "a|b",
    "`tick` \"quote\" $(id)",
    "a]]>b-->&amp;",
    "@here #1 www.evil.example [x](javascript:1)",
];

/// One instance a name, with the name above its root and in its settings.
fn packed() -> (TempDir, Vec<PathBuf>) {
    let home = tempfile::tempdir().unwrap();
    let pack = |(index, name): (usize, &&str)| {
        let packing = Packing::ALL[1 + index % (Packing::ALL.len() - 1)];
        hostile(name).pack_into(home.path(), packing, &format!("{}{index}", name.replace('/', "-")))
    };
    let mut paths: Vec<_> = HOSTILE.iter().enumerate().map(pack).collect();
    paths.push(hostile(HOSTILE[0]).pack_into(home.path(), Packing::Directory, HOSTILE[2]));
    let empty = home.path().join(HOSTILE[0]);
    std::fs::write(&empty, b"").unwrap();
    paths.push(empty);
    (home, paths)
}

fn hostile(name: &str) -> Case {
    let line = name.replace(['\n', '\r'], " ");
    let info = format!("43\nlaunchpad:{line}.jar\n32\n1\n1752944445820\n0\n");
    let escaped =
        name.encode_utf16().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"));
    let properties = format!("quickstart.build={escaped}\ngranite.product.version={line}\n");
    let mut tree = Instance::new(name)
        .root(&format!("{name}/crx-quickstart"))
        .file("conf/quickstart.properties", properties.as_bytes())
        .file("launchpad/felix/bundle43/bundle.info", info.as_bytes())
        .file("launchpad/felix/bundle60/bundle.info", line.as_bytes())
        .file("launchpad/felix/bundle60/version0.0/bundle.jar", &Jar::bundle(&line, &line).finish())
        .file("launchpad/felix/bundle60/data/hmac", b"misplaced")
        .file(
            "launchpad/felix/bundle7/data/sling.options.file",
            &sling_options(&[(&["publish", &line], 1)]),
        )
        .file("launchpad/felix/bundle7/data/sling.id.file", line.as_bytes())
        .file("launchpad/conf/launchpad-timestamp.txt", line.as_bytes())
        .case();
    let outside = crate::pack::Link::Symbolic(format!("/etc/{name}"));
    tree.links.insert(format!("{name}/crx-quickstart/launchpad/felix/bundle61/data/hmac"), outside);
    tree
}

/// Characters that act instead of showing, but for the newline that ends a line.
fn acting(text: &str) -> Vec<char> {
    let acts = |c: &char| {
        c.is_control() && *c != '\n'
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(acts).collect()
}

#[test]
fn nothing_acts_in_any_output() {
    let (home, paths) = packed();
    for format in FORMATS {
        let file = home.path().join(format!("out.{}", format.extensions[0]));
        // Of the others the width changes nothing.
        let widths: &[&str] = if format.name == "table" { &["40", "80", "400"] } else { &["80"] };
        for width in widths {
            let output = aemtrix()
                .args(["scan", "-vv", "-f", format.name, "--width", *width, "-o"])
                .arg(&file)
                .args(&paths)
                .output()
                .unwrap();
            let written = std::fs::read(&file).unwrap();
            for (what, bytes) in
                [("output", output.stdout), ("error", output.stderr), ("file", written)]
            {
                let mut text = String::from_utf8(bytes).unwrap();
                if matches!(format.name, "csv" | "findings") {
                    // Its lines end so (RFC 4180).
                    text = text.replace("\r\n", "\n");
                }
                assert!(
                    acting(&text).is_empty(),
                    "{} {width} {what}: {:?}",
                    format.name,
                    acting(&text)
                );
                assert!(what == "error" || text.contains("alert(1)"), "{} {what}", format.name);
            }
        }
    }
}

#[test]
fn json_gives_names_as_they_are_and_values_in_their_shape_alone() {
    let (_home, paths) = packed();
    let output = aemtrix().args(["scan", "-q", "-f", "json"]).args(&paths).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let roots: Vec<_> = list(&report["farms"][0]["instances"])
        .map(|instance| {
            (instance["root"].as_str().unwrap(), instance["aem_version"].as_str().unwrap())
        })
        .collect();
    for name in HOSTILE {
        let root = format!("{name}/crx-quickstart");
        // As in the properties, where Java takes off blanks and control characters at both ends.
        let value = name.trim_matches(|c| c <= ' ');
        let version = format!("not in the shape of a version ({} bytes)", value.len());
        assert!(roots.contains(&(root.as_str(), version.as_str())), "{name:?} in {roots:?}");
    }
}

#[test]
fn lines_of_the_matrix_stay_whole() {
    // A line break in a name would tear the frame.
    let (_home, paths) = packed();
    let output = aemtrix().args(["scan", "--width", "1000"]).args(&paths).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let frame: Vec<_> = text
        .lines()
        .skip_while(|line| !line.starts_with('┌'))
        .take_while(|line| line.starts_with(['┌', '│', '╞', '└']))
        .collect();
    assert!(frame.last().is_some_and(|line| line.starts_with('└')), "{text}");
    assert!(frame.iter().all(|line| line.ends_with(['┐', '│', '╡', '┘'])), "{text}");
}

#[test]
fn names_on_the_command_line_do_not_act_either() {
    let escape = "\x1b]0;pwn\x07\u{202e}x";
    for arguments in [
        vec!["scan".to_owned(), escape.to_owned()],
        vec!["scan".to_owned(), format!("{escape}=missing.tar")],
        vec![
            "scan".to_owned(),
            "missing.tar".to_owned(),
            "-o".to_owned(),
            format!("/missing/{escape}.json"),
        ],
        vec!["scan".to_owned(), "missing.tar".to_owned(), "-o".to_owned(), format!("x.{escape}")],
    ] {
        let output = aemtrix().args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        for bytes in [output.stdout, output.stderr] {
            let text = String::from_utf8(bytes).unwrap();
            assert!(acting(&text).is_empty(), "{arguments:?}: {text:?}");
        }
    }
}

/// A report on sources whose names and values are all hostile.
pub(crate) fn hostile_report() -> Report {
    let (_home, paths) = packed();
    let operands: Vec<_> = paths.into_iter().map(PathBuf::into_os_string).collect();
    crate::run::scan(&operands)
}
