//! Actions as commands for a POSIX shell. Each is alone on a line, and fails where it did not do what it is for.

use super::{KEYS, is_there, kept_name, lengths};
use crate::facts::TextKind;
use crate::repair::{Action, Do, KeyCheck, PlanCheck, shell_word};
use std::collections::BTreeMap;

/// Returns the commands of an action, to be run one after the other in the directory where the paths of the source begin; none where a
/// person does it.
pub(in crate::report) fn commands(action: &Action) -> Vec<String> {
    match &action.does {
        Do::BackUp { directory, files } => back_up(directory, files),
        Do::EnsureDirectory { directory } => {
            let directory = word(directory);
            // In braces, since `&&` and `||` bind alike in
            // a shell and the lines are chained with `&&`.
            vec![format!("{{ test -d {directory} || mkdir {directory}; }}")]
        }
        Do::Place { key, to, .. } => {
            let to = word(to);
            // `cp` keeps the mode of a file that is there, which may let everyone read it.
            vec![format!("cp {KEYS}/{key} {to} && chmod 600 {to}")]
        }
        Do::Swap { hmac, master } => {
            let between = word(&format!("{hmac}.swap"));
            let (hmac, master) = (word(hmac), word(master));
            vec![format!("mv {hmac} {between} && mv {master} {hmac} && mv {between} {master}")]
        }
        // `truncate` is no command of every system; `head
        // -c` is found on Linux, macOS and the BSDs.
        Do::Truncate { file, bytes } => vec![through(file, &format!("head -c {bytes}"))],
        // `printf %b` of POSIX knows bytes in octal alone, as `\0nnn`.
        Do::Decode { file, text: TextKind::Hex } => vec![through(file, UNHEX)],
        // `base64 -d` may refuse text whose padding was left out, so that is put back first.
        Do::Decode { file, .. } => vec![through(file, UNBASE64)],
        // `mv -n` is not in POSIX, and says nothing where it moves nothing.
        Do::Move { from, to } => {
            let (from, to) = (word(from), word(to));
            vec![format!("test ! -e {to} && mv {from} {to}")]
        }
        // `echo` would end the file with a line end, which
        // KA-23909 rules out; `echo -n` is not portable.
        Do::WriteStorage { file } => vec![format!("printf %s Bundle > {}", word(file))],
        Do::Verify(check) => verify(check),
        Do::RemoveBackup { directory, brought } => {
            // Instances on one machine share what was brought along, and the first of them removes it.
            let brought = if *brought { format!(" && {}", remove_keys()) } else { String::new() };
            // Without `-f`, which would hide that the keys in it are still there.
            vec![format!("rm -r {}{brought}", word(directory))]
        }
        Do::Manual(text) => text.commands().map(ToString::to_string).collect(),
        Do::ExportFromJcr { .. }
        | Do::DeleteFromJcr { .. }
        | Do::EnterSecret { .. }
        | Do::SetProperty { .. } => Vec::new(),
    }
}

/// Decodes hexadecimal digits. A server often has no xxd.
// The digits lack `0`, since `index` of awk is 0 for what it does not find.
const UNHEX: &str = r#"{ printf %b "$(tr -d ' \t\r\n' | awk '{ s = tolower($0); for (i = 1; i < length(s); i += 2) printf "\\0%03o", 16 * index("123456789abcdef", substr(s, i, 1)) + index("123456789abcdef", substr(s, i + 1, 1)) }')"; }"#;

/// Decodes base64, in the alphabet for URLs and without padding too.
const UNBASE64: &str = r#"{ tr -d ' \t\r\n=' | tr '_-' '/+' | awk '{ while (length($0) % 4) $0 = $0 "="; print }' | base64 -d; }"#;

fn back_up(directory: &str, files: &[String]) -> Vec<String> {
    let copy = |file: &String| {
        let kept = word(&format!("{directory}/{}", kept_name(file, files)));
        let file = word(file);
        // `-p` keeps mode and, where it may, owner: a key
        // that is put back has to be readable for AEM.
        format!("{{ test ! -e {file} || cp -p {file} {kept}; }}")
    };
    // What another user makes, root too, that of AEM may not read.
    let parent = files.first().and_then(|file| file.rsplit_once('/')).map_or("", |(path, _)| path);
    // The directory `data` may be missing, and that of its bundle is made by AEM.
    let own = word(parent.strip_suffix("/data").unwrap_or(parent));
    let is_there = |file: &String| {
        file.ends_with("/storage") || file.rsplit_once('/').is_some_and(|(path, _)| path == parent)
    };
    let is_own = match files.first().filter(|_| files.iter().all(is_there)) {
        // A directory that `keys.path` names may be root's (`/etc/aem/keys`), with keys that the user of AEM may write.
        Some(key) if !parent.ends_with("/data") => {
            let key = word(key);
            format!("test -O {key} || {{ test ! -e {key} && test -O {own}; }}")
        }
        _ => format!("test -O {own}"),
    };
    let guard = format!("{{ {is_own} || ! echo 'run this as the user of AEM'; }}");
    let made = make(directory);
    [guard].into_iter().chain(made).chain(files.iter().map(copy)).collect()
}

/// Makes a directory that is not there yet. What another repair left in it are other keys.
fn make(directory: &str) -> [String; 2] {
    let why = shell_word(&is_there(directory));
    let directory = word(directory);
    // Without `-p`, so that it fails where the directory is.
    [format!("{{ test ! -e {directory} || ! echo {why}; }}"), format!("mkdir -m 700 {directory}")]
}

/// Sends a file through a command, and keeps its owner and mode.
fn through(file: &str, command: &str) -> String {
    let (file, new) = (word(file), word(&format!("{file}.new")));
    // `mv` would put a file of the user who runs this
    // in the place of one that the user of AEM owns.
    format!("{command} < {file} > {new} && cat {new} > {file} && rm {new}")
}

fn verify(check: &PlanCheck) -> Vec<String> {
    match check {
        PlanCheck::Keys(keys) => keys.iter().map(verify_key).collect(),
        PlanCheck::Storage { file } => {
            // A comparison of bytes: `$(cat …)` would drop the very line end that is wrong.
            vec![format!("printf %s Bundle | cmp - {}", word(file))]
        }
    }
}

fn verify_key(check: &KeyCheck) -> String {
    let file = word(&check.file);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    match check.digest {
        // It says which file is wrong; a name that is not plain would not be found again.
        Some(digest) if check.file.chars().all(is_plain) && !check.file.starts_with('-') => {
            // `md5sum` escapes backslashes and line ends in
            // names, and a name with them would not be found.
            format!("echo '{}  {}' | md5sum -c -", digest.md5, check.file)
        }
        Some(digest) => format!(r#"test "$(md5sum < {file})" = '{}  -'"#, digest.md5),
        None => {
            let [raw, obfuscated] = lengths(check.key);
            format!(
                r#"{{ test "$(wc -c < {file})" -eq {raw} || test "$(wc -c < {file})" -eq {obfuscated}; }}"#
            )
        }
    }
}

/// Returns the commands that bring both keys together.
pub(super) fn collect(files: &[String; 2]) -> Vec<String> {
    let [hmac, master] = files.each_ref().map(|file| word(file));
    let [guard, made] = make(KEYS);
    vec![
        guard,
        made,
        format!("cp {hmac} {master} {KEYS}/"),
        format!("chmod 600 {KEYS}/hmac {KEYS}/master"),
    ]
}

/// Removes what was brought together. Instances on one machine share it, and it may be gone.
fn remove_keys() -> String {
    format!("rm -rf {KEYS}")
}

/// A directory that is named more often gets a short name.
const SHORT: &str = "D";
/// From so many characters on.
const LONG_CHARS: usize = 16;

/// Makes a block of commands that stops at the first that fails, and prints `done` after the last.
pub(super) fn block(commands: Vec<String>, done: &str) -> Vec<String> {
    let (first, commands) = shortened(commands);
    let chained = commands.into_iter().map(|command| format!("{command} &&"));
    let done = format!("echo {}", shell_word(done));
    first.into_iter().chain(chained).chain([done]).collect()
}

/// Gives the directory that most paths share a name, so that lines stay short.
fn shortened(commands: Vec<String>) -> (Option<String>, Vec<String>) {
    let paths = commands.iter().flat_map(|command| command.split(' '));
    let directories = paths.filter_map(|word| {
        let path = word.strip_prefix('\'')?;
        Some(path.split_at_checked(path.find("/bundle")?)?.0)
    });
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for directory in directories {
        let count = counts.entry(directory).or_default();
        *count = count.saturating_add(1);
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    let Some((directory, _)) =
        most.filter(|(directory, count)| *count > 1 && directory.len() >= LONG_CHARS)
    else {
        return (None, commands);
    };
    let (long, short) = (format!("'{directory}/"), format!("\"${SHORT}\"'/"));
    let name = format!("{SHORT}='{directory}'");
    let shorter = commands.iter().map(|command| command.replace(&long, &short)).collect();
    (Some(name), shorter)
}

/// Returns a path as one word. One that starts with `-` would be taken for an option.
pub(super) fn word(path: &str) -> String {
    match path {
        "" => shell_word("."),
        path if path.starts_with('-') => shell_word(&format!("./{path}")),
        path => shell_word(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(files: &[&str]) -> String {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        back_up("kept", &files).remove(0)
    }

    #[test]
    fn owner_of_the_keys_counts_where_a_setting_names_their_directory() {
        let moved = guard(&["etc/keys/hmac", "etc/keys/master", "q/bundle1/data/storage"]);
        assert!(moved.starts_with("{ test -O 'etc/keys/hmac' || "), "{moved}");
        for files in
            [["q/bundle2/data/hmac", "q/bundle2/data/master"], ["q/hmac", "q/bundle2/data/hmac"]]
        {
            let guard = guard(&files);
            assert!(!guard.contains("hmac"), "{guard}");
        }
    }
}
