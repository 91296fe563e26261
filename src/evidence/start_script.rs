//! `bin/start` and its like: settings that the command line gives the JVM.
//!
//! A line of text search, not a shell: what stands in a comment line is ignored, and so is a port or run mode that the script
//! takes from the environment. The default `CQ_JVM_OPTS` line holds neither of the two crypto flags.

use super::{Fact, Found, Kind, ParseError, Reads, path, text};
use crate::facts::{CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH};

pub(super) const KIND: Kind =
    Kind { name: "start script", reads: Reads::Whole(1 << 20), find, parse };

const IN_BIN: [&str; 4] = ["start", "start.bat", "quickstart", "quickstart.bat"];
const SERVICE: &str = "instsrv.bat";
const FLAGS: [&str; 2] = [CRYPTO_FILE_DISABLE, CRYPTO_KEYS_PATH];
const VARIABLES: [&str; 2] = ["CQ_PORT", "CQ_RUNMODE"];
const VALUE_CHARS_MAX: usize = 1024;

fn find(path: &str) -> Option<Found<'_>> {
    let (directory, file) = path::split(path);
    if file == SERVICE {
        let root = path::parent_of(path::parent_of(directory, "helpers")?, "opt")?;
        return Some(Found { root, bundle: "", name: SERVICE });
    }
    let name = IN_BIN.into_iter().find(|name| *name == file)?;
    Some(Found { root: path::parent_of(directory, "bin")?, bundle: "", name })
}

fn parse(_: &Found<'_>, bytes: &[u8]) -> Result<Fact, ParseError> {
    let script = text::decode(bytes);
    let mut settings: Vec<(String, String)> = Vec::new();
    for line in script.split(['\n', '\r']).map(str::trim).filter(|line| !is_comment(line)) {
        for (name, value) in line_settings(line) {
            settings.retain(|(earlier, _)| earlier != name);
            settings.push((name.to_owned(), text::cut(value, VALUE_CHARS_MAX)));
        }
    }
    Ok(Fact::Settings(settings))
}

/// Says whether a line is a comment, to a shell or to `cmd`.
fn is_comment(line: &str) -> bool {
    let bare = line.trim_start_matches('@');
    let word = bare.split_ascii_whitespace().next().unwrap_or_default();
    line.starts_with('#') || line.starts_with("::") || word.eq_ignore_ascii_case("rem")
}

fn line_settings(line: &str) -> impl Iterator<Item = (&'static str, &str)> {
    let flags = FLAGS.into_iter().filter_map(|name| Some((name, flag(line, name)?)));
    let variables = VARIABLES.into_iter().filter_map(|name| Some((name, variable(line, name)?)));
    flags.chain(variables)
}

/// Returns the value of the last `-D<name>=<value>` in a line.
fn flag<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let assigned = |(at, _): (usize, &str)| {
        line.get(at..)?.strip_prefix("-D")?.strip_prefix(name)?.strip_prefix('=').map(value)
    };
    line.match_indices("-D").filter_map(assigned).last()
}

/// Returns the value that a line assigns to a variable, when it is written out.
fn variable<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let assigned = |(at, _): (usize, &str)| {
        let before = line.get(..at)?.chars().next_back();
        let starts = before
            .is_none_or(|c| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | ';' | '&' | '('));
        let value = line.get(at..)?.strip_prefix(name)?.strip_prefix('=').map(value)?;
        (starts && !value.is_empty() && !value.contains(['$', '%', '`'])).then_some(value)
    };
    line.match_indices(name).filter_map(assigned).last()
}

/// Returns what stands between an optional quote and the next blank, quote or semicolon.
fn value(text: &str) -> &str {
    let is_quote = |c: char| matches!(c, '"' | '\'');
    let text = text.strip_prefix(is_quote).unwrap_or(text);
    text.split(|c: char| c.is_whitespace() || is_quote(c) || c == ';').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(script: &str) -> Vec<(String, String)> {
        let found = Found { root: "", bundle: "", name: "start" };
        match parse(&found, script.as_bytes()) {
            Ok(Fact::Settings(settings)) => settings,
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
            "com.adobe.granite.crypto.file.disable=true",
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
    fn the_last_assignment_wins() {
        assert_eq!(one("CQ_PORT=4502\nCQ_PORT=4503").1, "4503");
        let twice = "-Dcom.adobe.granite.crypto.file.disable=true -Dcom.adobe.granite.crypto.file.disable=false";
        assert_eq!(one(twice).1, "false");
    }

    #[test]
    fn five_scripts_are_found() {
        for name in IN_BIN {
            let path = format!("q/bin/{name}");
            assert_eq!(find(&path), Some(Found { root: "q", bundle: "", name }));
        }
        assert_eq!(find("q/opt/helpers/instsrv.bat").unwrap().root, "q");
        assert_eq!(find("opt/helpers/instsrv.bat").unwrap().root, "");
        assert_eq!(find("q/bin/stop"), None);
        assert_eq!(find("q/start"), None);
        assert_eq!(find("q/sbin/start"), None);
    }
}
