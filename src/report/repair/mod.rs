//! A plan in words and commands: the only place where an action becomes either.

mod english;
mod guide;
mod posix;
mod powershell;
mod powershell_script;
mod script;
mod visit;

pub(super) use english::gist;
pub(super) use guide::{
    GuideStep, RepairPart, as_whom, beginning, decision, fixes, on_windows, parts, result, warning,
};
pub(super) use posix::commands as posix_commands;
pub(super) use powershell::commands as powershell_commands;
pub(super) use powershell_script::POWERSHELL;
pub(super) use script::SHELL;

use crate::facts::KeyName;

/// Where keys lie on their way, beside the script. An install may have its own in a directory that is called keys, and this one is removed in
/// the end.
const KEYS: &str = "farm-keys";

/// Says why a repair stops where a directory that it makes is there.
fn is_there(directory: &str) -> String {
    format!("{directory} is there already, from another repair: move it away")
}

/// Returns the name under which a file is kept: its own, where no other one of those that are kept has that.
fn kept_name(file: &str, files: &[String]) -> String {
    let own = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let is_alike = |other: &&String| other.as_str() != file && own(other) == own(file);
    if files.iter().any(|other| is_alike(&other)) {
        file.trim_matches('/').replace('/', "-")
    } else {
        own(file)
    }
}

/// Returns the lengths that a key may have where its content is not known.
fn lengths(key: KeyName) -> [u64; 2] {
    key.known_lengths()
}
