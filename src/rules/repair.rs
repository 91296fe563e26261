//! The repair of differing keys: one instance as the source, the same for every rule.

use super::Step;
use super::groups::{Groups, names};
use super::steps::{self, OVERWRITE_WARNING, print_word, quoted};
use crate::facts::{CRYPTO, CRYPTO_FILE, Digest, KeyName, Role};
use crate::farm::{EffectiveKey, Farm, KeyState, Member};

/// Returns the steps that give every instance the keys of one of them.
///
/// The files belong together, so both are always copied from one source. Where nothing tells which instance is right, the
/// steps say how to find out.
pub(super) fn copy_keys(farm: &Farm) -> Vec<Step> {
    let Some((source, reason)) = source(farm) else { return find_out(farm) };
    let mut steps: Vec<Step> = vec![
        format!("Take {} as the source: {reason}.", source.name).into(),
        OVERWRITE_WARNING.into(),
    ];
    if has_keys_in_jcr(source) {
        steps.push(steps::download_keys(source).into());
    }
    let targets = targets(farm, source);
    for target in &targets {
        steps.extend(copy(source, target));
    }
    steps.extend(compare_sums(source).map(Step::from));
    steps.extend(targets.iter().filter(|target| target.is_in_jcr_mode()).map(|target| {
        format!(
            "When logins and secrets work on {}, delete the properties hmac and master of /etc/key, and restart once more.",
            target.name
        )
        .into()
    }));
    steps
}

/// Chooses the instance to copy from: an author, since authors hold the data that was encrypted; without one, an
/// instance of the majority, one with files if there is one. Only a pair of sound keys will do.
fn source(farm: &Farm) -> Option<(&Member, &'static str)> {
    let pairs = Groups::by(farm, sound_pair);
    let is_author = |m: &&Member| m.snapshot.role() == Some(Role::Author);
    let mut authors = pairs.iter().filter_map(|group| {
        let mut authors = group.iter().copied().filter(is_author);
        let first = authors.next()?;
        let in_files = std::iter::once(first).chain(authors).find(|m| !has_keys_in_jcr(m));
        Some(in_files.unwrap_or(first))
    });
    match (authors.next(), authors.next()) {
        (Some(author), None) => {
            Some((author, "it is an author, and authors hold the data that was encrypted"))
        }
        (Some(_), Some(_)) => None,
        // An author whose own files are faulty still holds what was encrypted with its keys.
        (None, _) if farm.members.iter().any(|member| is_author(&member)) => None,
        (None, _) => {
            let majority = pairs.majority()?;
            let in_files = majority.iter().find(|member| !has_keys_in_jcr(member));
            in_files.or(majority.first()).map(|first| (*first, "most of the farm has its keys"))
        }
    }
}

/// Says whether there are no files to copy, for the keys lie in the repository.
fn has_keys_in_jcr(member: &Member) -> bool {
    KeyName::ALL.iter().filter_map(|name| member.known_key(*name)).any(EffectiveKey::is_in_jcr)
}

/// Returns both keys, where both are as they should be.
fn sound_pair(member: &Member) -> Option<[Digest; 2]> {
    let sound = |key: &&EffectiveKey| {
        let digest = &key.digest;
        key.stray.is_none() && digest.text.is_none() && !digest.uniform
    };
    let [hmac, master] = KeyName::ALL.map(|name| member.known_key(name).filter(sound));
    let pair = [hmac?.value, master?.value];
    (pair[0] != pair[1]).then_some(pair)
}

/// Returns the instances whose pair is known and another one, or not whole.
fn targets<'a>(farm: &'a Farm, source: &Member) -> Vec<&'a Member> {
    let right = sound_pair(source);
    let is_known = |member: &&Member| {
        KeyName::ALL.into_iter().all(|name| {
            matches!(member.key(name), KeyState::Known(_) | KeyState::Absent | KeyState::Ambiguous)
        })
    };
    farm.members.iter().filter(is_known).filter(|member| sound_pair(member) != right).collect()
}

fn copy(source: &Member, target: &Member) -> Vec<Step> {
    let to = steps::data_directory(&target.snapshot, CRYPTO_FILE);
    let to = quoted(&format!("{to}/"));
    let files = if has_keys_in_jcr(source) {
        "the saved files hmac and master".to_owned()
    } else {
        let from = steps::data_directory(&source.snapshot, CRYPTO_FILE);
        let [hmac, master] = KeyName::ALL.map(|name| quoted(&format!("{from}/{name}")));
        format!("both files {hmac} and {master}")
    };
    let copy =
        format!("Copy {files} of {} into {to} of {}, in binary mode.", source.name, target.name);
    // In JCR mode the files have no effect before `storage` says so.
    let switch = target.is_in_jcr_mode().then(|| {
        let storage =
            quoted(&format!("{}/storage", steps::data_directory(&target.snapshot, CRYPTO)));
        let lead = format!("On {}, make it use the files", target.name);
        Step::command(&lead, &print_word("Bundle", &storage))
    });
    let before = [steps::stop(target), copy].map(Step::from);
    before.into_iter().chain(switch).chain([steps::start(target).into()]).collect()
}

fn compare_sums(source: &Member) -> Option<String> {
    let [hmac, master] = KeyName::ALL.map(|name| source.known_key(name).map(|key| key.value.md5));
    Some(format!(
        "Check with md5sum hmac master: it must print {} for hmac and {} for master everywhere.",
        hmac?, master?
    ))
}

fn find_out(farm: &Farm) -> Vec<Step> {
    let pairs = Groups::by(farm, sound_pair);
    let candidates: Vec<String> = pairs.iter().map(names).collect();
    let choice = if candidates.is_empty() {
        "No instance has a sound pair of keys: restore hmac and master from a backup.".to_owned()
    } else {
        format!(
            "Nothing here tells whose keys are right: {}. Find out which instance holds data that was encrypted \
             (passwords, secrets, key stores), usually an author.",
            candidates.join(" | ")
        )
    };
    let jcr: Vec<&Member> =
        pairs.iter().flatten().filter(|member| has_keys_in_jcr(member)).copied().collect();
    let download = (!jcr.is_empty()).then(|| {
        format!(
            "There is no file to copy from {}: there, save the binary properties hmac and master of /etc/key (CRXDE Lite).",
            names(&jcr)
        )
    });
    let ignoring: Vec<&Member> = farm.members.iter().filter(|m| m.is_in_jcr_mode()).collect();
    let switch = (!ignoring.is_empty()).then(|| {
        let lead = format!(
            "In JCR mode, {} ignores files until its `storage` says otherwise, without a newline",
            names(&ignoring)
        );
        Step::command(&lead, &print_word("Bundle", "storage"))
    });
    let mut steps: Vec<Step> = vec![choice.into(), OVERWRITE_WARNING.into()];
    steps.extend(download.map(Step::from));
    steps.push(
        "Copy hmac and master, both, from that instance to the others, in binary mode, while those are stopped.".into(),
    );
    steps.extend(switch);
    let sums = "Compare the md5 sums of both files on all instances";
    steps.push(Step::command(sums, "md5sum hmac master"));
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
        assert!(text.starts_with("Nothing here tells whose keys are right: b."), "{text}");
    }

    #[test]
    fn keys_in_the_jcr_of_an_author_are_saved_before_they_are_copied() {
        let key: Vec<u8> = (0xC0..0xE0).collect();
        let author = |i: crate::testing::Instance| i.role("author").jcr_mode(&key, &key[..16]);
        let text = steps(good_farm(&["p1", "p2"]).with("author", author));
        assert!(text.contains("On author, which keeps its keys in the JCR, save"), "{text}");
        assert!(text.contains("Copy the saved files hmac and master of author into"), "{text}");
        assert!(!text.contains("make it use the files"), "{text}");
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
        assert!(text.contains("p2 ignores files until"), "{text}");
    }

    #[test]
    fn keys_in_a_jcr_that_was_not_read_are_no_target() {
        let text = steps(good_farm(&["p1", "p2"]).with("p3", |i| i.storage(b"JCR")));
        assert!(!text.contains("p3"), "{text}");
    }
}
