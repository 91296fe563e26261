//! `shell`: the repair as one POSIX script. Nothing is run here: it is brought to the machines, and run there instance by instance.

use super::english::{outcome, sentence};
use super::posix::word;
use super::{kept_name, lengths};
use crate::diagnosis::Judged;
use crate::facts::TextKind;
use crate::repair::{Action, Check, Collect, Do, KeyCheck, Window, shell_word};
use crate::report::printable::printable;
use crate::report::{Format, Report};
use std::collections::BTreeSet;
use std::io::{self, Write};

pub(in crate::report) const SHELL: Format = Format {
    name: "shell",
    extensions: &["sh"],
    summary: "the repair as one POSIX script, to be run on each instance",
    write,
};

/// What all repairs share: checks, copies, and their undoing.
const LIBRARY: &str = include_str!("repair.sh");

fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    writeln!(
        out,
        "#!/bin/sh\n# Repair of crypto keys, written by aemtrix {version}. It runs nothing by itself:"
    )?;
    writeln!(out, "#   sh repair.sh               lists the instances and their steps")?;
    writeln!(
        out,
        "#   sh repair.sh collect NAME  on the source of the keys: makes the directory keys"
    )?;
    writeln!(
        out,
        "#   sh repair.sh NAME          on an instance, stopped, with keys beside it: does its steps"
    )?;
    writeln!(
        out,
        "# Run it as the user that runs AEM, in the directory where the paths of the upload begin."
    )?;
    writeln!(out, "# It stops at the first failure and puts back what it replaced.\n")?;
    out.write_all(LIBRARY.as_bytes())?;
    let stops: Vec<Stop<'_>> = report.farms.iter().flat_map(stops).collect();
    for (number, stop) in stops.iter().enumerate() {
        stop.functions(number, out)?;
    }
    list(report, out)?;
    dispatch(report, &stops, out)
}

/// The instance that is repaired, and the plan that it is of.
struct Stop<'r> {
    name: &'r str,
    window: Option<&'r Window>,
    before: Vec<&'r Action>,
    after: Vec<&'r Action>,
}

fn stops(judged: &Judged) -> Vec<Stop<'_>> {
    let plan = &judged.plan;
    let names: BTreeSet<&str> =
        plan.actions().filter_map(|action| action.instance.as_deref()).collect();
    let of = |actions: &'_ [Action], name: &str| -> Vec<usize> {
        let is_of = |action: &Action| action.instance.as_deref() == Some(name);
        (0..actions.len()).filter(|index| actions.get(*index).is_some_and(is_of)).collect()
    };
    names
        .into_iter()
        .map(|name| Stop {
            name,
            window: plan.windows.iter().find(|window| window.instance == name),
            before: of(&plan.before, name).into_iter().filter_map(|i| plan.before.get(i)).collect(),
            after: of(&plan.after, name).into_iter().filter_map(|i| plan.after.get(i)).collect(),
        })
        .collect()
}

impl Stop<'_> {
    fn actions(&self) -> &[Action] {
        self.window.map(|window| window.actions.as_slice()).unwrap_or_default()
    }

    /// Writes what is done to the instance, how it is seen that it was done, and how it is undone.
    fn functions(&self, number: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n# {}", printable(self.name))?;
        self.is_done(number, out)?;
        self.undo(number, out)?;
        self.steps(number, out)?;
        self.run(number, out)
    }

    /// The last check of each file says what it is in the end.
    fn is_done(&self, number: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "done_{number}() {{")?;
        let mut checks = 0_usize;
        for action in self.actions() {
            let lines = match &action.does {
                Do::Verify(check) => verify(check),
                Do::Move { from, .. } => vec![format!("test ! -e {}", word(from))],
                _ => Vec::new(),
            };
            for line in lines {
                checks = checks.saturating_add(1);
                writeln!(out, "  {line} || return 1")?;
            }
        }
        // What a person does cannot be seen.
        writeln!(out, "  return {}\n}}", u8::from(checks == 0))
    }

    fn undo(&self, number: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "undo_{number}() {{\n  :")?;
        let kept = self.kept();
        for action in self.actions().iter().rev() {
            if let Do::Move { from, to } = &action.does {
                writeln!(out, "  move_back {} {}", word(from), word(to))?;
            }
        }
        if let Some((directory, files)) = kept {
            for file in files {
                let copy = word(&format!("{directory}/{}", kept_name(file, files)));
                writeln!(out, "  put_back {} {copy}", word(file))?;
                writeln!(
                    out,
                    "  rm -f {} {}",
                    word(&format!("{file}.new")),
                    word(&format!("{file}.swap"))
                )?;
            }
            // What is kept is what is there again.
            writeln!(out, "  rm -rf {}", word(directory))?;
        }
        writeln!(out, "}}")
    }

    fn kept(&self) -> Option<(&str, &[String])> {
        self.actions().iter().find_map(|action| match &action.does {
            Do::BackUp { directory, files } => Some((directory.as_str(), files.as_slice())),
            _ => None,
        })
    }

    fn steps(&self, number: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "steps_{number}() {{\n  :")?;
        for action in self.actions() {
            if !matches!(action.does, Do::Manual(_)) {
                writeln!(out, "  say {}", shell_word(&printable(&sentence(action))))?;
            }
            for line in lines(action) {
                writeln!(out, "  {line} || return 1")?;
            }
        }
        writeln!(out, "}}")
    }

    fn run(&self, number: usize, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "repair_{number}() {{")?;
        writeln!(
            out,
            "  if done_{number}; then say 'Nothing is left to do here by this script.'; return 0; fi"
        )?;
        for action in &self.before {
            writeln!(out, "  ask {} || return 1", shell_word(&told(action)))?;
        }
        if self.window.is_some() {
            self.run_stopped(number, out)?;
        }
        if !self.after.is_empty() {
            writeln!(out, "  say 'When all instances run again:'")?;
        }
        for action in &self.after {
            writeln!(out, "  say {}", shell_word(&format!("- {}", told(action))))?;
        }
        writeln!(out, "}}")
    }

    fn run_stopped(&self, number: usize, out: &mut dyn Write) -> io::Result<()> {
        for directory in self.directories() {
            let directory = word(&directory);
            writeln!(
                out,
                "  test -d {directory} || {{ fail {directory} 'is not here: run this where the paths of the upload begin'; return 1; }}"
            )?;
        }
        for line in self.brought() {
            writeln!(
                out,
                "  {line} || {{ fail 'the directory keys is missing, or holds other keys than those to be put in place'; return 1; }}"
            )?;
        }
        if let Some((directory, _)) = self.kept() {
            let directory = word(directory);
            writeln!(
                out,
                "  test ! -e {directory} || {{ fail {directory} 'is there already, from another repair: move it away'; return 1; }}"
            )?;
        }
        let stop = format!("Stop {}. Nothing may be changed while it runs.", self.name);
        writeln!(out, "  ask {} || return 1", shell_word(&printable(&stop)))?;
        writeln!(
            out,
            "  if ! steps_{number}; then undo_{number}; fail 'a step failed; everything is as it was'; return 1; fi"
        )?;
        for action in self.actions() {
            if let Do::Manual(_) = &action.does {
                writeln!(
                    out,
                    "  say {}",
                    shell_word(&format!("While it is stopped: {}", told(action)))
                )?;
            }
        }
        writeln!(out, "  say {}", shell_word(&printable(&format!("Start {}.", self.name))))
    }

    /// The directories above those that are made have to be there.
    fn directories(&self) -> BTreeSet<String> {
        let parent = |path: &str| path.rsplit_once('/').map(|(parent, _)| parent.to_owned());
        let made: BTreeSet<&str> = self
            .actions()
            .iter()
            .filter_map(|action| match &action.does {
                Do::EnsureDirectory { directory } => Some(directory.as_str()),
                _ => None,
            })
            .collect();
        let touched = self.actions().iter().flat_map(|action| action.does.touches());
        let kept = self.kept().map(|(directory, _)| directory);
        let holders = touched.filter_map(parent).filter(|path| Some(path.as_str()) != kept);
        holders
            .filter_map(
                |path| if made.contains(path.as_str()) { parent(&path) } else { Some(path) },
            )
            .collect()
    }

    /// Keys that are put in place are looked at before anything is stopped.
    fn brought(&self) -> Vec<String> {
        let of = |action: &Action| match &action.does {
            Do::Place { key, digest, .. } => {
                let check = KeyCheck { key: *key, file: String::new(), digest: *digest };
                Some(verify_as(&check, &format!("\"$keys/{key}\"")))
            }
            _ => None,
        };
        self.actions().iter().filter_map(of).collect()
    }
}

fn verify(check: &Check) -> Vec<String> {
    match check {
        Check::Keys(keys) => keys.iter().map(|key| verify_as(key, &word(&key.file))).collect(),
        Check::Storage { file } => vec![format!("is_bundle {}", word(file))],
    }
}

fn verify_as(check: &KeyCheck, file: &str) -> String {
    let [raw, obfuscated] = lengths(check.key);
    let by_length = || format!("is_long {file} {raw} {obfuscated}");
    check.digest.map_or_else(by_length, |digest| format!("is {file} {}", digest.md5))
}

/// Returns the lines of an action, each of which fails where it is not done.
fn lines(action: &Action) -> Vec<String> {
    match &action.does {
        Do::BackUp { directory, files } => {
            let keep = |file: &String| {
                let kept = word(&format!("{directory}/{}", kept_name(file, files)));
                format!("keep {} {kept}", word(file))
            };
            let make = format!("mkdir -m 700 {}", word(directory));
            [make].into_iter().chain(files.iter().map(keep)).collect()
        }
        Do::EnsureDirectory { directory } => {
            let directory = word(directory);
            vec![format!("{{ test -d {directory} || mkdir -m 755 {directory}; }}")]
        }
        Do::Place { key, to, .. } => vec![format!("place {key} {}", word(to))],
        Do::Swap { hmac, master } => vec![format!("swap {} {}", word(hmac), word(master))],
        Do::Truncate { file, bytes } => vec![format!("through {} head -c {bytes}", word(file))],
        Do::Decode { file, text: TextKind::Hex } => vec![format!("through {} unhex", word(file))],
        Do::Decode { file, .. } => vec![format!("through {} unbase64", word(file))],
        Do::Move { from, to } => vec![format!("move {} {}", word(from), word(to))],
        Do::WriteStorage { file } => vec![format!("printf %s Bundle > {}", word(file))],
        Do::Verify(check) => verify(check),
        Do::ExportFromJcr { .. }
        | Do::DeleteFromJcr { .. }
        | Do::EnterSecret { .. }
        | Do::RemoveBackup { .. }
        | Do::Manual(_) => Vec::new(),
    }
}

/// Says what a person does, with the commands.
fn told(action: &Action) -> String {
    let commands = match &action.does {
        Do::Manual(text) => {
            text.commands().fold(String::new(), |told, command| format!("{told}\n    {command}"))
        }
        _ => String::new(),
    };
    format!("{}.{commands}", printable(&sentence(action)))
}

/// Writes what `sh repair.sh` prints.
fn list(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nlist() {{")?;
    for judged in &report.farms {
        let plan = &judged.plan;
        writeln!(out, "  say {}", shell_word(&printable(&format!("Farm {}", judged.farm.name))))?;
        if plan.is_empty() {
            writeln!(out, "  say '  nothing is to be done'")?;
            continue;
        }
        if let Some(Collect { instance, .. }) = &plan.collect {
            let line = format!(
                "  {instance}: source of the keys; there: sh repair.sh collect {}",
                shell_word(instance)
            );
            writeln!(out, "  say {}", shell_word(&printable(&line)))?;
        }
        for action in plan.before.iter().filter(|action| action.instance.is_none()) {
            writeln!(out, "  say {}", shell_word(&format!("  first: {}", told(action))))?;
        }
        for stop in stops(judged) {
            writeln!(out, "  say {}", shell_word(&printable(&format!("  {}", stop.name))))?;
            for action in
                stop.before.iter().copied().chain(stop.actions()).chain(stop.after.iter().copied())
            {
                writeln!(out, "  say {}", shell_word(&format!("    - {}", told(action))))?;
            }
        }
        for action in plan.after.iter().filter(|action| action.instance.is_none()) {
            writeln!(out, "  say {}", shell_word(&format!("  then: {}", told(action))))?;
        }
        let after = format!("  After these steps: {}", outcome(&plan.outcome));
        writeln!(out, "  say {}", shell_word(&printable(&after)))?;
    }
    writeln!(out, "}}\n")
}

/// Writes the choice of the instance.
fn dispatch(report: &Report, stops: &[Stop<'_>], out: &mut dyn Write) -> io::Result<()> {
    collect(report, out)?;
    writeln!(out, "case \"$#\" in\n  0) list; exit 0 ;;\n  1) name=$1 ;;")?;
    writeln!(
        out,
        "  2) test \"$1\" = collect && {{ collect \"$2\"; exit $?; }}; fail 'give the name of one instance'; exit 2 ;;"
    )?;
    writeln!(out, "  *) fail 'give the name of one instance'; exit 2 ;;\nesac\n")?;
    writeln!(out, "case \"$name\" in")?;
    for (number, stop) in stops.iter().enumerate() {
        writeln!(out, "  {}) repair_{number} || exit 1 ;;", shell_word(stop.name))?;
    }
    let told: BTreeSet<&str> = stops.iter().map(|stop| stop.name).collect();
    let others = report.farms.iter().flat_map(|judged| &judged.farm.members);
    for name in others.map(|member| member.name.as_str()).filter(|name| !told.contains(name)) {
        writeln!(out, "  {}) say 'Nothing is to be done here.' ;;", shell_word(name))?;
    }
    writeln!(
        out,
        "  *) fail 'there is no instance of this name; sh repair.sh lists them'; exit 2 ;;\nesac"
    )
}

/// Writes how the keys of a source are brought together.
fn collect(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "collect() {{\n  case \"$1\" in")?;
    for judged in &report.farms {
        let plan = &judged.plan;
        let mut told = BTreeSet::new();
        if let Some(Collect { instance, files, digests }) = &plan.collect {
            told.insert(instance.as_str());
            let checks = digests.map(Some);
            write_collect(instance, files.as_ref(), checks, out)?;
        }
        for action in &plan.before {
            if let (Some(name), Do::ExportFromJcr { digests, is_source: true }) =
                (&action.instance, &action.does)
                && told.insert(name)
            {
                write_collect(name, None, *digests, out)?;
            }
        }
    }
    writeln!(
        out,
        "    *) fail 'no keys are taken from an instance of this name'; exit 2 ;;\n  esac\n}}\n"
    )
}

fn write_collect(
    name: &str,
    files: Option<&[String; 2]>,
    digests: [Option<crate::facts::Digest>; 2],
    out: &mut dyn Write,
) -> io::Result<()> {
    let check = |paths: [String; 2]| {
        let checks = crate::facts::KeyName::ALL.into_iter().zip(paths).zip(digests);
        let all: Vec<String> = checks
            .map(|((key, path), digest)| {
                verify_as(&KeyCheck { key, file: String::new(), digest }, &path)
            })
            .collect();
        all.join(" && ")
    };
    let right = check(["keys/hmac".to_owned(), "keys/master".to_owned()]);
    writeln!(out, "    {})", shell_word(name))?;
    writeln!(out, "      if {right}; then say 'The directory keys is right.'; return 0; fi")?;
    if let Some([hmac, master]) = files {
        let (hmac, master) = (word(hmac), word(master));
        let source = check([hmac.clone(), master.clone()]);
        writeln!(
            out,
            "      {{ {source}; }} || {{ fail 'the keys here are others than those that were examined'; return 1; }}"
        )?;
        writeln!(
            out,
            "      test ! -e keys || {{ fail 'a directory keys is there already, and holds other keys: move it away'; return 1; }}"
        )?;
        writeln!(out, "      gather {hmac} {master} || return 1")?;
    } else {
        writeln!(out, "      test -d keys || mkdir -m 700 keys || return 1")?;
        writeln!(
            out,
            "      ask 'Save the binary properties hmac and master of /etc/key (CRXDE Lite) as keys/hmac and keys/master.' || return 1"
        )?;
    }
    writeln!(
        out,
        "      {{ {right}; }} || {{ fail 'keys/hmac and keys/master are not the keys that were examined'; return 1; }}"
    )?;
    writeln!(
        out,
        "      say 'The directory keys is ready: bring it to the other machines by a way on which nobody can read it, then remove it here.' ;;"
    )
}
