//! All facts of one instance from one source.

use super::{
    Account, BUNDLE_CACHE, Bundle, Bundles, CQ_RUN_MODES, CRYPTO, CRYPTO_FILE, CRYPTO_KEYS_PATH,
    Configuration, Gap, GapKind, JcrKeys, KeyFile, KeyName, Log, LogStatement, LogTopic, NodeStore,
    OwnedDirectory, Place, RUN_MODES_OPTION, Repository, Role, RunModes, SLING_LAUNCHPAD,
    SLING_RUN_MODES, STANDBY_MODE, STANDBY_SERVICES, Setting, SlingId, StandbyMode, StorageFile,
    Times, Trials, java_trim,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Which parts of an install the source holds at all.
///
/// Uploads are often a selection. A part that nothing was seen of was not packed, so what is missing from it is unknown, not
/// absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parts {
    /// `sling.properties` was read, so a property that is not in it is not set there.
    pub properties: bool,
    /// `launchpad/config` came, and not only single files picked from it.
    pub configurations: bool,
}

/// The directory of the source that a setting names as that of the keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeysDirectory {
    /// Its path in the source.
    pub path: String,
    /// A file in it or below came, so what is not in it was not left out.
    pub came: bool,
}

/// A cache with fewer bundles is a selection: the framework alone needs more.
const BUNDLES_MIN: usize = 4;

/// All facts of one instance from one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The source as the user named it.
    pub source: String,
    /// The name that the user gave its source.
    pub label: Option<String>,
    /// Path of the install root (usually `…/crx-quickstart`) inside the source; empty when the source starts there.
    pub root: String,
    /// Links of the source that lead to it or to what is around it, and not to all installs of the source; sorted. Links in installs are none
    /// of them.
    pub links: Vec<String>,
    /// What the source holds of the install.
    pub parts: Parts,
    /// The user that AEM runs as: most `bundle.info`, which it writes itself, belong to this one.
    pub account: Option<Account>,
    /// Bundle directories, sorted by directory name.
    pub bundles: Bundles,
    /// Bundle directories and their data directories with their owners, where files of keys lie in them and the container keeps owners.
    pub key_directories: Vec<OwnedDirectory>,
    /// Every file named `storage` in a bundle's data directory.
    pub storage_files: Vec<StorageFile>,
    /// Every file named `hmac` or `master` in a bundle's data directory.
    pub key_files: Vec<KeyFile>,
    /// The directory that `com.adobe.granite.crypto.keys.path` names, where that is a path of the source.
    pub keys_directory: Option<KeysDirectory>,
    /// The keys in the directory that `com.adobe.granite.crypto.keys.path` names, where the snapshot has that.
    pub moved_keys: Vec<KeyFile>,
    /// The key files in use are links into a volume that Kubernetes mounts: it is read-only, and what is in it comes from a Secret.
    pub keys_mounted: bool,
    /// Files in bundles' data directories that may be keys by their names, where AEM does not look for one: `hmac.bin`, `data/hmac`.
    pub stray_keys: Vec<KeyFile>,
    /// What its repository says of the keys; `None` when the snapshot has no segment store.
    pub repository: Option<Repository>,
    /// Where it keeps its repository; `None` where nothing in the snapshot says so.
    pub node_store: Option<NodeStore>,
    /// Sling id.
    pub sling_id: Option<SlingId>,
    /// Install run modes.
    pub run_modes: Option<RunModes>,
    /// Settings that matter, sorted by name and place.
    pub settings: Vec<Setting>,
    /// Configurations that matter, sorted by PID.
    pub configurations: Vec<Configuration>,
    /// Last start that passed the install stage, milliseconds since 1970.
    pub last_start_ms: Option<u64>,
    /// Java major version of the last start.
    pub java_major: Option<u32>,
    /// When its files were written.
    pub times: Times,
    /// What its logs say; `None` when none was read.
    pub log: Option<Log>,
    /// Which masters open its protected values, by run; empty where there was nothing to try.
    pub trials: BTreeSet<Trials>,
    /// Gaps of the whole source and of paths under this root, sorted.
    pub gaps: Vec<Gap>,
}

impl Snapshot {
    /// Forgets how its keys look in other text, once nothing is left to be compared with that.
    pub fn forget_spellings(&mut self) {
        let files =
            self.key_files.iter_mut().chain(&mut self.moved_keys).chain(&mut self.stray_keys);
        let stored = self.repository.iter_mut().flat_map(|stored| {
            let now = match &mut stored.keys {
                JcrKeys::Read(keys) => keys.as_mut_slice(),
                JcrKeys::Unreadable(_) | JcrKeys::NotRead(_) => &mut [],
            };
            now.iter_mut().chain(stored.history.others.iter_mut().flat_map(|past| &mut past.keys))
        });
        let keys = files.map(|file| &mut file.digest).chain(stored.map(|key| &mut key.digest));
        keys.for_each(|key| (key.spelled, key.traces) = (Vec::new(), Vec::new()));
    }

    /// Returns where it lies: its root, in its source.
    pub fn place(&self) -> Place {
        Place { source: self.source.clone(), path: self.root.clone() }
    }

    /// Returns source and root as one path, without a slash at its end.
    pub fn path(&self) -> String {
        let path = format!("{}/{}", self.source, self.root);
        path.trim_end_matches('/').to_owned()
    }

    /// Returns the directory around it, which is that of the source where its root is the top of that; empty where there is none.
    pub fn home(&self) -> String {
        self.path().rsplit_once('/').map(|(home, _)| home.to_owned()).unwrap_or_default()
    }

    /// Returns every key file, those in a directory that a setting names included.
    pub fn all_key_files(&self) -> impl Iterator<Item = &KeyFile> {
        self.key_files.iter().chain(&self.moved_keys)
    }

    /// Returns the directory of the source that a setting names as that of the keys.
    pub fn moved_directory(&self) -> Option<&str> {
        // Facts of older versions have the files alone.
        let of_file = || Some(self.moved_keys.first()?.place.path.rsplit_once('/')?.0);
        self.keys_directory.as_ref().map(|directory| directory.path.as_str()).or_else(of_file)
    }

    /// Returns the gap of a setting or a script that may move the keys out of the data of their bundle, if there is one.
    pub fn open_place(&self) -> Option<&Gap> {
        let is_open = |gap: &&Gap| matches!(gap.kind, GapKind::Unclear | GapKind::Elsewhere);
        // A setting that is understood says where they are.
        let is_moved = self.setting(CRYPTO_KEYS_PATH).is_some();
        self.gaps.iter().find(is_open).filter(|_| !is_moved)
    }

    /// Returns `true` if everything that was packed was read.
    pub fn is_complete(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.kind.hides())
    }

    /// Returns `true` if what was read can be trusted: no checksum over it failed.
    pub fn is_verified(&self) -> bool {
        !self.gaps.iter().any(|gap| gap.kind.taints())
    }

    /// Returns `true` if a bundle that is not listed is not installed.
    ///
    /// The source must have been read in full, every bundle must be known by name, and the numbers must be dense: 610
    /// directories for ids up to 612 are a whole cache, two directories for ids up to 43 are a selection.
    pub fn shows_all_bundles(&self) -> bool {
        // Failed installations and uninstalled bundles use ids up for good, so that a whole cache
        // has holes, too.
        let highest = self.bundles.iter().filter_map(|bundle| bundle.id).max().unwrap_or(u64::MAX);
        let count = u64::try_from(self.bundles.len()).unwrap_or(u64::MAX);
        self.is_complete()
            && self.bundles.len() >= BUNDLES_MIN
            && self.bundles.iter().all(|bundle| bundle.symbolic_name.is_some())
            && count.saturating_mul(2) >= highest
    }

    /// Returns the bundles of exactly this symbolic name that Felix has not uninstalled.
    pub fn bundles_named<'a>(&'a self, symbolic_name: &'a str) -> impl Iterator<Item = &'a Bundle> {
        self.bundles.iter().filter(move |b| b.is(symbolic_name) && !b.is_uninstalled())
    }

    /// Returns the bundle in a directory of the Felix cache.
    pub fn bundle_in(&self, directory: &str) -> Option<&Bundle> {
        self.bundles.in_directory(directory)
    }

    /// Returns where a bundle of it lies.
    pub fn place_of(&self, bundle: &Bundle) -> Place {
        Place { source: self.source.clone(), path: self.path_of(bundle) }
    }

    /// Returns the path of a bundle of it in the source.
    pub fn path_of(&self, bundle: &Bundle) -> String {
        match bundle.path.strip_prefix('/') {
            Some(path) => path.to_owned(),
            None if self.root.is_empty() => bundle.path.clone(),
            None => format!("{}/{}", self.root, bundle.path),
        }
    }

    /// Returns how the path of a bundle is kept that lies there in the source: see [`Bundle::path`].
    pub fn path_below(root: &str, path: &str) -> String {
        let below = path.strip_prefix(root).and_then(|below| below.strip_prefix('/'));
        match below {
            _ if root.is_empty() => path.to_owned(),
            Some(below) => below.to_owned(),
            None => format!("/{path}"),
        }
    }

    /// Returns the `storage` files that lie where they belong.
    pub fn storage_in_place(&self) -> impl Iterator<Item = &StorageFile> {
        self.storage_files.iter().filter(|file| self.holds(&file.directory, CRYPTO))
    }

    /// Returns the key files of this name that lie where they belong.
    pub fn keys_in_place(&self, name: KeyName) -> impl Iterator<Item = &KeyFile> {
        let here = move |file: &&KeyFile| file.name == name;
        self.key_files.iter().filter(here).filter(|file| self.holds(&file.directory, CRYPTO_FILE))
    }

    /// Returns the key files of this name that the instance takes: of the directory that a setting names, or else in their place.
    pub fn keys_in_use(&self, name: KeyName) -> impl Iterator<Item = &KeyFile> {
        let is_moved = self.setting(CRYPTO_KEYS_PATH).is_some();
        let moved = self.moved_keys.iter().filter(move |file| is_moved && file.name == name);
        moved.chain(self.keys_in_place(name).filter(move |_| !is_moved))
    }

    /// Returns `true` if a bundle directory is known to be another bundle's than the one that a file in it belongs to.
    pub fn is_misplaced(&self, directory: &str, symbolic_name: &str) -> bool {
        let bundle = self.bundle_in(directory);
        bundle.is_some_and(|bundle| bundle.symbolic_name.is_some() && !bundle.is(symbolic_name))
    }

    fn holds(&self, directory: &str, symbolic_name: &str) -> bool {
        let bundle = self.bundle_in(directory);
        bundle.is_some_and(|bundle| bundle.is(symbolic_name) && !bundle.is_uninstalled())
    }

    /// Returns `true` if a file that is not in a bundle's data directory is not there on the instance either.
    pub fn shows_data_of(&self, bundle: &Bundle) -> bool {
        self.is_complete() && bundle.data_seen
    }

    /// Says why nothing of the content of its repository is known: one clause without a full stop.
    pub fn why_no_repository(&self) -> Option<String> {
        let unread = || self.repository.as_ref()?.keys.reason().map(str::to_owned);
        unread().or_else(|| self.node_store.as_ref()?.out_of_reach())
    }

    /// Returns author or publish: from the run modes of the first start, else from those that a log or `sling.properties` names, else
    /// from install locations that only one of them has.
    pub fn role(&self) -> Option<Role> {
        // `sling.run.mode.install.options` names author and publish on every instance, so it is not
        // asked.
        let in_list = |modes: &str| modes.split(',').find_map(|mode| role_of(java_trim(mode)));
        let selected = self.run_modes.iter().flat_map(|modes| &modes.selected);
        let by_log = || in_list(&self.logged(LogTopic::RunModes)?.0.value);
        let by_setting = || in_list(&self.setting(SLING_RUN_MODES)?.value);
        // An author has 8 to 10 bundles from `install.author` among the hundreds from `install`.
        let by_location = || {
            let locations = self.bundles.iter().filter_map(|bundle| bundle.location.as_deref());
            locations
                .filter_map(|location| location.strip_prefix("launchpad:resources/install."))
                .find_map(|rest| role_of(rest.split('/').next()?))
        };
        let selected = selected.map(String::as_str).find_map(role_of);
        selected.or_else(by_log).or_else(by_setting).or_else(by_location)
    }

    /// Returns the part that an author has in a cold standby: from its configuration, or else from its run modes.
    pub fn standby(&self) -> Option<StandbyMode> {
        let services = STANDBY_SERVICES.iter().flat_map(|pid| self.configurations_of(pid));
        let by_service =
            services.filter_map(|service| service.text(STANDBY_MODE)).find_map(StandbyMode::of);
        let selected = self.run_modes.iter().flat_map(|modes| &modes.selected);
        // The run modes of a cold standby are `primary,crx3,crx3tar` and `standby,…`.
        let in_list = |modes: &str| modes.split(',').find_map(StandbyMode::of);
        let by_scripts = || {
            let modes: Vec<StandbyMode> =
                self.modes_of_scripts().filter_map(StandbyMode::of).collect();
            // One script may start either, so that two modes say nothing.
            modes.first().copied().filter(|first| modes.iter().all(|mode| mode == first))
        };
        by_service
            .or_else(|| selected.map(String::as_str).find_map(StandbyMode::of))
            .or_else(|| in_list(&self.logged(LogTopic::RunModes)?.0.value))
            .or_else(|| in_list(&self.setting(SLING_RUN_MODES)?.value))
            .or_else(by_scripts)
    }

    /// Returns `true` if it is a cold standby: nobody logs in there, and its repository is a mirror of that of the primary.
    pub fn is_standby(&self) -> bool {
        self.standby() == Some(StandbyMode::Standby)
    }

    /// Returns the run modes that start scripts ask for.
    fn modes_of_scripts(&self) -> impl Iterator<Item = &str> {
        let is_asked = |name: &str| matches!(name, CQ_RUN_MODES | RUN_MODES_OPTION);
        let settings = self.settings.iter().filter(move |setting| is_asked(&setting.name));
        settings.flat_map(|setting| setting.value.split(',')).map(str::trim)
    }

    /// Returns every run mode that the instance has by its first start, its logs or its settings.
    pub fn all_run_modes(&self) -> Vec<&str> {
        let selected = self.run_modes.iter().flat_map(|modes| &modes.selected).map(String::as_str);
        let logged = self.logged(LogTopic::RunModes).map(|(last, _)| last.value.as_str());
        let set = self.setting(SLING_RUN_MODES).map(|setting| setting.value.as_str());
        let lists = logged.into_iter().chain(set).flat_map(|modes| modes.split(','));
        selected.chain(lists.map(str::trim)).chain(self.modes_of_scripts()).collect()
    }

    /// Returns the first statement of a setting that is not empty.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name == name && !setting.value.is_empty())
    }

    /// Returns what its logs say, unless the last Sling id in them is another one than its own: a log that was copied, or that a clone
    /// took along, tells of another instance.
    pub fn own_log(&self) -> Option<&Log> {
        self.log.as_ref().filter(|_| self.foreign_log_id().is_none())
    }

    /// Returns the last Sling id in its logs, and where it stands, if it is not its own.
    pub fn foreign_log_id(&self) -> Option<(&LogStatement, &Place)> {
        let own = &self.sling_id.as_ref()?.uuid;
        let (last, place) = self.log.as_ref()?.statements.get(&LogTopic::SlingId)?;
        (!last.value.eq_ignore_ascii_case(own)).then_some((last, place))
    }

    /// Returns the latest word of its logs on a topic, and where it stands; nothing that was surely said before the last start, or by
    /// another instance.
    pub fn logged(&self, topic: LogTopic) -> Option<(&LogStatement, &Place)> {
        self.own_log().and_then(|log| self.last_word(log, topic))
    }

    fn last_word<'s>(
        &self,
        log: &'s Log,
        topic: LogTopic,
    ) -> Option<(&'s LogStatement, &'s Place)> {
        let (last, place) = log.statements.get(&topic)?;
        let old = last.time.zip(self.last_start_ms);
        old.is_none_or(|(time, start)| !time.is_surely_before(start)).then_some((last, place))
    }

    /// Returns the option with which some start moved the keys, or what they lie in, and the log that shows it; not one that the files
    /// of the instance have, too.
    pub fn moved_by_start(&self) -> Option<(&str, &Place)> {
        // Even the log of another instance may be of this one's past, so it leaves the verdict open.
        let (last, place) = self.last_word(self.log.as_ref()?, LogTopic::KeysElsewhere)?;
        // Older facts do not say which option it was; there was but one.
        let option = if last.value == "set" { CRYPTO_KEYS_PATH } else { last.value.as_str() };
        // The launchpad matters for the bundle cache in it, which is found by either.
        let by_cache = option == SLING_LAUNCHPAD && self.setting(BUNDLE_CACHE).is_some();
        (self.setting(option).is_none() && !by_cache).then_some((option, place))
    }

    /// Returns `true` if this was used later than another one of the same host, by the times of the last starts or by the logs.
    pub fn was_used_after(&self, other: &Self) -> bool {
        let last = |snapshot: &Self| {
            let statements = snapshot.own_log().into_iter().flat_map(|log| log.statements.values());
            statements.filter_map(|(last, _)| last.time).max()
        };
        let is_after = |a: Option<u64>, b: Option<u64>| a.zip(b).is_some_and(|(a, b)| a > b);
        let starts = (self.last_start_ms, other.last_start_ms);
        is_after(starts.0, starts.1)
            || !is_after(starts.1, starts.0)
                && last(self).zip(last(other)).is_some_and(|(own, other)| own > other)
    }

    /// Returns the AEM version, from the build in `quickstart.properties` or the product version in `sling.properties`.
    ///
    /// It is the base version: service packs are content packages and do not show here.
    pub fn aem_version(&self) -> Option<&str> {
        self.aem_version_setting().map(|setting| setting.value.as_str())
    }

    /// Returns where the AEM version stands.
    pub fn aem_version_setting(&self) -> Option<&Setting> {
        ["quickstart.build", "granite.product.version", "PRODUCTINFO_VERSION"]
            .into_iter()
            .find_map(|name| self.setting(name))
    }

    /// Returns the first three parts of the AEM version, which every property that states it has: `6.5.0` of
    /// `6.5.0.20190408`.
    pub fn aem_release(&self) -> Option<String> {
        let parts: Vec<&str> = self.aem_version()?.split('.').take(3).collect();
        Some(parts.join("."))
    }
}

fn role_of(run_mode: &str) -> Option<Role> {
    match run_mode {
        "author" => Some(Role::Author),
        "publish" => Some(Role::Publish),
        _ => None,
    }
}
