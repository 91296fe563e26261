//! The verdict on a farm: no `consistent` over a hole.

use super::Finding;
use crate::facts::{
    Bundle, CRYPTO_FILE, CRYPTO_KEYS_PATH, Gap, GapKind, KeyName, Repository, Role,
    TOKEN_ENCAPSULATED, TOKEN_HANDLER, Utc, no_break_space, spoken,
};
use crate::farm::{
    Farm, KeyState, Member, Missing, misnamed, names_of, pairs, twins, unknown_place,
};
use crate::limits::Limits;
use crate::rules::{Severity, is_of_other_id, is_old};
use std::collections::BTreeSet;
use std::fmt;

/// What can be said of a farm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every byte that decides it was read and checked, and all instances agree.
    Consistent,
    /// An error stands.
    Inconsistent,
    /// Not enough is known; why.
    Undecided(Vec<Doubt>),
}

/// Why a farm cannot be decided on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// Fewer than two instances came, so there is nothing to compare.
    NoPeers,
    /// Fewer instances came than the user says that there are.
    TooFew {
        /// How many came.
        came: usize,
        /// How many there are at least.
        wanted: usize,
    },
    /// One instance came in under the name of another one, too, which did not come then.
    Copy {
        /// The name under which it came again.
        name: String,
        /// The instance.
        of: String,
    },
    /// Something about an instance's keys is not known; one sentence without a full stop.
    Unknown(String),
    /// A source was not read in full.
    Source(String),
    /// A source does not exist.
    Missing(String),
    /// More sources were not read in full than are named.
    More,
}

impl Doubt {
    /// Returns `true` if everything that came was read, and only peers are missing.
    pub fn is_for_lack_of_peers(&self) -> bool {
        *self == Self::NoPeers
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPeers => f.write_str("fewer than two instances were found"),
            Self::TooFew { came, wanted } => {
                write!(f, "{came} of at least {wanted} instances were found (--min-instances)")
            }
            Self::Copy { name, of } => {
                write!(f, "{name} is a copy of {of}: ask for the real {name}")
            }
            Self::Unknown(what) => f.write_str(what),
            Self::Source(source) => write!(f, "{} was not read in full", spoken(source)),
            Self::Missing(source) => write!(f, "{source} does not exist"),
            Self::More => f.write_str("more sources than these were not read in full"),
        }
    }
}

impl Verdict {
    /// Returns the name used in reports.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::Inconsistent => "inconsistent",
            Self::Undecided(_) => "undecided",
        }
    }

    /// Leaves it open where fewer instances came than there are: those that did not come may have other keys.
    pub(super) fn of_at_least(self, wanted: usize, farm: &Farm) -> Self {
        let came = distinct(farm);
        if came >= wanted || self == Self::Inconsistent {
            return self;
        }
        let mut doubts = vec![Doubt::TooFew { came, wanted }];
        doubts.extend(self.reasons().iter().cloned());
        Self::Undecided(doubts)
    }

    /// Returns why it is undecided.
    pub fn reasons(&self) -> &[Doubt] {
        match self {
            Self::Undecided(reasons) => reasons,
            Self::Consistent | Self::Inconsistent => &[],
        }
    }
}

/// Decides on a farm. `findings` are all that the rules found, before any selection. The gaps of a farm are those of every source
/// that may have held an instance of it.
pub fn verdict(farm: &Farm, findings: &[Finding]) -> Verdict {
    // By the severity of the rule: that a policy counts it as less does not make the keys agree.
    if findings.iter().any(|finding| finding.rule.severity == Severity::Error) {
        return Verdict::Inconsistent;
    }
    let reasons = doubts(farm);
    if reasons.is_empty() { Verdict::Consistent } else { Verdict::Undecided(reasons) }
}

/// Returns what is not known of a farm, and could make it inconsistent.
pub(super) fn doubts(farm: &Farm) -> Vec<Doubt> {
    let mut reasons = Vec::new();
    let instances = distinct(farm);
    if instances < 2 {
        reasons.push(Doubt::NoPeers);
    }
    let copy = |(of, name): (&Member, &Member)| Doubt::Copy {
        name: name.name.clone(),
        of: of.name.clone(),
    };
    reasons.extend(misnamed(&farm.members).into_iter().map(copy));
    reasons.extend(farm.members.iter().filter_map(doubt).map(Doubt::Unknown));
    reasons.extend(farm.expected.missing.iter().filter_map(not_come).map(Doubt::Unknown));
    reasons.extend(perhaps_shared(farm).map(Doubt::Unknown));
    reasons.extend(alike(farm).into_iter().map(Doubt::Unknown));
    reasons.extend(farm.members.iter().filter_map(unproven_copy).map(Doubt::Unknown));
    reasons.extend(open_tokens(farm).map(Doubt::Unknown));
    let hiding = farm.gaps.iter().filter(|gap| gap.kind.hides());
    let of_gap = |gap: &Gap| (gap.source.clone(), of_source(&gap.source, gap.kind));
    let sources: BTreeSet<(String, Doubt)> = hiding.map(of_gap).collect();
    reasons.extend(sources.into_iter().map(|(_, doubt)| doubt));
    reasons.extend(farm.has_more_gaps.then_some(Doubt::More));
    reasons
}

/// Says what a gap of a source means for the verdict.
fn of_source(source: &str, kind: GapKind) -> Doubt {
    match kind {
        GapKind::Missing => Doubt::Missing(source.to_owned()),
        GapKind::Mixed => {
            let name = spoken(source);
            Doubt::Unknown(format!("{name} seems to hold files of two instances under one path"))
        }
        GapKind::Undated => Doubt::Unknown(format!(
            "{} was read at two times and differs; nothing shows what it is now",
            spoken(source)
        )),
        GapKind::Level => Doubt::Unknown(format!(
            "{} is one level of a backup, and another source another one",
            spoken(source)
        )),
        GapKind::Torn => Doubt::Unknown(format!(
            "{} seems to hold a part of an install, and another source the rest",
            spoken(source)
        )),
        _ => Doubt::Source(source.to_owned()),
    }
}

/// Says that an instance which the policy names may lie in what was not read.
fn not_come(missing: &Missing) -> Option<String> {
    let first = missing.maybe_in.first()?;
    let others = missing.maybe_in.len().saturating_sub(1);
    let more = if others == 0 { String::new() } else { format!(" (or {others} more)") };
    Some(format!(
        "{}, which the policy names, was not found; it may be in {}{more}, which was not read in full",
        missing.name,
        spoken(first)
    ))
}

/// Says that other farms, whose keys are not known, may have those of this one, though the policy says that they must not.
fn perhaps_shared(farm: &Farm) -> Option<String> {
    let all = farm.expected.perhaps_shared.iter().flat_map(|names| names.iter());
    let others: BTreeSet<&String> = all.filter(|name| **name != farm.name).collect();
    let first = others.first()?;
    let more = match others.len().saturating_sub(1) {
        0 => String::new(),
        1 => " and of 1 other farm".to_owned(),
        more => format!(" and of {more} other farms"),
    };
    Some(format!(
        "the keys of {first}{more} are not all known, so it is not known that they differ, as the policy demands"
    ))
}

/// Counts the instances; one that came in twice counts once.
pub(super) fn distinct(farm: &Farm) -> usize {
    let twice = pairs(&farm.members).len();
    farm.members.len().saturating_sub(twice)
}

/// Says which snapshots may show one instance: that they agree would then prove nothing.
fn alike(farm: &Farm) -> Vec<String> {
    let keys_known =
        |member: &&Member| KeyName::ALL.iter().all(|name| member.known_key(*name).is_some());
    let members: Vec<&Member> = farm.members.iter().filter(keys_known).collect();
    let twins = twins(&members);
    let mut doubts = Vec::new();
    if !twins.alike.is_empty() {
        doubts.push(format!(
            "the snapshots do not show whether these are different instances: {}; sling.id.file would",
            names_of(&twins.alike)
        ));
    }
    if !twins.not_compared.is_empty() {
        doubts.push(format!(
            "{} may be one of more than {} others without a sling.id.file of their own; not all were compared",
            names_of(&twins.not_compared),
            Limits::DEFAULT.compared_max
        ));
    }
    doubts
}

/// Says that what was taken for an old copy of an install may be in use, or be another instance.
fn unproven_copy(member: &Member) -> Option<String> {
    let copy = member.copies.iter().find(|copy| !is_old(member, copy))?;
    let (root, name) = (&copy.root, &member.name);
    Some(if is_of_other_id(member, copy) {
        format!(
            "{root} beside {name} may be another instance: it has other keys or none, and no Sling id shows whether it is"
        )
    } else {
        format!(
            "{root} may be the one that {name} uses: it has other keys, and nothing shows that it is the older one"
        )
    })
}

/// Says that publishers use encapsulated tokens or not as their environment says, and so perhaps not as the other publishers do.
fn open_tokens(farm: &Farm) -> Option<String> {
    let is_publisher = |member: &&Member| member.snapshot.role() == Some(Role::Publish);
    let publishers: Vec<&Member> = farm.members.iter().filter(is_publisher).collect();
    let set_by = |member: &&Member| {
        let handler = member.snapshot.configurations_of(TOKEN_HANDLER).next();
        handler.and_then(|handler| handler.set_by(TOKEN_ENCAPSULATED))
    };
    let open: Vec<&Member> =
        publishers.iter().copied().filter(|member| set_by(member).is_some()).collect();
    let by = open.first().and_then(set_by).filter(|_| publishers.len() > 1)?;
    let names = names_of(&open);
    Some(format!(
        "{TOKEN_ENCAPSULATED} of {names} is set by {by}, so it is not known whether all publishers use encapsulated tokens"
    ))
}

/// Says what about an instance's keys is not known for sure.
fn doubt(member: &Member) -> Option<String> {
    unknown_key(member)
        .or_else(|| unknown_mode(member))
        .or_else(|| unknown_place(member))
        .or_else(|| stopped(member))
}

fn unknown_key(member: &Member) -> Option<String> {
    KeyName::ALL.into_iter().find_map(|key| {
        let why = match member.key(key) {
            KeyState::Known(_) => return None,
            // Rules report it where `storage` says that it should be there; here it does not.
            KeyState::Absent => "is not there".to_owned(),
            KeyState::External => kept_elsewhere(member),
            KeyState::InJcr => format!("is in the JCR, which was not read{}", reason(member)),
            KeyState::Ambiguous => "is in several places that differ".to_owned(),
            KeyState::Uncertain(_) => {
                format!("may be another than was read{}", open_place(member))
            }
            KeyState::Unreadable => unreadable(member, key),
            KeyState::NotInSnapshot => "is not in the snapshot".to_owned(),
        };
        Some(format!("the {key} of {} {why}", member.name))
    })
}

/// Says why an instance may have another key than the one that was read.
fn open_place(member: &Member) -> String {
    let gap = member.snapshot.open_place().filter(|_| !member.is_in_jcr_mode());
    gap.map_or_else(
        || reason(member),
        |gap| format!(": {} {}", gap.path.as_deref().unwrap_or(&gap.source), gap.reason),
    )
}

/// Says where a setting moves a key that was not read.
fn kept_elsewhere(member: &Member) -> String {
    let setting = || member.snapshot.setting(CRYPTO_KEYS_PATH).map(|setting| &*setting.value);
    let place = match member.snapshot.moved_directory().or_else(setting) {
        Some(directory) => format!("is in {directory}{}", no_break_space(directory)),
        None => format!("is where {CRYPTO_KEYS_PATH} leads"),
    };
    format!("{place}, which is not in the snapshot; send that directory too")
}

/// Says why a key could not be read: what was in the way of its file, or of the repository.
fn unreadable(member: &Member, key: KeyName) -> String {
    let is_file = |gap: &&Gap| {
        let path = gap.path.as_deref().and_then(|path| path.strip_suffix(key.file_name()));
        gap.kind.hides() && path.is_some_and(|path| path.ends_with('/'))
    };
    let gap = member.snapshot.gaps.iter().find(is_file).filter(|_| !member.is_in_jcr_mode());
    gap.map_or_else(
        || format!("could not be read{}", reason(member)),
        |gap| format!("is not known: {}", gap.reason),
    )
}

/// Says why it is not known what the repository of an instance in JCR mode holds.
fn reason(member: &Member) -> String {
    let repository = member.snapshot.repository.as_ref().filter(|_| member.is_in_jcr_mode());
    let why = member.is_in_jcr_mode().then(|| member.snapshot.why_no_repository()).flatten();
    let is_moved = || repository.is_some() && member.snapshot.setting(CRYPTO_KEYS_PATH).is_some();
    let moved = || {
        is_moved().then(|| {
            format!("storage says JCR, and {CRYPTO_KEYS_PATH} names a directory of key files")
        })
    };
    let reason = why.or_else(|| outdated(repository?)).or_else(moved);
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// Says why another revision of a repository may hold other keys than the one that was read.
fn outdated(repository: &Repository) -> Option<String> {
    let why = repository.doubt.as_deref()?;
    let time = repository.head_ms.map(|time| format!(" of {}", Utc(time))).unwrap_or_default();
    Some(format!("its repository was read as of the revision{time}; {why}"))
}

/// Says that the bundle which reads the key files is not to be started: what the instance works with instead is not known.
fn stopped(member: &Member) -> Option<String> {
    let is_stopped = |bundle: &Bundle| bundle.state.is_some_and(|state| !state.is_started());
    // `JcrKeyProviderImpl` registers in Bundle mode as well (AEM SDK 2024.6), so AEM may work with what it offers.
    let all_stopped = member.snapshot.bundles_named(CRYPTO_FILE).all(is_stopped);
    let has_one = member.snapshot.bundles_named(CRYPTO_FILE).next().is_some();
    (has_one && all_stopped && !member.is_in_jcr_mode()).then(|| {
        format!("{CRYPTO_FILE}, which reads the key files of {}, is not to be started", member.name)
    })
}

fn unknown_mode(member: &Member) -> Option<String> {
    let name = &member.name;
    match member.storage() {
        Some(file) if file.storage.is_exact() => None,
        Some(_) => Some(format!("the storage mode of {name} is not clear")),
        None if member.snapshot.storage_in_place().next().is_some() => {
            Some(format!("the storage files of {name} contradict each other"))
        }
        None if member.is_storage_absent() => Some(format!(
            "{name} has no file storage: which keys it takes at its next start is open"
        )),
        None => Some(format!("the storage mode of {name} is not in the snapshot")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::find::find;
    use crate::facts::{BundleState, JcrKeys, NodeStoreKind};
    use crate::testing::{FarmBuilder, Instance, farm, good_farm};

    fn decide(farm: FarmBuilder) -> Verdict {
        let mut farm = farm.build();
        let findings = find(&mut farm);
        verdict(&farm, &findings)
    }

    #[test]
    fn keys_that_perhaps_another_farm_has_too_leave_it_open() {
        let mut farm = good_farm(&["a", "b"]).build();
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
        farm.expected.perhaps_shared = vec![names(&[&farm.name])];
        assert_eq!(verdict(&farm, &[]), Verdict::Consistent, "its own are known to itself");
        farm.expected.perhaps_shared.push(names(&["stage", "test"]));
        let verdict = verdict(&farm, &[]);
        assert_eq!(
            verdict.reasons()[0].to_string(),
            "the keys of stage and of 1 other farm are not all known, so it is not known that they differ, as the policy demands"
        );
    }

    #[test]
    fn encapsulated_tokens_that_the_environment_sets_leave_it_open() {
        let publisher =
            |body: &'static str| move |i: Instance| i.role("publish").config(TOKEN_HANDLER, body);
        let on = || publisher("token.encapsulated=B\"true\"\r\n");
        let open = || publisher("token.encapsulated=\"$[env:E;default\\=true]\"\r\n");
        assert_eq!(decide(farm().with("a", on()).with("b", on())), Verdict::Consistent);
        let verdict = decide(farm().with("a", on()).with("b", open()));
        assert_eq!(
            verdict.reasons()[0].to_string(),
            "token.encapsulated of b is set by $[env:…], so it is not known whether all publishers use encapsulated tokens"
        );
        // A single publisher has none to differ from.
        let author = |i: Instance| i.role("author");
        assert_eq!(decide(farm().with("a", author).with("b", open())), Verdict::Consistent);
    }

    #[test]
    fn farm_that_was_read_whole_and_agrees_is_consistent() {
        assert_eq!(decide(good_farm(&["a", "b"])), Verdict::Consistent);
    }

    #[test]
    fn key_files_that_no_bundle_reads_leave_it_open() {
        let stopped = |bundle: &mut Bundle| bundle.state = Some(BundleState::Installed);
        let farm = good_farm(&["a"]).with("b", |i| i.change("bundle2", stopped));
        assert!(matches!(decide(farm), Verdict::Undecided(_)));
        let farm = good_farm(&["a"]).with("b", |i| i.change("bundle1", stopped));
        assert_eq!(decide(farm), Verdict::Consistent);
    }

    #[test]
    fn error_makes_it_inconsistent() {
        assert_eq!(
            decide(good_farm(&["a"]).with("b", |i| i.hmac(&[1; 32]))),
            Verdict::Inconsistent
        );
    }

    #[test]
    fn instance_that_may_lie_in_a_cut_source_leaves_it_open() {
        let mut farm = good_farm(&["a", "b"]).build();
        let maybe_in = ["c.tar.gz".to_owned()].into();
        farm.expected.missing.push(Missing {
            name: "c".to_owned(),
            source: "c".to_owned(),
            like: Vec::new(),
            maybe_in,
        });
        assert_eq!(
            {
                let found = find(&mut farm);
                verdict(&farm, &found).reasons()[0].to_string()
            },
            "c, which the policy names, was not found; it may be in c.tar.gz, which was not read in full"
        );
    }

    #[test]
    fn lone_instance_proves_nothing() {
        assert_eq!(decide(good_farm(&["a"])), Verdict::Undecided(vec![Doubt::NoPeers]));
    }

    #[test]
    fn instance_that_came_twice_is_still_alone() {
        let farm = farm().with("a", came_from("a.tgz")).with("a#1", came_from("x/a.tgz"));
        assert_eq!(decide(farm), Verdict::Undecided(vec![Doubt::NoPeers]));
    }

    fn came_from(source: &'static str) -> impl Fn(Instance) -> Instance {
        move |mut i| {
            i.snapshot.source = source.to_owned();
            i.sling_id("0f8fad5b-d9cb-469f-a165-70867728950e").started_at(5)
        }
    }

    #[test]
    fn copy_under_the_name_of_another_instance_leaves_it_open() {
        let farm = || good_farm(&["a"]).with("p1", came_from("p1.tgz"));
        let verdict = decide(farm().with("p2", came_from("p2.tgz")));
        assert_eq!(verdict.reasons()[0].to_string(), "p2 is a copy of p1: ask for the real p2");
        assert_eq!(decide(farm().with("p1.tar", came_from("p1.tar"))), Verdict::Consistent);
    }

    #[test]
    fn keys_that_may_be_elsewhere_leave_it_open() {
        let without = |mut i: Instance| {
            i.snapshot.parts.properties = false;
            i
        };
        let verdict = decide(good_farm(&["a"]).with("b", without));
        assert!(
            verdict.reasons()[0].to_string().starts_with("conf/sling.properties"),
            "{verdict:?}"
        );
    }

    #[test]
    fn keys_that_a_log_shows_elsewhere_leave_it_open() {
        let line = "Setting 'com.adobe.granite.crypto.keys.path' to '/k' from command line.\n";
        let verdict = decide(good_farm(&["a"]).with("b", |i| i.log("stderr.log", line)));
        assert_eq!(
            verdict.reasons()[0].to_string(),
            "a log shows that some start moved the keys of b"
        );
    }

    #[test]
    fn snapshots_that_cannot_be_told_apart_prove_nothing() {
        let nameless = |mut i: Instance| {
            i.snapshot.sling_id = None;
            i
        };
        let verdict = decide(farm().with("a", nameless).with("b", nameless).with("c", |i| i));
        assert_eq!(
            verdict.reasons()[0].to_string(),
            "the snapshots do not show whether these are different instances: a, b, c; sling.id.file would"
        );
    }

    #[test]
    fn any_gap_that_could_hide_a_fact_leaves_it_open() {
        let cut = good_farm(&["a"]).with("b", |i| i.gap(GapKind::Partial, None));
        assert_eq!(decide(cut).label(), "undecided");
        let note =
            good_farm(&["a"]).with("b", |i| i.gap(GapKind::Duplicate, Some("bundle2/data/hmac")));
        assert_eq!(decide(note), Verdict::Consistent);
    }

    #[test]
    fn keys_in_the_jcr_leave_it_open() {
        let jcr =
            |i: Instance| i.storage(b"JCR").without_key(KeyName::Hmac).without_key(KeyName::Master);
        assert_eq!(
            decide(farm().with("a", jcr).with("b", jcr)).reasons()[0].to_string(),
            "the hmac of a is in the JCR, which was not read"
        );
    }

    #[test]
    fn equal_keys_in_the_jcr_are_consistent() {
        let (hmac, master) = jcr_keys();
        let jcr = |i: Instance| i.jcr_mode(&hmac, &master);
        assert_eq!(decide(farm().with("a", jcr).with("b", jcr)), Verdict::Consistent);
    }

    #[test]
    fn older_revision_of_the_repository_leaves_it_open() {
        let (hmac, master) = jcr_keys();
        let jcr = |i: Instance| i.jcr_mode(&hmac, &master);
        let farm = farm().with("a", jcr).with("b", |i| jcr(i).revisions_behind(1));
        assert_eq!(
            decide(farm).reasons()[0].to_string(),
            "the hmac of b may be another than was read: its repository was read as of the revision of 1970-01-01 00:00:00 UTC; newer revisions cannot be read"
        );
    }

    #[test]
    fn other_keys_of_an_older_revision_accuse_nobody() {
        let (hmac, master) = jcr_keys();
        let with = |change: fn(Instance) -> Instance| {
            let same = |i: Instance| i.jcr_mode(&hmac, &master);
            let other = |i: Instance| change(i.jcr_mode(&master, &hmac));
            decide(farm().with("a", same).with("b", same).with("c", other))
        };
        assert_eq!(with(|i| i), Verdict::Inconsistent);
        assert!(matches!(with(|i| i.revisions_behind(51)), Verdict::Undecided(_)));
    }

    #[test]
    fn older_revision_does_not_matter_where_the_keys_are_files() {
        let jcr = |i: Instance| i.jcr(&[]).revisions_behind(1);
        assert_eq!(decide(good_farm(&["a"]).with("b", jcr)), Verdict::Consistent);
    }

    #[test]
    fn repository_that_could_not_be_read_says_why() {
        let first = |change: fn(Instance) -> Instance| {
            let verdict = decide(good_farm(&[]).with("b", |i| change(i.jcr_mode(b"", b""))));
            verdict.reasons()[1].to_string()
        };
        assert_eq!(
            first(|i| i.jcr_unreadable("segment 1 is missing")),
            "the hmac of b could not be read: segment 1 is missing"
        );
        assert_eq!(
            first(|i| i.repository(JcrKeys::NotRead("it is in MongoDB".to_owned()))),
            "the hmac of b is in the JCR, which was not read: it is in MongoDB"
        );
        assert_eq!(
            first(|i| i.jcr(&[]).revisions_behind(1)),
            "the hmac of b could not be read: its repository was read as of the revision of 1970-01-01 00:00:00 UTC; newer revisions cannot be read"
        );
    }

    #[test]
    fn keys_in_a_database_leave_it_open_and_the_reason_names_it() {
        let first = |leftover| {
            let jcr = |i: Instance| i.jcr_mode(b"", b"").node_store(NodeStoreKind::Mongo, leftover);
            let without = |mut i: Instance| {
                i.snapshot.repository = None;
                i
            };
            decide(good_farm(&[]).with("b", |i| without(jcr(i)))).reasons()[1].to_string()
        };
        let reason = "the hmac of b is in the JCR, which was not read: its repository is in MongoDB, which is not in the snapshot";
        assert_eq!(first(false), reason);
        let leftover =
            "; the segment store beside it may be left over from a migration and was not read";
        assert_eq!(first(true), format!("{reason}{leftover}"));
    }

    fn jcr_keys() -> (Vec<u8>, Vec<u8>) {
        ((0xC0..0xE0).collect(), (0xA0..0xB0).collect())
    }

    #[test]
    fn damaged_source_neither_accuses_nor_acquits() {
        let damaged = good_farm(&["a", "b"])
            .with("c", |i| i.hmac(&[1; 32]).gap(GapKind::CorruptStream, None));
        assert_eq!(decide(damaged).label(), "undecided");
    }
}
