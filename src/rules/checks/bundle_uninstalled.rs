//! `bundle-uninstalled`: a bundle is uninstalled, and its files are still there.

use super::fold::folded;
use super::references::FELIX_CACHE;
use crate::facts::{Bundle, CRYPTO_FAMILY, CRYPTO_FILE, Digest, KeyFile};
use crate::farm::{Farm, Member};
use crate::repair::quoted;
use crate::rules::{Hit, Rule, Severity};
use std::collections::BTreeSet;

pub(in crate::rules) static RULE: Rule = Rule {
    id: "bundle-uninstalled",
    // Of those without keys a note.
    severity: Severity::Warning,
    compares: false,
    summary: "uninstalled bundles are still on disk",
    effect: "None for the running instance; the files go at the next clean stop.",
    why: "Felix keeps the files of an uninstalled bundle while others use them and removes them at the next refresh or clean stop. \
          So the snapshot was taken of a running instance, or after a crash, and may show a moment between two states. Keys in such a \
          directory go with it: it is a warning where no installed bundle has them.",
    fix: "Save keys that nothing else has. Otherwise nothing is to be repaired: take the snapshot again with the instance stopped if something in it looks odd.",
    references: &[FELIX_CACHE],
    explained_by: &[],
    check,
};

fn check(farm: &Farm) -> Vec<Hit> {
    farm.members.iter().flat_map(on).collect()
}

/// Returns `true` if a bundle that is uninstalled is there once more, installed, as after an update by uninstall and install. Of one that is
/// none of the crypto support, that is the one which holds keys.
pub(super) fn is_replaced(member: &Member, bundle: &Bundle) -> bool {
    let own = bundle.symbolic_name.as_deref().filter(|name| CRYPTO_FAMILY.contains(name));
    let mut others = member.snapshot.bundles_named(own.unwrap_or(CRYPTO_FILE));
    others.any(|other| other.directory != bundle.directory && other.discard.is_none())
}

fn on(member: &Member) -> Vec<Hit> {
    let snapshot = &member.snapshot;
    let gone: Vec<&Bundle> = snapshot.bundles.iter().filter(|b| b.is_uninstalled()).collect();
    if gone.is_empty() {
        return Vec::new();
    }
    let leftover: BTreeSet<&str> = gone.iter().map(|bundle| bundle.directory.as_str()).collect();
    let is_leftover = |file: &&KeyFile| leftover.contains(file.directory.as_str());
    let kept = snapshot.key_files.iter().filter(|file| !is_leftover(file));
    let kept: BTreeSet<Digest> =
        kept.chain(&snapshot.moved_keys).map(|file| file.digest.whole).collect();
    let lost = snapshot.key_files.iter().filter(is_leftover);
    let lost: BTreeSet<&str> = lost
        .filter(|file| !kept.contains(&file.digest.whole))
        .map(|file| file.directory.as_str())
        .collect();
    let has_keys = |bundle: &Bundle| {
        let mut keys = snapshot.key_files.iter();
        keys.any(|file| file.directory == bundle.directory)
    };
    let is_crypto = |bundle: &Bundle| CRYPTO_FAMILY.iter().any(|name| bundle.is(name));
    // What the crypto support loses is told by `felix-would-discard`.
    let of_loss = |b: &&Bundle| (is_crypto(b) || has_keys(b)) && !is_replaced(member, b);
    let gone: Vec<&Bundle> = gone.into_iter().filter(|bundle| !of_loss(bundle)).collect();
    let (with_keys, others): (Vec<&Bundle>, Vec<&Bundle>) =
        gone.into_iter().partition(|bundle| lost.contains(bundle.directory.as_str()));
    let places = |bundle: &&Bundle| vec![snapshot.place_of(bundle)];
    let mut hits = folded(with_keys, places, |bundle| with_lost_keys(member, bundle));
    hits.extend(noted(member, &others));
    hits
}

fn with_lost_keys(member: &Member, bundle: &Bundle) -> Hit {
    let (name, snapshot) = (&member.name, &member.snapshot);
    let symbolic_name = bundle.symbolic_name.as_deref().unwrap_or("unknown bundle");
    let message = format!(
        "{} of {name} ({symbolic_name}) is uninstalled, and a key in it is nowhere else on {name}",
        bundle.directory
    );
    let data = quoted(snapshot, &format!("{}/data", snapshot.path_of(bundle)));
    let save = format!("Before anything is restarted, copy {data} of {name} to a safe place.");
    Hit::on(member, message).at([snapshot.place_of(bundle)]).advise([save])
}

fn noted(member: &Member, gone: &[&Bundle]) -> Option<Hit> {
    let first = gone.first()?;
    let name = first.symbolic_name.as_deref().unwrap_or("unknown bundle");
    let more = match gone.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "{} has uninstalled bundles on disk: {} ({name}){more}",
        member.name, first.directory
    );
    let places = gone.iter().map(|bundle| member.snapshot.place_of(bundle));
    Some(Hit::on(member, message).at(places).only_noted())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{BundleState, KeyName};
    use crate::testing::{Instance, farm, good_farm};

    fn gone(bundle: &mut Bundle) {
        bundle.state = Some(BundleState::Uninstalled);
    }

    #[test]
    fn installed_bundles_are_quiet() {
        assert_eq!(check(&good_farm(&["a"]).build()), []);
    }

    #[test]
    fn uninstalled_bundles_are_counted() {
        let farm = farm().with("a", |i| {
            i.bundle(3, "x").change("bundle3", gone).bundle(4, "y").change("bundle4", gone)
        });
        assert_eq!(
            check(&farm.build())[0].message,
            "a has uninstalled bundles on disk: bundle3 (x) and 1 more"
        );
    }

    #[test]
    fn crypto_bundle_is_told_by_a_graver_rule() {
        assert_eq!(check(&farm().with("a", |i| i.change("bundle1", gone)).build()), []);
    }

    #[test]
    fn crypto_bundle_that_an_update_left_behind_is_noted_and_its_own_keys_are_to_be_saved() {
        const OWN: [u8; 16] = *b"\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0\x81\x91\xa1\xb1\xc1\xd1\xe1\xf1";
        let hits = |change: fn(Instance) -> Instance| {
            let left = |i: Instance| change(i.bundle(9, CRYPTO_FILE).change("bundle9", gone));
            let hits = check(&farm().with("a", left).build());
            hits.into_iter().map(|hit| (hit.message.clone(), hit.is_note, hit.advice().len()))
        };
        let noted = "a has uninstalled bundles on disk: bundle9 (com.adobe.granite.crypto.file)";
        assert!(hits(|i| i).eq([(noted.to_owned(), true, 0)]));
        let same = |i: Instance| i.master(&OWN).key_in("bundle9", KeyName::Master, &OWN);
        assert!(hits(same).eq([(noted.to_owned(), true, 0)]));
        let other = |i: Instance| i.key_in("bundle9", KeyName::Master, &[7; 16]);
        let told = "bundle9 of a (com.adobe.granite.crypto.file) is uninstalled, and a key in it is nowhere else on a";
        assert!(hits(other).eq([(told.to_owned(), false, 1)]));
    }
}
