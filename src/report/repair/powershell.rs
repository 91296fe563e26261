//! Actions as commands for PowerShell, which stop with an error where they did not do what they are for.

use super::{KEYS, kept_name, lengths};
use crate::facts::TextKind;
use crate::repair::{Action, Check, Do, KeyCheck};

/// Returns the commands of an action, to be run one after the other in the directory where the paths of the source begin; none where a
/// person does it.
pub(in crate::report) fn commands(action: &Action) -> Vec<String> {
    match &action.does {
        Do::BackUp { directory, files } => back_up(directory, files),
        Do::EnsureDirectory { directory } => {
            let directory = word(directory);
            vec![format!(
                "if (-not (Test-Path -LiteralPath {directory})) {{ $null = New-Item -ItemType Directory -Path {directory} }}"
            )]
        }
        Do::Place { key, to, .. } => {
            let from = word(&format!("{KEYS}\\{key}"));
            vec![format!("Copy-Item -LiteralPath {from} -Destination {} -Force", word(to))]
        }
        Do::Swap { hmac, master } => swap(hmac, master),
        Do::Truncate { file, bytes } => vec![format!(
            "$f = {}; [IO.File]::WriteAllBytes($f, [byte[]]([IO.File]::ReadAllBytes($f)[0..{}]))",
            full(file),
            bytes.saturating_sub(1)
        )],
        Do::Decode { file, text: TextKind::Hex } => vec![format!(
            "$f = {}; $t = [IO.File]::ReadAllText($f) -replace '\\s', ''; [IO.File]::WriteAllBytes($f, [byte[]]@(for ($i = 0; $i -lt $t.Length; $i += 2) {{ [Convert]::ToByte($t.Substring($i, 2), 16) }}))",
            full(file)
        )],
        Do::Decode { file, .. } => vec![format!(
            "$f = {}; [IO.File]::WriteAllBytes($f, [Convert]::FromBase64String([IO.File]::ReadAllText($f)))",
            full(file)
        )],
        Do::Move { from, to } => {
            vec![format!("Move-Item -LiteralPath {} -Destination {}", word(from), word(to))]
        }
        Do::WriteStorage { file } => {
            vec![format!("[IO.File]::WriteAllText({}, 'Bundle')", full(file))]
        }
        Do::Verify(check) => verify(check),
        Do::RemoveBackup { directory } => {
            vec![format!("Remove-Item -LiteralPath {} -Recurse -Force", word(directory))]
        }
        Do::ExportFromJcr { .. }
        | Do::DeleteFromJcr { .. }
        | Do::EnterSecret { .. }
        | Do::Manual(_) => Vec::new(),
    }
}

/// Returns the commands that bring both keys together.
pub(super) fn collect(files: &[String; 2]) -> Vec<String> {
    let copy = |file: &String| {
        format!("Copy-Item -LiteralPath {} -Destination '{KEYS}' -ErrorAction Stop", word(file))
    };
    back_up(KEYS, &[]).into_iter().chain(files.iter().map(copy)).collect()
}

/// Makes a block of commands that stops at the first that fails, and prints `done` behind the last.
pub(super) fn block(commands: Vec<String>, done: &str) -> Vec<String> {
    let first = "& { $ErrorActionPreference = 'Stop'".to_owned();
    let last = [format!("'{}'", done.replace('\'', "''")), "}".to_owned()];
    [first].into_iter().chain(commands).chain(last).collect()
}

/// What is kept may be read by the user that runs this and by nobody else.
fn back_up(directory: &str, files: &[String]) -> Vec<String> {
    let name = word(directory);
    let make = format!("$null = New-Item -ItemType Directory -Path {name} -ErrorAction Stop");
    let shut =
        format!("icacls {name} /inheritance:r /grant:r \"${{env:USERNAME}}:(OI)(CI)F\" | Out-Null");
    let copy = |file: &String| {
        let kept = word(&format!("{directory}\\{}", kept_name(file, files)));
        let file = word(file);
        format!(
            "if (Test-Path -LiteralPath {file}) {{ Copy-Item -LiteralPath {file} -Destination {kept} -ErrorAction Stop }}"
        )
    };
    [make, shut].into_iter().chain(files.iter().map(copy)).collect()
}

fn swap(hmac: &str, master: &str) -> Vec<String> {
    let between = word(&format!("{hmac}.swap"));
    let (hmac, master) = (word(hmac), word(master));
    let moves = [(&hmac, &between), (&master, &hmac), (&between, &master)];
    let step = |(from, to): (&String, &String)| {
        format!("Move-Item -LiteralPath {from} -Destination {to} -ErrorAction Stop")
    };
    moves.into_iter().map(step).collect()
}

fn verify(check: &Check) -> Vec<String> {
    match check {
        Check::Keys(keys) => keys.iter().map(verify_key).collect(),
        Check::Storage { file } => vec![format!(
            "if ([Text.Encoding]::ASCII.GetString([IO.File]::ReadAllBytes({})) -cne 'Bundle') {{ throw 'storage is not right' }}",
            full(file)
        )],
    }
}

fn verify_key(check: &KeyCheck) -> String {
    let (key, file) = (check.key, word(&check.file));
    let [raw, obfuscated] = lengths(key);
    let by_length = || {
        format!(
            "if ((Get-Item -LiteralPath {file}).Length -notin {raw}, {obfuscated}) {{ throw '{key} is not right' }}"
        )
    };
    check.digest.map_or_else(by_length, |digest| {
        format!(
            "if ((Get-FileHash -Algorithm MD5 -LiteralPath {file}).Hash -ne '{}') {{ throw '{key} is not right' }}",
            digest.md5
        )
    })
}

/// Returns a path as one word, with the separators of Windows.
fn word(path: &str) -> String {
    // PowerShell takes typographic quotes for quotes too.
    let quoted = path.replace('/', "\\").chars().fold(String::new(), |text, c| match c {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' => format!("{text}{c}{c}"),
        _ => format!("{text}{c}"),
    });
    format!("'{quoted}'")
}

/// Returns the whole path of a file: .NET has a working directory of its own.
fn full(path: &str) -> String {
    format!("(Join-Path (Get-Location) {})", word(path))
}
