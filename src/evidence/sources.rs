//! Files that one command of a script names: parts of the script, files of options, and programs that may be scripts.

use super::path;
use super::script::{Syntax, assignment, is_batch};
use crate::limits::Limits;

/// What a script has of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It runs it as a part of itself, or takes options from it.
    Part,
    /// It runs it; many programs are no scripts.
    Program,
    /// It has Python or the like run it, perhaps as what starts the JVM.
    Interpreted,
}

/// A variable that holds words out of files, or out of a program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) variable: String,
    pub(super) files: Vec<String>,
    pub(super) is_open: bool,
}

/// What a command names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named<'w> {
    pub(super) files: Vec<(Role, &'w str)>,
    /// Files of whose text the shell makes words.
    pub(super) read: Vec<String>,
    /// It takes words from a program whose output is not to be seen.
    pub(super) is_open: bool,
    /// What it puts into variables whose names do not show what they are for.
    pub(super) held: Vec<Held>,
    /// Files without which it goes on: it asks for them, or systemd does.
    pub(super) optional: Vec<&'w str>,
    /// Variables whose words become options, or words of the variable that is named first.
    pub(super) uses: Vec<(Option<&'w str>, &'w str)>,
}

/// Words in front of a command that do not change what it is.
const KEYWORDS: [&str; 14] = [
    "then", "else", "do", "{", "!", "if", "elif", "while", "until", "exec", "time", "eval",
    "command", "builtin",
];
/// Programs that run another one.
const RUNNERS: [&str; 7] = ["nohup", "sudo", "env", "setsid", "nice", "ionice", "exec"];
/// Their options that have a value.
const WITH_VALUE: [&str; 5] = ["-u", "-g", "-n", "-a", "-c"];
/// Programs that run a script in another language, without the number of their version.
const INTERPRETERS: [&str; 6] = ["python", "perl", "ruby", "node", "groovy", "tclsh"];
/// Commands that make variables or words of all that they are given.
const TAKE_ALL: [&str; 7] = ["export", "eval", "env", "set", "declare", "typeset", "readonly"];
/// Options of a JVM and of AEM that a value follows, which is one word.
const HAVE_VALUE: [&str; 10] =
    ["-jar", "-cp", "-classpath", "-a", "-b", "-c", "-h", "-i", "-p", "-r"];
const SHELLS: [&str; 6] = ["sh", "bash", "ksh", "dash", "zsh", "ash"];
/// Directories of programs that every host has.
const OF_SYSTEM: [&str; 5] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/dev/"];
/// Options of a JVM that name a file of options.
const OPTION_FILES: [&str; 2] = ["-XX:VMOptionsFile=", "-XX:Flags="];
/// The same of a unit of systemd.
const ENVIRONMENT_FILE: &str = "EnvironmentFile=";
/// Commands that take words or lines from a file.
const TAKERS: [&str; 6] = ["done", "read", "while", "mapfile", "readarray", "xargs"];
/// Programs that run a command as another user.
const USERS: [&str; 2] = ["su", "runuser"];
/// Their options in front of the command.
const COMMANDS: [&str; 3] = ["-c", "--command", "--session-command"];
/// Parts of the names of variables that hold options.
const OPTIONS: [&str; 5] = ["OPT", "ARGS", "JVM", "PARAM", "FLAGS"];
/// Programs that write out what is in a file.
const READERS: [&str; 11] =
    ["cat", "head", "tail", "grep", "egrep", "fgrep", "sed", "awk", "xargs", "envsubst", "tr"];
/// Programs that print what no option of the keys is in.
const HARMLESS: &[&str] = &[
    "dircolors",
    "done",
    "esac",
    "fi",
    "locale",
    "ssh-agent",
    "basename",
    "cat",
    "cd",
    "cut",
    "date",
    "dirname",
    "du",
    "echo",
    "expr",
    "find",
    "free",
    "getconf",
    "getopt",
    "head",
    "hostname",
    "id",
    "java",
    "ls",
    "nproc",
    "pgrep",
    "pidof",
    "ps",
    "pwd",
    "readlink",
    "realpath",
    "seq",
    "sort",
    "stat",
    "tail",
    "test",
    "tr",
    "tty",
    "uname",
    "wc",
    "which",
    "whoami",
];
/// Ends of the names of files of options.
const ENDS: [&str; 8] =
    [".env", ".conf", ".cfg", ".opts", ".options", ".properties", ".txt", ".vmoptions"];
/// Commands of a pipe that are looked through for the file that it begins with.
const PIPE_MAX: usize = 4;
const INNER_BYTES_MAX: usize = Limits::DEFAULT.substitution_bytes_max;
const INNER_MAX: usize = Limits::DEFAULT.substitutions_max;

/// Returns what the words of one command name. `is_value`: they are the value of a variable, and nothing is run.
pub(super) fn named(words: &[String], syntax: Syntax, is_value: bool) -> Named<'_> {
    let mut named = Named::default();
    let text: Vec<&str> = words.iter().map(String::as_str).collect();
    if syntax == Syntax::Batch {
        named.batch(&text);
    } else {
        named.shell(&text, is_value);
        named.substituted(&text, is_value);
        named.redirected(&text);
        named.ask(&text);
        named.hold(&text);
        named.use_variables(&text);
    }
    named.options(&text, is_value);
    named
}

/// Returns what the commands of a script take out of pipes: `cat x | xargs java`, `cat x | while read -r o; do …`.
pub(super) fn piped(commands: &[Vec<String>]) -> Named<'_> {
    let mut named = Named::default();
    for (index, command) in commands.iter().enumerate() {
        let mut words = command.iter().map(String::as_str).skip_while(|w| KEYWORDS.contains(w));
        let before = commands.get(..index).unwrap_or_default();
        match words.next() {
            Some("xargs") if command.iter().any(|word| is_java(word)) => {
                for earlier in before.iter().rev().take(PIPE_MAX) {
                    named.command(&earlier.join(" "));
                    if !named.read.is_empty() || named.is_open {
                        break;
                    }
                }
            }
            Some("read") => {
                let mut upstream = Named::default();
                upstream.command(&before.last().map(|words| words.join(" ")).unwrap_or_default());
                // What stands in front need not be of the pipe, so that only files count.
                let held = |variable: &str| Held {
                    variable: variable.to_owned(),
                    files: upstream.read.clone(),
                    is_open: false,
                };
                let variables = words.filter(|word| !word.starts_with('-')).take(PIPE_MAX);
                named.held.extend(variables.map(held).filter(|held| !held.files.is_empty()));
            }
            _ => {}
        }
    }
    named
}

impl<'w> Named<'w> {
    fn shell(&mut self, words: &[&'w str], is_value: bool) {
        let is_last = words.contains(&"exec");
        let mut words = words.iter().copied().peekable();
        while words.next_if(|w| KEYWORDS.contains(w) || assignment(w).is_some()).is_some() {}
        if words.next_if(|word| matches!(*word, "." | "source")).is_some() {
            self.files.extend(words.next().map(|file| (Role::Part, file)));
            return;
        }
        while let Some(word) = words.next().filter(|_| !is_value) {
            let is_shell = SHELLS.contains(&last_part(word));
            let is_system = OF_SYSTEM.iter().any(|start| word.starts_with(start));
            let program = if is_system { last_part(word) } else { word };
            let is_runner = RUNNERS.contains(&program);
            if is_shell || is_runner {
                while let Some(option) = words.next_if(|word| word.starts_with(['-', '+'])) {
                    if !is_shell && WITH_VALUE.contains(&option) {
                        words.next();
                    }
                }
                // `env` takes assignments in front of the program.
                while words.next_if(|word| assignment(word).is_some()).is_some() {}
            }
            if USERS.contains(&last_part(word)) {
                let file = words.skip_while(|word| !COMMANDS.contains(word)).nth(1);
                // A command of several words is read as one.
                let file = file.filter(|file| !file.contains(char::is_whitespace));
                self.files.extend(file.map(|file| (Role::Program, file)));
                return;
            }
            if is_shell {
                self.files.extend(words.next().map(|file| (Role::Program, file)));
                return;
            }
            if is_interpreter(word) {
                let file = words.next().filter(|word| !word.starts_with('-'));
                // Behind `exec` comes nothing more, so that this is what starts the JVM.
                let role = if is_last { Role::Part } else { Role::Interpreted };
                self.files.extend(file.map(|file| (role, file)));
                return;
            }
            if !is_runner {
                // With `stop` or `status`, a script starts no JVM.
                let is_quiet = matches!(words.next(), Some("stop" | "status"));
                let is_variable = word.starts_with('$') && !word.contains('(');
                if (word.contains('/') || is_variable) && !is_quiet && !is_system {
                    self.files.push((Role::Program, word));
                }
                return;
            }
        }
    }

    fn batch(&mut self, words: &[&'w str]) {
        let is = |word: &str, name: &str| word.trim_start_matches('@').eq_ignore_ascii_case(name);
        let mut calls =
            words.iter().copied().skip_while(|word| !is(word, "call") && *word != ".").skip(1);
        // `call :label` jumps within the script itself.
        if let Some(file) = calls.next().filter(|file| !file.starts_with(':')) {
            let is_path = file.contains(['\\', '/']) && !is_java(file);
            let role = if is_batch(file) || is_path { Role::Part } else { Role::Program };
            self.files.push((role, file));
        }
        let reads = words.iter().enumerate().filter_map(|(at, word)| {
            let is_reader = is(word, "get-content") || is(word, "gc") || is(word, "<");
            words.get(at.checked_add(1)?).filter(|file| is_reader && may_have_options(file))
        });
        self.files.extend(reads.map(|file| (Role::Part, *file)));
        // `start "" x.bat` and `cmd /c x.bat` run what follows them.
        let begins = |word: &str| ["start", "cmd", "cmd.exe"].iter().any(|name| is(word, name));
        let runs_all = words.first().is_some_and(|word| begins(word));
        let count = if runs_all { words.len() } else { 1 };
        let run = words.iter().take(count).filter(|word| is_batch(word));
        self.files.extend(run.map(|word| (Role::Program, word.trim_start_matches('@'))));
    }

    /// Takes files of options.
    fn options(&mut self, words: &[&'w str], is_value: bool) {
        let mut is_options = is_value;
        for word in words {
            let file = OPTION_FILES.iter().find_map(|option| word.strip_prefix(option));
            // With a `-` in front, systemd goes on where the file is missing. (systemd.exec)
            let unit = word.strip_prefix(ENVIRONMENT_FILE);
            let optional = unit.and_then(|file| file.strip_prefix('-'));
            self.optional.extend(optional);
            let unit = || optional.or(unit);
            // Since Java 9 the launcher `java` takes arguments from a file: `java @options -jar
            // x.jar`.
            let arguments = || {
                let file = word.strip_prefix('@').filter(|file| is_options && !file.is_empty())?;
                // In a value, an `@` may begin anything, so only a path after it counts.
                (!is_value || file.contains(['/', '\\'])).then_some(file)
            };
            let file = file.or_else(unit).or_else(arguments);
            self.files.extend(file.map(|file| (Role::Part, file)));
            is_options |= is_java(word);
        }
    }

    /// Takes the files whose text becomes words: `export $(cat x)`, `eval "$(cat x)"`, `OPTS="$(cat x)"`, `java $(cat x)`.
    fn substituted(&mut self, words: &[&'w str], is_value: bool) {
        // Alone, it is run as a command, or the list of an array: `OPTS=( $(cat x) )`.
        let is_alone =
            words.first().is_some_and(|word| word.starts_with("$(") || word.starts_with('`'));
        let takes_all = is_alone && !is_value || words.iter().any(|word| takes_all(word));
        let mut takes = false;
        let first = words.iter().position(|word| {
            takes |= is_java(word);
            let is_whole = takes_all && word.starts_with(['$', '`']);
            let name = assignment(word).map(|(name, _)| name);
            name.map_or(takes || is_whole, holds_options) && is_substituted(word)
        });
        let Some(first) = first else { return };
        let text = words.get(first..).unwrap_or_default().join(" ");
        self.substitutions(&text);
        let is_whole = words.get(first).is_some_and(|word| word.starts_with(['$', '`']));
        // Profiles have `eval "$(ssh-agent)"` and `eval $(dircolors)`, which set nothing of a JVM.
        let is_agent =
            ["ssh-agent", "dircolors", "locale", "dirname"].iter().any(|name| text.contains(name));
        let sets_all = words.iter().any(|word| matches!(*word, "export" | "eval"));
        self.is_open |= sets_all && is_whole && self.read.is_empty() && !is_agent;
    }

    /// Takes the files of all substitutions in a text.
    fn substitutions(&mut self, text: &str) {
        let begins = text.match_indices(['$', '`']).map(|(at, sign)| (at, sign == "$"));
        let mut left = INNER_MAX;
        for (at, is_dollar) in begins {
            let rest = text.get(at.saturating_add(1)..).unwrap_or_default();
            let inner = if is_dollar { rest.strip_prefix('(') } else { Some(rest) };
            // `$((…))` is arithmetic. (POSIX, Shell Command Language, 2.6.4)
            let Some(inner) = inner.filter(|inner| !inner.starts_with('(')) else { continue };
            let Some(fewer) = left.checked_sub(1) else {
                self.is_open = true;
                return;
            };
            left = fewer;
            self.inner(inner, is_dollar);
        }
    }

    /// Takes the files that a script asks for before it uses them: `[ -r x ] && . x`.
    fn ask(&mut self, words: &[&'w str]) {
        let mut words = words.iter().copied().skip_while(|word| KEYWORDS.contains(word));
        if !words.next().is_some_and(|word| matches!(word, "[" | "[[" | "test")) {
            return;
        }
        let words: Vec<&str> = words.collect();
        // `[ ! -r x ] && exit` needs it.
        if words.contains(&"!") {
            return;
        }
        let files = words.windows(2).filter_map(|pair| {
            let (operator, file) = (pair.first()?, pair.get(1)?);
            matches!(*operator, "-e" | "-f" | "-r" | "-s" | "-x").then_some(*file)
        });
        self.optional.extend(files);
    }

    /// Takes what is put into variables of any name: `for o in $(cat x)`, `X=$(cat x)`. Whether options come of it shows where the
    /// variable is used.
    fn hold(&mut self, words: &[&'w str]) {
        if let ["for", variable, "in", text @ ..] = words {
            return self.hold_one(variable, text);
        }
        // `A=$(hostname) B=$(cat x)` has two in one command.
        let mut rest = words;
        while let Some(at) = rest.iter().position(|word| assignment(word).is_some()) {
            let next = rest.iter().skip(at.saturating_add(1));
            let length = next.take_while(|word| assignment(word).is_none()).count();
            let end = at.saturating_add(1).saturating_add(length);
            let text = rest.get(at..end).unwrap_or_default();
            let name = text.first().and_then(|word| assignment(word));
            if let Some((name, _)) = name.filter(|(name, _)| !holds_options(name)) {
                self.hold_one(name, text);
            }
            rest = rest.get(end..).unwrap_or_default();
        }
    }

    fn hold_one(&mut self, variable: &str, text: &[&str]) {
        let text = text.join(" ");
        if !is_substituted(&text) {
            return;
        }
        let mut inner = Named::default();
        inner.substitutions(&text);
        if !inner.read.is_empty() || inner.is_open {
            let (files, is_open) = (inner.read, inner.is_open);
            self.held.push(Held { variable: variable.to_owned(), files, is_open });
        }
    }

    /// Takes the variables of which a command makes options, or the value of another one. One in a word with something else is the value
    /// of an option, and not one.
    fn use_variables(&mut self, words: &[&'w str]) {
        let mut takes = words.iter().any(|word| takes_all(word));
        let mut before = "";
        for word in words {
            if let Some((name, value)) = assignment(word) {
                let into = Some(name).filter(|name| !holds_options(name));
                let mut before = "";
                for part in value.split_whitespace() {
                    self.use_variable(into, part, before);
                    before = part;
                }
            } else if takes {
                self.use_variable(None, word, before);
            }
            takes |= is_java(word);
            before = word;
        }
    }

    fn use_variable(&mut self, into: Option<&'w str>, word: &'w str, before: &str) {
        // What a variable of options holds is taken where that is set.
        let is_new = |name: &&str| !holds_options(name) && into != Some(*name);
        let variable = whole_variable(word).filter(is_new);
        let variable = variable.filter(|_| !HAVE_VALUE.contains(&before));
        self.uses.extend(variable.map(|variable| (into, variable)));
    }

    /// Takes the files whose lines become words: `while read -r x; do …; done < x.conf`, `xargs -a x.conf java`.
    fn redirected(&mut self, words: &[&'w str]) {
        let Some(first) = words.first().filter(|word| TAKERS.contains(word)) else { return };
        let by_option = |word: &str| *first == "xargs" && matches!(word, "-a" | "--arg-file");
        let follows = words.windows(2).filter_map(|pair| {
            let (before, file) = (pair.first()?, pair.get(1)?);
            (*before == "<" || by_option(before)).then_some(*file)
        });
        let named = words.iter().filter_map(|word| word.strip_prefix("--arg-file="));
        let is_file = |file: &&str| {
            may_have_options(file) && (file.contains('/') || path::ends_in(file, &ENDS))
        };
        self.files.extend(follows.chain(named).filter(is_file).map(|file| (Role::Part, file)));
    }

    /// Takes the files of one substitution, of which the text may go on behind its end.
    fn inner(&mut self, text: &str, is_dollar: bool) {
        let mut depth = 1_usize;
        let end = text.bytes().take(INNER_BYTES_MAX).position(|byte| {
            match byte {
                b'(' if is_dollar => depth = depth.saturating_add(1),
                b')' if is_dollar => depth = depth.saturating_sub(1),
                b'`' if !is_dollar => depth = 0,
                _ => {}
            }
            depth == 0
        });
        let inner = match end.and_then(|end| text.get(..end)) {
            Some(inner) => inner,
            None if text.len() > INNER_BYTES_MAX => {
                self.is_open = true;
                return;
            }
            None => text,
        };
        for command in inner.split(['|', ';', '&', '>']) {
            self.command(command);
        }
    }

    /// Takes the files that one command writes out.
    fn command(&mut self, command: &str) {
        // In bash, `$(<FILE)` reads a file without a program.
        let command = command.replace('<', "< ");
        let mut words = command.split_whitespace();
        let Some(reader) = words.next().map(last_part) else { return };
        let all = matches!(reader, "cat" | "head" | "tail" | "<");
        if !all && !READERS.contains(&reader) {
            let is_name = reader.starts_with(|c: char| c.is_ascii_alphabetic());
            let is_harmless = HARMLESS.contains(&reader) || KEYWORDS.contains(&reader);
            self.is_open |= is_name && !is_harmless;
            return;
        }
        let is_file = |word: &&str| {
            let is_path = word.contains('/') && word.starts_with(['/', '.', '~', '$']);
            !word.starts_with('-') && *word != "<" && (all || is_path || path::ends_in(word, &ENDS))
        };
        let files = words.filter(is_file).filter(|file| may_have_options(file));
        self.read.extend(files.map(str::to_owned));
    }
}

/// Returns `true` if a file may be one of options, and not one in which programs and hosts tell of themselves.
fn may_have_options(file: &str) -> bool {
    let is_of_host = ["/proc/", "/sys/", "/dev/"].iter().any(|start| file.starts_with(start));
    let ends = [".pid", ".log", "-release", "hostname", "passwd", "machine-id"];
    !is_of_host && !path::ends_in(file, &ends) && file.contains(|c: char| c.is_ascii_alphabetic())
}

/// Returns `true` if a command makes variables or words of all that it is given.
fn takes_all(word: &str) -> bool {
    TAKE_ALL.contains(&word) || matches!(word, "/usr/bin/env" | "/bin/env")
}

fn is_substituted(word: &str) -> bool {
    word.contains("$(") || word.contains('`')
}

/// Returns `true` if a variable is named as one of options.
pub(super) fn holds_options(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    OPTIONS.iter().any(|part| name.contains(part))
}

/// Returns the variable that a word is, and nothing else: `$x`, `${x}`, `${x[@]}`.
fn whole_variable(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let braced = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
    let name = braced.map_or(name, |name| name.split('[').next().unwrap_or(name));
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_name && !name.is_empty()).then_some(name)
}

/// Returns `true` if a program runs scripts of another language: `python3.11`, `/usr/bin/perl`.
fn is_interpreter(word: &str) -> bool {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    INTERPRETERS.contains(&last_part(word).trim_end_matches(is_number))
}

/// Returns `true` if a word is the program that starts a JVM.
pub(super) fn is_java(word: &str) -> bool {
    let name = last_part(word).trim_end_matches(".exe");
    matches!(name, "java" | "javaw")
        || matches!(
            word.trim_matches(['$', '{', '}', '%']),
            "JAVA" | "JAVACMD" | "JAVA_CMD" | "JAVA_BIN" | "_RUNJAVA"
        )
}

fn last_part(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, syntax: Syntax) -> (Vec<String>, Vec<String>, bool) {
        let (mut parts, mut programs, mut unclear) = (Vec::new(), Vec::new(), false);
        for words in crate::evidence::script::commands(text, syntax) {
            let named = named(&words, syntax, false);
            for (role, file) in named.files {
                let all = if role == Role::Part { &mut parts } else { &mut programs };
                all.push(file.to_owned());
            }
            parts.extend(named.read);
            unclear |= named.is_open;
        }
        (parts, programs, unclear)
    }

    fn shell(text: &str) -> (Vec<String>, Vec<String>, bool) {
        of(text, Syntax::Shell)
    }

    #[test]
    fn parts_of_a_script_are_named_in_many_ways() {
        for text in [
            ". /a.env",
            "command . /a.env",
            "builtin source /a.env",
            "if x; then :; elif . /a.env; then :; fi",
            "while . /a.env; do :; done",
            "EnvironmentFile=-/a.env",
            "export $(grep -v \"^#\" /a.env | xargs)",
            "CQ_JVM_OPTS=\"$CQ_JVM_OPTS $(cat /a.env)\"",
            "CQ_JVM_OPTS=`cat /a.env`",
            "export OPTS=$(< /a.env)",
            "eval \"$(cat /a.env)\"",
            "java @/a.env -jar x",
            "$JAVA -XX:Flags=/a.env -jar x",
            "java $(cat /a.env) -jar x",
            "while read -r o; do O=\"$O $o\"; done < /a.env",
            "read -r O < /a.env",
            "mapfile -t O </a.env",
            "xargs -a /a.env java",
            "env $(cat /a.env) java $O -jar x",
            "set -- `cat /a.env`",
            "OPTS=( $(cat /a.env) )",
            "xargs --arg-file=/a.env java",
        ] {
            assert_eq!(
                (shell(text).0, shell(text).2),
                (vec!["/a.env".to_owned()], false),
                "{text}"
            );
        }
        for text in ["call D:\\x\\setenv", "@call \"D:\\x\\setenv\"", ". D:\\x\\setenv"] {
            assert_eq!(of(text, Syntax::Batch).0, ["D:\\x\\setenv"], "{text}");
        }
        assert!(shell("export $(aws ssm get)").2);
        for program in ["curl -s http://x/opts", "aws ssm get", "/opt/aem/bin/jvm-opts", "get_opts"]
        {
            assert!(shell(&format!("CQ_JVM_OPTS=\"$CQ_JVM_OPTS $({program})\"")).2, "{program}");
        }
        for text in ["set /p CQ_JVM_OPTS=<D:\\opts.txt", "$env:O = Get-Content D:\\opts.txt"] {
            assert_eq!(of(text, Syntax::Batch).0, ["D:\\opts.txt"], "{text}");
        }
    }

    #[test]
    fn variables_of_any_name_hold_what_is_in_files() {
        for text in ["for o in $(cat /a.env)", "for o in `cat /a.env`", "o=$(cat /a.env)"] {
            let commands = crate::evidence::script::commands(text, Syntax::Shell);
            let held = named(&commands[0], Syntax::Shell, false).held;
            let files = vec!["/a.env".to_owned()];
            assert_eq!(held, [Held { variable: "o".to_owned(), files, is_open: false }], "{text}");
        }
        let text = "export A=$(cat /a) OPTS=$(cat /o) B=$(cat /b) C=c D=`cat /d`";
        let commands = crate::evidence::script::commands(text, Syntax::Shell);
        let held = named(&commands[0], Syntax::Shell, false).held.into_iter();
        let held: Vec<_> = held.map(|held| (held.variable, held.files.join(" "))).collect();
        let expected = [("A", "/a"), ("B", "/b"), ("D", "/d")];
        assert_eq!(held, expected.map(|(name, file)| (name.to_owned(), file.to_owned())));
        for (text, used) in [
            ("CQ_JVM_OPTS=\"$CQ_JVM_OPTS $o\"", vec![(None, "o")]),
            ("x=\"$x ${o}\"", vec![(Some("x"), "o")]),
            ("START_OPTS=\"start -p $port -r $o\"", vec![]),
            ("java \"${o[@]}\" -jar $jar", vec![(None, "o")]),
            ("JAVA_OPTS=-Xmx${o}m", vec![]),
            ("$o -jar x", vec![]),
        ] {
            let commands = crate::evidence::script::commands(text, Syntax::Shell);
            assert_eq!(named(&commands[0], Syntax::Shell, false).uses, used, "{text}");
        }
    }

    #[test]
    fn pipes_lead_to_the_file_that_they_begin_with() {
        let of = |text: &str| {
            let commands = crate::evidence::script::commands(text, Syntax::Shell);
            let named = piped(&commands);
            let held = named.held.into_iter().flat_map(|held| held.files);
            (named.read, held.collect::<Vec<_>>(), named.is_open)
        };
        let file = || vec!["/a.env".to_owned()];
        assert_eq!(of("cat /a.env | xargs java -jar x"), (file(), vec![], false));
        assert_eq!(of("cat /a.env | tr x y | xargs java -jar x"), (file(), vec![], false));
        assert_eq!(of("cat /a.env | while read -r o; do x; done"), (vec![], file(), false));
        assert_eq!(of("aws ssm get | xargs java -jar x"), (vec![], vec![], true));
        assert_eq!(of("cat /a.pids | xargs kill"), (vec![], vec![], false));
    }

    #[test]
    fn script_in_another_language_may_start_the_jvm() {
        let roles = |text: &str| {
            let commands = crate::evidence::script::commands(text, Syntax::Shell);
            named(&commands[0], Syntax::Shell, false).files.first().map(|(role, _)| *role)
        };
        assert_eq!(roles("exec python3 /opt/aem/launch.py"), Some(Role::Part));
        assert_eq!(roles("/usr/bin/python3.11 launch.py &"), Some(Role::Interpreted));
        assert_eq!(roles("/usr/bin/env perl x.pl"), Some(Role::Interpreted));
        assert_eq!(roles("python3 -c 'import x'"), None);
    }

    #[test]
    fn programs_are_named_and_those_of_the_host_are_not() {
        for text in [
            "exec ./x \"$@\"",
            "sh ./x",
            "nohup bash -x ./x &",
            "sudo -u crx ./x start",
            "su - crx -c ./x",
            "runuser crx --command ./x",
            "if true; then ./x; fi",
            "A=b nohup ./x",
        ] {
            assert_eq!(shell(text), (vec![], vec!["./x".to_owned()], false), "{text}");
        }
        for text in [
            "exec java -jar x",
            "/bin/ps -ef",
            "/etc/init.d/aem stop",
            "cat /opt/x | nohup java",
            "kill $(cat conf/cq.pid)",
            "JAVA_OPTS=\"$(cat /proc/meminfo)\"",
            "PID=$(cat /opt/x)",
            "eval $(ssh-agent -s)",
            "OPTS=$((1+1))",
            "JAVA_OPTS=\"-Dh=$(hostname -f | cut -d. -f1) -Xmx$(expr $M / 2)m\"",
            "OPTS=$(if [ -f x ]; then echo -Dx; fi)",
            "read PID < conf/cq.pid",
            "done < <(ls /opt/x)",
            "done <<EOF",
            "while read h; do echo $h; done < /etc/passwd",
            "grep x < /a.env",
        ] {
            assert_eq!(shell(text), (vec![], vec![], false), "{text}");
        }
        assert_eq!(of("@echo off\r\ncall :x\r\nstart /b a.bat", Syntax::Batch).1, ["a.bat"]);
    }
}
