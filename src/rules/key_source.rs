//! Whose keys are right, where those of a farm differ or are faulty.

use super::Step;
use super::groups::{Groups, names};
use crate::facts::{Digest, KeyName, Role};
use crate::farm::{EffectiveKey, Farm, KeyState, Member};

/// What the keys of a farm tell about whose are right.
pub(super) enum Choice<'a> {
    /// Those of this instance.
    Take {
        /// The instance.
        source: &'a Member,
        /// Why they are.
        reason: String,
        /// What to do before they go anywhere.
        first: Vec<Step>,
    },
    /// That cannot be told. One sentence says why, and how to find out.
    Open(String),
}

/// Chooses the instance to copy from: an author, since authors hold the data that was encrypted; without one, an
/// instance of the majority, one with files if there is one. Only a pair of sound keys will do.
pub(super) fn choose(farm: &Farm) -> Choice<'_> {
    let pairs = sound_pairs(farm);
    if !farm.expected.keys.is_empty() {
        return by_policy(farm, &pairs);
    }
    let mut of_authors = pairs.iter().filter(|group| group.iter().any(|member| is_author(member)));
    let authors: Vec<&Member> = repaired(farm).filter(|member| is_author(member)).collect();
    match (of_authors.next(), of_authors.next()) {
        (Some(group), None) => {
            let own: Vec<&Member> = group.iter().copied().filter(|m| is_author(m)).collect();
            take(&own, "it is an author, and authors hold the data that was encrypted", Vec::new())
        }
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: {}, and more than one of these is of an author. Find out whose data that was \
             encrypted (passwords, secrets, key stores) is needed.",
            candidates(&pairs)
        )),
        (None, _) if authors.is_empty() => without_author(farm, &pairs),
        (None, _) => in_place_of(&authors, &pairs),
    }
}

/// Chooses where the policy says which keys are right, whoever has them.
fn by_policy<'a>(farm: &Farm, pairs: &Groups<'a>) -> Choice<'a> {
    let is_expected = |name: &KeyName, key: &Digest| {
        farm.expected.keys.get(name).is_none_or(|expected| expected.is_of(key))
    };
    let fits = |group: &&[&Member]| {
        let pair = group.first().and_then(|member| sound_pair(member));
        pair.is_some_and(|pair| {
            KeyName::ALL.iter().zip(&pair).all(|(name, key)| is_expected(name, key))
        })
    };
    let mut fitting = pairs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(group), None) => take(group, "it has the keys that the policy names", Vec::new()),
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: more than one pair fits what the policy names. The sound pairs: {}.",
            candidates(pairs)
        )),
        (None, _) => Choice::Open(format!(
            "No instance has a sound pair of the keys that the policy names: find those, or correct the policy. The sound pairs: {}.",
            candidates(pairs)
        )),
    }
}

/// Chooses among instances of which none is known to be an author.
fn without_author<'a>(farm: &Farm, pairs: &Groups<'a>) -> Choice<'a> {
    let Some(majority) = pairs.majority() else {
        return if pairs.iter().next().is_none() { none_is_sound() } else { any_of(pairs) };
    };
    let is_most = majority.len() > repaired(farm).count().saturating_sub(majority.len());
    let reason = match (is_most, pairs.differ(), majority.len()) {
        (true, ..) => "most of the farm has its keys",
        (_, true, _) => "more instances have its keys than any others",
        (.., 1) => "no other instance has a sound pair of keys",
        _ => "all instances with a sound pair of keys have the same",
    };
    // Run modes are often not in a small snapshot: any of these may be the author.
    let has_none = |member: &&Member| {
        member.snapshot.role().is_none() && is_known(member) && content_pair(member).is_none()
    };
    let lost: Vec<&Member> = repaired(farm).filter(has_none).collect();
    let first = (!lost.is_empty()).then(|| search_backups(&names(&lost)));
    take(majority, reason, first.into_iter().collect())
}

/// Chooses where no author has a sound pair of keys.
fn in_place_of<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Choice<'a> {
    let unknown: Vec<&Member> = authors.iter().copied().filter(|m| !is_known(m)).collect();
    if !unknown.is_empty() {
        return Choice::Open(format!(
            "Settle first which keys {} has: an author holds data that was encrypted, and its keys are not known here. The sound pairs of the \
             others: {}.",
            names(&unknown),
            candidates(pairs)
        ));
    }
    let cut: Vec<&Member> =
        authors.iter().copied().filter(|author| content_pair(author).is_some()).collect();
    if !cut.is_empty() {
        return without_line_end(&cut, pairs);
    }
    let mut groups = pairs.iter();
    let who = names(authors);
    match (groups.next(), groups.next()) {
        (None, _) => none_is_sound(),
        (Some(group), None) => {
            let others = match group {
                [_] => "no other instance has one either, but it",
                _ => "all other instances that have one have the same",
            };
            take(
                group,
                &format!("{who} has no sound pair of keys of its own, and {others}"),
                vec![search_backups(&who)],
            )
        }
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: {}. {who}, which as an author holds data that was encrypted, has no sound pair of its own: \
             search its backups for hmac and master; the pair that equals those is right.",
            candidates(pairs)
        )),
    }
}

/// Chooses where the keys of authors would be sound without the line end after them: they are still theirs.
fn without_line_end<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Choice<'a> {
    let has_theirs = |group: &&[&Member]| {
        let pair = group.first().and_then(|first| sound_pair(first));
        authors.iter().all(|author| content_pair(author) == pair)
    };
    let who = names(authors);
    match pairs.iter().find(has_theirs) {
        Some(group) => {
            let reason =
                format!("it has the keys of {who} without the line end that does not belong there");
            take(group, &reason, Vec::new())
        }
        None => Choice::Open(format!(
            "Settle key-trailing-newline on {who} first: an author holds data that was encrypted, and without the line end its keys are sound and \
             the ones to copy, unless what it has encrypted proves otherwise. No other instance has them. The sound pairs of the others: {}.",
            candidates(pairs)
        )),
    }
}

/// Prefers files: they can be copied.
fn take<'a>(group: &[&'a Member], reason: &str, first: Vec<Step>) -> Choice<'a> {
    let in_files = group.iter().find(|member| !has_keys_in_jcr(member));
    match in_files.or(group.first()) {
        Some(source) => Choice::Take { source, reason: reason.to_owned(), first },
        None => none_is_sound(),
    }
}

fn search_backups(authors: &str) -> Step {
    format!(
        "First search the backups of {authors} for its own hmac and master: only those read what it has encrypted. Where they turn up and are \
         other keys than these, give those to all instances instead. Where they do not, that data stays unreadable on {authors}, and has to be \
         entered again."
    )
    .into()
}

fn none_is_sound<'a>() -> Choice<'a> {
    Choice::Open(
        "No instance has a sound pair of keys: restore hmac and master from a backup.".to_owned(),
    )
}

fn any_of<'a>(pairs: &Groups<'a>) -> Choice<'a> {
    Choice::Open(format!(
        "Nothing here tells whose keys are right: {}. Find out which instance holds data that was encrypted \
         (passwords, secrets, key stores), usually an author.",
        candidates(pairs)
    ))
}

/// Lists who shares a pair with whom.
fn candidates(pairs: &Groups<'_>) -> String {
    let listed: Vec<String> = pairs.iter().map(names).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(" | ") }
}

fn is_author(member: &Member) -> bool {
    member.snapshot.role() == Some(Role::Author)
}

/// Says whether it is known which keys an instance has, if any.
fn is_known(member: &Member) -> bool {
    let known = |name| matches!(member.key(name), KeyState::Known(_) | KeyState::Absent);
    KeyName::ALL.into_iter().all(known)
}

/// Returns the instances that are to have the same keys: all but those whose keys the policy accepts.
pub(super) fn repaired(farm: &Farm) -> impl Iterator<Item = &Member> {
    farm.members.iter().filter(|member| !farm.expected.accepted.contains(&member.name))
}

/// Groups the instances that are to have the same keys by their pairs, where those are sound.
pub(super) fn sound_pairs(farm: &Farm) -> Groups<'_> {
    let is_accepted = |member: &Member| farm.expected.accepted.contains(&member.name);
    Groups::by(farm, |member| if is_accepted(member) { None } else { sound_pair(member) })
}

/// Says whether there are no files to copy, for the keys lie in the repository.
pub(super) fn has_keys_in_jcr(member: &Member) -> bool {
    KeyName::ALL.iter().filter_map(|name| member.known_key(*name)).any(EffectiveKey::is_in_jcr)
}

/// Returns both keys, where both are as they should be.
pub(super) fn sound_pair(member: &Member) -> Option<[Digest; 2]> {
    let is_whole = |name| member.known_key(name).is_some_and(|key| key.stray.is_none());
    content_pair(member).filter(|_| KeyName::ALL.into_iter().all(is_whole))
}

/// Returns both keys, where both are as they should be but for a line end after them.
fn content_pair(member: &Member) -> Option<[Digest; 2]> {
    let sound = |name: KeyName| {
        let key = member.known_key(name)?;
        let is_sound =
            key.digest.text.is_none() && !key.digest.uniform && is_length(name, key.value.bytes);
        is_sound.then_some(key.value)
    };
    let [hmac, master] = KeyName::ALL.map(sound);
    let pair = [hmac?, master?];
    // In no form is master the longer one: such a pair is swapped, as 32 and 48 bytes are.
    let [hmac, master] = &pair;
    (hmac != master && hmac.bytes >= master.bytes).then_some(pair)
}

/// Bytes that every known form of a key is a multiple of.
const BLOCK_BYTES: u64 = 16;

/// Says whether a key may have this length. All known forms are whole blocks; a hmac of one is a master in its place.
fn is_length(name: KeyName, bytes: u64) -> bool {
    let [shortest, _] = name.known_lengths();
    bytes >= shortest && bytes.is_multiple_of(BLOCK_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::JcrKeys;
    use crate::testing::{FarmBuilder, Instance, farm, good_farm};

    #[test]
    fn policy_says_whose_keys_are_right() {
        let other = |i: Instance| i.hmac(&[b"other hmac key 0".as_slice(), &[0x81; 16]].concat());
        let mut built = good_farm(&["publish1"])
            .with("author", |i| i.role("author"))
            .with("publish2", other)
            .build();
        let key = |farm: &Farm, name: &str| {
            let member = farm.members.iter().find(|member| member.name == name);
            member.and_then(|m| m.known_key(KeyName::Hmac)).expect("a key").value.md5.to_string()
        };
        for (pinned, source) in [("publish2", "publish2"), ("publish1", "author"), ("", "-")] {
            let md5 = if pinned.is_empty() { "0".repeat(32) } else { key(&built, pinned) };
            let text = format!(
                "[[farm]]\nname = \"farm\"\nhmac = \"{md5}\"\n[[farm.instance]]\nname = \"author\"\n"
            );
            let policy = crate::policy::parse(&text, &[]).expect("a policy");
            built.expected.keys = policy.farms[0].keys.clone();
            let chosen = match choose(&built) {
                Choice::Take { source, .. } => source.name.clone(),
                Choice::Open(_) => "-".to_owned(),
            };
            assert_eq!(chosen, source, "{pinned}");
        }
    }

    /// Whose keys are taken and what is said of it first; or why nobody's are.
    fn said(farm: FarmBuilder) -> (String, String) {
        match choose(&farm.build()) {
            Choice::Take { source, reason, first } => {
                (source.name.clone(), format!("{reason}. {}", first.join(" ")))
            }
            Choice::Open(why) => ("-".to_owned(), why),
        }
    }

    fn key(first: u8) -> Vec<u8> {
        (first..first.saturating_add(32)).collect()
    }

    /// Of the length of a hmac in the form of older versions.
    fn long() -> Vec<u8> {
        (1..49).collect()
    }

    #[test]
    fn keys_in_the_form_of_older_versions_are_sound_under_their_own_names_alone() {
        let pair = |hmac: &[u8], master: &[u8]| {
            let farm = farm().with("a", |i| i.hmac(hmac).master(master)).build();
            sound_pair(&farm.members[0]).is_some()
        };
        let (short, usual) = (&key(200)[..16], key(160));
        assert!(pair(&long(), &usual) && pair(&usual, &key(200)) && pair(&usual, short));
        assert!(!pair(&usual, &long()) && !pair(short, &usual));
    }

    fn author(i: Instance) -> Instance {
        i.role("author")
    }

    #[test]
    fn where_all_others_agree_they_stand_in_for_an_author_without_usable_keys() {
        let absent = |i| author(i).without_key(KeyName::Hmac).without_key(KeyName::Master);
        let empty = |i| author(i).hmac(b"");
        let short = |i| author(i).master(&key(1)[..15]);
        let swapped = |i| author(i).hmac(&key(1)[..16]).master(&key(60));
        let swapped_long = |i| author(i).hmac(&key(1)).master(&long());
        let text = |i| author(i).hmac(b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=");
        let half = |i| author(i).hmac(&key(1)).without_key(KeyName::Master);
        let nothing_in_the_jcr = |i| author(i).storage(b"JCR").jcr(&[]);
        let all: [fn(Instance) -> Instance; 8] =
            [absent, empty, short, swapped, swapped_long, text, half, nothing_in_the_jcr];
        for (index, fault) in all.into_iter().enumerate() {
            let (source, text) = said(good_farm(&["p1", "p2"]).with("author", fault));
            assert_eq!(source, "p1", "{index}: {text}");
            assert!(text.starts_with("author has no sound pair of keys of its own, and all other"));
            assert!(text.contains("First search the backups of author for its own hmac"), "{text}");
        }
    }

    #[test]
    fn one_other_instance_alone_is_not_called_all() {
        let (source, text) = said(good_farm(&["p1"]).with("author", |i| author(i).hmac(b"")));
        assert_eq!(source, "p1");
        assert!(text.contains("and no other instance has one either, but it."), "{text}");
    }

    #[test]
    fn others_that_differ_are_compared_with_what_a_backup_of_the_author_has() {
        let (source, text) = said(
            good_farm(&["p1", "p2"])
                .with("p3", |i| i.hmac(&key(1)))
                .with("author", |i| author(i).hmac(b"")),
        );
        assert_eq!(source, "-");
        assert!(text.contains("keys are right: p1, p2 | p3. author, which"), "{text}");
        assert!(text.contains("search its backups for hmac and master"), "{text}");
    }

    #[test]
    fn author_whose_keys_are_not_known_may_have_the_right_ones() {
        let unread = |i: Instance| author(i).storage(b"JCR");
        let unreadable =
            |i: Instance| author(i).storage(b"JCR").repository(JcrKeys::Unreadable("cut".into()));
        let external = |i: Instance| author(i).setting("com.adobe.granite.crypto.keys.path", "/k");
        for unknown in [unread, unreadable, external] {
            let (source, text) = said(good_farm(&["p1", "p2"]).with("author", unknown));
            assert_eq!(source, "-");
            assert!(text.starts_with("Settle first which keys author has"), "{text}");
        }
    }

    #[test]
    fn keys_of_an_author_are_its_own_despite_a_line_end() {
        let newline = [&key(1)[..], b"\n"].concat();
        let faulty = |i: Instance| author(i).hmac(&newline);
        let same = good_farm(&["p1", "p2"]).with("author", faulty).with("p3", |i| i.hmac(&key(1)));
        let (source, text) = said(same);
        assert_eq!(source, "p3");
        assert!(text.starts_with("it has the keys of author without the line end"), "{text}");
        let (source, text) = said(good_farm(&["p1", "p2"]).with("author", faulty));
        assert_eq!(source, "-");
        assert!(text.starts_with("Settle key-trailing-newline on author first"), "{text}");
        assert!(text.ends_with("The sound pairs of the others: p1, p2."), "{text}");
    }

    #[test]
    fn sound_author_is_taken_though_another_has_none() {
        let (source, text) = said(
            good_farm(&["p1"])
                .with("a1", |i| author(i).hmac(&key(1)))
                .with("a2", |i| author(i).hmac(b"")),
        );
        assert_eq!(source, "a1");
        assert!(text.starts_with("it is an author"), "{text}");
    }

    #[test]
    fn authors_that_differ_are_told_as_such() {
        let (source, text) =
            said(farm().with("a1", author).with("a2", |i| author(i).hmac(&key(1))));
        assert_eq!(source, "-");
        assert!(text.contains("a1 | a2, and more than one of these is of an author"), "{text}");
    }

    #[test]
    fn majority_is_claimed_only_where_there_is_one() {
        let empty = |i: Instance| i.hmac(b"");
        let lone = good_farm(&["p1"]).with("p2", empty).with("p3", empty);
        let (source, text) = said(lone);
        assert_eq!(source, "p1");
        assert!(text.starts_with("no other instance has a sound pair of keys. "), "{text}");
        assert!(text.contains("First search the backups of p2, p3 for"), "their roles are unknown");
        let more = good_farm(&["p1", "p2"])
            .with("p3", |i| i.hmac(&key(1)))
            .with("p4", empty)
            .with("p5", empty);
        assert!(said(more).1.starts_with("more instances have its keys than any others. "));
        let alike = good_farm(&["p1", "p2"]).with("p3", empty).with("p4", empty);
        let text = said(alike).1;
        assert!(text.starts_with("all instances with a sound pair of keys have the same. "));
        let publish = |i: Instance| i.role("publish").hmac(b"");
        let known = good_farm(&["p1", "p2"]).with("p3", publish).with("p4", publish);
        let text = "all instances with a sound pair of keys have the same. ";
        assert_eq!(said(known).1, text);
    }
}
