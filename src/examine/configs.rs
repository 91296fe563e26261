//! Sorts the configurations of one install: those that count, and what to say of the others.

use super::item::Item;
use crate::evidence::{Config, ConfigFile, Deviation, Fact, Found, IgnoredConfig};
use crate::facts::{CONFIG_DIRECTORY, Configuration, Gap, GapKind, IdentifiedBy, Place, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// One piece of evidence: path, what the path says, and what was read.
type Evidence<'a> = (&'a str, Found<'a>, &'a Item);

/// What of an install decides which of its files ConfigAdmin uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Use {
    /// `felix.cm.dir` names another directory than `launchpad/config`.
    elsewhere: bool,
    /// ConfigAdmin is of a version that has names of its own on Windows; `None` where that is not known.
    windows_names: Option<bool>,
    /// The directory of ConfigAdmin's bundle, in whose data configurations are where nothing names another place.
    bundle: Option<String>,
}

impl Use {
    /// Reads it from the settings and bundles of an install.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        // `felix.cm.dir`; Sling's properties set it to `${sling.launchpad}/config`.
        let elsewhere = snapshot.setting(CONFIG_DIRECTORY).is_some();
        let bundle = snapshot.bundles_named(CONFIG_ADMIN).next();
        let mut versions = snapshot
            .bundles_named(CONFIG_ADMIN)
            // A location is written once and survives every update,
            // so only a manifest shows the version that runs.
            .filter(|bundle| bundle.identified_by == Some(IdentifiedBy::Manifest))
            .filter_map(|bundle| bundle.version.as_deref());
        let windows_names = versions.next().and_then(|version| {
            // FELIX-4302: they encode each part that begins like a
            // device (`COM`), so `com/day` became `%0063om/day`.
            let has_names = HAVE_WINDOWS_NAMES.iter().any(|with| {
                version
                    .strip_prefix(with)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            // The version alone does not say that it ran on Windows.
            if has_names { snapshot.is_on_windows().then_some(true) } else { Some(false) }
        });
        Self { elsewhere, windows_names, bundle: bundle.map(|bundle| bundle.directory.clone()) }
    }
}

const CONFIG_ADMIN: &str = "org.apache.felix.configadmin";

/// Versions of ConfigAdmin that have names of their own on Windows.
const HAVE_WINDOWS_NAMES: [&str; 5] = ["1.8.2", "1.8.3", "1.8.4", "1.8.5", "1.8.6"];

/// Returns the configurations that matter, sorted by PID.
pub(super) fn configurations(
    source: &str,
    evidence: &[Evidence<'_>],
    used: &Use,
) -> Vec<Configuration> {
    let unused = unused(evidence, used);
    let place = |path: &str| Place { source: source.to_owned(), path: path.to_owned() };
    let mut all: Vec<Configuration> = valid(evidence)
        .filter(|(path, config)| config.matters() && !unused.contains_key(path))
        .map(|(path, config)| config.at(place(path)))
        .collect();
    all.sort_by(|a, b| (&a.pid, &a.place).cmp(&(&b.pid, &b.place)));
    all
}

/// Returns `true` if the configurations in use were packed, and not just files picked from them: then there are some of other
/// components below `com`, where most of those looked for lie.
pub(super) fn are_packed(evidence: &[Evidence<'_>], used: &Use) -> bool {
    let unused = unused(evidence, used);
    valid(evidence)
        .filter(|(path, _)| !unused.contains_key(path))
        // A picked archive has the few configurations that were
        // asked for; a real install has hundreds of others.
        .any(|(_, config)| !config.matters() && config.pid.starts_with("com."))
}

/// Tells what Felix ignores, and what its versions read differently: one line a reason.
pub(super) fn notes(source: &str, evidence: &[Evidence<'_>], used: &Use) -> Vec<Gap> {
    let mut ignored: BTreeMap<IgnoredConfig, Vec<&str>> = BTreeMap::new();
    let mut lenient: BTreeMap<Deviation, Vec<&str>> = BTreeMap::new();
    for (path, file) in files(evidence) {
        match file {
            ConfigFile::Ignored(why) => ignored.entry(*why).or_default().push(path),
            ConfigFile::Used(config) => {
                for deviation in &config.deviations {
                    lenient.entry(*deviation).or_default().push(path);
                }
            }
        }
    }
    for (path, why) in unused(evidence, used) {
        ignored.entry(why).or_default().push(path);
    }
    let of_ignored = ignored.iter().filter_map(|(why, paths)| {
        note(source, GapKind::Ignored, paths, &format!("{why}; it is not used, as in Felix"))
    });
    let of_lenient = lenient
        .iter()
        .filter_map(|(why, paths)| note(source, GapKind::Lenient, paths, &why.to_string()));
    of_ignored.chain(of_lenient).collect()
}

/// Names the first file and counts the others: an old install has a hundred indexes of factories.
fn note(source: &str, kind: GapKind, paths: &[&str], why: &str) -> Option<Gap> {
    let path = Some((*paths.first()?).to_owned());
    let reason = match paths.len() {
        1 => why.to_owned(),
        count => format!("{why} (and {} more like it)", count.saturating_sub(1)),
    };
    Some(Gap { source: source.to_owned(), path, kind, reason })
}

/// Returns the files with a PID that ConfigAdmin does not look for where they are. Where its version is not known, one at the usual
/// path is taken to be in use.
fn unused<'a>(evidence: &[Evidence<'a>], used: &Use) -> BTreeMap<&'a str, IgnoredConfig> {
    let of_bundles: BTreeMap<&str, &str> = evidence
        .iter()
        .filter(|(_, found, _)| !found.bundle.is_empty())
        .map(|(path, found, _)| (*path, found.bundle))
        .collect();
    let has_others = valid(evidence).any(|(path, _)| !of_bundles.contains_key(path));
    // Without `felix.cm.dir`, as with Sling's feature
    // launcher, configurations are in `bundle3/data/config`.
    let of_config_admin = used.bundle.as_deref().filter(|_| !used.elsewhere && !has_others);
    let apart = valid(evidence)
        .filter(|(path, _)| of_bundles.get(path).is_some_and(|own| Some(*own) != of_config_admin))
        .map(|(path, _)| (path, IgnoredConfig::OtherBundle));
    let mut unused: BTreeMap<&str, IgnoredConfig> = apart.collect();
    if used.elsewhere {
        let all = valid(evidence).map(|(path, _)| (path, IgnoredConfig::OtherDirectory));
        return all.chain(unused).collect();
    }
    let other_names = of_other_names(evidence, used, &unused);
    unused.extend(other_names);
    unused
}

/// Returns the files under a name that ConfigAdmin does not look for, of those that it may use.
fn of_other_names<'a>(
    evidence: &[Evidence<'a>],
    used: &Use,
    apart: &BTreeMap<&'a str, IgnoredConfig>,
) -> Vec<(&'a str, IgnoredConfig)> {
    let valid = |evidence| valid(evidence).filter(|(path, _)| !apart.contains_key(path));
    let in_use = used.windows_names == Some(true);
    // An update of ConfigAdmin may leave files under names that the older version gave them.
    let better: BTreeSet<&str> = valid(evidence)
        .filter(|(_, config)| config.windows == in_use)
        .map(|(_, config)| config.pid.as_str())
        .collect();
    let never = |config: &Config| config.windows && used.windows_names == Some(false);
    valid(evidence)
        .filter(|(_, config)| config.windows != in_use)
        .filter(|(_, config)| never(config) || better.contains(config.pid.as_str()))
        .map(|(path, _)| (path, IgnoredConfig::OtherEncoding))
        .collect()
}

fn valid<'a>(evidence: &[Evidence<'a>]) -> impl Iterator<Item = (&'a str, &'a Config)> {
    files(evidence).filter_map(|(path, file)| match file {
        ConfigFile::Used(config) => Some((path, &**config)),
        ConfigFile::Ignored(_) => None,
    })
}

fn files<'a>(evidence: &[Evidence<'a>]) -> impl Iterator<Item = (&'a str, &'a ConfigFile)> {
    evidence.iter().filter_map(|(path, _, item)| match item {
        Item::Read { fact: Ok(Fact::Config(file)), .. } => Some((*path, file)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::classify;
    use crate::testing::farm;

    const PLAIN: &str = "launchpad/config/com/day/X.config";
    const WINDOWS: &str = "launchpad/config/%0063om/day/X.config";

    fn unused_of(paths: &[&str], used: &Use) -> Vec<(String, IgnoredConfig)> {
        let read = |path: &&str| {
            let (kind, found) = classify(path).unwrap();
            let fact = (kind.parse)(&found, b"service.pid=\"com.day.X\"\r\n");
            ((*path).to_owned(), Item::Read { fact, owner: None })
        };
        let items: Vec<(String, Item)> = paths.iter().map(read).collect();
        let evidence: Vec<Evidence<'_>> = items
            .iter()
            .map(|(path, item)| (path.as_str(), classify(path).unwrap().1, item))
            .collect();
        unused(&evidence, used).into_iter().map(|(path, why)| (path.to_owned(), why)).collect()
    }

    fn with(windows_names: Option<bool>) -> Use {
        Use { windows_names, ..Use::default() }
    }

    #[test]
    fn names_of_windows_count_for_the_versions_that_give_them() {
        let other = |path: &str| vec![(path.to_owned(), IgnoredConfig::OtherEncoding)];
        let both = [PLAIN, WINDOWS];
        assert_eq!(unused_of(&both, &with(None)), other(WINDOWS));
        assert_eq!(unused_of(&both, &with(Some(false))), other(WINDOWS));
        assert_eq!(unused_of(&both, &with(Some(true))), other(PLAIN));
        assert_eq!(unused_of(&[WINDOWS], &with(None)), []);
        assert_eq!(unused_of(&[WINDOWS], &with(Some(true))), []);
        assert_eq!(unused_of(&[WINDOWS], &with(Some(false))), other(WINDOWS));
        assert_eq!(unused_of(&[PLAIN], &with(Some(true))), []);
    }

    #[test]
    fn directory_that_is_not_in_use_holds_nothing() {
        let used = Use { elsewhere: true, ..Use::default() };
        assert_eq!(unused_of(&[PLAIN], &used), [(PLAIN.to_owned(), IgnoredConfig::OtherDirectory)]);
    }

    #[test]
    fn configurations_in_the_data_of_config_admin_count_where_there_are_no_others() {
        let own = "framework/bundle3/data/config/com/day/X.config";
        let other = "framework/bundle4/data/config/com/day/X.config";
        let used = Use { bundle: Some("bundle3".to_owned()), ..Use::default() };
        let apart = |path: &str| (path.to_owned(), IgnoredConfig::OtherBundle);
        assert_eq!(unused_of(&[own, other], &used), [apart(other)]);
        assert_eq!(unused_of(&[own, PLAIN], &used), [apart(own)]);
        assert_eq!(unused_of(&[own], &Use { elsewhere: true, ..used }), [apart(own)]);
        assert_eq!(unused_of(&[own], &Use::default()), [apart(own)]);
    }

    fn used_by(change: impl FnOnce(crate::testing::Instance) -> crate::testing::Instance) -> Use {
        Use::of(&farm().with("a", change).build().members[0].snapshot)
    }

    #[test]
    fn version_and_locations_say_whose_names_count() {
        let of = |version: &str, location: &str| {
            let set = |bundle: &mut crate::facts::Bundle| {
                bundle.version = Some(version.to_owned());
                bundle.location = Some(location.to_owned());
            };
            used_by(|i| i.change("bundle6", set)).windows_names
        };
        let windows = "slinginstall:C:\\aem\\launchpad\\startup\\1\\x.jar";
        assert_eq!(of("1.8.4", windows), Some(true));
        assert_eq!(of("1.8.6.B001", windows), Some(true));
        assert_eq!(of("1.8.4", "slinginstall:x.jar"), None);
        for version in ["1.8.8", "1.9.12", "1.6.0", "1.8.40"] {
            assert_eq!(of(version, windows), Some(false), "{version}");
        }
    }
}
