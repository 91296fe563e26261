//! What scripts run or read, and what those run: each is found in the source, or told.

use super::InstallReader;
use super::files::{Files, StatementFile};
use super::spot::{Spot, Variables, absolute, descend, expand, of_absolute};
use crate::evidence::Statements;
use crate::examine::paths::{join, name, parent, with_those_above};
use crate::facts::{GapKind, Shape};
use crate::limits::Limits;
use std::collections::BTreeSet;

const PARTS_MAX: usize = Limits::DEFAULT.script_path_parts_max;

impl InstallReader<'_> {
    /// Adds the files that scripts run, and what those run.
    pub(super) fn run_sources(&mut self) {
        let mut known: BTreeSet<&str> = self.scripts.iter().map(|file| file.path).collect();
        let mut variables = Variables::new();
        self.scripts.iter().for_each(|file| add_variables(&mut variables, *file));
        let mut next = 0;
        while let Some(file) = self.scripts.get(next).copied() {
            next = next.saturating_add(1);
            for run in self.files.run_by(self.root, file, &variables) {
                // Scripts may run each other, so each is read once.
                if let Some(found) = run.file.filter(|found| known.insert(found.path)) {
                    add_variables(&mut variables, found);
                    self.scripts.push(found);
                }
                if let Some((kind, reason)) = run.gap {
                    self.gap(file.path, kind, reason);
                }
            }
        }
    }
}

impl<'a> Files<'a> {
    /// Returns what the files come to that a script names. `all`: what variables are in any script.
    fn run_by(&self, root: &str, script: StatementFile<'a>, all: &Variables<'a>) -> Vec<Run<'a>> {
        let mut own = Variables::new();
        add_variables(&mut own, script);
        let is_service = self.is_service(root, script.path);
        let target = |text: &String| {
            let mut target = self.target(root, text, &own, all);
            let of_host = || self.on_host_of(script.path, text).filter(|_| is_service);
            target.file = target.file.or_else(of_host);
            target
        };
        // A unit of systemd names files that are there on some hosts.
        let is_asked = |text: &String| is_service && script.statements.optional.contains(text);
        let part = |text: &String| {
            let target = target(text);
            let is_known = target.file.is_some() && target.is_certain
                || is_of_system(text)
                || target.file.is_none() && is_asked(text);
            Run { file: target.file, gap: (!is_known).then(|| gap_of(text, target.file)) }
        };
        let program = |text: &String| {
            let target = target(text);
            let is_known = target.file.is_some() && target.is_certain;
            let is_quiet = is_known || is_service || !target.is_unread && !target.may_be_script();
            Run { file: target.file, gap: (!is_quiet).then(|| gap_of(text, target.file)) }
        };
        let Statements { sources, runs, .. } = script.statements;
        let runs = runs.iter().filter(|text| !sources.contains(text));
        sources.iter().map(part).chain(runs.map(program)).collect()
    }

    /// Says what a file outside of installs needs and is not in the source. That one may be missing which it goes on without, no host shows.
    pub(super) fn why_incomplete(&self, file: StatementFile<'a>) -> Option<(GapKind, String)> {
        let mut own = Variables::new();
        add_variables(&mut own, file);
        let none = Variables::new();
        let is_missing = |text: &&String| {
            // A loop over a directory runs `$i`.
            let is_named = !text.starts_with('$') || text.contains('/');
            let found = || self.target(parent(file.path), text, &own, &none).file;
            is_named
                && !is_of_system(text)
                && found().is_none()
                && self.on_host_of(file.path, text).is_none()
        };
        let mut needed = file.statements.needed().filter(|_| file.statements.names_aem);
        needed.find(is_missing).map(|text| gap_of(text, None))
    }

    /// Finds a file that another one names with its full path: several hosts may be packed beside each other.
    pub(super) fn on_host_of(&self, path: &str, text: &str) -> Option<StatementFile<'a>> {
        let below = text.strip_prefix('/')?;
        let tops = with_those_above(parent(path));
        tops.take(PARTS_MAX).find_map(|top| self.read(&join(top, below)))
    }

    /// Finds a file that a script names. One that is relative may be named from several directories.
    fn target(
        &self,
        root: &str,
        text: &str,
        own: &Variables<'a>,
        all: &Variables<'a>,
    ) -> Target<'a> {
        // What the script itself assigns counts before what others do. The directory of a script of
        // Windows ends with a backslash.
        let text = expand(&expand(text, own), all).replace("%~dp0", "%~dp0/").replace('\\', "/");
        let is_open_part = |part: &str| part.contains(['$', '`', '%', ')', '~']);
        let known: Vec<&str> =
            text.rsplit('/').take(PARTS_MAX).take_while(|part| !is_open_part(part)).collect();
        let path = known.into_iter().rev().collect::<Vec<_>>().join("/");
        let open = text.get(..text.len().saturating_sub(path.len())).unwrap_or_default();
        let (mut is_certain, mut is_outside) = (true, false);
        let inside = |path: &str| match of_absolute(path, root, &|path| self.has(path)) {
            Spot::Inside(path) => Some(path),
            _ => None,
        };
        let mut places = Vec::new();
        if let Some(path) = absolute(&text).filter(|_| open.is_empty()) {
            // Packed with full paths, `/opt/aem/x.sh` is `opt/aem/x.sh` in the source.
            let at_top = || descend("", path).filter(|path| self.has(path));
            let place = inside(path).or_else(at_top);
            is_outside = place.is_none();
            places.extend(place);
        } else {
            let of_install = inside(&format!("/{path}")).filter(|_| !open.is_empty());
            is_certain = open.is_empty() || of_install.is_some() || is_of_script(open, [own, all]);
            places.extend(of_install);
            // A relative name is resolved where the script runs,
            // and a script may change the directory before.
            let bases = [join(root, "bin"), root.to_owned(), parent(root).to_owned()];
            places.extend(bases.iter().filter_map(|base| descend(base, &path)));
        }
        let read = |place: &String| {
            // `cmd` tries the endings of `PATHEXT` behind a name that has none.
            let ends = ["", ".bat", ".cmd"].iter().take(if is_batch(place) { 1 } else { 3 });
            ends.into_iter().find_map(|end| self.read(&format!("{place}{end}")))
        };
        let file = places.iter().filter(|_| !path.is_empty()).find_map(read);
        let is_unread = file.is_none() && places.iter().any(|path| self.is_unread(path));
        Target { file, is_certain, is_outside, is_unread, path }
    }
}

/// What a file that a script names comes to.
struct Run<'a> {
    /// The file, or one that may be it.
    file: Option<StatementFile<'a>>,
    /// Why it is not known what is run.
    gap: Option<(GapKind, String)>,
}

/// Where a file is that a script names.
struct Target<'a> {
    file: Option<StatementFile<'a>>,
    /// Nothing in its name is known only where the script runs, but for the directory of the script.
    is_certain: bool,
    /// It is not in the source.
    is_outside: bool,
    /// It is in the source, and was not read.
    is_unread: bool,
    /// The end of its path, as far as that is known.
    path: String,
}

impl Target<'_> {
    /// Returns `true` if it is named like a script that may start an install. That one of the install's own scripts is left out of a
    /// source is no news.
    fn may_be_script(&self) -> bool {
        const OWN: [&str; 4] = ["start", "start.bat", "quickstart", "quickstart.bat"];
        const ENDS: [&str; 6] = [".sh", ".bat", ".cmd", ".ps1", ".ksh", ".bash"];
        const OTHERS: [&str; 8] =
            [".log", ".pid", ".out", ".err", ".txt", ".jar", ".lock", ".html"];
        let name = name(&self.path).to_ascii_lowercase();
        let is_own = !self.is_outside && OWN.contains(&name.as_str()) && name_is_in_bin(&self.path);
        let is_other = OTHERS.iter().any(|end| name.ends_with(end))
            || ["stop", "status"].iter().any(|part| name.contains(part))
            || name.contains(char::is_whitespace);
        let is_script = ENDS.iter().any(|end| name.ends_with(end))
            || ["start", "aem"].iter().any(|start| name.starts_with(start))
            || ["-start", "_start"].iter().any(|end| name.ends_with(end));
        is_script && !is_other && !is_own
    }
}

fn name_is_in_bin(path: &str) -> bool {
    matches!(name(parent(path)), "bin" | "." | "")
}

fn gap_of(text: &str, found: Option<StatementFile<'_>>) -> (GapKind, String) {
    let shown = Shape::Path.shown(text);
    let reason = if let Some(file) = found {
        format!(
            "runs {shown}, which may be another file than {} and can move the keys; send it too",
            file.path
        )
    } else {
        format!("runs {shown}, which is not in the source and can move the keys; send it too")
    };
    (GapKind::Elsewhere, reason)
}

/// Returns `true` if the open part of a path is the directory of the script, or leads there.
fn is_of_script(open: &str, variables: [&Variables<'_>; 2]) -> bool {
    let mut names = open.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    names_own_directory(open)
        || names.any(|name| {
            let values = variables.iter().filter_map(|variables| variables.get(name));
            values.flatten().any(|value| names_own_directory(value))
        })
}

/// Returns `true` if a text has the script's own directory in it.
pub(super) fn names_own_directory(text: &str) -> bool {
    const OWN: [&str; 11] = [
        "dirname",
        "basename",
        "readlink",
        "realpath",
        "pwd",
        "PWD",
        "BASH_SOURCE",
        "$0",
        "%~dp0",
        "%cd%",
        "PSScriptRoot",
    ];
    // `cmd` knows no case in the names of variables.
    let text = text.replace("%CD%", "%cd%");
    OWN.iter().any(|part| text.contains(part))
}

/// Returns the variables that a script assigns.
pub(super) fn variables_of(file: StatementFile<'_>) -> Variables<'_> {
    let mut variables = Variables::new();
    add_variables(&mut variables, file);
    variables
}

/// Adds the variables that a script assigns.
fn add_variables<'a>(variables: &mut Variables<'a>, file: StatementFile<'a>) {
    for (name, value) in file.statements.variables.iter().filter(|(_, value)| !value.is_empty()) {
        variables.entry(name).or_default().insert(value);
    }
}

fn is_batch(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    [".bat", ".cmd", ".ps1"].iter().any(|end| path.ends_with(end))
}

/// Returns `true` if a script runs a file that every host has, and that no install puts options into.
fn is_of_system(text: &str) -> bool {
    const ANYWHERE: [&str; 2] = ["nvm.sh", "sdkman-init.sh"];
    // The last three are of init scripts of Red Hat, Debian and SUSE.
    const NAMES: [&str; 8] = [
        "profile",
        "bashrc",
        "functions",
        "bash_profile",
        "init-functions",
        "network",
        "vars.sh",
        "rc.status",
    ];
    const PLACES: [&str; 7] = ["/etc/", "/lib/", "/usr/lib/", "~/", "~", "$HOME/", "${HOME}/"];
    let name = name(text);
    let is_in_place = PLACES.iter().any(|place| text.starts_with(place));
    ANYWHERE.contains(&name) || is_in_place && NAMES.contains(&name.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_every_host_are_known() {
        for path in [
            "/etc/profile",
            "~/.bashrc",
            "/etc/rc.d/init.d/functions",
            "$HOME/.nvm/nvm.sh",
            "/etc/sysconfig/network",
            "/lib/init/vars.sh",
        ] {
            assert!(is_of_system(path), "{path}");
        }
        for path in ["/etc/default/aem", "/opt/aem/.bash_profile", "profile", "./functions"] {
            assert!(!is_of_system(path), "{path}");
        }
    }
}
