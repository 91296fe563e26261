//! `powershell`: the repair as one script for PowerShell, for instances on Windows. Nothing is run here.
//!
//! What it does to an instance are the commands of its actions, one a line; the library around them is the same in every script.

use super::KEYS;
use super::english::sentence;
use super::powershell::{between, commands, full, keep, place, verify_key};
use super::visit::{InstanceVisit, KeySource, ScriptNames, Shell, list, others, sources, visits};
use crate::facts::KeyName;
use crate::repair::{Action, Do, KeyCheck, powershell_word as word};
use crate::report::by_farm::ALL_AT_ONCE;
use crate::report::printable::printable;
use crate::report::{Format, Report};
use std::io::{self, Write};

pub(in crate::report) const POWERSHELL: Format = Format {
    name: "powershell",
    extensions: &["ps1"],
    summary: "the repair as one PowerShell script, to be run on each instance",
    write,
    by_farm: ALL_AT_ONCE,
};

/// What all repairs share: asking, keeping, and undoing.
const LIBRARY: &str = include_str!("repair.ps1");

const SHELL: Shell = Shell { call: "repair.ps1", word, commands };

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(
        out,
        "# Repair of crypto keys, written by aemtrix {version}. It runs nothing by itself:"
    )?;
    out.write_all(LIBRARY.as_bytes())?;
    let calls = ScriptNames::of(report);
    let (visits, sources) = (visits(report, &calls), sources(report, &calls));
    for (number, visit) in visits.iter().enumerate() {
        writeln!(out, "\n# {}", comment(&visit.called))?;
        functions(visit, number, out)?;
    }
    for (number, source) in sources.iter().enumerate() {
        writeln!(out, "\n# {}", comment(&source.called))?;
        source_functions(source, number, out)?;
    }
    let lines = list(report, &calls, &SHELL).iter().map(|line| say(line)).collect();
    function("Show-List", lines, out)?;
    dispatch(report, &calls, &visits, &sources, out)
}

/// Returns a name for a comment. All but ASCII would depend on the code page.
fn comment(name: &str) -> String {
    printable(name).escape_default().to_string()
}

fn say(text: &str) -> String {
    format!("Say {}", word(text))
}

/// Writes a function of one line a command.
fn function(name: &str, lines: Vec<String>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "function {name} {{")?;
    lines.into_iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    writeln!(out, "}}")
}

fn functions(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    function(&format!("Test{number}"), is_done(visit), out)?;
    function(&format!("Before{number}"), before(visit), out)?;
    if let Some((directory, files)) = visit.kept() {
        function(&format!("Backup{number}"), keep(directory, files), out)?;
        function(&format!("Steps{number}"), steps(visit), out)?;
        function(&format!("Undo{number}"), undo(visit, directory, files), out)?;
    }
    let after = visit.words_after(&SHELL).iter().map(|words| say(words)).collect();
    function(&format!("After{number}"), after, out)
}

/// The last check of each file says what it is in the end. What a person does cannot be seen.
fn is_done(visit: &InstanceVisit<'_>) -> Vec<String> {
    let of = |action: &Action| match &action.does {
        Do::Verify(_) => commands(action),
        Do::Move { from, .. } => {
            vec![format!(
                "if ([IO.File]::Exists({})) {{ throw 'it is not moved yet' }}",
                full(from)
            )]
        }
        _ => Vec::new(),
    };
    let checks: Vec<String> = visit.actions().iter().flat_map(of).collect();
    if checks.is_empty() { vec!["throw 'nobody can see that'".to_owned()] } else { checks }
}

/// What a person does before, and what has to be there before anything is stopped.
fn before(visit: &InstanceVisit<'_>) -> Vec<String> {
    let mut lines: Vec<String> =
        visit.before.iter().map(|action| format!("Ask {}", word(&SHELL.step(action)))).collect();
    for directory in visit.directories() {
        lines.push(is_here(&directory));
    }
    for examined in visit.examined() {
        let sums: Vec<String> = examined.sums().iter().map(|sum| word(sum)).collect();
        lines.push(format!("Assert-Examined {} @({})", full(examined.file), sums.join(", ")));
    }
    for key in visit.brought() {
        lines.push(verify_key(&key, &format!("(Join-Path $keys '{}')", key.key)));
    }
    if let Some((directory, _)) = visit.kept() {
        let why = super::is_there(directory);
        lines.push(format!(
            "if (Test-Path -LiteralPath {}) {{ throw {} }}",
            full(directory),
            word(&printable(&why))
        ));
    }
    if visit.is_stopped() {
        lines.push(format!("Ask {}", word(&visit.words_to_stop())));
    }
    lines
}

/// Returns the line that stops where the paths of the upload do not begin.
fn is_here(directory: &str) -> String {
    let why = format!("{directory} is not here: run this where the paths of the upload begin");
    format!(
        "if (-not [IO.Directory]::Exists({})) {{ throw {} }}",
        full(directory),
        word(&printable(&why))
    )
}

fn steps(visit: &InstanceVisit<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for action in visit.actions() {
        let commands = match &action.does {
            // What is kept, is kept before the steps.
            Do::BackUp { .. } | Do::Manual(_) => continue,
            Do::Place { key, to, .. } => vec![place(&format!("(Join-Path $keys '{key}')"), to)],
            _ => commands(action),
        };
        lines.push(say(&printable(&sentence(action))));
        if let Do::EnsureDirectory { directory } = &action.does {
            let directory = full(directory);
            lines.push(format!(
                "if (-not [IO.Directory]::Exists({directory})) {{ $script:made += {directory} }}"
            ));
        }
        lines.extend(commands);
    }
    lines
}

/// Everything that may change was kept before the first change. So what is not among it was missing.
fn undo(visit: &InstanceVisit<'_>, directory: &str, files: &[String]) -> Vec<String> {
    let mut parts = Vec::new();
    for action in visit.actions().iter().rev() {
        match &action.does {
            Do::Move { from, to } => {
                let (from, to) = (full(from), full(to));
                parts.push(format!(
                    "if (-not [IO.File]::Exists({from}) -and [IO.File]::Exists({to})) {{ [IO.File]::Move({to}, {from}) }}"
                ));
            }
            // Half-way, one of both is missing.
            Do::Swap { hmac, master } => {
                let (between, hmac, master) = (full(&between(hmac)), full(hmac), full(master));
                parts.push(format!(
                    "if (-not ([IO.File]::Exists({hmac}) -and [IO.File]::Exists({master}))) {{ [IO.File]::Delete({between}) }}"
                ));
            }
            _ => {}
        }
    }
    for file in files {
        let kept = full(&format!("{directory}/{}", super::kept_name(file, files)));
        let file = full(file);
        parts.push(format!(
            "if ([IO.File]::Exists({kept})) {{ [IO.File]::Copy({kept}, {file}, $true) }} elseif ([IO.File]::Exists({file})) {{ [IO.File]::Delete({file}) }}"
        ));
    }
    for action in visit.actions().iter().rev() {
        if let Do::EnsureDirectory { directory } = &action.does {
            let directory = full(directory);
            parts.push(format!(
                "if ($script:made -contains {directory}) {{ [IO.Directory]::Delete({directory}) }}"
            ));
        }
    }
    parts.into_iter().map(|part| format!("Restore {{ {part} }}")).collect()
}

/// Writes how the keys of a source are checked and brought together.
fn source_functions(source: &KeySource<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    let check = |file: &dyn Fn(KeyName) -> String| -> Vec<String> {
        let keys = KeyName::ALL.into_iter().zip(source.digests);
        keys.map(|(key, digest)| {
            verify_key(&KeyCheck { key, file: String::new(), digest }, &file(key))
        })
        .collect()
    };
    let brought = |key: KeyName| full(&format!("{KEYS}/{key}"));
    function(&format!("Ready{number}"), check(&brought), out)?;
    if let Some([hmac, master]) = source.files {
        let own = |key: KeyName| full(if key == KeyName::Hmac { hmac } else { master });
        let places = [hmac, master].into_iter().filter_map(|file| file.rsplit_once('/'));
        let here = places.map(|(directory, _)| is_here(directory));
        function(&format!("Source{number}"), here.chain(check(&own)).collect(), out)?;
        let copy = |key: KeyName| place(&own(key), &format!("{KEYS}/{key}"));
        let mut gather = keep(KEYS, &[]);
        gather.extend(KeyName::ALL.map(copy));
        function(&format!("Gather{number}"), gather, out)?;
    }
    Ok(())
}

/// Writes the choice of the instance.
fn dispatch(
    report: &Report,
    calls: &ScriptNames<'_>,
    visits: &[InstanceVisit<'_>],
    sources: &[KeySource<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "\nif ($args.Count -eq 0) {{ Show-List; exit 0 }}")?;
    writeln!(out, "if ($args.Count -eq 2 -and \"$($args[0])\" -ceq 'collect') {{")?;
    writeln!(out, "  $name = \"$($args[1])\"")?;
    for (number, source) in sources.iter().enumerate() {
        writeln!(
            out,
            "  if ({}.Equals($name)) {{ exit (Invoke-Collect '{number}' ${} ${}) }}",
            word(&source.called),
            source.files.is_some(),
            source.are_known()
        )?;
    }
    writeln!(out, "  Fail 'no keys are taken from an instance of this name'; exit 2\n}}")?;
    writeln!(
        out,
        "if ($args.Count -ne 1) {{ Fail 'give the name of one instance'; exit 2 }}\n$name = \"$($args[0])\""
    )?;
    for (number, visit) in visits.iter().enumerate() {
        let kept = visit.kept().map_or("", |(directory, _)| directory);
        writeln!(
            out,
            // `-eq` ignores case, and two instances may differ by it alone.
            "if ({}.Equals($name)) {{ exit (Invoke-Repair '{number}' {}) }}",
            word(&visit.called),
            word(kept)
        )?;
    }
    for name in others(report, calls, visits) {
        writeln!(
            out,
            "if ({}.Equals($name)) {{ Say 'Nothing is to be done here.'; exit 0 }}",
            word(&name)
        )?;
    }
    writeln!(out, "Fail 'there is no instance of this name; {} lists them'\nexit 2", SHELL.call)
}
