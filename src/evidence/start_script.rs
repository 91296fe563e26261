//! `bin/start` and its like, and what they run: settings that the command line gives the JVM and the launcher.
//!
//! Nothing is run. Every value that stands anywhere in a script counts, for another branch may take it away or not; what stands in a
//! comment does not, nor does a port or run mode that is taken from the environment. Puppet keeps the options in `bin/start-env`, which
//! `bin/start` runs, and people write `start.sh` and `Start.bat`.

use super::script::{self, Syntax, assignment};
use super::sources::{self, Role};
use super::statements::{
    HOME_OPTION, KEPT_BYTES_MAX, LAUNCHPAD_OPTION, SETTINGS_MAX, Statements, VALUE_CHARS_MAX,
    mentions, mover, pair_bytes,
};
use super::{Fact, Found, Kind, Names, ParseError, Reads, path, text};
use crate::facts::{SLING_HOME, SLING_PROPERTIES};
use std::collections::BTreeMap;

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
const VARIABLES: [&str; 2] = ["CQ_PORT", "CQ_RUNMODE"];
/// Ends of the names of scripts, and of files that set variables for them.
const ENDS: [&str; 9] =
    [".sh", ".bat", ".cmd", ".ps1", ".ksh", ".bash", ".env", ".service", "-env"];
/// How the names of other scripts begin.
const START: &str = "start";
/// Bytes of the name of a property, at most.
const NAME_BYTES_MAX: usize = 512;
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
    let starts = || file.get(..START.len()).is_some_and(|name| name.eq_ignore_ascii_case(START));
    let is_named = || starts() || path::ends_in(file, &ENDS);
    let of_install =
        || path::is_directory_of_install(directory, "bin") && !path::may_be_archive(file);
    let is_script = of_install() || is_named() && !path::may_be_archive(file);
    is_script.then_some(Found { root: "", bundle: "", name: file })
}

fn parse(found: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    // A program may lie where scripts do.
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"MZ") {
        return Ok(Fact::Settings(Statements::default()));
    }
    let text = script::without_comments(&text::decode(bytes));
    let mut statements = Script::new(Syntax::of(found.name)).read(&text);
    // It is in an encoding that is not known.
    if text.contains('\0') {
        statements.unclear.insert(SLING_HOME);
    }
    Ok(Fact::Settings(statements))
}

/// A script that is being read.
struct Script {
    syntax: Syntax,
    statements: Statements,
    /// How often a name stands in a form that is understood.
    understood: BTreeMap<&'static str, usize>,
    /// Bytes of what is kept of it.
    kept_bytes: usize,
    /// What is read now is the value of a variable.
    in_value: bool,
    /// Definitions in whose names variables stand.
    open: Vec<(String, String)>,
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
        }
    }

    fn read(mut self, text: &str) -> Statements {
        let commands = script::commands(text, self.syntax);
        for command in &commands {
            self.command(command, DEPTH_MAX);
        }
        self.close_definitions();
        let mut mentioned: BTreeMap<&'static str, usize> = BTreeMap::new();
        for name in commands.iter().flatten().flat_map(|word| mentions(word)) {
            let count = mentioned.entry(name).or_default();
            *count = count.saturating_add(1);
        }
        let more = |name: &&str, count: usize| {
            count > self.understood.get(*name).copied().unwrap_or_default()
        };
        let unclear = mentioned.iter().filter(|(name, count)| more(name, **count));
        self.statements.unclear.extend(unclear.map(|(name, _)| *name));
        self.statements
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
            None => self.again(word, depth),
        }
    }

    /// Takes apart what stood in quotes.
    fn again(&mut self, text: &str, depth: usize) {
        if depth == 0 {
            return;
        }
        for command in script::commands(text, self.syntax) {
            self.command(&command, depth.saturating_sub(1));
        }
    }

    /// Takes every `-D<name>=<value>` of a word, such as that in `--JvmOptions=-Dname=value`.
    fn definitions(&mut self, word: &str) {
        for (at, _) in word.match_indices("-D") {
            let begins = !word.get(..at).unwrap_or_default().ends_with(char::is_alphanumeric);
            let rest = word.get(at.saturating_add(2)..).filter(|_| begins).unwrap_or_default();
            let equals = rest.bytes().take(NAME_BYTES_MAX).position(|byte| byte == b'=');
            let (name, value) = match equals.and_then(|at| rest.split_at_checked(at)) {
                Some((name, value)) => (name, value.strip_prefix('=').unwrap_or(value)),
                // A longer name is none that is understood.
                None if rest.len() > NAME_BYTES_MAX => continue,
                None => (rest, ""),
            };
            // Two characters more, for the quotes.
            let value = text::cut(value, VALUE_CHARS_MAX.saturating_add(2));
            let value = value.trim_matches('\'');
            if equals.is_some() && name.contains(['$', '%', '`']) {
                self.open_definition(name, value);
            }
            if let Some(mover) = mover(name) {
                let count = self.understood.entry(mover).or_default();
                *count = count.saturating_add(1);
                self.setting(name, value);
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
            self.statements.unclear.insert(SLING_HOME);
        }
    }

    /// Takes the definitions whose names are known now; the others may be of anything.
    fn close_definitions(&mut self) {
        for (name, value) in std::mem::take(&mut self.open) {
            let name = script::expand(&name, &self.statements.variables);
            if name.contains(['$', '%', '`']) {
                self.statements.unclear.insert(SLING_HOME);
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
            self.statements.unclear.insert(mover(name).unwrap_or(SLING_HOME));
        }
    }

    /// Says whether more may be kept; a script that has too much is not looked at any further.
    fn has_room(&mut self, bytes: usize) -> bool {
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        self.kept_bytes <= KEPT_BYTES_MAX
    }

    /// Takes the launcher's options `-c` and `-i`, which follow the jar, its command `start`, or the variable that begins with that.
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
            self.statements.unclear.insert(SLING_HOME);
        }
    }

    /// Takes the files that a command names.
    fn sources(&mut self, words: &[String]) {
        let named = sources::named(words, self.syntax, self.in_value);
        for (role, file) in named.files {
            self.source(role, file);
        }
        for file in &named.read {
            self.source(Role::Part, file);
        }
        if named.unclear {
            self.statements.unclear.insert(SLING_HOME);
        }
    }

    fn source(&mut self, role: Role, file: &str) {
        let file = text::cut(file, VALUE_CHARS_MAX);
        let Statements { sources, runs, .. } = &self.statements;
        let files = if role == Role::Part { sources } else { runs };
        if files.contains(&file) {
            return;
        }
        if files.len() >= SETTINGS_MAX || !self.has_room(pair_bytes(&file, "")) {
            self.statements.unclear.insert(SLING_PROPERTIES);
        } else if role == Role::Part {
            self.statements.sources.push(file);
        } else {
            self.statements.runs.push(file);
        }
    }
}

/// Says whether a variable may hold what nobody must see.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASS", "SECRET", "TOKEN", "PWD", "CREDENTIAL"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{BUNDLE_CACHE, CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH};

    fn settings(script: &str) -> Vec<(String, String)> {
        let found = Found { root: "", bundle: "", name: "start" };
        match parse(&found, script.as_bytes()) {
            Ok(Fact::Settings(statements)) => statements.settings,
            other => panic!("{other:?}"),
        }
    }

    fn statements(name: &str, script: &str) -> Statements {
        let found = Found { root: "", bundle: "", name };
        match parse(&found, script.as_bytes()) {
            Ok(Fact::Settings(statements)) => statements,
            other => panic!("{other:?}"),
        }
    }

    fn one(script: &str) -> (String, String) {
        let mut all = settings(script);
        assert_eq!(all.len(), 1, "{script}: {all:?}");
        all.remove(0)
    }

    #[test]
    fn the_crypto_flag_is_found_however_it_is_quoted() {
        for script in [
            "CQ_JVM_OPTS='-server -Xmx1024m -Dcom.adobe.granite.crypto.file.disable=true'",
            "  CQ_JVM_OPTS=\"$CQ_JVM_OPTS -Dcom.adobe.granite.crypto.file.disable=true\"",
            "set jvm_options=-Xmx1g;-Dcom.adobe.granite.crypto.file.disable=true;-Dx=y\r\n",
            "java \"-Dcom.adobe.granite.crypto.file.disable=true\" -jar x",
            "java -Dcom.adobe.granite.crypto.file.disable=\"true\" -jar x",
        ] {
            assert_eq!(one(script), (CRYPTO_FILE_DISABLE.to_owned(), "true".to_owned()));
        }
    }

    #[test]
    fn the_key_path_is_kept_as_written() {
        let script = "java -Dcom.adobe.granite.crypto.keys.path=$HOME/keys -jar x";
        assert_eq!(one(script), (CRYPTO_KEYS_PATH.to_owned(), "$HOME/keys".to_owned()));
    }

    #[test]
    fn comment_lines_do_not_count() {
        for comment in ["#", "rem ", "REM\t", "@rem ", "::", "  # "] {
            let script = format!("{comment}-Dcom.adobe.granite.crypto.file.disable=true CQ_PORT=1");
            assert_eq!(settings(&script), [], "{script}");
        }
        assert_eq!(one("remark CQ_PORT=1").1, "1");
    }

    #[test]
    fn like_names_do_not_count() {
        for script in [
            "-Dcom.adobe.granite.crypto.file.disabled=true",
            "-Dxcom.adobe.granite.crypto.file.disable=true",
            "MY_CQ_PORT=4502",
            "CQ_PORTS=4502",
            "if [ \"$CQ_PORT\" = 4502 ]; then",
        ] {
            assert_eq!(settings(script), [], "{script}");
        }
    }

    #[test]
    fn port_and_run_mode_count_when_written_out() {
        assert_eq!(one("\tCQ_PORT=4502"), ("CQ_PORT".to_owned(), "4502".to_owned()));
        assert_eq!(one("export CQ_PORT='4503'").1, "4503");
        assert_eq!(one("if not defined CQ_RUNMODE set CQ_RUNMODE=author,x").1, "author,x");
        assert_eq!(one("set \"CQ_RUNMODE=publish\"").1, "publish");
        for script in ["CQ_PORT=", "CQ_PORT=${CQ_PORT:-4502}", "set CQ_PORT=%1", "CQ_PORT=`x`"] {
            assert_eq!(settings(script), [], "{script}");
        }
    }

    #[test]
    fn every_value_that_a_branch_may_choose_is_kept() {
        assert_eq!(one("CQ_PORT=4502\nCQ_PORT=4503").1, "4503");
        let erased = "X=\"-Dcom.adobe.granite.crypto.keys.path=/k\"\nif [ $1 ]; then X=\"-Dcom.adobe.granite.crypto.keys.path=\"; fi";
        let values: Vec<_> = settings(erased).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["/k", ""]);
    }

    #[test]
    fn option_is_found_however_it_is_quoted() {
        let expected = (CRYPTO_KEYS_PATH.to_owned(), "/mnt/keys".to_owned());
        let name = CRYPTO_KEYS_PATH;
        for script in [
            format!("java -D\"{name}=/mnt/keys\" -jar x"),
            format!("java \"-D{name}=/mnt/keys\" -jar x"),
            format!("java -D'{name}'=/mnt/keys -jar x"),
            format!("java -D'{name}'='/mnt/keys' -jar x"),
            format!("java \\\n  -D{name}=/mnt/keys \\\n  -jar x"),
            format!("OPTS=(\n-D{name}=/mnt/keys\n)"),
            format!("OPTS+=\" -D{name}=/mnt/keys\""),
            format!("OPTS=\"\n-Xmx4g\n-D{name}=/mnt/keys\n\""),
            format!("eval \"java -D{name}='/mnt/keys' -jar x\""),
            format!("Environment=\"CQ_JVM_OPTS=-Xmx1g -D{name}=/mnt/keys\""),
            format!("jsvc --JvmOptions=-D{name}=/mnt/keys"),
            format!("-D{name}=/mnt/keys"),
        ] {
            assert_eq!(settings(&script), std::slice::from_ref(&expected), "{script}");
            assert!(statements("start", &script).unclear.is_empty(), "{script}");
        }
        let windows = statements("Start.bat", &format!("set CQ_JVM_OPTS=-D{name}=D:\\keys\r\n"));
        assert_eq!(windows.settings, [(name.to_owned(), "D:\\keys".to_owned())]);
    }

    #[test]
    fn mention_in_a_form_that_is_not_understood_is_told() {
        for script in [
            "NAME=com.adobe.granite.crypto.keys.path; java \"-D$NAME=/x\"",
            "echo com.adobe.granite.crypto.keys.path=/x >> conf/sling.properties",
            "java -J-Dcom.adobe.granite.crypto.keys.path=/x",
            "sed -i 's#.*crypto.x#com.adobe.granite.crypto.keys.path=/x#' conf/sling.properties",
        ] {
            let unclear = statements("start", script).unclear;
            assert!(unclear.contains(CRYPTO_KEYS_PATH), "{script}");
        }
        assert!(
            statements("start", "# -Dsling.home=/x\njava # -Dsling.home=/y").unclear.is_empty()
        );
    }

    #[test]
    fn files_and_variables_of_a_script_are_kept() {
        let puppet = ". bin/start-env\n[ -f x ] && . \"$(dirname $0)/setenv.sh\"\nif true; then\n  source /etc/default/aem\nfi\ncd .\n";
        let sources = statements("start", puppet).sources;
        assert_eq!(sources, ["bin/start-env", "$(dirname $0)/setenv.sh", "/etc/default/aem"]);
        let batch = "if exist a.bat call \"%~dp0\\setenv.bat\"\r\ncall :label\r\n";
        assert_eq!(statements("start.bat", batch).sources, ["%~dp0\\setenv.bat"]);
        let script = statements(
            "start",
            "export P='conf/a.properties'\nKEY_PASSWORD=x\njava -Dsling.properties=${P}",
        );
        assert_eq!(script.variables, [("P".to_owned(), "conf/a.properties".to_owned())]);
        assert_eq!(script.settings, [(SLING_PROPERTIES.to_owned(), "${P}".to_owned())]);
    }

    #[test]
    fn more_than_is_kept_is_not_understood() {
        let line =
            |index: usize| format!("java -Dsling.home={index}{}\nX{index}=1\n", "x".repeat(999));
        let many: String = (0..100).map(line).collect();
        let statements = statements("start", &many);
        assert!(statements.settings.len() < 40 && statements.unclear.contains("sling.home"));
    }

    #[test]
    fn long_words_are_read_once_and_nothing_is_kept_twice() {
        let many = format!("java {}", "-D.".repeat(170_000));
        assert_eq!(statements("start", &many), Statements::default());
        let quotes = format!("java {}\"{}\"", "-Dsling.home=".repeat(2_000), "'".repeat(500_000));
        assert!(statements("start", &quotes).unclear.contains("sling.home"));
        let twice = statements("start", &"a=b\n. x\n".repeat(9_999));
        assert_eq!((twice.variables.len(), twice.sources.len()), (1, 1));
        assert!(twice.unclear.is_empty());
        for line in [|n: usize| format!("a{n}=b\n"), |n: usize| format!(". x{n}\n")] {
            let all = statements("start", &(0..300).map(line).collect::<String>());
            assert!(all.variables.len() <= SETTINGS_MAX && all.sources.len() <= SETTINGS_MAX);
            assert!(!all.unclear.is_empty());
        }
    }

    #[test]
    fn options_of_the_launcher_are_kept() {
        let of = |script: &str| statements("start", script).settings;
        let both = |home: &str, launchpad: &str| {
            [("-c".to_owned(), home.to_owned()), ("-i".to_owned(), launchpad.to_owned())]
        };
        assert_eq!(
            of("START_OPTS=\"start -c ${CURR_DIR} -i launchpad\""),
            both("${CURR_DIR}", "launchpad")
        );
        assert_eq!(
            of("java -client -jar x.jar start -c /opt/q -ilaunchpad2"),
            both("/opt/q", "launchpad2")
        );
        assert_eq!(of("head -c 10; grep -i x"), []);
        assert_eq!(of("java -jar x.jar start -credentials=u:p -ims.client.secret=x"), []);
        let windows = statements("start.bat", "set START_OPTS=start -c %Dir% -i launchpad\r\n");
        assert_eq!(windows.settings, both("%Dir%", "launchpad"));
        let cache = statements("start", "java -Dorg.osgi.framework.storage=/var/felix");
        assert_eq!(cache.values(BUNDLE_CACHE).collect::<Vec<_>>(), ["/var/felix"]);
    }

    #[test]
    fn variables_in_the_name_of_an_option_are_put_in() {
        let expected = [(CRYPTO_KEYS_PATH.to_owned(), "/mnt/keys".to_owned())];
        let rest = "java -D${NS}.keys.path=/mnt/keys -jar x\n";
        let known = statements("start", &format!("NS=com.adobe.granite.crypto\n{rest}"));
        assert_eq!((known.settings, known.unclear.len()), (expected.to_vec(), 0));
        for before in ["", "NS=a\nNS=b\n"] {
            assert!(!statements("start", &format!("{before}{rest}")).unclear.is_empty());
        }
        assert!(statements("start", "java -Da.b=$C -jar x").unclear.is_empty());
    }

    #[test]
    fn script_in_an_encoding_that_is_not_known_is_not_understood() {
        let text = "$o=\"-Dcom.adobe.granite.crypto.keys.path=D:\\keys\"\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let read =
            |bytes: &[u8]| match parse(&Found { root: "", bundle: "", name: "start.ps1" }, bytes) {
                Ok(Fact::Settings(statements)) => statements,
                other => panic!("{other:?}"),
            };
        assert_eq!(read(&[b"\xff\xfe", little.as_slice()].concat()), read(text.as_bytes()));
        assert!(!read(text.as_bytes()).settings.is_empty());
        assert!(!read(&little).unclear.is_empty());
        assert_eq!(read(b"\x7fELF\0\0"), Statements::default());
    }

    #[test]
    fn five_scripts_are_found() {
        for name in IN_BIN {
            let path = format!("q/bin/{name}");
            assert_eq!(find(&path), Some(Found { root: "q", bundle: "", name }));
        }
        assert_eq!(find("q/bin/Start.BAT").unwrap().name, "start.bat");
        assert_eq!(find("q/bin/Start"), None);
        assert_eq!(find("q/opt/helpers/instsrv.bat").unwrap().root, "q");
        assert_eq!(find("opt/helpers/instsrv.bat").unwrap().root, "");
        assert_eq!(find("q/bin/stop"), None);
        assert_eq!(find("q/start"), None);
        assert_eq!(find("q/sbin/start"), None);
    }

    #[test]
    fn other_scripts_are_found_and_archives_are_none() {
        for path in ["crx-quickstart/bin/x", "q/bin/start-env", "a/start.sh", "x/setenv.BAT"] {
            assert!(find_small(path).is_some(), "{path}");
        }
        for path in ["jdk/bin/java", "crx-quickstart/bin/x.tgz", "start.tar.gz", "q/x.txt"] {
            assert!(find_small(path).is_none(), "{path}");
        }
    }
}
