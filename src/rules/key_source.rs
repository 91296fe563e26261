//! Whose keys are right, where those of a farm differ or are faulty.

use super::Step;
use super::groups::{Groups, names};
use super::own_keys::{
    OwnKeys, half, has_keys_in_jcr, is_in_doubt, mend, mended, sound_pair, with_flaws,
};
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
    /// That is to be told by another scan, when this was done.
    Settle(Vec<Step>),
    /// That cannot be told. One sentence says why, and how to find out.
    Open(String),
}

/// Chooses the instance to copy from: one with the keys that the policy names, if it names any; an author, since authors hold the data
/// that was encrypted; without one, an instance of the majority, one with files if there is one. Whose keys are right is told by keys
/// with a flaw too, such as a line end after them; only sound ones are copied.
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
        (None, _) => in_place_of(farm, &authors, &pairs),
    }
}

/// Chooses where the policy says which keys are right, whoever has them.
fn by_policy<'a>(farm: &Farm, pairs: &Groups<'a>) -> Choice<'a> {
    let is_expected = |name: &KeyName, key: &Digest| {
        farm.expected.keys.get(name).is_none_or(|expected| expected.is_of(key))
    };
    let fits = |group: &&[&Member]| {
        let pair = pair_of(group);
        pair.is_some_and(|pair| {
            KeyName::ALL.iter().zip(&pair).all(|(name, key)| is_expected(name, key))
        })
    };
    let mut fitting = pairs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(group), None) => {
            let reason = "it has the keys that the policy names";
            take(group, reason, Vec::new())
                .unwrap_or_else(|| settle(group, "the policy names its keys", Vec::new(), pairs))
        }
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right, for more than one pair fits what the policy names: {}. Name both keys in it.",
            candidates(pairs.iter().filter(fits))
        )),
        (None, _) => Choice::Settle(vec![
            format!(
                "No instance is known to have a pair of the keys that the policy names: find those, or correct the policy. The pairs: {}.",
                candidates(pairs.iter())
            )
            .into(),
        ]),
    }
}

/// Why the keys of an author are those to copy.
const AUTHORS_HOLD: &str = "an author holds data that was encrypted";

/// Chooses where all authors of which a pair is known have the same.
fn of_author<'a>(group: &[&'a Member], pairs: &Groups<'a>) -> Choice<'a> {
    let authors: Vec<&Member> = group.iter().copied().filter(|m| is_author(m)).collect();
    let reason = "it is an author, and authors hold the data that was encrypted";
    if let Some(taken) = take(&authors, reason, Vec::new()) {
        return doubted(taken, &authors, group);
    }
    let how = authors.first().map_or("", |author| with_flaws(&OwnKeys::of(author).flaws()));
    let reason = format!("it has the keys of {}{how}", names(&authors));
    match take(group, &reason, Vec::new()) {
        Some(taken) => doubted(taken, &authors, group),
        None => settle(&authors, AUTHORS_HOLD, Vec::new(), pairs),
    }
}

/// Chooses among instances of which none is known to be an author.
fn without_author<'a>(farm: &Farm, pairs: &Groups<'a>) -> Choice<'a> {
    let Some(majority) = pairs.majority() else {
        return if pairs.iter().next().is_none() { none_is_sound(farm) } else { any_of(pairs) };
    };
    let is_most = majority.len() > repaired(farm).count().saturating_sub(majority.len());
    let reason = match (is_most, pairs.differ(), majority.len()) {
        (true, ..) => "most of the farm has its keys",
        (_, true, _) => "more instances have its keys than any others",
        (.., 1) => "no other instance is known to have a pair of keys",
        _ => "all instances that are known to have a pair of keys have the same",
    };
    take_or_settle(majority, reason, may_be_authors(farm), pairs)
}

/// Run modes are often not in a small snapshot: an instance without a role and without keys that could be compared may be the author.
fn may_be_authors(farm: &Farm) -> Vec<Step> {
    let having = |own: OwnKeys| {
        let is_unknown = |m: &&Member| m.snapshot.role().is_none() && OwnKeys::of(m) == own;
        let all: Vec<&Member> = repaired(farm).filter(is_unknown).collect();
        (!all.is_empty()).then(|| names(&all))
    };
    let unknown = having(OwnKeys::Unknown).map(|who| {
        format!(
            "First find out which keys {who} has: they are not known here, nor is whether it is an author. Where they are other keys than these, \
             copy nothing before it is clear whose data that was encrypted is needed."
        )
        .into()
    });
    let encoded = having(OwnKeys::Encoded).map(|who| {
        format!(
            "First decode a copy of the keys of {who}, which are there as text: where they are other keys than these, copy nothing before it is \
             clear whose data that was encrypted is needed."
        )
        .into()
    });
    let lost = having(OwnKeys::Lost).map(|who| search_backups(&who));
    [lost, encoded, unknown].into_iter().flatten().collect()
}

/// Chooses where no author has a pair of keys that can be read here.
fn in_place_of<'a>(farm: &Farm, authors: &[&'a Member], pairs: &Groups<'a>) -> Choice<'a> {
    let having = |own: OwnKeys| {
        let have: Vec<&Member> =
            authors.iter().copied().filter(|author| OwnKeys::of(author) == own).collect();
        (!have.is_empty()).then(|| names(&have))
    };
    let wait = |first: String| {
        let others = candidates(pairs.iter());
        Choice::Settle(vec![format!("{first} The pairs of the others: {others}.").into()])
    };
    if let Some(who) = having(OwnKeys::Unknown) {
        return wait(format!(
            "Settle first which keys {who} has: {AUTHORS_HOLD}, and here they are not known."
        ));
    }
    if let Some(who) = having(OwnKeys::Encoded) {
        return wait(format!(
            "First decode the keys of {who}, which are there as text: {AUTHORS_HOLD}."
        ));
    }
    if let Some(choice) = by_half(authors, pairs) {
        return choice;
    }
    let mut groups = pairs.iter();
    let who = names(authors);
    match (groups.next(), groups.next()) {
        (None, _) => none_is_sound(farm),
        (Some(group), None) => {
            let others = match group {
                [_] => "no other instance is known to have one but it",
                _ => "all other instances that are known to have one have the same",
            };
            let reason = format!("{others}, and {who} lost the keys of its own");
            take_or_settle(group, &reason, vec![search_backups(&who)], pairs)
        }
        (Some(_), Some(_)) => Choice::Open(format!(
            "Nothing here tells whose keys are right: {}. {who}, which as an author holds data that was encrypted, lost its own: search its \
             backups for hmac and master; the pair that equals those is right. Where there are none, that data stays unreadable, and the pair \
             of most instances spares work.",
            candidates(pairs.iter())
        )),
    }
}

/// Chooses by the one key that is left of the pair of an author: both were made together, so it tells which pair it was.
fn by_half<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Option<Choice<'a>> {
    let [author] = authors else { return None };
    let (left, own) = half(author)?;
    let has_it = |group: &&[&Member]| {
        let pair = pair_of(group);
        pair.is_some_and(|pair| KeyName::ALL.into_iter().zip(pair).any(|key| key == (left, own)))
    };
    let mut fitting = pairs.iter().filter(has_it);
    let (Some(group), None) = (fitting.next(), fitting.next()) else { return None };
    let reason =
        format!("it has the {left} that is left of the keys of {}, an author", author.name);
    Some(take_or_settle(group, &reason, Vec::new(), pairs))
}

fn take_or_settle<'a>(
    group: &[&'a Member],
    reason: &str,
    first: Vec<Step>,
    pairs: &Groups<'a>,
) -> Choice<'a> {
    match take(group, reason, first.clone()) {
        Some(taken) => doubted(taken, group, group),
        None => settle(group, reason, first, pairs),
    }
}

/// Chooses among instances with the same keys one that has them as they should be: rather one whose repository has no others, and rather
/// one with files, for those can be copied.
fn take<'a>(group: &[&'a Member], reason: &str, first: Vec<Step>) -> Option<Choice<'a>> {
    let sound = group.iter().copied().filter(|member| sound_pair(member).is_some());
    let source = sound.min_by_key(|member| (is_in_doubt(member), has_keys_in_jcr(member)))?;
    Some(Choice::Take { source, reason: reason.to_owned(), first })
}

/// Has it found out first which keys are right on the instances whose they are, where the repository has others than the files. Others
/// with the keys in the files, and no others in the repository, speak for these.
fn doubted<'a>(choice: Choice<'a>, owners: &[&Member], group: &[&Member]) -> Choice<'a> {
    let Choice::Take { source, reason, mut first } = choice else { return choice };
    let doubtful: Vec<&Member> = owners.iter().copied().filter(|m| is_in_doubt(m)).collect();
    if doubtful.is_empty() || owners.len() > doubtful.len() {
        return Choice::Take { source, reason, first };
    }
    let who = names(&doubtful);
    let find_out = format!(
        "First find out which keys of {who} are the right ones: its /etc/key has others than its files, and nothing here tells which have \
         encrypted its data."
    );
    if group.iter().all(|member| is_in_doubt(member)) {
        return Choice::Settle(vec![find_out.into()]);
    }
    let stop = "Where those of /etc/key are, copy nothing: put them in place, and scan again.";
    first.insert(0, format!("{find_out} {stop}").into());
    Choice::Take { source, reason, first }
}

/// Has a flaw mended first, where the keys to copy are nowhere as they should be.
fn settle<'a>(group: &[&Member], why: &str, first: Vec<Step>, pairs: &Groups<'a>) -> Choice<'a> {
    let Some(member) = group.first() else { return Choice::Settle(first) };
    let flaws = OwnKeys::of(member).flaws();
    let text = format!(
        "{}: {why}, and the keys of {} are sound {} and the ones to copy, unless what it has encrypted proves otherwise. The pairs of the \
         others: {}.",
        mend(member, &flaws),
        member.name,
        mended(&flaws),
        candidates(pairs.iter().filter(|others| pair_of(others) != pair_of(group)))
    );
    Choice::Settle([text.into()].into_iter().chain(first).collect())
}

fn search_backups(authors: &str) -> Step {
    format!(
        "First search the backups of {authors} for its own hmac and master: only those read what it has encrypted. Where they turn up and are \
         other keys than these, give those to all instances instead. Where they do not, that data stays unreadable on {authors}, and has to be \
         entered again."
    )
    .into()
}

/// Says where keys may come from, where no pair is known.
fn none_is_sound<'a>(farm: &Farm) -> Choice<'a> {
    let having = |own: OwnKeys| {
        let all: Vec<&Member> = repaired(farm).filter(|m| OwnKeys::of(m) == own).collect();
        (!all.is_empty()).then(|| names(&all))
    };
    let unknown = having(OwnKeys::Unknown)
        .map(|who| format!("Find out first which keys {who} has; here they are not known."));
    let encoded = having(OwnKeys::Encoded)
        .map(|who| format!("First decode the keys of {who}, which are there as text."));
    let known: Vec<String> = [encoded, unknown].into_iter().flatten().collect();
    let text = if known.is_empty() {
        "No instance has a pair of keys: restore hmac and master from a backup.".to_owned()
    } else {
        format!("No instance is known to have a sound pair of keys. {}", known.join(" "))
    };
    Choice::Settle(vec![text.into()])
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

/// Returns the pair that a group shares.
fn pair_of(group: &[&Member]) -> Option<[Digest; 2]> {
    group.first().and_then(|member| OwnKeys::of(member).pair())
}

fn is_author(member: &Member) -> bool {
    member.snapshot.role() == Some(Role::Author)
}

/// Returns the instances that are to have the same keys: all but those whose keys the policy accepts.
pub(super) fn repaired(farm: &Farm) -> impl Iterator<Item = &Member> {
    farm.members.iter().filter(|member| !farm.expected.accepts(&member.name))
}

/// Groups the instances that are to have the same keys by their pairs, with a flaw or without one.
pub(super) fn own_pairs(farm: &Farm) -> Groups<'_> {
    let own = |member: &Member| OwnKeys::of(member).pair();
    Groups::by(farm, |member| own(member).filter(|_| !farm.expected.accepts(&member.name)))
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
                Choice::Settle(_) | Choice::Open(_) => "-".to_owned(),
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
            Choice::Settle(steps) => ("-".to_owned(), steps.join(" ")),
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
        let empty = |i| author(i).master(&key(100)[..16]).hmac(b"");
        let short = |i| author(i).hmac(&key(100)).master(&key(1)[..15]);
        let text = |i| {
            author(i).master(&key(100)[..16]).hmac(b"not a key, but a note of where to find it")
        };
        let half = |i| author(i).hmac(&key(1)).without_key(KeyName::Master);
        let nothing_in_the_jcr = |i| author(i).storage(b"JCR").jcr(&[]);
        let all: [fn(Instance) -> Instance; 6] =
            [absent, empty, short, text, half, nothing_in_the_jcr];
        for (index, fault) in all.into_iter().enumerate() {
            let (source, text) = said(good_farm(&["p1", "p2"]).with("author", fault));
            assert_eq!(source, "p1", "{index}: {text}");
            assert!(
                text.starts_with(
                    "all other instances that are known to have one have the same, and"
                )
            );
            assert!(text.contains("First search the backups of author for its own hmac"), "{text}");
        }
    }

    #[test]
    fn one_other_instance_alone_is_not_called_all() {
        let (source, text) =
            said(good_farm(&["p1"]).with("author", |i| author(i).hmac(b"").master(b"")));
        assert_eq!(source, "p1");
        assert!(text.starts_with("no other instance is known to have one but it, and"), "{text}");
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
        assert!(text.starts_with("First settle key-trailing-newline on author: "), "{text}");
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
        let reasons = [", which lie in the wrong place there", ", which are swapped there"];
        let starts =
            ["First settle key-misplaced on author: ", "First settle key-degenerate on author: "];
        for (fault, (reason, settle)) in faults.into_iter().zip(reasons.into_iter().zip(starts)) {
            let farm = || good_farm(&["p1", "p2"]).with("author", fault);
            let (source, text) = said(farm().with("p3", same));
            assert_eq!(
                (source.as_str(), text),
                ("p3", format!("it has the keys of author{reason}. "))
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
        assert!(told.starts_with("First decode the keys of author, "), "{told}");
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
        assert!(text.starts_with("First settle key-trailing-newline on p2: "), "{text}");
    }

    #[test]
    fn other_keys_in_the_repository_of_the_source_are_settled_first() {
        let doubted = |i: Instance| author(i).jcr(&[(KeyName::Hmac, &key(60))]);
        let (source, text) =
            said(good_farm(&[]).with("author", doubted).with("p1", |i| i.hmac(&key(1))));
        assert_eq!(source, "-");
        assert!(text.starts_with("First find out which keys of author are the right"), "{text}");
        let farm = good_farm(&["p2"]).with("author", doubted).with("p1", |i| i.hmac(&key(1)));
        let (source, text) = said(farm);
        assert_eq!(source, "author");
        assert!(text.contains(". First find out which keys of author are the right"), "{text}");
        assert!(text.contains("copy nothing: put them in place"), "{text}");
        // So it is where another one has the keys of its files.
        let newline = [&key(1)[..], b"\n"].concat();
        let flawed = |i: Instance| doubted(i).hmac(&newline);
        let farm = good_farm(&["p2"]).with("author", flawed).with("p1", |i| i.hmac(&key(1)));
        let (source, text) = said(farm);
        assert_eq!(source, "p1");
        assert!(text.contains(". First find out which keys of author are the right"), "{text}");
    }

    #[test]
    fn key_that_is_left_of_an_author_tells_its_pair() {
        let lost = |i: Instance| author(i).without_key(KeyName::Hmac).master(&key(7)[..16]);
        let same = |i: Instance| i.hmac(&key(160)).master(&key(7)[..16]);
        let (source, text) = said(good_farm(&["p1", "p2"]).with("author", lost).with("p3", same));
        assert_eq!(source, "p3", "{text}");
        assert!(text.starts_with("it has the master that is left of the keys of author"), "{text}");
        let half = |i: Instance| i.hmac(&key(200)).master(&key(7)[..16]);
        let two = good_farm(&["p1"]).with("author", lost).with("p3", same).with("p4", half);
        assert_eq!(said(two).0, "-", "two pairs have it");
    }

    #[test]
    fn what_is_not_known_is_not_called_none() {
        let blind = |i: Instance| i.storage(b"JCR");
        let text = said(farm().with("p1", blind).with("p2", |i| i.hmac(b""))).1;
        assert!(
            text.ends_with("Find out first which keys p1 has; here they are not known."),
            "{text}"
        );
        let text = said(good_farm(&["p1", "p2"]).with("p3", blind)).1;
        assert!(text.contains("First find out which keys p3 has"), "{text}");
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
        assert!(text.starts_with("no other instance is known to have a pair of keys. "), "{text}");
        assert!(text.contains("First search the backups of p2, p3 for"), "their roles are unknown");
        let more = good_farm(&["p1", "p2"])
            .with("p3", |i| i.hmac(&key(1)))
            .with("p4", empty)
            .with("p5", empty);
        assert!(said(more).1.starts_with("more instances have its keys than any others. "));
        let alike = good_farm(&["p1", "p2"]).with("p3", empty).with("p4", empty);
        let text = said(alike).1;
        assert!(text.starts_with("all instances that are known to have a pair of keys have the"));
        let publish = |i: Instance| i.role("publish").hmac(b"");
        let known = good_farm(&["p1", "p2"]).with("p3", publish).with("p4", publish);
        let text = "all instances that are known to have a pair of keys have the same. ";
        assert_eq!(said(known).1, text);
    }
}
