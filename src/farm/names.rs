//! Names for instances that people recognise: unique, and the same in whatever order the sources came.

use super::state_name::split;
use crate::facts::{INSIDE, Snapshot, path_parts, realm};
use std::collections::{BTreeMap, BTreeSet};

/// Endings of file names that say how a source is packed, not what it is.
const ENDINGS: [&str; 20] = [
    "tar", "gz", "zst", "xz", "bz2", "bz", "z", "lzma", "tgz", "taz", "tb2", "tbz", "tbz2", "tlz",
    "txz", "tzst", "zip", "zipx", "7z", "aemb",
];

/// Directory names that every install has.
const COMMON: [&str; 4] = ["crx-quickstart", "launchpad", "felix", "launcher"];

/// How many installs the sources hold, and the archives in them.
#[derive(Debug, Default)]
pub(super) struct Installs {
    of_source: BTreeMap<String, usize>,
    of_realm: BTreeMap<(String, String), usize>,
}

impl Installs {
    /// Counts those of all sources: a source of several farms holds all of theirs.
    pub(super) fn of(snapshots: &[(Option<String>, Snapshot)]) -> Self {
        let mut installs = Self::default();
        for (_, snapshot) in snapshots {
            let count = installs.of_source.entry(snapshot.source.clone()).or_default();
            *count = count.saturating_add(1);
            let count = installs.of_realm.entry(realm_of(snapshot)).or_default();
            *count = count.saturating_add(1);
        }
        installs
    }
}

/// Gives every snapshot a name, sorted by it.
///
/// The user's own name comes first; then the file's name; a source with several instances adds the directory of each. With each comes
/// whether only a number tells it from others.
pub(super) fn name(
    snapshots: Vec<(Option<String>, Snapshot)>,
    installs: &Installs,
) -> Vec<(String, Snapshot, bool)> {
    let folders = folders(&snapshots);
    let mut named: Vec<(String, Snapshot)> = snapshots
        .into_iter()
        .map(|(label, snapshot)| {
            let lies_deeper =
                folders.contains(&snapshot.source) && telling_part(&snapshot.root).is_some();
            let alone = installs.of_source.get(&snapshot.source) == Some(&1) && !lies_deeper;
            let alone_inside = installs.of_realm.get(&realm_of(&snapshot)) == Some(&1);
            (proposal(label.as_deref(), &snapshot, alone, alone_inside), snapshot)
        })
        .collect();
    named.sort_by(|(a, x), (b, y)| (a, &x.source, &x.root).cmp(&(b, &y.source, &y.root)));
    let numbered = make_unique(&mut named);
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    let with_number = |(name, snapshot): (String, Snapshot)| {
        let is_numbered = numbered.contains(&name);
        (name, snapshot, is_numbered)
    };
    named.into_iter().map(with_number).collect()
}

/// Returns the sources that others lie in: such a folder is named after the farm, and what it holds is not.
fn folders(snapshots: &[(Option<String>, Snapshot)]) -> BTreeSet<String> {
    let sources: BTreeSet<&str> = snapshots.iter().map(|(_, s)| s.source.as_str()).collect();
    let holds_another = |folder: &&str| {
        let below = format!("{}/", folder.trim_end_matches('/'));
        sources
            .range(below.as_str()..)
            .take_while(|source| source.starts_with(&below))
            .any(|source| source != folder)
    };
    sources.iter().copied().filter(holds_another).map(str::to_owned).collect()
}

/// Returns the source of a snapshot and the archive in it.
fn realm_of(snapshot: &Snapshot) -> (String, String) {
    (snapshot.source.clone(), realm(&snapshot.root).to_owned())
}

fn proposal(label: Option<&str>, snapshot: &Snapshot, alone: bool, alone_inside: bool) -> String {
    let archive = realm(&snapshot.root).strip_suffix(INSIDE);
    let inner = match archive {
        Some(archive) if alone_inside => stem(archive),
        _ => telling_part(&snapshot.root).map(|part| part.strip_suffix(INSIDE).unwrap_or(part)),
    };
    match (label, alone) {
        (Some(label), true) => label.to_owned(),
        (Some(label), false) => format!("{label}/{}", inner.unwrap_or("root")),
        (None, true) => {
            stem(&snapshot.source).or(inner).map_or_else(|| by_content(snapshot), str::to_owned)
        }
        (None, false) => match (stem(&snapshot.source), inner) {
            (_, Some(inner)) => inner.to_owned(),
            (Some(stem), None) => stem.to_owned(),
            (None, None) => by_content(snapshot),
        },
    }
}

/// Returns the last part of a path that tells one install from another.
fn telling_part(path: &str) -> Option<&str> {
    let telling = |part: &&str| !matches!(*part, "" | "." | "..") && !COMMON.contains(part);
    path_parts(path).rev().find(telling)
}

/// Returns a source's name without its directory and the endings of its container; that of the directory where every install has the
/// name.
pub(super) fn stem(source: &str) -> Option<&str> {
    let parts = path_parts(source).rev().filter(|part| !matches!(*part, "" | "." | ".." | "-"));
    parts.map(without_endings).find(|stem| !stem.is_empty() && !COMMON.contains(stem))
}

fn without_endings(name: &str) -> &str {
    let mut stem = name;
    // AEMC names its backups `<name>-<version>-<time>.aemb.tar.zst`, so one ending may follow
    // another.
    while let Some((shorter, ending)) = stem.rsplit_once('.')
        && ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
    {
        stem = shorter;
    }
    stem
}

/// Returns `true` if two names of instances are one word, apart from folders, the endings of containers, times, and numbers that tell equal names
/// apart here or where a browser saved a file twice: `publish1.tgz` and `publish1`, `publish1-20240601` and `publish1 (1)`.
pub(crate) fn are_one_word(a: &str, b: &str) -> bool {
    let words = |name: &str| {
        let last = path_parts(name).rev().find(|part| !part.is_empty()).unwrap_or_default();
        let last = last.rsplit_once('#').map_or(last, |(before, _)| before);
        let stem = without_endings(last);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let once = stem.strip_suffix(')').and_then(|stem| stem.rsplit_once('('));
        let once =
            once.filter(|(_, number)| is_number(number)).map(|(before, _)| before.trim_end());
        split(once.unwrap_or(stem)).0
    };
    words(a) == words(b)
}

/// Falls back on what the instance says of itself: its role and the start of its Sling id.
fn by_content(snapshot: &Snapshot) -> String {
    let role = snapshot.role().map_or_else(|| "instance".to_owned(), |role| role.to_string());
    let id = snapshot.sling_id.as_ref().and_then(|id| id.uuid.get(..8));
    id.map_or(role.clone(), |id| format!("{role}-{id}"))
}

/// How equal names are distinguished, one way after the other.
#[derive(Clone, Copy)]
enum Apart {
    /// By the directory that the source lies in.
    Parent,
    /// By the whole name of the file: `publish1.tar` is not `publish1.zip`.
    Ending,
    /// By the nearest directory above that the others do not lie in: the host, of `host/tmp/crx.tgz`.
    Above,
    /// By a number.
    Number,
}

/// Tells equal names apart: by their source where that helps, by a number otherwise. Returns those with a number.
fn make_unique(named: &mut [(String, Snapshot)]) -> BTreeSet<String> {
    let mut with_number = BTreeSet::new();
    let proposed: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
    for apart in [Apart::Parent, Apart::Ending, Apart::Above, Apart::Number] {
        let count = times(named.iter().map(|(name, _)| name));
        // Of `HOST/tmp/crx.tgz`, as Ansible fetches it, three hosts were `#1` to `#3`: no repair said whose keys it replaces.
        if matches!(apart, Apart::Above) {
            climb(named, &proposed, &count);
            continue;
        }
        let mut taken: BTreeSet<String> = count.keys().cloned().collect();
        let mut numbers = Numbers::default();
        for (name, snapshot) in named.iter_mut().filter(|(name, _)| count.get(name) > Some(&1)) {
            match apart {
                Apart::Parent => *name = with_parent(name, &snapshot.source),
                Apart::Ending => *name = with_ending(name, &snapshot.source),
                Apart::Above => {}
                Apart::Number => {
                    *name = numbers.next(name, &taken);
                    taken.insert(name.clone());
                    with_number.insert(name.clone());
                }
            }
        }
    }
    with_number
}

fn with_ending(name: &str, source: &str) -> String {
    let file = path_parts(source).rev().find(|part| !part.is_empty()).unwrap_or_default();
    let before = stem(file).and_then(|stem| name.strip_suffix(stem));
    let is_whole = |before: &&str| before.is_empty() || before.ends_with('/');
    before.filter(is_whole).map_or_else(|| name.to_owned(), |before| format!("{before}{file}"))
}

fn with_parent(name: &str, source: &str) -> String {
    let mut parts = path_parts(source).rev().filter(|part| !part.is_empty());
    let own = parts.next().unwrap_or_default();
    // Several installs of one source differ below it; several sources differ above.
    let context = if stem(own) == Some(name) { parts.next() } else { stem(own) };
    context.map_or_else(|| name.to_owned(), |context| format!("{context}/{name}"))
}

/// Gives names that are still equal what is above them and tells them apart, before the name that each had at first; what that makes like
/// another name keeps its own.
fn climb(named: &mut [(String, Snapshot)], proposed: &[String], count: &BTreeMap<String, usize>) {
    let paths: Vec<String> = named
        .iter()
        .map(|(name, snapshot)| match count.get(name) {
            Some(1) | None => String::new(),
            Some(_) => snapshot.path(),
        })
        .collect();
    let mut groups: BTreeMap<&str, Vec<(usize, Vec<&str>)>> = BTreeMap::new();
    for (index, (((name, _), path), own)) in named.iter().zip(&paths).zip(proposed).enumerate() {
        if !path.is_empty() {
            groups.entry(name).or_default().push((index, above(path, own)));
        }
    }
    let mut found: BTreeMap<usize, String> = BTreeMap::new();
    for group in groups.values() {
        let mut holders: BTreeMap<&str, usize> = BTreeMap::new();
        for part in group.iter().flat_map(|(_, parts)| parts.iter().collect::<BTreeSet<_>>()) {
            let count = holders.entry(part).or_default();
            *count = count.saturating_add(1);
        }
        for (index, parts) in group {
            let told = context(parts, &holders, group.len()).zip(proposed.get(*index));
            found.extend(told.map(|(context, own)| (*index, format!("{context}/{own}"))));
        }
    }
    let new = times(found.values());
    found.retain(|_, name| new.get(name) == Some(&1) && !count.contains_key(name));
    for (index, name) in found {
        if let Some((own, _)) = named.get_mut(index) {
            *own = name;
        }
    }
}

/// Returns what of a path may tell an install of this name from others, the outermost part first.
fn above<'p>(path: &'p str, name: &str) -> Vec<&'p str> {
    let parts =
        path_parts(path).map(|part| without_endings(part.strip_suffix(INSIDE).unwrap_or(part)));
    let telling =
        |part: &&str| !matches!(*part, "" | "." | "..") && !COMMON.contains(part) && *part != name;
    parts.filter(telling).collect()
}

/// Returns the last part that one of a group has alone, a date only where there is no other; else all parts that not all of them have.
fn context(parts: &[&str], holders: &BTreeMap<&str, usize>, all: usize) -> Option<String> {
    let mut own = parts.iter().rev().filter(|part| holders.get(**part) == Some(&1));
    let any = own.clone().next();
    if let Some(part) = own.find(|part| !is_moment(part)).or(any) {
        return Some((*part).to_owned());
    }
    let differing = parts.iter().filter(|part| holders.get(**part) != Some(&all)).copied();
    let differing: Vec<&str> = differing.collect();
    (!differing.is_empty()).then(|| differing.join("/"))
}

/// Returns `true` if a name is a date or a time, which no machine is called by: `2024-06-01`, `20240601T1015`.
fn is_moment(name: &str) -> bool {
    let year = name.get(..4).is_some_and(|year| {
        year.starts_with("20") && year.bytes().all(|byte| byte.is_ascii_digit())
    });
    year && name.bytes().all(|byte| byte.is_ascii_digit() || b"-_.:TtZz ".contains(&byte))
}

/// Visits, in lower case, what the parts of a path begin with: each of them, and its starts behind which something follows that is no
/// part of a name.
pub(super) fn each_begin(path: &str, mut visit: impl FnMut(&str)) {
    for part in path_parts(path) {
        let part = part.to_lowercase();
        let ends = part.char_indices().filter(|(_, next)| !next.is_alphanumeric());
        for begin in ends.filter_map(|(end, _)| part.get(..end)).chain([part.as_str()]) {
            visit(begin);
        }
    }
}

/// Chooses a name for each of several things, each with a short and a long proposal: the short one where it is the only
/// one, else the long one, else one with a number.
pub(crate) fn distinct(proposals: Vec<[String; 2]>) -> Vec<String> {
    let short = times(proposals.iter().map(|[short, _]| short));
    let choose = |[name, long]: [String; 2]| if short.get(&name) == Some(&1) { name } else { long };
    let chosen: Vec<String> = proposals.into_iter().map(choose).collect();
    let count = times(chosen.iter());
    let mut taken: BTreeSet<String> = chosen.iter().cloned().collect();
    let mut names = Vec::with_capacity(chosen.len());
    let mut numbers = Numbers::default();
    for name in chosen {
        let name = if count.get(&name) == Some(&1) { name } else { numbers.next(&name, &taken) };
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// Counts how many times each name is there.
fn times<'n>(names: impl Iterator<Item = &'n String>) -> BTreeMap<String, usize> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        let count = times.entry(name.clone()).or_default();
        *count = count.saturating_add(1);
    }
    times
}

/// Numbers that were given behind names, so that 10,000 of one name are not counted through for each.
#[derive(Default)]
struct Numbers(BTreeMap<String, usize>);

impl Numbers {
    /// Returns the name with the first number behind it that makes it none of those taken.
    fn next(&mut self, name: &str, taken: &BTreeSet<String>) -> String {
        let number = self.0.entry(name.to_owned()).or_default();
        loop {
            *number = number.saturating_add(1);
            let numbered = format!("{name}#{number}");
            if !taken.contains(&numbered) {
                return numbered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sources: &[(&str, &str)]) -> Vec<String> {
        named(sources).0
    }

    /// The names, and those of them with a number.
    fn named(sources: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let snapshot = |(source, root): &(&str, &str)| {
            let (source, root) = ((*source).to_owned(), (*root).to_owned());
            (None, Snapshot { source, root, ..Snapshot::default() })
        };
        let snapshots: Vec<_> = sources.iter().map(snapshot).collect();
        let installs = Installs::of(&snapshots);
        let named = name(snapshots, &installs);
        let numbered =
            named.iter().filter(|(.., numbered)| *numbered).map(|(name, ..)| name.clone());
        let numbered = numbered.collect();
        (named.into_iter().map(|(name, ..)| name).collect(), numbered)
    }

    #[test]
    fn byte_that_is_no_utf_8_ends_no_part_of_a_path() {
        for (source, name) in [
            // `\xfc` stands for one byte of Latin-1, so this backslash separates nothing.
            (r"lat/m\xfcller-author.tar.gz", r"m\xfcller-author"),
            (r"bad\xf6.tar.gz", r"bad\xf6"),
            (r"C:\cases\author.zip", "author"),
            // This backslash separates: no two hexadecimal digits follow the `x`.
            (r"C:\xyz\author.zip", "author"),
        ] {
            assert_eq!(stem(source), Some(name));
        }
    }

    #[test]
    fn file_name_without_endings_is_the_name() {
        for ending in ["tar.gz", "tbz2", "txz", "tb2", "tar.bz", "TAR.Z", "ZIP", "aemb.tar.zst"] {
            let source = format!("up/publish1.{ending}");
            assert_eq!(names(&[(&source, "crx-quickstart")]), ["publish1"], "{ending}");
        }
    }

    #[test]
    fn directory_that_every_install_has_says_nothing() {
        assert_eq!(names(&[("/mnt/crx/author/crx-quickstart/", "")]), ["author"]);
    }

    #[test]
    fn archive_that_is_named_like_every_install_goes_by_its_directory() {
        let sources =
            [("up/author/crx-quickstart.tgz", ""), ("up/publish1/crx-quickstart.tgz", "")];
        assert_eq!(names(&sources), ["author", "publish1"]);
        let inside = ["author", "publish1"].map(|name| format!("c/{name}/crx-quickstart.tgz!"));
        let inside = [("case.tar", inside[0].as_str()), ("case.tar", inside[1].as_str())];
        assert_eq!(names(&inside), ["author", "publish1"]);
    }

    #[test]
    fn several_installs_of_one_source_go_by_their_directories() {
        let roots =
            [("farm.tar", "mnt/author/crx-quickstart"), ("farm.tar", "mnt/publish/crx-quickstart")];
        assert_eq!(names(&roots), ["author", "publish"]);
    }

    #[test]
    fn install_in_a_folder_of_uploads_goes_by_its_directory() {
        let sources = [("case/", "publish2/crx-quickstart"), ("case/author.tar.gz", "")];
        assert_eq!(names(&sources), ["author", "publish2"]);
        let beside = [("case", "crx-quickstart"), ("case/old.tar.gz", "")];
        assert_eq!(names(&beside), ["case", "old"]);
        let other = [("case", "publish2/crx-quickstart"), ("case2/author.tar.gz", "")];
        assert_eq!(names(&other), ["author", "case"]);
    }

    #[test]
    fn equal_names_are_told_apart_by_what_is_around_them() {
        let sources = [("east/publish1.tgz", ""), ("west/publish1.tgz", "")];
        assert_eq!(names(&sources), ["east/publish1", "west/publish1"]);
    }

    #[test]
    fn file_name_tells_apart_and_what_it_cannot_is_numbered() {
        let sources = [("publish1.tgz", ""), ("publish1.tar", "")];
        assert_eq!(names(&sources), ["publish1.tar", "publish1.tgz"]);
        let sources =
            [("a/x/publish1.tgz", ""), ("b/x/publish1.tgz", ""), ("c/x/publish1.zip", "")];
        assert_eq!(names(&sources), ["a/publish1", "b/publish1", "x/publish1.zip"]);
    }

    #[test]
    fn machine_is_named_however_far_above_it_stands() {
        let hosts = ["author1", "publish1", "publish2"].map(|name| format!("{name}.example.com"));
        let all = |names: [&str; 3]| -> Vec<String> {
            hosts.iter().zip(names).map(|(host, name)| format!("{host}/{name}")).collect()
        };
        let fetched = hosts.each_ref().map(|host| format!("up/{host}/tmp/crx.tgz"));
        let sources = fetched.each_ref().map(|source| (source.as_str(), "crx-quickstart"));
        assert_eq!(names(&sources), all(["crx"; 3]));
        let turned: Vec<_> = sources.iter().rev().copied().collect();
        assert_eq!(names(&turned), all(["crx"; 3]), "in any order");
        let roots = hosts.each_ref().map(|host| format!("{host}/mnt/crx/publish/crx-quickstart"));
        for source in ["up", "one.tgz"] {
            let sources = roots.each_ref().map(|root| (source, root.as_str()));
            assert_eq!(names(&sources), all(["publish"; 3]));
        }
        let packed = hosts.each_ref().map(|host| format!("{host}.tgz!/mnt/crx/publish"));
        let sources = packed.each_ref().map(|root| ("case.tar", root.as_str()));
        assert_eq!(names(&sources), hosts, "named by the archive already");
    }

    #[test]
    fn date_is_no_machine_unless_nothing_else_tells() {
        let sources = [
            ("up", "publish1/2024-06-01/crx-quickstart"),
            ("up", "publish2/2024-06-01/crx-quickstart"),
        ];
        assert_eq!(names(&sources), ["publish1/2024-06-01", "publish2/2024-06-01"]);
        let sources = [("up/p1/2024-06-01/tmp/crx.tgz", ""), ("up/p2/2024-06-02/tmp/crx.tgz", "")];
        assert_eq!(names(&sources), ["p1/crx", "p2/crx"]);
        let sources = [("up/p1/2024-06-01/tmp/crx.tgz", ""), ("up/p1/2024-06-02/tmp/crx.tgz", "")];
        assert_eq!(names(&sources), ["2024-06-01/crx", "2024-06-02/crx"]);
    }

    #[test]
    fn several_directories_tell_apart_what_one_alone_does_not() {
        let sources = ["east/p1", "east/p2", "west/p1", "west/p2"];
        let sources = sources.map(|above| format!("{above}/tmp/crx.tgz"));
        let sources: Vec<_> = sources.iter().map(|source| (source.as_str(), "")).collect();
        assert_eq!(names(&sources), ["east/p1/crx", "east/p2/crx", "west/p1/crx", "west/p2/crx"]);
    }

    #[test]
    fn one_word_stays_one_with_an_ending_or_a_date() {
        for other in [
            "publish1",
            "publish1.tar.gz",
            "x/publish1",
            "publish1#2",
            "publish1 (1)",
            "publish1-20240601",
        ] {
            assert!(are_one_word("publish1", other), "{other}");
        }
        for other in ["publish2", "author", "publish1-b", "publish"] {
            assert!(!are_one_word("publish1", other), "{other}");
        }
    }

    #[test]
    fn name_that_is_unique_is_left_as_it_is() {
        let sources = [("a/x/p.tgz", ""), ("b/x/p.tgz", ""), ("y/a/p.zip", "")];
        assert_eq!(names(&sources), ["a/p", "b/p", "x/p.tgz"]);
    }

    #[test]
    fn number_that_is_part_of_a_name_is_none_that_tells_apart() {
        assert_eq!(named(&[("publish#1.tar", "")]), (vec!["publish#1".to_owned()], vec![]));
        let sources = [("x/p.tar#1", ""), ("./x/p.tar", ""), ("x//p.tar", "")];
        let (names, numbered) = named(&sources);
        assert_eq!(names, ["p.tar#1", "x/p.tar#1", "x/p.tar#2"]);
        assert_eq!(numbered, ["x/p.tar#1", "x/p.tar#2"]);
        let sources = [("x/p#1.tar", ""), ("x/p.tar", ""), ("x//p.tar", "")];
        let (names, numbered) = named(&sources);
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 3, "{names:?}");
        assert_eq!(numbered.len(), 2, "{names:?}");
    }

    #[test]
    fn standard_input_goes_by_its_content() {
        assert_eq!(names(&[("-", "crx-quickstart")]), ["instance"]);
        assert_eq!(names(&[("-", "mnt/author/crx-quickstart")]), ["author"]);
    }
}
