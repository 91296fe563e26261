//! `shell`: the repair as one POSIX script. Nothing is run here: it is brought to the machines, and run there instance by instance.

use super::english::sentence;
use super::posix::{commands, word};
use super::visit::{InstanceVisit, KeySource, ScriptNames, Shell, list, others, sources, visits};
use super::{KEYS, kept_name, lengths};
use crate::facts::{Digest, KeyName, TextKind};
use crate::repair::{Action, Do, KeyCheck, PlanCheck, shell_word};
use crate::report::by_farm::ALL_AT_ONCE;
use crate::report::printable::printable;
use crate::report::{Format, Report};
use std::io::{self, Write};

pub(in crate::report) const SHELL: Format = Format {
    name: "shell",
    extensions: &["sh"],
    summary: "the repair as one POSIX script, to be run on each instance",
    write,
    by_farm: ALL_AT_ONCE,
};

/// What all repairs share: checks, copies, and their undoing.
const LIBRARY: &str = include_str!("repair.sh");

const POSIX: Shell = Shell { call: "sh repair.sh", word: shell_word, commands };

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "#!/bin/sh")?;
    writeln!(
        out,
        "# Repair of crypto keys, written by aemtrix {version}. It runs nothing by itself:"
    )?;
    out.write_all(LIBRARY.as_bytes())?;
    let calls = ScriptNames::of(report);
    let visits = visits(report, &calls);
    for (number, visit) in visits.iter().enumerate() {
        functions(visit, number, out)?;
    }
    // An empty function is a syntax error in a POSIX shell, so each begins with a command that does nothing.
    writeln!(out, "\nlist() {{\n  :")?;
    for line in list(report, &calls, &POSIX) {
        writeln!(out, "  say {}", shell_word(&line))?;
    }
    writeln!(out, "}}\n")?;
    collect(report, &calls, out)?;
    dispatch(report, &calls, &visits, out)
}

/// Writes what is done to an instance, how it is seen that it was done, and how it is undone.
fn functions(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n# {}", printable(&visit.called))?;
    is_done(visit, number, out)?;
    back_up(visit, number, out)?;
    undo(visit, number, out)?;
    steps(visit, number, out)?;
    run(visit, number, out)
}

/// The last check of each file says what it is in the end.
fn is_done(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "done_{number}() {{")?;
    let mut has_checks = false;
    for action in visit.actions() {
        let lines = match &action.does {
            Do::Verify(check) => {
                let legible = files(check).map(|file| format!("is_legible {}", word(file)));
                verify(check).into_iter().chain(legible).collect()
            }
            Do::Move { from, .. } => vec![format!("test ! -e {}", word(from))],
            _ => Vec::new(),
        };
        for line in lines {
            has_checks = true;
            writeln!(out, "  {line} || return 1")?;
        }
    }
    // What a person does cannot be seen.
    writeln!(out, "  return {}\n}}", u8::from(!has_checks))
}

/// Everything that may change is kept before the first change. So what is not among it was missing.
fn back_up(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some((directory, files)) = visit.kept() else { return Ok(()) };
    writeln!(out, "back_up_{number}() {{\n  say 'Keep a copy of what is changed'")?;
    for file in files {
        let copy = word(&format!("{directory}/{}", kept_name(file, files)));
        writeln!(out, "  keep {} {copy} || return 1", word(file))?;
    }
    writeln!(out, "}}")
}

/// Nothing stops it half-way, and what was kept stays where not all of it could be put back.
fn undo(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    let Some((directory, files)) = visit.kept() else { return Ok(()) };
    // A signal between two files would leave a key of one set beside that of another.
    writeln!(out, "undo_{number}() {{\n  trap '' HUP INT TERM\n  whole=1")?;
    for action in visit.actions().iter().rev() {
        if let Do::Move { from, to } = &action.does {
            writeln!(out, "  move_back {} {}", word(from), word(to))?;
        }
    }
    for file in files {
        let copy = word(&format!("{directory}/{}", kept_name(file, files)));
        writeln!(out, "  put_back {} {copy}", word(file))?;
    }
    for (place, action) in visit.actions().iter().enumerate().rev() {
        if let Do::EnsureDirectory { directory } = &action.does {
            writeln!(out, "  unmake {place} {}", word(directory))?;
        }
    }
    writeln!(out, "  undone\n}}")
}

fn steps(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "steps_{number}() {{\n  :")?;
    for (place, action) in visit.actions().iter().enumerate() {
        let lines = lines(action, place);
        if !lines.is_empty() {
            writeln!(out, "  say {}", shell_word(&printable(&sentence(action))))?;
        }
        for line in lines {
            writeln!(out, "  {line} || return 1")?;
        }
    }
    writeln!(out, "}}")
}

fn run(visit: &InstanceVisit<'_>, number: usize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "repair_{number}() {{")?;
    for directory in visit.directories() {
        let directory = word(&directory);
        writeln!(out, "  is_here {directory} && is_own {directory} || return 1")?;
    }
    writeln!(
        out,
        "  if done_{number}; then say 'Nothing is left to do here by this script.'; return 0; fi"
    )?;
    for action in &visit.before {
        writeln!(out, "  ask {} || return 1", shell_word(&POSIX.step(action)))?;
    }
    for examined in visit.examined() {
        let sums = examined.sums().join(" ");
        writeln!(out, "  was {} {sums} || return 1", word(examined.file))?;
    }
    for key in visit.brought() {
        let line = verify_as(&key, &format!("\"$keys/{}\"", key.key));
        writeln!(out, "  {line} || {{ not_brought; return 1; }}")?;
    }
    if let Some((directory, _)) = visit.kept() {
        writeln!(out, "  kept={}\n  is_new \"$kept\" || return 1", word(directory))?;
    }
    if visit.is_stopped() {
        writeln!(out, "  ask {} || return 1", shell_word(&visit.words_to_stop()))?;
    }
    if visit.kept().is_some() {
        writeln!(out, "  carry_out {number} || return 1")?;
    }
    for words in visit.words_after(&POSIX) {
        writeln!(out, "  say {}", shell_word(&words))?;
    }
    writeln!(out, "}}")
}

fn verify(check: &PlanCheck) -> Vec<String> {
    match check {
        PlanCheck::Keys(keys) => keys.iter().map(|key| verify_as(key, &word(&key.file))).collect(),
        PlanCheck::Storage { file } => vec![format!("is_bundle {}", word(file))],
    }
}

/// Returns the files that are checked.
fn files(check: &PlanCheck) -> impl Iterator<Item = &str> {
    let (keys, storage) = match check {
        PlanCheck::Keys(keys) => (keys.as_slice(), None),
        PlanCheck::Storage { file } => (&[][..], Some(file.as_str())),
    };
    keys.iter().map(|key| key.file.as_str()).chain(storage)
}

fn verify_as(check: &KeyCheck, file: &str) -> String {
    let [raw, obfuscated] = lengths(check.key);
    check.digest.map_or_else(
        || format!("is_long {file} {raw} {obfuscated}"),
        |digest| format!("is {file} {}", digest.md5),
    )
}

/// Returns the lines of an action, the one of this number, each of which fails where it is not done.
fn lines(action: &Action, place: usize) -> Vec<String> {
    match &action.does {
        Do::EnsureDirectory { directory } => vec![format!("ensure {place} {}", word(directory))],
        Do::Place { key, to, .. } => vec![format!("place {key} {}", word(to))],
        Do::Swap { hmac, master } => vec![format!("swap {} {}", word(hmac), word(master))],
        Do::Truncate { file, bytes } => vec![format!("through {} head -c {bytes}", word(file))],
        Do::Decode { file, text: TextKind::Hex } => vec![format!("through {} unhex", word(file))],
        Do::Decode { file, .. } => vec![format!("through {} unbase64", word(file))],
        Do::Move { from, to } => vec![format!("move {} {}", word(from), word(to))],
        Do::WriteStorage { file } => vec![format!("printf %s Bundle > {}", word(file))],
        Do::Verify(check) => {
            let given = files(check).map(|file| format!("hand_over {}", word(file)));
            given.chain(verify(check)).collect()
        }
        // What is kept, is kept before the steps.
        Do::BackUp { .. }
        | Do::ExportFromJcr { .. }
        | Do::DeleteFromJcr { .. }
        | Do::EnterSecret { .. }
        | Do::SetProperty { .. }
        | Do::RemoveBackup { .. }
        | Do::Manual(_) => Vec::new(),
    }
}

/// Writes how the keys of a source are brought together.
fn collect(report: &Report, calls: &ScriptNames<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "collect() {{\n  case \"$1\" in")?;
    for source in sources(report, calls) {
        let are_known = source.are_known();
        let KeySource { called, files, digests } = source;
        writeln!(out, "    {})", shell_word(&called))?;
        let right = both(KeyName::ALL.map(|key| format!("{KEYS}/{key}")), digests);
        for file in files.into_iter().flatten() {
            let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
            let (directory, file) = (word(directory), word(file));
            writeln!(out, "      is_here {directory} && can_read {file} || return 1")?;
        }
        if let Some([hmac, _]) = files {
            writeln!(out, "      is_apart {} || return 1", word(hmac))?;
        }
        if are_known {
            writeln!(out, "      if {right}; then is_ready; return 0; fi")?;
        }
        if let Some(files) = files {
            let files = files.each_ref().map(|file| word(file));
            let [hmac, master] = files.clone();
            writeln!(
                out,
                "      {{ {}; }} || {{ fail 'the keys here are others than those that were examined'; return 1; }}",
                both(files, digests)
            )?;
            writeln!(out, "      gather {hmac} {master} || return 1")?;
        } else {
            writeln!(out, "      save || return 1")?;
        }
        writeln!(
            out,
            "      {{ {right}; }} || {{ fail '{KEYS}/hmac and {KEYS}/master are not the keys that were examined'; return 1; }}\n      is_ready ;;"
        )?;
    }
    writeln!(
        out,
        "    *) fail 'no keys are taken from an instance of this name'; exit 2 ;;\n  esac\n}}\n"
    )
}

/// Checks both keys.
fn both(paths: [String; 2], digests: [Option<Digest>; 2]) -> String {
    let checks = KeyName::ALL.into_iter().zip(paths).zip(digests);
    let checks = checks.map(|((key, path), digest)| {
        verify_as(&KeyCheck { key, file: String::new(), digest }, &path)
    });
    checks.collect::<Vec<_>>().join(" && ")
}

/// Writes the choice of the instance.
fn dispatch(
    report: &Report,
    calls: &ScriptNames<'_>,
    visits: &[InstanceVisit<'_>],
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "case \"$#\" in\n  0) list; exit 0 ;;\n  1) name=$1 ;;")?;
    writeln!(
        out,
        "  2) test \"$1\" = collect && {{ collect \"$2\"; exit $?; }}; fail 'give the name of one instance'; exit 2 ;;"
    )?;
    writeln!(out, "  *) fail 'give the name of one instance'; exit 2 ;;\nesac\n")?;
    writeln!(out, "case \"$name\" in")?;
    for (number, visit) in visits.iter().enumerate() {
        // In quotes, a pattern of `case` matches its own
        // text alone, whatever `*` or `[` the name has.
        writeln!(out, "  {}) repair_{number} || exit 1 ;;", shell_word(&visit.called))?;
    }
    for name in others(report, calls, visits) {
        writeln!(out, "  {}) say 'Nothing is to be done here.' ;;", shell_word(&name))?;
    }
    writeln!(
        out,
        "  *) fail 'there is no instance of this name; {} lists them'; exit 2 ;;\nesac",
        POSIX.call
    )
}
