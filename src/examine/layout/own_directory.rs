//! What a shell script says of directories by where it lies itself: `$(cd $(dirname $0)/.. && pwd)/keys`.

/// The directory that a value begins with, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnDirectory {
    /// From the directory in which the script lies, along this path.
    OfScript(String),
    /// From the directory in which the script is at that line.
    Current(String),
    /// From the install, named relative to the directory around it: AEM's `CURR_DIR=$(basename $(pwd))`, after which it does `cd ..`.
    OfInstall(String),
}

/// How scripts call themselves, in the end all the same.
const SELF: [&str; 4] = ["${0}", "${BASH_SOURCE[0]}", "${BASH_SOURCE}", "$BASH_SOURCE"];
/// Commands that print their own directory, in front of what follows them in a `cd`.
const DIRNAMES: [&str; 3] =
    ["$(dirname $0)", "$(dirname $(readlink -f $0))", "$(dirname $(realpath $0))"];

/// Reads what a value begins with; `None` where that is another text, or something is left that only a shell knows.
pub(super) fn own_directory(value: &str) -> Option<OwnDirectory> {
    let plain =
        SELF.iter().fold(value.replace(['"', '\''], ""), |text, own| text.replace(own, "$0"));
    let plain = plain.replace("`pwd`", "$(pwd)").replace("${PWD}", "$(pwd)");
    let plain = plain.replace("$PWD", "$(pwd)").replace("pwd -P", "pwd");
    let (command, rest) = command(&plain)?;
    if super::is_open(rest) || !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let whole = format!("$({command})");
    if DIRNAMES.contains(&whole.as_str()) {
        return Some(OwnDirectory::OfScript(rest.to_owned()));
    }
    match command {
        "pwd" => return Some(OwnDirectory::Current(rest.to_owned())),
        "basename $(pwd)" => return Some(OwnDirectory::OfInstall(rest.to_owned())),
        _ => {}
    }
    let target = command.strip_prefix("cd ")?.strip_suffix("pwd")?.trim_end();
    let target = target.strip_suffix("&&").or_else(|| target.strip_suffix(';'))?.trim();
    let up = DIRNAMES.iter().find_map(|own| target.strip_prefix(own))?;
    (!super::is_open(up)).then(|| OwnDirectory::OfScript(format!("{up}{rest}")))
}

/// Splits a text that begins with `$(…)` into what is in that, and what follows.
fn command(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("$(")?;
    let mut open = 1_usize;
    let end = inner.char_indices().find_map(|(at, c)| {
        match c {
            '(' => open = open.saturating_add(1),
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
        (open == 0).then_some(at)
    })?;
    let (command, rest) = inner.split_at_checked(end)?;
    Some((command.trim(), rest.strip_prefix(')')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_those_that_a_shell_finds() {
        let script = |path: &str| Some(OwnDirectory::OfScript(path.to_owned()));
        for (value, expected) in [
            ("$(cd $(dirname ${0})/.. && pwd)/keys", script("/../keys")),
            ("$(cd \"$(dirname \"$0\")/..\"; pwd -P)/keys", script("/../keys")),
            ("$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)", script("")),
            ("$(dirname $(readlink -f \"$0\"))/../keys", script("/../keys")),
            ("$(basename $(pwd))/keys", Some(OwnDirectory::OfInstall("/keys".to_owned()))),
            ("$(basename `pwd`)/keys", Some(OwnDirectory::OfInstall("/keys".to_owned()))),
            ("${PWD}/q/keys", Some(OwnDirectory::Current("/q/keys".to_owned()))),
        ] {
            assert_eq!(own_directory(value), expected, "{value}");
        }
        for value in ["", "/keys", "$(pwd", "$(pwd)x", "$(pwd)/$A", "$(cd /x && pwd)/k", "$(ls)/k"]
        {
            assert_eq!(own_directory(value), None, "{value}");
        }
    }
}
