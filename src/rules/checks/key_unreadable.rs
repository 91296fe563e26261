//! `key-unreadable`: the user that AEM runs as cannot read a file of its keys.

use crate::facts::{Account, KeyName, OwnedDirectory, Owner, Place, Right, is_in_realm};
use crate::farm::{Farm, Member};
use crate::repair::{ManualCommand, Text};
use crate::rules::{Hit, Rule, Severity};

pub(in crate::rules) static RULE: Rule = Rule {
    id: "key-unreadable",
    severity: Severity::Error,
    compares: false,
    summary: "the user that runs AEM cannot read a file of its keys",
    effect: "AEM cannot read its key, and its crypto service does not start.",
    why: "AEM runs as the user that its own files belong to. Without the right to read hmac, master or storage, or to enter the \
          directory they lie in, it starts without its keys, whatever the files hold. That happens when keys are copied as root, \
          or when their modes are tightened by hand.",
    fix: "chown the file and its directory to the user that runs AEM; chmod 600 the file and 700 the directory.",
    references: &["POSIX.1-2017, 4.5 File Access Permissions"],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().filter_map(on).collect()
}

/// What keeps a user out.
struct Barrier<'m> {
    place: &'m Place,
    owner: &'m Owner,
    /// What the user may not do.
    right: Right,
}

fn on(member: &Member) -> Option<Hit> {
    let account = member.snapshot.account.as_ref()?;
    let mut bars = bars(member, account);
    bars.sort_by_key(|bar| bar.place);
    // Both keys lie in one directory, which bars the way to each.
    bars.dedup_by_key(|bar| bar.place);
    let first = bars.first()?;
    let more = bars.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    let message = format!(
        "{}: AEM runs as {account} and has no right to {} {} (mode {:04o}, owner {}){more}",
        member.name,
        if first.right == Right::Enter { "enter" } else { "read" },
        first.place.path,
        first.owner.mode,
        first.owner
    );
    let step = open(member, account, &bars);
    Some(Hit::on(member, message).at(bars.iter().map(|bar| bar.place)).advise([step]))
}

/// Only the keys that the instance works with count: files of JCR mode are not read.
fn bars<'m>(member: &'m Member, account: &Account) -> Vec<Barrier<'m>> {
    let keys = KeyName::ALL.into_iter().filter_map(|name| member.known_key(name)?.file());
    let keys = keys.map(|file| (&file.directory, &file.place, file.owner.as_ref()));
    let storage = member.snapshot.storage_in_place();
    let storage = storage.map(|file| (&file.directory, &file.place, file.owner.as_ref()));
    let mut bars = Vec::new();
    for (directory, place, owner) in keys.chain(storage) {
        let file = owner.map(|owner| Barrier { place, owner, right: Right::Read });
        let bundle = member.snapshot.bundle_in(directory);
        let lies_in = bundle.map(|bundle| member.snapshot.path_of(bundle));
        let is_above = |directory: &&OwnedDirectory| {
            lies_in.as_ref().is_some_and(|path| is_in_realm(&directory.place.path, path))
        };
        let above = member.snapshot.key_directories.iter().filter(is_above);
        let above = above.map(|directory| {
            let (place, owner) = (&directory.place, &directory.owner);
            Barrier { place, owner, right: Right::Enter }
        });
        let all = file.into_iter().chain(above);
        bars.extend(all.filter(|bar| bar.owner.refuses(account, bar.right)));
    }
    bars
}

/// One step for all of them, in the order in which root may do it.
fn open(member: &Member, account: &Account, bars: &[Barrier<'_>]) -> Text {
    let paths = |is: &dyn Fn(&Barrier<'_>) -> bool| -> Vec<String> {
        bars.iter().filter(|bar| is(bar)).map(|bar| bar.place.path.clone()).collect()
    };
    let others = paths(&|bar| bar.owner.uid != account.uid);
    let files = paths(&|bar| bar.right == Right::Read);
    let directories = paths(&|bar| bar.right == Right::Enter);
    let as_whom = if others.is_empty() { "as the user that runs AEM" } else { "as root" };
    let user = account.user.clone().unwrap_or_else(|| account.uid.to_string());
    let give = (!others.is_empty()).then_some(ManualCommand::Give { paths: others, user });
    let enter = directories.into_iter().map(ManualCommand::CloseDirectory);
    let close = (!files.is_empty()).then_some(ManualCommand::Close(files));
    let commands = give.into_iter().chain(enter).chain(close);
    Text::commands_after(&format!("On {}, {as_whom}", member.name), commands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Instance, farm, good_farm};

    fn messages(change: impl FnOnce(Instance) -> Instance) -> Vec<String> {
        let farm = farm().with("a", change).build();
        check(&farm).into_iter().map(|hit| hit.message).collect()
    }

    #[test]
    fn keys_that_their_owner_may_read_are_quiet() {
        assert_eq!(check(&good_farm(&["a", "b"]).build()), []);
        for (uid, mode) in [(1000, 0o400), (1000, 0o644), (0, 0o644), (0, 0o640), (5, 0o604)] {
            assert_eq!(
                messages(|i| i.runs_as(1000, 1000).owned_by(uid, mode)),
                [""; 0],
                "{mode:o}"
            );
        }
    }

    #[test]
    fn key_that_nobody_may_read_is_told() {
        assert_eq!(
            messages(|i| i.runs_as(1000, 1000).owned_by(1000, 0)),
            [
                "a: AEM runs as uid 1000 and has no right to read crx-quickstart/launchpad/felix/bundle2/data/hmac (mode 0000, owner uid \
                 1000), and 1 more"
            ]
        );
    }

    #[test]
    fn key_of_another_user_alone_is_told() {
        // Of the owner, Unix looks at the owner's bits alone, even where all others may read.
        for (uid, mode) in [(0, 0o600), (0, 0o700), (1000, 0o200), (1000, 0o044)] {
            assert_eq!(
                messages(|i| i.runs_as(1000, 1000).owned_by(uid, mode)).len(),
                1,
                "{mode:o}"
            );
        }
        let farm = farm().with("a", |i| i.runs_as(1000, 1000).owned_by(0, 0o600)).build();
        let steps = &check(&farm)[0].advice();
        let [hmac, master] = ["hmac", "master"]
            .map(|key| format!("'crx-quickstart/launchpad/felix/bundle2/data/{key}'"));
        let step =
            format!("On a, as root: chown '1000' {hmac} {master} && chmod 600 {hmac} {master}");
        assert_eq!(*steps, [step]);
    }

    #[test]
    fn root_reads_everything_and_an_unknown_user_is_not_judged() {
        assert_eq!(messages(|i| i.runs_as(0, 0).owned_by(1000, 0)), [""; 0]);
        assert_eq!(messages(|i| i.owned_by(1000, 0)), [""; 0]);
    }

    #[test]
    fn directory_that_cannot_be_entered_is_told_once() {
        let closed = |uid, mode| {
            messages(|i| i.runs_as(1000, 1000).directory_owned_by("bundle2", "data", uid, mode))
        };
        assert_eq!(
            closed(0, 0o700),
            [
                "a: AEM runs as uid 1000 and has no right to enter crx-quickstart/launchpad/felix/bundle2/data (mode 0700, owner uid 0)"
            ]
        );
        assert_eq!(closed(1000, 0o600).len(), 1);
        assert_eq!(
            (closed(0, 0o755), closed(1000, 0o700), closed(0, 0o750)),
            (vec![], vec![], vec![])
        );
    }

    #[test]
    fn files_of_jcr_mode_are_not_read() {
        let keys = |i: Instance| i.runs_as(1000, 1000).storage(b"JCR").owned_by(1000, 0);
        assert_eq!(messages(keys), [""; 0]);
    }
}
