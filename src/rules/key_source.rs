//! Whose keys are right, where those of a farm differ or are faulty.

use super::Step;
use super::groups::{Groups, names};
use super::own_keys::{OwnKeys, has_keys_in_jcr, is_in_doubt, sound_pair};
use crate::facts::{Digest, KeyName, Role};
use crate::farm::{Farm, Member};

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
/// instance of the majority, one with files if there is one. Whose keys are right is told by keys with a flaw too, such as a line end
/// after them; only sound ones are copied.
pub(super) fn choose(farm: &Farm) -> Choice<'_> {
    let pairs = own_pairs(farm);
    if !farm.expected.keys.is_empty() {
        return by_policy(farm, &pairs);
    }
    let mut of_authors = pairs.iter().filter(|group| group.iter().any(|member| is_author(member)));
    let authors: Vec<&Member> = repaired(farm).filter(|member| is_author(member)).collect();
    match (of_authors.next(), of_authors.next()) {
        (Some(group), None) => of_author(group, &pairs),
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: {}, and more than one of these is of an author. Find out whose data that was \
             encrypted (passwords, secrets, key stores) is needed.",
            candidates(pairs.iter())
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
        let pair = group.first().and_then(|member| OwnKeys::of(member).pair());
        pair.is_some_and(|pair| {
            KeyName::ALL.iter().zip(&pair).all(|(name, key)| is_expected(name, key))
        })
    };
    let mut fitting = pairs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(group), None) => {
            let why = "the policy names its keys";
            take(group, "it has the keys that the policy names", Vec::new())
                .unwrap_or_else(|| settle(group, why, pairs))
        }
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: more than one pair fits what the policy names. The pairs: {}.",
            candidates(pairs.iter())
        )),
        (None, _) => Choice::Open(format!(
            "No instance has a pair of the keys that the policy names: find those, or correct the policy. The pairs: {}.",
            candidates(pairs.iter())
        )),
    }
}

/// Why the keys of an author are those to copy.
const AUTHORS_HOLD: &str = "an author holds data that was encrypted";

/// Chooses where all authors of which a pair is known have the same.
fn of_author<'a>(group: &[&'a Member], pairs: &Groups<'a>) -> Choice<'a> {
    let authors: Vec<&Member> = group.iter().copied().filter(|m| is_author(m)).collect();
    let reason = "it is an author, and authors hold the data that was encrypted";
    if let Some(taken) = take(&authors, reason, Vec::new()) {
        return doubted(taken, group);
    }
    let flaw = authors.iter().find_map(|author| OwnKeys::of(author).flaw());
    let how = flaw.map_or("", |flaw| flaw.with());
    let reason = format!("it has the keys of {} {how}", names(&authors));
    match take(group, &reason, Vec::new()) {
        Some(taken) => doubted(taken, group),
        None => settle(&authors, AUTHORS_HOLD, pairs),
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
    let may_be_author = |own: OwnKeys| {
        let is_unknown = |m: &&Member| m.snapshot.role().is_none() && OwnKeys::of(m) == own;
        repaired(farm).filter(is_unknown).collect::<Vec<_>>()
    };
    let [lost, encoded] = [OwnKeys::Lost, OwnKeys::Encoded].map(may_be_author);
    let search = (!lost.is_empty()).then(|| search_backups(&names(&lost)));
    let decode = (!encoded.is_empty()).then(|| decode(&names(&encoded)));
    match take(majority, reason, search.into_iter().chain(decode).collect()) {
        Some(taken) => doubted(taken, majority),
        None => settle(majority, reason, pairs),
    }
}

/// Chooses where no author has a pair of keys that can be read here.
fn in_place_of<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Choice<'a> {
    let having = |own: OwnKeys| {
        let have: Vec<&Member> =
            authors.iter().copied().filter(|author| OwnKeys::of(author) == own).collect();
        (!have.is_empty()).then(|| names(&have))
    };
    if let Some(unknown) = having(OwnKeys::Unknown) {
        return Choice::Open(format!(
            "Settle first which keys {unknown} has: {AUTHORS_HOLD}, and its keys are not known here. The pairs of the others: {}.",
            candidates(pairs.iter())
        ));
    }
    if let Some(encoded) = having(OwnKeys::Encoded) {
        return Choice::Open(format!(
            "Settle key-not-binary on {encoded} first: {AUTHORS_HOLD}, and its own keys are there, if as text. The pairs of the others: {}.",
            candidates(pairs.iter())
        ));
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
            let reason = format!("{who} has no sound pair of keys of its own, and {others}");
            take(group, &reason, vec![search_backups(&who)])
                .map_or_else(|| settle(group, &reason, pairs), |taken| doubted(taken, group))
        }
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: {}. {who}, which as an author holds data that was encrypted, has no sound pair of its own: \
             search its backups for hmac and master; the pair that equals those is right.",
            candidates(pairs.iter())
        )),
    }
}

/// Chooses among instances with the same keys one that has them as they should be. Prefers files: they can be copied.
fn take<'a>(group: &[&'a Member], reason: &str, first: Vec<Step>) -> Option<Choice<'a>> {
    let sound = || group.iter().filter(|member| sound_pair(member).is_some());
    let in_files = sound().find(|member| !has_keys_in_jcr(member));
    let source = in_files.or(sound().next())?;
    Some(Choice::Take { source, reason: reason.to_owned(), first })
}

/// Has it settled first which keys are right on the instance that was chosen, where its repository has others than its files. Others
/// with the keys in its files speak for these.
fn doubted<'a>(choice: Choice<'a>, group: &[&Member]) -> Choice<'a> {
    let Choice::Take { source, reason, mut first } = choice else { return choice };
    if is_in_doubt(source) {
        let who = &source.name;
        if group.iter().all(|member| is_in_doubt(member)) {
            return Choice::Open(format!(
                "Settle jcr-key-mismatch on {who} first: the keys to copy are its own, but its files are others than its /etc/key has, and nothing \
                 here tells which of both have encrypted its data."
            ));
        }
        let settle = format!(
            "Settle jcr-key-mismatch on {who} first: where those of its /etc/key turn out to be the right keys, copy nothing before they are in \
             place and another scan was made."
        );
        first.insert(0, settle.into());
    }
    Choice::Take { source, reason, first }
}

/// Has a flaw mended first, where the keys to copy are nowhere as they should be.
fn settle<'a>(group: &[&Member], why: &str, pairs: &Groups<'a>) -> Choice<'a> {
    let flawed = group.iter().find_map(|member| OwnKeys::of(member).flaw());
    let Some(flaw) = flawed else { return none_is_sound() };
    let is_other = |others: &&[&Member]| {
        let own = |members: &[&Member]| members.first().and_then(|m| OwnKeys::of(m).pair());
        own(others) != own(group)
    };
    Choice::Open(format!(
        "{}: {why}, and {} its keys are sound and the ones to copy, unless what it has encrypted proves otherwise. No instance has them as they \
         should be. The pairs of the others: {}.",
        flaw.settle(&names(group)),
        flaw.without(),
        candidates(pairs.iter().filter(is_other))
    ))
}

fn search_backups(authors: &str) -> Step {
    format!(
        "First search the backups of {authors} for its own hmac and master: only those read what it has encrypted. Where they turn up and are \
         other keys than these, give those to all instances instead. Where they do not, that data stays unreadable on {authors}, and has to be \
         entered again."
    )
    .into()
}

fn decode(who: &str) -> Step {
    format!(
        "First decode a copy of the keys of {who}, which are there as text: where they are other keys than these, copy nothing before it is clear \
         whose data that was encrypted is needed."
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
        candidates(pairs.iter())
    ))
}

/// Lists who shares a pair with whom.
fn candidates<'g, 'a: 'g>(pairs: impl Iterator<Item = &'g [&'a Member]>) -> String {
    let listed: Vec<String> = pairs.map(names).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(" | ") }
}

fn is_author(member: &Member) -> bool {
    member.snapshot.role() == Some(Role::Author)
}

/// Returns the instances that are to have the same keys: all but those whose keys the policy accepts.
pub(super) fn repaired(farm: &Farm) -> impl Iterator<Item = &Member> {
    farm.members.iter().filter(|member| !farm.expected.accepted.contains(&member.name))
}

/// Groups the instances that are to have the same keys by their pairs, with a flaw or without one.
pub(super) fn own_pairs(farm: &Farm) -> Groups<'_> {
    let is_accepted = |member: &Member| farm.expected.accepted.contains(&member.name);
    Groups::by(farm, |m| if is_accepted(m) { None } else { OwnKeys::of(m).pair() })
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

    fn author(i: Instance) -> Instance {
        i.role("author")
    }

    #[test]
    fn where_all_others_agree_they_stand_in_for_an_author_without_usable_keys() {
        let absent = |i| author(i).without_key(KeyName::Hmac).without_key(KeyName::Master);
        let empty = |i| author(i).hmac(b"");
        let short = |i| author(i).master(&key(1)[..15]);
        let text = |i| author(i).hmac(b"not a key, but a note of where to find it");
        let half = |i| author(i).hmac(&key(1)).without_key(KeyName::Master);
        let nothing_in_the_jcr = |i| author(i).storage(b"JCR").jcr(&[]);
        let all: [fn(Instance) -> Instance; 6] =
            [absent, empty, short, text, half, nothing_in_the_jcr];
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
        assert!(text.ends_with("The pairs of the others: p1, p2."), "{text}");
    }

    #[test]
    fn keys_of_an_author_are_its_own_in_a_wrong_place_and_under_wrong_names() {
        let misplaced = |i: Instance| {
            let names = KeyName::ALL.into_iter();
            names
                .zip([&key(1)[..], &key(1)[..16]])
                .fold(author(i), |i, (name, key)| i.without_key(name).key_in("bundle1", name, key))
        };
        let swapped = |i: Instance| author(i).hmac(&key(1)[..16]).master(&key(1));
        let same = |i: Instance| i.hmac(&key(1)).master(&key(1)[..16]);
        let faults: [fn(Instance) -> Instance; 2] = [misplaced, swapped];
        let reasons = ["which lie in the wrong place there", "which are swapped there"];
        let starts = [
            "Settle key-misplaced on author first: ",
            "Exchange hmac and master on author first, ",
        ];
        for (fault, (reason, settle)) in faults.into_iter().zip(reasons.into_iter().zip(starts)) {
            let farm = || good_farm(&["p1", "p2"]).with("author", fault);
            let (source, text) = said(farm().with("p3", same));
            assert_eq!(
                (source.as_str(), text),
                ("p3", format!("it has the keys of author {reason}. "))
            );
            let (source, text) = said(farm());
            assert_eq!(source, "-");
            assert!(text.starts_with(settle) && text.ends_with("the others: p1, p2."), "{text}");
        }
    }

    #[test]
    fn keys_of_an_author_that_are_there_as_text_are_decoded_before_others_are_copied() {
        let text = |i: Instance| i.hmac(b"GAHLXJ3JfFQ0uLuyFhTDbTs1dU5eAOq0Y2Y1h0wG5wE=");
        let (source, told) = said(good_farm(&["p1", "p2"]).with("author", |i| text(author(i))));
        assert_eq!(source, "-");
        assert!(told.starts_with("Settle key-not-binary on author first"), "{told}");
        // Its role is not known, and it may be the author.
        let (source, told) = said(good_farm(&["p1", "p2"]).with("p3", text));
        assert_eq!(source, "p1");
        assert!(told.contains("First decode a copy of the keys of p3"), "{told}");
    }

    #[test]
    fn keys_with_a_flaw_count_among_those_that_may_be_right() {
        let newline = [&key(1)[..], b"\n"].concat();
        let flawed = |i: Instance| i.hmac(&newline);
        let (source, text) = said(good_farm(&["p1"]).with("p2", flawed));
        assert_eq!(source, "-");
        assert!(text.starts_with("Nothing here tells whose keys are right: p1 | p2."), "{text}");
        let (source, text) = said(good_farm(&["p1"]).with("p2", flawed).with("p3", flawed));
        assert_eq!(source, "-");
        assert!(text.starts_with("Settle key-trailing-newline on p2, p3 first"), "{text}");
    }

    #[test]
    fn other_keys_in_the_repository_of_the_source_are_settled_first() {
        let doubted = |i: Instance| author(i).jcr(&[(KeyName::Hmac, &key(60))]);
        let (source, text) =
            said(good_farm(&[]).with("author", doubted).with("p1", |i| i.hmac(&key(1))));
        assert_eq!(source, "-");
        assert!(text.starts_with("Settle jcr-key-mismatch on author first"), "{text}");
        let farm = good_farm(&["p2"]).with("author", doubted).with("p1", |i| i.hmac(&key(1)));
        let (source, text) = said(farm);
        assert_eq!(source, "author");
        assert!(text.contains(". Settle jcr-key-mismatch on author first"), "{text}");
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
