//! The repair of differing keys: one instance as the source, the same in every finding that asks for it.

use super::Step;
use super::leave_jcr::leave_the_jcr;
use super::steps::{self, OVERWRITE_WARNING, quoted};
use crate::facts::{CRYPTO, CRYPTO_FILE, JcrKey, KeyName, StorageMode};
use crate::farm::{
    Farm, Flaw, KeyState, Member, OwnKeys, has_keys_in_jcr, is_open, listed, names_of, sound_pair,
};
use crate::repair::{Choice, Need, choose, own_pairs, repaired};
use std::collections::BTreeSet;

/// How keys that differ are made equal: what a program needs to say it, with paths as words of a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRepair {
    /// The keys of one instance are copied to others.
    Copy(Box<KeyCopy>),
    /// Nothing tells yet whose keys are right, or the right ones are to be mended first.
    FindOut(Vec<Step>),
    /// The instances that are to have the same keys have them.
    Nothing(Vec<Step>),
}

/// Whose keys are copied to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCopy {
    /// The instance whose keys are right.
    pub source: String,
    /// Why they are.
    pub reason: String,
    /// What to do before they go anywhere.
    pub first: Vec<Step>,
    /// Its files hmac and master; `None` where they are to be saved from `/etc/key`.
    pub files: Option<[String; 2]>,
    /// The md5 sums of both.
    pub sums: Option<[String; 2]>,
    /// Who gets them.
    pub targets: Vec<KeyTarget>,
    /// Who does not, since the policy accepts the keys that they have.
    pub left_out: Vec<String>,
    /// How to get the keys out of the repository, where there are no files.
    download: Option<Step>,
}

/// An instance that gets the keys of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTarget {
    /// Its name.
    pub name: String,
    /// The directory for both files, with a slash at its end.
    pub directory: String,
    /// The commands that make the directories of its files where they are not there: none where a number is not known.
    pub make: [Option<String>; 2],
    /// What the files will be.
    pub files: [String; 2],
    /// The file to write `Bundle` into, unless it says just that, and the directory it is in.
    pub storage: Option<[String; 2]>,
    /// Whether its `storage` is known to say `Bundle`, or will.
    pub is_storage_known: bool,
    /// Whether it kept its keys in the JCR so far.
    pub in_jcr: bool,
    /// What other findings want done before it is stopped.
    pub first: Vec<Step>,
    /// What is to be saved of it while it runs: its own keys, where they lie in the JCR.
    pub save: Option<String>,
    /// The command that keeps the files that are replaced.
    pub keep: String,
    /// Ids of the bundles whose directories these are, with their names.
    pub bundles: Vec<(u64, &'static str)>,
    /// Its IMS configurations, whose secrets are to be entered again.
    pub ims: Vec<String>,
    /// What other findings want done while it is stopped.
    pub also: Vec<Step>,
}

/// Returns the steps that give every instance the keys of one of them.
///
/// The files belong together, so both are always copied from one source. Where nothing tells which instance is right, the
/// steps say how to find out.
pub(super) fn copy_keys(farm: &Farm) -> Vec<Step> {
    key_repair(farm).steps()
}

/// Wants the instances of a farm to have the same keys.
pub(super) fn farm_keys(farm: &Farm) -> impl Iterator<Item = Need> {
    farm.members.iter().map(|member| Need::FarmKeys(member.name.clone()))
}

/// Returns the steps that give an instance keys where it has none: those of the farm, or its own where they are in its repository.
pub(super) fn bring_keys(repair: &KeyRepair, member: &Member) -> Vec<Step> {
    let is_left = OwnKeys::of(member).flaws().contains(&Flaw::InJcr);
    if is_left && !repair.replaces(&[member]) {
        return leave_the_jcr(member, Vec::new());
    }
    repair.steps_to(member)
}

/// Says how the keys of a farm are made equal.
pub(super) fn key_repair(farm: &Farm) -> KeyRepair {
    let (source, reason, first) = match choose(farm) {
        Choice::Take { source, reason, first } => (source, reason, first),
        Choice::Settle(steps) => {
            return KeyRepair::FindOut(settle(steps.into_iter().map(Step::from).collect()));
        }
        Choice::Open(why) => return KeyRepair::FindOut(find_out(farm, why)),
    };
    let of = |member| KeyTarget::of(member, source);
    let targets: Vec<KeyTarget> = targets(farm, source).into_iter().map(of).collect();
    let left_out = left_out(farm);
    if targets.is_empty() && !left_out.is_empty() {
        let nothing =
            "Nothing is to be copied: the other instances have the keys that they are to have.";
        return KeyRepair::Nothing(
            [Step::from(nothing)].into_iter().chain(leave(&left_out)).collect(),
        );
    }
    let in_jcr = has_keys_in_jcr(source);
    let [hmac, master] = KeyName::ALL.map(|name| source.key_in_file(name));
    let files = hmac
        .zip(master)
        .map(|((_, hmac), (_, master))| [hmac, master].map(|file| quoted(&file.place.path)));
    KeyRepair::Copy(Box::new(KeyCopy {
        source: source.name.clone(),
        reason,
        first: first.into_iter().map(Step::from).collect(),
        files,
        sums: sums(source),
        targets,
        left_out,
        download: in_jcr.then(|| steps::download_keys(source).into()),
    }))
}

impl KeyRepair {
    /// Returns it as steps, the same in every finding that asks for it.
    pub(super) fn steps(&self) -> Vec<Step> {
        match self {
            Self::Copy(copy) => copy.steps_for(|_| true),
            Self::FindOut(steps) | Self::Nothing(steps) => {
                steps.iter().cloned().map(Step::of_key_repair).collect()
            }
        }
    }

    /// Returns what it does to one instance, as steps; all of it where it does not tell instances apart.
    pub(super) fn steps_to(&self, member: &Member) -> Vec<Step> {
        match self {
            Self::Copy(copy) if self.replaces(&[member]) => {
                copy.steps_for(|name| name == member.name)
            }
            _ => self.steps(),
        }
    }

    /// Returns `true` if one of these instances gets the keys of another one.
    pub(super) fn replaces(&self, members: &[&Member]) -> bool {
        let Self::Copy(copy) = self else { return false };
        members.iter().any(|member| copy.position(&member.name).is_some())
    }
}

impl KeyCopy {
    /// Returns the index of a target. They are sorted by name, as the instances of a farm are.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.targets.binary_search_by(|target| target.name.as_str().cmp(name)).ok()
    }

    /// Returns it as steps, for the instances that are wanted: what is saved first, then one instance after the other.
    pub(super) fn steps_for(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<Step> {
        let targets: Vec<&KeyTarget> =
            self.targets.iter().filter(|target| is_wanted(&target.name)).collect();
        let mut steps: Vec<Step> =
            vec![format!("Take {} as the source: {}.", self.source, self.reason).into()];
        steps.extend(self.first.clone());
        steps.extend(targets.iter().flat_map(|target| &target.first).cloned());
        steps.push(OVERWRITE_WARNING.into());
        steps.extend(leave(&self.left_out));
        steps.extend(self.download.clone());
        steps.extend(targets.iter().filter_map(|target| target.save.as_deref()).map(Step::from));
        steps.extend(targets.iter().flat_map(|target| self.copy(target)));
        let switched = targets.iter().filter(|target| target.in_jcr);
        steps.extend(switched.map(|target| Step::from(target.delete_properties())));
        steps.push(steps::remove_all_kept());
        steps.into_iter().map(Step::of_key_repair).collect()
    }

    fn copy(&self, target: &KeyTarget) -> Vec<Step> {
        let files = match &self.files {
            Some([hmac, master]) => format!("Bring both files {hmac} and {master}"),
            None => "Bring the saved files hmac and master".to_owned(),
        };
        let KeyTarget { name, directory, files: [hmac, master], .. } = target;
        let lead =
            format!("{files} of {} to {name}, in binary mode, and put them in place", self.source);
        let put = format!("cp hmac master {directory} && chmod 600 {hmac} {master}");
        let put = steps::after_making(directory, &put);
        let right = match &self.sums {
            Some([hmac, master]) => {
                format!("It must print {hmac} for hmac and {master} for master")
            }
            None => format!("It must print what it prints on {}", self.source),
        };
        let keep = Step::command(steps::KEEP, &target.keep);
        let compare = Step::command(&right, &format!("md5sum {hmac} {master}"));
        let mut steps = vec![Step::stop(name), keep, Step::command(&lead, &put), compare];
        // In JCR mode the files have no effect before `storage` says so.
        if let Some([directory, storage]) = &target.storage {
            steps.extend(steps::make_directory(directory));
            steps.extend(steps::switch(name, storage));
        }
        steps.extend(target.also.iter().cloned());
        steps.push(Step::start(name));
        steps
    }
}

impl KeyTarget {
    fn of(member: &Member, source: &Member) -> Self {
        let snapshot = &member.snapshot;
        let directory = steps::data_directory(snapshot, CRYPTO_FILE);
        let of_storage = steps::data_directory(snapshot, CRYPTO);
        let storage = quoted(&format!("{of_storage}/storage"));
        let files = KeyName::ALL.map(|name| quoted(&format!("{directory}/{name}")));
        let in_jcr = member.is_in_jcr_mode();
        let is_there = snapshot.storage_in_place().next().is_some();
        let says_bundle = member.storage().is_some_and(|file| {
            file.storage.is_exact() && file.storage.mode == StorageMode::Bundle
        });
        let to_write = !says_bundle && (is_there || member.is_storage_absent());
        let replaced = files.iter().chain((to_write && is_there).then_some(&storage));
        let replaced: Vec<&str> = replaced.map(String::as_str).collect();
        let keep = steps::copy_aside("keys", &member.name, &replaced);
        let may_hold = match &snapshot.repository {
            Some(read) if read.keys.reason().is_none() && !read.is_outdated() => {
                // Those that it gets are there already, as where a package of /etc/key was installed: nothing of its own is lost.
                let is_right = |key: &JcrKey| {
                    let right = source.known_key(key.name);
                    right.is_some_and(|right| right.value == key.digest.whole)
                };
                !read.keys().iter().all(is_right)
            }
            _ => in_jcr,
        };
        let bundles = [CRYPTO, CRYPTO_FILE].into_iter().flat_map(|name| {
            snapshot.bundles_named(name).filter_map(move |bundle| Some((bundle.id?, name)))
        });
        Self {
            name: member.name.clone(),
            files,
            save: may_hold.then(|| steps::keep_properties(&member.name)),
            keep,
            make: [&directory, &of_storage].map(|d| steps::make(&quoted(&format!("{d}/")))),
            directory: quoted(&format!("{directory}/")),
            first: Vec::new(),
            storage: to_write.then(|| [quoted(&format!("{of_storage}/")), storage]),
            is_storage_known: says_bundle || to_write,
            in_jcr,
            bundles: bundles.collect::<BTreeSet<_>>().into_iter().collect(),
            ims: snapshot.ims_configurations().map(|ims| ims.pid.clone()).collect(),
            also: Vec::new(),
        }
    }

    /// Says to delete the keys that are left in the repository.
    pub fn delete_properties(&self) -> String {
        steps::delete_properties(&self.name)
    }
}

/// Returns the instances of which at least one key is known to be another one, faulty or absent. Where nothing tells where the keys are,
/// none is known to be.
fn targets<'a>(farm: &'a Farm, source: &Member) -> Vec<&'a Member> {
    let right = sound_pair(source);
    let is_wrong = |member: &Member, name: KeyName| match member.key(name) {
        KeyState::Known(key) => {
            let theirs = source.known_key(name).map(|theirs| theirs.value);
            key.is_flawed() || Some(key.value) != theirs
        }
        KeyState::Absent | KeyState::Ambiguous => true,
        _ => false,
    };
    let others = repaired(farm).filter(|member| sound_pair(member) != right && !is_open(member));
    others.filter(|member| KeyName::ALL.into_iter().any(|name| is_wrong(member, name))).collect()
}

fn left_out(farm: &Farm) -> Vec<String> {
    let is_accepted = |member: &&Member| farm.expected.accepts(&member.name);
    farm.members.iter().filter(is_accepted).map(|member| member.name.clone()).collect()
}

/// Says whose keys stay as they are.
fn leave(left_out: &[String]) -> Option<Step> {
    let names = listed(left_out);
    (!left_out.is_empty())
        .then(|| format!("Leave the keys of {names} as they are: the policy accepts them.").into())
}

fn sums(source: &Member) -> Option<[String; 2]> {
    let sum = |name| source.known_key(name).map(|key| key.value.md5.to_string());
    let [hmac, master] = KeyName::ALL.map(sum);
    Some([hmac?, master?])
}

/// Has the rest told by another scan.
fn settle(steps: Vec<Step>) -> Vec<Step> {
    let again = "Then take new snapshots and scan again: it tells what is to be copied.";
    steps.into_iter().chain([again.into()]).collect()
}

fn find_out(farm: &Farm, choice: String) -> Vec<Step> {
    let pairs = own_pairs(farm);
    let jcr: Vec<&Member> =
        pairs.iter().flatten().filter(|member| has_keys_in_jcr(member)).copied().collect();
    let download = (!jcr.is_empty()).then(|| {
        format!(
            "There is no file to copy from {}: there, save the binary properties hmac and master of /etc/key (CRXDE Lite).",
            names_of(&jcr)
        )
    });
    let ignoring: Vec<&Member> = repaired(farm).filter(|m| m.is_in_jcr_mode()).collect();
    let switch = (!ignoring.is_empty()).then(|| {
        format!(
            "In JCR mode, files have no effect until storage says Bundle, 6 bytes without a newline. So it is on {}.",
            names_of(&ignoring)
        )
    });
    let policy = "Once it is known whose are, write the md5 sums of that pair as hmac and master of the farm into a policy (README: Policy and \
        baseline), and scan again with --policy: the repair then has the commands for each instance, with its paths. In short:";
    let mut steps: Vec<Step> = vec![choice.into()];
    if farm.expected.keys.is_empty() {
        steps.push(policy.into());
    }
    steps.push(OVERWRITE_WARNING.into());
    steps.extend(download.map(Step::from));
    steps.push(
        "Copy hmac and master, both, from that instance to the others, in binary mode, while those are stopped; first keep the ones that \
         they have."
            .into(),
    );
    steps.extend(switch.map(Step::from));
    let left_out = left_out(farm);
    let others = if left_out.is_empty() { "all instances" } else { "all other instances" };
    steps.extend(leave(&left_out));
    steps.push(format!("Compare the md5 sums of both files on {others}.").into());
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FarmBuilder, farm, good_farm};

    fn steps(farm: FarmBuilder) -> String {
        copy_keys(&farm.build()).join("\n")
    }

    #[test]
    fn author_is_the_source_even_against_a_majority() {
        let publish = |i: crate::testing::Instance| i.role("publish").hmac(&[200; 32]);
        let odd_author =
            farm().with("author", |i| i.role("author")).with("p1", publish).with("p2", publish);
        let text = steps(odd_author);
        // One repeated byte is no sound key, so the publishers are targets and not candidates.
        assert!(text.starts_with("Take author as the source"), "{text}");
        assert!(
            text.contains("Stop p1.") && text.contains("Stop p2.") && !text.contains("Stop author"),
            "{text}"
        );
    }

    #[test]
    fn without_an_author_the_majority_is_the_source() {
        let other: Vec<u8> = (100..132).collect();
        let text = steps(good_farm(&["p1", "p2"]).with("p3", |i| i.hmac(&other)));
        assert!(text.starts_with("Take p1 as the source: most of the farm has its keys"), "{text}");
        assert!(text.contains("Stop p3.") && !text.contains("Stop p2."), "{text}");
    }

    #[test]
    fn without_either_it_says_how_to_find_out() {
        let other: Vec<u8> = (100..132).collect();
        let text = steps(good_farm(&["p1"]).with("p2", |i| i.hmac(&other)));
        assert!(text.starts_with("Nothing here tells whose keys are right: p1 | p2."), "{text}");
    }

    #[test]
    fn faulty_file_is_never_the_source() {
        let key: Vec<u8> = (100..132).collect();
        let newline = [&key[..], b"\n"].concat();
        let text = steps(
            farm().with("a", |i| i.role("author").hmac(&newline)).with("b", |i| i.hmac(&key)),
        );
        assert!(text.starts_with("Take b as the source: it has the keys of a without"), "{text}");
        assert!(text.contains("Stop a.") && !text.contains("Stop b."), "{text}");
    }

    #[test]
    fn author_that_lost_its_keys_gets_those_of_the_others_after_a_search() {
        let lost = |i: crate::testing::Instance| {
            i.role("author").without_key(KeyName::Hmac).without_key(KeyName::Master)
        };
        let text = steps(good_farm(&["p1", "p2"]).with("author", lost));
        let parts = ["Take p1 as the source", "First search the backups of author", "Stop author."];
        let places: Vec<_> = parts.iter().map(|part| text.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
    }

    #[test]
    fn faulty_key_is_replaced_though_the_other_one_was_not_read() {
        let missing = |i: crate::testing::Instance| {
            let path = Some("bundle2/data/master");
            i.hmac(b"").without_key(KeyName::Master).gap(crate::facts::GapKind::Unreadable, path)
        };
        let text = steps(good_farm(&["p1", "p2"]).with("p3", missing));
        assert!(text.contains("Stop p3."), "{text}");
    }

    #[test]
    fn keys_in_the_jcr_of_an_author_are_saved_before_they_are_copied() {
        let key: Vec<u8> = (0xC0..0xE0).collect();
        let author = |i: crate::testing::Instance| i.role("author").jcr_mode(&key, &key[..16]);
        let text = steps(good_farm(&["p1", "p2"]).with("author", author));
        assert!(text.contains("On author, which keeps its keys in the JCR, save"), "{text}");
        assert!(text.contains("Bring the saved files hmac and master of author to p1"), "{text}");
        assert!(!text.contains("Bundle >"), "{text}");
    }

    #[test]
    fn keys_of_the_source_in_the_jcr_of_a_target_are_not_its_own() {
        let (key, other): (Vec<u8>, Vec<u8>) = ((100..132).collect(), (1..33).collect());
        let author = |i: crate::testing::Instance| i.role("author").hmac(&key);
        let target = |jcr: &[u8]| {
            let jcr = jcr.to_vec();
            move |i: crate::testing::Instance| i.jcr(&[(KeyName::Hmac, &jcr)])
        };
        let of = |jcr: &[u8]| steps(farm().with("author", author).with("p", target(jcr)));
        assert!(of(&other).contains("download its own hmac"), "{}", of(&other));
        assert!(!of(&key).contains("download its own hmac"), "{}", of(&key));
    }

    #[test]
    fn instance_with_files_is_the_source_rather_than_one_with_the_same_keys_in_the_jcr() {
        let key: Vec<u8> = (0xC0..0xE0).collect();
        let jcr = |i: crate::testing::Instance| i.jcr_mode(&key, &key[..16]);
        let files = |i: crate::testing::Instance| i.hmac(&key).master(&key[..16]);
        let text = steps(good_farm(&["p3"]).with("p1", jcr).with("p2", files));
        assert!(text.starts_with("Take p2 as the source"), "{text}");
        assert!(text.contains("Stop p3.") && !text.contains("Stop p1."), "{text}");
    }

    #[test]
    fn where_nothing_tells_keys_in_the_jcr_are_named() {
        let key: Vec<u8> = (0xC0..0xE0).collect();
        let text = steps(good_farm(&["p1"]).with("p2", |i| i.jcr_mode(&key, &key[..16])));
        assert!(text.contains("There is no file to copy from p2"), "{text}");
        assert!(text.contains("So it is on p2."), "{text}");
    }

    #[test]
    fn keys_in_a_jcr_that_was_not_read_are_no_target() {
        let text = steps(good_farm(&["p1", "p2"]).with("p3", |i| i.storage(b"JCR")));
        assert!(!text.contains("Stop p3."), "{text}");
        assert!(text.contains("First find out which keys p3 has"), "{text}");
    }
}
