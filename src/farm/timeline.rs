//! When what happened on the instances of a farm, as far as their files, Felix, the repository and the logs tell it.
//!
//! Times of files mean something where they were kept. A copy that did not keep them (`cp` without `-p`, git, `docker cp`) gives every
//! file the time of the copy: then nothing is concluded from them.

use super::{Farm, Member};
use crate::facts::{
    Bundle, FileTime, JcrKeys, KeyFile, KeyName, LogSignature, LogTime, Place, Repository,
    StorageFile, Utc,
};

/// Files of a copy that did not keep times were written within so many milliseconds of each other.
const COPY_MS_MAX: u64 = 60_000;
/// Between the first file of an install and the first bundle that Felix modified is less than this.
const DAY_MS: u64 = 86_400_000;
/// So many files show that.
const COPY_FILES_MIN: usize = 3;
/// Zones are apart by multiples of this.
// Nepal is 5:45 hours ahead.
const ZONE_STEP_MS: i64 = 15 * 60_000;
/// What is furthest from UTC.
// From Baker Island to the Line Islands of Kiribati.
const ZONE_MS: std::ops::RangeInclusive<i64> = -12 * 3_600_000..=14 * 3_600_000;
/// Behind the time stamp of a start the crypto support starts within this.
// In a first start of the AEM SDK 2024.6, `FileKeyProviderImpl` was there after 12 seconds, and `JcrKeyProviderImpl` 3 minutes later.
const START_MS_MAX: i64 = 10 * 60_000;
/// A first start on a slow host takes no longer until AEM has made its keys.
pub(super) const FIRST_START_MS_MAX: u64 = 60 * 60_000;

/// How sure a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// It is in UTC.
    Utc,
    /// It is local, of a zone that the logs may tell.
    Local,
    /// It is that of a copy which did not keep times.
    Copied,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// The instance was installed.
    Installed,
    /// A key was written.
    Key,
    /// Another file was written, or a bundle modified.
    Written,
    /// The instance was started.
    Start,
    /// A sign of trouble began, or was seen for the last time.
    Symptom,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// Milliseconds since 1970; `None` where the zone is not known.
    pub at_ms: Option<u64>,
    /// The local time, where it is one.
    pub local: Option<String>,
    /// The instance.
    pub instance: String,
    /// What kind of thing.
    pub kind: EventKind,
    /// What happened.
    pub event: String,
    /// What tells it.
    pub place: Place,
    /// How sure the time is.
    pub certainty: Certainty,
}

/// What the times of an instance come to.
#[derive(Debug, Clone)]
pub(crate) struct Clock<'m> {
    member: &'m Member,
    /// Its files have the time of a copy.
    pub(crate) is_copied: bool,
    /// When it was installed; milliseconds since 1970.
    pub(crate) installed_ms: Option<u64>,
    /// How far its logs are ahead of UTC, where a start tells that.
    zone_ms: Option<i64>,
}

impl Certainty {
    /// Returns the word that reports have for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utc => "utc",
            Self::Local => "local",
            Self::Copied => "copied",
        }
    }
}

impl EventKind {
    /// Returns the word that reports have for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Installed => "installed",
            Self::Key => "key",
            Self::Written => "written",
            Self::Start => "start",
            Self::Symptom => "symptom",
        }
    }
}

impl<'m> Clock<'m> {
    /// Reads the times of an instance.
    pub(crate) fn of(member: &'m Member) -> Self {
        let is_copied = is_copied(member);
        let times = &member.snapshot.times;
        let id = member.snapshot.sling_id.as_ref().filter(|_| !is_copied);
        let of_id = id.and_then(|id| time_of(member, &id.place)?.utc_ms());
        let installed_ms = [times.first_bundle_ms, of_id].into_iter().flatten().min();
        Self { member, is_copied, installed_ms, zone_ms: zone_ms(member) }
    }

    /// Returns when a file was written, where that is known and not the time of a copy.
    pub(crate) fn written(&self, place: &Place) -> Option<FileTime> {
        time_of(self.member, place).filter(|_| !self.is_copied)
    }

    /// Returns the file of a key, and when it was written.
    pub(crate) fn key(&self, name: KeyName) -> Option<(&'m KeyFile, FileTime)> {
        let (_, file) = self.member.key_in_file(name)?;
        Some((file, self.written(&file.place)?))
    }

    /// Returns the file `storage`, and when it was written.
    pub(crate) fn storage(&self) -> Option<(&'m StorageFile, FileTime)> {
        let file = self.member.storage()?;
        Some((file, self.written(&file.place)?))
    }

    /// Returns the moment of a local time of its logs, where their zone is known.
    pub(crate) fn moment(&self, local: LogTime) -> Option<u64> {
        let ms = i64::try_from(local.as_if_utc_ms()).ok()?;
        u64::try_from(ms.checked_sub(self.zone_ms?)?).ok()
    }

    /// Returns how long before a moment the last start was, in milliseconds, where nothing shows that there was a later one.
    pub(crate) fn since_last_start(&self, moment_ms: u64) -> Option<u64> {
        let snapshot = &self.member.snapshot;
        let mut last = snapshot.last_start_ms?;
        for start in snapshot.own_log().into_iter().flat_map(|log| &log.starts) {
            match self.moment(start.time) {
                Some(at) => last = last.max(at),
                None if !start.time.is_surely_before(moment_ms) => return None,
                None => {}
            }
        }
        moment_ms.checked_sub(last)
    }

    /// Returns the first time that its logs show one of these signs after a moment, and how long after: nothing where the zone of the
    /// logs is not known and matters.
    pub(crate) fn first_behind(
        &self,
        signs: &[LogSignature],
        moment_ms: u64,
    ) -> Option<(LogTime, Option<u64>)> {
        let log = self.member.snapshot.own_log()?;
        let seen = signs.iter().filter_map(|sign| log.seen.get(sign)?.sighting.first);
        let first = seen.min()?;
        match self.moment(first) {
            Some(at) => at.checked_sub(moment_ms).map(|behind| (first, Some(behind))),
            None => first.is_surely_after(moment_ms).then_some((first, None)),
        }
    }
}

/// Returns the key files of an instance that were written more than a day after its install, or long after its last start, and when;
/// milliseconds since 1970. An instance makes its keys at its first start, so those of the first day are its own otherwise.
pub(crate) fn replaced_keys<'m>(clock: &Clock<'m>) -> Vec<(&'m KeyFile, u64)> {
    let replaced = |name: KeyName| {
        let (file, time) = clock.key(name)?;
        let at_ms = time.utc_ms()?;
        let is_later = at_ms.saturating_sub(clock.installed_ms?) > DAY_MS;
        let is_unread = || clock.since_last_start(at_ms).is_some_and(|ms| ms > FIRST_START_MS_MAX);
        (is_later || is_unread()).then_some((file, at_ms))
    };
    KeyName::ALL.into_iter().filter_map(replaced).collect()
}

fn time_of(member: &Member, place: &Place) -> Option<FileTime> {
    let snapshot = &member.snapshot;
    let path = crate::facts::Snapshot::path_below(&snapshot.root, &place.path);
    snapshot.times.files.get(&path).copied().filter(|_| place.source == snapshot.source)
}

/// Returns `true` if all files have the time of a copy. What wrote them is older: no bundle was modified, and the instance was not started,
/// behind any of them. Or all were written in one minute, and nothing shows of anything later.
fn is_copied(member: &Member) -> bool {
    let snapshot = &member.snapshot;
    let times = &snapshot.times;
    let (Some(first), Some(last)) = (times.files.values().min(), times.files.values().max()) else {
        return false;
    };
    let span = last.ms().abs_diff(first.ms());
    let are_many = times.files.len() >= COPY_FILES_MIN;
    let inside = times.last_bundle_ms.max(snapshot.last_start_ms);
    // Archives that are made to be the same each time have one time for all, perhaps long before the install.
    let is_too_old = |first: u64| {
        times.first_bundle_ms.is_none_or(|bundle| first.saturating_add(DAY_MS) < bundle)
    };
    match (inside, first.utc_ms()) {
        (Some(inside), Some(first)) => {
            first > inside || (are_many && span == 0 && is_too_old(first))
        }
        _ => are_many && span <= COPY_MS_MAX,
    }
}

/// Returns how far the logs of an instance are ahead of UTC: the time stamp of its last start, which is in UTC, stands a little before the
/// start of the crypto support in the log, which is not.
fn zone_ms(member: &Member) -> Option<i64> {
    // AEM logs local times and names no zone, so it has to be found out.
    let stamp = i64::try_from(member.snapshot.last_start_ms?).ok()?;
    let starts = &member.snapshot.own_log()?.starts;
    let zone = |time: LogTime| {
        let ahead = i64::try_from(time.as_if_utc_ms()).ok()?.checked_sub(stamp)?;
        let delay = ahead.rem_euclid(ZONE_STEP_MS);
        let zone = ahead.saturating_sub(delay);
        (delay <= START_MS_MAX && ZONE_MS.contains(&zone)).then_some(zone)
    };
    let mut zones: Vec<i64> = starts.iter().filter_map(|start| zone(start.time)).collect();
    zones.dedup();
    if let [zone] = zones.as_slice() { Some(*zone) } else { None }
}

/// Returns what happened on all instances: what has a moment first, sorted by it, then what has a local time of an unknown zone, by instance:
/// between those of two instances nothing shows the order.
pub fn timeline(farm: &Farm) -> Vec<TimelineEvent> {
    let mut all: Vec<TimelineEvent> = farm.members.iter().flat_map(events).collect();
    all.sort_by(|a, b| {
        let key = |event: &TimelineEvent| {
            let unknown = event.at_ms.is_none().then(|| event.instance.clone());
            (unknown, event.at_ms, event.local.clone(), event.kind, event.event.clone())
        };
        (key(a), &a.instance).cmp(&(key(b), &b.instance))
    });
    all
}

fn events(member: &Member) -> Vec<TimelineEvent> {
    let clock = Clock::of(member);
    let mut all = Vec::new();
    add_files(member, &clock, &mut all);
    add_bundles(member, &clock, &mut all);
    add_repository(member, &mut all);
    add_logs(member, &clock, &mut all);
    all
}

fn at(member: &Member, kind: EventKind, at_ms: u64, event: &str, place: Place) -> TimelineEvent {
    let (instance, event) = (member.name.clone(), event.to_owned());
    let certainty = Certainty::Utc;
    TimelineEvent { at_ms: Some(at_ms), local: None, instance, kind, event, place, certainty }
}

fn add_files(member: &Member, clock: &Clock<'_>, all: &mut Vec<TimelineEvent>) {
    let snapshot = &member.snapshot;
    let mut add = |kind, event: &str, place: &Place| {
        let Some(time) = time_of(member, place) else { return };
        let event = at(member, kind, time.ms(), event, place.clone());
        all.push(match (clock.is_copied, time) {
            (true, FileTime::UtcMs(_)) => TimelineEvent { certainty: Certainty::Copied, ..event },
            (false, FileTime::UtcMs(_)) => event,
            (is_copied, FileTime::LocalMs(ms)) => TimelineEvent {
                at_ms: None,
                local: Some(local_text(ms)),
                certainty: if is_copied { Certainty::Copied } else { Certainty::Local },
                ..event
            },
        });
    };
    for name in KeyName::ALL {
        for file in snapshot.keys_in_use(name) {
            add(EventKind::Key, &format!("{name} written"), &file.place);
        }
    }
    for file in snapshot.storage_in_place() {
        let event = format!("storage written ({})", file.storage.mode);
        add(EventKind::Written, &event, &file.place);
    }
    if let Some(id) = &snapshot.sling_id {
        add(EventKind::Written, "Sling id written", &id.place);
    }
    for configuration in &snapshot.configurations {
        let event = format!("configuration {} written", configuration.pid);
        add(EventKind::Written, &event, &configuration.place);
    }
}

/// Says a local time as if it were in UTC, without saying that it is.
pub(super) fn local_text(ms: u64) -> String {
    Utc(ms).to_string().trim_end_matches(" UTC").to_owned()
}

fn add_bundles(member: &Member, clock: &Clock<'_>, all: &mut Vec<TimelineEvent>) {
    let snapshot = &member.snapshot;
    if let Some(installed) = clock.installed_ms {
        all.push(at(member, EventKind::Installed, installed, "installed", snapshot.place()));
    }
    for (directory, ms) in &snapshot.times.bundles {
        let Some(bundle) = snapshot.bundle_in(directory) else { continue };
        let Bundle { symbolic_name: Some(name), version, .. } = bundle else { continue };
        let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        let event = format!("{name}{version} modified");
        all.push(at(member, EventKind::Written, *ms, &event, snapshot.place_of(bundle)));
    }
    if let Some(start) = snapshot.last_start_ms {
        all.push(at(member, EventKind::Start, start, "started", snapshot.place()));
    }
}

fn add_repository(member: &Member, all: &mut Vec<TimelineEvent>) {
    let Some(stored) = &member.snapshot.repository else { return };
    let Repository { place, keys, history, .. } = stored;
    let has_keys = matches!(keys, JcrKeys::Read(keys) if !keys.is_empty());
    if let Some(since) = history.same_since_ms.filter(|_| has_keys) {
        let event = "keys in /etc/key are the same since then, or before";
        all.push(at(member, EventKind::Key, since, event, place.clone()));
    }
    for configuration in &stored.configurations {
        let path = configuration.jcr_path.as_ref();
        if let Some((path, since)) = path.zip(configuration.same_since_ms) {
            let event = format!("{path} is the same since then, or before");
            all.push(at(member, EventKind::Written, since, &event, place.clone()));
        }
    }
}

fn add_logs(member: &Member, clock: &Clock<'_>, all: &mut Vec<TimelineEvent>) {
    let Some(log) = member.snapshot.own_log() else { return };
    let any = log.statements.values().map(|(_, place)| place);
    let any = any.chain(log.seen.values().map(|seen| &seen.place)).next().cloned();
    let local = |kind, time: LogTime, event: String, place: Place| TimelineEvent {
        at_ms: clock.moment(time),
        local: Some(time.to_string()),
        instance: member.name.clone(),
        kind,
        event,
        place,
        certainty: Certainty::Local,
    };
    for start in &log.starts {
        let version = start.version.as_ref().map(|version| format!(" {version}"));
        let version = version.unwrap_or_default();
        let event = format!("crypto{version} started with {} storage", start.storage);
        let place = any.clone().unwrap_or_else(|| member.snapshot.place());
        all.push(local(EventKind::Start, start.time, event, place));
    }
    for (sign, seen) in &log.seen {
        let (label, count) = (sign.label(), seen.sighting.count);
        if let Some(first) = seen.sighting.first {
            let event = format!("{label}: first of {count}");
            all.push(local(EventKind::Symptom, first, event, seen.place.clone()));
        }
        if let Some(last) = seen.sighting.last.filter(|last| Some(*last) != seen.sighting.first) {
            let event = format!("{label}: last of {count}");
            all.push(local(EventKind::Symptom, last, event, seen.place.clone()));
        }
    }
}

/// Says how long something took, in the unit that fits.
pub(crate) fn spoken_span(ms: u64) -> String {
    let (count, unit) = match ms / 60_000 {
        minutes if minutes < 120 => (minutes, "minute"),
        minutes if minutes < 48 * 60 => (minutes / 60, "hour"),
        minutes => (minutes / (24 * 60), "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm};

    /// 2 November 2026, 01:12 UTC.
    const WRITTEN: u64 = 1_793_581_920_000;
    const DAY: u64 = 86_400_000;

    /// An instance that was installed long before, with files of other times.
    fn dated(i: Instance, files: &[(&str, u64)]) -> Instance {
        let files = files.iter().map(|(path, ms)| (*path, FileTime::UtcMs(*ms)));
        files.fold(i.modified(WRITTEN - 900 * DAY, WRITTEN - 5 * DAY), |i, (path, time)| {
            i.written(path, time)
        })
    }

    fn clock_of<T>(
        change: impl FnOnce(Instance) -> Instance,
        look: impl FnOnce(&Clock<'_>) -> T,
    ) -> T {
        let farm = farm().with("a", change).build();
        look(&Clock::of(&farm.members[0]))
    }

    const HMAC: &str = "launchpad/felix/bundle2/data/hmac";
    const MASTER: &str = "launchpad/felix/bundle2/data/master";
    const STORAGE: &str = "launchpad/felix/bundle1/data/storage";

    #[test]
    fn copy_that_did_not_keep_times_is_recognised() {
        let of = |files: &[(&str, u64)]| {
            let files = files.to_vec();
            clock_of(|i| dated(i, &files), |clock| clock.is_copied)
        };
        let old = WRITTEN - 900 * DAY;
        assert!(!of(&[(HMAC, WRITTEN), (MASTER, old), (STORAGE, old)]));
        assert!(of(&[(HMAC, WRITTEN), (MASTER, WRITTEN + 5), (STORAGE, WRITTEN)]));
        assert!(!of(&[(HMAC, old), (MASTER, old), (STORAGE, old)]), "those of the first start");
        let fixed = old - 100 * DAY;
        assert!(of(&[(HMAC, fixed), (MASTER, fixed), (STORAGE, fixed)]), "one time for all");
        assert!(!of(&[]));
    }

    #[test]
    fn zone_of_a_log_is_that_of_the_start_in_it() {
        // Started at 01:12 UTC, and in the log a minute later, two hours ahead.
        let log = "02.11.2026 03:13:00.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with Bundle storage\n\
                   02.11.2026 03:26:00.000 *ERROR* [x] c.C com.adobe.granite.crypto.CryptoException: Cannot convert byte data\n";
        let moment = |stamp: u64| {
            clock_of(
                |i| i.log("error.log", log).started_at(stamp),
                |clock| {
                    let signs = [LogSignature::CryptoConvert];
                    let first = clock.first_behind(&signs, WRITTEN);
                    first.and_then(|(_, behind)| behind)
                },
            )
        };
        assert_eq!(moment(WRITTEN), Some(14 * 60_000));
        assert_eq!(moment(WRITTEN - 100 * DAY), None, "no start in the log fits the stamp");
    }

    #[test]
    fn what_has_no_moment_is_not_put_between_what_has_one() {
        let log = "02.11.2026 03:13:00.000 *INFO* [x] c.C Starting Crypto Support (com.adobe.granite.crypto, 3.4.16) with JCR storage\n";
        let farm = farm()
            .with("a", |i| i.log("error.log", log))
            .with("b", |i| dated(i, &[(HMAC, WRITTEN)]))
            .build();
        let all = timeline(&farm);
        let last = all.last().unwrap();
        assert_eq!((last.at_ms, last.certainty), (None, Certainty::Local));
        assert_eq!(last.event, "crypto 3.4.16 started with JCR storage");
        let known: Vec<u64> = all.iter().filter_map(|event| event.at_ms).collect();
        assert!(known.is_sorted() && known.len() + 1 == all.len());
    }

    #[test]
    fn local_times_of_a_zip_are_no_moments() {
        let local = |i: Instance| i.written(HMAC, FileTime::LocalMs(WRITTEN));
        let farm = farm().with("a", local).build();
        let event = timeline(&farm).into_iter().find(|event| event.event == "hmac written");
        let event = event.unwrap();
        assert_eq!((event.at_ms, event.certainty), (None, Certainty::Local));
        assert_eq!(event.local.as_deref(), Some("2026-11-02 01:12:00"));
    }

    #[test]
    fn ims_configuration_in_the_repository_has_the_time_of_its_revision() {
        let ims = format!("{}~a.config", crate::facts::IMS_CUSTOMIZER);
        let mut farm = farm().with("a", |i| i.jcr_config("config", &ims, "x=\"y\"\n")).build();
        let stored = farm.members[0].snapshot.repository.as_mut().expect("a repository");
        stored.configurations[0].same_since_ms = Some(WRITTEN);
        let event = timeline(&farm).into_iter().find(|event| event.at_ms == Some(WRITTEN));
        let event = event.unwrap();
        assert_eq!(
            event.event,
            format!("/apps/system/config/{ims} is the same since then, or before")
        );
        assert_eq!((event.kind, event.certainty), (EventKind::Written, Certainty::Utc));
    }

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let told = [0, 60_000, 14 * 60_000, 3 * 3_600_000, 5 * DAY].map(spoken_span);
        assert_eq!(told, ["0 minutes", "1 minute", "14 minutes", "3 hours", "5 days"]);
    }
}
