//! Actions as commands for a POSIX shell. Each stands alone on a line, and fails where it did not do what it is for.

use super::{KEYS, kept_name, lengths};
use crate::facts::TextKind;
use crate::repair::{Action, Check, Do, KeyCheck, shell_word};

/// Returns the commands of an action, to be run one after the other in the directory where the paths of the source begin; none where a
/// person does it.
pub(in crate::report) fn commands(action: &Action) -> Vec<String> {
    match &action.does {
        Do::BackUp { directory, files } => back_up(directory, files),
        Do::EnsureDirectory { directory } => {
            let directory = word(directory);
            vec![format!("test -d {directory} || mkdir {directory}")]
        }
        Do::Place { key, to, .. } => {
            let to = word(to);
            vec![format!("cp {KEYS}/{key} {to}"), format!("chmod 600 {to}")]
        }
        Do::Swap { hmac, master } => {
            let between = word(&format!("{hmac}.swap"));
            let (hmac, master) = (word(hmac), word(master));
            vec![format!("mv {hmac} {between} && mv {master} {hmac} && mv {between} {master}")]
        }
        Do::Truncate { file, bytes } => vec![through(file, &format!("head -c {bytes}"))],
        Do::Decode { file, text: TextKind::Hex } => vec![through(file, "xxd -r -p")],
        Do::Decode { file, .. } => vec![through(file, "base64 -d")],
        Do::Move { from, to } => {
            let (from, to) = (word(from), word(to));
            vec![format!("test ! -e {to} && mv {from} {to}")]
        }
        Do::WriteStorage { file } => vec![format!("printf %s Bundle > {}", word(file))],
        Do::Verify(check) => verify(check),
        Do::RemoveBackup { directory } => vec![format!("rm -r {}", word(directory))],
        Do::Manual(text) => text.commands().map(str::to_owned).collect(),
        Do::ExportFromJcr { .. } | Do::DeleteFromJcr { .. } | Do::EnterSecret { .. } => Vec::new(),
    }
}

fn back_up(directory: &str, files: &[String]) -> Vec<String> {
    let copy = |file: &String| {
        let kept = word(&format!("{directory}/{}", kept_name(file, files)));
        let file = word(file);
        format!("test ! -e {file} || cp -p {file} {kept}")
    };
    let make = format!("mkdir -m 700 {}", word(directory));
    [make].into_iter().chain(files.iter().map(copy)).collect()
}

/// Sends a file through a command, and keeps its owner and mode.
fn through(file: &str, command: &str) -> String {
    let (file, new) = (word(file), word(&format!("{file}.new")));
    format!("{command} < {file} > {new} && cat {new} > {file} && rm {new}")
}

fn verify(check: &Check) -> Vec<String> {
    match check {
        Check::Keys(keys) => keys.iter().map(verify_key).collect(),
        Check::Storage { file } => {
            let file = word(file);
            vec![format!(r#"test "$(cat {file})" = Bundle && test "$(wc -c < {file})" -eq 6"#)]
        }
    }
}

fn verify_key(check: &KeyCheck) -> String {
    let file = word(&check.file);
    match check.digest {
        Some(digest) => format!(r#"test "$(md5sum < {file})" = '{}  -'"#, digest.md5),
        None => {
            let [raw, obfuscated] = lengths(check.key);
            format!(
                r#"test "$(wc -c < {file})" -eq {raw} || test "$(wc -c < {file})" -eq {obfuscated}"#
            )
        }
    }
}

/// Returns a path as one word. One that starts with `-` would be taken for an option.
pub(super) fn word(path: &str) -> String {
    match path {
        "" => shell_word("."),
        path if path.starts_with('-') => shell_word(&format!("./{path}")),
        path => shell_word(path),
    }
}
