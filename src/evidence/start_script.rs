//! `bin/start` and its like, and what they run: settings that the command line gives the JVM and the launcher.
//!
//! Nothing is run. Every value that stands anywhere in a script counts, for another branch may take it away or not; what is in a
//! comment does not, nor does a port or run mode that is taken from the environment. Puppet keeps the options in `bin/start-env`, which
//! `bin/start` runs, and people write `start.sh` and `Start.bat`.

use super::container;
use super::script::{self, Syntax, assignment};
use super::sources::{self, Held, Named, Role};
use super::statements::{
    BY_PROGRAM, ENCODING, HOME_OPTION, KEPT_BYTES_MAX, LAUNCHPAD_OPTION, OPEN_NAME, SETTINGS_MAX,
    Statements, TOO_MUCH, VALUE_CHARS_MAX, mentions, mover, names_aem, pair_bytes,
};
use super::{Fact, Found, Kind, Names, ParseError, Reads, path, text};
use crate::facts::{CQ_RUN_MODES, RUN_MODES_OPTION, SLING_RUN_MODES, is_secret};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const KIND: Kind = Kind {
    name: "start script",
    names: Names::Begin(&[START, "quickstart", "instsrv"]),
    reads: Reads::Whole(1 << 20),
    find,
    parse,
};
/// Any other file that may be a script of an install, or a part of one.
pub(super) const SMALL: Kind = Kind {
    name: "script",
    names: Names::Any,
    reads: Reads::Small(1 << 20),
    find: find_small,
    parse,
};

const IN_BIN: [&str; 4] = ["start", "start.bat", "quickstart", "quickstart.bat"];
const SERVICE: &str = "instsrv.bat";
const VARIABLES: [&str; 2] = ["CQ_PORT", CQ_RUN_MODES];
/// Ends of the names of scripts, and of files that set variables for them.
const ENDS: [&str; 15] = [
    ".sh",
    ".bat",
    ".cmd",
    ".ps1",
    ".ksh",
    ".bash",
    ".env",
    ".service",
    "-env",
    // WinSW on Windows, launchd on a Mac.
    "service.xml",
    ".plist",
    // Podman, Nomad, and what builds an image.
    ".container",
    ".nomad",
    ".hcl",
    ".dockerfile",
];
/// Names of scripts, and of lists of what a host starts, that have no end: `etc/sv/aem/run` of runit, `etc/inittab`.
const NAMES: [&str; 11] = [
    "aemctl",
    "crontab",
    "docker-run",
    "entrypoint",
    "inittab",
    "jenkinsfile",
    "procfile",
    "rc.local",
    "run",
    "setenv",
    "user-data",
];
/// How the names of other scripts begin.
const START: &str = "start";
/// How the files begin that say how a container is made and started, and what its environment is.
const OF_CONTAINERS: [&str; 6] =
    [".env.", "compose.", "containerfile", "docker-compose", "docker-entrypoint", "dockerfile"];
/// Directories of a host in which scripts and options of services lie.
const OF_HOSTS: [&str; 13] = [
    "etc/default",
    "etc/sysconfig",
    "etc/conf.d",
    "init.d",
    "rc.d",
    "monit.d",
    "cron.d",
    "spool/cron",
    "cron/crontabs",
    "local/bin",
    "local/sbin",
    // Variables of Ansible.
    "group_vars",
    "host_vars",
];
/// Bytes of the name of a property, at most.
const NAME_BYTES_MAX: usize = 512;
/// Uses of variables that are kept.
const USES_MAX: usize = 4 * SETTINGS_MAX;
/// How often a text in quotes is taken apart again.
const DEPTH_MAX: usize = 4;

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, file) = path::split(path);
    if file.eq_ignore_ascii_case(SERVICE) {
        let root = path::parent_of(path::parent_of(directory, "helpers")?, "opt")?;
        return Some(Found { root, bundle: "", name: SERVICE });
    }
    let name = IN_BIN.into_iter().find(|name| {
        // Names have no case on Windows, and have one elsewhere.
        *name == file || name.eq_ignore_ascii_case(file) && script::is_batch(name)
    })?;
    Some(Found { root: path::parent_of(directory, "bin")?, bundle: "", name })
}

fn find_small(path: &str) -> Option<Found<'_>> {
    let (directory, file) = path::split(path);
    let starts =
        |begin: &str| file.get(..begin.len()).is_some_and(|name| name.eq_ignore_ascii_case(begin));
    let is_named =
        || starts(START) || path::ends_in(file, &ENDS) || OF_CONTAINERS.into_iter().any(starts);
    let is_script = is_named()
        || path::is_directory_of_install(directory, "bin")
        || NAMES.iter().any(|name| file.eq_ignore_ascii_case(name))
        || OF_HOSTS.iter().any(|place| path::parent_of(directory, place).is_some());
    (is_script && !path::may_be_archive(file)).then_some(Found { root: "", bundle: "", name: file })
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // A program may lie where scripts do.
    // ELF of Linux, and the header that every program of Windows begins with.
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"MZ") {
        return Ok(Fact::Settings(Box::default()));
    }
    let text = text::decode(bytes);
    // In XML a backslash is one: WinSW has `-Dkey=C:\aem\keys`.
    let is_xml = path::ends_in(found.name, &[".xml", ".plist"]);
    let mut statements = if is_xml {
        read(found.name, &text.replace('\\', "\\\\"))
    } else {
        read(found.name, &text)
    };
    // It is in an encoding that is not known.
    if text.contains('\0') {
        statements.unseen.insert(ENCODING);
    }
    if container::is_yaml(found.name) {
        container::add(&mut statements, &text);
    }
    statements.names_aem = names_aem(&text);
    Ok(Fact::Settings(Box::new(statements)))
}

/// Reads a text as a script of this name.
pub(super) fn read(file: &str, text: &str) -> Statements {
    Script::new(Syntax::of(file)).read(&script::without_comments(text))
}

/// A script that is being read.
struct Script {
    syntax: Syntax,
    statements: Statements,
    /// How often a name is in a form that is understood.
    understood: BTreeMap<&'static str, usize>,
    /// Bytes of what is kept of it.
    kept_bytes: usize,
    /// What is read now is the value of a variable.
    in_value: bool,
    /// Definitions in whose names variables stand.
    open: Vec<(String, String)>,
    /// Variables that hold words out of files or programs.
    held: Vec<Held>,
    /// Variables of which options are made, or the value of the one that is named first.
    uses: BTreeSet<(Option<String>, String)>,
    /// Files without which it goes on, or that it asks for and does not use.
    asked: BTreeSet<String>,
    /// Scripts in another language that it has run.
    interpreted: Vec<String>,
}

impl Script {
    fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            statements: Statements::default(),
            understood: BTreeMap::new(),
            kept_bytes: 0,
            in_value: false,
            open: Vec::new(),
            held: Vec::new(),
            uses: BTreeSet::new(),
            asked: BTreeSet::new(),
            interpreted: Vec::new(),
        }
    }

    fn read(mut self, text: &str) -> Statements {
        let commands = script::commands(text, self.syntax);
        self.commands(&commands, DEPTH_MAX);
        if self.syntax == Syntax::Batch {
            self.loops(&commands);
        }
        self.close_definitions();
        self.close_variables();
        let starts_java = commands
            .iter()
            .flatten()
            .any(|word| sources::is_java(word) || word == "-jar" || word.contains("java "));
        for file in std::mem::take(&mut self.interpreted) {
            // Where nothing else starts the JVM, such a script does.
            self.source(if starts_java { Role::Program } else { Role::Part }, &file);
        }
        let is_asked = |file: &&String| self.asked.contains(*file);
        let optional = self.statements.sources.iter().filter(is_asked).cloned();
        self.statements.optional = optional.collect();
        let mut mentioned: BTreeMap<&'static str, usize> = BTreeMap::new();
        for name in commands.iter().flatten().flat_map(|word| mentions(word)) {
            let count = mentioned.entry(name).or_default();
            *count = count.saturating_add(1);
        }
        for word in commands.iter().flatten() {
            self.statements.stores.add(word);
        }
        // A name that is mentioned more often than it is understood stands somewhere in another form.
        let more = |name: &&str, count: usize| {
            count > self.understood.get(*name).copied().unwrap_or_default()
        };
        let unclear = mentioned.iter().filter(|(name, count)| more(name, **count));
        self.statements.unclear.extend(unclear.map(|(name, _)| *name));
        self.statements
    }

    /// `for /f %%i in (FILE)` takes the lines of a file; what is in parentheses is a command of its own here.
    fn loops(&mut self, commands: &[Vec<String>]) {
        let follows = commands.windows(2).filter_map(|pair| Some((pair.first()?, pair.get(1)?)));
        for (command, next) in follows {
            let mut words = command.iter().map(|word| word.to_ascii_lowercase());
            let is_loop = words.next().is_some_and(|word| word == "for")
                && words.next().is_some_and(|word| word == "/f");
            if let [file] = next.as_slice()
                && is_loop
            {
                self.source(Role::Part, file);
            }
        }
    }

    fn commands(&mut self, commands: &[Vec<String>], depth: usize) {
        for command in commands {
            self.command(command, depth);
        }
        if self.syntax == Syntax::Shell && !self.in_value {
            self.take(sources::piped(commands));
        }
    }

    fn command(&mut self, words: &[String], depth: usize) {
        self.sources(words);
        self.options(words);
        if self.syntax == Syntax::Batch {
            self.set(words);
        }
        for word in words {
            self.word(word, depth);
        }
    }

    fn word(&mut self, word: &str, depth: usize) {
        if let Some((name, value)) = assignment(word) {
            self.variable(name, value);
            // What a unit of systemd runs looks like one.
            let outer = std::mem::replace(&mut self.in_value, !name.starts_with("Exec"));
            self.again(value, depth);
            self.in_value = outer;
            return;
        }
        let options = word.find(" -").filter(|_| word.starts_with("-D"));
        match options.and_then(|at| word.split_at_checked(at)) {
            Some((first, rest)) => {
                self.definitions(first);
                self.again(rest, depth);
            }
            None if word.starts_with("-D") || !word.contains(char::is_whitespace) => {
                self.definitions(word);
            }
            // What a program prints may be options, and they may stand in its own command line.
            None if word.starts_with("$(") => {
                self.again(&word.replace("$(", " ").replace([')', '`'], " "), depth);
            }
            None => self.again(word, depth),
        }
    }

    /// Takes apart what stood in quotes.
    fn again(&mut self, text: &str, depth: usize) {
        if depth == 0 {
            return;
        }
        self.commands(&script::commands(text, self.syntax), depth.saturating_sub(1));
    }

    /// Takes every `-D<name>=<value>` of a word, such as that in `--JvmOptions=-Dname=value`.
    fn definitions(&mut self, word: &str) {
        for (at, _) in word.match_indices("-D") {
            // The `-D` within `AEM-DEV` begins no definition.
            let begins = !word.get(..at).unwrap_or_default().ends_with(char::is_alphanumeric);
            let rest = word.get(at.saturating_add(2)..).filter(|_| begins).unwrap_or_default();
            // Without a value, the JVM sets the property to an empty text.
            let equals = rest.bytes().take(NAME_BYTES_MAX).position(|byte| byte == b'=');
            let (name, value) = match equals.and_then(|at| rest.split_at_checked(at)) {
                Some((name, value)) => (name, value.strip_prefix('=').unwrap_or(value)),
                // A longer name is none that is understood.
                None if rest.len() > NAME_BYTES_MAX => continue,
                None => (rest, ""),
            };
            // Two characters more, for the quotes.
            let value = text::cut(value, VALUE_CHARS_MAX.saturating_add(2));
            let value = before_next(&value).trim_matches('\'');
            if is_open(name) && (equals.is_some() || name.starts_with(['$', '%', '!'])) {
                self.open_definition(name, value);
            }
            if let Some(mover) = mover(name) {
                let count = self.understood.entry(mover).or_default();
                *count = count.saturating_add(1);
                self.setting(name, value);
            } else if name == SLING_RUN_MODES {
                self.setting(RUN_MODES_OPTION, value);
            }
        }
    }

    /// Remembers a definition whose name is known only with the variables of the script.
    fn open_definition(&mut self, name: &str, value: &str) {
        let definition = (name.to_owned(), value.to_owned());
        if self.open.contains(&definition) {
            return;
        }
        if self.open.len() < SETTINGS_MAX && self.has_room(pair_bytes(name, value)) {
            self.open.push(definition);
        } else {
            self.statements.unseen.insert(TOO_MUCH);
        }
    }

    /// Takes the definitions whose names are known now; the others may be of anything.
    fn close_definitions(&mut self) {
        for (name, value) in std::mem::take(&mut self.open) {
            let whole = script::expand(&name, &self.statements.variables);
            let (name, value) = match whole.split_once('=') {
                Some((name, value)) if !name.is_empty() => (name.to_owned(), value.to_owned()),
                _ => (whole, value),
            };
            if is_open(&name) {
                self.statements.unseen.insert(OPEN_NAME);
            } else if mover(&name).is_some() {
                self.setting(&name, &value);
            }
        }
    }

    fn setting(&mut self, name: &str, value: &str) {
        let setting = (name.to_owned(), text::cut(value, VALUE_CHARS_MAX));
        let statements = &mut self.statements;
        if setting.1.len() < value.len() {
            statements.unclear.extend(mover(name));
        }
        if statements.settings.contains(&setting) {
            return;
        }
        let has_place = self.statements.settings.len() < SETTINGS_MAX;
        if has_place && self.has_room(pair_bytes(&setting.0, &setting.1)) {
            self.statements.settings.push(setting);
        } else {
            self.statements.unseen.insert(TOO_MUCH);
        }
    }

    /// Returns `true` if more may be kept; a script that has too much is not looked at any further.
    fn has_room(&mut self, bytes: usize) -> bool {
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        self.kept_bytes <= KEPT_BYTES_MAX
    }

    /// Takes the launcher's options `-c`, `-i` and `-r`, which follow the jar, its command `start`, or the variable that begins with that.
    fn options(&mut self, words: &[String]) {
        let is_begin = |word: &str| matches!(word, "start" | "-jar") || word.contains("START_OPTS");
        let mut words =
            words.iter().map(String::as_str).skip_while(|word| !is_begin(word)).peekable();
        while let Some(word) = words.next() {
            for option in [HOME_OPTION, LAUNCHPAD_OPTION] {
                match word.strip_prefix(option) {
                    Some("") => {
                        if let Some(value) = words.peek() {
                            self.setting(option, value);
                        }
                    }
                    // `-credentials=admin:admin` is another option, and an option of the launcher has no equals sign.
                    Some(value) if !value.contains('=') => self.setting(option, value),
                    Some(_) | None => {}
                }
            }
            if word == RUN_MODES_OPTION
                && let Some(modes) = words.peek()
            {
                self.setting(RUN_MODES_OPTION, modes);
            }
        }
    }

    /// `set NAME=value` goes on to the end of the command, blanks included.
    fn set(&mut self, words: &[String]) {
        let mut rest = words.iter().skip_while(|word| !word.eq_ignore_ascii_case("set")).skip(1);
        let Some((name, first)) = rest.next().and_then(|word| assignment(word)) else { return };
        let value = rest.fold(first.to_owned(), |value, word| value + " " + word);
        if value != first {
            self.variable(name, &value);
            self.options(&value.split(' ').map(str::to_owned).collect::<Vec<_>>());
        }
    }

    fn variable(&mut self, name: &str, value: &str) {
        let written_out = !value.is_empty() && !value.contains(['$', '%', '`']);
        if VARIABLES.contains(&name) && written_out {
            // As in a shell, the last assignment counts.
            self.statements.settings.retain(|(earlier, _)| earlier != name);
            self.setting(name, value);
        }
        let variable = (name.to_owned(), text::cut(value, VALUE_CHARS_MAX));
        if is_secret(name) || self.statements.variables.contains(&variable) {
            return;
        }
        let has_place = self.statements.variables.len() < SETTINGS_MAX;
        if has_place && self.has_room(pair_bytes(name, &variable.1)) {
            self.statements.variables.push(variable);
        } else {
            self.statements.unseen.insert(TOO_MUCH);
        }
    }

    /// Takes the files that a command names.
    fn sources(&mut self, words: &[String]) {
        self.take(sources::named(words, self.syntax, self.in_value));
    }

    fn take(&mut self, named: Named<'_>) {
        for (role, file) in named.files {
            self.source(role, file);
        }
        for file in &named.read {
            self.source(Role::Part, file);
        }
        for file in named.optional.into_iter().take(SETTINGS_MAX) {
            // One too many is taken for one that is needed.
            let file = text::cut(file, VALUE_CHARS_MAX);
            if self.asked.len() < SETTINGS_MAX {
                self.asked.insert(file);
            }
        }
        if named.is_open {
            self.statements.unseen.insert(BY_PROGRAM);
        }
        for held in named.held {
            if self.held.contains(&held) {
                continue;
            }
            let bytes = held.files.iter().map(|file| pair_bytes(&held.variable, file));
            let bytes = bytes.fold(pair_bytes(&held.variable, ""), usize::saturating_add);
            if self.held.len() < SETTINGS_MAX && self.has_room(bytes) {
                self.held.push(held);
            } else {
                self.statements.unseen.insert(TOO_MUCH);
            }
        }
        for (into, variable) in named.uses {
            let used = (into.map(str::to_owned), variable.to_owned());
            let is_short = variable.len().saturating_add(into.map_or(0, str::len)) < NAME_BYTES_MAX;
            if self.uses.len() < USES_MAX && is_short {
                self.uses.insert(used);
            } else if !self.uses.contains(&used) {
                self.statements.unseen.insert(TOO_MUCH);
            }
        }
    }

    /// Takes what the variables hold of which options are made, be it by way of other variables.
    fn close_variables(&mut self) {
        let all = std::mem::take(&mut self.uses);
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for _ in 0..DEPTH_MAX {
            let is_used = |into: &Option<String>| {
                into.as_ref().is_none_or(|into| used.contains(into.as_str()))
            };
            let more: Vec<&str> = all
                .iter()
                .filter(|(into, _)| is_used(into))
                .map(|(_, variable)| variable.as_str())
                .collect();
            used.extend(more);
        }
        for held in std::mem::take(&mut self.held) {
            if !used.contains(held.variable.as_str()) {
                continue;
            }
            if held.is_open {
                self.statements.unseen.insert(BY_PROGRAM);
            }
            for file in &held.files {
                self.source(Role::Part, file);
            }
        }
    }

    fn source(&mut self, role: Role, file: &str) {
        let file = text::cut(file, VALUE_CHARS_MAX);
        if role == Role::Interpreted {
            if self.has_room(pair_bytes(&file, "")) {
                self.interpreted.push(file);
            } else {
                self.statements.unseen.insert(TOO_MUCH);
            }
            return;
        }
        let Statements { sources, runs, .. } = &self.statements;
        let files = if role == Role::Part { sources } else { runs };
        if files.contains(&file) {
            return;
        }
        if files.len() >= SETTINGS_MAX || !self.has_room(pair_bytes(&file, "")) {
            self.statements.unseen.insert(TOO_MUCH);
        } else if role == Role::Part {
            self.statements.sources.push(file);
        } else {
            self.statements.runs.push(file);
        }
    }
}

/// Returns `true` if the name of an option is known only with variables.
fn is_open(name: &str) -> bool {
    name.contains(['$', '%', '`', '!'])
}

/// Returns a value without the options that follow it in one word: `/opt/keys","-Dx=y`, `/opt/keys,-Dx=y`, `/opt/keys|-Dx=y`.
fn before_next(value: &str) -> &str {
    let value = value.strip_prefix('"').unwrap_or(value);
    let ends = |(at, mark): (usize, &str)| {
        let rest = value.get(at.saturating_add(mark.len())..).unwrap_or_default();
        let is_end = match mark {
            "\"" => true,
            "'" => rest.starts_with([',', ';', '|', ')', ' ']),
            _ => rest.trim_start_matches(['"', '\'', ' ']).starts_with('-'),
        };
        is_end.then_some(at)
    };
    let end = value.match_indices(['"', '\'', ',', ';', '|', '#']).find_map(ends);
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}

#[cfg(test)]
mod tests;
