//! Whose keys are right, where those of a farm differ or are faulty.

use super::flaw_words::{mend, mended, with_flaws};
use super::right_keys::RightKeys;
use super::{Scope, Text, shell_word};
use crate::facts::{BUNDLE_CACHE, CRYPTO_KEYS_PATH, Digest, KeyName, Role, Snapshot, Utc};
use crate::farm::{
    Groups, KeyPair, Member, PlaceDoubt, cannot_decrypt, environments, has_keys_in_jcr,
    ignores_keys, is_encrypted_by_jcr, is_in_doubt, lost_its_data, names_of, opened, pair_in_copy,
    place_doubt,
};
use std::collections::{BTreeMap, BTreeSet};

/// What the keys of a farm tell about whose are right.
pub(crate) enum SourceChoice<'a> {
    /// These.
    Take {
        /// The keys.
        keys: RightKeys<'a>,
        /// Why they are.
        reason: String,
        /// What to do before they go anywhere.
        first: Vec<Text>,
    },
    /// That is to be reported by another scan, when this was done.
    Settle(Vec<Text>),
    /// That cannot be known. One sentence says why, and how to find out.
    Open(String),
    /// These look like several farms, of which each has keys of its own. The text says how to compare each for itself.
    Apart(String),
}

/// Chooses the instance to copy from: one with the keys that the policy names, if it names any; an author, since authors hold the data
/// that was encrypted; without one, an instance of the majority, one with files if there is one. Keys with a flaw show whose are right
/// too, such as those with a line end after them; only sound ones are copied. Where secrets open with keys that an instance has and does not
/// work with, and with no others, those are taken.
pub(super) fn choose(scope: Scope<'_>) -> SourceChoice<'_> {
    let pairs = own_pairs(scope);
    if !scope.expected().keys.is_empty() {
        return by_policy(scope, &pairs);
    }
    if let Some(choice) = of_environments(scope) {
        return choice;
    }
    if let Some(choice) = by_secrets(scope, &pairs) {
        return choice;
    }
    let is_of_author = |group: &&[&Member]| group.iter().any(|member| is_author(scope, member));
    let mut of_authors = pairs.iter().filter(is_of_author);
    let authors: Vec<&Member> =
        scope.repaired().filter(|member| is_author(scope, member)).collect();
    match (of_authors.next(), of_authors.next()) {
        (Some(group), None) => of_author(scope, group, &pairs),
        (Some(_), Some(_)) => by_log(&authors, &pairs).unwrap_or_else(|| among_authors(&pairs)),
        (None, _) if authors.is_empty() => without_author(scope, &pairs),
        (None, _) => in_place_of(scope, &authors, &pairs),
    }
}

/// Chooses where the policy says which keys are right, whoever has them.
fn by_policy<'a>(scope: Scope<'a>, pairs: &Groups<'a>) -> SourceChoice<'a> {
    let is_expected = |name: &KeyName, key: &Digest| {
        scope.expected().keys.get(name).is_none_or(|expected| expected.is_of(key))
    };
    let is_right = |pair: &[Digest; 2]| {
        KeyName::ALL.iter().zip(pair).all(|(name, key)| is_expected(name, key))
    };
    let fits = |group: &&[&Member]| pair_of(group).as_ref().is_some_and(is_right);
    let mut fitting = pairs.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(group), None) => {
            let reason = "it has the keys that the policy names";
            take(group, reason, Vec::new())
                .unwrap_or_else(|| settle(group, "the policy names its keys", Vec::new(), pairs))
        }
        // A policy may name one key of the two, which more than one pair can have.
        (Some(_), Some(_)) => SourceChoice::Open(format!(
            "The snapshots do not show whose keys are right, for more than one pair fits what the policy names: {}. Name both keys in it.",
            candidates(pairs.iter().filter(fits))
        )),
        (None, _) => kept_by_policy(scope, is_right).unwrap_or_else(|| {
            let text = format!(
                "No instance is known to have a pair of the keys that the policy names: find those, or correct the policy. The pairs: {}.",
                candidates(pairs.iter())
            );
            SourceChoice::Settle(vec![text.into()])
        }),
    }
}

/// Chooses the keys that the policy names where an instance has them, in an old copy or elsewhere, and none works with them.
fn kept_by_policy(
    scope: Scope<'_>,
    is_right: impl Fn(&[Digest; 2]) -> bool,
) -> Option<SourceChoice<'_>> {
    let mut fitting = kept_pairs(scope).filter(|(pair, _)| is_right(pair));
    let ((_, keys), None) = (fitting.next()?, fitting.next()) else { return None };
    let reason = "they are the keys that the policy names, and no instance works with them";
    Some(SourceChoice::Take { keys, reason: reason.to_owned(), first: Vec::new() })
}

/// Returns the pairs that instances have and do not work with, each with the first instance that has it.
fn kept_pairs(scope: Scope<'_>) -> impl Iterator<Item = ([Digest; 2], RightKeys<'_>)> {
    let mut pairs = BTreeMap::new();
    for keys in scope.repaired().flat_map(RightKeys::kept) {
        pairs.entry(keys.digests).or_insert(keys);
    }
    pairs.into_iter()
}

/// Leaves it open where these look like several environments: the keys of one must not come to another.
fn of_environments<'a>(scope: Scope<'_>) -> Option<SourceChoice<'a>> {
    let members: Vec<&Member> = scope.repaired().collect();
    let found = environments(&members, |member| scope.farm.role_of(member))?;
    let listed: Vec<String> =
        found.all.iter().map(|(name, group)| format!("{name} ({})", names_of(group))).collect();
    let how = found.farm_by.map_or_else(
        || "Scan the uploads of each for itself.".to_owned(),
        |by| {
            let is_word = by.bytes().all(|byte| byte.is_ascii_lowercase());
            let by = if is_word { by } else { shell_word(&by) };
            format!("Scan again with --farm-by {by}, which compares each for itself.")
        },
    );
    Some(SourceChoice::Apart(format!(
        "These look like several environments, and each has other keys: {}. Copy no keys from one to another. {how} Where they are one farm, name \
         the keys that are right in a policy, see aemtrix help policy.",
        listed.join(" | ")
    )))
}

/// Chooses the pair whose master opens secrets of the farm, where those of all others were tried and open none.
fn by_secrets<'a>(scope: Scope<'a>, pairs: &Groups<'a>) -> Option<SourceChoice<'a>> {
    let members: Vec<&Member> = scope.repaired().collect();
    let tried = pairs.iter().map(|group| {
        let [_, master] = pair_of(group)?;
        Some((group, opened(&members, &master)?))
    });
    let tried: Vec<_> = tried.collect::<Option<_>>()?;
    if tried.iter().all(|(_, (open, _))| *open == 0) {
        return by_kept_secrets(scope, &members);
    }
    let mut openers = tried.iter().filter(|(_, (open, _))| *open > 0);
    let (Some((group, (open, all))), None) = (openers.next(), openers.next()) else {
        return where_secrets_disagree(scope, pairs);
    };
    let right = pair_of(group)?;
    if !authors_give_way(scope, &right) {
        return None;
    }
    let others: Vec<&Member> = tried
        .iter()
        .filter(|(_, (open, _))| *open == 0)
        .flat_map(|(group, _)| *group)
        .copied()
        .collect();
    let none = if others.is_empty() {
        String::new()
    } else {
        format!(", and that of {} opens none", names_of(&others))
    };
    let reason = format!("its master opens {open} of the {all} secrets of the farm{none}");
    Some(take_or_settle(group, &reason, may_be_authors_where_none_is(scope, right), pairs))
}

/// Leaves it open whose keys are right where several masters open secrets, and that of an author none of its own: its keys are not those that
/// its data was encrypted with, and those that are may be needed for other data than that of the rest.
fn where_secrets_disagree<'a>(scope: Scope<'_>, pairs: &Groups<'_>) -> Option<SourceChoice<'a>> {
    let masters: Vec<Digest> = pairs.iter().filter_map(|group| Some(pair_of(group)?[1])).collect();
    let opens = |author: &Member, master: &Digest| {
        opened(&[author], master).is_some_and(|(open, _)| open > 0)
    };
    let is_shut = |author: &&Member| {
        let own = author.pair().keys();
        own.is_some_and(|[_, own]| !opens(author, &own))
            && masters.iter().any(|master| opens(author, master))
    };
    let shut: Vec<&Member> =
        scope.repaired().filter(|member| is_author(scope, member)).filter(is_shut).collect();
    (!shut.is_empty()).then(|| {
        SourceChoice::Open(format!(
            "The snapshots do not show whose keys are right: {}. Secrets of {} open with the master of another instance and not with its own, and \
             those of the farm open with more than one master. Find out which secrets are needed, and copy nothing before.",
            candidates(pairs.iter()),
            names_of(&shut)
        ))
    })
}

/// Chooses the pair of those not in use whose master opens secrets of the farm, where no instance works with a master that opens one: as where
/// an instance that was started without its key files has made new ones.
fn by_kept_secrets<'a>(scope: Scope<'a>, members: &[&Member]) -> Option<SourceChoice<'a>> {
    let hidden = |member: &&&Member| is_unknown(member.pair()) || is_encoded(member.pair());
    let mut hidden = members.iter().filter(hidden).peekable();
    let none = if hidden.peek().is_some() {
        "none that is known to be in use"
    } else {
        "none that is in use"
    };
    // Of one that may be an author, the keys may be those that encrypted what was not tried.
    if !hidden.all(|member| scope.farm.role_of(member) == Some(Role::Publish)) {
        return None;
    }
    // What an instance keeps its keys for is given to no other either.
    let refused: BTreeSet<Digest> = scope.repaired().filter_map(Member::keeps_keys_for).collect();
    let kept = kept_pairs(scope).filter(|([_, master], _)| !refused.contains(master));
    let tried = kept.map(|(pair, keys)| Some((keys, opened(members, &pair[1])?)));
    let tried: Vec<_> = tried.collect::<Option<_>>()?;
    let mut openers = tried.iter().filter(|(_, (open, _))| *open > 0);
    let ((keys, (open, all)), None) = (openers.next()?, openers.next()) else { return None };
    if !authors_give_way(scope, &keys.digests) {
        return None;
    }
    let reason = format!(
        "the master there opens {open} of the {all} secrets of the farm, and {none} opens any"
    );
    let first = may_be_authors_where_none_is(scope, keys.digests);
    Some(SourceChoice::Take { keys: *keys, reason, first })
}

/// Returns `true` if no author has other keys than a pair, or secrets of authors with such keys open with the master of the pair: an
/// author may hold more than what was tried, and what a publisher has encrypted itself says nothing of that.
fn authors_give_way(scope: Scope<'_>, right: &[Digest; 2]) -> bool {
    let [_, master] = right;
    let mut opens: BTreeMap<Option<[Digest; 2]>, bool> = BTreeMap::new();
    for author in scope.repaired().filter(|member| is_author(scope, member)) {
        let is_open = opened(&[author], master).is_some_and(|(open, _)| open > 0);
        *opens.entry(author.pair().keys()).or_default() |= is_open;
    }
    opens.into_iter().all(|(pair, is_open)| pair.as_ref() == Some(right) || is_open)
}

/// Why the keys of an author are those to copy.
const AUTHORS_HOLD: &str = "an author holds data that was encrypted";

/// Chooses where all authors of which a pair is known have the same.
fn of_author<'a>(scope: Scope<'a>, group: &[&'a Member], pairs: &Groups<'a>) -> SourceChoice<'a> {
    let authors: Vec<&Member> = group.iter().copied().filter(|m| is_author(scope, m)).collect();
    if let Some(choice) = by_old_copy(&authors, pairs) {
        return choice;
    }
    if let Some(choice) = of_replaced(&authors, group, pairs) {
        return choice;
    }
    let reason = "it is an author, and authors hold what was encrypted";
    if let Some(taken) = take(&authors, reason, Vec::new()) {
        return doubted(taken, &authors, group);
    }
    let how = authors.first().map_or("", |author| with_flaws(author.pair().flaws()));
    let reason = format!("it has the keys of {}{how}", names_of(&authors));
    match take(group, &reason, Vec::new()) {
        Some(taken) => doubted(taken, &authors, group),
        None => settle(&authors, AUTHORS_HOLD, Vec::new(), pairs),
    }
}

/// Leaves it open where the keys of an author are not those that encrypted its data: they were written after its install, and since then it
/// logs that it cannot decrypt what it holds. Those of the others may be the ones that it had.
fn of_replaced<'a>(
    authors: &[&'a Member],
    group: &[&'a Member],
    pairs: &Groups<'a>,
) -> Option<SourceChoice<'a>> {
    let mut others = pairs.iter().filter(|other| pair_of(other) != pair_of(group)).peekable();
    others.peek()?;
    let when: Vec<u64> = authors.iter().copied().filter_map(lost_its_data).collect();
    let at_ms = *when.first().filter(|_| when.len() == authors.len())?;
    let who = names_of(authors);
    Some(SourceChoice::Open(format!(
        "The snapshots do not show whose keys are right: {}. The keys of {who} were written {}, after its install. Since then it logs that it \
         cannot decrypt its data: other keys encrypted that data. Back up the keys of {who}, then try those of the others on it ({}): where its secrets \
         open then, that pair is right. Copy no keys to the others until that is known.",
        candidates(pairs.iter()),
        Utc(at_ms),
        candidates(others),
    )))
}

/// Chooses the keys that an author had before it made new ones: an old copy of its bundle cache has them, and so have others.
fn by_old_copy<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Option<SourceChoice<'a>> {
    let [author] = authors else { return None };
    let own = author.pair().keys();
    // A start without the old files made keys that nobody else has. Those that others work with were handed out since, and are in use.
    if pairs.iter().any(|group| group.len() > 1 && own.is_some() && pair_of(group) == own) {
        return None;
    }
    let had = |group: &&[&Member]| {
        let pair = pair_of(group).filter(|pair| Some(*pair) != own);
        pair.is_some() && author.copies.iter().any(|copy| pair_in(copy) == pair)
    };
    let group = pairs.iter().find(had)?;
    let copy = author.copies.iter().find(|copy| pair_in(copy) == pair_of(group))?;
    let reason = format!(
        "{} had its keys before it got new ones, as {} there shows",
        author.name, copy.root
    );
    Some(take_or_settle(group, &reason, Vec::new(), pairs))
}

/// Chooses between authors with different keys: one that logs that it cannot decrypt what it holds has not the keys that encrypted it.
/// Its data came from another author, as where a second one is switched to by hand. (Adobe KA-22814)
fn by_log<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Option<SourceChoice<'a>> {
    let (failing, sound): (Vec<&Member>, Vec<&Member>) =
        authors.iter().copied().partition(|author| cannot_decrypt(author));
    let of = |group: &[&'a Member], authors: &[&'a Member]| -> Vec<&'a Member> {
        let is_of = |author: &&&Member| group.iter().any(|member| member.name == author.name);
        authors.iter().filter(is_of).copied().collect()
    };
    let is_able =
        |group: &&[&'a Member]| of(group, &failing).is_empty() && !of(group, &sound).is_empty();
    let mut able = pairs.iter().filter(is_able);
    let (Some(group), None) = (able.next(), able.next()) else { return None };
    let failing: Vec<&Member> = pairs.iter().flat_map(|group| of(group, &failing)).collect();
    let owners = of(group, &sound);
    let reason = format!(
        "it is an author, and {} logs that it cannot decrypt what it holds",
        names_of(&failing)
    );
    // Silence says nothing where no log was sent.
    let unseen =
        owners.iter().all(|owner| owner.snapshot.own_log().is_none_or(|log| log.files == 0));
    let first = unseen.then(|| {
        let who = names_of(&owners);
        format!(
            "First make sure that the log of {who}, which is not in the upload, has no such line."
        )
        .into()
    });
    let taken = take(&owners, &reason, first.into_iter().collect())?;
    Some(doubted(taken, &owners, group))
}

fn among_authors<'a>(pairs: &Groups<'a>) -> SourceChoice<'a> {
    SourceChoice::Open(format!(
        "The snapshots do not show whose keys are right: {}, and more than one of these is of an author. Find out whose data that was \
         encrypted (passwords, secrets, key stores) is needed.",
        candidates(pairs.iter())
    ))
}

/// Returns the keys in an old copy, where both are as they should be.
fn pair_in(copy: &Snapshot) -> Option<[Digest; 2]> {
    pair_in_copy(copy).map(|files| files.map(|file| file.digest.whole))
}

/// Chooses among instances of which none is known to be an author.
fn without_author<'a>(scope: Scope<'a>, pairs: &Groups<'a>) -> SourceChoice<'a> {
    let Some(majority) = pairs.majority() else {
        return if pairs.iter().next().is_none() { none_is_sound(scope) } else { any_of(pairs) };
    };
    let is_most = majority.len() > scope.repaired().count().saturating_sub(majority.len());
    let reason = match (is_most, pairs.differ(), majority.len()) {
        (true, ..) => "most of the farm has its keys",
        (_, true, _) => "more instances have its keys than any others",
        (.., 1) => "no other instance is known to have a pair of keys",
        _ => "all instances that are known to have a pair of keys have the same",
    };
    take_or_settle(majority, reason, may_be_authors(scope, pair_of(majority)), pairs)
}

/// What its secrets tell of a pair says nothing of the data of an author that is not known to be one, and of which no secret was tried.
fn may_be_authors_where_none_is(scope: Scope<'_>, right: [Digest; 2]) -> Vec<Text> {
    let has_author = scope.repaired().any(|member| is_author(scope, member));
    if has_author { Vec::new() } else { may_be_authors(scope, Some(right)) }
}

/// Run modes are often not in a small snapshot: an instance without a role and without keys that could be compared may be the author.
fn may_be_authors(scope: Scope<'_>, right: Option<[Digest; 2]>) -> Vec<Text> {
    let of_no_role = |is: &dyn Fn(&Member) -> bool| {
        let is_unknown = |m: &&Member| scope.farm.role_of(m).is_none() && is(m);
        let all: Vec<&Member> = scope.repaired().filter(is_unknown).collect();
        (!all.is_empty()).then(|| names_of(&all))
    };
    let having = |is: fn(&KeyPair) -> bool| of_no_role(&|member| is(member.pair()));
    let has_others = |member: &Member| {
        let pair = member.pair().keys();
        pair.is_some() && pair != right
    };
    let others = of_no_role(&has_others).map(|who| {
        format!(
            "First make sure that no author is among {who}, which would get other keys: nothing in the snapshots shows their role. An author holds data that \
             was encrypted; where there is one, its keys are the ones to copy."
        )
        .into()
    });
    let unknown = having(is_unknown).map(|who| {
        format!(
            "First find out which keys {who} has: they are not known here, nor is whether it is an author. Where they are other keys than these, \
             copy nothing before it is clear whose data that was encrypted is needed."
        )
        .into()
    });
    let encoded = having(is_encoded).map(|who| {
        format!(
            "First decode a copy of the keys of {who}, which are there as text: where they are other keys than these, copy nothing before it is \
             clear whose data that was encrypted is needed."
        )
        .into()
    });
    let lost = having(|pair| matches!(pair, KeyPair::Lost(_))).map(|who| search_backups(&who));
    [others, lost, encoded, unknown].into_iter().flatten().collect()
}

/// Chooses where no author has a pair of keys that can be read here.
fn in_place_of<'a>(
    scope: Scope<'a>,
    authors: &[&'a Member],
    pairs: &Groups<'a>,
) -> SourceChoice<'a> {
    let having = |is: fn(&KeyPair) -> bool| {
        let have: Vec<&Member> =
            authors.iter().copied().filter(|author| is(author.pair())).collect();
        (!have.is_empty()).then(|| names_of(&have))
    };
    let wait = |first: String| {
        let others = candidates(pairs.iter());
        SourceChoice::Settle(vec![format!("{first} The pairs of the others: {others}.").into()])
    };
    let ignoring: Vec<&Member> = authors
        .iter()
        .copied()
        .filter(|author| is_unknown(author.pair()) && ignores_keys(author))
        .collect();
    if !ignoring.is_empty() {
        return wait(find_out_of_ignored(&names_of(&ignoring)));
    }
    if let Some(who) = having(is_unknown) {
        return wait(format!(
            "Settle first which keys {who} has: {AUTHORS_HOLD}, and here they are not known."
        ));
    }
    if let Some(who) = having(is_encoded) {
        return wait(format!(
            "First decode the keys of {who}, which are there as text: {AUTHORS_HOLD}."
        ));
    }
    if let Some(choice) = by_half(authors, pairs) {
        return choice;
    }
    let mut groups = pairs.iter();
    let who = names_of(authors);
    match (groups.next(), groups.next()) {
        (None, _) => none_is_sound(scope),
        (Some(group), None) => {
            let others = match group {
                [_] => "no other instance is known to have one but it",
                _ => "all other instances that are known to have one have the same",
            };
            let reason = format!("{others}, and {who} lost the keys of its own");
            take_or_settle(group, &reason, vec![search_backups(&who)], pairs)
        }
        (Some(_), Some(_)) => SourceChoice::Open(format!(
            "The snapshots do not show whose keys are right: {}. {who}, which as an author holds data that was encrypted, lost its own: search its \
             backups for hmac and master; the pair that equals those is right. Where there are none, that data stays unreadable, and the pair \
             of most instances spares work.",
            candidates(pairs.iter())
        )),
    }
}

/// Has it found out whether the key files that authors ignore are their own keys.
fn find_out_of_ignored(who: &str) -> String {
    format!(
        "First find out whether the key files of {who} are its own keys: its storage says JCR, and its /etc/key has none. Look for the last start in \
         its logs, also in older ones. Where that was with Bundle storage, write Bundle into storage, without a newline. Do not overwrite or remove \
         the files before: {AUTHORS_HOLD}, and they may be the only copy of its keys."
    )
}

/// Chooses by the one key that is left of the pair of an author: both were made together, so it tells which pair it was.
fn by_half<'a>(authors: &[&'a Member], pairs: &Groups<'a>) -> Option<SourceChoice<'a>> {
    let [author] = authors else { return None };
    let KeyPair::Lost(Some((left, own))) = *author.pair() else { return None };
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
    first: Vec<Text>,
    pairs: &Groups<'a>,
) -> SourceChoice<'a> {
    match take(group, reason, first.clone()) {
        Some(taken) => doubted(taken, group, group),
        None => settle(group, reason, first, pairs),
    }
}

/// Chooses among instances with the same keys one that has them as they should be: rather one whose repository has no others, and rather
/// one with files, for those can be copied.
fn take<'a>(group: &[&'a Member], reason: &str, first: Vec<Text>) -> Option<SourceChoice<'a>> {
    let sound = group.iter().copied().filter(|member| member.pair().sound().is_some());
    let source = sound.min_by_key(|member| {
        let is_stored = has_keys_in_jcr(member);
        let is_mirror = is_stored && member.snapshot.is_standby();
        (is_mirror, is_in_doubt(member), place_doubt(member).is_some(), is_stored)
    });
    // Those that opened the secrets before the files came are sound in the repository.
    let in_jcr = || {
        let mut stored = group.iter().copied().filter(|member| is_encrypted_by_jcr(member));
        stored.find_map(RightKeys::left_in_jcr)
    };
    // And files are, where an instance is told to look elsewhere.
    let in_files = || group.iter().copied().find_map(RightKeys::ignored);
    let keys = source.map_or_else(in_jcr, RightKeys::in_use).or_else(in_files)?;
    Some(SourceChoice::Take { keys, reason: reason.to_owned(), first })
}

/// Has it found out first which keys are right on the instances whose they are, where others may be in use than those in its files.
fn doubted<'a>(
    choice: SourceChoice<'a>,
    owners: &[&Member],
    group: &[&Member],
) -> SourceChoice<'a> {
    doubted_by_place(doubted_by_jcr(choice, owners, group), owners)
}

/// Has it found out first where the instances whose keys are right have them, where something says that it may not be in the files that
/// came. Another one with the same keys speaks for these.
fn doubted_by_place<'a>(choice: SourceChoice<'a>, owners: &[&Member]) -> SourceChoice<'a> {
    let SourceChoice::Take { keys, reason, mut first } = choice else { return choice };
    let doubts: Vec<(&Member, PlaceDoubt)> =
        owners.iter().filter_map(|member| Some((*member, place_doubt(member)?))).collect();
    let Some((_, doubt)) = doubts.first().filter(|_| doubts.len() == owners.len()) else {
        return SourceChoice::Take { keys, reason, first };
    };
    let who = names_of(&doubts.iter().map(|(member, _)| *member).collect::<Vec<_>>());
    let find_out = format!(
        "First find out whether {who} works with the key files in the snapshot: {}. Look for {CRYPTO_KEYS_PATH} and {BUNDLE_CACHE} in the command line \
         of its running JVM and in the files that it reads.",
        doubt.why
    );
    if doubt.is_told {
        let then = "Set the option in conf/sling.properties or pack the directory that it names with the install, and scan again.";
        return SourceChoice::Settle(vec![format!("{find_out} {then}").into()]);
    }
    let stop = "Where it works with others, copy nothing.";
    first.insert(0, format!("{find_out} {stop}").into());
    SourceChoice::Take { keys, reason, first }
}

/// Has it found out first which keys are right on the instances whose they are, where the repository has others than the files. Others
/// with the keys in the files, and no others in the repository, speak for these.
fn doubted_by_jcr<'a>(
    choice: SourceChoice<'a>,
    owners: &[&Member],
    group: &[&Member],
) -> SourceChoice<'a> {
    let SourceChoice::Take { keys, reason, mut first } = choice else { return choice };
    let doubtful: Vec<&Member> = owners.iter().copied().filter(|m| is_in_doubt(m)).collect();
    if doubtful.is_empty() || owners.len() > doubtful.len() {
        return SourceChoice::Take { keys, reason, first };
    }
    let who = names_of(&doubtful);
    let find_out = format!(
        "First find out which keys of {who} are the right ones: its /etc/key has others than its files, and the snapshots do not show which have encrypted its data."
    );
    if group.iter().all(|member| is_in_doubt(member)) {
        return SourceChoice::Settle(vec![find_out.into()]);
    }
    let stop = "Where those of /etc/key are, copy nothing: put them in place, and scan again.";
    first.insert(0, format!("{find_out} {stop}").into());
    SourceChoice::Take { keys, reason, first }
}

/// Has a flaw mended first, where the keys to copy are nowhere as they should be.
fn settle<'a>(
    group: &[&Member],
    why: &str,
    first: Vec<Text>,
    pairs: &Groups<'a>,
) -> SourceChoice<'a> {
    let Some(member) = group.first() else { return SourceChoice::Settle(first) };
    let flaws = member.pair().flaws();
    let text = format!(
        "{}: {why}, and the keys of {} are sound {} and the ones to copy, unless what it has encrypted proves otherwise. The pairs of the \
         others: {}.",
        mend(member, flaws),
        member.name,
        mended(flaws),
        candidates(pairs.iter().filter(|others| pair_of(others) != pair_of(group)))
    );
    SourceChoice::Settle([text.into()].into_iter().chain(first).collect())
}

fn search_backups(authors: &str) -> Text {
    format!(
        "First search the backups of {authors} for the hmac and master that were lost: only those read what was encrypted there. Where they turn up and are \
         other keys than these, give those to all instances instead. Where they do not, that data stays unreadable on {authors}, and has to be \
         entered again."
    )
    .into()
}

/// Says where keys may come from, where no pair is known.
fn none_is_sound(scope: Scope<'_>) -> SourceChoice<'_> {
    let having = |is: fn(&KeyPair) -> bool| {
        let all: Vec<&Member> = scope.repaired().filter(|m| is(m.pair())).collect();
        (!all.is_empty()).then(|| names_of(&all))
    };
    let unknown = having(is_unknown)
        .map(|who| format!("Find out first which keys {who} has; here they are not known."));
    let encoded = having(is_encoded)
        .map(|who| format!("First decode the keys of {who}, which are there as text."));
    let known: Vec<String> = [encoded, unknown].into_iter().flatten().collect();
    let text = if known.is_empty() {
        "No instance has a pair of keys: restore hmac and master from a backup.".to_owned()
    } else {
        format!("No instance is known to have a sound pair of keys. {}", known.join(" "))
    };
    SourceChoice::Settle(vec![text.into()])
}

fn any_of<'a>(pairs: &Groups<'a>) -> SourceChoice<'a> {
    SourceChoice::Open(format!(
        "The snapshots do not show whose keys are right: {}. Find out which instance holds data that was encrypted \
         (passwords, secrets, key stores), usually an author.",
        candidates(pairs.iter())
    ))
}

/// Lists who shares a pair with whom.
fn candidates<'g, 'a: 'g>(pairs: impl Iterator<Item = &'g [&'a Member]>) -> String {
    let listed: Vec<String> = pairs.map(names_of).collect();
    if listed.is_empty() { "none".to_owned() } else { listed.join(" | ") }
}

/// Returns the pair that a group shares.
fn pair_of(group: &[&Member]) -> Option<[Digest; 2]> {
    group.first().and_then(|member| member.pair().keys())
}

fn is_unknown(pair: &KeyPair) -> bool {
    *pair == KeyPair::Unknown
}

fn is_encoded(pair: &KeyPair) -> bool {
    *pair == KeyPair::Encoded
}

fn is_author(scope: Scope<'_>, member: &Member) -> bool {
    // A cold standby has the repository of an author, and keys of its own.
    scope.farm.role_of(member) == Some(Role::Author) && !member.snapshot.is_standby()
}

/// Groups the instances that are to have the same keys by their pairs, with a flaw or without one.
pub(super) fn own_pairs(scope: Scope<'_>) -> Groups<'_> {
    Groups::among(scope.repaired(), |member| member.pair().keys())
}

#[cfg(test)]
mod tests;
