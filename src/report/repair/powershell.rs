//! Actions as commands for PowerShell, which throw where they did not do what they are for.
//!
//! Files are changed by .NET alone: cmdlets take brackets in some of their paths for patterns, and some of their errors stop nothing.

use super::{KEYS, is_there, kept_name, lengths};
use crate::facts::{KeyName, TextKind};
use crate::repair::{
    Action, Do, KeyCheck, ManualCommand, PlanCheck, USER, powershell_path as path,
    powershell_word as word,
};

/// Returns the commands of an action, to be run one after the other in the directory where the paths of the source begin; none where a
/// person does it.
pub(in crate::report) fn commands(action: &Action) -> Vec<String> {
    match &action.does {
        Do::BackUp { directory, files } => {
            make(directory).into_iter().chain(keep(directory, files)).collect()
        }
        Do::EnsureDirectory { directory } => {
            vec![format!("$null = [IO.Directory]::CreateDirectory({})", full(directory))]
        }
        Do::Place { key, to, .. } => vec![place(&full(&format!("{KEYS}/{key}")), to)],
        Do::Swap { hmac, master } => swap(hmac, master),
        Do::Truncate { file, bytes } => {
            let (file, last) = (full(file), bytes.saturating_sub(1));
            vec![format!(
                "[IO.File]::WriteAllBytes({file}, [byte[]]([IO.File]::ReadAllBytes({file})[0..{last}]))"
            )]
        }
        Do::Decode { file, text } => vec![decode(&full(file), *text)],
        // `File.Move` throws where there is a file of that name already.
        Do::Move { from, to } => vec![format!("[IO.File]::Move({}, {})", full(from), full(to))],
        Do::WriteStorage { file } => {
            // `Set-Content` adds a line end, and `>` a byte
            // order mark; this writes UTF-8 without either.
            vec![format!("[IO.File]::WriteAllText({}, 'Bundle')", full(file))]
        }
        Do::Verify(check) => verify(check),
        Do::RemoveBackup { directory, brought } => {
            // Instances on one machine share what was brought along, and the first of them removes it.
            let brought = if *brought { format!("; {}", remove_keys()) } else { String::new() };
            vec![format!("[IO.Directory]::Delete({}, $true){brought}", full(directory))]
        }
        Do::Manual(text) => text.commands().map(by_hand).collect(),
        Do::ExportFromJcr { .. }
        | Do::DeleteFromJcr { .. }
        | Do::EnterSecret { .. }
        | Do::SetProperty { .. } => Vec::new(),
    }
}

/// Returns what a person runs.
fn by_hand(command: &ManualCommand) -> String {
    match command {
        ManualCommand::Close(paths) => {
            paths.iter().map(|file| close(&path(file), "F")).collect::<Vec<_>>().join("; ")
        }
        ManualCommand::CloseDirectory(directory) => close(&path(directory), INHERITED),
        ManualCommand::Give { paths, user } => {
            let give = |file: &String| format!("icacls {} /setowner {}", path(file), word(user));
            paths.iter().map(give).collect::<Vec<_>>().join("; ")
        }
        ManualCommand::GiveAll { path: directory, user } => {
            let user = user.as_ref().map_or_else(|| USER.to_owned(), |user| word(user));
            format!("icacls {} /setowner {user} /T", path(directory))
        }
        ManualCommand::Sums(paths) => {
            let paths: Vec<String> = paths.iter().map(|file| path(file)).collect();
            format!("Get-FileHash -Algorithm MD5 -LiteralPath {}", paths.join(", "))
        }
    }
}

/// Rights to a directory and to all that is in it.
const INHERITED: &str = "(OI)(CI)F";

/// Leaves a file or directory, whose path is an expression, to the user that runs this.
fn close(path: &str, rights: &str) -> String {
    format!(
        // By the SID: names of users and groups are translated on a Windows of another language.
        "icacls {path} /inheritance:r /grant:r \"*$([Security.Principal.WindowsIdentity]::GetCurrent().User.Value):{rights}\""
    )
}

/// Makes a directory that is not there yet. What another repair left in it are other keys.
fn make(directory: &str) -> [String; 2] {
    let (path, why) = (full(directory), word(&is_there(directory)));
    [
        format!("if ([IO.Directory]::Exists({path})) {{ throw {why} }}"),
        format!("$null = New-Item -ItemType Directory -Path {path} -ErrorAction Stop"),
    ]
}

/// Returns the commands that bring both keys together.
pub(super) fn collect(files: &[String; 2]) -> Vec<String> {
    let shut = keep(KEYS, &[]);
    let copy = |(file, key): (&String, KeyName)| {
        format!("[IO.File]::Copy({}, {})", full(file), full(&format!("{KEYS}/{key}")))
    };
    make(KEYS).into_iter().chain(shut).chain(files.iter().zip(KeyName::ALL).map(copy)).collect()
}

/// Removes what was brought together. Instances on one machine share it, and it may be gone.
fn remove_keys() -> String {
    let keys = full(KEYS);
    format!("if ([IO.Directory]::Exists({keys})) {{ [IO.Directory]::Delete({keys}, $true) }}")
}

/// Makes a block of commands that stops at the first that fails, and prints `done` after the last.
pub(super) fn block(commands: Vec<String>, done: &str) -> Vec<String> {
    // Without it PowerShell goes on after most errors of cmdlets.
    let first = "& { $ErrorActionPreference = 'Stop'".to_owned();
    let last = [word(done), "}".to_owned()];
    [first].into_iter().chain(commands).chain(last).collect()
}

/// Copies files that may be missing to a directory that only the user that runs this may read.
pub(super) fn keep(directory: &str, files: &[String]) -> Vec<String> {
    let name = full(directory);
    // icacls is no cmdlet: where it fails, nothing stops, and only `$LASTEXITCODE` shows it.
    let shut = format!(
        "if ($env:OS -eq 'Windows_NT') {{ {} | Out-Null; if ($LASTEXITCODE) {{ throw 'icacls failed' }} }} else {{ chmod 700 {name} }}",
        close(&name, INHERITED)
    );
    let copy = |file: &String| {
        let kept = full(&format!("{directory}/{}", kept_name(file, files)));
        let file = full(file);
        format!("if ([IO.File]::Exists({file})) {{ [IO.File]::Copy({file}, {kept}) }}")
    };
    [shut].into_iter().chain(files.iter().map(copy)).collect()
}

/// Puts a key in place. What is there keeps its access rights.
pub(super) fn place(from: &str, to: &str) -> String {
    format!("[IO.File]::Copy({from}, {}, $true)", full(to))
}

/// The name that `hmac` has while it changes its name with `master`.
pub(super) fn between(hmac: &str) -> String {
    format!("{hmac}.swap")
}

fn swap(hmac: &str, master: &str) -> Vec<String> {
    let (hmac, master, between) = (full(hmac), full(master), full(&between(hmac)));
    let moves = [(&hmac, &between), (&master, &hmac), (&between, &master)];
    moves.into_iter().map(|(from, to)| format!("[IO.File]::Move({from}, {to})")).collect()
}

fn decode(file: &str, text: TextKind) -> String {
    if text == TextKind::Hex {
        return format!(
            "$text = [IO.File]::ReadAllText({file}) -replace '\\s', ''; [IO.File]::WriteAllBytes({file}, [byte[]]@(for ($i = 0; $i -lt $text.Length; $i += 2) {{ [Convert]::ToByte($text.Substring($i, 2), 16) }}))"
        );
    }
    // The alphabet for URLs and missing padding are decoded too.
    format!(
        "$text = [IO.File]::ReadAllText({file}) -replace '[\\s=]', '' -replace '-', '+' -replace '_', '/'; [IO.File]::WriteAllBytes({file}, [Convert]::FromBase64String($text.PadRight([Math]::Ceiling($text.Length / 4) * 4, '=')))"
    )
}

fn verify(check: &PlanCheck) -> Vec<String> {
    match check {
        PlanCheck::Keys(keys) => keys.iter().map(|key| verify_key(key, &full(&key.file))).collect(),
        PlanCheck::Storage { file } => vec![format!(
            // `-cne`, since `-ne` ignores case and AEM does not.
            "if ([Text.Encoding]::ASCII.GetString([IO.File]::ReadAllBytes({})) -cne 'Bundle') {{ throw 'storage is not right' }}",
            full(file)
        )],
    }
}

/// Checks a key, whose path is an expression.
pub(super) fn verify_key(check: &KeyCheck, file: &str) -> String {
    let key = check.key;
    let [raw, obfuscated] = lengths(key);
    check.digest.map_or_else(
        || {
            format!(
                "if ([IO.File]::ReadAllBytes({file}).Length -notin {raw}, {obfuscated}) {{ throw '{key} is not right' }}"
            )
        },
        // `Get-FileHash` writes upper case, and `-ne` ignores it.
        |digest| {
            format!(
                "if ((Get-FileHash -Algorithm MD5 -LiteralPath {file} -ErrorAction Stop).Hash -ne '{}') {{ throw '{key} is not right' }}",
                digest.md5
            )
        },
    )
}

/// Returns the whole path of a file as an expression: .NET has a working directory of its own.
pub(super) fn full(path: &str) -> String {
    let path = if path.is_empty() { "." } else { path };
    format!("(Join-Path $PWD.ProviderPath {})", word(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::Text;

    #[test]
    fn what_a_person_runs_is_no_command_of_unix() {
        let path = || "case.zip!/it's/hmac".to_owned();
        let me = "\"*$([Security.Principal.WindowsIdentity]::GetCurrent().User.Value)";
        for (command, expected) in [
            (
                ManualCommand::Close(vec![path()]),
                format!("icacls 'it''s/hmac' /inheritance:r /grant:r {me}:F\""),
            ),
            (
                ManualCommand::CloseDirectory(path()),
                format!("icacls 'it''s/hmac' /inheritance:r /grant:r {me}:(OI)(CI)F\""),
            ),
            (
                ManualCommand::Give { paths: vec![path()], user: "a b".to_owned() },
                "icacls 'it''s/hmac' /setowner 'a b'".to_owned(),
            ),
            (
                ManualCommand::GiveAll { path: path(), user: None },
                "icacls 'it''s/hmac' /setowner USER /T".to_owned(),
            ),
            (
                ManualCommand::Sums(vec![path(), path()]),
                "Get-FileHash -Algorithm MD5 -LiteralPath 'it''s/hmac', 'it''s/hmac'".to_owned(),
            ),
        ] {
            let does = Do::Manual(Text::command("On a", command));
            let action = Action { instance: None, does, because: [].into() };
            assert_eq!(commands(&action), [expected]);
        }
    }
}
