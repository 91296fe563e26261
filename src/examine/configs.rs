//! Sorts the configurations of one install: those that count, and what to say of the others.

use super::item::Item;
use crate::evidence::{
    Config, ConfigFile, ConfigReadings, Deviation, Fact, Found, Generation, IgnoredConfig,
    Installed, is_for_run_modes, standby_pid,
};
use crate::facts::{
    CONFIG_DIRECTORY, Configuration, Gap, GapKind, IdentifiedBy, Place, STANDBY_MODE,
    STANDBY_SERVICES, Snapshot,
};
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
    /// How its ConfigAdmin reads; `None` where its version is not known.
    generation: Option<Generation>,
    /// Where its version is not known: what it was installed as, since when it may have been updated. AEM goes back to no older one.
    oldest: Option<Generation>,
    /// The directory of ConfigAdmin's bundle, in whose data configurations are where nothing names another place.
    bundle: Option<String>,
}

impl Use {
    /// Reads it from the settings and bundles of an install.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        // `felix.cm.dir`; Sling's properties set it to `${sling.launchpad}/config`.
        let elsewhere = snapshot.setting(CONFIG_DIRECTORY).is_some();
        let bundle = snapshot.bundles_named(CONFIG_ADMIN).next();
        let versions = || {
            snapshot
                .bundles_named(CONFIG_ADMIN)
                // A location is written once and survives every update,
                // so only a manifest shows the version that runs.
                .filter(|bundle| bundle.identified_by == Some(IdentifiedBy::Manifest))
                .filter_map(|bundle| bundle.version.as_deref())
        };
        // Of two versions it is not known which one runs.
        let mut generations = versions().map(Generation::of_version);
        let first = generations.next().flatten();
        let generation = first.filter(|_| generations.all(|other| other == first));
        let installed = snapshot.bundles_named(CONFIG_ADMIN).filter_map(|bundle| {
            let is_stale = bundle.identified_by != Some(IdentifiedBy::Manifest);
            bundle.version.as_deref().filter(|_| is_stale)
        });
        // Of two bundles the older one may be in use.
        let installed: Vec<_> = installed.map(Generation::of_version).collect();
        let oldest = installed.iter().copied().min().flatten();
        let windows_names = versions().next().and_then(|version| {
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
        let bundle = bundle.map(|bundle| bundle.directory.clone());
        Self { elsewhere, windows_names, generation, oldest, bundle }
    }

    /// Returns what its ConfigAdmin takes a file for; `None` where that is not known, and it matters.
    fn read<'r>(&self, readings: &'r ConfigReadings) -> Option<&'r ConfigFile> {
        match (self.generation, self.oldest) {
            (None, Some(oldest)) => readings.since(oldest),
            (generation, _) => readings.to(generation),
        }
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
    let mut all: Vec<Configuration> = valid(evidence, used)
        .filter(|(path, config)| config.matters() && !unused.contains_key(path))
        .map(|(path, config)| config.at(place(path)))
        .collect();
    all.sort_by(|a, b| (&a.pid, &a.place).cmp(&(&b.pid, &b.place)));
    all
}

/// Returns the configuration of a cold standby that lies ready for the installer, where ConfigAdmin has none: of a folder for all, or for
/// run modes that the instance has. Both machines of a standby have the folders of both modes.
pub(super) fn of_standby(snapshot: &Snapshot, evidence: &[Evidence<'_>]) -> Option<Configuration> {
    if STANDBY_SERVICES.iter().any(|pid| snapshot.configurations_of(pid).next().is_some()) {
        return None;
    }
    let modes = snapshot.all_run_modes();
    let mut all = evidence.iter().filter_map(|(path, found, item)| {
        let below = path.get(snapshot.root.len()..).unwrap_or_default();
        let pid = standby_pid(found.name).filter(|_| is_for_run_modes(below, &modes))?;
        let Item::Read { fact: Ok(Fact::Installed(Installed(options))), .. } = item else {
            return None;
        };
        let mode = options.get(STANDBY_MODE)?.clone();
        Some((pid, mode, *path))
    });
    let (pid, mode, path) = all.next()?;
    // Two that differ say nothing.
    if all.any(|(_, other, _)| other != mode) {
        return None;
    }
    Some(Configuration {
        pid: pid.to_owned(),
        factory_pid: None,
        properties: [(STANDBY_MODE.to_owned(), vec![mode])].into(),
        secrets: BTreeMap::new(),
        protected: Vec::new(),
        jcr_path: None,
        same_since_ms: None,
        place: Place { source: snapshot.source.clone(), path: path.to_owned() },
    })
}

/// Returns `true` if the configurations in use were packed, and not just files picked from them: then there are some of other
/// components below `com`, where most of those looked for lie.
pub(super) fn are_packed(evidence: &[Evidence<'_>], used: &Use) -> bool {
    let unused = unused(evidence, used);
    valid(evidence, used)
        .filter(|(path, _)| !unused.contains_key(path))
        // A picked archive has the few configurations that were
        // asked for; a real install has hundreds of others.
        .any(|(_, config)| !config.matters() && config.pid.starts_with("com."))
}

/// Tells what Felix ignores, and what its versions read differently: one line a reason.
pub(super) fn notes(source: &str, evidence: &[Evidence<'_>], used: &Use) -> Vec<Gap> {
    let mut ignored: BTreeMap<IgnoredConfig, Vec<&str>> = BTreeMap::new();
    // By what was taken of the file, too.
    let mut lenient: BTreeMap<(Deviation, Taken), Vec<&str>> = BTreeMap::new();
    for (path, readings) in readings(evidence) {
        let file = used.read(readings);
        if let Some(ConfigFile::Ignored(why)) = file {
            ignored.entry(*why).or_default().push(path);
        }
        let taken = match file {
            None if !used.elsewhere => Taken::Nothing,
            Some(file) if *file != readings.newest => Taken::Less,
            _ => Taken::All,
        };
        for deviation in readings.deviations.iter().filter(|_| readings.may_be_used()) {
            let taken = if deviation.divides() { taken } else { Taken::All };
            lenient.entry((*deviation, taken)).or_default().push(path);
        }
    }
    for (path, why) in unused(evidence, used) {
        ignored.entry(why).or_default().push(path);
    }
    let of_ignored = ignored.iter().filter_map(|(why, paths)| {
        note(source, GapKind::Ignored, paths, &format!("{why}; it is not used, as in Felix"))
    });
    let of_lenient = lenient.iter().filter_map(|((why, taken), paths)| match taken {
        Taken::All => note(source, GapKind::Lenient, paths, &why.to_string()),
        Taken::Less => {
            let why = format!("{why}; it was read as the ConfigAdmin of this instance reads it");
            note(source, GapKind::Lenient, paths, &why)
        }
        Taken::Nothing => {
            let why = format!(
                "{why}; the version of ConfigAdmin is not known, so nothing was taken from the file; send the bundle {CONFIG_ADMIN} too"
            );
            note(source, GapKind::Ambiguous, paths, &why)
        }
    });
    of_ignored.chain(of_lenient).collect()
}

/// What was taken of a file that versions of ConfigAdmin read differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Taken {
    /// What the newest takes.
    All,
    /// What an older one takes.
    Less,
    /// Nothing: the version is not known.
    Nothing,
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
    let has_others = valid(evidence, used).any(|(path, _)| !of_bundles.contains_key(path));
    // Without `felix.cm.dir`, as with Sling's feature
    // launcher, configurations are in `bundle3/data/config`.
    let of_config_admin = used.bundle.as_deref().filter(|_| !used.elsewhere && !has_others);
    let apart = valid(evidence, used)
        .filter(|(path, _)| of_bundles.get(path).is_some_and(|own| Some(*own) != of_config_admin))
        .map(|(path, _)| (path, IgnoredConfig::OtherBundle));
    let mut unused: BTreeMap<&str, IgnoredConfig> = apart.collect();
    if used.elsewhere {
        let all = valid(evidence, used).map(|(path, _)| (path, IgnoredConfig::OtherDirectory));
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
    let valid = || valid(evidence, used).filter(|(path, _)| !apart.contains_key(path));
    let in_use = used.windows_names == Some(true);
    // An update of ConfigAdmin may leave files under names that the older version gave them.
    let better: BTreeSet<&str> = valid()
        .filter(|(_, config)| config.windows == in_use)
        .map(|(_, config)| config.pid.as_str())
        .collect();
    let never = |config: &Config| config.windows && used.windows_names == Some(false);
    valid()
        .filter(|(_, config)| config.windows != in_use)
        .filter(|(_, config)| never(config) || better.contains(config.pid.as_str()))
        .map(|(path, _)| (path, IgnoredConfig::OtherEncoding))
        .collect()
}

/// Returns the files that ConfigAdmin takes for configurations; not those that its versions take for different things where its version
/// is not known.
fn valid<'a>(evidence: &[Evidence<'a>], used: &Use) -> impl Iterator<Item = (&'a str, &'a Config)> {
    readings(evidence).filter_map(|(path, readings)| match used.read(readings)? {
        ConfigFile::Used(config) => Some((path, &**config)),
        ConfigFile::Ignored(_) => None,
    })
}

fn readings<'a>(evidence: &[Evidence<'a>]) -> impl Iterator<Item = (&'a str, &'a ConfigReadings)> {
    evidence.iter().filter_map(|(path, _, item)| match item {
        Item::Read { fact: Ok(Fact::Config(readings)), .. } => Some((*path, readings)),
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

    const TOKENS: &str =
        "launchpad/config/com/day/crx/security/token/impl/impl/TokenAuthenticationHandler.config";

    /// Returns the flag for encapsulated tokens of each configuration, and the kinds of what is noted.
    fn tokens(text: &str, generation: Option<Generation>) -> (Vec<Option<bool>>, Vec<GapKind>) {
        let (kind, found) = classify(TOKENS).unwrap();
        let fact = (kind.parse)(&found, text.as_bytes());
        let item = Item::Read { fact, owner: None };
        let evidence = [(TOKENS, found, &item)];
        let used = Use { generation, ..Use::default() };
        let all = configurations("a", &evidence, &used);
        let flags = all.iter().map(|config| config.flag("token.encapsulated")).collect();
        (flags, notes("a", &evidence, &used).iter().map(|gap| gap.kind).collect())
    }

    #[test]
    fn version_of_config_admin_says_what_counts_of_a_file_by_hand() {
        use GapKind::{Ambiguous, Ignored, Lenient};
        use Generation::{Blanks, Comments, Folds};
        let pid =
            "service.pid=\"com.day.crx.security.token.impl.impl.TokenAuthenticationHandler\"\n";
        let on = "token.encapsulated=B\"true\"\n";
        let blank = format!("{pid}path = \"/\"\n{on}");
        assert_eq!(tokens(&blank, Some(Comments)), (vec![None], vec![Lenient]));
        assert_eq!(tokens(&blank, Some(Blanks)), (vec![Some(true)], vec![Lenient]));
        assert_eq!(tokens(&blank, None), (vec![], vec![Ambiguous]));
        let lost_pid = format!("path = \"/\"\n{pid}{on}");
        assert_eq!(tokens(&lost_pid, Some(Comments)), (vec![], vec![Ignored, Lenient]));
        let comment = format!("{pid}# x\n{on}");
        assert_eq!(tokens(&comment, Some(Folds)), (vec![None], vec![Lenient]));
        assert_eq!(tokens(&comment, Some(Comments)), (vec![Some(true)], vec![Lenient]));
        assert_eq!(tokens(&comment, None), (vec![], vec![Ambiguous]));
        assert_eq!(tokens(&format!("{pid}{on}"), None), (vec![Some(true)], vec![]));
    }

    #[test]
    fn two_versions_of_config_admin_say_nothing() {
        let set = |version: &'static str| {
            move |bundle: &mut crate::facts::Bundle| bundle.version = Some(version.to_owned())
        };
        let of = |change| used_by(|i| i.change("bundle6", change)).generation;
        assert_eq!(of(set("1.9.12")), Some(Generation::Comments));
        assert_eq!(of(set("1.9.20")), None);
        let installed = |bundle: &mut crate::facts::Bundle| {
            bundle.identified_by = Some(IdentifiedBy::Location);
            bundle.version = Some("1.9.12".to_owned());
        };
        let used = used_by(|i| i.change("bundle6", installed));
        assert_eq!((used.generation, used.oldest), (None, Some(Generation::Comments)));
        let two = used_by(|i| {
            let both = i.bundle(7, CONFIG_ADMIN);
            both.change("bundle6", set("1.9.12")).change("bundle7", set("1.9.26"))
        });
        assert_eq!(two.generation, None);
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
        // `1.8.4` is only the beginning of `1.8.40`.
        for version in ["1.8.8", "1.9.12", "1.6.0", "1.8.40"] {
            assert_eq!(of(version, windows), Some(false), "{version}");
        }
    }
}
