//! What a path in a setting means: a place in the source, one outside of it, or nobody knows which.

use crate::examine::paths::{join, with_those_above};
use crate::facts::QUICKSTART;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that a value grows to, at most, when variables are put in.
const VALUE_BYTES_MAX: usize = 4096;
/// How often a variable may name another one.
const DEPTH_MAX: usize = 4;

/// Where something lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// At this path of the source, whether that has it or not.
    Inside(String),
    /// At this absolute path, which is not one of the source.
    Outside(String),
    /// Where this leads to is not known.
    Unknown(String),
}

impl Spot {
    /// Returns the path, for people.
    pub(super) fn text(&self) -> &str {
        let (Self::Inside(text) | Self::Outside(text) | Self::Unknown(text)) = self;
        text
    }
}

/// What variables of scripts are assigned anywhere, by name; one of several values is none.
pub(super) type Variables<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Puts in the variables of scripts that have one value. What else is in the text stays as it is.
pub(super) fn expand(text: &str, variables: &Variables<'_>) -> String {
    expand_to(text, variables, DEPTH_MAX)
}

fn expand_to(text: &str, variables: &Variables<'_>, depth: usize) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, from)) = rest.find(['$', '%']).and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(before);
        let found = variable(from).filter(|_| depth > 0 && out.len() < VALUE_BYTES_MAX);
        let value = found.and_then(|(name, after)| {
            let mut values = variables.get(name)?.iter();
            Some((*values.next()?, after)).filter(|_| values.next().is_none())
        });
        rest = if let Some((value, after)) = value {
            out.push_str(&expand_to(value, variables, depth.saturating_sub(1)));
            after
        } else {
            out.extend(from.chars().take(1));
            from.get(1..).unwrap_or_default()
        };
    }
    out.push_str(rest);
    out
}

/// Returns the name of the variable that a text begins with, and what follows.
fn variable(text: &str) -> Option<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, rest) = if let Some(text) = text.strip_prefix("${") {
        text.split_once('}')?
    } else if let Some(text) = text.strip_prefix('%') {
        text.split_once('%')?
    } else {
        let text = text.strip_prefix('$')?;
        text.split_at_checked(text.find(|c| !is_part(c)).unwrap_or(text.len()))?
    };
    (!name.is_empty() && name.chars().all(is_part)).then_some((name, rest))
}

/// Returns `true` if something in a text is known only where the script or the instance runs.
pub(super) fn is_open(text: &str) -> bool {
    text.contains(['$', '`', '%', '{'])
}

/// Goes down from a directory of the source, and up with `..`; `None` where that leads out of it.
pub(super) fn descend(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns an absolute path with slashes, without the drive of Windows; `None` for a relative one.
pub(super) fn absolute(path: &str) -> Option<&str> {
    let without_drive = match path.split_once(':') {
        // A drive has one letter; anything longer before a colon is a scheme or a name of Unix.
        Some((drive, rest))
            if drive.len() == 1 && drive.chars().all(|c| c.is_ascii_alphabetic()) =>
        {
            rest
        }
        _ => path,
    };
    without_drive.starts_with('/').then_some(without_drive)
}

/// Top directories of a host in which AEM lies: `/opt/aem`, `/opt/adobe/aem`, `/mnt/crx` or `/mnt/aem` on most.
const TOPS: [&str; 8] = ["app", "apps", "data", "home", "mnt", "opt", "srv", "var"];

/// Says what an absolute path means to an install at `root`. Where the install lay on its host a source shows only when it was packed
/// with full paths; else the last directory that is named like it is taken to be it.
pub(super) fn of_absolute(path: &str, root: &str, has: &dyn Fn(&str) -> bool) -> Spot {
    let outside = || Spot::Outside(path.to_owned());
    let Some(normal) = descend("", path) else { return outside() };
    if let Some(top) = top_of_host(&normal, root) {
        let there = join(&top, &normal);
        let is_own =
            there == root || there.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        return if is_own || has(&there) { Spot::Inside(there) } else { outside() };
    }
    let name = root.rsplit('/').next().unwrap_or(root);
    let parts: Vec<&str> = normal.split('/').collect();
    let is_install =
        |part: &&str| part.eq_ignore_ascii_case(QUICKSTART) || !name.is_empty() && *part == name;
    // The last one: an install may lie in a copy of
    // another, `/backup/crx-quickstart/old/crx-quickstart`.
    let at = parts.iter().rposition(is_install);
    let is_quickstart =
        |at: usize| parts.get(at).is_some_and(|p| p.eq_ignore_ascii_case(QUICKSTART));
    if !at.is_some_and(is_quickstart)
        && let Some(there) = beside_on_host(&normal, root, has)
    {
        return Spot::Inside(there);
    }
    let Some(at) = at else { return outside() };
    let below = parts.get(at.saturating_add(1)..).unwrap_or_default().join("/");
    descend(root, &below).map_or_else(outside, Spot::Inside)
}

/// Returns where a source with full paths has what this path names, in another top directory of the host than the install: with
/// `opt/aem/crx-quickstart` in it, `/var/cache/aem/felix` is `var/cache/aem/felix`.
pub(in crate::examine) fn beside_on_host(
    path: &str,
    root: &str,
    has: &dyn Fn(&str) -> bool,
) -> Option<String> {
    // One directory alone, such as `/keys`, may lie beside the install on some other host.
    if !path.contains('/') {
        return None;
    }
    let above = |top: &&str| match root.strip_prefix(*top).map(|rest| rest.trim_start_matches('/'))
    {
        // What several hosts have in one source lies below a directory of each.
        Some(below) => match below.split_once('/') {
            Some((first, _)) => TOPS.contains(&first),
            None => !below.is_empty(),
        },
        None => false,
    };
    let tops = with_those_above(root).filter(above);
    tops.map(|top| join(top, path)).find(|there| has(there))
}

/// Returns `true` if a source that was packed with full paths has an install at another place than this absolute path.
pub(super) fn is_elsewhere_on_host(path: &str, root: &str) -> bool {
    let Some(path) = descend("", path).filter(|path| !is_open(path)) else { return false };
    match top_of_host(&path, root) {
        Some(top) => join(&top, &path) != root,
        None => root.split_once('/').is_some_and(|(first, _)| TOPS.contains(&first)),
    }
}

/// Returns the directory of the source that stands for `/` of the host: above the root, which goes on below it as the path does.
fn top_of_host(path: &str, root: &str) -> Option<String> {
    let first = path.split('/').next()?;
    let parts: Vec<&str> = root.split('/').collect();
    let last = parts.len().checked_sub(1)?;
    let at = parts.iter().take(last).position(|part| *part == first)?;
    Some(parts.get(..at)?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_with_one_value_are_put_in() {
        let variables: Variables<'_> = [
            ("A", ["/mnt"].into()),
            ("B", ["${A}/b"].into()),
            ("C", ["1", "2"].into()),
            ("D", ["$D"].into()),
        ]
        .into();
        for (text, expected) in [
            ("$B/c", "/mnt/b/c"),
            ("%A%\\x", "/mnt\\x"),
            ("$C $E ${sling.home} ${A:-x} 5% $", "$C $E ${sling.home} ${A:-x} 5% $"),
            ("$D", "$D"),
        ] {
            assert_eq!(expand(text, &variables), expected);
        }
        assert!(is_open("$D") && is_open("`pwd`") && !is_open("/mnt/b"));
    }

    fn meant(path: &str, root: &str) -> Spot {
        of_absolute(path, root, &|path| path == "opt/keys")
    }

    #[test]
    fn absolute_path_leads_into_the_install_by_its_name() {
        let inside = |path: &str| Spot::Inside(path.to_owned());
        assert_eq!(
            meant("/opt/crx-quickstart/keys", "crx-quickstart"),
            inside("crx-quickstart/keys")
        );
        assert_eq!(meant("/opt/crx-quickstart/./keys/", ""), inside("keys"));
        assert_eq!(meant("/opt/aem/crx-quickstart", "publish1"), inside("publish1"));
        assert_eq!(meant("/etc/keys", "crx-quickstart"), Spot::Outside("/etc/keys".to_owned()));
    }

    #[test]
    fn source_with_full_paths_shows_what_lies_beside_the_install() {
        let root = "opt/author/crx-quickstart";
        let inside = |path: &str| Spot::Inside(path.to_owned());
        assert_eq!(meant("/opt/keys", root), inside("opt/keys"));
        assert_eq!(
            meant("/opt/author/crx-quickstart/k", root),
            inside("opt/author/crx-quickstart/k")
        );
        let other = "/opt/publish/crx-quickstart/k";
        assert_eq!(meant(other, root), Spot::Outside(other.to_owned()));
    }

    #[test]
    fn source_with_full_paths_shows_other_top_directories() {
        let found = |path: &str, root: &str, has: &str| match of_absolute(path, root, &|p| p == has)
        {
            Spot::Inside(there) => Some(there),
            _ => None,
        };
        let (cache, root) = ("/var/cache/aem/felix", "opt/aem/crx-quickstart");
        for top in ["", "host1/", "a/rootfs/"] {
            let there = format!("{top}var/cache/aem/felix");
            assert_eq!(found(cache, &format!("{top}{root}"), &there), Some(there.clone()), "{top}");
        }
        assert_eq!(
            found("/etc/aem/keys", "opt/aem", "etc/aem/keys").as_deref(),
            Some("etc/aem/keys")
        );
        let beside = found("/etc/aem/keys", "author/crx-quickstart", "author/etc/aem/keys");
        assert_eq!(beside.as_deref(), Some("author/etc/aem/keys"));
        // It may be of another host, or be no directory of the top.
        assert_eq!(found("/etc/aem/keys", "author/crx-quickstart", "etc/aem/keys"), None);
        assert_eq!(found("/keys", root, "keys"), None);
        assert_eq!(found(cache, root, "opt/var/cache/aem/felix"), None);
    }

    #[test]
    fn install_of_a_source_with_full_paths_is_where_it_lies() {
        for (path, root, expected) in [
            ("/opt/aem/crx-quickstart", "opt/aem/crx-quickstart", false),
            ("/opt/aem/./crx-quickstart/", "up/opt/aem/crx-quickstart", false),
            ("/opt/aem/crx-quickstart", "opt/aem2/crx-quickstart", true),
            ("/srv/aem/crx-quickstart", "opt/aem/crx-quickstart", true),
            ("/srv/aem/crx-quickstart", "author/crx-quickstart", false),
            ("/srv/aem/crx-quickstart", "crx-quickstart", false),
            ("/opt/$NAME/crx-quickstart", "opt/aem/crx-quickstart", false),
        ] {
            assert_eq!(is_elsewhere_on_host(path, root), expected, "{path} {root}");
        }
    }

    #[test]
    fn drives_of_windows_are_absolute() {
        assert_eq!(absolute("D:/keys"), Some("/keys"));
        assert_eq!(absolute("/keys"), Some("/keys"));
        assert_eq!(absolute("keys"), None);
        assert_eq!(absolute("file:/keys"), None);
        assert_eq!(descend("a/b", "../c"), Some("a/c".to_owned()));
        assert_eq!(descend("a", "../../c"), None);
    }
}
