//! What directories and links are called that stand beside the homes of instances, and are none.

/// What directories beside installs are called that hold none, up to the first character that is no letter.
const OTHERS: [&str; 74] = [
    "archive",
    "archives",
    "attachments",
    "audit",
    "backup",
    "backups",
    "bak",
    "bin",
    "cache",
    "caches",
    "case",
    "certs",
    "conf",
    "config",
    "configs",
    "crash",
    "crashes",
    "data",
    "datastore",
    "dispatcher",
    "doc",
    "docs",
    "dump",
    "dumps",
    "etc",
    "export",
    "exports",
    "heap",
    "heapdumps",
    "home",
    "images",
    "import",
    "include",
    "incoming",
    "info",
    "install",
    "installer",
    "java",
    "jdk",
    "jre",
    "keys",
    "lib",
    "log",
    "logs",
    "lost",
    "mail",
    "mails",
    "misc",
    "monitoring",
    "note",
    "notes",
    "old",
    "package",
    "packages",
    "reports",
    "run",
    "screens",
    "screenshots",
    "script",
    "scripts",
    "secrets",
    "share",
    "shared",
    "software",
    "ssl",
    "support",
    "temp",
    "template",
    "threaddumps",
    "ticket",
    "tickets",
    "tmp",
    "tool",
    "tools",
];

/// Words that tell anywhere in a name that it is one of a copy put aside.
const PUT_ASIDE: [&str; 8] = ["backup", "backups", "bak", "copy", "old", "orig", "prev", "save"];

/// Words that say of an archive what else it holds than an instance. What may hold one beside it (`backup`, `data`, `case`) is none of them.
const MATERIAL: [&str; 25] = [
    "attachments",
    "certs",
    "dispatcher",
    "docs",
    "dump",
    "dumps",
    "gclogs",
    "heap",
    "heapdump",
    "heapdumps",
    "httpd",
    "jstack",
    "log",
    "logs",
    "mails",
    "notes",
    "screens",
    "screenshot",
    "screenshots",
    "ssl",
    "tdump",
    "threaddump",
    "threaddumps",
    "threads",
    "traces",
];

/// Returns `true` if the name of an archive says that it holds logs, dumps, pictures or the like.
pub fn is_of_material(name: &str) -> bool {
    words(name).any(|word| MATERIAL.contains(&word.as_str()))
        && !words(name).any(|word| word == "quickstart" || word == "crx")
}

/// Returns `true` if the name of an archive says that it holds the status of a web console: `configuration-status-20261201-101500.zip`.
pub fn is_of_status(name: &str) -> bool {
    // So the console names what it packs.
    words(name).take(2).eq(["configuration", "status"])
}

/// Returns `true` if a name is that of what a system or a tool adds to a directory.
pub fn is_hidden(name: &str) -> bool {
    let known =
        ["lost+found", "$RECYCLE.BIN", "System Volume Information", "Thumbs.db", "desktop.ini"];
    // Synology adds `@eaDir` and `#recycle`, NetApp `.snapshot` and `~snapshot`.
    name.starts_with(['.', '@', '~', '#']) || known.contains(&name)
}

/// Returns `true` if a directory of this name may be the home of an instance, where others are homes.
pub fn may_be_home(name: &str) -> bool {
    let words = || words(name);
    !is_hidden(name)
        && !words().next().is_some_and(|word| OTHERS.contains(&word.as_str()))
        && !words().any(|word| PUT_ASIDE.contains(&word.as_str()))
}

/// Returns `true` if a name is like that of a home beside it (`publish2` beside `publish1`), and no word in it says that it holds something else.
pub fn is_like_home(name: &str, other: &str) -> bool {
    let first = |name: &str| words(name).next().filter(|word| word.len() > 2);
    let is_role = |word: &String| ["author", "publish"].contains(&word.as_str());
    let word = first(name);
    may_be_home(name)
        && !words(name).any(|word| OTHERS.contains(&word.as_str()))
        && word.is_some()
        && (word == first(other) || word.as_ref().is_some_and(is_role))
}

/// Returns the words of a name; those of authors and publishers are the same to those beside them.
pub(super) fn shape(name: &str) -> Vec<String> {
    let role = |word: String| if word == "author" { "publish".to_owned() } else { word };
    words(name).map(role).collect()
}

fn words(name: &str) -> impl Iterator<Item = String> + use<'_> {
    let words = name.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_of_material_is_known_by_any_word() {
        for name in ["publish1-logs.tar.gz", "threaddumps.zip", "HeapDump_author.zip", "logs-2026"]
        {
            assert!(is_of_material(name), "{name}");
        }
        assert!(is_of_status("configuration-status-20261201-101500.zip"));
        assert!(!is_of_status("publish2-status.zip"));
        for name in ["publish2.tar.gz", "catalog.zip", "backup-logs-crx-quickstart.tgz", "aem-data"]
        {
            assert!(!is_of_material(name), "{name}");
        }
    }

    #[test]
    fn home_is_told_from_what_stands_beside_homes() {
        for name in ["publish2", "stage.example.com", "p", "author-prod", "2"] {
            assert!(may_be_home(name), "{name}");
        }
        for name in ["logs", "backup-2024", "lost+found", ".x", "author-old", "jdk-11", "@eaDir"] {
            assert!(!may_be_home(name), "{name}");
        }
        assert!(is_like_home("publish2", "author") && is_like_home("web2", "web1"));
        for name in ["publish-logs", "author_backup", "web2", "x1"] {
            assert!(!is_like_home(name, "x2"), "{name}");
        }
    }
}
