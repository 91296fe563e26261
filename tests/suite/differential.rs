//! What other tools pack comes back as it was, and as they read it themselves: GNU tar, bsdtar and Python's `tarfile`.
//!
//! A tool that is not installed is passed over with a message.

#![allow(clippy::print_stdout, reason = "what was not compared is to be told")]

use crate::snapshot::random::Random;
use aemtrix::facts::GapKind;
use aemtrix::intake::{Descend, Entry, EntryKind, NoWatch, Visit, Want, discover, walk};
use aemtrix::limits::Limits;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const TREES: u64 = 3;
const FILES: u64 = 30;

/// Path and content of every file.
type Tree = BTreeMap<String, Vec<u8>>;

/// How a tool packs a tree in one form.
struct Tool {
    program: &'static str,
    form: &'static str,
    /// The longest path that the form can hold, and whether it holds more than ASCII.
    path_max: usize,
    unicode: bool,
}

const TOOLS: [Tool; 11] = [
    Tool { program: "tar", form: "v7", path_max: 99, unicode: false },
    Tool { program: "tar", form: "ustar", path_max: 99, unicode: false },
    Tool { program: "tar", form: "gnu", path_max: 700, unicode: true },
    Tool { program: "tar", form: "posix", path_max: 700, unicode: true },
    Tool { program: "bsdtar", form: "v7", path_max: 99, unicode: false },
    Tool { program: "bsdtar", form: "ustar", path_max: 99, unicode: false },
    Tool { program: "bsdtar", form: "gnutar", path_max: 700, unicode: true },
    Tool { program: "bsdtar", form: "pax", path_max: 700, unicode: true },
    Tool { program: "python3", form: "USTAR", path_max: 99, unicode: false },
    Tool { program: "python3", form: "GNU", path_max: 700, unicode: true },
    Tool { program: "python3", form: "PAX", path_max: 700, unicode: true },
];

const PACK: &str = "
import sys, tarfile
with tarfile.open(sys.argv[1], 'w', format=getattr(tarfile, sys.argv[3] + '_FORMAT')) as tar:
    tar.add(sys.argv[2], arcname='.')
";

/// Prints name and digest of every file, names in hexadecimal.
const LIST: &str = "
import hashlib, os, sys, tarfile
with tarfile.open(sys.argv[1]) as tar:
    for member in tar:
        if member.isfile():
            name = os.path.normpath(member.name).encode('utf-8', 'surrogateescape')
            print(name.hex(), hashlib.sha256(tar.extractfile(member).read()).hexdigest())
";

impl Tool {
    fn is_installed(&self) -> bool {
        let output = Command::new(self.program).arg("--version").output();
        // On a Mac, `tar` is bsdtar, which takes other options.
        let is_it = |text: &[u8]| self.program != "tar" || text.starts_with(b"tar (GNU tar)");
        let installed = output.is_ok_and(|output| output.status.success() && is_it(&output.stdout));
        if !installed {
            println!("{} is not installed; not compared with it", self.program);
        }
        installed
    }

    fn pack(&self, directory: &Path, archive: &Path) {
        let mut command = Command::new(self.program);
        // Names are to be written as they are, whatever the locale of the machine.
        command.env("LC_ALL", "C.UTF-8");
        if self.program == "python3" {
            command.args(["-c", PACK]).arg(archive).arg(directory).arg(self.form);
        } else {
            command.arg(format!("--format={}", self.form)).arg("-cf").arg(archive);
            command.arg("-C").arg(directory).arg(".");
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {}: {said}", self.program, self.form);
    }
}

/// Makes a tree of odd names and contents, none longer than the form can hold.
fn tree(tool: &Tool, seed: u64) -> Tree {
    let mut random = Random::new(seed);
    let ascii =
        ["a", "B", "7", " ", ".", "-", "_", "'", "\"", "*", "$", "~", "=", "#", "launchpad"];
    let wide = ["ü", "漢", "🦀", "e\u{301}", "\u{202e}", "\t", "\n", "\u{1b}[1m"];
    let mut tree = Tree::new();
    while tree.len() < usize::try_from(FILES).unwrap() {
        let mut path = format!("d{}", random.below(4));
        for _ in 0..random.between(1, if tool.path_max > 99 { 4 } else { 2 }) {
            path.push('/');
            // A part never is `.` or `..`, which mean something.
            path.push('x');
            for _ in 0..random.between(1, if tool.path_max > 99 { 40 } else { 12 }) {
                let pool: &[&str] =
                    if tool.unicode && random.below(3) == 0 { &wide } else { &ascii };
                path.push_str(random.pick::<&str>(pool));
            }
        }
        let is_free = |path: &str| {
            !tree.keys().any(|known: &String| {
                known.starts_with(&format!("{path}/")) || path.starts_with(&format!("{known}/"))
            })
        };
        let parts_fit = path.split('/').all(|part| part.len() <= 200);
        if path.len() + 2 <= tool.path_max && parts_fit && is_free(&path) {
            let length = *random.pick::<u32>(&[0, 1, 511, 512, 513, 10_240, 70_001]);
            let content = (0..length).map(|_| random.next().to_be_bytes()[0]).collect();
            tree.insert(path, content);
        }
    }
    tree
}

fn write(directory: &Path, tree: &Tree) {
    for (path, content) in tree {
        let file = directory.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, content).unwrap();
    }
}

/// Collects every file that a walk yields.
#[derive(Default)]
struct Files {
    tree: Tree,
    path: String,
    gaps: Vec<(Option<String>, GapKind, String)>,
}

impl Visit for Files {
    fn entry(&mut self, entry: &Entry<'_>) -> Want {
        entry.path.clone_into(&mut self.path);
        if entry.kind == EntryKind::File {
            Want::Whole { bytes_max: 1 << 20 }
        } else {
            Want::Nothing
        }
    }

    fn body(&mut self, bytes: &[u8]) {
        self.tree.insert(self.path.clone(), bytes.to_vec());
    }

    fn gap(&mut self, path: Option<&str>, kind: GapKind, reason: String) {
        self.gaps.push((path.map(str::to_owned), kind, reason));
    }

    fn was_link(&mut self, path: &str, _: bool, reason: &str) {
        self.gap(Some(path), GapKind::LinkBroken, reason.to_owned());
    }

    fn descend(&mut self, _: &str) -> Descend {
        Descend::All
    }
}

fn ours(archive: &Path) -> Files {
    let source = discover(&[archive.as_os_str().to_owned()]).sources.remove(0);
    let mut files = Files::default();
    walk(&source, &Limits::default(), &NoWatch, &mut files);
    files
}

fn digests(tree: &Tree) -> BTreeMap<String, String> {
    let hex = |bytes: &[u8]| {
        let mut hex = String::new();
        for byte in bytes {
            write!(hex, "{byte:02x}").unwrap();
        }
        hex
    };
    tree.iter().map(|(path, bytes)| (hex(path.as_bytes()), hex(&Sha256::digest(bytes)))).collect()
}

/// What Python reads in an archive, if it is installed.
fn theirs(archive: &Path) -> Option<BTreeMap<String, String>> {
    let output = Command::new("python3").args(["-c", LIST]).arg(archive).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| line.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()));
    Some(text.lines().filter_map(pair).collect())
}

#[test]
fn trees_packed_by_other_tools_come_back() {
    for tool in TOOLS.iter().filter(|tool| tool.is_installed()) {
        for seed in 0..TREES {
            let context = format!("{} {}, tree {seed}", tool.program, tool.form);
            let tree = tree(tool, seed);
            let home = tempfile::tempdir().unwrap();
            write(&home.path().join("tree"), &tree);
            let archive = home.path().join("x");
            tool.pack(&home.path().join("tree"), &archive);
            let files = ours(&archive);
            assert_eq!(files.gaps, [], "{context}");
            assert!(files.tree == tree, "{context}: {:?}", files.tree.keys());
            if let Some(theirs) = theirs(&archive) {
                assert_eq!(digests(&files.tree), theirs, "{context}");
            }
        }
    }
}

#[test]
fn sparse_files_and_links_come_back_as_the_tools_mean_them() {
    let form = |program, form| Tool { program, form, path_max: 99, unicode: false };
    for tool in [form("tar", "gnu"), form("tar", "posix"), form("bsdtar", "pax")] {
        if !tool.is_installed() {
            continue;
        }
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("tree");
        fs::create_dir(&tree).unwrap();
        let mut sparse = fs::File::create(tree.join("a")).unwrap();
        std::io::Write::write_all(&mut sparse, b"start").unwrap();
        sparse.set_len(1 << 19).unwrap();
        drop(sparse);
        fs::hard_link(tree.join("a"), tree.join("b")).unwrap();
        let archive = home.path().join("x");
        let mut command = Command::new(tool.program);
        command.arg(format!("--format={}", tool.form)).arg("-S").arg("-cf").arg(&archive);
        assert!(command.arg("-C").arg(&tree).arg(".").status().unwrap().success());
        let files = ours(&archive);
        let by = format!("{} {}", tool.program, tool.form);
        assert_eq!(files.gaps, [], "{by}");
        assert_eq!(files.tree.len(), 1, "{by}: the other one is a hard link");
        let content = files.tree.values().next().unwrap();
        assert!(content.len() == 1 << 19 && content.starts_with(b"start\0"), "{by}");
    }
}
