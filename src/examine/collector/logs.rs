//! Logs that an install has on a disk of their own: its `logs`, or a log in it, is a link, and what it leads to lies elsewhere in the
//! source. Which logs were not read.

use super::Collector;
use crate::evidence::{Reads, classify, is_of_requests};
use crate::examine::links::{Follower, Resolved};
use crate::examine::paths::{join, name, parent, with_those_above};
use crate::facts::{realm, split_path};
use crate::intake::{EntryKind, LinkTarget};
use crate::limits::Limits;
use std::collections::{BTreeMap, BTreeSet};

const DIRECTORIES_MAX: usize = Limits::DEFAULT.log_directories_max;

/// The name of the directory of logs in an install.
pub(in crate::examine) const LOGS: &str = "logs";

/// How the name of the log begins that tells most.
pub(in crate::examine) const ERROR_LOG: &str = "error.log";
/// In the name of a log outside of an install, or in that of its directory.
const WORDS_OF_AEM: [&str; 8] =
    ["aem", "author", "publish", "crx", "sling", "stdout", "stderr", "kubectl"];
/// How names end of what else is in `logs`: dumps, recordings, locks, archives, which are noted as such, and documents.
const OTHERS_IN_LOGS: [&str; 24] = [
    "pid",
    "lck",
    "lock",
    "hprof",
    "phd",
    "dmp",
    "mdmp",
    "jfr",
    "tdump",
    "trc",
    "xml",
    "html",
    "properties",
    "sh",
    "bat",
    "csv",
    "png",
    "zip",
    "tgz",
    "gz",
    "bz2",
    "xz",
    "zst",
    "tar",
];

/// Directories with files that are named like logs, in an install or not.
#[derive(Debug, Default)]
pub(super) struct LogDirectories {
    all: BTreeSet<String>,
    /// The one that was met last: logs lie beside each other.
    last: String,
    /// By directory, a file that may be a log of AEM and is not read for one.
    unread: BTreeMap<String, String>,
}

impl LogDirectories {
    /// Notes where a file lies, if it is named like a log.
    pub(super) fn see(&mut self, path: &str, kind: &EntryKind) {
        if *kind != EntryKind::File {
            return;
        }
        let directory = parent(path);
        if is_unread(path)
            && self.unread.len() < DIRECTORIES_MAX
            && !self.unread.contains_key(directory)
        {
            self.unread.insert(directory.to_owned(), path.to_owned());
        }
        let is_log = is_named_like_a_log(name(path));
        if is_log && self.last != directory && self.all.len() < DIRECTORIES_MAX {
            directory.clone_into(&mut self.last);
            self.all.insert(directory.to_owned());
        }
    }
}

/// Returns `true` if a file may be a log of AEM, and is none that is read. In `logs` any may be one, and elsewhere one that is called like it.
fn is_unread(path: &str) -> bool {
    let (directory, name) = split_path(path);
    let may_be = if split_path(directory).1 == LOGS {
        !is_no_log(name)
    } else {
        let begins = name.get(..ERROR_LOG.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(ERROR_LOG))
            || is_called_like_one_of_aem(directory, name)
    };
    may_be && classify(path).is_none()
}

/// Returns `true` if a file in `logs` is no log, or is one of requests, by its name.
fn is_no_log(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    let is_known = OTHERS_IN_LOGS.iter().any(|other| end.eq_ignore_ascii_case(other));
    is_known || name.starts_with('.') || is_of_requests(name)
}

/// Returns `true` if a file outside of `logs` is called like a log of AEM, or lies where a container of it logs: `publish2.log`,
/// `var/log/containers/aem-publish-0_ns_aem.log`, `kubectl-logs-author.txt`
fn is_called_like_one_of_aem(directory: &str, name: &str) -> bool {
    let is_text = || [".txt", ".out"].iter().any(|end| name.ends_with(end)) && name.contains("log");
    if !is_named_like_a_log(name) && !is_text() {
        return false;
    }
    let around = [name, split_path(directory).1].map(str::to_ascii_lowercase);
    let is_of_aem = |word: &&str| around.iter().any(|around| around.contains(*word));
    // Of a store of segments, the journal is called so.
    let is_other = name == "journal.log" || is_of_requests(name);
    !is_other && (name.ends_with("-json.log") || WORDS_OF_AEM.iter().any(is_of_aem))
}

/// Returns `true` if a name is one of a log, rotated or not.
pub(super) fn is_named_like_a_log(name: &str) -> bool {
    // Sling rotates by appending the day: `error.log.2025-07-18`, which people then gzip.
    name.as_bytes().windows(4).any(|part| part.eq_ignore_ascii_case(b".log"))
}

impl Collector<'_> {
    /// Returns the links to directories of logs that a second pass follows: where they lead, and where they stand.
    pub(super) fn log_links(
        &self,
        roots: &BTreeSet<String>,
        follower: &Follower<'_>,
    ) -> Vec<(String, String)> {
        if !self.limits.logs {
            return Vec::new();
        }
        let links = roots.iter().filter_map(|root| {
            let link = join(root, LOGS);
            let target = follower.links().get(&link)?;
            let all = &self.log_directories.all;
            Some((logs_at(&link, target, follower, &|path| all.contains(path))?, link))
        });
        // `logs/error.log -> /var/log/aem/error.log`
        let is_log = |path: &str| {
            is_named_like_a_log(name(path)) && self.log_directories.all.contains(parent(path))
        };
        let files = follower.links().iter().filter(|(link, _)| is_log_of_install(link));
        let files = files.filter_map(|(link, target)| {
            Some((logs_at(link, target, follower, &is_log)?, link.clone()))
        });
        links.chain(files).collect()
    }

    /// Returns the logs that were not read, one of each directory.
    pub(super) fn unread_logs(&self) -> Vec<String> {
        let is_told = |path: &String| {
            let through = self.aliases.as_ref().map(|aliases| aliases.of(path)).unwrap_or_default();
            self.items.contains_key(path)
                || through.iter().any(|path| self.items.contains_key(path))
        };
        let all = self.log_directories.unread.values().filter(|_| self.limits.logs);
        all.filter(|path| !is_told(path)).cloned().collect()
    }

    /// Returns `true` if a path is that of a log that is reached through a link which is followed.
    pub(super) fn is_linked_log(&self, path: &str) -> bool {
        let links = &self.log_links;
        (links.contains(path) || links.contains(parent(path))) && classify(path).is_some()
    }
}

/// Returns `true` if a path is that of a log in the `logs` of an install.
pub(in crate::examine) fn is_log_of_install(path: &str) -> bool {
    classify(path).is_some_and(|(kind, _)| matches!(kind.reads, Reads::Stream(_)))
}

/// Returns the directory of logs, or the log, in the source that a link leads to.
///
/// `tar czf x.tgz -C / opt/aem var/log/aem` keeps `logs -> /var/log/aem/author`, and names what that leads to `var/log/aem/author`.
/// So an absolute target is looked for below each directory above the link, and followed where it is found below one alone.
fn logs_at(
    link: &str,
    target: &LinkTarget,
    follower: &Follower<'_>,
    is_there: &dyn Fn(&str) -> bool,
) -> Option<String> {
    let lies_at = |path: String| match follower.follow(&LinkTarget::Inside(path)) {
        Resolved::Inside(found) => Some(found).filter(|found| is_there(found)),
        Resolved::Outside | Resolved::Loop | Resolved::TooLong => None,
    };
    let absolute = match target {
        LinkTarget::Inside(path) => return lies_at(path.clone()),
        LinkTarget::Outside(path) => path.strip_prefix('/')?,
    };
    if absolute.split('/').any(|part| matches!(part, "." | "..")) {
        return None;
    }
    let realm = realm(link);
    let tops = with_those_above(parent(link)).filter(|top| top.starts_with(realm));
    let found: BTreeSet<String> = tops.filter_map(|top| lies_at(join(top, absolute))).collect();
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Fact;
    use crate::examine::item::Item;
    use crate::intake::{Entry, EntryTime, Visit, Want};

    const INFO: &str = "o/crx-quickstart/launchpad/felix/bundle1/bundle.info";
    const LINK: &str = "o/crx-quickstart/logs";

    fn entry(path: &str, kind: EntryKind) -> Entry<'_> {
        Entry { path, kind, size: 9, extent: None, owner: None, written: EntryTime::Unknown }
    }

    /// Walks an install with a link, and logs at these paths; returns those that are read, by the paths where they lie.
    fn read(target: &LinkTarget, logs: &[&str], limits: &Limits) -> Vec<String> {
        let mut collector = Collector::new("s", limits);
        let mut found = Vec::new();
        for pass in 0..2 {
            for path in [INFO].iter().chain(logs) {
                let wanted = collector.entry(&entry(path, EntryKind::File));
                if wanted == Want::Stream {
                    found.push((*path).to_owned());
                    collector.piece(b"x");
                    collector.body_end();
                } else if wanted != Want::Nothing {
                    collector.body(b"1\nx\n");
                }
            }
            collector.entry(&entry(LINK, EntryKind::SymbolicLink(target.clone())));
            if pass == 0 {
                let aliases = collector.aliases();
                collector.follow(aliases);
            }
        }
        let items = collector.finish(true, false).items;
        let stand = items.iter().filter(|(path, item)| {
            matches!(item, Item::Read { fact: Ok(Fact::Log(_)), .. }) && path.starts_with(LINK)
        });
        assert_eq!(stand.count(), found.len());
        found
    }

    fn inside(path: &str) -> LinkTarget {
        LinkTarget::Inside(path.to_owned())
    }

    fn outside(path: &str) -> LinkTarget {
        LinkTarget::Outside(path.to_owned())
    }

    #[test]
    fn logs_are_read_where_a_link_leads_to_them() {
        let limits = Limits::default();
        let read = |target, logs: &[&str]| read(&target, logs, &limits);
        let logs = ["v/log/a/error.log", "v/log/a/error.log.1", "v/log/b/error.log"];
        assert_eq!(read(inside("v/log/a"), &logs), &logs[..2]);
        assert_eq!(read(outside("/v/log/a"), &logs), &logs[..2]);
        assert_eq!(read(outside("/v/log/c"), &logs), [""; 0]);
        assert_eq!(read(outside("/v/log/../log/a"), &logs), [""; 0]);
        assert_eq!(read(outside("../../v/log/a"), &logs), [""; 0]);
        assert_eq!(read(outside("/log/a"), &["o/log/a/error.log"]), ["o/log/a/error.log"]);
    }

    #[test]
    fn logs_are_found_beside_what_tells_nothing() {
        let logs = ["v/node_modules/l/a.ser", "v/node_modules/l/error.log"];
        assert_eq!(read(&inside("v/node_modules/l"), &logs, &Limits::default()), &logs[1..]);
    }

    #[test]
    fn logs_that_lie_at_two_places_are_not_read() {
        let logs = ["v/a/error.log", "o/v/a/error.log"];
        assert_eq!(read(&outside("/v/a"), &logs, &Limits::default()), [""; 0]);
    }

    #[test]
    fn file_that_may_be_a_log_is_noted_where_it_is_not_read() {
        for path in [
            "error.log",
            "o/var/log/aem/error.log.1",
            "q/logs/crypto",
            "publish2.log",
            "stdout.log.1",
            "kubectl-logs-publish2.txt",
            "v/log/containers/aem-publish-0_ns_aem-abc.log",
            "v/log/pods/x/aem/0.log",
            "v/docker/containers/abc/abc-json.log",
        ] {
            assert!(is_unread(path), "{path}");
        }
        for path in [
            "q/logs/error.log",
            "q/logs/error.txt",
            "q/logs/access.log",
            "q/logs/java_pid7.hprof",
            "q/logs/.hidden",
            "v/log/yum.log",
            "AUTHORS.txt",
            "aem/journal.log",
            "aem/access.log",
            "aem/aem.xml",
        ] {
            assert!(!is_unread(path), "{path}");
        }
    }

    #[test]
    fn no_logs_are_read_where_none_are_wanted() {
        let limits = Limits { logs: false, ..Limits::default() };
        assert_eq!(read(&inside("v/a"), &["v/a/error.log"], &limits), [""; 0]);
    }
}
